from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import revenue as plots
from pmlib.product.money.recurring import recurring_bridge

MONTHS = np.arange(24289, 24313)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def _items(**effects: float) -> pd.DataFrame:
    columns = dict.fromkeys(("volume_k", "mix_k", "price_k", "currency_k", "new_k", "discontinued_k"), 0.0) | effects
    return pd.DataFrame([{"before_k": 100.0, "after_k": 100.0 + sum(effects.values()), **columns}])


def test_steps_hang_where_the_one_before_ended_and_falls_are_hatched(unreadable) -> None:
    ax = plots.price_volume_mix(_items(volume_k=30.0, price_k=-50.0, discontinued_k=-10.0), words="two windows")
    tops = [(bar.get_y(), bar.get_height(), bar.get_hatch() or "") for bar in ax.patches]
    assert tops == [(0, 100, ""), (100, 30, ""), (130, -50, "///"), (80, -10, "///"), (0, 70, "")]
    assert [text.get_text() for text in ax.texts] == ["100", "+30", "-50", "-10", "70"]
    assert ax.get_title(loc="left") == "Why revenue from orders changed by -30 k EUR"
    assert not unreadable(ax)


def test_a_cut_axis_is_said_and_an_effect_of_nothing_is_left_out(unreadable) -> None:
    ax = plots.price_volume_mix(_items(volume_k=1.0, mix_k=2.0))
    assert ax.get_ylim()[0] > 50 and "axis does not begin at 0" in [text.get_text() for text in ax.texts]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["before", "volume", "mix", "after"]
    assert not unreadable(ax)


def test_revenue_below_zero_still_fits(unreadable) -> None:
    ax = plots.price_volume_mix(_items(volume_k=30.0, price_k=-150.0, currency_k=5.0, new_k=2.0))
    assert ax.get_ylim()[0] < -20
    assert not unreadable(ax)


def test_a_bridge_without_data_says_so() -> None:
    assert plots.price_volume_mix(_items(volume_k=float("nan"))).texts[0].get_text().startswith("The orders do not")


def test_the_recurring_bridge_says_its_customers(unreadable) -> None:
    rows = pd.DataFrame({
        "customer_id": list("abcd"), "product_id": "P", "start_month": [24290, 24290, 24305, 24290],
        "end_month": [np.nan, 24305, np.nan, np.nan], "monthly_eur": [900.0, 400, 700, 100],
    })  # fmt: skip
    bridge = recurring_bridge({"subscriptions": rows}, period=24312)
    ax = bridge.plot()
    words = [label.get_text() for label in ax.get_xticklabels()]
    assert words[0] == "before\nn 3" and words[-1] == "after\nn 3" and "churn\nn 1" in words
    assert not unreadable(ax)
    empty = replace(bridge, bridge=bridge.bridge.assign(opening_n=0, closing_n=0))
    assert empty.plot().texts[0].get_text() == "No subscription runs in either month"


def _lines(parts: int) -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame({"part": f"S{i}", "name": f"Segment {i}", "month": MONTHS, "revenue_k": 1000 - i + MONTHS % 12.0})
        for i in range(parts)
    )


@pytest.mark.parametrize("parts", [1, 4, 8])
def test_every_part_is_named_at_the_end_of_its_line(parts: int, unreadable) -> None:
    ax = plots.revenue_by(_lines(parts), currency="CHF")
    assert len(ax.lines) == len(ax.texts) == parts and len({line.get_marker() for line in ax.lines}) == parts
    assert ax.get_ylabel() == "Thousand CHF a month"
    assert not unreadable(ax)


def test_of_many_parts_the_largest_are_drawn_and_the_rest_is_said() -> None:
    ax = plots.revenue_by(_lines(11))
    assert len(ax.lines) == 8 and ax.get_title(loc="left").endswith("the 8 largest of 11")
    assert plots.revenue_by(_lines(1).iloc[:0]).texts[0].get_text() == "No revenue in these months"


def test_break_even_has_a_ring_and_a_life_not_known_whole_is_dashed(unreadable) -> None:
    months = pd.concat(
        pd.DataFrame({"product_id": key, "name": name, "month": MONTHS, "cumulated_k": (MONTHS - 24300.0) * slope})
        for key, name, slope in (("A", "Aria", 5.0), ("B", "Boreas", 9.0))
    )
    lives = pd.DataFrame({"product_id": ["A", "B"], "whole_life": [True, False], "break_even_month": [24300, np.nan]})
    ax = plots.cumulated_contribution(months, lives=lives)
    rings = [line for line in ax.lines if line.get_fillstyle() == "none" and len(line.get_xdata())]
    assert [line.get_xdata().tolist() for line in rings] == [[24300]]
    assert [line.get_linestyle() for line in ax.lines if len(line.get_xdata()) == len(MONTHS)] == ["-", "--"]
    assert not unreadable(ax)
    nothing = plots.cumulated_contribution(months.assign(cumulated_k=np.nan), lives=lives)
    assert nothing.texts[0].get_text() == "No month has both revenue and costs"
