"""A wide table of raw levels: one pass in memory, one expression in a database, the same numbers."""

from __future__ import annotations

import sqlite3

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError, ScaleError
from pmlib.scoring.additive import score
from pmlib.scoring.values import criteria
from pmlib.scoring.wide_table import additive_expression, additive_values

OBJECTIVES = pd.DataFrame({
    "objective_id": ["reach", "delay", "fit", "grip", "calm", "stage"],
    "name": ["Reach", "Delay", "Fit", "Grip", "Calm", "Stage"],
    "direction": ["maximise", "minimise", "maximise", "maximise", "minimise", "maximise"],
    "value_function": ["linear", "linear", "piecewise", "exponential", "exponential", "categorical"],
    "worst": [0.0, 40.0, 1.0, 0.0, 9.0, 1.0],
    "best": [200.0, 5.0, 5.0, 10.0, 1.0, 3.0],
    "points": ["", "", "1=0; 2=10; 4=75; 5=100", "", "", "1=0; 2=60; 3=100"],
    "mid": [np.nan, np.nan, np.nan, 2.5, 5.0001, np.nan],
    "outside": ["clip", "refuse", "refuse", "clip", "refuse", "refuse"],
})
WEIGHTS = {"reach": 30, "delay": 20, "fit": 20, "grip": 10, "calm": 10, "stage": 10}
LINEAR = OBJECTIVES[:2]


def _levels(n: int, *, seed: int, missing: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "reach": rng.uniform(-20, 230, n), "delay": rng.uniform(5, 40, n), "fit": rng.uniform(1, 5, n),
        "grip": rng.uniform(-1, 11, n), "calm": rng.uniform(1, 9, n), "stage": rng.integers(1, 4, n).astype(float),
    })
    return frame.mask(rng.random(frame.shape) < missing)


def _by_hand(levels: pd.DataFrame) -> pd.DataFrame:
    """Score through the ordinary tables, one row per project and criterion."""
    long = levels.rename_axis("project_id").reset_index().melt("project_id", var_name="objective_id",
                                                               value_name="raw_level")
    long["project_id"] = long["project_id"].map("{:05d}".format)
    card = score({"objectives": OBJECTIVES, "scores": long}, weights=WEIGHTS)
    return card.table.set_index("project_id").sort_index()[["value", "low", "high"]].reset_index(drop=True)


def test_equals_the_scorecard_with_every_value_function_and_missing_levels():
    levels = _levels(300, seed=1, missing=0.1)
    got = additive_values(levels, criteria({"objectives": OBJECTIVES}), weights=WEIGHTS)
    pd.testing.assert_frame_equal(got, _by_hand(levels), check_exact=False, rtol=0, atol=1e-9)
    assert (got["low"] < got["high"]).any()


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_the_expression_in_a_database_equals_the_frame(engine, missing, tmp_path):
    levels = _levels(2_000, seed=2, missing=missing).rename_axis("row").reset_index()
    if engine == "duckdb":
        connection = ibis.duckdb.connect()
        table = connection.create_table("levels", levels)
    else:
        with sqlite3.connect(tmp_path / "levels.sqlite") as file:
            levels.to_sql("levels", file, index=False)
        connection = ibis.sqlite.connect(tmp_path / "levels.sqlite")
        table = connection.table("levels")
    tree = criteria({"objectives": OBJECTIVES})
    expression = additive_expression(table, tree, weights=WEIGHTS)
    got = expression.order_by("row").select("value", "low", "high").execute()
    connection.disconnect()
    wanted = additive_values(levels[tree.leaves], tree, weights=WEIGHTS)
    pd.testing.assert_frame_equal(got.astype(float), wanted, check_exact=False, rtol=0, atol=1e-9)


def test_a_database_gives_no_value_where_a_scale_refuses_the_level():
    frame = pd.DataFrame({"reach": [1e9, 100.0, 100.0, np.inf], "delay": [20.0, 41.0, 40.0 + 1e-12, 20.0]})
    connection = ibis.duckdb.connect()
    table = connection.create_table("levels", frame)
    tree = criteria({"objectives": LINEAR})
    got = additive_expression(table, tree, weights={"reach": 1, "delay": 1}).execute()
    connection.disconnect()
    assert got["value"].isna().tolist() == [False, True, False, True]
    assert got["value"][[0, 2]].tolist() == pytest.approx([50 + 50 * 20 / 35, 25.0])


@given(st.integers(0, 10_000), st.floats(0.01, 1e4), st.floats(-1e3, 1e3))
def test_the_unit_of_a_measure_changes_nothing(seed, factor, shift):
    low, high = np.array([0.0, 5.0]), np.array([200.0, 40.0])
    levels = _levels(40, seed=seed)[["reach", "delay"]].to_numpy().clip(low, high)
    other = LINEAR.assign(worst=factor * LINEAR["worst"] + shift, best=factor * LINEAR["best"] + shift)
    # Rounding may move a level past an end of its scale by a hair.
    moved = (factor * levels + shift).clip(factor * low + shift, factor * high + shift)
    first, second = (
        additive_values(pd.DataFrame(array, columns=["reach", "delay"]), criteria({"objectives": objectives}),
                        weights={"reach": 3.0, "delay": 2.0})
        for array, objectives in ((levels, LINEAR), (moved, other))
    )
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-7)


