"""Numbers leave a notebook as data: tables beside the page, sentences and figures in ``summary.json``."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pmlib.errors import ParameterError
from pmlib.months import month_text
from pmlib.reporting.shown import (
    NOTEBOOK_VARIABLE,
    PLAIN,
    RECORD_VARIABLE,
    Output,
    as_frame,
    file_name,
    maker,
    notebook_name,
    outputs,
    same_rows,
    unused,
)
from pmlib.reporting.sources import rows_query, table_path, tables_read, trace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOTEBOOK_VARIABLE", "RECORD_VARIABLE", "jsonable", "neutral_cells", "record", "write_json", "write_table"]

#: Beside the summary while notebooks that run side by side add to it.
LOCK_NAME = ".summary.lock"
# What a spreadsheet takes for the start of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Sealed(Protocol):
    """A record that writes itself."""

    def write(self, folder: Path, *, replace: bool) -> Path:
        """Write it below a folder."""


def record(
    answer: Any, tables: Mapping[str, Any] | None = None, *, queries: Mapping[str, str] | None = None,
    decision: Sealed | None = None,
) -> None:
    """Keep the answer of a notebook and its tables as data, when a report asks for them.

    Writes ``tables/<notebook>/<name>.parquet`` and ``.csv`` and the key ``<notebook>`` of
    ``summary.json`` below the folder named by ``PMLIB_RECORD``; nothing when that is unset.
    The rows behind everything shown before go there too, as ``shown_...``, unless they are one of ``tables``.

    Parameters
    ----------
    answer : result
        Anything with ``summary()``; ``headline()`` and ``figures()`` are kept where it has them.
    tables : mapping of name to frame, optional
        Frames, or results and expressions that turn into one; None, where there was no answer, is left out.
    queries : mapping of str to str, optional
        How the figures of the answers shown come from ``tables``: words of what a figure is -> SQL that
        gives its number, ``SELECT sum(value_k) FROM decisions``. Two numbers need two columns.
    decision : DecisionRecord, optional
        Kept as its sealed file beside the tables, for ``pmlib verify FILE``.

    Raises
    ------
    ParameterError
        A table's name would not do as a file's; a query fails, or does not give one row of numbers.

    Examples
    --------
    >>> record(None)
    """
    folder = os.environ.get(RECORD_VARIABLE)
    if not folder:
        return
    notebook = notebook_name()
    for name in tables or {}:
        if not PLAIN.fullmatch(name):
            raise ParameterError(f"table {name!r}: a name holds letters, digits, _ and - only. Rename it.")
    frames = {name: _needed_frame(name, table) for name, table in (tables or {}).items() if table is not None}
    # A figure whose table has no answer in this workbook is computed some other way, and the page says so.
    absent = (tables or {}).keys() - frames.keys()
    asked = {words: query for words, query in (queries or {}).items() if absent.isdisjoint(tables_read(query))}
    given = list(frames)
    seen = outputs(folder, notebook)
    shown = {output.key: _placed(output, frames, notebook) for output in seen if output.frame is not None}
    for name, frame in frames.items():
        write_table(frame, Path(folder) / "tables" / notebook / name)
    if decision is not None:
        decision.write(Path(folder) / "tables" / notebook, replace=True)
    entry = _entry(answer) | {
        "tables": {name: _about(frame, notebook, name) for name, frame in frames.items()},
        "shown": shown,
    }
    figures = [(big, small, maker(answer)) for big, small in entry["headline"].items()]
    figures += [(big, small, output.by) for output in seen for big, small in output.figures.items()]
    entry["sources"] = trace(figures, asked, folder=folder, notebook=notebook, tables=given)
    _add_summary(Path(folder), notebook, entry)


def _needed_frame(name: str, table: Any) -> pd.DataFrame:
    frame = as_frame(table)
    if frame is None:
        raise ParameterError(f"table {name!r}: got {type(table).__name__}, allowed a frame, or what turns into one by "
                             "to_frame() or to_pandas(). Leave it out.")
    return frame


def _placed(output: Output, frames: dict[str, pd.DataFrame], notebook: str) -> dict[str, Any]:
    """Say where the rows of an output lie; those that are no recorded table become one more of ``frames``."""
    assert output.frame is not None
    name = next((name for name, frame in frames.items() if same_rows(output.frame, frame)), None)
    if name is None:
        name = unused(file_name(output.title), frames)
        frames[name] = output.frame
    said: dict[str, Any] = {"table": name, "rows": output.n_rows}
    if output.columns:
        columns = () if list(output.columns) == list(frames[name].columns) else output.columns
        limit = output.limit if output.limit is not None and output.limit < output.n_rows else None
        said["query"] = rows_query(table_path(notebook, name), columns, limit)
    return said


def _about(frame: pd.DataFrame, notebook: str, name: str) -> dict[str, Any]:
    files = {ending: table_path(notebook, name, ending) for ending in ("csv", "parquet")}
    return {"rows": len(frame), "columns": frame.shape[1], **files}


def _entry(answer: Any) -> dict[str, Any]:
    headline, figures = (_called(answer, name) for name in ("headline", "figures"))
    return {"summary": str(answer.summary()), "headline": headline, "figures": figures}


def _called(answer: Any, name: str) -> dict[str, Any]:
    method = getattr(answer, name, None)
    content = method() if callable(method) else None
    return dict(content) if isinstance(content, Mapping) else {}


def write_table(frame: pd.DataFrame, stem: Path) -> None:
    """Write a frame as ``<stem>.parquet`` (exact) and ``<stem>.csv`` (safe to open in a spreadsheet).

    Parameters
    ----------
    frame : DataFrame
    stem : Path
        Path without ending; its folder is made.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    named = _months_as_text(frame.rename(columns=str))
    named.to_parquet(stem.with_name(f"{stem.name}.parquet"), index=False)
    stem.with_name(f"{stem.name}.csv").write_bytes(_csv(neutral_cells(named)).encode("utf-8"))


