"""Numbers leave a notebook as data: tables beside the page, sentences and figures in ``summary.json``."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ParameterError
from pmlib.months import month_text

if TYPE_CHECKING:
    import pandas as pd

#: Folder that a report collects its numbers in; without it nothing is written.
RECORD_VARIABLE = "PMLIB_RECORD"
#: Name of the notebook that is running.
NOTEBOOK_VARIABLE = "PMLIB_NOTEBOOK"
#: Beside the summary while notebooks that run side by side add to it.
LOCK_NAME = ".summary.lock"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# What a spreadsheet takes for the start of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def record(answer: Any, tables: Mapping[str, Any] | None = None) -> None:
    """Keep the answer of a notebook and its tables as data, when a report asks for them.

    Writes ``tables/<notebook>/<name>.parquet`` and ``.csv`` and the key ``<notebook>`` of
    ``summary.json`` below the folder named by ``PMLIB_RECORD``; nothing when that is unset.

    Parameters
    ----------
    answer : result
        Anything with ``summary()``; ``headline()`` and ``figures()`` are kept where it has them.
    tables : mapping of name to frame, optional
        Frames, or results and expressions that turn into one; None, where there was no answer, is left out.

    Raises
    ------
    ParameterError
        A table's name would not do as a file's.

    Examples
    --------
    >>> record(None)
    """
    folder = os.environ.get(RECORD_VARIABLE)
    if not folder:
        return
    notebook = _notebook_name()
    for name in tables or {}:
        if not _PLAIN.fullmatch(name):
            raise ParameterError(f"table {name!r}: a name holds letters, digits, _ and - only. Rename it.")
    for name, table in (tables or {}).items():
        if table is not None:
            write_table(_as_frame(table), Path(folder) / "tables" / notebook / name)
    _add_summary(Path(folder), notebook, _entry(answer))


def _notebook_name() -> str:
    # The lab names the open notebook in the second variable.
    named = os.environ.get(NOTEBOOK_VARIABLE) or os.environ.get("JPY_SESSION_NAME", "")
    name = Path(named).stem
    return name if _PLAIN.fullmatch(name) else "notebook"


def _entry(answer: Any) -> dict[str, Any]:
    headline, figures = (_called(answer, name) for name in ("headline", "figures"))
    return {"summary": str(answer.summary()), "headline": headline, "figures": figures}


def _called(answer: Any, name: str) -> dict[str, Any]:
    method = getattr(answer, name, None)
    content = method() if callable(method) else None
    return dict(content) if isinstance(content, Mapping) else {}


def _as_frame(table: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        frame = table
    else:
        frame = table.to_frame() if hasattr(table, "to_frame") else table.to_pandas()
    # An index with a name is data; a bare count of rows is not.
    return frame if frame.index.names == [None] else frame.reset_index()


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
    neutral_cells(named).to_csv(stem.with_name(f"{stem.name}.csv"), index=False, encoding="utf-8", lineterminator="\n")


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
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    safe = frame.copy()
    for column in safe.columns:
        cells = safe[column]
        if not any(check(cells.dtype) for check in (is_numeric_dtype, is_bool_dtype, is_datetime64_any_dtype)):
            safe[column] = cells.astype(object).map(_neutral)
    return safe.rename(columns=_neutral)


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
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


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
