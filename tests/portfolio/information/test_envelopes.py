"""Closed forms against the published table, against quadrature and against what must hold for any lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.portfolio.information.envelopes import Envelope, preposterior_sd, unit_normal_loss
from tests.published.raiffa_schlaifer import LOSS


def _envelope(slopes, at_mean, *, mean=0.0, verbs=None):
    order = np.argsort(slopes, kind="stable")
    slopes, at_mean = np.array(slopes, dtype=float)[order], np.array(at_mean, dtype=float)[order]
    names = np.array(verbs if verbs is not None else [f"verb {i}" for i in range(len(slopes))])[order]
    return Envelope(verbs=tuple(names.tolist()), slopes=slopes, at_mean=at_mean, planned=int(at_mean.argmax()),
                    mean=mean)


LINES = st.lists(st.tuples(st.floats(0, 1).map(lambda s: round(s, 3)), st.floats(-300, 300)), min_size=1, max_size=5,
                 unique_by=lambda line: line[0])


@pytest.mark.parametrize(("u", "loss"), LOSS.items())
def test_the_loss_integral_reproduces_raiffa_and_schlaifers_table(u, loss):
    assert float(unit_normal_loss(u)) == pytest.approx(loss, rel=5e-4, abs=5e-5 if u < 1 else 0)


def test_left_of_the_mean_the_loss_is_what_is_certain_and_the_same_again():
    assert unit_normal_loss([-1.2, -50.0]) == pytest.approx([1.2 + float(unit_normal_loss(1.2)), 50.0], rel=1e-12)


def test_the_loss_integral_never_falls_below_zero_and_never_rises():
    far = unit_normal_loss(np.linspace(0, 60, 4001))
    assert (far >= 0).all()
    assert (np.diff(far) <= 0).all()


def test_the_mean_moves_by_less_than_the_belief_and_by_the_square_roots_of_raiffa_and_schlaifer():
    assert preposterior_sd([3.0, 3.0, 0.0], [4.0, 1e9, 4.0]) == pytest.approx([1.8, 0.0, 0.0], abs=1e-6)
    assert float(preposterior_sd(2.0, 2.0 / np.sqrt(3))) == pytest.approx(2.0 * np.sqrt(0.75))


@pytest.mark.parametrize(("mean", "sd"), [(40.0, 50.0), (-40.0, 50.0), (0.0, 12.0), (500.0, 50.0)])
def test_go_or_not_is_worth_sd_times_the_loss_at_the_mean_over_sd(mean, sd):
    go = _envelope([0.0, 1.0], [0.0, mean], mean=mean)
    assert go.gain(sd) == pytest.approx(sd * float(unit_normal_loss(abs(mean) / sd)), rel=1e-12)


@given(LINES, st.floats(1, 300))
@settings(max_examples=60, deadline=None)
def test_the_gain_is_the_mean_of_the_upper_edge(normal_grid, lines, sd):
    edge = _envelope(*zip(*lines, strict=True), mean=70.0)
    z, weight = normal_grid
    assert edge.gain(sd) == pytest.approx(float(weight @ edge(70.0 + sd * z)) - edge.at_mean.max(), abs=1e-4)


@given(LINES, st.floats(0, 300), st.floats(0, 300))
@settings(max_examples=100, deadline=None)
def test_the_gain_is_never_negative_and_never_falls_with_the_spread(lines, one, other):
    edge = _envelope(*zip(*lines, strict=True))
    low, high = sorted([one, other])
    assert 0.0 <= edge.gain(low) <= edge.gain(high) + 1e-9
    assert edge.gain(0.0) == 0.0


@given(LINES, st.floats(1, 300))
@settings(max_examples=60, deadline=None)
def test_the_chance_of_another_action_is_that_of_its_stretch(normal_grid, lines, sd):
    edge = _envelope(*zip(*lines, strict=True))
    z, weight = normal_grid
    other = np.array(edge.best(sd * z)) != edge.verbs[edge.planned]
    # At the mean several lines may be the highest; which of them counts as planned is not told by the edge.
    if (np.isclose(edge.at_mean, edge.at_mean.max(), atol=1e-6)).sum() == 1:
        assert edge.chance_of_another(sd) == pytest.approx(float(weight @ other), abs=1e-3)


def test_flips_at_the_nearest_value_with_another_verb_within_reach():
    edge = _envelope([0.0, 0.9, 1.0], [50.0, 90.0, 100.0], mean=100.0, verbs=["stop", "keep", "keep"])
    assert edge.edges[0].tolist() == [0, 2]
    assert edge.flip(60.0) == (50.0, "stop")
    assert edge.flip(40.0) == (np.inf, "")
    assert edge.chance_of_another(50.0) == pytest.approx(0.158655, abs=1e-6)


def test_another_way_of_the_same_verb_gains_but_does_not_change_the_decision():
    edge = _envelope([0.9, 1.0], [100.0, 98.0], mean=0.0, verbs=["hold", "hold"])
    assert edge.gain(50.0) > 0.0
    assert edge.chance_of_another(50.0) == 0.0
    assert edge.flip(np.inf) == (np.inf, "")


def test_a_tie_at_the_mean_is_worth_the_most():
    tie = _envelope([0.0, 1.0], [100.0, 100.0], verbs=["decline", "start"])
    assert tie.gain(10.0) == pytest.approx(3.9894, abs=1e-4)
    assert tie.chance_of_another(10.0) == pytest.approx(0.5)
    assert tie.flip(60.0)[0] == 0.0
