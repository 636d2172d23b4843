"""Keep a mart between runs: a Parquet file for every month, named by the hash of what that month is made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pmlib.errors import ParameterError
from pmlib.product.engine import Lazy

#: Goes up when a mart's columns or their meaning change.
FORMAT = 1
# Two remainders of a 64-bit hash: their sums over 10^9 rows still fit 64 bits.
_PRIMES = (2_147_483_647, 2_147_483_629)


def kept(rows: Lazy, *, made_of: Lazy, name: str, store: Path) -> Lazy:
    """Return a mart out of its files, after computing and writing only the months that are not there yet.

    Parameters
    ----------
    rows : ibis Table
        The mart over the raw rows, with a column ``month``.
    made_of : ibis Table
        The rows it sums, with a column ``month``: what its files are named by.
    name : str
        Name of the mart.
    store : Path
        Folder of the files; made where it is not there.

    Raises
    ------
    ParameterError
        The rows are in another engine than DuckDB.
    """
    import pyarrow.dataset as ds

    engine = _engine(rows)
    files = {month: store / name / f"{month}-{digest}.parquet" for month, digest in _hashes(made_of).items()}
    missing = [month for month, file in files.items() if not file.is_file()]
    if missing:
        _write(rows, missing, files)
    _forget(store / name, keep=set(files.values()))
    if not files:
        return rows.cache()
    engine.con.register(f"files of {name}", ds.dataset([str(file) for file in files.values()]))
    table = engine.table(f"files of {name}").cache()
    engine.con.unregister(f"files of {name}")
    return table


def _hashes(rows: Lazy) -> dict[int, str]:
    """Hash every month's rows, whatever their order: another row, or another value in one, gives another name."""
    import ibis

    row = ibis.struct({name: rows[name] for name in rows.columns}).hash()
    hashed = rows.select("month", row=row)
    sums = {f"sum_{prime}": (hashed.row % prime).sum() for prime in _PRIMES}
    found = hashed.group_by("month").agg(n=hashed.count(), **sums).order_by("month").to_pandas()
    base = (FORMAT, version("pmlib"), version("duckdb"))
    return {
        int(month): hashlib.sha256(repr((base, *map(int, seen))).encode()).hexdigest()[:20]
        for month, *seen in found.itertuples(index=False)
    }


def _engine(rows: Lazy) -> Any:
    engine = rows.get_backend()
    if engine.name != "duckdb":
        raise ParameterError(
            f"store: got rows held by {engine.name}, allowed duckdb. Leave store out, or open the database with "
            "open_workbook, which reads it into DuckDB."
        )
    return engine


def _write(rows: Lazy, missing: list[int], files: Mapping[int, Path]) -> None:
    import pyarrow.parquet as pq

    fresh = rows.filter(rows.month.isin(missing)).cache()
    for month in missing:
        file = files[month]
        file.parent.mkdir(parents=True, exist_ok=True)
        # Two runs may write the same file at once: each its own, and the last one to finish stands, whole.
        part = file.with_suffix(f".{os.getpid()}.part")
        pq.write_table(fresh.filter(fresh.month == month).to_pyarrow(), part)
        part.replace(file)


def _forget(folder: Path, *, keep: set[Path]) -> None:
    """Take away files of a month whose newer version is kept."""
    months = {file.name.partition("-")[0] for file in keep}
    for file in folder.glob("*.parquet"):
        if file not in keep and file.name.partition("-")[0] in months:
            file.unlink(missing_ok=True)
