from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from pmlib.plots import loyalty
from pmlib.product.customers import cohort_triangle
from pmlib.product.loyalty.lifetime_value import customer_lifetime_value
from pmlib.product.loyalty.purchase_tracking import track_purchases
from pmlib.product.loyalty.recency import score_customers
from pmlib.product.loyalty.renewal_projection import project_retention
from pmlib.product.loyalty.repeat_buying import repeat_buying
from pmlib.product.loyalty.survival import survival_curves
from pmlib.product.loyalty.survivorship import survivorship

PERIOD = "2025-12"
SEGMENTS = ("homes", "hospitals", "offices and other places of work", "schools")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    rng, n = np.random.default_rng(3), 600
    people = [f"c{i}" for i in range(n)]
    start = rng.integers(24277, 24312, n)
    end = (start + rng.geometric(rng.beta(1, 4, n)) - 1).astype(float)
    subscriptions = pd.DataFrame(
        {"customer_id": people, "product_id": np.where(rng.random(n) < 0.5, "Building cockpit", "B"),
         "monthly_eur": 9.0, "start_month": start, "end_month": np.where(end >= 24312, np.nan, end)}
    )  # fmt: skip
    first = rng.integers(0, 600, n)
    days = np.concatenate([first, (first + rng.exponential(90, n)), (first + rng.exponential(300, n))])
    orders = pd.DataFrame({"customer_id": people * 3, "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"),
                           "product_id": "S", "units": 1.0, "paid_price": rng.gamma(3, 400, 3 * n)})  # fmt: skip
    orders = orders.assign(date=orders["date"].dt.floor("D"))
    customers = pd.DataFrame({"customer_id": people, "segment": rng.choice(SEGMENTS, n)})
    return {"subscriptions": subscriptions, "orders": orders, "customers": customers}


FIGURES = {
    "survival": lambda t: survival_curves(t, period=PERIOD).plot(),
    "survival by segment": lambda t: survival_curves(t, period=PERIOD, by="segment").plot(),
    "older and newer": lambda t: survivorship(t, period=PERIOD).plot(),
    "renewal by age": lambda t: survivorship(t, period=PERIOD, since="2024-07").plot_renewal(),
    "projection": lambda t: project_retention(t, period=PERIOD, by="product").plot(),
    "segments": lambda t: score_customers(t, period=PERIOD).plot(),
    "tracking": lambda t: track_purchases(t, period=PERIOD, fitted_to="2025-03").plot(),
    "chance of return": lambda t: repeat_buying(t, period=PERIOD).plot(),
    "lifetime value": lambda t: customer_lifetime_value(t, period=PERIOD).plot(),
    "rolling cohorts": lambda t: cohort_triangle(t, period=PERIOD, retention="rolling").plot(),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_read(name, tables, unreadable) -> None:
    ax = FIGURES[name](tables)
    assert ax.get_title(loc="left")
    assert unreadable(ax) == []
    plt.close(ax.figure)


EMPTY = {
    "survival": lambda t: survival_curves(t, period="2020-01").plot(),
    "older and newer": lambda t: survivorship(t, period="2020-01").plot(),
    "projection": lambda t: project_retention(t, period="2020-01").plot(),
    "segments": lambda t: score_customers(t, period="2020-01").plot(),
    "tracking": lambda t: track_purchases(t, period="2020-02", fitted_to="2020-01").plot(),
    "chance of return": lambda t: repeat_buying(t, period="2020-01").plot(),
    "lifetime value": lambda t: customer_lifetime_value(t, period="2020-01").plot(),
}


@pytest.mark.parametrize("name", EMPTY)
def test_too_little_data_draws_a_sentence(name, tables, unreadable) -> None:
    ax = EMPTY[name](tables)
    assert not ax.axison
    assert ax.get_title(loc="left")
    assert unreadable(ax) == []
    plt.close(ax.figure)


def test_numbers_at_risk_stand_below_their_ticks(tables) -> None:
    curves = survival_curves(tables, period=PERIOD)
    ax = loyalty.survival(curves.to_frame())
    at_risk = dict(zip(curves.curves["months"], curves.curves["at_risk"], strict=True))
    written = {text.xy[0]: text.get_text() for text in ax.texts if text.get_text()[0].isdigit()}
    assert written == {tick: f"{at_risk[int(tick)]:,}" for tick in ax.get_xticks()}
    plt.close(ax.figure)


def test_bars_show_the_shares_of_the_frame(tables) -> None:
    frame = score_customers(tables, period=PERIOD).to_frame()
    ax = loyalty.segments(frame)
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx([*frame["share"], *frame["revenue_share"]])
    plt.close(ax.figure)
