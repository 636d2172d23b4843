"""The decision matrix: put together by label, and everything that cannot be ranked refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.scoring.matrix import by_criterion, decision_matrix, finite_numbers
from pmlib.scoring.values import Direction

LEVELS = pd.DataFrame({"price": [100.0, 120.0], "quality": [3.0, 5.0]}, index=["A", "B"])


def test_a_labelled_frame_is_aligned_and_never_turned_into_nan():
    weights = pd.Series({"quality": 60.0, "price": 40.0})
    directions = pd.Series({"quality": "maximise", "price": "minimise"})
    matrix = decision_matrix(LEVELS, weights=weights, directions=directions)
    assert matrix.weights.to_dict() == {"price": 0.4, "quality": 0.6}
    assert matrix.directions.to_dict() == {"price": Direction.MINIMISE, "quality": Direction.MAXIMISE}
    assert matrix.signs.tolist() == [-1.0, 1.0]
    np.testing.assert_array_equal(matrix.array, LEVELS.to_numpy())


def test_a_table_of_floats_is_checked_but_not_copied():
    matrix = decision_matrix(LEVELS)
    assert np.shares_memory(matrix.array, LEVELS.to_numpy())


def test_whole_numbers_and_numbers_in_words_become_floats_without_a_change_of_the_input():
    given = pd.DataFrame({1: [1, 2], "b": ["3", "4.5"]}, index=[1.5, "x"])
    matrix = decision_matrix(given)
    assert matrix.array.tolist() == [[1.0, 3.0], [2.0, 4.5]]
    assert (list(matrix.levels.index), list(matrix.levels.columns)) == (["1.5", "x"], ["1", "b"])
    assert (list(given.index), list(given.columns)) == ([1.5, "x"], [1, "b"])


def test_row_numbers_stay_numbers_in_any_order():
    numbered = LEVELS.reset_index(drop=True)
    assert list(decision_matrix(numbered).levels.index) == [0, 1]
    assert list(decision_matrix(numbered.loc[[1, 0]]).levels.index) == [1, 0]


@pytest.mark.parametrize("word", ["maximize", "max", "cost", "Maximise", ""])
def test_an_unknown_direction_word_is_refused_and_never_taken_as_cost(word):
    with pytest.raises(ParameterError, match=r"directions: 'price' has .*Known: maximise, minimise"):
        decision_matrix(LEVELS, directions={"price": word, "quality": "maximise"})


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, "much"])
def test_a_weight_that_is_negative_or_no_number_is_refused(bad):
    with pytest.raises(ParameterError, match="weights: 'price' has .*, allowed a finite number of 0 or more"):
        decision_matrix(LEVELS, weights={"price": bad, "quality": 1.0})


def test_weights_that_sum_to_2_are_rescaled_with_a_note():
    matrix = decision_matrix(LEVELS, weights={"price": 0.5, "quality": 1.5})
    assert matrix.weights.tolist() == [0.25, 0.75]
    assert matrix.notes == ("Weights summed to 2 and were rescaled to sum 1.",)


def test_weights_that_are_all_0_are_refused():
    with pytest.raises(ParameterError, match="weights: all are 0"):
        decision_matrix(LEVELS, weights={"price": 0, "quality": 0})


def test_without_weights_all_count_the_same_and_a_note_says_so():
    matrix = decision_matrix(LEVELS)
    assert matrix.weights.tolist() == [0.5, 0.5]
    assert matrix.notes == ("No weights were given: all 2 criteria count the same.",)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_cell_that_is_no_finite_number_is_named(bad):
    levels = LEVELS.copy()
    levels.loc["B", "quality"] = bad
    with pytest.raises(ParameterError, match=rf"levels: 'B' has {bad}.* on 'quality', allowed a finite number"):
        decision_matrix(levels)


def test_infinities_that_cancel_in_a_sum_are_found():
    with pytest.raises(ParameterError, match="levels: 'A' has inf on 'price'"):
        decision_matrix(LEVELS.assign(price=[np.inf, -np.inf]))


def test_levels_are_taken_as_long_as_their_differences_are_floats():
    assert decision_matrix(LEVELS.assign(price=[1e300, -1e300])).array[0, 0] == 1e300
    with pytest.raises(ParameterError, match=r"'A' has 1\.7e\+308 on 'price', allowed a finite number up to 1e300"):
        decision_matrix(LEVELS.assign(price=[1.7e308, -1.7e308]))


def test_a_word_among_numbers_is_named_with_its_place():
    with pytest.raises(ParameterError, match="levels: 'B' has 'high' on 'price'"):
        decision_matrix(LEVELS.assign(price=["100", "high"]))


@pytest.mark.parametrize(
    ("levels", "match"),
    [
        (LEVELS.set_axis(["A", "A"], axis=0), "levels: alternative 'A' stands twice"),
        (LEVELS.set_axis(["price", "price"], axis=1), "levels: criterion 'price' stands twice"),
        (LEVELS.set_axis([1, "1"], axis=0), "levels: alternative '1' stands twice"),
        (LEVELS.iloc[:0], "levels: got 0 rows and 2 columns"),
        (LEVELS[[]], "levels: got 2 rows and 0 columns"),
    ],
)
def test_labels_that_stand_twice_and_empty_tables_are_refused(levels, match):
    with pytest.raises(ParameterError, match=match):
        decision_matrix(levels)


def test_the_message_calls_the_table_as_the_caller_does():
    with pytest.raises(ParameterError, match="inputs: 'A' has nan on 'price'"):
        finite_numbers(LEVELS.assign(price=[np.nan, 1.0]), what="inputs")


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"price": 1}, "shares: none for quality"),
        ({"price": 1, "quality": 1, "qualty": 1}, "shares: 'qualty' is no criterion. .*Did you mean 'quality'"),
        (pd.Series([1, 1, 1], index=["price", "quality", "price"]), "shares: 'price' stands twice"),
    ],
)
def test_one_cell_per_criterion_is_asked_for_by_label(given, match):
    with pytest.raises(ParameterError, match=match):
        by_criterion(given, ["price", "quality"], what="shares")


def test_one_alternative_and_one_criterion_are_enough():
    matrix = decision_matrix(LEVELS.iloc[:1, :1], directions="minimise")
    assert repr(matrix) == "<DecisionMatrix: 1 alternatives on price ▼ 1>"


def test_a_matrix_answers_the_same_twice():
    matrix = decision_matrix(LEVELS, directions="minimise")
    np.testing.assert_array_equal(matrix.array, matrix.array)
    assert matrix.signs.tolist() == matrix.signs.tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("levels", [None, [[1, 2]], np.ones((2, 2)), {"a": [1]}, pd.Series([1.0]), "x", 3])
def test_what_is_no_frame_is_refused(levels):
    with pytest.raises(ParameterError, match=r"levels: got a .*, allowed a DataFrame\. Make one with pd\.DataFrame"):
        decision_matrix(levels)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("empty", [None, np.nan])
def test_an_empty_label_is_refused(axis, empty):
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], index=["A", "B"], columns=["x", "y"])
    with pytest.raises(ParameterError, match=r"levels: (alternative|criterion) 2 has an empty label, .*Name it"):
        decision_matrix(frame.set_axis(["A", empty], axis=axis))


@pytest.mark.parametrize("cells", [[1j, 2j], pd.to_datetime(["2020-01-01", "2021-01-01"])])
def test_complex_numbers_and_dates_are_no_levels(cells):
    with pytest.raises(ParameterError, match=r"levels: .* on 'price', allowed a finite number"):
        decision_matrix(LEVELS.assign(price=cells))


@pytest.mark.parametrize("weights", [[1, 2], (1, 2), np.ones(2), {"price", "quality"}, "price", 3, LEVELS])
def test_weights_without_labels_are_refused(weights):
    with pytest.raises(ParameterError, match=r"weights: got a .*, allowed a mapping or a Series\."):
        decision_matrix(LEVELS, weights=weights)


@pytest.mark.parametrize("word", [np.float64(1.0), None, ["maximise"], pd.NA])
def test_a_direction_that_is_no_word_is_refused(word):
    with pytest.raises(ParameterError, match=r"directions: .*Known: maximise, minimise\..* Write one of the two words"):
        decision_matrix(LEVELS, directions=dict.fromkeys(LEVELS.columns, word))


@pytest.mark.parametrize("axis", [0, 1])
def test_labels_in_levels_are_refused(axis):
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]])
    two = pd.MultiIndex.from_tuples([("x", 1), ("x", 2)])
    with pytest.raises(ParameterError, match=r"levels: each (alternative|criterion) has 2 labels, allowed 1\. Join"):
        decision_matrix(frame.set_axis(two, axis=axis))
