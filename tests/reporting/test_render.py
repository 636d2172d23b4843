from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from pmlib.errors import ParameterError, ReportError
from pmlib.reporting.definition import load_definition
from pmlib.reporting.executed import execute
from pmlib.reporting.freshness import refuse_other_workbook
from pmlib.reporting.outcomes import Rendered
from pmlib.reporting.plan import Plan, plan_reports
from pmlib.reporting.publish import hashes, hold
from pmlib.reporting.render import render

PARAMETERS = ("parameters", "period: str | None = None  # month YYYY-MM")
NASTY = "<script>alert(1)</script>"
LAST_CELL = f'''
import pandas as pd
from pmlib.reporting import record
class Answer:
    def summary(self): return "Start {NASTY} and =1+1 in " + period
    def headline(self): return {{"41.2 M": "EUR of {NASTY}"}}
record(Answer(), tables={{"all": pd.DataFrame({{"name": ["{NASTY}", "=1+1"], "value": [1.0, -2.0]}})}})
'''
# Kills itself at the n-th change of the file system anywhere in a run, for many n.
KILLED = """
import os, signal, sys
from pathlib import Path
from concurrent.futures import Executor, Future
import shutil, nbformat, papermill, pandas
from pmlib.reporting.definition import load_definition
from pmlib.reporting.export import PageWriter
from pmlib.reporting import executed
from pmlib.reporting.plan import plan_reports
from pmlib.reporting.publish import hashes, read_manifest
from pmlib.reporting.render import render
root = Path(sys.argv[1])
class Copies(Executor):
    def submit(self, fn, job):
        future = Future()
        future.set_result(fn(job))
        return future
def run_notebook(job):
    shutil.copyfile(job["notebook"], job["output"])
    return {"name": job["name"], "status": "ok", "seconds": 0.1, "cause": None, "detail": None}
executed.run_notebook = run_notebook
def run():
    plans = plan_reports(load_definition("monthly", root), root, {"period": "2025-12"})
    assert render(plans, Copies(), wait_s=5, cold=True, force=True).exit_code == 0
def state():
    folder = root / "reports/published/monthly/2025-12"
    if not folder.exists():
        return "absent"
    manifest = read_manifest(folder)
    found = {name: value for name, value in hashes(folder).items() if name != "manifest.json"}
    assert found == manifest["files"], (kill_at, found)
    return manifest["finished"]
left = [0]
def watch(event, args):
    written = event == "open" and args[1] in ("w", "wb", "rb+")
    if written or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir"):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
states, killed, kill_at = set(), 0, 0
while True:
    kill_at += 3
    child = os.fork()
    if child == 0:
        left[0] = kill_at
        try:
            run()
        finally:
            left[0] = 0
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    states.add(state())
    if os.WIFEXITED(status):
        break
    killed += 1
temporary = [path.name for path in (root / "reports/published/.tmp").iterdir()]
print(killed, len(states), "absent" in states, os.WEXITSTATUS(status), temporary)
"""


def plans(root: Path, period: str = "2025-12", **asked: str) -> list[Plan]:
    return plan_reports(load_definition("monthly", root), root, {"period": period, **asked})


