"""Did the score change, or is it noise: a control chart whose false alarms are counted over the whole chart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, named
from pmlib.product.satisfaction import Instrument
from pmlib.product.voice import shift_detection as shift
from pmlib.product.voice.outcomes import (
    LEAST_ANSWERS,
    estimated,
    lazy_answers,
    of_product,
    outcomes,
    read_instrument,
    unit_of,
)
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KEYS = ["product_id", "scale_max"]
_LEAST_SHUFFLES, _MOST_SHUFFLES, _REDRAWS = 4_000, 200_000, 2_000
_SEED, _ROUNDING = 20, 1e-9
_NO_MONTH = 0
_UNDATED = {"change_month": _NO_MONTH, "change_from": _NO_MONTH, "change_to": _NO_MONTH}
_COLUMNS = [
    *_KEYS, "n", "n_missing", "level", "signal_month", "change_month", "change_from", "change_to", "before", "after",
    "p", "restless_p", "unit", "reason",
]  # fmt: skip
_MONTH_COLUMNS = [
    *_KEYS, "month", "value", "low", "high", "n", "n_missing", "level", "limit_low", "limit_high", "smoothed",
    "smoothed_low", "smoothed_high", "outside", "smoothed_outside", "unit",
]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreChart:
    """Which scores left the level they started from, when, and by how much.

    Attributes
    ----------
    products : DataFrame
        One row per product and scale: ``product_id``, ``name``, ``scale_max``, ``n``, ``n_missing``, ``level`` (score
        of the starting months), ``signal_month`` (first month outside the limits; 0: none), ``change_month`` (likeliest
        first month of the new level; 0: none located), ``change_from``, ``change_to`` (its 95 % interval), ``before``,
        ``after`` (scores on both sides of it), ``p`` (chance of such an excursion when nothing changed, over the whole
        chart, not corrected for the number of charts), ``restless_p`` (chance that the starting months differ as much
        as they do), ``unit`` (points or share), ``reason`` (why there is no chart; else empty).
    months : DataFrame
        One row per product, scale and month: ``value``, ``low``, ``high`` (the month alone), ``n``, ``n_missing``,
        ``level``, ``limit_low``, ``limit_high`` (for the month alone), ``smoothed``, ``smoothed_low``,
        ``smoothed_high`` (score over the months, and its limits), ``outside``, ``smoothed_outside``. NaN and False
        in the starting months.
    instrument : str
        The question.
    period : int
        Last month counted.
    false_alarm : float
        Chance that any of the charts signals though no score changed.
    """

    products: pd.DataFrame
    months: pd.DataFrame
    instrument: str
    period: int
    false_alarm: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product and scale."""
        return self.products.copy(deep=False)

    def plot(self, *, product_id: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the chart of the product named, or of the one that signals most clearly."""
        from pmlib.plots import voice

        ranked = self.products.sort_values("p", na_position="last", kind="stable")["product_id"]
        chosen = product_id if product_id is not None or ranked.empty else str(ranked.iloc[0])
        rows = [frame[frame["product_id"] == chosen] for frame in (self.months, self.products)]
        return voice.score_chart(rows[0], ax, signals=rows[1])

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        charted = self.products[self.products["reason"] == ""]
        if charted.empty:
            return {"–": f"not enough {self.instrument} answers for a chart"}
        signals = int((charted["signal_month"] > 0).sum())
        return {
            f"{signals} of {len(charted)}": f"{self.instrument} charts signal a change",
            percent(self.false_alarm): "chance of any signal when nothing changed",
        }

    def summary(self) -> str:
        """Return every signal with month and size, how many are quiet, and which charts lack answers."""
        charted = self.products[self.products["reason"] == ""]
        changed = charted[charted["signal_month"] > 0]
        parts = [self._told(row) for _, row in changed.iterrows()]
        if len(charted) > len(changed):
            quiet = counted(len(charted) - len(changed), "other score" if parts else "score")
            parts.append(f"{quiet} stayed within what chance does ({percent(self.false_alarm)} for any false signal).")
        restless = charted.loc[charted["restless_p"] < self.false_alarm / max(len(charted), 1), "name"]
        if len(restless) > 0:
            parts.append(f"The starting months of {listed(list(restless))} differ more than chance: limits too narrow.")
        lacking = len(self.products) - len(charted)
        if lacking > 0 or self.products.empty:
            parts.append(self._lacking(lacking))
        return " ".join(parts)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<ScoreChart: {self.summary()}>"

    def _told(self, row: pd.Series) -> str:
        text = f"{row['name']} left its level of {self._text(row['level'])} in {month_name(row['signal_month'])}"
        if row["change_month"] == _NO_MONTH:
            return f"{text}; no lasting shift can be dated yet."
        return (
            f"{text}: {self._text(row['before'])} became {self._text(row['after'])}, most likely from "
            f"{month_name(row['change_month'])} on (between {month_name(row['change_from'])} and "
            f"{month_name(row['change_to'])})."
        )

    def _lacking(self, charts: int) -> str:
        if charts == 0:
            return f"No {self.instrument} answers to {month_name(self.period)}."
        reason = self.products.loc[self.products["reason"] != "", "reason"].iloc[0]
        return f"{counted(charts, 'score')} not charted: {reason}."

    def _text(self, value: float) -> str:
        return f"{value:.0f}" if self.instrument == Instrument.NPS else f"{100 * value:.0f} %"


def chart_score(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    months: int = 36,
    instrument: str = "NPS",
    false_alarm: float = 0.05,
) -> ScoreChart:
    """Watch each score month by month against the level of its first third.

    Each month alone, and a smoothed score (EWMA, each answer weighs 0.7 of one a month newer), are held against limits
    about the level of the starting months; they widen where a month has few answers. The limits are set by shuffling
    the answers over the months 4,000 times (one fixed seed), so that ``false_alarm`` bounds the chance that any chart
    of the call signals anywhere when nothing changed. It assumes answers independent of each other; ``restless_p``
    tests that on the starting months. A signal is dated by the likeliest split of the months in two, if that too is
    beyond chance.

    How fast it is, with 36 months, 12 of them to start: a fall of 12 points at 200 answers a month is signalled within
    3 months half of the time (5 months as one of 8 charts), within a year 19 times in 20; one of 20 points at 100
    answers is as fast; one of 10 points at 100 answers is signalled within a year 6 times in 10 (3 as one of 8).

    Parameters
    ----------
    tables : mapping
        ``surveys`` (an Ibis table of any engine, or a frame); ``products`` for names.
    period : int or str
        Last month counted.
    product_id : str, optional
        One product; all by default.
    months : int
        Months of the chart, 3 or more; the first third, from the first answer, sets the level.
    instrument : str
        NPS, CSAT or CES.
    false_alarm : float
        Chance of any false signal in all charts together.

    Raises
    ------
    MissingTableError
        There are no surveys.
    ParameterError
        Unknown product or instrument, or a false-alarm rate outside 0.01-0.5.
    ScaleError
        Answers outside their scale.

    References
    ----------
    Roberts (1959), Technometrics 1. Hinkley (1970), Biometrika 57. Hawkins, Qiu & Kang (2003), Journal of Quality
    Technology 35 (charts without a known level).
    """
    last, asked = as_month(period), read_instrument(instrument)
    if not isinstance(false_alarm, Real) or not 0.01 <= false_alarm <= 0.5:  # noqa: PLR2004 - smaller chances would take too many shuffles
        raise ParameterError(f"false_alarm: got {false_alarm!r}, allowed 0.01 to 0.5. Use 0.05 for 1 in 20.")
    first = last - as_count("months", months) + 1
    counts = of_product(_counts_by_month(tables, first=first, last=last, instrument=asked), tables, product_id)
    charts = [(dict(zip(_KEYS, key, strict=True)), rows) for key, rows in counts.groupby(_KEYS, sort=True)]
    products: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for about, rows in charts:
        told, its_months = _charted(_grid(rows, last=last), instrument=asked, false_alarm=false_alarm / len(charts))
        products.append(about | told)
        points += [about | point for point in its_months]
    return ScoreChart(
        products=named(pd.DataFrame(products, columns=_COLUMNS), tables),
        months=named(pd.DataFrame(points, columns=_MONTH_COLUMNS), tables),
        instrument=str(asked),
        period=last,
        false_alarm=false_alarm,
    )


def _counts_by_month(tables: Tables, *, first: int, last: int, instrument: Instrument) -> pd.DataFrame:
    keys = ["product_id", "instrument", "scale_max", "month", "score"]
    answers = lazy_answers(tables, first=first, last=last)
    answers = answers.filter(answers.instrument == str(instrument))
    counts: pd.DataFrame = answers.group_by(keys).agg(n=answers.count()).order_by(keys).to_pandas()
    return counts


def _grid(counts: pd.DataFrame, *, last: int) -> pd.DataFrame:
    """One row per month from the first answer to the last month: month, n, up, down, n_missing."""
    sums = outcomes(counts, ["month"]).set_index("month")
    filled = sums.reindex(pd.RangeIndex(int(sums.index.min()), last + 1, name="month"), fill_value=0)
    return filled.astype("int64").reset_index()


def _charted(
    grid: pd.DataFrame, *, instrument: Instrument, false_alarm: float
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Judge one chart: its row, and its months."""
    unit, scale = unit_of(instrument)
    start = len(grid) // 3
    told: dict[str, Any] = {"n": int(grid["n"].sum()), "n_missing": int(grid["n_missing"].sum()), "unit": unit}
    if start == 0 or grid["n"].iloc[:start].sum() < LEAST_ANSWERS or grid["n"].iloc[start:].sum() < LEAST_ANSWERS:
        reason = f"not enough answers ({LEAST_ANSWERS} needed in the first third of the months and in the rest)"
        return told | _UNDATED | {"signal_month": _NO_MONTH, "reason": reason}, []
    n, up, down = (grid[name].to_numpy(np.int64) for name in ("n", "up", "down"))
    rng = np.random.default_rng(_SEED)
    size = min(max(_LEAST_SHUFFLES, math.ceil(20 / false_alarm)), _MOST_SHUFFLES)
    shuffled = shift.shuffled_months(int(up.sum()), int(down.sum()), n, size=size, rng=rng)
    largest = shift.excursions(shuffled, n, start=start).max(axis=-1)
    critical = shift.critical_value(largest, false_alarm=false_alarm) + _ROUNDING
    excursions = shift.excursions(up - down, n, start=start)
    signals = np.flatnonzero(excursions > critical)
    told |= {
        "reason": "",
        "level": scale * (up - down)[:start].sum() / n[:start].sum(),
        "p": shift.chance_of(float(excursions.max()), largest),
        "restless_p": _restless(up[:start], down[:start], n[:start]),
        "signal_month": int(grid["month"].iloc[start + signals[0]]) if len(signals) > 0 else _NO_MONTH,
    }
    told |= _dated(grid, shuffled, scale=scale, false_alarm=false_alarm, rng=rng) if len(signals) > 0 else _UNDATED
    limits = _limits(up - down, n, start=start, scale=scale, critical=critical)
    return told, _points(grid, limits, level=told["level"], instrument=instrument)


def _dated(
    grid: pd.DataFrame, shuffled: shift.Counts, *, scale: float, false_alarm: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Say where the months split best in two, with interval and both scores; nothing where chance splits as well."""
    n, up, down, month = (grid[name].to_numpy(np.int64) for name in ("n", "up", "down", "month"))
    net = up - down
    chance = np.abs(shift.splits(shuffled, n)).max(axis=-1)
    if np.abs(shift.splits(net, n)).max() <= shift.critical_value(chance, false_alarm=false_alarm) + _ROUNDING:
        return _UNDATED
    best, likely = shift.likely_splits(up, down, n, size=_REDRAWS, rng=rng)
    ends = np.flatnonzero(likely)
    return {
        "change_month": int(month[best + 1]),
        "change_from": int(month[ends[0] + 1]),
        "change_to": int(month[ends[-1] + 1]),
        "before": float(scale * net[: best + 1].sum() / n[: best + 1].sum()),
        "after": float(scale * net[best + 1 :].sum() / n[best + 1 :].sum()),
    }


def _restless(up: shift.Counts, down: shift.Counts, n: shift.Counts) -> float:
    """Chance that months of one level differ as much as these (chi-square over the months with answers)."""
    from scipy import special

    asked = n > 0
    mean = (up - down).sum() / n.sum()
    variance = (up + down).sum() / n.sum() - mean**2
    if variance <= 0 or asked.sum() < 2:  # noqa: PLR2004 - one month differs from nothing
        return math.nan
    squares = np.sum(((up - down)[asked] - n[asked] * mean) ** 2 / n[asked]) / variance
    return float(special.chdtrc(asked.sum() - 1, squares))


def _limits(net: shift.Counts, n: shift.Counts, *, start: int, scale: float, critical: float) -> pd.DataFrame:
    """Limits of each watched month alone and of the smoothed score, as distances from the level."""
    alone, its_spread = shift.monthly_scores(net, n, start=start)
    smoothed, spread = shift.smoothed_scores(net, n, start=start)
    return pd.DataFrame({
        "half": scale * critical * its_spread, "outside": np.abs(alone) > critical * its_spread,
        "smoothed": scale * smoothed, "smoothed_half": scale * critical * spread,
        "smoothed_outside": np.abs(smoothed) > critical * spread,
    })  # fmt: skip


def _points(grid: pd.DataFrame, limits: pd.DataFrame, *, level: float, instrument: Instrument) -> list[dict[str, Any]]:
    """Give each month its own score with interval, and the limits about the level."""
    placed = limits.set_axis(grid.index[len(grid) - len(limits) :]).reindex(grid.index)
    points = []
    for row, limit in zip(grid.to_dict("records"), placed.to_dict("records"), strict=True):
        alone = estimated(instrument, up=row["up"], down=row["down"], n=row["n"], n_missing=row["n_missing"])
        points.append({
            "month": row["month"], "value": alone.value, "low": alone.low, "high": alone.high, "n": alone.n,
            "n_missing": alone.n_missing, "level": level, "unit": alone.unit,
            **_both_sides("limit", level, limit["half"], instrument), "outside": limit["outside"] is True,
            **_both_sides("smoothed", level, limit["smoothed_half"], instrument),
            "smoothed": level + limit["smoothed"], "smoothed_outside": limit["smoothed_outside"] is True,
        })  # fmt: skip
    return points


def _both_sides(name: str, level: float, half: float, instrument: Instrument) -> dict[str, float]:
    """Limits about the level, no further than the scale goes."""
    lowest = -100.0 if instrument == Instrument.NPS else 0.0
    low, high = np.clip([level - half, level + half], lowest, unit_of(instrument)[1])
    return {f"{name}_low": float(low), f"{name}_high": float(high)}
