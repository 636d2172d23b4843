from __future__ import annotations

import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pmlib.reporting.definition import load_definition
from pmlib.reporting.executed import find
from pmlib.reporting.history.log import read_history
from pmlib.reporting.plan import Plan, plan_reports
from pmlib.reporting.publish import hashes, read_manifest
from pmlib.reporting.render import render

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

PERIOD = "period: str | None = None  # month YYYY-MM"
PARAMETERS = ("parameters", PERIOD)
MARK = "PMLIB_TEST_OF_FAULTS"
STAMP = """
import os
from pathlib import Path
stamp = f"{os.environ['PMLIB_NOTEBOOK']} {period} v0"
with open(Path(os.environ["PMLIB_PROJECT"]) / "log", "a") as file:
    file.write(stamp + "\\n")
print(stamp)
"""
BEGUN = "(Path(os.environ['PMLIB_PROJECT']) / 'begun').touch()"
SUICIDE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
SLEEPS = f"{STAMP}\n{BEGUN}\nimport time\ntime.sleep(120)"
ONE_CELL = ["# Page", PARAMETERS, STAMP]
ANSWERS = """
import pandas as pd
from pmlib.reporting import record
class Answer:
    def summary(self): return f"{stamp} decided."
    def headline(self): return {f"{int(period[-2:]) * 1.5} k": "EUR"}
record(Answer(), tables={"all": pd.DataFrame({"project_id": ["P1", "P2"], "value_k": [int(period[-2:]) * 1.5, 2.0]})})
"""


