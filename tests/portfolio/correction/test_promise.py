"""From promise to worth: every step against the plan re-counted on corrected values, sums to the cent."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.correction.corrected import correct_values
from pmlib.portfolio.correction.promise import promised_and_corrected
from pmlib.portfolio.problem import outcome
from tests.portfolio.conftest import random_tables

#: Random portfolios for which some plan holds every limit, before and after the correction.
SEEDS = (0, 2, 3, 5, 6)
OUTSIDE = SimpleNamespace(mean_factor=1.4, n=12)


def _decided(seed: int, **options):
    """Decide a random portfolio before and after its correction by a reference and evidence."""
    tables, policy = random_tables(seed), Policy(slow_pace=1.5, **options)
    ids = tables["projects"].loc[tables["projects"]["state"].isin(["proposed", "running", "held"]), "project_id"]
    factor = np.random.default_rng(seed).uniform(0.2, 1.6, 3).round(2)
    evidence = pd.DataFrame({"project_id": ids.iloc[:3], "factor": factor, "sd_k": 5.0})
    fixed = correct_values(tables, reference=OUTSIDE, evidence=evidence, policy=policy, period="2025-12")
    return (rebalance(tables, policy=policy, period="2025-12"),
            rebalance(fixed.tables, policy=policy, period="2025-12"), fixed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_naive_plan_is_worth_what_its_actions_bring_on_corrected_values(seed):
    naive, corrected, fixed = _decided(seed)
    found = promised_and_corrected(naive, corrected, fixed)
    again = outcome(corrected.problem, naive.outcome.choice)
    assert found.naive_corrected_k == pytest.approx(again.value, abs=0.005)
    if not len(again.broken):
        assert corrected.value_k >= again.value - 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_add_up_to_the_cent(seed):
    naive, corrected, fixed = _decided(seed, hold_months=(3, 6))
    found = promised_and_corrected(naive, corrected, fixed)
    amounts = found.steps["amount_k"]
    assert amounts.iloc[:-1].sum() == pytest.approx(amounts.iloc[-1], abs=1e-5)
    assert found.steps["total_k"].iloc[-2] == pytest.approx(corrected.value_k, abs=1e-5)
    assert (found.promised_k, found.corrected_k) == (naive.value_k, corrected.value_k)


def test_uplift_can_only_take_away_and_evidence_below_one_too():
    projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": ["proposed", "running"], "bac_k": [100.0, 100.0]})
    flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": 100.0, "benefit_k": [150.0, 260.0]})
    tables = {"projects": projects, "cash_flows": flows}
    evidence = pd.DataFrame({"project_id": ["P2"], "factor": [0.25], "sd_k": [0.0]})
    fixed = correct_values(tables, reference=OUTSIDE, evidence=evidence)
    found = promised_and_corrected(rebalance(tables), rebalance(fixed.tables), fixed)
    middle = 1.08**-0.5
    amounts = found.steps.set_index("step")["amount_k"]
    assert amounts.to_dict() == pytest.approx({
        "promised": 210 * middle, "uplift": -40 * middle, "shrinkage": 0.0, "evidence": -195 * middle,
        "chosen anew": 35 * middle, "corrected": 10 * middle})
    assert found.steps["projects"].tolist() == [2, 1, 0, 1, 1, 1]


def test_nothing_corrected_leaves_the_promise():
    tables = random_tables(3)
    fixed = correct_values(tables, period="2025-12")
    naive, again = (rebalance(one, period="2025-12") for one in (tables, fixed.tables))
    found = promised_and_corrected(naive, again, fixed)
    assert found.steps["step"].tolist() == ["promised", "uplift", "shrinkage", "chosen anew", "corrected"]
    assert found.steps["amount_k"].iloc[1:-1].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert found.summary().endswith("Nothing was corrected.")


def test_it_says_and_draws_what_is_left():
    found = promised_and_corrected(*_decided(0))
    assert found.summary().startswith(f"The naive plan promises {found.promised_k:,.0f} thousand EUR")
    assert "gained by choosing anew" in found.headline().values()
    assert "chosen anew" in repr(found)
    assert found.plot().get_title(loc="left") == "What is left of the promise"


def test_without_a_plan_it_says_so():
    naive, corrected, fixed = _decided(0)
    found = promised_and_corrected(replace(naive, outcome=None), corrected, fixed)
    assert found.steps.empty
    assert found.summary().startswith("There is no naive plan to compare")
    assert found.headline() == {}
    assert "There is no naive plan" in repr(found)
    assert found.plot().get_title(loc="left") == "There are no two plans to compare"


def test_decisions_of_other_tables_are_refused():
    naive, corrected, fixed = _decided(0)
    with pytest.raises(ParameterError, match="not about the same actions"):
        promised_and_corrected(rebalance(random_tables(2), period="2025-12"), corrected, fixed)
    mine = fixed.projects.assign(corrected_by="nothing", corrected_benefit_k=fixed.projects["benefit_k"])
    with pytest.raises(ParameterError, match="is worth something else than the correction says"):
        promised_and_corrected(naive, corrected, replace(fixed, projects=mine))


def test_the_sample_keeps_26_of_its_30_million(quillmark):
    fixed = correct_values(quillmark, versions=quillmark.versions("estimates"))
    found = promised_and_corrected(rebalance(quillmark), rebalance(fixed.tables), fixed)
    amounts = found.steps.set_index("step")["amount_k"].round()
    assert amounts.to_dict() == {"promised": 29_992, "uplift": -975, "shrinkage": -2_807, "chosen anew": 0,
                                 "corrected": 26_210}
