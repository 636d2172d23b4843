"""What a plan may come to: value, cost and time over many draws, the chance of the goal, the worst cases, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats
from pmlib.portfolio.risk.draws import add_blocks, block_size, checked_draws
from pmlib.portfolio.risk.model import RiskModel, RiskPolicy, finite, risk_model
from pmlib.portfolio.risk.tally import (
    SOURCES,
    Grid,
    Tally,
    lower_tail,
    pilot_grid,
    quantiles,
    tally_block,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pmlib.portfolio.decision import Decision

#: The worst share of draws that the conditional value at risk is the mean of.
WORST = 0.1
_SHARES = (0.1, 0.5, 0.9)
_VALUE, _COST, _FINISH, _FIRST_YEAR = 0, 1, 2, 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Simulation:
    """What a fixed plan may come to, given its estimates, its risks and what they have in common.

    Attributes
    ----------
    totals : DataFrame
        value_k, cost_k and finish (month, fractions counted): mean, mean_error, spread (standard deviation), p10,
        p50, p90 and the Monte Carlo errors p10_error, p50_error, p90_error, all standard errors.
    years : DataFrame
        year, planned_k, cost_mean_k, cost_p10_k, cost_p50_k, cost_p90_k, budget_k, p_over (chance that the cost is
        above the budget, missing without one), cash_p10_k, cash_p50_k, cash_p90_k, cash_mean_k (benefit less cost
        until the end of the year, of projects alone, not discounted).
    projects : DataFrame
        project_id, name, action, planned_k, mean_k, spread_k, tail_k (how much less it is worth in the worst 10 % of
        the plan than on average; adds up to mean less CVaR), tail_share, finish_p10, finish_p50, finish_p90 (last month
        of work).
    sources, factors : DataFrame
        source or factor, share (of the variance of the value; sources add up to 1). A factor's share is its squared
        correlation with the value, with its standard error as if both were normal.
    curve : DataFrame
        value_k, p_reach: chance that the plan is worth at least so much.
    reconciliation : DataFrame
        part, value_k: from the plan's value to the simulated mean.
    goal_k, p_goal, p_goal_error : float
        The goal, the share of draws that reach it, and its standard error.
    cvar_k, cvar_error_k : float
        Mean value of the worst 10 % of draws, and its standard error.
    independent_spread_k : float
        Spread if every project were independent of the others.
    estimated : int
        Projects with an estimate of benefit or cost.
    draws, seed : int
    grid_error_k : float
        A quantile of the value is read off within this, in thousands.
    """

    totals: pd.DataFrame
    years: pd.DataFrame
    projects: pd.DataFrame
    sources: pd.DataFrame
    factors: pd.DataFrame
    curve: pd.DataFrame
    reconciliation: pd.DataFrame
    goal_k: float
    p_goal: float
    p_goal_error: float
    cvar_k: float
    cvar_error_k: float
    independent_spread_k: float
    plan_k: float
    currency: str
    policy: RiskPolicy
    estimated: int
    draws: int
    seed: int
    grid_error_k: float
    notes: tuple[str, ...]
    tally: Tally = field(repr=False)
    grid: Grid = field(repr=False)

    @property
    def mean_k(self) -> float:
        """Mean value in thousands."""
        return float(self.totals["mean"].iloc[_VALUE])

    @property
    def spread_k(self) -> float:
        """Standard deviation of the value in thousands."""
        return float(self.totals["spread"].iloc[_VALUE])

    def value_at(self, share: float) -> float:
        """Give the value that is not reached with this chance, in thousands.

        Raises
        ------
        ParameterError
            The chance lies outside 0-1.
        """
        if not 0.0 <= finite("share", share) <= 1.0:
            raise ParameterError(f"share: got {share!r}, allowed 0 to 1. Pass 0.1 for p10.")
        return float(quantiles(self.tally, self.grid, _VALUE, shares=[share])[0])

    def p_reach(self, goal_k: float) -> float:
        """Give the chance that the plan is worth at least ``goal_k``, read off the grid.

        Raises
        ------
        ParameterError
            The goal is no finite number.
        """
        edges = self.grid.edges(_VALUE)
        below = np.concatenate([[0.0], np.cumsum(self.tally.counts[_VALUE])]) / self.draws
        return float(1.0 - np.interp(finite("goal_k", goal_k), edges, below))

    def if_independent(self) -> tuple[float, float]:
        """P10 and P90 that independent projects would claim: the same mean, the spread of independent ones."""
        shrink = self.independent_spread_k / self.spread_k if self.spread_k > 0 else 1.0
        ends = self.totals.loc["value_k", ["p10", "p90"]].to_numpy(dtype=float)
        low, high = self.mean_k + shrink * (ends - self.mean_k)
        return float(low), float(high)

    def to_frame(self) -> pd.DataFrame:
        """Return value, cost and finish with mean, spread, quantiles and their errors."""
        return self.totals.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the chance that the plan is worth at least so much, with the goal."""
        from pmlib.plots import risk as figures

        drawn: Axes = figures.reach(self.curve, ax=ax, goal=(self.goal_k, self.p_goal), currency=self.currency)
        return drawn

    def plot_fan(self, *, ax: Axes | None = None) -> Axes:
        """Draw cumulative cash by year with its P10-P90 band."""
        from pmlib.plots import risk as figures

        drawn: Axes = figures.fan(self.years, ax=ax, currency=self.currency)
        return drawn

    def summary(self) -> str:
        """Say mean and range, the chance of the goal, the worst cases, and what independence would claim."""
        low, high = self.totals.loc["value_k", ["p10", "p90"]].to_numpy(dtype=float)
        claimed = self.if_independent()
        unit = f"thousand {self.currency}"
        said = (f"The plan is worth {self.mean_k:,.0f} {unit} on average, {low:,.0f} to {high:,.0f} in 8 of 10 draws; "
                f"it reaches {self.goal_k:,.0f} with a chance of {_percent(self.p_goal)}. "
                f"The worst tenth of draws averages {self.cvar_k:,.0f}.")
        if self.spread_k <= 0:
            return f"{said} Nothing of it is uncertain."
        top = self.sources.iloc[0]
        said += f" {_percent(top['share'])} of the variance comes from {top['source']}."
        if round(high - low) > round(claimed[1] - claimed[0]):
            said += f" Independent projects would claim {claimed[0]:,.0f} to {claimed[1]:,.0f}."
        if 2 * self.estimated < len(self.projects):
            said += (f" Only {self.estimated} of {len(self.projects)} projects have an estimate; the others are drawn "
                     "without spread, so the range is too narrow.")
        return said

    def headline(self) -> dict[str, str]:
        """Give mean, range, chance of the goal and the worst tenth."""
        unit = f"thousand {self.currency}"
        low, high = self.totals.loc["value_k", ["p10", "p90"]].to_numpy(dtype=float)
        if self.spread_k <= 0:
            return {f"{self.mean_k:,.0f}": f"{unit}, of which nothing is uncertain"}
        return {
            f"{self.mean_k:,.0f}": f"{unit} expected of the plan, which counts with {self.plan_k:,.0f}",
            f"{low:,.0f} to {high:,.0f}": f"{unit} in 8 of 10 draws",
            _percent(self.p_goal): f"chance of {self.goal_k:,.0f} or more",
            f"{self.cvar_k:,.0f}": f"{unit}, mean of the worst tenth of draws",
        }

    def __repr__(self) -> str:
        low, high = self.totals.loc["value_k", ["p10", "p90"]].to_numpy(dtype=float)
        return (f"<Simulation: {self.mean_k:,.0f} thousand {self.currency}, P10-P90 {low:,.0f} to {high:,.0f}; "
                f"P(>= {self.goal_k:,.0f}) {_percent(self.p_goal)}; {self.draws:,} draws>")