class Machine:
    """A project, and the processes that its command line starts."""

    def __init__(self, root: Path) -> None:
        self.root, self.mark = root, f"{root}-{time.monotonic_ns()}"
        self.published = root / "reports" / "published"
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *words: str, verb: str = "report", **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pmlib.cli", verb, "monthly", "--project", str(self.root), *words]
        self.started.append(subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, MARK: self.mark, **variables},
        ))
        return self.started[-1]

    def run(self, *words: str, **given: str) -> tuple[int, str, str]:
        process = self.start(*words, **given)
        said, complained = process.communicate(timeout=120)
        return process.returncode, said, complained

    def log(self) -> list[str]:
        path = self.root / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def processes(self) -> dict[int, str]:
        """Processes that inherited our mark, by id."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{MARK}={self.mark}\0".encode() in (place / "environ").read_bytes():
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def all_gone(self, within_s: float = 15) -> bool:
        deadline = time.monotonic() + within_s
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.processes()

    def wait_for(self, name: str) -> None:
        deadline = time.monotonic() + 60
        while not (self.root / name).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def wait_until_kept(self, stamp: str) -> None:
        deadline = time.monotonic() + 60
        while stamp not in self.kept():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def wait_for_work(self, process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        """Wait until a command has its temporary folder, or is done."""
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            for owner in self.published.glob(".tmp/*.pid"):
                with suppress(OSError):
                    if f'"pid": {process.pid}\n' in owner.read_text(encoding="utf-8"):
                        return process
            time.sleep(0.01)
        return process

    def folder(self, period: str = "2025-12") -> Path:
        return self.published / "monthly" / period

    def temporary(self) -> list[str]:
        return sorted(path.name for path in (self.published / ".tmp").glob("*"))

    def assert_whole(self) -> None:
        """Every published folder is as its manifest says; the index and the history can be read."""
        for folder in self.published.glob("monthly/[0-9]*"):
            manifest: Any = read_manifest(folder)
            found = {name: value for name, value in hashes(folder).items() if name != "manifest.json"}
            assert manifest["files"] == found, folder
        index = self.published / "index.html"
        assert not index.exists() or index.read_text(encoding="utf-8").rstrip().endswith("</html>")
        assert read_history(self.published).unreadable == ()

    def kept(self) -> set[str]:
        """Stamps of the notebooks whose executed copies are whole."""
        folders = [path for path in (self.published / ".cache" / "executed").glob("[0-9a-f]*") if find(path)]
        texts = [(folder / "notebook.ipynb").read_text(encoding="utf-8") for folder in folders]
        return {stamp for text in texts for stamp in re.findall(r'"(\d0_\w+ \d{4}-\d\d v\d+)\\n"', text)}

    def edit(self, name: str, version: int) -> None:
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.write_text(re.sub(r" v\d+", f" v{version}", path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def machine(project: Callable[..., Path]) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(cells: dict[str, list[Any]], /, **keys: Any) -> Machine:
        made.append(Machine(project(cells, **keys)))
        return made[-1]

    yield make
    for one in made:
        left = one.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for process in one.started:
            process.communicate(timeout=30)
        assert left == {}


def runs_of(folder: Path) -> dict[str, dict[str, Any]]:
    manifest: Any = read_manifest(folder)
    return {run["name"]: run for run in manifest["notebooks"]}


# Killed at any moment


def test_thirty_kills_lose_nothing_and_repeat_nothing(machine: Callable[..., Machine]) -> None:
    names = ["10_one", "20_two", "30_three"]
    at = machine({name: [*ONE_CELL, ANSWERS] for name in names}, matrix={"periods": ["2025-11", "2025-12"]})
    chance, killed = random.Random(20251231), 0
    at.wait_for_work(at.start("--workers", "2")).communicate(timeout=60)
    at.edit("10_one", 1)
    began = at.wait_for_work(at.start("--workers", "2"))
    since = time.monotonic()
    began.communicate(timeout=60)
    work_s = time.monotonic() - since
    for number in range(2, 32):
        at.edit(chance.choice(names), number)
        kept, ran = at.kept(), Counter(at.log())
        process = at.wait_for_work(at.start("--workers", str(chance.choice([1, 2, 2]))))
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=chance.uniform(0, 0.8 * work_s))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)
        killed += process.returncode == -signal.SIGKILL
        assert kept.isdisjoint(Counter(at.log()) - ran)
        at.assert_whole()
    kept, ran = at.kept(), Counter(at.log())
    assert at.run("--workers", "2")[0] == 0
    again = Counter(at.log()) - ran
    assert kept.isdisjoint(again)
    assert not again or max(again.values()) == 1
    at.assert_whole()
    assert {path.name for path in (at.published / "monthly").iterdir()} == {"2025-11", "2025-12", "logs"}
    assert at.temporary() == []
    assert "unchanged" in at.run()[1]
    assert at.all_gone()
    assert killed >= 15


def test_two_runs_at_once_run_each_notebook_once(machine: Callable[..., Machine]) -> None:
    at = machine({"10_one": [*ONE_CELL, "import time\ntime.sleep(1.5)"], "20_two": ONE_CELL})
    first = at.start("--period", "2025-12", "--workers", "2")
    at.wait_for("log")
    second = at.start("--period", "2025-12", "--workers", "2")
    code, said, complained = at.run("--period", "2025-12", "--no-wait")
    assert (code, said) == (75, "")
    assert re.search(rf"monthly 2025-12: locked - held by pid {first.pid} on {os.uname().nodename}\.", complained)
    ends = [process.communicate(timeout=60) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], ends
    assert "unchanged" in ends[1][0]
    assert sorted(at.log()) == ["10_one 2025-12 v0", "20_two 2025-12 v0"]
    assert at.all_gone()


def test_begun_together_they_run_each_notebook_once(machine: Callable[..., Machine]) -> None:
    at = machine({"10_one": ONE_CELL, "20_two": ONE_CELL}, matrix={"periods": ["2025-11", "2025-12"]})
    both = [at.start("--workers", "1") for _ in range(2)]
    ends = [process.communicate(timeout=90) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert set(Counter(at.log()).values()) == {1}
    at.assert_whole()


# Notebooks that misbehave


def test_notebooks_that_hang_die_or_eat_memory_cost_themselves_only(machine: Callable[..., Machine]) -> None:
    at = machine({
        "10_well": ONE_CELL,
        "20_endless": [*ONE_CELL, "while True: pass"],
        "30_hungry": [*ONE_CELL, "much = [bytes(2**24) for _ in range(2**12)]"],
        "40_exits": [*ONE_CELL, "os._exit(3)"],
        "50_dies": [*ONE_CELL, SUICIDE],
        "60_dies_once": [*ONE_CELL, f"once = Path('once')\nif not once.exists():\n    once.touch()\n    {SUICIDE}"],
        "70_raises": [*ONE_CELL, "1 / 0"],
        "80_ignores": [*ONE_CELL, "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
                       "import subprocess\nsubprocess.Popen(['sleep', '100'])\nwhile True: pass"],
        "90_well": ONE_CELL,
    }, timeout_s=3, memory_mb=256)
    code, said, complained = at.run("--period", "2025-12", "--workers", "2")
    assert code == 1
    assert said.startswith("monthly 2025-12: partial, 3 of 9 notebooks, 9 run, 0 kept")
    runs = runs_of(at.folder())
    assert {name: (run["status"], run["tries"]) for name, run in runs.items()} == {
        "10_well": ("ok", 1), "20_endless": ("failed", 2), "30_hungry": ("failed", runs["30_hungry"]["tries"]),
        "40_exits": ("failed", 2), "50_dies": ("failed", 2), "60_dies_once": ("ok", 2), "70_raises": ("failed", 1),
        "80_ignores": ("failed", 2), "90_well": ("ok", 1),
    }
    causes = {name: run["cause"] for name, run in runs.items() if run["cause"]}
    assert causes["20_endless"] == causes["80_ignores"] == "cell [4] did not end within 3 s (timeout_s)"
    assert causes["40_exits"] == causes["50_dies"] == "the kernel died in cell [4]"
    assert causes["30_hungry"] in ("cell [4]: MemoryError: ", "cell [4]: MemoryError:", "the kernel died in cell [4]")
    assert causes["70_raises"] == "cell [4]: ZeroDivisionError: division by zero"
    assert all(f"{name} failed - {cause}".strip() in complained for name, cause in causes.items())
    assert Counter(at.log())["70_raises 2025-12 v0"] == 1
    at.assert_whole()
    assert at.all_gone()


def test_tables_of_a_try_that_died_are_not_published(machine: Callable[..., Machine]) -> None:
    first = "record(Answer(), tables={'other': pd.DataFrame({'a': [1]})})"
    dies = f"once = Path('once')\nif not once.exists():\n    once.touch()\n    {first}\n    {SUICIDE}"
    at = machine({"10_one": [*ONE_CELL, ANSWERS, dies]})
    assert at.run("--period", "2025-12")[0] == 0
    assert runs_of(at.folder())["10_one"]["tries"] == 2
    assert [path.name for path in (at.folder() / "tables" / "10_one").glob("*.csv")] == ["all.csv"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_worker_that_is_killed_is_replaced(machine: Callable[..., Machine], workers: str) -> None:
    # Without a warm process a kernel is its worker's child; with one worker that is the command itself.
    kill = "import signal\nonce = Path('once')\nif not once.exists():\n    once.touch()\n    os.kill(os.getppid(), 9)"
    at = machine({"10_one": ONE_CELL, "20_kills": [*ONE_CELL, kill], "30_three": ONE_CELL})
    code, said, complained = at.run("--period", "2025-12", "--workers", workers, "--cold")
    if workers == "1":
        assert code == -signal.SIGKILL
        at.assert_whole()
        code, said, complained = at.run("--period", "2025-12", "--workers", workers, "--cold")
    assert (code, complained) == (0, "")
    assert "ok, 3 of 3 notebooks" in said
    assert at.temporary() == []
    assert at.all_gone()


@pytest.mark.parametrize(
    ("workers", "number"), [("1", signal.SIGINT), ("2", signal.SIGINT), ("2", signal.SIGTERM)]
)
def test_an_interrupt_ends_everything_at_once(machine: Callable[..., Machine], workers: str, number: int) -> None:
    at = machine({"10_one": ONE_CELL, "20_sleeps": [*ONE_CELL, SLEEPS], "30_sleeps": [*ONE_CELL, SLEEPS],
                  "40_sleeps": [*ONE_CELL, SLEEPS]})
    process = at.start("--period", "2025-12", "--workers", workers)
    at.wait_for("begun")
    at.wait_until_kept("10_one 2025-12 v0")
    asked = time.monotonic()
    os.kill(process.pid, number)
    _, complained = process.communicate(timeout=15)
    took = time.monotonic() - asked
    assert process.returncode in (-number, 128 + number, 1)
    assert at.all_gone(5)
    assert took < 5, complained
    assert "Traceback" not in complained
    at.assert_whole()
    for name in ("20_sleeps", "30_sleeps", "40_sleeps"):
        shutil.copyfile(at.root / "notebooks" / "10_one.ipynb", at.root / "notebooks" / f"{name}.ipynb")
    assert at.run("--period", "2025-12")[0] == 0
    assert at.temporary() == []
    assert Counter(at.log())["10_one 2025-12 v0"] == 1


# A full disk


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a small file system in memory over a folder; skips where that is not allowed."""
    library = ctypes.CDLL(None, use_errno=True)
    folder.mkdir(parents=True, exist_ok=True)
    if library.mount(b"none", os.fsencode(folder), b"tmpfs", 0, f"size={megabytes}m".encode()):
        pytest.skip(f"may not mount a file system: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        library.umount2(os.fsencode(folder), 2)


def leave_free(folder: Path, kilobytes: int) -> None:
    ballast = folder / ".ballast"
    ballast.unlink(missing_ok=True)
    space = os.statvfs(folder)
    fill = max(space.f_bavail * space.f_frsize - kilobytes * 1024, 0)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, fill) if fill else None


