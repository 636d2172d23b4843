"""How likely is each project to be funded: the best plan, again and again, over all possible weights and scores."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Ints, Solution, Status, solve
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.problem import Problem, chosen, compile_problem, revalued
from pmlib.scoring.additive import score
from pmlib.scoring.inputs import listed, of_kind, shown, whole_number
from pmlib.scoring.ranks import FloatArray
from pmlib.scoring.robust.acceptability import Acceptability
from pmlib.scoring.robust.score_spread import quantiles
from pmlib.scoring.robustness import percent
from pmlib.scoring.values import CriteriaTree, criteria

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From this share of the sampled plans on a project is core; from its complement down it is dropped.
CORE = 0.95
VERDICTS = ("core", "discuss", "drop")
#: Standard normal quantile of 97.5 %.
_Z95 = 1.959964
#: Draws are solved in so many rows, each on a thread of its own; their number is fixed, so that the answer is.
_ROWS = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Funded:
    """How often each project is in the best plan, when weights and scores are not certain.

    Attributes
    ----------
    table : DataFrame
        One row per project, the largest share first: project_id, name, state, share (of the sampled plans in which
        it is kept or started, 0-1), low, high (95 % interval of the share, Wilson), verdict (core: in 95 % of the
        plans or more; drop: in 5 % or fewer; else discuss), expected_rank (among the projects, 1 = best).
    n_plans : int
        Different sets of funded projects among the draws.
    proved : float
        Share of the plans that are proved best (0-1); the others are within the policy's gap or node limit.
    draws, seed : int
        How many plans, and from which seed: the same again gives the same.
    """

    table: pd.DataFrame
    n_plans: int
    proved: float
    draws: int
    seed: int

    @property
    def expected_number(self) -> float:
        """How many projects a plan funds on average."""
        return float(self.table["share"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, the largest share first."""
        return self.table.copy(deep=False)

    def verdict(self, verdict: str) -> list[str]:
        """List the ids of the projects that are ``core``, to ``discuss`` or to ``drop``.

        Raises
        ------
        ParameterError
            The verdict is none of these.
        """
        if verdict not in VERDICTS:
            raise ParameterError(f"verdict: got {verdict!r}, allowed {', '.join(VERDICTS)}. Name one of these.")
        return self.table.loc[self.table["verdict"] == verdict, "project_id"].tolist()

    def plot(self, *, ax: Axes | None = None, top: int = 20) -> Axes | None:
        """Draw the chance of the projects to discuss, the ``top`` nearest to one half; None where none is open."""
        from pmlib.plots import robustness

        discuss = self.table[self.table["verdict"] == "discuss"]
        if discuss.empty:
            return None
        near = (discuss["share"] - 0.5).abs().sort_values(kind="stable").index[:top]
        return robustness.funded(discuss.loc[near.sort_values()], ax=ax)

    def summary(self) -> str:
        """Say how many projects are core, to drop and to discuss, and which call is closest."""
        core, discuss, drop = (len(self.verdict(verdict)) for verdict in VERDICTS)
        plans = f"{self.draws:,} sampled plans"
        said = (f"{core} of {len(self.table)} projects are funded in {percent(CORE)} or more of {plans}, {drop} in "
                f"{percent(1 - CORE)} or fewer, {discuss} are to be discussed; a plan funds "
                f"{self.expected_number:.1f} on average.")
        close = ""
        if discuss:
            row = self.table.iloc[int((self.table["share"] - 0.5).abs().argmin())]
            close = (f" The closest call is {row['project_id']}: {percent(row['share'])} of the plans "
                     f"({percent(row['low'])} to {percent(row['high'])}).")
        return said + close + (f" {percent(self.proved)} of the plans are proved best." if self.proved < 1 else "")

    def headline(self) -> dict[str, str]:
        """Give the core, the projects to discuss and the expected number as figures."""
        core, discuss = (len(self.verdict(verdict)) for verdict in VERDICTS[:2])
        return {
            f"{core} core": f"of {len(self.table)} projects, in {percent(CORE)} or more of the sampled plans",
            f"{discuss} to discuss": "in some plans and not in others",
            f"{self.expected_number:.1f}": "projects funded on average",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        counts = ", ".join(f"{len(self.verdict(verdict))} {verdict}" for verdict in VERDICTS)
        return f"<Funded: {counts}; {self.draws:,} sampled plans, {self.n_plans:,} different>"


def funded(
    tables: Mapping[str, Any], sampled: Acceptability | None = None, *, group: str = "board", draws: int = 200,
    period: int | str | None = None, policy: Policy | None = None,
) -> Funded:
    """Find how likely each project is to be funded when weights and scores are not certain.

    For every draw of weights and scores the plan with most points over doing nothing is solved anew, within the same
    limits. The shares are shares of sampled plans; they say nothing of weights or scores that were not drawn.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As for `score` and `rebalance`.
    sampled : Acceptability, optional
        Its first draws are used; by default those of ``score(tables, group=group).acceptability()``.
    group : str
        Whose order of importance; not used when ``sampled`` is given.
    draws : int
        How many plans; 200 leave an interval of at most 14 points.
    period, policy
        As for `rebalance`; the objective is the score whatever the policy says.

    Returns
    -------
    Funded

    Raises
    ------
    ParameterError
        ``sampled`` has fewer draws, other criteria or lacks projects, draws is below 1, or no plan holds every limit.
    MissingTableError, SchemaError, ScaleError, SolverError
        As for `score` and `rebalance`.

    Notes
    -----
    Equal plans are not told apart by fewest changes as in `rebalance`: two plans of one draw hardly ever tie.

    References
    ----------
    Liesiö, Mild & Salo (2008), European Journal of Operational Research 190: core, borderline and exterior projects
    (exact; here sampled). Wilson (1927), Journal of the American Statistical Association 22: the interval.
    """
    tree = criteria(tables)
    known = score(tables, group=group).acceptability() if sampled is None else \
        of_kind(sampled, Acceptability, what="sampled", remedy="Pass score(tables).acceptability().")
    _refuse_misfit(known, tree, draws=draws)
    values = _increments(known, tree, draws=int(draws))
    policy = replace(policy or Policy(), objective=Objective.SCORE)
    problem = compile_problem(tables, period=period, values=values.mean(), policy=policy)
    _refuse_unranked(problem.actions.projects)
    first = _best(problem)
    with ThreadPoolExecutor(_ROWS) as pool:
        rows = list(pool.map(lambda row: _solved(problem, values.iloc[row::_ROWS], start=first.x), range(_ROWS)))
    plans = [plan for row in rows for plan in row]
    on = problem.actions.frame["on"].to_numpy(dtype=bool)[np.array([plan.choice for plan in plans])]
    return Funded(
        table=_table(problem, on, known.expected_rank), n_plans=len(np.unique(on, axis=0)),
        proved=float(np.mean([plan.proved for plan in plans])), draws=int(draws), seed=known.seed,
    )


def _refuse_misfit(sampled: Acceptability, tree: CriteriaTree, *, draws: int) -> None:
    if not 1 <= whole_number(draws) <= sampled.draws:
        raise ParameterError(f"draws: got {shown(draws)}, allowed 1 to the {sampled.draws:,} of the sampled ranks. "
                             "Ask for fewer, or sample more.")
    if set(sampled.space.leaves) != set(tree.leaves):
        raise ParameterError(f"sampled: its criteria are {', '.join(sampled.space.leaves)}, allowed those of "
                             f"objectives: {', '.join(tree.leaves)}. Sample the points of the same tables.")


def _refuse_unranked(projects: pd.DataFrame) -> None:
    lacking = projects.loc[projects["source"] == "unknown", "project_id"]
    if len(lacking):
        raise ParameterError(f"sampled: no points of {listed(lacking)}, allowed all projects to decide. "
                             "Sample the points of score(tables).")


def _increments(sampled: Acceptability, tree: CriteriaTree, *, draws: int) -> pd.DataFrame:
    """Points over doing nothing, shape (n_draws, n_projects), in the very draws that were ranked."""
    scores, rng = sampled.scores, np.random.default_rng((sampled.seed, 1))
    idle = tree.do_nothing[list(sampled.space.leaves)].to_numpy(dtype=float)
    weights = sampled.space.sample(draws, seed=sampled.seed)
    values = weights @ (scores.certain() - idle[:, None])
    if len(scores.cells):
        projects, more = scores.uncertain(weights, quantiles(scores.cells, rng.random((draws, len(scores.cells)))))
        values[:, projects] += more
    return pd.DataFrame(values, columns=sampled.shares.index)


class _Plan(NamedTuple):
    choice: Ints
    proved: bool


def _solved(problem: Problem, values: pd.DataFrame, *, start: FloatArray) -> list[_Plan]:
    """Solve one draw after the other, each from the best of the plans found before."""
    found, plans = {b"": start}, []
    for _, points in values.iterrows():
        own = revalued(problem, points)
        answer = _best(own, start=max(found.values(), key=own.model.objective.dot))
        choice = chosen(problem, answer.x)
        found.setdefault(choice.tobytes(), answer.x)
        plans.append(_Plan(choice, answer.status is Status.PROVED))
    return plans


def _best(problem: Problem, *, start: FloatArray | None = None) -> Solution:
    answer = solve(problem.model, gap=problem.policy.gap, node_limit=problem.policy.node_limit, start=start)
    if not answer.found:
        raise ParameterError(f"funded: no plan was found ({answer.status}). Look at .mends of rebalance for what "
                             "has to give way, or raise node_limit.")
    return answer


def _table(problem: Problem, on: np.ndarray, expected_rank: pd.Series) -> pd.DataFrame:
    projects, share = problem.actions.projects, on.mean(axis=0)
    low, high = wilson(share, len(on))
    verdict = np.select([share >= CORE, share > 1 - CORE], VERDICTS[:2], default=VERDICTS[2])
    table = pd.DataFrame({
        "project_id": projects["project_id"].astype(str), "name": projects["name"].astype(str),
        "state": projects["state"].astype(str), "share": share, "low": low, "high": high,
        "verdict": pd.Series(verdict, dtype=str),
        "expected_rank": expected_rank.reindex(projects["project_id"]).to_numpy(dtype=float),
    })
    return table.sort_values(["share", "project_id"], ascending=[False, True], kind="stable", ignore_index=True)


def wilson(share: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """95 % interval of shares counted in n independent draws; never empty, not even at 0 and 1."""
    shrink = _Z95**2 / n
    middle = (share + shrink / 2) / (1 + shrink)
    half = np.sqrt(share * (1 - share) * shrink + shrink**2 / 4) / (1 + shrink)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
