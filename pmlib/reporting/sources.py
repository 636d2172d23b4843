"""From a figure to its rows: a query over the recorded tables for each, run once and held against what was shown."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any

from pmlib.errors import ParameterError

# A table of a query stands behind FROM or JOIN, as a plain name.
_TABLE = re.compile(r"\b(FROM|JOIN)(\s+)([A-Za-z_][A-Za-z0-9_-]*)\b(?!\s*\()", re.IGNORECASE)
# Not the digits of an id or a month: P44 is a name.
_NUMBER = re.compile(r"(?<![\w.])(?<!\d-)([+-]?\d[\d,]*(?:\.\d+)?)(?![\w-])(?:\s?(%|M|k|pp)(?!\w))?")
#: What a query may count in: as the figure does, in shares and thousands, in shares and ones.
_COUNTED: tuple[dict[str, float], ...] = (
    {}, {"%": 0.01, "pp": 0.01, "M": 1e3}, {"%": 0.01, "pp": 0.01, "M": 1e6, "k": 1e3},
)
_FLOAT = 1e-12
# Ends of an interval are rounded inwards, by less than a whole step.
_INWARDS = ("between", "at least", "at most")
# Short words may be SQL's own: group, to, order; they are quoted.
_PLAIN_NAME = re.compile(r"[a-z]+_[a-z0-9_]+|name|value|rank|rule|unit|low|high")


def table_path(notebook: str, name: str, ending: str = "parquet") -> str:
    """Where a table lies, seen from the page that shows it."""
    return f"tables/{notebook}/{name}.{ending}"


def rows_query(path: str, columns: Collection[str], limit: int | None) -> str:
    """Write the query that gives the rows shown of a table.

    Parameters
    ----------
    path : str
        The file, seen from the page.
    columns : collection of str
        Columns in order; empty for all.
    limit : int, optional
        Rows at most.

    Examples
    --------
    >>> print(rows_query("tables/a/x.parquet", ["name", "10 %"], 5))
    SELECT name, "10 %" FROM 'tables/a/x.parquet' LIMIT 5
    """
    named = ", ".join(map(_quoted, columns)) or "*"
    return f"SELECT {named} FROM '{path}'" + (f" LIMIT {limit}" if limit is not None else "")


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else '"{}"'.format(name.replace('"', '""'))


def trace(
    figures: Iterable[tuple[str, str, str]], queries: Mapping[str, str], *, folder: str, notebook: str,
    tables: Collection[str],
) -> dict[str, dict[str, Any]]:
    """Find where each figure comes from: run its query against the tables just recorded.

    Parameters
    ----------
    figures : iterable of (figure, label, maker)
        As shown: ``("30.0 M", "EUR expected value", "pmlib.portfolio.decision.Decision")``.
    queries : mapping of str to str
        Words of a label -> SQL that gives one row with the figure's number, or numbers. One whose figure is
        not shown is passed over: an answer may have none.
    folder : str
        Where ``tables/`` lies.
    notebook : str
        Whose tables they are.
    tables : collection of str
        Names that a query may read FROM and JOIN.

    Returns
    -------
    dict
        Label -> figure, by, and with a query also query, value (number, or list of numbers) and agrees.

    Raises
    ------
    ParameterError
        A query fails, or does not give one row of numbers.
    """
    found: dict[str, dict[str, Any]] = {}
    asked: dict[str, str] = {}
    for figure, label, by in figures:
        if label not in found:
            found[label] = {"figure": figure, "by": by}
            query = _matching(queries, label) if _NUMBER.search(figure) else None
            asked |= {label: _over_files(query, notebook, tables)} if query else {}
    for label, values in _run(asked, folder).items():
        value = values[0] if len(values) == 1 else values
        agree = agrees(found[label]["figure"], values)
        found[label] |= {"query": asked[label], "value": value, "agrees": agree}
    return found


def _matching(queries: Mapping[str, str], label: str) -> str | None:
    """Find the query that names most of a label."""
    fitting = [words for words in queries if words in label]
    return queries[max(fitting, key=len)] if fitting else None


def tables_read(query: str) -> set[str]:
    """Name the tables a query reads.

    Examples
    --------
    >>> sorted(tables_read("SELECT a FROM (SELECT a FROM x JOIN y USING (b))"))
    ['x', 'y']
    """
    return {found[3] for found in _TABLE.finditer(query)}


def _over_files(query: str, notebook: str, tables: Collection[str]) -> str:
    def path(found: re.Match[str]) -> str:
        word, space, name = found.groups()
        return f"{word}{space}'{table_path(notebook, name)}'" if name in tables else found[0]

    return " ".join(_TABLE.sub(path, query).split())


def _run(queries: Mapping[str, str], folder: str) -> dict[str, list[float]]:
    if not queries:
        return {}
    import duckdb

    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute("SET file_search_path = '{}'".format(folder.replace("'", "''")))
        return {label: _numbers(engine, label, query) for label, query in queries.items()}


def _numbers(engine: Any, label: str, query: str) -> list[float]:
    import duckdb

    try:
        rows = engine.execute(query).fetchall()
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise ParameterError(f"query of {label!r}: {said} Got {query!r}; allowed is SQL over the recorded tables, "
                             "FROM name or JOIN name. Mend it, or add the table to tables=.") from error
    values = [_number(cell) for cell in rows[0]] if len(rows) == 1 else []
    if not values or None in values:
        raise ParameterError(f"query of {label!r}: got {rows[:3]!r} from {query!r}, allowed one row of numbers. "
                             "Sum, count or filter until one is left.")
    return [value for value in values if value is not None]


def _number(cell: Any) -> float | int | None:
    if isinstance(cell, Decimal):
        return float(cell)
    finite = isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)
    return cell if finite else None


def agrees(figure: str, values: Iterable[float]) -> bool:
    """Whether numbers are those of a figure, rounded as shown.

    Parameters
    ----------
    figure : str
        Such as ``8.6 of 11.1 M``, ``between 10 % and 22 %`` or ``+1,637``.
    values : iterable of float
        The exact ones in the same order; shares for per cent and thousands for millions will do. Where there
        are more of either, the others are passed over.

    Examples
    --------
    >>> agrees("30.0 M", [29_992.1]), agrees("8.6 of 11.1 M", [8.62, 11.09]), agrees("46 %", [0.47])
    (True, True, False)
    """
    shown, exact = _shown(figure), list(values)
    step = 1.0 if figure.startswith(_INWARDS) else 0.5
    number = min(len(shown), len(exact))
    return number > 0 and any(
        all(_rounds(text, value / scale.get(unit, 1.0), step)
            for (text, unit), value in zip(shown, chosen, strict=False))
        for scale in _COUNTED for chosen in combinations(exact, number)
    )


def _shown(figure: str) -> list[tuple[str, str]]:
    """Take a figure's numbers with their units; in ``8.6 of 11.1 M`` both are millions."""
    pairs = _NUMBER.findall(figure)
    return [(text, next((unit for _, unit in pairs[place:] if unit), "")) for place, (text, _) in enumerate(pairs)]


def _rounds(text: str, value: float, step: float) -> bool:
    off = step * 10.0 ** -len(text.partition(".")[2])
    return abs(float(text.replace(",", "")) - value) <= off + _FLOAT * max(1.0, abs(value))
