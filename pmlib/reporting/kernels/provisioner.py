"""The provisioner that Jupyter finds by its entry point ``pmlib-warm``: a fork where it can, else an ordinary start."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from pmlib.reporting.kernels.launching import ADDRESS_VARIABLE
from pmlib.reporting.kernels.limits import limit_memory
from pmlib.reporting.kernels.process import ForkedKernel, NoWarmKernelError

_log = logging.getLogger(__name__)
_KERNEL = ("-m", "ipykernel_launcher")
_OPTIONS = {"cwd", "env", "stdout", "stderr", "stdin", "independent"}


class WarmProvisioner(LocalProvisioner):
    """Starts Python kernels of this interpreter as forks of the warm process named by ``PMLIB_ZYGOTE``.

    Any other kernel, and every kernel when there is no such process, starts as Jupyter always starts it.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel; ``memory_mb`` among the options limits what it may allocate."""
        memory_mb = kwargs.pop("memory_mb", None)
        address = kwargs["env"].pop(ADDRESS_VARIABLE, None)
        if address and _can_be_forked(cmd, kwargs):
            try:
                return self._fork(address, cmd, kwargs | {"memory_mb": memory_mb})
            except NoWarmKernelError as reason:
                _log.warning("an ordinary kernel starts: %s", reason)
        info = await super().launch_kernel(cmd, **kwargs)
        if memory_mb and self.pid is not None:
            limit_memory(self.pid, memory_mb)
        return info

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of the kernel."""
        if isinstance(self.process, ForkedKernel):
            self.process.close()
        await super().cleanup(restart=restart)

    def _fork(self, address: str, cmd: list[str], options: dict[str, Any]) -> Any:
        wanted = {
            "argv": cmd,
            "env": dict(options["env"]),
            "cwd": str(options.get("cwd") or Path.cwd()),
            "umask": _umask(),
            "memory_mb": options["memory_mb"],
        }
        files = [_number(options.get("stdout"), 1), _number(options.get("stderr"), 2)]
        kernel = ForkedKernel(address, wanted, files)
        self.process, self.pid, self.pgid, self.cwd = kernel, kernel.pid, None, wanted["cwd"]  # type: ignore[assignment]
        return self.connection_info


def _can_be_forked(cmd: Sequence[str], options: dict[str, Any]) -> bool:
    """Whether this is a plain Python kernel of this interpreter, started in a way that a fork can follow."""
    same = Path(cmd[0]) == Path(sys.executable) and tuple(cmd[1:3]) == _KERNEL
    return same and {name for name, value in options.items() if value is not None} <= _OPTIONS


def _number(file: Any, usual: int) -> int:
    if file is None:
        return usual
    return file if isinstance(file, int) else int(file.fileno())


def _umask() -> int:
    """Read the umask of this process without setting it: other threads may be writing."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o077
