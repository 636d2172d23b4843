from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.reporting.record import jsonable, neutral_cells, record, write_json


class Answer:
    def summary(self) -> str:
        return "Start 9 projects."

    def headline(self) -> dict[str, str]:
        return {"41.2 M": "EUR expected value"}

    def figures(self) -> dict[str, object]:
        return {"gap": float("nan"), "value_k": np.float64(41.5), "n": np.int64(3), "best": float("inf")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PMLIB_RECORD", str(tmp_path))
    monkeypatch.setenv("PMLIB_NOTEBOOK", "30_rebalance")
    return tmp_path


def entry(folder: Path, name: str = "30_rebalance") -> dict[str, object]:
    content: dict[str, dict[str, object]] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return content[name]


def test_nothing_is_written_where_no_report_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PMLIB_RECORD", raising=False)
    monkeypatch.chdir(tmp_path)
    record(Answer(), tables={"all": pd.DataFrame({"x": [1]})})
    assert list(tmp_path.iterdir()) == []


def test_sentences_headline_and_figures_are_kept_under_the_notebooks_name(folder: Path) -> None:
    record(Answer())
    assert entry(folder)["summary"] == "Start 9 projects."
    assert entry(folder)["headline"] == {"41.2 M": "EUR expected value"}


def test_what_is_not_finite_becomes_null(folder: Path) -> None:
    record(Answer())
    assert entry(folder)["figures"] == {"gap": None, "value_k": 41.5, "n": 3, "best": None}


def test_a_table_is_written_exactly_and_for_spreadsheets(folder: Path) -> None:
    frame = pd.DataFrame({"name": ["a", None], "value_k": [1.25, np.nan], "when": pd.to_datetime(["2025-12-31"] * 2)})
    record(Answer(), tables={"all": frame})
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "tables/30_rebalance/all.parquet"), frame)
    text = (folder / "tables/30_rebalance/all.csv").read_text(encoding="utf-8")
    assert text == "name,value_k,when\na,1.25,2025-12-31\n,,2025-12-31\n"


def test_an_index_with_a_name_is_a_column(folder: Path) -> None:
    record(Answer(), tables={"by": pd.DataFrame({"x": [1]}, index=pd.Index(["P1"], name="project_id"))})
    text = (folder / "tables/30_rebalance/by.csv").read_text(encoding="utf-8")
    assert text == "project_id,x\nP1,1\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    frame = pd.DataFrame({"name": [f"{start}1+1", "P01"], "value": [-1.0, 1.0], f"{start}head": ["a", "b"]})
    safe = neutral_cells(frame)
    assert safe["name"].tolist() == [f"'{start}1+1", "P01"]
    assert safe["value"].tolist() == [-1.0, 1.0]
    assert f"'{start}head" in safe
    assert frame["name"][0] == f"{start}1+1"


def test_a_category_is_neutralised_as_text() -> None:
    frame = pd.DataFrame({"name": pd.Categorical(["=x", "b"])})
    assert neutral_cells(frame)["name"].tolist() == ["'=x", "b"]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused_before_anything_is_written(folder: Path, name: str) -> None:
    with pytest.raises(ParameterError, match="Rename it"):
        record(Answer(), tables={name: pd.DataFrame()})
    assert not (folder / "tables").exists()


def test_notebooks_side_by_side_lose_nothing_of_each_other(tmp_path: Path) -> None:
    from pmlib.reporting.record import _add_summary

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: _add_summary(tmp_path, f"n{n}", {"n": n}), range(24)))
    assert len(json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))) == 24


def test_without_a_name_the_notebook_is_called_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMLIB_RECORD", str(tmp_path))
    for name in ("PMLIB_NOTEBOOK", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    record(Answer())
    assert entry(tmp_path, "notebook")["summary"] == "Start 9 projects."


def test_json_takes_what_pandas_holds() -> None:
    content = {"a": pd.NA, "b": pd.NaT, "c": np.array([1.0])[0], "d": (1, {2}), "e": pd.Timestamp("2025-01-01")}
    plain = {"a": None, "b": None, "c": 1.0, "d": [1, [2]], "e": "2025-01-01 00:00:00"}
    assert jsonable(content) == plain


def test_json_is_written_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"b": 1, "a": "é"})
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '{\n "a": "é",\n "b": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_months_leave_as_text_in_both_files(folder: Path) -> None:
    record(Answer(), tables={"people": pd.DataFrame({"start_month": [24313, 24312], "months": [3, 4]})})
    stem = folder / "tables" / "30_rebalance" / "people"
    assert pd.read_parquet(stem.with_suffix(".parquet"))["start_month"].tolist() == ["2026-01", "2025-12"]
    assert stem.with_suffix(".csv").read_text(encoding="utf-8") == "start_month,months\n2026-01,3\n2025-12,4\n"


def test_a_decision_record_is_kept_as_its_sealed_file_and_replaces_the_one_before(folder: Path) -> None:
    from pmlib.portfolio import DecisionRecord, decision_record, rebalance

    tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": [500.0]}),
              "cash_flows": pd.DataFrame({"project_id": ["P1"], "year": 2026, "cost_k": 100.0, "benefit_k": [300.0]})}
    for decided in ({}, {"P1": "keep"}):
        made = decision_record(rebalance(tables, period="2025-12"), tables, decided=decided)
        record(made, decision=made)
    path = folder / "tables" / "30_rebalance" / "decision_record_2025-12.json"
    assert DecisionRecord.read(path).hash == made.hash
