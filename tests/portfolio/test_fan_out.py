"""The same answers wherever they are found: here, in processes, on a cluster; before and after an interruption."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from pmlib.errors import ParameterError, SolverError
from pmlib.portfolio import Policy, fan_out
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.plans import Change, solve
from pmlib.portfolio.problem import compile_problem
from pmlib.portfolio.workers import WORKER_VARIABLE, Workers

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def problem(make_tables):
    return compile_problem(make_tables(4), policy=Policy(mix="off"))


@pytest.fixture(scope="module")
def changes(problem):
    """One action forced in each; some leave no plan."""
    names = problem.actions.frame["project_id"] + " " + problem.actions.frame["action"]
    return [Change(name=name, fixed=((column, 1.0),)) for column, name in enumerate(names)]


@pytest.fixture(scope="module")
def serial(problem, changes):
    return [_bytes(solve(problem, change)) for change in changes]


def _bytes(plan):
    return (plan.name, plan.status, *(float(v).hex() for v in (plan.value, plan.bound, plan.gap)),
            plan.choice.dtype.str, plan.choice.tobytes(), plan.x.dtype.str, plan.x.tobytes())


def _all(plans):
    return [_bytes(plan) for plan in plans]


def test_two_processes_give_the_same_bytes_as_none(problem, changes, serial):
    with Workers(2) as pool:
        assert _all(solve_all(problem, changes, executor=pool)) == serial
        assert _all(solve_all(problem, changes[:3], executor=pool)) == serial[:3]


@pytest.mark.parametrize("pool", [
    lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(1, mp_context=get_context("spawn"))],
    ids=["threads", "spawned"])
def test_any_executor_gives_the_same_bytes(problem, changes, serial, pool):
    with pool() as executor:
        assert _all(solve_all(problem, changes, executor=executor)) == serial


@pytest.mark.dask
def test_a_dask_cluster_gives_the_same_bytes(problem, changes, serial):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as own, \
            distributed.Client(own) as client, client.get_executor() as executor:
        assert _all(solve_all(problem, changes, executor=executor)) == serial
        with pytest.raises(ParameterError, match="allowed 0 to"):
            solve_all(problem, [Change(fixed=((10**6, 0.0),))], executor=executor)


def test_few_quick_solves_start_no_process(problem, changes, serial, monkeypatch):
    monkeypatch.setattr(fan_out, "Workers", lambda count: pytest.fail("a pool was started"))
    assert _all(solve_all(problem, changes)) == serial
    assert solve_all(problem, []) == ()


@pytest.fixture
def much_to_do(monkeypatch):
    """As if solves took long: a pool, here of one, takes over after the first."""
    started = []

    def pool(count):
        started.append(count)
        return Workers(1)

    for name, value in (("_TRIAL_S", 0.0), ("_WORTH_A_POOL_S", 0.0), ("cores", lambda: 2), ("Workers", pool)):
        monkeypatch.setattr(fan_out, name, value)
    return started


def test_many_slow_solves_go_to_a_pool_of_every_core_with_the_same_bytes(problem, changes, serial, much_to_do):
    assert _all(solve_all(problem, changes)) == serial
    assert much_to_do == [2]


def test_inside_a_worker_no_pool_is_started(problem, changes, serial, much_to_do, monkeypatch):
    monkeypatch.setenv(WORKER_VARIABLE, "1")
    assert _all(solve_all(problem, changes[:4])) == serial[:4]
    assert much_to_do == []


def test_where_no_process_can_be_started_this_one_goes_on(problem, changes, serial, much_to_do, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert _all(solve_all(problem, changes[:4])) == serial[:4]


def test_the_first_error_in_order_arrives_as_itself(problem, changes, much_to_do):
    wrong = [Change(fixed=((10**6 + k, 0.0),)) for k in range(3)]
    with pytest.raises(ParameterError, match="got column 1000000,"):
        solve_all(problem, [*changes[:3], *wrong, *changes[3:6]])


def test_an_interruption_keeps_what_is_done_and_ends_the_processes(problem, changes, serial, tmp_path, monkeypatch):
    seen = []

    def interrupted(problem, change):
        if len(seen) == 3:
            raise KeyboardInterrupt("enough")
        seen.append(change)
        return solve(problem, change)

    monkeypatch.setattr(fan_out, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt, match="enough"):
        solve_all(problem, changes, store=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr(fan_out, "solve", lambda problem, change: seen.append(change) or solve(problem, change))
    assert _all(solve_all(problem, changes, store=tmp_path)) == serial
    assert len(seen) == len(changes)
    solve_all(problem, changes, store=tmp_path)
    assert len(seen) == len(changes)


def test_a_script_without_a_guard_fans_out_and_prints_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent("""
        import pandas as pd
        from pmlib.portfolio import fan_out
        from pmlib.portfolio.plans import Change
        from pmlib.portfolio.problem import compile_problem
        fan_out._TRIAL_S = fan_out._WORTH_A_POOL_S = 0.0
        fan_out.cores = lambda: 2
        projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": 9.0, "spent_k": 0.0})
        flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": 5.0, "benefit_k": [9.0, 2.0]})
        problem = compile_problem({"projects": projects, "cash_flows": flows}, period="2025-12")
        plans = fan_out.solve_all(problem, [Change(fixed=((k, 0.0),)) for k in range(4)])
        print([round(plan.value, 2) for plan in plans])
    """), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.stdout.count("[") == 1
    assert done.stderr == ""


class _Failing(Executor):
    def __init__(self, answer):
        self.answer = answer

    def submit(self, fn, /, *args, **kwargs):
        return self.answer()


def _raised():
    raise OSError("no route")


def _future(answer=None, error=None):
    future = Future()
    future.set_result(answer) if error is None else future.set_exception(error)
    return future


@pytest.mark.parametrize(("answer", "words"), [
    (_raised, "executor: _Failing failed with OSError: no route"),
    (lambda: _future(error=ValueError("later")), "executor: _Failing failed with ValueError: later"),
    (lambda: _future(answer=None), "executor: it answered with None, allowed 1 plans"),
    (lambda: 3, "executor: _Failing failed with AttributeError"),
], ids=["submit", "result", "nothing", "no future"])
def test_an_executor_that_fails_is_named(problem, changes, answer, words):
    with pytest.raises(SolverError, match=words):
        solve_all(problem, changes[:2], executor=_Failing(answer))


@pytest.mark.parametrize(("wrong", "words"), [
    ({"executor": "dask"}, "executor: got 'dask', allowed an Executor"),
    ({"changes": Change()}, "changes: got a Change, allowed a list of Change"),
    ({"changes": [3]}, "changes: got a list, allowed a list of Change"),
    ({"problem": None}, r"problem: got None, allowed a Problem\. Pass decision\.problem"),
    ({"store": 3}, "store: got 3, allowed the path of a folder"),
    ({"store": " "}, "store: got ' ', allowed the path of a folder"),
    ({"store": "\0"}, "store: .* is no folder and cannot be made one"),
])
def test_what_cannot_be_fanned_out_is_refused(problem, changes, wrong, words):
    with pytest.raises(ParameterError, match=words):
        solve_all(**({"problem": problem, "changes": changes[:1]} | wrong))
