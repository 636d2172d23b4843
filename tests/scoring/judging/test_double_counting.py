"""Correlations between criteria: SciPy as oracle, then what is flagged and what cannot be measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.scoring import criteria, score
from pmlib.scoring.judging.double_counting import double_counting


def _tree(**measures):
    ids = list(measures) or ["a", "b", "c", "d"]
    frame = pd.DataFrame(
        {
            "objective_id": [*ids, "top", "side"],
            "name": [f"Name {leaf}" for leaf in ids] + ["Top", "Side"],
            "parent": ["top", "top", *["side"] * (len(ids) - 2), None, None],
            "measure": [*(measures.values() or [""] * len(ids)), "", ""],
            "worst": [0.0] * len(ids) + [None, None],
            "best": [9.0] * len(ids) + [None, None],
        }
    )
    return criteria({"objectives": frame})


def _points(seed=0, *, n=30, same=0.1):
    """Draw points where b follows a; with ``same`` large it does not."""
    rng = np.random.default_rng(seed)
    points = pd.DataFrame(rng.uniform(20, 80, (n, 4)), columns=list("abcd"))
    return points.assign(b=points["a"] + rng.normal(0, 100 * same, n))


def _pair(found, a, b):
    table = found.to_frame()
    return table[(table["a"] == a) & (table["b"] == b)].iloc[0]


@pytest.mark.parametrize("seed", range(5))
def test_correlations_and_intervals_are_those_of_scipy(seed):
    points = _points(seed).round(-1)
    row = _pair(double_counting(points, _tree()), "a", "b")
    rho, pearson = stats.spearmanr(points["a"], points["b"]), stats.pearsonr(points["a"], points["b"])
    assert (row["spearman"], row["pearson"]) == pytest.approx((rho.statistic, pearson.statistic))
    interval = pearson.confidence_interval()
    assert (row["pearson_low"], row["pearson_high"]) == pytest.approx((interval.low, interval.high), abs=1e-4)


def test_interval_of_spearman_is_bonett_and_wright_2000_by_hand():
    row = _pair(double_counting(_points(), _tree()), "a", "b")
    half = 1.96 * np.sqrt((1 + row["spearman"] ** 2 / 2) / 27)
    assert row["spearman_low"] == pytest.approx(np.tanh(np.arctanh(row["spearman"]) - half))
    assert row["spearman_high"] == pytest.approx(np.tanh(np.arctanh(row["spearman"]) + half))


def test_p_values_are_scipys_after_holm():
    points = _points(same=1.0)
    raw = sorted(stats.spearmanr(points[a], points[b]).pvalue for a, b in ["ab", "ac", "ad", "bc", "bd", "cd"])
    holm = np.minimum(np.maximum.accumulate(np.array(raw) * np.arange(6, 0, -1)), 1)
    assert sorted(double_counting(points, _tree()).to_frame()["p_holm"]) == pytest.approx(list(holm))


def test_a_pair_under_the_same_parent_is_flagged_first():
    points = _points().assign(d=lambda frame: frame["a"] + 0.01 * frame["c"])
    found = double_counting(points, _tree())
    assert found.flagged[["a", "b", "flag"]].to_numpy().tolist() == [
        ["a", "b", "strong, same parent"], ["a", "d", "strong"], ["b", "d", "strong"],
    ]  # fmt: skip
    assert found.summary().startswith("Name a and Name b rise and fall together, under the same parent: rank corr")
    assert "; so do 2 more pairs. A correlation is a question, not a verdict" in found.summary()
    assert found.headline() == {"3 of 6": "pairs of criteria rise and fall together"}
    assert repr(found) == "<DoubleCounting: 3 of 6 pairs flagged; 0 are money>"


def test_criteria_that_pull_apart_are_no_double_counting():
    points = _points().assign(b=lambda frame: 100 - frame["a"])
    row = _pair(double_counting(points, _tree()), "a", "b")
    assert (row["spearman"], row["spearman_low"], row["spearman_high"], row["flag"]) == (-1.0, -1.0, -1.0, "")


def test_unrelated_criteria_are_rarely_flagged_even_with_few_projects():
    flagged = [len(double_counting(_points(seed, n=8, same=9), _tree()).flagged) > 0 for seed in range(100)]
    assert np.mean(flagged) <= 0.05
    assert double_counting(_points(same=9), _tree()).summary().startswith("No rank correlation of two criteria reaches")


def test_criteria_in_money_or_chance_of_success_are_named():
    found = double_counting(_points(same=9), _tree(a="kSEK a year", b="rooms", c="chance of success", d="NPV"),
                            currency="SEK")  # fmt: skip
    assert found.money == ("a", "c", "d")
    assert found.summary().endswith(
        "Name a, Name c, Name d are money or chance of success, which the cash flows and estimates hold already."
    )
    assert found.headline()["3"] == "criteria count what the money side holds already"


def test_missing_points_leave_a_project_out_of_that_pair_only():
    points = _points()
    points.loc[:4, "a"] = np.nan
    found = double_counting(points, _tree())
    assert (_pair(found, "a", "b")["n"], _pair(found, "b", "c")["n"]) == (25, 30)
    assert _pair(found, "a", "b")["spearman"] == pytest.approx(stats.spearmanr(*points[["a", "b"]][5:].T.to_numpy())[0])


def test_points_of_a_scorecard_go_in_without_the_middle_of_unjudged_ones(make_tables):
    tables = make_tables()
    cut = tables["scores"].query("not (project_id == 'A' and objective_id == 'fit')")
    card = score({**tables, "scores": cut})
    found = double_counting(card.points.where(card.n_assessors > 0), card.tree)
    assert _pair(found, "reach", "fit")["reason"] == "both known for 3 of the 4 projects needed"
    assert _pair(found, "reach", "risk")["n"] == 4


def test_constant_criterion_few_projects_and_one_criterion_say_why():
    points = _points().assign(c=50.0)
    row = _pair(double_counting(points, _tree()), "a", "c")
    assert (row["reason"], row["flag"]) == ("every project has the same points on Name c", "")
    assert np.isnan(row[["spearman", "pearson", "p_holm"]].to_numpy(dtype=float)).all()
    few = double_counting(points.head(1), _tree())
    assert few.summary() == "No correlation between criteria is measurable (both known for 1 of the 4 projects needed)."
    one = double_counting(points[["a"]], _tree())
    assert one.summary() == "No correlation between criteria is measurable, there is only one criterion."
    assert one.headline() == {"0 of 0": "pairs of criteria rise and fall together"}


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=4, max_size=12))
def test_every_figure_lies_in_its_interval_or_says_why_not(rows):
    points = pd.DataFrame(rows, columns=["a", "b"]).astype(float)
    row = double_counting(points, _tree()).to_frame().iloc[0]
    if row["reason"]:
        assert np.isnan(row["spearman"])
    else:
        assert -1 <= row["spearman_low"] <= row["spearman"] + 1e-12 <= row["spearman_high"] + 2e-12 <= 1 + 3e-12
        assert row["pearson_low"] <= row["pearson"] + 1e-12 <= row["pearson_high"] + 2e-12


def test_wrong_input_is_refused_by_name():
    points = _points()
    with pytest.raises(ParameterError, match=r"column 'fti' of points is no leaf.*Rename it"):
        double_counting(points.rename(columns={"a": "fti"}), _tree())
    with pytest.raises(ParameterError, match=r"column 'a' of points comes twice"):
        double_counting(points[["a", "a"]], _tree())
    for strong in (0.0, 1.1, np.nan):
        with pytest.raises(ParameterError, match=rf"strong is {strong}, allowed above 0 up to 1"):
            double_counting(points, _tree(), strong=strong)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"points": [1]}, r"points: got a list, allowed a DataFrame"),
        ({"tree": {}}, r"tree: got a dict, allowed a CriteriaTree"),
        ({"currency": None}, r"currency: got a NoneType, allowed a str"),
        ({"strong": "0.7"}, r"strong is '0\.7', allowed above 0 up to 1"),
        ({"points": pd.DataFrame({"a": ["abc", 1.0]})}, r"points: 0 has 'abc' on 'a', allowed points or an empty cell"),
        ({"points": pd.DataFrame({"a": [float("inf"), 1.0]})}, r"points: 0 has .*inf.* on 'a', allowed points"),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused(given, message):
    objectives = pd.DataFrame({"objective_id": ["a", "b"], "name": ["A", "B"], "worst": 0.0, "best": 9.0})
    usual = {"points": pd.DataFrame({"a": [1.0], "b": [1.0]}), "tree": criteria({"objectives": objectives})} | given
    with pytest.raises(ParameterError, match=message):
        double_counting(usual.pop("points"), usual.pop("tree"), **usual)
