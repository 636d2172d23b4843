"""The relaxation kept loaded gives what solving anew gives, and infeasibility is told."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.errors import SolverError
from pmlib.portfolio import Policy
from pmlib.portfolio.model import Rows, solve
from pmlib.portfolio.plans import Change, changed
from pmlib.portfolio.problem import compile_problem
from pmlib.portfolio.relaxation import Relaxation


def test_each_question_is_answered_as_if_it_were_the_only_one(make_tables):
    model = compile_problem(make_tables(4), policy=Policy(mix="off")).model
    loaded = Relaxation(model)
    for column in (0, 5, 0, 3):
        value, x = loaded.without(np.array([column, column + 1]))
        alone = solve(changed(model, Change(fixed=((column, 0.0), (column + 1, 0.0)))).relaxed())
        if not alone.found:
            assert (value, len(x)) == (-np.inf, 0)
            continue
        assert value == pytest.approx(alone.value, rel=1e-7)
        assert model.objective @ x == pytest.approx(value, rel=1e-9)
        assert x[column] == x[column + 1] == 0.0
        assert not len(model.broken(model.activity(x)))


def test_numbers_far_too_large_are_told():
    rows = Rows()
    rows.add([("a",)], ([0], [0], [1.0]), lower=0.0)
    with pytest.raises(SolverError, match="ended a linear relaxation with 'Unbounded.*too large"):
        Relaxation(rows.build(objective=[1.0, 1.0], upper=[np.inf, 1.0], integer=[False, False])).without(np.array([1]))
