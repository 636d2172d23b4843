"""What each cause contributes to the change of the plan's value and of every decision that flipped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import month_text
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.changes.causes import Cause, Known, Pair, Side, pair
from pmlib.portfolio.changes.coalitions import Coalitions, Mixture, solve_coalitions
from pmlib.portfolio.changes.differences import did_not_change
from pmlib.portfolio.changes.shapley import interactions, shapley
from pmlib.portfolio.model import PROVED_GAP
from pmlib.portfolio.policy import Objective, Policy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTRIBUTION_COLUMNS = ["cause", "differs", "contribution_k", "alone_k", "last_k"]
FLIP_COLUMNS = ["project_id", "name", "before", "now", "main_cause", "share", "why", "says"]
PART_COLUMNS = ["project_id", "cause", "contribution"]
#: Shares of a flip below half a percent are left out of its sentence.
_TOLD = 0.005
#: From this part of the larger of two contributions, and of the largest of all, what both do together is worth a
#: sentence.
_TOGETHER, _MATTERS = 0.25, 0.1
_ABSENT = "not in the list"


@dataclass(frozen=True, eq=False, kw_only=True)
class Attribution:
    """The change from the last plan to this one, split over its causes; every split adds up.

    Attributes
    ----------
    contributions : DataFrame
        One row per cause: cause, differs (whether its data do), contribution_k (Shapley; adds up to the change of
        value), alone_k (change if only it had changed), last_k (change it makes once all others have changed).
    flips : DataFrame
        One row per project that goes on in one plan and not in the other: project_id, name, before, now (verbs, or
        its state), main_cause, share (of the flip, 0-1 and beyond), why (the causes with
        their shares), says (both in a sentence).
    flip_parts : DataFrame
        project_id, cause, contribution: of a project they add up to 1 (goes on now) or -1 (does not any more).
    interactions : DataFrame
        one, other, interaction: what two causes do together beyond the sum of both, the largest first.
    value_before_k, value_now_k : float
        Worth of the two plans, both by this period's yardstick, in ``unit``.
    before, now : str
        The last known months, YYYY-MM.
    unit : str
        Thousand of the currency, or points.
    n_plans : int
        How many mixtures of then and now were planned.
    notes : tuple of str
        What the reader should know.
    missing : str
        Why there is no split, and what to do; empty otherwise.
    """

    contributions: pd.DataFrame
    flips: pd.DataFrame
    flip_parts: pd.DataFrame
    interactions: pd.DataFrame
    value_before_k: float
    value_now_k: float
    before: str
    now: str
    unit: str
    n_plans: int
    notes: tuple[str, ...]
    missing: str = ""

    @property
    def found(self) -> bool:
        """Whether there is a split."""
        return not self.missing

    @property
    def change_k(self) -> float:
        """How much more the plan is worth than the last one."""
        return self.value_now_k - self.value_before_k

    def to_frame(self) -> pd.DataFrame:
        """One row per cause."""
        return self.contributions.copy(deep=False)

    def summary(self) -> str:
        """Say how the value changed and by what, what did not change, and which decisions flipped."""
        return self.missing or " ".join(filter(None, (self.worth(), self.unchanged(), self.flipped())))

    def worth(self) -> str:
        """Say how the value changed and by what."""
        change, told = round(self.change_k), self.by_size()
        if told.empty:
            return (f"Nothing the plan reads changed since {self.before}: it is worth {self.value_now_k:,.0f} "
                    f"{self.unit}.")
        worth = f"{abs(change):,} {self.unit} {'more' if change > 0 else 'less'} than" if change else "as much as"
        moved = told["contribution_k"].round() != 0
        parts = [f"{row['cause']} {row['contribution_k']:+,.0f}" for row in told[moved].to_dict("records")]
        idle = told.loc[~moved, "cause"].tolist()
        without = [f"{' and '.join(idle)} changed without effect"] if idle else []
        said = "; ".join([", ".join(parts) or "no cause moves it", *without])
        return f"The plan is worth {worth} in {self.before}: {said}."

    def by_size(self) -> pd.DataFrame:
        """Contributions of the causes that differ, the largest first."""
        told = self.contributions[self.contributions["differs"]]
        return told.sort_values("contribution_k", key=lambda found: -found.abs(), kind="stable", ignore_index=True)

    def unchanged(self) -> str:
        """Say which causes did not change."""
        same = self.contributions.loc[~self.contributions["differs"], "cause"]
        return did_not_change(same.tolist()) if len(same) < len(Cause) else ""

    def flipped(self) -> str:
        """Say which decisions flipped."""
        if self.flips.empty:
            return "No decision flipped."
        n = len(self.flips)
        return f"{n} decision{'s' if n > 1 else ''} flipped: {', '.join(self.flips['project_id'])}."

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        if self.missing:
            return {"no split": "a period or a mixture of both has no plan"}
        told = self.by_size()
        lines = {f"{self.change_k:+,.0f}": f"{self.unit} since {self.before}"}
        for row in told.head(1).to_dict("records"):
            # One cause alone has the same figure.
            lines.setdefault(f"{row['contribution_k']:+,.0f}", f"by {row['cause']}, the largest cause")
        return lines | {f"{len(self.flips)}": "decisions flipped"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the steps from the last plan's value to this one's, with the flips as a small table.

        Raises
        ------
        ParameterError
            There is no split.
        """
        if self.missing:
            raise ParameterError(f"plot: {self.missing}")
        from pmlib.plots import changes

        return changes.waterfall(self.steps(), ax, unit=self.unit)

    def steps(self) -> pd.DataFrame:
        """List the steps of the waterfall: label, start, end, kind (plan, more, less)."""
        told = self.by_size()
        ends = self.value_before_k + told["contribution_k"].cumsum().to_numpy()
        starts = np.concatenate([[self.value_before_k], ends[:-1]])[:len(ends)]
        rows = [(f"plan of {self.before}", 0.0, self.value_before_k, "plan")]
        rows += [(cause, float(start), float(end), "more" if end >= start else "less")
                 for cause, start, end in zip(told["cause"], starts, ends, strict=True)]
        rows.append((f"plan of {self.now}", 0.0, self.value_now_k, "plan"))
        return pd.DataFrame(rows, columns=["label", "start", "end", "kind"])

    def __repr__(self) -> str:
        if self.missing:
            return f"<Attribution {self.before} to {self.now}: no split>"
        largest = self.by_size()["cause"].iloc[:1].tolist()
        return (f"<Attribution {self.before} to {self.now}: {self.change_k:+,.0f} {self.unit}"
                f"{f', most by {largest[0]}' if largest else ''}; {len(self.flips)} flipped>")


