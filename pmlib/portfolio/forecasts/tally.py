"""Tables of a forecast log: closed forecasts counted and scored by estimator and quantity, and in all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from pmlib.portfolio.forecasts.closed import ALL, CHANCE, POINTS, Closed
from pmlib.portfolio.forecasts.intervals import Interval, mean_of, quantile_of, share_of, wilson
from pmlib.portfolio.forecasts.rules import chances, crps
from pmlib.portfolio.model import Floats

#: Share of outcomes that a range from P10 to P90 is to hold.
STATED = 0.8
VERDICTS = ("too narrow", "holds", "too wide", "too few to tell")
#: With fewer forecasts a range that seems to hold may as well be far off.
ENOUGH = 10
_COLUMNS = ["estimator_id", "quantity", "n", "n_projects", "n_open", "inside", "inside_low", "inside_high", "verdict",
            "below_p10", "below_p50", "below_p90", "width", "median_ratio", "median_low", "median_high", "mean_ratio",
            "mean_low", "mean_high", "crps", "crps_low", "crps_high"]
_CHANCES = ["estimator_id", "n", "n_open", "stated", "came_true", "came_true_low", "came_true_high", "brier",
            "brier_low", "brier_high", "reliability", "resolution", "uncertainty", "log_score"]
_POINTS = ["estimator_id", "stated", "observed", "low", "high", "n"]
_UNKNOWN = (math.nan, math.nan, math.nan)


def people(closed: Closed) -> list[str]:
    """All, and every estimator with a forecast."""
    return [ALL, *sorted({*closed.ranges["estimator_id"], *closed.chances["estimator_id"],
                          *closed.open["estimator_id"]})]


def scored(ranges: pd.DataFrame) -> pd.DataFrame:
    """Add inside, ratio (outcome / P50), width and crps (units of P50) to closed ranges."""
    outcome, middle = ranges["outcome"], ranges["p50"]
    low, centre, high = (ranges[name].to_numpy(dtype=float) for name in POINTS)
    return ranges.assign(
        inside=outcome.between(ranges["p10"], ranges["p90"]), ratio=outcome / middle,
        width=(ranges["p90"] - ranges["p10"]) / middle,
        crps=crps(low, centre, high, outcome=outcome.to_numpy(dtype=float)) / centre)


def range_table(closed: Closed) -> pd.DataFrame:
    """One row per estimator and quantity with a range, open or closed; the columns of ``ForecastLog.table``."""
    done, waiting = scored(closed.ranges), closed.open[closed.open["quantity"] != CHANCE]
    quantities = [ALL, *sorted({*done["quantity"], *waiting["quantity"]})]
    rows = (_row(_of(done, who, what), len(_of(waiting, who, what)), who, what)
            for who in people(closed) for what in quantities)
    return _kept(rows, _COLUMNS)


def chance_table(closed: Closed) -> pd.DataFrame:
    """One row per estimator with a chance, open or closed; the columns of ``ForecastLog.chance_table``."""
    waiting = closed.open[closed.open["quantity"] == CHANCE]
    rows = (_chance_row(_of(closed.chances, who), len(_of(waiting, who)), who) for who in people(closed))
    return _kept(rows, _CHANCES)


def points_observed(closed: Closed) -> pd.DataFrame:
    """Share of outcomes at or below P10, P50, P90 by estimator: estimator_id, stated, observed, low, high, n."""
    groups = ((who, _of(closed.ranges, who)) for who in people(closed))
    rows = [(who, stated, *share_of(_below(own, point), own["project_id"]), len(own)) for who, own in groups
            for point, stated in zip(POINTS, (0.1, 0.5, 0.9), strict=True) if len(own)]
    return pd.DataFrame(rows, columns=_POINTS)


def chance_curve(closed: Closed) -> pd.DataFrame:
    """Chances that came true alike, of all estimators: stated, observed, n, low, high."""
    rows = closed.chances
    curve = chances(rows["prob"].to_numpy(dtype=float), rows["outcome"].to_numpy(dtype=float)).curve
    ends = np.array([wilson(share, n) for share, n in zip(curve["observed"], curve["n"], strict=True)]).reshape(-1, 2)
    return curve.assign(low=ends[:, 0], high=ends[:, 1])


def _of(frame: pd.DataFrame, who: str, what: str = ALL) -> pd.DataFrame:
    own = frame if who == ALL else frame[frame["estimator_id"] == who]
    return own if what == ALL else own[own["quantity"] == what]


def _kept(rows: Iterable[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """Keep the rows that count a forecast."""
    return pd.DataFrame([row for row in rows if row["n"] or row["n_open"]], columns=columns)


def _below(rows: pd.DataFrame, point: str) -> Floats:
    """1 where the outcome lies below the point, a half on it: months are whole, and ties are many."""
    off = rows[point] - rows["outcome"]
    return (off > 0).to_numpy(dtype=float) + (off == 0).to_numpy(dtype=float) / 2


def _row(rows: pd.DataFrame, n_open: int, who: str, what: str) -> dict[str, Any]:
    inside = share_of(rows["inside"].to_numpy(dtype=float), rows["project_id"])
    by_project = rows.groupby("project_id")[["ratio", "crps"]].mean()
    unmixed, ratio = what != ALL or rows["quantity"].nunique() == 1, by_project["ratio"].to_numpy()
    return {
        "estimator_id": who, "quantity": what, "n": len(rows), "n_projects": len(by_project), "n_open": n_open,
        **_named("inside", inside), "verdict": _verdict(len(rows), inside),
        **{f"below_{point}": _below(rows, point).mean() if len(rows) else math.nan for point in POINTS},
        "width": rows["width"].mean(),
        **_named("median", quantile_of(ratio, 0.5) if unmixed else _UNKNOWN, first="median_ratio"),
        **_named("mean", mean_of(ratio) if unmixed else _UNKNOWN, first="mean_ratio"),
        **_named("crps", mean_of(by_project["crps"].to_numpy())),
    }


def _named(name: str, interval: Interval, *, first: str = "") -> dict[str, float]:
    return dict(zip((first or name, f"{name}_low", f"{name}_high"), interval, strict=True))


def _verdict(n: int, inside: Interval) -> str:
    _, low, high = inside
    if high < STATED:
        return VERDICTS[0]
    if low > STATED:
        return VERDICTS[2]
    return VERDICTS[1] if n >= ENOUGH else VERDICTS[3]


def _chance_row(rows: pd.DataFrame, n_open: int, who: str) -> dict[str, Any]:
    outcome, stated = rows["outcome"].to_numpy(dtype=float), rows["prob"].to_numpy(dtype=float)
    found, missed = chances(stated, outcome), pd.Series((stated - outcome) ** 2)
    by_project = missed.groupby(rows["project_id"].to_numpy()).mean().to_numpy()
    return {
        "estimator_id": who, "n": len(rows), "n_open": n_open, "stated": rows["prob"].mean(),
        **_named("came_true", share_of(outcome, rows["project_id"])), **_named("brier", mean_of(by_project)),
        "brier": found.brier, "reliability": found.reliability, "resolution": found.resolution,
        "uncertainty": found.uncertainty, "log_score": found.log_score,
    }
