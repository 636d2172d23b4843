"""What differs between two periods, table by table and cause by cause, in words with numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import month_text
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.changes.causes import Cause, Known, Pair, pair
from pmlib.portfolio.changes.items import Item, items, then_and_now
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.policy import Policy
from pmlib.schema import TABLES

COLUMNS = ["cause", "table", "what", "before", "now", "says"]
TABLE_COLUMNS = ["table", "cause", "rows_before", "rows_now", "added", "removed", "changed"]
_CAUSE = {
    "projects": Cause.PROGRESS, "evm": Cause.PROGRESS, "estimates": Cause.ESTIMATES, "cash_flows": Cause.ESTIMATES,
    "demand": Cause.ESTIMATES, "evidence": Cause.EVIDENCE, "budgets": Cause.BUDGET, "mix_targets": Cause.BUDGET,
    "group_limits": Cause.BUDGET, "capacity": Cause.CAPACITY, "weights": Cause.WEIGHTS, "links": Cause.PROJECTS,
    "options": Cause.PROJECTS, "programmes": Cause.PROJECTS,
}
_Kind = TypeVar("_Kind")
_DATES = ("as_of", "valid_from")


@dataclass(frozen=True, eq=False, kw_only=True)
class Differences:
    """What came in between two periods.

    Attributes
    ----------
    items : DataFrame
        One row per difference: cause, table, what, before, now (numbers in the unit that ``says`` names; missing
        where there was none), says (a sentence). Parameters and results have the causes ``parameters`` and
        ``results``.
    tables : DataFrame
        One row per table: table, cause, rows_before, rows_now, and rows added, removed and changed by their key.
    causes : tuple of Cause
        Whose data differ in what a plan reads.
    unchanged : tuple of Cause
        The others.
    before, now : str
        The last known months, YYYY-MM.
    """

    items: pd.DataFrame
    tables: pd.DataFrame
    causes: tuple[Cause, ...]
    unchanged: tuple[Cause, ...]
    before: str
    now: str

    def to_frame(self) -> pd.DataFrame:
        """One row per difference."""
        return self.items.copy(deep=False)

    def summary(self) -> str:
        """Say how much came in, and what did not change."""
        moved = self.tables[(self.tables[["added", "removed", "changed"]] > 0).any(axis=1)]
        parts = [f"{row['table']} ({_counted(row)})" for row in moved.to_dict("records")]
        came = f"From {self.before} to {self.now} rows changed in {', '.join(parts)}." if parts else \
            f"From {self.before} to {self.now} no row changed."
        return f"{came} {did_not_change(self.unchanged)}".strip()

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        rows = int(self.tables[["added", "removed", "changed"]].to_numpy().sum())
        return {f"{rows:,} rows": f"came, went or changed from {self.before} to {self.now}",
                f"{len(self.causes)} of {len(Cause)}": "causes differ in what the plan reads"}

    def __repr__(self) -> str:
        return f"<Differences {self.before} to {self.now}: {', '.join(self.causes) or 'nothing the plan reads'}>"


def did_not_change(unchanged: Sequence[str]) -> str:
    """Say which causes are out; empty when none is.

    Examples
    --------
    >>> did_not_change((Cause.BUDGET, Cause.WEIGHTS))
    'Budget and weights did not change.'
    """
    names = " and ".join(filter(None, [", ".join(unchanged[:-1]), *unchanged[-1:]]))
    return f"{names[0].upper()}{names[1:]} did not change." if names else ""


def differences(
    before: Known | Mapping[str, Any], now: Known | Mapping[str, Any], *,
    policies: tuple[Policy, Policy] | None = None, plans: tuple[Decision, Decision] | None = None,
) -> Differences:
    """Say what differs between two periods: data by table and cause, parameters and results.

    Sums run over what is still to come now, so that a year gone by is not read as a cut.

    Parameters
    ----------
    before, now : Known, or mapping of table name to frame
        What was known at the end of the last period and of this one.
    policies : (Policy, Policy), optional
        Options then and now, to be compared field by field.
    plans : (Decision, Decision), optional
        Plans then and now, to be compared by value and verb.

    Raises
    ------
    MissingTableError, SchemaError, ParameterError
        As for `pair`.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1"], "state": ["running"], "bac_k": [100.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [50.0], "benefit_k": [90.0]})
    >>> then = {"projects": projects, "cash_flows": flows}
    >>> found = differences(Known(tables=then, period="2025-12"),
    ...                     Known(tables=then | {"cash_flows": flows.assign(cost_k=60.0)}, period="2025-12"))
    >>> found.items["says"].tolist()
    ['Cost still to come: 50 to 60 thousand EUR (+20.0 %).']
    """
    return compared(pair(before, now), policies=policies, plans=plans)


def compared(
    both: Pair, *, policies: tuple[Policy, Policy] | None = None, plans: tuple[Decision, Decision] | None = None,
) -> Differences:
    """Say what differs within a pair; parameters as of `differences`."""
    rows = [*items(both), *_parameters(policies), *_results(plans)]
    causes = both.differing
    return Differences(
        items=pd.DataFrame(rows, columns=COLUMNS).astype(
            {name: float if name in ("before", "now") else str for name in COLUMNS}),
        tables=_tables(both), causes=causes, unchanged=tuple(cause for cause in Cause if cause not in causes),
        before=month_text(both.before.first - 1), now=month_text(both.now.first - 1))


def _counted(row: Mapping[Any, Any]) -> str:
    return ", ".join(f"{row[kind]:,} {kind}" for kind in ("added", "removed", "changed") if row[kind])


def _tables(both: Pair) -> pd.DataFrame:
    rows = []
    for name, cause in _CAUSE.items():
        then, now = both.before.tables.get(name), both.now.tables.get(name)
        if then is not None or now is not None:
            empty = (now if then is None else then).iloc[:0]  # type: ignore[union-attr]
            then, now = (empty if table is None else table for table in (then, now))
            rows.append((name, str(cause), len(then), len(now), *_moved(name, then, now)))
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)


def _moved(name: str, then: pd.DataFrame, now: pd.DataFrame) -> tuple[int, int, int]:
    """Count rows added, removed and changed."""
    key = [column for column in TABLES[name].key if column != TABLES[name].versioned_by]
    cells = [column for column in TABLES[name].names if column not in (*key, *_DATES)]
    found = then.merge(now, on=key, how="outer", suffixes=("", "\tnow"), indicator="\tside")
    side = found["\tside"]
    both = found[side == "both"]
    other = np.zeros(len(both), dtype=bool)
    for column in cells:
        a, b = both[column], both[f"{column}\tnow"]
        other |= ~((a == b).fillna(False) | (a.isna() & b.isna())).to_numpy(dtype=bool)
    return int((side == "right_only").sum()), int((side == "left_only").sum()), int(other.sum())


def _parameters(policies: tuple[Policy, Policy] | None) -> Iterator[Item]:
    then, now = _two(policies, Policy, "policies")
    for field in fields(Policy) if then is not None and now is not None else ():
        old, new = (getattr(policy, field.name) for policy in (then, now))
        if old != new:
            yield "parameters", "policy", field.name, _number(old), _number(new), f"{field.name}: {old} to {new}."


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _results(plans: tuple[Decision, Decision] | None) -> Iterator[Item]:
    then, now = _two(plans, Decision, "plans")
    if then is None or now is None:
        return
    if then.value_k != now.value_k:
        yield ("results", "plan", "value", then.value_k, now.value_k,
               f"Value of the plan, each by its own period's yardstick: "
               f"{then_and_now(then.value_k, now.value_k, now.unit)}.")
    counts = [one.counts() for one in (then, now)]
    for verb in sorted(counts[0].keys() | counts[1].keys()):
        old, new = (count.get(verb, 0) for count in counts)
        if old != new:
            yield "results", "plan", verb, old, new, f"Projects to {verb}: {old} to {new}."


def _two(given: tuple[_Kind, _Kind] | None, kind: type[_Kind], name: str) -> tuple[_Kind | None, _Kind | None]:
    if given is None:
        return None, None
    if not isinstance(given, tuple) or len(given) != 2:  # noqa: PLR2004
        raise ParameterError(f"{name}: allowed (before, now). Pass both.")
    then, now = (of_kind(one, kind, name, remedy="Pass (before, now).") for one in given)
    return then, now
