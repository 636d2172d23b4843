from __future__ import annotations

import ipywidgets
import pandas as pd
import pytest

from pmlib import widgets
from pmlib.portfolio import Policy

TABLES = {
    "objectives": pd.DataFrame({"objective_id": ["A", "B"], "name": ["Reach", "Fit"], "worst": [0.0, 0.0],
                                "best": [10.0, 10.0]}),
    "weights": pd.DataFrame({"objective_id": ["A", "B"], "group": "board", "weight": [0.8, 0.2]}),
    "scores": pd.DataFrame({"project_id": ["P1", "P1", "P2", "P2"], "objective_id": ["A", "B"] * 2,
                            "raw_level": [9.0, 1.0, 1.0, 9.0]}),
    "projects": pd.DataFrame({"project_id": ["P1", "P2"], "name": ["One", "<b>Two</b>"], "state": "proposed",
                              "bac_k": [100.0, 300.0]}),
    "cash_flows": pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": [100.0, 300.0],
                                "benefit_k": [250.0, 900.0]}),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    # Every widget registers itself; a test leaves none behind.
    ipywidgets.Widget.close_all()


def test_moving_a_weight_changes_the_ranking():
    live = widgets.weights(TABLES)
    assert {name: slider.value for name, slider in live.controls.items()} == {"A": 80, "B": 20}
    assert live.shown.value.startswith("<p>P1 One leads")
    live.controls["A"].value = 10
    assert "P2" in live.shown.value.partition("leads")[0]
    assert "<b>Two" not in live.shown.value


def test_no_weight_at_all_asks_for_one_instead_of_failing():
    live = widgets.weights(TABLES)
    live.controls["A"].value = live.controls["B"].value = 0
    assert live.shown.value == "<p>Give at least one criterion a weight.</p>"


def test_moving_the_budget_changes_the_plan():
    live = widgets.budget(TABLES, period="2025-12")
    assert live.shown.value.startswith("<p>Start 2 projects")
    live.controls["budget_k"].value = 350.0
    assert live.shown.value.startswith("<p>Start 1 project, decline 1")


def test_the_budget_starts_where_the_policy_sets_it_also_when_nothing_fits():
    tables = TABLES | {"projects": TABLES["projects"].assign(mandatory=True)}
    live = widgets.budget(tables, period="2025-12", policy=Policy(budget_k=50.0))
    assert live.controls["budget_k"].value == 50.0
    assert live.shown.value.startswith("<p>Infeasible")


def test_where_nothing_can_be_moved_a_sentence_stands_instead():
    bundle = widgets.weights(TABLES)._repr_mimebundle_()
    assert bundle["text/plain"] == "2 sliders, one for each weight: open the notebook in JupyterLab to move them."
    assert "application/vnd.jupyter.widget-view+json" in bundle
