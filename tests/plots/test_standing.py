from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from pmlib.plots import standing
from pmlib.product.standing.concentration import GUIDELINES

LONG = "a market with a name that is much longer than any axis has room for"


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _shares(months: int = 1, players: int = 7, categories: tuple[str, ...] = ("sensors", LONG)) -> pd.DataFrame:
    names = ["own", *(f"rival {j}" for j in range(players - 2)), "other"]
    rows = [
        (category, "all", player, 24312 - months + 1 + i, share)
        for category in categories
        for i in range(months)
        for player, share in zip(names, np.arange(players, 0, -1) / (players * (players + 1) / 2), strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["category", "region", "player", "month", "share"])
    return frame.assign(share_low=frame["share"] * 0.9, share_high=frame["share"] * 1.1)


def _index(months: int, categories: int) -> pd.DataFrame:
    bounds = (1600.0, 1800.0, 1500.0, 2000.0)
    rows = [(f"market {j}", 24312 - i, *bounds) for j in range(categories) for i in range(months)]
    return pd.DataFrame(rows, columns=["category", "month", "hhi_low", "hhi_high", "low", "high"])


def _effects(n: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(0, 900, (n, 3)), columns=["market_effect_k", "share_effect_k", "mix_effect_k"])
    return frame.assign(category=[LONG, *(f"market {j}" for j in range(n - 1))], change_k=frame.sum(axis=1))


def _map(spread: float = 0.05) -> pd.DataFrame:
    share, growth = np.array([1.1, 0.9, 0.85, 0.4]), np.array([0.04, 0.03, 0.12, 0.3])
    return pd.DataFrame(
        {
            "category": ["climate sensors", "calibration services", "occupancy sensing", LONG],
            "own_k": [900.0, 100.0, 500.0, 5.0],
            "relative_share": share, "relative_share_low": share * 0.9, "relative_share_high": share * 1.1,
            "growth": growth, "growth_low": growth - spread, "growth_high": growth + spread,
        }
    )  # fmt: skip


FIGURES = {
    "shares": lambda: standing.market_shares(_shares()),
    "lines": lambda: standing.share_lines(_shares(24, categories=("sensors",))),
    "lines of few years": lambda: standing.share_lines(_shares(2, categories=(LONG,))),
    "index": lambda: standing.concentration_bands(_index(12, 1), steps=GUIDELINES[2010].steps),
    "indices": lambda: standing.concentration_bands(_index(25, 8), steps=GUIDELINES[2023].steps),
    "regions": lambda: standing.region_effects(_effects()),
    "one region effect": lambda: standing.region_effects(_effects(1)),
    "map": lambda: standing.growth_share(_map()),
    "map without growth intervals": lambda: standing.growth_share(_map(math.nan)),
}
EMPTY = {
    "shares": lambda: standing.market_shares(_shares().iloc[:0]),
    "lines": lambda: standing.share_lines(_shares().iloc[:0]),
    "index": lambda: standing.concentration_bands(_index(1, 1).iloc[:0]),
    "regions": lambda: standing.region_effects(_effects().iloc[:0]),
    "map": lambda: standing.growth_share(_map().iloc[:0]),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_word_can_be_read(figure: str, unreadable) -> None:
    ax = FIGURES[figure]()
    assert isinstance(ax, Axes) and ax.get_title(loc="left")
    assert unreadable(ax) == []


@pytest.mark.parametrize("figure", EMPTY)
def test_an_empty_figure_says_why(figure: str, unreadable) -> None:
    ax = EMPTY[figure]()
    assert len(ax.texts) == 1 and unreadable(ax) == []


def test_figures_draw_on_the_axes_they_are_given() -> None:
    _, ax = plt.subplots()
    assert standing.growth_share(_map(), ax) is ax
