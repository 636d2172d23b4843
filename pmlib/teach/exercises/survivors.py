"""How long a new customer pays: judged by those who stayed, by those who left, or by all who came."""

from __future__ import annotations

from numbers import Real
from typing import Any

import pandas as pd

from pmlib.months import as_month
from pmlib.product import Survivorship, project_retention, survival_curves, survivorship
from pmlib.product.engine import currency_of, lazy
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

_PRODUCT, _HORIZON, _YEAR = "PR4", 36, 12


@once
def _projected(tables: Any) -> pd.DataFrame:
    """Give the share of the whole cohort still paying at ages 0 to 35, with its limits."""
    staying = project_retention(tables, period=tables.period, product_id=_PRODUCT, horizon_months=_HORIZON - 1)
    return staying.to_frame()


@once
def _renewals(tables: Any) -> Survivorship:
    return survivorship(tables, period=tables.period, product_id=_PRODUCT)


@once
def _newcomers(tables: Any) -> tuple[int, float]:
    """Count the customers won in the last year, and what they pay a month on average."""
    rows = lazy(tables, "subscriptions", ["product_id", "start_month", "monthly_eur"])
    late = rows.filter(rows.product_id == _PRODUCT, rows.start_month > as_month(tables.period) - _YEAR)
    prices = late["monthly_eur"].to_pandas()
    return len(prices), float(prices.mean())


def _if_constant(renewal: float) -> float:
    """Add up paid months where the same share renews every month."""
    return sum(renewal**age for age in range(_HORIZON))


def _by_those_who_stayed(tables: Any) -> float:
    ages = _renewals(tables).ages
    return _if_constant(float(ages.loc[(ages["group"] == "all") & (ages["age"] == _YEAR), "renewal"].iloc[0]))


def _by_the_last_month(tables: Any) -> float:
    return _if_constant(float(_renewals(tables).total["renewal"].dropna().iloc[-1]))


def _by_those_who_left(tables: Any) -> float:
    curve = survival_curves(tables, period=tables.period, product_id=_PRODUCT).to_frame()
    return float((curve["months"] * curve["ended"]).sum() / curve["ended"].sum())


def _by_the_whole_cohort(tables: Any) -> float:
    return float(_projected(tables)["projected"].sum())


def _worth(tables: Tables, answer: Any) -> Worth:
    customers, price = _newcomers(tables)
    a_month_k, paid, currency = customers * price / 1000, _by_the_whole_cohort(tables), currency_of(tables)
    gap_k = round(abs(answer - paid) * a_month_k, 6)
    lost = "nothing is lost" if gap_k == 0 else (
        f"{gap_k:,.0f} k {currency} are {'paid for nothing' if answer > paid else 'left to rivals who bid more'}")
    return Worth(money_k=0.0 - gap_k, says=(
        f"Believed are {answer:.1f} paid months each, {answer * a_month_k:,.0f} k {currency} from the {customers:,} "
        f"customers won in a year at {price:.0f} {currency} a month; they pay {paid:.1f} months. If as much is spent "
        f"on winning customers as they are believed to bring, {lost}."))


def _is_months(_: Tables, answer: Any) -> bool:
    if isinstance(answer, bool) or not isinstance(answer, Real):
        raise Unusable(f"Answer with a number of months, got {type(answer).__name__}.")
    return 1 <= float(answer) <= _HORIZON


EXERCISE = Exercise(
    name="survivors",
    title="How long does a new customer pay?",
    mistake="Survivorship",
    question=("How many months does a new customer of Building cockpit (PR4) pay in the first three years, on average? "
              "The first month counts. Answer with a number, 1 to 36."),
    ways=(
        Way(label="Ask those who have been here for a year how many of them renew, and carry that on",
            answer=_by_those_who_stayed,
            hint=("Who has stayed a year is not who signs today: most of those had left by then and are not asked. "
                  "Count from the first month on.")),
        Way(label="Carry last month's renewal of all customers on", answer=_by_the_last_month,
            hint=("Last month's customers are a mix of ages. Renewal is not constant: low in the first months, high "
                  "later, so that one rate for all ages fits none of them.")),
        Way(label="Average the contracts that have ended", answer=_by_those_who_left,
            hint="Those who still pay are left out, and they are the ones who pay longest."),
        Way(label="Add up, age by age, the share of all who came that still pays", answer=_by_the_whole_cohort),
    ),
    worth=_worth,
    properties=(
        Property(says="The answer is a number of months, 1 to 36.", holds=_is_months,
                 hint="A customer pays at least the first month, and there are 36 in three years."),
        Property(says="It is no more than the whole cohort pays.",
                 holds=lambda tables, answer: bool(answer <= _projected(tables)["high"].sum()),
                 hint="Too long. Did you count those who left early, too?"),
        Property(says="It is no less than the whole cohort pays.",
                 holds=lambda tables, answer: bool(answer >= _projected(tables)["low"].sum()),
                 hint="Too short. Did you count those who are still there, and that they renew more often?"),
    ),
    hints=(
        "Draw the share of all who came that still pays, by months since they came. What is the area under it?",
        "pm.product.project_retention(book, period=book.period, product_id=\"PR4\", horizon_months=35) has the share "
        "still paying at every age, also where no cohort is old enough yet.",
        "Add up its column projected over the ages 0 to 35.",
    ),
    solution=("Follow the whole cohort from its first month, and add up the share that still pays. Renewal rises with "
              "age because those likely to leave leave first, not because anybody becomes loyal: a rate taken from "
              "those who stayed describes people whom most newcomers will never become. Where cohorts are too young, "
              "a model of customers who differ (shifted beta-geometric) carries the curve on."),
)
