from __future__ import annotations

import re
import time

import ipywidgets
import pandas as pd
import pytest

from pmlib import widgets
from pmlib.scoring import score


@pytest.fixture(autouse=True)
def closed():
    yield
    ipywidgets.Widget.close_all()


def tables(**budgets: float) -> dict[str, pd.DataFrame]:
    ids = ["P1", "P2", "P3"]
    given = {
        "objectives": pd.DataFrame({"objective_id": ["A", "B"], "name": ["Reach", "Fit"], "worst": [0.0, 0.0],
                                    "best": [10.0, 10.0]}),
        "weights": pd.DataFrame({"objective_id": ["A", "B"], "group": "board", "weight": [0.7, 0.3]}),
        "scores": pd.DataFrame({"project_id": ids * 2, "objective_id": ["A"] * 3 + ["B"] * 3,
                                "raw_level": [8.0, 5.0, 0.0, 2.0, 5.0, 6.0]}),
        "projects": pd.DataFrame({"project_id": ids, "name": ["One", "Two", "<b>Three"], "state": "proposed",
                                  "bac_k": [100.0, 100.0, 100.0]}),
    }
    if budgets:
        given["budgets"] = pd.DataFrame({"year": [2026], "capex_k": [0.0], "opex_k": [budgets["money_k"]]})
    return given


def cells(html: str, first: str) -> list[str]:
    row = next(row for row in re.findall(r"<tr>.*?</tr>", html) if f">{first}<" in row)
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


def test_shows_the_weight_in_percent_beside_its_points_and_how_far_it_may_move():
    live = widgets.weights(tables())
    live.controls["A"].value = 35
    live.controls["B"].value = 15
    # P1 is level with P2 where 30 w = 30 (1 - w).
    assert cells(live.shown.value, "Reach") == ["Reach", "35", "70.0 %", "at least 50 %"]


def test_names_the_smallest_change_that_unseats_the_leader():
    assert "Moving 20.0 percentage points of weight from Reach to Fit brings P2 level with P1" in widgets.weights(
        tables()).shown.value


def test_says_who_rose_and_who_fell_against_the_starting_weights():
    live = widgets.weights(tables())
    assert "No project changes its rank from the start." in live.shown.value
    live.controls["A"].value = 0
    assert "Against the starting weights P3 (3 to 1) rose; P1 (1 to 3) fell." in live.shown.value
    assert cells(live.shown.value, "P3")[:3] == ["1", "3", "P3"]
    assert "<b>Three" not in live.shown.value


def test_says_how_safe_the_projects_are_that_the_budget_pays_for_in_rank_order():
    live = widgets.weights(tables(money_k=250.0))
    assert "In the order of ranks the budgets pay for the first 2. The first 2 stay the same" in live.shown.value
    # P2 is level with P3 where 50 w = 10 (1 - w), P1 with P3 where 80 w = 40 (1 - w): the later one counts.
    assert cells(live.shown.value, "Reach")[3:] == ["at least 50 %", "at least 34 %"]


@pytest.mark.parametrize("money_k", [50.0, 150.0, 900.0])
def test_asks_for_no_set_where_the_budget_pays_for_all_or_for_fewer_than_two(money_k):
    assert "budgets" not in widgets.weights(tables(money_k=money_k)).shown.value


def test_a_single_project_leads_whatever_the_weights():
    given = tables()
    given["projects"] = given["projects"].head(1)
    assert cells(widgets.weights(given).shown.value, "Reach")[3:] == ["whatever it is"]


def test_agrees_with_the_scorecard_of_the_sample_and_redraws_quickly(quillmark):
    live, card = widgets.weights(quillmark), score(quillmark)
    assert card.unseating().summary() in live.shown.value
    assert {leaf: slider.value for leaf, slider in live.controls.items()} == (100 * card.weights).round().to_dict()
    began = time.process_time()
    live.controls["reach"].value = 60
    assert time.process_time() - began < 0.5
    points = {leaf: float(slider.value) for leaf, slider in live.controls.items()}
    assert score(quillmark, weights=points).unseating().summary() in live.shown.value