@pytest.fixture
def go(project: Callable[..., Path], kernels: Any) -> Callable[..., Rendered]:
    def run(root: Path | None = None, *, period: str = "2025-12", **fake: Any) -> Rendered:
        where = root or project()
        return render(plans(where, period=period), kernels(**fake), wait_s=0.3, cold=True, force=True).reports[0]

    return run


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def test_a_report_runs_in_real_kernels_side_by_side(
    project: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    root = project({
        "10_one": ["# One", PARAMETERS, ("setup", "'hidden'"), LAST_CELL],
        "20_two": ["# Two", PARAMETERS, "f'Two in {period}.'", "1 / 0"],
        "30_three": ["# Three", PARAMETERS, "f'Three in {period}.'"],
    })  # fmt: skip
    [done] = render(plans(root), 2).reports
    assert (done.status, done.exit_code) == ("partial", 1)
    assert [run.status for run in done.notebooks] == ["ok", "failed", "ok"]
    files = hashes(done.folder)
    assert {name for name in files if "/" not in name} == {
        "10_one.html", "10_one.ipynb", "20_two.ipynb", "30_three.html", "30_three.ipynb", "error.txt", "index.html",
        "manifest.json", "summary.json",
    }  # fmt: skip
    assert '<p class="answer">Three in 2025-12.</p>' in (done.folder / "30_three.html").read_text(encoding="utf-8")
    assert "source line 1: 1 / 0" in (done.folder / "error.txt").read_text(encoding="utf-8")
    assert_data_is_no_markup(done)
    assert capfd.readouterr() == ("", "")


def test_a_published_notebook_is_valid_and_runs_again_where_it_lies(project: Callable[..., Path]) -> None:
    cells = ["# One", PARAMETERS, "from pmlib.project import find_project\nf'{period} in {find_project().name}'"]
    root = project({"10_one": cells})
    folder = render(plans(root, period="2025-11"), 1).reports[0].folder
    published = nbformat.read(folder / "10_one.ipynb", as_version=4)
    nbformat.validate(published)
    said = published.cells[-1].outputs[0].data["text/plain"]
    NotebookClient(published, resources={"metadata": {"path": str(folder)}}).execute()
    assert published.cells[-1].outputs[0].data["text/plain"] == said == "'2025-11 in project'"


def assert_data_is_no_markup(done: Rendered) -> None:
    for page in [*done.folder.glob("*.html"), done.index]:
        assert "<script" not in page.read_text(encoding="utf-8")
    assert "Start &lt;script&gt;alert(1)&lt;/script&gt; and =1+1" in done.index.read_text(encoding="utf-8")
    assert "EUR of &lt;script&gt;" in (done.folder / "index.html").read_text(encoding="utf-8")
    table = (done.folder / "tables/10_one/all.csv").read_text(encoding="utf-8")
    assert table == f"name,value\n{NASTY},1.0\n'=1+1,-2.0\n"
    exact = pd.read_parquet(done.folder / "tables/10_one/all.parquet")
    assert exact["name"].tolist() == [NASTY, "=1+1"]


def test_the_manifest_says_what_was_read_run_and_written(go: Callable[..., Rendered], answer: Any) -> None:
    done = go(answers={"10_one": answer("Fine.")})
    said = manifest(done.folder)
    assert said.keys() == {
        "format", "report", "title", "period", "unit", "unit_name", "run_id", "status", "notebooks", "files",
        "parameters", "asked", "seeds", "inputs", "source", "notebook_sources", "execution", "dressing", "decided",
        "changes", "corrected", "versions", "git", "started", "finished", "workbook",
    }  # fmt: skip
    assert (said["status"], said["unit"], said["git"]) == ("ok", None, None)
    assert said["notebooks"][0].keys() == {
        "name", "status", "seconds", "cause", "missing_tables", "cell_seconds", "tries"}
    assert said["files"] == {name: value for name, value in hashes(done.folder).items() if name != "manifest.json"}
    assert said["parameters"] == {"period": "2025-12"}


def test_a_project_under_git_is_named_by_its_commit(project: Callable[..., Path], go: Callable[..., Rendered]) -> None:
    root = project()
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    said = manifest(go(root).folder)["git"]
    assert (len(said["commit"]), said["dirty"]) == (40, False)
    (root / "notes.txt").touch()
    assert manifest(go(root).folder)["git"] == {**said, "dirty": True}


def test_a_failure_over_a_good_report_leaves_it_whole(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    root = project()
    good = go(root)
    before = hashes(good.folder)
    failed = go(root, causes={"20_two": "cell [2]: ValueError: no"})
    assert hashes(good.folder) == before
    assert failed.folder.parent == good.folder.parent / "failed"
    assert failed.folder.name.startswith("2025-12-")
    assert manifest(failed.folder)["status"] == "partial"
    assert go(root, causes={"20_two": "x"}).folder != failed.folder


def test_the_first_report_of_a_period_is_published_in_part_and_mended_later(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    root = project()
    part = go(root, causes={"20_two": "cell [2]: ValueError: no"})
    assert (part.exit_code, part.folder.name) == (1, "2025-12")
    assert {path.name for path in part.folder.glob("*.html")} == {"10_one.html", "index.html"}
    whole = go(root)
    assert (whole.exit_code, whole.folder) == (0, part.folder)
    assert {path.name for path in whole.folder.iterdir()} >= {"20_two.html"}
    assert not (whole.folder / "error.txt").exists()


def test_what_a_failed_notebook_recorded_is_not_published(go: Callable[..., Rendered], answer: Any) -> None:
    done = go(answers={"10_one": answer("a"), "20_two": answer("b")}, causes={"20_two": "x"})
    assert json.loads((done.folder / "summary.json").read_text(encoding="utf-8")).keys() == {"10_one"}


def test_a_notebook_without_its_tables_is_skipped_and_the_report_is_complete(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    done = go(project(needs={"20_two": ["surveys"]}))
    assert (done.status, done.exit_code) == ("ok", 0)
    assert done.notebooks[1].missing_tables == ("surveys",)
    assert done.notebooks[1].cause == "needs surveys (not there)"


@pytest.fixture
def blocked(project: Callable[..., Path]) -> Path:
    """A project whose workbook holds products and a table of budgets that cannot be used."""
    cells = [PARAMETERS, "# One"]
    root = project(
        {"10_one": [("parameters", f'{PARAMETERS[1]}\nworkbook: str = "data"')], "20_two": cells, "30_three": cells},
        needs={"30_three": ["products"]},
    )
    (root / "data").mkdir()
    (root / "data" / "products.csv").write_text("product_id,name\nA,Anemometer\n", encoding="utf-8")
    (root / "data" / "budgets.csv").write_text("programme_id,year\nG1,soon\n", encoding="utf-8")
    return root


BUDGETS = "cell [3]: BlockedTableError: Table 'budgets' is blocked: because. Mend it, or take it out."


@pytest.mark.parametrize(
    ("causes", "code"),
    [({}, 0), ({"20_two": BUDGETS}, 2), ({"20_two": BUDGETS, "30_three": "x"}, 1), ({"30_three": "budgets: x"}, 1)],
)
def test_a_report_stopped_by_a_blocked_table_alone_ends_with_2(
    blocked: Path, go: Callable[..., Rendered], causes: dict[str, str], code: int
) -> None:
    done = go(blocked, causes=causes)
    assert (done.exit_code, done.status) == (code, "partial" if code else "ok")
    assert done.notebooks[0].status == "ok"
    assert done.notebooks[1].missing_tables == (("budgets",) if "20_two" in causes else ())


def test_the_period_page_says_which_table_is_blocked_and_why(blocked: Path, go: Callable[..., Rendered]) -> None:
    done = go(blocked, causes={"20_two": BUDGETS})
    page = (done.folder / "index.html").read_text(encoding="utf-8")
    assert '<p class="note">Table budgets is blocked: ' in page
    assert "What asks for it is not shown; mend it and run the report again." in page
    assert "is blocked: because. Mend it, or take it out.</p>" in page.replace("&#39;", "'")
    assert ".." not in done.summary()


def test_the_period_page_says_how_many_rows_no_figure_counts(blocked: Path, go: Callable[..., Rendered]) -> None:
    with (blocked / "data" / "products.csv").open("a", encoding="utf-8") as file:
        file.write("B,\nC,Compass\n")
    page = (go(blocked).folder / "index.html").read_text(encoding="utf-8")
    assert '<p class="note">1 of 3 rows of products is set aside. No figure here counts them.</p>' in page


def test_a_period_rendered_again_names_the_late_correction_and_nothing_else(
    blocked: Path, go: Callable[..., Rendered]
) -> None:
    budgets = blocked / "data" / "budgets.csv"
    budgets.write_text("programme_id,year,opex_k,valid_from\nG1,2026,5,2025-01-01\n", encoding="utf-8")
    assert manifest(go(blocked).folder)["corrected"] == ""
    with budgets.open("a", encoding="utf-8") as file:
        file.write("G1,2026,7,2026-01-15\n")
    assert manifest(go(blocked).folder)["corrected"] == ""
    budgets.write_text(budgets.read_text(encoding="utf-8").replace("2026,5,", "2026,6,"), encoding="utf-8")
    done = go(blocked)
    assert manifest(done.folder)["corrected"] == "Corrected since: budgets (1 changed: G1 · 2026)."
    page = (done.folder / "index.html").read_text(encoding="utf-8")
    assert "first rendered from other figures. Corrected since: budgets (1 changed: G1 · 2026)." in page
    assert "Corrected since" in (go(blocked).folder / "index.html").read_text(encoding="utf-8")


def test_a_notebook_that_asks_for_a_blocked_table_fails_with_one_line(
    project: Callable[..., Path], blocked: Path
) -> None:
    code = "from pmlib.workbook import open_workbook\nopen_workbook(workbook).get('budgets')"
    root = project({"10_one": [("parameters", f'{PARAMETERS[1]}\nworkbook: str = "data"'), code]})
    [done] = render(plans(root), 1).reports
    assert (done.exit_code, done.notebooks[0].missing_tables) == (2, ("budgets",))
    assert (done.notebooks[0].cause or "").startswith("cell [3]: BlockedTableError: Table 'budgets' is blocked: ")


def test_rendering_one_period_touches_no_other(project: Callable[..., Path], go: Callable[..., Rendered]) -> None:
    root = project()
    first = go(root, period="2025-11")
    stamps = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    go(root, period="2025-12")
    assert stamps == {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}


def test_formats_that_are_not_asked_for_are_not_there(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    assert not list(go(project(formats=["html"])).folder.glob("*.ipynb"))
    assert {path.name for path in go(project(formats=["ipynb"])).folder.glob("*.html")} == {"index.html"}


def test_each_job_is_a_plain_dict_with_its_own_record(project: Callable[..., Path], kernels: Any) -> None:
    root, fake = project(), kernels()
    render(plans(root), fake, cold=True)
    assert json.loads(json.dumps(fake.jobs)) == fake.jobs
    assert [job["env"]["PMLIB_NOTEBOOK"] for job in fake.jobs] == ["10_one", "20_two"]
    assert {job["env"]["PMLIB_PROJECT"] for job in fake.jobs} == {str(root)}


def test_a_worker_that_dies_costs_its_own_notebook_only(
    go: Callable[..., Rendered], kernels: Any, monkeypatch: Any
) -> None:
    plain = kernels.submit

    def submit(self: Any, fn: Any, job: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("killed"))
        return future if fn is execute and job["name"] == "20_two" else plain(self, fn, job)

    monkeypatch.setattr(kernels, "submit", submit)
    done = go()
    assert [run.status for run in done.notebooks] == ["ok", "failed"]
    assert done.notebooks[1].cause == "its worker ended: RuntimeError: killed"


def test_a_wrong_parameter_is_refused_before_anything_is_written(project: Callable[..., Path], kernels: Any) -> None:
    root = project()
    with pytest.raises(ParameterError, match="Did you mean 'period'"):
        render(plans(root, perod="2025-12"), kernels(), cold=True)
    assert not (root / "reports" / "published").exists()


def test_a_second_run_waits_and_then_says_who_is_at_it(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    root = project()
    with hold(root / "reports" / "published", "monthly.2025-12"):
        done = go(root)
    assert (done.exit_code, done.status) == (75, "locked")
    assert re.search(rf"held by pid {os.getpid()} on \S+\. Wait for it to end, or end it", done.cause)
    assert go(root).status == "ok"


def test_the_result_is_a_sentence_and_a_frame(go: Callable[..., Rendered]) -> None:
    done = go(causes={"20_two": "cell [2]: x"})
    assert repr(done) == "<Rendered: monthly 2025-12: 1 of 2 notebooks published. 20_two failed: cell [2]: x.>"
    assert done.to_frame()["status"].tolist() == ["ok", "failed"]
    assert done.headline() == {"1 of 2": "notebooks published", "partial": "state of the report"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_kill_anywhere_in_a_run_leaves_the_folder_whole_or_absent(project: Callable[..., Path]) -> None:
    root = project({"10_one": ["# One", PARAMETERS]})
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(root)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    killed, states, absent, code, temporary = done.stdout.split(" ", 4)
    assert int(killed) >= 8
    assert int(states) >= 3  # absent, then more than one whole report in turn
    assert (absent, code, temporary.strip()) == ("True", "0", "[]")


def test_a_report_of_another_workbook_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "2025-12"
    target.mkdir()
    manifest = {"format": 1, "workbook": "data/quillmark"}
    (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    asked = SimpleNamespace(definition=SimpleNamespace(name="monthly"), name="monthly 2025-12", target=target,
                            workbook="mine")
    with pytest.raises(ReportError, match="holds the report of workbook 'data/quillmark', got 'mine'"):
        refuse_other_workbook(asked)  # type: ignore[arg-type]
    asked.workbook = "data/quillmark"
    refuse_other_workbook(asked)  # type: ignore[arg-type]