def _percent(share: float) -> str:
    """Share as a board reads it; never a certainty that is none."""
    if 0.0 < share < 0.01:  # noqa: PLR2004
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1.0 else f"{100 * share:.0f} %"  # noqa: PLR2004


def simulate(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, policy: RiskPolicy | None = None,
    draws: int = 100_000, seed: int = 0, executor: Executor | None = None,
) -> Simulation:
    """Find what a plan may come to when estimates, success and risks fall as they may.

    Every estimate is a two-piece normal through its three points; success happens or not; risks of the register add
    cost or months. Numbers share factors (market, programme, product, causes of risks) by a Gaussian copula. A
    project that takes longer than planned brings its benefit later, discounted for it; a failed one brings none.

    Parameters
    ----------
    decision : Decision
        Whatever it was made for, its money is simulated.
    tables : mapping of table name to frame
        Those the decision was made from: estimates, cash_flows, risks.
    policy : RiskPolicy, optional
        Goal, correlations (``INDEPENDENT`` for none), register, responses, whose means.
    draws : int
        100 to a billion; memory does not grow with it.
    seed : int
        The same seed gives the same draws; the first of many draws are those of few.
    executor : Executor, optional
        Where blocks of draws are worked on; the result is the same for any.

    Returns
    -------
    Simulation

    Raises
    ------
    MissingTableError
        Neither estimates nor risks are there, or nothing that gives a value in money.
    ParameterError
        An option is out of its range, there is no plan, or the tables are not those of the plan.
    SchemaError
        An estimate or a risk contradicts itself.

    References
    ----------
    Iman & Conover (1982) on correlated inputs; Rockafellar & Uryasev (2000) on CVaR; Salmon et al. (2011), parallel
    random numbers by counter (Philox).

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> estimates = [("P1", "benefit_pv_k", 90.0, 100.0, 110.0), ("P1", "cost_k", 40.0, 40.0, 40.0)]
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 40.0}),
    ...     "estimates": pd.DataFrame(estimates, columns=["project_id", "quantity", "p10", "p50", "p90"])}
    >>> plan = rebalance(tables, period="2025-12")
    >>> simulate(plan, tables, policy=RiskPolicy(goal_k=50))
    <Simulation: 60 thousand EUR, P10-P90 50 to 70; P(>= 50) 90 %; 100,000 draws>
    """
    draws, seed = checked_draws(draws, seed)
    model = risk_model(decision, tables, policy=policy)
    grid = pilot_grid(model, seed=seed)
    work = partial(tally_block, model=model, grid=grid, seed=seed, draws=draws)
    tally = add_blocks(work, math.ceil(draws / block_size(model)), executor=executor)
    return _told(model, tally, grid, draws=draws, seed=seed)


