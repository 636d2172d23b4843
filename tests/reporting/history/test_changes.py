from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pmlib.errors import ParameterError, ReportError
from pmlib.reporting.history.changes import Changes, compare
from pmlib.reporting.record import write_table

PLAN = "30_rebalance_portfolio"
Folder = Callable[..., Path]


@pytest.fixture
def period(tmp_path: Path) -> Folder:
    """Write a report's folder: ``period("2025-12", {notebook: entry}, {"notebook/table": frame})``."""

    def write(name: str, answers: dict[str, Any] | None = None, tables: dict[str, Any] | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "summary.json").write_text(json.dumps(answers or {}), encoding="utf-8")
        (folder / "manifest.json").write_text(json.dumps({"period": name}), encoding="utf-8")
        for place, frame in (tables or {}).items():
            write_table(frame, folder / "tables" / place)
        return folder

    return write


def entry(headline: dict[str, str] | None = None, figures: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"summary": "As before.", "headline": headline or {}, "figures": figures or {}}


def decisions(**actions: str) -> pd.DataFrame:
    return pd.DataFrame({"project_id": list(actions), "name": [f"Name of {one}" for one in actions],
                         "action": list(actions.values()), "value_k": 1.0})


def answered(period: Folder, before: dict[str, Any], now: dict[str, Any]) -> Changes:
    return compare(period("2025-11", {PLAN: before}), period("2025-12", {PLAN: now}))


def tabled(period: Folder, before: dict[str, Any], now: dict[str, Any]) -> Changes:
    return compare(period("2025-11", {}, before), period("2025-12", {}, now))


def test_identical_folders_have_no_changes(period: Folder) -> None:
    content = ({PLAN: entry({"41.2 M": "EUR value"})}, {f"{PLAN}/decisions": decisions(P1="keep")})
    changes = compare(period("2025-11", *content), period("2025-12", *content))
    assert changes.to_frame().empty
    assert changes.sentences() == ["Nothing changed against November 2025."]
    assert changes.summary() == changes.report() == "Nothing changed against November 2025."


def test_a_decision_is_said_with_the_name_of_its_project(period: Folder) -> None:
    changes = tabled(period, {f"{PLAN}/decisions": decisions(P17="keep", P18="keep")},
                     {f"{PLAN}/decisions": decisions(P17="stop", P18="keep")})
    assert changes.sentences() == ["P17 Name of P17: keep → stop."]
    assert changes.summary() == "Against November 2025, 1 number or word changed, among them 1 decision."


def test_the_same_decision_about_many_is_one_sentence_that_names_five(period: Folder) -> None:
    ids = [f"P{number}" for number in range(7)]
    changes = tabled(period, {f"{PLAN}/decisions": decisions(**dict.fromkeys(ids, "keep"))},
                     {f"{PLAN}/decisions": decisions(**dict.fromkeys(ids, "stop"))})
    (said,) = changes.sentences()
    assert said.endswith("P4 Name of P4 and 2 more: keep → stop.")


def test_many_different_decisions_leave_room_for_the_figures(period: Folder) -> None:
    ids = [f"P{number}" for number in range(10)]
    now = {one: f"start in 2026-{place:02d}" for place, one in enumerate(ids, start=1)}
    said = tabled(period, {f"{PLAN}/decisions": decisions(**dict.fromkeys(ids, "hold"))},
                  {f"{PLAN}/decisions": decisions(**now)}).sentences()
    assert said[0] == "P0 Name of P0: hold → start in 2026-01."
    assert said[7:] == ["3 more decisions changed."]


def test_a_decision_that_other_tables_repeat_is_said_once(period: Folder) -> None:
    before, now = decisions(P17="keep"), decisions(P17="stop")
    changes = tabled(period, {f"{PLAN}/{name}": before for name in ("core", "decisions", "forcing")},
                     {f"{PLAN}/{name}": now for name in ("core", "decisions", "forcing")})
    assert changes.sentences() == ["P17 Name of P17: keep → stop."]
    assert changes.headline()["1 decision"] == "changed against November 2025"


