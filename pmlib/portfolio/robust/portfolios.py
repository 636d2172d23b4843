"""Every set of projects that no other one dominates, when weights and values are known only within bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import floats, mapping, number, of_kind, one_of, shown, whole
from pmlib.portfolio.inputs import LARGEST
from pmlib.portfolio.model import Floats
from pmlib.portfolio.robust.enumeration import Choices, least_and_most, non_dominated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pmlib.scoring.robust.weight_space import WeightSpace

VERDICTS = ("core", "borderline", "exterior")
_CHUNK = 256


@dataclass(frozen=True, eq=False, kw_only=True)
class RobustPortfolios:
    """All non-dominated sets of projects, and what they have in common.

    Attributes
    ----------
    table : DataFrame
        One row per project, the largest index first: project_id, core_index (share of the non-dominated sets that
        hold it, 0-1, exact), verdict (core: in all, exterior: in none, else borderline).
    portfolios : bool DataFrame of shape (n_sets, n_projects)
        One row per set, numbered from 1, the highest value at the centre of everything first.
    n_corners : int
        Corners of the weights that were looked at.
    """

    table: pd.DataFrame
    portfolios: pd.DataFrame
    n_corners: int
    choices: Choices = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, the largest core index first."""
        return self.table.copy(deep=False)

    def verdict(self, verdict: str) -> list[str]:
        """List the ids of the projects that are ``core``, ``borderline`` or ``exterior``.

        Raises
        ------
        ParameterError
            The verdict is none of these.
        """
        return of_verdict(self.table, verdict)

    def rules(self) -> pd.DataFrame:
        """Return the sets that two rules of decision pick from the non-dominated ones.

        Returns
        -------
        DataFrame
            One row per rule: rule (``maximin``: the worst value is largest; ``minimax regret``: the most that another
            set could be worth more is smallest), portfolio (its number), worst, largest_regret (in the unit of the
            values), projects (ids). Of equal sets the first.
        """
        worst, regret = self._worst(), self._regrets()
        picks = {"maximin": int(np.argmax(worst)), "minimax regret": int(np.argmin(regret))}
        ids = self.portfolios.columns
        return pd.DataFrame([
            {"rule": rule, "portfolio": place + 1, "worst": worst[place], "largest_regret": regret[place],
             "projects": ", ".join(ids[self.portfolios.iloc[place]])} for rule, place in picks.items()])

    def plot(self, *, ax: Axes | None = None, names: Mapping[str, str] | None = None) -> Axes:
        """Draw one bar per project in three zones: core, borderline, exterior."""
        from pmlib.plots import robust_plans as figures

        frame = self.table.rename(columns={"core_index": "share"})
        frame = frame.assign(name=[str((names or {}).get(project, "")) for project in frame["project_id"]])
        drawn: Axes = figures.core_strip(frame, ax=ax, what="non-dominated portfolios", threshold=1.0)
        return drawn

    def summary(self) -> str:
        """Say how many sets are left and what all, some and none of them hold."""
        core, borderline, exterior = (self.verdict(verdict) for verdict in VERDICTS)
        sets = f"{len(self.portfolios):,} set{'' if len(self.portfolios) == 1 else 's'} of projects"
        held = f" All hold {', '.join(core)}." if core else ""
        return (f"Of all that the limits allow, {sets} cannot be improved upon whatever the weights and values "
                f"(exact): {len(core)} of {len(self.table)} projects are core, {len(borderline)} borderline, "
                f"{len(exterior)} exterior.{held} Narrower weights or values can change only the borderline ones.")

    def headline(self) -> dict[str, str]:
        """Give the counts of core and borderline projects and of the sets as figures."""
        core, borderline, _ = (len(self.verdict(verdict)) for verdict in VERDICTS)
        return {f"{core} core": f"of {len(self.table)} projects, in every non-dominated portfolio",
                f"{borderline} borderline": "in some and not in others",
                f"{len(self.portfolios):,}": "non-dominated portfolios, exact"}

    def __repr__(self) -> str:
        """Say it in one line."""
        counts = ", ".join(f"{len(self.verdict(verdict))} {verdict}" for verdict in VERDICTS)
        return f"<RobustPortfolios: {counts}; {len(self.portfolios):,} non-dominated portfolios, exact>"

    def _worst(self) -> Floats:
        return np.asarray((self.portfolios.to_numpy() @ self.choices.low.T).min(axis=1))

    def _regrets(self) -> Floats:
        """Most that another set could be worth more; some non-dominated one always reaches it."""
        sets, regret = self.portfolios.to_numpy(), np.zeros(len(self.portfolios))
        for start in range(0, len(sets), _CHUNK):
            _, most = least_and_most(self.choices, sets[start:start + _CHUNK], sets)
            regret = np.maximum(regret, most.max(axis=0))
        return regret


