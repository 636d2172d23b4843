"""Figures of robust plans: words that can be read, zones told apart without colour, nothing computed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from pmlib.plots import robust_plans
from pmlib.plots.style import COLOURS


def core_frame(n: int) -> pd.DataFrame:
    share = np.linspace(1.0, 0.0, n)
    return pd.DataFrame({
        "project_id": [f"P{k:02d}" for k in range(n)], "name": "A name that is as long as names of projects get",
        "share": share, "verdict": np.select([share >= 0.7, share > 0.3], ["core", "borderline"], "exterior")})


PLANS = pd.DataFrame({
    "project_id": ["P01", "P02", "P03"], "name": ["Room sensor", "Legacy portal", "Edge"],
    "on_board": [True, False, True], "on_sales": [False, True, True], "on_compromise": [True, True, False]})
LOSSES = pd.DataFrame({
    "plan": ["board", "sales", "compromise"], "loss_board": [0.0, 0.15, 0.05], "loss_sales": [0.2, 0.0, 0.06],
    "largest": [0.2, 0.15, 0.06], "mean": [0.1, 0.075, 0.055], "projects": [20, 18, 19]})


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("n", [1, 3, 16, 17, 20, 60, 61, 62, 63, 120])
def test_every_project_of_a_core_strip_can_be_read(n, unreadable):
    frame = core_frame(n)
    before = frame.copy()
    ax = robust_plans.core_strip(frame)
    assert unreadable(ax) == []
    texts = " ".join(text.get_text() for text in ax.texts)
    assert all(project in texts for project in frame["project_id"])
    assert frame.equals(before)


def test_the_zones_are_told_apart_by_words_and_hatches():
    ax = robust_plans.core_strip(core_frame(20), what="160 sampled optima")
    counts = core_frame(20)["verdict"].value_counts()
    headings = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert headings == [f"core {counts['core']}: fund", f"borderline {counts['borderline']}: discuss",
                        f"exterior {counts['exterior']}: drop"]
    bars = [bar for bar in ax.patches if isinstance(bar, Rectangle) and bar.get_facecolor()[3] > 0]
    assert len({bar.get_hatch() for bar in bars}) == 3
    assert ax.get_xlabel() == "Share of the 160 sampled optima that hold it, in %; core from 95 %"


def test_a_heading_never_stands_at_the_foot_of_a_column():
    for n in (18, 21, 24, 45, 62, 68):
        ax = robust_plans.core_strip(core_frame(n))
        foot = max(text.get_position()[1] for text in ax.texts)
        assert all(text.get_position()[1] < foot for text in ax.texts if text.get_fontweight() == "bold"), n
        plt.close("all")


def test_an_exact_strip_says_all_and_none():
    ax = robust_plans.core_strip(core_frame(4), what="non-dominated portfolios", threshold=1.0)
    assert ax.get_xlabel().endswith("core in all, exterior in none")


def test_plans_of_groups_can_be_read_and_the_largest_loss_is_bold(unreadable):
    before = PLANS.copy(), LOSSES.copy()
    ax = robust_plans.group_plans(PLANS, LOSSES)
    assert unreadable(ax) == []
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert bold == ["20.0 %", "15.0 %", "6.0 %"]
    filled = [line.get_markerfacecolor() == COLOURS[0] for line in ax.lines if line.get_marker() == "s"]
    assert filled == [*PLANS["on_board"], *PLANS["on_sales"], *PLANS["on_compromise"]]
    assert (PLANS.equals(before[0]), LOSSES.equals(before[1])) == (True, True)


def test_plans_that_do_not_differ_leave_the_losses(unreadable):
    ax = robust_plans.group_plans(PLANS.head(0), LOSSES)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["lost by board", "lost by sales"]
    assert unreadable(ax) == []


@pytest.mark.parametrize("draw", [lambda ax: robust_plans.core_strip(core_frame(5), ax),
                                  lambda ax: robust_plans.group_plans(PLANS, LOSSES, ax)])
def test_each_figure_draws_on_the_axes_it_is_given(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    assert ax.get_title(loc="left")
