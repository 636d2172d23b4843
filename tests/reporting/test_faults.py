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
    at = machine(dict.fromkeys(names, [*ONE_CELL, ANSWERS]), matrix={"periods": ["2025-11", "2025-12"]})
    chance, killed = random.Random(20251231), 0
    began = time.monotonic()
    assert at.run("--workers", "2")[0] == 0
    whole_s = time.monotonic() - began
    for number in range(1, 31):
        if number % 3 == 1:
            at.edit(chance.choice(names), number)
        kept, ran = at.kept(), Counter(at.log())
        process = at.start("--workers", str(chance.choice([1, 2, 2])))
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=chance.uniform(0.3, 1.0) * whole_s)
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
    assert {path.name for path in (at.published / "monthly").iterdir()} == {"2025-11", "2025-12"}
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
    suicide = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    at = machine({
        "10_well": ONE_CELL,
        "20_endless": [*ONE_CELL, "while True: pass"],
        "30_hungry": [*ONE_CELL, "much = [bytes(2**24) for _ in range(2**12)]"],
        "40_exits": [*ONE_CELL, "os._exit(3)"],
        "50_dies": [*ONE_CELL, suicide],
        "60_dies_once": [*ONE_CELL, ANSWERS, f"once = Path('once')\nif not once.exists():\n    once.touch()\n"
                         f"    record(Answer(), tables={{'other': pd.DataFrame({{'a': [1]}})}})\n    {suicide}".replace(
                             "signal\nos", "signal; os")],
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
    assert [path.name for path in (at.folder() / "tables" / "60_dies_once").glob("*.csv")] == ["all.csv"]
    at.assert_whole()
    assert at.all_gone()


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_ends_everything_at_once(machine: Callable[..., Machine], workers: str, number: int) -> None:
    at = machine({"10_one": ONE_CELL, "20_sleeps": [*ONE_CELL, SLEEPS], "30_sleeps": [*ONE_CELL, SLEEPS],
                  "40_sleeps": [*ONE_CELL, SLEEPS]})
    process = at.start("--period", "2025-12", "--workers", workers)
    at.wait_for("begun")
    asked = time.monotonic()
    os.kill(process.pid, number)
    said, complained = process.communicate(timeout=15)
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