def attribution(
    before: Known | Mapping[str, Any], now: Known | Mapping[str, Any], *, policy: Policy | None = None,
    executor: Executor | None = None,
) -> Attribution:
    """Split the change from the last plan to this one over its causes, for the value and for every flipped decision.

    For every set of causes a plan is chosen on mixed data: these causes as they are now, the others as they were
    before. The game's value is what that plan is worth, in one yardstick for all, this period's policy; so the first
    value is what the last plan would have said of itself by this period's policy. For a project it is 1 where the
    plan goes on with it (start, keep, slow, fast) and 0 where it does not or the project is not there. Each cause
    contributes its Shapley value: what it adds when the causes come in one after another, on average over all
    orders. Ties of plans are broken towards the last plan, so that no decision flips without a reason.

    Where a mixture holds no plan because of the bands of the mix, all are chosen anew with the bands priced; where that
    does not help, there is no split and ``missing`` says so.

    A plan's value does not rise with the causes, so contributions may have either sign and exceed the whole change.

    Parameters
    ----------
    before, now : Known, or mapping of table name to frame
        What was known at the end of the last period and of this one.
    policy : Policy, optional
        This period's. For the weights to matter, an objective that counts points.
    executor : concurrent.futures.Executor, optional
        Where the up to 128 plans are chosen; when left out, one process per core. The answer is the same.

    Raises
    ------
    MissingTableError, SchemaError, ParameterError
        As for `pair`.
    SolverError
        HiGHS or a worker fails.

    References
    ----------
    Shapley (1953), A value for n-person games, in: Contributions to the Theory of Games II.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": [100.0, 100.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": 50.0, "benefit_k": [90.0, 80.0]})
    >>> then = Known(tables={"projects": projects, "cash_flows": flows}, period="2025-12")
    >>> found = pd.DataFrame({"project_id": ["P2"], "factor": [0.25]})
    >>> now = Known(tables=then.tables, period="2025-12", evidence=found)
    >>> attribution(then, now).flips["says"].tolist()
    ['P2 goes from keep to stop: evidence.']
    """
    return attributed(pair(before, now), policy=policy, executor=executor)


def attributed(both: Pair, *, policy: Policy | None = None, executor: Executor | None = None) -> Attribution:
    """Split the change within a pair; parameters as of `attribution`."""
    solved = solve_coalitions(both, policy=policy, executor=executor)
    common: dict[str, Any] = {
        "before": month_text(both.before.first - 1), "now": month_text(both.now.first - 1),
        "unit": _unit(both, solved.policy), "n_plans": len(solved.plans), "missing": solved.missing}
    return _without(common) if solved.missing else _split(both, solved, common)


def _without(common: dict[str, Any]) -> Attribution:
    empty = [pd.DataFrame({name: pd.Series(dtype=object) for name in columns}) for columns in (
        CONTRIBUTION_COLUMNS, FLIP_COLUMNS, PART_COLUMNS, ["one", "other", "interaction"])]
    return Attribution(contributions=empty[0], flips=empty[1], flip_parts=empty[2], interactions=empty[3],
                       value_before_k=math.nan, value_now_k=math.nan, notes=(), **common)


