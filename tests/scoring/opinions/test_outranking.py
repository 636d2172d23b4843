"""PROMETHEE against the paper, and the flows without pairs against all pairs written out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pmlib.errors import ParameterError
from pmlib.scoring.opinions import outranking
from pmlib.scoring.opinions.outranking import Preference, Relation, Shape, promethee
from tests.published import brans

STATIONS = {"directions": brans.DIRECTIONS,
            "preferences": {name: Preference(**cell) for name, cell in brans.PREFERENCES.items()}}
EVERY = [
    Preference(), Preference(shape="u-shape", q=0.2), Preference(shape="v-shape", p=0.3),
    Preference(shape="level", q=0.1, p=0.4), Preference(shape="linear", q=0.1, p=0.7),
    Preference(shape="gaussian", s=0.3),
]  # fmt: skip


def naive(column, function):
    """Return leaving and entering sums from all pairs; differences to nine digits, as thresholds are decimal."""
    gaps = np.round(column[:, None] - column, 9)
    q, p, s = (getattr(function, name) or 0.0 for name in "qps")
    preference = {
        Shape.USUAL: lambda: gaps > 0,
        Shape.U_SHAPE: lambda: gaps > q,
        Shape.V_SHAPE: lambda: np.clip(gaps / p, 0, 1),
        Shape.LEVEL: lambda: ((gaps > q) + 1.0 * (gaps > p)) / 2,
        Shape.LINEAR: lambda: np.clip((gaps - q) / (p - q), 0, 1) if p > q else gaps > q,
        Shape.GAUSSIAN: lambda: np.where(gaps > 0, 1 - np.exp(-(gaps**2) / (2 * s**2)), 0),
    }[Shape(function.shape)]()
    return preference.sum(axis=1), preference.sum(axis=0)


def flows(columns, functions, **given):
    levels = pd.DataFrame(dict(enumerate(columns)))
    return promethee(levels, preferences=dict(zip(map(str, levels), functions, strict=True)), **given).numbers


def test_promethee_reproduces_the_preferences_of_brans_vincke_and_mareschal_1986():
    for a, b in permutations(brans.SITES, 2):
        pair = promethee(brans.LEVELS.loc[[a, b]], **STATIONS).numbers
        assert pair.loc[a, "leaving_flow"] == pytest.approx(brans.PREFERRED.loc[a, b], abs=1.1e-3)
        assert pair.loc[b, "entering_flow"] == pair.loc[a, "leaving_flow"]


def test_promethee_ii_reproduces_the_order_and_net_flows_of_1986():
    result = promethee(brans.LEVELS, **STATIONS)
    assert result.to_frame()["alternative"].to_list() == brans.ORDER
    assert (5 * result.numbers["net_flow"]).to_dict() == pytest.approx(brans.NET_FLOW_SUMS, abs=2.1e-3)


def test_promethee_i_leaves_the_published_pair_incomparable():
    relations = promethee(brans.LEVELS, **STATIONS).relations()
    assert relations.loc[brans.INCOMPARABLE] == Relation.INCOMPARABLE
    assert (relations.loc["Austria"].drop("Austria") == Relation.PREFERRED).all()
    assert (relations["Austria"].drop("Austria") == Relation.OUTRANKED).all()
    assert relations.loc["Austria", "Austria"] == Relation.INDIFFERENT
    assert (relations.to_numpy() == Relation.INCOMPARABLE).sum() == 2 * 6


@pytest.mark.parametrize(("criterion", "weight", "rest", "leader"), brans.OTHER_LEADERS)
def test_other_weights_give_the_published_leader(criterion, weight, rest, leader):
    weights = dict.fromkeys(brans.LEVELS, rest) | {criterion: weight}
    assert promethee(brans.LEVELS, weights=weights, **STATIONS).table["alternative"].iloc[0] == leader


@pytest.mark.parametrize("function", EVERY, ids=str)
@settings(max_examples=40, deadline=None)
@given(tenths=arrays(int, st.integers(2, 40), elements=st.integers(-12, 12)))
def test_flows_match_all_pairs_where_differences_meet_thresholds(function, tenths):
    column = tenths / 10
    leaving, entering = naive(column, function)
    found = flows([column], [function]) * (len(column) - 1)
    np.testing.assert_allclose(found["leaving_flow"], leaving, atol=1e-9)
    np.testing.assert_allclose(found["entering_flow"], entering, atol=1e-9)


@pytest.mark.parametrize("function", EVERY, ids=str)
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e6])
def test_flows_of_many_match_all_pairs_to_1e_9_far_from_zero_too(function, offset):
    column = np.random.default_rng(2).normal(size=1500) + offset
    leaving, entering = naive(column, function)
    found = flows([column], [function])
    np.testing.assert_allclose(found["leaving_flow"], leaving / 1499, atol=1e-9)
    np.testing.assert_allclose(found["entering_flow"], entering / 1499, atol=1e-9)


@pytest.mark.parametrize("function", EVERY, ids=str)
def test_a_level_far_from_all_others_costs_no_digits(function):
    column = np.concatenate([[-1e12], np.random.default_rng(7).integers(-20, 20, 30) / 10, [1e12, 1e12 + 1]])
    leaving, entering = naive(column, function)
    found = flows([column], [function]) * (len(column) - 1)
    np.testing.assert_allclose(found["leaving_flow"], leaving, atol=1e-9)
    np.testing.assert_allclose(found["entering_flow"], entering, atol=1e-9)


def test_weights_and_directions_enter_as_in_all_pairs():
    columns = np.random.default_rng(3).normal(size=(6, 200))
    weights = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    found = flows(columns, EVERY, weights=dict(zip("012345", weights, strict=True)),
                  directions=dict.fromkeys("024", "maximise") | dict.fromkeys("135", "minimise"))
    pairs = [naive(-column if j % 2 else column, EVERY[j]) for j, column in enumerate(columns)]
    net = sum(w * (out - back) for w, (out, back) in zip(weights, pairs, strict=True)) / 199
    np.testing.assert_allclose(found["net_flow"], net, atol=1e-9)
    assert found["net_flow"].sum() == pytest.approx(0, abs=1e-9)


def test_a_difference_that_passes_a_threshold_by_rounding_alone_does_not_pass_it():
    assert 0.8 - 0.5 > 0.3
    levels = pd.DataFrame({"x": [0.5, 0.8]}, index=["A", "B"])
    assert promethee(levels, preferences=Preference(shape="u-shape", q=0.3)).numbers["net_flow"].to_list() == [0, 0]


def test_linear_with_equal_thresholds_is_a_step():
    column = np.array([0.0, 1.0, 2.0, 4.0])
    both = [flows([column], [Preference(**cell)]) for cell in
            ({"shape": "linear", "q": 1.0, "p": 1.0}, {"shape": "u-shape", "q": 1.0})]
    pd.testing.assert_frame_equal(*both)


def test_usual_flows_are_what_counting_wins_gives():
    column = np.array([3.0, 1.0, 2.0, 2.0])
    assert flows([column], [Preference()])["net_flow"].to_list() == pytest.approx([1, -1, 0, 0])


def test_fifty_thousand_alternatives_take_no_pairs():
    columns = np.random.default_rng(4).random((2, 50_000))
    net = flows(columns, [EVERY[4], EVERY[0]])["net_flow"]
    assert net.sum() == pytest.approx(0, abs=1e-6)
    some = np.arange(0, 50_000, 10_000)
    gaps = columns[0][some][:, None] - columns[0]
    wins = [np.clip((sign * gaps - 0.1) / 0.6, 0, 1).sum(axis=1) for sign in (1, -1)]
    usual = np.sign(columns[1][some][:, None] - columns[1]).sum(axis=1)
    np.testing.assert_allclose(net[some], (wins[0] - wins[1] + usual) / 2 / 49_999, atol=1e-9)


def test_a_gaussian_criterion_beyond_its_limit_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(outranking, "GAUSSIAN_LIMIT", 5)
    with pytest.raises(ParameterError, match="'safety' is gaussian with 6 alternatives, allowed 5"):
        promethee(brans.LEVELS, **STATIONS)


@pytest.mark.parametrize(
    ("cell", "match"),
    [
        ({"shape": "v shape", "p": 1}, r"shape is 'v shape'. Known: usual, .*Did you mean 'v-shape'"),
        ({"shape": "linear", "p": 1}, "linear has p, allowed q and p"),
        ({"shape": "usual", "q": 1}, "usual has q, allowed none"),
        ({"shape": "gaussian"}, "gaussian has no threshold, allowed s"),
        ({"shape": "linear", "q": 3, "p": 1}, "linear has q 3 above p 1"),
        ({"shape": "u-shape", "q": -1}, "q of u-shape is -1, allowed a finite number"),
        ({"shape": "v-shape", "p": 0}, "p of v-shape is 0, allowed a finite number above 0"),
        ({"shape": "gaussian", "s": float("nan")}, "s of gaussian is nan, allowed a finite number"),
    ],
)
def test_a_preference_function_that_makes_no_sense_is_refused(cell, match):
    with pytest.raises(ParameterError, match=match):
        Preference(**cell)


def test_a_preference_for_each_criterion_is_asked_for_by_label():
    with pytest.raises(ParameterError, match="preferences: none for manpower"):
        promethee(brans.LEVELS, preferences={name: "usual" for name in list(brans.LEVELS)[1:]})
    with pytest.raises(ParameterError, match=r"promethee: 'manpower': .*shape is 'linar'.*Did you mean 'linear'"):
        promethee(brans.LEVELS, preferences="linar")


def test_relations_among_some_and_of_too_many():
    result = promethee(brans.LEVELS, **STATIONS)
    assert list(result.relations(among=["Italy", "Austria"])) == ["Italy", "Austria"]
    with pytest.raises(ParameterError, match="relations: 'Itly' is no alternative. Did you mean 'Italy'"):
        result.relations(among=["Itly"])
    many = promethee(pd.DataFrame({"x": np.arange(1001.0)}))
    with pytest.raises(ParameterError, match="relations: got 1001 alternatives, allowed 1000"):
        many.relations()
    assert many.summary().count(".") > 1


def test_a_summary_counts_the_pairs_left_incomparable_and_assumptions_name_the_functions():
    result = promethee(brans.LEVELS, **STATIONS)
    assert result.summary() == (
        "Ranking only: PROMETHEE II ranks Austria first of 6 (by net flow, 0.293), then Belgium (0.017). The numbers "
        "change with the set of alternatives and cannot be added up. PROMETHEE I leaves 6 of 15 pairs incomparable."
    )
    assert "construction: linear q=50 p=500" in result.assumptions[0]


@pytest.mark.parametrize("s", [1e-300, 1.0])
def test_a_gaussian_preference_of_a_huge_difference_is_full(s):
    answer = promethee(pd.DataFrame({"a": [1e300, 0.0]}), preferences=Preference(shape="gaussian", s=s))
    assert answer.numbers["net_flow"].tolist() == [1.0, -1.0]


@pytest.mark.parametrize("q", ["1", True, pd.NA, [1]])
def test_a_threshold_that_is_no_number_is_refused(q):
    with pytest.raises(ParameterError, match=r"preference: q of u-shape is .*, allowed a finite number above 0"):
        Preference(shape="u-shape", q=q)
