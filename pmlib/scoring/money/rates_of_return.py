"""The rates at which a row of cash flows is worth nothing: every one of them, counted exactly.

With y = 1 + rate the net present value is a polynomial in y over a power of y. Flows are taken as the decimals they
are written as, the polynomial has whole coefficients then, and Sturm's theorem counts its roots in an interval without
rounding: none is missed, none is found twice, and a root at which the value only touches 0 is a root too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.money.finance import Flows, Rate, cash_amounts, discount_curve

#: Whole coefficients, highest power first, the first not 0.
Polynomial: TypeAlias = list[int]
Interval: TypeAlias = tuple[Fraction, Fraction]

_WIDTH = Fraction(1, 2**62)
_SIGNS = {-1: "negative", 0: "0", 1: "positive"}


@dataclass(frozen=True, eq=False, kw_only=True)
class RatesOfReturn:
    """Every internal rate of return of a row of cash flows.

    Attributes
    ----------
    rates : tuple of float
        All rates above -1 (-100 % a year) at which the net present value is 0, ascending.
    signs : tuple of int
        Sign (-1, 0, 1) of the net present value below the first rate, between each two, and above the last.
    """

    rates: tuple[float, ...]
    signs: tuple[int, ...]

    @property
    def only(self) -> float:
        """The rate if there is just one and the value falls through 0 there, as for an investment; else NaN."""
        return self.rates[0] if self.signs == (1, -1) else float("nan")

    @property
    def warning(self) -> str:
        """Why no single rate may be quoted; empty when one may."""
        if self.signs == (1, -1):
            return ""
        if not self.rates:
            return f"No internal rate of return: the net present value is {_SIGNS[self.signs[0]]} at every rate."
        if self.signs == (-1, 1):
            return f"The flows are those of a loan: they are worth having at rates above {_percent(self.rates[0])}."
        gains = [self._between(i) for i, sign in enumerate(self.signs) if sign > 0]
        where = f"positive {' and '.join(gains)}" if gains else "never positive"
        return (f"{_count(self.rates)} ({', '.join(_percent(rate) for rate in self.rates)}), so none is the return: "
                f"the net present value is {where}. Decide by it, at the cost of capital.")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rate: rate (share a year), npv_below and npv_above (sign in words)."""
        words = [_SIGNS[sign] for sign in self.signs]
        return pd.DataFrame({
            "rate": pd.Series(self.rates, dtype="float64"),
            "npv_below": pd.Series(words[:-1], dtype="str"),
            "npv_above": pd.Series(words[1:], dtype="str"),
        })

    def summary(self) -> str:
        """Say the rate, or why there is none to quote."""
        return self.warning or (f"The flows return {_percent(self.rates[0])} a year: they are worth having where "
                                "capital costs less.")

    def headline(self) -> dict[str, str]:
        """Give the rate, or how many there are."""
        if self.signs == (1, -1):
            return {_percent(self.rates[0]): "internal rate of return"}
        rates = {_percent(rate): f"rate at which the value is 0, above it {_SIGNS[sign]}"
                 for rate, sign in zip(self.rates[:3], self.signs[1:], strict=False)}
        return {str(len(self.rates)): "internal rates of return, none to quote"} | rates

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<RatesOfReturn: {', '.join(_percent(rate) for rate in self.rates) or 'none'}>"

    def _between(self, gap: int) -> str:
        if gap == 0:
            return f"below {_percent(self.rates[0])}"
        if gap == len(self.rates):
            return f"above {_percent(self.rates[-1])}"
        return f"between {_percent(self.rates[gap - 1])} and {_percent(self.rates[gap])}"


