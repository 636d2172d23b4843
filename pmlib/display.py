"""How a notebook shows an answer, a table and a figure: the same in JupyterLab and in a report."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol, TypeVar

import pandas as pd

from pmlib.errors import BlockedTableError, MissingTableError, ParameterError, did_you_mean
from pmlib.months import month_text
from pmlib.reporting.shown import remember

_Result = TypeVar("_Result")

VERBS = ("start", "keep", "slow", "fast", "hold", "stop", "decline")
#: Colours of a figure after quantising: enough for anti-aliased text, and half the bytes.
_PALETTE = 64
_DOTS_PER_INCH, _MOST_BYTES = (200, 160, 130, 100), 60_000
#: Square inches from which on a figure is never as small as asked in the finest resolution.
_LARGE = 36
#: Letters of a cell as text: every row is as wide as the widest.
_LONGEST_CELL = 200
_EMPTY = "–"
#: How columns end that hold months, and ratios around 1.
_MONTHS, _RATIOS = ("month", "finish", "finish_low", "finish_high"), ("cpi", "spi", "spi_t")
# Figures and months stand to the right, unbroken, also with an interval or an arrow behind them; ids do not.
_FIGURE = re.compile(r"(\d{4}-\d\d|[+-]?\d[\d,.]*( %)?( \(.*\))?( [▲▼–])?|–)$")


class Answer(Protocol):
    """Anything that can say what it found."""

    def summary(self) -> str:
        """Sentences with the numbers."""

    def headline(self) -> dict[str, str]:
        """Big figure -> what it is."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Something to show, as HTML for a page and as text for a terminal."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def answer(result: Answer | None, *, empty: str = "There is no answer.") -> Shown:
    """Show the answer first: its sentences, then its two to four figures.

    Parameters
    ----------
    result : any frozen result of pmlib, or None
        Gives ``summary()`` and ``headline()``; None shows ``empty``.
    empty : str
        Why there is no answer, and what to do.
    """
    if result is None:
        return note(empty)
    summary, figures = result.summary(), result.headline()
    boxes = "".join(f'<div class="kpi"><b>{escape(big)}</b><span>{escape(small)}</span></div>'
                    for big, small in figures.items())
    lines = "".join(f'<p class="answer">{escape(line)}</p>' for line in summary.splitlines())
    html = f'{lines}<div class="kpis">{boxes}</div>'
    remember(html, result, title=type(result).__name__, answer=result)
    text = "\n".join([summary, *(f"  {big}  {small}" for big, small in figures.items())])
    return Shown(html=html, text=text)


def note(text: str) -> Shown:
    """Show a remark set apart from the text; empty text shows nothing."""
    return Shown(html=f'<p class="note">{escape(text)}</p>' if text else "", text=text)


