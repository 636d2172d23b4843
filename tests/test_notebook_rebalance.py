"""The board's notebook finds the truths planted in the sample company, in the tables it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.test_notebooks import run

NAME = "30_rebalance_portfolio"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        run(NAME, folder, patch, draws=8)
    return folder


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((ROOT / "data" / "quillmark" / "truth.json").read_text(encoding="utf-8"))["truths"]


@pytest.fixture(scope="module")
def table(folder):
    return lambda name: pd.read_parquet(folder / "tables" / NAME / f"{name}.parquet")


@pytest.fixture(scope="module")
def decisions(table):
    return table("decisions").set_index("project_id")


def test_t1_must_choose_and_must_not_are_told_apart_and_the_core_agrees(decisions, table, truth):
    on = decisions["action"].isin(["start", "keep"])
    assert on[truth["T1"]["must_choose"]].all()
    assert not on[truth["T1"]["must_not"]].any()
    verdict = table("core").set_index("project_id")["verdict"]
    assert not (verdict[truth["T1"]["must_choose"]] == "exterior").any()
    assert not (verdict[truth["T1"]["must_not"]] == "core").any()


def test_t2_a_board_reads_that_data_engineering_binds_and_money_does_not(folder, table, truth):
    worth = table("worth_of_limits").set_index("limit")
    assert 100 * worth["ten_percent_share"]["data engineering"] == pytest.approx(truth["T2"]["engineering_gain_pct"],
                                                                                abs=0.01)
    assert worth["ten_percent_share"]["budget, every year"] < 0.005
    entry = json.loads((folder / "summary.json").read_text(encoding="utf-8"))[NAME]
    assert "Data engineering" in entry["summary"]
    assert "is what binds" in entry["summary"]
    hires = table("hires").set_index("skill")["gain_k"]
    assert hires.idxmax() == "data engineering"


def test_t3_simple_rules_lose_what_the_oracle_says(table, truth):
    loss = 100 * table("against").set_index("rule")["loss_share"]
    assert loss["greedy by value per cost"] == pytest.approx(truth["T3"]["value_per_cost_loss_pct"], abs=0.5)
    assert loss["by value"] > 8


def test_t6_sunk_cost_is_named_and_the_late_but_cheap_project_goes_on(decisions):
    assert decisions["action"][["P17", "P23"]].tolist() == ["stop", "keep"]
    assert decisions["reason_code"]["P17"] == "sunk cost"


def test_t8_one_benefit_claimed_three_times_is_counted_once(table, decisions, truth):
    shared = table("shared_benefits").set_index("projects").loc["P05, P12, P19"]
    assert shared["too_much_k"] == pytest.approx(truth["T8"]["naive_over_k"])
    assert shared["claimed_k"] - 2 * shared["counted_k"] == pytest.approx(truth["T8"]["any_two_over_k"])
    assert "already counted in P12" in decisions["reason"]["P19"]


def test_t9_the_enabler_loses_alone_and_is_started_for_what_it_carries(decisions):
    assert (decisions["action"][["P08", "P09", "P10", "P11"]] == "start").all()
    assert decisions["reason_code"]["P08"] == "carries others"
    assert decisions["value_k"][["P08", "P09", "P10", "P11"]].sum() == pytest.approx(2500)


def test_t12_groups_agree_on_twenty_projects(table, truth):
    groups = table("groups")
    agreed = groups.loc[groups["verdict"] == "in every plan", "project_id"]
    assert sorted(agreed) == sorted(truth["T12"]["in_every"])


def test_t22_the_mix_has_drifted_and_the_plan_brings_it_back(table):
    mix = table("mix").set_index("horizon")
    assert (100 * mix["today_share"]).round().to_dict() == {"core": 86, "adjacent": 11, "new": 3}
    assert mix["plan_share"].between(mix["floor_share"] - 1e-9, mix["ceiling_share"] + 1e-9).all()


def test_the_plan_lies_on_the_frontier_it_is_drawn_with(table):
    frontier = table("frontier")
    assert frontier["here"].sum() == 1
    assert frontier["on_frontier"].all()


def test_an_override_never_gains_and_its_bounds_enclose_it(table):
    forcing = table("forcing")
    assert (forcing["regret_k"].dropna() >= 0).all()
    assert (forcing["lower_k"] <= forcing["upper_k"]).all()
