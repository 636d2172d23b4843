from __future__ import annotations

import ipywidgets
import pandas as pd
import pytest

from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.variations import what_if
from pmlib.widgets.portfolio import budget, mix

MONTH = 2026 * 12 + 1
TABLES = {
    "projects": pd.DataFrame({
        "project_id": [f"P{i}" for i in range(1, 7)], "name": ["One", "<b>Two</b>", "Three", "Four", "Five", "Six"],
        "programme_id": ["G1", "G2"] * 3, "state": "proposed", "bac_k": [100.0, 200, 150, 120, 90, 60]}),
    "programmes": pd.DataFrame({"programme_id": ["G1", "G2"], "name": ["Old", "Young"], "horizon": ["core", "new"]}),
    "cash_flows": pd.DataFrame({
        "project_id": [f"P{i}" for i in range(1, 7)], "year": 2026, "cost_k": [100.0, 200, 150, 120, 90, 60],
        "benefit_k": [300.0, 660, 440, 320, 240, 190]}),
    "mix_targets": pd.DataFrame({"horizon": ["core", "new"], "floor_share": [0.3, 0.2], "ceiling_share": [0.8, 0.6]}),
    "demand": pd.DataFrame({"project_id": [f"P{i}" for i in range(1, 7)], "action": "start", "skill": "design",
                            "month": MONTH, "person_months": [1.0, 2, 1, 1, 1, 0.5]}),
    "capacity": pd.DataFrame({"skill": "design", "month": [MONTH], "person_months": [6.5]}),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    ipywidgets.Widget.close_all()


@pytest.fixture(scope="module")
def plan():
    return rebalance(TABLES, period="2025-12")


def test_every_slider_says_what_it_is_and_waits_until_it_is_let_go(plan):
    for live in (budget(TABLES, plan=plan), mix(TABLES, plan=plan)):
        assert live.controls
        for control in live.controls.values():
            assert control.description and control.continuous_update is False


def test_a_smaller_budget_shows_what_differs_why_and_what_insisting_costs(plan):
    live = budget(TABLES, plan=plan)
    assert "<table" not in live.shown.value
    live.controls["budget_k"].value = 400.0
    found = what_if(plan, budget_k=400.0)
    assert "less than the starting plan" in live.shown.value
    for row in found.decisions.itertuples():
        assert f"{row.before} → {row.action}: " in live.shown.value
    assert "Insisting costs" in live.shown.value and "<b>Two" not in live.shown.value


def test_people_have_a_slider_for_each_skill_that_leaves_the_budgets_as_they_are(plan):
    live = budget(TABLES, plan=plan)
    assert list(live.controls) == ["budget_k", "design"]
    first = live.shown.value
    live.controls["design"].value = 50
    assert f"<p>{what_if(plan, capacity=0.5).summary()}</p>" in live.shown.value
    live.controls["design"].value = 100
    assert live.shown.value == first


def test_a_budget_for_which_nothing_fits_says_what_mends_it():
    tables = TABLES | {"projects": TABLES["projects"].assign(mandatory=[True, *[False] * 5])}
    live = budget(tables, period="2025-12")
    live.controls["budget_k"].value = 0.0
    assert live.shown.value.startswith("<p>Infeasible: no plan holds every limit. It needs ")
    live.controls["budget_k"].value = 500.0
    assert live.shown.value.startswith("<p>Start ")


def test_a_band_shows_shares_against_bands_and_what_the_bands_cost(plan):
    live = mix(TABLES, plan=plan)
    assert {name: slider.value for name, slider in live.controls.items()} == {"core": (30, 80), "new": (20, 60)}
    live.controls["new"].value = (20, 30)
    found, free = what_if(plan, mix={"new": (0.2, 0.3)}), what_if(plan, mix={"core": (0, 1), "new": (0, 1)})
    cost = free.value_k - found.value_k
    assert cost > 1
    assert f"The bands cost {cost:,.0f} thousand EUR: without any of them" in live.shown.value
    assert len(found.decisions) and "Insisting costs" in live.shown.value
    share = found.mix.set_index("horizon").loc["new", "plan_share"]
    assert share <= 0.3 and f"{100 * share:.1f} %" in live.shown.value


def test_bands_that_cannot_hold_together_are_said_to_be_so_and_the_next_move_goes_on(plan):
    live = mix(TABLES, plan=plan)
    live.controls["core"].value = (90, 95)
    assert "the floors add up to 110.0 %" in live.shown.value
    live.controls["core"].value = (0, 100)
    assert live.shown.value.startswith("<p>Start ")


def test_without_a_horizon_no_band_can_be_set_and_it_says_what_to_do():
    live = mix({name: TABLES[name] for name in ("projects", "cash_flows")}, period="2025-12")
    assert live.controls == {} and "no project has a horizon" in live.shown.value


def test_horizons_without_bands_can_be_given_some():
    live = mix({name: table for name, table in TABLES.items() if name != "mix_targets"}, period="2025-12")
    assert live.controls["new"].value == (0, 100)
    assert "The bands cost nothing" in live.shown.value
    live.controls["new"].value = (0, 20)
    assert "The bands cost nothing" not in live.shown.value


def test_bands_the_policy_ignores_are_not_moved_in_silence():
    live = mix(TABLES, period="2025-12", policy=Policy(mix="off"))
    assert "the policy leaves the bands alone" in live.shown.value
