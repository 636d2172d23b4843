"""The warm process: imports once, then forks a kernel for everybody who asks over its socket.

It runs one thread and lives for one command: it ends, with every kernel, when its standard input closes or its owner
is gone. Started by :mod:`pmlib.reporting.kernels.launching`.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmlib.reporting.kernels import preload, wire
from pmlib.reporting.kernels.forked import LastToGo, Request, become_kernel
from pmlib.reporting.kernels.preload import BEFORE_IMPORT

#: What libraries read as they are imported or as the process starts: it cannot be changed in a fork.
_READ_AT_START = (
    "ARROW_", "HOME", "LANG", "LC_", "LD_", "MATPLOTLIB", "MKL_", "MPL", "NUMEXPR_", "OMP_", "OPENBLAS_", "PYTHON",
    "TZ", "XDG_",
)
_PATIENCE_S = 5.0
_LAST_GRACE_S = 2.0


@dataclass(kw_only=True)
class _Kernel:
    pid: int
    connection: socket.socket
    lines: wire.Lines
    ended: int
    deadline: float | None = None

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:  # it has not made its own group yet
                os.kill(self.pid, number)

    def close(self) -> None:
        self.connection.close()
        os.close(self.ended)


class Zygote:
    """Forks kernels, passes their exit status on, and ends them when nobody holds them any more."""

    def __init__(self, listener: socket.socket, *, owner: int, started_with: Mapping[str, str]) -> None:
        self._listener, self._started_with = listener, started_with
        self._imports: Iterator[None] | None = preload.rest()
        self._owner = os.pidfd_open(owner)
        self._kernels: dict[int, _Kernel] = {}
        self._ending = False
        self._watch = selectors.PollSelector()
        self._on(listener, self._accept)
        self._on(self._owner, self._end_now)
        self._on(0, self._end)

    def serve(self) -> Request | None:
        """Serve until the end; returns a request only in a process forked to answer it."""
        while not (self._ending and not self._kernels):
            events = self._watch.select(self._next_deadline() if self._imports is None else 0.0)
            # One event a round: to serve it may close what another one speaks of.
            for key, _ in events[:1]:
                request: Request | None = key.data()
                if request is not None:
                    self._forget()
                    return request
            if not events:
                self._import_more()
            self._kill_overdue()
        return None

    def _import_more(self) -> None:
        if self._imports is not None and next(self._imports, self) is self:
            self._imports = None

    def _on(self, file: Any, call: Callable[[], Request | None]) -> None:
        self._watch.register(file, selectors.EVENT_READ, call)

    def _end(self) -> None:
        """Let kernels end that were asked to; no other outlives the owner's wish."""
        self._ending, self._imports = True, None
        for file in (self._listener, self._owner, 0):
            with suppress(KeyError):
                self._watch.unregister(file)
        for kernel in self._kernels.values():
            kernel.deadline = min(kernel.deadline or 0.0, time.monotonic() + _LAST_GRACE_S)

    def _end_now(self) -> None:
        self._end()
        for kernel in self._kernels.values():
            kernel.signal(signal.SIGKILL)

    def _accept(self) -> Request | None:
        connection, _ = self._listener.accept()
        connection.settimeout(_PATIENCE_S)
        lines = wire.Lines(connection)
        wanted = refusal = None
        with suppress(OSError, ValueError):
            wanted = lines.next()
        if wanted is not None:
            refusal = preload.reason_not_to_fork() or differs(wanted["env"], self._started_with)
        if wanted is None or refusal:
            with suppress(OSError), connection:
                wire.send(connection, {"refused": refusal})
            _close(lines.files)
            return None
        pid = os.fork()
        if not pid:
            os.setsid()
            return Request(wanted=wanted, files=tuple(lines.files), connection=connection)
        self._register(_Kernel(pid=pid, connection=connection, lines=lines, ended=os.pidfd_open(pid)))
        _close(lines.files)
        return None

    def _register(self, kernel: _Kernel) -> None:
        self._kernels[kernel.pid] = kernel
        self._on(kernel.connection, lambda: self._listen(kernel))
        self._on(kernel.ended, lambda: self._reap(kernel))
        with suppress(OSError):
            wire.send(kernel.connection, {"pid": kernel.pid})

    def _listen(self, kernel: _Kernel) -> None:
        try:
            for message in kernel.lines.arrived():
                kernel.deadline = time.monotonic() + message["release"]
        except (OSError, ValueError, KeyError):
            kernel.lines.ended = True
        if kernel.lines.ended:
            self._watch.unregister(kernel.connection)
            if kernel.deadline is None:
                kernel.signal(signal.SIGKILL)

    def _reap(self, kernel: _Kernel) -> None:
        """Say how a kernel ended; what it started ends with it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(kernel.pid, signal.SIGKILL)
        _, status = os.waitpid(kernel.pid, 0)
        with suppress(OSError):
            wire.send(kernel.connection, {"exit": os.waitstatus_to_exitcode(status)})
        self._watch.unregister(kernel.ended)
        with suppress(KeyError):
            self._watch.unregister(kernel.connection)
        kernel.close()
        del self._kernels[kernel.pid]

    def _next_deadline(self) -> float | None:
        deadlines = [kernel.deadline for kernel in self._kernels.values() if kernel.deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _kill_overdue(self) -> None:
        for kernel in self._kernels.values():
            if kernel.deadline is not None and kernel.deadline <= time.monotonic():
                kernel.signal(signal.SIGKILL)

    def _forget(self) -> None:
        """In a fork: hold nothing that belongs to the warm process or to another kernel."""
        self._listener.close()
        os.close(self._owner)
        for kernel in self._kernels.values():
            kernel.close()
        self._watch.close()


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)


def differs(wanted: Mapping[str, str], have: Mapping[str, str]) -> str | None:
    """Why a kernel with this environment cannot be forked from a process that started with that one.

    Parameters
    ----------
    wanted, have : mapping
        Environment of the kernel, and that of the warm process at its start.

    Returns
    -------
    str or None
        The first variable that libraries read as they are imported and that is not the same.
    """
    for name in sorted({*wanted, *have}):
        if not name.startswith(_READ_AT_START) or (name in BEFORE_IMPORT and name not in wanted):
            continue
        if wanted.get(name) != have.get(name):
            return f"{name} is {wanted.get(name)!r} for the kernel and {have.get(name)!r} for the warm process"
    return None


def main(argv: list[str]) -> None:
    """Serve the socket that was inherited: ``FILE_NUMBER OWNER_PID FOLDER`` (the folder goes with the process)."""
    number, owner, folder = int(argv[0]), int(argv[1]), Path(argv[2])
    last, started_with = LastToGo(), dict(os.environ)
    listener = socket.socket(fileno=number)
    preload.first()
    request = Zygote(listener, owner=owner, started_with=started_with).serve()
    if request is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    last.status = 1
    become_kernel(request)
    last.status = 0


if __name__ == "__main__":
    # As `python -m ipykernel_launcher` does: the working folder is no place to import from.
    if sys.path[0] in {"", str(Path.cwd())}:
        del sys.path[0]
    main(sys.argv[1:])
