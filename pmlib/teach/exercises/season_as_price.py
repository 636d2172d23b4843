"""What a price does to sales: judged by all prices there were, or by those that were drawn by lot."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from pmlib.months import as_month
from pmlib.product import PriceElasticity, price_elasticity
from pmlib.product.engine import currency_of, small
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

#: The price is to rise by a tenth.
_PRODUCT, _RISE, _YEAR = "PR2", 1.1, 12


@once
def _prices(tables: Any) -> PriceElasticity:
    return price_elasticity(tables, period=tables.period, product_id=_PRODUCT)


def _found(tables: Tables) -> pd.Series:
    return _prices(tables).to_frame().iloc[0]


def _from_all_prices(tables: Tables) -> float:
    return float(_found(tables)["naive"])


def _from_our_own_prices(tables: Tables) -> float:
    cells = _prices(tables).cells
    ours = cells[~cells["randomised"] & (cells["units"] > 0)]
    return float(np.polyfit(np.log(ours["list_price"]), np.log(ours["units"]), 1)[0])


def _from_prices_by_lot(tables: Tables) -> float:
    return float(_found(tables)["elasticity"])


@once
def _last_year(tables: Any) -> tuple[float, float, float]:
    """Give units sold in a year, list price and cost of one."""
    since, cells = as_month(tables.period) - _YEAR, _prices(tables).cells
    sold = cells[cells["month"] > since]
    costs = small(tables, "product_costs", ["product_id", "month", "unit_cost_eur"])
    costs = costs[(costs["product_id"] == _PRODUCT) & (costs["month"] > since)]
    units = float(sold["units"].sum())
    return units, float((sold["units"] * sold["list_price"]).sum() / units), float(costs["unit_cost_eur"].mean())


def _worth(tables: Tables, answer: Any) -> Worth:
    units, price, cost = _last_year(tables)
    built, wanted = units * _RISE ** float(answer), units * _RISE ** _from_prices_by_lot(tables)
    money_k = (min(built, wanted) * price * _RISE - built * cost) / 1000
    currency, gap = currency_of(tables), abs(round(built - wanted))
    missed = "built and not bought" if built > wanted else "wanted and not there"
    left = f"{gap:,} are {missed}" if gap else "none is left"
    return Worth(money_k=money_k, says=(
        f"With the list price up from {price:,.0f} to {price * _RISE:,.0f} {currency}, {built:,.0f} units are planned "
        f"and built at {cost:,.0f} {currency} each, and {wanted:,.0f} wanted: {left}. What is sold leaves "
        f"{money_k:,.0f} k {currency} after the cost of what is built."))


def _is_elasticity(_: Tables, answer: Any) -> bool:
    if isinstance(answer, bool) or not isinstance(answer, Real):
        raise Unusable(f"Answer with a number, % of units for 1 % of price, got {type(answer).__name__}.")
    return abs(float(answer)) <= 10  # noqa: PLR2004 - beyond that it is a slip of the decimal point


EXERCISE = Exercise(
    name="season_as_price",
    title="What does a higher price do?",
    mistake="Drivers read as causes",
    question=("The list price of Occupancy sensor (PR2) is to rise by 10 %, and the factory builds what sales plans. "
              "By how many percent do units change for 1 % of price? Answer with a number; -0.5 means half a percent "
              "less."),
    ways=(
        Way(label="Draw a line through units against price, all months and regions", answer=_from_all_prices,
            hint=("Prices were set high when many buy anyway, so price and season move together and the line gives "
                  "price the credit of the season. Which prices know nothing of the season?")),
        Way(label="Draw it through the prices we set ourselves", answer=_from_our_own_prices,
            hint=("Those are the very prices that followed demand: a line through them says that a higher price "
                  "sells more. Use those that nobody chose.")),
        Way(label="Compare regions whose prices were drawn by lot, within the same month",
            answer=_from_prices_by_lot),
    ),
    worth=_worth,
    properties=(
        Property(says="The answer is a number of percent for 1 % of price.", holds=_is_elasticity,
                 hint="Something between -10 and 10: -0.5 means that 1 % more price sells half a percent less."),
        Property(says="It is below 0: a higher price sells less.", holds=lambda _, answer: answer < 0,
                 hint="Does a higher price sell more, or was the price high when many wanted one? Mind the sign."),
        Property(says="It lies within the interval that prices drawn by lot give.",
                 holds=lambda tables, answer: bool(_found(tables)["low"] <= answer <= _found(tables)["high"]),
                 hint="Not what regions with different prices in the same month say. Leave season and region out."),
    ),
    hints=(
        "Why was the price high in some months? Would many have bought then anyway?",
        "price_history says which prices were randomised over regions: those know nothing of season or region.",
        "pm.product.price_elasticity(book, period=book.period, product_id=\"PR2\") has it in the column elasticity.",
    ),
    solution=("Believe prices drawn by lot, not those that somebody set with the season in mind. A line through all "
              "prices mixes what price does with why it was set: season drives both. A lot over regions breaks that "
              "link: within one month regions differ in price and, on average, in nothing else that matters. The true "
              "effect is larger than the line says, so a plan built on the line fills the warehouse. Whether to raise "
              "the price at all is a question of margin: what is known not to sell need not be built."),
)
