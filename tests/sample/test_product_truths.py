from __future__ import annotations

import numpy as np
import pytest

from pmlib.errors import CheckError
from pmlib.sample import product_truths


def test_t17_who_is_engaged_answers_and_weighting_undoes_it(truth):
    found = truth["T17"]
    assert found["raw"]["nps"] == pytest.approx(44.9, abs=3)
    assert found["weighted"]["nps"] == pytest.approx(25, abs=4)
    assert found["response_by_band"] == pytest.approx({"high": 0.40, "medium": 0.20, "low": 0.10}, abs=0.02)


def test_t18_retention_by_age_is_that_of_two_mixed_betas(truth):
    def alive(age: int) -> float:
        ages = np.arange(age)
        return sum(
            share * np.prod((b + ages) / (a + b + ages)) for share, a, b in ((0.7, 0.668, 3.806), (0.3, 0.704, 1.182))
        )

    for age in (1, 12, 24):
        assert truth["T18"][f"month_{age}"] == pytest.approx(alive(age), abs=0.04)
    assert [round(alive(age), 2) for age in (1, 12, 24)] == [0.78, 0.32, 0.21]


def test_t18_worse_cohorts_hide_in_a_total_that_stands_still(truth):
    found = truth["T18"]
    assert found["month_3"]["from_month_19"] < found["month_3"]["older_cohorts"] - 0.03
    assert np.diff(list(found["total_renewal"].values())) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("product", "planted"), [("PR2", -1.4), ("PR7", -0.6)])
def test_t19_lots_recover_the_elasticity_and_seasons_do_not(truth, product, planted):
    found = truth["T19"][product]
    assert found["randomised"] == pytest.approx(planted, abs=2 * found["se"])
    assert abs(found["naive"] - planted) > 0.4


def test_t20_two_of_twenty_are_real(truth):
    found = truth["T20"]
    assert set(found["real"]) <= set(found["after_benjamini_hochberg"])
    assert 1 <= len(found["null_below_5_percent"]) <= 3
    assert found["sample_ratio_mismatch"] not in found["real"]


def test_t21_a_must_be_feature_is_last_by_rice(truth):
    assert truth["T21"]["F07_rice_rank"] > 48
    assert [len(names) for names in truth["T21"]["classes"].values()] == [4, 2, 4, 5, 1]


def test_t23_the_peak_lies_outside_what_was_observed(truth):
    assert (truth["T23"]["peak_month"], truth["T23"]["observed_months"]) == (26, 24)


def test_a_broken_truth_is_named(tables):
    surveys = tables["surveys"].assign(score=10)
    with pytest.raises(CheckError, match=r"^T17: raw NPS 100\.0 .* planted 44\.9\. Take another seed\."):
        product_truths.response_bias(tables | {"surveys": surveys})
    flat = tables["orders"].assign(list_price=100.0)
    with pytest.raises(CheckError, match="^T19: list prices of orders differ"):
        product_truths.elasticity(tables | {"orders": flat})
    late = tables["orders"][tables["orders"]["date"] < "2025-12-01"]
    with pytest.raises(CheckError, match="^T23: cumulative sales are off"):
        product_truths.launch(tables | {"orders": late})
    kano = tables["kano"].assign(functional=1, dysfunctional=5)
    with pytest.raises(CheckError, match="^T21: not must-be: F03, F07"):
        product_truths.kano(tables | {"kano": kano})


def test_answers_without_an_invitation_are_refused(tables):
    fewer = tables["invitations"][tables["invitations"]["month"] != "2025-12"]
    with pytest.raises(CheckError, match="^T17: answers and invitations do not match"):
        product_truths.response_bias(tables | {"invitations": fewer})
