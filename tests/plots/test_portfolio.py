"""Figures of the portfolio room: right axes and words, small, and drawn without a plan too."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from PIL import Image

from pmlib.plots import portfolio
from pmlib.plots.style import VERB_COLOURS

ACTIONS = pd.DataFrame({
    "project_id": ["P1", "P2", "P3", "P4"], "action": ["start", "keep", "stop", "hold"],
    "value_on_k": [900.0, 400.0, -380.0, 20.0], "cost_on_k": [300.0, 100.0, 900.0, 50.0]})
MIX = pd.DataFrame({"horizon": ["core", "adjacent", "new"], "today_share": [0.86, 0.11, 0.03],
                    "plan_share": [0.74, 0.18, 0.08], "floor_share": [0.62, 0.13, 0.05],
                    "ceiling_share": [0.78, 0.27, 0.15]})
MONEY = pd.DataFrame({"year": [2026, 2027], "plan_k": [900.0, 500.0], "now_k": [700.0, 300.0],
                      "budget_k": [1000.0, None]})
PEOPLE = pd.DataFrame({"skill": "data engineering", "month": range(2026 * 12 + 1, 2026 * 12 + 37), "plan_pm": 4.0,
                       "now_pm": 5.0, "capacity_pm": 4.5, "hire_limit_pm": 0.5})
FIGURES = [(portfolio.decisions, ACTIONS), (portfolio.mix, MIX), (portfolio.money, MONEY), (portfolio.people, PEOPLE)]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(("draw", "frame"), FIGURES, ids=lambda thing: getattr(thing, "__name__", ""))
def test_each_figure_is_titled_labelled_and_small(draw, frame):
    before = frame.copy()
    ax = draw(frame)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel() or ax.get_ylabel()
    width, height = ax.figure.get_size_inches()
    assert width <= 8
    assert height <= 4
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=160)
    small = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(128).save(small, format="png", optimize=True)
    assert len(small.getvalue()) < 60_000
    assert frame.equals(before)


@pytest.mark.parametrize(("draw", "frame"), FIGURES, ids=lambda thing: getattr(thing, "__name__", ""))
def test_each_figure_draws_on_the_axes_it_is_given(draw, frame):
    _, ax = plt.subplots()
    assert draw(frame, ax) is ax


def test_verbs_keep_their_colour_and_are_counted_in_words():
    ax = portfolio.decisions(ACTIONS)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["start 1", "keep 1", "hold 1", "stop 1"]
    first = ax.collections[0].get_facecolor()[0]
    assert tuple(first[:3]) == pytest.approx(plt.matplotlib.colors.to_rgb(VERB_COLOURS["start"]))


def test_shares_and_bands_are_written_on_the_mix():
    texts = [text.get_text() for text in portfolio.mix(MIX).texts]
    assert "core 86 %" in texts
    assert "wanted: core 62-78 %, adjacent 13-27 %, new 5-15 %" in texts


def test_without_a_plan_the_figures_say_so():
    ax = portfolio.decisions(ACTIONS.assign(action=None))
    assert ax.get_title(loc="left") == "No plan holds every limit: nothing is decided"
    texts = [text.get_text() for text in portfolio.mix(MIX.assign(plan_share=float("nan"))).texts]
    assert "no plan" in texts
    portfolio.money(MONEY.assign(plan_k=float("nan")))
    portfolio.people(PEOPLE.assign(plan_pm=float("nan")))
