"""What a check found: one line per cell, row or table that breaks its definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem, located and with its remedy.

    ``row`` is the row of the file as a spreadsheet counts it (the header is row 1), 0 for the whole table.
    ``blocks`` says that the table cannot be used at all, not only this row.
    """

    table: str
    file: str
    row: int = 0
    column: str = ""
    value: str = ""
    problem: str
    allowed: str = ""
    remedy: str
    blocks: bool = False

    def __str__(self) -> str:
        place = f"{self.file}" + (f" row {self.row}" if self.row else "")
        column = f" column '{self.column}'" if self.column else ""
        got = f": got '{self.value}'" if self.value else ""
        allowed = f", allowed: {self.allowed}" if self.allowed else ""
        end = "" if self.remedy[-1:] in ".?" else "."
        return f"{place}{column}: {self.problem}{got}{allowed}. {self.remedy}{end}"


COLUMNS = ["table", "file", "row", "column", "value", "problem", "allowed", "remedy"]


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Lay findings out as a table, one row each, sorted by place.

    Returns
    -------
    DataFrame
        Columns table, file, row, column, value, problem, allowed, remedy; all text but ``row``.
    """
    rows = [asdict(finding) for finding in findings]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "blocks"])[COLUMNS]
    text = [name for name in COLUMNS if name != "row"]
    frame = frame.astype(dict.fromkeys(text, "str") | {"row": "int64"})
    return frame.sort_values(["table", "row", "column", "problem"], kind="stable", ignore_index=True)