def of_verdict(table: pd.DataFrame, verdict: str, allowed: Sequence[str] = VERDICTS) -> list[str]:
    """List the ids of one verdict, or refuse a word that is none."""
    named = one_of(verdict, allowed, "verdict")
    return [str(project) for project in table.loc[table["verdict"] == named, "project_id"]]


def non_dominated_portfolios(
    scores: pd.DataFrame, *, costs: pd.DataFrame, limits: Mapping[str, float] | pd.Series,
    high: pd.DataFrame | None = None, space: WeightSpace | None = None, most: int = 10_000,
) -> RobustPortfolios:
    """Find every set of projects that could be best, when weights and values are known only within bounds.

    One set dominates another when it is worth at least as much for all possible weights and values, and more for
    some; projects in both cancel out. A set is worth the sum of its projects over doing nothing.

    Parameters
    ----------
    scores : DataFrame of shape (n_projects, n_criteria)
        Lowest value of each project (index) on each criterion, over doing nothing; exact values without ``high``.
        One column may hold money.
    costs : DataFrame of shape (n_projects, n_limits)
        What each project uses of each limit. Negative numbers are allowed: "a needs b" is 1 for a, -1 for b, at most
        0; "at least two of these" is -1 for each, at most -2.
    limits : Series or mapping of limit to number
        The most that a set may use.
    high : DataFrame of shape (n_projects, n_criteria), optional
        Highest values; by default those of ``scores``.
    space : WeightSpace, optional
        The possible weights of the same criteria (order, intervals, linear statements); by default all.
    most : int
        More open sets than this at any time are refused.

    Returns
    -------
    RobustPortfolios

    Raises
    ------
    ParameterError
        Labels differ, a number is missing or infinite, a highest value lies below the lowest, no set keeps the limits,
        or there are more than ``most`` open sets.

    Notes
    -----
    Time grows with the number of open sets. With costs drawn evenly and budgets of 40 % of all costs, values within
    5 % of 30 projects on 3 ordered criteria under 1 budget, or of 60 in money under 2, take about a second; within
    10 % of 40 projects on 3 ordered criteria, half a minute.

    References
    ----------
    Liesiö, Mild & Salo (2007), European Journal of Operational Research 181, 1488-1505: preference programming for
    robust portfolio modeling. Liesiö, Mild & Salo (2008), same journal 190, 679-695: incomplete costs, core index.

    Examples
    --------
    >>> scores = pd.DataFrame({"reach": [9.0, 5.0, 4.0], "fit": [8.0, 2.0, 4.0]}, index=["A", "B", "C"])
    >>> costs = pd.DataFrame({"budget": [2.0, 1.0, 1.0]}, index=["A", "B", "C"])
    >>> non_dominated_portfolios(scores, costs=costs, limits={"budget": 3.0}).table["core_index"].tolist()
    [1.0, 0.5, 0.5]
    """
    most = whole(most, "most", least=1)
    low = _numbers(scores, what="scores")
    top = low if high is None else _numbers(high, what="high", like=low)
    below = np.argwhere((top < low).to_numpy())
    if len(below):
        project, criterion = low.index[below[0][0]], low.columns[below[0][1]]
        raise ParameterError(f"high: {project} has {top.loc[project, criterion]:g} on {criterion}, allowed "
                             f"{low.loc[project, criterion]:g} (its lowest value) or more. Swap or correct them.")
    use = _numbers(costs, what="costs", like=low, columns=False)
    bounds = _limits(limits, use.columns)
    corners = _corners(space, [str(name) for name in low.columns])
    choices = Choices(low=corners @ low.to_numpy().T, high=corners @ top.to_numpy().T, use=use.to_numpy().T,
                      limits=bounds)
    sets = non_dominated(choices, most=most)
    if not len(sets):
        raise ParameterError("limits: no set of projects keeps them all. Raise the one that asks too much.")
    return RobustPortfolios(table=_table(low.index, sets.mean(axis=0)), n_corners=len(corners), choices=choices,
                            portfolios=pd.DataFrame(sets, columns=low.index, index=pd.RangeIndex(1, len(sets) + 1)))


