"""What it costs to be late, and in which order jobs cost least while they wait."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SchemaError, did_you_mean
from pmlib.scoring.inputs import LARGEST_AMOUNT, floats, number, refuse_columns, shown, whole_number
from pmlib.scoring.money.finance import FloatArray, Flows, cash_amounts, share_a_year

_YEAR = 12
# A hundred years.
_MOST_MONTHS = 1_200


class Urgency(StrEnum):
    """What being late does to the benefit."""

    UNAFFECTED = "unaffected"  # all of it comes, only later: the cost is that of waiting for money
    WINDOW_ENDS = "window ends"  # the market closes on its day: what would fall behind it is lost
    PEAK_AFFECTED = "peak affected"  # the window ends, and every month late lowers the whole benefit for good


@dataclass(frozen=True, eq=False, kw_only=True)
class CostOfDelay:
    """What each month of delay costs.

    Attributes
    ----------
    table : DataFrame
        One row per months of delay from 0 on: delay_months, benefit_pv_k (present value left), lost_k (against being
        on time), lost_share (of the value on time), lost_this_month_k (by this month of delay alone).
    urgency : Urgency
        What being late does to the benefit.
    rate : float
        Discount rate, share a year.
    currency : str
        Currency of the money columns, in thousands.
    """

    table: pd.DataFrame
    urgency: Urgency
    rate: float
    currency: str

    @property
    def per_month_k(self) -> float:
        """Mean cost of a month, thousands, over the longest delay in the table."""
        last = self.table.iloc[-1]
        return float(last["lost_k"] / last["delay_months"])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per months of delay."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say what the first month and the longest delay cost."""
        first, last = self.table.iloc[1], self.table.iloc[-1]
        share = "" if np.isnan(last["lost_share"]) else f", {100 * last['lost_share']:.0f} % of the benefit"
        return (f"The first month of delay costs {first['lost_k']:,.1f} thousand {self.currency}, "
                f"{last['delay_months']:.0f} months cost {last['lost_k']:,.1f}{share} ({self.urgency}; discounted at "
                f"{100 * self.rate:g} %).")

    def headline(self) -> dict[str, str]:
        """Give the mean cost of a month and that of the longest delay."""
        last = self.table.iloc[-1]
        return {f"{self.per_month_k:,.1f} k": f"{self.currency} for a month of delay, mean",
                f"{last['lost_k']:,.1f} k": f"{self.currency} for {last['delay_months']:.0f} months"}

    def __repr__(self) -> str:
        """Say it in one line."""
        return (f"<CostOfDelay: {self.per_month_k:,.1f} k{self.currency} a month over "
                f"{self.table['delay_months'].iloc[-1]} months; {self.urgency}>")


