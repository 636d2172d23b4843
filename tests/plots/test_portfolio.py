"""Figures of the portfolio room: right axes and words, small, and drawn without a plan too."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pmlib.plots import portfolio
from pmlib.plots.style import VERB_COLOURS

ACTIONS = pd.DataFrame({
    "project_id": ["P1", "P2", "P3", "P4"], "action": ["start", "keep", "stop", "hold"],
    "value_on_k": [900.0, 400.0, -380.0, 20.0], "cost_on_k": [300.0, 100.0, 900.0, 50.0],
    "p_success": [0.6, 0.9, 0.75, 1.0]})
MIX = pd.DataFrame({"horizon": ["core", "adjacent", "new"], "today_share": [0.86, 0.11, 0.03],
                    "plan_share": [0.74, 0.18, 0.08], "floor_share": [0.62, 0.13, 0.05],
                    "ceiling_share": [0.78, 0.27, 0.15]})
MONEY = pd.DataFrame({"year": [2026, 2027], "plan_k": [900.0, 500.0], "now_k": [700.0, 300.0],
                      "budget_k": [1000.0, None]})
PEOPLE = pd.DataFrame({"skill": "data engineering", "month": range(2026 * 12 + 1, 2026 * 12 + 37), "plan_pm": 4.0,
                       "now_pm": 5.0, "capacity_pm": 4.5, "hire_limit_pm": 0.5})
FIGURES = [(portfolio.decisions, ACTIONS), (portfolio.bubbles, ACTIONS), (portfolio.mix, MIX),
           (portfolio.money, MONEY), (portfolio.people, PEOPLE)]


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


def crowd(n=63):
    """Many projects of every verb, several on top of each other."""
    rng = np.random.default_rng(7)
    return pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(n)], "action": list(VERB_COLOURS) * (n // len(VERB_COLOURS)),
        "value_on_k": rng.normal(500, 700, n).round(-2), "cost_on_k": rng.uniform(5, 1500, n).round(-1),
        "p_success": rng.choice([0.6, 0.7, 0.8, 0.9, 1.0], n)})


FOUR = pd.concat([MIX.assign(today_share=[1.0, 0.0, 0.0], plan_share=[0.98, 0.01, 0.01], committed_share=0.5),
                  pd.DataFrame({"horizon": ["none"], "today_share": 0.0, "plan_share": 0.0, "floor_share": 0.0,
                                "ceiling_share": 1.0, "committed_share": np.nan})], ignore_index=True)


@pytest.mark.parametrize(("draw", "frame"), [
    *FIGURES, (portfolio.decisions, crowd()), (portfolio.bubbles, crowd()), (portfolio.mix, FOUR),
    (portfolio.people, PEOPLE.iloc[:2]),
], ids=lambda thing: getattr(thing, "__name__", ""))
def test_no_word_leaves_the_figure_or_runs_into_another(draw, frame, unreadable):
    ax = draw(frame)
    low, high = sorted(ax.get_ylim())
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
    assert unreadable(ax) == []


def test_verbs_keep_their_colour_and_are_counted_in_words():
    ax = portfolio.decisions(ACTIONS)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["start 1", "keep 1", "hold 1", "stop 1"]
    first = ax.collections[0].get_facecolor()[0]
    assert tuple(first[:3]) == pytest.approx(plt.matplotlib.colors.to_rgb(VERB_COLOURS["start"]))


def test_slower_and_faster_ways_are_drawn_too():
    for draw in (portfolio.decisions, portfolio.bubbles):
        ax = draw(ACTIONS.assign(action=["slow", "fast", "keep", "decline"]))
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels[:4] == ["keep 1", "slow 1", "fast 1", "decline 1"]
        assert len(ax.collections) == 4


def test_a_bubble_grows_with_the_money_still_to_spend_and_the_legend_says_so():
    ax = portfolio.bubbles(ACTIONS, currency="EUR")
    areas = [float(marks.get_sizes()[0]) for marks in ax.collections]
    costs = ACTIONS.set_index("action")["cost_on_k"][["start", "keep", "hold", "stop"]]
    assert np.argsort(areas).tolist() == np.argsort(costs.to_numpy()).tolist()
    assert areas[0] / areas[3] == pytest.approx(300 / 900)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[-3:] == ["EUR still to spend:", "180 thousand", "900 thousand"]


def test_every_verb_has_a_named_project_on_either_side_of_zero():
    said = {text.get_text() for text in portfolio.bubbles(crowd()).texts}
    frame = crowd()
    assert set(frame.loc[frame["project_id"].isin(said), "action"]) == set(VERB_COLOURS)


def test_the_shares_of_today_and_of_the_plan_and_the_band_are_words():
    ax = portfolio.mix(MIX)
    texts = [text.get_text() for text in ax.texts]
    assert {"today 86 %", "plan 74 %", "today 11 %", "plan 18 %", "today 3 %", "plan 8 %"} <= set(texts)
    assert {"wanted 62-78 %", "wanted 13-27 %", "wanted 5-15 %"} <= set(texts)
    assert ax.get_title(loc="left") == (
        "Core takes 86 % today, 74 % in the plan, wanted 62-78 %")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["core", "adjacent", "new"]


def test_the_band_is_drawn_from_floor_to_ceiling():
    bars = portfolio.mix(MIX).patches[:3]
    assert [bar.get_x() for bar in bars] == pytest.approx([0.62, 0.13, 0.05])
    assert [bar.get_width() for bar in bars] == pytest.approx([0.16, 0.14, 0.10])


def test_what_is_committed_is_said_where_it_is_known():
    texts = [text.get_text() for text in portfolio.mix(MIX.assign(committed_share=[0.3, 0.0, 0.01])).texts]
    assert "wanted 62-78 %\ncommitted 30 %" in texts


def test_binding_months_are_drawn_in_another_colour_and_named_in_the_title():
    binding = PEOPLE["month"].isin([2026 * 12 + 7, 2026 * 12 + 8, 2027 * 12 + 1])
    ax = portfolio.people(PEOPLE.assign(binding=binding))
    assert ax.get_title(loc="left") == "Data engineering binds in 2026-07 to 2026-08, 2027-01"
    assert len({bar.get_facecolor() for bar in ax.patches}) == 2
    assert portfolio.people(PEOPLE).get_title(loc="left") == "People needed and there: data engineering"
    full = portfolio.people(PEOPLE.assign(plan_pm=5.0))
    assert full.get_title(loc="left") == "Data engineering is full in 2026-01 to 2028-12"


def test_months_after_the_last_need_are_not_drawn():
    late = PEOPLE.assign(plan_pm=PEOPLE["plan_pm"].where(PEOPLE.index < 12, 0.0), now_pm=0.0)
    assert len(portfolio.people(late).patches) == 12


def test_each_year_says_what_of_its_budget_is_used():
    ax = portfolio.money(MONEY, currency="EUR")
    assert [text.get_text() for text in ax.texts] == ["90 % used", "no budget"]
    assert ax.get_title(loc="left") == "The plan takes at most 90 % of a year's budget, in 2026"


def test_without_a_plan_the_figures_say_so():
    for draw in (portfolio.decisions, portfolio.bubbles):
        ax = draw(ACTIONS.assign(action=None))
        assert ax.get_title(loc="left") == "No plan holds every limit: nothing is decided"
    texts = [text.get_text() for text in portfolio.mix(MIX.assign(plan_share=float("nan"))).texts]
    assert texts.count("no plan") == 3
    assert {text.get_text() for text in portfolio.money(MONEY.assign(plan_k=float("nan"))).texts} == {"no plan"}
    portfolio.people(PEOPLE.assign(plan_pm=float("nan")))
