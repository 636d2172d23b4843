from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pmlib.sample import company, economics, projects
from pmlib.sample.facts import read_facts
from pmlib.sample.forms import SEED
from pmlib.sample.oracle import Model
from tests.sample.test_portfolio_side import made


@pytest.fixture(scope="module")
def roster():
    return company.roster()


@pytest.fixture(scope="module")
def drawn(roster):
    return economics.draw(roster, seed=SEED)


@pytest.fixture(scope="module")
def plans(roster, drawn):
    return projects.projects(roster, drawn, seed=SEED)


def test_overruns_of_closed_projects_have_the_stated_shape(roster):
    closed = economics.closed(roster, seed=SEED)
    assert len(closed) == 40
    assert closed["estimator_id"].value_counts().to_dict() == dict.fromkeys(("E1", "E2", "E3", "E4"), 10)
    ratio = closed["cost_ratio"]
    assert ratio.median() == pytest.approx(1.18, abs=0.01)
    assert ratio.mean() == pytest.approx(1.22, abs=0.01)
    assert (ratio > 1.5).sum() == 7


def test_noise_of_net_value_is_that_of_the_gate(drawn, plans):
    draws = [economics.noisy_net(drawn, plans, seed=SEED, draw=number).to_numpy() for number in range(400)]
    off = (np.array(draws) - drawn["net_k"].to_numpy()) / drawn["cost_k"].to_numpy()
    late = (drawn["project_id"].map(plans.set_index("project_id")["gate"]) >= 3).to_numpy()
    assert late.sum() == 26
    assert off[:, late].std() == pytest.approx((0.3**2 + 0.05**2) ** 0.5, abs=0.01)
    # Where no floor is near, the spread is the planted one; the floor cuts the lower tail of the others.
    safe = ~late & (drawn["net_k"] > 2.8 * drawn["cost_k"]).to_numpy()
    assert np.quantile(off[:, safe], 0.9) == pytest.approx(2.6 * 1.2816, abs=0.15)


def test_one_number_gives_one_draw(drawn, plans):
    one, again, two = (economics.noisy_net(drawn, plans, seed=SEED, draw=number) for number in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(two)
    assert one.index.tolist() == drawn["project_id"].tolist()


def test_t4_choosing_on_noisy_values_promises_a_fifth_too_much(drawn, plans):
    facts = read_facts(made())
    true, actions = Model(facts), facts.actions
    on = actions["on"].to_numpy()
    promised, came = 0.0, 0.0
    for number in range(6):
        noisy = economics.noisy_net(drawn, plans, seed=SEED, draw=number)
        shift = actions["project_id"].map(noisy - facts.net).where(on, 0.0)
        seen = actions.assign(value_k=actions["value_k"] + shift)
        plan = Model(replace(facts, actions=seen)).solve()
        promised += plan.value_k
        came += true.solve(fixed=plan.actions.to_dict()).value_k
    assert promised > 1.2 * came
