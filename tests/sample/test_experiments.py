from __future__ import annotations

import pytest

from pmlib.errors import CheckError
from pmlib.sample import experiments


@pytest.fixture(scope="module")
def frame():
    return experiments.experiments(seed=1)


def test_twenty_tests_run_fourteen_days_in_two_arms(frame):
    assert len(frame) == 20 * 14 * 2
    assert frame.groupby(["test_id", "arm"])["day"].nunique().eq(14).all()
    assert frame["new_users"].mean() == pytest.approx(4_200, rel=0.01)
    rate = frame["conversions"].sum() / frame["new_users"].sum()
    assert rate == pytest.approx(0.10 + (0.015 + 0.008 + 0.006) / 40, abs=0.001)


def test_luck_is_of_the_ordinary_kind(frame):
    found = experiments.p_values(frame)
    null = found.drop([*experiments.REAL, experiments.MISMATCH])
    assert len(null) == 17
    assert 1 <= (null["p"] < 0.05).sum() <= 3
    assert null["p"].min() > 0.001
    assert found.loc[list(experiments.REAL), "p"].max() < 0.001


def test_one_test_lost_visitors_of_one_arm(frame):
    found = experiments.p_values(frame)["mismatch_p"]
    assert found.idxmin() == experiments.MISMATCH
    assert found[experiments.MISMATCH] < 1e-6
    assert found.drop(experiments.MISMATCH).min() > 0.001


def test_sums_are_those_of_visitors(frame):
    assert (frame["conversions"] <= frame["new_users"]).all()
    assert (frame["sum_xy"] ** 2 <= frame["sum_x2"] * frame["sum_y2"]).all()
    assert (frame["sum_y"] ** 2 <= frame["conversions"] * frame["sum_y2"]).all()
    # Visits are Poisson with an exponential mean of 4: their variance is 4 + 16.
    totals = frame[["new_users", "sum_x", "sum_x2"]].sum()
    mean = totals["sum_x"] / totals["new_users"]
    assert mean == pytest.approx(4, rel=0.01)
    assert totals["sum_x2"] / totals["new_users"] - mean**2 == pytest.approx(20, rel=0.02)


def test_what_came_before_saves_a_fifth_of_the_variance(frame):
    assert 0.15 < experiments.variance_saved(frame) < 0.30


def test_extraordinary_luck_is_named(monkeypatch):
    monkeypatch.setattr(experiments, "LUCKY", (17, 17))
    monkeypatch.setattr(experiments, "MAX_DRAWS", 1)
    with pytest.raises(CheckError, match=r"^T20: no ordinary luck in 1 draws of seed 1\. Take another seed\."):
        experiments.experiments(seed=1)