def half_written(published: Path) -> list[str]:
    """Drafts, and executed copies that are not whole."""
    drafts = [path for path in published.rglob(".*") if path.name.rpartition(".")[2].isdigit()]
    halves = [path for path in (published / ".cache" / "executed").glob("*") if find(path) is None]
    return [path.relative_to(published).as_posix() for path in [*drafts, *halves]]


def test_a_disk_that_fills_up_at_any_moment_loses_nothing(project: Callable[..., Path], kernels: Any) -> None:
    root = project({"10_one": ONE_CELL, "20_two": ONE_CELL}, formats=["html", "ipynb", "xlsx"])
    at = Machine(root)

    def go() -> Any:
        return render(plan_reports(load_definition("monthly", root), root, {"period": "2025-12"}), kernels(), cold=True)

    with small_disk(at.published, 4):
        assert go().exit_code == 0
        need, said = None, []
        for free in [*range(0, 200, 8), *range(200, 2000, 200)]:
            at.edit("10_one", free + 1)
            leave_free(at.published, free)
            done = go()
            said.append((done.reports[0].executed, done.reports[0].summary()))
            at.assert_whole()
            assert runs_of(at.folder()).keys() == {"10_one", "20_two"}
            assert half_written(at.published) == [], said[-1]
            assert at.temporary() == [], said[-1]
            if done.exit_code == 0:
                need = free
                break
            assert done.exit_code == 1
            assert "No space left on device" in done.reports[0].summary(), said[-1]
            leave_free(at.published, 100_000)
            (at.published / ".ballast").unlink()
            assert go().exit_code == 0
        assert need is not None, said
        assert {executed for executed, _ in said} == {0, 1}
        assert len(said) >= 4


