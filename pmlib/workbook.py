"""Open somebody's tables: checked small frames, lazy large ones, and a list of what was set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pmlib.checking import check_folder
from pmlib.errors import BlockedTableError, CheckError, MissingTableError, WorkbookError, nearest
from pmlib.folder import Folder, open_folder
from pmlib.months import last_day, month_of, month_text, parse_month
from pmlib.project import resolve_source
from pmlib.schema import TABLES, Kind, Table
from pmlib.schema.checks import Checked
from pmlib.schema.findings import Finding, findings_frame

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
    quarantine : DataFrame
        One row per problem: table, file, row, column, value, problem, allowed, remedy.
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
    quarantine: pd.DataFrame
    notes: tuple[str, ...]
    fingerprints: dict[str, dict[str, Any]]
    _tables: dict[str, Any]
    _counts: pd.DataFrame

    def __getitem__(self, name: str) -> Any:
        if name in self._tables:
            table = self._tables[name]
            return table.copy(deep=False) if isinstance(table, pd.DataFrame) else table
        if name in self.blocked:
            raise BlockedTableError(f"Table '{name}' is blocked: {self.blocked[name]}. Mend it, or take it out.")
        near = nearest(name, TABLES)
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
        return f"<Workbook: {self.name}; {len(self)} tables; {self._set_aside_text()}>"

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
        months = [month for name in self for month in [_newest_month(self[name], TABLES[name])] if month is not None]
        if not months:
            raise WorkbookError(f"{self.source}: no table says which month this is. Pass period, or add the table "
                                "workbook with as_of.")
        return month_text(max(months))

    @property
    def exit_code(self) -> int:
        """0 clean, 1 rows set aside, 2 a table blocked."""
        if self.blocked:
            return BLOCKED
        return QUARANTINED if len(self.quarantine) else CLEAN

    def to_frame(self) -> pd.DataFrame:
        """One row per table: table, file, rows, set_aside, usable, state."""
        return self._counts.copy(deep=False)

    def lacks(self, *names: str) -> str:
        """Say how many rows of these tables are missing from a figure; empty when none.

        Examples
        --------
        >>> open_workbook("data/quillmark").lacks("projects")
        ''
        """
        counts = self._counts[self._counts["table"].isin(names) & (self._counts["set_aside"] > 0)]
        parts = [f"{row['set_aside']:,} of {row['rows']:,} rows of {row['table']}" for row in counts.to_dict("records")]
        return f"{' and '.join(parts)} {'is' if counts['set_aside'].sum() == 1 else 'are'} set aside." if parts else ""

    def summary(self) -> str:
        """Say what came in and what was set aside."""
        rows = int(self._counts["rows"].sum())
        tables = len(self._counts)
        came = f"{tables} table{'s' if tables != 1 else ''} with {rows:,} rows came in"
        sentences = [f"{came}; {self._set_aside_text()}."]
        sentences += [f"Table {name} is blocked: {why}." for name, why in self.blocked.items()]
        return " ".join(sentences)

    def headline(self) -> dict[str, str]:
        """Give the figures a data owner looks at first."""
        rows, aside = int(self._counts["rows"].sum()), int(self._counts["set_aside"].sum())
        return {
            f"{len(self)}": f"tables usable of {len(self._counts)} there",
            f"{rows:,}": "rows read",
            f"{aside:,} rows": "set aside",
        }

    def report(self) -> str:
        """Every problem in full, one line each, as ``pmlib check`` prints it."""
        lines = [self.summary(), *self.notes]
        lines += [str(Finding(**{str(name): value for name, value in row.items()}))
                  for row in self.quarantine.to_dict("records")]
        return "\n".join(lines)

    def check(self) -> str:
        """Reconcile rows read with rows usable and set aside.

        Raises
        ------
        CheckError
            A table's rows do not add up.
        """
        for row in self._counts.to_dict("records"):
            if row["rows"] != row["usable"] + row["set_aside"]:
                raise CheckError(f"table {row['table']}: {row['rows']} rows read, but {row['usable']} usable and "
                                 f"{row['set_aside']} set aside. Report this with the file.")
        return f"All {int(self._counts['rows'].sum()):,} rows are accounted for in {len(self._counts)} tables."

    def _set_aside_text(self) -> str:
        aside = int(self._counts["set_aside"].sum())
        return f"{aside:,} {'row is' if aside == 1 else 'rows are'} set aside" if aside else "nothing is set aside"


def open_workbook(source: str | Path, *, as_of: str | dt.date | None = None) -> Workbook:
    """Open a folder of CSV and Parquet files, with ``views.sql`` where columns are foreign.

    Parameters
    ----------
    source : str or Path
        The folder. A relative path counts from the project's root.
    as_of : str or date, optional
        ``YYYY-MM-DD``, or ``YYYY-MM`` for its last day: what was known then. Default: the
        ``as_of`` of the table ``workbook``; without one, everything.

    Raises
    ------
    WorkbookError
        The folder is not there, holds no known table, or its ``views.sql`` is refused.

    Examples
    --------
    >>> open_workbook("data/quillmark")
    <Workbook: Quillmark Sensors; 22 tables; nothing is set aside>
    """
    place = resolve_source(source)
    if not isinstance(place, Path) or not place.is_dir():
        raise WorkbookError(f"workbook '{source}': no such folder. Give a folder of CSV or Parquet files.")
    folder = open_folder(place)
    checked = check_folder(folder)
    about = _about(checked)
    day = _day(as_of) or about["as_of"]
    blocked = {name: result.blocked for name, result in checked.items() if result.blocked}
    counts = _counts(folder, checked)
    return Workbook(
        source=str(source), name=about["name"], currency=about["currency"], as_of=day, blocked=blocked,
        quarantine=findings_frame(finding for result in checked.values() for finding in result.findings),
        notes=tuple(folder.notes), _counts=counts,
        fingerprints={
            name: {"sha256": folder.sources[name].sha256, "rows": result.n_rows} for name, result in checked.items()
        },
        _tables={name: _known_on(result.table, TABLES[name], day) for name, result in checked.items()
                 if name not in blocked},
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
        return last_day(parse_month(as_of))


def _known_on(table: Any, definition: Table, day: dt.date | None) -> Any:
    """Leave out what was not known on a day: later rows, and versions that later ones replaced."""
    by = definition.dated_by
    if day is not None and by:
        limit = month_of(day) if definition[by].kind is Kind.MONTH else pd.Timestamp(day)
        table = table[table[by] <= limit] if isinstance(table, pd.DataFrame) else \
            table.filter(table[by] <= (limit if isinstance(limit, int) else day))
    version = definition.versioned_by
    if not version:
        return table
    if day is not None:
        table = table[table[version] <= pd.Timestamp(day)]
    rest = [name for name in definition.key if name != version]
    newest = table.sort_values(version, kind="stable").drop_duplicates(rest, keep="last")
    return newest.sort_index().reset_index(drop=True)


def _newest_month(table: Any, definition: Table) -> int | None:
    by = definition.dated_by
    if not by:
        return None
    newest = table[by].max()
    value = newest if isinstance(table, pd.DataFrame) else newest.execute()
    if pd.isna(value):
        return None
    return int(value) if definition[by].kind is Kind.MONTH else month_of(pd.Timestamp(value).date())


def _counts(folder: Folder, checked: Mapping[str, Checked]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "table": name, "file": folder.sources[name].file, "rows": result.n_rows,
                "set_aside": result.n_set_aside, "usable": result.n_rows - result.n_set_aside,
                "state": "blocked" if result.blocked else "rows set aside" if result.n_set_aside else "clean",
            }
            for name, result in checked.items()
        ],
        columns=["table", "file", "rows", "set_aside", "usable", "state"],
    )
