from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from pmlib.plots import product as plots
from pmlib.product import Estimate, cohort_triangle, review_products, split_revenue_change
from pmlib.product.satisfaction import Satisfaction

MONTHS = np.arange(24289, 24313)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def _words(ax: plt.Axes) -> list[str]:
    ax.figure.canvas.draw()
    return [text.get_text() for text in ax.findobj(lambda artist: hasattr(artist, "get_text"))]


def _revenue() -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame({"product_id": key, "name": f"Product {key}", "month": MONTHS, "revenue_k": level + MONTHS % 12})
        for key, level in (("A", 100.0), ("B", 101.0), ("C", 10.0))
    )


def _nps(products: int) -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame(
            {"product_id": f"P{i}", "name": f"Product {i}", "month": MONTHS, "value": 25.0, "low": 10.0, "high": 40.0}
        ).assign(n=np.where(MONTHS % 2, 90, 110))
        for i in range(products)
    )


def test_every_product_is_named_at_the_end_of_its_line_without_covering_another() -> None:
    ax = plots.revenue_lines(_revenue(), currency="CHF")
    labels = [text for text in ax.texts if text.get_text().startswith("Product")]
    places = sorted(text.xyann[1] for text in labels)
    assert len(ax.lines) == len(labels) == 3
    assert min(np.diff(places)) > 0.05 * np.ptp(ax.get_ylim())
    assert ax.get_ylabel() == "Thousand CHF a month"
    assert {"2024", "2025"} <= set(_words(ax))


@pytest.mark.parametrize("months", [1, 2, 3])
def test_a_line_of_few_months_leaves_no_more_room_for_its_name_than_a_long_one(months) -> None:
    ax = plots.revenue_lines(_revenue().query("month > @MONTHS[-1] - @months"))
    ax.figure.canvas.draw()
    assert ax.get_position().width > 0.6


def test_nps_of_one_product_says_n_in_its_title_and_draws_the_interval() -> None:
    ax = plots.nps_by_month(_nps(1))
    assert ax.get_title(loc="left").endswith("Product 0, n 90 to 110 a month")
    assert len(ax.collections) == 1


def test_nps_of_many_products_has_a_panel_each_on_one_scale() -> None:
    ax = plots.nps_by_month(_nps(6))
    assert len(ax.child_axes) == 6
    assert {panel.get_ylim() for panel in ax.child_axes} == {(10.0, 40.0)}


def test_what_is_not_yet_observed_is_hatched_and_not_coloured() -> None:
    frame = pd.DataFrame({"cohort": [24310, 24311], "n": [40, 50], "0": [1.0, 1.0], "1": [0.5, np.nan]})
    ax = plots.cohorts(frame)
    assert [patch.get_hatch() for patch in ax.patches if isinstance(patch, Rectangle)] == ["////"]
    assert ax.images[0].get_array().mask.tolist() == [[False, False], [False, True]]
    assert "2025-10  n 40" in _words(ax)


def test_effects_are_told_apart_by_hatch_and_labelled() -> None:
    frame = pd.DataFrame(
        {
            "category": ["edge", "none"],
            "market_effect_k": [9.6, np.nan],
            "share_effect_k": [-5.1, np.nan],
            "change_k": [4.5, np.nan],
        }
    )
    ax = plots.effects(frame)
    assert {patch.get_hatch() for patch in ax.patches} == {"", "///"}
    assert {"+10", "-5", "edge\n+4 in all"} <= set(_words(ax))


def test_the_board_shows_arrows_as_signs_and_says_what_is_not_measured() -> None:
    products = pd.DataFrame({"product_id": ["A"], "name": ["Aria"], "model": ["one-off"], "category": [""]})
    board = review_products({"products": products}, period="2025-12").to_frame()
    board = board.assign(nps=20.8, nps_low=18.0, nps_high=24.0, nps_n=2447, nps_arrow="▼")
    words = _words(plots.board(board))
    assert {"Aria", "20.8", "18 to 24", "n 2,447", "▼"} <= set(words)
    assert words.count("not measured") == 4


def test_an_estimate_is_drawn_with_its_interval_and_n() -> None:
    one = Estimate(value=25.0, low=10.0, high=40.0, n=100, n_missing=0, unit="points")
    assert one.plot().get_title(loc="left") == "Value and 95 % interval, n = 100"
    assert "Not measured" in _words(Estimate.unmeasured(unit="points").plot())


def test_empty_figures_say_why() -> None:
    empty = pd.DataFrame(columns=["product_id", "name", "month", "value", "low", "high", "n", "instrument"])
    assert "No surveys in this period" in _words(Satisfaction(months=empty, period=24312).plot())
    assert "No revenue to this month" in _words(plots.revenue_lines(_revenue().iloc[:0]))
    assert "No customers to follow yet" in _words(plots.cohorts(pd.DataFrame(columns=["cohort", "n", "0"])))


def test_results_draw_themselves_on_the_axes_they_are_given() -> None:
    rows = pd.DataFrame(
        {"customer_id": ["a", "b"], "product_id": "A", "start_month": 24300, "end_month": [24302.0, None]}
    )
    study = pd.DataFrame(
        [("x", "all", month, player, 10.0, 3.0) for month in MONTHS for player in ("own", "other")],
        columns=["category", "region", "month", "player", "value_k", "source_error_pct"],
    )
    results = (
        cohort_triangle({"subscriptions": rows}, period=24312),
        split_revenue_change({"market": study}, period=24312),
    )
    for result in results:
        ax = plt.figure().add_subplot()
        assert result.plot(ax=ax) is ax


@pytest.mark.parametrize("draw", [plots.revenue_lines, plots.nps_by_month])
def test_a_plot_changes_neither_its_frame_nor_matplotlib(draw) -> None:
    frame = _revenue().assign(value=25.0, low=10.0, high=40.0, n=100)
    before, settings = frame.copy(), dict(plt.rcParams)
    draw(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert dict(plt.rcParams) == settings
