"""Make the tables of the sample company and write them, the same call giving the same bytes."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from pmlib.errors import CheckError, ParameterError, WorkbookError
from pmlib.sample import (
    chunks,
    company,
    customers,
    defects,
    economics,
    experiments,
    features,
    feedback,
    invitations,
    market,
    portfolio_side,
    prices,
    product_truths,
    sales,
    sales_defects,
    surveys,
    truths,
    usage,
)
from pmlib.sample.customers import Buyers
from pmlib.sample.forms import SEED
from pmlib.schema import TABLES

_CHUNKS: dict[str, Callable[[Buyers], Iterator[pa.Table]]] = {
    "customers": customers.customers,
    "subscriptions": customers.subscriptions,
    "orders": sales.orders,
    "market": market.market,
    "surveys": surveys.surveys,
    "usage": usage.usage,
    "invitations": invitations.invitations,
}
#: Tables above 5,000 rows at scale 1: Parquet at every scale, so that a file's name never changes.
LARGE = tuple(_CHUNKS)
MAX_DRAWS = 25
ASSERTED_AT = 1.0
ANSWERS = "truth.json"
_ENDINGS = (".csv", ".parquet")

Tables = dict[str, pd.DataFrame]


def make_tables(*, scale: float = 1.0, seed: int = SEED) -> Tables:
    """Make every table of the sample company in file form, clean and whole: months and dates as text.

    Parameters
    ----------
    scale : float
        Size of the large tables and (above 1) of the projects; what is made must fit into memory.
    seed : int
        Seed of the company; planted ids are the same at every seed.

    Returns
    -------
    dict of str to DataFrame
        Every table of :mod:`pmlib.schema`, columns as there, rows sorted by key.

    Raises
    ------
    CheckError
        At scale 1, a planted truth does not hold (one of choice: in any of 25 draws).
    """
    buyers = customers.draw_buyers(scale=scale, seed=seed)
    return dict(sorted((_small_tables(buyers)[0] | _large_frames(buyers)).items()))


def _large_frames(buyers: Buyers) -> Tables:
    return {name: chunks.frame(make(buyers)) for name, make in _CHUNKS.items()}


def _small_tables(buyers: Buyers) -> tuple[Tables, dict[str, Any]]:
    """Make the tables that are written as text, and at scale 1 measure every truth."""
    portfolio, found = _portfolio(buyers.scale, buyers.seed)
    small = portfolio | _product_tables(buyers)
    if buyers.scale == ASSERTED_AT:
        everything = small | _large_frames(buyers)
        found |= {"T15": truths.share_and_growth(everything), "T16": truths.nps_noise(everything)}
        found |= product_truths.measure(everything)
    return small, found


def _product_tables(buyers: Buyers) -> Tables:
    seed = buyers.seed
    return {
        "products": customers.products(),
        "product_costs": prices.product_costs(seed=seed),
        "price_history": prices.price_history(seed=seed),
        "features": features.features(seed=seed),
        "team_capacity": features.team_capacity(),
        "kano": features.kano(seed=seed),
        "experiments": experiments.experiments(seed=seed),
        "feedback": feedback.feedback(buyers),
    }


def _portfolio(scale: float, seed: int) -> tuple[Tables, dict[str, Any]]:
    """Draw the portfolio, borderline projects anew until the truths of choice hold."""
    failed: CheckError | None = None
    for attempt in range(MAX_DRAWS):
        tables = _drawn(scale, seed, attempt)
        if scale != ASSERTED_AT:
            return tables, {}
        try:
            return tables, truths.choice(tables)
        except CheckError as error:
            failed = error
    raise CheckError(f"seed {seed}: after {MAX_DRAWS} draws still {failed}") from failed


def _drawn(scale: float, seed: int, attempt: int) -> Tables:
    roster = company.roster(scale)
    drawn = economics.draw(roster, seed=seed, attempt=attempt)
    return portfolio_side.portfolio_tables(roster, drawn, seed=seed)


def write_sample(folder: Path, *, scale: float = 1.0, seed: int = SEED, clean: bool = False) -> Path:
    """Write the sample company into a folder: one file per table and ``truth.json``; no large table is held whole.

    Parameters
    ----------
    folder : Path
        Empty, not there yet, or an earlier sample, which is written anew; a table's file of the
        other format is then removed.
    scale, seed
        As in :func:`make_tables`.
    clean : bool
        Leave out the defects of truth T25.

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
        At scale 1, a planted truth does not hold (one of choice: in any of 25 draws).
    """
    folder = Path(folder)
    if not 0 < scale < math.inf:
        raise ParameterError(f"scale: got {scale}, allowed a finite number above 0. Write, say, 1 or 0.1.")
    _refuse_foreign(folder)
    buyers = customers.draw_buyers(scale=scale, seed=seed)
    small, found = _small_tables(buyers)
    if not clean:
        small, planted = defects.spoil(small, seed=seed)
        found["T25"] = planted | sales_defects.planted(buyers)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in small.items():
        _replace(_path(folder, name), partial(_write_csv, frame=frame))
    for name in LARGE:
        _write_large(folder, name, buyers, clean=clean)
    for name in TABLES:
        _path(folder, name).with_suffix(".csv" if name in LARGE else ".parquet").unlink(missing_ok=True)
    answer = {"seed": seed, "scale": scale, "asserted": scale == ASSERTED_AT, "truths": found}
    text = json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    _replace(folder / ANSWERS, lambda path: path.write_bytes(text.encode("utf-8")))
    return folder


def write_large_tables(folder: Path, *, seed: int = SEED) -> list[Path]:
    """Write the large tables that are missing from a folder of scale 1, with their defects; no plan is solved for it.

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
    buyers = customers.draw_buyers(scale=ASSERTED_AT, seed=seed)
    return [_write_large(folder, name, buyers) for name in missing]


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


def _write_large(folder: Path, name: str, buyers: Buyers, *, clean: bool = False) -> Path:
    path, rows = _path(folder, name), _CHUNKS[name](buyers)
    rows = rows if clean else sales_defects.spoiled(name, rows, buyers)
    _replace(path, lambda target: chunks.write(target, name, rows))
    return path


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    flags = frame.select_dtypes(bool).columns
    words = frame.assign(**{name: frame[name].map({True: "true", False: "false"}) for name in flags})
    path.write_bytes(words.to_csv(index=False, lineterminator="\n").encode("utf-8"))


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
