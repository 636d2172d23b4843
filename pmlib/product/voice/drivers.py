"""What goes with a score: the part of its variation each rating stands for, though ratings go together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, named
from pmlib.product.satisfaction import Instrument
from pmlib.product.voice import relative_importance as relative
from pmlib.product.voice.outcomes import LEAST_ANSWERS, lazy_answers, of_product, outcomes, read_instrument
from pmlib.product.voice.ratings import RATINGS, refuse_other_ratings
from pmlib.product.wording import listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KEYS = ["product_id", "scale_max"]
_NAMES = [*RATINGS, "score"]
_LEAST_BLOCKS = 6
_HIGH_INFLATION = 10.0
_NO_FIT = 1e-9
_COLUMNS = [*_KEYS, "rating", "share", "low", "high", "explained", "correlation", "vif", "r_squared", "n", "n_partial",
            "reason"]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class SatisfactionDrivers:
    """Which ratings a score goes with, in shares that survive ratings that go together.

    Attributes
    ----------
    drivers : DataFrame
        One row per product, scale and rating: ``product_id``, ``name``, ``scale_max``, ``rating``, ``share`` (of what
        the ratings explain together, 0-1; adds up to 1), ``low``, ``high`` (95 % interval; NaN below 6 months),
        ``explained`` (the same as part of the score's variance; adds up to ``r_squared``), ``correlation`` (with the
        score), ``vif``, ``r_squared``, ``n`` (answers with all ratings), ``n_partial`` (with some rating left out),
        ``reason`` (why there is no share; else empty).
    instrument : str
        The question.
    period, months : int
        Last month counted, and how many.
    """

    drivers: pd.DataFrame
    instrument: str
    period: int
    months: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product, scale and rating."""
        return self.drivers.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the shares with intervals, a row per product."""
        from pmlib.plots import voice

        return voice.driver_shares(self.drivers, ax, instrument=self.instrument)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        known = self.drivers[self.drivers["reason"] == ""]
        if known.empty:
            return {"–": f"no {self.instrument} answers with ratings"}
        mean = known.groupby("rating")["share"].mean().sort_values(ascending=False)
        return {
            percent(float(mean.iloc[0])): f"of what ratings explain goes with {mean.index[0]} (mean of the products)",
            percent(float(known["r_squared"].mean())): f"of the {self.instrument}'s variation goes with the ratings",
        }

    def summary(self) -> str:
        """Return the rating each score goes with most, where ratings overlap, and that none of it is a cause."""
        known = self.drivers[self.drivers["reason"] == ""]
        parts = [self._leaders(known)] if len(known) > 0 else []
        unknown = self.drivers[self.drivers["reason"] != ""].drop_duplicates(["product_id", "scale_max"])
        parts += [f"{row['name']}: {row['reason']}." for row in unknown.to_dict("records")]
        if not parts:
            return f"No {self.instrument} answers in the {self.months} months to {month_name(self.period)}."
        caution = ["Drivers go with the score; that is no proof that they cause it."] if len(known) > 0 else []
        return " ".join([*parts, *self._overlaps(known), *caution])

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<SatisfactionDrivers: {self.summary()}>"

    def _leaders(self, known: pd.DataFrame) -> str:
        first = known.loc[known.groupby(_KEYS)["share"].idxmax()]
        if len(first) == 1:
            ranked = known.sort_values("share", ascending=False, kind="stable").to_dict("records")
            shares = listed([f"{row['rating']} {percent(row['share'])}{_interval(row)}" for row in ranked])
            return (
                f"{ranked[0]['name']}: of what the ratings explain of the {self.instrument} (R squared "
                f"{ranked[0]['r_squared']:.2f}, {ranked[0]['n']:,} answers) {shares}."
            )
        leads = first["rating"].value_counts()
        told = listed([f"{rating} in {count}" for rating, count in leads.items()])
        low, high = first["share"].min(), first["share"].max()
        explained = f"with {percent(low)} to {percent(high)} of what ratings explain."
        if len(leads) == 1:
            whom = f"For all {len(first)} scores" if len(first) > 1 else f"For {first['name'].iloc[0]}"
            return f"{whom} {leads.index[0]} goes most with the {self.instrument}, {explained}"
        return f"The rating that goes most with the {self.instrument} is {told} of {len(first)} scores, {explained}"

    def _overlaps(self, known: pd.DataFrame) -> list[str]:
        """Warn of ratings that repeat others: what they explain together is split by convention."""
        parts = []
        for _, rows in known[known["vif"] >= _HIGH_INFLATION].groupby(_KEYS, sort=True):
            exact = bool(np.isinf(rows["vif"]).any())
            how = "repeat each other exactly" if exact else f"overlap (VIF {rows['vif'].max():.0f})"
            parts.append(
                f"{rows['name'].iloc[0]}: {listed(list(rows['rating']))} {how}; what they explain "
                "together is split evenly, these answers cannot tell them apart."
            )
        return parts


def satisfaction_drivers(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12, instrument: str = "NPS"
) -> SatisfactionDrivers:
    """Split what the ratings of quality, price and service explain of a score among them.

    The shares are averages over all orders in which ratings can enter a regression of the score (LMG, the Shapley value
    of R squared): they stay put where regression coefficients swing because ratings go together. They come from sums of
    products counted in the engine over the answers that have all ratings. The interval leaves out one month at a time
    (jackknife, Student's t). Score and ratings are taken as numbers with equal steps.

    Parameters
    ----------
    tables : mapping
        ``surveys`` (an Ibis table of any engine, or a frame); ``products`` for names.
    period : int or str
        Last month counted.
    product_id : str, optional
        One product; all by default.
    months : int
        How many months back; 6 at least for an interval.
    instrument : str
        NPS, CSAT or CES.

    Raises
    ------
    MissingTableError
        There are no surveys.
    ParameterError
        Unknown product or instrument.
    ScaleError
        Answers or ratings outside their scale.

    References
    ----------
    Lindeman, Merenda & Gold (1980). Groemping (2006), Journal of Statistical Software 17(1). Efron & Stein (1981),
    Annals of Statistics 9 (jackknife).
    """
    last, asked = as_month(period), read_instrument(instrument)
    first = last - as_count("months", months) + 1
    blocks, counts = (of_product(frame, tables, product_id) for frame in
                      _sums(tables, first=first, last=last, instrument=asked))  # fmt: skip
    rows: list[dict[str, Any]] = []
    for answers in outcomes(counts, _KEYS).to_dict("records"):
        about = {key: answers[key] for key in _KEYS}
        same = (blocks["product_id"] == about["product_id"]) & (blocks["scale_max"] == about["scale_max"])
        rows += [about | row for row in _driven(blocks[same], answered=int(answers["n"]))]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return SatisfactionDrivers(
        drivers=named(table, tables), instrument=str(asked), period=last, months=last - first + 1
    )


def _sums(tables: Tables, *, first: int, last: int, instrument: Instrument) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum complete answers and their products by product, scale and month; and count all by score."""
    columns = [f"{rating}_rating" for rating in RATINGS]
    answers = lazy_answers(tables, first=first, last=last, columns=columns)
    answers = answers.filter(answers.instrument == str(instrument))
    answers = answers.mutate(**{column: answers[column].cast("float64") for column in columns})
    refuse_other_ratings(answers)
    keys = ["product_id", "instrument", "scale_max", "score"]
    counts = answers.group_by(keys).agg(n=answers.count()).order_by(keys).to_pandas()
    whole = answers.drop_null([*columns, "score"])
    values = [whole[column] for column in (*columns, "score")]
    sums = {f"s{i}": one.sum() for i, one in enumerate(values)}
    sums |= {f"p{i}{j}": (values[i] * values[j]).sum() for i in range(4) for j in range(i, 4)}
    blocks = ["product_id", "scale_max", "month"]
    return whole.group_by(blocks).agg(n=whole.count(), **sums).order_by(blocks).to_pandas(), counts


def _driven(blocks: pd.DataFrame, *, answered: int) -> list[dict[str, Any]]:
    """Give each rating its share of one score, or the reason why not."""
    n = blocks["n"].to_numpy(np.float64)
    complete = int(n.sum())
    common = {"n": complete, "n_partial": answered - complete}
    sums = blocks[[f"s{i}" for i in range(4)]].to_numpy(np.float64)
    order = [f"p{min(i, j)}{max(i, j)}" for i in range(4) for j in range(4)]
    products = blocks[order].to_numpy(np.float64).reshape(-1, 4, 4)
    totals = n.sum(), sums.sum(axis=0), products.sum(axis=0)
    correlations = relative.correlations_of_sums(*totals)
    reason = _why_not(complete, correlations)
    if reason:
        return [common | {"rating": rating, "reason": reason} for rating in RATINGS]
    explained = relative.importance(correlations)
    low, high = _jackknife(
        explained / explained.sum(), n=totals[0] - n, sums=totals[1] - sums, products=totals[2] - products
    )
    return [
        common | {
            "rating": rating, "share": explained[j] / explained.sum(), "low": low[j], "high": high[j],
            "explained": explained[j], "correlation": correlations[j, -1], "vif": factor,
            "r_squared": explained.sum(), "reason": "",
        }
        for j, (rating, factor) in enumerate(zip(RATINGS, relative.inflation(correlations), strict=True))
    ]  # fmt: skip


def _why_not(complete: int, correlations: relative.Floats) -> str:
    """Name what keeps the shares from being told; empty when nothing does."""
    if complete < LEAST_ANSWERS:
        return f"not enough answers with all ratings ({complete}, {LEAST_ANSWERS} needed)"
    flat = [name for name, value in zip(_NAMES, np.diagonal(correlations), strict=True) if math.isnan(value)]
    if flat:
        return f"everybody gave the same {flat[0]}{' rating' if flat[0] != 'score' else ''}, so nothing goes with it"
    if relative.fit_of(correlations, (0, 1, 2)) < _NO_FIT:
        return "the ratings explain nothing of the score"
    return ""


def _jackknife(
    shares: relative.Floats, *, n: relative.Floats, sums: relative.Floats, products: relative.Floats
) -> tuple[relative.Floats, relative.Floats]:
    """Interval of the shares from the sums with one month left out; NaN with too few months."""
    from scipy import special

    if len(n) < _LEAST_BLOCKS:
        return np.full(len(shares), np.nan), np.full(len(shares), np.nan)
    explained = _finite_importance(relative.correlations_of_sums(n, sums, products))
    half = special.stdtrit(len(n) - 1, 0.975) * relative.jackknife_error(
        explained / explained.sum(axis=-1, keepdims=True)
    )
    return np.clip(shares - half, 0, 1), np.clip(shares + half, 0, 1)


def _finite_importance(correlations: relative.Floats) -> relative.Floats:
    """Split the fit block by block; NaN throughout where a block's months leave a variable without variation."""
    if not np.isfinite(correlations).all():
        return np.full((len(correlations), len(RATINGS)), np.nan)
    return relative.importance(correlations)


def _interval(row: dict[Any, Any]) -> str:
    return "" if math.isnan(row["low"]) else f" ({percent(row['low'])} to {percent(row['high'])})"
