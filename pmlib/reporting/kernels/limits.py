"""How much memory a notebook may take."""

from __future__ import annotations

import sys
from pathlib import Path

#: What Python and the libraries of a notebook take for themselves.
_LIBRARIES_MB = 512


def limit_memory(process: int, megabytes: int) -> None:
    """Limit what a kernel may allocate beside its libraries; beyond it Python raises MemoryError, or the kernel dies.

    Parameters
    ----------
    process : int
        The kernel, which has just started; nothing happens where the system has no such limit.
    megabytes : int
    """
    if sys.platform == "linux":
        import resource

        limit = max(_data_mb(process), _LIBRARIES_MB) + megabytes << 20
        resource.prlimit(process, resource.RLIMIT_DATA, (limit, limit))


def _data_mb(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("VmData:")), 0)
