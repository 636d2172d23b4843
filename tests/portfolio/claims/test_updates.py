"""Conjugate updates: published examples, closed forms, grids; order never matters."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from pmlib.errors import ParameterError
from pmlib.portfolio.claims.priors import Beta, Normal
from pmlib.portfolio.claims.updates import VARIANCE_FACTORS, Finding, moved_by, pooled, update, variance_factors
from tests.published import gelman


@pytest.mark.parametrize(("mean", "size", "median", "low", "high"), gelman.PLACENTA_PREVIA)
def test_placenta_previa_of_gelman_table_2_1(mean, size, median, low, high):
    births = Finding(estimate=gelman.GIRLS / gelman.BIRTHS, standard_error=0.0, n=gelman.BIRTHS)
    after = update(Beta(a=mean * size, b=(1 - mean) * size), [births])
    found = [after.quantile(share) for share in (0.5, 0.025, 0.975)]
    assert found == pytest.approx([median, low, high], abs=1e-3)


@pytest.mark.parametrize(("n", "low", "high"), gelman.INTERVALS)
def test_students_weights_of_gelman_exercise_2_8(n, low, high):
    mean, sd = gelman.WEIGHTS["prior"]
    error = gelman.WEIGHTS["sd"] / math.sqrt(n)
    after = update(Normal(mean=mean, sd=sd), [Finding(estimate=gelman.WEIGHTS["mean"], standard_error=error)])
    assert [after.quantile(0.025), after.quantile(0.975)] == pytest.approx([low, high], abs=0.5)


@pytest.mark.parametrize(("factor", "mean", "sd"), [(1.0, 2.32, 0.58), (4.0, 3.04, 1.03)])
def test_the_retention_claim_of_the_sample_company(factor, mean, sd):
    found = Finding(estimate=2.0, standard_error=0.6, variance_factor=factor)
    after = update(Normal(mean=6.0, sd=2.029), [found])
    assert (after.mean, after.sd) == pytest.approx((mean, sd), abs=0.005)


def test_a_beta_update_is_the_product_of_both_densities():
    rate = np.linspace(5e-6, 1 - 5e-6, 100_001)
    after = update(Beta(a=2.5, b=4.0), [Finding(estimate=0.3, standard_error=0.0, n=40)])
    density = rate ** (1.5 + 12) * (1 - rate) ** (3.0 + 28)
    density /= density.sum()
    mean = (density * rate).sum()
    assert after.mean == pytest.approx(mean, abs=1e-7)
    assert after.sd == pytest.approx(math.sqrt((density * (rate - mean) ** 2).sum()), abs=1e-7)


findings = st.lists(st.builds(Finding, estimate=st.floats(0.05, 0.95), standard_error=st.floats(0.01, 0.5),
                              n=st.integers(2, 5000), variance_factor=st.floats(1, 10)), min_size=2, max_size=4)


@settings(deadline=None, max_examples=40)
@given(found=findings)
@pytest.mark.parametrize("prior", [Normal(mean=0.4, sd=0.2), Beta(a=3.0, b=5.0)])
def test_several_pieces_give_the_same_in_every_order_and_one_after_the_other(prior, found):
    after = {update(prior, order) for order in itertools.permutations(found)}
    assert len(after) == 1
    step = prior
    for one in found:
        step = update(step, [one])
    together = after.pop()
    assert (step.mean, step.sd) == pytest.approx((together.mean, together.sd), rel=1e-9)
    assert together.sd < prior.sd or isinstance(prior, Beta)


def test_discounted_evidence_counts_for_as_much_less_as_is_said():
    weak = [Finding(estimate=2.0, standard_error=0.5, variance_factor=4.0)]
    assert pooled(Normal(mean=0, sd=1), weak) == pytest.approx((2.0, 1.0))
    rate = [Finding(estimate=0.25, standard_error=0.0, n=400, variance_factor=4.0)]
    assert update(Beta(a=1, b=1), rate) == Beta(a=26.0, b=76.0)
    assert pooled(Beta(a=1, b=1), rate) == pytest.approx((0.25, math.sqrt(0.25 * 0.75 / 100)))


def test_a_rate_counts_no_more_trials_than_its_standard_error_allows():
    assert Finding(estimate=0.5, standard_error=0.05, n=10_000).trials == pytest.approx(100)
    assert Finding(estimate=0.5, standard_error=0.005, n=400).trials == 400
    assert Finding(estimate=0.5, standard_error=0.05).trials == pytest.approx(100)


def test_where_the_mean_will_lie_is_as_wide_as_the_predictive_distribution_says():
    belief, trials = Beta(a=3.0, b=7.0), 12
    outcomes = np.arange(trials + 1)
    chance, mean = betabinom(trials, 3, 7).pmf(outcomes), (3 + outcomes) / (10 + trials)
    exact = math.sqrt((chance * (mean - 0.3) ** 2).sum())
    assert moved_by(belief, Finding(estimate=0.3, standard_error=0.0, n=trials)) == pytest.approx(exact)
    change = Normal(mean=1.0, sd=2.0)
    another = Finding(estimate=1.0, standard_error=1.5)
    assert moved_by(change, another) ** 2 == pytest.approx(change.sd**2 - update(change, [another]).sd ** 2)


@settings(deadline=None, max_examples=40)
@given(found=findings)
@pytest.mark.parametrize("prior", [Normal(mean=0.4, sd=0.2), Beta(a=3.0, b=5.0)])
def test_data_move_the_mean_less_than_certainty_would_and_more_of_them_more(prior, found):
    one, surer = found[0], Finding(estimate=found[0].estimate, standard_error=found[0].standard_error / 2)
    assert 0.0 < moved_by(prior, one) < prior.sd
    assert moved_by(prior, surer) > moved_by(prior, one)


def test_factors_may_be_set_and_an_experiment_counts_fully():
    assert VARIANCE_FACTORS == {"experiment": 1.0, "difference in differences": 2.0, "before and after": 4.0,
                                "survey": 4.0, "judgement": 10.0}
    assert variance_factors({"survey": 9})["survey"] == 9.0


@pytest.mark.parametrize(("wrong", "message"), [
    ({"surway": 2.0}, "factors: got kind 'surway'. Known: .* Did you mean 'survey'"),
    ({"survey": 0.5}, "factors: got 0.5 for survey, allowed 1 or more"),
    ({"survey": math.nan}, "factors of survey: got nan, allowed a finite number"),
    ([("survey", 2.0)], "factors: got a list, allowed a mapping"),
])
def test_factors_that_are_none_are_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        variance_factors(wrong)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"estimate": math.inf}, "evidence: got inf with standard_error 0.1"),
    ({"standard_error": -1.0}, "evidence: got 0.3 with standard_error -1"),
    ({"variance_factor": 0.5}, "variance_factor: got 0.5, allowed 1 or more"),
])
def test_a_finding_of_no_number_is_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        Finding(**({"estimate": 0.3, "standard_error": 0.1} | wrong))


@pytest.mark.parametrize(("prior", "found", "message"), [
    (Normal(mean=0, sd=1), Finding(estimate=0.3, standard_error=0.0), "got a standard_error of 0, allowed above 0"),
    (Beta(a=1, b=1), Finding(estimate=1.3, standard_error=0.1), "evidence: got a rate of 1.3"),
    (Beta(a=1, b=1), Finding(estimate=0.3, standard_error=0.0), "on inf trials, allowed 0 to 1 on more than 0"),
    (Beta(a=1, b=1), Finding(estimate=0.3, standard_error=0.0, n=0), "on 0 trials"),
])
def test_evidence_that_cannot_be_weighed_is_refused(prior, found, message):
    with pytest.raises(ParameterError, match=message):
        update(prior, [found])