def test_a_decision_that_an_earlier_notebook_repeats_is_said_once(period: Folder) -> None:
    before, now = decisions(P17="keep"), decisions(P17="stop")
    changes = tabled(period, {f"{PLAN}/decisions": before, "00_intro/plan": before},
                     {f"{PLAN}/decisions": now, "00_intro/plan": now})
    assert changes.sentences() == ["P17 Name of P17: keep → stop."]
    assert changes.headline()["1 decision"] == "changed against November 2025"


def test_what_another_plan_would_decide_does_not_pass_for_the_decision(period: Folder) -> None:
    plan, core = f"{PLAN}/decisions", f"{PLAN}/core"
    changes = tabled(period, {plan: decisions(P1="keep"), core: decisions(P1="hold", P2="keep")},
                     {plan: decisions(P1="stop"), core: decisions(P1="keep", P2="stop")})
    assert changes.sentences() == [
        "P1 Name of P1: keep → stop.",
        "Rebalance portfolio, core: action hold → keep (P1 Name of P1), keep → stop (P2 Name of P2).",
    ]


def test_projects_that_come_and_go_are_decisions_too(period: Folder) -> None:
    changes = tabled(period, {f"{PLAN}/decisions": decisions(P1="keep", P2="stop")},
                     {f"{PLAN}/decisions": decisions(P1="keep", P3="start")})
    assert changes.sentences() == [
        "P3 Name of P3: new → start.", "P2 Name of P2: stop → gone.",
        "Rows of rebalance portfolio: decisions 1 new, 1 gone.",
    ]


def test_a_state_that_changed_says_where_it_stands(period: Folder) -> None:
    state = pd.DataFrame({"table": ["estimates"], "state": ["old"]})
    changes = tabled(period, {"10_check_data/freshness": state},
                     {"10_check_data/freshness": state.assign(state="current")})
    assert changes.sentences() == ["Check data, freshness: state old → current (estimates)."]


def test_a_leading_figure_is_matched_by_its_label(period: Folder) -> None:
    changes = answered(period, entry({"41.2 M": "EUR net benefit still to come"}),
                       entry({"43.0 M": "EUR net benefit still to come"}))
    assert changes.sentences() == ["Rebalance portfolio: 41.2 M → 43.0 M EUR net benefit still to come."]
    row = changes.to_frame().iloc[0]
    assert (row["before_value"], row["now_value"]) == (41.2, 43.0)
    assert row["relative"] == pytest.approx(1.8 / 41.2)


def test_a_label_whose_month_and_numbers_moved_is_the_same_label(period: Folder) -> None:
    changes = answered(period, entry({"45.9 M": "EUR in the 12 months to November 2025", "2": "of 21 late"}),
                       entry({"46.2 M": "EUR in the 12 months to December 2025", "3": "of 22 late"}))
    assert changes.sentences() == [
        "Rebalance portfolio: 45.9 M → 46.2 M EUR in the 12 months to December 2025; 2 → 3 of 22 late."]


def test_a_label_that_alone_moved_with_its_month_is_on_record_and_no_sentence(period: Folder) -> None:
    changes = answered(period, entry({"8": "products to November 2025"}), entry({"8": "products to December 2025"}))
    assert changes.to_frame()[["column", "before", "now"]].values.tolist() == [
        ["label", "products to November 2025", "products to December 2025"]]
    assert changes.sentences()[0].startswith("Against November 2025, 1 number or word changed.")


def test_a_label_that_names_another_thing_is_said_whole(period: Folder) -> None:
    changes = answered(period, entry({"68.9": "points of 100, P48 leads"}), entry({"69.3": "points of 100, P56 leads"}))
    assert changes.sentences() == [
        "Rebalance portfolio: 68.9 points of 100, P48 leads → 69.3 points of 100, P56 leads."]


