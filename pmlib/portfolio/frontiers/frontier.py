"""What more money, or more risk, buys: the plans that no other plan beats in both."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import number, of_kind, one_of, whole
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.frontiers.framing import NEAR, framed
from pmlib.portfolio.frontiers.tracing import trace
from pmlib.portfolio.limits import MONEY
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.origins import asked
from pmlib.portfolio.valuation import given_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AIMS = ("least", "most")
COLUMNS = ("point", "value_k", "projects_on", "added", "supported", "on_frontier", "here")
#: Points when there are too many to find them all.
POINTS = 20
_STEP = 0.1


@dataclass(frozen=True, eq=False, kw_only=True)
class Frontier:
    """Plans of which no other brings more value for as much of the other total, or less.

    Attributes
    ----------
    points : DataFrame
        One row per plan by rising amount: point, value_k, the other total (``cost_k``, or as it was named),
        projects_on, added (actions that differ from the plan before), supported (best for some rate of exchange
        between the two totals), on_frontier, here (the plan decided upon; as point 0 when another plan beats it).
    against : str
        Column of the other total.
    unit, other_unit : str
        Unit of the value and of the other total.
    aim : str
        Whether ``least`` or ``most`` of the other total is wanted.
    exact : bool
        Whether every such plan is there; else those at some amounts, evenly spaced.
    proved : bool
        Whether the solver proved each of them.
    method : str
        How they were found, in words.
    budgets_free : bool
        Whether the budgets were set free, since money is what is traded.
    """

    points: pd.DataFrame
    against: str
    unit: str
    other_unit: str
    aim: str
    exact: bool
    proved: bool
    method: str
    budgets_free: bool
    _choices: Ints = field(repr=False)
    _decision: Decision = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row per plan, by rising amount of the other total."""
        return self.points.copy(deep=False)

    def decision_at(self, point: int) -> pd.DataFrame:
        """Say what is decided at a point.

        Parameters
        ----------
        point : int
            As numbered in ``points``.

        Returns
        -------
        DataFrame
            One row per project: project_id, name, action, planned (by the plan decided upon), differs.

        Raises
        ------
        ParameterError
            There is no such point.
        """
        known = self.points["point"].tolist()
        point = whole(point, "point", least=min(known), most=max(known))
        actions = self._decision.problem.actions
        verbs = actions.frame["action"].astype(str).to_numpy()[self._choices[known.index(point)]]
        planned = self._decision.actions["action"]
        frame = actions.projects[["project_id", "name"]].assign(action=verbs, planned=planned.to_numpy())
        return frame.assign(differs=(frame["action"] != frame["planned"]) & planned.notna().to_numpy())

    def value_at(self, amount: float) -> float:
        """Most value known for an amount of the other total; missing when no plan gets by with it.

        Parameters
        ----------
        amount : float
            At most so much of it is used (at least, where most is wanted).

        Raises
        ------
        ParameterError
            The amount is no number.
        """
        amount = number(amount, "amount")
        good = self.points[self.points["on_frontier"]]
        room = NEAR * max(1.0, abs(amount))
        fits = good[self.against] <= amount + room if self.aim == "least" else good[self.against] >= amount - room
        return float(good.loc[fits, "value_k"].max())

    @property
    def here(self) -> pd.Series | None:
        """Row of the plan decided upon; none when there is none."""
        rows = self.points[self.points["here"]]
        return None if rows.empty else rows.iloc[0]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw value against the other total, with the plan decided upon."""
        from pmlib.plots import trade_offs

        drawn: Axes = trade_offs.frontier(self.points, ax=ax, against=self.against, unit=self.unit,
                                          other_unit=self.other_unit)
        return drawn

    def steps(self) -> pd.DataFrame:
        """Say what a tenth less, as much, and a tenth more of the other total is worth against the plan.

        Returns
        -------
        DataFrame
            change (of the amount, as a share), amount, value_k (most there is), gain_k (against the plan); without a
            plan no rows.
        """
        here = self.here
        if here is None:
            return pd.DataFrame(columns=["change", "amount", "value_k", "gain_k"], dtype=float)
        amounts = float(here[self.against]) * (1.0 + np.array([-_STEP, 0.0, _STEP]))
        value = np.array([self.value_at(amount) for amount in amounts])
        gain = value - float(here["value_k"])
        rounded = np.where(np.abs(gain) <= NEAR * max(1.0, abs(float(here["value_k"]))), 0.0, gain)
        return pd.DataFrame({"change": [-_STEP, 0.0, _STEP], "amount": amounts, "value_k": value, "gain_k": rounded})

    def summary(self) -> str:
        """Say where the plan lies, what a tenth less or more brings, and how complete the frontier is."""
        good = self.points[self.points["on_frontier"]]
        ends = f"{good[self.against].min():,.0f} to {good[self.against].max():,.0f} {self.other_unit}".rstrip()
        every = "every plan that no other beats" if self.exact else "not every plan that no other beats, but those at"
        how = "" if self.exact else f" {self.method}"
        proof = "each proved" if self.proved else "not all proved: raise node_limit"
        free = " Budgets are set free, since money is what is traded." if self.budgets_free else ""
        return " ".join(filter(None, (self._where(), f"The frontier has {len(good):,} plans from {ends}: "
                                                     f"{every}{how}, {proof}.{free}")))

    def _where(self) -> str:
        here = self.here
        if here is None:
            return "There is no plan to compare with."
        name = _words(self.against)
        less, same, more = self.steps()["gain_k"]
        said = [f"We are at {here['value_k']:,.0f} {self.unit} for {here[self.against]:,.0f} {self.other_unit}".rstrip()
                + f" of {name}."]
        if same > 0:
            said.append(f"Another plan with no {'more' if self.aim == 'least' else 'less'} {name} is worth "
                        f"{same:,.0f} more.")
        first, last = (less, more) if self.aim == "least" else (more, less)
        said.append(f"With 10 % {'less' if self.aim == 'least' else 'more'} {name} {_gained(first)}; "
                    f"with 10 % {'more' if self.aim == 'least' else 'less'} {_gained(last)}.")
        return " ".join((*said, *self._next(here)))

    def _next(self, here: pd.Series) -> tuple[str, ...]:
        """Say what the next plan up brings, for a plan on the frontier with others beyond."""
        later = self.points.iloc[int(self.points["here"].to_numpy().argmax()) + 1:]
        if not here["on_frontier"] or later.empty or self.aim != "least":
            return ()
        after = later.iloc[0]
        more = f"{after[self.against] - here[self.against]:,.0f} {self.other_unit}".rstrip()
        return (f"The next {more} buy {after['value_k'] - here['value_k']:,.0f} ({after['added']}).",)

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page: big figure -> what it is."""
        good = self.points[self.points["on_frontier"]]
        lines = {}
        steps = self.steps()
        for change, gain in zip(steps["change"], steps["gain_k"], strict=True):
            if np.isfinite(gain) and round(gain):
                lines[f"{gain:+,.0f}"] = f"{self.unit} with {_change(change)} {_words(self.against)}"
        return lines | {f"{len(good):,} plans": "that no other beats" + ("" if self.exact else ", not all there are")}

    def __repr__(self) -> str:
        good = self.points[self.points["on_frontier"]]
        return (f"<Frontier: {len(good):,} plans, value {good['value_k'].min():,.0f} to {good['value_k'].max():,.0f} "
                f"{self.unit} against {_words(self.against)}; {'exact' if self.exact else self.method}>")


