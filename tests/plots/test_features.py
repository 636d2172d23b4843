"""Figures of what to build next: every word can be read, and what is drawn is what the frame says."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import features
from pmlib.product.features.kano import classify_features
from pmlib.product.features.moscow import check_moscow
from pmlib.product.features.priorities import compare_methods
from pmlib.product.features.rank_chances import rank_features
from pmlib.product.features.theme_counts import count_themes

PR4 = {"period": "2025-12", "product_id": "PR4"}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("method", ["rice", "wsjf", "opportunity"])
def test_rank_chances_can_be_read(quillmark, unreadable, method):
    ax = rank_features(quillmark, **PR4, method=method).plot()
    assert unreadable(ax) == []
    assert "15 of 25" in ax.get_xlabel()


def test_a_short_backlog_has_a_low_figure(quillmark, unreadable):
    ranked = rank_features(quillmark, period="2025-12", product_id="PR8")
    ax = ranked.plot()
    assert unreadable(ax) == []
    assert ax.get_figure().get_figheight() < 2


def test_the_kano_map_shows_every_feature_with_its_letter(quillmark, unreadable):
    found = classify_features(quillmark, period="2025-12")
    ax = found.plot()
    assert unreadable(ax) == []
    written = [text.get_text() for text in ax.texts]
    assert {"F07 M", "F15 R", "F04 A", "F06 I", "F01 O"} <= set(written)
    assert sum(text.startswith("F") for text in written) == 16


def test_many_features_in_one_place_of_the_kano_map_can_still_be_read(unreadable):
    rng = np.random.default_rng(2)
    better, worse = rng.uniform(0.55, 0.85, 24), -rng.uniform(0.55, 0.85, 24)
    frame = pd.DataFrame({"feature_id": [f"F{i:02d}" for i in range(24)], "kano": "performance", "n": 40,
                          "better": better, "better_low": better - 0.1, "better_high": better + 0.1,
                          "worse": worse, "worse_low": worse - 0.1, "worse_high": worse + 0.1})  # fmt: skip
    ax = features.kano_map(frame)
    assert unreadable(ax) == []


def test_moscow_methods_and_themes_can_be_read(quillmark, unreadable):
    assert unreadable(check_moscow(quillmark, period="2025-12").plot()) == []
    assert unreadable(compare_methods(quillmark, **PR4).plot()) == []
    ax = count_themes(quillmark, period="2025-09", product_id="PR6").plot()
    assert unreadable(ax) == []
    assert "46 customers, 172 k EUR ▲ 3.8 times" in [text.get_text() for text in ax.texts]


def test_figures_of_nothing_say_so(quillmark, unreadable):
    none = {"features": quillmark["features"].iloc[:0], "feedback": quillmark["feedback"].iloc[:0],
            "kano": quillmark["kano"].iloc[:0]}  # fmt: skip
    period = {"period": "2025-12"}
    for result in (rank_features(none, **period), classify_features({"kano": none["kano"]}, **period),
                   check_moscow(none, **period), compare_methods(none, **period),
                   count_themes(none, **period)):  # fmt: skip
        ax = result.plot()
        assert unreadable(ax) == []
        assert ax.texts[0].get_text().startswith("No ")


def test_long_names_and_small_counts_fit(unreadable):
    long = "A name of a feature that goes on and on, past the end of the axis"
    frame = pd.DataFrame({"product_id": "A", "name": "A product", "theme": long, "customers": [2, 1], "n": 3,
                          "share": [2 / 3, 1 / 3], "low": [0.2, 0.1], "high": [0.9, 0.8], "revenue_k": [np.nan, 0.2],
                          "times": np.nan, "arrow": ""})  # fmt: skip
    assert unreadable(features.themes(frame)) == []


def test_draws_upon_the_axes_that_are_given(quillmark):
    _, ax = plt.subplots()
    assert rank_features(quillmark, **PR4).plot(ax=ax) is ax
