"""Ranges moved and widened by what closed forecasts show, and whether that helps on forecasts not used for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError, did_you_mean
from pmlib.portfolio.forecasts.closed import ALL, POINTS, UNNAMED, closed_forecasts
from pmlib.portfolio.forecasts.intervals import mean_of, share_of, shrunk, within_variance
from pmlib.portfolio.forecasts.rules import crps
from pmlib.portfolio.forecasts.tally import STATED
from pmlib.portfolio.model import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewer closed projects are not split in two.
ENOUGH_TO_TEST = 10
_FOLDS = 5
#: Variance of the logarithm of the 80 % quantile of distances from the middle, for one case of a normal.
_LOG_WIDTH_VARIANCE = 0.79
#: A range is widened or narrowed by no more than this factor.
_MOST = 20.0
_FACTORS = ["quantity", "estimator_id", "n", "shift", "widen"]
_TESTS = ["test", "n", "n_projects", "inside_before", "before_low", "before_high", "inside_after", "after_low",
          "after_high", "crps_before", "crps_after", "change", "change_low", "change_high"]


class Verdict(StrEnum):
    """What the held-out half says."""

    HELPS = "helps"
    UNSURE = "may help, not beyond chance"
    HARMS = "does not help"
    UNTESTED = "too few to test"


@dataclass(frozen=True, eq=False, kw_only=True)
class Recalibration:
    """Shift and width by estimator, and what they did to forecasts that were not used to find them.

    Attributes
    ----------
    factors : DataFrame
        quantity, estimator_id ("all": of whom nothing is known), n, shift (factor on the whole range), widen (factor
        on its width); from all closed forecasts.
    tests : DataFrame
        One row per test ("later half": fitted on the earlier half; "cross-validated": five folds of projects): n,
        n_projects, inside before and after with 95 % intervals, crps before and after (units of P50), change of it by
        project with its 95 % interval.
    verdict : Verdict
        Of the later half.
    notes : tuple of str
    missing : str
        Why nothing is fitted, and what to do; empty otherwise.
    """

    factors: pd.DataFrame
    tests: pd.DataFrame
    verdict: Verdict
    notes: tuple[str, ...] = ()
    missing: str = ""

    @property
    def found(self) -> bool:
        """Whether there are factors."""
        return not self.missing

    def apply(self, forecasts: pd.DataFrame) -> pd.DataFrame:
        """Move and widen ranges; quantities without a closed forecast and rows without a range stay as they are.

        Parameters
        ----------
        forecasts : DataFrame
            quantity, p10, p50, p90; estimator_id where known.

        Returns
        -------
        DataFrame
            The same rows and columns.

        Raises
        ------
        SchemaError
            A column is missing.
        """
        for column in ("quantity", *POINTS):
            if column not in forecasts:
                raise SchemaError(f"forecasts: column '{column}' is missing. Add it. "
                                  f"{did_you_mean(column, map(str, forecasts))}")
        return _applied(forecasts, self.factors)

    def to_frame(self) -> pd.DataFrame:
        """Return shift and width by quantity and estimator."""
        return self.factors.copy(deep=False)

    def summary(self) -> str:
        """Say what it did to forecasts held out."""
        if not self.found or self.tests.empty:
            return self.missing or f"Recalibrated, but not tested: fewer than {ENOUGH_TO_TEST} closed projects."
        row = self.tests.iloc[0]
        return (f"Fitted on the earlier half of the projects, recalibrated ranges of the later half held "
                f"{100 * row['inside_after']:.0f} % of outcomes ({100 * row['after_low']:.0f}-"
                f"{100 * row['after_high']:.0f} %), as stated {100 * row['inside_before']:.0f} %, of the 80 % they "
                f"should; the CRPS went from {row['crps_before']:.3f} to {row['crps_after']:.3f} of P50 (change "
                f"{row['change']:+.3f}, {row['change_low']:+.3f} to {row['change_high']:+.3f}; n {row['n']} of "
                f"{row['n_projects']} projects): recalibration {self.verdict}.")

    def headline(self) -> dict[str, str]:
        """Give coverage and score of the later half."""
        if self.tests.empty:
            return {}
        row = self.tests.iloc[0]
        return {f"{100 * row['inside_before']:.0f} % to {100 * row['inside_after']:.0f} %":
                "inside ranges that should hold 80 %, later half before and after",
                f"{row['crps_before']:.3f} to {row['crps_after']:.3f}": f"CRPS in units of P50: {self.verdict}"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the share inside before and after, with intervals."""
        from pmlib.plots import forecasts

        return forecasts.recalibrated(self.tests, ax)

    def __repr__(self) -> str:
        said = self.missing or f"{self.verdict}; " + "; ".join(
            f"{row['test']}: inside {100 * row['inside_before']:.0f} to {100 * row['inside_after']:.0f} %, CRPS "
            f"{row['crps_before']:.3f} to {row['crps_after']:.3f}" for row in self.tests.to_dict("records"))
        return f"<Recalibration: {said}>"


