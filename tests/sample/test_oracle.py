from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
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


#: Small companies in which every kind of link, and a hold on either side of it, comes up.
SMALL = {
    "a shared benefit": ["P05", "P12", "P19", "P13", "P49", "P22", "P17"],
    "needs and rivals": ["P16", "P18", "P22", "P24", "P26", "P32", "P46", "P51"],
}
LATER = 1.08**-0.5


def _linked(links, *more):
    """Links of a company, and further ones given as (type, first role, second role, amount, first, second)."""
    rows = [
        {"link_id": f"M{number}", "member_id": member, "type": kind, "role": role, "amount_k": amount}
        for number, (kind, asks, asked, amount, first, second) in enumerate(more)
        for member, role in ((first, asks), (second, asked))
    ]
    return pd.concat([links, pd.DataFrame(rows)], ignore_index=True)


@pytest.mark.parametrize("ids", SMALL.values(), ids=SMALL)
def test_the_solve_is_the_best_of_all_combinations(tables, ids):
    small = _only(tables, ids)
    if "P26" in ids:
        small["links"] = _linked(
            small["links"],
            ("requires_finished", "needs", "needed", 0.0, "P16", "P22"),
            ("excludes", "member", "member", 0.0, "P24", "P26"),
            ("synergy", "member", "member", -80.0, "P18", "P24"),
        )
    facts = read_facts(small)
    model = Model(facts)
    choices = [facts.actions.loc[facts.actions["project_id"] == name, "action"].tolist() for name in facts.projects]
    coefficients, _, high = model.matrix(("budget",))
    place = {(row.project_id, row.action): number for number, row in enumerate(facts.actions.itertuples())}
    worth = []
    for actions in product(*choices):
        taken = dict(zip(facts.projects, actions, strict=True))
        columns = [place[pair] for pair in taken.items()]
        used = facts.people[columns].sum(axis=0) - facts.capacity["person_months"].to_numpy()
        paid = (coefficients[:, columns].sum(axis=1) <= high + 1e-9).all()
        if paid and (used <= facts.capacity["hire_limit_pm"] + 1e-9).all() and _allowed(facts.links, taken):
            hired = float((used.clip(min=0) * facts.capacity["hire_cost_k"]).sum())
            worth.append(_worth(facts, taken) - hired)
    assert len(worth) > 20
    assert solve(small).value_k == pytest.approx(max(worth), abs=1e-6)


def _state(taken, name):
    """2 on, 1 held, 0 neither: what a requirement compares, now and in the end."""
    return {"keep": 2, "start": 2, "hold": 1}.get(taken.get(name, ""), 0)


def _allowed(links, taken):
    """Whether a combination keeps every requirement and every alternative, told by hand."""
    for _, link in links.groupby("link_id"):
        state = {row.role: _state(taken, row.member_id) for row in link.itertuples()}
        kind = link["type"].iloc[0]
        if kind.startswith("requires") and state["needs"] > state["needed"]:
            return False
        if kind == "excludes" and sum(_state(taken, name) > 0 for name in link["member_id"]) > 1:
            return False
    return True


def _worth(facts, taken):
    """Value of one combination with its links, added up by hand."""
    own = facts.actions.set_index(["project_id", "action"])["value_k"]
    total = sum(own[pair] for pair in taken.items())
    for _, link in facts.links.groupby("link_id"):
        states = [_state(taken, name) for name in link["member_id"]]
        amount = float(link["amount_k"].iloc[0])
        if link["type"].iloc[0] == "synergy":
            total += amount * (min(states) >= (2 if amount > 0 else 1))
        elif link["type"].iloc[0] == "overlap":
            claims = [
                facts.chance[row.member_id] * row.amount_k * {0: 0.0, 1: LATER, 2: 1.0}[state]
                for row, state in zip(link.itertuples(), states, strict=True)
            ]
            total -= sum(claims) - max(claims)
    return total


def _roomy(tables, ids, *links):
    """Some projects with room for all of them and these links alone."""
    small = _only(tables, ids)
    small["budgets"] = tables["budgets"].assign(capex_k=1e6, opex_k=1e6)
    small["capacity"] = tables["capacity"].assign(person_months=1e3)
    return Model(read_facts(small | {"links": _linked(tables["links"].iloc[:0], *links)}))


def _possible(model, **fixed):
    try:
        model.solve(fixed=fixed)
    except SolverError:
        return False
    return True


def test_a_held_project_still_needs_what_it_needs(tables):
    model = _roomy(tables, ["P22", "P24"], ("requires_active", "needs", "needed", 0.0, "P22", "P24"))
    model.solve(fixed={"P22": "hold", "P24": "keep"})
    model.solve(fixed={"P22": "hold", "P24": "hold"})
    assert not _possible(model, P22="keep", P24="hold")
    model = _roomy(tables, ["P22", "P26"], ("requires_finished", "needs", "needed", 0.0, "P22", "P26"))
    assert not _possible(model, P22="hold", P26="stop")


def test_a_held_project_and_its_alternative_never_both_go_on(tables):
    model = _roomy(tables, ["P01", "P26"], ("excludes", "member", "member", 0.0, "P01", "P26"))
    model.solve(fixed={"P01": "decline", "P26": "hold"})
    assert not _possible(model, P01="start", P26="hold")


def test_a_joint_penalty_is_due_from_a_held_project_and_a_joint_gain_is_not_paid_to_it(tables):
    fixed = {"P22": "hold", "P49": "start"}
    alone = _roomy(tables, ["P22", "P49"]).solve(fixed=fixed).value_k
    for amount, counted in ((-80.0, -80.0), (80.0, 0.0)):
        model = _roomy(tables, ["P22", "P49"], ("synergy", "member", "member", amount, "P22", "P49"))
        assert model.solve(fixed=fixed).value_k - alone == pytest.approx(counted, abs=1e-6)


@pytest.mark.parametrize(
    ("P12", "P19", "lost"),
    [("keep", "hold", LATER), ("hold", "hold", LATER), ("keep", "keep", 1.0), ("stop", "hold", 0.0)],
)
def test_a_held_project_shares_a_benefit_later_and_one_claim_counts(tables, P12, P19, lost):
    fixed = {"P12": P12, "P19": P19}
    alone = _roomy(tables, ["P12", "P19"]).solve(fixed=fixed).value_k
    small = _roomy(tables, ["P12", "P19"], ("overlap", "member", "member", 2_400.0, "P12", "P19"))
    assert alone - small.solve(fixed=fixed).value_k == pytest.approx(2_400 * lost, abs=1e-6)


def test_a_barred_action_is_not_taken(tables):
    model = _roomy(tables, ["P22"])
    assert model.solve().actions["P22"] == "keep"
    assert model.solve(barred={"P22": "keep"}).actions["P22"] == "hold"


def test_no_plan_is_an_error_and_not_a_zero(tables):
    bare = tables["budgets"].assign(capex_k=0.0, opex_k=0.0)
    with pytest.raises(SolverError, match="oracle: .*Loosen the limits"):
        solve(tables | {"budgets": bare})


def test_a_solve_takes_about_a_second(tables):
    assert solve(tables).seconds < 5
