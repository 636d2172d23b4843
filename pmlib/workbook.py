"""Open somebody's tables: checked small frames, lazy large ones, and a list of what was set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pmlib.baseline import known_on, marks, versions_on
from pmlib.checking import check_all
from pmlib.errors import BlockedTableError, CheckError, MissingTableError, ParameterError, WorkbookError, nearest
from pmlib.months import last_day, month_of, month_text, parse_month
from pmlib.opening import Opened, open_source
from pmlib.quarantine import Quarantine, make_quarantine
from pmlib.schema import TABLES, Kind, Table
from pmlib.schema.checks import Checked

CLEAN, QUARANTINED, BLOCKED = 0, 1, 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Workbook(Mapping[str, Any]):
    """The tables of one source as known on one day: a mapping from table name to table.

    Small tables are pandas frames with every column of the schema, large ones Ibis tables.
    A blocked table is refused when asked for: it is not absent.

    Attributes
    ----------
    source : str
        Where the tables came from.
    name, currency : str
        From the table ``workbook``.
    as_of : date or None
        The day whose knowledge this is; later rows and versions are left out.
    blocked : dict of table name to reason
        Tables that are there but cannot be used.
    quarantine : Quarantine
        What was set aside, row by row and kind by kind.
    notes : tuple of str
        What was left unread, and why.
    fingerprints : dict of table name to {"sha256", "rows"}
        What a report says it read.
    """

    source: str
    name: str
    currency: str
    as_of: dt.date | None
    blocked: dict[str, str]
    quarantine: Quarantine
    notes: tuple[str, ...]
    fingerprints: dict[str, dict[str, Any]]
    _tables: dict[str, Any]
    _every_date: dict[str, Any]
    _counts: pd.DataFrame

    def __getitem__(self, name: str) -> Any:
        if name in self._tables:
            table = self._tables[name]
            return table.copy(deep=False) if isinstance(table, pd.DataFrame) else table
        if name in self.blocked:
            raise BlockedTableError(f"Table '{name}' is blocked: {self.blocked[name]}. Mend it, or take it out.")
        near = "" if name in TABLES else nearest(name, TABLES)
        raise MissingTableError(f"Table '{name}' is not in {self.source}. {near or 'Add it, or map it in views.sql.'}")

    def get(self, name: str, default: Any = None) -> Any:
        """Return a table, or ``default`` where it is absent; a blocked one is refused, for it is not absent.

        Raises
        ------
        BlockedTableError
            The table is there but cannot be used.
        """
        return default if name not in self._tables and name not in self.blocked else self[name]

    def __contains__(self, name: object) -> bool:
        # A blocked table is there: whoever asks for it is told why it cannot be used.
        return name in self._tables or name in self.blocked

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        blocked = f", {len(self.blocked)} blocked" if self.blocked else ""
        return f"<Workbook: {self.name}; {len(self)} tables{blocked}; {self._set_aside_text()}>"

    @property
    def tables(self) -> list[str]:
        """Names of the usable tables, in the schema's order."""
        return list(self._tables)

    @property
    def period(self) -> str:
        """The month these tables speak of, ``YYYY-MM``: of ``as_of``, else the newest in the tables.

        Raises
        ------
        WorkbookError
            No table holds a date.
        """
        if self.as_of is not None:
            return month_text(month_of(self.as_of))
        if "workbook" in self.blocked:
            raise WorkbookError(f"{self.source}: table 'workbook' is blocked, so that no day is known. Pass as_of, or "
                                "mend it.")
        months = [month for name in self for month in [_newest_month(self[name], TABLES[name])] if month is not None]
        if not months:
            raise WorkbookError(f"{self.source}: no table says which month this is. Pass period, or add the table "
                                "workbook with as_of.")
        return month_text(max(months))

    def baseline(self, as_of: str | dt.date) -> Workbook:
        """Give the same tables as they were known on another day; nothing is read anew.

        Parameters
        ----------
        as_of : str or date
            ``YYYY-MM-DD``, or ``YYYY-MM`` for its last day.

        Examples
        --------
        >>> book = open_workbook("data/quillmark")
        >>> now, then = (book.baseline(day)["weights"].query("group == 'board'") for day in ("2025-12", "2024-12"))
        >>> [float(rows.set_index("objective_id").at["sustainability", "weight"]) for rows in (then, now)]
        [0.1, 0.25]
        """
        day = _day(as_of)
        return replace(self, as_of=day, _tables=_known(self._every_date, day))

    def versions(self, name: str) -> Any:
        """Give a table with every version that was known, where indexing gives the newest alone.

        Parameters
        ----------
        name : str
            A table of this workbook.

        Returns
        -------
        DataFrame, or Ibis table where the table is large

        Raises
        ------
        MissingTableError, BlockedTableError
            It is not there, or cannot be used.

        Examples
        --------
        >>> book = open_workbook("data/quillmark")
        >>> len(book["weights"]), len(book.versions("weights"))
        (18, 36)
        """
        self[name]
        return versions_on(self._every_date[name], TABLES[name], self.as_of)

    def marks(self) -> pd.DataFrame:
        """Mark what the tables hold as of this day: table, part, rows, mark (see ``pmlib.baseline``)."""
        return marks(self._tables)

    @property
    def looks_back(self) -> bool:
        """Whether this is an earlier day than the one the tables were delivered for."""
        delivered = self._every_date.get("workbook")
        if self.as_of is None or delivered is None or delivered["as_of"].isna().all():
            return False
        return bool(self.as_of < delivered["as_of"].iloc[0].date())

    @property
    def exit_code(self) -> int:
        """0 clean, 1 rows set aside, 2 a table blocked."""
        if self.blocked:
            return BLOCKED
        return QUARANTINED if self.quarantine.kinds else CLEAN

    def to_frame(self) -> pd.DataFrame:
        """One row per table: table, file, rows, set_aside, usable, state."""
        return self._counts.copy(deep=False)

    def lacks(self, *names: str) -> str:
        """Say how many rows of these tables are missing from a figure; empty when none.

        Examples
        --------
        >>> open_workbook("data/quillmark").lacks("projects")
        '2 of 107 rows of projects are set aside.'
        """
        counts = self._counts[self._counts["table"].isin(names) & (self._counts["set_aside"] > 0)]
        parts = [f"{row['set_aside']:,} of {row['rows']:,} rows of {row['table']}" for row in counts.to_dict("records")]
        if not parts:
            return ""
        listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
        return f"{listed} {'is' if counts['set_aside'].sum() == 1 else 'are'} set aside."

    def summary(self) -> str:
        """Say what came in and what was set aside."""
        rows = int(self._counts["rows"].sum())
        tables = len(self._counts)
        came = f"{tables} table{'s' if tables != 1 else ''} with {rows:,} rows came in"
        sentences = [f"{came}; {self._set_aside_text()}."]
        sentences += [f"Table {name} is blocked: {why}{'' if why.endswith('?') else '.'}"
                      for name, why in self.blocked.items()]
        return " ".join(sentences)

    def headline(self) -> dict[str, str]:
        """Give the figures a data owner looks at first."""
        rows, aside = int(self._counts["rows"].sum()), int(self._counts["set_aside"].sum())
        return {
            f"{len(self)}": f"tables usable of {len(self._counts)} there",
            f"{rows:,}": "rows read",
            f"{aside:,} rows": "set aside",
        }

    def report(self, *, rows: int = 3) -> str:
        """Every kind of problem with its first rows, as ``pmlib check`` prints it."""
        return "\n".join([self.summary(), *self.notes, *self.quarantine.lines(rows=rows)])

    def check(self) -> str:
        """Count the rows of every usable table, and set them against rows read less rows set aside.

        Raises
        ------
        CheckError
            A table's rows do not add up.
        """
        for row in self._counts[self._counts["state"] != "blocked"].to_dict("records"):
            table = self._every_date[row["table"]]
            held = len(table) if isinstance(table, pd.DataFrame) else int(table.count().execute())
            if held != row["usable"]:
                raise CheckError(f"table {row['table']}: {row['rows']} rows read and {row['set_aside']} set aside, but "
                                 f"{held} usable. Report this with the file.")
        return f"All {int(self._counts['rows'].sum()):,} rows are accounted for in {len(self._counts)} tables."

    def _set_aside_text(self) -> str:
        aside = int(self._counts["set_aside"].sum())
        return f"{aside:,} {'row is' if aside == 1 else 'rows are'} set aside" if aside else "nothing is set aside"


