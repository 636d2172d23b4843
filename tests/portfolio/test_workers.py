"""Processes that work for scripts, consoles and notebooks alike, and end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from operator import truediv
from pathlib import Path

import pytest

from pmlib.errors import ParameterError, SolverError
from pmlib.portfolio import workers
from pmlib.portfolio.workers import Workers, inside_worker

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pool():
    with Workers(1) as started:
        yield started


def _alive(pid):
    """A process that has ended but was not asked about counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_jobs_run_in_another_process_that_finds_the_same_modules(pool):
    assert pool.submit(os.getpid).result() != os.getpid()
    assert pool.submit(eval, "__import__('sys').path").result() == sys.path


def test_a_worker_knows_that_it_is_one(pool):
    assert pool.submit(inside_worker).result()
    assert not inside_worker()


def test_an_error_arrives_as_itself_and_the_worker_goes_on(pool):
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        pool.submit(truediv, 1, 0).result()
    with pytest.raises(ParameterError, match="got -1"):
        pool.submit(exec, "from pmlib.errors import ParameterError\nraise ParameterError('got -1')").result()
    assert pool.submit(max, 1, 2).result() == 2


def test_an_answer_that_cannot_travel_is_told_in_words(pool):
    with pytest.raises(SolverError, match="cannot hand back"):
        pool.submit(eval, "lambda: 0").result()


def test_what_a_job_prints_does_not_get_between_the_answers(pool):
    assert pool.submit(exec, "print('noise', flush=True)\nimport os; os.write(1, b'more')").result() is None
    assert pool.submit(max, 1, 2).result() == 2


def test_a_worker_that_is_killed_is_named_with_the_remedy():
    with Workers(1) as pool, pytest.raises(SolverError, match="ended in the middle .* fewer workers"):
        pool.submit(os._exit, 9).result()


def test_leaving_by_an_exception_ends_the_processes_at_once():
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt, match="enough"), Workers(1) as pool:
        pid = pool.submit(os.getpid).result()
        pool.submit(time.sleep, 60)
        raise KeyboardInterrupt("enough")
    assert not _alive(pid)
    assert time.perf_counter() - began < 20


def test_no_process_can_be_started_without_a_python(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(OSError, match="no Python"):
        Workers(1)
    assert workers.cores() >= 1


def _run(code, *, way, tmp_path):
    text = textwrap.dedent(code)
    script = tmp_path / "script.py"
    script.write_text(text, encoding="utf-8")
    command = {"script": [str(script)], "-c": ["-c", text], "stdin": ["-"]}[way]
    return subprocess.run([sys.executable, *command], input=text if way == "stdin" else None, text=True, timeout=60,
                          capture_output=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}).stdout


@pytest.mark.parametrize("way", ["script", "-c", "stdin"])
def test_scripts_without_a_guard_are_not_run_again_in_the_workers(way, tmp_path):
    said = _run("""
        from pmlib.portfolio.workers import Workers
        print("once")
        with Workers(1) as pool:
            print(pool.submit(max, 3, 4).result())
    """, way=way, tmp_path=tmp_path)
    assert said.split() == ["once", "4"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_when_whoever_started_them_is_killed():
    code = ("import os, time; from pmlib.portfolio.workers import Workers; pool = Workers(1); "
            "print(pool.submit(os.getpid).result(), flush=True); time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT)})
    with parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for _ in range(100):
        if not _alive(pid):
            break
        time.sleep(0.05)
    assert not _alive(pid)
