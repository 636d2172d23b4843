from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.standing.bass import adopted
from pmlib.product.standing.diffusion import fit_diffusion

LAUNCH = 24289


def _tables(months: int = 24, launch: float = LAUNCH, *, sold: float = 1.0) -> dict[str, pd.DataFrame]:
    units = sold * np.round(10_000 * np.diff(adopted(np.arange(months + 1), np.array(0.004), np.array(0.13))))
    month = LAUNCH + np.arange(months)
    orders = pd.DataFrame(
        {
            "order_id": [f"O{i}" for i in range(months)],
            "customer_id": "K1",
            "product_id": "PR8",
            "date": pd.to_datetime([f"{(m - 1) // 12}-{(m - 1) % 12 + 1:02d}-10" for m in month]),
            "units": units,
            "paid_price": 10.0,
        }
    )
    names = {"product_id": ["PR8", "PR9"], "name": ["Monitor", "Ghost"], "launch_month": [launch, math.nan]}
    return {"products": pd.DataFrame(names), "orders": orders}


def test_the_fit_is_that_of_the_units_since_launch() -> None:
    found = fit_diffusion(_tables(), period="2025-12", product_id="PR8")
    values = found.to_frame().set_index("quantity")["value"]
    assert (values["m"], values["peak"]) == pytest.approx((10_000, 25.98), rel=0.01)
    assert found.curve["sales"].sum() == pytest.approx(4_167, abs=3)
    assert len(found.curve) == 36 and found.curve["sales"].isna().sum() == 12
    assert found.curve["month"].tolist() == list(range(LAUNCH, LAUNCH + 36))
    inside = found.curve[["low", "fitted_low", "fitted", "fitted_high", "high"]]
    assert (inside.diff(axis=1).iloc[:, 1:] >= -1e-6).all(axis=None)


def test_months_after_the_period_never_count() -> None:
    early = fit_diffusion(_tables(), period="2024-06", product_id="PR8")
    same = fit_diffusion(_tables(6), period="2024-06", product_id="PR8")
    pd.testing.assert_frame_equal(early.to_frame(), same.to_frame())
    assert early.summary().endswith("These months carry almost no information about how many will buy in the end.")
    assert "no upper end" in next(iter(early.headline()))


@pytest.mark.parametrize(
    ("tables", "period", "product", "reason"),
    [
        (_tables(), "2024-03", "PR8", "3 months since launch, 5 are needed."),
        (_tables(), "2023-03", "PR8", "0 months since launch, 5 are needed."),
        (_tables(), "2025-12", "PR9", "Its launch month is unknown: fill launch_month in the table products."),
        (_tables(launch=24200), "2025-12", "PR8", "It was launched in August 2016, and its sales begin in January "
                                                  "2024: the beginning of the curve is missing."),
        (_tables(sold=-1.0), "2025-12", "PR8", "It sold no units: the curve is one of first purchases, not of "
                                               "subscriptions."),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(tables, period: str, product: str, reason: str) -> None:
    found = fit_diffusion(tables, period=period, product_id=product)
    assert found.reason == reason and found.to_frame().empty
    assert found.summary().endswith(f"not enough data. {reason}")


def test_a_month_with_more_returns_than_sales_is_not_fitted() -> None:
    tables = _tables()
    tables["orders"].loc[3, "units"] = -5.0
    assert fit_diffusion(tables, period="2025-12", product_id="PR8").reason == "A month's returns exceed its sales."


def test_unknown_products_and_missing_tables_are_refused() -> None:
    with pytest.raises(ParameterError, match="product_id: got 'PR7'"):
        fit_diffusion(_tables(), period="2025-12", product_id="PR7")
    with pytest.raises(MissingTableError, match="'orders' and 'subscriptions' are both missing"):
        fit_diffusion({"products": _tables()["products"]}, period="2025-12", product_id="PR8")
    with pytest.raises(ParameterError, match="ahead: got 0"):
        fit_diffusion(_tables(), period="2025-12", product_id="PR8", ahead=0)


def test_frames_duckdb_and_sqlite_give_the_same_fit(company, in_engine) -> None:
    launched = company["products"].assign(launch_month=[24277.0, math.nan, math.nan])
    fits = [
        fit_diffusion(dict(tables) | {"products": launched}, period="2025-12", product_id="A").to_frame()
        for tables in (company, in_engine("duckdb"), in_engine("sqlite"))
    ]
    for other in fits[1:]:
        pd.testing.assert_frame_equal(fits[0], other)