def internal_rates_of_return(flows: Flows) -> RatesOfReturn:
    """Find every rate at which the net present value of the flows is 0.

    The rates do not depend on where in the year the flows fall, as long as it is the same place each year. The count
    is exact: tens of flows take milliseconds, hundreds that change sign often take seconds.

    Parameters
    ----------
    flows : Series or array of shape (n_years,)
        Net money of each year, spent negative.

    Returns
    -------
    RatesOfReturn
        No rate when the flows never change sign, or are all 0.

    Raises
    ------
    ParameterError
        A flow is not finite, or calendar years are not in order without a gap.

    References
    ----------
    Lorie & Savage (1955), Journal of Business 28, 229-239: two rates. Sturm (1829): the count of real roots.
    Hazen (2003), The Engineering Economist 48, 31-51: what each of several rates means.

    Examples
    --------
    >>> internal_rates_of_return([-4000.0, 25000.0, -25000.0]).rates
    (0.25, 4.0)
    >>> internal_rates_of_return([-100.0, 60.0, 60.0])
    <RatesOfReturn: 13.1 %>
    """
    amounts, _ = cash_amounts(flows)
    whole = _whole(amounts.tolist())
    if not whole:
        return RatesOfReturn(rates=(), signs=(0,))
    roots = [_narrowed(simple, interval) for simple, interval in _isolated(whole)]
    gaps = [(before[1] + after[0]) / 2 for before, after in pairwise(roots)]
    # At either end one flow outgrows all others: the last where 1 + rate is next to 0, the first where it is large.
    ends = (_sign(whole[-1]), _sign(whole[0])) if roots else (_sign(whole[0]),)
    return RatesOfReturn(
        rates=tuple(float((low + high) / 2 - 1) for low, high in roots),
        signs=(*ends[:1], *(_sign(_value(whole, gap)) for gap in gaps), *ends[1:]),
    )


def modified_rate_of_return(flows: Flows, *, finance_rate: Rate, reinvest_rate: Rate | None = None) -> float:
    """Say at which single rate the money put in grows to what comes out.

    What is put in is discounted to the first year at the finance rate, what comes out grows to the last year at the
    reinvestment rate. There is always just one answer, and with both rates at the cost of capital it is above that
    just when the net present value is above 0.

    Parameters
    ----------
    flows : Series or array of shape (n_years,)
        Net money of each year.
    finance_rate, reinvest_rate : number, or Series or array of shape (n_years - 1,)
        See `discount_curve`; without ``reinvest_rate`` the finance rate.

    Returns
    -------
    float
        Share a year; NaN unless something is put in and something comes out.

    Raises
    ------
    ParameterError
        A flow or rate is not finite, or a year is missing.

    References
    ----------
    Lin (1976), The Engineering Economist 21, 237-247.

    Examples
    --------
    >>> round(modified_rate_of_return([-120.0, 39.0, 30.0, 21.0, 37.0, 46.0], finance_rate=0.10, reinvest_rate=0.12), 4)
    0.1261
    """
    amounts, years = cash_amounts(flows)
    if not ((amounts > 0).any() and (amounts < 0).any()):
        return float("nan")
    grown = discount_curve(years, rate=finance_rate if reinvest_rate is None else reinvest_rate).to_numpy()
    if grown[-1] < np.finfo(float).tiny:
        raise ParameterError(f"flows: got {len(amounts)} years, after which money is worth nothing at these rates, "
                             "allowed fewer. Leave out the last years.")
    put_in = -float(np.minimum(amounts, 0.0) @ discount_curve(years, rate=finance_rate).to_numpy())
    come_out = float(np.maximum(amounts, 0.0) @ grown) / float(grown[-1])
    return float((come_out / put_in) ** (1.0 / (len(amounts) - 1)) - 1.0)


def _percent(rate: float) -> str:
    return f"{100 * rate:,.1f} %"


def _count(rates: tuple[float, ...]) -> str:
    return "One rate only touches 0" if len(rates) == 1 else f"{len(rates)} internal rates of return"


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _whole(amounts: list[float]) -> Polynomial:
    """Return the flows as whole numbers in the same proportion, without zeros at either end."""
    decimals = [Fraction(repr(amount)) for amount in amounts]
    scale = math.lcm(*(decimal.denominator for decimal in decimals))
    whole = [int(decimal * scale) for decimal in decimals]
    while whole and whole[-1] == 0:
        whole.pop()
    return _primitive(whole)