def test_leading_figures_that_came_and_went_are_said(period: Folder) -> None:
    changes = answered(period, entry({"1.0": "person-months short of what is forced"}),
                       entry({"10 of 21": "open features fit into two releases"}))
    assert changes.sentences() == [
        "Rebalance portfolio: now 10 of 21 open features fit into two releases; "
        "no longer 1.0 person-months short of what is forced."]


def test_money_is_said_before_other_leading_figures(period: Folder) -> None:
    before, now = {"8 of 8": "figures agree", "100": "USD earned"}, {"4 of 8": "figures agree", "101": "USD earned"}
    (said,) = answered(period, entry(before), entry(now)).sentences()
    assert said == "Rebalance portfolio: 100 → 101 USD earned; 8 of 8 → 4 of 8 figures agree."


def test_figures_are_said_by_their_relative_movement(period: Folder) -> None:
    before, now = {"cost_k": 100, "gap": None, "share": {"new": 0.1}}, {"cost_k": 110, "gap": 2, "share": {"new": 0.2}}
    changes = answered(period, entry(figures=before), entry(figures=now))
    assert changes.sentences() == ["Rebalance portfolio: share.new 0.1 → 0.2 (+100%).",
                                   "Rebalance portfolio: cost k 100 → 110 (+10%)."]
    gap = changes.to_frame().set_index("key").loc["gap"]
    assert (gap["before"], gap["now"]) == ("", "2")
    assert math.isnan(gap["difference"])


def test_sentences_stand_in_the_order_that_matters_to_a_board(period: Folder) -> None:
    rows = pd.DataFrame({"name": ["budget"], "cost_k": [1.0]})
    changes = compare(
        period("2025-11", {PLAN: entry({"1 M": "EUR value"}, {"cost_k": 1}), "10_old": entry()},
               {f"{PLAN}/decisions": decisions(P1="keep"), f"{PLAN}/limits": rows}),
        period("2025-12", {PLAN: entry({"2 M": "EUR value"}, {"cost_k": 2})},
               {f"{PLAN}/decisions": decisions(P1="stop"), f"{PLAN}/limits": rows.assign(name="people"),
                f"{PLAN}/mix": rows}))
    assert changes.sentences() == [
        "P1 Name of P1: keep → stop.",
        "Old was in the period before and is not in this one.",
        "Rebalance portfolio: 1 M → 2 M EUR value.",
        "Rebalance portfolio: cost k 1 → 2 (+100%).",
        "Rebalance portfolio has a new table: mix.",
        "Rows of rebalance portfolio: limits 1 new, 1 gone.",
    ]
    assert changes.sentences(limit=1) == ["P1 Name of P1: keep → stop."]


def test_months_that_roll_on_are_rows_and_corrections_are_revisions(period: Folder) -> None:
    months = pd.DataFrame({"month": ["2025-10", "2025-11"], "revenue_k": [1.0, 2.0]})
    changes = tabled(period, {"40_product/sales": months},
                     {"40_product/sales": months.assign(month=["2025-11", "2025-12"], revenue_k=[2.5, 3.0])})
    assert changes.sentences() == ["Rows of product: sales 1 new, 1 gone.",
                                   "Numbers of the same months, revised: sales 1."]


def test_a_renamed_column_is_said_as_gone_and_new(period: Folder) -> None:
    rows = pd.DataFrame({"name": ["budget"], "cost_k": [1.0]})
    changes = tabled(period, {f"{PLAN}/limits": rows}, {f"{PLAN}/limits": rows.rename(columns={"cost_k": "spent_k"})})
    assert changes.sentences() == ["Limits of rebalance portfolio has a new column: spent_k.",
                                   "Limits of rebalance portfolio no longer has the column: cost_k."]
    assert changes.summary() == "Against November 2025, 2 tables, columns or notebooks came or went."


def test_a_table_without_a_key_says_that_it_is_compared_as_a_whole(period: Folder) -> None:
    rows = pd.DataFrame({"p10": [1.0, 2.0]})
    (said,) = tabled(period, {f"{PLAN}/risk": rows}, {f"{PLAN}/risk": rows.head(1)}).sentences()
    assert said == ("Rebalance portfolio: nothing names the rows of risk, so it is compared as a whole: "
                    "2 rows before, 1 now.")


