from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.change import Change
from pmlib.product.standing.bass import adopted
from pmlib.product.standing.life_cycle import bend_time, stage_of, stage_products


def _change(low: float, high: float) -> Change:
    return Change(change=(low + high) / 2, low=low, high=high, p=0.5, n_before=12, n_after=12)


@pytest.mark.parametrize(
    ("low", "high", "stage"),
    [
        (0.04, 0.09, "growth"),
        (-0.02, 0.02, "maturity"),
        (-0.09, -0.04, "decline"),
        (0.01, 0.09, "between maturity and growth"),
        (-0.09, 0.01, "between decline and maturity"),
        (-0.09, 0.09, "between decline and growth"),
        (math.nan, math.nan, "not enough data"),
    ],
)
def test_the_stage_follows_the_interval_of_the_change(low: float, high: float, stage: str) -> None:
    assert stage_of(_change(low, high), age=60, steady=0.03) == stage


def test_the_first_year_is_introduction_and_so_is_growth_before_the_first_bend() -> None:
    assert stage_of(Change.unmeasured(), age=12, steady=0.03) == "introduction"
    assert stage_of(_change(0.5, 0.9), age=20, steady=0.03, first_bend=24.0) == "introduction"
    assert stage_of(_change(0.5, 0.9), age=25, steady=0.03, first_bend=24.0) == "growth"


def test_sales_rise_fastest_at_the_bend() -> None:
    fine = np.linspace(0, 30, 300_001)
    rising = np.diff(adopted(fine, np.array(0.004), np.array(0.13)), n=2)
    assert fine[int(rising.argmax())] == pytest.approx(float(bend_time(np.array(0.004), np.array(0.13))), abs=0.01)


def _tables(monthly: list[float], launch: float = 24000.0) -> dict[str, pd.DataFrame]:
    months = np.arange(24312 - len(monthly) + 1, 24313)
    subscriptions = pd.DataFrame(
        {"customer_id": [f"K{month}" for month in months], "product_id": "A", "start_month": months,
         "end_month": months, "monthly_eur": monthly}
    )  # fmt: skip
    products = pd.DataFrame({"product_id": ["A", "B"], "name": ["Aria", "Boreas"], "launch_month": [launch, math.nan]})
    return {"products": products, "subscriptions": subscriptions}


def test_a_steady_product_is_mature_and_one_without_sales_has_no_stage() -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, 24)
    found = stage_products(_tables(list(100 + noise)), period="2025-12")
    frame = found.to_frame().set_index("product_id")
    assert frame["stage"].to_dict() == {"A": "maturity", "B": "not enough data"}
    assert frame.loc["B", "reason"] == "launch month unknown, no two windows of 12 months to compare"
    assert found.headline() == {"1 of 2": "products whose stage the data tell"}
    assert found.summary() == (
        "Stages in December 2025 (steady: within 3 % in a year of sales): maturity: Aria; not enough data: Boreas."
    )


def test_one_year_of_history_is_not_enough_and_says_so() -> None:
    row = stage_products(_tables([100.0] * 23), period="2025-12", product_id="A").to_frame().iloc[0]
    assert row["stage"] == "not enough data"
    assert row["reason"] == "313 months since launch, no two windows of 12 months to compare"


def test_a_launch_within_the_earlier_window_is_not_compared() -> None:
    row = stage_products(_tables([100.0] * 24, launch=24295.0), period="2025-12").to_frame().iloc[0]
    assert math.isnan(row["change"]) and row["stage"] == "not enough data"


def test_a_period_before_all_data_and_an_odd_limit() -> None:
    early = stage_products(_tables([100.0] * 24), period="1999-01").to_frame()
    assert set(early["stage"]) == {"not enough data"}
    with pytest.raises(ParameterError, match="steady: got 1.5, allowed 0 up to 1"):
        stage_products(_tables([100.0] * 24), period="2025-12", steady=1.5)
    with pytest.raises(ParameterError, match="product_id: got 'Z'"):
        stage_products(_tables([100.0] * 24), period="2025-12", product_id="Z")
