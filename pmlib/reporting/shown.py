"""What a notebook has shown, with the rows behind it, kept until its numbers are recorded."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Folder that a report collects its numbers in; without it nothing is written.
RECORD_VARIABLE = "PMLIB_RECORD"
#: Name of the notebook that is running.
NOTEBOOK_VARIABLE = "PMLIB_NOTEBOOK"
#: Rows of one output that are kept at most: a page's table is to be read, not to be a copy of the data.
MOST_ROWS = 100_000
#: What a table's or a notebook's name must look like to be a file's.
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
#: Tables that only an output shows; the recorded ones are the notebook's own choice.
PREFIX = "shown_"
_LONGEST_NAME = 40


@dataclass(frozen=True, eq=False, kw_only=True)
class Output:
    """One table, figure or answer that was shown.

    Attributes
    ----------
    key : str
        Mark of its bytes, by which a page finds it again: an output is the same in every run, its place is not.
    title : str
        Its file is named after this.
    frame : DataFrame or None
        The first ``MOST_ROWS`` of all its rows.
    n_rows : int
        How many rows there are.
    columns : tuple of str
        Columns shown, in order; empty when all are drawn on.
    limit : int or None
        Rows shown at most.
    figures : mapping of str to str
        Big figure -> what it is, of an answer.
    by : str
        The class that computed them.
    """

    key: str
    title: str
    frame: pd.DataFrame | None = None
    n_rows: int = 0
    columns: tuple[str, ...] = ()
    limit: int | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    by: str = ""


# One kernel runs one notebook; a report may run several in one process all the same.
_outputs: dict[tuple[str, str], dict[str, Output]] = {}


def remember(
    content: str | bytes, rows: Any, *, title: str, columns: Iterable[str] = (), limit: int | None = None,
    answer: Any = None,
) -> None:
    """Keep an output with its rows until ``pm.record``; nothing when no report asks for them.

    Parameters
    ----------
    content : str or bytes
        The HTML or the picture as shown.
    rows : DataFrame, or result with ``to_frame()``
        All rows behind it; anything else leaves none.
    title : str
        Gives the file its name.
    columns : iterable of str
        Columns shown; empty when all are drawn on.
    limit : int, optional
        Rows shown at most.
    answer : result, optional
        Whose ``headline()`` the output shows.
    """
    folder = os.environ.get(RECORD_VARIABLE)
    if not folder:
        return
    frame = as_frame(rows)
    output = Output(
        key=mark(content), title=title, columns=tuple(columns), limit=limit,
        frame=None if frame is None else writable(frame.head(MOST_ROWS)), n_rows=0 if frame is None else len(frame),
        figures={} if answer is None else dict(answer.headline()), by="" if answer is None else maker(answer),
    )
    _outputs.setdefault((folder, notebook_name()), {}).setdefault(output.key, output)


def outputs(folder: str, notebook: str) -> list[Output]:
    """Everything a notebook has shown so far, in order; an output shown twice counts once."""
    return list(_outputs.get((folder, notebook), {}).values())


def mark(content: str | bytes) -> str:
    """Mark an output by its bytes.

    Examples
    --------
    >>> mark("<p>1</p>") == mark(b"<p>1</p>")
    True
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()[:16]


def maker(answer: Any) -> str:
    """Name the class of an answer as one would look it up."""
    return f"{type(answer).__module__}.{type(answer).__qualname__}"


def file_name(title: str) -> str:
    """Name the file of an output after the first words of its caption, the same in every period.

    Examples
    --------
    >>> file_name("Projects to stop or hold. Value in kEUR."), file_name("ValueFrontier")
    ('shown_projects_to_stop_or_hold', 'shown_value_frontier')
    """
    first = re.split(r"[.:;,(]", title, maxsplit=1)[0]
    words = [word.lower() for word in _WORD.findall(first)] or ["rows"]
    while len("_".join(words)) > _LONGEST_NAME and len(words) > 1:
        words.pop()
    return f"{PREFIX}{'_'.join(words)[:_LONGEST_NAME]}"


def unused(name: str, taken: Container[str]) -> str:
    """Find a name that is not taken: ``shown_cost``, else ``shown_cost_2``."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def as_frame(table: Any) -> pd.DataFrame | None:
    """Turn a frame, a result or an expression into a frame with its index as a column; None when it is none."""
    import pandas as pd
    from pandas.api.types import is_integer_dtype

    frame = table
    if not isinstance(table, pd.DataFrame):
        turn = getattr(table, "to_frame", None) or getattr(table, "to_pandas", None)
        frame = turn() if callable(turn) else None
    if not isinstance(frame, pd.DataFrame):
        return None
    # An index with a name, or of words, is data; a bare count of rows is not.
    bare = frame.index.names == [None] and (frame.empty or is_integer_dtype(frame.index))
    return frame.copy(deep=False) if bare else frame.reset_index()


def same_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two frames hold the same columns and rows in the same order, whatever their index."""
    if one.shape != other.shape or list(one.columns) != list(other.columns):
        return False
    return one.reset_index(drop=True).equals(other.reset_index(drop=True))


def writable(frame: pd.DataFrame) -> pd.DataFrame:
    """Write cells of mixed kinds as text, as they are shown: a file's column has one kind."""
    from pandas.api.types import infer_dtype

    mixed = [name for name in frame if frame[name].dtype == object
             and infer_dtype(frame[name], skipna=True).startswith("mixed")]
    return frame.assign(**{str(name): frame[name].map(str, na_action="ignore") for name in mixed})


def notebook_name() -> str:
    """Name of the notebook that is running; ``notebook`` when nobody says."""
    # The lab names the open notebook in the second variable.
    named = os.environ.get(NOTEBOOK_VARIABLE) or os.environ.get("JPY_SESSION_NAME", "")
    name = Path(named).stem
    return name if PLAIN.fullmatch(name) else "notebook"
