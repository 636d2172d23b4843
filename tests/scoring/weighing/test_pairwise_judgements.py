"""Judgements of pairs: read from either shape by label, refused when they contradict each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.scoring.weighing.pairwise_judgements import parts, read_comparisons

ABC = list("abc")


def _square(rows, criteria=ABC):
    return pd.DataFrame(rows, index=criteria, columns=criteria, dtype=object)


def _long(*rows):
    return pd.DataFrame(rows, columns=["criterion", "against", "times"])


def _times(judgements):
    read = read_comparisons(judgements)
    return pd.DataFrame(np.exp(read.logs), index=read.criteria, columns=read.criteria)


def test_a_blank_below_the_diagonal_is_filled_with_the_reciprocal():
    filled = _times(_square([[1, 2, None], ["", None, "4"], [np.nan, pd.NA, 1]]))
    assert filled.to_numpy()[~filled.isna()].tolist() == pytest.approx([1, 2, 0.5, 1, 4, 0.25, 1])
    assert filled.isna().to_numpy().sum() == 2


def test_text_fractions_are_numbers():
    assert _times(_square([[1, "1/3", None], [None, 1, "0.5"], [None, None, 1]])).loc["a", "b"] == pytest.approx(1 / 3)


def test_columns_in_another_order_are_matched_by_label():
    square = _square([[1, 2, 6], [None, 1, 3], [None, None, 1]])
    pd.testing.assert_frame_equal(_times(square[["c", "a", "b"]]), _times(square))


def test_a_long_table_says_the_same_as_a_square_one():
    square = _square([[1, 2, 6], [None, 1, 3], [None, None, 1]])
    long = _long(("a", "b", 2), ("c", "a", "1/6"), ("b", "c", 3), ("a", "a", 1))
    pd.testing.assert_frame_equal(_times(long)[ABC].loc[ABC], _times(square))


def test_a_blank_in_a_long_table_was_not_asked():
    assert _times(_long(("a", "b", 2), ("a", "c", None), ("b", "c", 3))).isna().to_numpy().sum() == 2


def test_a_reciprocal_rounded_to_two_digits_is_taken_for_what_it_is():
    for times, rounded in ((3, 0.33), (6, 0.17), (7, 0.14), (8, 0.13), (9, 0.11)):
        both = _times(_square([[1, times], [rounded, 1]], ["a", "b"]))
        assert both.loc["a", "b"] == pytest.approx(times)
        assert both.loc["b", "a"] == pytest.approx(1 / times)


def test_the_frame_passed_in_is_not_changed():
    square = _square([[1, 2, None], [None, 1, "4"], [None, None, 1]])
    before = square.copy()
    first, second = read_comparisons(square), read_comparisons(square)
    pd.testing.assert_frame_equal(square, before)
    np.testing.assert_array_equal(first.logs, second.logs)


def test_parts_are_what_comparisons_connect():
    nan = np.nan
    logs = np.array([[0, nan, 1, nan], [nan, 0, nan, 2], [-1, nan, 0, nan], [nan, -2, nan, 0]])
    assert parts(logs).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(("judgements", "message"), [
    (_square([[1, 3], [3, 1]], ["a", "b"]), r"'a' against 'b' is 3 but 'b' against 'a' is 3, allowed 0\.333"),
    (_long(("a", "b", 2), ("b", "a", 2)), r"'a' against 'b' is 2 but 'b' against 'a' is 2, allowed 0\.5"),
    (_square([[2, 3], [None, 1]], ["a", "b"]), r"'a' against itself is 2, allowed 1 or empty"),
    (_square([[1, -3], [None, 1]], ["a", "b"]), r"'a' against 'b' is -3, allowed 0\.001 to 1000 or empty.*Write 3"),
    (_square([[1, np.inf], [None, 1]], ["a", "b"]), r"'a' against 'b' is inf, allowed"),
    (_square([[1, 0], [None, 1]], ["a", "b"]), r"'a' against 'b' is 0, allowed"),
    (_square([[1, "1/0"], [None, 1]], ["a", "b"]), r"'a' against 'b' is '1/0', allowed"),
    (_square([[1, "much"], [None, 1]], ["a", "b"]), r"'a' against 'b' is 'much', allowed"),
    (_square([[1, pd.Timestamp("2025-01-03")], [None, 1]], ["a", "b"]), r"'a' against 'b' is Timestamp.*allowed"),
    (_square([[1, 2], [None, 1]], ["a", "a"]), r"row 'a' stands twice"),
    (pd.DataFrame([[1, 2], [None, 1]], index=["a", "risk"], columns=["a", "riks"]),
     r"row 'risk' has no counterpart.*Did you mean 'riks'"),
    (pd.DataFrame([[1, 2, 3], [None, 1, 2]], index=["a", "b"], columns=ABC), r"column 'c' has no counterpart"),
    (pd.DataFrame(), r"got an empty table"),
    (_long(), r"got no row"),
    (_long(("a", "b", 2), ("a", None, 2)), r"row 2 names no pair"),
    (_long(("a", "b", 2), ("a", "b", 3)), r"'a' against 'b' stands twice"),
    (_square([[1, 2, None], [None, 1, None], [None, None, 1]]), r"no comparison connects a, b \| c, allowed one"),
])
def test_judgements_that_cannot_be_are_refused(judgements, message):
    with pytest.raises(ParameterError, match=message):
        read_comparisons(judgements)


@pytest.mark.parametrize("judgements", [None, [1], {"a": 1}])
def test_judgements_that_are_no_frame_are_refused(judgements):
    with pytest.raises(ParameterError, match=r"judgements: got a .*, allowed a DataFrame"):
        read_comparisons(judgements)


@pytest.mark.parametrize("times", [[1, 2], 10**400, 1j])
def test_a_cell_that_is_no_usable_number_is_refused(times):
    pairs = pd.DataFrame({"criterion": ["a"], "against": ["b"], "times": pd.Series([times], dtype=object)})
    with pytest.raises(ParameterError, match=r"judgements: 'a' against 'b' is .*, allowed 0\.001 to 1000"):
        read_comparisons(pairs)