def _split(both: Pair, solved: Coalitions, common: dict[str, Any]) -> Attribution:
    first, last = solved.plans[0], solved.plans[-1]
    flipped = sorted(first.on ^ last.on)
    games = np.array([[float(plan.value or 0.0), *(float(name in plan.on) for name in flipped)]
                      for plan in solved.plans])
    split, causes = shapley(games), [str(cause) for cause in solved.causes]
    parts = pd.DataFrame(
        [(name, cause, float(split[row, 1 + place])) for place, name in enumerate(flipped)
         for row, cause in enumerate(causes)], columns=PART_COLUMNS)
    return Attribution(
        contributions=_contributions(games[:, 0], split[:, 0], causes), flips=_flips(both, (first, last), parts),
        flip_parts=parts, interactions=interactions(games[:, 0], causes), value_before_k=games[0, 0],
        value_now_k=games[-1, 0], notes=tuple(_notes(solved, games[:, 0], split[:, 0])), **common)


def _contributions(game: np.ndarray, split: np.ndarray, causes: list[str]) -> pd.DataFrame:
    everything, rows = len(game) - 1, {}
    for place, cause in enumerate(causes):
        alone, last = game[1 << place] - game[0], game[everything] - game[everything ^ 1 << place]
        rows[cause] = (cause, True, float(split[place]), float(alone), float(last))
    return pd.DataFrame([rows.get(cause, (str(cause), False, 0.0, 0.0, 0.0)) for cause in Cause],
                        columns=CONTRIBUTION_COLUMNS).astype({"cause": str})


def _flips(both: Pair, ends: tuple[Mixture, Mixture], parts: pd.DataFrame) -> pd.DataFrame:
    names = {**_names(both.before), **_names(both.now)}
    rows = []
    for name, mine in parts.groupby("project_id", sort=True):
        then, now = (plan.actions.get(str(name), _state(side, str(name)))
                     for plan, side in zip(ends, (both.before, both.now), strict=True))
        shares = mine.assign(share=mine["contribution"] / mine["contribution"].sum()).sort_values(
            "share", ascending=False, kind="stable")
        shares = shares[shares["share"].abs() >= _TOLD]
        why = shares["cause"].iloc[0] if len(shares) == 1 else ", ".join(
            f"{cause} {100 * share:.0f} %" for cause, share in zip(shares["cause"], shares["share"], strict=True))
        rows.append((name, names.get(str(name), name), then, now, shares["cause"].iloc[0], shares["share"].iloc[0],
                     why, f"{name} goes from {then} to {now}: {why}."))
    return pd.DataFrame(rows, columns=FLIP_COLUMNS).astype({name: str for name in FLIP_COLUMNS if name != "share"})


def _names(side: Side) -> dict[str, str]:
    projects = side.tables["projects"]
    return dict(zip(projects["project_id"], projects["name"].fillna(projects["project_id"]), strict=True))


def _state(side: Side, project_id: str) -> str:
    projects = side.tables["projects"].set_index("project_id")["state"]
    return str(projects.get(project_id, _ABSENT))


def _unit(both: Pair, policy: Policy) -> str:
    if policy.objective is Objective.SCORE:
        return "points"
    return f"thousand {currency_of(both.now.tables)}"


def _notes(solved: Coalitions, game: np.ndarray, split: np.ndarray) -> list[str]:
    notes = []
    if solved.priced:
        notes.append("Some mixture of then and now cannot hold the bands of the mix, so in all of them a thousand "
                     f"outside a band costs {solved.policy.mix_price:g} thousand; both values hold that price.")
    unsure = max(plan.gap * abs(value) for plan, value in zip(solved.plans, game, strict=True))
    n = sum(plan.gap > PROVED_GAP for plan in solved.plans)
    if n:
        notes.append(f"{n} of {len(game)} plans are not proved the best; a value may be up to {unsure:,.1f} higher.")
    return notes + _together(interactions(game, [str(cause) for cause in solved.causes]), split, solved.causes)


def _together(found: pd.DataFrame, split: np.ndarray, causes: tuple[Cause, ...]) -> list[str]:
    """Name the pair of causes that do most beyond the sum of both, where that is much."""
    size = dict(zip(causes, np.abs(split), strict=True))
    for one, other, both in found.itertuples(index=False):
        least = max(_TOGETHER * max(size[one], size[other]), _MATTERS * max(size.values()), 0.5)
        if abs(both) > least:
            return [f"{one.capitalize()} and {other} together do {both:+,.0f} beyond the sum of both, so their "
                    "contributions are shares of it."]
    return []
