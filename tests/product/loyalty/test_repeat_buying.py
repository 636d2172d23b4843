from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.loyalty.purchase_tracking import track_purchases
from pmlib.product.loyalty.repeat_buying import repeat_buying


def test_the_forecast_of_the_published_sample_falls_short_by_4_percent_in_78_weeks(cdnow) -> None:
    """As figure 2 of Fader, Hardie and Lee (2005) shows."""
    result = track_purchases(cdnow, period="1998-06", fitted_to="1997-09")
    end = result.weeks.iloc[-1]
    assert end["week"] == 78
    assert end["expected"] / end["actual"] - 1 == pytest.approx(-0.04, abs=0.005)
    assert result.weeks.loc[result.weeks["fitted"], "week"].max() == 39
    assert result.error == pytest.approx(-0.114, abs=0.001)
    assert result.summary() == (
        "Fitted to September 1997, the model expected 1,667 repeat purchases by June 1998; 1,882 came (-11.4 %)."
    )


def test_actual_purchases_so_far_are_those_of_the_orders(cdnow) -> None:
    weeks = track_purchases(cdnow, period="1998-06", fitted_to="1997-09").weeks
    days = cdnow["orders"].drop_duplicates(["customer_id", "date"])
    for week in (10, 39, 78):
        until = days[days["date"] < pd.Timestamp("1997-01-01") + pd.Timedelta(days=7 * week)]
        repeats = len(until) - until["customer_id"].nunique()
        assert weeks.loc[weeks["week"] == week, "actual"].item() == repeats


def test_purchases_and_returns_have_an_interval_around_them(cdnow) -> None:
    result = repeat_buying(cdnow, period="1997-09", horizon_months=9)
    assert result.purchases.low < result.purchases.value < result.purchases.high
    assert result.purchases.value == pytest.approx(1_667, rel=0.01)
    assert 0 < result.returning.low < result.returning.value < result.returning.high < 1
    frame = result.to_frame()
    assert (frame["expected"] * frame["n"]).sum() == pytest.approx(result.purchases.value)
    assert frame[["alive", "returning"]].stack().between(0, 1).all()
    assert "2,357 customers will make 1,653 purchases in 9 months (between 1,514 and 1,806)." in result.summary()


def test_as_many_come_back_as_the_chance_of_return_says(cdnow) -> None:
    result = repeat_buying(cdnow, period="1997-09", horizon_months=9)
    later = cdnow["orders"]["date"] > pd.Timestamp("1997-09-30")
    came = cdnow["orders"]["customer_id"][later].nunique() / 2_357
    assert result.returning.value == pytest.approx(came, abs=0.03)


def test_customers_of_the_sample_company_who_came_before_its_orders_are_left_out(quillmark) -> None:
    result = repeat_buying(quillmark, period="2025-12")
    assert result.left_out == 4_527
    assert result.model is not None and result.model.n == 6_993
    assert result.summary().endswith("4,527 customers who came before the orders begin are left out.")


def test_too_few_repeat_buyers_are_said_so(ordered) -> None:
    rows = [(f"c{i}", day, 1.0, 5.0) for i in range(29) for day in ("2025-01-01", "2025-01-09")]
    result = repeat_buying(ordered(*rows, ("d", "2025-01-01", 1.0, 5.0)), period="2025-03")
    assert result.summary() == "Not enough data to March 2025: 29 customers bought again, 30 are needed."
    assert result.model is None and math.isnan(result.purchases.value)
    assert result.headline() == {"–": "too few repeat buyers to forecast"}
    tracked = track_purchases(ordered(*rows), period="2025-03", fitted_to="2025-02")
    assert tracked.summary().startswith("Not enough data to February 2025: 30 repeat buyers")
    assert math.isnan(tracked.error)


def test_customers_who_all_buy_alike_have_a_finite_forecast(ordered) -> None:
    days = ["2025-01-01", "2025-01-15", "2025-02-01", "2025-02-15"]
    rows = [(f"c{i}", day, 1.0, 5.0) for i in range(40) for day in days]
    result = repeat_buying(ordered(*rows), period="2025-02", horizon_months=1)
    assert 40 < result.purchases.value < 160
    assert np.isfinite([result.purchases.low, result.purchases.high]).all()


def test_what_is_no_option_is_refused(cdnow) -> None:
    with pytest.raises(ParameterError, match="days_per_unit: got 0, allowed days above 0"):
        repeat_buying(cdnow, period="1997-09", days_per_unit=0)
    with pytest.raises(ParameterError, match="fitted_to: got June 1998, allowed a month before the period. Use May"):
        track_purchases(cdnow, period="1998-06", fitted_to="1998-06")
    with pytest.raises(MissingTableError, match="table 'orders' is missing"):
        repeat_buying({}, period="1998-06")