def _table(ids: pd.Index, index: Floats) -> pd.DataFrame:
    verdict = np.select([index == 1, index > 0], VERDICTS[:2], default=VERDICTS[2])
    table = pd.DataFrame({"project_id": [str(name) for name in ids], "core_index": index,
                          "verdict": pd.Series(verdict, dtype=str)})
    return table.sort_values(["core_index", "project_id"], ascending=[False, True], kind="stable", ignore_index=True)


def _numbers(
    frame: pd.DataFrame, *, what: str, like: pd.DataFrame | None = None, columns: bool = True,
) -> pd.DataFrame:
    """Take a frame of finite numbers with the labels of another one, in its order."""
    if not isinstance(frame, pd.DataFrame) or frame.empty:
        got = "an empty frame" if isinstance(frame, pd.DataFrame) else shown(frame)
        raise ParameterError(f"{what}: got {got}, allowed a DataFrame with one row per project. Pass at least one row.")
    for axis, labels in (("row", frame.index), ("column", frame.columns)):
        if labels.has_duplicates:
            raise ParameterError(f"{what}: {axis} {labels[labels.duplicated()][0]} stands twice, allowed once. "
                                 "Keep one of them.")
    if like is not None:
        _refuse_other(frame.index, like.index, what=what, kind="projects")
        frame = frame.reindex(like.index)
        if columns:
            _refuse_other(frame.columns, like.columns, what=what, kind="criteria")
            frame = frame[like.columns]
    numbers = floats(frame)
    wrong = np.argwhere(~(numbers.abs() <= LARGEST).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        raise ParameterError(f"{what}: got {shown(frame.iat[row, column])} for {frame.index[row]} on "
                             f"{frame.columns[column]}, allowed a finite number. Correct it or leave the project out.")
    return numbers


def _refuse_other(got: pd.Index, known: pd.Index, *, what: str, kind: str) -> None:
    unknown, missing = got.difference(known, sort=False), known.difference(got, sort=False)
    if len(unknown):
        raise ParameterError(f"{what}: {unknown[0]} is none of the {len(known)} {kind} in scores. "
                             f"{did_you_mean(str(unknown[0]), known)} Rename or drop it.")
    if len(missing):
        raise ParameterError(f"{what}: {missing[0]} is missing, allowed the same {len(known)} {kind} as in scores. "
                             "Add it.")


def _limits(limits: Mapping[str, float] | pd.Series, names: pd.Index) -> Floats:
    given = pd.Series(dict(mapping(limits, "limits", remedy=f"Pass {{{names[0]!r}: the most a set may use}}.")),
                      dtype=object)
    odd = given.index.symmetric_difference(names, sort=False)
    if len(odd):
        raise ParameterError(f"limits: {odd[0]} stands in one of costs and limits only, allowed the same names in "
                             f"both: {', '.join(map(str, names))}. Add or drop it.")
    return np.array([number(given[name], f"limits: {name}") for name in names])


def _corners(space: WeightSpace | None, criteria: list[str]) -> Floats:
    if space is None:
        return np.eye(len(criteria))
    from pmlib.scoring.robust.weight_space import WeightSpace

    of_kind(space, WeightSpace, "space", remedy="Make one with weight_space.")
    if set(space.leaves) != set(criteria):
        raise ParameterError(f"space: its criteria are {', '.join(space.leaves)}, allowed those of scores: "
                             f"{', '.join(criteria)}. Make it with weight_space of the same names.")
    return np.asarray(space.vertices()[:, [space.leaves.index(name) for name in criteria]])
