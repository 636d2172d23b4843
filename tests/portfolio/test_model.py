"""The solver layer on its own: names, sparse rows, proof, prices, relaxation."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pmlib.errors import SolverError
from pmlib.portfolio.model import Rows, Status, as_highs, elastic, solve


def knapsack(budget=4.0):
    rows = Rows()
    rows.add([("budget",)], ([0, 0, 0], [0, 1, 2], [3.0, 2.0, 2.0]), upper=budget)
    rows.add([("atleast",)], ([0, 0, 0], [0, 1, 2], 1.0), lower=1.0)
    return rows.build(objective=[5.0, 3.0, 3.5], upper=np.ones(3), integer=np.ones(3, bool))


def test_solves_a_small_knapsack_and_proves_it():
    answer = solve(knapsack())
    assert answer.status is Status.PROVED
    assert answer.value == pytest.approx(6.5)
    assert answer.x.round().tolist() == [0, 1, 1]
    assert answer.gap == 0.0


def test_rows_are_sorted_by_name_and_equal_entries_add_up():
    rows = Rows()
    rows.add([("b",), ("a",)], ([0, 1, 1], [0, 0, 0], [1.0, 2.0, 3.0]), upper=[1.0, 9.0])
    rows.add([], ([], [], []))
    model = rows.build(objective=[1.0], upper=[10.0], integer=[False])
    assert model.names == (("a",), ("b",))
    assert model.entry_value.tolist() == [5.0, 1.0]
    assert model.row(("b",)) == 1
    assert model.rows("a").tolist() == [0]
    assert model.activity(np.array([2.0])).tolist() == [10.0, 2.0]
    assert model.broken(np.array([9.0 + 1e-9, 2.0])).tolist() == [1]
    rows_of, values = model.column(0)
    assert (rows_of.tolist(), values.tolist()) == ([0, 1], [5.0, 1.0])


def test_entries_that_come_to_nothing_are_left_out():
    rows = Rows()
    rows.add([("a",), ("b",)], ([0, 0, 1], [0, 0, 1], [2.0, -2.0, 1.0]), upper=1.0)
    model = rows.build(objective=[1.0, 1.0], upper=[1.0, 1.0], integer=[False, False])
    assert (model.entry_row.tolist(), model.entry_column.tolist(), model.entry_value.tolist()) == ([1], [1], [1.0])


def test_highs_gets_every_number_of_the_model():
    model = knapsack()
    lp = as_highs(model).getLp()
    starts, rows, values = model.by_column
    assert (list(lp.a_matrix_.start_), list(lp.a_matrix_.index_)) == (starts.tolist(), rows.tolist())
    assert list(lp.a_matrix_.value_) == values.tolist()
    assert (list(lp.col_cost_), list(lp.row_upper_)) == (model.objective.tolist(), model.row_upper.tolist())
    assert [int(kind) for kind in lp.integrality_] == [1, 1, 1]
    assert not any(int(kind) for kind in as_highs(model.relaxed()).getLp().integrality_)


def test_no_plan_is_not_a_plan_of_zeros():
    rows = Rows()
    rows.add([("least",)], ([0], [0], [1.0]), lower=2.0)
    answer = solve(rows.build(objective=[1.0], upper=[1.0], integer=[True]))
    assert answer.status is Status.INFEASIBLE
    assert not answer.found
    assert np.isnan(answer.value)


def test_prices_come_from_the_relaxation_and_are_per_unit():
    answer = solve(knapsack().relaxed())
    assert answer.prices[knapsack().row(("budget",))] == pytest.approx(5 / 3)


def test_changed_copies_leave_the_model_alone():
    model = knapsack()
    assert solve(model.without([model.row(("budget",))])).value == pytest.approx(11.5)
    assert solve(model.widened([model.row(("budget",))], 1.0)).value == pytest.approx(8.5)
    assert solve(model.fixed(0, 1.0)).value == pytest.approx(5.0)
    assert solve(model).value == pytest.approx(6.5)


def test_a_start_changes_no_value():
    assert solve(knapsack(), start=np.array([1.0, 0.0, 0.0])).value == pytest.approx(6.5)


def test_the_elastic_relaxation_gives_way_as_little_as_it_can():
    rows = Rows()
    rows.add([("budget",)], ([0, 0], [0, 1], [3.0, 2.0]), upper=1.0)
    rows.add([("choose",)], ([0, 0], [0, 1], 1.0), lower=1.0)
    model = rows.build(objective=[5.0, 4.0], upper=np.ones(2), integer=np.ones(2, bool))
    answer, amounts = elastic(model, model.rows("budget"), np.ones(1))
    assert amounts.tolist() == pytest.approx([1.0])
    assert answer.x.round().tolist() == [0, 1]
    hard, nothing = elastic(model, np.empty(0, dtype=np.int64), np.empty(0))
    assert not hard.found
    assert nothing.size == 0


def test_a_missing_solver_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    monkeypatch.delitem(sys.modules, "ortools", raising=False)
    with pytest.raises(SolverError, match="pip install highspy"):
        solve(knapsack())
    monkeypatch.setitem(sys.modules, "ortools", sys)
    with pytest.raises(SolverError, match="ortools is already loaded.*Restart the kernel"):
        solve(knapsack())


def test_nothing_is_printed(capfd):
    solve(knapsack())
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
