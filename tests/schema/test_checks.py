from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from pmlib.large_tables import ROW, check_large
from pmlib.schema import TABLES
from pmlib.schema.checks import Checked, Known, RawTable, check


def raw(table: str, **columns: list[object]) -> RawTable:
    cells = pd.DataFrame(columns)
    return RawTable(cells=cells, rows=np.arange(2, 2 + len(cells)), file=f"{table}.csv")


def problems(checked: Checked) -> set[tuple[int, str, str]]:
    return {(finding.row, finding.column, finding.problem) for finding in checked.findings}


def in_the_engine(table: str, cells: pd.DataFrame, numbers: np.ndarray, keys: dict[str, ibis.Table]) -> Checked:
    engine = ibis.duckdb.connect()
    source = engine.create_table("as read", cells.assign(**{ROW: numbers}))
    return check_large(source, TABLES[table], file=f"{table}.csv", keys=keys, engine=engine)


PROJECT = {"project_id": ["P1", "P2"], "name": ["one", "two"], "state": ["running", "proposed"]}


def test_clean_rows_come_back_whole_with_every_column_and_default():
    checked = check(raw("projects", **PROJECT, bac_k=["100", "2.5e3"]), TABLES["projects"], Known())
    assert checked.findings == ()
    assert list(checked.table.columns) == TABLES["projects"].names
    assert checked.table["bac_k"].tolist() == [100.0, 2500.0]
    assert checked.table["mandatory"].tolist() == [False, False]
    assert checked.table["spent_k"].tolist() == [0.0, 0.0]
    assert checked.table["owner_id"].tolist() == ["", ""]


def test_a_missing_required_column_blocks_the_table_and_names_the_near_one():
    checked = check(raw("projects", **PROJECT, back_k=["1", "2"]), TABLES["projects"], Known())
    assert "bac_k" in checked.blocked
    assert "Did you mean 'back_k'?" in checked.blocked


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "NaN", "1,5", "1.234,5", "abc", "12 EUR", "1_000"])
def test_what_is_no_plain_finite_number_is_set_aside(text):
    checked = check(raw("projects", **PROJECT, bac_k=["100", text]), TABLES["projects"], Known())
    assert problems(checked) == {(3, "bac_k", "not a number")}
    assert checked.table["project_id"].tolist() == ["P1"]


def test_infinity_in_a_typed_column_does_not_pass_the_lower_bound_of_pandera():
    checked = check(raw("projects", **PROJECT, bac_k=[100.0, np.inf]), TABLES["projects"], Known())
    assert problems(checked) == {(3, "bac_k", "not a number")}


def test_values_out_of_range_or_out_of_a_closed_set_are_set_aside_with_the_near_word():
    cells = PROJECT | {"state": ["runing", "proposed"]}
    checked = check(raw("projects", **cells, bac_k=["1", "-1"]), TABLES["projects"], Known())
    assert problems(checked) == {(2, "state", "not allowed"), (3, "bac_k", "not allowed")}
    state = next(finding for finding in checked.findings if finding.column == "state")
    assert state.remedy == "Did you mean 'running'?"
    assert str(state) == (
        "projects.csv row 2 column 'state': not allowed: got 'runing', allowed: proposed, running, held, done, "
        "stopped. Did you mean 'running'?"
    )


def test_of_identical_rows_the_first_is_kept_and_of_different_ones_none():
    cells = {"programme_id": ["A", "A", "B", "B", "C"], "name": ["a", "a", "b", "other", "c"]}
    checked = check(raw("programmes", **cells), TABLES["programmes"], Known())
    assert checked.table["programme_id"].tolist() == ["A", "C"]
    assert {row for row, _, _ in problems(checked)} == {3, 4, 5}


def test_a_dangling_reference_is_found_but_a_bad_row_it_refers_to_does_not_cascade():
    cells = {"project_id": ["P1", "P9"], "year": ["2026", "2026"], "cost_k": ["1", "2"]}
    checked = check(raw("cash_flows", **cells), TABLES["cash_flows"], Known(keys={"projects": frozenset({"P1", "P2"})}))
    assert problems(checked) == {(3, "project_id", "not in projects")}


def test_start_after_end_and_crossed_percentiles_are_found():
    options = raw("options", project_id=["P1"], action=["start"], earliest_start=["2026-05"], latest_start=["2026-04"])
    assert problems(check(options, TABLES["options"], Known())) == {
        (2, "earliest_start", "earliest_start lies after latest_start")}
    estimates = raw("estimates", project_id=["P1"], quantity=["cost_k"], p10=["5"], p50=["4"], p90=["6"])
    assert problems(check(estimates, TABLES["estimates"], Known())) == {
        (2, "p10", "p10, p50, p90 are out of order")}