@pytest.mark.parametrize("free", [0, 40])
def test_a_full_disk_is_named_by_the_command_line(machine: Callable[..., Machine], free: int) -> None:
    at = machine({"10_one": [*ONE_CELL, ANSWERS], "20_two": ONE_CELL})
    with small_disk(at.published, 4):
        assert at.run("--period", "2025-12")[0] == 0
        before = hashes(at.folder())
        at.edit("10_one", 1)
        leave_free(at.published, free)
        code, _, complained = at.run("--period", "2025-12")
        assert code == 1, complained
        assert "No space left on device" in complained
        assert "Traceback" not in complained
        assert hashes(at.folder()) == before
        at.assert_whole()
        assert half_written(at.published) == []
        assert at.temporary() == []
        (at.published / ".ballast").unlink()
        code, _, complained = at.run("--period", "2025-12")
        assert (code, complained) == (0, "")
        at.assert_whole()
        assert at.all_gone()


# Tables that cannot be read

NO_TEXT = b"\xff\xfe\x00product\x81\x00"
UNREADABLE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "products.csv": ("a folder", lambda data: (data / "products.csv").mkdir()),
    "products.xlsx": ("a dangling link", lambda data: (data / "products.xlsx").symlink_to("nowhere")),
    "data": ("no workbook at all", shutil.rmtree),
}
BLOCKING: dict[str, Callable[[Path], object]] = {
    "bytes that are no text": lambda data: (data / "products.csv").write_bytes(NO_TEXT),
    "half a parquet file": lambda data: (data / "products.parquet").write_bytes(b"PAR1" + b"\0" * 60),
    "a spreadsheet that is no zip": lambda data: (data / "products.xlsx").write_bytes(b"PK no"),
}


