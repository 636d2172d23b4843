"""Figures of trade-offs: right axes and words, small, and drawn without a plan too."""

from __future__ import annotations

import io
import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from PIL import Image

from pmlib.plots import trade_offs

POINTS = pd.DataFrame({
    "point": [1, 2, 0, 3, 4], "value_k": [0.0, 500.0, 600.0, 800.0, 900.0], "cost_k": [0.0, 100.0, 210.0, 260.0, 400.0],
    "supported": [True, True, False, False, True], "on_frontier": [True, True, False, True, True],
    "here": [False, False, True, False, False]})
PROJECTS = pd.DataFrame({
    "rank": [1, 2, 3], "project_id": ["P3", "P1", "P2"], "value_k": [200.0, 300.0, 300.0],
    "cost_k": [50.0, 100.0, 200.0], "total_cost_k": [50.0, 150.0, 350.0], "total_value_k": [200.0, 500.0, 800.0],
    "in_plan": [True, False, True]})
PLAN = {"plan": (250.0, 500.0), "bounds": (650.0, 150.0)}
#: Ticks beyond the axis are asked too, but never drawn.
_TICK = re.compile(r"'-?[\d,]+' leaves the figure")
FIGURES = [(trade_offs.frontier, POINTS, {}), (trade_offs.value_for_money, PROJECTS, PLAN)]


def _drawn(complaints):
    return [complaint for complaint in complaints if not _TICK.match(complaint)]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(("draw", "frame", "options"), FIGURES, ids=lambda thing: getattr(thing, "__name__", ""))
def test_each_figure_is_titled_labelled_readable_and_small(draw, frame, options, unreadable):
    before = frame.copy()
    ax = draw(frame, **options)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert _drawn(unreadable(ax)) == []
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=160)
    small = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(128).save(small, format="png", optimize=True)
    assert len(small.getvalue()) < 60_000
    assert frame.equals(before)


@pytest.mark.parametrize(("draw", "frame", "options"), FIGURES, ids=lambda thing: getattr(thing, "__name__", ""))
def test_each_figure_draws_on_the_axes_it_is_given(draw, frame, options):
    _, ax = plt.subplots()
    assert draw(frame, ax, **options) is ax


def test_the_plan_is_named_and_supported_plans_have_their_shape():
    ax = trade_offs.frontier(POINTS)
    assert [text.get_text() for text in ax.texts] == ["we are here"]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["best for some rate of exchange", "in between"]
    assert [len(marks.get_offsets()) for marks in ax.collections] == [3, 1, 1]


def test_a_frontier_of_many_plans_is_a_line():
    many = pd.concat([POINTS.assign(here=False, on_frontier=True)] * 20, ignore_index=True)
    ax = trade_offs.frontier(many)
    assert not ax.collections
    assert not ax.texts


@pytest.mark.parametrize("here", [0, 4])
def test_the_plan_at_either_end_can_be_read(here, unreadable):
    frame = POINTS.assign(here=[i == here for i in range(5)], on_frontier=True)
    assert _drawn(unreadable(trade_offs.frontier(frame, unit="points"))) == []


def test_bounds_are_written_beside_the_curve():
    texts = [text.get_text() for text in trade_offs.value_for_money(PROJECTS, **PLAN).texts]
    assert texts == ["the plan\nsame money: up to 650\nsame value: from 150"]


def test_without_a_plan_the_curve_stands_alone():
    ax = trade_offs.value_for_money(PROJECTS)
    assert not ax.texts
    assert len(ax.lines) == len(PROJECTS)


def test_no_project_draws_an_empty_figure():
    assert trade_offs.value_for_money(PROJECTS.head(0)).get_title(loc="left")
