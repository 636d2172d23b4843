"""Figures of plans for an uncertain future: their words can be read, and they compute nothing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import scenarios as figures

POINTS = pd.DataFrame({"tail_k": [20_500.0, 21_400.0, 22_100.0], "expected_k": [29_992.0, 29_800.0, 29_400.0],
                       "exact": [True, True, False]})


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _regrets(n_scenarios, plans=("the plan, also most expected value", "least regret", "tail-averse")):
    names = [f"a scenario with a long name {place}" for place in range(n_scenarios)]
    frame = pd.MultiIndex.from_product([plans, names], names=["plan", "scenario"]).to_frame(index=False)
    lost = np.random.default_rng(1).uniform(0, 2_000, len(frame))
    return frame.assign(probability=1 / n_scenarios, regret_k=np.where(np.arange(len(frame)) % 4, lost, 0.0))


@pytest.mark.parametrize("plans", [1, 3, 4])
@pytest.mark.parametrize("n_scenarios", [2, 4, 6, 9])
def test_regrets_can_be_read(unreadable, n_scenarios, plans):
    frame = _regrets(n_scenarios, ("the plan", "most expected value", "least regret", "tail-averse")[:plans])
    before = frame.copy()
    ax = figures.regrets(frame, unit="thousand EUR")
    assert unreadable(ax) == []
    assert frame.equals(before)
    assert len(ax.get_yticklabels()) == min(n_scenarios, 6)
    assert ax.get_xlabel().startswith("less than the best plan for the scenario, thousand EUR")


def test_regrets_that_are_not_shown_are_counted():
    assert figures.regrets(_regrets(9)).get_xlabel().endswith("3 scenarios with less to lose are not shown")


def test_every_plan_and_scenario_has_its_bar_and_figure():
    frame = _regrets(4)
    ax = figures.regrets(frame)
    assert sorted(bar.get_width() for bar in ax.patches) == pytest.approx(sorted(frame["regret_k"]))
    assert sorted(text.get_text() for text in ax.texts) == sorted(f"{lost:,.0f}" for lost in frame["regret_k"])


def test_nothing_to_regret_is_drawn_too(unreadable):
    assert unreadable(figures.regrets(_regrets(2, plans=("the plan",)).assign(regret_k=0.0))) == []


@pytest.mark.parametrize("here", [(20_500.0, 29_992.0), (21_000.0, 29_300.0)])
def test_the_frontier_says_where_we_are_and_what_is_proved(unreadable, here):
    ax = figures.risk_frontier(POINTS, here=here, unit="thousand EUR", tail=0.1, n=50)
    assert unreadable(ax) == []
    assert [text.get_text() for text in ax.texts] == ["we are here"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "best plan for its safety, proved", "best plan for its safety, not proved"]
    assert ax.get_xlabel() == "mean of the worst 10 % of 50 cases, thousand EUR"


def test_figures_draw_on_the_axes_they_are_given():
    for draw in (lambda ax: figures.regrets(_regrets(3), ax),
                 lambda ax: figures.risk_frontier(POINTS, ax, here=(21_000.0, 29_500.0))):
        _, ax = plt.subplots()
        assert draw(ax) is ax
