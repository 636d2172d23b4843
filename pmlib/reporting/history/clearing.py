"""Room on the disk: what no published report needs goes, the last good ones stay."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import LockedError, ParameterError
from pmlib.reporting.executed import place_of
from pmlib.reporting.file_hashes import digest, execution_code
from pmlib.reporting.pages import write_index
from pmlib.reporting.publish import at_work, hold, published_folder, read_manifest, sweep, workplace
from pmlib.reporting.published import named_folders, period_folders, report_folders

if TYPE_CHECKING:
    import pandas as pd

_MIB = 1024 ** 2
_WAIT_S = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Cleared:
    """What was removed, or would be.

    Attributes
    ----------
    removed : dict of kind to paths below the published folder
        cache, failed or period.
    size : int
        Bytes.
    held : tuple of str
        Reports that another run works on, which were left alone.
    dry_run : bool
        Whether nothing was removed.
    """

    removed: dict[str, tuple[str, ...]]
    size: int
    held: tuple[str, ...]
    dry_run: bool

    def to_frame(self) -> pd.DataFrame:
        """One row per path: kind, path."""
        import pandas as pd

        rows = [(kind, path) for kind, paths in self.removed.items() for path in paths]
        return pd.DataFrame(rows, columns=["kind", "path"])

    def summary(self) -> str:
        """Count by kind, with the room gained."""
        kinds = {"cache": "cache", "failed": "failed run", "period": "period"}
        counts = {name: len(self.removed[kind]) for kind, name in kinds.items()}
        parts = [f"{number} {name}{'s' * (number != 1)}" for name, number in counts.items()]
        verb = "Would remove" if self.dry_run else "Removed"
        first = f"{verb} {', '.join(parts)}: {self.size / _MIB:,.1f} MB."
        held = f" Left alone, because another run works on them: {', '.join(self.held)}." if self.held else ""
        return first + held

    def headline(self) -> dict[str, str]:
        """Name the room gained."""
        return {f"{self.size / _MIB:,.1f} MB": "room gained" if not self.dry_run else "room to gain"}

    def __repr__(self) -> str:
        return f"<Cleared: {self.summary()}>"


def clear(project: Path, *, keep: int | None = None, dry_run: bool = False) -> Cleared:
    """Remove failed runs made good, periods beyond the newest good ones, and caches that nothing published needs.

    Parameters
    ----------
    project : Path
        The project's root.
    keep : int, optional
        How many good periods of each report and unit stay, at least 1; all by default. A period published in part
        stays unless it is older than those.
    dry_run : bool
        Say what would go, and remove nothing.

    Raises
    ------
    ParameterError
        Less than one is to be kept.
    """
    if keep is not None and keep < 1:
        raise ParameterError(f"keep: got {keep}, allowed 1 or more: the last good report stays. Give another number.")
    published = published_folder(project.resolve())
    if dry_run or not published.is_dir():
        return replace(_cleared(published, keep, None, busy=at_work(published)), dry_run=dry_run)
    with hold(published, "gc", wait_s=_WAIT_S):
        sweep(published)
        # A run may be about to use what no manifest names yet.
        busy = at_work(published)
        with workplace(published, secrets.token_hex(4)) as bin_folder:
            done = _cleared(published, keep, bin_folder, busy=busy)
    write_index(project.resolve())
    return done


@dataclass(frozen=True, eq=False, kw_only=True)
class _Report:
    """A folder that holds a manifest, published or of a failed run.

    Attributes
    ----------
    shelf : tuple of str
        Report and unit.
    """

    folder: Path
    shelf: tuple[str, str]
    period: str
    status: str
    started: str
    said: dict[str, Any]

    @property
    def name(self) -> tuple[str, ...]:
        """Report, period and unit, as its folder and its lock are named."""
        return tuple(filter(None, (self.shelf[0], self.period, self.shelf[1])))

    @property
    def good(self) -> bool:
        """Whether it is whole, and no answer to a what-if."""
        return self.status == "ok" and not self.said.get("asked")

    def caches(self) -> Iterator[str]:
        """Names of what is cached of it: executed notebooks, and what is known of its workbook."""
        for key in _texts(self.said.get("execution")).values():
            yield place_of(self.folder, key).name
        source = str(self.said.get("source"))
        kept = digest(source, execution_code())[:32]
        yield from (f"{kept}.json", f"{kept}-{self.period}.parquet")
        for parameter in _texts(self.said.get("parameters")):
            yield f"{digest(digest(source, parameter), execution_code())[:32]}.json"


def _texts(content: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in content.items()} if isinstance(content, dict) else {}


def _read(folder: Path, report: str) -> _Report:
    said: dict[str, Any] = dict(read_manifest(folder) or {})
    period, unit, status, started = (str(said.get(key) or "") for key in ("period", "unit", "status", "started"))
    return _Report(folder=folder, shelf=(report, unit), period=period, status=status, started=started, said=said)


def _standing(published: Path) -> list[_Report]:
    shelves = named_folders(published) if published.is_dir() else []
    return [_read(folder, shelf.name) for shelf in shelves for period in period_folders(shelf)
            for folder in report_folders(period)]


def _failed(published: Path) -> list[_Report]:
    shelves = named_folders(published) if published.is_dir() else []
    found = [_read(folder, shelf.name) for shelf in shelves if (shelf / "failed").is_dir()
             for folder in named_folders(shelf / "failed")]
    # Names in a manifest that are not those of its folder are nothing to go by.
    return [one for one in found if one.period and one.folder.name.startswith("-".join(one.name[1:]))]


def _cleared(published: Path, keep: int | None, bin_folder: Path | None, *, busy: bool) -> Cleared:
    standing, failed = _standing(published), _failed(published)
    # A copy under another name is no report of that name: it counts for nothing, and stays.
    known = [one for one in standing if one.folder == published.joinpath(*one.name)]
    oldest = _oldest_kept(known, keep)
    outdated = [one for one in known if one.status in ("ok", "partial") and one.period < oldest.get(one.shelf, "")]
    gone: list[_Report] = []
    held: list[str] = []
    size = 0
    going = [*outdated, *_superseded(failed, known, oldest)]
    for one in [one for one in going if _is_inside(published, one.folder)]:
        try:
            size += _remove_report(published, one, bin_folder)
            gone.append(one)
        except LockedError:
            held.append(_name(published, one.folder))
    needed = {name for one in [*standing, *failed] if one not in gone for name in one.caches()}
    caches = [] if busy else [path for path in _caches(published) if path.name not in needed]
    size += sum(_remove(path, bin_folder) for path in caches)
    removed = {"cache": caches, "failed": [one.folder for one in gone if one not in known],
               "period": [one.folder for one in gone if one in known]}
    return Cleared(removed={kind: tuple(_name(published, path) for path in paths) for kind, paths in removed.items()},
                   size=size, held=tuple(held), dry_run=bin_folder is None)


def _oldest_kept(reports: list[_Report], keep: int | None) -> dict[tuple[str, str], str]:
    """Name the period of each report and unit before which all may go; none where there are too few good ones."""
    good: dict[tuple[str, str], list[str]] = {}
    for one in reports:
        if one.good:
            good.setdefault(one.shelf, []).append(one.period)
    return {shelf: sorted(periods)[-keep] for shelf, periods in good.items() if keep and len(periods) >= keep}


def _superseded(failed: list[_Report], known: list[_Report], oldest: dict[tuple[str, str], str]) -> list[_Report]:
    """Find failed runs that are no news: made good or failed again later on, or of a period that is not kept."""
    good = {one.name: one.started for one in known if one.good}
    newest = {one.name: one for one in sorted(failed, key=lambda one: one.started)}
    return [one for one in failed if one.started < good.get(one.name, "") or newest[one.name] is not one
            or one.period < oldest.get(one.shelf, "")]


def _caches(published: Path) -> list[Path]:
    found = [path for kind in ("executed", "workbooks") for path in sorted((published / ".cache" / kind).glob("*"))]
    return [path for path in found if _is_inside(published, path)]


def _is_inside(published: Path, path: Path) -> bool:
    """Whether a path lies where it says, and not behind a symbolic link."""
    return path.resolve() == published.resolve() / path.relative_to(published)


def _remove_report(published: Path, report: _Report, bin_folder: Path | None) -> int:
    if bin_folder is None:
        return _size(report.folder)
    with hold(published, ".".join(report.name), wait_s=0):
        size = _remove(report.folder, bin_folder)
        with contextlib.suppress(OSError):
            # Where it was the last.
            report.folder.parent.rmdir()
    return size


def _remove(path: Path, bin_folder: Path | None) -> int:
    """Take a file or folder out of sight in one step, then remove it; after a kill, the next run does that."""
    size = _size(path)
    if bin_folder is not None:
        place = bin_folder / digest(str(path))
        path.rename(place)
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()
    return size


def _size(path: Path) -> int:
    return sum(one.lstat().st_size for one in (path, *path.rglob("*")) if not one.is_dir())


def _name(published: Path, path: Path) -> str:
    return path.relative_to(published).as_posix()
