"""What a row of yearly cash flows is worth: discounting, net present value, payback, profitability index.

Flow number t (t = 0, 1, ...) belongs to the year from t to t + 1, counted from now; `Timing` says where in its
year it falls. Money coming in is positive, money spent negative. Net present value decides: it adds up over projects
and knows their size. Payback and the profitability index only describe (see `pmlib.scoring.money.appraisal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import LARGEST_AMOUNT, number, of_kind, shown, whole_number

FloatArray: TypeAlias = npt.NDArray[np.float64]
Flows: TypeAlias = "pd.Series | FloatArray | Sequence[float]"
Rate: TypeAlias = "float | pd.Series | FloatArray | Sequence[float]"

_MOST_YEARS = 10_000
_HIGHEST_RATE = 1000.0
# What is left of a sum after rounding counts as 0, as a share of the money moved.
_ROUNDING = 1e-12


class Timing(StrEnum):
    """Where in its year a flow falls."""

    START = "start"  # flow t stands t years from now: the first flow is now
    MID = "mid"  # t + 0.5 years from now: money spread over the year
    END = "end"  # t + 1 years from now: as the NPV function of spreadsheets counts


def discount_curve(years: int | pd.Index, *, rate: Rate, timing: Timing | str = Timing.START) -> pd.Series:
    """Say what a unit of money in each year is worth now.

    A rate that differs by year is a forward rate: the interest over that one year. Half a year takes the square root
    of its year's growth. Rates from now until the end of each year (spot rates) are turned by `forward_rates`.

    Parameters
    ----------
    years : int or Index of shape (n_years,)
        How many years, or their labels.
    rate : number, or Series or array of shape (n_years,)
        Share a year (0.08 is 8 %), above -1. A Series is looked up by the labels of the years, an array goes by
        position. With timing ``start`` the last year's own rate is not needed.
    timing : Timing
        Where in its year a flow falls.

    Returns
    -------
    Series of shape (n_years,), index the years
        Discount factors.

    Raises
    ------
    ParameterError
        A rate is missing, not finite, or -1 or less; the timing is unknown.

    Examples
    --------
    >>> discount_curve(3, rate=0.25).tolist()
    [1.0, 0.8, 0.64]
    >>> discount_curve(2, rate=[0.25, 0.6], timing="end").tolist()
    [0.8, 0.5]
    """
    labels = _labels(years)
    when = _timing(timing)
    yearly = _yearly_rates(rate, labels, needed=len(labels) - (when is Timing.START))
    # Money of a far year may be worth nothing.
    with np.errstate(over="ignore"):
        at_start = np.cumprod(np.concatenate([[1.0], 1.0 + yearly]))[: len(labels)]
        growth = at_start * (1.0 if when is Timing.START else (1.0 + yearly) ** (0.5 if when is Timing.MID else 1.0))
    if growth.min() < 1 / LARGEST_AMOUNT:
        raise ParameterError(f"rate: got {yearly.min():g} over {len(labels)} years, which makes money of the last year "
                             f"worth more than {LARGEST_AMOUNT:g} times as much, allowed less. Write 8 % as 0.08.")
    return pd.Series(1.0 / growth, index=labels, name="factor")


def forward_rates(spot: pd.Series) -> pd.Series:
    """Turn rates from now until the end of each year into the rate over each one year.

    Parameters
    ----------
    spot : Series of shape (n_years,)
        Share a year, above -1; entry t holds from now for t + 1 years.

    Returns
    -------
    Series of shape (n_years,)
        Forward rates, share of the one year.

    Raises
    ------
    ParameterError
        A rate is not finite, or -1 or less.

    Examples
    --------
    >>> forward_rates(pd.Series([0.02, 0.03], index=[2026, 2027])).round(6).to_dict()
    {2026: 0.02, 2027: 0.040098}
    """
    of_kind(spot, pd.Series, what="spot", remedy="Write pd.Series(rates, index=years).")
    rates = _yearly_rates(spot, _labels(spot.index), needed=len(spot))
    growth = (1.0 + rates) ** np.arange(1, len(rates) + 1)
    return pd.Series(growth / np.concatenate([[1.0], growth[:-1]]) - 1.0, index=spot.index, name="forward_rate")


def net_present_value(flows: Flows, *, rate: Rate, timing: Timing | str = Timing.START) -> float:
    """Say what a row of cash flows is worth now.

    Parameters
    ----------
    flows : Series or array of shape (n_years,)
        Net money of each year. A Series by calendar year names every year in order, with 0 for one without money.
    rate : number, or Series or array of shape (n_years,)
        See `discount_curve`.
    timing : Timing
        Where in its year a flow falls; with ``start``, the default, the first flow is now.

    Returns
    -------
    float
        Money of now, unit of ``flows``.

    Raises
    ------
    ParameterError
        A flow or rate is not finite, a year is missing, or the timing is unknown.

    References
    ----------
    Brealey, Myers & Allen (2020), Principles of Corporate Finance, 13th ed., ch. 2 and 5.

    Examples
    --------
    >>> round(net_present_value([-100.0, 60.0, 60.0], rate=0.1), 4)
    4.1322
    """
    amounts, years = cash_amounts(flows)
    return float(amounts @ discount_curve(years, rate=rate, timing=timing).to_numpy())


def equivalent_annual_value(flows: Flows, *, rate: Rate) -> float:
    """Spread a net present value into equal amounts at the end of each year of life.

    It compares machines that are replaced after different lives.

    Parameters
    ----------
    flows : Series or array of shape (n_years + 1,)
        The first flow is now, the others at the end of each of the ``n_years`` of life; at least two.
    rate : number, or Series or array of shape (n_years,)
        See `discount_curve`.

    Returns
    -------
    float
        Money a year; negative: a cost a year.

    Raises
    ------
    ParameterError
        There are fewer than two flows, or as `net_present_value`.

    References
    ----------
    Brealey, Myers & Allen (2020), ch. 6: equivalent annual cash flow.

    Examples
    --------
    >>> round(equivalent_annual_value([-15.0, -5.0, -5.0, -5.0], rate=0.06), 2)
    -10.61
    """
    amounts, years = cash_amounts(flows)
    if len(amounts) == 1:
        raise ParameterError("flows: got 1, allowed 2 or more for an annual value. Add the years of life.")
    factors = discount_curve(years, rate=rate).to_numpy()
    return float(amounts @ factors / factors[1:].sum())


def profitability_index(flows: Flows, *, rate: Rate, timing: Timing | str = Timing.START) -> float:
    """Say how much present value comes back for each unit of present value put in.

    The present value of the investment is that of all years in which more goes out than comes in, the first or not.
    Above 1 just when the net present value is above 0. Under one budget the projects with the highest index bring
    most together; between two that exclude each other it misleads, as it does not know their size.

    Parameters
    ----------
    flows : Series or array of shape (n_years,)
        Net money of each year.
    rate : number, or Series or array of shape (n_years,)
        See `discount_curve`.
    timing : Timing
        Where in its year a flow falls.

    Returns
    -------
    float
        0 or more; infinite when nothing is put in but something comes back, NaN when all flows are 0.

    Raises
    ------
    ParameterError
        As `net_present_value`.

    References
    ----------
    Brealey, Myers & Allen (2020), ch. 5; they divide the net present value, so theirs is 1 less.

    Examples
    --------
    >>> profitability_index([-100.0, 125.0, 50.0], rate=0.25)
    1.32
    """
    amounts, years = cash_amounts(flows)
    present = amounts * discount_curve(years, rate=rate, timing=timing).to_numpy()
    gained, invested = float(present[present > 0].sum()), -float(present[present < 0].sum())
    if invested == 0:
        return float("inf") if gained > 0 else float("nan")
    return gained / invested


def payback(flows: Flows, *, rate: Rate = 0.0, timing: Timing | str = Timing.START) -> float:
    """Say after how many years the money is back for good.

    The sum of the flows so far runs straight from one year end to the next (with timing ``start`` the first flow
    falls now, at once, and flow t is spread over the year that ends then). Where the sum crosses 0 more than once,
    the last crossing counts: from then on it never falls below 0 again. With a rate the flows are discounted first
    (discounted payback). What comes after is ignored, which is why payback does not decide.

    Parameters
    ----------
    flows : Series or array of shape (n_years,)
        Net money of each year.
    rate : number, or Series or array of shape (n_years,)
        See `discount_curve`; 0 gives the plain payback.
    timing : Timing
        Where in its year a flow falls.

    Returns
    -------
    float
        Years from now; 0 when the sum is never below 0, infinite when it ends below 0.

    Raises
    ------
    ParameterError
        As `net_present_value`.

    Examples
    --------
    >>> payback([-100.0, 40.0, 40.0, 40.0])
    2.5
    >>> round(payback([-100.0, 40.0, 40.0, 40.0], rate=0.08), 3)
    2.903
    >>> payback([-100.0, 40.0])
    inf
    """
    amounts, years = cash_amounts(flows)
    present = amounts * discount_curve(years, rate=rate, timing=timing).to_numpy()
    # Away from ``start`` the first year's money comes in over the year, so the sum leaves from 0 now.
    steps = present if _timing(timing) is Timing.START else np.concatenate([[0.0], present])
    so_far = np.cumsum(steps)
    below = np.flatnonzero(so_far < -_ROUNDING * np.abs(steps).sum())
    if len(below) == 0:
        return 0.0
    last = int(below[-1])
    if last == len(so_far) - 1:
        return float("inf")
    return last - float(so_far[last]) / float(steps[last + 1])


def cash_amounts(flows: Flows, *, each: str = "year") -> tuple[FloatArray, pd.Index]:
    """Return flows as an array with their years (or what ``each`` names), refusing what cannot be discounted.

    Raises
    ------
    ParameterError
        There is no flow, one is not finite, or whole-numbered years are not in order without a gap.

    Examples
    --------
    >>> cash_amounts([-1.0, 2.0])[1].tolist()
    [0, 1]
    """
    amounts = _array(flows, what="flows")
    if amounts.ndim != 1 or amounts.size == 0:
        raise ParameterError(f"flows: got shape {amounts.shape}, allowed one row of 1 or more. Pass one sum a {each}.")
    years = flows.index if isinstance(flows, pd.Series) else pd.RangeIndex(len(amounts))
    lost = np.flatnonzero(~(np.abs(amounts) <= LARGEST_AMOUNT))
    if len(lost):
        got = f"flows: got {amounts[lost[0]]} in {each} {years[lost[0]]}"
        raise ParameterError(f"{got}, allowed finite numbers up to {LARGEST_AMOUNT:g}. Write 0 for a {each} without "
                             "money.")
    _refuse_gaps(years, each=each)
    return amounts, years


def _refuse_gaps(years: pd.Index, *, each: str) -> None:
    if not pd.api.types.is_integer_dtype(years.dtype):
        return
    numbers = years.to_numpy(dtype=np.int64)
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    if len(breaks):
        before, after = numbers[breaks[0]], numbers[breaks[0] + 1]
        raise ParameterError(f"flows: {each} {after} follows {before}, allowed {before + 1}. Sort the {each}s, one row "
                             f"each, with 0 for a {each} without money.")


def _array(given: Any, *, what: str) -> FloatArray:
    try:
        # A complex number loses its half with no more than a warning.
        plain = given.tolist() if isinstance(given, pd.Series | np.ndarray) else given
        return np.asarray(plain, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{what}: got {shown(given)}, allowed numbers. Write them without words or "
                             "units.") from None


def _labels(years: int | pd.Index) -> pd.Index:
    labels = years if isinstance(years, pd.Index) else \
        pd.RangeIndex(int(years) if 1 <= whole_number(years) <= _MOST_YEARS else 0)
    if not len(labels):
        raise ParameterError(f"years: got {shown(years)}, allowed 1 to {_MOST_YEARS:,}, or an Index of as many labels. "
                             "Say how many years.")
    return labels


def _timing(timing: Timing | str) -> Timing:
    try:
        return Timing(timing)
    except ValueError:
        words = did_you_mean(str(timing), list(Timing))
        raise ParameterError(f"timing: got {shown(timing)}. {words} Write one of these words.") from None


def _yearly_rates(rate: Rate, years: pd.Index, *, needed: int) -> FloatArray:
    """Return the rate over each of the first ``needed`` years."""
    if isinstance(rate, pd.Series):
        unknown = years[:needed].difference(rate.index, sort=False)
        if len(unknown) or rate.index.has_duplicates:
            got = f"none for {unknown[0]}" if len(unknown) else "a year twice"
            raise ParameterError(f"rate: got {got}, allowed one by each of {years[0]} to {years[needed - 1]}. Give the "
                                 "Series the index of the years, or pass an array.")
        rates = _array(rate.loc[years[:needed]], what="rate")
    else:
        rates = _array(rate, what="rate")
        rates = np.full(needed, rates) if rates.ndim == 0 else rates[:needed]
        if rates.shape != (needed,):
            raise ParameterError(f"rate: got {rates.size} years, allowed {needed} or more. Add the later years.")
    for one in rates:
        share_a_year(float(one))
    return rates


def share_a_year(rate: float) -> float:
    """Return a discount rate, refusing what is none.

    Raises
    ------
    ParameterError
        It is no number, not finite, -1 or less, or above 100.

    Examples
    --------
    >>> share_a_year(0.08)
    0.08
    """
    if not -1 < number(rate) <= _HIGHEST_RATE:
        raise ParameterError(f"rate: got {shown(rate)}, allowed a finite share above -1, at most {_HIGHEST_RATE:g}. "
                             "Write 8 % as 0.08.")
    return float(rate)