def _primitive(polynomial: Polynomial) -> Polynomial:
    """Return it without leading zeros and without a common factor of its coefficients."""
    first = next((i for i, coefficient in enumerate(polynomial) if coefficient), len(polynomial))
    factor = math.gcd(*polynomial) or 1
    return [coefficient // factor for coefficient in polynomial[first:]]


def _divided(dividend: Polynomial, divisor: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Return quotient and remainder, each times a positive number that keeps them whole."""
    scale, sign = abs(divisor[0]), _sign(divisor[0])
    quotient: Polynomial = []
    rest = list(dividend)
    while len(rest) >= len(divisor):
        factor = sign * rest[0]
        quotient = [*(scale * coefficient for coefficient in quotient), factor]
        padded = divisor + [0] * (len(rest) - len(divisor))
        rest = [scale * a - factor * b for a, b in zip(rest, padded, strict=True)][1:]
    return _primitive(quotient), _primitive(rest)


def _sturm_chain(polynomial: Polynomial) -> list[Polynomial]:
    degree = len(polynomial) - 1
    chain = [polynomial, _primitive([c * (degree - i) for i, c in enumerate(polynomial[:-1])])]
    while chain[-1]:
        chain.append([-c for c in _divided(chain[-2], chain[-1])[1]])
    return chain[:-1]


def _value(polynomial: Polynomial, y: Fraction) -> int:
    """Return its value at y times a positive number."""
    value, power = 0, 1
    for coefficient in polynomial:
        value = value * y.numerator + coefficient * power
        power *= y.denominator
    return value


def _sign_changes(numbers: list[int]) -> int:
    signs = [_sign(number) for number in numbers if number]
    return sum(a != b for a, b in pairwise(signs))


def _isolated(polynomial: Polynomial) -> list[tuple[Polynomial, Interval]]:
    """Return intervals (low, high], ascending, each with one root above 0 of a polynomial without double roots."""
    most = _sign_changes(polynomial)
    # Every root lies below 1 + the largest ratio of a coefficient to the first (Cauchy).
    above = Fraction(1 << (2 + max(map(abs, polynomial)) // abs(polynomial[0])).bit_length())
    if most <= 1:
        # Descartes: as many roots above 0 as changes of sign, or an even number fewer.
        return [(polynomial, (Fraction(0), above))] * most
    chain = _sturm_chain(polynomial)
    if len(chain[-1]) > 1:
        polynomial = _divided(polynomial, chain[-1])[0]
        chain = _sturm_chain(polynomial)

    def changes(y: Fraction) -> int:
        return _sign_changes([_value(member, y) for member in chain])

    return [(polynomial, interval) for interval in _split(changes, (Fraction(0), above))]


def _split(changes: Callable[[Fraction], int], interval: Interval) -> list[Interval]:
    """Halve an interval until each part that holds a root holds one; ``changes`` falls by 1 at each root."""
    found: list[Interval] = []
    waiting = [(*interval, changes(interval[0]), changes(interval[1]))]
    while waiting:
        low, high, at_low, at_high = waiting.pop()
        if at_low - at_high == 1:
            found.append((low, high))
        elif at_low > at_high:
            middle = (low + high) / 2
            at_middle = changes(middle)
            waiting += [(middle, high, at_middle, at_high), (low, middle, at_low, at_middle)]
    return found


def _narrowed(polynomial: Polynomial, interval: Interval) -> Interval:
    """Narrow an interval (low, high] around its one root to the width of a float; both ends the root if met."""
    low, high = interval
    beyond = _sign(_value(polynomial, high))
    if beyond == 0:
        return high, high
    while high - low > _WIDTH * max(Fraction(1), high):
        middle = (low + high) / 2
        sign = _sign(_value(polynomial, middle))
        if sign == 0:
            return middle, middle
        low, high = (low, middle) if sign == beyond else (middle, high)
    return low, high
