from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError, ScaleError
from pmlib.product.voice.effort import EasyEnd, customer_effort


def test_the_good_end_decides_which_boxes_count() -> None:
    answers = pd.Series([1, 2, 2, 5, None])
    assert customer_effort(answers, scale_max=5, easy=EasyEnd.LOW).value == 0.75
    easy = customer_effort(answers, scale_max=5, easy=EasyEnd.HIGH)
    assert (easy.value, easy.n, easy.n_missing) == (0.25, 4, 1)


def test_turning_the_scale_round_turns_the_score() -> None:
    answers = pd.Series([1, 3, 6, 7, 7])
    low = customer_effort(8 - answers, scale_max=7, easy=EasyEnd.LOW)
    assert low.value == customer_effort(answers, scale_max=7, easy=EasyEnd.HIGH).value == 0.6


def test_an_undeclared_end_and_an_answer_outside_the_scale_are_refused() -> None:
    with pytest.raises(ParameterError, match="easy: got 'good', allowed high or low"):
        customer_effort(pd.Series([1]), scale_max=5, easy="good")
    with pytest.raises(ScaleError, match="allowed 1-5"):
        customer_effort(pd.Series([6]), scale_max=5, easy=EasyEnd.LOW)
    with pytest.raises(ParameterError, match="scale_max: got '5', allowed a whole number from 3 to 10"):
        customer_effort(pd.Series([1]), scale_max="5", easy=EasyEnd.LOW)
