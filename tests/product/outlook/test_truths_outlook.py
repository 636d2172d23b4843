from __future__ import annotations

from pathlib import Path

import pytest

from pmlib.product.marts import with_marts
from pmlib.product.outlook.forecasts import forecast_headlines
from pmlib.product.outlook.targets import target_chance
from pmlib.workbook import open_workbook

CASE = Path(__file__).parents[3] / "data" / "cases" / "retail_and_cars"


@pytest.fixture(scope="module")
def summed(quillmark):
    return with_marts(quillmark, period="2025-12")


@pytest.fixture(scope="module")
def launch(summed):
    return forecast_headlines(summed, period="2025-12", product_id="PR8", headlines=["revenue"])


def test_t23_the_launch_is_shown_with_its_width_and_its_baseline(launch):
    row, end = launch.methods.iloc[0], launch.of("PR8").iloc[-1]
    assert (row["n_months"], row["baseline"], row["n_origins"]) == (24, "seasonal naive", 11)
    assert row["mae_ratio"] < 0.1 and row["coverage_80"] > 0.8
    assert end["low_80"] < end["value"] < end["high_80"]
    # Two months before the planted peak the line still points up: the width is the honest part of it.
    assert (end["high_95"] - end["low_95"]) / end["value"] > 0.4
    assert end["baseline"] < end["low_80"]


def test_seasonal_products_beat_the_baseline_and_the_season_returns(summed):
    asked = forecast_headlines(summed, period="2025-12", product_id="PR1", headlines=["revenue"])
    assert asked.methods["mae_ratio"].iloc[0] < 0.5
    ahead = asked.of("PR1")[lambda rows: rows["kind"] == "forecast"].set_index("month")["value"]
    assert ahead.idxmin() % 12 in (3, 4, 5) and ahead.idxmax() % 12 in (9, 10, 11)


def test_chances_of_the_launch_fall_with_the_target(summed):
    chances = [
        target_chance(summed, product_id="PR8", target_k=target, period="2025-12").chance.value
        for target in (195, 203, 211)
    ]
    assert chances[0] > 0.9 > chances[1] > 0.3 > chances[2]


def test_a_year_and_a_half_of_retail_orders_gets_a_plain_answer():
    asked = forecast_headlines(open_workbook(CASE), period="1998-06", headlines=["revenue"], horizon=3)
    row = asked.methods.iloc[0]
    assert (row["n_months"], row["baseline"], row["best_model"]) == (18, "naive", "drift")
    assert row["shown"] == "naive" or row["mae_ratio"] < 0.9
    ahead = asked.months[asked.months["kind"] == "forecast"]
    assert (ahead["low_80"] < ahead["high_80"]).all() and (ahead["low_95"] >= 0).all()
