"""The owner's side of the warm process: start it, say where it answers, end it and all its kernels."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pmlib.reporting.kernels.preload import one_thread_environment

#: Names the warm process's address to a provisioner, in the environment of whoever starts kernels.
ADDRESS_VARIABLE = "PMLIB_ZYGOTE"
#: Chooses the provisioner for any program that starts kernels through jupyter_client.
PROVISIONER_VARIABLES = {"JUPYTER_DEFAULT_PROVISIONER_NAME": "pmlib-warm"}
_PREFIX, _SOCKET = "pmlib-warm-", "zygote"
_LONGEST_FOLDER = 60
_LONGEST_END_S = 3.0
_YOUNG_S = 60.0
_WAITING = 128


@contextmanager
def warm_kernels(*, cold: bool = False) -> Iterator[str | None]:
    """Hold a warm process for as long as kernels are needed.

    It imports in the background: whoever asks early waits until it is ready. Several processes may use one address.

    Parameters
    ----------
    cold : bool
        Start none: ordinary kernels.

    Yields
    ------
    str or None
        Its address; None when cold, or where a process with open libraries cannot be forked (macOS, Windows).

    Examples
    --------
    >>> with warm_kernels(cold=True) as address:
    ...     print(address)
    None
    """
    if cold or not can_fork():
        yield None
        return
    warm = _Warm()
    try:
        yield warm.address
    finally:
        warm.end()


def can_fork() -> bool:
    """Whether this system lets a process that holds scientific libraries be forked, and watched: Linux does."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def address_here(address: str | None) -> str | None:
    """Address to use on this host: the one given, or where it is another host's, this process's own.

    The own warm process is started at the first need and ends with this process.
    """
    if address is None or Path(address).exists() or not can_fork():
        return address
    return _own()


_lock = threading.Lock()
_owned: list[_Warm] = []


def _own() -> str:
    with _lock:
        if not _owned or _owned[0].owner != os.getpid():
            _owned[:] = [_Warm()]
            atexit.register(_owned[0].end)
        return _owned[0].address


class _Warm:
    """One warm process and its private folder."""

    def __init__(self) -> None:
        _sweep()
        self.owner = os.getpid()
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder_of_sockets()))
        self.address = str(self._folder / _SOCKET)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self.address)
            listener.listen(_WAITING)
            self._process = _start(listener, self._folder)

    def end(self) -> None:
        """End it and its kernels; those that were asked to end may finish first."""
        if self.owner != os.getpid():
            return
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_LONGEST_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _start(listener: socket.socket, folder: Path) -> subprocess.Popen[bytes]:
    """Start it on a socket that listens already: a connection made now is answered when the imports are done."""
    number = str(listener.fileno())
    command = [sys.executable, "-m", "pmlib.reporting.kernels.zygote", number, str(os.getpid()), str(folder)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=one_thread_environment(),
        pass_fds=[listener.fileno()],
        start_new_session=True,
    )


def folder_of_sockets() -> str:
    """Folder for temporary files whose path leaves room for that of a socket, which may have 104 characters."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= _LONGEST_FOLDER else "/tmp"


def _sweep() -> None:
    """Remove the folders of warm processes that were killed: nobody listens there any more."""
    for folder in Path(folder_of_sockets()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and _is_dead(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_dead(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(folder / _SOCKET))
        except OSError as error:
            old = time.time() - folder.stat().st_mtime > _YOUNG_S
            return error.errno == errno.ECONNREFUSED or (error.errno == errno.ENOENT and old)
    return False
