from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pmlib.errors import ParameterError, ReportError, WorkbookError
from pmlib.reporting.definition import load_definition
from pmlib.reporting.plan import complete_sample, described_parameters, plan_run

PERIOD = "period: str | None = None  # month"
CELLS = {
    "10_one": ["# One", ("parameters", f'workbook: str = "data/book"  # folder\n{PERIOD}\nseed: int = 7')],
    "20_two": ["# Two", ("parameters", PERIOD)],
}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand in for the workbook's room; holds what was asked to open."""
    asked: list[Any] = []

    def open_workbook(source: Any) -> Any:
        asked.append(source)
        return SimpleNamespace(
            period="2025-12", blocked={"orders": "bad"}, tables=["projects"], name="Quill & Co", currency="EUR",
            fingerprints={"projects": {"sha256": "ab", "rows": 35}}, as_of=dt.date(2025, 12, 15),
        )  # fmt: skip

    module = ModuleType("pmlib.workbook")
    module.open_workbook = open_workbook  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pmlib.workbook", module)
    return asked


def plan(root: Path, **parameters: object) -> Any:
    return plan_run(load_definition("monthly", root), root, parameters)


def test_the_period_is_the_workbooks_newest_unless_given(project: Callable[..., Path], opened: list[Any]) -> None:
    root = project(CELLS)
    assert plan(root).period == "2025-12"
    assert plan(root, period="2025-11").period == "2025-11"
    assert opened == [root / "data/book"] * 2


def test_data_are_as_of_the_workbooks_day_or_the_periods_end(project: Callable[..., Path], opened: list[Any]) -> None:
    root = project(CELLS)
    assert plan(root).as_of == "2025-12-15"
    assert plan(root, period="2025-11").as_of == "2025-11-30"


def test_the_command_line_wins_over_the_definition_and_it_over_the_notebook(
    project: Callable[..., Path], opened: list[Any]
) -> None:
    root = project(CELLS, parameters={"workbook": "data/other", "seed": 8})
    run = plan(root, seed="9")
    assert opened == [root / "data/other"]
    assert run.bound == {
        "10_one": {"workbook": "data/other", "seed": 9, "period": "2025-12"},
        "20_two": {"period": "2025-12"},
    }
    assert run.parameters == {"workbook": "data/other", "seed": 9, "period": "2025-12"}


def test_an_address_is_opened_as_it_is(project: Callable[..., Path], opened: list[Any]) -> None:
    plan(project(CELLS), workbook="duckdb://x.db")
    assert opened == ["duckdb://x.db"]


def test_a_notebook_whose_tables_are_missing_or_blocked_is_named_with_them(
    project: Callable[..., Path], opened: list[Any]
) -> None:
    run = plan(project(CELLS, needs={"10_one": ["projects"], "20_two": ["orders", "surveys"]}))
    assert run.missing == {"20_two": ("orders", "surveys")}
    assert run.blocked == {"orders"}
    assert run.inputs == {"projects": {"sha256": "ab", "rows": 35}}


def test_a_table_no_workbook_can_have_is_refused(project: Callable[..., Path], opened: list[Any]) -> None:
    with pytest.raises(ReportError, match=r"10_one: pmlib\.needs names 'projcts'.*Did you mean 'projects'"):
        plan(project(CELLS, needs={"10_one": ["projcts"]}))


def test_an_unknown_parameter_is_refused_before_the_workbook_is_opened(
    project: Callable[..., Path], opened: list[Any]
) -> None:
    with pytest.raises(ParameterError, match="Did you mean 'seed'"):
        plan(project(CELLS), sed="9")
    assert opened == []


def test_a_month_that_is_none_is_refused(project: Callable[..., Path], opened: list[Any]) -> None:
    with pytest.raises(ParameterError, match="got '2025-13', allowed YYYY-MM"):
        plan(project(CELLS), period="2025-13")


def test_without_a_workbook_the_period_must_be_given(project: Callable[..., Path]) -> None:
    root = project()
    assert plan(root, period="2025-12").company == ""
    with pytest.raises(ParameterError, match="Give --period YYYY-MM"):
        plan(root)


def test_a_workbook_that_cannot_be_opened_stops_the_run(project: Callable[..., Path]) -> None:
    with pytest.raises(WorkbookError):
        plan(project(CELLS))


def test_only_the_samples_large_tables_are_written_and_only_when_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    monkeypatch.setattr("pmlib.sample.write_large_tables", written.append)
    assert not complete_sample(tmp_path)
    (tmp_path / "truth.json").touch()
    assert complete_sample(tmp_path)
    for name in ("customers.csv", "subscriptions.csv", "orders.parquet", "surveys.csv"):
        (tmp_path / name).touch()
    assert not complete_sample(tmp_path)
    assert written == [tmp_path]


def test_parameters_are_described_with_the_reports_own_values(project: Callable[..., Path]) -> None:
    root = project(CELLS, parameters={"workbook": "data/other"})
    assert described_parameters(load_definition("monthly", root), root) == [
        "period: str | None = None  # month  (10_one, 20_two)",
        "seed: int = 7  (10_one)",
        "workbook: str = 'data/other'  # folder  (10_one)",
    ]