def table(
    frame: pd.DataFrame | None, *, caption: str, columns: Mapping[str, str] | None = None, rows: int = 15,
    percent: Collection[str] = (), empty: str = "Nothing to show.",
) -> Shown:
    """Show the first rows of a frame as a table a board can read.

    Parameters
    ----------
    frame : DataFrame
        Sorted by what matters. Columns ending in ``_k`` are shown without decimals, those with
        ``share`` in their name in percent, cost and schedule indices with two decimals, months as YYYY-MM.
    caption : str
        What it shows, with the unit; how many rows there are in all is added.
    columns : mapping of str to str, optional
        Which columns, in which order, under which heading. Default: all, as named.
    rows : int
        At most so many rows.
    percent : collection of str
        Further columns that hold shares 0-1 and are shown in percent.
    empty : str
        Shown in place of a table without rows.

    Raises
    ------
    ParameterError
        A column is not in the frame.
    """
    if frame is None:
        return note(empty)
    names = dict(columns) if columns is not None else {str(name): str(name).replace("_", " ") for name in frame}
    for name in names:
        if name not in frame:
            raise ParameterError(f"table: column '{name}' is not in the frame. {did_you_mean(name, frame.columns)}")
    if frame.empty:
        return note(empty)
    top = frame[list(names)].head(rows)
    shown = pd.DataFrame({
        name: [_cell(f"{name} share" if name in percent else name, value) for value in top[name]] for name in names
    })
    more = f" {len(top)} of {len(frame):,} rows." if len(frame) > len(top) else ""
    numeric = {name: not name.endswith("_id") and all(map(_FIGURE.match, shown[name])) for name in names}
    head = "".join(f"<th{_class(numeric[name])}>{escape(title)}</th>" for name, title in names.items())
    body = "".join(
        "<tr>" + "".join(_td(name, cell, numeric[name]) for name, cell in zip(names, row, strict=True)) + "</tr>"
        for row in shown.itertuples(index=False)
    )
    html = (f'<div class="scroll"><table><caption>{escape(caption)}{more}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
    remember(html, frame, title=caption, columns=names, limit=rows)
    text = f"{caption}{more}\n{shown.rename(columns=names).to_string(index=False, max_colwidth=_LONGEST_CELL)}"
    return Shown(html=html, text=text)


def figure(
    what: Any, *, alt: str = "", caption: str = "", summary: bool = False, rows: Any = None,
    empty: str = "There is nothing to draw.",
) -> None:
    """Show a figure, with words for those who cannot see it, and close it.

    Parameters
    ----------
    what : matplotlib Axes, or a result with ``plot()`` and ``summary()``, or None
        What to draw; None, and a ``plot()`` that finds nothing to draw, shows ``empty`` in words.
    alt : str
        What is seen, with the numbers. Default: the result's ``summary()``.
    caption : str
        Printed below: what to notice, and how many rows the figure lacks.
    summary : bool
        Whether the caption begins with the result's ``summary()``.
    rows : DataFrame or result, optional
        The rows drawn, when ``what`` is an axes; a result brings its own by ``to_frame()``.
    empty : str
        Why there is nothing to draw, and what to do.

    Raises
    ------
    ParameterError
        An axes comes without ``alt``.
    """
    from IPython.display import display
    from matplotlib import pyplot as plt

    drawn = what is None or hasattr(what, "figure")
    ax, words = (what, alt) if drawn else (what.plot(), alt or what.summary())
    if ax is None:
        display(note(empty))  # type: ignore[no-untyped-call]
        return
    if not words:
        raise ParameterError("figure: got an axes without alt, allowed a sentence. Say what is seen, with its numbers.")
    image = _png(ax.figure)
    plt.close(ax.figure)
    source = (None if drawn else what) if rows is None else rows
    named = source is not None and not isinstance(source, pd.DataFrame)
    remember(image, source, title=type(source).__name__ if named else words)
    below = f"{what.summary()} {caption}" if summary and not drawn else caption
    about = {"image/png": {"alt": words, "caption": below.strip(), "width": 800}}
    display({"image/png": image, "text/plain": words}, raw=True, metadata=about)  # type: ignore[no-untyped-call]


def if_available(question: Callable[..., _Result], tables: Mapping[str, Any], **options: Any) -> _Result | None:
    """Ask a question whose table may be missing: its answer, or None where the table is not there.

    Examples
    --------
    >>> from pmlib.product import satisfaction_by_month
    >>> if_available(satisfaction_by_month, {}, period="2025-12") is None
    True
    """
    try:
        return question(tables, **options)
    except BlockedTableError:
        raise
    except MissingTableError:
        return None


def reconcile(*results: Any) -> str:
    """Check every answer that is there, and say what adds up; None, where there was no answer, is passed over.

    Raises
    ------
    CheckError
        One of them does not add up.
    ParameterError
        One of them has nothing to add up.

    Examples
    --------
    >>> reconcile(None)
    ''
    """
    there = [result for result in results if result is not None]
    for result in there:
        if not hasattr(result, "check"):
            raise ParameterError(f"reconcile: got {result!r}, allowed answers with check(). Leave it out.")
    return " ".join(result.check() for result in there)


def _png(drawing: Any) -> bytes:
    """Encode a figure in few colours, as finely as the most bytes of a figure allow."""
    from PIL import Image

    width, height = drawing.get_size_inches()
    for dots in _DOTS_PER_INCH[int(width * height > _LARGE):]:
        raw, small = io.BytesIO(), io.BytesIO()
        drawing.savefig(raw, format="png", dpi=dots, metadata={"Software": None})
        with Image.open(raw) as image:
            # The rare colours of single marks are kept: one held project must not look like a stopped one.
            few = image.convert("RGB").quantize(_PALETTE, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(small, format="png", optimize=True)
        if small.tell() <= _MOST_BYTES:
            break
    return small.getvalue()


def _class(numeric: bool) -> str:
    return ' class="n"' if numeric else ""


def _td(name: str, cell: str, numeric: bool) -> str:
    verb = cell.split(" ", 1)[0]
    if name == "action" and verb in VERBS:
        return f'<td class="verb {verb}">{escape(cell)}</td>'
    return f"<td{_class(numeric)}>{escape(cell)}</td>"


def _cell(name: str, value: Any) -> str:
    if value is None or bool(pd.isna(value)):
        return _EMPTY
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return "yes" if value else "no"
    if name.endswith(_MONTHS) and pd.api.types.is_integer(value):
        return month_text(int(value))
    if name in ("year", "row"):
        return str(int(value))
    if pd.api.types.is_integer(value):
        return f"{int(value):,}"
    if pd.api.types.is_float(value):
        return _decimal(name, float(value))
    return str(value)


def _decimal(name: str, value: float) -> str:
    if "share" in name:
        return f"{100 * value:.1f} %"
    places = 0 if name.endswith(("_k", "_eur", "_points")) else 2 if name.endswith(_RATIOS) else 1
    text = f"{value:,.{places}f}"
    return text.lstrip("-") if not text.strip("-0.") else text
