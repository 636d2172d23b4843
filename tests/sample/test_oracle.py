from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pmlib.errors import SolverError
from pmlib.sample.facts import _later, read_facts
from pmlib.sample.oracle import Model, solve


def test_a_delay_moves_its_part_of_the_year():
    assert _later(np.array([12.0, 0, 0]), 6).tolist() == [6, 6, 0]
    assert _later(np.array([12.0, 0, 0]), 18).tolist() == [0, 6, 6]
    assert _later(np.array([12.0, 24, 0]), 0).tolist() == [12, 24, 0]


def _only(tables, ids):
    """The company with these projects alone, and nothing else to decide."""
    small = {
        name: tables[name][tables[name]["project_id"].isin(ids)]
        for name in ("projects", "options", "cash_flows", "estimates", "demand")
    }
    small["links"] = tables["links"][
        tables["links"].groupby("link_id")["member_id"].transform(lambda m: m.isin(ids).all())
    ]
    budgets = tables["budgets"].copy()
    budgets[["capex_k", "opex_k"]] *= 0.22
    capacity = tables["capacity"].copy()
    capacity["person_months"] *= 0.45
    free = tables["mix_targets"].assign(floor_share=0.0, ceiling_share=1.0)
    return tables | small | {"budgets": budgets, "capacity": capacity, "mix_targets": free}


def test_the_solve_is_the_best_of_all_combinations(tables):
    ids = ["P05", "P12", "P19", "P13", "P49", "P22", "P17"]
    small = _only(tables, ids)
    facts = read_facts(small)
    model = Model(facts)
    choices = [facts.actions.loc[facts.actions["project_id"] == name, "action"].tolist() for name in facts.projects]
    reached = []
    coefficients, _, high = model.matrix(("choose", "budget"))
    for actions in product(*choices):
        fixed = dict(zip(facts.projects, actions, strict=True))
        x = np.zeros(coefficients.shape[1])
        wanted = [fixed[row.project_id] == row.action for row in facts.actions.itertuples()]
        x[: len(wanted)] = wanted
        used = np.maximum(facts.people.T @ x[: len(wanted)] - facts.capacity["person_months"].to_numpy(), 0)
        fits = (coefficients @ x <= high + 1e-9).all() and (used <= facts.capacity["hire_limit_pm"] + 1e-9).all()
        if fits:
            reached.append(_worth(facts, fixed) - float((used * facts.capacity["hire_cost_k"]).sum()))
    assert len(reached) > 20
    assert solve(small).value_k == pytest.approx(max(reached), abs=1e-6)


def _worth(facts, fixed):
    """Value of one combination with its links, added up by hand."""
    on = {name for name, action in fixed.items() if action in ("keep", "start")}
    own = facts.actions.set_index(["project_id", "action"])["value_k"]
    total = sum(own[name, action] for name, action in fixed.items())
    # One benefit of 2,400 counts once; P13 with P49 gains 90, P22 with P49 costs 80.
    total -= 2_400 * max(0, len(on & {"P05", "P12", "P19"}) - 1)
    return total + 90 * ({"P13", "P49"} <= on) - 80 * ({"P22", "P49"} <= on)


def test_no_plan_is_an_error_and_not_a_zero(tables):
    bare = tables["budgets"].assign(capex_k=0.0, opex_k=0.0)
    with pytest.raises(SolverError, match="oracle: .*Loosen the limits"):
        solve(tables | {"budgets": bare})


def test_a_solve_takes_about_a_second(tables):
    assert solve(tables).seconds < 5
