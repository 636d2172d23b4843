"""Check keys: references to other tables, look-alikes, and rows that share a key."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Set
from functools import cache, partial

import numpy as np
import pandas as pd

from pmlib.schema.definition import Table
from pmlib.schema.findings import Collector

DELETE_TWIN = "The first of the same rows is kept; delete this one."
CHOOSE_TWIN = "The rows differ and none is used; keep the right one."
ADD_KEY = "Add the key there, or correct it here."
#: Keys a message may list.
_FEW = 12


def add_references(found: Collector, frame: pd.DataFrame, table: Table, keys: Mapping[str, Set[str]]) -> None:
    """Find values that are no key of the table they refer to, where its keys are known."""
    for column in table.columns:
        known = keys.get(column.references) if column.references else None
        if known is None:
            continue
        values = frame[column.name]
        unknown = np.flatnonzero(values.notna() & ~values.isin(list(known)))
        found.add(unknown, column=column.name, problem=f"not in {column.references}", allowed=column.allowed,
                  remedy=_reference_remedy(known),
                  values=partial(_at, values))


def _at(values: pd.Series, place: int) -> str:
    return _show(values.iloc[place])


def _reference_remedy(known: Set[str]) -> Callable[[str], str]:
    """Give the remedy for a value that is no key: the key it looks like or the keys there are."""
    names = sorted(known)
    faces = {_skeleton(name): name for name in reversed(names)}

    @cache
    def remedy_of(value: str) -> str:
        twin = faces.get(_skeleton(value), value)
        if twin != value:
            return f"It only looks like '{twin}': other characters are in it. Type it anew."
        # No near id is proposed: P05 is not what P06 was meant to be.
        return f"Known: {', '.join(names)}. {ADD_KEY}" if 0 < len(names) <= _FEW else ADD_KEY

    return remedy_of


def add_duplicates(found: Collector, frame: pd.DataFrame, table: Table) -> None:
    """Find rows that share a key: of identical rows the first stays, of different ones none does."""
    key = list(table.key)
    # A row without its key is found as empty; it is nobody's twin.
    named = frame[[name for name in key if table[name].required]].notna().all(axis="columns")
    twins = frame.duplicated(key, keep=False) & named
    if not twins.any():
        return
    rows = frame[twins]
    group = rows.groupby(key, dropna=False, sort=False).ngroup()
    variants = group[rows.drop_duplicates().index].value_counts()
    differ = group.map(variants).gt(1)
    again = rows.duplicated(keep="first") & ~differ

    def key_of(at: int) -> str:
        return ", ".join(_show(frame.at[at, name]) for name in key)

    kinds = ((differ, "duplicate key", CHOOSE_TWIN), (again, "row stands twice", DELETE_TWIN))
    for which, problem, words in kinds:
        found.add(rows.index[which].to_numpy(), column=", ".join(key), problem=problem, allowed="one row per key",
                  remedy=words, values=key_of)


#: Letters of other alphabets that look like a Latin one.
_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧοτ", "ABEKMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXot")


def _skeleton(text: str) -> str:
    """Write a text as a reader sees it: look-alikes as Latin letters, invisible characters left out."""
    shown = unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKES)
    return "".join(letter for letter in shown if unicodedata.category(letter) != "Cf")


def _show(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
