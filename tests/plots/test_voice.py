from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import voice as plots

MONTHS = np.arange(24277, 24313)
LONG = "A product whose name goes on and on and on"


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def _words(ax: plt.Axes) -> str:
    return "\n".join(text.get_text() for text in ax.findobj(lambda artist: hasattr(artist, "get_text")))


def _chart(fall: float, *, unit: str = "points", signal: int = 24299) -> tuple[pd.DataFrame, pd.DataFrame]:
    scale = 1.0 if unit == "points" else 0.01
    watched = np.arange(36) >= 12
    value = scale * (30 + 5 * np.sin(7.0 * MONTHS) - fall * (MONTHS >= 24299))
    months = pd.DataFrame({
        "product_id": "P", "name": LONG, "scale_max": 10, "month": MONTHS, "value": value, "n": 200 + MONTHS % 30,
        "level": 30 * scale, "unit": unit, "limit_low": np.where(watched, 10 * scale, np.nan),
        "limit_high": np.where(watched, 50 * scale, np.nan), "smoothed": np.where(watched, value, np.nan),
        "smoothed_low": np.where(watched, 20 * scale, np.nan), "smoothed_high": np.where(watched, 40 * scale, np.nan),
        "outside": watched & (np.abs(value - 30 * scale) > 20 * scale), "smoothed_outside": False,
    })  # fmt: skip
    found = signal if fall else 0
    row = {"product_id": "P", "name": LONG, "signal_month": found, "change_month": found, "change_from": found,
           "change_to": found + 1, "before": 30 * scale, "after": (30 - fall) * scale, "unit": unit}  # fmt: skip
    return months, pd.DataFrame([row])


@pytest.mark.parametrize(("fall", "unit"), [(0, "points"), (30, "points"), (-30, "points"), (25, "share")])
def test_the_chart_says_in_words_what_it_marks(fall: float, unit: str, unreadable) -> None:
    months, signals = _chart(fall, unit=unit)
    ax = plots.score_chart(months, signals=signals)
    assert unreadable(ax) == []
    words = _words(ax)
    assert "answers a month" in words and "limits of a month" in words
    assert ("signal 2024-11, shift dated 2024-11 to 2024-12" in words) == (fall != 0)
    assert ("no change beyond chance" in words) == (fall == 0)


def test_a_signal_that_is_not_dated_says_so_in_its_title() -> None:
    months, signals = _chart(30)
    ax = plots.score_chart(months, signals=signals.assign(change_month=0, change_from=0, change_to=0))
    assert "outside its limits in 2024-11" in ax.get_title(loc="left")


def _weighted() -> tuple[pd.DataFrame, pd.DataFrame]:
    row = {"product_id": "P", "name": LONG, "raw": 44.6, "raw_low": 41.9, "raw_high": 47.3, "n": 2867, "weighted": 24.5,
           "weighted_low": 21.4, "weighted_high": 27.5, "gap": 20.1, "n_effective": 2100.2, "unit": "points",
           "reason": ""}  # fmt: skip
    bands = pd.DataFrame({
        "product_id": "P", "band": ["high", "low + a band with a long name", "medium"],
        "response_rate": [0.4, 0.1, 0.2],
        "share_invited": [0.25, 0.45, 0.3], "share_answers": [0.49, 0.21, 0.3], "value": [75.0, -10.0, 34.0],
        "low": [72.0, -16.0, 29.0], "high": [78.0, -4.0, 39.0], "n": [1392, 618, 857],
    })  # fmt: skip
    return pd.DataFrame([row]), bands


def test_raw_and_weighted_stand_below_the_bands_with_n(unreadable) -> None:
    frame, bands = _weighted()
    ax = plots.weighted_score(frame, bands=bands)
    assert unreadable(ax) == []
    for words in ("raw is 20 too high", "n 2,867", "as good as n 2,100", "10 % answer", "45 % of those asked"):
        assert words in _words(ax)


def test_a_score_that_cannot_be_weighted_shows_why() -> None:
    frame, bands = _weighted()
    ax = plots.weighted_score(frame.assign(reason="nobody of band 'low' answered"), bands=bands.iloc[:0])
    assert "cannot be weighted: nobody of band 'low' answered" in _words(ax)


@pytest.mark.parametrize("products", [1, 8, 12])
def test_driver_shares_are_told_apart_without_colour(products: int, unreadable) -> None:
    frame = pd.concat([
        pd.DataFrame({
            "product_id": f"P{i:02d}", "name": LONG, "scale_max": 10, "rating": ["quality", "price", "service"],
            "share": [0.6, 0.1, 0.3], "low": [0.5, 0.05, 0.25], "high": [0.7, 0.15, 0.35], "n": 700, "r_squared": 0.75,
            "reason": "",
        }) for i in range(products)
    ])  # fmt: skip
    ax = plots.driver_shares(frame)
    assert unreadable(ax) == []
    assert len({bar.get_hatch() for bar in ax.patches}) == 3
    assert "no proof of a cause" in _words(ax) and "n 700" in _words(ax)


def _moves(products: int) -> pd.DataFrame:
    size = 3 * products
    change = np.linspace(-9, 4, size)
    return pd.DataFrame({
        "product_id": "P", "name": LONG, "rating": np.resize(["quality", "price", "service"], size), "change": change,
        "change_low": change - 3, "change_high": change + 3, "arrow": np.where(change < -6, "▼", "–"), "n_before": 90,
        "n_after": 80,
    })  # fmt: skip


@pytest.mark.parametrize("products", [1, 8])
def test_moves_beyond_chance_are_filled_and_counted(products: int, unreadable) -> None:
    ax = plots.rating_moves(_moves(products))
    assert unreadable(ax) == []
    assert "ratings moved beyond chance" in ax.get_title(loc="left")
    assert "n 80 or more" in ax.get_title(loc="left")


def test_segments_with_too_few_answers_are_named_not_drawn(unreadable) -> None:
    frame = pd.concat([
        pd.DataFrame({
            "product_id": f"P{i}", "name": LONG, "scale_max": 10, "part": ["homes", "offices", "a part with a name"],
            "value": [30.0, 20.0, np.nan], "low": [20.0, 15.0, np.nan], "high": [40.0, 25.0, np.nan], "n": [90, 300, 7],
            "enough": [True, True, False], "unit": "points",
        }) for i in range(4)
    ])  # fmt: skip
    ax = plots.segment_scores(frame)
    assert unreadable(ax) == []
    assert _words(ax).count("not enough answers") == 3
    assert "the first 3 of 4 products" in ax.get_title(loc="left")


def test_empty_frames_are_designed_states() -> None:
    months, signals = _chart(0)
    assert "Not enough answers" in _words(plots.score_chart(months.iloc[:0], signals=signals.iloc[:0]))
    frame, bands = _weighted()
    assert "No answers to weight" in _words(plots.weighted_score(frame.iloc[:0], bands=bands.iloc[:0]))
    assert "Not enough ratings" in _words(plots.rating_moves(_moves(1).iloc[:0]))
    empty = pd.DataFrame({name: [] for name in ("product_id", "scale_max", "reason", "unit")})
    assert "Not enough answers with ratings" in _words(plots.driver_shares(empty))
    assert "No answers in this window" in _words(plots.segment_scores(empty))
