"""Which periods are due: those after the last good publication, up to the newest that the workbook knows."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pmlib.errors import ParameterError, ReportError
from pmlib.months import month_text, parse_month
from pmlib.reporting.publish import read_manifest


def missed_periods(published: Collection[str], newest: str, *, limit: int = 120) -> tuple[str, ...]:
    """Every period missed since the last publication, oldest first.

    A report never published is due for the newest period alone. Holes between published periods are not due:
    whoever published a later one has passed them over, and ``pmlib backfill`` fills them.

    Parameters
    ----------
    published : collection of str
        Months published well, ``YYYY-MM``, in any order.
    newest : str
        Newest month that the workbook knows.
    limit : int
        Most periods that one run may catch up on, in months.

    Returns
    -------
    tuple of str
        Months ``YYYY-MM``; empty when the newest or a later one is published.

    Raises
    ------
    ParameterError
        A month is none, or the limit is below 1.
    ReportError
        More periods were missed than the limit: then the last publication, or the workbook, is not the right one.

    Examples
    --------
    >>> missed_periods(["2025-09", "2025-10"], "2025-12")
    ('2025-11', '2025-12')
    >>> missed_periods([], "2025-12")
    ('2025-12',)
    """
    if limit < 1:
        raise ParameterError(f"limit: got {limit}, allowed 1 or more. Give the most periods to catch up on.")
    last, end = max(map(parse_month, published), default=None), parse_month(newest)
    start = end if last is None else last + 1
    if end - start >= limit:
        raise ReportError(
            f"due: got {end - start + 1} months missed since {month_text(start - 1)}, allowed {limit}. "
            f"Check that the workbook is the right one, then publish {month_text(end)} by hand with --period.")
    return tuple(month_text(month) for month in range(start, end + 1))


def published_periods(published_folder: Path, report: str, unit: str | None = None) -> tuple[str, ...]:
    """Periods of a report, or of one of its units, that are published with every notebook in order.

    Parameters
    ----------
    published_folder : Path
        The project's ``reports/published``; it may not be there yet.
    report : str
        The report's name.
    unit : str or None
        Folder name of the unit; None for a report without units.

    Returns
    -------
    tuple of str
        Months ``YYYY-MM``, sorted. Partial publications, what-ifs and folders without a readable manifest are left out.

    Examples
    --------
    >>> published_periods(Path("nowhere"), "monthly")
    ()
    """
    folders = [path for path in (published_folder / report).glob("[0-9]*") if _is_month(path.name)]
    return tuple(sorted(path.name for path in folders if _went_well(path / unit if unit else path, path.name)))


def _is_month(name: str) -> bool:
    try:
        return month_text(parse_month(name)) == name
    except ParameterError:
        return False


def _went_well(folder: Path, period: str) -> bool:
    manifest = read_manifest(folder) or {}
    # A folder copied under another month's name is no publication of that month, nor is the answer to a what-if.
    return manifest.get("status") == "ok" and manifest.get("period") == period and not manifest.get("asked")
