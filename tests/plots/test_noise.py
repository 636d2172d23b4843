from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import noise as plots
from pmlib.product.noise.plan import ExperimentPlan
from pmlib.product.noise.programmes import experiment_noise
from pmlib.product.noise.scores import nps_noise


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def _words(ax: plt.Axes) -> str:
    return "\n".join(text.get_text() for text in ax.findobj(lambda artist: hasattr(artist, "get_text")))


def _drawn_with(ax: plt.Axes, marker: str) -> int:
    return sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() == marker)


@pytest.mark.parametrize(("answers", "months"), [(100, 24), (20, 6), (100_000, 120), (2_000, 48)])
def test_every_reported_move_is_marked_by_its_direction_and_the_truth_is_named(answers, months, unreadable) -> None:
    noise = nps_noise(answers=answers, months=months)
    ax = noise.plot()
    assert unreadable(ax) == []
    up, down = (noise.months["reported"] & (side * noise.months["moved"] > 0) for side in (1, -1))
    assert (_drawn_with(ax, "^"), _drawn_with(ax, "v")) == (int(up.sum()), int(down.sum()))
    assert "truth" in _words(ax) and _words(ax).count("chart limit") == 2
    assert f"{int(noise.months['reported'].sum())} moves of 5 points or more, and nothing changed" in _words(ax)


@pytest.mark.parametrize("plan", [
    ExperimentPlan(), ExperimentPlan(tests=40, looks=28, share_real=0.5), ExperimentPlan(tests=1),
    ExperimentPlan(tests=40, share_real=1.0, lift_pp=-2.0), ExperimentPlan(visitors_per_arm=58_800, looks=14),
])  # fmt: skip
def test_every_finding_is_named_real_or_false_and_the_true_gain_is_drawn(plan, unreadable) -> None:
    noise = experiment_noise(plan, draws=20)
    ax = noise.plot()
    assert unreadable(ax) == []
    tests = noise.tests
    for name, false in tests.loc[tests["found"], ["test_id", "false"]].itertuples(index=False):
        assert f"{name} {'false' if false else 'real'}" in _words(ax)
    assert _drawn_with(ax, "X") == int(tests["false"].sum())
    assert _drawn_with(ax, "D") == plan.real
    assert (f"true {plan.lift_pp:+.2f}" in _words(ax)) == (plan.real > 0)


def test_lifts_stand_in_order_of_size() -> None:
    ax = experiment_noise(ExperimentPlan(looks=5), draws=20).plot()
    shown = [line.get_ydata()[0] for line in ax.lines if line.get_marker() in ("o", "X", "D")]
    assert len(shown) == 20
    assert (np.diff(np.array(shown, dtype=float)) >= 0).all()


def test_an_axes_that_is_given_is_drawn_upon() -> None:
    _, ax = plt.subplots()
    assert nps_noise().plot(ax=ax) is ax
    assert experiment_noise(draws=20).plot(ax=ax) is ax


def test_empty_frames_are_designed_states() -> None:
    assert "No months to draw" in _words(plots.nps_months(pd.DataFrame(), move=5.0))
    assert "No tests to draw" in _words(plots.sorted_lifts(pd.DataFrame()))
