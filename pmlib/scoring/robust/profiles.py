"""Groups of stakeholders side by side: where their weights, ranks and best plans differ, and what all agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio.model import Ints, Status
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.problem import Problem, best_plan, compile_problem, outcome, revalued
from pmlib.scoring.additive import score
from pmlib.scoring.inputs import labelled, read_table, shown
from pmlib.scoring.ranks import FloatArray
from pmlib.scoring.robustness import percent
from pmlib.scoring.scorecard import Scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GivenWeights = Mapping[str, Mapping[str, float] | pd.Series]
VERDICTS = ("in every plan", "disputed", "in none")
#: So many pairs of groups are named in a summary.
_SHOWN = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupRanks:
    """The same projects ranked by every group.

    Attributes
    ----------
    groups : tuple of str
        Groups and other named weights, in order.
    weights : DataFrame
        One row per criterion, the most disputed first: objective_id, name, ``weight_<group>`` (shares 0-1), apart
        (largest difference), highest, lowest (the groups at its ends).
    projects : DataFrame
        One row per project, by id: project_id, name, ``points_<group>`` (over doing nothing), ``rank_<group>``
        (1 = best), ranks_apart (largest difference).
    agreement : DataFrame
        One row per pair: group, other, tau_b (rank correlation, -1 to 1; empty where a group ranks all alike).
    """

    groups: tuple[str, ...]
    weights: pd.DataFrame
    projects: pd.DataFrame
    agreement: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project."""
        return self.projects.copy(deep=False)

    def plot(self, *, ax: Axes | None = None, top: int = 12) -> Axes:
        """Draw the ranks of the ``top`` projects on which the groups differ most."""
        from pmlib.plots import judgement

        apart = self.projects.sort_values("ranks_apart", ascending=False, kind="stable").head(top)
        frame = apart[[f"rank_{group}" for group in self.groups]].set_axis(list(self.groups), axis=1)
        return judgement.group_ranks(frame.set_axis(apart["project_id"] + " " + apart["name"], axis=0), ax=ax)

    def summary(self) -> str:
        """Say on which criterion, and on which project, the groups differ most."""
        row = self.projects.iloc[int(self.projects["ranks_apart"].argmax())]
        if not row["ranks_apart"]:
            return f"{self._weights_sentence()} All groups rank the projects alike."
        named = [f"{row[f'rank_{group}']} for {group}" for group in self.groups]
        return f"{self._weights_sentence()} {row['project_id']} is ranked most differently: {', '.join(named)}."

    def headline(self) -> dict[str, str]:
        """Give the most disputed weight and the lowest rank correlation as figures."""
        row, pairs = self.weights.iloc[0], self.agreement.dropna()
        figures = {f"{100 * row['apart']:.0f} points": f"between the weights of {row['name']}, the most disputed"}
        if len(pairs):
            pair = pairs.iloc[int(pairs["tau_b"].argmin())]
            figures[f"{pair['tau_b']:.2f}"] = f"rank correlation of {pair['group']} and {pair['other']}, the lowest"
        return figures

    def __repr__(self) -> str:
        """Say it in one line."""
        row = self.weights.iloc[0]
        return (f"<{type(self).__name__}: {', '.join(self.groups)} on {_counted(len(self.projects))}; "
                f"furthest apart on {row['name']}>")

    def _weights_sentence(self) -> str:
        row = self.weights.iloc[0]
        if not row["apart"]:
            return "All groups weigh alike."
        high, low = row["highest"], row["lowest"]
        return (f"The groups are furthest apart on {row['name']}: {percent(row[f'weight_{high}'])} of the weight for "
                f"{high}, {percent(row[f'weight_{low}'])} for {low}.")


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupProfiles(GroupRanks):
    """The same projects ranked, and the best plan within all limits, by every group.

    Attributes
    ----------
    plans : DataFrame
        One row per project, by id: project_id, name, ``action_<group>``, ``on_<group>`` (kept or started), verdict
        (in every plan, disputed, in none).
    flips : DataFrame
        One row per pair: group, other, flips (projects on in one plan and not in the other), projects (their ids).
    losses : DataFrame
        One row per ordered pair: group, plan_of, points, loss_share: what ``group`` loses with that plan, as a share
        of its own best; empty where its best is worth nothing.
    optima : DataFrame
        One row per group: group, points, projects (how many are on), status, gap.
    """

    plans: pd.DataFrame
    flips: pd.DataFrame
    losses: pd.DataFrame
    optima: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project: points, ranks and plans of every group."""
        return self.projects.merge(self.plans.drop(columns="name"), on="project_id")

    def verdict(self, verdict: str) -> list[str]:
        """List the ids of the projects that are ``in every plan``, ``disputed`` or ``in none``.

        Raises
        ------
        ParameterError
            The verdict is none of these.
        """
        if verdict not in VERDICTS:
            raise ParameterError(f"verdict: got {verdict!r}, allowed {', '.join(VERDICTS)}. Name one of these.")
        return self.plans.loc[self.plans["verdict"] == verdict, "project_id"].tolist()

    def summary(self) -> str:
        """Say which projects flip, how many every plan holds, and what the dearest foreign plan costs."""
        every, _, none = (len(self.verdict(verdict)) for verdict in VERDICTS)
        agreed = f"{every} {'is' if every == 1 else 'are'} in every group's plan, {none} in none."
        return " ".join(filter(None, (f"{self._flips()}; {agreed}", self._loss(), self._weights_sentence(),
                                      self._proof())))  # fmt: skip

    def headline(self) -> dict[str, str]:
        """Give the projects in every plan, those in some only, and the largest loss as figures."""
        every, disputed, _ = (len(self.verdict(verdict)) for verdict in VERDICTS)
        figures = {f"{every} of {len(self.plans)}": "projects in every group's plan",
                   f"{disputed} disputed": "in the plans of some groups only"}  # fmt: skip
        row = self._dearest()
        if row is not None:
            figures[percent(row["loss_share"], digits=1)] = f"lost by {row['group']} with the plan of {row['plan_of']}"
        return figures

    def __repr__(self) -> str:
        """Say it in one line."""
        counts = ", ".join(f"{len(self.verdict(verdict))} {verdict}" for verdict in VERDICTS)
        return f"<GroupProfiles: {', '.join(self.groups)} on {_counted(len(self.plans))}; {counts}>"

    def _flips(self) -> str:
        most = self.flips[self.flips["flips"] > 0].sort_values("flips", ascending=False, kind="stable").head(_SHOWN)
        if most.empty:
            return "No project flips between the plans"
        first, *others = [f"between {row['group']} and {row['other']}" for _, row in most.iterrows()]
        counts = most["flips"].tolist()
        flip = "project flips" if counts[0] == 1 else "projects flip"
        more = [f", {count} {pair}" for count, pair in zip(counts[1:], others, strict=True)]
        return f"{counts[0]} {flip} {first}{''.join(more)}"

    def _dearest(self) -> pd.Series | None:
        """Return the pair with the largest loss; None where no plan is worth anything."""
        known = self.losses.dropna()
        return None if known.empty else known.iloc[int(known["loss_share"].argmax())]

    def _loss(self) -> str:
        row = self._dearest()
        if row is None or not row["loss_share"]:
            return ""
        return (f"The dearest exchange: {row['group']} would lose {percent(row['loss_share'], digits=1)} of its points "
                f"with the plan of {row['plan_of']}.")

    def _proof(self) -> str:
        open_ = self.optima.loc[self.optima["status"] != str(Status.PROVED), "group"]
        return f"Not proved best: the plan of {', '.join(open_)}." if len(open_) else ""


def group_ranks(
    tables: Mapping[str, Any], *, groups: Sequence[str] | None = None, weights: GivenWeights | None = None
) -> GroupRanks:
    """Compare how groups of stakeholders weigh the criteria and rank the projects.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As for `score`.
    groups : sequence of str, optional
        Groups of the table ``weights``; by default all of them.
    weights : mapping of name to weights, optional
        Further weights that are no group's, under a name of their own; ``groups=[]`` compares only these.

    Returns
    -------
    GroupRanks

    Raises
    ------
    ParameterError
        Fewer than two are compared, a name comes twice, or a group is unknown.
    MissingTableError
        A table is absent, or ``weights`` knows a single group and nothing else was asked.
    SchemaError, ScaleError
        As for `score`.

    References
    ----------
    Kendall (1945), Biometrika 33, 239-251: tau-b, with ties.

    Examples
    --------
    >>> tables = {
    ...     "objectives": pd.DataFrame({"objective_id": ["reach", "fit"], "name": ["Reach", "Fit"],
    ...         "worst": [0.0, 1.0], "best": [10.0, 5.0]}),
    ...     "scores": pd.DataFrame({"project_id": ["A", "A", "B", "B"], "objective_id": ["reach", "fit"] * 2,
    ...         "raw_level": [8.0, 2.0, 4.0, 5.0]})}
    >>> group_ranks(tables, groups=[], weights={"sales": {"reach": 90, "fit": 10}, "design": {"reach": 0, "fit": 1}})
    <GroupRanks: sales, design on 2 projects; furthest apart on Reach>
    """
    return GroupRanks(**_ranked(_cards(tables, groups, weights)))


def group_profiles(
    tables: Mapping[str, Any], *, groups: Sequence[str] | None = None, weights: GivenWeights | None = None,
    period: int | str | None = None, policy: Policy | None = None,
) -> GroupProfiles:
    """Find where groups of stakeholders differ, and what all agree on: weights, ranks and best plans.

    Every plan is the best one for the group's points over doing nothing, under the same limits.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As for `score` and `rebalance`. Without tables of limits every project worth more than nothing is on.
    groups, weights
        As for `group_ranks`.
    period, policy
        As for `rebalance`; the objective is the score whatever the policy says.

    Returns
    -------
    GroupProfiles

    Raises
    ------
    ParameterError
        As for `group_ranks`; or no plan holds every limit.
    MissingTableError, SchemaError, ScaleError, SolverError
        As for `score` and `rebalance`; ``projects`` is needed.

    References
    ----------
    Clemen & Smith (2009), Decision Analysis 6: points over doing nothing. Kendall (1945): tau-b.
    """
    cards = _cards(tables, groups, weights)
    policy = replace(policy or Policy(), objective=Objective.SCORE)
    first = next(iter(cards.values()))
    problem = compile_problem(tables, period=period, values=first.increments, policy=policy)
    return GroupProfiles(**_ranked(cards), **_planned(cards, problem))


def _counted(n: int) -> str:
    return f"{n} project{'' if n == 1 else 's'}"


def _cards(
    tables: Mapping[str, Any], groups: Sequence[str] | None, weights: GivenWeights | None
) -> dict[str, Scorecard]:
    given = {} if weights is None else dict(labelled(weights, what="weights").items())
    asked = groups
    if isinstance(groups, str):
        raise ParameterError(f"groups: got the text {groups!r}, allowed a list of names. Write [{groups!r}].")
    if groups is not None and not (isinstance(groups, list | tuple) and all(isinstance(name, str) for name in groups)):
        raise ParameterError(f"groups: got {shown(groups)}, allowed a list of names. Write ['board', ...].")
    if groups is None:
        groups = sorted(read_table(tables, "weights", columns=("group",))["group"].unique())
    names = [*groups, *map(str, given)]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ParameterError(f"groups: {twice[0]!r} comes twice, allowed once. Give the weights another name.")
    if len(names) < 2:  # noqa: PLR2004
        # A workbook with a single group lacks what the question needs; a caller who names one has mistaken it.
        refusal = MissingTableError if asked is None and not given else ParameterError
        raise refusal(f"groups: got {', '.join(names) or 'none'}, allowed two or more to compare. "
                             "Add a group to the table weights, or pass weights={name: weights}.")
    cards = {name: score(tables, group=name) for name in groups}
    return cards | {str(name): score(tables, weights=own) for name, own in given.items()}


def _ranked(cards: Mapping[str, Scorecard]) -> dict[str, Any]:
    tree = next(iter(cards.values())).tree
    shares = pd.DataFrame({name: card.weights for name, card in cards.items()})
    apart = (shares.max(axis=1) - shares.min(axis=1)).round(12)
    weights = shares.add_prefix("weight_").assign(
        apart=apart, highest=shares.idxmax(axis=1), lowest=shares.idxmin(axis=1)
    )
    weights.insert(0, "name", [tree.names[leaf] for leaf in tree.leaves])
    tables = {name: card.table.set_index("project_id").sort_index() for name, card in cards.items()}
    points = pd.DataFrame({f"points_{name}": table["increment"] for name, table in tables.items()})
    ranks = pd.DataFrame({f"rank_{name}": table["rank"] for name, table in tables.items()})
    projects = points.join(ranks).assign(ranks_apart=ranks.max(axis=1) - ranks.min(axis=1))
    projects.insert(0, "name", next(iter(tables.values()))["name"])
    pairs = [(a, b, _tau_b(*(ranks[f"rank_{name}"].to_numpy(dtype=float) for name in (a, b))))
             for a, b in combinations(cards, 2)]
    return {
        "groups": tuple(cards),
        "weights": weights.sort_values("apart", ascending=False, kind="stable").reset_index(),
        "projects": projects.reset_index(),
        "agreement": pd.DataFrame(pairs, columns=["group", "other", "tau_b"]),
    }


def _tau_b(first: FloatArray, second: FloatArray) -> float:
    """Rank correlation with ties; missing where one of them ranks all alike, and of a single project."""
    from scipy.stats import kendalltau

    if len(first) < 2:  # noqa: PLR2004
        return float("nan")
    return float(kendalltau(first, second, variant="b").statistic)


def _planned(cards: Mapping[str, Scorecard], problem: Problem) -> dict[str, Any]:
    problems = {name: revalued(problem, card.increments) for name, card in cards.items()}
    choices, optima = {}, []
    for name, own in problems.items():
        answer, plan = best_plan(own)
        if plan is None:
            raise ParameterError(f"plans: none holds every limit ({answer.status}). Look at .mends of rebalance for "
                                 "what has to give way, or compare ranks alone with group_ranks.")
        choices[name] = plan.choice
        n_on = int(problem.actions.frame["on"].to_numpy()[plan.choice].sum())
        optima.append((name, plan.value, n_on, str(answer.status), answer.gap))
    plans = _plans(problem, choices)
    return {
        "plans": plans,
        "flips": _flips(plans, list(cards)),
        "losses": _losses(problems, choices),
        "optima": pd.DataFrame(optima, columns=["group", "points", "projects", "status", "gap"]),
    }


def _plans(problem: Problem, choices: Mapping[str, Ints]) -> pd.DataFrame:
    projects, frame = problem.actions.projects, problem.actions.frame
    verbs, on = frame["action"].astype(str).to_numpy(), frame["on"].to_numpy(dtype=bool)
    taken = np.column_stack([on[choice] for choice in choices.values()])
    verdict = np.select([taken.all(axis=1), taken.any(axis=1)], VERDICTS[:2], default=VERDICTS[2])
    return pd.DataFrame({
        "project_id": projects["project_id"].astype(str), "name": projects["name"].astype(str),
        **{f"action_{name}": pd.Series(verbs[choice], dtype=str) for name, choice in choices.items()},
        **{f"on_{name}": on[choice] for name, choice in choices.items()},
        "verdict": pd.Series(verdict, dtype=str),
    })


def _flips(plans: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    rows = []
    for group, other in combinations(groups, 2):
        ids = plans.loc[plans[f"on_{group}"] != plans[f"on_{other}"], "project_id"].tolist()
        rows.append((group, other, len(ids), ", ".join(ids)))
    return pd.DataFrame(rows, columns=["group", "other", "flips", "projects"])


def _losses(problems: Mapping[str, Problem], choices: Mapping[str, Ints]) -> pd.DataFrame:
    rows = []
    for group, other in permutations(problems, 2):
        own, taken = (outcome(problems[group], choices[name]).value for name in (group, other))
        # Two plans within the tie rule's millionth may stand in either order.
        rows.append((group, other, taken, max(0.0, 1.0 - taken / own) if own > 0 else np.nan))
    return pd.DataFrame(rows, columns=["group", "plan_of", "points", "loss_share"])
