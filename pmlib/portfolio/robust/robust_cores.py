"""Which projects the best plan holds whatever the true values are: the plan solved again in draws of the estimates."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.arguments import floats, shown, whole
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.inputs import LARGEST
from pmlib.portfolio.model import Floats
from pmlib.portfolio.origins import asked, decided
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.problem import Problem, revalued
from pmlib.portfolio.robust.portfolios import VERDICTS, of_verdict
from pmlib.portfolio.robust.scenario_draws import estimated
from pmlib.scoring.robust.funded import wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From this share of the sampled optima on a project is core; from its complement down it is exterior.
CORE = 0.95
#: Standard normal quantile of 90 %.
_Z90 = 1.2815516
#: So many draws begin from the plan; the others from the best of it and of their plans.
_PILOT = 16
_MOST = 100_000
_QUANTITIES = ("p_success", "benefit_pv_k", "cost_k")


@dataclass(frozen=True, eq=False, kw_only=True)
class RobustCore:
    """How often each project is in the best plan, when values are known only as estimates.

    Attributes
    ----------
    table : DataFrame
        One row per project, the largest share first: project_id, name, state, share (of the sampled optima in which
        it is kept or started, 0-1), standard_error, low, high (95 % interval of the share, Wilson), verdict (core: in
        95 % of the optima or more; exterior: in 5 % or fewer; else borderline), action (most frequent in the optima),
        planned (whether the plan has it on).
    n_plans : int
        Different sets of projects among the optima.
    plan_share : float
        Share of the draws in which the plan's own set is best (0-1).
    proved : float
        Share of the optima that are proved (0-1); the others are within the policy's gap or node limit.
    draws : int
    """

    table: pd.DataFrame
    n_plans: int
    plan_share: float
    proved: float
    draws: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, the largest share first."""
        return self.table.copy(deep=False)

    def verdict(self, verdict: str) -> list[str]:
        """List the ids of the projects that are ``core``, ``borderline`` or ``exterior``.

        Raises
        ------
        ParameterError
            The verdict is none of these.
        """
        return of_verdict(self.table, verdict)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw one bar per project in three zones: core, borderline, exterior."""
        from pmlib.plots import robust_plans as figures

        drawn: Axes = figures.core_strip(self.table, ax=ax, what=f"{self.draws:,} sampled optima", threshold=CORE)
        return drawn

    def summary(self) -> str:
        """Say how many projects are core, borderline and exterior, how sure that is, and the closest call."""
        core, borderline, exterior = (len(self.verdict(verdict)) for verdict in VERDICTS)
        row = self.table.iloc[int((self.table["share"] - 0.5).abs().argmin())]
        said = (f"Over {self.draws:,} draws of the values {core} of {len(self.table)} projects are core (in "
                f"{100 * CORE:.0f} % or more of the sampled optima: fund), {borderline} borderline (discuss), "
                f"{exterior} exterior (in {100 * (1 - CORE):.0f} % or fewer: drop). ")
        close = (f"The closest call is {row['project_id']}: {100 * row['share']:.0f} % of the optima "
                 f"({100 * row['low']:.0f} to {100 * row['high']:.0f} %). ") if borderline else ""
        proof = "all optima proved" if self.proved == 1 else f"{100 * self.proved:.0f} % of the optima proved"
        return (f"{said}{close}The plan's own set is best in {100 * self.plan_share:.0f} % of the draws, of "
                f"{self.n_plans:,} different sets; {proof}.")

    def headline(self) -> dict[str, str]:
        """Give the counts of core, borderline and exterior projects as figures."""
        core, borderline, exterior = (len(self.verdict(verdict)) for verdict in VERDICTS)
        often = f"in {100 * CORE:.0f} % or more of {self.draws:,} sampled optima"
        return {
            f"{core} core": f"of {len(self.table)} projects, {often}",
            f"{borderline} borderline": "in some and not in others: discuss",
            f"{exterior} exterior": f"in {100 * (1 - CORE):.0f} % or fewer",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        counts = ", ".join(f"{len(self.verdict(verdict))} {verdict}" for verdict in VERDICTS)
        return f"<RobustCore: {counts}; {self.draws:,} sampled optima, {self.n_plans:,} different sets>"


def robust_core(
    decision: Decision, tables: Mapping[str, pd.DataFrame] | None = None, *, values: pd.DataFrame | None = None,
    draws: int = 160, seed: int = 0, executor: Executor | None = None,
) -> RobustCore:
    """Find which projects the best plan holds whatever the true values are, within all limits.

    For every draw of the values the best plan is solved anew. The shares are shares of sampled optima, not core
    indices: they say nothing of values that were not drawn (`non_dominated_portfolios` is exact, for fewer limits).

    Parameters
    ----------
    decision : Decision
        The plan; its limits hold in every draw.
    tables : mapping of table name to frame, optional
        ``estimates`` of it are drawn from, by `drawn_values`. Not needed with ``values``.
    values : DataFrame of shape (n_draws, n_projects), optional
        Draws made elsewhere, one column per project_id: simulated money, or points under drawn weights
        (``space.sample(160, seed=0) @ points_over_doing_nothing.T``).
    draws, seed : int
        How many draws and from which seed, where ``values`` are not given. 160 leave a standard error of 4 points.
    executor : Executor, optional
        Where the plans are solved; the answer is the same everywhere.

    Returns
    -------
    RobustCore

    Raises
    ------
    ParameterError
        There is no plan, draws is not from 1 to 100,000, nothing is uncertain, or ``values`` lack a project or hold
        no number.
    MissingTableError
        There are neither values nor estimates.
    SchemaError
        The estimates break their definition.

    References
    ----------
    Liesiö, Mild & Salo (2007), European Journal of Operational Research 181: core, borderline, exterior (exact; here
    sampled). Wilson (1927), Journal of the American Statistical Association 22: the interval.
    """
    plan = decided(decision)
    if values is None:
        values = drawn_values(decision, {} if tables is None else tables, draws=draws, seed=seed)
    problem = _all_given(decision.problem)
    plans = _solved(problem, _of_valued(values, problem), start=plan.x, executor=executor)
    choices = np.array([plan.choice for plan in plans])
    on = problem.actions.frame["on"].to_numpy(dtype=bool)
    now = on[plan.choice]
    return RobustCore(
        table=_table(problem, choices, now=now), n_plans=len(np.unique(on[choices], axis=0)),
        plan_share=float((on[choices] == now).all(axis=1).mean()),
        proved=float(np.mean([plan.proved for plan in plans])), draws=len(plans),
    )


def drawn_values(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, draws: int = 160, seed: int = 0,
) -> pd.DataFrame:
    """Draw what going on with each project could be worth, within its newest estimates.

    Chance of success, benefit and cost to complete are drawn independently, each from two halves of normal
    distributions that meet at p50 and have its p10 and p90; chances are cut at 0 and 1, money of which p10 is not
    negative at 0. The value is chance times benefit less cost. Projects not valued by estimates keep their value.

    Parameters
    ----------
    decision : Decision
        Gives the projects and the values that are not drawn.
    tables : mapping of table name to frame
        ``estimates`` is read, and the date of ``workbook``.
    draws, seed : int
        How many and from which seed; the first draws of a longer sample are those of a shorter one.

    Returns
    -------
    DataFrame of shape (draws, n_projects)
        Thousands; one column per project_id to decide.

    Raises
    ------
    ParameterError
        draws is not from 1 to 100,000, or no project of the plan is valued by estimates.
    MissingTableError, SchemaError
        There are no estimates, or they break their definition.

    Notes
    -----
    The mean of such a distribution is p50 + 0.31 (p10 + p90 - 2 p50); the plan is made with Swanson's 0.30 (Hurst,
    Brown & Swanson 2000). Success itself is not drawn: the question is what the estimates leave open.
    """
    draws, seed = whole(draws, "draws", least=1, most=_MOST), whole(seed, "seed", least=0)
    projects, estimates = asked(decision).problem.actions.projects, estimated(tables)
    open_ = (projects["source"] == "estimates").to_numpy()
    if not open_.any():
        raise ParameterError("estimates: no project of this plan is valued by them, so nothing is uncertain. Pass "
                             "values= with one row per draw.")
    normal = np.random.default_rng(seed).standard_normal((draws, len(projects), len(_QUANTITIES))) / _Z90
    chance, benefit, cost = (_two_piece(points, normal[:, :, place])
                             for place, points in enumerate(_three_points(projects, estimates)))
    drawn = np.where(open_, np.clip(chance, 0.0, 1.0) * benefit - cost, projects["value_k"].to_numpy(dtype=float))
    return pd.DataFrame(drawn, columns=pd.Index(projects["project_id"].astype(str), name="project_id"))


def _three_points(projects: pd.DataFrame, estimates: pd.DataFrame) -> list[Floats]:
    """p10, p50, p90 of every project by quantity, each of shape (n_projects, 3); certain where nothing is estimated."""
    certain = {"p_success": projects["p_success"], "cost_k": projects["cost_k"],
               "benefit_pv_k": projects["benefit_k"] / projects["p_success"].where(projects["p_success"] > 0)}
    found = []
    for quantity in _QUANTITIES:
        mine = estimates[estimates["quantity"] == quantity].set_index("project_id")[["p10", "p50", "p90"]]
        points = mine.reindex(projects["project_id"]).to_numpy(dtype=float)
        plain = certain[quantity].fillna(0.0).to_numpy(dtype=float)[:, None]
        found.append(np.where(np.isfinite(points).all(axis=1, keepdims=True), points, plain))
    return found


def _two_piece(points: Floats, normal: Floats) -> Floats:
    """Quantiles of the normal in two halves through (p10, p50, p90); ``normal`` is 1 at p90, -1 at p10."""
    low, middle, high = points.T
    drawn = middle + np.where(normal < 0, normal * (middle - low), normal * (high - middle))
    return np.asarray(np.where(low >= 0, np.maximum(drawn, 0.0), drawn))


def _all_given(problem: Problem) -> Problem:
    """Mark every known value as given, so that `revalued` may replace it."""
    projects = problem.actions.projects
    source = projects["source"].where(projects["source"] == "unknown", "given")
    return replace(problem, actions=replace(problem.actions, projects=projects.assign(source=source)))


def _of_valued(values: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """Draws of the projects that have a value, in their order."""
    projects = problem.actions.projects
    wanted = projects.loc[projects["source"] == "given", "project_id"]
    if not isinstance(values, pd.DataFrame) or not len(values):
        got = "no row" if isinstance(values, pd.DataFrame) else shown(values)
        raise ParameterError(f"values: got {got}, allowed a DataFrame with one row per draw and one column per "
                             "project_id. Draw at least once.")
    missing = wanted[~wanted.isin(values.columns)]
    if len(missing):
        raise ParameterError(f"values: {missing.iloc[0]} has no column, allowed one for each of the {len(wanted)} "
                             "projects that have a value. Add it.")
    drawn = floats(values[wanted.tolist()])
    wrong = np.argwhere(~(drawn.abs() <= LARGEST).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        raise ParameterError(f"values: row {drawn.index[row]} of {drawn.columns[column]} is no finite number, allowed "
                             f"up to {LARGEST:g}. Correct the draws.")
    return drawn


def _solved(problem: Problem, values: pd.DataFrame, *, start: Floats, executor: Executor | None) -> list[Plan]:
    """Solve a pilot, then all other draws; where a solve begins does not depend on who solves it."""
    objectives = [revalued(problem, row).model.objective for _, row in values.iterrows()]
    known, plans = {b"": start}, list[Plan]()
    for part in (slice(0, _PILOT), slice(_PILOT, None)):
        changes = [Change(objective=objective, start=max(known.values(), key=objective.dot))
                   for objective in objectives[part]]
        solved = solve_all(problem, changes, executor=executor)
        plans += solved
        known |= {plan.choice.tobytes(): plan.x for plan in solved}
    return plans


def _table(problem: Problem, choices: np.ndarray, *, now: np.ndarray) -> pd.DataFrame:
    projects, frame = problem.actions.projects, problem.actions.frame
    share = frame["on"].to_numpy(dtype=bool)[choices].mean(axis=0)
    low, high = wilson(share, len(choices))
    verdict = np.select([share >= CORE, share > 1 - CORE], VERDICTS[:2], default=VERDICTS[2])
    often = np.bincount(choices.ravel(), minlength=len(frame))
    most = pd.Series(often).groupby(frame["project"].to_numpy()).idxmax().to_numpy()
    table = pd.DataFrame({
        "project_id": projects["project_id"].astype(str), "name": projects["name"].astype(str),
        "state": projects["state"].astype(str), "share": share,
        "standard_error": np.sqrt(share * (1 - share) / len(choices)), "low": low, "high": high,
        "verdict": pd.Series(verdict, dtype=str),
        "action": frame["action"].astype(str).to_numpy()[most], "planned": now,
    })
    return table.sort_values(["share", "project_id"], ascending=[False, True], kind="stable", ignore_index=True)
