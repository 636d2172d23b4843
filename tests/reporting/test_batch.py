from __future__ import annotations

import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmlib.reporting.definition import load_definition
from pmlib.reporting.execute import Inline
from pmlib.reporting.freshness import reasons
from pmlib.reporting.outcomes import Rendered, Reports
from pmlib.reporting.plan import Plan, plan_reports
from pmlib.reporting.publish import hashes, hold, read_manifest
from pmlib.reporting.record import write_json, write_table
from pmlib.reporting.render import render

PERIOD = "period: str | None = None  # month YYYY-MM"
PARAMETERS = ("parameters", PERIOD)
WITH_UNIT = ("parameters", f"{PERIOD}\nprogramme: str | None = None  # programme")
WITH_BOOK = ("parameters", f'{PERIOD}\nworkbook: str = "data"  # tables')
MONTHS = ["2025-10", "2025-11", "2025-12"]


def plans(root: Path, *periods: str, name: str = "monthly", unit: str = "all", **asked: object) -> list[Plan]:
    return plan_reports(load_definition(name, root), root, asked, periods=periods or ("2025-12",), unit=unit)


class Desk:
    """A project, and kernels that run nothing but say what was asked of them."""

    def __init__(self, root: Path, kernels: Any) -> None:
        self.root, self._kernels = root, kernels
        self.ran: list[str] = []

    @property
    def published(self) -> Path:
        return self.root / "reports" / "published"

    def render(self, *periods: str, name: str = "monthly", fake: Any = None, **given: Any) -> Reports:
        asked = {key: given.pop(key) for key in ("causes", "answers") if key in given}
        rendering = {key: given.pop(key) for key in ("wait_s", "force", "tell") if key in given}
        executor = fake or self._kernels(**asked)
        found = render(plans(self.root, *periods, name=name, **given), executor, cold=True, **rendering)
        self.ran = [job["name"] for job in getattr(executor, "jobs", [])]
        return found

    def one(self, *periods: str, **given: Any) -> Rendered:
        [rendered] = self.render(*periods, **given).reports
        return rendered

    def edit(self, name: str, source: str) -> None:
        path = self.root / "notebooks" / f"{name}.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        content["cells"][-1]["source"] = source
        path.write_text(json.dumps(content), encoding="utf-8")

    def cached(self, name: str, period: str = "2025-12") -> Path:
        manifest: Any = read_manifest(self.published / "monthly" / period)
        return self.published / ".cache" / "executed" / manifest["execution"][name][:32]


@pytest.fixture
def desk(project: Callable[..., Path], kernels: Any) -> Callable[..., Desk]:
    return lambda *cells, **keys: Desk(project(*cells, **keys), kernels)