def open_workbook(source: str | Path, *, as_of: str | dt.date | None = None) -> Workbook:
    """Open the tables of a folder, a spreadsheet or a database, checked against the schema.

    Parameters
    ----------
    source : str or Path
        A folder of CSV, Parquet or .xlsx files, with ``views.sql`` where columns are foreign; an .xlsx
        file with a sheet per table; a DuckDB or SQLite file; or the Ibis address of a database, which is
        read once. A relative path counts from the project's root.
    as_of : str or date, optional
        ``YYYY-MM-DD``, or ``YYYY-MM`` for its last day: what was known then. Default: the
        ``as_of`` of the table ``workbook``; without one, everything.

    Raises
    ------
    WorkbookError
        The place is not there, cannot be read, holds no known table, or its ``views.sql`` is refused.

    Examples
    --------
    >>> open_workbook("data/quillmark")
    <Workbook: Quillmark Sensors; 40 tables; 5,071 rows are set aside>
    """
    opened = open_source(source)
    checked = check_all(opened)
    about = _about(checked)
    day = _day(as_of) or about["as_of"]
    blocked = {name: result.blocked for name, result in checked.items() if result.blocked}
    usable = {name: result.table for name, result in checked.items() if name not in blocked}
    return Workbook(
        source=opened.place, name=about["name"], currency=about["currency"], as_of=day, blocked=blocked,
        quarantine=make_quarantine(checked), notes=tuple(opened.notes), _counts=_counts(opened, checked),
        fingerprints={
            name: {"sha256": opened.sources[name].sha256 if result.table is not None else "", "rows": result.n_rows}
            for name, result in checked.items()
        },
        _tables=_known(usable, day), _every_date=usable,
    )


