"""The car market of the United States 1971-1990, computed once more from the raw file."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.product.standing.concentration import measure_concentration
from pmlib.product.standing.growth_share import map_growth_and_share
from pmlib.product.standing.regions import split_by_region
from pmlib.product.standing.shares import market_shares, share_history


@pytest.fixture(scope="module")
def values(raw_cars):
    """Value of every firm's sales by year, in proportion."""
    return (raw_cars["shares"] * raw_cars["prices"]).groupby([raw_cars["market_ids"], raw_cars["firm_ids"]]).sum()


def test_shares_of_general_motors_are_those_of_the_raw_file(cars, values, raw_cars) -> None:
    own = share_history(cars, period="1990-12").to_frame().query("player == 'own'")
    want = [values[year, 19] / values[year].sum() for year in range(1971, 1991)]
    assert own["share"].to_numpy() == pytest.approx(np.array(want))
    assert (round(100 * own["share"].iloc[0], 1), round(100 * own["share"].iloc[-1], 1)) == (53.5, 37.8)
    last = raw_cars[raw_cars["market_ids"] == 1990]
    units = last.groupby("firm_ids")["shares"].sum()
    now = market_shares(cars, period="1990-12", months=1).to_frame().set_index("player")
    assert now.loc["own", "unit_share"] == pytest.approx(units[19] / units.sum())
    assert now["share"].sum() == now["unit_share"].sum() == pytest.approx(1)


def test_concentration_falls_from_3578_to_2158(cars, values) -> None:
    found = measure_concentration(cars, period="1990-12", months=1, guidelines=2010)
    index = found.to_frame().set_index("month")["hhi_low"]
    want = [10_000 * float(((values[year] / values[year].sum()) ** 2).sum()) for year in range(1971, 1991)]
    assert index.to_numpy() == pytest.approx(np.array(want))
    assert (round(index.iloc[0]), round(index.iloc[-1])) == (3_578, 2_158)
    assert found.to_frame()["class_2010"].iloc[[0, -1]].tolist() == ["highly concentrated", "moderately concentrated"]
    assert found.to_frame()["class_2023"].unique().tolist() == ["highly concentrated"]


def test_one_study_a_year_places_a_market_but_gives_no_quadrant(cars, values) -> None:
    row = map_growth_and_share(cars, period="1990-12", months=1).to_frame().iloc[0]
    assert row["rival"] == "firm 18" and row["quadrant"] == "not enough data"
    assert row["relative_share"] == pytest.approx(values[1990, 19] / values[1990, 18])
    assert row["growth"] == pytest.approx(values[1990].sum() / values[1989].sum() - 1)


def test_the_effects_of_a_year_add_up(cars) -> None:
    assert split_by_region(cars, period="1990-12", months=1, apart=12).check()
    assert market_shares(cars, period="1998-06").to_frame().empty