def test_blocks_do_not_show():
    levels = _levels(40_000, seed=3)[["reach", "delay"]].clip(lower=6.0)
    tree, weights = criteria({"objectives": LINEAR}), {"reach": 1.0, "delay": 4.0}
    whole = additive_values(levels, tree, weights=weights)
    parts = pd.concat([additive_values(levels[i:i + 777], tree, weights=weights) for i in range(0, 40_000, 777)])
    pd.testing.assert_frame_equal(whole, parts, check_exact=False, rtol=0, atol=1e-11)


def test_one_missing_level_leaves_the_other_rows_alone():
    levels = pd.DataFrame({"reach": [100.0, 50.0], "delay": [np.nan, 5.0]})
    got = additive_values(levels, criteria({"objectives": LINEAR}), weights={"reach": 50, "delay": 50})
    assert got.to_numpy().tolist() == [[50.0, 25.0, 75.0], [62.5, 62.5, 62.5]]


def test_columns_are_found_by_name_and_others_left_aside():
    levels = pd.DataFrame({"owner": ["R1", "R2"], "delay": [5, 40], "reach": [200, 0]}, index=["A", "B"])
    got = additive_values(levels, criteria({"objectives": LINEAR}), weights={"reach": 70, "delay": 30})
    assert got["value"].to_dict() == {"A": 100.0, "B": 0.0}


def test_an_empty_table_has_no_values():
    nothing = pd.DataFrame({"reach": [], "delay": []}, dtype=float)
    got = additive_values(nothing, criteria({"objectives": LINEAR}), weights={"reach": 1, "delay": 1})
    assert got.empty and list(got.columns) == ["value", "low", "high"]


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"delay": [41.0, 5.0]}, ScaleError, r"row 'A', 'delay': got 41, allowed 5 to 40"),
    ({"reach": [np.inf, 5.0]}, ScaleError, r"row 'A', 'reach': got inf"),
    ({"reach": ["many", "few"]}, ParameterError, r"column 'reach' is str, allowed numbers"),
])
def test_levels_that_mean_nothing_are_refused_by_name(change, error, message):
    levels = pd.DataFrame({"reach": [1.0, 2.0], "delay": [10.0, 20.0]}, index=["A", "B"]).assign(**change)
    with pytest.raises(error, match=message):
        additive_values(levels, criteria({"objectives": LINEAR}), weights={"reach": 1, "delay": 1})


def test_a_leaf_without_a_column_is_refused_with_the_near_name():
    tree = criteria({"objectives": LINEAR})
    with pytest.raises(ParameterError, match=r"0 columns 'reach', allowed 1.*Did you mean 'reech'"):
        additive_values(pd.DataFrame({"reech": [1.0], "delay": [6.0]}), tree, weights={"reach": 1, "delay": 1})
    with pytest.raises(ParameterError, match="0 columns 'delay', allowed 1"):
        additive_expression(ibis.memtable({"reach": [1.0]}), tree, weights={"reach": 1, "delay": 1})


def test_the_table_and_its_labels_are_left_as_they_are():
    levels = _levels(5, seed=4)
    before = levels.copy(deep=True)
    got = additive_values(levels, criteria({"objectives": OBJECTIVES}), weights=WEIGHTS)
    pd.testing.assert_frame_equal(levels, before)
    assert got.index.equals(levels.index)


def test_what_is_no_frame_and_no_database_table_is_refused():
    tree = criteria({"objectives": LINEAR})
    weights = dict.fromkeys(tree.leaves, 1)
    with pytest.raises(ParameterError, match=r"levels: got a ndarray, allowed a DataFrame"):
        additive_values(np.ones((2, 2)), tree, weights=weights)
    with pytest.raises(ParameterError, match=r"table: got a DataFrame, allowed a Table\. Score"):
        additive_expression(pd.DataFrame(1.0, index=[0], columns=tree.leaves), tree, weights=weights)


@pytest.mark.parametrize("cells", [[1j, 2j], pd.to_datetime(["2020-01-01", "2021-01-01"]), ["1", "2"]])
def test_a_column_of_something_else_than_numbers_is_refused(cells):
    tree = criteria({"objectives": LINEAR})
    levels = pd.DataFrame({leaf: cells for leaf in tree.leaves})
    with pytest.raises(ParameterError, match=r"levels: column 'reach' is .*, allowed numbers"):
        additive_values(levels, tree, weights=dict.fromkeys(tree.leaves, 1))
