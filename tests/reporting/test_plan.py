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
from pmlib.reporting.facts import complete_sample
from pmlib.reporting.plan import Plan, described_parameters, plan_reports
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


def plans(root: Path, *, periods: list[str] | None = None, unit: str = "all", **parameters: object) -> list[Plan]:
    return plan_reports(load_definition("monthly", root), root, parameters, periods=periods, unit=unit)


def plan(root: Path, **parameters: object) -> Plan:
    [one] = plans(root, **parameters)
    return one


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


UNITS = {"10_one": ["# One", ("parameters", f'{PERIOD}\nproduct_id: str | None = None  # product'), "1"],
         "20_two": ["# Two", ("parameters", PERIOD)]}


def test_a_matrix_is_every_unit_of_every_period(project: Callable[..., Path]) -> None:
    root = project(UNITS, matrix={"parameter": "product_id", "units": {"PR1": "PR1", "south": "PR/2"}})
    made = plans(root, periods=["2025-11", "2025-12"])
    assert [(one.period, one.unit) for one in made] == [
        ("2025-11", "PR1"), ("2025-11", "south"), ("2025-12", "PR1"), ("2025-12", "south")]
    assert made[1].bound["10_one"] == {"period": "2025-11", "product_id": "PR/2"}
    assert made[1].target == root / "reports/published/monthly/2025-11/south"
    assert [one.unit for one in plans(root, periods=["2025-12"], unit="south")] == ["south"]


def test_the_definition_says_how_many_periods_there_are(project: Callable[..., Path], opened: list[Any]) -> None:
    root = project(CELLS, matrix={"periods": 3})
    assert [one.period for one in plans(root)] == ["2025-10", "2025-11", "2025-12"]
    assert [one.period for one in plans(root, period="2025-07")] == ["2025-07"]
    root = project(CELLS, matrix={"periods": ["2025-12", "2025-03"]})
    assert [one.period for one in plans(root)] == ["2025-03", "2025-12"]


@pytest.mark.parametrize(
    ("matrix", "asked", "message"),
    [
        ({}, {"unit": "PR1"}, "unit: got 'PR1', but monthly.yml has no matrix of units"),
        ({"parameter": "product_id", "units": ["PR1"]}, {"unit": "PR2"}, "unit: got 'PR2'. Known: all, PR1"),
        ({"parameter": "product_id", "units": ["PR1"]}, {"product_id": "PR1"}, "Name the unit: --unit"),
        ({"parameter": "produkt", "units": ["PR1"]}, {}, "'produkt', which no notebook declares"),
        ({"parameter": "product_id", "units": "all"}, {}, "units: all, but there is no workbook. List the units"),
    ],
)
def test_a_unit_that_cannot_be_meant_is_refused(
    project: Callable[..., Path], matrix: dict[str, Any], asked: dict[str, Any], message: str
) -> None:
    with pytest.raises((ParameterError, ReportError), match=message):
        plans(project(UNITS, matrix=matrix), periods=["2025-12"], **asked)


def test_units_all_are_those_of_the_workbook_by_name(project: Callable[..., Path]) -> None:
    cells = {"10_one": ["# One", ("parameters", f'workbook: str = "data"\n{PERIOD}\nproduct_id: str = "A"')]}
    root = project(cells, matrix={"parameter": "product_id", "units": "all"})
    (root / "data").mkdir()
    (root / "data" / "products.csv").write_text("product_id,name\nB,Beacon\nA,Anemometer\n", encoding="utf-8")
    for _ in range(2):  # the second time from what is kept
        made = plans(root, periods=["2025-12"])
        assert [(one.unit, one.unit_name) for one in made] == [("A", "Anemometer"), ("B", "Beacon")]
    with (root / "data" / "products.csv").open("a", encoding="utf-8") as file:
        file.write("../C,Compass\n")
    with pytest.raises(ReportError, match=r"unit '\.\./C': allowed letters, digits"):
        plans(root, periods=["2025-12"])


def test_the_key_of_a_notebook_is_moved_by_its_cells_parameters_and_tables_and_by_nothing_else(
    project: Callable[..., Path], notebook: Callable[..., Path]
) -> None:
    cells = {"10_one": ["# One", ("parameters", f'workbook: str = "data"\n{PERIOD}'), "1"],
             "20_two": ["# Two", ("parameters", PERIOD)]}
    root = project(cells)
    (root / "data").mkdir()
    table = root / "data" / "products.csv"
    table.write_text("product_id,name\nA,Anemometer\n", encoding="utf-8")
    first = plan(root, period="2025-12").keys
    assert plan(root, period="2025-12").keys == first
    other = plan(root, period="2025-11").keys
    assert all(first[name] != other[name] for name in first)
    path = notebook(root / "notebooks/10_one.ipynb", *cells["10_one"][:2], "2")
    changed = plan(root, period="2025-12").keys
    assert (changed["10_one"] != first["10_one"], changed["20_two"]) == (True, first["20_two"])
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["2"]}]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert plan(root, period="2025-12").keys == changed
    table.write_text("product_id,name\nA,Barometer\n", encoding="utf-8")
    assert all(value != changed[name] for name, value in plan(root, period="2025-12").keys.items())


def test_an_earlier_delivery_is_a_workbook_whose_tables_move_the_key_of_the_notebook_that_reads_it(
    project: Callable[..., Path]
) -> None:
    own = 'workbook: str = "data"\nearlier: str | None = None'
    root = project({"10_one": ["# One", ("parameters", f"{own}\n{PERIOD}")],
                    "20_two": ["# Two", ("parameters", PERIOD)]})
    for name in ("data", "last"):
        (root / name).mkdir()
        (root / name / "products.csv").write_text("product_id,name\nA,Anemometer\n", encoding="utf-8")
    alone, first = plan(root, period="2025-12").keys, plan(root, period="2025-12", earlier="last").keys
    (root / "last/products.csv").write_text("product_id,name\nA,Barometer\n", encoding="utf-8")
    moved = plan(root, period="2025-12", earlier="last").keys
    assert len({keys["10_one"] for keys in (alone, first, moved)}) == 3
    assert len({keys["20_two"] for keys in (alone, first, moved)}) == 1
    with pytest.raises(ParameterError, match="parameter earlier: got '../last', which leads out of the project"):
        plan(root, period="2025-12", earlier="../last")


def test_a_workbook_is_opened_once_as_long_as_its_files_stay(
    project: Callable[..., Path], opened: list[Any]
) -> None:
    root = project(CELLS)
    (root / "data/book").mkdir(parents=True)
    (root / "data/book/projects.csv").write_text("project_id\nP1\n", encoding="utf-8")
    assert plan(root).company == plan(root).company == "Quill & Co"
    assert opened == [root / "data/book"]
    (root / "data/book/projects.csv").write_text("project_id\nP2\n", encoding="utf-8")
    plan(root)
    assert opened == [root / "data/book"] * 2


@pytest.mark.parametrize("outside", ["../elsewhere", "data/\0x"])
def test_no_parameter_names_a_path_outside(project: Callable[..., Path], opened: list[Any], outside: str) -> None:
    with pytest.raises(ParameterError, match="workbook"):
        plan(project(CELLS), workbook=outside)
    assert opened == []
