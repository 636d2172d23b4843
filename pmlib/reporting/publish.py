"""A report's folder is whole or absent: built aside, forced to disk, then put in place in one step."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pmlib.errors import LockedError, ReportError, did_you_mean
from pmlib.reporting.file_hashes import sha256_of
from pmlib.reporting.record import write_json

#: Manifest layout; raised when a reader of old manifests would go wrong.
MANIFEST_FORMAT = 1
_LOOKS_FOR_HOLDER = 20
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV)


def published_folder(project: Path) -> Path:
    """Folder that holds everything a project has published."""
    return project / "reports" / "published"


def published_report(project: Path, report: str, period: str, unit: str | None = None) -> Path:
    """Find the folder of a published report.

    Raises
    ------
    ReportError
        It is not published; the message names the periods and units that are.
    """
    shelf = published_folder(project) / report
    found = {path.parent.relative_to(shelf).as_posix() for path in
             [*shelf.glob("[0-9]*/manifest.json"), *shelf.glob("[0-9]*/*/manifest.json")]}
    asked = f"{period}/{unit}" if unit else period
    if asked not in found:
        raise ReportError(f"{report} {asked} is not published. {did_you_mean(asked, sorted(found))}")
    return shelf / asked


@contextmanager
def hold(published: Path, key: str, *, wait_s: float = 600) -> Iterator[None]:
    """Keep others off one report and period while a run works on it.

    Parameters
    ----------
    published : Path
        The folder of published reports.
    key : str
        What is held, for example ``monthly-2025-12``.
    wait_s : float
        Seconds to wait for another holder.

    Raises
    ------
    LockedError
        The other run still holds it; the message names its process.
    """
    folder = published / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / f"{key}.lock"), folder / f"{key}.json"
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise LockedError(f"{key}: held by {_holder(holder)}. Wait for it to end, or end it.") from error
    try:
        write_json(holder, _me())
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    # Between taking a lock and signing it there is a moment.
    for _ in range(_LOOKS_FOR_HOLDER):
        if path.exists():
            break
        time.sleep(0.01)
    who = _read_json(path)
    return f"pid {who.get('pid', 'unknown')} on {who.get('host', 'an unknown host')}"


def _me() -> dict[str, object]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "born": _born(os.getpid())}


def _born(pid: int) -> str | None:
    """Start time of a process in clock ticks, which tells a reused pid from its first owner."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


def _alive(owner: dict[str, object]) -> bool:
    if owner.get("host", socket.gethostname()) != socket.gethostname():
        return True
    pid = owner.get("pid")
    return isinstance(pid, int) and _running(pid) and owner.get("born") == _born(pid)


def _running(pid: int) -> bool:
    if os.name == "nt":
        # There, signal 0 would interrupt the process; tasklist only asks.
        asked = subprocess.run(["tasklist", "/fi", f"pid eq {pid}", "/nh"], capture_output=True, text=True, check=False)
        return str(pid) in asked.stdout
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def workplace(published: Path, run_id: str) -> Iterator[Path]:
    """Give a run its temporary folder, on the file system of the published reports.

    What is left of it at the end is removed; of a killed run, by the next one.
    """
    parent = published / ".tmp"
    parent.mkdir(parents=True, exist_ok=True)
    folder, owner = parent / run_id, parent / f"{run_id}.pid"
    # Owner first: a folder without one belongs to nobody.
    write_json(owner, _me())
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        owner.unlink(missing_ok=True)


def sweep(published: Path) -> list[str]:
    """Remove the temporary folders of runs that are no more.

    Parameters
    ----------
    published : Path
        The folder of published reports.

    Returns
    -------
    list of str
        Run ids whose remains were removed.
    """
    parent = published / ".tmp"
    ids = sorted({path.name.removesuffix(".pid") for path in parent.glob("*") if not path.name.startswith(".")})
    dead = [run_id for run_id in ids if not _alive(_read_json(parent / f"{run_id}.pid"))]
    for run_id in dead:
        shutil.rmtree(parent / run_id, ignore_errors=True)
        (parent / f"{run_id}.pid").unlink(missing_ok=True)
    for draft in parent.glob(".*"):
        writer = draft.name.rpartition(".")[2]
        if writer.isdigit() and not _running(int(writer)):
            draft.unlink(missing_ok=True)
    return dead


def at_work(published: Path) -> bool:
    """Whether a run is going on."""
    return any(_alive(_read_json(path)) for path in (published / ".tmp").glob("*.pid"))


def put_in_place(draft: Path, target: Path) -> None:
    """Publish a folder: at no moment is there half of one, and never none where one was.

    Parameters
    ----------
    draft : Path
        The finished folder, on the same file system, forced to disk where readers will trust it unseen. It holds the
        replaced one afterwards, or is gone when there was none.
    target : Path
        Where readers look.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        draft.rename(target)
    elif not exchange(draft, target):
        _replace_aside(draft, target)
    _force_folder(target.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step of the kernel; False where it has no such call."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(os.fsencode(one), os.fsencode(other), _RENAME_SWAP)
        else:
            failed = library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    except (AttributeError, OSError, TypeError):
        return False
    if failed and ctypes.get_errno() not in _NO_EXCHANGE:
        raise OSError(ctypes.get_errno(), f"cannot exchange {one} and {other}")
    return not failed


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.aside")


def _replace_aside(draft: Path, target: Path) -> None:
    # Without an exchange there is a moment between the two renames; recover() closes it after a kill.
    target.rename(_aside(target))
    try:
        draft.rename(target)
    except OSError:
        _aside(target).rename(target)
        raise
    shutil.rmtree(_aside(target), ignore_errors=True)


def recover(target: Path) -> None:
    """Put back a folder that a run was killed over between its two renames."""
    aside = _aside(target)
    if not aside.exists():
        return
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.rename(target)


def force_to_disk(folder: Path) -> None:
    """Flush every file and folder below and including one, so that a rename never outruns its content."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            _force_file(Path(place) / name)
        _force_folder(Path(place))


def _force_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _force_folder(path: Path) -> None:
    # Windows opens no folders, and needs no flush of them.
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_page(published: Path, name: str, text: str) -> Path:
    """Write one file of the published folder, whole or not at all, and return its path."""
    path, draft = published / name, published / ".tmp" / f".{name}.{os.getpid()}"
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        draft.write_text(text, encoding="utf-8")
        _force_file(draft)
        return draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by path, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def read_manifest(folder: Path) -> dict[str, object] | None:
    """Read the manifest of a published folder; None when there is none that can be read."""
    return _read_json(folder / "manifest.json") or None
