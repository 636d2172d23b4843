"""Processes on this machine that work for a notebook, a script or a console alike, and end with it.

The pools of the standard library run the caller's script again in every worker, which a script without a guard, a
script from standard input and some notebooks cannot stand. These workers load only what the jobs name.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

from pmlib.errors import SolverError

_T = TypeVar("_T")

#: Set in the environment of a worker, and of all it starts.
WORKER_VARIABLE = "PMLIB_WORKER"
_BEGIN = ("import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
          "from pmlib.portfolio.workers import serve; serve()")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def inside_worker() -> bool:
    """Whether this process is itself a worker of some pool, which starts no pool of its own."""
    return WORKER_VARIABLE in os.environ or multiprocessing.parent_process() is not None


class Workers(Executor):
    """An executor of ``count`` processes; each answers one job at a time.

    Parameters
    ----------
    count : int
        How many processes.

    Raises
    ------
    OSError
        No process can be started here.

    Examples
    --------
    >>> with Workers(1) as pool:
    ...     pool.submit(max, 3, 4).result()
    4
    """

    def __init__(self, count: int) -> None:
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(count)
        try:
            for _ in range(count):
                self._processes.append(_started())
            for process in self._processes:
                _told(process, sys.path)
                self._idle.put(process)
        except BaseException:
            self._end(kill=True)
            raise

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Hand a function and its arguments to the next idle process; both must be importable there."""
        return self._threads.submit(self._ask, fn, *args, **kwargs)

    def _ask(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
        job = pickle.dumps((fn, args, kwargs))
        process = self._idle.get()
        try:
            well, said = _told(process, job)
        except OSError as error:
            raise SolverError(f"a worker process ended in the middle of its work ({error}). "
                              "Free some memory, or pass an executor with fewer workers.") from None
        finally:
            self._idle.put(process)
        if not well:
            raise said
        answer: _T = said
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: after the jobs handed in, or at once when those are cancelled; always waits."""
        self._end(kill=cancel_futures)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.shutdown(cancel_futures=kind is not None)

    def _end(self, *, kill: bool) -> None:
        if not kill:
            self._threads.shutdown()
        for process in self._processes:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            # Leaving a process waits for it and closes its pipes; an unread rest breaks one.
            with contextlib.suppress(OSError), process:
                pass


def _started() -> subprocess.Popen[bytes]:
    if not sys.executable or getattr(sys, "frozen", False):
        raise OSError("this program brings no Python of its own to start another with")
    return subprocess.Popen(
        [sys.executable, "-c", _BEGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {WORKER_VARIABLE: "1"})


def _told(process: subprocess.Popen[bytes], message: object) -> tuple[bool, Any]:
    """Send a message and wait for what the process says to it."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump(message, process.stdin)
        process.stdin.flush()
        said: tuple[bool, Any] = pickle.load(process.stdout)
    except (EOFError, OSError, pickle.UnpicklingError):
        raise OSError(f"exit code {process.poll()}") from None
    return said


def serve() -> None:
    """Answer jobs from standard input until it closes: the other end of `Workers`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a job prints must not get between the answers.
    os.dup2(2, 1)
    said: tuple[bool, Any] = (True, None)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            answers.write(_pickled(said))
            answers.flush()
            said = _done(pickle.load(jobs))


def _done(job: bytes) -> tuple[bool, Any]:
    try:
        fn, args, kwargs = pickle.loads(job)
        return True, fn(*args, **kwargs)
    except Exception as error:
        return False, error


def _pickled(said: tuple[bool, Any]) -> bytes:
    """Pickle an answer; an error that cannot be pickled, or not be read again, is told in words."""
    try:
        whole = pickle.dumps(said)
        if not said[0]:
            pickle.loads(whole)
        return whole
    except Exception:
        return pickle.dumps((False, SolverError(f"a worker cannot hand back {said[1]!r}. Run it in this process.")))
