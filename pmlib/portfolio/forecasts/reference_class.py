"""The outside view: by what factor outcomes of own closed projects came out above or below what was forecast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import month_of
from pmlib.portfolio.forecasts.closed import POINTS, closed_forecasts, known_by
from pmlib.portfolio.forecasts.intervals import mean_of, quantile_of, shrunk, within_variance
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.valuation import SWANSON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: With fewer closed projects there is no factor.
ENOUGH_PROJECTS = 5
#: What is forecast -> what it is called, and whether it is good to come out high.
QUANTITIES = {"cost_k": ("cost", False), "months": ("time", False), "benefit_pv_k": ("benefit", True),
              "benefits": ("benefit", True)}
_CASES = ["project_id", "estimator_id", "stated", "outcome", "ratio"]
_ESTIMATORS = ["estimator_id", "n", "mean_ratio", "low", "high", "factor"]
_NONE = (math.nan, math.nan, math.nan)


class Stage(StrEnum):
    """When a forecast was made; of several in a stage the newest counts."""

    BEFORE_START = "before start"
    AFTER_START = "after start"


@dataclass(frozen=True, eq=False, kw_only=True)
class ReferenceClass:
    """What own closed projects say a forecast is to be multiplied by.

    Attributes
    ----------
    quantity : str
        What was forecast: cost_k, months, benefit_pv_k, or benefits (realised against planned).
    cases : DataFrame
        One row per closed project (of benefits: per overlap group): project_id, estimator_id, stated (P50, or what
        was planned), outcome, ratio (outcome / stated); falling ratio.
    mean, p50, p80 : (factor, low, high)
        Mean ratio with Student's 95 % interval; median, and the ratio that 8 of 10 did not exceed (of benefits: that
        8 of 10 reached), with exact intervals. An infinite end: so few projects cannot bound it. Missing below five.
    total_factor : float
        Sum of outcomes / sum of what was stated: large projects count for more.
    expected_factor : float
        Mean of outcome / *mean* of the stated range (.3 P10 + .4 P50 + .3 P90). It, not the mean ratio to P50,
        corrects an expectation that already holds the skew of the range; missing for benefits.
    estimators : DataFrame
        estimator_id, n, mean_ratio with low and high (95 %), factor (mean ratio, partially pooled towards all).
    notes : tuple of str
    missing : str
        Why there is no factor, and what to do; empty otherwise.
    """

    quantity: str
    cases: pd.DataFrame
    mean: tuple[float, float, float] = _NONE
    p50: tuple[float, float, float] = _NONE
    p80: tuple[float, float, float] = _NONE
    total_factor: float = math.nan
    expected_factor: float = math.nan
    estimators: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(
        columns=_ESTIMATORS))
    notes: tuple[str, ...] = ()
    missing: str = ""

    @property
    def found(self) -> bool:
        """Whether there are projects enough for a factor."""
        return not self.missing

    @property
    def n(self) -> int:
        """Closed projects (of benefits: overlap groups once)."""
        return len(self.cases)

    @property
    def mean_factor(self) -> float:
        """Mean of outcome / P50; missing below five projects."""
        return self.mean[0]

    @property
    def p50_factor(self) -> float:
        """Median of outcome / P50; missing below five projects."""
        return self.p50[0]

    @property
    def p80_factor(self) -> float:
        """Factor that is safe 8 times in 10; missing below five projects."""
        return self.p80[0]

    def factor(self, estimator_id: str | None = None) -> float:
        """Give the mean factor to correct a forecast with; 1 where there are too few projects to tell.

        Parameters
        ----------
        estimator_id : str, optional
            Whose forecast: their own mean pulled towards that of all, the more the fewer projects they have closed;
            without any it is that of all.
        """
        own = self.estimators.loc[self.estimators["estimator_id"] == estimator_id, "factor"]
        return 1.0 if not self.found else float(own.iloc[0]) if len(own) else self.mean_factor

    def to_frame(self) -> pd.DataFrame:
        """Return the factors: measure, factor, low, high, n."""
        rows = [(name, *found, self.n) for name, found in (("mean", self.mean), ("P50", self.p50), ("P80", self.p80))]
        return pd.DataFrame(rows, columns=["measure", "factor", "low", "high", "n"])

    def summary(self) -> str:
        """Say by how much outcomes lay off, and what to plan with to be safe 8 times in 10."""
        if not self.found:
            return self.missing
        high_is_good = QUANTITIES[self.quantity][1]
        safe = "reached at least" if high_is_good else "stayed within"
        said = (f"{self.on_average()}; half of them at {self.p50_factor:.2f} times the forecast or "
                f"{'more' if high_is_good else 'less'}, and 8 of 10 {safe} {self.p80_factor:.2f} times.")
        return f"{said[0].upper()}{said[1:]}"

    def on_average(self) -> str:
        """Say in half a sentence by how much outcomes lay off; empty without a factor."""
        if not self.found:
            return ""
        mean, low, high = (100 * (end - 1) for end in self.mean)
        side = "above" if mean >= 0 else "below"
        return (f"{QUANTITIES[self.quantity][0]} came out {abs(mean):.0f} % {side} forecast on average (n {self.n} "
                f"closed projects, 95 % interval {low:+.0f} to {high:+.0f} %)")

    def headline(self) -> dict[str, str]:
        """Give the factors and what they are."""
        word = QUANTITIES[self.quantity][0]
        return {} if not self.found else {
            f"x {self.mean_factor:.2f}": f"{word} against forecast, mean of {self.n} closed projects",
            f"8 of 10: x {self.p80_factor:.2f}": f"{word} that is safe 8 times in 10"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the ratio of every project with the factors marked."""
        from pmlib.plots import forecasts

        return forecasts.ratios(self.cases, ax, factors=self.to_frame(), what=QUANTITIES[self.quantity][0])

    def __repr__(self) -> str:
        said = self.missing or (f"mean x {self.mean_factor:.2f} ({self.mean[1]:.2f}-{self.mean[2]:.2f}), "
                                f"P50 x {self.p50_factor:.2f}, P80 x {self.p80_factor:.2f}; n {self.n}")
        return f"<ReferenceClass {self.quantity}: {said}>"


