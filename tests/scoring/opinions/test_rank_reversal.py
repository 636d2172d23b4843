"""Rank reversal: an additive value never swaps two projects for the sake of a third; other methods do."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pmlib.errors import ParameterError
from pmlib.scoring.opinions import rank_reversal
from pmlib.scoring.opinions.outranking import Preference, promethee
from pmlib.scoring.opinions.rank_reversal import rank_reversals
from pmlib.scoring.opinions.second_opinions import topsis, vikor, weighted_product
from pmlib.scoring.ranks import ranks
from tests.published import brans, hwang_yoon


def additive(levels, *, weights, directions):
    """Rank by the additive value on scales declared from 0 to 10."""
    points = levels * 10
    value = points.where(directions == "maximise", 100 - points) @ weights
    return pd.Series(ranks(value.to_numpy()), index=levels.index)


@settings(max_examples=15, deadline=None)
@given(array=arrays(float, st.tuples(st.integers(1, 7), st.just(3)), elements=st.integers(0, 10).map(float)))
def test_the_additive_value_on_declared_scales_never_swaps_a_pair(array):
    levels = pd.DataFrame(array, columns=["reach", "fit", "risk"])
    directions = {"reach": "maximise", "fit": "maximise", "risk": "minimise"}
    result = rank_reversals(levels, additive, weights={"reach": 5, "fit": 3, "risk": 2}, directions=directions)
    assert result.to_frame().empty
    assert result.summary().startswith("No pair of ")


def test_topsis_swaps_two_sites_of_the_hydroelectric_example_when_a_third_is_left_out():
    result = rank_reversals(brans.LEVELS, topsis, directions=brans.DIRECTIONS)
    table = result.to_frame()
    row = table[table["change"] == "without Italy"].iloc[0]
    assert (row["ahead"], row["behind"]) == ("France", "Belgium")
    whole = topsis(brans.LEVELS, directions=brans.DIRECTIONS).ranks
    without = topsis(brans.LEVELS.drop(index="Italy"), directions=brans.DIRECTIONS).ranks
    assert whole["France"] < whole["Belgium"]
    assert without["France"] > without["Belgium"]
    assert (row["rank_ahead"], row["rank_behind"]) == (without["France"], without["Belgium"])
    assert set(table["kind"]) == {"left out", "copied", "dominated"}
    assert result.n_changes == 13
    assert result.summary() == ("The order by TOPSIS depends on the set: 6 of 13 changes swap 6 pairs. "
                                "The first: without Italy, Belgium passes France.")
    assert result.headline() == {"6 of 13": "changes of the set that swap a pair", "6": "pairs swapped"}
    assert repr(result) == "<RankReversals: TOPSIS; pairs swapped 6, changes 13, alternatives 6>"


def test_vikor_and_promethee_swap_pairs_too():
    aircraft = rank_reversals(hwang_yoon.LEVELS, vikor, weights=hwang_yoon.WEIGHTS, directions=hwang_yoon.DIRECTIONS)
    assert aircraft.to_frame()[["change", "ahead", "behind"]].to_numpy().tolist() == [["without A2", "A1", "A3"]]
    assert "swap 1 pair." in aircraft.summary()
    preferences = {name: Preference(**cell) for name, cell in brans.PREFERENCES.items()}
    stations = rank_reversals(brans.LEVELS, partial(promethee, preferences=preferences), directions=brans.DIRECTIONS)
    assert stations.method == "PROMETHEE II"
    assert len(stations.to_frame()) > 0


def test_the_weighted_product_never_swaps_a_pair():
    levels = pd.DataFrame(np.random.default_rng(5).uniform(1, 9, (8, 3)), columns=["a", "b", "c"])
    assert rank_reversals(levels, weighted_product).to_frame().empty


def test_one_alternative_has_no_pair_to_swap():
    result = rank_reversals(hwang_yoon.LEVELS.iloc[:1], topsis)
    assert (result.n_changes, len(result.to_frame())) == (2, 0)


def test_a_copy_gets_a_name_that_is_free():
    levels = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=["P", "copy of P", "worst of all"])
    assert rank_reversals(levels, topsis).n_changes == 7


def test_a_method_that_loses_an_alternative_is_refused():
    with pytest.raises(ParameterError, match="the method gave no rank to 'A2'"):
        rank_reversals(hwang_yoon.LEVELS, lambda levels, **given: pd.Series({"A1": 1}))


def test_too_many_alternatives_are_refused(monkeypatch):
    monkeypatch.setattr(rank_reversal, "REVERSAL_LIMIT", 3)
    with pytest.raises(ParameterError, match="rank reversals: got 4 alternatives, allowed 3"):
        rank_reversals(hwang_yoon.LEVELS, topsis)


@pytest.mark.parametrize("method", [None, "topsis", 3])
def test_a_method_that_cannot_be_called_is_refused(method):
    with pytest.raises(ParameterError, match=r"rank reversals: method is a .*, allowed a ranking method\. Pass the"):
        rank_reversals(pd.DataFrame({"a": [1.0, 2.0]}), method)


@pytest.mark.parametrize("answer", [None, 3, [1, 2], pd.DataFrame({"a": [1, 2]})])
def test_an_answer_that_is_no_series_of_ranks_is_refused(answer):
    with pytest.raises(ParameterError, match=r"rank reversals: got a .*, allowed a Series"):
        rank_reversals(pd.DataFrame({"a": [1.0, 2.0]}), lambda *_, **__: answer)
