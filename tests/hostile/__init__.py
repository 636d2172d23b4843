"""Bad workbooks on purpose: what each file means is written beside it, and whatever else comes out is a failure."""

from __future__ import annotations

import pandas as pd

from . import cells, damage, databases, odd_files, spreadsheets, text_files, view_files
from .cases import Case, Outcome, tried

__all__ = ["Case", "Outcome", "corpus", "counted", "tried"]

FAMILIES = (
    damage.damaged_files, text_files.encodings, cells.hostile_cells, odd_files.files_of_odd_kinds, text_files.headers,
    text_files.look_alikes, view_files.view_files, databases.sqlite_files, databases.duckdb_files,
    databases.parquet_files, spreadsheets.spreadsheets, text_files.whole_tables, odd_files.addresses,
)


def corpus() -> list[Case]:
    """Every case, the same in every run."""
    return [case for family in FAMILIES for case in family()]


def counted(outcomes: list[Outcome]) -> pd.DataFrame:
    """Count outcomes by family and kind, with the slowest of each family."""
    frame = pd.DataFrame([{"family": one.case.family, "kind": one.kind, "seconds": one.seconds,
                           "wrong": bool(one.complaints)} for one in outcomes])
    more = frame.groupby("family").agg(tried=("kind", "size"), wrong=("wrong", "sum"), slowest=("seconds", "max"))
    return pd.crosstab(frame["family"], frame["kind"]).join(more).sort_index()
