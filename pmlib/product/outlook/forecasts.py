"""What each headline of each product will be, by a model where one has beaten the baseline, else by the baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of, named
from pmlib.product.outlook.bands import Bands, bands
from pmlib.product.outlook.baselines import Path
from pmlib.product.outlook.origins import LEAST, Judgement, judge
from pmlib.product.outlook.series import HEADLINE_NAMES, Headline, Series, headline_series
from pmlib.product.wording import counted, figure_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_AHEAD = 36
_NOTHING = "not enough data"
_MONTHS = [
    "product_id", "name", "headline", "unit", "month", "kind", "value", "low_80", "high_80", "low_95", "high_95",
    "baseline",
]  # fmt: skip
_METHODS = [
    "product_id", "name", "headline", "unit", "n_months", "n_missing", "shown", "best_model", "baseline", "mae_ratio",
    "mase", "mase_baseline", "n_origins", "n_errors", "coverage_80", "interval", "widening", "dropped", "caution",
]  # fmt: skip
_UNJUDGED: dict[str, Any] = {
    "shown": _NOTHING, "best_model": "", "baseline": "", "mae_ratio": math.nan, "mase": math.nan,
    "mase_baseline": math.nan, "n_origins": 0, "n_errors": 0, "coverage_80": math.nan, "interval": "",
    "widening": math.nan, "dropped": "",
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Forecasts:
    """What is to come of every headline, how wide, and against which baseline.

    Attributes
    ----------
    months : DataFrame
        One row per ``product_id``, ``headline`` and ``month``: ``name``, ``unit``, ``kind`` (history, forecast),
        ``value``, ``low_80``, ``high_80``, ``low_95``, ``high_95`` (NaN in the history), ``baseline`` (its forecast).
    methods : DataFrame
        One row per product and headline: ``n_months``, ``n_missing``, ``shown`` (method, or "not enough data"),
        ``best_model``, ``baseline``, ``mae_ratio`` (of the best model against the baseline), ``mase`` (of what is
        shown), ``mase_baseline``, ``n_origins``, ``n_errors``, ``coverage_80`` (share of past errors within the
        stated 80 % interval), ``interval`` (stated, widened, past errors, unknown), ``widening``, ``dropped``,
        ``caution``.
    period : int
        Last month counted.
    currency : str
        Currency of revenue, in thousands.
    """

    months: pd.DataFrame
    methods: pd.DataFrame
    period: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product, headline and month."""
        return self.months.copy(deep=False)

    def of(self, product_id: str, headline: str = "revenue") -> pd.DataFrame:
        """Return history and forecast of one headline of one product, one row per month."""
        here = (self.months["product_id"] == product_id) & (self.months["headline"] == headline)
        return self.months[here].reset_index(drop=True)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the fan of the first headline; one panel per product where there are several."""
        from pmlib.plots import outlook

        first = self.methods["headline"].iloc[:1]
        chosen = self.methods[self.methods["headline"].isin(first)]
        months = self.months[self.months["headline"].isin(first)]
        draw = outlook.forecast_fan if len(chosen) == 1 else outlook.forecast_panels
        return draw(months, chosen, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        told = self.methods[self.methods["shown"] != _NOTHING]
        if told.empty:
            return {"–": "not enough data to forecast"}
        if len(self.methods) > 1:
            by_model = self._by_model()
            return {
                f"{len(by_model)} of {len(told)}": "figures where a model beat the baseline",
                _two(by_model["mae_ratio"].median()): "median error of those models, the baseline's is 1",
            }
        row, ahead = told.iloc[0].to_dict(), self._ahead().iloc[-1].to_dict()
        what = f"{HEADLINE_NAMES[row['headline']]} in {month_name(int(ahead['month']))}"
        figures = {self._amount(ahead["value"], row): what}
        if math.isnan(ahead["low_80"]):
            return figures
        low, high = (self._amount(ahead[end], row) for end in ("low_80", "high_80"))
        return figures | {f"{low} to {high}": "8 times in 10"}

    def summary(self) -> str:
        """Return one to three sentences: what is to come and how far it may be believed."""
        told = self.methods[self.methods["shown"] != _NOTHING]
        if told.empty:
            return f"Not enough data: {LEAST} months without a gap are needed by {month_name(self.period)}."
        return self._one(told.iloc[0].to_dict()) if len(self.methods) == 1 else self._several(told)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<Forecasts: {self.summary()}>"

    def _one(self, row: dict[Any, Any]) -> str:
        ahead = self._ahead().iloc[-1].to_dict()
        low, high = (self._amount(ahead[end], row) for end in ("low_80", "high_80"))
        width = f", 8 times in 10 between {low} and {high}"
        if math.isnan(ahead["low_80"]):
            width = " (how far it may be off is unknown: the history never moved)"
        return (
            f"{row['name']}: {HEADLINE_NAMES[row['headline']]} of {self._amount(ahead['value'], row)} in "
            f"{month_name(int(ahead['month']))}{width}, "
            f"{verdict(row)}{interval_words(row)}"
        )

    def _several(self, told: pd.DataFrame) -> str:
        by_model = self._by_model()
        error = f" (median error {_two(by_model['mae_ratio'].median())} of the baseline's)" if len(by_model) else ""
        blank = len(self.methods) - len(told)
        few = f" {counted(blank, 'figure')} had not enough data ({LEAST} months are needed)." if blank else ""
        return (
            f"Of {counted(len(told), 'figure')} of {counted(told['product_id'].nunique(), 'product')}, a model beat "
            f"the baseline on past months for {len(by_model)}{error}; for {len(told) - len(by_model)} the baseline is "
            f"shown.{few}"
        )

    def _by_model(self) -> pd.DataFrame:
        shown = self.methods["shown"]
        return self.methods[(shown != _NOTHING) & (shown != self.methods["baseline"])]

    def _ahead(self) -> pd.DataFrame:
        return self.months[self.months["kind"] == "forecast"]

    def _amount(self, value: float, row: dict[Any, Any]) -> str:
        if row["headline"] == Headline.REVENUE:
            return f"{figure_text(value)} {self.currency}"
        if row["unit"] in ("%", "points"):
            return f"{value:.1f} {row['unit']}"
        return f"{value:,.0f}"


def forecast_headlines(
    tables: Tables, *, period: int | str, product_id: str | None = None, headlines: Sequence[str] | None = None,
    horizon: int = 12,
) -> Forecasts:  # fmt: skip
    """Forecast revenue, customers, subscribers, units, market share and NPS of each product, beside a baseline.

    Every series is forecast by a baseline (the same month a year before; below 24 months the last month) and by a few
    models of statsmodels, all from the same past months. A model is shown only where its mean absolute error on those
    was below the baseline's by a tenth or more, so that chance alone shows one rarely; else the baseline is. Both are
    always told.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both; ``market`` and ``products`` for the share; ``surveys`` for NPS.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month; a whole one.
    product_id : str, optional
        One product; all by default.
    headlines : sequence of str, optional
        Some of revenue, customers, subscribers, units, share, nps; all by default.
    horizon : int
        Months after the period, 1 to 36.

    Returns
    -------
    Forecasts
        Also where there is not enough data, which it then says: 6 months without a gap are needed.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    ParameterError
        A product or headline is unknown, or the horizon is none.

    References
    ----------
    Hyndman & Koehler (2006), International Journal of Forecasting 22(4); Tashman (2000), same journal 16(4).

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": "K", "product_id": "A", "units": 1.0, "paid_price": range(100, 180, 10),
    ...                        "date": pd.date_range("2025-05-01", periods=8, freq="MS")})
    >>> asked = forecast_headlines({"orders": orders}, period="2025-12", headlines=["revenue"], horizon=2)
    >>> asked.methods[["shown", "baseline", "n_origins"]].to_numpy().tolist()
    [['drift', 'naive', 5]]
    """
    last = as_month(period)
    steps = as_count("horizon", horizon)
    if steps > _MOST_AHEAD:
        raise ParameterError(f"horizon: got {horizon}, allowed 1 to {_MOST_AHEAD} months. Use 12 for a year.")
    months, methods = [], []
    for series in headline_series(tables, last=last, headlines=headlines, product_id=product_id):
        method, rows = _forecast(series, last=last, horizon=steps)
        methods.append(pd.DataFrame([method]))
        months.append(rows)
    return Forecasts(
        months=named(_told(months, _MONTHS), tables)[_MONTHS],
        methods=named(_told(methods, _METHODS), tables)[_METHODS], period=last,
        currency=currency_of(tables),
    )  # fmt: skip


def verdict(row: dict[Any, Any]) -> str:
    """Say by which method, and how its past errors compare, from a row of ``Forecasts.methods``.

    Examples
    --------
    >>> verdict({"shown": "drift", "baseline": "naive", "best_model": "drift", "mae_ratio": 0.5, "n_origins": 9})
    "by drift: its mean error at 9 past months was 0.50 of the naive baseline's."
    """
    n = counted(row["n_origins"], "past month")
    if row["shown"] != row["baseline"]:
        error = f"{row['mae_ratio']:.2f} of the {row['baseline']} baseline's"
        return f"by {row['shown']}: its mean error at {n} was {error}."
    if not math.isnan(row["mae_ratio"]):
        return (
            f"by the {row['baseline']} baseline: no model beat it by a tenth (the best, {row['best_model']}, erred "
            f"{row['mae_ratio']:.2f} times as much at {n})."
        )
    return f"by the {row['baseline']} baseline: there was no model to compare it with."


def interval_words(row: dict[Any, Any]) -> str:
    """Say where the interval comes from, in a sentence with a space before it; nothing where there is nothing to say.

    Examples
    --------
    >>> interval_words({"interval": "widened", "coverage_80": 0.56, "widening": 1.4})
    ' Its stated 80 % interval held 56 % of past errors: it is widened 1.4 times.'
    """
    held = f"Its stated 80 % interval held {100 * row['coverage_80']:.0f} % of past errors"
    return {
        "widened": f" {held}: it is widened {row['widening']:.1f} times.",
        "stated": f" {held}.",
        "past errors": f" {held}: the interval is that of past errors.",
    }.get(row["interval"], "")


def _forecast(series: Series, *, last: int, horizon: int) -> tuple[dict[str, Any], pd.DataFrame]:
    """Give one row on the method and the months of one headline."""
    row: dict[str, Any] = {
        "product_id": series.product_id, "headline": str(series.headline), "unit": series.unit,
        "n_months": len(series.values), "n_missing": series.n_missing, "caution": series.caution,
    } | _UNJUDGED  # fmt: skip
    months = _history(series)
    if len(series.values) >= LEAST and last - series.last <= _MOST_AHEAD:
        # A study may lag behind the period: its months up to there are forecast too.
        judgement = judge(series.values, horizon=horizon + last - series.last)
        width = bands(judgement, judgement.shown)
        row |= _judged(judgement, width)
        months = pd.concat([months, _months_ahead(series, judgement, width)], ignore_index=True)
    return row, months.assign(product_id=series.product_id, headline=str(series.headline), unit=series.unit)


def _judged(judgement: Judgement, width: Bands) -> dict[str, Any]:
    shown, best = judgement.shown, judgement.best
    compared = best != judgement.baseline
    return {
        "shown": shown, "best_model": best if compared else "", "baseline": judgement.baseline,
        "mae_ratio": judgement.ratio(best) if compared else math.nan, "mase": judgement.scaled_error(shown),
        "mase_baseline": judgement.scaled_error(judgement.baseline), "n_origins": len(judgement.origins),
        "n_errors": int(np.isfinite(judgement.errors(shown)).sum()), "coverage_80": width.coverage_80,
        "interval": width.source, "widening": width.widening, "dropped": ", ".join(judgement.dropped),
    }  # fmt: skip


def _history(series: Series) -> pd.DataFrame:
    months = np.arange(series.first, series.first + len(series.values))
    frame = pd.DataFrame({"month": months, "kind": "history", "value": series.values})
    return frame.assign(**dict.fromkeys(("low_80", "high_80", "low_95", "high_95", "baseline"), math.nan))


def _months_ahead(series: Series, judgement: Judgement, width: Bands) -> pd.DataFrame:
    path: Path = judgement.ahead[judgement.shown]
    ends = {
        "value": path.mean, "low_80": path.mean - width.half_80, "high_80": path.mean + width.half_80,
        "low_95": path.mean - width.half_95, "high_95": path.mean + width.half_95,
        "baseline": judgement.ahead[judgement.baseline].mean,
    }  # fmt: skip
    months = np.arange(series.last + 1, series.last + 1 + len(path.mean))
    return pd.DataFrame(
        {"month": months, "kind": "forecast"} | {name: np.clip(end, *series.limits) for name, end in ends.items()}
    )


def _told(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Join the parts; a frame of the same columns where there are none. The name is still to come."""
    empty = pd.DataFrame(columns=[column for column in columns if column != "name"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _two(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
