from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import CheckError
from pmlib.sample import company, truths
from pmlib.sample.customers import PRODUCTS
from pmlib.sample.facts import read_facts, true_means
from pmlib.sample.oracle import Model, solve


@pytest.fixture(scope="module")
def plan(tables):
    return solve(tables)


def test_counts_are_those_of_the_page(tables):
    states = tables["projects"]["state"].value_counts().to_dict()
    assert states == {"running": 26, "proposed": 34, "done": 40, "stopped": 6}
    sizes = {name: len(frame) for name, frame in tables.items()}
    assert sizes["estimates"] == 60 * 4 * 4
    assert sizes["scores"] == 60 * 6 * 5
    assert sizes["capacity"] == 6 * 84 + 54
    assert sizes["market"] == 8 * 3 * 36 * 6
    assert (sizes["customers"], sizes["subscriptions"]) == (12_000, 9_000)
    assert abs(sizes["orders"] - 180_000) < 2_000
    assert abs(sizes["surveys"] - 45_000) < 2_000


def test_t1_every_clear_case_is_chosen_or_left_out(plan, truth):
    assert set(truth["T1"]["must_choose"]) <= plan.chosen
    assert not set(truth["T1"]["must_not"]) & plan.chosen
    assert [len(truth["T1"][name]) for name in ("must_choose", "must_not", "borderline")] == [14, 12, 34]


def test_t1_value_per_cost_separates_the_three_classes(tables):
    means = true_means(tables)
    ratio = means["net_k"] / means["cost_k"]
    assert ratio[[name for name in company.MUST if name != "P08"]].between(2.8, 3.8).all()
    assert ratio[list(company.MUST_NOT)].between(-0.5, -0.05).all()
    open_ = ratio.drop([*company.MUST, *company.MUST_NOT])
    assert len(open_) == 34
    assert open_.between(0.8, 1.9).all()


def test_t1_a_hold_pays_by_its_own_and_not_by_a_link(tables, plan, truth):
    held = plan.actions.index[plan.actions == "hold"]
    assert set(truth["T1"]["hold_gain_k"]) == set(held) == {"P35"}
    model = Model(read_facts(tables))
    for project in held:
        gain = plan.value_k - max(model.solve(fixed={project: action}).value_k for action in ("keep", "stop"))
        assert gain == pytest.approx(truth["T1"]["hold_gain_k"][project], abs=0.06)
        assert gain > 100


def test_t2_more_data_engineers_pay_and_more_money_does_not(tables, plan):
    money = solve(tables, budget=1.1).value_k / plan.value_k - 1
    people = solve(tables, skills={"data engineering": 1.1}).value_k / plan.value_k - 1
    assert -1e-9 <= money < 0.005
    assert people > 0.015


def test_t2_budget_is_65_percent_and_data_engineering_36_percent_of_what_all_would_need(truth):
    assert truth["T2"]["budget_share"] == pytest.approx(0.65, abs=0.002)
    shares = dict(truth["T2"]["capacity_shares"])
    assert shares.pop("data engineering") == pytest.approx(0.36, abs=0.003)
    assert all(0.70 <= share <= 0.80 for share in shares.values())


@pytest.mark.parametrize("bring", [False, True])
def test_t3_rules_of_thumb_lose(tables, plan, bring):
    facts = read_facts(tables)
    model = Model(facts)
    means = true_means(tables)
    by_value = means["net_k"].sort_values(ascending=False).index.tolist()
    by_ratio = (means["net_k"] / means["cost_k"]).sort_values(ascending=False).index.tolist()
    assert model.by_rule(by_value, bring_needed=bring).value_k < 0.92 * plan.value_k
    assert model.by_rule(by_ratio, bring_needed=bring).value_k < 0.97 * plan.value_k


def test_t6_the_costly_past_is_stopped_and_the_poor_performer_kept(plan, truth):
    assert truth["T6"]["P17"] == {"keep_k": -380.0, "stop_k": -80.0}
    assert truth["T6"]["P23"]["keep_k"] == 850.0
    assert (plan.actions["P17"], plan.actions["P23"]) == ("stop", "keep")


def test_t8_three_claims_on_one_benefit_count_once(plan, truth):
    assert truth["T8"] == {"naive_over_k": 4_800.0, "any_two_over_k": 2_400.0}
    assert len(plan.chosen & set(company.DOUBLE_COUNT)) <= 1


