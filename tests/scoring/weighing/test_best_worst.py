"""The best-worst method: the linear model is solved to its one optimum."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pmlib.errors import ParameterError
from pmlib.scoring import score
from pmlib.scoring.weighing.best_worst import best_worst
from tests.published import rezaei


def _programme(to_others, to_worst, best, worst):
    """Rows A and bounds b of A [weights, ksi] <= b."""
    n = len(to_others)
    eye, rows = np.eye(n + 1), []
    for j in range(n):
        for gap in (eye[best] - to_others[j] * eye[j], eye[j] - to_worst[j] * eye[worst]):
            rows += [gap - eye[n], -gap - eye[n]]
    return np.array(rows), np.append(np.ones(n), 0.0)[np.newaxis]


def _solve(cost, rows, total, ceiling=None):
    bounds = [(0, None)] * (rows.shape[1] - 1) + [(0, ceiling)]
    return linprog(cost, A_ub=rows, b_ub=np.zeros(len(rows)), A_eq=total, b_eq=[1], bounds=bounds, method="highs")


def _ask(to_others, to_worst, best, worst):
    names = [f"c{j}" for j in range(len(to_others))]
    return best_worst(names[best], names[worst], best_to_others=dict(zip(names, to_others, strict=True)),
                      others_to_worst=dict(zip(names, to_worst, strict=True)))


@st.composite
def comparisons(draw):
    n = draw(st.integers(2, 6))
    direct = draw(st.integers(1, 9))
    to_others, to_worst = (np.array(draw(st.lists(st.integers(1, direct), min_size=n, max_size=n)), float)
                           for _ in range(2))
    best, worst = draw(st.permutations(range(n)))[:2]
    to_others[best] = to_worst[worst] = 1
    to_others[worst] = to_worst[best] = direct
    return to_others, to_worst, best, worst


@pytest.mark.parametrize(("asked", "weights", "ksi"), [
    (rezaei.TRANSPORT, rezaei.TRANSPORT_WEIGHTS, rezaei.TRANSPORT_KSI), (rezaei.CAR, rezaei.CAR_WEIGHTS, 0.0)])
def test_linear_model_of_rezaei_2016(asked, weights, ksi):
    found = best_worst(asked["best"], asked["worst"], best_to_others=asked["best_to_others"],
                       others_to_worst=asked["others_to_worst"])
    assert found.weights.to_dict() == pytest.approx(weights, abs=5e-5)
    assert found.ksi == pytest.approx(ksi, abs=5e-5)


@settings(max_examples=40, deadline=None)
@given(comparisons())
def test_no_feasible_weights_are_better_and_none_are_as_good(asked):
    found = _ask(*asked)
    rows, total = _programme(*asked)
    point = np.append(found.weights.to_numpy(), found.ksi)
    assert (rows @ point).max() <= 1e-12
    n = len(point) - 1
    assert _solve(np.eye(n + 1)[n], rows, total).fun == pytest.approx(found.ksi, abs=1e-9)
    for j in range(n):
        ends = [sign * _solve(sign * np.eye(n + 1)[j], rows, total, found.ksi + 1e-12).fun for sign in (1, -1)]
        assert ends == pytest.approx([point[j]] * 2, abs=1e-6)


def test_every_corner_of_a_small_programme_is_no_better():
    asked = (np.array([1.0, 2, 8]), np.array([8.0, 5, 1]), 0, 2)
    rows, total = _programme(*asked)
    lower = np.vstack([rows, -np.eye(4)])
    values = []
    for three in itertools.combinations(range(len(lower)), 3):
        system = np.vstack([lower[list(three)], total])
        if abs(np.linalg.det(system)) > 1e-9:
            corner = np.linalg.solve(system, [0, 0, 0, 1])
            values += [corner[3]] if (lower @ corner).max() <= 1e-9 else []
    assert min(values) == pytest.approx(_ask(*asked).ksi)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_consistent_comparisons_give_the_weights_back_in_any_order(raw, random):
    parts = np.array(raw, float)
    names = [f"c{j}" for j in range(len(raw))]
    best, worst = int(parts.argmax()), int(len(raw) - 1 - parts[::-1].argmin())
    if best == worst and len(raw) > 1:
        best, worst = 0, 1
    order = random.sample(range(len(raw)), len(raw))
    found = best_worst(names[best], names[worst],
                       best_to_others={names[j]: parts[best] / parts[j] for j in order},
                       others_to_worst={names[j]: parts[j] / parts[worst] for j in order})
    assert found.weights[names].to_list() == pytest.approx((parts / parts.sum()).tolist())
    assert found.ksi == pytest.approx(0, abs=1e-9)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert found.most_inconsistent == ""


def test_input_based_ratio_is_the_largest_and_its_criterion_is_named():
    found = _ask([1, 2, 4, 8], [8, 5, 4, 1], 0, 3)
    # |2 x 5 - 8| and |4 x 4 - 8| over 8 x 8 - 8.
    assert found.to_frame().set_index("criterion")["consistency_ratio"].to_dict() == pytest.approx(
        {"c2": 8 / 56, "c1": 2 / 56, "c0": 0, "c3": 0})
    assert found.consistency_ratio == pytest.approx(1 / 7)
    assert found.most_inconsistent == "c0 is 4 times c2 and c2 4 times c3, which makes 16, against 8 given directly"
    assert found.summary().endswith(f"1 the worst possible); ask again first: {found.most_inconsistent}.")
    assert found.headline() == {"51 %": "weight of c0, the best", "0.14": "consistency ratio (0 is consistent)"}


def test_two_criteria_are_always_consistent_and_one_has_all_the_weight():
    two = best_worst("a", "b", best_to_others={"b": 3}, others_to_worst={"a": 3})
    assert two.weights.to_dict() == pytest.approx({"a": 0.75, "b": 0.25})
    assert (two.ksi, two.consistency_ratio) == (0, 0)
    one = best_worst("a", "a", best_to_others={}, others_to_worst={})
    assert one.weights.to_dict() == {"a": 1.0}
    assert one.summary().startswith("a (100 %) is the only criterion; ksi is 0.000")


def test_weights_score_a_company_and_series_serve_as_well(make_tables):
    vectors = {"best_to_others": {"fit": 2, "risk": 4}, "others_to_worst": {"reach": 4, "fit": 2}}
    found = best_worst("reach", "risk", **vectors)
    again = best_worst("reach", "risk", **{name: pd.Series(cells) for name, cells in vectors.items()})
    pd.testing.assert_series_equal(found.weights, again.weights)
    card = score(make_tables(), weights=found.weights)
    assert card.weights.to_dict() == pytest.approx({"reach": 4 / 7, "fit": 2 / 7, "risk": 1 / 7})
    assert repr(found) == "<BestWorstWeights: reach 0.571, fit 0.286, risk 0.143; ksi 0, consistency ratio 0.00>"


@pytest.mark.parametrize(("change", "message"), [
    ({"worst": "a"}, r"best and worst are both 'a', allowed two of a, b, c"),
    ({"best_to_others": {"b": 2}}, r"best_to_others: none for c"),
    ({"best_to_others": {"b": 2, "c": 4, "d": 2}}, r"best_to_others: 'd' is no criterion"),
    ({"others_to_worst": {"a": 4, "bb": 2}}, r"'b' is no criterion.*Did you mean 'bb'"),
    ({"best_to_others": {"b": 0.5, "c": 4}}, r"'b' has 0\.5, allowed a finite number of 1 or more"),
    ({"best_to_others": {"b": float("nan"), "c": 4}}, r"'b' has nan, allowed a finite"),
    ({"best_to_others": {"b": "much", "c": 4}}, r"'b' has 'much', allowed a finite"),
    ({"best_to_others": {"a": 2, "b": 2, "c": 4}}, r"'a' against itself is 2, allowed 1"),
    ({"best_to_others": {"b": 2, "c": 5}}, r"'a' against 'c' is 5 in best_to_others and 4 in others_to_worst"),
    ({"best_to_others": {"b": 6, "c": 4}}, r"best_to_others: 'b' has 6, allowed 1 to 4, best against worst"),
    ({"others_to_worst": {"a": 4, "b": 9}}, r"others_to_worst: 'b' has 9, allowed 1 to 4"),
])
def test_comparisons_that_cannot_be_are_refused(change, message):
    asked = {"best": "a", "worst": "c", "best_to_others": {"b": 2, "c": 4}, "others_to_worst": {"a": 4, "b": 2}}
    asked |= change
    with pytest.raises(ParameterError, match=message):
        best_worst(asked.pop("best"), asked.pop("worst"), **asked)


def test_the_vectors_passed_in_are_not_changed():
    to_others, to_worst = pd.Series({"b": 2, "c": 4}, dtype=object), {"a": 4, "b": 2}
    first = best_worst("a", "c", best_to_others=to_others, others_to_worst=to_worst)
    second = best_worst("a", "c", best_to_others=to_others, others_to_worst=to_worst)
    assert (to_others.to_dict(), to_worst) == ({"b": 2, "c": 4}, {"a": 4, "b": 2})
    pd.testing.assert_frame_equal(first.table, second.table)


@pytest.mark.parametrize("end", [None, 3, ["a"], np.nan])
def test_an_end_that_is_no_name_is_refused(end):
    with pytest.raises(ParameterError, match=r"best: got a .*, allowed a str\. Name the criterion"):
        best_worst(end, "b", best_to_others={"b": 2}, others_to_worst={"a": 2})


@pytest.mark.parametrize("row", [[1, 2], 3, {"a"}, pd.DataFrame()])
def test_comparisons_without_labels_are_refused(row):
    with pytest.raises(ParameterError, match=r"best_to_others: got a .*, allowed a mapping or a Series"):
        best_worst("a", "b", best_to_others=row, others_to_worst={"a": 2})


@pytest.mark.parametrize("cell", [10**400, 1j, np.float64("nan")])
def test_a_comparison_that_is_no_usable_number_is_refused(cell):
    with pytest.raises(ParameterError, match=r"best_to_others: 'b' has (?!np\.).*, allowed a finite number"):
        best_worst("a", "b", best_to_others={"b": cell}, others_to_worst={"a": 2})