@pytest.fixture
def damaged(
    project: Callable[..., Path], kernels: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Callable[[Path], object]], tuple[Machine, int, str]]:
    """Publish a report, damage a table, and run the report again."""

    def run(damage: Callable[[Path], object]) -> tuple[Machine, int, str]:
        root = project({"10_one": [("parameters", f'{PERIOD}\nworkbook: str = "data"'), STAMP]},
                       needs={"10_one": ["products"]})
        (root / "data").mkdir()
        for name in ("products", "orders"):
            (root / "data" / f"{name}.csv").write_text(f"{name[:-1]}_id,name\nA,Anemometer\n", encoding="utf-8")
        at = Machine(root)
        plans = plan_reports(load_definition("monthly", root), root, {"period": "2025-12"})
        assert render(plans, kernels(), cold=True).exit_code == 0
        before = hashes(at.folder())
        (root / "data" / "products.csv").unlink()
        damage(root / "data")
        code, complained = command_line(monkeypatch, capsys, root)
        assert "Traceback" not in complained
        assert at.log() == []
        assert hashes(at.folder()) == before
        return at, code, complained

    return run


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_table_that_is_no_file_is_refused_by_name_before_anything_runs(damaged: Any, name: str) -> None:
    at, code, complained = damaged(UNREADABLE[name][1])
    assert code == 2
    assert name in complained
    assert not (at.published / "monthly" / "failed").exists()


@pytest.mark.parametrize("case", BLOCKING)
def test_a_table_that_cannot_be_read_is_named_and_its_good_report_stays(damaged: Any, case: str) -> None:
    _, code, complained = damaged(BLOCKING[case])
    assert code == 2
    assert "products" in complained


def test_a_workbook_that_is_no_spreadsheet_is_refused_by_name(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project({"10_one": [("parameters", f'{PERIOD}\nworkbook: str = "data.xlsx"')]})
    (root / "data.xlsx").write_bytes(b"PK no")
    code, complained = command_line(monkeypatch, capsys, root)
    assert (code, "data.xlsx" in complained, "Traceback" in complained) == (2, True, False)


def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> tuple[int, str]:
    """Run the report in this process."""
    from pmlib.cli import main

    monkeypatch.setattr(sys, "argv", ["pmlib", "report", "monthly", "--project", str(root), "--period", "2025-12"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code or 0)), capsys.readouterr().err


# Other executors


def files_of(root: Path) -> dict[str, Any]:
    """Everything published but executed notebooks, times, logs and the history."""
    published = root / "reports" / "published"
    found: dict[str, Any] = {name: value for name, value in hashes(published).items()
                             if name == "index.html" or name.startswith("monthly/")}
    for name in [name for name in found if name.endswith((".ipynb", ".log"))]:
        del found[name]
    for name in [name for name in found if name.endswith("manifest.json")]:
        manifest = json.loads((published / name).read_text(encoding="utf-8"))
        times = [manifest.pop(key) for key in ("started", "finished")]
        runs = [{**run, "seconds": 0, "cell_seconds": 0} for run in manifest.pop("notebooks")]
        files = {key: value for key, value in manifest.pop("files").items() if not key.endswith(".ipynb")}
        found[name] = [len(times), runs, files, manifest]
    return found


@pytest.fixture
def on(project: Callable[..., Path]) -> Callable[[Executor | int], dict[str, Any]]:
    root = project({"10_one": [*ONE_CELL, ANSWERS], "20_two": [*ONE_CELL, ANSWERS]}, formats=["html", "ipynb", "xlsx"],
                   audiences={"board": {"title": "The board", "one_page": True}})

    def run(executor: Executor | int) -> dict[str, Any]:
        shutil.rmtree(root / "reports" / "published", ignore_errors=True)
        definition = load_definition("monthly", root)
        plans: list[Plan] = plan_reports(definition, root, {}, periods=["2025-11", "2025-12"])
        done = render(plans, executor)
        assert done.exit_code == 0, done.summary()
        return files_of(root)

    return run


def test_threads_and_processes_give_the_files_of_one_worker(on: Callable[[Executor | int], dict[str, Any]]) -> None:
    alone = on(1)
    assert "monthly/2025-12/changes.csv" in alone
    with ThreadPoolExecutor(3) as threads:
        assert on(threads) == alone
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as processes:
        assert on(processes) == alone


@pytest.mark.dask
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_files_of_one_worker(on: Callable[[Executor | int], dict[str, Any]]) -> None:
    from distributed import Client, LocalCluster

    alone = on(1)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        assert on(client.get_executor()) == alone
