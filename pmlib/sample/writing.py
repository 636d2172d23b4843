"""Make the tables of the sample company and write them, the same call giving the same bytes."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pmlib.errors import CheckError, ParameterError, WorkbookError
from pmlib.sample import company, customers, economics, judgements, limits, projects, sales, surveys, truths
from pmlib.sample.forms import SEED
from pmlib.schema import TABLES

#: Tables above 5,000 rows at scale 1: Parquet at every scale, so that a file's name never changes.
LARGE = ("customers", "subscriptions", "orders", "market", "surveys")
MAX_DRAWS = 25
ASSERTED_AT = 1.0
ANSWERS = "truth.json"
_ENDINGS = (".csv", ".parquet")

Tables = dict[str, pd.DataFrame]


def make_tables(*, scale: float = 1.0, seed: int = SEED) -> Tables:
    """Make every table of the sample company in file form: months and dates as text.

    Parameters
    ----------
    scale : float
        Size of customers, subscriptions, orders, surveys and (above 1) projects.
    seed : int
        Seed of the company; planted ids are the same at every seed.

    Returns
    -------
    dict of str to DataFrame
        22 tables, columns as in :mod:`pmlib.schema`, rows sorted by key.

    Raises
    ------
    CheckError
        At scale 1, a planted truth does not hold in any of 25 draws.
    """
    return _everything(scale, seed)[0]


def _everything(scale: float, seed: int) -> tuple[Tables, dict[str, Any]]:
    small, found = _portfolio(scale, seed)
    large = _sales_tables(scale, seed)
    if scale == ASSERTED_AT:
        found |= {"T15": truths.share_and_growth(large), "T16": truths.nps_noise(large)}
    return dict(sorted((small | large).items())), found


def _portfolio(scale: float, seed: int) -> tuple[Tables, dict[str, Any]]:
    """Draw the portfolio, borderline projects anew until the truths of choice hold."""
    fixed = _fixed_tables()
    failed: CheckError | None = None
    for attempt in range(MAX_DRAWS):
        tables = fixed | _drawn(scale, seed, attempt)
        if scale != ASSERTED_AT:
            return tables, {}
        try:
            return tables, truths.choice(tables)
        except CheckError as error:
            failed = error
    raise CheckError(f"seed {seed}: after {MAX_DRAWS} draws still {failed}") from failed


def _fixed_tables() -> Tables:
    return {
        "workbook": judgements.workbook(),
        "programmes": limits.programmes(),
        "mix_targets": limits.mix_targets(),
        "objectives": judgements.objectives(),
        "weights": judgements.weights(),
        "assessors": judgements.assessors(),
        "links": limits.links(),
        "skills": limits.skills(),
        "products": customers.products(),
    }


def _drawn(scale: float, seed: int, attempt: int) -> Tables:
    roster = company.roster(scale)
    drawn = economics.draw(roster, seed=seed, attempt=attempt)
    tables = {
        "projects": projects.projects(roster, drawn, seed=seed),
        "options": projects.options(drawn),
        "cash_flows": projects.cash_flows(drawn),
        "estimates": projects.estimates(drawn, seed=seed),
        "scores": judgements.scores(drawn, seed=seed),
        "demand": limits.demand(drawn, seed=seed),
    }
    tables["capacity"] = limits.capacity(tables["demand"])
    tables["budgets"] = limits.budgets(tables["cash_flows"], tables["projects"])
    return tables


def _sales_tables(scale: float, seed: int) -> Tables:
    buyers = customers.customers(scale=scale, seed=seed)
    tables = {
        "customers": buyers,
        "subscriptions": customers.subscriptions(buyers, scale=scale, seed=seed),
        "orders": sales.orders(buyers, scale=scale, seed=seed),
        "surveys": surveys.surveys(buyers, scale=scale, seed=seed),
    }
    tables["market"] = sales.market(tables, seed=seed)
    return tables


def write_sample(folder: Path, *, scale: float = 1.0, seed: int = SEED) -> Path:
    """Write the sample company into a folder: one file per table and ``truth.json``.

    Parameters
    ----------
    folder : Path
        Empty, not there yet, or an earlier sample, which is written anew; a table's file of the
        other format is then removed.
    scale, seed
        As in :func:`make_tables`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    WorkbookError
        The folder holds tables that are no sample's; nothing is written.
    ParameterError
        The scale is no finite number above 0.
    CheckError
        At scale 1, a planted truth does not hold in any of 25 draws.
    """
    folder = Path(folder)
    if not 0 < scale < math.inf:
        raise ParameterError(f"scale: got {scale}, allowed a finite number above 0. Write, say, 1 or 0.1.")
    _refuse_foreign(folder)
    tables, found = _everything(scale, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        path = _write_table(folder, name, frame)
        path.with_suffix(".csv" if name in LARGE else ".parquet").unlink(missing_ok=True)
    answer = {"seed": seed, "scale": scale, "asserted": scale == ASSERTED_AT, "truths": found}
    text = json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    _replace(folder / ANSWERS, lambda path: path.write_bytes(text.encode("utf-8")))
    return folder


def write_large_tables(folder: Path, *, seed: int = SEED) -> list[Path]:
    """Write the large tables that are missing from a folder of scale 1; no plan is solved for it.

    A table counts as there in any ending, and no file is ever replaced or removed.

    Parameters
    ----------
    folder : Path
        Where the small tables are.
    seed : int
        Seed of the company.

    Returns
    -------
    list of Path
        The files that were written; empty when all were there.
    """
    folder = Path(folder)
    there = set(present_tables(folder))
    missing = [name for name in LARGE if name not in there]
    if not missing:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    tables = _sales_tables(ASSERTED_AT, seed)
    return [_write_table(folder, name, tables[name]) for name in missing]


def present_tables(folder: Path) -> dict[str, Path]:
    """Files of a folder that a workbook would read as tables, by table, whatever their ending or case."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.stem.lower(): path for path in files
            if path.suffix.lower() in _ENDINGS and path.stem.lower() in TABLES}  # fmt: skip


def read_answers(folder: Path) -> dict[str, Any]:
    """Read what a sample says of itself in ``truth.json`` (seed, scale, truths); empty for any other folder."""
    try:
        content = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and content.keys() >= {"seed", "scale", "truths"} else {}


def _refuse_foreign(folder: Path) -> None:
    """Keep somebody's own tables: a sample is only ever written over a sample."""
    if read_answers(folder):
        return
    own = [path for path in (folder / ANSWERS, folder / "views.sql") if path.exists()]
    found = next(iter([*present_tables(folder).values(), *own]), None)
    if found is not None:
        raise WorkbookError(f"{folder} holds {found.name} and is no sample. Choose an empty folder.")


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.{'parquet' if name in LARGE else 'csv'}"


def _write_table(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    path = _path(folder, name)
    _replace(path, lambda target: _write_parquet(target, frame) if name in LARGE else _write_csv(target, frame))
    return path


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    flags = frame.select_dtypes(bool).columns
    words = frame.assign(**{name: frame[name].map({True: "true", False: "false"}) for name in flags})
    path.write_bytes(words.to_csv(index=False, lineterminator="\n").encode("utf-8"))


def _write_parquet(path: Path, frame: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd")


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the target and move, so that a reader never meets half a file."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(Path(temporary))
        # mkstemp makes a private file; the table is as readable as any other.
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