def test_one_notebook_has_its_own_part(period: Folder) -> None:
    changes = compare(period("2025-11", {PLAN: entry({"1 M": "EUR value"}), "10_check": entry({"1": "late"})}),
                      period("2025-12", {PLAN: entry({"2 M": "EUR value"}), "10_check": entry({"2": "late"})}))
    assert changes.by_notebook("10_check").sentences() == ["Check: 1 → 2 late."]
    assert changes.of(["10_check", "20_never_ran"]).sentences() == ["Check: 1 → 2 late."]
    with pytest.raises(ParameterError, match=r"notebook: got '10_chek'\. .*Did you mean '10_check'\?"):
        changes.by_notebook("10_chek")


def test_the_written_files_are_the_same_bytes_each_time_and_safe(period: Folder, tmp_path: Path) -> None:
    changes = answered(period, entry({"=1+1": "formula"}), entry({"=2+2": "formula"}))
    files = []
    for name in ("one", "two"):
        changes.write(tmp_path / name)
        files.append([(tmp_path / name / f"changes.{ending}").read_bytes() for ending in ("csv", "parquet")])
    assert files[0] == files[1]
    assert b"'=1+1,'=2+2" in files[0][0]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "one" / "changes.parquet"), changes.to_frame())


def test_changes_of_nothing_are_written_with_their_columns(period: Folder, tmp_path: Path) -> None:
    changes = compare(period("2025-11"), period("2025-12"))
    changes.write(tmp_path)
    assert list(pd.read_parquet(tmp_path / "changes.parquet").columns) == list(changes.to_frame().columns)


def test_the_report_of_a_terminal_has_sentences_tables_and_movements(period: Folder) -> None:
    before = decisions(P1="keep", P2="keep")
    lines = tabled(period, {f"{PLAN}/decisions": before},
                   {f"{PLAN}/decisions": before.assign(value_k=[1.0, 3.0])}).report().splitlines()
    assert lines[0] == "Against November 2025, 1 number or word changed."
    assert lines[-1].split() == ["decisions", "P2", "Name", "of", "P2", "value_k", "1", "3", "+200.0%"]
    assert [PLAN, "decisions", "1"] in [line.split() for line in lines]


def test_a_manifest_without_a_month_leaves_the_period_unsaid(period: Folder) -> None:
    folder = period("2025-11")
    (folder / "manifest.json").write_text('{"period": "2025-13"}', encoding="utf-8")
    assert compare(folder, folder).summary() == "Nothing changed against the period before."


def test_a_folder_without_a_summary_is_refused(period: Folder, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"summary\.json: there is none, .* Render the period anew\."):
        compare(tmp_path / "none", period("2025-12"))


@pytest.mark.parametrize("text", ["{", "[1]", '{"10_one": 3}', '{"10_one": "\udce9'.encode("utf-8", "surrogateescape")])
def test_a_broken_summary_is_refused(period: Folder, text: str | bytes) -> None:
    folder = period("2025-12")
    (folder / "summary.json").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ReportError, match=r"summary\.json: .* Render the period anew\."):
        compare(folder, folder)


def test_a_table_that_cannot_be_read_is_named(period: Folder) -> None:
    tables = {f"{PLAN}/decisions": decisions(P1="keep")}
    before, now = period("2025-11", {}, tables), period("2025-12", {}, tables)
    (now / "tables" / PLAN / "decisions.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(ReportError, match=r"decisions\.parquet: the table cannot be read .*Render the period anew\."):
        compare(before, now)


def test_a_summary_with_strange_entries_still_compares(period: Folder) -> None:
    changes = answered(period, {"summary": None, "headline": None, "figures": [1]}, {"summary": "Now it says so."})
    assert changes.to_frame()[["column", "now"]].values.tolist() == [["summary", "Now it says so."]]
