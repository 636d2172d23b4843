"""Figures of the scoring room: right axes, labels, nothing left to guess."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from PIL import Image

from pmlib.plots import scoring
from pmlib.scoring import score

mpl.use("Agg")


@pytest.fixture(scope="module")
def card():
    rng = np.random.default_rng(5)
    leaves, ids = ["reach", "fit", "risk"], [f"P{i:02d}" for i in range(14)]
    rows = [{"project_id": p, "objective_id": leaf, "raw_level": rng.uniform(0, 10)} for p in ids for leaf in leaves]
    tables = {
        "objectives": pd.DataFrame({"objective_id": leaves, "name": leaves, "worst": 0, "best": 10, "do_nothing": 2}),
        "scores": pd.DataFrame(rows).drop(index=[4]),
        "projects": pd.DataFrame(
            {"project_id": ids, "name": "A long name that goes on and on", "state": "running", "bac_k": range(14)}
        ),
    }
    return score(tables, weights={"reach": 5, "fit": 3, "risk": 2})


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def test_contribution_bars_show_twelve_projects_and_their_points(card):
    ax = card.plot()
    assert len(ax.get_yticklabels()) == 12
    assert _texts(ax) == [f"{value:.0f}" for value in card.to_frame()["increment"].head(12)]
    assert len({(bar.get_facecolor(), bar.get_hatch()) for bar in ax.patches}) == 3
    assert len({bar.get_hatch() for bar in ax.patches}) == 3


def test_contributions_below_doing_nothing_lie_left_of_zero(card):
    ax = card.plot()
    assert ax.get_xlim()[0] < 0
    drawn = sum(bar.get_width() for bar in ax.patches)
    assert drawn == pytest.approx(card.to_frame()["increment"].head(12).sum())


def test_bounds_are_drawn_and_written_where_scores_are_missing(card):
    frame = card.to_frame()
    row = frame[frame["n_missing"] > 0].iloc[0]
    ax = card.plot_bounds()
    assert _texts(ax) == [f"{row['low']:.0f} to {row['high']:.0f}, 1 missing"]
    assert ax.get_title(loc="left") == "Value of 14 projects, 1 lacks a score"


def test_value_for_money_labels_a_few_projects_and_names_the_currency(card):
    ax = card.value_for_money().plot()
    assert 2 <= sum(text.startswith("P") for text in _texts(ax)) <= 6
    assert "thousand EUR" in ax.get_xlabel()


def test_explanation_writes_every_difference(card):
    first, second = card.to_frame()["project_id"].head(2)
    told = card.explain(first, second)
    assert len(_texts(told.plot())) == 3
    assert first in told.plot().get_title(loc="left")


@pytest.mark.parametrize(
    ("draw", "frame"),
    [
        (scoring.contributions, lambda card: card.bars()),
        (scoring.intervals, lambda card: card.to_frame()),
        (scoring.value_for_money, lambda card: card.value_for_money().to_frame()),
        (scoring.explanation, lambda card: card.explain("P00", "P01").to_frame()),
    ],
)
def test_every_figure_draws_on_the_axes_given_and_has_title_and_label(draw, frame, card):
    _, ax = plt.subplots()
    data = frame(card)
    before = data.copy()
    assert draw(data, ax) is ax
    assert isinstance(ax, Axes)
    assert ax.get_title(loc="left") and ax.get_xlabel()
    pd.testing.assert_frame_equal(data, before)


def test_figure_is_at_most_8_by_4_inches_and_small_once_reduced_to_64_colours(card):
    figure = card.plot().figure
    assert figure.get_size_inches().tolist() == [8.0, 4.0]
    raw, small = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, dpi=200)
    Image.open(raw).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    assert len(small.getvalue()) <= 60_000


def test_same_figure_twice_is_the_same_picture(card):
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        card.plot_bounds().figure.savefig(file, dpi=50, metadata={"Software": None})
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]
