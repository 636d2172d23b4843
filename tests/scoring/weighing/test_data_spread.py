"""Spread of the data: CRITIC and entropy describe a set of alternatives, and never pass for weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring import score
from pmlib.scoring.matrix import decision_matrix
from pmlib.scoring.weighing.data_spread import data_spread
from tests.published import diakoulaki


@pytest.fixture
def firms():
    return pd.DataFrame(diakoulaki.FIRMS, columns=diakoulaki.FIRMS_CRITERIA)


def _share(spread, column):
    return spread.to_frame().set_index("criterion")[column]


def test_critic_reproduces_diakoulaki_1995(firms):
    assert _share(data_spread(firms), "critic_share").to_list() == pytest.approx(diakoulaki.FIRMS_CRITIC, abs=5e-9)


def test_entropy_is_the_textbook_sum_on_levels_from_0_to_1():
    frame = data_spread(pd.DataFrame({"a": [0.0, 1, 3, 4], "b": [5.0, 5, 5, 9]})).to_frame().set_index("criterion")
    parts = np.array([1, 3, 4]) / 8
    expected = -(parts * np.log(parts)).sum() / np.log(4)
    assert frame["entropy"].to_list() == pytest.approx([expected, 0.0])
    assert frame["entropy_share"].to_list() == pytest.approx([(1 - expected) / (2 - expected), 1 / (2 - expected)])


def test_a_criterion_to_minimise_is_turned_round(firms):
    words = {"profitability": "maximise", "market share": "maximise", "productivity": "minimise"}
    turned = data_spread(firms.assign(productivity=-firms["productivity"]), directions=words)
    pd.testing.assert_frame_equal(turned.table, data_spread(firms).table)


def test_a_constant_criterion_has_no_share_and_changes_no_other(firms):
    with_constant = data_spread(firms.assign(legal=3.0))
    row = with_constant.to_frame().set_index("criterion").loc["legal"]
    assert row.to_dict() == {"spread": 0, "conflict": 0, "entropy": 1, "critic_share": 0, "entropy_share": 0}
    assert with_constant.notes == ("legal is the same for all 8 alternatives and tells none apart.",)
    for column in ("critic_share", "entropy_share"):
        assert _share(with_constant, column).drop("legal").to_list() == pytest.approx(
            _share(data_spread(firms), column).to_list())


@pytest.mark.parametrize("levels", [{"a": [1.0], "b": [2.0]}, {"a": [1.0, 1.0, 1.0]}, {"a": [0.1 + 0.2, 0.3]}])
def test_nothing_to_tell_apart_gives_shares_of_0_and_says_so(levels):
    spread = data_spread(pd.DataFrame(levels))
    assert not spread.to_frame()[["spread", "critic_share", "entropy_share"]].to_numpy().any()
    assert "cannot be told apart" in spread.summary()
    assert spread.headline() == {"0 %": "spread in the data"}


def test_criteria_that_all_go_together_have_no_conflict_to_share_out():
    spread = data_spread(pd.DataFrame({"a": [1.0, 2, 4], "b": [10.0, 20, 40]}))
    assert _share(spread, "critic_share").to_list() == [0, 0]
    assert _share(spread, "entropy_share").to_list() == pytest.approx([0.5, 0.5])
    assert _share(data_spread(pd.DataFrame({"a": [1.0, 2, 4]})), "critic_share").to_list() == [0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-50, 50)] * 3), min_size=2, max_size=7), st.permutations(range(3)),
       st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_shares_ignore_units_order_and_zero_point_and_are_never_nan(rows, order, factor, shift):
    levels = pd.DataFrame(rows, columns=list("abc"), dtype=float)
    plain = data_spread(levels).to_frame().set_index("criterion")
    moved = data_spread((levels * factor + shift).iloc[::-1, list(order)]).to_frame().set_index("criterion")
    assert np.isfinite(plain.to_numpy()).all()
    for column in ("critic_share", "entropy_share"):
        assert plain[column].sum() == pytest.approx(1) or not plain[column].any()
        # Rounding may make a correlation of 1 a little less, which then is all there is to share out.
        if plain["conflict"].max() > 1e-6:
            assert moved.loc[plain.index, column].to_list() == pytest.approx(plain[column].to_list(), abs=1e-6)


def test_spread_cannot_be_handed_in_as_weights(make_tables, firms):
    spread = data_spread(firms)
    assert not isinstance(spread, Mapping | pd.Series)
    with pytest.raises(ParameterError, match=r"weights: got a DataSpread, allowed what people judged.*ask for weights"):
        score(make_tables(), weights=spread)
    with pytest.raises(ParameterError, match=r"got a DataSpread"):
        decision_matrix(firms, weights=spread)
    with pytest.raises(ParameterError, match=r"'0' is not in objectives"):
        score(make_tables(), weights=spread.to_frame()["critic_share"])


def test_answer_is_said_in_sentences_and_twice_the_same(firms):
    spread = data_spread(firms)
    said = ("The 8 alternatives differ most on market share by CRITIC (48 %) and productivity by entropy (48 %); "
            "this describes the data and not what matters.")
    assert spread.summary() == spread.summary() == said
    assert repr(spread) == f"<DataSpread: {said}>"
    assert list(spread.headline()) == ["48 % by CRITIC", "48 % by entropy"]
    pd.testing.assert_frame_equal(data_spread(firms).table, spread.table)


def test_a_missing_level_and_an_unknown_direction_are_refused(firms):
    with pytest.raises(ParameterError, match=r"levels: .*nan.* on 'market share'"):
        data_spread(firms.assign(**{"market share": firms["market share"].where(firms.index != 2)}))
    with pytest.raises(ParameterError, match=r"'maximize'.*Did you mean 'maximise'"):
        data_spread(firms, directions="maximize")
