"""What files hold, as hashes: of a workbook's files, of pmlib's own, remembered while a file stays as it is."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pmlib
from pmlib.reporting.record import write_json

#: Seconds after which a file that is written again cannot keep its time of change any more.
_SETTLED_S = 2.0
#: A database keeps what it has not merged yet beside its file.
_SIDECARS = (".wal", "-wal")
#: Of the reporting room, what a notebook runs.
_IN_KERNELS = frozenset({"record.py", "shown.py", "sources.py"})


def digest(*parts: str) -> str:
    """Hash texts, each apart from its neighbours.

    Examples
    --------
    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileHashes:
    """SHA-256 of files, kept from run to run for those whose size, times of change and place on disk stay.

    Parameters
    ----------
    memory : Path
        The file that keeps them; one that cannot be read counts as empty.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known = _read(memory)
        self._new = False

    def of(self, path: Path) -> str:
        """Hash a file, or recall its hash."""
        about, now = path.stat(), time.time()
        mark = [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
        known = self._known.get(str(path))
        if isinstance(known, list) and known[:-1] == mark:
            return str(known[-1])
        found = sha256_of(path)
        # A file changed a moment ago may change again without showing it.
        if now - max(about.st_mtime, about.st_ctime) > _SETTLED_S:
            self._known[str(path)], self._new = [*mark, found], True
        return found

    def of_workbook(self, place: Path | str) -> str | None:
        """Hash every file of a workbook; None where there is no file to hash: an address, or nothing there."""
        if isinstance(place, str) or not place.exists():
            return None
        files = _files_below(place) if place.is_dir() else [place, *_sidecars(place)]
        root = place if place.is_dir() else place.parent
        parts = [f"{file.relative_to(root).as_posix()} {self.of(file)}" for file in files]
        self._save()
        return digest(*parts)

    def _save(self) -> None:
        if not self._new:
            return
        # Without it the next run is slower, and no less right.
        with suppress(OSError):
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._memory, {path: mark for path, mark in self._known.items() if Path(path).exists()})
            self._new = False


def _read(memory: Path) -> dict[str, object]:
    try:
        content = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _files_below(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _sidecars(file: Path) -> list[Path]:
    beside = (file.with_name(file.name + ending) for ending in _SIDECARS)
    return [path for path in beside if path.is_file() and path.stat().st_size]


@cache
def execution_code() -> str:
    """Hash of what a notebook can reach of pmlib: all of it, but for what only makes pages and commands."""
    return _hash_of_code(path for path in _code() if not _makes_pages(path))


@cache
def dressing_code() -> str:
    """Hash of what makes pages of executed notebooks, templates included."""
    return _hash_of_code(path for path in _code() if _makes_pages(path))


def _code() -> list[Path]:
    root = Path(pmlib.__file__).parent
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in {".py", ".j2", ".css", ".json"})


def _makes_pages(path: Path) -> bool:
    inside = path.relative_to(Path(pmlib.__file__).parent).parts
    return (inside[0] == "reporting" and inside[-1] not in _IN_KERNELS) or inside == ("cli.py",)


def _hash_of_code(paths: Iterable[Path]) -> str:
    root = Path(pmlib.__file__).parent
    return digest(*(f"{path.relative_to(root).as_posix()} {sha256_of(path)}" for path in paths))
