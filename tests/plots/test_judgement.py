"""Figures about those who judge: what is drawn is what the frame says, and every word can be read."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pmlib.plots import judgement
from pmlib.scoring import agreement, group_ranks, score

mpl.use("Agg")

LONG = "A name of a project that goes on and on, past the end of the axis"


def _tables(n_projects=14, n_leaves=6, depth=2):
    rng = np.random.default_rng(3)
    ids, leaves = [f"P{i:02d}" for i in range(n_projects)], [f"c{i:02d}" for i in range(n_leaves)]
    inner = [f"g{i}" for i in range(depth)]
    known = [*inner, *leaves]
    parents = [None, *inner][: len(inner)] + [(inner or [None])[-1 - i % 2 if depth > 1 else -1]
                                              for i in range(n_leaves)]
    rows = [
        {"project_id": p, "objective_id": leaf, "assessor_id": f"A{a}", "raw_level": float(rng.integers(1, 6))}
        for p in ids for leaf in leaves for a in range(4)
    ]  # fmt: skip
    is_leaf = [name in leaves for name in known]
    return {
        "objectives": pd.DataFrame({"objective_id": known, "name": [f"{name} {LONG}" for name in known],
                                    "parent": parents, "worst": np.where(is_leaf, 1.0, np.nan),
                                    "best": np.where(is_leaf, 5.0, np.nan)}),
        "weights": pd.DataFrame([(leaf, group, rng.integers(1, 100)) for leaf in leaves
                                 for group in ("board", "engineering", "sales")],
                                columns=["objective_id", "group", "weight"]),
        "scores": pd.DataFrame(rows),
        "projects": pd.DataFrame({"project_id": ids, "name": LONG, "state": "running", "programme_id": "X",
                                  "bac_k": 1.0}),
        "assessors": pd.DataFrame({"assessor_id": ["A0", "A1", "A2", "A3"], "programme_id": ["X", "Y"] * 2}),
    }


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _texts(ax):
    return [text.get_text() for text in ax.texts]


FIGURES = {
    "tree": lambda tables: score(tables).plot_tree(),
    "groups": lambda tables: group_ranks(tables).plot(),
    "assessors": lambda tables: agreement(tables).plot(),
}


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize(
    "given", [{}, {"n_projects": 1}, {"n_leaves": 1, "depth": 1}, {"n_leaves": 30}, {"depth": 0}, {"depth": 3}], ids=str
)
def test_no_text_leaves_the_figure_or_runs_into_another(draw, given, unreadable):
    assert unreadable(FIGURES[draw](_tables(**given))) == []


@pytest.mark.parametrize("draw", FIGURES)
def test_every_figure_is_8_by_4_inches_and_small_once_reduced_to_64_colours(draw):
    ax, raw, small = FIGURES[draw](_tables()), io.BytesIO(), io.BytesIO()
    assert ax.figure.get_size_inches().tolist() == [8.0, 4.0]
    assert ax.get_title(loc="left") and ax.get_xlabel()
    ax.figure.savefig(raw, dpi=200)
    Image.open(raw).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    assert len(small.getvalue()) <= 60_000


@pytest.mark.parametrize(
    ("draw", "frame"),
    [
        (judgement.value_tree, lambda tables: score(tables).value_tree()),
        (judgement.group_ranks, lambda _: pd.DataFrame({"board": [1, 2], "sales": [2, 1]}, index=["A", "B"])),
        (judgement.assessors, lambda tables: agreement(tables).to_frame().filter(regex="assessor|points")),
    ],
)
def test_every_figure_draws_on_the_axes_given_and_leaves_the_frame_alone(draw, frame):
    _, ax = plt.subplots()
    data = frame(_tables())
    before = data.copy()
    assert draw(data, ax) is ax
    pd.testing.assert_frame_equal(data, before)


TREE = pd.DataFrame({
    "name": ["Growth", "Reach", "Fit", "Risk"], "depth": [0, 1, 1, 0], "leaf": [False, True, True, True],
    "weight": [0.8, 0.5, 0.3, 0.2], "top": [0.0, 0.0, 0.5, 0.8],
})  # fmt: skip


def test_tree_gives_each_branch_the_height_of_its_weight_and_leaves_the_rest_of_the_width():
    ax = judgement.value_tree(TREE)
    drawn = [(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in ax.patches]
    assert drawn == [(0, 0.0, 1, 0.8), (1, 0.0, 1, 0.5), (1, 0.5, 1, 0.3), (0, 0.8, 2, 0.2)]
    assert _texts(ax) == ["Growth  80 %", "Reach  50 %", "Fit  30 %", "Risk  20 %"]
    assert "% of the whole" in ax.get_xlabel() and "3 criteria" in ax.get_title(loc="left")


def test_tree_counts_the_branches_too_low_to_be_named(unreadable):
    frame = pd.concat([TREE, TREE.tail(1).assign(name="Nothing", weight=0.0, top=1.0)])
    ax = judgement.value_tree(frame)
    assert "Nothing  0 %" not in _texts(ax)
    assert ax.get_xlabel().endswith("; 1 too low to be named")
    assert unreadable(ax) == []


def test_words_of_a_branch_stay_within_it():
    ax = score(_tables(depth=3)).plot_tree()
    ax.figure.draw_without_rendering()
    named = {text.get_text().split()[0]: text.get_window_extent() for text in ax.texts}
    for box, name in zip(ax.patches, score(_tables(depth=3)).value_tree()["objective_id"], strict=True):
        if name in named:
            assert named[name].x1 <= box.get_window_extent().x1


def test_each_group_has_its_own_shape_at_its_ranks():
    frame = pd.DataFrame({"board": [1, 2, 3], "sales": [3, 2, 1], "design": [2, 2, 2]}, index=["A", "B", "C"])
    ax = judgement.group_ranks(frame)
    assert [line.get_xdata().tolist() for line in ax.lines] == [frame[group].tolist() for group in frame]
    assert len({line.get_marker() for line in ax.lines}) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["board", "sales", "design"]
    assert ax.get_xlabel() == "Rank, 1 = best"


def test_groups_with_the_same_rank_do_not_hide_each_other():
    frame = pd.DataFrame({"board": [1, 2], "sales": [1, 1], "design": [1, 2]}, index=["A", "B"])
    heights = np.array([line.get_ydata() for line in judgement.group_ranks(frame).lines])
    assert heights[:, 0].tolist() == pytest.approx([-0.3, 0.0, 0.3])
    assert heights[:, 1].tolist() == pytest.approx([0.85, 1.0, 1.15])


def test_groups_that_agree_are_not_said_to_differ():
    ax = judgement.group_ranks(pd.DataFrame({"board": [1, 2], "sales": [1, 2]}, index=["A", "B"]))
    assert ax.get_title(loc="left") == "All groups rank the projects alike"
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_eight_groups_with_long_names_keep_the_legend_on_the_page(unreadable):
    frame = pd.DataFrame([range(1, 9)], columns=[f"{i} {LONG}" for i in range(8)], index=["A"])
    ax = judgement.group_ranks(frame)
    assert unreadable(ax) == []
    assert len({line.get_marker() for line in ax.lines}) == 8


ASSESSORS = pd.DataFrame({
    "assessor_id": ["A1", "A2"], "own_points": [5.0, np.nan], "own_low_points": [1.0, np.nan],
    "own_high_points": [9.0, np.nan], "other_points": [-2.0, np.nan], "other_low_points": [-4.0, np.nan],
    "other_high_points": [0.0, np.nan],
})  # fmt: skip


def test_assessors_show_both_means_with_their_intervals_in_shapes_that_differ():
    ax = judgement.assessors(ASSESSORS)
    own, other = ax.lines[:2]
    assert (own.get_xdata()[0], other.get_xdata()[0]) == (5.0, -2.0)
    assert own.get_marker() != other.get_marker()
    assert own.get_markerfacecolor() != other.get_markerfacecolor() == "white"
    ends = [lines.get_segments()[0][:, 0].tolist() for lines in ax.collections[:2]]
    assert ends == [[1.0, 9.0], [-4.0, 0.0]]
    assert ax.get_xlabel().startswith("Points above") and "95 % interval" in ax.get_xlabel()


def test_assessor_without_colleagues_on_the_same_projects_is_said_to_have_none(unreadable):
    ax = judgement.assessors(ASSESSORS)
    assert [(text.get_text(), text.xy[1]) for text in ax.texts] == [("nobody to compare with", 1.0)]
    assert unreadable(ax) == []


def test_levels_are_named_where_levels_are_drawn():
    tables = _tables()
    assert agreement(tables).plot().get_xlabel().startswith("Levels above")
