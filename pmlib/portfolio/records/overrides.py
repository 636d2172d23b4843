"""How often the board decides otherwise than recommended, whether it was right, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.months import LAST_MONTH, as_month, month_text
from pmlib.portfolio.actions import ON, first_month
from pmlib.portfolio.arguments import currency_of, of_kind
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.forecasts.intervals import wilson
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.origins import asked
from pmlib.portfolio.records.decided import VERBS, decisions_table
from pmlib.portfolio.records.record import DecisionRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT, WRONG, OPEN, AGREED = "right", "wrong", "open", "as recommended"
NOT_NAMED = "not named"
ALL = "all"
COLUMNS = ["kind", "name", "n", "overridden", "rate", "low", "high", "right", "wrong", "open", "hit_rate", "hit_low",
           "hit_high", "cost_k", "costs_known"]
_DECISIONS = ["decision_id", "period", "project_id", "recommended", "decided", "role", "reason", "overridden", "cost_k",
              "verdict", "evidence"]
_ENDS = ("stop", "decline")


@dataclass(frozen=True, eq=False, kw_only=True)
class OverrideRates:
    """How often the board decided otherwise, by verb and by role, and what came of it.

    Attributes
    ----------
    decisions : DataFrame
        One row per decision, by period: decision_id, period (YYYY-MM), project_id, recommended, decided, role,
        reason, overridden, cost_k (cost of forcing, where a record knows it), verdict (as recommended, right, wrong,
        open), evidence (what the verdict rests on).
    rates : DataFrame
        kind (all, verb, role), name, n, overridden, rate (0-1) with low and high (95 %, Wilson), right, wrong, open,
        hit_rate (right among right and wrong) with interval, cost_k, costs_known (overrides whose cost is known).
    currency : str
    """

    decisions: pd.DataFrame
    rates: pd.DataFrame
    currency: str

    @property
    def overrides(self) -> pd.DataFrame:
        """The decisions that went otherwise."""
        return self.decisions[self.decisions["overridden"]].reset_index(drop=True)

    @property
    def total(self) -> dict[str, Any]:
        """The figures of all decisions together."""
        return dict(zip(COLUMNS, self.rates.iloc[0], strict=True))

    def to_frame(self) -> pd.DataFrame:
        """One row for all, by recommended verb and by role."""
        return self.rates.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the share of decisions that went otherwise, by recommended verb, with intervals."""
        from pmlib.plots import records

        return records.override_rates(self.rates[self.rates["kind"] != "role"], ax)

    def summary(self) -> str:
        """Say how often the board decided otherwise, where most, whether it was right, and what it cost."""
        row = self.total
        if not row["n"]:
            return "No decision is recorded yet: add the board's decisions to the table decisions."
        words = [f"The board decided {row['overridden']} of {row['n']} times otherwise than recommended "
                 f"({_percent(row, 'rate', 'low', 'high')})."]
        verbs = self.rates[(self.rates["kind"] == "verb") & (self.rates["overridden"] > 0)]
        if len(verbs) > 1:
            top = verbs.sort_values(["rate", "n"], kind="stable").iloc[-1]
            words.append(f"Most often against {top['name']}: {top['overridden']} of {top['n']}.")
        if row["overridden"]:
            words += [self._hits(row), self._costs(row)]
        return " ".join(words)

    def _hits(self, row: Mapping[str, Any]) -> str:
        known = row["right"] + row["wrong"]
        if not known:
            return f"Whether it was right is not known of any yet: {row['open']} open."
        return (f"Of {known} overrides that later evidence tells of, {row['right']} "
                f"{'was' if row['right'] == 1 else 'were'} right "
                f"({_percent(row, 'hit_rate', 'hit_low', 'hit_high')}); {row['open']} "
                f"{'is' if row['open'] == 1 else 'are'} open.")

    def _costs(self, row: Mapping[str, Any]) -> str:
        if not row["costs_known"]:
            return "What they cost is not known: no record of those periods was handed in."
        return (f"The cost of forcing is known of {row['costs_known']} of {row['overridden']}: {row['cost_k']:,.0f} "
                f"thousand {self.currency}, each taken alone.")

    def headline(self) -> dict[str, str]:
        """Give the override rate and the hit rate with their counts."""
        row = self.total
        if not row["n"]:
            return {"0": "decisions recorded"}
        known = row["right"] + row["wrong"]
        lines = {f"{100 * row['rate']:.0f} %": f"of {row['n']} decisions went otherwise than recommended"}
        if known:
            lines[f"{row['right']} of {known}"] = f"overrides proved right; {row['open']} not known yet"
        return lines

    def __repr__(self) -> str:
        row = self.total
        rate = f" ({_percent(row, 'rate', 'low', 'high')})" if row["n"] else ""
        return (f"<OverrideRates: {row['overridden']} of {row['n']} decided otherwise{rate}; {row['right']} right, "
                f"{row['wrong']} wrong, {row['open']} open>")


