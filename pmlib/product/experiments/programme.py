"""All experiments of a programme: which found something, when each is judged among the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count
from pmlib.product.experiments.discovery import benjamini_hochberg
from pmlib.product.experiments.proportions import as_share
from pmlib.product.experiments.reading import ExperimentReading, Verdict, p_text, read_days
from pmlib.product.experiments.shrinkage import shrink
from pmlib.product.experiments.sums import daily_sums, none_told
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ALPHA = 0.05
_MOST_NAMED = 4
_Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False, kw_only=True)
class ExperimentProgramme:
    """What all experiments found, and which of it is more than luck.

    Attributes
    ----------
    tests : DataFrame
        One row per experiment, by id: ``test_id``, ``first_day``, ``last_day``, ``days``, ``visitors``,
        ``rate_control`` and ``rate_treatment`` (0-1), ``effect_pp`` with ``low_pp`` and ``high_pp`` (95 %, each on its
        own), ``lift_pct`` with ``lift_low_pct`` and ``lift_high_pct``, ``p``, ``p_corrected`` (Benjamini-Hochberg over
        all that are read), ``shrunken_pp`` with ``shrunken_low_pp`` and ``shrunken_high_pp`` (empirical Bayes),
        ``outcome`` with ``outcome_low`` and ``outcome_high`` (per visitor, by CUPED where known), ``variance_saved``
        (0-1), ``sequential_p``, ``chance_better``, ``expected_loss_pp``, ``detectable_pp``, ``mismatch_p``,
        ``verdict``. Effects are NaN where they are not to be read.
    false_discovery : float
        Share of false ones among those called real, at most, on average.
    period : int
        Last month counted.
    """

    tests: pd.DataFrame
    false_discovery: float
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per experiment."""
        return self.tests.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw every effect with its interval and verdict."""
        from pmlib.plots import experiments

        return experiments.forest(self.tests, ax)

    def named(self, verdict: Verdict) -> list[str]:
        """Return the ids with this verdict."""
        return self.tests.loc[self.tests["verdict"] == verdict, "test_id"].tolist()

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.tests.empty:
            return {"0": "experiments"}
        return {
            f"{len(self.named(Verdict.REAL))} of {len(self.tests)}": "experiments found something real",
            f"{len(self._lucky())} not held": "below 5 % on their own, as luck is among so many",
            f"{len(self.named(Verdict.DO_NOT_READ))} unread": "visitors did not go to the arms as planned",
        }

    def summary(self) -> str:
        """Return what is real, what only looked so, and what is not to be read."""
        if self.tests.empty:
            return none_told(self.period)
        parts = [
            f"Of {counted(len(self.tests), 'experiment')} to {month_name(self.period)}, "
            f"{len(self.named(Verdict.REAL))} found something real{self._effects()}."
        ]
        if lucky := self._lucky():
            parts.append(f"{listed(lucky)} lay below 5 % alone, as luck does among so many, and did not hold.")
        if unsound := self.named(Verdict.DO_NOT_READ):
            parts.append(f"Do not read {listed(unsound)}: visitors did not go to the arms as planned.")
        if small := self.named(Verdict.TOO_FEW):
            parts.append(f"Not enough data: {listed(small)}, an arm without visitors.")
        return " ".join(parts)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        said = ", ".join(f"{len(self.named(verdict))} {verdict}" for verdict in Verdict if self.named(verdict))
        return f"<ExperimentProgramme to {month_name(self.period)}: {said or 'no experiments'}>"

    def _effects(self) -> str:
        found = self.tests[self.tests["verdict"] == Verdict.REAL].sort_values("p", kind="stable")
        if found.empty:
            return ""
        told = [_told(row) for row in found.head(_MOST_NAMED).to_dict("records")]
        more = [f"{len(found) - _MOST_NAMED} more"] if len(found) > _MOST_NAMED else []
        share = percent(self.false_discovery)
        return f": {listed([*told, *more])}. Of what is called real, {share} at most is false on average"

    def _lucky(self) -> list[str]:
        alone = (self.tests["p"] < _ALPHA) & (self.tests["verdict"] == Verdict.NOT_SHOWN)
        return self.tests.loc[alone, "test_id"].tolist()


def read_experiments(
    tables: Tables, *, period: int | str, planned_share: float = 0.5, planned_days: int = 14,
    false_discovery: float = 0.05,
) -> ExperimentProgramme:  # fmt: skip
    """Read out every experiment, and judge each among all the others.

    An experiment whose visitors were not split as planned is not read, and does not count among the others. The p of
    the rest are corrected over the programme, and their effects drawn together, since the largest one is in part the
    luckiest.

    Parameters
    ----------
    tables : mapping
        ``experiments``: one row per test, day and arm.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    planned_share : float
        Share of visitors that treatment was to get, of every test.
    planned_days : int
        Days planned of every test: there the always-valid interval is tightest.
    false_discovery : float
        Share of false ones among those called real, at most, on average.

    Raises
    ------
    MissingTableError
        There is no table ``experiments``.
    ParameterError
        A share is none.
    SchemaError
        The sums are impossible.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57. Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments.

    Examples
    --------
    >>> days = pd.DataFrame({"test_id": "T", "day": "2025-11-03", "arm": ["control", "treatment"],
    ...                      "new_users": [4000, 4000], "conversions": [400, 460]})
    >>> read_experiments({"experiments": days}, period="2025-12")
    <ExperimentProgramme to December 2025: 1 real>
    """
    last = as_month(period)
    share = as_share("false_discovery", false_discovery, use=0.05)
    planned = as_count("planned_days", planned_days)
    days = daily_sums(tables, last=last)
    rows = [
        _row(read_days(one, planned_share=planned_share, planned_days=planned), one)
        for _, one in days.groupby("test_id", sort=True)
    ]
    tests = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    return ExperimentProgramme(tests=_judged(tests, share), false_discovery=share, period=last)


_NUMBERS = ("rate_control", "rate_treatment", "effect_pp", "low_pp", "high_pp", "lift_pct", "lift_low_pct",
            "lift_high_pct", "p", "p_corrected", "shrunken_pp", "shrunken_low_pp", "shrunken_high_pp", "outcome",
            "outcome_low", "outcome_high", "variance_saved", "sequential_p", "chance_better", "expected_loss_pp",
            "detectable_pp", "mismatch_p")  # fmt: skip
_COLUMNS: dict[str, Any] = (
    {"test_id": "str", "first_day": "datetime64[s]", "last_day": "datetime64[s]", "days": "int64", "visitors": "int64"}
    | dict.fromkeys(_NUMBERS, "float64")
    | {"verdict": "str"}
)


def _row(reading: ExperimentReading, days: pd.DataFrame) -> dict[str, Any]:
    """Put one experiment's reading into one row."""
    effect, lift, plain, adjusted = (reading.measures.iloc[i] for i in range(4))
    outcome = plain if np.isnan(adjusted["value"]) else adjusted
    ends = {"": "value", "_low": "low", "_high": "high"}
    return {
        "test_id": reading.test_id, "first_day": days["day"].min(), "last_day": days["day"].max(),
        "days": days["day"].nunique(), "visitors": reading.arms["visitors"].sum(),
        "rate_control": reading.arms["rate"].iloc[0], "rate_treatment": reading.arms["rate"].iloc[1],
        "effect_pp": effect["value"], "low_pp": effect["low"], "high_pp": effect["high"], "p": effect["p"],
        **{f"lift{name}_pct": lift[end] for name, end in ends.items()},
        **{f"outcome{name}": outcome[end] for name, end in ends.items()},
        "variance_saved": reading.variance_saved,
        "sequential_p": reading.days["p"].iloc[-1] if len(reading.days) else np.nan,
        "chance_better": reading.chance_better, "expected_loss_pp": reading.expected_loss_pp,
        "detectable_pp": reading.detectable_pp, "mismatch_p": reading.mismatch_p, "verdict": str(reading.verdict),
    }  # fmt: skip


def _judged(tests: pd.DataFrame, false_discovery: float) -> pd.DataFrame:
    """Correct p over the programme, draw the effects together, and say what is real."""
    corrected = benjamini_hochberg(tests["p"])
    # Half of Newcombe's interval is the error it gives; it is slightly askew only where rates are extreme.
    drawn = shrink(tests["effect_pp"], (tests["high_pp"] - tests["low_pp"]) / (2 * _Z95))
    judged = np.where(corrected < false_discovery, str(Verdict.REAL), str(Verdict.NOT_SHOWN))
    return tests.assign(
        p_corrected=corrected, shrunken_pp=drawn.values, shrunken_low_pp=drawn.low, shrunken_high_pp=drawn.high,
        verdict=np.where(tests["p"].notna(), judged, tests["verdict"]),
    ).astype({"verdict": "str"})  # fmt: skip


def _told(row: dict[Any, Any]) -> str:
    drawn = "" if np.isnan(row["shrunken_pp"]) else f", {row['shrunken_pp']:+.2f} once luck is taken out"
    return (
        f"{row['test_id']} {row['effect_pp']:+.2f} pp ({row['low_pp']:+.2f} to {row['high_pp']:+.2f}; "
        f"p {p_text(row['p'])}{drawn})"
    )