def reference_class(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, quantity: str = "cost_k",
    stage: Stage | str = Stage.BEFORE_START,
) -> ReferenceClass:
    """Ask by what factor forecasts of own closed projects missed, stopped ones included.

    Parameters
    ----------
    tables : mapping of table name to frame
        past_forecasts, for ``benefits`` the table benefits; projects (start_month) tells the stage, and a forecast of
        a project whose start is not known counts as made before it; workbook.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the workbook's as_of.
    quantity : str
        cost_k, months, benefit_pv_k, or benefits: realised / planned so far, projects that claim the same money once.
    stage : Stage or str
        Forecasts made before the project began, or after.

    Returns
    -------
    ReferenceClass
        Below five closed projects without factors, saying so.

    Raises
    ------
    ParameterError, SchemaError
        The quantity, stage or period is not known; a row is not usable.

    References
    ----------
    Flyvbjerg (2006), Project Management Journal 37(3): reference class forecasting. HM Treasury (2003),
    Supplementary Green Book Guidance: Optimism Bias. Both take quantiles of the ratio as uplifts.

    Examples
    --------
    >>> past = pd.DataFrame({"project_id": [f"P{i}" for i in range(5)], "quantity": "cost_k", "made_on": "2024-01-31",
    ...                      "p10": 80.0, "p50": 100.0, "p90": 130.0, "outcome": [90.0, 100.0, 120.0, 130.0, 160.0]})
    >>> reference_class({"past_forecasts": past})
    <ReferenceClass cost_k: mean x 1.20 (0.86-1.54), P50 x 1.20, P80 x 1.48; n 5>
    """
    if quantity not in QUANTITIES:
        raise ParameterError(f"quantity: got {quantity!r}. {did_you_mean(str(quantity), QUANTITIES)}")
    if stage not in list(Stage):
        raise ParameterError(f"stage: got {stage!r}. {did_you_mean(str(stage), list(Stage))}")
    cases, notes, missing = _realised(tables, period) if quantity == "benefits" else \
        _forecast(tables, period, quantity=quantity, stage=Stage(stage))
    cases = cases.sort_values(["ratio", "project_id"], ascending=[False, True], kind="stable", ignore_index=True)
    if not missing and len(cases) < ENOUGH_PROJECTS:
        missing = (f"{len(cases)} closed projects with a forecast of {quantity} made {stage}, {ENOUGH_PROJECTS} are "
                   "needed: no uplift. Add closed projects to the table, or borrow a factor from outside.")
    if missing:
        return ReferenceClass(quantity=quantity, cases=cases[_CASES], notes=notes, missing=missing)
    ratio, safe = cases["ratio"].to_numpy(dtype=float), 0.2 if QUANTITIES[quantity][1] else 0.8
    return ReferenceClass(
        quantity=quantity, cases=cases[_CASES], mean=mean_of(ratio), p50=quantile_of(ratio, 0.5),
        p80=quantile_of(ratio, safe), total_factor=float(cases["outcome"].sum() / cases["stated"].sum()),
        expected_factor=float((cases["outcome"] / cases["expected"]).mean()), estimators=_by_estimator(cases),
        notes=notes)