def _about(checked: Mapping[str, Checked]) -> dict[str, Any]:
    result = checked.get("workbook")
    if result is not None and result.blocked:
        return {"name": "Workbook", "currency": "(currency unknown)", "as_of": None}
    if result is None or result.table.empty:
        return {"name": "Workbook", "currency": "EUR", "as_of": None}
    row = result.table.iloc[0]
    return {"name": row["name"], "currency": row["currency"],
            "as_of": None if pd.isna(row["as_of"]) else row["as_of"].date()}


def _day(as_of: str | dt.date | None) -> dt.date | None:
    if as_of is None or isinstance(as_of, dt.date):
        return as_of
    try:
        return dt.date.fromisoformat(as_of)
    except ValueError:
        pass
    try:
        return last_day(parse_month(as_of))
    except ParameterError as error:
        raise ParameterError(f"as_of: got {as_of!r}, allowed a day YYYY-MM-DD or a month YYYY-MM. Write it as, say, "
                             "2025-12-31.") from error


def _known(tables: Mapping[str, Any], day: dt.date | None) -> dict[str, Any]:
    known = {name: known_on(table, TABLES[name], day) for name, table in tables.items()}
    if day is not None and "workbook" in known:
        known["workbook"] = known["workbook"].assign(as_of=pd.Timestamp(day))
    return known


def _newest_month(table: Any, definition: Table) -> int | None:
    by = definition.dated_by
    if not by:
        return None
    newest = table[by].max()
    value = newest if isinstance(table, pd.DataFrame) else newest.execute()
    if pd.isna(value):
        return None
    return int(value) if definition[by].kind is Kind.MONTH else month_of(pd.Timestamp(value).date())


def _counts(opened: Opened, checked: Mapping[str, Checked]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "table": name, "file": opened.sources[name].file, "rows": result.n_rows,
                "set_aside": result.n_rows if result.blocked else result.n_set_aside,
                "usable": 0 if result.blocked else result.n_rows - result.n_set_aside,
                "state": "blocked" if result.blocked else "rows set aside" if result.n_set_aside else "clean",
            }
            for name, result in checked.items()
        ],
        columns=["table", "file", "rows", "set_aside", "usable", "state"],
    )
