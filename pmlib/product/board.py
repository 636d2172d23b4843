"""What the board of products is made of: each metric measured in two windows, all arrows decided at once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.product.change import Arrow, Change, arrows, points_change, proportion_change, relative_change, share_change
from pmlib.product.customers import Activity, CohortTriangle, active_counts, triangle_of
from pmlib.product.engine import Tables
from pmlib.product.estimate import Estimate, series_of
from pmlib.product.market import monthly_shares, share_change_error, window_share
from pmlib.product.money.margin import ProductMargin
from pmlib.product.revenue import MonthlyRevenue
from pmlib.product.satisfaction import Instrument, answer_counts, estimate_of
from pmlib.product.voice.response_weighting import weight_by_response
from pmlib.product.wording import counted

_AGE, _CARRIED = 12, "subscription"
_METRICS = {"revenue": "%", "margin": "pp", "share": "pp", "nps": "points", "csat": "pp", "retention_12": "pp"}
_NAMES = {
    "revenue": "revenue", "margin": "margin", "share": "market share", "nps": "NPS", "csat": "CSAT",
    "retention_12": "retention",
}  # fmt: skip
_CHANGES = {metric: f"{metric}_change{'_pp' if unit == 'pp' else ''}" for metric, unit in _METRICS.items()}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One metric of one product: its level in the window, in the one before, and the change."""

    level: Estimate
    before: Estimate
    change: Change


_CHANGE_COLUMNS = [
    "product_id", "name", "metric", "unit", "before", "after", "change", "low", "high", "n_before", "n_after", "p",
    "p_holm", "arrow",
]  # fmt: skip

#: Readings of one metric by product.
Measured: TypeAlias = dict[str, Reading]


def measure(
    tables: Tables, products: pd.DataFrame, revenue: MonthlyRevenue | None, *, last: int, months: int,
    margin: ProductMargin | None = None,
) -> dict[str, Measured]:  # fmt: skip
    """Measure every metric of the board in the last ``months`` and in as many before, by product.

    A metric whose table is missing, or a product without rows in it, is simply not in the answer.
    """
    return {
        "revenue": _revenue(revenue, last, months),
        "margin": _margin(margin, last, months),
        "share": _share(tables, products, last=last, months=months),
        **_surveys(tables, last, months),
        "retention_12": _retention(tables, last, months),
    }


def decide(measured: dict[str, Measured], products: pd.DataFrame) -> pd.DataFrame:
    """Lay out every measured change in one row and decide all arrows of the board together (Holm)."""
    names = dict(zip(products["product_id"], products["name"], strict=True))
    keys = [
        (product, metric)
        for product in names
        for metric in _METRICS
        if product in measured[metric] and not math.isnan(measured[metric][product].change.p)
    ]
    shown, corrected = arrows([measured[metric][product].change for product, metric in keys])
    rows = [
        {"product_id": product, "name": names[product]}
        | _change_cells(metric, measured[metric][product])
        | {"p_holm": p_holm, "arrow": str(arrow)}
        for (product, metric), arrow, p_holm in zip(keys, shown, corrected, strict=True)
    ]
    return pd.DataFrame(rows, columns=_CHANGE_COLUMNS)


def lay_out(
    products: pd.DataFrame, measured: dict[str, Measured], changes: pd.DataFrame, *, said: dict[str, str]
) -> pd.DataFrame:
    """Return one row per product, the largest revenue first, with every metric's level, change and arrow."""
    arrow_of = {(row["product_id"], row["metric"]): row["arrow"] for _, row in changes.iterrows()}
    rows = []
    for product in products.to_dict("records"):
        key = str(product["product_id"])
        row: dict[str, Any] = {str(name): value for name, value in product.items()}
        for metric in _METRICS:
            row |= _cells(metric, measured[metric].get(key, _nothing(metric)))
            row[f"{metric}_arrow"] = str(arrow_of.get((key, metric), Arrow.UNMEASURED))
        rows.append(row | {"note": said[key]})
    if not rows:
        return _empty_board(products)
    board = pd.DataFrame(rows)
    return board.sort_values(["revenue_k", "product_id"], ascending=[False, True]).reset_index(drop=True)


