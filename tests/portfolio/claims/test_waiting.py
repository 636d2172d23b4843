"""The value of one more month of data: a published table, and sums over what the data may say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from pmlib.portfolio.claims.waiting import month_discount, value_of_sample
from tests.published.raiffa_schlaifer import LOSS


@pytest.mark.parametrize(("distance", "loss"), LOSS.items())
def test_a_sample_is_worth_the_unit_normal_loss_of_the_published_table(distance, loss):
    worth = value_of_sample(np.array([-80.0 * distance]), np.array([80.0]))
    assert float(worth[0]) == pytest.approx(80.0 * loss, rel=1e-3)


@pytest.mark.parametrize(("gain", "moved"), [(100.0, 80.0), (-100.0, 80.0), (0.0, 30.0), (500.0, 10.0)])
def test_the_value_of_a_sample_is_what_deciding_after_it_brings_more(gain, moved):
    z = np.linspace(-9, 9, 200_001)
    weight = norm.pdf(z) / norm.pdf(z).sum()
    after = (weight * np.maximum(gain + moved * z, 0.0)).sum() - max(gain, 0.0)
    assert float(value_of_sample(np.array([gain]), np.array([moved]))[0]) == pytest.approx(after, abs=1e-6)


def test_data_that_move_nothing_are_worth_nothing():
    assert value_of_sample(np.array([0.0, 50.0]), np.array([0.0, 0.0])).tolist() == [0.0, 0.0]


def test_twelve_months_make_a_year():
    assert month_discount(0.08) ** 12 == pytest.approx(1 / 1.08)
    assert month_discount(0.0) == 1.0