def value_frontier(
    decision: Decision, *, against: str = "cost", amounts: Mapping[str, float] | pd.Series | None = None,
    aim: str | None = None, points: int = POINTS, executor: Executor | None = None,
) -> Frontier:
    """Show what value costs in something else: money, risk, or any total over projects.

    All limits and links of the plan hold. Against cost the budgets alone are set free, since money is what is traded.
    Independent projects under up to four limits are searched for every such plan. Otherwise the most valuable
    plan is solved at amounts in the middle of the widest gaps (and at a tenth less and more than the plan's), then the
    one of those that takes least, so that each is truly beaten by none, until there are enough or no gap is left.

    Parameters
    ----------
    decision : Decision
        The plan decided upon, and its question.
    against : str
        ``cost`` (money still to spend), or the name of a number per project: of ``amounts``, or else a column of the
        projects such as ``bac_k``. It is summed over the projects that go on, are started or held: of standard
        deviations that is the risk if all goes wrong together, with no credit for spreading.
    amounts : Series or mapping of project_id to number, optional
        The number of every project, such as its risk or its score.
    aim : {'least', 'most'}, optional
        Which of it is wanted; by default most of a ``score``, least of anything else.
    points : int
        Plans to find when there are too many, at least 3. More points than plans find every plan.
    executor : concurrent.futures.Executor, optional
        Where to solve.

    Returns
    -------
    Frontier

    Raises
    ------
    ParameterError
        ``against`` is unknown, ``amounts`` lacks a project, or no plan holds the limits.
    SolverError
        HiGHS cannot be loaded or fails.

    References
    ----------
    Haimes, Lasdon & Wismer (1971), epsilon constraint. Mavrotas (2009), lexicographic payoff.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "proposed", "bac_k": 100.0, "spent_k": 0.0})
    >>> flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": 100.0, "benefit_k": [150.0, 400.0]})
    >>> plan = rebalance({"projects": projects, "cash_flows": flows}, period="2025-12")
    >>> value_frontier(plan).to_frame()["cost_k"].tolist()
    [0.0, 100.0, 200.0]
    """
    against = of_kind(against, str, "against", remedy="Name a number of the projects, or 'cost'.")
    aim = ("most" if against == "score" else "least") if aim is None else one_of(aim, AIMS, "aim")
    points = whole(points, "points", least=3)
    problem, cost = asked(decision).problem, against == "cost" and amounts is None
    used = _used(decision, against, amounts)
    second = np.zeros(len(problem.model.objective))
    second[:len(used)] = used if aim == "most" else -used
    lifted = tuple(problem.model.names[row] for row in problem.model.rows(*MONEY)) if cost else ()
    planned = [] if decision.outcome is None else [float(second[decision.outcome.choice].sum())]
    floors = [total * (1.0 + step) for total in planned for step in (-_STEP, 0.0, _STEP)]
    room = [floor - NEAR * max(1.0, abs(floor)) / 2 for floor in floors]
    traced = trace(problem, second, lifted=lifted, floors=room, points=points, executor=executor)
    if traced is None:
        raise ParameterError("plan: there is none"
                             f"{' even without budgets' if lifted else ''}. Look at decision.mends for what has to "
                             "give way.")
    column = "cost_k" if cost else against
    frame, choices = framed(decision, traced, used, column=column)
    return Frontier(
        points=frame, against=column, unit=decision.unit, other_unit=f"thousand {decision.currency}" if cost else "",
        aim=aim, exact=traced.exact, proved=traced.proved, method=traced.method, budgets_free=bool(lifted),
        _choices=choices, _decision=decision,
    )


