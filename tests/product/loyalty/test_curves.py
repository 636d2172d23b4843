from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from pmlib.product.loyalty.curves import _limits, exposure, kaplan_meier, log_rank, p_text, scores
from tests.published import freireich

_COUNTS = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.booleans(), st.integers(1, 5)), min_size=1, max_size=25
)


def _frame(rows: list[tuple[str, int, bool, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["group", "months", "ended", "n"])
    # A contract cannot end before its first renewal.
    return frame.assign(ended=frame["ended"] & (frame["months"] > 0))


def test_the_curve_of_freireich_is_reproduced_to_four_digits() -> None:
    patients = freireich.counts()
    curve = kaplan_meier(patients[patients["group"] == "treated"], interval="greenwood").set_index("months")
    for week, (share, error) in freireich.CURVE.items():
        assert curve.loc[week, "survival"] == pytest.approx(share, abs=5e-5)
        assert curve.loc[week, "high"] - share == pytest.approx(1.96 * error, abs=2e-4) or curve.loc[week, "high"] == 1


def test_the_log_rank_statistic_of_freireich_is_reproduced() -> None:
    test = log_rank(*exposure(freireich.counts(), "group"))
    assert test.chi2 == pytest.approx(freireich.LOG_RANK, abs=0.005)
    assert (test.df, p_text(test.p)) == (1, "p < 0.001")


@given(_COUNTS)
@settings(max_examples=40, deadline=None)
def test_curves_and_test_match_statsmodels_on_the_rows_behind_the_counts(rows) -> None:
    counts = _frame(rows)
    single = counts.loc[counts.index.repeat(counts["n"])].reset_index(drop=True)
    curve = kaplan_meier(counts, interval="greenwood").set_index("months")
    theirs = SurvfuncRight(single["months"], single["ended"].astype(int))
    np.testing.assert_allclose(curve.loc[theirs.surv_times, "survival"], theirs.surv_prob, atol=1e-12)
    test = log_rank(*exposure(counts, "group"))
    if not math.isnan(test.p):
        chi2, p = survdiff(single["months"], single["ended"].astype(int), (single["group"] == "A").astype(int))
        assert test.chi2 == pytest.approx(chi2, abs=1e-8)
        assert test.p == pytest.approx(p, abs=1e-8)


@given(_COUNTS, st.sampled_from(["log-log", "greenwood"]))
@settings(max_examples=60, deadline=None)
def test_survival_falls_from_1_within_its_interval_and_within_0_and_1(rows, interval) -> None:
    curve = kaplan_meier(_frame(rows), interval=interval)
    assert curve["survival"].iloc[0] == 1
    assert (curve["survival"].diff().dropna() <= 1e-12).all()
    assert curve[["survival", "low", "high"]].stack().between(0, 1).all()
    assert (curve["low"] <= curve["survival"] + 1e-12).all()
    assert (curve["high"] >= curve["survival"] - 1e-12).all()


def test_counts_and_single_rows_give_the_same_curve() -> None:
    counts = _frame([("A", 2, True, 3), ("A", 4, False, 2), ("A", 5, True, 1)])
    single = counts.loc[counts.index.repeat(counts["n"])].assign(n=1)
    pd.testing.assert_frame_equal(kaplan_meier(counts), kaplan_meier(single))


def _simulated(chance: float, shape: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """At risk and ended by month, (n_samples, 40), of contracts that are seen for 1 to 36 months."""
    rng = np.random.default_rng(seed)
    months, seen = rng.geometric(chance, shape), rng.integers(1, 37, shape)
    until, sample = np.minimum(months, seen), np.arange(shape[0])[:, None]
    left, ended = np.zeros((shape[0], 40)), np.zeros((shape[0], 40))
    np.add.at(left, (sample, until), 1)
    np.add.at(ended, (sample, until), months <= seen)
    return left[:, ::-1].cumsum(axis=1)[:, ::-1], ended


def test_log_rank_keeps_its_level() -> None:
    (one, one_ended), (other, other_ended) = (_simulated(0.12, (4_000, 100), seed) for seed in (7, 8))
    pairs = zip(np.stack([one, other], -1), np.stack([one_ended, other_ended], -1), strict=True)
    wrong = np.mean([log_rank(at_risk, ended).p < 0.05 for at_risk, ended in pairs])
    assert wrong == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(("interval", "least"), [("log-log", 0.94), ("greenwood", 0.92)])
def test_intervals_cover_as_often_as_they_say(interval, least) -> None:
    at_risk, ended = _simulated(0.1, (4_000, 150), 9)
    at_risk, ended = at_risk[:, 1:13], ended[:, 1:13]
    survival = np.prod(1 - ended / at_risk, axis=1)
    variance = np.sum(ended / (at_risk * (at_risk - ended)), axis=1)
    low, high = _limits(survival, variance, at_risk[:, -1], interval=interval)
    assert least < np.mean((low <= 0.9**12) & (high >= 0.9**12)) < 0.96


def test_scores_of_all_groups_add_up_to_nothing() -> None:
    excess, covariance = scores(*exposure(_frame([("A", 1, True, 3), ("B", 2, True, 4), ("A", 3, False, 2)]), "group"))
    assert excess.sum() == pytest.approx(0)
    np.testing.assert_allclose(covariance.sum(axis=0), 0, atol=1e-12)


def test_nothing_to_compare_is_no_number() -> None:
    alone = log_rank(*exposure(_frame([("A", 1, True, 3)]), "group"))
    assert math.isnan(alone.p)
    assert math.isnan(log_rank(*exposure(_frame([]), "group")).p)
