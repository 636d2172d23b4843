from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.product.features.scores import Method, as_method, known_digits, opportunity, plain_ranks, score
from tests.published.feature_scores import ULWICK_RECURRENCE


def test_opportunity_reproduces_ulwick_2002():
    importance, satisfaction, told = (np.array([value]) for value in ULWICK_RECURRENCE)
    assert opportunity(importance=importance, satisfaction=satisfaction) == pytest.approx(told)


def test_opportunity_of_what_is_more_than_satisfied_is_its_importance():
    assert opportunity(importance=np.array([4.0]), satisfaction=np.array([9.0])) == pytest.approx([4.0])


def test_scores_that_are_equal_but_for_rounding_are_equal():
    inputs = {"reach": np.array([420.0, 280.0]), "impact": np.ones(2), "confidence": np.full(2, 0.8),
              "effort_pm": np.array([3.0, 2.0])}  # fmt: skip
    one, other = score(Method.RICE, inputs)
    assert one == other == pytest.approx(112)


def test_ranks_are_within_products_and_ties_share_the_better():
    ranks = plain_ranks(pd.Series([5.0, 9.0, 5.0, 1.0]), pd.Series(["A", "A", "A", "B"]))
    assert ranks.tolist() == [2, 1, 2, 1]


@given(st.floats(0.01, 1e5), st.floats(0.0, 0.9), st.floats(0.0, 9.0))
def test_a_score_is_told_within_half_of_its_range(value, below, above):
    low, high = value * (1 - below), value * (1 + above)
    told = float(known_digits(value, low, high).replace(",", ""))
    assert abs(told - value) <= max((high - low) / 4, 0.006 * value) + 1e-9


def test_an_unknown_method_is_refused_with_the_nearest():
    with pytest.raises(ParameterError, match=r"method: got 'wsfj', allowed rice, wsjf, opportunity\. Did you mean"):
        as_method("wsfj")
