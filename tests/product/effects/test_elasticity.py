from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.product.effects.elasticity import _clustered, price_elasticity
from pmlib.workbook import Workbook

REGIONS = ["east", "north", "west"]


def _tables(elasticity: float = -1.4, *, months: int = 18, noise: float = 0.02) -> dict[str, pd.DataFrame]:
    """Prices by lot in three regions; demand has a season and regions of different size."""
    rng = np.random.default_rng(1)
    grid = pd.MultiIndex.from_product([pd.date_range("2024-01-01", periods=months, freq="MS"), REGIONS],
                                      names=["date", "region"]).to_frame(index=False)  # fmt: skip
    lot = np.concatenate([rng.permutation([90.0, 100.0, 110.0]) for _ in range(months)])
    demand = 12 + 0.3 * np.sin(2 * np.pi * grid["date"].dt.month / 12) + np.tile([0.0, 1.0, 2.0], months)
    units = np.exp(demand + elasticity * np.log(lot) + rng.normal(0, noise, len(grid)))
    prices = grid.assign(product_id="A", list_price=lot, randomised=True, month=_months(grid))
    return {"price_history": prices.drop(columns="date"), "orders": grid.assign(product_id="A", units=units)}


def _months(rows: pd.DataFrame) -> pd.Series:
    return rows["date"].dt.year * 12 + rows["date"].dt.month


def _read(tables, **options):
    return price_elasticity(tables, **({"period": "2025-12"} | options))


def test_both_planted_elasticities_are_found_by_lot_and_missed_naively(quillmark: Workbook) -> None:
    rows = _read(quillmark).to_frame().set_index("product_id")
    for product, planted, found, error, naive in (("PR2", -1.4, -1.34, 0.05, -0.69), ("PR7", -0.6, -0.65, 0.07, 0.01)):
        row = rows.loc[product]
        assert (round(row["elasticity"], 2), round(row["error"], 2), round(row["naive"], 2)) == (found, error, naive)
        assert row["low"] < planted < row["high"]
        assert not row["low"] < row["naive"] < row["high"]
        assert (row["months"], row["n"], row["naive_n"]) == (24, 72, 108)
    assert rows["direction"].tolist() == ["down", "up"]


def test_the_words_say_where_revenue_goes_and_why_the_naive_one_is_off(quillmark: Workbook) -> None:
    said = _read(quillmark).summary()
    assert "Occupancy sensor: raising the price by 1 % loses 1.3 % of units (1.2 to 1.4; 24 months by lot)" in said
    assert "so revenue falls by about 0.3 %: a lower price earns more" in said
    assert "so revenue rises by about 0.4 %: a higher price earns more" in said
    assert "it believes prices that followed demand" in said
    assert repr(_read(quillmark, product_id="PR7")) == (
        "<PriceElasticity to December 2025: Calibration service -0.65>"
    )


def test_the_slope_is_that_of_least_squares_with_constants_and_its_error_is_robust() -> None:
    tables = _tables()
    cells = tables["price_history"].merge(tables["orders"].assign(month=_months))
    fitted = smf.ols("np.log(units) ~ np.log(list_price) + C(region) + C(month)", cells).fit(
        cov_type="cluster", cov_kwds={"groups": cells["month"]}
    )
    row = _read(tables).to_frame().iloc[0]
    assert row["elasticity"] == pytest.approx(fitted.params["np.log(list_price)"])
    # statsmodels counts the constants of months, which lie within the clusters and cost nothing.
    counted = (54 - 1) / (54 - 3) / ((54 - 1) / (54 - 21))
    assert row["error"] == pytest.approx(fitted.bse["np.log(list_price)"] * np.sqrt(counted))


def test_where_price_does_nothing_a_twentieth_is_called_elastic() -> None:
    rng = np.random.default_rng(7)
    months, regions, error = 24, 3, []
    place = np.repeat(np.arange(months), regions)
    for _ in range(3_000):
        x = np.concatenate([rng.permutation([-0.16, 0.0, 0.14]) for _ in range(months)]) + 0.0067
        y = rng.normal(0, 0.05, months * regions)
        y -= np.repeat(y.reshape(months, regions).mean(axis=1), regions)
        value, spread = _clustered(x, y, place, regions=regions)
        error.append(abs(value) > 2.0687 * spread)  # t(23)
    assert np.mean(error) == pytest.approx(0.05, abs=0.012)


def test_one_price_for_all_regions_of_a_month_says_nothing() -> None:
    tables = _tables()
    prices = tables["price_history"]
    same = prices.assign(list_price=prices.groupby("month")["list_price"].transform("first"))
    found = _read({**tables, "price_history": same})
    assert np.isnan(found.to_frame()["elasticity"].iloc[0])
    assert "0 months in which regions sold at different prices drawn by lot; needed are 6" in found.summary()
    assert found.to_frame()["direction"].tolist() == ["unknown"]
    assert found.headline() == {"–": "not enough prices drawn by lot"}


def test_prices_set_by_hand_are_left_to_the_naive_line() -> None:
    tables = _tables()
    by_hand = tables["price_history"].assign(randomised=lambda rows: rows["month"] >= rows["month"].max() - 4)
    row = _read({**tables, "price_history": by_hand}).to_frame().iloc[0]
    assert row["months"] == 5
    assert np.isnan(row["elasticity"])
    assert row["naive_n"] == 54


def test_a_price_not_known_to_be_by_lot_is_not() -> None:
    tables = _tables()
    unknown = tables["price_history"].assign(randomised=pd.array([None] * 54, dtype="boolean"))
    assert _read({**tables, "price_history": unknown}).to_frame()["n"].tolist() == [0]


def test_cells_without_units_and_a_price_of_zero_are_left_out() -> None:
    tables = _tables()
    orders = tables["orders"].iloc[2:]
    free = tables["price_history"].assign(list_price=lambda rows: rows["list_price"].where(rows.index != 5, 0.0))
    row = _read({"orders": orders, "price_history": free}).to_frame().iloc[0]
    assert (row["n"], row["naive_n"]) == (50, 51)  # the first month has one region left: nothing to compare


def test_a_month_after_the_period_and_no_prices_at_all() -> None:
    assert _read(_tables(), period="2024-06").to_frame()["naive_n"].tolist() == [18]
    empty = _read(_tables(), period="2020-01")
    assert empty.to_frame().empty
    assert "No prices to January 2020" in empty.summary()


def test_an_interval_around_minus_one_leaves_the_direction_open() -> None:
    found = _read(_tables(-1.0, noise=0.1))
    assert found.to_frame()["direction"].tolist() == ["unclear"]
    assert "its direction is not known" in found.summary()


def test_double_prices_unknown_products_and_missing_tables_are_refused() -> None:
    tables = _tables()
    twice = pd.concat([tables["price_history"], tables["price_history"].iloc[:1]])
    with pytest.raises(SchemaError, match="price_history: row 54 has the key of an earlier one"):
        _read({**tables, "price_history": twice})
    with pytest.raises(ParameterError, match="product_id: got 'B', without prices. Known: A"):
        _read(tables, product_id="B")
    with pytest.raises(MissingTableError, match="'price_history' is missing"):
        _read({"orders": tables["orders"]})
    with pytest.raises(MissingTableError, match="'orders' is missing"):
        _read({"price_history": tables["price_history"]})
