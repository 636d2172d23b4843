from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.reporting.history.row_keys import match_rows
from pmlib.reporting.history.table_changes import COLUMNS, Kind, table_changes

IDS = [f"P{number:02d}" for number in range(8)]
NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-12, 1e9, -2.5]), st.integers(-3, 3).map(float))
ROWS = st.dictionaries(
    st.sampled_from(IDS),
    st.tuples(NUMBERS, st.integers(-2, 2), st.sampled_from(["keep", "stop", None]), st.booleans(),
              st.sampled_from([dt.datetime(2025, 1, 31), dt.datetime(2025, 2, 28), None])),
    max_size=len(IDS),
)


def table(rows: dict[str, tuple[Any, ...]]) -> pd.DataFrame:
    cells = list(zip(*rows.values(), strict=True)) or [()] * 5
    return pd.DataFrame({
        "project_id": pd.Series(list(rows), dtype="str"),
        "value_k": pd.Series(cells[0], dtype="float64"),
        "count": pd.Series(cells[1], dtype="int64"),
        "action": pd.Series(cells[2], dtype="str"),
        "late": pd.Series(cells[3], dtype="bool"),
        "due": pd.Series(cells[4], dtype="datetime64[ms]"),
    })


def as_text(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return str(value).removesuffix(" 00:00:00")


def same(one: Any, other: Any) -> bool:
    """Cell by cell in plain Python: the oracle."""
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other)]
    if all(numbers):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-9)
    return as_text(one) == as_text(other)


def by_key(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["project_id"]: row for row in frame.to_dict("records")}


def applied(before: pd.DataFrame, now: pd.DataFrame, found: pd.DataFrame) -> dict[str, dict[str, Any]]:
    rows, new = by_key(before), by_key(now)
    for change in found.to_dict("records"):
        key = change["key"].removeprefix("project_id=")
        if change["kind"] == Kind.ROW_REMOVED:
            del rows[key]
        elif change["kind"] == Kind.ROW_ADDED:
            assert key not in rows
            rows[key] = new[key]
        else:
            number = change["column"] in ("value_k", "count")
            assert same(rows[key][change["column"]], change["before_value" if number else "before"])
            rows[key] = {**rows[key], change["column"]: change["now_value"] if number else change["now"]}
    return rows


