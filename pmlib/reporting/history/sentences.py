"""What changed, in sentences a board reads: decisions first, then what the answers say, then the rest by number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pmlib.reporting.history.answers import ANSWER
from pmlib.reporting.history.row_keys import DECIDING
from pmlib.reporting.history.table_changes import Kind

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED, _MOST_FIGURES, _MOST_TABLES, _MOST_WAYS, _MOST_SUBJECTS = 5, 6, 3, 4, 2
#: Kinds of a cell that stood in both periods.
SAME = (Kind.CHANGED, Kind.REVISED)
_MOVED = (Kind.ROW_ADDED, Kind.ROW_REMOVED)
_NOTEBOOKS = {
    Kind.NOTEBOOK_ADDED: "is in this period and was not in the one before",
    Kind.NOTEBOOK_REMOVED: "was in the period before and is not in this one",
}
# What came or went: one of it, and several.
_PARTS = {
    Kind.TABLE_ADDED: ("has a new table", "has new tables"),
    Kind.TABLE_REMOVED: ("no longer has the table", "no longer has the tables"),
    Kind.COLUMN_ADDED: ("has a new column", "has new columns"),
    Kind.COLUMN_REMOVED: ("no longer has the column", "no longer has the columns"),
}
_MOST_DECISIONS = 7
_MONEY = re.compile(r"\b(EUR|USD|GBP|CHF|JPY)\b|\d (M|k)\b")
_ORDER = re.compile(r"^\d+_")


def sentences(changes: pd.DataFrame) -> list[str]:
    """Say everything that changed, by what matters to a board.

    Parameters
    ----------
    changes : DataFrame
        Rows as of ``table_changes``, with notebook and table.

    Returns
    -------
    list of str
        Decisions, notebooks that came or went, leading figures, largest movements of the other figures,
        verdicts and states elsewhere, tables and columns and rows that came or went, months said anew.
    """
    own = changes[changes["table"] != ANSWER]
    words = deciding_words(own)
    decided = words["decides"]
    return [
        *_decisions(words[decided]), *_notebooks(changes), *_headlines(changes), *_figures(changes),
        *_further_words(words[~decided]), *_parts(changes), *_rows(own), *_wholes(own),
    ]


def spoken(name: str) -> str:
    """Name of a notebook, table or column as words.

    Examples
    --------
    >>> spoken("30_rebalance_portfolio")
    'rebalance portfolio'
    """
    return _ORDER.sub("", name).replace("_", " ").strip() or name


def _capital(name: str) -> str:
    words = spoken(name)
    return words[:1].upper() + words[1:]


def deciding_words(changes: pd.DataFrame) -> pd.DataFrame:
    """Pick the verdicts, actions and states that changed, and mark the decisions among them.

    Several tables may repeat a decision, or show what another plan would decide: one table of a notebook decides,
    one named after it if there is one, otherwise the one with an action that changed most.

    Parameters
    ----------
    changes : DataFrame
        Rows of tables.

    Returns
    -------
    DataFrame
        Its rows, each change once, with ``rank``, ``named`` (whether the table is named after a deciding word) and
        ``decides``; decisions first, then the most telling, later notebooks before earlier ones, which introduce and
        check.
    """
    ranks = {name: rank for rank, names in enumerate(DECIDING) for name in names}
    named = changes["table"].str.removesuffix("s").isin(list(ranks))
    # Rows that came or went in other tables need not be decisions: a wider plan lists more of them.
    told = changes[changes["column"].isin(list(ranks)) & (changes["kind"].isin(SAME)
                                                         | changes["kind"].isin(_MOVED) & named)]
    told = told.assign(rank=told["column"].map(ranks), named=named[told.index])
    for column, kind, word in (("before", Kind.ROW_ADDED, "new"), ("now", Kind.ROW_REMOVED, "gone")):
        told[column] = told[column].mask(told[column] == "", "nothing").mask(told["kind"] == kind, word)
    told = told.assign(
        plain=~told["named"],
        later=told["notebook"].rank(method="dense", ascending=False),
        few=-told.groupby(["notebook", "table", "column"])["key"].transform("size"),
    ).sort_values(["later", "plain", "rank", "few", "table"], kind="stable")
    first = told.groupby("notebook")[["rank", "table"]].transform("first")
    same = (told["rank"] == first["rank"]) & (told["table"] == first["table"])
    decides = (same & (told["named"] | (told["rank"] == 0))).astype(bool)
    told = told.assign(decides=decides, further=~decides)
    told = told.sort_values(["further", "rank", "later"], kind="stable")
    return told[~told.duplicated(["subject", "before", "now"])]


def _decisions(decided: pd.DataFrame) -> list[str]:
    said = []
    for (rank, later, *_), group in decided.groupby(["rank", "later", "table", "before", "now"], sort=False):
        first = group.iloc[0]
        where = "" if first["named"] else f" ({spoken(first['notebook'])}, {spoken(first['table'])})"
        said.append((rank, later, -len(group), f"{_together(group['subject'])}: {_way(first)}{where}."))
    # By size within a notebook, otherwise as they come.
    said.sort(key=lambda one: one[:-1])
    more = -sum(size for _, _, size, _ in said[_MOST_DECISIONS:])
    rest = [f"{more:,} more {'decision' if more == 1 else 'decisions'} changed."] if more else []
    return [*(sentence for *_, sentence in said[:_MOST_DECISIONS]), *rest]


def _way(row: Any) -> str:
    return f"{row['before']} → {row['now']}"


def _together(names: Iterable[str], most: int = _MOST_NAMED) -> str:
    every = list(names)
    more = len(every) - most
    return f"{', '.join(every[:most])} and {more} more" if more > 0 else ", ".join(every)


def _notebooks(changes: pd.DataFrame) -> list[str]:
    return [f"{_capital(name)} {words}." for kind, words in _NOTEBOOKS.items()
            for name in changes.loc[changes["kind"] == kind, "notebook"]]


def _parts(changes: pd.DataFrame) -> list[str]:
    """Say which tables and columns came or went."""
    said = []
    for kind, words in _PARTS.items():
        own, columns = changes[changes["kind"] == kind], kind in (Kind.COLUMN_ADDED, Kind.COLUMN_REMOVED)
        for place, group in own.groupby(["notebook", "table"] if columns else ["notebook"]):
            # A table of its notebook, or the notebook itself.
            where = " of ".join(spoken(str(name)) for name in reversed(place))
            names = list(group["column"] if columns else map(spoken, group["table"]))
            said.append(f"{_capital(where)} {words[len(names) > 1]}: {_together(names)}.")
    return said


def _headlines(changes: pd.DataFrame) -> list[str]:
    """One sentence per notebook, what moved most money first."""
    own = changes[(changes["table"] == ANSWER) & (changes["column"] == "headline")]
    said = []
    for notebook, group in own.groupby("notebook"):
        rows = group.to_dict("records")
        moved = sorted((*_weight(row), _moved(row)) for row in rows if row["kind"] in SAME)
        came = [f"{row['now']} {row['key']}" for row in rows if row["kind"] == Kind.ROW_ADDED]
        went = [f"{row['before']} {row['key']}" for row in rows if row["kind"] == Kind.ROW_REMOVED]
        parts = [way for *_, way in moved]
        parts += [f"{word} {', '.join(every)}" for word, every in (("now", came), ("no longer", went)) if every]
        said.append((moved[0][:2] if moved else (2, 0.0), f"{_capital(str(notebook))}: {'; '.join(parts)}."))
    return [sentence for _, sentence in sorted(said)]


def _weight(row: Mapping[Any, Any]) -> tuple[int, float]:
    money = _MONEY.search(f"{row['now']} {row['key']}") is not None
    return 0 if money else 1, 0.0 if math.isnan(row["relative"]) else -abs(row["relative"])


def _moved(row: Mapping[Any, Any]) -> str:
    return _way(row) if row["now"].endswith(f" {row['key']}") else f"{_way(row)} {row['key']}"


def _figures(changes: pd.DataFrame) -> list[str]:
    """Say the largest relative movements of the other figures."""
    own = changes[(changes["table"] == ANSWER) & (changes["column"] == "figures") & changes["relative"].notna()]
    top = own.assign(size=own["relative"].abs()).sort_values("size", ascending=False, kind="stable")
    return [
        f"{_capital(row['notebook'])}: {spoken(row['key'])} {row['before']} → {row['now']} ({row['relative']:+.0%})."
        for row in top.head(_MOST_FIGURES).to_dict("records")
    ]


def _further_words(words: pd.DataFrame) -> list[str]:
    """Say in which other tables words changed, and of what."""
    said = []
    for _, group in words.groupby(["notebook", "table", "column"], sort=False):
        ways = sorted((-len(same), _way(same.iloc[0]), _who(same["subject"]))
                      for _, same in group.groupby(["before", "now"], sort=False))
        listed = _together((f"{way} ({who})" for _, way, who in ways), _MOST_WAYS)
        first = group.iloc[0]
        said.append(f"{_capital(first['notebook'])}, {spoken(first['table'])}: {spoken(first['column'])} {listed}.")
    return said


def _who(subjects: pd.Series) -> str:
    return str(len(subjects)) if len(subjects) > _MOST_SUBJECTS else ", ".join(subjects)


def tally(changes: pd.DataFrame) -> pd.DataFrame:
    """Count changes by notebook, table and kind; those that are not listed count too.

    Returns
    -------
    DataFrame of int
        One row per notebook and table, one column per kind.
    """
    rest = changes["kind"] == Kind.MORE
    kinds, number = changes["kind"].where(~rest, changes["column"]), changes["now_value"].where(rest, 1.0)
    table = number.groupby([changes["notebook"], changes["table"], kinds]).sum().unstack(fill_value=0)
    return table.reindex(columns=[str(kind) for kind in Kind], fill_value=0.0).astype("int64")


def _rows(changes: pd.DataFrame) -> list[str]:
    counted = tally(changes)
    came, went, anew = (counted[str(kind)] for kind in (Kind.ROW_ADDED, Kind.ROW_REMOVED, Kind.REVISED))
    said = []
    for notebook, moved in (came + went)[lambda sums: sums > 0].groupby(level=0):
        order = moved.sort_values(ascending=False, kind="stable").index
        parts = [f"{spoken(place[1])} {_came_and_went(came[place], went[place])}" for place in order]
        said.append(f"Rows of {spoken(str(notebook))}: {_listed(parts)}.")
    revised = anew[anew > 0].sort_values(ascending=False, kind="stable")
    if len(revised):
        parts = [f"{spoken(table)} {size:,}" for (_, table), size in zip(revised.index.to_list(), revised, strict=True)]
        said.append(f"Numbers of the same months, revised: {_listed(parts)}.")
    return said


def _came_and_went(came: int, went: int) -> str:
    return ", ".join(f"{number:,} {word}" for number, word in ((came, "new"), (went, "gone")) if number)


def _listed(parts: list[str]) -> str:
    more = len(parts) - _MOST_TABLES
    tables = "table" if more == 1 else "tables"
    return "; ".join([*parts[:_MOST_TABLES], *([f"{more} {tables} more"] if more > 0 else [])])


def _wholes(changes: pd.DataFrame) -> list[str]:
    own = changes[(changes["kind"] == Kind.WHOLE) & (changes["column"] == "rows")]
    return [
        f"{_capital(row['notebook'])}: nothing names the rows of {spoken(row['table'])}, so it is compared as a whole:"
        f" {row['before']} rows before, {row['now']} now."
        for row in own.to_dict("records")
    ]
