"""The board's notebook finds the truths planted in the sample company, in the tables it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.test_notebooks import cells, run

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
    assert truth["T2"]["engineering_gain_pct"] > 1.5
    assert worth["ten_percent_share"]["data engineering"] > 0.015
    assert worth["ten_percent_share"]["budget, every year"] < 0.005
    entry = json.loads((folder / "summary.json").read_text(encoding="utf-8"))[NAME]
    assert "Data engineering" in entry["summary"]
    assert "is what binds" in entry["summary"]
    hires = table("hires").set_index("skill")["gain_k"]
    assert hires.idxmax() == "data engineering"


def test_t3_simple_rules_lose(table):
    loss = 100 * table("against").set_index("rule")["loss_share"]
    assert loss["greedy by value per cost"] > 3
    assert loss["by value"] > 8


def test_t4_the_plan_is_chosen_on_corrected_values_and_the_promise_of_the_naive_one_stands_beside_it(table, truth):
    steps = table("promise").set_index("step")["amount_k"]
    assert steps["promised"] == pytest.approx(truth["T1"]["value_k"], abs=0.1)
    assert steps[["uplift", "shrinkage", "evidence"]].lt(0).all()
    assert steps.iloc[:-1].sum() == pytest.approx(steps["corrected"])
    corrected = table("decisions")["value_k"].sum() + table("effects")["value_k"].sum()
    assert corrected == pytest.approx(steps["corrected"])


def test_t24_evidence_stops_the_retention_programme(decisions, table, truth):
    assert decisions["action"]["P44"] == truth["T24"]["after"] == "stop"
    claim = table("claims").set_index("project_id").loc["P44"]
    assert claim["verb_before"] == truth["T24"]["before"] == "keep"
    assert "pays from +3.2 pp on" in claim["sentence"]


def test_t6_sunk_cost_is_named_and_the_late_but_cheap_project_goes_on(decisions):
    assert decisions["action"][["P17", "P23"]].tolist() == ["stop", "keep"]
    assert decisions["reason_code"]["P17"] == "sunk cost"


def test_t8_one_benefit_claimed_three_times_is_counted_once(table, decisions, truth):
    shared = table("shared_benefits").set_index("projects").loc["P05, P12, P19"]
    assert shared["too_much_k"] == pytest.approx(truth["T8"]["naive_over_k"])
    assert shared["claimed_k"] - 2 * shared["counted_k"] == pytest.approx(truth["T8"]["any_two_over_k"])
    assert "already counted in P12" in decisions["reason"]["P19"]


def test_t9_the_enabler_loses_alone_and_is_started_for_what_it_carries(decisions, table):
    assert (decisions["action"][["P08", "P09", "P10", "P11"]] == "start").all()
    assert decisions["reason_code"]["P08"] == "carries others"
    bundle = ["P08", "P09", "P10", "P11"]
    assert table("corrections").set_index("project_id")["value_k"][bundle].sum() == pytest.approx(2500)
    assert decisions["value_k"]["P08"] < 0 < decisions["value_k"][bundle].sum()


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


def test_the_first_table_a_board_sees_is_what_to_stop_and_hold():
    shown = [cell.source for cell in cells(ROOT / "notebooks" / f"{NAME}.ipynb", "code") if "pm.table(" in cell.source]
    assert shown[0].startswith("ending = ")
