"""Many changes of one question, spread over processes or a cluster, with the same answers wherever they ran."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing, suppress
from pathlib import Path
from time import perf_counter

from pmlib.errors import ParameterError, PmlibError, SolverError
from pmlib.portfolio.answers import Store
from pmlib.portfolio.arguments import compiled, of_kind, shown
from pmlib.portfolio.plans import Change, Plan, solve
from pmlib.portfolio.problem import Problem
from pmlib.portfolio.workers import Workers, cores, inside_worker

#: Seconds of work left from which a pool pays: two processes take one second to start and halve the rest.
_WORTH_A_POOL_S = 3.0
#: So long this process solves before it judges what is left.
_TRIAL_S = 0.5
_MOST_CHUNKS = 64


def solve_all(
    problem: Problem, changes: Sequence[Change], *, executor: Executor | None = None,
    store: str | Path | None = None,
) -> tuple[Plan, ...]:
    """Answer every change of one question, in order: the same bytes wherever and however many at a time.

    Without an executor this process begins; when much is left after half a second, one process per core takes
    over. Their start is safe in a notebook, a console and a script without a guard; a worker starts no others.

    Parameters
    ----------
    problem : Problem
        The compiled question.
    changes : sequence of Change
        What differs in each.
    executor : concurrent.futures.Executor, optional
        Where to solve, such as ``dask.distributed.Client.get_executor()``; it is left open.
    store : path, optional
        Folder that keeps every answer by its content, so that an interrupted run goes on where it was.

    Returns
    -------
    tuple of Plan
        One per change.

    Raises
    ------
    ParameterError
        It is no problem, no list of changes or no executor, a change does not fit the problem, or the store is no
        folder.
    SolverError
        HiGHS cannot be loaded or fails, or the executor or a worker process does.
    """
    compiled(problem)
    if not isinstance(changes, list | tuple) or not all(isinstance(change, Change) for change in changes):
        raise ParameterError(f"changes: got {shown(changes)}, allowed a list of Change. Write [Change(...), ...].")
    if executor is not None:
        of_kind(executor, Executor, "executor", remedy="Pass one of concurrent.futures, or leave it out.")
    kept = None if store is None else Store(store, problem)
    found = {} if kept is None else {i: plan for i, change in enumerate(changes)
                                         if (plan := kept.get(change)) is not None}
    left = [i for i in range(len(changes)) if i not in found]
    with closing(_solved(problem, [changes[i] for i in left], executor)) as plans:
        for i, plan in zip(left, _watched(plans, len(left)), strict=True):
            found[i] = plan
            if kept is not None:
                kept.put(changes[i], plan)
    return tuple(found[i] for i in range(len(changes)))


def _watched(plans: Iterable[Plan], total: int) -> Iterable[Plan]:
    from tqdm import tqdm

    # disable=None: silent unless a terminal is watching.
    watched: Iterable[Plan] = tqdm(plans, total=total, disable=None, unit="plan", leave=False)
    return watched


def _solved(problem: Problem, changes: list[Change], executor: Executor | None) -> Generator[Plan]:
    if executor is not None:
        yield from _spread(problem, changes, executor)
        return
    began = perf_counter()
    for done, change in enumerate(changes, start=1):
        yield solve(problem, change)
        passed = perf_counter() - began
        if passed > _TRIAL_S and passed / done * (len(changes) - done) > _WORTH_A_POOL_S:
            yield from _with_a_pool(problem, changes[done:])
            return


def _with_a_pool(problem: Problem, changes: list[Change]) -> Generator[Plan]:
    try:
        pool = None if cores() == 1 or inside_worker() else Workers(min(cores(), len(changes)))
    except OSError:
        pool = None
    if pool is None:
        yield from (solve(problem, change) for change in changes)
        return
    with pool:
        yield from _spread(problem, changes, pool)


def _spread(problem: Problem, changes: list[Change], executor: Executor) -> Generator[Plan]:
    """Hand out chunks that depend on the number of changes alone; the problem travels once with each."""
    size = -(-len(changes) // _MOST_CHUNKS)
    chunks = [tuple(changes[at:at + size]) for at in range(0, len(changes), size)] if changes else []
    asked, packed = _answers, pickle.dumps(problem)
    waiting: list[Future[tuple[Plan, ...]]] = []
    try:
        waiting += (executor.submit(asked, packed, chunk) for chunk in chunks)
        for future, chunk in zip(waiting, chunks, strict=True):
            yield from _whole(future.result(), len(chunk))
    except PmlibError:
        raise
    except Exception as error:
        raise SolverError(f"executor: {type(executor).__name__} failed with {type(error).__name__}: {error}. "
                          "Start a new one, or leave it out to solve on this machine.") from error
    finally:
        # What is no future cannot be cancelled, and was refused above.
        with suppress(AttributeError):
            for future in waiting:
                future.cancel()


def _whole(plans: object, n: int) -> tuple[Plan, ...]:
    if not isinstance(plans, tuple) or len(plans) != n or not all(isinstance(plan, Plan) for plan in plans):
        raise SolverError(f"executor: it answered with {shown(plans)}, allowed {n} plans. Pass one that hands back "
                          "what the function returns.")
    return plans


def _answers(packed: bytes, changes: Sequence[Change]) -> tuple[Plan, ...]:
    problem: Problem = pickle.loads(packed)
    return tuple(solve(problem, change) for change in changes)