_Found = tuple[pd.DataFrame, tuple[str, ...], str]


def _forecast(
    tables: Mapping[str, pd.DataFrame], period: int | str | None, *, quantity: str, stage: Stage,
) -> _Found:
    closed = closed_forecasts(tables, period=period)
    rows = closed.ranges[closed.ranges["quantity"] == quantity]
    rows = rows.sort_values(["project_id", "made_on"], kind="stable")
    started = rows["project_id"].map(_starts(tables))
    made = rows["made_on"].map(month_of)
    if stage is Stage.AFTER_START:
        newest = rows[made >= started].drop_duplicates("project_id", keep="last")
    else:
        # Which of a project's forecasts came before an unknown start, only the first can tell.
        newest = pd.concat([rows[made < started].drop_duplicates("project_id", keep="last"),
                            rows[started.isna()].drop_duplicates("project_id", keep="first")])
    return newest.assign(stated=newest["p50"], ratio=newest["outcome"] / newest["p50"],
                         expected=newest[POINTS].to_numpy(dtype=float) @ SWANSON), closed.notes, closed.missing


def _starts(tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    if tables.get("projects") is None:
        return pd.Series(dtype="float64")
    projects = checked({"projects": tables["projects"]})["projects"]
    return projects.set_index("project_id")["start_month"].astype("float64")


def _realised(tables: Mapping[str, pd.DataFrame], period: int | str | None) -> _Found:
    """Realised and planned benefit so far; of a group that claims the same money the largest claim of each month."""
    empty = pd.DataFrame(columns=[*_CASES, "expected"])
    if tables.get("benefits") is None:
        return empty, (), "benefits is missing. Add planned and realised benefits of finished projects by month."
    names = [name for name in ("benefits", "workbook") if tables.get(name) is not None]
    rows, day = checked({name: tables[name] for name in names}, also=["benefits"])["benefits"], known_by(tables, period)
    if day is not None:
        rows = rows[rows["month"] <= month_of(day)]
    money = ["planned_k", "realised_k"]
    each = rows.groupby(["overlap_group", "project_id", "month"], as_index=False)[money].sum()
    each["alone"] = each["overlap_group"] == ""
    each["project_id"] = each["project_id"].where(each["alone"], each["overlap_group"])
    most = each.groupby(["project_id", "alone", "month"], as_index=False)[money].max()
    cases = most.groupby(["project_id", "alone"], as_index=False)[money].sum()
    none = cases["planned_k"] <= 0
    notes = (f"{int(none.sum())} with no planned benefit so far are left out.",) if none.any() else ()
    cases = cases[~none].rename(columns={"planned_k": "stated", "realised_k": "outcome"})
    return cases.assign(estimator_id="", ratio=cases["outcome"] / cases["stated"], expected=math.nan), notes, ""


def _by_estimator(cases: pd.DataFrame) -> pd.DataFrame:
    own = cases[cases["estimator_id"] != ""]
    rows = [(name, len(ratio), *mean_of(ratio.to_numpy())) for name, ratio in own.groupby("estimator_id")["ratio"]]
    found = pd.DataFrame(rows, columns=_ESTIMATORS[:-1])
    variance = within_variance(own["ratio"], own["estimator_id"])
    posterior = shrunk(found["mean_ratio"].to_numpy(dtype=float), variance / found["n"].to_numpy(dtype=float))[1]
    return found.assign(factor=np.where(np.isnan(posterior), cases["ratio"].mean(), posterior))
