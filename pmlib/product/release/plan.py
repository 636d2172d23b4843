"""A release plan as it is handed out: what each team builds when, why the rest is not built, what would help."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from pmlib.months import month_name
from pmlib.portfolio.model import Status
from pmlib.product.release.accounts import recounted
from pmlib.product.release.backlog import RELEASED
from pmlib.product.release.capacity import ReleaseRules
from pmlib.product.release.formulation import Question
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Where a feature stands in a plan.
FORCED, BUILT, LEFT, IMPOSSIBLE = "forced", "built", "left", "not open"
#: A share of the value that is rounding alone.
_NOTHING = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class ReleasePlan:
    """What each team builds in each release, and why the rest is not built.

    Attributes
    ----------
    features : DataFrame
        One row per feature of the product (of all when none is named), by release and id: ``feature_id``,
        ``product_id``, ``name``, ``team``, ``moscow``, ``state``, ``depends_on``, ``effort_pm``, ``value_points`` (a
        quarter: reach x impact x confidence unless given), ``must``, ``verdict`` (forced, built, left, not open),
        ``release`` (1, 2, ...; missing: none), ``release_name``, ``worth_points`` (over the quarters of use),
        ``forcing_points`` (what forcing a must costs the plan; NaN for others), ``reason``.
    loads : DataFrame
        One row per team and release: ``team``, ``release``, ``release_name``, ``capacity_pm``, ``used_pm``,
        ``left_pm``, ``one_more_points`` (what one more person-month would add).
    shortfall : DataFrame
        Without a plan: ``team``, ``release``, ``release_name``, ``short_pm``: the fewest person-months more with which
        everything forced fits.
    misfits : tuple of str
        Without a plan: forced features that stay out when as many as possible are built.
    value_points : float
        Value of the plan over its quarters of use; NaN without a plan.
    greedy_points : float
        The same of filling up by value a person-month, musts first; NaN where that leaves a must out.
    status, gap, seconds
        How far the solver got, the relative gap of the proof, its time.
    period : int
        Month before the first release.
    notes : tuple of str
        What a reader should know of the input.
    """

    features: pd.DataFrame
    loads: pd.DataFrame
    shortfall: pd.DataFrame
    misfits: tuple[str, ...]
    value_points: float
    greedy_points: float
    status: Status
    gap: float
    seconds: float
    period: int
    rules: ReleaseRules
    question: Question = field(repr=False)
    backlog: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is a plan."""
        return not math.isnan(self.value_points)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature."""
        return self.features.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the releases: features as bars in a lane for each team, beside what the team has."""
        from pmlib.plots import release

        drawn: Axes = release.plan(self.features, self.loads, ax)
        return drawn

    def check(self) -> str:
        """Count the plan again from the tables' rows, without the solver.

        Raises
        ------
        CheckError
            A feature stands twice, a team has too much, what a feature needs comes later, a must is missing, or the
            value does not add up.
        """
        return recounted(self)

    @property
    def greedy_loss(self) -> float:
        """Share of the plan's value that filling up by value a person-month loses; NaN where it finds no plan."""
        return 1 - self.greedy_points / self.value_points if self.value_points else math.nan

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        open_ones = int((self.features["verdict"] != IMPOSSIBLE).sum())
        if not self.found:
            if not self.question.teams:
                return {"–": f"no capacity known after {month_name(self.period)}"}
            if len(self._blocked):
                return {f"{len(self._blocked)}": "musts that no plan can hold"}
            short = self.shortfall["short_pm"].sum()
            return {f"{short:,.1f}": "person-months short of what is forced", f"{open_ones}": "features to choose from"}
        inside = self.features["release"].notna()
        used, have = (self.loads[column].sum() for column in ("used_pm", "capacity_pm"))
        return {
            f"{int(inside.sum())} of {open_ones}": f"open features fit into {counted(self.rules.releases, 'release')}",
            f"{int((self.features['verdict'] == FORCED).sum())}": "of them are musts",
            f"{used:,.1f} of {have:,.1f}": "person-months used",
        }

    def summary(self) -> str:
        """Return what is built when, what the rule of thumb would lose, what one person-month more is worth."""
        if self.found and not self.question.features:
            return " ".join(["No feature is open: nothing to plan.", *self.notes])
        if not self.found:
            return " ".join([self._misfit(), *self.notes])
        words = [f"{self._built()} {self._proved()}", self._greedy(), self._scarcest(), *self.notes]
        return " ".join(filter(None, words))

    def _built(self) -> str:
        parts = [
            f"{name} {listed(rows['feature_id'].tolist())}"
            for name, rows in self.features[self.features["release"].notna()].groupby("release_name", sort=True)
        ]
        return f"Build in {'; in '.join(parts)}:" if parts else "Nothing fits:"

    def _proved(self) -> str:
        how = "proved best" if self.status is Status.PROVED else f"within {100 * self.gap:.2f} % of the best"
        return f"{self.value_points:,.0f} points over {self.rules.horizon_months} months, {how}."

    def _greedy(self) -> str:
        if math.isnan(self.greedy_points):
            return "Filling up by value a person-month finds no place for every must."
        if self.greedy_loss > _NOTHING:
            return f"Filling up by value a person-month loses {100 * self.greedy_loss:.1f} %."
        return "Filling up by value a person-month finds as good a plan."

    def _scarcest(self) -> str:
        if self.loads.empty or not self.loads["one_more_points"].max() > 0:
            return "One person-month more in any one team would change nothing."
        best = self.loads.sort_values(["one_more_points", "team"], ascending=[False, True], kind="stable")
        first = best[best["one_more_points"] > 0].drop_duplicates("release").sort_values("release")
        parts = [f"{row.team} in {row.release_name} ({row.one_more_points:+,.0f})" for row in first.itertuples()]
        return f"One person-month more is worth most in {listed(parts)}."

    @property
    def _blocked(self) -> pd.DataFrame:
        """Musts that are not open to any plan."""
        rows = self.features
        return rows[rows["must"] & (rows["verdict"] == IMPOSSIBLE) & (rows["state"] != RELEASED)]

    def _misfit(self) -> str:
        if not self.question.teams:
            return (f"Not enough data for a plan: team_capacity has no month after {month_name(self.period)}. "
                    f"Add {counted(self.rules.releases * self.rules.months_each, 'month')}.")  # fmt: skip
        if len(self._blocked):
            told = [f"{row.feature_id} ({row.reason})" for row in self._blocked.itertuples()]
            return f"No plan holds every must: {'; '.join(told)}. Take it out of the musts, or mend what it needs."
        short = self.shortfall.groupby("team")["short_pm"].sum()
        parts = [f"{team} is {amount:,.1f} person-months short" for team, amount in short.items()]
        return (f"No plan holds everything forced: {listed(parts)}. At best "
                f"{listed(list(self.misfits))} {'stays' if len(self.misfits) == 1 else 'stay'} out. "
                "Add people, plan more releases, or take a feature out of the musts.")  # fmt: skip

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        if not self.found:
            return f"<ReleasePlan: no plan; {self._misfit()}>"
        counts = [f"{int((self.features['release'] == r + 1).sum())} in {name}"
                  for r, name in enumerate(self.rules.names(self.period))]  # fmt: skip
        return f"<ReleasePlan: {', '.join(counts)}; {self.value_points:,.0f} points; {self.status}>"