@settings(max_examples=15, deadline=None)
@given(ROWS, ROWS)
def test_the_changes_applied_to_before_give_now(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, now = table(old), table(new)
    got, wanted = applied(before, now, table_changes(before, now)), by_key(now)
    assert got.keys() == wanted.keys()
    assert all(same(got[key][name], wanted[key][name]) for key in wanted for name in wanted[key])


@settings(max_examples=15, deadline=None)
@given(ROWS, ROWS)
def test_exactly_the_cells_that_differ_are_reported(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, now = by_key(table(old)), by_key(table(new))
    wanted = {(key, name) for key in before.keys() & now.keys() for name in now[key]
              if not same(before[key][name], now[key][name])}
    found = table_changes(table(old), table(new))
    cells = found[found["kind"] == Kind.CHANGED]
    assert {(key.removeprefix("project_id="), name) for key, name in cells[["key", "column"]].values} == wanted


@settings(max_examples=10, deadline=None)
@given(ROWS, ROWS)
def test_the_other_way_round_the_differences_are_reversed(old: dict[str, Any], new: dict[str, Any]) -> None:
    there, back = table_changes(table(old), table(new)), table_changes(table(new), table(old))
    turned = back.rename(columns={"before": "now", "now": "before", "before_value": "now_value",
                                  "now_value": "before_value"}).assign(difference=-back["difference"])
    turned["kind"] = turned["kind"].replace({"row added": "row removed", "row removed": "row added"})
    order = ["kind", "key", "column"]
    columns = [name for name in COLUMNS if name not in ("subject", "relative")]
    pd.testing.assert_frame_equal(
        there.sort_values(order, ignore_index=True)[columns], turned.sort_values(order, ignore_index=True)[columns])


@settings(max_examples=15, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_a_table_in_another_order_has_not_changed(rows: dict[str, Any], random: Any) -> None:
    shuffled = list(rows.items())
    random.shuffle(shuffled)
    assert table_changes(table(rows), table(dict(shuffled))).empty


def test_text_numbers_and_differences_of_a_changed_number() -> None:
    before = pd.DataFrame({"project_id": ["P17"], "name": ["Legacy dashboards"], "cost_k": [41_200.0]})
    row = table_changes(before, before.assign(cost_k=43_000.0)).iloc[0]
    assert (row["key"], row["subject"]) == ("project_id=P17", "P17 Legacy dashboards")
    assert (row["before"], row["now"], row["difference"]) == ("41,200", "43,000", 1800.0)
    assert row["relative"] == pytest.approx(1800 / 41_200)


def test_a_difference_too_small_for_the_short_text_shows_all_its_digits() -> None:
    before = pd.DataFrame({"project_id": ["P17"], "cost_k": [41_200.25]})
    row = table_changes(before, before.assign(cost_k=41_200.5)).iloc[0]
    assert (row["before"], row["now"]) == ("41200.25", "41200.5")


def test_large_whole_numbers_that_fall_together_as_floats_still_differ() -> None:
    before = pd.DataFrame({"project_id": ["P1"], "orders": [2**60]})
    row = table_changes(before, before.assign(orders=2**60 + 1)).iloc[0]
    assert (row["before"], row["now"]) == (str(2**60), str(2**60 + 1))


@pytest.mark.parametrize("other", [
    pd.Series([1.0, 2.0]), pd.Series([1, 2], dtype="Int64"), pd.Series(["1", "2"]),
    pd.Series([1, 2], dtype="uint8"), pd.Series(["1", "2"], dtype="category"),
])
def test_another_type_with_the_same_content_is_no_change(other: pd.Series) -> None:
    before = pd.DataFrame({"project_id": ["P1", "P2"], "places": [1, 2]})
    assert table_changes(before, before.assign(places=other)).empty
    assert table_changes(before.assign(places=other), before).empty


def test_a_column_that_turned_from_words_to_numbers_is_compared_as_text() -> None:
    before = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "places": ["1", "none", None]})
    found = table_changes(before, before.assign(places=[1.0, 2.0, np.nan]))
    assert found[["key", "before", "now"]].values.tolist() == [["project_id=P2", "none", "2"]]


def test_a_missing_word_and_an_empty_one_are_the_same() -> None:
    before = pd.DataFrame({"project_id": ["P1", "P2"], "note": ["", None]})
    assert table_changes(before, before.assign(note=[None, ""])).empty


def test_lists_in_cells_are_compared_as_they_read() -> None:
    before = pd.DataFrame({"project_id": ["P1", "P2"], "needs": [["P3"], ["P4"]]})
    found = table_changes(before, before.assign(needs=[["P3"], ["P5"]]))
    assert found[["before", "now"]].values.tolist() == [["['P4']", "['P5']"]]


def test_infinite_numbers_equal_themselves() -> None:
    before = pd.DataFrame({"project_id": ["P1", "P2"], "ratio": [np.inf, -np.inf]})
    assert table_changes(before, before).empty
    assert table_changes(before, before.assign(ratio=[np.inf, np.inf]))["now"].tolist() == ["inf"]


def test_columns_that_came_and_went_are_named() -> None:
    before = pd.DataFrame({"project_id": ["P1"], "cost_k": [1.0]})
    found = table_changes(before, before.rename(columns={"cost_k": "spent_k"}))
    assert found[["kind", "column"]].values.tolist() == [["column added", "spent_k"], ["column removed", "cost_k"]]


def test_rows_that_came_and_went_carry_the_word_that_decides() -> None:
    before = pd.DataFrame({"project_id": ["P1", "P2"], "action": ["keep", "stop"]})
    now = pd.DataFrame({"project_id": ["P1", "P3"], "action": ["keep", "start"]})
    found = table_changes(before, now)[["kind", "key", "before", "now"]].values.tolist()
    assert found == [["row added", "project_id=P3", "", "start"], ["row removed", "project_id=P2", "stop", ""]]


def test_the_same_month_is_revised_and_a_new_month_is_added() -> None:
    before = pd.DataFrame({"month": ["2025-10", "2025-11"], "revenue_k": [1.0, 2.0]})
    now = pd.DataFrame({"month": ["2025-11", "2025-12"], "revenue_k": [2.5, 3.0]})
    found = table_changes(before, now)[["kind", "key", "column"]].values.tolist()
    assert found == [["revised", "month=2025-11", "revenue_k"], ["row added", "month=2025-12", ""],
                     ["row removed", "month=2025-10", ""]]


def test_more_than_is_listed_is_counted_and_decisions_are_listed_first() -> None:
    before = pd.DataFrame({"project_id": [f"P{n}" for n in range(50)], "value_k": np.arange(50.0), "action": "keep"})
    actions = ["keep"] * 48 + ["stop"] * 2
    found = table_changes(before, before.assign(value_k=before["value_k"] + 1, action=actions), rows=10)
    assert found["kind"].value_counts().to_dict() == {"changed": 10, "more": 1}
    assert (found["column"] == "action").sum() == 2
    assert found.iloc[-1][["column", "now_value"]].tolist() == ["changed", 42.0]


def test_a_table_whose_rows_have_no_name_is_compared_as_a_whole() -> None:
    before = pd.DataFrame({"p10": [1.0, 2.0], "p90": [3.0, 4.0]})
    found = table_changes(before, pd.DataFrame({"p10": [1.0, 2.0, 5.0], "p90": [3.0, 4.0, 0.0]}))
    assert set(found["kind"]) == {"compared as a whole"}
    assert found[["column", "before", "now"]].values.tolist() == [
        ["rows", "2", "3"], ["rows that differ in their place", "0", "0"], ["sum of p10", "3", "8"]]


def test_a_nameless_table_with_the_same_sums_still_says_that_rows_differ() -> None:
    before = pd.DataFrame({"p10": [1.0, 2.0]})
    found = table_changes(before, before.iloc[::-1].reset_index(drop=True))
    assert found[["column", "now"]].values.tolist() == [["rows", "2"], ["rows that differ in their place", "2"]]
    assert table_changes(before, before).empty


def test_infinite_measures_of_a_nameless_table_have_no_sum_and_no_trouble() -> None:
    before = pd.DataFrame({"p10": [np.inf, -np.inf, 1.0]})
    found = table_changes(before, before.assign(p10=[np.inf, -np.inf, 2.0]))
    assert found["column"].tolist() == ["rows", "rows that differ in their place"]


@pytest.mark.parametrize("frame", [
    pd.DataFrame(), pd.DataFrame(index=range(3)), pd.DataFrame({"project_id": pd.Series([], dtype="str")}),
    pd.DataFrame({"kind": pd.Series([], dtype=object)}),
])
def test_empty_tables_compare_as_equal_to_themselves(frame: pd.DataFrame) -> None:
    assert table_changes(frame, frame).empty


def test_a_table_that_was_empty_gains_its_rows() -> None:
    now = pd.DataFrame({"kind": ["budget"], "amount": [1.0]})
    empty = pd.DataFrame({"kind": pd.Series([], dtype=object), "amount": pd.Series([], dtype=object)})
    assert table_changes(empty, now)[["kind", "key"]].values.tolist() == [["row added", "kind=budget"]]


def key_of(**columns: Any) -> tuple[str, ...] | None:
    frame = pd.DataFrame(columns)
    match = match_rows(frame, frame)
    return match.key if match else None


def test_an_identifier_names_a_row_before_a_name_that_would_do_too() -> None:
    assert key_of(name=["a", "b"], value_k=[1.0, 2.0], project_id=["P1", "P2"]) == ("project_id",)


def test_the_key_is_the_smallest_that_is_unique() -> None:
    assert key_of(product_id=["A", "A", "B"], feature_id=["F1", "F2", "F3"]) == ("feature_id",)
    assert key_of(product_id=["A", "A", "B", "B"], name=["a", "a", "b", "b"], metric=["x", "y", "x", "y"]) == (
        "product_id", "metric")


def test_a_sentence_behind_the_leading_columns_is_no_key() -> None:
    said = {"metric": ["x", "y", "x"], "why": ["it rose by 3", "it fell by 4", "it rose by 5"]}
    assert key_of(product_id=["A", "A", "B"], **said) == ("product_id", "metric")


def test_a_measure_is_never_a_key() -> None:
    assert key_of(value_k=[1.0, 2.0]) is None
    assert key_of(flag=[True, False]) is None
    assert key_of(value_k=[1.0, 2.0], note=["a", "b"]) is None


def test_words_that_decide_are_keys_only_where_no_others_are() -> None:
    assert key_of(action=["keep", "stop"], step=["one", "two"]) == ("step",)
    assert key_of(rule=["plan", "budget"], value_k=[1.0, 2.0]) == ("rule",)


def test_a_bare_row_number_does_not_stand_for_words_at_hand() -> None:
    assert key_of(table=["orders", "orders", "costs"], row=[3, 4, 5]) == ("table", "row")


def test_a_key_that_repeats_in_one_period_is_none() -> None:
    once, twice = (pd.DataFrame({"project_id": ids}) for ids in (["P1", "P2"], ["P1", "P1"]))
    assert match_rows(once, twice) is None
    assert match_rows(twice, once) is None


def test_missing_parts_of_a_key_match_each_other() -> None:
    frame = pd.DataFrame({"project_id": ["P1", "P1", "P2"], "risk_id": ["K1", None, None], "value_k": [1.0, 2.0, 3.0]})
    found = table_changes(frame, frame.assign(value_k=[1.0, 5.0, 3.0]))
    assert found["key"].tolist() == ["project_id=P1, risk_id="]


def test_a_key_whose_type_changed_still_matches() -> None:
    numbers = pd.DataFrame({"year": [2025, 2026], "value_k": [1.0, 2.0]})
    words = numbers.assign(year=["2025", "2026"])
    assert table_changes(numbers, words).empty