def test_t9_the_enabler_loses_alone_and_wins_with_its_users(plan, truth):
    assert truth["T9"] == {"alone_k": -600.0, "users_k": 3_100.0, "bundle_k": 2_500.0}
    assert set(company.BUNDLE) <= plan.chosen


def test_t15_revenue_and_share_move_apart(tables, truth):
    market = tables["market"]
    for product, growth, market_growth in (("PR3", 0.94, 0.88), ("PR5", 1.09, 1.20)):
        lines = tables["orders"][tables["orders"]["product_id"] == product]
        revenue = (lines["units"] * lines["paid_price"]).groupby(lines["date"].str[:4]).sum()
        assert revenue["2024"] / revenue["2023"] == pytest.approx(growth, abs=1e-4)
        assert revenue["2025"] / revenue["2024"] == pytest.approx(growth, abs=1e-4)
        here = market[market["category"] == PRODUCTS[product][3]]
        total = here.groupby(here["month"].str[:4])["value_k"].sum()
        assert total["2025"] / total["2023"] == pytest.approx(market_growth**2, abs=1e-4)
    assert truth["T15"]["PR3"] == pytest.approx(
        {"share_2023_pct": 18, "share_2025_pct": 20.54, "change_points": -2.10, "market_points": -4.35,
         "share_points": 2.25}, abs=0.02)  # fmt: skip
    assert truth["T15"]["PR5"] == pytest.approx(
        {"share_2023_pct": 24, "share_2025_pct": 19.80, "change_points": 4.51, "market_points": 9.64,
         "share_points": -5.12}, abs=0.02)  # fmt: skip


def test_own_rows_of_the_market_are_the_companys_sales(tables):
    own = tables["market"][tables["market"]["player"] == "own"]
    orders = (tables["orders"]["units"] * tables["orders"]["paid_price"]).groupby(tables["orders"]["product_id"]).sum()
    by_category = own.groupby("category")["value_k"].sum()
    for product, revenue in orders.items():
        assert by_category[PRODUCTS[product][3]] == pytest.approx(revenue / 1000, abs=0.1)
    paying = tables["subscriptions"].query("product_id == 'PR4'")
    december = paying.loc[paying["end_month"].isna(), "monthly_eur"].sum()
    here = own[(own["category"] == PRODUCTS["PR4"][3]) & (own["month"] == "2025-12")]
    assert here["value_k"].sum() == pytest.approx(december / 1000, abs=0.01)
    assert (tables["market"]["value_k"] >= 0).all()


def test_t16_one_score_stands_still_and_the_other_falls(truth):
    assert truth["T16"]["PR2"]["mean"] == pytest.approx(25, abs=4)
    assert truth["T16"]["PR2"]["moves_of_5_or_more_pct"] > 40
    assert truth["T16"]["PR6"]["before"] == pytest.approx(32, abs=4)
    assert truth["T16"]["PR6"]["after"] == pytest.approx(20, abs=4)
    assert truth["T16"]["PR6"]["z"] > 4


def test_t22_what_runs_has_drifted_from_the_target_mix(tables, plan, truth):
    assert truth["T22"]["running_pct"] == pytest.approx({"core": 86, "adjacent": 11, "new": 3}, abs=0.5)
    facts = read_facts(tables)
    taken = plan.actions.reindex(facts.actions["project_id"]).to_numpy() == facts.actions["action"].to_numpy()
    spend = pd.Series((facts.money["capex"] + facts.money["opex"]).sum(axis=1)[taken])
    mix = spend.groupby(facts.actions.loc[taken, "horizon"].to_numpy()).sum() / spend.sum()
    for band in facts.mix.itertuples():
        assert band.floor_share - 1e-9 <= mix[band.horizon] <= band.ceiling_share + 1e-9


def test_p10_p50_p90_average_to_what_the_cash_flows_hold(tables):
    means = true_means(tables)
    flows = tables["cash_flows"]
    assert np.allclose(flows.groupby("project_id")["cost_k"].sum(), means["cost_k"], atol=0.01)
    worth = (flows["benefit_k"] * 1.08 ** -(flows["year"] - 2026 + 0.5)).groupby(flows["project_id"]).sum()
    assert np.allclose(worth.astype(float), means["benefit_pv_k"], atol=0.5)


def test_a_broken_truth_is_named(tables):
    broken = tables["estimates"].copy()
    broken.loc[broken["project_id"] == "P17", ["p10", "p50", "p90"]] *= 2
    with pytest.raises(CheckError, match=r"^T6: P17 .*Redraw"):
        truths.sunk_cost(tables | {"estimates": broken})
