"""Figures of the roadmap: titled, small, readable, and they draw nothing when there is nothing."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from PIL import Image

from pmlib.plots import timing
from pmlib.plots.style import VERB_COLOURS

mpl.use("Agg")

FIRST = 2026 * 12 + 1
LONG = "A name of a project that goes on and on, past the end of the axis"


def _road(n=35):
    verbs = ["keep", "start", "hold", "slow", "fast"]
    begin = [FIRST - 20 + i if i % 5 == 0 else FIRST + i % 12 for i in range(n)]
    finish = pd.array([FIRST + 6 + i % 24 for i in range(n)], dtype="Int64")
    return pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(n)], "name": LONG, "programme_id": [f"G{i % 4}" for i in range(n)],
        "action": [verbs[i % 5] for i in range(n)], "begin": begin, "finish": finish, "finish_p10": finish - 2,
        "finish_p90": finish + 5})


LOAD = pd.DataFrame([[0.5, 0.9, 1.0, 0.0], [1.2, 0.97, np.inf, 0.4]], index=["design", "data engineering"],
                    columns=["2026Q1", "2026Q2", "2026Q3", "2026Q4"])
MONTHS = pd.DataFrame({"month": range(FIRST, FIRST + 24), "plan": [21.0] * 12 + [12.0] * 12, "now": 26.0})
LIMITS = pd.DataFrame({"rule": ["shared alike"] * 3 + ["one after another"] * 3, "limit": [5.0, 10.0, np.nan] * 2,
                       "mean_finish": [70.0, 40.0, 45.0, 70.0, 41.0, 25.0]})
HIRES = pd.DataFrame({"skill": ["data engineering", "design", "firmware"], "gain_k": [1637.3, 0.0, 120.0],
                      "cost_k": [np.nan, 264.0, 336.0],
                      "verdict": ["no price known", "brings nothing", "not worth it"]})
MOVES = pd.DataFrame({
    "project_id": ["P40", "P51", "P38", "P37"], "name": ["Display", LONG, "Overview", "Skin"],
    "action": ["decline", "start", "start", "keep"], "month": pd.array([None, FIRST + 6, FIRST, None], dtype="Int64"),
    "free_action": ["start", "start", "decline", "stop"],
    "free_month": pd.array([FIRST + 3, FIRST + 12, None, None], dtype="Int64"),
    "gain_k": [900.0, -25.0, -300.0, -400.0]})


def _moves(frame, ax=None):
    return timing.moves(frame, ax, first=FIRST)


def _roadmap(frame, ax=None):
    return timing.roadmap(frame, ax, first=FIRST)


FIGURES = [(_roadmap, _road(20)), (_roadmap, _road(3)), (timing.load, LOAD), (_moves, MOVES),
           (timing.in_progress, MONTHS), (timing.limits_in_progress, LIMITS), (timing.hires, HIRES)]
NAMED = {"ids": lambda thing: getattr(thing, "__name__", "")}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(("draw", "frame"), FIGURES, **NAMED)
def test_each_figure_is_titled_small_and_readable(draw, frame, unreadable):
    before = frame.copy()
    ax = draw(frame)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel() or ax.get_ylabel()
    width, height = ax.figure.get_size_inches()
    assert width <= 8
    assert height <= 4
    buffer, small = io.BytesIO(), io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=160)
    Image.open(buffer).convert("RGB").quantize(128).save(small, format="png", optimize=True)
    assert len(small.getvalue()) < 60_000
    assert not unreadable(ax)
    assert frame.equals(before)


@pytest.mark.parametrize(("draw", "frame"), FIGURES, **NAMED)
def test_each_figure_draws_on_the_axes_it_is_given(draw, frame):
    _, ax = plt.subplots()
    assert draw(frame, ax) is ax


@pytest.mark.parametrize(("draw", "frame"), FIGURES, **NAMED)
def test_nothing_to_draw_is_said(draw, frame):
    ax = draw(frame.iloc[:0])
    assert ax.get_title(loc="left").startswith("No ")
    assert not ax.patches


def test_a_long_roadmap_grows_so_that_its_rows_can_be_read(unreadable):
    ax = _roadmap(_road(40))
    assert ax.figure.get_size_inches()[1] > 4
    assert not unreadable(ax)


def test_verbs_keep_their_colour_and_are_counted_in_words():
    ax = _roadmap(_road(10))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["start 2", "keep 2", "slow 2", "fast 2",
                                                                          "hold 2"]
    assert to_rgb(VERB_COLOURS["start"]) in {tuple(patch.get_facecolor()[:3]) for patch in ax.patches}


def test_programmes_stand_together_and_a_missing_finish_has_no_bar():
    nothing = pd.array([None] * 4, dtype="Int64")
    frame = _road(4).assign(finish=nothing, finish_p10=nothing, finish_p90=nothing,
                            programme_id=["G2", None, "G1", "G2"])
    ax = _roadmap(frame)
    assert not ax.patches
    assert [label.get_text()[:5] for label in ax.get_yticklabels()] == ["▲ P01", "◆ P02", "● P00", "◀ P03"]


def test_more_than_all_is_hatched_and_every_share_is_written():
    ax = timing.load(LOAD)
    hatched = [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    assert len(hatched) == 2
    assert [text.get_text() for text in ax.texts] == ["50", "90", "100", "0", "120", "97", "∞", "40"]
    assert "hatched: more than there are" in ax.get_xlabel()


def test_what_changes_is_said_in_words_beside_the_marks():
    texts = [text.get_text().strip() for text in _moves(MOVES).texts]
    assert texts == ["– decline → ▲ start, +900", "▲ start, -25", "▲ start → – decline, -300", "● keep → ■ stop, -400"]


def test_gain_and_verdict_stand_beside_each_bar():
    texts = [text.get_text().strip() for text in timing.hires(HIRES).texts]
    assert texts == ["brings 1,637: no price known", "brings nothing, costs 264", "brings 120: not worth it"]
