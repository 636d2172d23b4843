from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import pmlib as pm
from pmlib.errors import ParameterError
from pmlib.plots import style
from pmlib.reporting.record import record
from pmlib.reporting.shown import MOST_ROWS, file_name, remember, same_rows

PLAN = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "value_k": [10.25, 20.5, -1.0], "group": ["a", "a", "b"],
                     "start_month": [24313, 24312, 24314]})


class Answer:
    def to_frame(self) -> pd.DataFrame:
        return PLAN

    def summary(self) -> str:
        return "Start 2 projects, worth 29.75."

    def headline(self) -> dict[str, str]:
        return {"29.8 k": "EUR expected value", "2 of 3": "projects bring something", "proved": "nothing is worth more"}

    def plot(self) -> Any:
        return drawn("Value")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PMLIB_RECORD", str(tmp_path))
    monkeypatch.setenv("PMLIB_NOTEBOOK", "30_plan")
    return tmp_path


def entry(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["30_plan"]
    return found


def test_the_query_of_a_table_gives_exactly_the_rows_shown(folder: Path) -> None:
    shown = PLAN.sort_values("value_k", ascending=False)
    pm.table(shown, caption="Dearest projects. In kEUR.", rows=2, columns={"project_id": "No.", "group": "Group"})
    record(Answer())
    (one,) = entry(folder)["shown"].values()
    assert one["table"] == "shown_dearest_projects"
    assert one["rows"] == 3
    query = one["query"]
    assert query == "SELECT project_id, \"group\" FROM 'tables/30_plan/shown_dearest_projects.parquet' LIMIT 2"
    with duckdb.connect() as engine:
        engine.execute(f"SET file_search_path = '{folder}'")
        assert engine.execute(query).fetchall() == [("P2", "a"), ("P1", "a")]


def test_a_table_that_is_recorded_anyway_is_not_written_twice(folder: Path) -> None:
    pm.table(PLAN, caption="All.")
    pm.answer(Answer())
    record(Answer(), tables={"decisions": Answer()})
    assert {one["table"] for one in entry(folder)["shown"].values()} == {"decisions"}
    assert sorted(path.name for path in folder.glob("tables/*/*")) == ["decisions.csv", "decisions.parquet"]
    assert entry(folder)["tables"]["decisions"] == {
        "rows": 3, "columns": 4, "csv": "tables/30_plan/decisions.csv", "parquet": "tables/30_plan/decisions.parquet"}


def test_tables_of_one_name_are_kept_apart(folder: Path) -> None:
    pm.table(PLAN.head(1), caption="Cost, first.")
    pm.table(PLAN.tail(1), caption="Cost, last.")
    record(Answer())
    assert list(entry(folder)["tables"]) == ["shown_cost", "shown_cost_2"]
    assert pd.read_parquet(folder / "tables/30_plan/shown_cost_2.parquet")["project_id"].tolist() == ["P3"]


def test_what_is_shown_does_not_depend_on_recording(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = [pm.table(PLAN, caption="All.").html, pm.answer(Answer()).html]
    monkeypatch.delenv("PMLIB_RECORD")
    assert recorded == [pm.table(PLAN, caption="All.").html, pm.answer(Answer()).html]


def drawn(title: str) -> Any:
    return style.finish(style.axes(), title=title, x="project", y="thousand EUR")


def test_a_figure_leads_to_its_result_or_to_the_rows_given(folder: Path) -> None:
    pm.figure(Answer())
    pm.figure(drawn("The first two."), alt="Bars of value.", rows=PLAN.head(2))
    pm.figure(drawn("No rows."), alt="Nothing behind it.")
    record(Answer())
    assert {one["table"] for one in entry(folder)["shown"].values()} == {"shown_answer", "shown_bars_of_value"}
    assert entry(folder)["tables"]["shown_bars_of_value"]["rows"] == 2


def test_a_table_changed_after_it_was_shown_is_kept_as_it_was(folder: Path) -> None:
    frame = PLAN.copy()
    pm.table(frame, caption="Before.")
    frame["value_k"] = 0.0
    record(Answer())
    assert pd.read_parquet(folder / "tables/30_plan/shown_before.parquet")["value_k"].tolist() == [10.25, 20.5, -1.0]


def test_cells_of_mixed_kinds_are_written_as_text(folder: Path) -> None:
    pm.table(pd.DataFrame({"value": [1, "two", None]}), caption="Mixed.")
    record(Answer())
    assert pd.read_parquet(folder / "tables/30_plan/shown_mixed.parquet")["value"].dropna().tolist() == ["1", "two"]


def test_rows_named_by_words_keep_their_names(folder: Path) -> None:
    record(Answer(), tables={"risk": pd.DataFrame({"mean": [1.0]}, index=["value_k"])})
    assert pd.read_parquet(folder / "tables/30_plan/risk.parquet")["index"].tolist() == ["value_k"]


def test_a_large_table_is_cut_and_says_how_long_it_was(folder: Path) -> None:
    remember("<p>", pd.DataFrame({"n": range(MOST_ROWS + 5)}), title="Long")
    record(Answer())
    (one,) = entry(folder)["shown"].values()
    assert one["rows"] == MOST_ROWS + 5
    assert entry(folder)["tables"]["shown_long"]["rows"] == MOST_ROWS


def test_the_index_of_a_frame_does_not_make_other_rows_of_it() -> None:
    assert same_rows(PLAN, PLAN.set_axis([7, 8, 9]))
    assert not same_rows(PLAN, PLAN.iloc[::-1])
    assert not same_rows(PLAN, PLAN.rename(columns={"group": "team"}))


@pytest.mark.parametrize(("title", "name"), [
    ("", "shown_rows"), ("Größe: 3", "shown_gr_e"), ("../../etc", "shown_rows"), ("CON", "shown_con"),
    ("a" * 300, f"shown_{'a' * 40}"), ("12 months", "shown_12_months"),
])
def test_every_caption_gives_a_plain_file_name(title: str, name: str) -> None:
    assert file_name(title) == name
    assert re.fullmatch(r"[a-z0-9_]+", name)


def test_the_figures_of_every_answer_shown_are_traced(folder: Path) -> None:
    queries = {"expected value": "SELECT sum(value_k) FROM decisions",
               "bring something": "select count(*) filter (value_k > 0), count(*)\n from decisions"}
    record(Answer(), tables={"decisions": PLAN}, queries=queries)
    sources = entry(folder)["sources"]
    maker = f"{Answer.__module__}.Answer"
    assert sources["EUR expected value"] == {
        "figure": "29.8 k", "by": maker, "agrees": True, "value": 29.75,
        "query": "SELECT sum(value_k) FROM 'tables/30_plan/decisions.parquet'"}
    assert sources["projects bring something"]["value"] == [2, 3]
    assert sources["nothing is worth more"] == {"figure": "proved", "by": maker}


def test_a_query_that_gives_another_figure_is_recorded_as_such(folder: Path) -> None:
    record(Answer(), tables={"decisions": PLAN}, queries={"expected value": "SELECT max(value_k) FROM decisions"})
    assert entry(folder)["sources"]["EUR expected value"]["agrees"] is False


@pytest.mark.parametrize("query", [
    "SELECT value_k FROM decisions", "SELECT sum(value_k) FROM decisions WHERE value_k > 99",
    "SELECT 'many' FROM decisions LIMIT 1", "SELECT 0.0 / 0 FROM decisions LIMIT 1", "SELECT true",
])
def test_a_query_without_one_row_of_numbers_is_refused(folder: Path, query: str) -> None:
    with pytest.raises(ParameterError, match=r"query of 'EUR expected value': got .* allowed one row of numbers"):
        record(Answer(), tables={"decisions": PLAN}, queries={"expected value": query})
    assert not (folder / "summary.json").exists()


@pytest.mark.parametrize("query", ["SELECT sum(value_k) FROM plan", "SELECT sum(valu_k) FROM decisions", "nonsense"])
def test_a_query_that_fails_says_what_is_allowed(folder: Path, query: str) -> None:
    with pytest.raises(ParameterError, match=r"Mend it, or add the table to tables="):
        record(Answer(), tables={"decisions": PLAN}, queries={"expected value": query})


def test_a_query_over_a_table_without_an_answer_is_passed_over(folder: Path) -> None:
    query = "SELECT sum(value_k) FROM decisions"
    record(Answer(), tables={"decisions": None}, queries={"expected value": query})
    assert "query" not in entry(folder)["sources"]["EUR expected value"]


def test_a_table_that_is_no_table_is_refused(folder: Path) -> None:
    with pytest.raises(ParameterError, match="table 'x': got int, allowed a frame"):
        record(Answer(), tables={"x": 3})


def test_the_same_notebook_writes_the_same_bytes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(into: str) -> dict[str, bytes]:
        monkeypatch.setenv("PMLIB_RECORD", str(tmp_path / into))
        pm.table(PLAN.head(2), caption="Two.")
        record(Answer(), tables={"decisions": PLAN}, queries={"expected value": "SELECT sum(value_k) FROM decisions"})
        return {path.relative_to(tmp_path / into).as_posix(): path.read_bytes()
                for path in (tmp_path / into).rglob("*") if path.is_file()}

    assert run("one") == run("two")
