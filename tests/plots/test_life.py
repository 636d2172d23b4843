from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from pmlib.plots import life

LONG = "a product with a name that is much longer than any axis has room for"


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _curve(n: int = 24, ahead: int = 12, width: float = 0.3) -> tuple[pd.DataFrame, pd.DataFrame]:
    age = np.arange(1, n + ahead + 1)
    fitted = 300 * np.exp(-(((age - 26) / 12.0) ** 2))
    frame = pd.DataFrame({"age": age, "sales": np.where(age <= n, fitted, np.nan), "fitted": fitted})
    for name, scale in (("fitted_low", 1 - width), ("fitted_high", 1 + width), ("low", 0.5), ("high", 1.3 + width)):
        frame[name] = fitted * scale
    return frame, pd.DataFrame({"quantity": ["peak"], "value": [26.0], "low": [24.0], "high": [30.0]})


def _stages() -> pd.DataFrame:
    stages = ["growth", "decline", "between maturity and growth", "not enough data"]
    change = [1.98, -0.06, 0.05, math.nan]
    frame = pd.DataFrame({"name": [LONG, "B", "C", "D"], "stage": stages, "age": [24.0, 168.0, 91.0, math.nan]})
    return frame.assign(change=change, change_low=np.array(change) - 0.02, change_high=np.array(change) + 0.02)


def _margins() -> pd.DataFrame:
    cover = np.array([0.6, 0.9, 2.1])
    frame = pd.DataFrame({"name": [LONG, "B", "C"], "verdict": ["sunset", "not sure", "keep"], "cover": cover})
    frame = frame.assign(cover_low=cover - 0.1, cover_high=cover + 0.2, margin_k=[-3_000.0, -5.0, 12_000.0])
    return frame.assign(margin_low_k=[-4e3, -20.0, 1e4], margin_high_k=[-2e3, 9.0, 2e4])


FIGURES = {
    "diffusion": lambda: life.diffusion(_curve()[0], estimates=_curve()[1], name=LONG),
    "early diffusion": lambda: life.diffusion(
        _curve(6, 12, 9.0)[0], estimates=_curve()[1].assign(low=4.0, high=math.inf), name="Monitor"
    ),
    "life cycle": lambda: life.life_cycle(_stages()),
    "sunset": lambda: life.sunset_margins(_margins()),
}
EMPTY = {
    "diffusion": lambda: life.diffusion(_curve()[0].iloc[:0], estimates=_curve()[1], reason="Too young."),
    "life cycle": lambda: life.life_cycle(_stages().iloc[:0]),
    "sunset": lambda: life.sunset_margins(_margins().iloc[:0]),
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
    assert life.sunset_margins(_margins(), ax) is ax


def test_an_endless_peak_is_said_in_words() -> None:
    words = [text.get_text() for text in FIGURES["early diffusion"]().texts]
    assert "peak: month 4 or later" in words