def test_a_probability_above_one_is_found_among_estimates():
    estimates = raw("estimates", project_id=["P1"], quantity=["p_success"], p10=["50"], p50=["60"], p90=["80"])
    assert problems(check(estimates, TABLES["estimates"], Known())) == {(2, "p90", "not allowed")}


def test_a_table_with_more_than_half_of_its_rows_unusable_is_blocked():
    cells = {"programme_id": ["A", None, None], "name": ["a", "b", "c"]}
    assert "2 of 3 rows are unusable" in check(raw("programmes", **cells), TABLES["programmes"], Known()).blocked


CELLS = {
    "order_id": ["1", "2", "3", "4", "5", None],
    "date": ["2025-01-02", "2025-02-30", "02.01.2025", None, "2025-01-02 00:00:00"],
    "customer_id": ["A", "A", "A", "B"],
    "units": ["1", "2.5", "-3", "inf", "nan", "x", None, " 4 ", "1e2", "007", "2.0", ".5"],
    "paid_price": ["1", "2", "-3", "Infinity", None],
    "promo": ["yes", "0", "maybe", None],
}


@pytest.mark.parametrize("seed", range(12))
def test_the_engine_and_pandas_find_the_same_problems_and_keep_the_same_rows(seed):
    random = np.random.default_rng(seed)
    columns = {name: random.choice(np.array(choices, dtype=object), size=8) for name, choices in CELLS.items()}
    cells = pd.DataFrame(columns, dtype="str").assign(product_id="P")
    cells = pd.concat([cells, cells.iloc[:2]], ignore_index=True)
    numbers = np.arange(2, 2 + len(cells))
    small = check(RawTable(cells=cells, rows=numbers, file="orders.csv"), TABLES["orders"],
                  Known(keys={"customers": frozenset({"A"}), "products": frozenset({"P"})}))
    keys = {"customers": ibis.memtable(pd.DataFrame({"key": ["A"]}))}
    large = in_the_engine("orders", cells, numbers, keys)
    assert {(f.row, f.column, f.problem, f.value) for f in large.findings} == \
        {(f.row, f.column, f.problem, "" if f.value == "None" else f.value) for f in small.findings}
    kept = large.table.execute().sort_values("order_id", ignore_index=True)
    pd.testing.assert_frame_equal(
        kept[["order_id", "units", "paid_price", "promo"]],
        small.table.sort_values("order_id", ignore_index=True)[["order_id", "units", "paid_price", "promo"]],
        check_dtype=False)


def test_a_second_row_about_the_workbook_blocks_it():
    checked = check(raw("workbook", name=["A", "B"], currency=["USD", "EUR"]), TABLES["workbook"], Known())
    assert "more than one row: got '2 rows', allowed: one row" in checked.blocked


def test_a_scale_whose_ends_are_equal_is_found():
    objectives = raw("objectives", objective_id=["A", "B"], name=["a", "b"], worst=["3", "1"], best=["3", "5"])
    assert problems(check(objectives, TABLES["objectives"], Known())) == {(2, "worst", "worst equals best")}


SURVEYS = {"response_id": ["1", "2", "3", "4"], "date": "2025-01-02", "product_id": "P",
           "instrument": ["NPS", "NPS", "CSAT", "CES"], "scale_max": ["10", "5", "5", "7"],
           "score": ["0", "4", "7", "0"]}
ANSWERS_OUTSIDE = {(3, "scale_max", "not allowed"), (4, "score", "score exceeds scale_max"),
                   (5, "score", "not allowed")}


def test_an_answer_outside_its_scale_is_found_in_pandas_and_in_the_engine():
    small = raw("surveys", **SURVEYS)
    assert problems(check(small, TABLES["surveys"], Known())) == ANSWERS_OUTSIDE
    assert problems(in_the_engine("surveys", small.cells, small.rows, {})) == ANSWERS_OUTSIDE


def test_what_adds_up_may_not_fall_and_only_the_fallen_month_is_set_aside():
    months = ["2025-01", "2025-02", "2025-03", "2025-04"]
    evm = raw("evm", project_id="P1", month=months, pv_cum_k="1", ev_cum_k=["10", "20", "15", "30"], ac_cum_k="1")
    checked = check(evm, TABLES["evm"], Known())
    assert problems(checked) == {(4, "ev_cum_k", "falls from one month to the next")}
    assert checked.table["ev_cum_k"].tolist() == [10, 20, 30]


