from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pmlib.errors import ParameterError, PmlibError, ReportError, WorkbookError
from pmlib.reporting.definition import load_definition
from pmlib.reporting.plan import complete_sample, described_parameters, plan_run
from pmlib.sample import LARGE, SEED
from pmlib.schema import TABLES

SMALL = sorted(TABLES.keys() - set(LARGE))
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
            lacks=lambda *names: f"1 row of {names[0]} is set aside.",
            baseline=lambda day: SimpleNamespace(marks=lambda: f"as known in {day}"),
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


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_workbook_is_not_the_folder_one_stands_in(
    project: Callable[..., Path], opened: list[Any], empty: str
) -> None:
    with pytest.raises(ParameterError, match="workbook: got '', allowed a folder or an address"):
        plan(project(CELLS), workbook=empty)
    assert opened == []


def test_an_address_is_opened_as_it_is(project: Callable[..., Path], opened: list[Any]) -> None:
    plan(project(CELLS), workbook="duckdb://x.db")
    assert opened == ["duckdb://x.db"]


def test_a_notebook_whose_tables_are_missing_or_blocked_is_named_with_them(
    project: Callable[..., Path], opened: list[Any]
) -> None:
    run = plan(project(CELLS, needs={"10_one": ["projects"], "20_two": ["orders", "surveys"]}))
    assert run.missing == {"20_two": ("orders", "surveys")}
    assert run.blocked == {"orders": "bad"}
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
    with pytest.raises(WorkbookError, match="workbook|folder|table"):
        plan(project(CELLS))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand in for the writer; holds the folders it was asked to complete."""
    asked: list[Path] = []
    monkeypatch.setattr("pmlib.sample.write_large_tables", lambda place: asked.append(place) or [place])
    return asked


def say(folder: Path, *, seed: int = SEED, scale: float = 1.0, tables: Collection[str] = ()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"seed": seed, "scale": scale, "truths": {}})
    (folder / "truth.json").write_text(text, encoding="utf-8")
    for name in tables:
        (folder / f"{name}.csv").touch()
    return folder


def test_the_projects_own_sample_is_completed_once(tmp_path: Path, written: list[Path]) -> None:
    own = say(tmp_path / "data" / "quillmark")
    assert complete_sample(own, tmp_path)
    say(own, tables=LARGE)
    assert not complete_sample(own, tmp_path)
    assert written == [own]


def test_a_copy_of_the_sample_is_completed_when_all_its_small_tables_are_there(
    tmp_path: Path, written: list[Path]
) -> None:
    copy = say(tmp_path / "copy", tables=["projects", "orders"])
    assert not complete_sample(copy, tmp_path)
    say(copy, tables=SMALL)
    assert complete_sample(copy, tmp_path)
    assert written == [copy]


def test_no_other_folder_is_ever_written_to(tmp_path: Path, written: list[Path]) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "truth.json").write_text('{"verdict": "guilty"}', encoding="utf-8")
    say(tmp_path / "other", seed=7, tables=SMALL)
    say(tmp_path / "large", scale=2.0, tables=SMALL)
    assert not any(complete_sample(folder, tmp_path) for folder in tmp_path.iterdir())
    assert written == []


def test_a_users_own_orders_survive_a_report(project: Callable[..., Path], tmp_path: Path) -> None:
    folder = say(tmp_path / "mine", tables=["projects"])
    (folder / "orders.csv").write_text("customer_id,date\nC1,2025-12-01\n", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with suppress(PmlibError):
        plan(project(CELLS), workbook=str(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_parameters_are_described_with_the_reports_own_values(project: Callable[..., Path]) -> None:
    root = project(CELLS, parameters={"workbook": "data/other"})
    assert described_parameters(load_definition("monthly", root), root) == [
        "period: str | None = None  # month  (10_one, 20_two)",
        "seed: int = 7  (10_one)",
        "workbook: str = 'data/other'  # folder  (10_one)",
    ]


def test_a_month_later_than_the_workbook_is_refused(project: Callable[..., Path], opened: list[Any]) -> None:
    with pytest.raises(ParameterError, match="period: got 2031-12, allowed 2025-12 or earlier"):
        plan(project(CELLS), period="2031-12")


def test_parameters_set_by_hand_make_it_a_what_if(project: Callable[..., Path], opened: list[Any]) -> None:
    root = project(CELLS)
    assert plan(root, period="2025-12").what_if == ""
    assert plan(root, seed="9").what_if == "seed = 9"