def stamps(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def content(folder: Path) -> dict[str, str]:
    """Bytes of a report, apart from the times of its run."""
    return {name: value for name, value in hashes(folder).items() if not name.endswith(("manifest.json", ".ipynb"))}


# What need not run, and what must


def test_nothing_changed_and_nothing_runs_and_nothing_is_written(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.render(*MONTHS)
    before = stamps(at.published)
    again = at.render(*MONTHS)
    assert (at.ran, again.exit_code, [one.unchanged for one in again.reports]) == ([], 0, [True] * 3)
    assert stamps(at.published) == before


def test_a_stale_period_leaves_the_others_as_they_are(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.render(*MONTHS)
    before = stamps(at.published / "monthly" / "2025-10")
    shutil.rmtree(at.published / "monthly" / "2025-12")
    assert [one.unchanged for one in at.render(*MONTHS).reports] == [True, True, False]
    assert at.ran == []
    assert stamps(at.published / "monthly" / "2025-10") == before


def test_a_changed_cell_runs_its_notebook_alone(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.one()
    at.edit("20_two", "period: str | None = None  # the month")
    done = at.one()
    assert (at.ran, done.executed, done.reused) == (["20_two"], 1, 1)


def test_outputs_and_metadata_of_a_notebook_are_no_change(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.one()
    path = at.root / "notebooks" / "10_one.ipynb"
    source = nbformat.read(path, as_version=4)
    source.cells[1].outputs = [nbformat.v4.new_output("stream", text="seen")]
    source.cells[1].execution_count = 7
    source.metadata["language_info"] = {"name": "python", "version": "3.0"}
    nbformat.write(source, path)
    assert at.one().unchanged
    assert at.ran == []


def test_new_templates_make_pages_anew_and_run_no_notebook(
    desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = desk()
    at.one()
    monkeypatch.setattr("pmlib.reporting.dressing_key.dressing_code", lambda: "another template")
    done = at.one()
    assert (at.ran, done.executed, done.reused) == ([], 0, 2)
    assert at.one().unchanged


def test_a_new_title_makes_pages_anew_and_runs_no_notebook(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.one()
    path = at.root / "reports" / "monthly.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Monthly report", "The month"), encoding="utf-8")
    assert at.one().reused == 2
    assert at.ran == []
    assert "The month" in (at.published / "monthly/2025-12/index.html").read_text(encoding="utf-8")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "altered": lambda path: path.write_bytes(path.read_bytes() + b" "),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "emptied": lambda path: path.write_bytes(b""),
    "deleted": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", ["index.html", "20_two.ipynb"])
def test_a_damaged_published_file_is_put_right_without_running(
    desk: Callable[..., Desk], answer: Any, how: str, name: str
) -> None:
    at = desk()
    good = hashes(at.one(answers={"10_one": answer("Fine.")}).folder)
    DAMAGES[how](at.published / "monthly" / "2025-12" / name)
    assert reasons(plans(at.root)[0]) == [f"not as it was published: {name}"]
    done = at.one()
    assert (at.ran, done.executed, done.reused) == ([], 0, 2)
    assert {**hashes(done.folder), "manifest.json": good["manifest.json"]} == good


@pytest.mark.parametrize("how", ["truncated", "emptied", "deleted", "a folder", "a dangling link"])
def test_a_damaged_manifest_is_put_right_without_running(desk: Callable[..., Desk], how: str) -> None:
    at = desk()
    at.one()
    DAMAGES[how](at.published / "monthly" / "2025-12" / "manifest.json")
    assert at.one().reused == 2
    assert at.ran == []
    assert at.one().unchanged


def test_a_file_that_nobody_published_is_put_away(desk: Callable[..., Desk]) -> None:
    at = desk()
    stray = at.one().folder / "notes.txt"
    stray.touch()
    assert at.one().reused == 2
    assert not stray.exists()


@pytest.mark.parametrize("how", [*DAMAGES, "a list"])
@pytest.mark.parametrize("name", ["notebook.ipynb", "outcome.json"])
def test_a_damaged_copy_in_the_cache_runs_again(desk: Callable[..., Desk], answer: Any, how: str, name: str) -> None:
    at = desk()
    answers = {"10_one": answer("Fine.")}
    good = content(at.one(answers=answers).folder)
    damages = {**DAMAGES, "a list": lambda path: path.write_text("[]"), "altered": lambda path: path.write_text("{}")}
    damages[how](at.cached("10_one") / name)
    shutil.rmtree(at.published / "monthly")
    done = at.one(answers=answers)
    assert (at.ran, done.executed, done.reused) == (["10_one"], 1, 1)
    assert content(done.folder) == good


def test_without_its_cache_a_published_report_stays_fresh(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.render(*MONTHS)
    shutil.rmtree(at.published / ".cache")
    before = stamps(at.published)
    assert all(one.unchanged for one in at.render(*MONTHS).reports)
    assert (at.ran, stamps(at.published)) == ([], before)


def test_without_its_cache_a_later_period_waits_for_an_earlier_one_before_it_runs_anything(
    desk: Callable[..., Desk],
) -> None:
    at = desk()
    at.render(*MONTHS)
    shutil.rmtree(at.published / ".cache")
    shutil.rmtree(at.published / "monthly" / "2025-10")
    done = at.render(*MONTHS)
    assert [one.executed for one in done.reports] == [2, 0, 0]


def test_force_runs_every_notebook_once_and_replaces_what_is_kept(desk: Callable[..., Desk], answer: Any) -> None:
    at = desk()
    at.one(answers={"10_one": answer("Old.")})
    done = at.one(answers={"10_one": answer("New.")}, force=True)
    assert (at.ran, done.executed) == (["10_one", "20_two"], 2)
    shutil.rmtree(at.published / "monthly")
    assert at.one().decided == "New."
    assert at.ran == []


def test_a_forced_run_that_fails_leaves_report_and_cache_as_they_were(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.one()
    before = content(at.published / "monthly" / "2025-12"), hashes(at.published / ".cache" / "executed")
    assert at.one(causes={"20_two": "cell [1]: ValueError: no"}, force=True).exit_code == 1
    after = hashes(at.published / ".cache" / "executed")
    assert content(at.published / "monthly" / "2025-12") == before[0]
    assert {name: value for name, value in after.items() if not name.endswith(("outcome.json", ".ipynb"))} == {
        name: value for name, value in before[1].items() if not name.endswith(("outcome.json", ".ipynb"))}
    assert at.one().unchanged


def test_a_part_mended_runs_the_failed_notebook_alone(desk: Callable[..., Desk]) -> None:
    at = desk()
    part = at.one(causes={"20_two": "cell [1]: ValueError: no"})
    assert (part.status, part.exit_code, part.executed) == ("partial", 1, 2)
    whole = at.one()
    assert (at.ran, whole.status, whole.executed, whole.reused) == (["20_two"], "ok", 1, 1)


def test_a_what_if_and_the_report_as_defined_follow_each_other(desk: Callable[..., Desk]) -> None:
    at = desk({"10_one": [("parameters", f"{PERIOD}\nrate: float = 0.1  # a year")], "20_two": [PARAMETERS]})
    at.one()
    asked = at.one(rate="0.2")
    assert (at.ran, asked.reused) == (["10_one"], 1)
    assert "what if rate = 0.2" in (asked.folder / "index.html").read_text(encoding="utf-8")
    plain = at.one()
    assert (at.ran, plain.executed, plain.reused) == ([], 0, 2)
    assert "what if" not in (plain.folder / "index.html").read_text(encoding="utf-8")


def test_two_reports_share_the_execution_of_a_notebook(desk: Callable[..., Desk], project: Callable[..., Path]) -> None:
    at = desk()
    project(name="board", notebooks=["20_two"])
    at.render()
    assert at.one(name="board").reused == 1
    assert at.ran == []
    shutil.rmtree(at.published)
    both = [*plans(at.root), *plans(at.root, name="board")]
    fake = at._kernels()
    assert [one.executed for one in render(both, fake, cold=True).reports] == [2, 0]
    assert [job["name"] for job in fake.jobs] == ["10_one", "20_two"]


# Units and periods


def test_every_unit_and_period_has_its_folder_and_what_takes_no_unit_runs_once(desk: Callable[..., Desk]) -> None:
    at = desk({"10_one": [WITH_UNIT], "20_two": [PARAMETERS]},
              matrix={"parameter": "programme", "units": [f"G{n}" for n in range(5)]})
    done = at.render("2025-11", "2025-12")
    assert done.exit_code == 0
    assert {path.parent.relative_to(at.published / "monthly").as_posix()
            for path in at.published.glob("monthly/*/*/manifest.json")} == {
        f"{month}/G{n}" for month in ("2025-11", "2025-12") for n in range(5)}
    assert (at.ran.count("10_one"), at.ran.count("20_two")) == (10, 2)
    at.render("2025-11", "2025-12")
    assert at.ran == []


def test_a_failing_notebook_that_takes_no_unit_fails_once_for_all_units(desk: Callable[..., Desk]) -> None:
    at = desk({"10_one": [WITH_UNIT], "20_two": [PARAMETERS]},
              matrix={"parameter": "programme", "units": [f"G{n}" for n in range(9)]})
    done = at.render(causes={"20_two": "cell [1]: ValueError: no"})
    assert {one.status for one in done.reports} == {"partial"}
    assert at.ran.count("20_two") == 1


def numbers(job: dict[str, Any]) -> dict[str, Any]:
    """Stand in for a kernel: figures that differ from month to month."""
    folder, name, given = Path(job["folder"]), job["name"], job["parameters"]
    month = int(given["period"][-2:])
    shutil.copyfile(job["notebook"], job["output"])
    rows = pd.DataFrame({"project_id": ["P1", "P2"], "value_k": [month * 10.5, 7.0]})
    write_table(rows, folder / "tables" / name / "all")
    entry = {"summary": f"{name}: {month * 10.5} kEUR, {given.get('programme')}.", "figures": {},
             "headline": {f"{month * 10.5} k": "EUR"}, "tables": {}, "shown": {}, "sources": {}}
    write_json(folder / "summary.json", {name: entry})
    time.sleep(random.random() / 200)
    return {"name": name, "status": "ok", "seconds": 0.1, "cause": None, "detail": None, "tries": 1, "cell_seconds": []}


class Shuffled(Executor):
    """Ends jobs in another order than they came."""

    def __init__(self, seed: int) -> None:
        self._waiting: list[tuple[Future[Any], Any, Any]] = []
        self._random, self._changed = random.Random(seed), threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._changed:
            self._waiting.append((future, fn, args))
            self._changed.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.submit(exit)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                time.sleep(0.002)
                future, work, args = self._waiting.pop(self._random.randrange(len(self._waiting)))
            if work is exit:
                return
            try:
                future.set_result(work(*args))
            except Exception as error:
                future.set_exception(error)


@pytest.fixture
def in_order(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Executor, int], dict[str, str]]:
    monkeypatch.setattr("pmlib.reporting.executed.run_notebook", numbers)
    root = project({"10_one": [WITH_UNIT], "20_two": [PARAMETERS]},
                   matrix={"parameter": "programme", "units": ["G1", "G2"]},
                   audiences={"board": {"title": "The board", "one_page": True}}, formats=["html", "ipynb", "xlsx"])

    def run(executor: Executor, seed: int) -> dict[str, str]:
        published = root / "reports" / "published"
        shutil.rmtree(published, ignore_errors=True)
        jobs = plans(root, *MONTHS[:2])
        random.Random(seed).shuffle(jobs)
        with executor:
            assert render(jobs, executor, cold=True).exit_code == 0
        made = {name: value for name, value in content(published / "monthly").items() if not name.startswith("logs/")}
        return made | {"index": hashes(published)["index.html"]}

    return run


def test_whatever_the_workers_and_the_order_every_file_is_the_same(in_order: Any) -> None:
    first = in_order(Inline(), 0)
    assert len([name for name in first if name.endswith("changes.csv")]) == 2
    assert in_order(ThreadPoolExecutor(3), 1) == first
    assert in_order(Shuffled(2), 2) == first


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["edit", "cache", "page", "manifest", "fail", "run"]), min_size=2, max_size=6))
def test_whatever_happens_before_the_next_good_run_gives_what_a_fresh_one_gives(
    desk: Callable[..., Desk], steps: list[str]
) -> None:
    at = desk()
    shutil.rmtree(at.published, ignore_errors=True)
    folder = at.published / "monthly" / "2025-12"
    for number, step in enumerate(steps):
        if step == "edit":
            at.edit("10_one", f"{PERIOD}, {number}")
        elif step == "cache":
            shutil.rmtree(at.published / ".cache", ignore_errors=True)
        elif step == "fail":
            at.render(causes={"20_two": "no"}, force=number % 2 == 0)
        elif step == "run":
            at.render()
        elif folder.exists():
            (folder / {"page": "index.html", "manifest": "manifest.json"}[step]).write_text("x", encoding="utf-8")
    assert at.render().exit_code == 0
    found = content(folder)
    shutil.rmtree(at.published)
    at.render()
    assert content(folder) == found


# One report's trouble is its own


def test_a_period_that_is_held_does_not_stop_the_others(desk: Callable[..., Desk]) -> None:
    at = desk()
    with hold(at.published, "monthly.2025-11"):
        done = at.render(*MONTHS, wait_s=0)
    assert [one.status for one in done.reports] == ["ok", "locked", "ok"]
    assert (done.exit_code, [one.exit_code for one in done.reports]) == (75, [0, 75, 0])
    assert [one.unchanged for one in at.render(*MONTHS).reports] == [True, False, False]


def test_many_later_periods_wait_for_one_that_is_held_and_no_longer_than_asked(
    desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmlib.reporting.render.most_workers", lambda: 1)
    at = desk({"10_one": [PARAMETERS]})
    months = [f"2025-{month:02d}" for month in range(1, 10)]
    with hold(at.published, "monthly.2025-01"):
        began, spent = time.monotonic(), time.process_time()
        done = at.render(*months, wait_s=1.0)
    assert [one.status for one in done.reports] == ["locked", *["ok"] * 8]
    assert 1.0 <= time.monotonic() - began < 20
    assert time.process_time() - spent < time.monotonic() - began


def test_waiting_costs_no_work(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.render("2025-12")
    with hold(at.published, "monthly.2025-10"):
        spent = time.process_time()
        at.render("2025-10", "2025-11", wait_s=1.5)
    busy = time.process_time() - spent
    spent = time.process_time()
    at.render("2025-09", wait_s=1.5)
    assert busy < 2 * (time.process_time() - spent) + 0.7


def test_a_report_that_frees_itself_while_one_waits_is_rendered(desk: Callable[..., Desk]) -> None:
    at = desk()
    held = hold(at.published, "monthly.2025-10")
    held.__enter__()
    threading.Timer(0.4, lambda: held.__exit__(None, None, None)).start()
    assert [one.status for one in at.render(*MONTHS, wait_s=30).reports] == ["ok"] * 3


def test_periods_in_any_order_come_out_as_asked(desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmlib.reporting.render.most_workers", lambda: 1)
    at = desk({"10_one": [PARAMETERS]})
    months = [f"2025-{month:02d}" for month in range(8, 0, -1)]
    done = at.render(*months)
    assert [one.period for one in done.reports] == months
    before: Any = [read_manifest(one.folder) for one in done.reports]
    assert [one["changes"]["before"] for one in before] == [*months[1:], None]


def test_a_report_of_another_workbook_is_refused_and_the_others_go_on(desk: Callable[..., Desk]) -> None:
    at = desk({"10_one": [WITH_BOOK]}, parameters={"workbook": "data"})
    for name in ("data", "mine"):
        (at.root / name).mkdir()
        (at.root / name / "products.csv").write_text("product_id,name\nA,Anemometer\n", encoding="utf-8")
    at.render("2025-11")
    done = at.render("2025-11", "2025-12", workbook="mine")
    assert [one.status for one in done.reports] == ["failed", "ok"]
    assert "holds the report of workbook 'data', got 'mine'" in done.reports[0].cause
    assert done.exit_code == 1


def test_a_lock_that_cannot_be_taken_costs_its_own_report_only(desk: Callable[..., Desk]) -> None:
    at = desk()
    (at.published / ".locks" / "monthly.2025-11.lock").mkdir(parents=True)
    done = at.render(*MONTHS)
    assert [one.status for one in done.reports] == ["ok", "failed", "ok"]
    assert done.reports[1].cause.startswith("IsADirectoryError: ")


def test_a_file_where_a_report_goes_steps_aside(desk: Callable[..., Desk]) -> None:
    at = desk()
    (at.published / "monthly").mkdir(parents=True)
    (at.published / "monthly" / "2025-11").write_text("mine", encoding="utf-8")
    assert [one.status for one in at.render(*MONTHS).reports] == ["ok"] * 3


def test_a_file_where_all_periods_go_fails_them_by_name(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.published.mkdir(parents=True)
    (at.published / "monthly").touch()
    done = at.render(*MONTHS)
    assert [one.status for one in done.reports] == ["failed"] * 3
    assert all("published/monthly" in one.cause for one in done.reports)


def test_pages_that_cannot_be_made_cost_their_own_report_only(
    desk: Callable[..., Desk], answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_API_TOKEN", "tok-55aa99-secret-value")
    at = desk()
    project_of = {"10_one": answer("tok-55aa99-secret-value")}
    good = at.render("2025-10")
    done = at.render("2025-11", answers=project_of)
    assert (done.exit_code, done.reports[0].status) == (1, "failed")
    assert "OUR_API_TOKEN" in done.reports[0].cause
    assert not (at.published / "monthly" / "2025-11").exists()
    assert "tok-55aa99" not in done.reports[0].cause
    assert good.exit_code == 0


def test_a_history_that_cannot_be_written_costs_no_report(desk: Callable[..., Desk]) -> None:
    at = desk()
    (at.published / "history.jsonl").mkdir(parents=True)
    done = at.render(*MONTHS)
    assert [one.status for one in done.reports] == ["ok"] * 3
    assert done.exit_code == 1
    assert "history.jsonl" in done.reports[0].cause
    assert {path.name for path in (at.published / "monthly").iterdir()} == {*MONTHS, "logs"}


def test_who_is_told_may_fail_without_stopping_the_others(desk: Callable[..., Desk]) -> None:
    def tell(_: Rendered) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    at = desk()
    assert [one.status for one in at.render(*MONTHS, tell=tell).reports] == ["ok"] * 3


# Workers that die


class Pool(Inline):
    """Inline, but it breaks at its n-th job, and every job after that finds it broken."""

    def __init__(self, breaks_at: int) -> None:
        self._left = breaks_at

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._left -= 1
        if self._left < 0:
            raise BrokenProcessPool("it broke before")
        if self._left > 0:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("a child process terminated abruptly"))
        return future


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[list[int]], list[Pool]]]:
    """Set at which job each pool breaks; gives the pools that were made."""
    made: list[Pool] = []

    def prepare(breaks: list[int]) -> list[Pool]:
        def executor_for(_: int) -> Pool:
            made.append(Pool(breaks[len(made)] if len(made) < len(breaks) else 10_000))
            return made[-1]

        monkeypatch.setattr("pmlib.reporting.render.executor_for", executor_for)
        monkeypatch.setattr("pmlib.reporting.executed.run_notebook", numbers)
        return made

    yield prepare


@pytest.mark.parametrize("breaks_at", range(1, 10))
def test_a_broken_pool_is_replaced_and_its_jobs_tried_again(project: Any, pools: Any, breaks_at: int) -> None:
    root, made = project(), pools([breaks_at])
    done = render(plans(root, "2025-11", "2025-12"), 2, cold=True)
    assert done.exit_code == 0
    assert len(made) == (2 if breaks_at <= 6 else 1)


def test_a_pool_that_breaks_again_is_given_up_after_the_retries(project: Any, pools: Any) -> None:
    root, made = project({"10_one": [PARAMETERS]}, retries=2), pools([1, 1, 1])
    [done] = render(plans(root), 2, cold=True).reports
    assert done.exit_code == 1
    assert len(made) == 4
    assert done.notebooks[0].cause == "its worker ended: BrokenProcessPool: a child process terminated abruptly"
    assert render(plans(root), 2, cold=True).exit_code == 0


def test_a_pool_that_breaks_while_pages_are_made_makes_them_from_the_start(
    project: Any, pools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = project({"10_one": [PARAMETERS]}), pools([])
    from pmlib.reporting import dressing

    whole, broken = dressing.index_page, [True]

    def index_page(*args: Any, **given: Any) -> str:
        if broken:
            broken.clear()
            raise BrokenProcessPool("killed with half of the files written")
        return whole(*args, **given)

    monkeypatch.setattr(dressing, "index_page", index_page)
    [done] = render(plans(root), 1, cold=True).reports
    assert (done.status, done.exit_code) == ("ok", 0)


def test_an_executor_that_takes_no_work_fails_every_report_and_hangs_none(project: Any) -> None:
    root, pool = project(), ThreadPoolExecutor(1)
    pool.shutdown()
    done = render(plans(root, *MONTHS), pool, cold=True)
    assert {one.exit_code for one in done.reports} == {1}
    assert "cannot schedule new futures" in done.reports[0].summary()


# Tables that change under a run


@pytest.fixture
def book(desk: Callable[..., Desk]) -> Desk:
    at = desk({"10_one": [WITH_BOOK], "20_two": [PARAMETERS]})
    (at.root / "data").mkdir()
    (at.root / "data" / "products.csv").write_text("product_id,name\nA,Anemometer\n", encoding="utf-8")
    return at


def add_product(at: Desk, key: str) -> None:
    with (at.root / "data" / "products.csv").open("a", encoding="utf-8") as file:
        file.write(f"{key},{key} name\n")


@pytest.mark.parametrize("known", [False, True])
def test_a_workbook_that_changes_while_a_notebook_runs_fails_it_and_keeps_nothing_of_it(
    book: Desk, known: bool
) -> None:
    if known:
        book.render()
        shutil.rmtree(book.published / ".cache" / "executed")
        shutil.rmtree(book.published / "monthly")
    fake = book._kernels()
    plain = fake._run

    def run(job: dict[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = plain(job)
        if job["name"] == "10_one":
            add_product(book, "B")
        return done

    fake._run = run
    [done] = book.render(fake=fake).reports
    assert done.exit_code == 1
    assert "changed" in done.summary()
    assert not list((book.published / ".cache" / "executed").glob("*"))
    assert [one.exit_code for one in book.render().reports] == [0]
    assert book.ran == ["10_one", "20_two"]


def test_a_workbook_that_changed_since_the_plan_is_never_published_under_its_old_hash(book: Desk) -> None:
    book.render()
    good = content(book.published / "monthly" / "2025-12")
    planned = plans(book.root)
    shutil.rmtree(book.published / "monthly")
    shutil.rmtree(book.published / ".cache" / "workbooks")
    add_product(book, "B")
    [done] = render(planned, book._kernels(), cold=True).reports
    assert done.exit_code == 1
    assert "changed" in done.cause
    assert not (book.published / "monthly" / "2025-12").exists()
    [now] = book.render().reports
    assert (now.exit_code, now.executed) == (0, 2)
    assert content(now.folder).keys() == good.keys()


def test_a_workbook_that_went_since_the_plan_is_a_failure(book: Desk) -> None:
    planned = plans(book.root)
    shutil.rmtree(book.root / "data")
    [done] = render(planned, book._kernels(), cold=True).reports
    assert done.exit_code == 1


def test_unreadable_facts_of_a_workbook_are_read_again(book: Desk) -> None:
    book.render()
    kept = book.published / ".cache" / "workbooks"
    for path in kept.iterdir():
        path.write_bytes(path.read_bytes()[:9])
    shutil.rmtree(book.published / "monthly")
    assert [one.reused for one in book.render().reports] == [2]
    assert not [path.name for path in kept.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_marks_of_the_first_rendering_are_put_right(book: Desk, how: str) -> None:
    book.render()
    path = book.published / "monthly" / "2025-12" / "inputs.parquet"
    good = path.read_bytes()
    DAMAGES[how](path)
    [done] = book.render().reports
    assert (book.ran, done.status, done.cause) == ([], "ok", "")
    assert path.read_bytes() == good
    assert book.one().unchanged


@pytest.mark.parametrize("how", ["truncated", "deleted"])
@pytest.mark.parametrize("name", ["summary.json", "tables/10_one/all.parquet"])
def test_a_later_period_is_not_compared_with_a_damaged_one_until_that_is_put_right(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    monkeypatch.setattr("pmlib.reporting.executed.run_notebook", numbers)
    root = project({"10_one": [PARAMETERS]})
    render(plans(root, "2025-11"), 1, cold=True)
    path = root / "reports" / "published" / "monthly" / "2025-11" / name
    DAMAGES[how](path)
    [alone] = render(plans(root), 1, cold=True).reports
    assert (alone.exit_code, alone.changes) == (0, (
        "Not compared with November 2025: its folder is not as it was published. "
        "Render that period anew, then this one.",))
    assert "Not compared with November 2025" in (alone.folder / "index.html").read_text(encoding="utf-8")
    assert reasons(plans(root)[0]) == ["the period before could not be compared with"]
    both = render(plans(root, "2025-11", "2025-12"), 1, cold=True)
    assert (both.exit_code, [one.executed for one in both.reports]) == (0, [0, 0])
    assert not any("Not compared" in said for said in both.reports[1].changes)
    assert reasons(plans(root)[0]) == []


# Why a report is stale


def test_a_plan_says_what_changed(book: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def why(**asked: object) -> str:
        [plan] = plans(book.root, **asked)
        [said] = reasons(plan)
        return said

    assert why() == "not published yet"
    book.render(causes={"20_two": "no"})
    assert why() == "published in part: 20_two failed"
    book.render()
    assert reasons(plans(book.root)[0]) == []
    book.edit("20_two", f"{PERIOD} again")
    assert why() == "changed: notebook 20_two"
    book.render()
    add_product(book, "C")
    assert why() == "changed: table products"
    book.render()
    (book.root / "data" / "note.txt").touch()
    assert why() == "changed: a file of the workbook"
    book.render()
    with monkeypatch.context() as patch:
        patch.setattr("pmlib.reporting.freshness.versions", lambda: {"python": "4.0"})
        patch.setattr("pmlib.reporting.plan.versions", lambda: {"python": "4.0"})
        assert why().startswith("changed: version of duckdb, highspy, ")
    with monkeypatch.context() as patch:
        patch.setattr("pmlib.reporting.plan.execution_code", lambda: "other code")
        assert why() == "changed: the files of pmlib"
    with monkeypatch.context() as patch:
        patch.setattr("pmlib.reporting.dressing_key.dressing_code", lambda: "other code")
        assert why() == "its pages: the definition, the templates or the period before changed"


def test_a_plan_names_the_parameter_that_is_asked_for(desk: Callable[..., Desk]) -> None:
    at = desk({"10_one": [("parameters", f"{PERIOD}\nrate: float = 0.1  # a year")]})
    at.render()
    assert reasons(plans(at.root, rate="0.3")[0]) == ["changed: parameter rate"]


def test_an_earlier_period_rendered_later_makes_the_next_ones_pages_stale(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.render("2025-12")
    at.render("2025-11")
    assert reasons(plans(at.root)[0]) == ["its pages: the definition, the templates or the period before changed"]
    assert at.one().reused == 2
    assert at.ran == []
