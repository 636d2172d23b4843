from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.standing.sunset import monthly_margins, weigh_sunset

FIRST, LAST = 24289, 24312


def _tables(units: list[float], *, fixed: float = 5.0, launch: float = 24000.0) -> dict[str, pd.DataFrame]:
    """One product at 20 EUR, 10 EUR a unit: 100 units leave 1 k a month, less the fixed cost."""
    months = np.arange(LAST - len(units) + 1, LAST + 1)
    orders = pd.DataFrame(
        {
            "customer_id": "K",
            "product_id": "A",
            "date": pd.to_datetime([f"{(m - 1) // 12}-{(m - 1) % 12 + 1:02d}-10" for m in months]),
            "units": units,
            "paid_price": 20.0,
        }
    )
    every = np.arange(FIRST, LAST + 1)
    costs = pd.DataFrame({"product_id": "A", "month": every, "unit_cost_eur": 10.0, "fixed_k": fixed})
    products = pd.DataFrame({"product_id": ["A", "B"], "name": ["Aria", "Boreas"], "launch_month": [launch, math.nan]})
    return {"orders": orders, "product_costs": costs, "products": products}


def _row(tables: dict[str, pd.DataFrame], **more: object) -> pd.Series:
    return weigh_sunset(tables, period="2025-12", **more).to_frame().iloc[0]


def test_margin_and_cover_are_those_of_the_window() -> None:
    row = _row(_tables([1000.0] * 24))
    # 12 months of 10 k contribution against 5 k fixed.
    assert (row["revenue_k"], row["contribution_k"], row["keep_cost_k"], row["margin_k"]) == (240.0, 120.0, 60.0, 60.0)
    assert (row["cover"], row["before_k"], row["n"], row["verdict"]) == (2.0, 60.0, 12, "keep")
    assert (row["keep_k"], row["keep_trend_k"]) == (60.0, 60.0)


def test_a_product_below_its_cost_to_keep_is_ended_and_one_in_the_noise_is_not() -> None:
    noise = 300 * np.random.default_rng(2).standard_normal(24)
    assert _row(_tables(list(200 + 0.1 * noise)))["verdict"] == "sunset"
    row = _row(_tables(list(480 + noise)))
    assert row["verdict"] == "not sure" and row["margin_low_k"] < 0 < row["margin_high_k"]


def test_a_launch_that_loses_less_every_month_is_not_ended() -> None:
    row = _row(_tables([25.0 * i for i in range(24)], launch=FIRST))
    assert row["margin_high_k"] < 0 < row["keep_trend_k"]
    assert row["verdict"] == "not sure"
    assert row["reason"] == "it loses, and another year like the last would put that right"


def test_without_the_year_before_nobody_can_tell_a_launch_from_an_end() -> None:
    row = _row(_tables([100.0] * 24, launch=24296.0))
    assert row["verdict"] == "not sure" and math.isnan(row["keep_trend_k"])


def test_a_launch_within_the_window_is_not_judged() -> None:
    row = _row(_tables([100.0] * 6, launch=24307.0))
    assert (row["verdict"], row["n"]) == ("not enough data", 0)


def test_season_is_no_noise_where_the_year_before_is_known() -> None:
    season = [1000 + 800 * math.sin(math.pi * i / 6) for i in range(24)]
    row = _row(_tables(season))
    assert row["margin_high_k"] - row["margin_low_k"] < 1e-6
    alone = _tables(season[12:])
    alone["product_costs"] = alone["product_costs"].query("month > 24300")
    assert _row(alone)["margin_high_k"] - _row(alone)["margin_low_k"] > 50


def test_what_a_stop_does_not_save_does_not_count() -> None:
    assert _row(_tables([200.0] * 24), avoidable=0.2)["verdict"] == "keep"
    assert math.isnan(_row(_tables([200.0] * 24), avoidable=0.0)["cover"])


def test_the_interval_covers_the_mean_margin_as_often_as_it_says() -> None:
    from pmlib.product.change import mean_noise

    rng = np.random.default_rng(6)
    months = rng.standard_normal((2_000, 12))
    missed = np.mean([abs(row.mean()) > mean_noise(row).half_width for row in months])
    # With no memory at all the least memory of 0.4 errs on the safe side.
    assert missed <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 2_000)


def test_subscriptions_cost_their_unit_cost_every_month() -> None:
    subscriptions = pd.DataFrame(
        {"customer_id": ["K1", "K2"], "product_id": "A", "start_month": [24301, 24307], "end_month": [24312, 24312],
         "monthly_eur": [50.0, 50.0]}
    )  # fmt: skip
    tables = _tables([1.0]) | {"subscriptions": subscriptions}
    del tables["orders"]
    margins = monthly_margins(tables, last=LAST).set_index("month")
    assert margins.loc[24301, "contribution_k"] == pytest.approx(0.040)
    assert margins.loc[24312, "contribution_k"] == pytest.approx(0.080)
    assert margins.loc[24300, "margin_k"] == -5.0


def test_products_without_costs_and_periods_without_data_are_unknown() -> None:
    found = weigh_sunset(_tables([1000.0] * 24), period="2025-12")
    assert found.to_frame().set_index("product_id").loc["B", "verdict"] == "not enough data"
    assert found.summary() == (
        "In the 12 months to December 2025, contribution less cost to keep. not enough data: Boreas; keep: Aria."
    )
    assert found.headline()["0 of 2"] == "products that cost more to keep than they earn"
    assert set(weigh_sunset(_tables([1.0]), period="1999-01").to_frame()["verdict"]) == {"not enough data"}


def test_a_product_whose_sales_are_in_no_table_is_not_ended() -> None:
    tables = _tables([1.0] * 24)
    tables["product_costs"] = pd.concat([tables["product_costs"], tables["product_costs"].assign(product_id="B")])
    verdicts = weigh_sunset(tables, period="2025-12").to_frame().set_index("product_id")["verdict"]
    assert verdicts.to_dict() == {"A": "sunset", "B": "not enough data"}


def test_bad_input_is_refused() -> None:
    tables = _tables([1.0] * 24)
    with pytest.raises(ParameterError, match="avoidable: got 2, allowed 0-1"):
        weigh_sunset(tables, period="2025-12", avoidable=2)
    with pytest.raises(ParameterError, match="product_id: got 'Z'"):
        weigh_sunset(tables, period="2025-12", product_id="Z")
    with pytest.raises(MissingTableError, match="table 'product_costs' is missing"):
        weigh_sunset({key: value for key, value in tables.items() if key != "product_costs"}, period="2025-12")
