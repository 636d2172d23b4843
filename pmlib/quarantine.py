"""What was set aside: row by row with its remedy, and kind by kind with the share of money it touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pmlib.schema import TABLES
from pmlib.schema.checks import IN_ANOTHER_UNIT, Checked
from pmlib.schema.findings import LISTED, Finding, ProblemKind, findings_frame

#: A smaller share, in percent, is not written out.
_LEAST = 0.1
_MONEY = ("thousand", "currency", "EUR")


@dataclass(frozen=True, eq=False, kw_only=True)
class Quarantine:
    """Rows that are read but not used, because they break the schema.

    Attributes
    ----------
    findings : tuple of Finding
        The first 1,000 rows of every kind of problem.
    kinds : tuple of ProblemKind
        Every kind, counted in full.
    totals : mapping of table name to (rows, rows set aside, weight)
        Of the tables that have any.
    """

    findings: tuple[Finding, ...]
    kinds: tuple[ProblemKind, ...]
    totals: Mapping[str, tuple[int, int, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(aside for _, aside, _ in self.totals.values())

    def __repr__(self) -> str:
        return f"<Quarantine: {len(self):,} rows in {len(self.totals)} tables, {len(self.kinds)} kinds of problem>"

    def to_frame(self) -> pd.DataFrame:
        """One line per problem: table, file, row, cell, column, value, problem, allowed, remedy."""
        return findings_frame(self.findings)

    def examples(self, *, rows: int = 3) -> pd.DataFrame:
        """Keep the first rows of every kind of problem, where they are and what mends them.

        Parameters
        ----------
        rows : int
            At most so many of a kind.

        Returns
        -------
        DataFrame
            place, column, value, problem, allowed, remedy.
        """
        frame = self.to_frame()
        few = frame.groupby(["table", "column", "problem"], sort=False).head(rows).reset_index(drop=True)
        row = few["row"].map(lambda number: f" row {number}" if number else "")
        place = few["file"] + (" " + few["cell"]).where(few["cell"] != "", row)
        return few.assign(place=place)[["place", "column", "value", "problem", "allowed", "remedy"]]

    def by_kind(self) -> pd.DataFrame:
        """Count every kind of problem.

        Returns
        -------
        DataFrame
            table, column, problem, rows, share (0-1 of the table), of (what the share counts: money,
            person-months or rows), remedy; the largest share first.
        """
        rows = [self._kind(kind) for kind in self.kinds]
        columns = ["table", "column", "problem", "rows", "share", "of", "remedy"]
        frame = pd.DataFrame(rows, columns=columns)
        order = ["share", "table", "column", "problem"]
        return frame.sort_values(order, ascending=[False, True, True, True], kind="stable", ignore_index=True)

    def _kind(self, kind: ProblemKind) -> dict[str, object]:
        rows, _, weight = self.totals.get(kind.table, (kind.rows, kind.rows, 0.0))
        # What cannot be read weighs nothing, and that is not what it is worth.
        readable = weight and kind.weight and kind.problem != IN_ANOTHER_UNIT
        of = _counted(kind.table) if readable else "rows"
        share = kind.weight / weight if of != "rows" else kind.rows / max(rows, 1)
        return {"table": kind.table, "column": kind.column, "problem": kind.problem, "rows": kind.rows,
                "share": share, "of": of, "remedy": kind.remedy}

    def summary(self) -> str:
        """Say how much is set aside, and where most of it lies."""
        if not self.kinds:
            return "Nothing is set aside."
        most = self.by_kind().sort_values("rows", ascending=False, kind="stable").to_dict("records")[0]
        return (f"{len(self):,} {'row is' if len(self) == 1 else 'rows are'} set aside in "
                f"{_counted_words(len(self.totals), 'table')}, {_counted_words(len(self.kinds), 'kind')} of problem. "
                f"Most are in {most['table']}: {most['rows']:,} times {_in_words(most['column'], most['problem'])}, "
                f"{_share(most)}.")

    def headline(self) -> dict[str, str]:
        """Give the figures a data owner looks at first."""
        return {f"{len(self):,} rows": "set aside", f"{len(self.kinds)} kinds": "of problem",
                f"{len(self.totals)} tables": "touched"}

    def lines(self, *, rows: int = 3) -> list[str]:
        """Write every kind on a line, each followed by its first rows, as ``pmlib check`` prints them.

        Parameters
        ----------
        rows : int
            At most so many rows of a kind.
        """
        kinds = self.by_kind()
        lines: list[str] = []
        for kind in kinds.to_dict("records"):
            here = [finding for finding in self.findings
                    if (finding.table, finding.column, finding.problem) ==
                    (kind["table"], kind["column"], kind["problem"])]
            if any(finding.blocks for finding in here):
                lines += [f"{kind['table']} is blocked: {finding}" for finding in here]
                continue
            lines.append(f"{kind['table']}: {_counted_words(kind['rows'], 'row')}, "
                         f"{_in_words(kind['column'], kind['problem'])} ({_share(kind)})")
            lines += [f"  {finding}" for finding in here[:rows]]
            unseen = kind["rows"] - min(rows, len(here))
            if unseen > 0 and rows < LISTED:
                lines.append(f"  and {unseen:,} more")
        return lines


def make_quarantine(checked: Mapping[str, Checked]) -> Quarantine:
    """Gather what the checks of all tables found."""
    touched = {name: result for name, result in checked.items() if result.findings}
    return Quarantine(
        findings=tuple(finding for result in touched.values() for finding in result.findings),
        kinds=tuple(kind for result in touched.values() for kind in result.kinds),
        totals={name: (result.n_rows, result.n_set_aside, result.weight) for name, result in touched.items()},
    )


def _counted(table: str) -> str:
    weighed_by = TABLES[table].weighed_by
    if not weighed_by:
        return "rows"
    units = [TABLES[table][name].unit for name in weighed_by]
    return "money" if any(unit.startswith(_MONEY) for unit in units) else \
        "person-months" if weighed_by == ("person_months",) else units[0]


def _share(kind: Mapping[Any, Any]) -> str:
    percent = 100 * kind["share"]
    return f"{percent:.1f} % of its {kind['of']}" if percent >= _LEAST else f"less than {_LEAST} % of its {kind['of']}"


def _counted_words(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _in_words(column: str, problem: str) -> str:
    if not column:
        return problem
    return f"column '{column}': {problem}"