@dataclass(frozen=True, eq=False, kw_only=True)
class WaitingOrder:
    """Jobs in the order that costs least while they wait.

    Attributes
    ----------
    table : DataFrame
        One row per job, first to last: place, project_id, cost_of_delay_k (a month), duration_months, cd3
        (cost_of_delay_k / duration_months), start_months and finish_months (from now), delay_k (cost until finished).
    listed_k : float
        Delay cost in the order of the list that was given, thousands.
    currency : str
        Currency of the money columns, in thousands.
    """

    table: pd.DataFrame
    listed_k: float
    currency: str

    @property
    def total_k(self) -> float:
        """Delay cost of all jobs in this order, thousands."""
        return float(self.table["delay_k"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per job in order."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say what comes first and what the order saves."""
        saved = self.listed_k - self.total_k
        share = f" ({100 * saved / self.listed_k:.0f} %)" if self.listed_k > 0 else ""
        return (f"{self.table['project_id'].iloc[0]} first: one after the other, the {len(self.table)} jobs cost "
                f"{self.total_k:,.1f} thousand {self.currency} by waiting, {saved:,.1f}{share} less than as listed.")

    def headline(self) -> dict[str, str]:
        """Give the delay cost of this order and what it saves."""
        return {f"{self.total_k:,.1f} k": f"{self.currency} of delay in this order",
                f"{self.listed_k - self.total_k:,.1f} k": f"{self.currency} less than as listed"}

    def __repr__(self) -> str:
        """Say it in one line."""
        return (f"<WaitingOrder: {len(self.table)} jobs, {self.table['project_id'].iloc[0]} first, "
                f"{self.total_k:,.1f} k{self.currency} of delay>")


def cost_of_delay(
    benefits: Flows, *, months: int, urgency: Urgency | str = Urgency.WINDOW_ENDS, peak_loss: float = 0.0,
    rate: float = 0.08, currency: str = "EUR",
) -> CostOfDelay:
    """Value what is lost by being late.

    The benefit of month m (0, 1, ...) is what comes in during that month when on time, discounted from its middle.
    ``d`` months late it comes in month m + d. It is lost where that lies behind the last month of the profile and the
    window ends there; with the peak affected it is also cut to ``1 - peak_loss * d`` of itself, never below 0.

    Parameters
    ----------
    benefits : Series or array of shape (n_months,)
        Thousands of each month, on time.
    months : int
        Longest delay to value, 1 or more.
    urgency : Urgency
        What being late does to the benefit.
    peak_loss : float
        Share (0-1) of the benefit lost for good by each month late; above 0 just with ``peak affected``.
    rate : float
        Discount rate, share a year, above -1.
    currency : str
        Printed with every figure.

    Returns
    -------
    CostOfDelay

    Raises
    ------
    ParameterError
        An option is unknown or out of bounds, or a benefit is not finite.

    References
    ----------
    Reinertsen (2009), The Principles of Product Development Flow, ch. 2; Arnold & Yüce (2013), Black Swan Farming
    using Cost of Delay, Agile Conference: urgency profiles.

    Examples
    --------
    >>> late = cost_of_delay([10.0, 20.0, 20.0, 20.0], months=2, rate=0.0)
    >>> late.to_frame()["lost_k"].tolist()
    [0.0, 20.0, 40.0]
    >>> cost_of_delay([10.0, 20.0, 20.0, 20.0], months=2, rate=0.0, urgency="peak affected", peak_loss=0.1)
    <CostOfDelay: 23.0 kEUR a month over 2 months; peak affected>
    """
    amounts, _ = cash_amounts(benefits, each="month")
    kind = _urgency(urgency)
    _refuse_options(months, rate=rate, peak_loss=peak_loss, urgency=kind)
    delays, rate, peak_loss = np.arange(int(months) + 1), float(rate), float(peak_loss)
    value = np.array([_value_late(amounts, int(delay), rate=rate, urgency=kind) for delay in delays])
    value = value * np.maximum(1.0 - peak_loss * delays, 0.0)
    lost = value[0] - value
    table = pd.DataFrame({
        "delay_months": delays,
        "benefit_pv_k": value,
        "lost_k": lost,
        "lost_share": lost / value[0] if value[0] > 0 else np.nan,
        "lost_this_month_k": np.diff(lost, prepend=0.0),
    })
    return CostOfDelay(table=table, urgency=kind, rate=rate, currency=currency)


def cheapest_order(jobs: pd.DataFrame, *, currency: str = "EUR") -> WaitingOrder:
    """Order jobs that one team does one after the other so that waiting costs least in all.

    The job with the highest cost of delay divided by its duration (CD3) goes first. When each job costs the same for
    every month until it is finished, no other order costs less: if a job stood right before one of higher CD3,
    swapping the two would save ``cost_b * months_a - cost_a * months_b > 0`` and leave all others as they are.

    Parameters
    ----------
    jobs : DataFrame
        project_id, cost_of_delay_k (thousands a month, 0 or more), duration_months (above 0).
    currency : str
        Printed with every figure.

    Returns
    -------
    WaitingOrder
        Ties by project_id.

    Raises
    ------
    SchemaError
        A column is missing, a number is out of bounds, there is no job, or one comes twice.

    References
    ----------
    Smith (1956), Naval Research Logistics Quarterly 3, 59-66: weighted shortest job first. Reinertsen (2009), ch. 7.

    Examples
    --------
    >>> jobs = pd.DataFrame({"project_id": ["A", "B"], "cost_of_delay_k": [10.0, 30.0], "duration_months": [2.0, 4.0]})
    >>> cheapest_order(jobs)
    <WaitingOrder: 2 jobs, B first, 180.0 kEUR of delay>
    """
    work = _checked_jobs(jobs)
    cost, months = work["cost_of_delay_k"].to_numpy(), work["duration_months"].to_numpy()
    order = np.lexsort((work["project_id"].to_numpy(dtype=object), -cost / months))
    table = work.iloc[order].reset_index(drop=True)
    table["cd3"] = (cost / months)[order]
    finish = np.cumsum(months[order])
    table["start_months"], table["finish_months"] = finish - months[order], finish
    table["delay_k"] = cost[order] * finish
    table.insert(0, "place", np.arange(1, len(table) + 1))
    return WaitingOrder(table=table, listed_k=float(cost @ np.cumsum(months)), currency=currency)


def _value_late(amounts: FloatArray, delay: int, *, rate: float, urgency: Urgency) -> float:
    kept = amounts if urgency is Urgency.UNAFFECTED else amounts[: max(len(amounts) - delay, 0)]
    years = (np.arange(len(kept)) + delay + 0.5) / _YEAR
    return float(kept @ (1.0 + rate) ** -years)


def _urgency(urgency: Urgency | str) -> Urgency:
    try:
        return Urgency(urgency)
    except ValueError:
        words = did_you_mean(str(urgency), list(Urgency))
        raise ParameterError(f"urgency: got {shown(urgency)}. {words} Write one of these words.") from None


def _refuse_options(months: int, *, rate: float, peak_loss: float, urgency: Urgency) -> None:
    if not 1 <= whole_number(months) <= _MOST_MONTHS:
        raise ParameterError(f"months: got {shown(months)}, allowed a whole number of 1 or more, at most "
                             f"{_MOST_MONTHS:,}. Give the longest delay.")
    share_a_year(rate)
    low = "above 0 and at most 1" if urgency is Urgency.PEAK_AFFECTED else f"0 with urgency {urgency!s}"
    fits = 0 < number(peak_loss) <= 1 if urgency is Urgency.PEAK_AFFECTED else number(peak_loss) == 0
    if not fits:
        raise ParameterError(f"peak_loss: got {shown(peak_loss)}, allowed {low}. Write 5 % a month as 0.05, with "
                             f"urgency '{Urgency.PEAK_AFFECTED}'.")


def _checked_jobs(jobs: pd.DataFrame) -> pd.DataFrame:
    columns = ["project_id", "cost_of_delay_k", "duration_months"]
    refuse_columns(jobs, tuple(columns), table="jobs")
    work = jobs[columns].reset_index(drop=True)
    work = work.assign(project_id=work["project_id"].astype("str"), **{
        name: floats(work[name]) for name in columns[1:]})
    if work.empty or work["project_id"].duplicated().any():
        got = "no row" if work.empty else f"{work.loc[work['project_id'].duplicated(), 'project_id'].iloc[0]} twice"
        raise SchemaError(f"jobs: got {got}, allowed 1 or more jobs, each once. Correct project_id.")
    cost, months = work["cost_of_delay_k"], work["duration_months"]
    good = {"cost_of_delay_k": cost.between(0, LARGEST_AMOUNT),
            "duration_months": months.between(1 / LARGEST_AMOUNT, LARGEST_AMOUNT)}
    for name, fits in good.items():
        if not fits.all():
            row = work[~fits].iloc[0]
            allowed = "0 or more" if name == "cost_of_delay_k" else "above 0"
            got = f"jobs: {name} of {row['project_id']} is {row[name]}"
            raise SchemaError(f"{got}, allowed {allowed}. Correct the row.")
    return work
