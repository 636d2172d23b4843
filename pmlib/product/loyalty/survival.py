"""How long contracts run: Kaplan-Meier curves from counts, and the log-rank test between groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables
from pmlib.product.loyalty.contracts import contract_counts, refuse_unknown
from pmlib.product.loyalty.curves import LogRank, exposure, kaplan_meier, log_rank, p_text
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INTERVALS = ("log-log", "greenwood")
_SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class SurvivalCurves:
    """The share of contracts that still run, by months since they began, for each group.

    Attributes
    ----------
    curves : DataFrame
        ``group``, ``months``, ``at_risk``, ``ended``, ``survival``, ``low``, ``high`` (shares 0-1, pointwise 95 %).
    medians : DataFrame
        ``group``, ``n``, ``ended``, ``median``, ``low``, ``high`` (months; NaN: not reached while observed).
    test : LogRank
        Log-rank test that all groups end alike; NaN with one group.
    period : int
        Last month observed.
    interval : str
        ``log-log`` or ``greenwood``.
    """

    curves: pd.DataFrame
    medians: pd.DataFrame
    test: LogRank
    period: int
    interval: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and month."""
        return self.curves.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the curves as steps with their intervals and the number at risk."""
        from pmlib.plots import loyalty

        return loyalty.survival(self.curves, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.medians.empty:
            return {"–": f"no contracts to {month_name(self.period)}"}
        figures = {f"{int(self.medians['n'].sum()):,}": "contracts followed"}
        if len(self.medians) == 1:
            figures[_months_text(self.medians["median"].iloc[0])] = "median lifetime in months"
        elif not math.isnan(self.test.p):
            figures[p_text(self.test.p)] = f"log-rank test over {len(self.medians)} groups"
        return figures

    def summary(self) -> str:
        """Return the median lifetimes with intervals, and whether the groups differ."""
        if self.medians.empty:
            return f"No contracts to {month_name(self.period)}."
        parts = [
            f"{row['group']} {_months_text(row['median'])} ({_months_text(row['low'])} to "
            f"{_months_text(row['high'])}, n = {row['n']:,})"
            for row in self.medians.to_dict("records")
        ]
        said = f"Half of the contracts have ended after so many months (95 % interval): {listed(parts)}."
        if math.isnan(self.test.p):
            return said
        differ = "The groups differ" if self.test.p < _SIGNIFICANT else "No difference between the groups is shown"
        return f"{said} {differ} (log-rank chi2 {self.test.chi2:.1f}, df {self.test.df}, {p_text(self.test.p)})."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<SurvivalCurves: {counted(len(self.medians), 'group')} to {month_name(self.period)}; {self.summary()}>"


def survival_curves(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    by: str | None = None,
    interval: str = "log-log",
) -> SurvivalCurves:
    """Say how long contracts run, group by group, and whether the groups differ.

    A contract that still runs is censored: it has lasted at least that long. Only counts leave the engine.

    Parameters
    ----------
    tables : mapping
        ``subscriptions``; ``customers`` for a split by segment, channel or region.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product; all by default.
    by : str, optional
        ``product``, ``segment``, ``channel`` or ``region``.
    interval : str
        ``log-log`` (stays within 0-1, keeps its level in the tails) or ``greenwood`` (symmetric, cut at 0 and 1).

    Raises
    ------
    MissingTableError
        A table is missing.
    ParameterError
        An option or the product is unknown.

    References
    ----------
    Kaplan and Meier (1958), JASA 53; Greenwood (1926); Mantel (1966), Cancer Chemotherapy Reports 50.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "A", "start_month": [24310, 24310],
    ...                      "end_month": [24310.0, None], "monthly_eur": 9.0})
    >>> survival_curves({"subscriptions": rows}, period=24312).to_frame()["survival"].tolist()
    [1.0, 0.5, 0.5]
    """
    refuse_unknown("interval", interval, INTERVALS)
    last = as_month(period)
    counts = contract_counts(tables, last=last, product_id=product_id, by=by)
    return curves_of(counts, period=last, interval=interval)


def curves_of(counts: pd.DataFrame, *, period: int, interval: str = "log-log") -> SurvivalCurves:
    """Turn counts (``group``, ``months``, ``ended``, ``n``) into curves, medians and the log-rank test."""
    groups = sorted(counts["group"].unique())
    curves = [kaplan_meier(counts[counts["group"] == group], interval=interval) for group in groups]
    for group, curve in zip(groups, curves, strict=True):
        curve.insert(0, "group", group)
    medians = [{"group": group} | _median(curve) for group, curve in zip(groups, curves, strict=True)]
    return SurvivalCurves(
        curves=pd.concat(curves, ignore_index=True) if curves else _no_curve(),
        medians=pd.DataFrame(medians, columns=["group", "n", "ended", "median", "low", "high"]),
        test=log_rank(*exposure(counts, "group")), period=period, interval=interval,
    )  # fmt: skip


def _median(curve: pd.DataFrame) -> dict[str, float]:
    def first(column: str) -> float:
        below = curve["months"][curve[column] <= 0.5]  # noqa: PLR2004
        return float(below.iloc[0]) if len(below) else math.nan

    return {"n": int(curve["at_risk"].iloc[0]), "ended": int(curve["ended"].sum()), "median": first("survival"),
            "low": first("low"), "high": first("high")}  # fmt: skip


def _months_text(months: Any) -> str:
    return "not reached" if math.isnan(months) else f"{months:.0f}"


def _no_curve() -> pd.DataFrame:
    return pd.DataFrame(columns=["group", "months", "at_risk", "ended", "survival", "low", "high"])