def _empty_board(products: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a board without a row, numbers as numbers."""
    columns: dict[str, type] = dict.fromkeys(products.columns, str)
    for metric in _METRICS:
        columns |= dict.fromkeys(_cells(metric, _nothing(metric)), float) | {f"{metric}_arrow": str}
    columns["note"] = str
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns.items()})


def notes(
    products: pd.DataFrame, measured: dict[str, Measured], revenue: MonthlyRevenue | None, *, last: int, months: int
) -> dict[str, str]:
    """Say for every product what could not be measured, and why."""
    first = {} if revenue is None else revenue.months.groupby("product_id")["month"].min().to_dict()
    return {
        str(product.product_id): "; ".join(
            _reasons(product, measured, first.get(product.product_id), last=last, months=months)
        )
        for product in products.itertuples()
    }


def change_text(change: pd.Series) -> str:
    """Say one change in a clause: what rose or fell, by how much, between what.

    Examples
    --------
    >>> change_text(pd.Series({"name": "Aria", "metric": "nps", "unit": "points", "change": -9.2, "low": -13.0,
    ...                        "high": -5.0}))
    'NPS of Aria fell by 9.2 points (between -13.0 and -5.0)'
    """
    verb = "rose" if change["change"] > 0 else "fell"
    return (
        f"{_NAMES[str(change['metric'])]} of {change['name']} {verb} by {abs(change['change']):.1f} {change['unit']} "
        f"(between {change['low']:+.1f} and {change['high']:+.1f})"
    )


def _revenue(revenue: MonthlyRevenue | None, last: int, months: int) -> Measured:
    if revenue is None or revenue.months.empty:
        return {}
    span = pd.RangeIndex(last - 2 * months + 1, last + 1)
    return {
        str(product): _revenue_reading(rows.set_index("month").reindex(span), months)
        for product, rows in revenue.months.groupby("product_id")
    }


def _revenue_reading(rows: pd.DataFrame, months: int) -> Reading:
    series = rows["revenue_k"].to_numpy(dtype=np.float64)
    before, after = series[:months], series[months:]
    levels = [_counted(part) for part in (before, after)]
    # A window that begins before the first sale is shorter than the other: growth from it would be the launch.
    if not np.isfinite(before).all():
        return Reading(level=levels[1], before=levels[0], change=Change.unmeasured(levels[0].n, levels[1].n))
    change = relative_change(after, before, carried=rows["subscriptions_k"].to_numpy(dtype=np.float64))
    return Reading(level=levels[1], before=levels[0], change=change)


def _margin(margin: ProductMargin | None, last: int, months: int) -> Measured:
    """Contribution by revenue of each window, and whether the months changed by more than they do anyway."""
    if margin is None:
        return {}
    span = pd.RangeIndex(last - 2 * months + 1, last + 1)
    return {
        str(product): _margin_reading(rows.set_index("month").reindex(span), months)
        for product, rows in margin.months.groupby("product_id")
    }


def _margin_reading(rows: pd.DataFrame, months: int) -> Reading:
    left, earned = (rows[name].to_numpy(dtype=np.float64) for name in ("contribution_k", "revenue_k"))
    before, after = (_ratio(left[part], earned[part]) for part in (slice(months), slice(months, None)))
    change = Change.unmeasured(before.n, after.n)
    if before.n == after.n == months:
        # Every month's contribution against what the whole window's margin would have left of its revenue.
        noise = [(left[part] - one.value * earned[part]) * months / earned[part].sum() + one.value
                 for part, one in ((slice(months), before), (slice(months, None), after))]  # fmt: skip
        change = share_change(
            noise[1], noise[0], change=after.value - before.value, study_error=0.0,
            carried=bool(rows["subscriptions"].sum() > 0),
        )  # fmt: skip
    return Reading(level=after, before=before, change=change)


def _ratio(left: npt.NDArray[np.float64], earned: npt.NDArray[np.float64]) -> Estimate:
    known = np.isfinite(left) & np.isfinite(earned)
    if not known.all() or earned.sum() <= 0:
        return Estimate.unmeasured(unit="share", n_missing=int((~known).sum()))
    value = float(left.sum() / earned.sum())
    return Estimate(value=value, low=value, high=value, n=len(left), n_missing=0, unit="share")


def _counted(series: npt.NDArray[np.float64]) -> Estimate:
    total, n = float(np.nansum(series)), int(np.isfinite(series).sum())
    return Estimate(value=total, low=total, high=total, n=n, n_missing=len(series) - n, unit="thousand")


def _share(tables: Tables, products: pd.DataFrame, *, last: int, months: int) -> Measured:
    if tables.get("market") is None:
        return {}
    shares, carried = monthly_shares(tables, last=last), set(products.loc[products["model"] == _CARRIED, "category"])
    by_category: Measured = {
        str(category): _share_of(rows, last, months=months, carried=category in carried)
        for category, rows in shares.groupby("category")
    }
    return {
        str(product.product_id): by_category[str(product.category)]
        for product in products.itertuples()
        if str(product.category) in by_category
    }


def _share_of(rows: pd.DataFrame, last: int, *, months: int, carried: bool) -> Reading:
    after = rows[(rows["month"] > last - months) & (rows["month"] <= last) & (rows["market_k"] > 0)]
    before = rows[(rows["month"] > last - 2 * months) & (rows["month"] <= last - months) & (rows["market_k"] > 0)]
    level, base = window_share(after), window_share(before)
    if len(after) < months or len(before) < months:
        return Reading(level=level, before=base, change=Change.unmeasured(len(before), len(after)))
    change = share_change(
        (after["own_k"] / after["market_k"]).to_numpy(),
        (before["own_k"] / before["market_k"]).to_numpy(),
        change=level.value - base.value,
        study_error=math.hypot(share_change_error(after), share_change_error(before)),
        carried=carried,
    )
    return Reading(level=level, before=base, change=change)


def _surveys(tables: Tables, last: int, months: int) -> dict[str, Measured]:
    measured: dict[str, Measured] = {"nps": {}, "csat": {}}
    if tables.get("surveys") is None:
        return measured
    counts = answer_counts(tables, last=last, first=last - 2 * months + 1)
    for (product, instrument), rows in counts.groupby(["product_id", "instrument"]):
        metric = str(instrument).lower()
        if metric in measured:
            measured[metric][str(product)] = _answers(rows, last - months)
    if tables.get("invitations") is not None:
        measured["nps"] |= _weighted(tables, measured["nps"], last=last, months=months)
    return measured


def _weighted(tables: Tables, raw: Measured, *, last: int, months: int) -> Measured:
    """Scores weighted by who was asked, where that can be done in every window that has answers."""
    after, before = (
        weight_by_response(tables, period=end, months=months).products.set_index("product_id").to_dict("index")
        for end in (last, last - months)
    )
    readings = {}
    for product, reading in raw.items():
        level, base = (_weighted_estimate(rows.get(product)) for rows in (after, before))
        if level.n > 0 and (base.n > 0 or reading.before.n == 0):
            readings[product] = Reading(level=level, before=base, change=points_change(base, level))
    return readings


def _weighted_estimate(row: dict[Any, Any] | None) -> Estimate:
    if row is None or math.isnan(row["weighted"]):
        return Estimate.unmeasured(unit="points")
    return Estimate(
        value=float(row["weighted"]), low=float(row["weighted_low"]), high=float(row["weighted_high"]),
        n=int(row["n"]), n_missing=0, unit=str(row["unit"]),
    )  # fmt: skip


def _answers(counts: pd.DataFrame, last_before: int) -> Reading:
    # Top boxes of two scales do not compare: the scale most used of late is kept.
    recent = counts[counts["month"] > last_before]
    scale = (recent if len(recent) else counts).groupby("scale_max")["n"].sum().idxmax()
    kept = counts[counts["scale_max"] == scale]
    is_nps = kept["instrument"].iloc[0] == Instrument.NPS
    after, before = (
        estimate_of(part) if len(part) else Estimate.unmeasured(unit="points" if is_nps else "share")
        for part in (kept[kept["month"] > last_before], kept[kept["month"] <= last_before])
    )
    change = points_change(before, after) if is_nps else proportion_change(before, after)
    return Reading(level=after, before=before, change=change)


def _retention(tables: Tables, last: int, months: int) -> Measured:
    """Retention at month 12 of the cohorts that reached it in the window, against those of the window before."""
    if tables.get("subscriptions") is None:
        return {}
    counts = active_counts(tables, last=last, activity=Activity.SUBSCRIPTIONS, by_product=True)
    return {
        str(product): _kept(triangle_of(rows, last=last, activity=Activity.SUBSCRIPTIONS), last - _AGE, months)
        for product, rows in counts.groupby("product_id")
    }


def _kept(triangle: CohortTriangle, newest: int, months: int) -> Reading:
    after = triangle.retention(_AGE, first=newest - months + 1, last=newest)
    before = triangle.retention(_AGE, first=newest - 2 * months + 1, last=newest - months)
    return Reading(level=after, before=before, change=proportion_change(before, after))


def _nothing(metric: str) -> Reading:
    nothing = Estimate.unmeasured(unit=_METRICS[metric])
    return Reading(level=nothing, before=nothing, change=Change.unmeasured())


def _cells(metric: str, reading: Reading) -> dict[str, Any]:
    level, change, name = reading.level, reading.change, _CHANGES[metric]
    # What the books say has no interval; the rest is measured on a sample.
    cells = (
        {"revenue_k": level.value, "revenue_before_k": reading.before.value}
        if metric == "revenue"
        else series_of(level, metric)
    )
    return cells | {name: change.change, f"{name}_low": change.low, f"{name}_high": change.high}


def _change_cells(metric: str, reading: Reading) -> dict[str, Any]:
    cells = asdict(reading.change) | {"before": reading.before.value, "after": reading.level.value}
    if metric == "revenue":
        cells |= {end: 100 * cells[end] for end in ("change", "low", "high")}
    return {"metric": metric, "unit": _METRICS[metric]} | cells


def _reasons(product: Any, measured: dict[str, Measured], first: int | None, *, last: int, months: int) -> list[str]:
    """Name what is not on the board for one product, in the board's order."""
    key = str(product.product_id)
    readings = {metric: measured[metric].get(key, _nothing(metric)) for metric in _METRICS}
    reasons = []
    if not readings["revenue"].level.n:
        reasons.append("no revenue in this period")
    elif first is not None and first > last - 2 * months + 1:
        reasons.append(f"on sale for {counted(last - first + 1, 'month')}: no {months} months before to compare")
    if readings["revenue"].level.n and not readings["margin"].level.n:
        reasons.append("no costs for every month of this period")
    if not readings["share"].level.n:
        reasons.append("no market study in this period")
    if not readings["nps"].level.n and not readings["csat"].level.n:
        reasons.append("no surveys in this period")
    reasons += [_too_few(readings[metric], _NAMES[metric]) for metric in ("nps", "csat")]
    if product.model == "subscription" and not readings["retention_12"].level.n:
        reasons.append("no cohort followed for 12 months")
    return [reason for reason in reasons if reason]


def _too_few(reading: Reading, name: str) -> str:
    if not reading.level.n or not math.isnan(reading.change.p):
        return ""
    return f"too few answers to compare {name} ({reading.before.n} and {reading.level.n})"
