"""A programme of experiments of which most change nothing: what is found, and how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import CheckError
from pmlib.product.engine import as_seed
from pmlib.product.experiments.discovery import benjamini_hochberg
from pmlib.product.experiments.proportions import newcombe_interval, score_test
from pmlib.product.experiments.sequential import always_valid
from pmlib.product.experiments.shrinkage import shrink
from pmlib.product.noise.plan import ExperimentPlan, Flags, Floats, draw_conversions
from pmlib.product.noise.ranges import whole_number
from pmlib.product.noise.rules import ALPHA, BOTH, CORRECTED, EVERY_LOOK, ONCE, VALID, read_all, stops
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z95, _LEAST_DRAWS, _MOST_DRAWS = 1.959963984540054, 20, 3_000


@dataclass(frozen=True, eq=False, kw_only=True)
class ExperimentNoise:
    """What a programme finds, and what is there.

    Attributes
    ----------
    tests : DataFrame
        One programme, one row per test, as read by who stops at the first look with p below 5 %: ``test_id``,
        ``true_pp``, ``look`` (where it stopped), ``visitors`` (of an arm then), ``effect_pp``, ``low_pp``, ``high_pp``
        (95 %, percentage points), ``p``, ``found``, ``false`` (found though nothing is there), ``p_corrected``
        (Benjamini-Hochberg, read at the end), ``p_valid`` (always valid, all looks), ``shrunken_pp`` (read at the end
        and drawn towards the programme's mean; NaN with fewer than 5 tests).
    rules : DataFrame
        One row per way to read a programme, over all drawn ones: ``rule``, ``null_share`` (of tests without effect
        that are found) with ``null_theory_share``, ``any_false_share`` (of programmes with a false finding) with
        ``any_theory_share`` (NaN where no closed form is given), ``false_share`` (of what is found, on average; 0
        where nothing is), ``real_share`` (of real effects that are found), ``found_pp`` (what these seem to gain).
    plan : ExperimentPlan
        The programme.
    draws : int
        Programmes drawn.
    """

    tests: pd.DataFrame
    rules: pd.DataFrame
    plan: ExperimentPlan
    draws: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per test of one programme."""
        return self.tests.copy(deep=False)

    def rule(self, name: str) -> pd.Series:
        """Return the row of one way to read."""
        return self.rules[self.rules["rule"] == name].iloc[0]

    @property
    def naive(self) -> pd.Series:
        """The way that calls a test as soon as p lies below 5 %."""
        return self.rule(EVERY_LOOK if self.plan.looks > 1 else ONCE)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the estimated lifts of one programme, sorted, with the real ones marked."""
        from pmlib.plots import noise

        return noise.sorted_lifts(self.tests, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        naive, nulls = self.naive, self.plan.tests - self.plan.real
        figures = {}
        if nulls > 0:
            said = f"find something false among {nulls} without effect"
            figures = {f"{percent(naive['any_false_share'])} of programmes": said,
                       f"{percent(naive['false_share'])} of findings": "are false, on average"}  # fmt: skip
        if np.isfinite(naive["found_pp"]):
            figures[f"{naive['found_pp']:+.2f} pp"] = f"what a found gain of {self.plan.lift_pp:+.2f} pp looks like"
        return figures

    def summary(self) -> str:
        """Return what one programme found, what is false of it, what peeking does, and what the remedies give."""
        plan = self.plan
        times = "once" if plan.looks == 1 else f"{plan.looks} times"
        planned = (
            f"{plan.real} of {counted(plan.tests, 'experiment')} with {plan.visitors_per_arm:,} visitors an arm truly "
            f"move conversion by {plan.lift_pp:+.2f} pp, the others by nothing; each is read {times}."
        )
        return " ".join(filter(None, [planned, self._drawn(), self._false(), self._curse(), self._remedies()]))

    def check(self) -> str:
        """Count what was found again.

        Raises
        ------
        CheckError
            What is found is not made of what is there and what is not.
        """
        wrong = self.tests["found"] & (self.tests["true_pp"] == 0)
        if (wrong != self.tests["false"]).any():
            raise CheckError("tests: false findings are not those without an effect. Report this with the seed.")
        return f"Of {int(self.tests['found'].sum())} findings {int(wrong.sum())} are false and the rest are there."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        found, false = (int(self.tests[name].sum()) for name in ("found", "false"))
        return (
            f"<ExperimentNoise: {self.plan.real} of {counted(self.plan.tests, 'test')} real; {found} found, {false} of "
            f"them false; {self.draws} programmes drawn>"
        )

    def _drawn(self) -> str:
        false = self.tests.loc[self.tests["false"], "test_id"].tolist()
        found = int(self.tests["found"].sum())
        which = f": {listed(false)}" if false else ""
        return f"In this programme p falls below 5 % for {found}, {len(false)} of them false{which}."

    def _false(self) -> str:
        nulls, naive = self.plan.tests - self.plan.real, self.naive
        if nulls == 0:
            return ""
        names = ("null_share", "null_theory_share", "any_false_share", "any_theory_share", "false_share")
        null, null_theory, some, some_theory, false = (percent(naive[name]) for name in names)
        return (
            f"In {self.draws:,} such programmes {null} of tests without an effect are found (theory {null_theory}), "
            f"and {some} of programmes find one or more of {nulls} (theory {some_theory}); {false} of what is found "
            "is false."
        )

    def _curse(self) -> str:
        naive = self.naive
        if not np.isfinite(naive["found_pp"]):
            return ""
        return (
            f"Real effects are found {percent(naive['real_share'])} of the time, and then look like "
            f"{naive['found_pp']:+.2f} pp."
        )

    def _remedies(self) -> str:
        names = {"Benjamini-Hochberg": CORRECTED, "The always-valid p": VALID}
        if self.plan.looks > 1:
            names["Both together"] = BOTH
        return " ".join(self._remedy(name, rule) for name, rule in names.items())

    def _remedy(self, name: str, rule: str) -> str:
        row = self.rule(rule)
        real = "" if np.isnan(row["real_share"]) else f", {percent(row['real_share'])} of real effects found"
        return f"{name}: {percent(row['false_share'])} of findings false{real}."


def experiment_noise(plan: ExperimentPlan | None = None, *, seed: int = 1, draws: int = 400) -> ExperimentNoise:
    """Show how much of what a programme of experiments finds is there.

    Parameters
    ----------
    plan : ExperimentPlan, optional
        The programme; the usual one by default.
    seed : int
        Another seed draws another programme of the same truth.
    draws : int
        Programmes drawn, 20 to 3,000; ``tests`` shows the first, which is the same however many are drawn.

    Raises
    ------
    ParameterError
        A number lies outside its range.

    References
    ----------
    Armitage, McPherson & Rowe (1969), JRSS A 132 (looking again and again). Benjamini & Hochberg (1995), JRSS B 57.
    Johari, Koomen, Pekelis & Walsh (2022), Operations Research 70 (always valid). Lee & Shen (2018), KDD (winner's
    curse).

    Examples
    --------
    >>> experiment_noise(ExperimentPlan(tests=20, share_real=0.15), draws=50)
    <ExperimentNoise: 3 of 20 tests real; 1 found, 0 of them false; 50 programmes drawn>
    """
    plan = plan or ExperimentPlan()
    count = whole_number("draws", draws, least=_LEAST_DRAWS, most=_MOST_DRAWS, remedy="Use 400.")
    rng = np.random.default_rng(as_seed(seed))
    real = rng.permutation(plan.tests) < plan.real
    hits, n = draw_conversions(plan, real, draws=count, rng=rng)
    p, valid = score_test(hits, n), always_valid(hits, n, planned_looks=plan.looks)[2]
    effects = 100 * np.diff(hits / n, axis=0)[0]
    return ExperimentNoise(
        tests=_programme(plan, real, (hits[:, 0], n[:, 0]), p=p[0], valid=valid[0]),
        rules=read_all(real, effects, p=p, valid=valid), plan=plan, draws=count,
    )  # fmt: skip


def _programme(
    plan: ExperimentPlan, real: Flags, sums: tuple[Floats, Floats], *, p: Floats, valid: Floats
) -> pd.DataFrame:
    """Write one programme test by test: sums of shape (2, n_tests, n_looks), p of shape (n_tests, n_looks)."""
    stop = stops(p)
    tests = np.arange(len(real))
    hits, n = (part[:, tests, stop] for part in sums)
    low, high = newcombe_interval(hits, n)
    at_stop = p[tests, stop]
    found = at_stop < ALPHA
    return pd.DataFrame({
        "test_id": [f"T{test:02d}" for test in tests + 1], "true_pp": np.where(real, plan.lift_pp, 0.0),
        "look": stop + 1, "visitors": n[0].astype("int64"), "effect_pp": 100 * np.diff(hits / n, axis=0)[0],
        "low_pp": 100 * low, "high_pp": 100 * high, "p": at_stop, "found": found, "false": found & ~real,
        "p_corrected": benjamini_hochberg(p[:, -1]), "p_valid": valid[:, -1],
        "shrunken_pp": _shrunken(sums[0][..., -1], sums[1][..., -1]),
    })  # fmt: skip


def _shrunken(hits: Floats, n: Floats) -> Floats:
    # Half of Newcombe's interval is the error it gives, as in the room's own programme.
    low, high = newcombe_interval(hits, n)
    return shrink(100 * np.diff(hits / n, axis=0)[0], 100 * (high - low) / (2 * _Z95)).values
