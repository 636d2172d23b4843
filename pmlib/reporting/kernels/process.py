"""The owner's handle on a forked kernel: what `subprocess.Popen` is to an ordinary one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pmlib.reporting.kernels import wire

#: A warm process that is still importing may be waited for; one that says nothing is as good as none.
_LONGEST_START_S = 60.0
_LOST = -int(signal.SIGKILL)


class NoWarmKernelError(Exception):
    """The warm process cannot or will not fork this kernel; its message says why."""


class ForkedKernel:
    """A kernel that the warm process at an address forked; the part of `Popen` that a provisioner needs.

    Parameters
    ----------
    address : str
        Path of the warm process's socket.
    wanted : mapping
        argv, env, cwd, umask, memory_mb.
    files : sequence of int
        Open files for the kernel's standard output and error.

    Raises
    ------
    NoWarmKernelError
        Nobody answers there, or the answer is no.
    """

    stdin = stdout = stderr = None

    def __init__(self, address: str, wanted: Mapping[str, Any], files: Sequence[int]) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lines = wire.Lines(self._connection)
        self._connection.settimeout(_LONGEST_START_S)
        try:
            self._connection.connect(address)
            wire.send(self._connection, wanted, files)
            self._wait_until_ready()
        except (OSError, ValueError) as error:
            self.close()
            raise NoWarmKernelError(f"no answer from the warm process: {error}") from None
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self) -> None:
        while (message := self._lines.next()) is not None:
            if "refused" in message:
                raise NoWarmKernelError(str(message["refused"]))
            self._take(message)
            if "ready" in message or self.returncode is not None:
                return
        raise NoWarmKernelError("the warm process ended")

    def _take(self, message: Mapping[str, Any]) -> None:
        self.pid = message.get("pid", self.pid)
        self.returncode = message.get("exit", self.returncode)

    def poll(self) -> int | None:
        """Exit status, or None while the kernel runs; a lost warm process takes its kernels with it."""
        if self.returncode is None:
            self._connection.setblocking(False)
            self._listen()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end."""
        give_up = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if give_up is None else give_up - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
            self._connection.settimeout(left)
            self._listen()
        return self.returncode

    def _listen(self) -> None:
        try:
            for message in self._lines.arrived():
                self._take(message)
        except (BlockingIOError, TimeoutError):
            return
        except (OSError, ValueError):
            self._lines.ended = True
        if self._lines.ended and self.returncode is None:
            self.returncode = _LOST
        if self.returncode is not None:
            self.close()

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and all it started; at once, the warm process may be busy."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
        if number == signal.SIGKILL:
            with suppress(subprocess.TimeoutExpired):
                self.wait(1.0)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def release(self, grace_s: float) -> None:
        """Leave it to the warm process, which ends it after so many seconds at the latest."""
        if self.poll() is None:
            self._connection.settimeout(_LONGEST_START_S)
            with suppress(OSError):
                wire.send(self._connection, {"release": grace_s})
        self.close()

    def close(self) -> None:
        """Let go of it; a kernel that still runs and was not released ends."""
        self._connection.close()