def _told(model: RiskModel, tally: Tally, grid: Grid, *, draws: int, seed: int) -> Simulation:
    tail, error = lower_tail(tally, WORST)
    totals = _totals(tally, grid, timed=bool(model.estimates.timed.any()))
    projects = _projects(model, tally, tail)
    reached = float(tally.reached[0]) / draws
    others = float((projects["spread_k"] ** 2).sum())
    return Simulation(
        totals=totals, years=_years(model, tally, grid), projects=projects, sources=_sources(tally),
        factors=_factors(model, tally), curve=_curve(tally, grid),
        reconciliation=_reconciliation(model, float(totals["mean"].iloc[_VALUE])),
        goal_k=model.goal_k, p_goal=reached,
        p_goal_error=math.sqrt(reached * (1.0 - reached) / draws), cvar_k=float(tail[0] + grid.centre[_VALUE]),
        cvar_error_k=error, independent_spread_k=math.sqrt(others), plan_k=model.plan_k, currency=model.currency,
        policy=model.policy, estimated=int(model.estimates.known[:2].any(axis=0).sum()), draws=draws, seed=seed,
        grid_error_k=float(grid.width[_VALUE]),
        notes=model.estimates.notes, tally=tally, grid=grid,
    )


def _spread(n: float, total: Floats, squares: Floats) -> Floats:
    return np.sqrt(np.maximum(squares - total**2 / n, 0.0) / max(n - 1.0, 1.0))


def _quantile_errors(tally: Tally, grid: Grid, total: int) -> Floats:
    """Half the distance between the quantiles one binomial standard error to either side."""
    shares = np.array(_SHARES)
    step = np.sqrt(shares * (1.0 - shares) / float(tally.n[0]))
    low, high = (quantiles(tally, grid, total, shares=shares + sign * step) for sign in (-1.0, 1.0))
    return np.asarray((high - low) / 2.0)


def _totals(tally: Tally, grid: Grid, *, timed: bool) -> pd.DataFrame:
    n, rows = float(tally.n[0]), {}
    spread = _spread(n, tally.sums, tally.squares)
    for name, total in (("value_k", _VALUE), ("cost_k", _COST), ("finish", _FINISH)):
        known = np.nan if total == _FINISH and not timed else 1.0
        rows[name] = known * np.array([
            tally.sums[total] / n + grid.centre[total], spread[total] / math.sqrt(n), spread[total],
            *quantiles(tally, grid, total, shares=_SHARES), *_quantile_errors(tally, grid, total)])
    return pd.DataFrame(rows, index=["mean", "mean_error", "spread", "p10", "p50", "p90", "p10_error", "p50_error",
                                     "p90_error"]).T


