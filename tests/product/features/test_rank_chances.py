from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.product.features.ranges import Ranges
from pmlib.product.features.rank_chances import lead_shares, near_tie_runs, rank_features, rank_shares

EXACT = Ranges(spread=0.0, effort_spread=0.0, draws=100)
SMALL = hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(0, 3).map(float))


def enumerated(scores: np.ndarray) -> np.ndarray:
    """Chance of each rank by trying every order that puts no lower score above a higher one."""
    n = scores.shape[1]
    shares = np.zeros((n, n))
    for row in scores:
        orders = [order for order in permutations(range(n)) if all(row[a] >= row[b] for a, b in pairwise(order))]
        for order in orders:
            shares[list(order), range(n)] += 1 / len(orders) / len(scores)
    return shares


@settings(max_examples=60)
@given(SMALL)
def test_rank_shares_match_an_enumeration_of_all_orders(scores):
    assert rank_shares(scores) == pytest.approx(enumerated(scores))


@settings(max_examples=60)
@given(SMALL)
def test_every_feature_has_one_rank_and_every_rank_one_feature(scores):
    shares = rank_shares(scores)
    assert shares.sum(axis=0) == pytest.approx(1)
    assert shares.sum(axis=1) == pytest.approx(1)
    leads = lead_shares(scores)
    assert leads + leads.T == pytest.approx(1)


def test_chances_match_all_combinations_of_two_impacts():
    """Three features, each with one of two scores at even odds: eight cases."""
    cases = np.array(list(product((1.0, 4.0), (2.0, 3.0), (0.0, 5.0))))
    assert rank_shares(cases)[:, 0].tolist() == [0.25, 0.25, 0.5]


def test_the_chance_to_lead_matches_its_closed_form(backlog):
    features = backlog(2, reach=[120.0, 100.0], confidence=[0.9, 0.6], impact_low=1.0, impact_high=1.0)
    ranges = Ranges(effort_spread=0.0, draws=100_000)
    chances = rank_features({"features": features}, period="2025-12", ranges=ranges).to_frame()
    spread = np.log([1.1, 1.4]) / stats.norm.ppf(0.9)
    gap = np.log(120 * 0.9) - np.log(100 * 0.6)
    first = stats.norm.cdf(gap / np.hypot(*spread))
    assert chances.set_index("feature_id")["chance_first"].to_dict() == pytest.approx(
        {"F01": first, "F02": 1 - first}, abs=0.005
    )


def test_ranges_without_width_reproduce_the_plain_ranking(backlog):
    rng = np.random.default_rng(3)
    impact = rng.choice([0.25, 0.5, 1, 2, 3], 12)
    features = backlog(12, reach=rng.integers(50, 700, 12) * 1.0, confidence=rng.choice([0.5, 0.8, 1.0], 12),
                       impact_low=impact, impact_mode=impact, impact_high=impact)  # fmt: skip
    for method in ("rice", "wsjf", "opportunity"):
        frame = rank_features({"features": features}, period="2025-12", method=method, ranges=EXACT).to_frame()
        alone = ~frame["plain_rank"].duplicated(keep=False)
        assert (frame["rank"] == frame["plain_rank"])[alone].all()
        assert (frame["rank_low"] == frame["rank_high"])[alone].all()
        assert (frame["score_low"] == frame["score"]).all()


def test_full_confidence_and_equal_features_share_every_rank(backlog):
    features = backlog(3, confidence=1.0, impact_low=1.0, impact_high=1.0)
    ranked = rank_features({"features": features}, period="2025-12", top=2)
    assert ranked.chances["chance"].to_numpy() == pytest.approx(1 / 3)
    assert ranked.near_ties[["first", "last"]].to_numpy().tolist() == [[1, 3]]
    assert ranked.to_frame()["plain_rank"].tolist() == [1, 1, 1]
    assert "Ranks 1 to 3 cannot be told apart, so the top 2 are not settled." in ranked.summary()


def test_more_confidence_narrows_the_range_of_ranks(backlog):
    def widths(confidence: float) -> float:
        features = backlog(10, reach=np.arange(100.0, 200.0, 10), confidence=confidence)
        frame = rank_features({"features": features}, period="2025-12").to_frame()
        return float((frame["rank_high"] - frame["rank_low"]).mean())

    assert widths(0.95) < widths(0.8) < widths(0.5)


def test_the_same_seed_gives_the_same_chances_and_products_do_not_touch(backlog):
    both = backlog(6, product_id=["A", "A", "A", "B", "B", "B"], reach=[90.0, 100, 110, 90, 100, 110])
    together = rank_features({"features": both}, period="2025-12").to_frame()
    alone = rank_features({"features": both}, period="2025-12", product_id="B").to_frame()
    pd.testing.assert_frame_equal(together[together["product_id"] == "B"].reset_index(drop=True), alone)


@settings(max_examples=40)
@given(hnp.arrays(np.float64, (5, 5), elements=st.floats(0, 1)))
def test_runs_of_near_ties_are_all_longest_ones(upper):
    leads = np.triu(upper, 1) + np.tril(1 - upper.T, -1) + np.eye(5) / 2
    together = {
        (a + 1, b + 1) for a in range(5) for b in range(a + 1, 5)
        if all(0.1 < leads[i, j] < 0.9 for i in range(a, b + 1) for j in range(i + 1, b + 1))
    }  # fmt: skip
    longest = {run for run in together if not any(o != run and o[0] <= run[0] and run[1] <= o[1] for o in together)}
    assert set(near_tie_runs(leads)) == longest


def test_says_which_features_have_no_score(backlog):
    ranked = rank_features({"features": backlog(2, effort_pm=[1.0, 0.0])}, period="2025-12")
    assert "Not scored: F02 (effort_pm is 0)." in ranked.summary()
    assert ranked.to_frame()["feature_id"].tolist() == ["F01"]


def test_one_feature_and_none(backlog):
    one = rank_features({"features": backlog(1)}, period="2025-12").to_frame()
    assert one[["rank", "rank_low", "rank_high", "chance_first"]].iloc[0].tolist() == [1, 1, 1, 1]
    none = rank_features({"features": backlog(0)}, period="2025-12")
    assert none.summary() == "No open features that can be scored by RICE."
    assert none.headline() == {"–": "no open features that can be scored"}


@pytest.mark.parametrize("top", [0, 1.5, True, "five"])
def test_refuses_a_top_that_is_none(backlog, top):
    with pytest.raises(ParameterError, match="top: got"):
        rank_features({"features": backlog(2)}, period="2025-12", top=top)


def test_refuses_a_period_that_is_no_month(backlog):
    with pytest.raises(ParameterError, match="month: got 'soon'"):
        rank_features({"features": backlog(2)}, period="soon")
