from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.product.outlook.forecasts import forecast_headlines
from pmlib.product.outlook.targets import target_chance

WAVE = 1000 + 200 * np.sin(np.arange(36) * np.pi / 6) + np.arange(36) + 20 * np.cos(7 * np.arange(36.0))
LONG = "A product with quite a long name that would never fit"


def sold(**by_product):
    parts = [
        pd.DataFrame(
            {
                "customer_id": "K1", "product_id": product, "units": np.where(np.asarray(values) < 0, -1.0, 1.0),
                "paid_price": 1000 * np.abs(np.asarray(values, dtype=float)),
                "date": pd.date_range(end="2025-12-01", periods=len(values), freq="MS"),
            }
        )
        for product, values in by_product.items()
    ]  # fmt: skip
    products = pd.DataFrame({"product_id": list(by_product), "name": [f"{one} {LONG}" for one in by_product]})
    return {"orders": pd.concat(parts, ignore_index=True), "products": products}


def forecasts(**by_product):
    return forecast_headlines(sold(**by_product), period="2025-12", headlines=["revenue"])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "values",
    [WAVE, WAVE[:25] * 1000, WAVE[:9] / 1000, np.full(24, 7.0), WAVE - 1000],
    ids=["years", "large", "short", "constant", "negative"],
)
def test_a_fan_can_be_read(unreadable, values):
    assert unreadable(forecasts(A=values).plot()) == []


def test_a_fan_names_its_lines_and_tells_error_and_n():
    ax = forecasts(A=WAVE).plot()
    written = [text.get_text() for text in ax.texts]
    assert sorted(written) == ["80 %", "80 %", "95 %", "95 %", "baseline", "forecast"]
    assert "of the seasonal naive baseline's, n = 12 past months" in ax.get_xlabel()
    assert ax.get_title(loc="left").endswith("in 2026-12, 8 times in 10")


def test_a_fan_of_the_baseline_alone_has_one_line_name():
    ax = forecasts(A=np.full(24, 7.0)).plot()
    assert [text.get_text() for text in ax.texts] == ["baseline"]


@pytest.mark.parametrize("count", [2, 5, 8, 9])
def test_panels_can_be_read(unreadable, count):
    asked = forecasts(**{f"P{i}": WAVE[: 5 + 4 * (i % 4)] for i in range(count)})
    ax = asked.plot()
    assert unreadable(ax) == []
    assert len(ax.child_axes) == min(count, 8)
    for panel in ax.child_axes:
        assert unreadable(panel) == []


@pytest.mark.parametrize("target", [500, 3000, 3500, 9000])
def test_a_target_can_be_read(unreadable, target):
    asked = target_chance(sold(A=WAVE), product_id="A", target_k=target, period="2025-12", start="2025-12")
    assert unreadable(asked.plot()) == []


def test_a_target_tells_its_chance_in_words_and_its_n():
    asked = target_chance(sold(A=WAVE), product_id="A", target_k=3000, period="2025-12")
    ax = asked.plot()
    assert ax.get_title(loc="left").endswith(" % chance of the target")
    assert "n = 4 past windows" in " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize(
    ("values", "start", "words"),
    [(WAVE[:4], None, "Not enough data"), (WAVE, "2025-10", "reached"), (WAVE - 990, "2025-10", "missed")],
)
def test_what_needs_no_figure_is_said_in_words(unreadable, values, start, words):
    tables = sold(A=values, B=WAVE)
    ax = target_chance(tables, product_id="A", target_k=1500, period="2025-12", start=start).plot()
    assert words in ax.texts[0].get_text()
    assert unreadable(ax) == []


def test_nothing_to_forecast_is_said_in_words():
    few = forecasts(A=WAVE[:4]).plot()
    none = forecast_headlines(sold(A=WAVE), period="2019-01").plot()
    assert "6 months without a gap" in few.texts[0].get_text()
    assert "Nothing to forecast" in none.texts[0].get_text()