def _years(model: RiskModel, tally: Tally, grid: Grid) -> pd.DataFrame:
    money, n = model.money, float(tally.n[0])
    count = len(money.years)
    mean = tally.sums / n + grid.centre
    frame = pd.DataFrame({"year": money.years, "planned_k": money.spend_k.sum(axis=0) + money.fixed_k})
    for name, first in (("cost", _FIRST_YEAR), ("cash", _FIRST_YEAR + count)):
        frame[f"{name}_mean_k"] = mean[first:first + count]
        found = np.array([quantiles(tally, grid, first + year, shares=_SHARES) for year in range(count)])
        for place, share in enumerate(_SHARES):
            frame[f"{name}_p{round(100 * share)}_k"] = found[:, place]
    return frame.assign(budget_k=money.budget_k, p_over=np.where(np.isnan(money.budget_k), np.nan, tally.over / n))


def _projects(model: RiskModel, tally: Tally, tail: Floats) -> pd.DataFrame:
    n, gain = float(tally.n[0]), tally.project[0]
    frame = model.projects.rename(columns={"value_k": "planned_k"}).assign(
        mean_k=model.projects["value_k"] + gain / n, spread_k=_spread(n, gain, tally.project[1]))
    # What does not go on has no spread, so the projects' tails add up to the plan's.
    tail_k = gain / n - tail[2:]
    whole = tail_k.sum()
    frame = frame.assign(tail_k=tail_k, tail_share=tail_k / whole if whole > 0 else np.nan)
    reached = np.cumsum(tally.finish, axis=1)
    for share in _SHARES:
        ends = (np.nan_to_num(model.begins) - 1 + np.argmax(reached >= share * n, axis=1)).astype(int)
        frame[f"finish_p{round(100 * share)}"] = pd.array(
            [month if timed else None for month, timed in zip(ends, model.estimates.timed, strict=True)], dtype="Int64")
    return frame.sort_values(["tail_k", "project_id"], ascending=[False, True]).reset_index(drop=True)


def _sources(tally: Tally) -> pd.DataFrame:
    n = float(tally.n[0])
    variance = tally.squares[_VALUE] / n - (tally.sums[_VALUE] / n) ** 2
    shared = tally.sources[1] / n - tally.sources[0] * tally.sums[_VALUE] / n**2
    frame = pd.DataFrame({"source": SOURCES, "share": shared / variance if variance > 0 else np.nan})
    return frame.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def _factors(model: RiskModel, tally: Tally) -> pd.DataFrame:
    n, value = float(tally.n[0]), _spread(float(tally.n[0]), tally.sums, tally.squares)[_VALUE]
    spread = _spread(n, tally.factors[0], tally.factors[1])
    joint = (tally.factors[2] - tally.factors[0] * tally.sums[_VALUE] / n) / (n - 1.0)
    scale = spread * value
    correlation = joint / np.where(scale > 0, scale, np.inf)
    frame = pd.DataFrame({"factor": model.factors.names, "share": correlation**2,
                          "error": 2.0 * np.abs(correlation) * (1.0 - correlation**2) / math.sqrt(n)})
    return frame.sort_values(["share", "factor"], ascending=[False, True]).reset_index(drop=True)


def _curve(tally: Tally, grid: Grid) -> pd.DataFrame:
    shares = np.linspace(0.005, 0.995, 199)
    return pd.DataFrame({"value_k": quantiles(tally, grid, _VALUE, shares=shares), "p_reach": 1.0 - shares})


def _reconciliation(model: RiskModel, mean_k: float) -> pd.DataFrame:
    """From the plan's value to the mean of the draws, what is known in closed form first."""
    fitted, planned = model.estimates.means(), model.estimates.planned
    benefit, cost_k = fitted[3] * fitted[0] - planned[3] * planned[0], fitted[1] - planned[1]
    means = float((model.left * benefit - model.dear * cost_k).sum())
    events = model.events
    cost = (events.project >= 0) & ~events.months
    expected = events.chance * events.impact.mean()
    risks = 0.0 - float((model.later[events.project[cost]] * expected[cost]).sum())
    responses = 0.0 - float((model.later * model.events.response_k).sum())
    rest = mean_k - model.plan_k - means - risks - responses
    rows = [("plan", model.plan_k), ("means of the fitted estimates instead of Swanson's", means),
            ("risks that cost money", risks), ("responses to risks", responses),
            ("delay, and what hangs on common factors", rest), ("mean of the draws", mean_k)]
    return pd.DataFrame(rows, columns=["part", "value_k"])