def _csv(cells: pd.DataFrame) -> str:
    text: str = cells.to_csv(index=False, lineterminator="\n")
    # A bare return would end its row for a reader, and what follows it begin a cell of its own; quotes hold it.
    if "\r" in text:
        text = cells.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text


def _months_as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Months are integers inside and ``YYYY-MM`` in files."""
    from pandas.api.types import is_integer_dtype

    months = [str(name) for name in frame if str(name).endswith("month") and is_integer_dtype(frame[name])]
    return frame.assign(**{name: frame[name].map(month_text, na_action="ignore").astype("str") for name in months})


def neutral_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame
        A new frame of the same shape.

    Examples
    --------
    >>> import pandas as pd
    >>> neutral_cells(pd.DataFrame({"name": ["=1+1", "P01"], "value": [-1, 2]})).name.tolist()
    ["'=1+1", 'P01']
    """
    safe = frame.copy(deep=False)
    for name, cells in frame.items():
        # Text and categories are objects to numpy; numbers and dates are not.
        if cells.dtype.kind == "O" and _runs(cells):
            safe[name] = cells.astype(object).map(_neutral)
    return safe.rename(columns=_neutral)


def _runs(cells: pd.Series) -> bool:
    """Whether a spreadsheet would run any of these cells."""
    if cells.dtype == "str":
        return bool(cells.str.startswith(_FORMULA).any())
    return any(isinstance(cell, str) and cell.startswith(_FORMULA) for cell in cells)


def _neutral(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _add_summary(folder: Path, notebook: str, entry: dict[str, Any]) -> None:
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "summary.json"
    with FileLock(folder / LOCK_NAME):
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        write_json(path, {**content, notebook: entry})


def write_json(path: Path, content: Any) -> None:
    """Write JSON that every reader takes: keys sorted, no NaN, whole or not at all.

    Parameters
    ----------
    path : Path
    content : mapping, list or scalar
        Numbers of numpy are taken too; what is not finite becomes null.
    """
    text = json.dumps(jsonable(content), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def jsonable(content: Any) -> Any:
    """Turn content into plain JSON values; NaN and infinities become None.

    Examples
    --------
    >>> jsonable({"gap": float("nan"), "n": 3})
    {'gap': None, 'n': 3}
    """
    if isinstance(content, Mapping):
        return {str(key): jsonable(value) for key, value in content.items()}
    if isinstance(content, list | tuple | set | frozenset):
        return [jsonable(value) for value in content]
    if hasattr(content, "item"):
        return jsonable(content.item())
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if content is None or isinstance(content, str | int | bool):
        return content
    # pandas has its own missing values, which read as such and nothing else.
    return None if str(content) in {"<NA>", "NaT"} else str(content)
