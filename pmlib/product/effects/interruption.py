"""What changed at a release: level and slope of a product's revenue before and after a month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.effects.memory import Effect, Floats, fit_with_memory
from pmlib.product.effects.panel import known_product, monthly_money, name_of
from pmlib.product.engine import Tables, as_count, currency_of
from pmlib.product.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_BEFORE, _LEAST_AFTER, _TWO_YEARS = 12, 4, 24
_ALPHA = 0.05
_BLANK = Effect(value=math.nan, low=math.nan, high=math.nan, p=math.nan)


@dataclass(frozen=True, eq=False, kw_only=True)
class InterruptedSeries:
    """How a product's revenue moved at a month, against where it was heading.

    Attributes
    ----------
    months : DataFrame
        ``month``, ``revenue_k``, ``after``, ``fitted_k``; from the change on ``expected_k`` with ``expected_low_k``
        and ``expected_high_k``, where it was heading; thousand, NaN where not fitted.
    effects : DataFrame
        ``effect`` (level: at once; slope: what comes with every month; last month: both by then), ``unit``, ``value``,
        ``low``, ``high`` (95 %), ``p``, ``n`` (months).
    product_id, name : str
        The product.
    since : int
        First month after the change.
    missing : str
        Why nothing was measured; empty where it was.
    currency : str
        Currency of the money.
    """

    months: pd.DataFrame
    effects: pd.DataFrame
    product_id: str
    name: str
    since: int
    missing: str = ""
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row each for level, slope and last month."""
        return self.effects.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw revenue by month, the fit, and where it was heading."""
        from pmlib.plots import experiments

        now = self.effects.iloc[-1]
        interval = f"{now['low']:+.1f} to {now['high']:+.1f}"
        title = f"{self.name}: {now['value']:+.1f} % by now ({interval}), {now['n']} months"
        return experiments.interruption(self.months, ax, title=title, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.missing:
            return {"–": "not enough data"}
        level, slope, now = self.effects.to_dict("records")
        return {
            f"{now['value']:+.1f} %": f"revenue of {self.name} by now, against where it was heading",
            f"{now['low']:+.1f} to {now['high']:+.1f} %": "95 % interval",
            f"{level['value']:+.1f} %": f"at once, in {month_name(self.since)}",
            f"{slope['value']:+.1f} % a month": "since then",
        }

    def summary(self) -> str:
        """Return how level and slope moved, where that led, and whether it is more than chance."""
        if self.missing:
            return f"{self.name}: not enough data, {self.missing}"
        level, slope, now = (
            f"{row['value']:+.1f} {row['unit']} ({row['low']:+.1f} to {row['high']:+.1f}; "
            f"{'more than chance' if row['p'] < _ALPHA else 'no more than chance does'})"
            for row in self.effects.to_dict("records")
        )
        return (
            f"{self.name} from {month_name(self.since)} on, against where it was heading: level {level}, slope "
            f"{slope}, by the last month {now}; {len(self.months)} months. Whatever else happened then is in it."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<InterruptedSeries {self.summary()}>"


def interrupted_series(
    tables: Tables, *, period: int | str, product_id: str, since: int | str, months: int = 36
) -> InterruptedSeries:
    """Compare a product's revenue from a month on with where it was heading before.

    A line through the logarithm of monthly revenue, with a step and a bend at ``since``, and one wave a year where
    there are two years. Months that remember the month before are allowed for (`fit_with_memory`). Growth that slows
    down by itself, as that of a young product, is no line and shows as a bend.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    product_id : str
        The product.
    since : int or str
        First month after the release.
    months : int
        Length of the series, up to the period.

    Raises
    ------
    ParameterError
        The product is unknown, or ``since`` does not lie before the period.

    References
    ----------
    Bernal, Cummins & Gasparrini (2017), International Journal of Epidemiology 46.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> orders = pd.DataFrame({"customer_id": "K", "product_id": "A", "date": days, "paid_price": 100.0,
    ...                        "units": [10.0, 11.0, 10.0, 9.0] * 3 + [15.0, 16.0, 15.0, 14.0] * 3})
    >>> found = interrupted_series({"orders": orders}, period="2025-12", product_id="A", since="2025-01")
    >>> found.to_frame()["effect"].tolist()
    ['level', 'slope', 'last month']
    """
    last, start = as_month(period), as_month(since)
    if start > last:
        raise ParameterError(
            f"since: got {month_name(start)}, allowed to {month_name(last)}, the period. Wait for months after it."
        )
    known_product(tables, product_id)
    series = _series(tables, product_id, last=last, months=as_count("months", months))
    missing = _missing(series, start)
    after = range(start, last + 1)
    slope, by_month = (_BLANK, [_BLANK for _ in after]) if missing else _effects(series, start)
    return InterruptedSeries(
        months=_fitted(series, start, by_month=by_month),
        effects=_table((by_month[0], slope, by_month[-1]), len(series)),
        product_id=product_id,
        name=name_of(tables, product_id),
        since=start,
        missing=missing,
        currency=currency_of(tables),
    )


def _series(tables: Tables, product_id: str, *, last: int, months: int) -> pd.Series:
    """Revenue of every month from the first one with any, thousand."""
    money = monthly_money(tables, product_id, by=None, first=last - months + 1, last=last)["revenue_k"]
    begun = money[money > 0]
    first = last + 1 if begun.empty else int(begun.index.get_level_values("month").min())
    by_month = money.groupby(level="month").sum()
    return by_month.reindex(pd.RangeIndex(first, last + 1, name="month"), fill_value=0.0)


def _missing(series: pd.Series, start: int) -> str:
    before, after = int((series.index < start).sum()), int((series.index >= start).sum())
    if before < _LEAST_BEFORE or after < _LEAST_AFTER:
        return (
            f"{counted(before, 'month')} before and {after} from the change on; needed are {_LEAST_BEFORE} and "
            f"{_LEAST_AFTER}."
        )
    idle = int((series <= 0).sum())
    told = f"{counted(idle, 'month')} without revenue within the series; relative changes need some in each."
    return told if idle else ""


def _effects(series: pd.Series, start: int) -> tuple[Effect, list[Effect]]:
    """Give the change of slope, and how far each month since is from where it was heading."""
    y, months = np.log(series.to_numpy(dtype=float)), series.index.to_numpy()
    slope = fit_with_memory(y, _design(months, start, start), column=3)
    # Measured from month m, the bend is 0 there, and the step is all that parts it from the line before.
    steps = [fit_with_memory(y, _design(months, start, at), column=2) for at in range(start, int(months[-1]) + 1)]
    return _relative(slope), [_relative(step) for step in steps]


def _relative(effect: Effect) -> Effect:
    """Turn a step of b in the logarithm into the change of exp(b) - 1, in percent."""
    value, low, high = (100 * math.expm1(end) for end in (effect.value, effect.low, effect.high))
    return Effect(value=value, low=low, high=high, p=effect.p)


def _design(months: np.ndarray, start: int, at: int) -> Floats:
    """Constant, line, step and bend at the start as seen from a month, and one wave a year where two years show it."""
    after = (months >= start).astype(float)
    columns = [np.ones(len(months)), (months - start) / 12, after, after * (months - at)]
    if len(months) >= _TWO_YEARS:
        angle = 2 * np.pi * months / 12
        columns += [np.cos(angle), np.sin(angle)]
    return np.column_stack(columns)


def _fitted(series: pd.Series, start: int, *, by_month: list[Effect]) -> pd.DataFrame:
    months = series.index.to_numpy()
    after = months >= start
    frame = pd.DataFrame({"month": months, "revenue_k": series.to_numpy(), "after": after})
    blank = frame.assign(**dict.fromkeys(("fitted_k", "expected_k", "expected_low_k", "expected_high_k"), np.nan))
    if math.isnan(by_month[0].value):
        return blank
    x = _design(months, start, start)
    coefficients, *_ = np.linalg.lstsq(x, np.log(series.to_numpy(dtype=float)), rcond=None)
    blank["fitted_k"] = fitted = np.exp(x @ coefficients)
    for name, end in (("expected_k", "value"), ("expected_low_k", "high"), ("expected_high_k", "low")):
        blank.loc[after, name] = fitted[after] / (1 + np.array([getattr(one, end) for one in by_month]) / 100)
    return blank


def _table(effects: tuple[Effect, Effect, Effect], n: int) -> pd.DataFrame:
    named = zip(("level", "slope", "last month"), ("%", "% a month", "%"), effects, strict=True)
    rows = [
        {"effect": name, "unit": unit, "value": one.value, "low": one.low, "high": one.high, "p": one.p, "n": n}
        for name, unit, one in named
    ]
    return pd.DataFrame(rows)