def override_rates(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, decision: Decision | None = None,
    records: Sequence[DecisionRecord] = (),
) -> OverrideRates:
    """Ask how often the board overrides the recommendation, whether it is right to, and what that costs.

    An override is judged by the first of these that speaks: (1) money realised by a project that went on and is
    done, against what was spent since; (2) its state now: stopped though it was let go on, or begun though it was kept
    back; (3) the latest later recommendation: nearer to what the board chose, or to what was recommended then (going
    on, waiting and ending are one step apart). What none of them tells is open, never right.

    Parameters
    ----------
    tables : mapping of table name to frame
        decisions; projects and benefits for the states and what was realised.
    period : int or str, optional
        Last known month; by default the workbook's as_of. What came later does not count, but states are those of
        the tables.
    decision : Decision, optional
        The plan of the period: its recommendations are later evidence too.
    records : sequence of DecisionRecord, optional
        Records of the periods, for the cost of forcing.

    Returns
    -------
    OverrideRates

    Raises
    ------
    MissingTableError
        decisions is missing.
    SchemaError, ParameterError
        A table breaks its definition, a project is decided twice in a period, or an argument is of another kind.

    References
    ----------
    Wilson (1927), JASA 22: the intervals. Fildes, Goodwin, Lawrence & Nikolopoulos (2009), International Journal of
    Forecasting 25(1): judging adjustments by what came after them.

    Examples
    --------
    >>> board = pd.DataFrame({
    ...     "decision_id": ["D1", "D2", "D3"], "period": ["2025-01", "2025-01", "2025-06"],
    ...     "project_id": ["P1", "P2", "P1"], "recommended": ["stop", "keep", "keep"], "decided": "keep"})
    >>> override_rates({"decisions": board}, period="2025-12")
    <OverrideRates: 1 of 3 decided otherwise (33 %, 95 % interval 6 to 79 %); 1 right, 0 wrong, 0 open>
    """
    upto = None if period is None else as_month(period)
    if upto is None and tables.get("workbook") is not None:
        upto = first_month(tables, None) - 1
    table = decisions_table(tables, upto=upto)
    frame = table.assign(role=table["decided_by_role"].replace("", NOT_NAMED),
                         overridden=table["recommended"] != table["decided"])
    judge = _Judge.of(frame, tables, decision, upto=LAST_MONTH if upto is None else upto)
    verdicts = [judge.verdict(row) for row in frame.to_dict("records")]
    costs = _known_costs(records)
    frame = frame.assign(
        period=frame["period"].map(month_text).astype(str), verdict=[verdict for verdict, _ in verdicts],
        evidence=[evidence for _, evidence in verdicts])
    keys = zip(frame["period"], frame["project_id"], frame["overridden"], strict=True)
    cost = [costs.get((when, name), math.nan) if over else math.nan for when, name, over in keys]
    frame["cost_k"] = np.array(cost, dtype=float)
    return OverrideRates(decisions=frame[_DECISIONS], rates=_rates(frame), currency=currency_of(tables))



