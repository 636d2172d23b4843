"""One experiment, read out: is the split sound, how large is the effect, how sure is that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month
from pmlib.product.engine import Tables, as_count
from pmlib.product.estimate import Estimate
from pmlib.product.experiments.posterior import chance_better, expected_loss
from pmlib.product.experiments.power import detectable_effect
from pmlib.product.experiments.proportions import lift_interval, newcombe_interval, score_test
from pmlib.product.experiments.sample_ratio import ALARM, mismatch_p
from pmlib.product.experiments.sequential import day_by_day, peeking_error
from pmlib.product.experiments.sums import daily_sums, none_told
from pmlib.product.experiments.variance_reduction import ARMS, SUMS, adjust_for_before
from pmlib.product.wording import counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Ints = npt.NDArray[np.int64]
_ALPHA = 0.05
_NAN = math.nan


class Verdict(StrEnum):
    """What may be said of an experiment."""

    REAL = "real"
    NOT_SHOWN = "not shown"
    DO_NOT_READ = "do not read"
    TOO_FEW = "not enough data"


@dataclass(frozen=True, eq=False, kw_only=True)
class ExperimentReading:
    """What one experiment found, on its own.

    Attributes
    ----------
    test_id : str
        The experiment.
    verdict : Verdict
        ``real`` where chance alone does that less than 5 % of the time, for this one test read once, at its end.
    arms : DataFrame
        One row per arm: ``arm``, ``visitors``, ``conversions``, ``rate`` (0-1).
    measures : DataFrame
        ``measure`` (conversion, lift, outcome, outcome adjusted), ``unit``, ``value``, ``low``, ``high``, ``p``, ``n``;
        treatment less control with 95 % intervals. NaN where not measured, and all of them where the split is unsound.
    days : DataFrame
        What was known after each day (see `pmlib.product.experiments.sequential.day_by_day`); no rows where unread.
    mismatch_p : float
        Chance of a split as uneven as this one.
    planned_share : float
        Share of visitors that treatment was to get.
    variance_saved : float
        Share of the outcome's variance that CUPED takes away; NaN without a measure before.
    chance_better : float
        P(treatment converts better), uniform priors.
    expected_loss_pp : float
        Points lost on average by choosing treatment, counting only the case that control is better.
    detectable_pp : float
        Smallest true gain that these visitors show four times in five, points.
    """

    test_id: str
    verdict: Verdict
    arms: pd.DataFrame
    measures: pd.DataFrame
    days: pd.DataFrame
    mismatch_p: float
    planned_share: float
    variance_saved: float = _NAN
    chance_better: float = _NAN
    expected_loss_pp: float = _NAN
    detectable_pp: float = _NAN

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measure."""
        return self.measures.copy(deep=False)

    def measure(self, name: str) -> dict[str, Any]:
        """Return ``value``, ``low``, ``high``, ``p``, ``n`` and ``unit`` of one measure."""
        rows = self.measures.set_index("measure")
        if name not in rows.index:
            raise ParameterError(f"measure: got {name!r}. {did_you_mean(name, rows.index)}")
        return {str(key): value for key, value in rows.loc[name].items()}

    def estimate(self, name: str = "conversion") -> Estimate:
        """Return one measure as an estimate, as evidence takes it."""
        found = self.measure(name)
        if math.isnan(found["value"]):
            return Estimate.unmeasured(unit=found["unit"])
        return Estimate(**{key: found[key] for key in ("value", "low", "high", "n", "unit")}, n_missing=0)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the interval day by day, the always-valid one and the ordinary one."""
        from pmlib.plots import experiments

        return experiments.day_by_day(self.days, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        visitors = {f"{int(self.arms['visitors'].sum()):,}": "visitors"}
        if self.verdict in (Verdict.DO_NOT_READ, Verdict.TOO_FEW):
            return {str(self.verdict): f"experiment {self.test_id}"} | visitors
        effect = self.measure("conversion")
        return {
            f"{effect['value']:+.2f} pp": "conversion, treatment less control",
            f"{effect['low']:+.2f} to {effect['high']:+.2f}": "95 % interval, pp",
            _chance_text(self.chance_better): "chance that treatment is better",
        } | visitors

    def summary(self) -> str:
        """Return two or three sentences: the effect and how sure it is, or why it is not read."""
        if self.verdict is Verdict.TOO_FEW:
            return self._missing()
        if self.verdict is Verdict.DO_NOT_READ:
            return self._mismatch()
        effect, lift = self.measure("conversion"), self.measure("lift")["value"]
        relative = "" if math.isnan(lift) else f"; {lift:+.1f} % relative"
        real = self.verdict is Verdict.REAL
        shown = "more than chance, before it is judged among other experiments" if real else "no more than chance does"
        return (
            f"{self.test_id}: treatment converted {effect['value']:+.2f} pp ({effect['low']:+.2f} to "
            f"{effect['high']:+.2f}{relative}) against control, "
            f"{counted(int(effect['n']), 'visitor')}, p {p_text(effect['p'])}: on its own {shown}. "
            f"{self._looked_at()}{self._outcome()}"
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        if self.verdict in (Verdict.DO_NOT_READ, Verdict.TOO_FEW):
            return f"<ExperimentReading {self.test_id}: {self.verdict}>"
        effect = self.measure("conversion")
        return (
            f"<ExperimentReading {self.test_id}: {self.verdict}, {effect['value']:+.2f} pp "
            f"({effect['low']:+.2f} to {effect['high']:+.2f}), p {p_text(effect['p'])}>"
        )

    def _missing(self) -> str:
        empty = self.arms.loc[self.arms["visitors"] == 0, "arm"].tolist()
        return (
            f"{self.test_id}: not enough data, no visitors in {' and '.join(empty)}. "
            "An experiment is read once both arms have visitors."
        )

    def _mismatch(self) -> str:
        visitors = self.arms.set_index("arm")["visitors"]
        return (
            f"{self.test_id}: do not read. Treatment got {visitors['treatment']:,} visitors and control "
            f"{visitors['control']:,}, planned {percent(self.planned_share)} treatment; chance does that with "
            f"p {p_text(self.mismatch_p)}. Find where visitors were lost, then run it again; no effect is reported."
        )

    def _looked_at(self) -> str:
        looks = len(self.days)
        if looks == 1:
            return "One day was counted. "
        crossed = self.days.loc[self.days["p"] < _ALPHA, "look"]
        when = f"shows it from day {int(crossed.iloc[0])} on" if len(crossed) else "never shows a difference"
        return (
            f"Looked at every day, the always-valid interval {when}; the ordinary one, looked at {looks} times, finds "
            f"something where nothing is {percent(peeking_error(min(looks, 1_000)))} of the time. "
        )

    def _outcome(self) -> str:
        known = not math.isnan(self.variance_saved)
        found = self.measure("outcome adjusted" if known else "outcome")
        if math.isnan(found["value"]):
            return "The outcome per visitor was not measured: its sums are missing."
        saved = f"; what was known before took away {percent(self.variance_saved)} of its variance" if known else ""
        moved = f"{found['value']:+.3g} ({found['low']:+.3g} to {found['high']:+.3g})"
        return f"The outcome per visitor moved by {moved}{saved}."


def read_experiment(
    tables: Tables, test_id: str, *, period: int | str, planned_share: float = 0.5, planned_days: int = 14
) -> ExperimentReading:
    """Read out one experiment from its daily sums.

    First the split: where the visitors of both arms are not what was planned (exact binomial p below .001), no effect
    is reported. Then the conversion rates (Newcombe's interval, score test), the relative lift, the outcome per
    visitor (plain and by CUPED), what was known after each day (always valid), and the chance that treatment is
    better (uniform priors).

    Parameters
    ----------
    tables : mapping
        ``experiments``: one row per test, day and arm.
    test_id : str
        The experiment.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    planned_share : float
        Share of visitors that treatment was to get.
    planned_days : int
        Days planned: there the always-valid interval is tightest; it holds on every day.

    Raises
    ------
    ParameterError
        The experiment is unknown, or ``planned_share`` is no share.
    SchemaError
        The sums are impossible.

    Examples
    --------
    >>> days = pd.DataFrame({"test_id": "T", "day": "2025-11-03", "arm": ["control", "treatment"],
    ...                      "new_users": [4000, 4000], "conversions": [400, 460]})
    >>> read_experiment({"experiments": days}, "T", period="2025-12")
    <ExperimentReading T: real, +1.50 pp (+0.14 to +2.86), p .030>
    """
    last = as_month(period)
    days = daily_sums(tables, last=last)
    known = days["test_id"].unique()
    if test_id not in known.tolist():
        remedy = did_you_mean(str(test_id), known) if len(known) else none_told(last)
        raise ParameterError(f"test_id: got {test_id!r}. {remedy}")
    return read_days(
        days[days["test_id"] == test_id], planned_share=planned_share,
        planned_days=as_count("planned_days", planned_days),
    )  # fmt: skip


def read_days(days: pd.DataFrame, *, planned_share: float, planned_days: int) -> ExperimentReading:
    """Read out one experiment from its checked rows (see `pmlib.product.experiments.sums.daily_sums`)."""
    test_id = str(days["test_id"].iloc[0])
    # A sum that misses a day is no sum: it stays missing.
    sums = days.groupby("arm")[["new_users", "conversions", *SUMS]].sum(skipna=False).reindex(list(ARMS))
    n, hits = (sums[name].fillna(0).to_numpy(dtype="int64") for name in ("new_users", "conversions"))
    uneven = mismatch_p(int(n[0]), int(n[1]), planned_share=planned_share)
    blank = min(n) == 0
    if blank or uneven < ALARM:
        verdict, found = Verdict.TOO_FEW if blank else Verdict.DO_NOT_READ, _unread(days)
    else:
        found = _found(test_id, sums, hits, n) | {"days": day_by_day(days, planned_days=planned_days)}
        verdict = Verdict.REAL if found["measures"].loc[0, "p"] < _ALPHA else Verdict.NOT_SHOWN
    rate = np.divide(hits, n, out=np.full(2, _NAN), where=n > 0)
    arms = pd.DataFrame({"arm": list(ARMS), "visitors": n, "conversions": hits, "rate": rate})
    return ExperimentReading(
        test_id=test_id, verdict=verdict, arms=arms, mismatch_p=uneven,
        planned_share=planned_share, **found,
    )  # fmt: skip


_Row = tuple[float, float, float, float]
_BLANK: _Row = (_NAN, _NAN, _NAN, _NAN)
_MEASURES = {"conversion": "pp", "lift": "%", "outcome": "per visitor", "outcome adjusted": "per visitor"}


def _unread(days: pd.DataFrame) -> dict[str, Any]:
    return {"measures": _measures([_BLANK] * 4, int(days["new_users"].sum())), "days": day_by_day(days).iloc[:0]}


def _found(test_id: str, sums: pd.DataFrame, hits: Ints, n: Ints) -> dict[str, Any]:
    """Give every figure of an experiment whose split is sound."""
    (c, t), p = hits / n, float(score_test(hits, n))
    low, high = newcombe_interval(hits, n)
    conversion = (100 * (t - c), 100 * float(low), 100 * float(high), p)
    low, high = lift_interval(hits, n)
    lift = (100 * (t / c - 1) if c > 0 else _NAN, 100 * float(low), 100 * float(high), p)
    outcome, adjusted, saved = _outcomes(test_id, sums)
    known = 0 < c < 1
    return {
        "measures": _measures([conversion, lift, outcome, adjusted], int(n.sum())),
        "variance_saved": saved,
        "chance_better": chance_better(hits, n),
        "expected_loss_pp": 100 * expected_loss(hits, n),
        "detectable_pp": 100 * detectable_effect(float(c), (int(n[0]), int(n[1]))) if known else _NAN,
    }


def _outcomes(test_id: str, sums: pd.DataFrame) -> tuple[_Row, _Row, float]:
    """Outcome per visitor, plain and adjusted; missing where its sums are."""
    if sums[["sum_y", "sum_y2"]].isna().any(axis=None) or sums["new_users"].min() < 2:  # noqa: PLR2004
        return _BLANK, _BLANK, _NAN
    unknown_before = bool(sums[["sum_x", "sum_x2", "sum_xy"]].isna().any(axis=None))
    known = sums.assign(sum_x=0.0, sum_x2=0.0, sum_xy=0.0) if unknown_before else sums
    found = adjust_for_before(known, test_id=test_id)
    plain = (found.plain, found.plain_low, found.plain_high, found.plain_p)
    adjusted = (found.adjusted, found.adjusted_low, found.adjusted_high, found.adjusted_p)
    return (plain, _BLANK, _NAN) if unknown_before else (plain, adjusted, found.variance_saved)


def _measures(rows: list[_Row], n: int) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["value", "low", "high", "p"], dtype="float64").assign(n=n)
    frame.insert(0, "measure", list(_MEASURES))
    frame.insert(1, "unit", list(_MEASURES.values()))
    return frame


def _chance_text(chance: float) -> str:
    """Write a chance in percent, never as certain."""
    if min(chance, 1 - chance) >= 0.01:  # noqa: PLR2004
        return percent(chance)
    return "above 99 %" if chance > 0.5 else "below 1 %"  # noqa: PLR2004


def p_text(p: float) -> str:
    """Write a p-value with as many digits as a reader needs.

    Examples
    --------
    >>> p_text(0.0303), p_text(1.8e-06)
    ('.030', 'below .001')
    """
    return "below .001" if p < 0.001 else f"{p:.3f}".lstrip("0")  # noqa: PLR2004
