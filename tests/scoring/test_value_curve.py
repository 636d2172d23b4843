"""The value-for-money curve."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.scoring import Scorecard, score, value_for_money


def _projects(pairs):
    ids = [f"P{i}" for i in range(len(pairs))]
    gains, costs = zip(*pairs, strict=True)
    return pd.DataFrame({"project_id": ids, "name": ids, "increment": np.array(gains, float), "cost_k": costs})


def test_free_projects_come_first_then_points_per_cost():
    table = value_for_money(_projects([(10, 100.0), (9, 30.0), (2, 0.0), (5, 0.0), (20, 100.0)])).to_frame()
    assert table["project_id"].to_list() == ["P3", "P2", "P1", "P4", "P0"]
    assert table["cum_cost_k"].to_list() == [0.0, 0.0, 30.0, 130.0, 230.0]
    assert table["cum_value"].to_list() == [5.0, 7.0, 16.0, 36.0, 46.0]
    assert table["place"].to_list() == [1, 2, 3, 4, 5]
    assert table["hull"].to_list() == [False, True, True, True, True]


def test_columns_are_those_promised(make_tables):
    columns = ["place", "project_id", "name", "increment", "cost_k", "points_per_k", "cum_cost_k", "cum_value"]
    assert score(make_tables()).value_for_money().to_frame().columns.to_list() == [*columns, "hull"]


def test_equal_points_per_cost_lie_on_one_line_with_a_corner_at_its_end():
    table = value_for_money(_projects([(10, 10.0), (20, 20.0), (1, 10.0), (30, 30.0)])).to_frame()
    assert table["hull"].to_list() == [False, False, True, True]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=2, max_size=9))
def test_corners_are_those_of_the_hull_of_every_possible_choice(pairs):
    table = value_for_money(_projects([(gain, float(cost)) for gain, cost in pairs])).to_frame()
    chosen = [
        (sum(c for (_, c), take in zip(pairs, takes, strict=True) if take),
         sum(g for (g, _), take in zip(pairs, takes, strict=True) if take))
        for takes in itertools.product([0, 1], repeat=len(pairs))
    ]  # fmt: skip
    # Two far corners keep the hull two-dimensional and out of the way of its upper left side.
    spare = [(2.0 * chosen[-1][0], -1.0), (2.0 * chosen[-1][0], float(chosen[-1][1])), (0.0, -1.0)]
    cloud = np.array([*chosen, *spare], dtype=float)
    hull = {tuple(corner) for corner in cloud[ConvexHull(cloud).vertices]} - {*spare, (0.0, 0.0)}
    corners = table[table["hull"]]
    assert {(row.cum_cost_k, row.cum_value) for row in corners.itertuples()} == hull


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=8))
def test_no_other_choice_brings_more_points_at_the_steps_of_the_curve(pairs):
    table = value_for_money(_projects([(gain, float(cost)) for gain, cost in pairs])).to_frame()
    sums = [
        np.array([pair for pair, take in zip(pairs, takes, strict=True) if take] or [(0, 0)]).sum(axis=0)
        for takes in itertools.product([0, 1], repeat=len(pairs))
    ]
    for row in table.itertuples():
        assert max(gain for gain, cost in sums if cost <= row.cum_cost_k) == row.cum_value


def test_between_two_steps_another_choice_may_bring_more_and_nothing_claims_otherwise():
    table = value_for_money(_projects([(10, 10.0), (18, 20.0)])).to_frame()
    # With 20 thousand the curve stands at its first step, 10 points; the other project alone brings 18.
    assert table.loc[table["cum_cost_k"] <= 20, "cum_value"].max() == 10
    for told in (value_for_money, Scorecard.value_for_money):
        assert "every budget" not in told.__doc__
        assert "own steps" in told.__doc__


def test_projects_that_add_nothing_or_cost_an_unknown_sum_are_left_out_with_a_note():
    bought = value_for_money(_projects([(10, 100.0), (-4, 30.0), (0, 5.0), (5, np.nan)]))
    assert bought.to_frame()["project_id"].to_list() == ["P0"]
    assert bought.notes == ("P1, P2 left out: no points over doing nothing.", "P3 left out: cost unknown.")
    assert bought.summary().endswith("P1, P2 left out: no points over doing nothing. P3 left out: cost unknown.")


def test_unknown_cost_everywhere_is_refused(make_tables):
    with pytest.raises(MissingTableError, match=r"needs the cost of at least one project.*Add the table 'projects'"):
        score(make_tables(projects=None)).value_for_money()


def test_answer_is_said_in_a_sentence():
    bought = value_for_money(_projects([(80, 100.0), (15, 200.0), (5, 700.0)]), currency="CHF")
    assert bought.summary() == (
        "All 3 projects cost 1,000 thousand CHF and add 100 points; the first 1 bring 80 % of them for 100 thousand "
        "(10 %)."
    )
    assert bought.headline() == {
        "1,000 k": "CHF for all 3 projects",
        "10 %": "of that money buys the first 80 % of the points",
    }
    assert repr(bought) == "<ValueForMoney: 3 projects, 100 points for 1,000 kCHF; first P0>"


def test_empty_and_free_answers_are_said():
    nothing = value_for_money(_projects([(-1, 10.0)]))
    assert nothing.summary() == "No project adds points over doing nothing. P0 left out: no points over doing nothing."
    assert nothing.headline() == {"0": "projects add points over doing nothing"}
    assert repr(nothing) == "<ValueForMoney: no project adds points>"
    assert value_for_money(_projects([(1, 0.0)])).headline() == {"0 k": "EUR for all 1 projects"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost_k": -1.0}, r"projects: cost_k of A is -1\.0, allowed thousands, 0 or more"),
        ({"cost_k": "cheap"}, r"projects: cost_k of A is 'cheap', allowed thousands"),
        ({"increment": None}, r"projects: increment of A is nan, allowed points, a finite number\. Correct"),
        ({"increment": float("inf")}, r"projects: increment of A is inf, allowed points"),
        ({"project_id": "B"}, r"projects: project_id 'B' stands in 2 rows"),
    ],
)
def test_a_bad_row_is_refused_by_name(change, message):
    rows = [{"project_id": "A", "name": "A", "increment": 5.0, "cost_k": 1.0} | change,
            {"project_id": "B", "name": "B", "increment": 4.0, "cost_k": 2.0}]
    with pytest.raises(SchemaError, match=message):
        value_for_money(pd.DataFrame(rows))


def test_projects_without_a_column_or_a_frame_are_refused():
    with pytest.raises(SchemaError, match=r"projects: column 'cost_k' is missing\."):
        value_for_money(pd.DataFrame({"project_id": ["A"], "name": ["A"], "increment": [1.0]}))
    with pytest.raises(ParameterError, match=r"projects: got a list, allowed a DataFrame"):
        value_for_money([1])
