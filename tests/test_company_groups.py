"""T12: the groups of the sample company, found from the tables by the scoring and the portfolio room together."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pmlib as pm
from pmlib.errors import ParameterError
from pmlib.sample import write_large_tables
from pmlib.scoring.opinions.second_opinions import topsis
from pmlib.scoring.robust.funded import funded
from pmlib.scoring.robust.profiles import group_profiles
from tests.conftest import ROOT

FOLDER = ROOT / "data" / "quillmark"


@pytest.fixture(scope="module")
def book():
    write_large_tables(FOLDER)
    return pm.open_workbook(FOLDER)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))["truths"]["T12"]


@pytest.fixture(scope="module")
def profiles(book):
    return group_profiles(book)


def test_t12_nine_projects_flip_between_board_and_engineering_and_twenty_are_in_every_plan(profiles, truth):
    plans = profiles.plans.set_index("project_id")
    assert plans.index[plans["on_board"] != plans["on_engineering"]].tolist() == truth["flips"]
    assert plans.index[plans["verdict"] == "in every plan"].tolist() == truth["in_every"]
    assert (truth["n_flips"], truth["n_in_every"]) == (9, 20)
    assert "9 between board and engineering; 20 are in every group's plan" in profiles.summary()


def test_the_portfolio_room_and_the_companys_own_oracle_agree_on_every_groups_optimum(profiles, truth):
    optima = profiles.optima.set_index("group")
    assert optima["points"].to_dict() == pytest.approx(truth["points"], abs=0.005)
    assert (optima["status"] == "proved").all()


@pytest.mark.parametrize("group", ["board", "sales", "engineering"])
def test_rebalance_on_increments_gives_the_groups_plan(book, profiles, truth, group):
    card = pm.score(book, group=group)
    plan = pm.rebalance(book, values=card.increments, policy=pm.Policy(objective="score"))
    assert plan.actions["action"].tolist() == profiles.plans[f"action_{group}"].tolist()
    assert plan.value_k == pytest.approx(truth["points"][group], abs=0.005)


def test_engineering_and_sales_are_furthest_apart_on_the_buildings_reached(profiles):
    row = profiles.weights.iloc[0]
    assert (row["objective_id"], row["highest"], row["lowest"]) == ("reach", "sales", "engineering")
    pairs = profiles.agreement.set_index(["group", "other"])["tau_b"]
    assert pairs.idxmin() == ("engineering", "sales")


def test_what_every_group_funds_is_funded_in_most_sampled_plans_of_the_board(book, truth):
    found = funded(book, draws=8)
    share = found.table.set_index("project_id")["share"]
    assert share[truth["in_every"]].mean() > 0.8
    assert (found.proved, found.draws) == (1.0, 8)


def test_a_second_opinion_is_no_value_to_rebalance_by(book):
    opinion = topsis(pm.score(book).points)
    for values in (opinion, opinion.ranks, opinion.table, opinion.table.set_index("alternative")[opinion.by]):
        with pytest.raises(ParameterError, match=r"depend on the set of projects .* Pass card\.increments"):
            pm.rebalance(book, values=values, policy=pm.Policy(objective="score"))
