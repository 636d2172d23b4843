"""Seven causes of a change between two periods, and the tables of any mixture of then and now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import pandas as pd

from pmlib.errors import InputError, ParameterError, SchemaError, did_you_mean
from pmlib.months import month_text, month_year
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.valuation import COUNTS_MONEY, Scored, given_values

#: What a project brings itself; the other columns say what it is and belong to the list of projects.
_PROGRESS = ["state", "gate", "start_month", "spent_k"]
_ESTIMATES = ["bac_k", "planned_months", "exit_cost_k", "salvage_k"]
_POINTS = ["p10", "p50", "p90"]


class Cause(StrEnum):
    """Why a plan differs from the last one: which part of the data is as of now."""

    PROGRESS = "progress and spend"
    ESTIMATES = "estimates"
    EVIDENCE = "evidence"
    BUDGET = "budget"
    CAPACITY = "capacity"
    WEIGHTS = "weights"
    PROJECTS = "project list"


#: Tables that belong to one cause as a whole, and the column that says which of their rows have gone by.
_WHOLE = {"budgets": (Cause.BUDGET, "year"), "mix_targets": (Cause.BUDGET, ""), "group_limits": (Cause.BUDGET, ""),
          "capacity": (Cause.CAPACITY, "month"), "options": (Cause.PROJECTS, ""), "links": (Cause.PROJECTS, ""),
          "workbook": (Cause.PROGRESS, "")}
#: Tables with rows of projects.
_BY_PROJECT = {"estimates": "", "cash_flows": "year", "demand": "month"}
#: Read beside what a plan reads, to say what came in.
ALSO = ("evm", "evidence", "weights")
#: Columns that no plan reads: dates of versions, names, who estimated.
_UNREAD = ("as_of", "valid_from", "estimator_id", "name", "gate", "date_format", "decimal_mark")


@dataclass(frozen=True, eq=False, kw_only=True)
class Known:
    """What was known at the end of one period: the tables, the score, what was measured.

    Attributes
    ----------
    tables : mapping of table name to frame
        A workbook, or frames such as `rebalance` takes. Where evidence is given they must not hold it yet: correct
        estimates with evidence of factor 1, so that what was measured is not shrunk either.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the month of the workbook's as_of.
    points : Scorecard, Series or mapping of project_id to number, optional
        The score by the weights of that period.
    evidence : DataFrame, optional
        project_id, factor (0 or more): what is left of the expected benefit; projects not in it keep theirs.
    """

    tables: Mapping[str, pd.DataFrame]
    period: int | str | None = None
    points: Scored | Mapping[str, float] | pd.Series | None = None
    evidence: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """One period, checked: tables, first month to plan, points and factors by project_id, the projects to decide."""

    tables: dict[str, pd.DataFrame]
    first: int
    points: pd.Series | None
    factors: pd.Series
    decides: frozenset[str] = field(repr=False)

    def rows(self, name: str, ids: Collection[str]) -> pd.DataFrame | None:
        """Rows of some projects in a table; None where the table is not there."""
        table = self.tables.get(name)
        return None if table is None else table[table["project_id"].isin(ids)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """Two periods of one portfolio."""

    before: Side
    now: Side

    def mixed(self, causes: Collection[Cause]) -> Side:
        """Take what belongs to these causes as it is now, all else as it was before.

        Without a cause this is the last period's problem, with all seven this period's. Of a project that is to be
        decided on one side only, everything is taken from there.
        """
        side = {cause: self.now if cause in causes else self.before for cause in Cause}
        home = side[Cause.PROJECTS]
        tables: dict[str, pd.DataFrame | None] = {"projects": _projects(side, home)}
        for name, (cause, time) in _WHOLE.items():
            ahead, gone = (side[one].tables.get(name) for one in (cause, Cause.PROGRESS))
            tables[name] = self._joined(ahead, gone, time)
        for name, time in _BY_PROJECT.items():
            ahead, gone = (_own(name, side[one], home) for one in (Cause.ESTIMATES, Cause.PROGRESS))
            tables[name] = self._joined(ahead, gone, time if side[Cause.ESTIMATES] is not side[Cause.PROGRESS] else "")
        tables["programmes"] = _programmes(home, self)
        tables["estimates"] = self._less_spent(tables["estimates"], side)
        factors = side[Cause.EVIDENCE].factors
        tables["estimates"], tables["cash_flows"] = _measured(tables["estimates"], tables["cash_flows"], factors)
        return Side(tables={name: table for name, table in tables.items() if table is not None},
                    first=side[Cause.PROGRESS].first, points=_points(side[Cause.WEIGHTS], home),
                    factors=factors, decides=home.decides)

    def _joined(self, ahead: pd.DataFrame | None, gone: pd.DataFrame | None, time: str) -> pd.DataFrame | None:
        """Put together rows still to come of one side and rows that have gone by now of the other."""
        if not time or ahead is gone or ahead is None or gone is None:
            return ahead
        cut = self.now.first if time == "month" else month_year(self.now.first)
        return pd.concat([gone[gone[time] < cut], ahead[ahead[time] >= cut]], ignore_index=True)

    def _less_spent(self, estimates: pd.DataFrame | None, side: Mapping[Cause, Side]) -> pd.DataFrame | None:
        """Money spent since the last period lowers the cost to complete by progress, not by a new estimate."""
        asked, reached = side[Cause.ESTIMATES], side[Cause.PROGRESS]
        if estimates is None or asked is reached:
            return estimates
        more = (_spent(reached) - _spent(asked)).dropna()
        more = more[(more != 0) & more.index.isin(self._re_estimated)]
        if more.empty:
            return estimates
        less = estimates["project_id"].map(more).where(estimates["quantity"] == "cost_k").fillna(0.0).astype(float)
        return estimates.assign(**{name: (estimates[name] - less).clip(lower=0.0) for name in _POINTS})

    @cached_property
    def _re_estimated(self) -> frozenset[str]:
        """Projects whose cost to complete was estimated anew."""
        both = [side.tables.get("estimates") for side in (self.before, self.now)]
        then, now = (pd.DataFrame(columns=["project_id", *_POINTS]) if table is None
                     else table.loc[table["quantity"] == "cost_k", ["project_id", *_POINTS]] for table in both)
        found = then.merge(now, on="project_id", suffixes=("", "_now"))
        other = (found[_POINTS].to_numpy() != found[[f"{name}_now" for name in _POINTS]].to_numpy()).any(axis=1)
        return frozenset(found.loc[other, "project_id"])

    @cached_property
    def differing(self) -> tuple[Cause, ...]:
        """Causes whose data differ in what a plan reads; the others contribute exactly nothing."""
        return tuple(cause for cause in Cause if any(
            not _same(self.mixed(set(others) - {cause}), self.mixed({*others, cause}))
            for others in ((), (Cause.PROJECTS,), tuple(Cause))))


def pair(before: Known | Mapping[str, Any], now: Known | Mapping[str, Any]) -> Pair:
    """Set two periods of one portfolio side by side.

    Parameters
    ----------
    before, now : Known, or mapping of table name to frame
        What was known at the end of the last period and of this one.

    Raises
    ------
    MissingTableError, SchemaError
        The tables of one side hold no project to decide, break the schema, or are not of the same portfolio.
    ParameterError
        The periods are the wrong way round, or points, evidence or a period cannot be read.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1"], "state": ["running"], "bac_k": [100.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [50.0], "benefit_k": [90.0]})
    >>> then = {"projects": projects, "cash_flows": flows}
    >>> both = pair(Known(tables=then, period="2025-11"), Known(tables=then, period="2025-12"))
    >>> [str(cause) for cause in both.differing]
    ['progress and spend']
    """
    sides = [_side(given, name) for given, name in ((before, "before"), (now, "now"))]
    then, today = sides
    if then.first > today.first:
        raise ParameterError(f"before: got {month_text(then.first - 1)}, allowed {month_text(today.first - 1)} or "
                             "earlier, the period now. Swap the two.")
    for name in ("name", "currency"):
        words = [_word(side, name) for side in sides]
        if None not in words and words[0] != words[1]:
            raise SchemaError(f"workbook: {name} is {words[0]!r} before and {words[1]!r} now, allowed one portfolio. "
                              "Pass two periods of the same one.")
    ids = [set(side.tables["projects"]["project_id"]) for side in sides]
    if not ids[0] & ids[1]:
        raise SchemaError(f"projects: none of the {len(ids[0])} projects before is among the {len(ids[1])} now, "
                          "allowed two periods of one portfolio. Pass tables with the same project_id.")
    if (then.points is None) != (today.points is None):
        raise ParameterError(f"points: given for {'now' if then.points is None else 'before'} alone, allowed both or "
                             "neither. Score both periods, each by its own weights.")
    return Pair(before=then, now=today)


def _side(given: Known | Mapping[str, Any], name: str) -> Side:
    known = Known(tables=given) if isinstance(given, Mapping) else of_kind(
        given, Known, name, remedy="Pass Known(tables=...), or the tables themselves.")
    try:
        tables = checked(known.tables, also=ALSO)
        decides = frozenset(to_decide(tables)["project_id"])
    except InputError as problem:
        raise type(problem)(f"{name}: {problem}") from None
    score = getattr(known.points, "increments", known.points)
    points = None if score is None else given_values(score, f"points {name}")
    if points is not None:
        points.attrs = {COUNTS_MONEY: getattr(score, "attrs", {}).get(COUNTS_MONEY, ())}
    return Side(tables=tables, first=first_month(tables, known.period), points=points, decides=decides,
                factors=_factors(known.evidence, tables["projects"]["project_id"], name))


def _factors(evidence: pd.DataFrame | None, ids: pd.Series, name: str) -> pd.Series:
    """Factors on the expected benefit, by project_id."""
    if evidence is None:
        return pd.Series(dtype=float)
    frame = of_kind(evidence, pd.DataFrame, f"evidence {name}", remedy="Pass a frame of project_id and factor.")
    lacking = [column for column in ("project_id", "factor") if column not in frame]
    if lacking:
        raise ParameterError(f"evidence {name}: column '{lacking[0]}' is missing, allowed project_id and factor. "
                             "Add it.")
    factors = given_values(frame.set_index("project_id")["factor"], f"evidence {name}")
    wrong = factors[~(factors >= 0)]
    if len(wrong):
        raise ParameterError(f"evidence {name}: factor {wrong.iloc[0]:g} of {wrong.index[0]}, allowed 0 or more. "
                             "Correct it, or leave the project out.")
    strange = [str(one) for one in factors.index if one not in set(ids)]
    if strange:
        raise ParameterError(f"evidence {name}: {strange[0]} is no project. {did_you_mean(strange[0], list(ids))}")
    return factors[factors != 1.0].sort_index()


def _word(side: Side, column: str) -> str | None:
    book = side.tables.get("workbook")
    return None if book is None or book.empty or pd.isna(book[column].iloc[0]) else str(book[column].iloc[0])


def _spent(side: Side) -> pd.Series:
    projects = side.tables["projects"].set_index("project_id")
    return projects.loc[projects.index.isin(side.decides), "spent_k"].astype(float)


def _projects(side: Mapping[Cause, Side], home: Side) -> pd.DataFrame:
    frame = home.tables["projects"].set_index("project_id")
    for cause, columns in ((Cause.PROGRESS, _PROGRESS), (Cause.ESTIMATES, _ESTIMATES)):
        both = frame.index.isin(home.decides & side[cause].decides)
        other = side[cause].tables["projects"].set_index("project_id").reindex(frame.index)
        frame = frame.assign(**{name: frame[name].where(~both, other[name]) for name in columns})
    return frame.reset_index()


def _own(name: str, source: Side, home: Side) -> pd.DataFrame | None:
    """Rows of the projects to decide; those the source does not decide bring theirs from home."""
    parts = [source.rows(name, home.decides & source.decides)]
    if home.decides - source.decides:
        parts.append(home.rows(name, home.decides - source.decides))
    there = [part for part in parts if part is not None]
    return None if not there else there[0] if len(there) == 1 else pd.concat(there, ignore_index=True)


def _programmes(home: Side, both: Pair) -> pd.DataFrame | None:
    """List the programmes at home, and those that only budgets of the other side know."""
    mine, other = (one.tables.get("programmes") for one in (home, both.before if home is both.now else both.now))
    if mine is None or other is None:
        return mine
    more = other[~other["programme_id"].isin(mine["programme_id"])]
    return mine if more.empty else pd.concat([mine, more], ignore_index=True)


def _points(weighed: Side, home: Side) -> pd.Series | None:
    """Points by the weights of one side; projects it does not decide bring theirs."""
    if weighed.points is None or home.points is None:
        return None
    own = weighed.points[weighed.points.index.isin(home.decides & weighed.decides)]
    new = home.points[home.points.index.isin(home.decides - weighed.decides)]
    points = pd.concat([own, new]) if len(new) else own.copy()
    points.attrs = dict(weighed.points.attrs)
    return points


def _measured(
    estimates: pd.DataFrame | None, flows: pd.DataFrame | None, factors: pd.Series,
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Scale the expected benefit by what was measured of it."""
    if estimates is not None:
        factor = estimates["project_id"].map(factors).where(estimates["quantity"] == "benefit_pv_k").fillna(1.0)
        estimates = estimates.assign(**{name: estimates[name] * factor.astype(float) for name in _POINTS})
    if flows is not None:
        factor = flows["project_id"].map(factors).fillna(1.0).astype(float)
        flows = flows.assign(benefit_k=flows["benefit_k"] * factor)
    return estimates, flows


def _same(one: Side, other: Side) -> bool:
    """Whether two mixtures are the same question."""
    if one.first != other.first or one.tables.keys() != other.tables.keys() or one.decides != other.decides:
        return False
    if one.points is not None and other.points is not None and not one.points.sort_index().equals(
            other.points.sort_index()):
        return False
    return _closed(one) == _closed(other) and all(_read(name, one).equals(_read(name, other)) for name in one.tables)


def _closed(side: Side) -> set[tuple[str, str]]:
    """Projects that are not to be decided, with their state: others may need them."""
    rest = side.tables["projects"][~side.tables["projects"]["project_id"].isin(side.decides)]
    return set(zip(rest["project_id"], rest["state"], strict=True))


def _read(name: str, side: Side) -> pd.DataFrame:
    """Take what a plan reads of a table, in one order."""
    frame = side.tables[name].drop(columns=list(_UNREAD), errors="ignore")
    if name == "projects":
        frame = frame[frame["project_id"].isin(side.decides)]
    return frame.sort_values(list(frame.columns), ignore_index=True)
