"""The planted truths, found from the tables alone by the functions the notebooks call."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pmlib as pm
from pmlib.months import parse_month
from pmlib.sample import write_large_tables, write_sample
from tests.conftest import ROOT

FOLDER = ROOT / "data" / "quillmark"


@pytest.fixture(scope="module")
def book():
    write_large_tables(FOLDER)
    return pm.open_workbook(FOLDER)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))["truths"]


@pytest.fixture(scope="module")
def plan(book):
    return pm.rebalance(book)


@pytest.fixture(scope="module")
def verbs(plan):
    return plan.to_frame().set_index("project_id")["action"]


@pytest.fixture(scope="module")
def review(book):
    return pm.review_products(book, period="2025-12")


def test_t25_the_check_finds_exactly_the_twelve_kinds_of_planted_defects(book, truth):
    kinds = book.quarantine.by_kind().set_index(["table", "column", "problem"])["rows"]
    month = truth["T25"]["one month of orders imported twice"]["rows"]
    assert kinds.to_dict() == {
        ("capacity", "person_months", "too large for its unit"): 6,
        ("demand", "project_id", "empty"): 6,
        ("estimates", "currency", "empty"): 3,
        ("estimates", "p10", "p10, p50, p90 are out of order"): 5,
        ("estimates", "p50", "too large for its unit"): 2,
        ("evm", "ac_cum_k", "not allowed"): 2,
        ("evm", "ev_cum_k", "falls from one month to the next"): 4,
        ("orders", "order_id", "row stands twice"): month,
        ("orders", "product_id", "not in products"): 57,
        ("projects", "project_id", "duplicate key"): 2,
        ("subscriptions", "start_month", "start_month lies after end_month"): 3,
        ("surveys", "scale_max", "not allowed"): 40,
    }
    assert book.exit_code == 1
    assert sum(kinds.to_dict().values()) == len(book.quarantine) == 130 + month
    assert len(truth["T25"]) == 12


def test_the_company_without_its_defects_raises_no_alarm(tmp_path):
    assert pm.open_workbook(write_sample(tmp_path / "clean", scale=0.02, clean=True)).exit_code == 0


def test_t1_the_must_choose_are_chosen_and_the_must_not_are_not(verbs, truth):
    assert verbs[truth["T1"]["must_choose"]].isin(["start", "keep"]).all()
    assert not verbs[truth["T1"]["must_not"]].isin(["start", "keep"]).any()


def test_the_portfolio_room_and_the_companys_own_oracle_agree_on_the_plan(plan, verbs, truth):
    assert plan.value_k == pytest.approx(truth["T1"]["value_k"], abs=0.05)
    assert verbs.to_dict() == truth["T1"]["plan"]
    assert str(plan.status) == "proved"


def test_t2_data_engineering_is_the_bottleneck_and_money_is_not(plan):
    worth = plan.worth_of_limits().set_index("limit")["ten_percent_share"]
    assert worth["data engineering"] > 0.015
    assert worth["budget, every year"] < 0.005


def test_t3_naive_rules_lose(plan):
    loss = plan.against().set_index("rule")["loss_share"]
    assert loss["by value"] > 0.08
    assert loss["greedy by value per cost"] > 0.03


def test_t6_sunk_cost_neither_saves_p17_nor_stops_p23(verbs, plan):
    assert (verbs["P17"], verbs["P23"]) == ("stop", "keep")
    reasons = plan.to_frame().set_index("project_id")["reason"]
    assert reasons["P17"] == "900 to go would buy 520; 78 % is spent and gone either way."


def test_t9_the_enabler_loses_alone_and_is_started_for_what_it_carries(plan, verbs):
    row = plan.to_frame().set_index("project_id").loc["P08"]
    assert (row["action"], round(row["value_k"])) == ("start", -600)
    assert row["reason"] == "Loses 600 alone, carries P09, P10 and P11: together they bring 2,500."
    assert (verbs[["P09", "P10", "P11"]] == "start").all()


def test_t22_the_mix_has_drifted_and_the_plan_brings_it_back(plan):
    mix = plan.mix.set_index("horizon")
    assert (100 * mix["today_share"]).round().to_dict() == {"core": 86, "adjacent": 11, "new": 3}
    assert mix["plan_share"].between(mix["floor_share"] - 1e-9, mix["ceiling_share"] + 1e-9).all()


def test_t13_an_earlier_month_knows_its_own_weights_capacity_and_no_later_evidence(book):
    then, now = book.baseline("2024-12"), book.baseline("2025-12")
    weight, people = [], []
    for known in (then, now):
        board = known["weights"].query("group == 'board'").set_index("objective_id")["weight"]
        weight.append(float(board["sustainability"]))
        capacity = known["capacity"].query("skill == 'data engineering'").set_index("month")["person_months"]
        people.append(float(capacity[capacity.index >= parse_month("2026-01")].sum()))
    assert weight == [0.10, 0.25]
    assert people[1] / people[0] == pytest.approx(0.92, abs=0.002)
    assert set(now["evidence"]["project_id"]) - set(then["evidence"]["project_id"]) >= {"P44"}
    assert then["orders"].date.max().execute() < now["orders"].date.max().execute()
    assert pm.rebalance(then, period="2024-12").value_k != pytest.approx(pm.rebalance(now).value_k, abs=1)


def test_t15_share_and_market_pull_apart(book):
    products = book["products"].set_index("product_id")["category"]
    split = pm.product.split_revenue_change(book, period="2025-12", months=12, apart=24)
    split = split.to_frame().set_index("category")
    for product, wanted in (("PR3", (-2.10, -4.35, 2.25)), ("PR5", (4.51, 9.64, -5.12))):
        row = split.loc[products[product]]
        points = 100 / row["market_before_k"]
        got = [points * row[name] for name in ("change_k", "market_effect_k", "share_effect_k")]
        assert got == pytest.approx(wanted, abs=0.02)


def test_t16_noise_gets_no_arrow_and_a_fall_does(review):
    arrows = review.to_frame().set_index("product_id")["nps_arrow"]
    assert (arrows["PR2"], arrows["PR6"]) == ("–", "▼")


def test_scores_lack_three_judgements_and_say_so(book):
    assert "3 of 60 projects lack a score and carry bounds" in pm.score(book).summary()


def test_every_room_reconciles(plan, review, book):
    assert plan.check().startswith("Totals reconcile")
    assert "to the cent" in review.check()
    assert pm.score(book).check().startswith("Weights sum to 1")
    assert book.check().startswith("All 569,")