def _used(decision: Decision, against: str, amounts: Mapping[str, float] | pd.Series | None) -> Floats:
    """Amount of the other total that each action uses, shape (n_actions,)."""
    actions = decision.problem.actions
    frame, projects = actions.frame, actions.projects
    if against == "cost" and amounts is None:
        return frame["cost_k"].to_numpy(dtype=float)
    if against in COLUMNS:
        raise ParameterError(f"against: got {against!r}, which the frontier calls something else. Take another name.")
    if amounts is None:
        known = [str(name) for name in projects.columns[projects.dtypes.map(pd.api.types.is_numeric_dtype)]]
        if against not in known:
            raise ParameterError(f"against: {against!r} is no number of the projects. {did_you_mean(against, known)} "
                                 "Or hand in amounts, a Series by project_id.")
        each = projects.set_index("project_id")[against].astype(float)
    else:
        each = given_values(amounts, "amounts")
    wanted = projects["project_id"]
    missing = wanted[~wanted.isin(each.dropna().index)]
    if len(missing):
        raise ParameterError(f"{'against' if amounts is None else 'amounts'}: {missing.iloc[0]} has no {against}, and "
                             f"{len(missing) - 1} more; allowed a number for each of {len(wanted)} projects. "
                             "Fill them.")
    ahead = (frame["on"].astype(bool) | (frame["action"] == "hold")).to_numpy()
    return np.where(ahead, each.reindex(wanted).to_numpy(dtype=float)[frame["project"].to_numpy()], 0.0)


def _words(column: str) -> str:
    return "money" if column == "cost_k" else column.removesuffix("_k").replace("_", " ")


def _change(share: float) -> str:
    return "no more" if not share else f"{abs(share):.0%}".replace("%", " %") + (" more" if share > 0 else " less")


def _gained(gain: float) -> str:
    if not np.isfinite(gain):
        return "there is no plan"
    return f"{abs(gain):,.0f} {'more' if gain > 0 else 'less'}" if round(gain) else "the value stays"
