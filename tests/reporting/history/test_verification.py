from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pmlib.errors import ReportError
from pmlib.reporting.definition import load_definition
from pmlib.reporting.history import verification
from pmlib.reporting.history.verification import Verification, verify
from pmlib.reporting.plan import plan_reports
from pmlib.reporting.publish import hashes
from pmlib.reporting.render import render

PARAMETERS = ("parameters", 'period: str = "2025-12"  # month\nworkbook: str = "data"\nregion: str | None = None\n'
                            "factor: int = 2")
RECORDS = """
import pandas as pd, pmlib
class Answer:
    def summary(self):
        return f"{len(rows)} rows for {region} in {period}."
    def headline(self):
        return {f"{rows['opex_k'].sum():,}": "k EUR"}
rows = pd.read_csv(f"{workbook}/budgets.csv").assign(opex_k=lambda one: one.opex_k * factor + int(period[-2:]))
pmlib.record(Answer(), {"budgets": rows})
"""
CELLS = {"10_one": ["# One", PARAMETERS, RECORDS], "20_two": ["# Two", PARAMETERS, "f'{region} in {period}'"]}
MATRIX = {"parameter": "region", "units": ["north", "south"]}
BUDGETS = "programme_id,year,opex_k\nG1,2026,5\nG2,2026,7\n"


def run_here(job: dict[str, Any]) -> dict[str, Any]:
    """Run a notebook without a kernel: its code alone, in this process."""
    notebook = nbformat.read(job["notebook"], as_version=4)
    shutil.copyfile(job["notebook"], job["output"])
    names: dict[str, Any] = {}
    cause = None
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(job["cwd"])
        for name, value in job["env"].items():
            patch.setenv(name, value)
        for cell in notebook.cells:
            try:
                if cell.cell_type == "code":
                    exec(cell.source, names)
            except Exception as error:
                cause = f"{type(error).__name__}: {error}"
            names |= job["parameters"] if "parameters" in cell.metadata.get("tags", []) else {}
    return {"name": job["name"], "status": "failed" if cause else "ok", "seconds": 0.1, "cause": cause, "detail": "",
            "tries": 1, "cell_seconds": [0.1]}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pmlib.reporting.executed.run_notebook", run_here)
    monkeypatch.setattr("pmlib.reporting.render._warm", lambda cold: nullcontext())


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where verifications work, and leave nothing."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def made(project: Callable[..., Path]) -> Path:
    """A project with a workbook, one report with two regions and one without, nothing published yet."""
    root = project(CELLS, name="regions", matrix=MATRIX)
    project(CELLS, formats=["html", "ipynb", "xlsx"])
    (root / "data").mkdir()
    (root / "data" / "budgets.csv").write_text(BUDGETS, encoding="utf-8")
    return root


def publish(root: Path, *periods: str, name: str = "monthly", unit: str = "all", **asked: str) -> list[Path]:
    jobs = plan_reports(load_definition(name, root), root, asked, periods=periods, unit=unit)
    return [one.folder for one in render(jobs, 1).reports]


def check(root: Path, name: str = "monthly", **options: Any) -> Verification:
    return verify(load_definition(name, root), root, **{"workers": 1, **options})


def state(root: Path) -> dict[str, tuple[int, int]]:
    about = {path: path.lstat() for path in (root / "reports" / "published").rglob("*")}
    return {str(path): (one.st_mtime_ns, one.st_ino) for path, one in about.items()}


