"""What a check found: one line per cell, row or table that breaks its definition, and the kinds they fall into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

#: Of one kind of problem in one table so many rows are listed; all are counted and set aside.
LISTED = 1_000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem, located and with its remedy.

    ``row`` is the row of the file as a spreadsheet counts it (the header of a CSV file is row 1), of Parquet and
    databases the row of the data; 0 for the whole table.
    ``cell`` is its name in a spreadsheet, such as ``Projects!F14``, and ``header`` what stands above it where that
    is not the column's name.
    ``blocks`` says that the table cannot be used at all, not only this row.
    """

    table: str
    file: str
    row: int = 0
    cell: str = ""
    header: str = ""
    column: str = ""
    value: str = ""
    problem: str
    allowed: str = ""
    remedy: str
    blocks: bool = False

    def __str__(self) -> str:
        row = f" {self.cell}" if self.cell else f" row {self.row}" if self.row else ""
        header = self.header or self.column
        column = f" column '{header}'" if header else ""
        got = f": got '{self.value}'" if self.value else ""
        allowed = f", allowed: {self.allowed}" if self.allowed else ""
        end = "" if self.remedy[-1:] in ".?" else "."
        return f"{self.file}{row}{column}: {self.problem}{got}{allowed}. {self.remedy}{end}"


@dataclass(frozen=True, kw_only=True)
class ProblemKind:
    """One kind of problem in one column of a table: how many rows have it, and their weight (money, mostly)."""

    table: str
    column: str
    problem: str
    rows: int
    weight: float
    remedy: str


@dataclass(eq=False, kw_only=True)
class Collector:
    """Gathers the problems of one table, row by row or kind by kind.

    Attributes
    ----------
    table, file : str
        Named in every finding.
    rows : array of int, shape (n_rows,)
        Row of the file for each row of the table.
    weight : array of float, shape (n_rows,)
        What each row weighs.
    bad : array of bool, shape (n_rows,)
        Rows with any problem so far.
    """

    table: str
    file: str
    rows: np.ndarray
    weight: np.ndarray
    findings: list[Finding] = field(default_factory=list)
    _found: dict[tuple[str, str], list[np.ndarray]] = field(default_factory=dict)
    _remedies: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bad = np.zeros(len(self.rows), dtype=bool)

    def add(self, at: np.ndarray, *, column: str, problem: str, allowed: str,
            remedy: str | Callable[[str], str], values: Callable[[int], str] | Sequence[str] = ("",)) -> None:
        """Note a problem in the rows at these positions.

        Parameters
        ----------
        at : array of int
            Positions in the table.
        column, problem, allowed : str
            What is wrong, and what would be right.
        remedy : str or function of the shown value
        values : function of a position, or one text for all
            What the message shows as got.
        """
        if not len(at):
            return
        self.bad[at] = True
        listed = self._found.setdefault((column, problem), [])
        room = LISTED - sum(map(len, listed))
        listed.append(at)
        for place in at[:max(room, 0)]:
            value = values(int(place)) if callable(values) else values[0]
            words = remedy(value) if callable(remedy) else remedy
            self._remedies.setdefault((column, problem), words)
            self.findings.append(Finding(table=self.table, file=self.file, row=int(self.rows[place]), column=column,
                                         value=value, problem=problem, allowed=allowed, remedy=words))

    @property
    def kinds(self) -> tuple[ProblemKind, ...]:
        """Count every kind, each row once."""
        found = {kind: np.unique(np.concatenate(parts)) for kind, parts in self._found.items()}
        return tuple(
            ProblemKind(table=self.table, column=column, problem=problem, rows=len(at),
                        weight=float(self.weight[at].sum()), remedy=self._remedies[column, problem])
            for (column, problem), at in found.items()
        )


COLUMNS = ["table", "file", "row", "cell", "column", "value", "problem", "allowed", "remedy"]


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Lay findings out as a table, one row each, sorted by place.

    Returns
    -------
    DataFrame
        Columns table, file, row, cell, column, value, problem, allowed, remedy; all text but ``row``.
    """
    rows = [asdict(finding) | {"column": finding.header or finding.column} for finding in findings]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    text = [name for name in COLUMNS if name != "row"]
    frame = frame.astype(dict.fromkeys(text, "str") | {"row": "int64"})
    return frame.sort_values(["table", "row", "column", "problem"], kind="stable", ignore_index=True)
