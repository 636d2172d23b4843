"""How sure a release plan is: planned anew in many draws of impact and effort, how often each feature is in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import solve
from pmlib.product.engine import as_count
from pmlib.product.release.capacity import Floats
from pmlib.product.release.formulation import NOWHERE, Ints, Question
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pmlib.product.release.plan import ReleasePlan

_SURE = 0.9


@dataclass(frozen=True, eq=False, kw_only=True)
class ReleaseChances:
    """In what share of draws each feature is in the best plan, and in which release.

    Attributes
    ----------
    chances : DataFrame
        One row per open feature, most likely first: ``feature_id``, ``name``, ``team``, ``verdict`` and ``release``
        of the plan, ``chance`` (0-1, in any release), ``low``, ``high`` (Wilson's 95 % interval of the draws), and
        one column of shares for each release, named as it.
    release_names : tuple of str
    draws : int
        Plans solved.
    all_musts : float
        Share of draws in which every must fits; in the others as many as possible are built.
    effort_spread : float
        Standard deviation of the logarithm of effort.
    seed : int
    """

    chances: pd.DataFrame
    release_names: tuple[str, ...]
    draws: int
    all_musts: float
    effort_spread: float
    seed: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per open feature."""
        return self.chances.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the chance of each feature, parted by release."""
        from pmlib.plots import release

        drawn: Axes = release.chances(self.chances, ax, releases=self.release_names, draws=self.draws)
        return drawn

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.chances.empty:
            return {"0": "open features"}
        chance = self.chances["chance"]
        return {
            f"{int((chance >= _SURE).sum())} of {len(chance)}": f"features are built in {percent(_SURE)} of draws",
            f"{int(((chance < _SURE) & (chance > 1 - _SURE)).sum())}": "hang on what impact and effort turn out to be",
            percent(self.all_musts): "of draws hold every must",
        }

    def summary(self) -> str:
        """Return which features are sure, which hang in the balance, and how often every must fits."""
        if self.chances.empty:
            return "No feature is open."
        frame = self.chances
        sure = frame.loc[frame["chance"] >= _SURE, "feature_id"].sort_values().tolist()
        open_ones = frame[(frame["chance"] < _SURE) & (frame["chance"] > 1 - _SURE)].sort_values("feature_id")
        told = [f"{row.feature_id} {percent(float(str(row.chance)))}" for row in open_ones.itertuples()]
        words = [f"{listed(sure)} {'is' if len(sure) == 1 else 'are'} built in 9 of 10 draws or more." if sure else
                 "No feature is built in 9 of 10 draws."]  # fmt: skip
        if told:
            words.append(f"In the balance: {listed(told)}.")
        words.append(f"Every must fits in {percent(self.all_musts)} of {counted(self.draws, 'draw')}.")
        return " ".join(words)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        sure = int((self.chances["chance"] >= _SURE).sum())
        return f"<ReleaseChances: {sure} of {len(self.chances)} features sure; {counted(self.draws, 'draw')}>"


def chances_of_release(
    plan: ReleasePlan, *, draws: int = 200, effort_spread: float = 0.2, seed: int = 20260101
) -> ReleaseChances:
    """Plan anew in many draws of what is not known, and count how often each feature is built.

    Impact is drawn from the triangle low, most likely, high; effort is multiplied by a log-normal number of median 1.
    Each draw is solved as if its numbers were known, so that a chance says how far the plan hangs on them. Where a
    draw leaves no room for every must, as many musts as possible are built. A feature with a value of its own
    (``ReleaseRules.value``) keeps the shape of its impact's triangle.

    Parameters
    ----------
    plan : ReleasePlan
        The plan; its capacity, musts and rules hold in every draw.
    draws : int
        Number of plans, 1 or more.
    effort_spread : float
        Standard deviation of the logarithm of effort, 0 to 2; 0.2 is about a fifth either way.
    seed : int
        Seed of the draws.

    Raises
    ------
    ParameterError
        No whole number of draws, a spread outside 0 to 2, or the plan has no capacity to draw for.
    """
    draws = as_count("draws", draws)
    if not isinstance(effort_spread, Real) or not 0 <= effort_spread <= 2:  # noqa: PLR2004 - beyond it a feature takes seven times its effort or a seventh
        raise ParameterError(f"effort_spread: got {effort_spread!r}, allowed 0 to 2. Use 0.2 for a fifth either way.")
    if not isinstance(seed, Integral) or seed < 0:
        raise ParameterError(f"seed: got {seed!r}, allowed a whole number, 0 or more. Leave it out.")
    question = plan.question
    if question.features and not question.teams:
        raise ParameterError("plan: it has no capacity, so nothing can be drawn. Add months to team_capacity.")
    built = _built(question, *_drawn(plan, draws=draws, spread=effort_spread, seed=seed))
    fits = (built[:, question.must] != NOWHERE).all(axis=1) & (built[:, question.committed] == 0).all(axis=1)
    names = tuple(plan.rules.names(plan.period))
    return ReleaseChances(
        chances=_table(plan, built, names), release_names=names, draws=draws, effort_spread=effort_spread, seed=seed,
        all_musts=float(fits.mean()),
    )  # fmt: skip


def _drawn(plan: ReleasePlan, *, draws: int, spread: float, seed: int) -> tuple[Floats, Floats]:
    """Draw value and effort, each of shape (draws, n_features)."""
    rng, question = np.random.default_rng(seed), plan.question
    rows = plan.backlog.set_index("feature_id").loc[list(question.features)]
    low, mode, high = (rows[f"impact_{end}"].to_numpy(dtype=float) for end in ("low", "mode", "high"))
    shape = (draws, len(question.features))
    # A triangle by its inverse: numpy's own refuses one whose ends are equal.
    u, width = rng.uniform(size=shape), high - low
    peak = np.divide(mode - low, width, out=np.zeros_like(width), where=width > 0)
    rising, falling = low + np.sqrt(u * width * (mode - low)), high - np.sqrt((1 - u) * width * (high - mode))
    touched = (rows["reach"] * rows["confidence"]).to_numpy(dtype=float, copy=True)
    each = np.divide(question.value, mode, out=touched, where=mode > 0)
    return each * np.where(u < peak, rising, falling), question.effort * np.exp(spread * rng.standard_normal(shape))


def _built(question: Question, value: Floats, effort: Floats) -> Ints:
    """Solve every draw; release of each feature, shape (draws, n_features)."""
    if not question.features:
        return np.empty((len(value), 0), dtype=np.int64)
    free = question.model.without(question.model.rows("must", "committed"))
    plans = []
    for points, person_months in zip(value, effort, strict=True):
        # No sum of values outweighs one must, so that as many musts as possible are in, and the value is best then.
        bonus = 1.0 + float(points.sum()) * question.quarters[0]
        model = question.redrawn(free, points, person_months)
        model = replace(model, objective=model.objective + bonus * question.held.ravel())
        plans.append(question.built(solve(model, near=True).x))
    return np.array(plans)


def _table(plan: ReleasePlan, built: Ints, names: tuple[str, ...]) -> pd.DataFrame:
    from statsmodels.stats.proportion import proportion_confint

    counts = np.stack([(built == r).sum(axis=0) for r in range(len(names))], axis=1)
    inside = counts.sum(axis=1)
    low, high = proportion_confint(inside, len(built), method="wilson")
    # A product may have no open feature, and an empty list has no kind of its own.
    ids = pd.Series(plan.question.features, dtype="str")
    frame = pd.DataFrame({"feature_id": ids, "chance": inside / len(built), "low": low,
                          "high": high})  # fmt: skip
    frame[list(names)] = counts / len(built)
    about = plan.features[["feature_id", "name", "team", "verdict", "release"]]
    told = about.merge(frame, on="feature_id", how="inner", validate="one_to_one")
    return told.sort_values(["chance", "feature_id"], ascending=[False, True], ignore_index=True)
