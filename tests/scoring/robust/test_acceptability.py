"""SMAA-2 against exact lengths, areas and probabilities."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.scoring.robust.acceptability import acceptability
from pmlib.scoring.robust.score_spread import normal_scores, uniform_scores
from pmlib.scoring.robust.weight_space import weight_space
from pmlib.scoring.robust.winning import pairwise_winning_index


def _frame(rows):
    ids = [f"P{i}" for i in range(len(rows))]
    return pd.DataFrame(np.array(rows, dtype=float), index=ids, columns=[f"c{j}" for j in range(len(rows[0]))])


def _clipped(corners, plane):
    """The part of a polygon on which a linear function is 0 or more (Sutherland and Hodgman, in fractions)."""
    heights = [sum(p * x for p, x in zip(plane, corner, strict=True)) for corner in corners]
    kept = []
    for i, corner in enumerate(corners):
        before, h, last = corners[i - 1], heights[i], heights[i - 1]
        if h * last < 0:
            kept.append([b + (c - b) * last / (last - h) for b, c in zip(before, corner, strict=True)])
        if h >= 0:
            kept.append(corner)
    return kept


def _share_and_centre(corners):
    """Area as a share of the triangle of weights, and the centre of gravity times it."""
    area, moment = Fraction(0), [Fraction(0)] * 3
    for one, other in itertools.pairwise(corners[1:]):
        (x0, y0, _), (x1, y1, _), (x2, y2, _) = corners[0], one, other
        part = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        area += part
        moment = [m + part * (a + b + c) / 3 for m, a, b, c in zip(moment, corners[0], one, other, strict=True)]
    return area, moment


def _exact(rows):
    """Rank acceptability and central weights over three criteria: the area of every ranking, in fractions."""
    triangle = [[Fraction(int(i == j)) for j in range(3)] for i in range(3)]
    shares, sums = np.zeros((len(rows), len(rows))), np.zeros((len(rows), 3))
    for ranking in itertools.permutations(range(len(rows))):
        corners = triangle
        for better, worse in itertools.pairwise(ranking):
            gap = [Fraction(a) - Fraction(b) for a, b in zip(rows[better], rows[worse], strict=True)]
            corners = _clipped(corners, gap)
        if len(corners) > 2:
            area, moment = _share_and_centre(corners)
            shares[ranking, range(len(rows))] += float(area)
            sums[ranking[0]] += [float(m) for m in moment]
    return shares, sums / np.where(shares[:, :1] > 0, shares[:, :1], np.nan)


def _within_error(counted, exact, draws, times=4.5):
    error = np.sqrt(exact * (1 - exact) / draws) + 1e-9
    assert (np.abs(counted - exact) <= times * error).all()


@pytest.mark.parametrize("rows", [
    [(100, 0, 20), (10, 100, 0), (30, 30, 90)],
    [(80, 20, 50), (40, 100, 100), (100, 60, 0), (60, 0, 10)],
    [(70, 70, 70), (90, 60, 60), (60, 90, 60), (60, 60, 90)],
])
def test_shares_and_central_weights_over_three_criteria_are_exact_areas(rows):
    exact, central = _exact(rows)
    found = acceptability(_frame(rows), draws=20_000)
    assert exact.sum(axis=1) == pytest.approx(1)
    _within_error(found.shares.to_numpy(), exact, 20_000)
    assert found.central_weights.to_numpy() == pytest.approx(central, abs=0.02, nan_ok=True)


def test_shares_over_two_criteria_are_exact_lengths():
    # Values 100 w, 60 and 100 (1 - w): B leads between 0.4 and 0.6.
    found = acceptability(_frame([(100, 0), (60, 60), (0, 100)]), draws=20_000)
    exact = np.array([[0.4, 0.1, 0.5], [0.2, 0.8, 0.0], [0.4, 0.1, 0.5]])
    _within_error(found.shares.to_numpy(), exact, 20_000)
    assert found.central_weights["c0"].to_numpy() == pytest.approx([0.8, 0.5, 0.2], abs=0.01)
    assert found.confidence.to_list() == [1, 1, 1]


def test_shares_under_an_order_are_those_of_the_smaller_interval():
    points = _frame([(100, 0), (60, 60), (0, 100)])
    found = acceptability(points, space=weight_space(["c1", "c0"], order=["c0", "c1"]), draws=20_000)
    _within_error(found.shares.to_numpy(), np.array([[0.8, 0.2, 0], [0.2, 0.8, 0], [0, 0, 1]]), 20_000)
    assert found.central_weights.columns.to_list() == ["c1", "c0"]


def test_standard_errors_are_as_wide_as_the_misses_of_many_seeds():
    points = _frame([(100, 0), (60, 60), (0, 100)])
    runs = [acceptability(points, draws=400, seed=seed) for seed in range(60)]
    misses = np.array([(run.shares.to_numpy()[1, 0] - 0.2) / np.sqrt(0.2 * 0.8 / 400) for run in runs])
    assert misses.std() == pytest.approx(1, abs=0.25)
    assert runs[0].standard_errors().to_numpy()[1, 0] == pytest.approx(0.02, rel=0.2)


def test_an_error_of_one_point_takes_9604_draws():
    """The number that Tervonen & Lahdelma (2007) give for 95 % confidence, at the share that is hardest to know."""
    found = acceptability(_frame([(1, 0), (0, 1)]), draws=9604)
    assert 1.96 * found.standard_errors().to_numpy().max() == pytest.approx(0.01, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_ranks_of_a_project_sum_to_one_and_their_order_is_that_of_the_table(rows, random):
    found = acceptability(_frame(rows), draws=300)
    shares = found.shares.to_numpy()
    assert shares.sum(axis=1) == pytest.approx(1)
    if len(set(rows)) == len(rows):
        assert shares.sum(axis=0) == pytest.approx(1)
    shuffled = random.sample(range(len(rows)), len(rows))
    again = acceptability(_frame(rows).iloc[shuffled], draws=300)
    assert again.shares.loc[found.shares.index].to_numpy() == pytest.approx(shares)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=2, max_size=7, unique=True))
def test_dominance_is_never_reversed(rows):
    found = acceptability(_frame(rows), draws=300)
    wins = found.pairwise().shares.to_numpy()
    for a, b in itertools.permutations(range(len(rows)), 2):
        if all(x >= y for x, y in zip(rows[a], rows[b], strict=True)):
            assert wins[b, a] == 0
            assert found.shares.iloc[b, 0] == 0
            assert found.confidence.iloc[b] == 0
            assert np.isnan(found.central_weights.iloc[b]).all()


def test_projects_that_never_differ_share_the_better_rank():
    found = acceptability(_frame([(50, 50), (0, 100), (50, 50), (0, 99)]), draws=2_000)
    assert found.shares.loc["P0"].to_list() == found.shares.loc["P2"].to_list()
    assert found.shares.loc["P0", 1] + found.shares.loc["P1", 1] == pytest.approx(1)
    # P1 is first or comes after both; nobody is fourth but P3.
    assert found.shares.loc["P1", 2] == 0
    assert found.shares.loc["P1", 3] == found.shares.loc["P0", 1]
    assert found.shares.loc[["P0", "P1", "P2"], 4].to_list() == [0, 0, 0]
    assert found.pairwise().shares.loc["P0", "P2"] == 0
    assert found.central_weights.loc["P0"].to_list() == found.central_weights.loc["P2"].to_list()


def test_projects_tie_that_never_differ_under_the_weights_that_are_possible():
    space = weight_space(["c0", "c1", "c2"], order=["c2", ["c0", "c1"]])
    found = acceptability(_frame([(80, 20, 30), (20, 80, 30), (0, 0, 0)]), space=space, draws=500)
    assert found.shares.to_numpy().tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]


def test_pairwise_shares_lie_within_their_errors_of_the_exact_ones():
    points = _frame(np.random.default_rng(5).uniform(0, 100, (8, 5)))
    counted = acceptability(points, draws=5_000).pairwise()
    _within_error(counted.shares.to_numpy(), pairwise_winning_index(points).shares.to_numpy(), 5_000)
    assert counted.draws == 5_000
    assert counted.standard_errors().to_numpy().max() <= 0.5 / np.sqrt(5_000)


def test_same_seed_gives_the_same_bytes_and_another_one_others():
    points = _frame([(100, 0), (60, 60), (0, 100)])
    spread = normal_scores(points, points * 0 + 10)
    one, same, other = (acceptability(points, scores=spread, draws=700, seed=seed) for seed in (3, 3, 4))
    assert one.shares.to_numpy().tobytes() == same.shares.to_numpy().tobytes()
    assert one.confidence.to_list() == same.confidence.to_list()
    assert one.shares.to_numpy().tobytes() != other.shares.to_numpy().tobytes()


def test_uncertain_scores_give_the_share_of_two_truncated_normals():
    points, errors = _frame([(50,), (55,)]), _frame([(10,), (5,)])
    found = acceptability(points, scores=normal_scores(points, errors), draws=20_000)
    # With one criterion there are no weights to choose: a difference of normals, 5 standard errors from 0.
    exact = stats.norm.sf(5 / np.sqrt(125))
    _within_error(found.shares.to_numpy()[0, 0], exact, 20_000)
    _within_error(found.confidence.to_numpy()[0], exact, 20_000)


def test_missing_score_is_drawn_from_its_range_and_others_keep_theirs():
    points = _frame([(np.nan, 50), (40, 50)])
    zero = points.fillna(0.0).where(points.isna())
    found = acceptability(points, scores=uniform_scores(zero, zero + 100), draws=20_000)
    _within_error(found.shares.to_numpy()[:, 0], np.array([0.6, 0.4]), 20_000)
    _within_error(found.confidence.to_numpy(), np.array([0.6, 0.4]), 20_000)
    with pytest.raises(ParameterError, match=r"'P0' has nan on 'c0', allowed a finite number"):
        acceptability(points)


def test_confidence_counts_how_often_a_project_is_first_under_its_central_weights():
    points = _frame([(100, 0), (45, 45), (0, 100)])
    spread = uniform_scores(points.iloc[[1]] - 20, points.iloc[[1]] + 20)
    found = acceptability(points, scores=spread, draws=10_000)
    central = found.central_weights.to_numpy()[1]
    drawn = np.random.default_rng(9).uniform(25, 65, (20_000, 2)) @ central
    exact = (drawn > max(points.to_numpy()[0] @ central, points.to_numpy()[2] @ central)).mean()
    assert found.confidence.to_numpy()[1] == pytest.approx(exact, abs=0.02)
    assert found.confidence.to_numpy()[[0, 2]] == pytest.approx([1, 1])


def test_one_project_alone_and_one_criterion_alone_have_an_answer():
    assert acceptability(_frame([(10, 20)]), draws=10).shares.to_numpy().tolist() == [[1.0]]
    assert acceptability(_frame([(10,), (20,)]), draws=10).shares.to_numpy().tolist() == [[0, 1], [1, 0]]
    assert acceptability(_frame([(10, 10), (10, 10)]), draws=10).shares.to_numpy().tolist() == [[1, 0], [1, 0]]


def test_frame_and_chance_of_the_first_k_are_those_of_the_shares():
    found = acceptability(_frame([(100, 0), (60, 60), (0, 100)]), draws=5_000)
    table = found.to_frame()
    assert table.columns.to_list() == ["project_id", "first_share", "standard_error", "expected_rank", "best_rank",
                                       "worst_rank", "confidence"]
    assert table["project_id"].to_list()[0] == "P1"
    assert table.loc[0, ["best_rank", "worst_rank"]].to_list() == [1, 2]
    assert table["expected_rank"].sum() == pytest.approx(6)
    top = found.top(2).set_index("project_id")
    assert top.loc["P1"].to_list() == [1, 0]
    assert top["share"].sum() == pytest.approx(2)
    with pytest.raises(ParameterError, match=r"top: got 4, allowed 1 to 3 projects"):
        found.top(4)


def test_answer_is_said_in_sentences():
    found = acceptability(_frame([(100, 40), (60, 60), (0, 100)]), draws=1_000)
    share, rank = found.shares.loc["P0", 1], found.expected_rank["P0"]
    assert found.summary() == (
        f"P0 is first in {100 * share:.0f} % of 1,000 draws (standard error 1.5 points); P2 in "
        f"{100 * found.shares.loc['P2', 1]:.0f} %. Its expected rank is {rank:.1f} of 3."
    )
    assert list(found.headline().values()) == ["chance of P0 to be first", "expected rank of P0",
                                               "projects that can be first"]
    assert repr(found).startswith("<Acceptability: 3 projects, 1,000 draws; first P0 ")
    assert acceptability(_frame([(2, 2), (1, 1)]), draws=9).summary().startswith(
        "P0 is first in 100 % of 9 draws (standard error 0.0 points); no other project ever is.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 0}, r"got draws=0 and seed=0, allowed 1 or more draws"),
        ({"seed": -1}, r"got draws=10000 and seed=-1, allowed"),
        ({"space": weight_space(["c0", "cc1"])}, r"criterion 'c1' has no weight in the space.*Did you mean 'cc1'"),
        ({"space": weight_space(["c0", "c1", "c2"])}, r"points: no column c2, allowed one for each"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        acceptability(_frame([(1, 2), (2, 1)]), **options)


def test_frames_given_are_not_changed():
    points = _frame([(100, 0), (60, 60)])
    before = points.copy()
    acceptability(points, scores=normal_scores(points, points * 0 + 5), draws=300).pairwise()
    pd.testing.assert_frame_equal(points, before)


@pytest.mark.parametrize("options", [{"draws": 0}, {"draws": 2.5}, {"draws": True}, {"draws": None}, {"draws": 10**30},
                                     {"seed": -1}, {"seed": 1.5}, {"seed": "a"}])
def test_draws_and_seeds_of_the_wrong_kind_are_refused(options):
    with pytest.raises(ParameterError, match=r"acceptability: got draws=.* whole numbers\. Leave both out"):
        acceptability(pd.DataFrame({"a": [1.0, 2.0]}), **options)


@pytest.mark.parametrize("options", [{"points": [[1.0]]}, {"space": {"a": 1}}, {"scores": 3}])
def test_points_space_and_scores_of_the_wrong_kind_are_refused(options):
    given = {"points": pd.DataFrame({"a": [1.0, 2.0]})} | options
    with pytest.raises(ParameterError, match=r"(points|space|scores): got a .*, allowed a .*Make one"):
        acceptability(given.pop("points"), **given)
