"""The chance that a product's revenue reaches a target in a window of whole months, and how sure that chance is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, currency_of
from pmlib.product.estimate import Estimate
from pmlib.product.outlook.accuracy import Floats
from pmlib.product.outlook.bands import Z_80
from pmlib.product.outlook.origins import LEAST, Judgement, judge
from pmlib.product.outlook.series import Series, headline_series, name_of
from pmlib.product.wording import counted, money_text, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DAYS, _MOST_DAYS = 30, 1080
_GRID, _REACH = 201, 4.0
_FEWEST_WINDOWS = 2
# Nearer to 0 or 1 a chance would round to a certainty.
_ROUND = 0.005


@dataclass(frozen=True, eq=False, kw_only=True)
class TargetChance:
    """Whether a target will be reached, in words of chance.

    Attributes
    ----------
    product_id, name : str
        The product.
    target_k : float
        Revenue to reach in the window, thousand.
    first, last : int
        First and last month of the window.
    period : int
        Last month counted.
    chance : Estimate
        Share 0-1, with the interval that past windows leave; ``n`` counts past windows that do not overlap. Not
        measured where the history is too short.
    earned_k : float
        Revenue of the window's months up to the period, thousand.
    n_earned : int
        How many months those are.
    expected_k, spread_k : float
        Mean and standard deviation of the window's revenue, thousand; NaN where there is no forecast.
    least_k : float
        Lowest revenue that makes sense: what is earned, where no month was ever below 0.
    method, baseline : str
        What forecasts, and what it was held against.
    currency : str
        Currency of the money.
    """

    product_id: str
    name: str
    target_k: float
    first: int
    last: int
    period: int
    chance: Estimate
    earned_k: float
    n_earned: int
    expected_k: float
    spread_k: float
    least_k: float = -math.inf
    method: str = ""
    baseline: str = ""
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row: product, window, target, chance with interval and n, earned, expected, spread, method."""
        chance = {"chance": self.chance.value, "chance_low": self.chance.low, "chance_high": self.chance.high}
        return pd.DataFrame(
            [
                {
                    "product_id": self.product_id, "name": self.name, "first": self.first, "last": self.last,
                    "target_k": self.target_k, **chance, "n_windows": self.chance.n,
                    "in_words": chance_text(self.chance.value), "earned_k": self.earned_k, "n_earned": self.n_earned,
                    "expected_k": self.expected_k, "spread_k": self.spread_k, "method": self.method,
                    "baseline": self.baseline,
                }
            ]
        )  # fmt: skip

    def distribution(self) -> pd.DataFrame:
        """Return the density of the window's revenue: ``revenue_k``, ``density`` (per thousand), ``reached``."""
        if not self.spread_k > 0:
            return pd.DataFrame({"revenue_k": [], "density": [], "reached": []})
        grid = np.linspace(-_REACH, _REACH, _GRID)
        revenue = self.expected_k + grid * self.spread_k
        density = np.exp(-(grid**2) / 2) / (self.spread_k * math.sqrt(2 * math.pi))
        frame = pd.DataFrame({"revenue_k": revenue, "density": density, "reached": revenue >= self.target_k})
        return frame[frame["revenue_k"] >= self.least_k].reset_index(drop=True)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the window's revenue as a distribution, with the target."""
        from pmlib.plots import outlook

        return outlook.target_chance(self.to_frame(), self.distribution(), ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.chance.n == 0:
            return {"–": f"not enough data for the chance of {self._money(self.target_k)}"}
        if self.spread_k == 0:
            verb = "reached" if self.chance.value == 1 else "missed"
            goal = f"in {self._window()}: {verb} the target of {self._money(self.target_k)}"
            return {self._money(self.earned_k): goal}
        return {
            chance_text(self.chance.value): f"chance of {self._money(self.target_k)} or more in {self._window()}",
            self._money(self.expected_k): "expected",
        }

    def summary(self) -> str:
        """Return one to three sentences: the chance, how sure it is, what is expected and what is in already."""
        goal = f"{self._money(self.target_k)} in {self._window()}"
        if self.chance.n == 0:
            return (
                f"{self.name}: not enough data for the chance of {goal}; {LEAST} months of revenue without a gap, not "
                f"all alike, are needed.{self._progress()}"
            )
        if self.spread_k == 0:
            verb = "reached" if self.chance.value == 1 else "missed"
            return f"{self.name} {verb} its target of {goal}: {self._money(self.earned_k)}."
        ends = (self.expected_k + side * Z_80 * self.spread_k for side in (-1, 1))
        low, high = (self._money(max(end, self.least_k)) for end in ends)
        return (
            f"{self.name}: {chance_text(self.chance.value)} chance of {goal}{self._sureness()}. Expected are "
            f"{self._money(self.expected_k)}, 8 times in 10 between {low} and {high}, by {self.method}."
            f"{self._progress()}"
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<TargetChance: {self.summary()}>"

    def _sureness(self) -> str:
        if math.isnan(self.chance.low):
            return " (too few past windows to say how sure that is)"
        low, high = chance_text(self.chance.low), chance_text(self.chance.high)
        between = f"between {low} and {high}" if low != high else "at both ends of its interval"
        months = counted(self.last - self.first + 1 - self.n_earned, "month")
        return f" ({between}, from {counted(self.chance.n, 'past window')} of {months})"

    def _progress(self) -> str:
        left = self.last - self.first + 1 - self.n_earned
        if self.n_earned == 0 or left == 0:
            return ""
        needed = self._money(max(self.target_k - self.earned_k, 0) / left)
        return (
            f" {self._money(self.earned_k)} came in the first {counted(self.n_earned, 'month')}; the target needs "
            f"{needed} a month from now on."
        )

    def _window(self) -> str:
        return " to ".join(dict.fromkeys([month_name(self.first), month_name(self.last)]))

    def _money(self, value_k: float) -> str:
        return money_text(value_k, self.currency)


def target_chance(
    tables: Tables, *, product_id: str, target_k: float, period: int | str, days: int = 90,
    start: int | str | None = None,
) -> TargetChance:  # fmt: skip
    """Say how likely revenue over some 90 days is to reach a target.

    Months up to the period are counted as they are; the rest is the forecast that did best at past months, whose
    months vary together. Its spread is widened to what its errors over past windows of that length were.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both.
    product_id : str
        The product.
    target_k : float
        Revenue to reach in the whole window, thousand, above 0.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    days : int
        Length of the window; 30 days are a month. 90 by default.
    start : int or str, optional
        First month of the window (a launch, say); the month after the period by default.

    Returns
    -------
    TargetChance
        Its chance is not measured where the product has fewer than 6 months of revenue.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    ParameterError
        The product is unknown, the target is not above 0, or the days are no whole months.

    Examples
    --------
    >>> sales = [100, 120, 90, 110, 130, 100, 120, 90, 110, 130, 100, 120]
    >>> orders = pd.DataFrame({"customer_id": "K", "product_id": "A", "units": 1000.0, "paid_price": sales,
    ...                        "date": pd.date_range("2025-01-01", periods=12, freq="MS")})
    >>> round(target_chance({"orders": orders}, product_id="A", target_k=400, period="2025-12").chance.value, 2)
    0.33
    """
    last = as_month(period)
    begin = last + 1 if start is None else as_month(start)
    end = begin + _months_of(days) - 1
    if isinstance(target_k, bool) or not isinstance(target_k, Real) or not 0 < target_k < math.inf:
        raise ParameterError(f"target_k: got {target_k!r}, allowed a number above 0. Write 400 for 400,000.")
    if product_id is None:
        raise ParameterError("product_id: got None, allowed one product. Name the one with the target.")
    found = headline_series(tables, last=last, headlines=["revenue"], product_id=product_id)
    covered = bool(found) and (begin >= found[0].first or begin >= _begun(tables, last))
    told = _window(found[0], float(target_k), begin=begin, end=end, last=last) if covered else _NOTHING
    return TargetChance(
        product_id=product_id, name=name_of(tables, product_id), target_k=float(target_k), first=begin, last=end,
        period=last, currency=currency_of(tables), **told,
    )  # fmt: skip


def chance_text(chance: float) -> str:
    """Write a chance in percent, never as a certainty.

    Examples
    --------
    >>> chance_text(0.72), chance_text(0.9999)
    ('72 %', 'over 99 %')
    """
    if abs(chance - 0.5) > 0.5 - _ROUND:
        return "under 1 %" if chance < _ROUND else "over 99 %"
    return percent(chance)


def chance_of_reaching(target: float, *, mean: float, spread: float, n_windows: int) -> Estimate:
    """Chance that a normal amount is the target or more, with the interval that so few past windows leave.

    The interval is the exact one for a share of a normal population from the mean and spread of ``n_windows`` draws.

    Parameters
    ----------
    target, mean : float
        In one unit.
    spread : float
        Standard deviation, above 0.
    n_windows : int
        Past windows that do not overlap; below 2 there is no interval (NaN).

    References
    ----------
    Owen (1968), Technometrics 10(3): a survey of properties of the noncentral t distribution.

    Examples
    --------
    >>> chance_of_reaching(90.0, mean=100.0, spread=10.0, n_windows=4)
    <Estimate: 0.841 share, between 0.388 and 0.986 (95 % interval), n = 4, 0 missing>
    """
    from scipy import special

    distance = (mean - target) / spread
    low = high = math.nan
    if n_windows >= _FEWEST_WINDOWS:
        root = math.sqrt(n_windows)
        low, high = (
            float(special.ndtr(special.nctdtrinc(n_windows - 1, level, distance * root) / root))
            for level in (0.975, 0.025)
        )
    chance = float(special.ndtr(distance))
    return Estimate(value=chance, low=low, high=high, n=max(n_windows, 1), n_missing=0, unit="share")


_NOTHING: dict[str, Any] = {
    "chance": Estimate.unmeasured(unit="share"), "earned_k": 0.0, "n_earned": 0, "expected_k": math.nan,
    "spread_k": math.nan,
}  # fmt: skip


def _begun(tables: Tables, last: int) -> int:
    """First month in which any product has revenue: what came before is not known, and not 0."""
    return min(one.first for one in headline_series(tables, last=last, headlines=["revenue"]))


def _months_of(days: int) -> int:
    whole = isinstance(days, Real) and not isinstance(days, bool) and _DAYS <= days <= _MOST_DAYS and days % _DAYS == 0
    if not whole:
        raise ParameterError(f"days: got {days!r}, allowed 30 to {_MOST_DAYS} in steps of 30, a month each. Use 90.")
    return int(days) // _DAYS


def _window(series: Series, target: float, *, begin: int, end: int, last: int) -> dict[str, Any]:
    """Add what is earned to what is forecast; nothing where months of the window are missing in the history."""
    if series.n_missing > 0 and begin < series.first:
        return _NOTHING
    seen = series.values[max(begin - series.first, 0) : max(end - series.first + 1, 0)]
    earned = float(seen.sum())
    least = earned if series.limits[0] == 0 else -math.inf
    n_earned = max(min(end, series.last) - begin + 1, 0)
    told = _NOTHING | {"earned_k": earned, "n_earned": n_earned, "least_k": least}
    if end <= series.last or least >= target:
        reached = float(earned >= target)
        known = Estimate(value=reached, low=reached, high=reached, n=n_earned, n_missing=0, unit="share")
        return told | {"chance": known, "expected_k": earned, "spread_k": 0.0}
    if len(series.values) < LEAST or end - series.last > _MOST_DAYS // _DAYS + LEAST:
        return told
    judgement = judge(series.values, horizon=end - series.last)
    return told | _forecast(judgement, target, earned=earned, first=max(begin - series.last - 1, 0))


def _forecast(judgement: Judgement, target: float, *, earned: float, first: int) -> dict[str, Any]:
    shown = judgement.shown
    step = len(judgement.ahead[shown].mean) - 1
    mean, stated = judgement.ahead[shown].total(first, step)
    method = {"method": shown, "baseline": judgement.baseline, "expected_k": earned + mean}
    if not stated > 0:
        return method
    errors = judgement.window_errors(shown, first=first, last=step)
    spread = stated * max(1.0, _root_mean_square(errors))
    # Windows that start in neighbouring months share most of their months: only disjoint ones count.
    n_windows = math.ceil(len(errors) / (step - first + 1))
    chance = chance_of_reaching(target, mean=earned + mean, spread=spread, n_windows=n_windows)
    return method | {"chance": chance, "spread_k": spread}


def _root_mean_square(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) > 0 else 1.0
