"""Gate readiness: every item of the checklist taken away once, and named."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio.records.readiness import ITEMS, default_checklist, gate_readiness


@pytest.fixture
def book():
    ids = ["P1", "P2"]
    return {
        "workbook": pd.DataFrame({"name": ["T"], "as_of": ["2025-12-31"]}),
        "projects": pd.DataFrame({"project_id": ids, "state": ["running", "proposed"], "bac_k": 100.0, "gate": [4, 1],
                                  "owner_id": "R01"}),
        "estimates": pd.DataFrame([(name, quantity, 0.5, 0.6, 0.9) for name in ids for quantity in
                                   ("benefit_pv_k", "cost_k", "months", "p_success")],
                                  columns=["project_id", "quantity", "p10", "p50", "p90"]).assign(
            as_of="2025-10-31", currency="EUR"),
        "options": pd.DataFrame({"project_id": ids, "action": ["keep", "start"]}),
        "demand": pd.DataFrame({"project_id": ids, "action": ["keep", "start"], "skill": "data", "month": "2026-01",
                                "person_months": 1.0}),
        "objectives": pd.DataFrame({"objective_id": ["top", "a", "b"], "name": ["top", "a", "b"],
                                    "parent": [None, "top", "top"], "worst": [np.nan, 0, 0], "best": [np.nan, 5, 5]}),
        "scores": pd.DataFrame([(name, leaf, 3.0) for name in ids for leaf in ("a", "b")],
                               columns=["project_id", "objective_id", "raw_level"]),
        "risks": pd.DataFrame({"risk_id": ["K1", "K2"], "project_id": ids, "probability": 0.1, "impact_low": 1.0,
                               "impact_mode": 2.0, "impact_high": 3.0}),
        "milestones": pd.DataFrame({"project_id": ["P1", "P1", "P2"], "milestone": ["m1", "m2", "m1"],
                                    "baseline_month": "2026-01", "weight": [0.4, 0.6, 1.0]}),
        "benefit_map": pd.DataFrame({"project_id": ids, "product_id": "A", "metric": "retention_pp", "claimed_p10": 1.0,
                                     "claimed_p50": 2.0, "claimed_p90": 3.0}),
    }


def lacking(book, project="P1", **options):
    items = gate_readiness(book, **options).items
    return items.loc[(items["project_id"] == project) & ~items["there"], "item"].tolist()


def test_a_complete_project_is_ready(book):
    found = gate_readiness(book)
    assert found.projects["ready"].all() and found.complete == 1.0
    rows = found.projects.set_index("project_id")[["gate", "needed", "there"]]
    assert rows.to_numpy().tolist() == [[5, 10, 10], [2, 7, 7]]
    assert found.summary().startswith("2 of 2 projects bring all that the board needs at their next gate; 100 %")


@pytest.mark.parametrize(("item", "change"), [
    ("owner", lambda b: {"projects": b["projects"].assign(owner_id=["", "R01"])}),
    ("estimates", lambda b: {"estimates": b["estimates"].drop(index=3)}),
    ("ranges", lambda b: {"estimates": b["estimates"].assign(
        **{p: b["estimates"][p].where(b["estimates"].index != 1, 0.6) for p in ("p10", "p90")})}),
    ("newest", lambda b: {"estimates": b["estimates"].assign(as_of=["2025-05-31", *["2025-10-31"] * 7])}),
    ("options", lambda b: {"options": b["options"].iloc[1:]}),
    ("demand", lambda b: {"demand": b["demand"].iloc[1:]}),
    ("scores", lambda b: {"scores": b["scores"].assign(raw_level=[np.nan, 3.0, 3.0, 3.0])}),
    ("scores", lambda b: {"scores": b["scores"].iloc[1:]}),
    ("risks", lambda b: {"risks": b["risks"].iloc[1:]}),
    ("milestones", lambda b: {"milestones": b["milestones"].assign(weight=[0.4, 0.5, 1.0])}),
    ("milestones", lambda b: {"milestones": b["milestones"].iloc[2:]}),
    ("benefit claims", lambda b: {"benefit_map": b["benefit_map"].iloc[1:]}),
])
def test_what_is_taken_away_is_named(book, item, change):
    assert lacking({**book, **change(book)}) == [item]
    assert lacking({**book, **change(book)}, project="P2") == []


@pytest.mark.parametrize("table", ["estimates", "options", "demand", "scores", "objectives", "risks", "milestones",
                                   "benefit_map"])
def test_a_table_that_is_missing_makes_nobody_ready_and_breaks_nothing(book, table):
    found = gate_readiness({name: frame for name, frame in book.items() if name != table})
    assert not found.projects.set_index("project_id").loc["P1", "ready"]


def test_a_certain_chance_is_a_range_enough(book):
    chance = book["estimates"]["quantity"] == "p_success"
    certain = book["estimates"].assign(**{p: book["estimates"][p].mask(chance, 1.0) for p in ("p10", "p50", "p90")})
    assert lacking({**book, "estimates": certain}) == []


def test_estimates_grow_old_by_the_period_and_by_gate(book):
    assert lacking(book, period="2026-04") == [] and lacking(book, period="2026-05") == ["newest"]
    assert lacking(book, period="2026-10", project="P2") == []
    assert lacking(book, period="2026-11", project="P2") == ["newest"]


def test_gates_roll_up_by_ratio_of_sums(book):
    found = gate_readiness({**book, "risks": book["risks"].iloc[1:], "options": book["options"].iloc[1:]})
    gate = found.by_gate.set_index("gate").loc[5]
    assert gate[["n", "ready", "needed", "there", "complete"]].tolist() == [1, 0, 10, 8, 0.8]
    assert found.complete == 15 / 17
    assert found.projects["project_id"].tolist() == ["P1", "P2"]
    assert found.sentences() == ["P1 is not ready for gate 5: it lacks what else may be decided about it (options), "
                                 "an entry in the risk register."]


def test_the_checklist_is_data_and_can_be_changed(book):
    own = default_checklist().query("item == 'owner' or item == 'newest'").assign(months=1)
    assert lacking(book, checklist=own) == ["newest"]
    bare = pd.DataFrame({"gate": [2], "item": ["owner"]})
    found = gate_readiness(book, checklist=bare)
    assert found.projects.set_index("project_id")["gate"].to_dict() == {"P1": 2, "P2": 2}
    assert set(default_checklist()["item"]) == set(ITEMS)


def test_a_gate_that_asks_nothing_says_so(book):
    found = gate_readiness(book, checklist=pd.DataFrame({"gate": [7], "item": ["owner"]}))
    assert found.summary() == "The checklist asks nothing of 2 projects at their next gate."
    assert math.isnan(found.complete) and found.by_gate.empty and repr(found).endswith("nothing is needed>")


@pytest.mark.parametrize(("checklist", "message"), [
    (pd.DataFrame({"gate": [1], "item": ["ownr"]}), r"item 'ownr' is not known\..*Did you mean 'owner'\?"),
    (pd.DataFrame({"gate": [1, 1], "item": ["owner", "owner"]}), "'owner' stands twice for gate 1"),
    (pd.DataFrame({"gate": [1.5], "item": ["owner"]}), "a gate is no whole number"),
    (pd.DataFrame({"item": ["owner"]}), "allowed a frame with rows of gate and item"),
    (["owner"], "checklist: got a list, allowed a frame"),
])
def test_a_checklist_that_is_none_is_refused(book, checklist, message):
    with pytest.raises(ParameterError, match=message):
        gate_readiness(book, checklist=checklist)


def test_without_projects_there_is_nothing_to_ask():
    with pytest.raises(MissingTableError, match="projects: missing"):
        gate_readiness({})


def test_the_sample_company_is_mostly_ready(quillmark):
    found = gate_readiness(quillmark, period="2025-12")
    assert len(found.projects) == 60 and 0.9 < found.complete < 1.0
    assert found.by_gate["n"].sum() == 60 and set(found.by_gate["gate"]) == {2, 3, 4, 5}