def sign_again(folder: Path, **changes: Any) -> None:
    """Alter a manifest so that all its hashes agree."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    files = {name: value for name, value in hashes(folder).items() if name != "manifest.json"}
    path.write_text(json.dumps({**content, "files": files, **changes}), encoding="utf-8")


def test_reports_of_real_kernels_come_out_the_same_byte_for_byte(made: Path, temporary: Path) -> None:
    publish(made, "2025-11", "2025-12", name="regions", unit="north")
    before = state(made)
    found = check(made, "regions")
    assert found.lines() == ["regions 2025-11 north: 7 files come out the same, byte for byte",
                             "regions 2025-12 north: 9 files come out the same, byte for byte"]
    assert (found.exit_code, found.summary()) == (0, "2 of 2 reports hold.")
    assert state(made) == before
    assert not list(temporary.iterdir())


@pytest.fixture
def published(made: Path, quick: None) -> list[Path]:
    """Two periods of the report, with kernels that are none."""
    return publish(made, "2025-11", "2025-12")


def test_what_holds_is_told_in_a_line_a_frame_and_a_figure(made: Path, published: list[Path]) -> None:
    found = check(made)
    assert found.lines()[1] == "monthly 2025-12: 10 files come out the same, byte for byte"
    assert found.headline() == {"2 of 2": "reports hold"}
    assert repr(found) == "<Verification: 2 of 2 reports hold.>"
    assert found.to_frame()["holds"].tolist() == [True, True]
    assert [one.name for one in check(made, period="2025-12").reports] == ["monthly 2025-12"]


def test_altered_files_are_named(made: Path, published: list[Path]) -> None:
    names = ("10_one.html", "10_one.ipynb", "changes.csv", "index.html", "report.xlsx", "summary.json",
             "tables/10_one/budgets.csv", "tables/10_one/budgets.parquet")
    for name in names:
        (published[1] / name).write_bytes((published[1] / name).read_bytes() + b" ")
    [one] = check(made, period="2025-12").reports
    assert (one.holds, one.damaged) == (False, names)
    assert one.line() == (f"monthly 2025-12: damaged: {', '.join(names[:6])} and 2 more; "
                          "10 files come out the same, byte for byte")


def test_a_file_that_came_or_went_is_named(made: Path, published: list[Path]) -> None:
    (published[1] / "summary.json").unlink()
    (published[1] / "more.txt").touch()
    [one] = check(made, period="2025-12").reports
    assert (one.damaged, one.holds) == (("more.txt", "summary.json"), False)


@pytest.mark.parametrize("changes", [
    {"run_id": "00000000"}, {"status": "partial", "decided": "All is well.", "period": "2025-10"},
    {"parameters": {"period": "2025-12", "factor": 3}, "versions": {}},
    {"asked": [], "inputs": [1], "notebooks": None, "execution": "x"},
])  # fmt: skip
def test_an_altered_manifest_is_named(made: Path, published: list[Path], changes: dict[str, Any]) -> None:
    sign_again(published[1], **changes)
    [one] = check(made, period="2025-12").reports
    assert (one.damaged, one.differing, one.cause) == ((), ("manifest.json",), "")
    assert one.line().startswith("monthly 2025-12: comes out otherwise: manifest.json (all tables and answers are the")


@pytest.mark.parametrize("content", ['{"files": 3}', "{half"])
def test_a_manifest_that_cannot_be_read_is_told(made: Path, published: list[Path], content: str) -> None:
    (published[1] / "manifest.json").write_text(content, encoding="utf-8")
    found = check(made)
    assert [one.holds for one in found.reports] == [True, False]
    assert "manifest.json cannot be read, or lists no files. Render the period again." in found.lines()[1]


def test_numbers_altered_together_with_their_hashes_do_not_come_out(made: Path, published: list[Path]) -> None:
    folder = published[1]
    for name in ("tables/10_one/budgets.csv", "summary.json", "10_one.html"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(re.sub(r"\b22\b", "99", text) + "\n", encoding="utf-8")
    sign_again(folder)
    [one] = check(made, period="2025-12").reports
    assert (one.damaged, one.moved) == ((), ())
    assert one.differing == ("10_one.html", "manifest.json", "summary.json", "tables/10_one/budgets.csv")
    assert not one.holds


@pytest.mark.parametrize("before", ["2025-12", "2026-01"])
def test_a_report_is_no_proof_of_itself(made: Path, published: list[Path], before: str) -> None:
    (published[1] / "summary.json").write_text("{}", encoding="utf-8")
    sign_again(published[1], changes={"before": before, "sentences": []})
    [one] = check(made, period="2025-12").reports
    assert not one.holds
    assert {"manifest.json", "summary.json"} <= set(one.differing)


@pytest.mark.parametrize("before", ["../../../data", ["2025-11"]])
def test_a_manifest_leads_nowhere_else(made: Path, published: list[Path], before: Any) -> None:
    sign_again(published[1], changes={"before": before, "sentences": []})
    [one] = check(made, period="2025-12").reports
    assert one.moved == (f"period {before}, which is gone",)
    assert "manifest.json" in one.differing


def test_numbers_are_compared_also_when_the_period_before_is_gone(made: Path, published: list[Path]) -> None:
    shutil.rmtree(published[0])
    [one] = check(made).reports
    assert one.line() == (
        "monthly 2025-12: comes out otherwise: 10_one.html, 20_two.html, changes.csv, changes.parquet, index.html, "
        "manifest.json and 1 more (all tables and answers are the same); since then changed: period 2025-11, which is "
        "gone")


def test_another_input_table_is_named_and_what_it_changes(made: Path, published: list[Path]) -> None:
    (made / "data" / "budgets.csv").write_text(BUDGETS.replace("7", "8"), encoding="utf-8")
    [one] = check(made, period="2025-12").reports
    assert (one.damaged, one.moved) == ((), ("table budgets",))
    assert {"summary.json", "tables/10_one/budgets.csv"} <= set(one.differing)
    assert one.line().endswith("; since then changed: table budgets")
    assert "all tables and answers" not in one.line()


def test_another_notebook_is_named_and_that_the_numbers_stay(
    made: Path, published: list[Path], notebook: Callable[..., Path]
) -> None:
    notebook(made / "notebooks" / "20_two.ipynb", "# Two", PARAMETERS, "f'{region} in {period}!'")
    [one] = check(made, period="2025-12").reports
    assert one.moved == ("notebook 20_two",)
    assert "(all tables and answers are the same)" in one.line()


def test_another_version_is_named(made: Path, published: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    later = {**verification.versions(), "numpy": "99.0"}
    for place in ("pmlib.reporting.plan", "pmlib.reporting.history.verification", "pmlib.reporting.dressing"):
        monkeypatch.setattr(f"{place}.versions", lambda: later)
    [one] = check(made, period="2025-12").reports
    assert one.moved == ("version of numpy",)


def test_another_parameter_of_the_definition_is_named(made: Path, published: list[Path]) -> None:
    path = made / "reports" / "monthly.yml"
    path.write_text(path.read_text(encoding="utf-8") + "parameters: {factor: 3}\n", encoding="utf-8")
    [one] = check(made, period="2025-12").reports
    assert one.moved == ("parameter factor",)
    assert "summary.json" in one.differing


def test_another_title_or_period_before_is_named(made: Path, published: list[Path]) -> None:
    path = made / "reports" / "monthly.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Monthly", "Our"), encoding="utf-8")
    [one] = check(made, period="2025-12").reports
    assert one.moved == ("the definition, the templates or the period before",)
    assert "index.html" in one.differing


def test_a_what_if_is_verified_with_its_question(made: Path, quick: None) -> None:
    [folder] = publish(made, "2025-12", factor="5")
    assert "what if" in (folder / "index.html").read_text(encoding="utf-8")
    assert check(made).exit_code == 0


def test_a_report_published_in_part_holds_when_it_fails_the_same_way(
    made: Path, quick: None, notebook: Callable[..., Path]
) -> None:
    notebook(made / "notebooks" / "20_two.ipynb", "# Two", PARAMETERS, "1 / 0")
    [folder] = publish(made, "2025-12")
    assert (folder / "error.txt").is_file()
    assert check(made).lines() == ["monthly 2025-12: 8 files come out the same, byte for byte"]


def test_a_report_that_cannot_be_rendered_again_says_why_and_leaves_nothing(
    made: Path, published: list[Path], notebook: Callable[..., Path], temporary: Path
) -> None:
    notebook(made / "notebooks" / "20_two.ipynb", "# Two", PARAMETERS, "1 / 0")
    before = state(made)
    [one] = check(made, period="2025-12").reports
    assert one.line() == ("monthly 2025-12: cannot be rendered again: monthly 2025-12: 1 of 2 notebooks published. "
                          "20_two failed: ZeroDivisionError: division by zero.; since then changed: notebook 20_two")
    assert state(made) == before
    assert not list(temporary.iterdir())


def test_an_interruption_leaves_nothing(
    made: Path, published: list[Path], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt("stopped")

    monkeypatch.setattr("pmlib.reporting.render.render", stop)
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        check(made)
    assert not list(temporary.iterdir())


def test_a_report_that_has_units_by_now_is_told(made: Path, published: list[Path]) -> None:
    path = made / "reports" / "monthly.yml"
    text = path.read_text(encoding="utf-8") + "matrix: {parameter: region, units: [north, south]}\n"
    path.write_text(text, encoding="utf-8")
    assert "monthly.yml has units now" in check(made).lines()[0]


@pytest.mark.parametrize(("options", "message"), [
    ({"period": "2025-10"}, r"regions 2025-10 is not published\. Known: 2025-12/north, 2025-12/south\. Did you mean"),
    ({"unit": "nort"}, r"regions nort is not published\. Known: north, south\. Did you mean 'north'\?"),
    ({"unit": "nort", "period": "2025-12"}, r"regions 2025-12/nort is not published\. Known: 2025-12/north, "),
])  # fmt: skip
def test_what_is_not_published_is_told_with_what_is(
    made: Path, quick: None, options: dict[str, str], message: str
) -> None:
    publish(made, "2025-12", name="regions")
    assert [one.name for one in check(made, "regions", unit="south").reports] == ["regions 2025-12 south"]
    with pytest.raises(ReportError, match=message):
        check(made, "regions", **options)


def test_before_the_first_publication_there_is_nothing_to_verify(made: Path) -> None:
    with pytest.raises(ReportError, match=r"monthly: nothing is published\. Render it first: pmlib report monthly\."):
        check(made)
    assert not (made / "reports" / "published").exists()


def test_what_lies_behind_a_link_is_verified_and_not_touched(
    made: Path, published: list[Path], tmp_path: Path
) -> None:
    published[0].rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", published[0])
    before = state(made)
    assert check(made).exit_code == 0
    assert state(made) == before