def recalibrate(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> Recalibration:
    """Ask how ranges are to be moved and widened so that they hold what they say, and whether that helps.

    A range is moved by the median of outcome / P50, by quantity and estimator, and widened on either side by the
    factor that 8 of 10 distances from the moved middle would have needed, by estimator over all quantities. Both are
    pulled towards all estimators, the more the fewer forecasts there are. The test never sees its own outcomes: the
    projects in order of their first forecast are cut in two, and into five folds (whether the earlier half was over
    when the later one was forecast is not asked).

    Parameters
    ----------
    tables : mapping of table name to frame
        past_forecasts; workbook where there is one.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the workbook's as_of.

    Returns
    -------
    Recalibration
        Without closed ranges one that says so.

    Raises
    ------
    SchemaError, ParameterError
        As of :func:`~pmlib.portfolio.forecasts.log.forecast_log`.

    References
    ----------
    Romano, Patterson & Candes (2019), NeurIPS 32: widths from the distances that calibration cases needed.
    Efron & Morris (1975), Journal of the American Statistical Association 70: shrinkage.

    Examples
    --------
    >>> past = pd.DataFrame({"project_id": [f"P{i:02d}" for i in range(12)], "quantity": "cost_k", "p10": 90.0,
    ...                      "p50": 100.0, "p90": 110.0, "made_on": [f"2024-{i + 1:02d}-01" for i in range(12)],
    ...                      "outcome": [80.0, 100.0, 120.0] * 4})
    >>> recalibrate({"past_forecasts": past}).factors.set_index("estimator_id")["widen"].to_dict()
    {'all': 2.0, 'unnamed': 2.0}
    """
    closed = closed_forecasts(tables, period=period)
    rows = closed.ranges
    if rows.empty:
        return Recalibration(factors=pd.DataFrame(columns=_FACTORS), tests=pd.DataFrame(columns=_TESTS),
                             verdict=Verdict.UNTESTED, notes=closed.notes,
                             missing=closed.missing or "No range has a known outcome. Fill in p10, p50, p90, outcome.")
    tests = pd.DataFrame([_tested(name, parts) for name, parts in _splits(rows)], columns=_TESTS)
    flat = int(((rows["p10"] == rows["p50"]) | (rows["p50"] == rows["p90"])).sum())
    notes = (f"{flat} ranges have a side without width, which no factor widens.",) if flat else ()
    return Recalibration(factors=fitted(rows), tests=tests, verdict=_verdict(tests), notes=(*closed.notes, *notes))


def fitted(rows: pd.DataFrame) -> pd.DataFrame:
    """Find shift and width of closed ranges.

    Parameters
    ----------
    rows : DataFrame
        ``Closed.ranges``: quantity, estimator_id, p10, p50, p90, outcome.

    Returns
    -------
    DataFrame
        quantity, estimator_id, n, shift, widen; "all" first.
    """
    shifts = pd.concat([_shifts(own).assign(quantity=quantity) for quantity, own in rows.groupby("quantity")])
    widths = _widths(rows, shifts)
    factors = shifts.assign(widen=shifts["estimator_id"].map(widths).fillna(widths[ALL]))
    return factors.sort_values(["quantity", "first", "estimator_id"], ignore_index=True)[_FACTORS]


def _shifts(own: pd.DataFrame) -> pd.DataFrame:
    """Median of outcome / P50 of one quantity by estimator, shrunk."""
    ratio = own["outcome"] / own["p50"]
    found = ratio.groupby(own["estimator_id"]).agg(n="size", alone="median").reset_index()
    # The median of a normal sample has half of pi times the variance of its mean.
    variance = math.pi / 2 * within_variance(ratio, own["estimator_id"]) / found["n"].to_numpy(dtype=float)
    middle, posterior = shrunk(found["alone"].to_numpy(), variance)
    if math.isnan(middle):
        middle, posterior = float(ratio.median()), np.full(len(found), ratio.median())
    # A shift to nothing or below would leave no range.
    return _with_all(found.assign(shift=posterior.clip(1 / _MOST)), shift=max(middle, 1 / _MOST))


def _widths(rows: pd.DataFrame, shifts: pd.DataFrame) -> pd.Series:
    """Factor on the width by estimator over all quantities, shrunk on the scale of logarithms."""
    moved = rows.merge(shifts[["quantity", "estimator_id", "shift"]], on=["quantity", "estimator_id"])
    off = moved["outcome"] / moved["shift"] - moved["p50"]
    side = np.where(off >= 0, moved["p90"] - moved["p50"], moved["p50"] - moved["p10"])
    needed: pd.Series = (off.abs() / side).where(side > 0).dropna()
    grouped = needed.groupby(moved["estimator_id"])
    # The rank (n + 1) q, as of a new case among n known ones.
    found = grouped.agg(lambda one: np.quantile(one, STATED, method="weibull")).clip(1 / _MOST, _MOST)
    n = grouped.size().to_numpy(dtype=float)
    middle, posterior = shrunk(np.log(found.to_numpy(dtype=float)), _LOG_WIDTH_VARIANCE / n)
    widths = pd.Series(np.exp(posterior), index=found.index)
    return pd.concat([widths, pd.Series({ALL: 1.0 if math.isnan(middle) else math.exp(middle)})])


def _with_all(found: pd.DataFrame, shift: float) -> pd.DataFrame:
    row = pd.DataFrame([{"estimator_id": ALL, "n": found["n"].sum(), "shift": shift, "first": 0}])
    return pd.concat([row, found.assign(first=1)], ignore_index=True)


def _applied(forecasts: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    who = forecasts["estimator_id"].fillna("").replace("", UNNAMED) if "estimator_id" in forecasts else \
        pd.Series(UNNAMED, index=forecasts.index)
    by = factors.set_index(["quantity", "estimator_id"])[["shift", "widen"]]
    own, every = (by.reindex(pd.MultiIndex.from_arrays([forecasts["quantity"], names])).to_numpy(dtype=float)
                  for names in (who, [ALL] * len(forecasts)))
    shift, widen = np.where(np.isnan(own), np.where(np.isnan(every), 1.0, every), own).T
    low, middle, high = (forecasts[name].to_numpy(dtype=float) for name in POINTS)
    return forecasts.assign(p10=np.maximum(shift * (middle - widen * (middle - low)), 0.0), p50=shift * middle,
                            p90=shift * (middle + widen * (high - middle)))


def _splits(rows: pd.DataFrame) -> Iterator[tuple[str, list[tuple[pd.DataFrame, pd.DataFrame]]]]:
    """Cut the projects, in order of their first forecast, into what is fitted on and what is tested on."""
    first = rows.groupby("project_id")["made_on"].min().reset_index().sort_values(["made_on", "project_id"])
    if len(first) < ENOUGH_TO_TEST:
        return
    place = rows["project_id"].map(pd.Series(np.arange(len(first)), index=first["project_id"]))
    early = place < len(first) // 2
    yield "later half", [(rows[early], rows[~early])]
    yield "cross-validated", [(rows[place % _FOLDS != fold], rows[place % _FOLDS == fold]) for fold in range(_FOLDS)]


def _tested(name: str, parts: list[tuple[pd.DataFrame, pd.DataFrame]]) -> dict[str, Any]:
    before = pd.concat([test for _, test in parts])
    after = pd.concat([_applied(test, fitted(train)) for train, test in parts])
    inside = [share_of(_inside(rows), rows["project_id"]) for rows in (before, after)]
    unit = before["p50"].to_numpy(dtype=float)
    score = [crps(*rows[POINTS].to_numpy(dtype=float).T, outcome=rows["outcome"].to_numpy(dtype=float)) / unit
             for rows in (before, after)]
    by_project = pd.Series(score[1] - score[0]).groupby(before["project_id"].to_numpy()).mean()
    change, low, high = mean_of(by_project.to_numpy())
    figures = (name, len(before), len(by_project), *inside[0], *inside[1], score[0].mean(), score[1].mean(),
               change, low, high)
    return dict(zip(_TESTS, figures, strict=True))


def _inside(rows: pd.DataFrame) -> Floats:
    return np.array(rows["outcome"].between(rows["p10"], rows["p90"]), dtype=float)


def _verdict(tests: pd.DataFrame) -> Verdict:
    if tests.empty:
        return Verdict.UNTESTED
    row = tests.iloc[0]
    further = abs(row["inside_after"] - STATED) > abs(row["inside_before"] - STATED)
    if further or row["change"] >= 0:
        return Verdict.HARMS
    return Verdict.HELPS if row["change_high"] < 0 else Verdict.UNSURE