def _known_costs(records: Sequence[DecisionRecord]) -> dict[tuple[str, str], float]:
    for record in records:
        of_kind(record, DecisionRecord, "records", remedy="Read them with DecisionRecord.read.")
    return {(record.period, project): cost for record in records
            for project, cost in record.overridden[["project_id", "cost_of_forcing_k"]].itertuples(index=False)}


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """What is known after a decision: recommendations, states, money spent and realised."""

    said: Mapping[str, Sequence[tuple[int, str]]]
    states: Mapping[str, str]
    realised: Mapping[str, float]
    spent: Mapping[str, Sequence[tuple[int, float]]]

    @classmethod
    def of(cls, frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame], decision: Decision | None, *,
           upto: int) -> _Judge:
        rows = list(frame[["project_id", "period", "recommended"]].itertuples(index=False, name=None))
        if decision is not None:
            now = asked(decision).problem.actions.first - 1
            actions = decision.actions.dropna(subset="action")
            rows += [(project, now, verb) for project, verb in
                     zip(actions["project_id"], actions["action"], strict=True)]
        said: dict[str, list[tuple[int, str]]] = {}
        for project, month, verb in sorted(rows, key=lambda row: row[:2]):
            if month <= upto:
                said.setdefault(project, []).append((month, verb))
        spent: dict[str, list[tuple[int, float]]] = {}
        for project, month, cost in sorted(_rows(tables, "evm", ["project_id", "month", "ac_cum_k"])):
            if month <= upto:
                spent.setdefault(project, []).append((month, cost))
        realised: dict[str, float] = {}
        for project, month, came in _rows(tables, "benefits", ["project_id", "month", "realised_k"]):
            if month <= upto:
                realised[project] = realised.get(project, 0.0) + came
        return cls(said=said, spent=spent, realised=realised,
                   states=dict(_rows(tables, "projects", ["project_id", "state"])))

    def verdict(self, row: Mapping[Any, Any]) -> tuple[str, str]:
        """Judge one decision, and say by what."""
        if not row["overridden"]:
            return AGREED, ""
        return self._money(row) or self._state(row) or self._advice(row) or (OPEN, "Nothing is known since.")

    def _money(self, row: Mapping[Any, Any]) -> tuple[str, str] | None:
        """Compare what a finished project realised with what it spent after the decision to go on."""
        project, costs = row["project_id"], self.spent.get(row["project_id"], ())
        went_on = row["decided"] in ON and row["recommended"] not in ON
        if not went_on or self.states.get(project) != "done" or project not in self.realised or not costs:
            return None
        before = max((cost for month, cost in costs if month <= row["period"]), default=0.0)
        since, came = costs[-1][1] - before, self.realised[project]
        verdict = RIGHT if came >= since else WRONG
        return verdict, f"Done: {came:,.0f} thousand realised for {since:,.0f} spent since."

    def _state(self, row: Mapping[Any, Any]) -> tuple[str, str] | None:
        state = self.states.get(row["project_id"], "")
        if row["decided"] in ON and row["recommended"] not in ON and state == "stopped":
            return WRONG, "It was stopped later."
        if row["decided"] in _ENDS and row["recommended"] in ON and state in ("running", "done"):
            return WRONG, f"It went on after all: it is {state}."
        return None

    def _advice(self, row: Mapping[Any, Any]) -> tuple[str, str] | None:
        later = [one for one in self.said[row["project_id"]] if one[0] > row["period"]]
        if not later:
            return None
        month, verb = later[-1]
        mine, theirs = (_steps(verb, row[who]) for who in ("decided", "recommended"))
        verdict = RIGHT if mine < theirs else WRONG if theirs < mine else OPEN
        return verdict, f"In {month_text(month)} {verb} was recommended."


def _rows(tables: Mapping[str, pd.DataFrame], name: str, columns: list[str]) -> list[tuple[Any, ...]]:
    """Rows of a table, checked; none where there is no such table."""
    given = tables.get(name)
    if given is None:
        return []
    return list(checked({name: given}, also=(name,))[name][columns].itertuples(index=False, name=None))


def _steps(verb: str, other: str) -> float:
    """How far two verbs are apart: going on, waiting and ending are one step from each other, ways of one a half."""
    apart = abs(_place(verb) - _place(other))
    return apart if apart else 0.5 * (verb != other)


def _place(verb: str) -> int:
    return 2 if verb in ON else 0 if verb in _ENDS else 1


def _rates(frame: pd.DataFrame) -> pd.DataFrame:
    rows = [_rate("all", ALL, frame)]
    rows += [_rate("verb", verb, frame[frame["recommended"] == verb]) for verb in VERBS
             if frame["recommended"].eq(verb).any()]
    rows += [_rate("role", str(role), group) for role, group in frame.groupby("role", sort=True)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rate(kind: str, name: str, group: pd.DataFrame) -> tuple[Any, ...]:
    n, over = len(group), int(group["overridden"].sum())
    right, wrong, still = (int(group["verdict"].eq(verdict).sum()) for verdict in (RIGHT, WRONG, OPEN))
    rate, hits = over / n if n else math.nan, right / (right + wrong) if right + wrong else math.nan
    cost = group.loc[np.isfinite(group["cost_k"]), "cost_k"]
    return (kind, name, n, over, rate, *wilson(rate, n), right, wrong, still, hits, *wilson(hits, right + wrong),
            float(cost.sum()) if len(cost) else math.nan, len(cost))


def _percent(row: Mapping[str, Any], share: str, low: str, high: str) -> str:
    return f"{100 * row[share]:.0f} %, 95 % interval {100 * row[low]:.0f} to {100 * row[high]:.0f} %"
