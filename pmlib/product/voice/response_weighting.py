"""What the score would be had everybody answered alike: answers weighted by how engaged those asked were."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, as_count, lazy, named
from pmlib.product.satisfaction import Instrument
from pmlib.product.voice.outcomes import (
    LEAST_ANSWERS,
    estimated,
    lazy_answers,
    of_product,
    outcomes,
    read_instrument,
    unit_of,
)
from pmlib.product.voice.post_stratification import merge_small, post_stratify, variance_of_outcomes
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z95 = 1.959963984540054
_LEAST_IN_BAND = 10
_LEAST_MATCHED = 0.8
_KEYS = ["product_id", "scale_max"]
_WEIGHTED = ("weighted", "weighted_low", "weighted_high", "gap", "gap_low", "gap_high", "n_effective")
_COLUMNS = [
    *_KEYS, "raw", "raw_low", "raw_high", "n", "weighted", "weighted_low", "weighted_high", "gap", "gap_low",
    "gap_high", "n_effective", "n_matched", "invited", "response_rate", "unit", "reason",
]  # fmt: skip
_BAND_COLUMNS = [
    *_KEYS, "band", "invited", "responded", "response_rate", "share_invited", "share_answers", "value", "low", "high",
    "n", "unit",
]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedScores:
    """How far the scores are off because the engaged answer more often.

    Attributes
    ----------
    products : DataFrame
        One row per product and scale: ``product_id``, ``name``, ``scale_max``, ``raw``, ``raw_low``, ``raw_high``,
        ``n`` (answers), ``weighted``, ``weighted_low``, ``weighted_high``, ``gap`` (raw less weighted), ``gap_low``,
        ``gap_high``, ``n_effective`` (answers the weighting leaves, Kish), ``n_matched`` (answers with an invitation),
        ``invited``, ``response_rate`` (0-1), ``unit`` (points or share), ``reason`` (why it cannot be weighted; else
        empty). NaN where it cannot.
    bands : DataFrame
        One row per weighted product, scale and engagement band (merged ones joined by +): ``invited``, ``responded``,
        ``response_rate``, ``share_invited``, ``share_answers`` (0-1), ``value``, ``low``, ``high``, ``n``, ``unit``.
    instrument : str
        The question.
    period, months : int
        Last month counted, and how many.
    """

    products: pd.DataFrame
    bands: pd.DataFrame
    instrument: str
    period: int
    months: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product and scale."""
        return self.products.copy(deep=False)

    def plot(self, *, product_id: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw raw and weighted score beside the bands, of the product named or of the one furthest off."""
        from pmlib.plots import voice

        chosen = self._furthest() if product_id is None else product_id
        rows = [frame[frame["product_id"] == chosen] for frame in (self.products, self.bands)]
        return voice.weighted_score(rows[0], ax, bands=rows[1])

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        known = self.products[self.products["reason"] == ""]
        if known.empty:
            return {"–": f"no {self.instrument} that can be weighted"}
        row = known.iloc[int(known["gap"].abs().argmax())]
        weighted, raw = self._text(row["weighted"]), self._text(row["raw"])
        alike = {weighted: f"{row['name']}, raw and weighted"}
        apart = {weighted: f"{row['name']}, weighted by who was asked", raw: "raw, by who answered"}
        return (alike if weighted == raw else apart) | {
            percent(row["response_rate"]): "of those asked answered",
        }

    def summary(self) -> str:
        """Return the product furthest off and why, how many scores stand, and which cannot be weighted."""
        if self.products.empty:
            return f"No {self.instrument} answers in the {self.months} months to {month_name(self.period)}."
        known = self.products[self.products["reason"] == ""]
        outside = (known["weighted"] < known["raw_low"]) | (known["weighted"] > known["raw_high"])
        off = known[outside & (known["gap_low"] * known["gap_high"] > 0)]
        parts = [self._told(off.iloc[int(off["gap"].abs().argmax())])] if len(off) > 0 else []
        if len(off) > 1:
            parts.append(f"{counted(len(off) - 1, 'other score')} off beyond chance, by less.")
        if len(known) > len(off):
            rest = counted(len(known) - len(off), "other product" if parts else "product")
            parts.append(f"For {rest} raw and weighted {self.instrument} agree within chance.")
        return " ".join([*parts, *self._refused()])

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<WeightedScores: {self.summary()}>"

    def _furthest(self) -> str | None:
        ranked = self.products.sort_values("gap", key=abs, ascending=False, na_position="last", kind="stable")
        return None if ranked.empty else str(ranked["product_id"].iloc[0])

    def _told(self, row: pd.Series) -> str:
        """Say how far the raw score is off, and that it is who answers."""
        same = (self.bands["product_id"] == row["product_id"]) & (self.bands["scale_max"] == row["scale_max"])
        bands = self.bands[same].sort_values("response_rate", kind="stable")
        rare, often = bands.iloc[0], bands.iloc[-1]
        unit = " points" if self.instrument == Instrument.NPS else ""
        way = "high" if row["gap"] > 0 else "low"
        ends = " to ".join(self._text(end) for end in sorted((abs(row["gap_low"]), abs(row["gap_high"]))))
        return (
            f"{row['name']}: the raw {self.instrument} of {self._text(row['raw'])} is "
            f"{self._text(abs(row['gap']))}{unit} too {way} ({ends}); weighted by who was asked it is "
            f"{self._text(row['weighted'])} ({self._text(row['weighted_low'])} to {self._text(row['weighted_high'])}), "
            f"because band '{often['band']}' (score {self._text(often['value'])}) answers "
            f"{percent(often['response_rate'])} of the time and band '{rare['band']}' ({self._text(rare['value'])}) "
            f"{percent(rare['response_rate'])}; {row['n']:,} answers weigh as much as {row['n_effective']:,.0f}."
        )

    def _refused(self) -> list[str]:
        refused = self.products[self.products["reason"] != ""]
        return [
            f"{listed(list(rows['name']))} cannot be weighted: {reason}."
            for reason, rows in refused.groupby("reason", sort=True)
        ]

    def _text(self, value: float) -> str:
        return f"{value:.1f}" if self.instrument == Instrument.NPS else f"{100 * value:.1f} %"


def weight_by_response(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12, instrument: str = "NPS"
) -> WeightedScores:
    """Correct each product's score for bands of customers that answer more often than others.

    Answers are joined to invitations by product, customer and month, in the engine; each engagement band then
    counts as often as it was asked. That removes the bias that goes with the band, and no other. A band with
    fewer than 10 answers joins the one whose response rate is nearest. A score cannot be weighted where a band was
    asked and never answered, or where less than 80 % of the answers have an invitation; below 30 answers nothing is
    told. Several answers of one customer count as independent. Intervals are normal, cut at the ends of the scale.

    Parameters
    ----------
    tables : mapping
        ``surveys`` and ``invitations`` (Ibis tables of any engine, or frames); ``products`` for names.
    period : int or str
        Last month counted.
    product_id : str, optional
        One product; all by default.
    months : int
        How many months back.
    instrument : str
        NPS, CSAT or CES.

    Raises
    ------
    MissingTableError
        There are no surveys.
    ParameterError
        Unknown product or instrument.
    ScaleError
        Answers outside their scale.

    References
    ----------
    Holt & Smith (1979), JRSS A 142. Little (1986), International Statistical Review 54.
    """
    last, asked = as_month(period), read_instrument(instrument)
    first = last - as_count("months", months) + 1
    counts, invited = _counts_by_band(tables, first=first, last=last, instrument=asked)
    products: list[dict[str, Any]] = []
    bands: list[dict[str, Any]] = []
    for key, rows in of_product(counts, tables, product_id).groupby(_KEYS, sort=True):
        about = dict(zip(_KEYS, key, strict=True))
        row, split = _weighted(outcomes(rows, ["band"]), invited[invited["product_id"] == key[0]], asked)
        products.append(about | row)
        bands += [about | band for band in split]
    return WeightedScores(
        products=named(pd.DataFrame(products, columns=_COLUMNS), tables),
        bands=named(pd.DataFrame(bands, columns=_BAND_COLUMNS), tables),
        instrument=str(asked),
        period=last,
        months=last - first + 1,
    )


def _counts_by_band(
    tables: Tables, *, first: int, last: int, instrument: Instrument
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count answers by product, scale, band (empty: no invitation) and score, and invitations by product and band."""
    import ibis

    surveys = tables.get("surveys")
    joinable = tables.get("invitations") is not None and surveys is not None and "customer_id" in surveys.columns
    answers = lazy_answers(tables, first=first, last=last, columns=["customer_id"] if joinable else [])
    answers = answers.filter(answers.instrument == str(instrument))
    invited = pd.DataFrame(columns=["product_id", "band", "invited", "responded"])
    if joinable:
        asked = _lazy_invitations(tables, first=first, last=last)
        invited = _invited_by_band(asked)
        answers = answers.left_join(asked, ["product_id", "customer_id", "month"])
        answers = answers.mutate(band=answers.band.fill_null(""))
    else:
        answers = answers.mutate(band=ibis.literal(""))
    keys = ["product_id", "instrument", "scale_max", "band", "score"]
    return answers.group_by(keys).agg(n=answers.count()).order_by(keys).to_pandas(), invited


def _lazy_invitations(tables: Tables, *, first: int, last: int) -> Lazy:
    """Return one row per product, customer and month asked, so that no answer is joined twice."""
    rows = lazy(tables, "invitations", ["product_id", "customer_id", "month", "engagement_band", "responded"])
    rows = rows.mutate(month=rows.month.cast("int64"), band=rows.engagement_band.fill_null("not told"))
    rows = rows.filter((rows.month >= first) & (rows.month <= last))
    once = rows.group_by(["product_id", "customer_id", "month"])
    return once.agg(band=rows.band.min(), responded=rows.responded.ifelse(1, 0).max())


def _invited_by_band(asked: Lazy) -> pd.DataFrame:
    keys = ["product_id", "band"]
    counted_in_engine = asked.group_by(keys).agg(invited=asked.count(), responded=asked.responded.sum()).order_by(keys)
    frame: pd.DataFrame = counted_in_engine.to_pandas()
    return frame


def _weighted(
    answers: pd.DataFrame, invited: pd.DataFrame, instrument: Instrument
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Weight one product's answers by band, or say why not."""
    sums = answers[["up", "down", "n"]].sum()
    unit, scale = unit_of(instrument)
    enough = int(sums["n"]) >= LEAST_ANSWERS
    raw = estimated(instrument, **{str(name): int(total) if enough else 0 for name, total in sums.items()})
    matched = answers[answers["band"] != ""]
    told = {"raw": raw.value, "raw_low": raw.low, "raw_high": raw.high, "n": int(sums["n"]), "unit": unit}
    told |= {"n_matched": int(matched["n"].sum()), "invited": int(invited["invited"].sum())}
    told |= {"response_rate": _ratio(invited["responded"].sum(), invited["invited"].sum())}
    bands = invited.merge(matched, on="band", how="left").fillna({"n": 0, "up": 0, "down": 0})
    reason = _why_not(told, bands)
    if reason:
        return told | dict.fromkeys(_WEIGHTED, math.nan) | {"reason": reason}, []
    merged = _merged(bands)
    up, down, n, asked = (merged[name].to_numpy(np.float64) for name in ("up", "down", "n", "invited"))
    lowest = -1 if instrument == Instrument.NPS else 0
    result = post_stratify((up - down) / n, variance_of_outcomes(up, down, n, lowest=lowest), n=n, asked=asked)
    told |= _interval("weighted", result.mean, result.variance, scale=scale, ends=(lowest * scale, scale))
    told |= _interval("gap", result.gap, result.gap_variance, scale=scale, ends=(-2 * scale, 2 * scale))
    return told | {"n_effective": result.n_effective, "reason": ""}, _band_rows(merged, instrument)


def _interval(name: str, mean: float, variance: float, *, scale: float, ends: tuple[float, float]) -> dict[str, float]:
    value, half = scale * mean, scale * _Z95 * math.sqrt(variance)
    return {name: value, f"{name}_low": max(ends[0], value - half), f"{name}_high": min(ends[1], value + half)}


def _why_not(told: dict[str, Any], bands: pd.DataFrame) -> str:
    """Name what stands against weighting; empty when nothing does."""
    if told["n"] < LEAST_ANSWERS:
        return f"not enough answers ({LEAST_ANSWERS} needed)"
    if told["invited"] == 0:
        return "nobody is known to have been invited (table invitations), or surveys have no customer_id"
    if told["n_matched"] < _LEAST_MATCHED * told["n"]:
        return (
            f"less than {percent(_LEAST_MATCHED)} of the answers have an invitation of the same customer and month, "
            "the others are anonymous or were not invited"
        )
    silent = bands.loc[bands["n"] == 0, "band"]
    if len(silent) > 0:
        return f"nobody of band '{silent.iloc[0]}' answered: merge it with another in views.sql"
    if len(_merged(bands)) == 1:
        return "all who were invited are in one engagement band, or all but one band have too few answers"
    return ""


def _merged(bands: pd.DataFrame) -> pd.DataFrame:
    """Merge bands with too few answers; a merged one carries all names."""
    groups = merge_small(bands["n"].to_numpy(np.float64), bands["invited"].to_numpy(np.float64), least=_LEAST_IN_BAND)
    sums = [bands.iloc[group][["invited", "responded", "n", "up", "down"]].sum() for group in groups]
    names = [" + ".join(bands.iloc[group]["band"]) for group in groups]
    return pd.DataFrame(sums).astype("int64").assign(band=names).reset_index(drop=True)


def _band_rows(merged: pd.DataFrame, instrument: Instrument) -> list[dict[str, Any]]:
    """Give each band its response, its weights and its own score."""
    rows = []
    for row in merged.to_dict("records"):
        score = estimated(instrument, up=row["up"], down=row["down"], n=row["n"])
        rows.append({
            "band": row["band"],
            "invited": row["invited"],
            "responded": row["responded"],
            "response_rate": _ratio(row["responded"], row["invited"]),
            "share_invited": row["invited"] / merged["invited"].sum(),
            "share_answers": row["n"] / merged["n"].sum(),
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "n": score.n,
            "unit": score.unit,
        })  # fmt: skip
    return rows


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else math.nan
