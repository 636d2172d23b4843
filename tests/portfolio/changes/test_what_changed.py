from __future__ import annotations

import os

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import pmlib as pm
from pmlib.errors import ParameterError
from pmlib.portfolio.changes.causes import Cause, Known
from pmlib.portfolio.changes.what_changed import what_changed
from pmlib.portfolio.claims.beliefs import weigh_claims

POLICY = pm.Policy(objective="mix", k_per_point=5.0)


def _cpu_seconds() -> float:
    """Of this process and its workers that have ended: how busy the machine is else does not count."""
    return sum(os.times()[:4])


@pytest.fixture(scope="module")
def year(quillmark):
    """Months 24 to 36 of the sample company: 64 plans, the slow part of this file."""
    then = quillmark.baseline("2024-12")
    began = _cpu_seconds()
    found = what_changed(*(Known(tables=book, points=pm.score(book), evidence=weigh_claims(book).factors)
                           for book in (then, quillmark)), policy=POLICY)
    return found, _cpu_seconds() - began


def test_t13_weights_capacity_and_evidence_changed_the_plan(year):
    split = year[0].attribution.contributions.set_index("cause")["contribution_k"]
    assert split["weights"] > 1000
    assert split["capacity"] < -500
    assert split["evidence"] < -300
    assert split["project list"] == 0.0


def test_t13_p44_flipped_by_the_evidence(year):
    flip = year[0].attribution.flips.set_index("project_id").loc["P44"]
    assert (flip["before"], flip["now"], flip["main_cause"]) == ("keep", "stop", Cause.EVIDENCE)
    assert flip["share"] > 0.9


def test_t13_the_data_show_what_was_planted(year):
    said = year[0].differences.items.set_index("what")["says"]
    assert said["sustainability (board)"] == "Weight of sustainability (board): 0.1 to 0.25."
    assert said["data engineering"].endswith("(-8.0 %).")
    assert said["P44"] == "Of the benefit of P44 39 % is left, before 100 %."
    assert year[0].differences.unchanged == (Cause.PROJECTS,)


def test_t13_both_ends_are_the_plans_the_reader_knows(quillmark, year):
    split = year[0].attribution
    then = quillmark.baseline("2024-12")
    last = pm.rebalance(then, points=pm.score(then), policy=POLICY)
    assert split.value_before_k == pytest.approx(last.value_k, rel=1e-9)
    verbs = last.actions.set_index("project_id")["action"]
    assert split.flips["before"].tolist() == verbs[split.flips["project_id"]].tolist()
    assert abs(split.contributions["contribution_k"].sum() - split.change_k) < 1e-5


def test_t13_takes_less_than_a_minute_of_one_core(year):
    assert year[1] < 60


def test_the_first_screen_says_worth_causes_and_flips(year):
    worth, same, flipped, *rest = year[0].sentences
    change, split = year[0].attribution.change_k, year[0].attribution.by_size()
    assert worth.startswith(f"The plan is worth {-change:,.0f} thousand EUR less than in 2024-12: "
                            f"{split['cause'][0]} {split['contribution_k'][0]:+,.0f}, {split['cause'][1]} ")
    assert same == "Project list did not change."
    assert flipped.startswith(f"{len(year[0].attribution.flips)} decisions flipped: P05,")
    assert any(says.startswith("P44 goes from keep to stop: evidence") for says in rest)
    assert repr(year[0]).startswith("<WhatChanged 2024-12 to 2025-12: -1,7")


def test_the_waterfall_shows_every_step_with_its_number(year):
    split = year[0].attribution
    ax = year[0].plot()
    told = {text.get_text() for text in ax.texts}
    assert {f"{value:,.0f}" for value in (split.value_before_k, split.value_now_k)} <= told
    assert {f"{value:+,.0f}" for value in split.by_size()["contribution_k"]} <= told
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["plan of 2024-12", split.by_size()["cause"][0]]
    plt.close(ax.figure)


def test_the_first_period_has_a_designed_answer():
    first = what_changed(None, {})
    assert not first.found
    assert first.summary().startswith("There is no period before this one")
    assert first.to_frame().empty
    assert first.headline() == {"first period": "nothing to compare with"}
    with pytest.raises(ParameterError, match="no period before this one"):
        first.plot()


def known(benefit: float, **projects) -> Known:
    tables = {
        "projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0, **projects}),
        "cash_flows": pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [50.0], "benefit_k": [benefit]}),
        "budgets": pd.DataFrame({"programme_id": [None], "year": [2026], "opex_k": [projects.pop("budget", 100.0)]})}
    return Known(tables=tables, period="2025-12")


def test_options_that_differ_are_said_and_are_no_cause():
    found = what_changed(known(90.0), known(90.0), policy=pm.Policy(max_changes=2), last_policy=pm.Policy())
    assert found.sentences[-1] == "Options differ (max_changes); both plans are valued by this period's."
    assert found.attribution.n_plans == 1


def test_a_change_without_a_flip_and_a_plot_of_it():
    found = what_changed(known(90.0), known(80.0))
    assert found.sentences[-1] == "No decision flipped."
    ax = found.plot()
    assert "flipped" not in ax.get_xlabel()
    plt.close(ax.figure)


def test_without_a_plan_the_data_are_still_told():
    short = known(90.0, mandatory=True)
    short.tables["budgets"]["opex_k"] = 10.0
    found = what_changed(known(90.0, mandatory=True), short)
    assert not found.found
    assert found.sentences[0].startswith("The change has no split: no plan holds every limit of this period.")
    assert "budgets (1 changed)" in found.sentences[1]
    with pytest.raises(ParameterError, match="no split"):
        found.plot()
