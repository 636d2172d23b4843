"""Figures of how sure a ranking is: what is drawn is what the frame says, and every word can be read."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from pmlib.plots import robustness
from pmlib.scoring import score, tornado
from pmlib.scoring.robust.funded import Funded

mpl.use("Agg")

LONG = "A name of a project that goes on and on, past the end of the axis"


def _card(n_projects=14, leaves=("reach", "fit", "risk"), weights=(5, 3, 2), name=LONG, gaps=True):
    rng = np.random.default_rng(5)
    ids = [f"P{i:02d}" for i in range(n_projects)]
    rows = [
        {"project_id": p, "objective_id": leaf, "assessor_id": who, "raw_level": rng.uniform(0, 10)}
        for p in ids for leaf in leaves for who in ("A1", "A2")
    ]  # fmt: skip
    tables = {
        "objectives": pd.DataFrame({"objective_id": leaves, "name": [f"{leaf} of {LONG}" for leaf in leaves],
                                    "worst": 0, "best": 10}),
        "scores": pd.DataFrame(rows).drop(index=[6, 7] if gaps else []),
        "projects": pd.DataFrame({"project_id": ids, "name": name, "state": "running", "bac_k": 1.0}),
    }
    return score(tables, weights=dict(zip(leaves, weights, strict=True)))


@pytest.fixture(scope="module")
def card():
    return _card()


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _funded(shares, verdict="discuss"):
    table = pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(len(shares))], "name": LONG, "state": "running", "share": shares,
        "verdict": verdict,
    }).assign(low=lambda t: t["share"] * 0.8, high=lambda t: t["share"] * 0.8 + 0.2)
    return Funded(table=table, n_plans=9, proved=1.0, draws=40, seed=0)


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def _acceptability(card, **options):
    return card.acceptability(draws=500).plot(names=card.names, **options)


FIGURES = {
    "stability": lambda card: card.stability().plot(),
    "stability of the first few": lambda card: card.stability(top=min(3, len(card.table)), ordered=True).plot(),
    "tornado": lambda card: card.tornado(relative=0.25).plot(),
    "tornado over 0 to 1": lambda card: card.tornado().plot(),
    "acceptability": _acceptability,
    "funded": lambda card: _funded(np.linspace(0.1, 0.9, len(card.table))).plot(),
}
CARDS = {
    "long names and gaps": dict(),
    "one project": dict(n_projects=1, gaps=False),
    "one criterion": dict(leaves=("reach",), weights=(1,), gaps=False),
    "many criteria": dict(leaves=tuple(f"c{i:02d}" for i in range(30)), weights=range(1, 31)),
}


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("given", CARDS)
def test_no_text_leaves_the_figure_or_runs_into_another(draw, given, unreadable):
    assert unreadable(FIGURES[draw](_card(**CARDS[given]))) == []


@pytest.mark.parametrize("draw", FIGURES)
def test_every_figure_is_8_by_4_inches_and_small_once_reduced_to_64_colours(draw, card):
    figure, raw, small = FIGURES[draw](card).figure, io.BytesIO(), io.BytesIO()
    assert figure.get_size_inches().tolist() == [8.0, 4.0]
    figure.savefig(raw, dpi=200)
    Image.open(raw).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    assert len(small.getvalue()) <= 60_000


def test_same_figure_twice_is_the_same_picture(card):
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        card.tornado().plot().figure.savefig(file, dpi=50, metadata={"Software": None})
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize(
    ("draw", "frame"),
    [
        (robustness.stability, lambda card: card.stability().to_frame()),
        (robustness.acceptability, lambda card: card.acceptability(draws=100).shares),
        (robustness.tornado, lambda card: card.tornado().to_frame().assign(label="weight", low_text="", high_text="")),
        (robustness.funded, lambda _: _funded([0.2, 0.7]).to_frame()),
    ],
)
def test_every_figure_draws_on_the_axes_given_and_leaves_the_frame_alone(draw, frame, card):
    _, ax = plt.subplots()
    data = frame(card)
    before = data.copy()
    assert draw(data, ax) is ax
    assert ax.get_title(loc="left") and ax.get_xlabel()
    pd.testing.assert_frame_equal(data, before)


def test_stability_draws_the_interval_the_weight_and_who_takes_over(card):
    table = card.stability().to_frame()
    ax = card.stability().plot()
    assert [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches] == [
        pytest.approx(pair) for pair in zip(table["low"], table["high"], strict=True)
    ]
    assert ax.lines[0].get_xdata() == pytest.approx(table["weight"])
    takers = table[["taken_over_below", "taken_over_above"]].stack().dropna().to_list()
    assert takers and _texts(ax) == takers
    assert [label.get_text().rsplit("  ")[-1] for label in ax.get_yticklabels()] == ["50 %", "30 %", "20 %"]
    assert "Weight" in ax.get_xlabel() and ax.xaxis.get_major_formatter()(0.2) == "20 %"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({}, "the leader first"),
        ({"top": 3}, "the first 3 the same"),
        ({"top": 3, "ordered": True}, "the first 3 in this order"),
    ],
)
def test_stability_says_what_is_asked_to_stay(asked, kept, card):
    assert card.stability(**asked).plot().get_title(loc="left") == f"Weights that keep {kept}"


def test_long_ids_of_those_who_take_over_stay_clear_of_the_criteria(unreadable):
    frame = pd.DataFrame({"name": ["Reach", "Fit"], "weight": [0.02, 0.98], "low": [0.0, 0.97], "high": [0.03, 1.0],
                          "taken_over_below": ["PROJECT-2026-001", None],
                          "taken_over_above": [None, "PROJECT-2026-002"]})
    ax = robustness.stability(frame)
    assert unreadable(ax) == []
    bounds = ax.get_window_extent()
    assert all(bounds.x0 <= text.get_window_extent().x0 and text.get_window_extent().x1 <= bounds.x1
               for text in ax.texts)


def test_acceptability_writes_each_share_that_rounds_to_more_than_nothing(card):
    known = card.acceptability(draws=500)
    shares = known.shares.loc[known.to_frame()["project_id"].head(12), :12].to_numpy()
    ax = known.plot(names=card.names)
    assert _texts(ax) == [f"{100 * share:.0f}" for share in shares.ravel() if share > 0.005]
    assert "0" not in _texts(ax)
    assert ax.images[0].get_array().data == pytest.approx(shares)
    assert ax.get_yticklabels()[0].get_text().startswith(known.to_frame()["project_id"].iloc[0])
    assert "ranks after 12 are not shown" in ax.get_xlabel() and "% of the draws" in ax.get_xlabel()


def test_acceptability_does_not_speak_of_hidden_ranks_where_all_are_shown():
    assert "not shown" not in _acceptability(_card(n_projects=3, gaps=False)).get_xlabel()


def test_projects_that_tie_share_the_better_rank_in_the_picture():
    frame = pd.DataFrame([[1.0, 0.0], [1.0, 0.0]], index=["A", "B"], columns=[1, 2])
    assert _texts(robustness.acceptability(frame)) == ["100", "100"]


def _luminance(colour):
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], parts))


def test_numbers_stand_out_from_their_cells_at_every_share():
    frame = pd.DataFrame(np.linspace(0.01, 1.0, 100)[:, np.newaxis], columns=[1])
    ax = robustness.acceptability(frame)
    image = ax.images[0]
    for text, share in zip(ax.texts, frame[1], strict=True):
        dark, light = sorted([_luminance(text.get_color()), _luminance(image.cmap(image.norm(share))[:3])])
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_tornado_bars_reach_from_now_to_the_ends_and_differ_by_hatch(card):
    known = card.tornado(relative=0.25)
    ax = known.plot(top=5)
    ends = sorted(bar.get_x() + bar.get_width() for bar in ax.patches)
    assert ends == pytest.approx(sorted(known.to_frame().head(5)[["lead_low", "lead_high"]].to_numpy().ravel()))
    assert {bar.get_x() for bar in ax.patches} == {known.lead}
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    assert len(ax.get_yticklabels()) == 5
    assert all(text.endswith((" point", " points", " %")) for text in _texts(ax))
    assert f"{known.lead:.1f} now" in ax.get_xlabel() and "hatched: at the upper end" in ax.get_xlabel()


def test_shorter_bar_on_the_same_side_is_drawn_over_the_longer_one():
    frame = pd.DataFrame({"label": ["weight of Reach"], "lead_low": [1.0], "lead_high": [-4.0],
                          "low_text": ["10 %"], "high_text": ["30 %"]})
    ax = robustness.tornado(frame, now=5.0, leader="A")
    assert [bar.get_width() for bar in ax.patches] == [-9.0, -4.0]
    assert _texts(ax) == ["30 %"]


@pytest.mark.parametrize(
    ("ends", "labels"),
    [((5.0, 9.0), {"low": "right", "high": "left"}), ((1.0, 5.0), {"low": "right", "high": "left"}),
     ((3.0, 3.0), {"high": "right"}), ((5.0, 5.0), {"high": "left"})],
)
def test_ends_are_written_outside_their_bars(ends, labels):
    frame = pd.DataFrame({"label": ["weight"], "lead_low": ends[0], "lead_high": ends[1], "low_text": ["low"],
                          "high_text": ["high"]})
    ax = robustness.tornado(frame, now=5.0, leader="A")
    assert {text.get_text(): text.get_ha() for text in ax.texts} == labels


def test_tornado_of_the_only_project_speaks_of_its_value_and_of_no_rival():
    ax = _card(n_projects=1, gaps=False).tornado().plot()
    assert ax.get_title(loc="left").startswith("What the value of P00 hangs on")
    assert "another project" not in ax.get_xlabel()


def test_tornado_where_nothing_can_move_says_so():
    card = _card(leaves=("reach",), weights=(1,), gaps=False)
    frame = card.tornado().to_frame().head(0).assign(label="", low_text="", high_text="")
    ax = robustness.tornado(frame, leader="P03")
    assert ax.get_title(loc="left") == "The lead of P03 hangs on no single weight or score that could move"
    assert not ax.axison


def test_funded_draws_shares_and_intervals_of_those_to_discuss():
    ax = _funded([0.9, 0.5, 0.2]).plot()
    assert ax.lines[0].get_xdata() == pytest.approx([0.9, 0.5, 0.2])
    segments = [segment[:, 0].tolist() for segment in ax.collections[1].get_segments()]
    assert segments == [pytest.approx([0.8 * s, 0.8 * s + 0.2]) for s in (0.9, 0.5, 0.2)]
    assert ax.get_title(loc="left") == "Chance of being funded: 3 projects to discuss"
    assert "95 % interval" in ax.get_xlabel()
    assert _funded([0.5]).plot().get_title(loc="left") == "Chance of being funded: 1 project to discuss"


def test_funded_has_nothing_to_draw_where_nobody_is_to_be_discussed():
    assert _funded([1.0, 0.0], verdict=["core", "drop"]).plot() is None


def test_one_point_is_a_point():
    points = pd.DataFrame({"reach": [50.0, 0.0]}, index=["A", "B"])
    texts = _texts(tornado(points, {"reach": 1}, low=points - 20, high=points + 1).plot())
    assert {"1 point", "51 points"} <= set(texts)