@pytest.mark.parametrize(("values", "wrong"), [
    ([10, 2000, 30, 40, 50], [1]), ([10, 20, 15], [2]), ([5, 1, 2, 3], [0]), ([1, 2, 3], []), ([3, 3, 3], []),
])
def test_the_month_that_does_not_fit_is_blamed_and_not_those_after_it(values, wrong):
    months = [f"2025-{n:02d}" for n in range(1, len(values) + 1)]
    evm = raw("evm", project_id="P1", month=months, pv_cum_k="1", ev_cum_k=[str(v) for v in values], ac_cum_k="1")
    assert {row - 2 for row, _, _ in problems(check(evm, TABLES["evm"], Known()))} == set(wrong)


def test_an_estimate_in_another_unit_is_set_aside_and_never_rescaled():
    estimates = raw("estimates", project_id=["P1", "P1"], quantity=["cost_k", "benefit_pv_k"], p10=["50000", "50"],
                    p50=["60000", "60"], p90=["70000", "70"])
    known = Known(numbers={"projects.bac_k": pd.Series({"P1": 100.0})})
    assert problems(check(estimates, TABLES["estimates"], known)) == {(2, "p50", "too large for its unit")}


def test_a_month_of_capacity_in_hours_stands_out_from_its_skill():
    capacity = raw("capacity", skill=["A"] * 5, month=[f"2025-0{n}" for n in range(1, 6)],
                   person_months=["2", "3", "2", "320", "2"])
    assert problems(check(capacity, TABLES["capacity"], Known())) == {(5, "person_months", "too large for its unit")}


def test_money_needs_its_currency_where_the_column_is_there_at_all():
    cells = {"project_id": ["P1", "P1"], "quantity": ["cost_k", "months"], "p10": ["1"] * 2, "p50": ["2"] * 2,
             "p90": ["3"] * 2}
    assert problems(check(raw("estimates", **cells), TABLES["estimates"], Known())) == set()
    with_column = raw("estimates", **cells, currency=[None, None])
    assert problems(check(with_column, TABLES["estimates"], Known())) == {(2, "currency", "empty")}


@pytest.mark.parametrize("text", ["#REF!", "#N/A", "=A1*2", "P\x001"])
def test_what_a_spreadsheet_left_uncalculated_is_no_text(text):
    checked = check(raw("projects", project_id=["P1", text], name=["a", "b"], state="running", bac_k="1"),
                    TABLES["projects"], Known())
    assert problems(checked) == {(3, "project_id", "not a text")}


def test_an_id_that_only_looks_like_another_is_named_with_it():
    flows = raw("cash_flows", project_id=["P1", "\u04201"], year=["2026", "2026"], cost_k=["1", "2"])
    checked = check(flows, TABLES["cash_flows"], Known(keys={"projects": frozenset({"P1", "P2"})}))
    assert checked.findings[0].remedy == "It only looks like 'P1': other characters are in it. Type it anew."


def test_of_one_kind_of_problem_the_first_thousand_rows_are_listed_and_all_are_counted():
    size = 3_000
    cells = {"project_id": [f"P{n}" for n in range(2 * size)], "name": "x", "state": "running",
             "bac_k": ["x"] * size + ["1"] * size}
    checked = check(raw("projects", **cells), TABLES["projects"], Known())
    assert (len(checked.findings), checked.kinds[0].rows, checked.n_set_aside) == (1_000, size, size)


def test_rows_set_aside_weigh_what_their_money_does_in_pandas_and_in_the_engine():
    cells = pd.DataFrame({"order_id": list("abcd"), "date": "2025-01-02", "customer_id": "A", "product_id": "P",
                          "units": ["2", "1", "-3", "1"], "paid_price": ["10", "5", "10", "x"]}, dtype="str")
    numbers, known = np.arange(2, 6), frozenset({"P"})
    cells.loc[2, "product_id"] = "Q"
    small = check(RawTable(cells=cells, rows=numbers, file="o.csv"), TABLES["orders"], Known(keys={"products": known}))
    keys = {"products": ibis.memtable(pd.DataFrame({"key": ["P"]}))}
    large = in_the_engine("orders", cells, numbers, keys)
    for checked in (small, large):
        assert (checked.weight, checked.n_set_aside) == (55.0, 2)
        assert {(kind.column, kind.rows, kind.weight) for kind in checked.kinds} == {
            ("product_id", 1, 30.0), ("paid_price", 1, 0.0)}
