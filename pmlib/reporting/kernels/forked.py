"""What a process forked from the warm one does to become a kernel like any other."""

from __future__ import annotations

import atexit
import gc
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pmlib.reporting.kernels import wire
from pmlib.reporting.kernels.limits import limit_memory


@dataclass(frozen=True, kw_only=True)
class Request:
    """A kernel that somebody asked for: how to run it, its standard output and error, and whom to tell."""

    wanted: Mapping[str, Any]
    files: tuple[int, ...]
    connection: socket.socket


class LastToGo:
    """Ends a process after all its exit handlers, before the interpreter takes itself apart.

    That would copy every page that is shared with the warm process, to no end. Registered before any import, hence
    called last.
    """

    def __init__(self) -> None:
        self.status = 0
        atexit.register(self._go)

    def _go(self) -> None:
        for stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()  # type: ignore[union-attr]
        os._exit(self.status)


def become_kernel(request: Request) -> None:
    """Run the kernel that was asked for, to its end.

    Parameters
    ----------
    request : Request
        wanted has argv (as for an ordinary kernel), env, cwd, umask and memory_mb (None: no limit).
    """
    wanted = request.wanted
    _leave_the_parent(request)
    os.umask(wanted["umask"])
    os.chdir(wanted["cwd"])
    _environment(wanted["env"])
    _reseed()
    if wanted["memory_mb"]:
        limit_memory(os.getpid(), wanted["memory_mb"])
    gc.enable()
    _run(wanted["argv"], request.connection)


def _leave_the_parent(request: Request) -> None:
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, file in enumerate((nothing, *request.files)):
        os.dup2(file, place)
        os.close(file)


def _environment(values: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(values)
    # The kernel ends with the process it was forked from, as an ordinary one with the process that started it.
    os.environ["JPY_PARENT_PID"] = str(os.getppid())


def _reseed() -> None:
    import numpy as np

    random.seed()
    np.random.seed()


def _run(argv: list[str], connection: socket.socket) -> None:
    from importlib.util import find_spec

    from ipykernel.kernelapp import IPKernelApp

    sys.orig_argv = argv
    launcher = find_spec("ipykernel_launcher")
    sys.argv = [str(launcher and launcher.origin), *argv[argv.index("-m") + 2 :]]
    app: Any = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(sys.argv[1:])
    # To close its sockets for nobody, the application lets its threads wait for one another, some times for seconds.
    atexit.unregister(app.close)
    with suppress(OSError), connection:
        wire.send(connection, {"ready": True})
    app.start()
