"""What is planted in the sample company about satisfaction is found: truths T16 and T17."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.product.voice.drivers import satisfaction_drivers
from pmlib.product.voice.ratings import rating_moves
from pmlib.product.voice.response_weighting import WeightedScores, weight_by_response
from pmlib.product.voice.score_chart import ScoreChart, chart_score
from pmlib.product.voice.segments import satisfaction_by_segment

PERIOD, FIRST = 2025 * 12 + 12, 2023 * 12 + 1
FALL = FIRST + 21


@pytest.fixture(scope="module")
def chart(quillmark) -> ScoreChart:
    return chart_score(quillmark, period=PERIOD)


@pytest.fixture(scope="module")
def weighted(quillmark) -> WeightedScores:
    return weight_by_response(quillmark, period=PERIOD, months=36)


def test_t16_only_product_6_signals_and_its_fall_is_dated_to_month_22(chart) -> None:
    rows = chart.to_frame().set_index("product_id")
    assert rows.index[rows["signal_month"] > 0].tolist() == ["PR6"]
    fallen = rows.loc["PR6"]
    assert FALL <= fallen["signal_month"] <= FALL + 3
    assert fallen["change_from"] <= FALL <= fallen["change_to"] <= FALL + 1
    assert (fallen["before"], fallen["after"]) == pytest.approx((32, 20), abs=2.5)


def test_t16_product_2_moves_by_5_points_in_most_months_and_nothing_is_signalled(chart) -> None:
    months = chart.months[chart.months["product_id"] == "PR2"]
    moves = np.abs(np.diff(months["value"]))
    assert 0.55 <= (moves >= 5).mean() <= 0.75
    assert not months[["outside", "smoothed_outside"]].to_numpy().any()
    assert ((months["high"] - months["low"]) / 2).median() == pytest.approx(15, abs=1)


def test_t17_weighting_brings_44_9_down_to_25_by_response_rates_of_40_20_and_10(weighted) -> None:
    row = weighted.to_frame().set_index("product_id").loc["PR4"]
    assert row["raw"] == pytest.approx(44.9, abs=0.5)
    assert row["weighted"] == pytest.approx(25, abs=1)
    assert row["weighted_low"] <= 25 <= row["weighted_high"] < row["raw_low"]
    assert row["gap_low"] <= 19.9 <= row["gap_high"]
    bands = weighted.bands[weighted.bands["product_id"] == "PR4"].set_index("band")
    assert bands["response_rate"].to_dict() == pytest.approx({"high": 0.40, "low": 0.10, "medium": 0.20}, abs=0.01)
    assert weighted.summary().startswith("Building cockpit: the raw NPS of 44.6 is 20.1 points too high")


def test_t17_no_other_product_is_biased_and_product_2_stays_at_25(weighted) -> None:
    rows = weighted.to_frame().set_index("product_id").drop("PR4")
    assert rows["gap"].abs().max() < 0.2
    assert rows.loc["PR2", "weighted_low"] <= 25 <= rows.loc["PR2", "weighted_high"]


def test_effort_and_satisfaction_were_not_by_invitation_and_say_so(quillmark) -> None:
    told = weight_by_response(quillmark, period=PERIOD, instrument="CSAT")
    assert "cannot be weighted: less than 80 % of the answers have an invitation" in told.summary()
    assert chart_score(quillmark, period=PERIOD, instrument="CES").to_frame()["signal_month"].eq(0).all()


def test_ratings_go_with_the_score_as_they_were_drawn_quality_service_price(quillmark) -> None:
    shares = satisfaction_drivers(quillmark, period=PERIOD).to_frame().pivot(index="product_id", columns="rating")
    share, low, high = shares["share"], shares["low"], shares["high"]
    assert (share["quality"] > share["service"]).all() and (share["service"] > share["price"]).all()
    assert (low["quality"] > high["service"]).all() and (low["service"] > high["price"]).all()
    assert shares["vif"].to_numpy().max() < 2


def test_only_ratings_of_the_product_that_fell_moved(quillmark) -> None:
    moves = rating_moves(quillmark, period=PERIOD).to_frame()
    assert set(moves.loc[moves["arrow"].isin(["▲", "▼"]), "product_id"]) == {"PR6"}
    assert set(moves["arrow"]) <= {"–", "▼"}


def test_segments_do_not_differ_beyond_chance_and_each_has_its_n(quillmark) -> None:
    told = satisfaction_by_segment(quillmark, period=PERIOD)
    rows = told.to_frame()
    assert "not beyond chance among 48 pairs" in told.summary()
    assert (rows.loc[rows["enough"], "n"] >= 30).all()
    nps = rows[rows["instrument"] == "NPS"].groupby(["product_id", "to_month"])["n"].sum()
    assert nps.loc[("PR6", PERIOD)] == pytest.approx(12 * 200, rel=0.05)
    assert pd.notna(rows.loc[rows["enough"], "value"]).all()
