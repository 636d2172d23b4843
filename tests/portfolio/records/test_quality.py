"""The six elements: shown by evidence, answered by the board, or asked; never blank, never averaged."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.records.quality import decision_quality
from pmlib.portfolio.records.questions import NAMES
from pmlib.portfolio.records.readiness import gate_readiness
from pmlib.portfolio.records.record import decision_record
from pmlib.portfolio.records.tampering import verify_record


@pytest.fixture(scope="module")
def record(plan, tables):
    return decision_record(plan, tables)


def standing(found):
    return found.questions.set_index("question")["standing"].to_dict()


def test_there_are_six_elements_and_none_is_blank(record, tables):
    found = decision_quality(record, tables)
    assert found.elements["element"].tolist() == ["frame", "alternatives", "information", "values", "reasoning",
                                                  "commitment"]
    assert found.questions["says"].str.len().gt(0).all() and found.elements["says"].str.len().gt(0).all()
    assert found.questions.loc[found.questions["standing"] == "open", "says"].str.startswith("To be asked: ").all()


def test_the_score_is_the_weakest_element_not_the_mean(record, tables):
    found = decision_quality(record, tables)
    share = found.elements.set_index("name")["met"] / found.elements.set_index("name")["asked"]
    assert set(found.weakest) == set(share[share == share.min()].index)
    assert "a decision is as good as its weakest element" in found.summary()


def test_evidence_of_the_record_is_read(record, tables):
    found = standing(decision_quality(record, tables))
    assert found["limits"] == found["ways"] == found["proof"] == found["check"] == found["reasons"] == "shown"
    assert found["scope"] == found["more than yes or no"] == found["decided"] == "shown to be lacking"
    assert found["overrides"] == "shown" and found["weights"] == found["coverage"] == found["next steps"] == "open"


def test_measures_settle_their_questions_either_way(record, tables):
    good = {"plans_compared": 5, "coverage": 0.79, "evpi_share": 0.02, "near_ties": 3,
            "verification": verify_record(record, tables)}
    found = standing(decision_quality(record, tables, measures=good))
    assert {found[name] for name in ("plans", "coverage", "worth of knowing more", "near ties", "repeats")} == {"shown"}
    bad = {"plans_compared": 1, "coverage": 0.5, "evpi_share": 0.4}
    found = standing(decision_quality(record, tables, measures=bad))
    assert {found[name] for name in ("plans", "coverage", "worth of knowing more")} == {"shown to be lacking"}
    assert standing(decision_quality(record, tables, measures={"coverage": math.nan}))["coverage"] == "open"


def test_answers_settle_open_questions_only(record, tables):
    answers = {"right question": True, "agreement": "At the meeting in May.", "next steps": False, "proof": False,
               "plans": "  "}
    found = decision_quality(record, tables, answers=answers)
    assert {name: standing(found)[name] for name in answers} == {
        "right question": "the board says yes", "agreement": "the board says yes", "next steps": "the board says no",
        "proof": "shown", "plans": "open"}
    assert "The board says: At the meeting in May." in found.questions["says"].tolist()
    frame = found.elements.set_index("element")
    assert frame.loc["frame", "answered"] == pytest.approx(1 / 3) and frame.loc["frame", "met"] == 2


def test_weights_of_groups_readiness_and_a_priced_point_are_evidence(tables):
    weights = pd.DataFrame({"objective_id": ["a", "a"], "group": ["board", "sales"], "weight": 1.0,
                            "valid_from": "2025-01-01"})
    tables = {**tables, "weights": weights}
    made = rebalance(tables, period="2025-12", points={f"P{n}": 1.0 for n in range(1, 7)},
                     policy=Policy(objective="mix", k_per_point=40))
    found = decision_quality(decision_record(made, tables), tables, readiness=gate_readiness(tables, period="2025-12"))
    says = found.questions.set_index("question")["says"]
    assert says["weights"] == "Weights of board, sales, in force since 2025-01-01."
    assert says["trade-off"] == "Chosen by money and points, a point at 40 thousand."
    assert says["readiness"].startswith("0 of 6 projects bring all") and standing(found)["readiness"] != "open"


def test_a_record_without_plan_or_decisions_is_judged_too(tables):
    tables = {**{name: tables[name] for name in ("workbook", "estimates", "cash_flows", "budgets")},
              "projects": tables["projects"].assign(mandatory=True)}
    found = decision_quality(decision_record(rebalance(tables, period="2025-12"), tables), tables)
    assert standing(found)["proof"] == standing(found)["check"] == "shown to be lacking"
    assert standing(found)["overrides"] == "open"


def test_all_settled_says_so(record, tables):
    programmes = pd.DataFrame({"programme_id": ["G1"], "name": "One"})
    tables = {**tables, "programmes": programmes, "projects": tables["projects"].assign(programme_id="G1"),
              "options": pd.DataFrame([(f"P{n}", verb) for n in range(1, 7) for verb in
                                       ("keep", "hold", "stop", "start", "decline")], columns=["project_id", "action"])}
    made = rebalance(tables, period="2025-12")
    verbs = made.actions.set_index("project_id")["action"]
    decided = pd.DataFrame({"project_id": verbs.index, "decided": verbs.to_numpy(), "decided_by_role": "R01"})
    full = decision_record(made, tables, decided=decided)
    found = decision_quality(full, tables, answers=dict.fromkeys(NAMES, True),
                             measures={"plans_compared": 3, "coverage": 0.8, "evpi_share": 0.0, "near_ties": 0})
    assert found.summary() == "2025-12: all questions of all six elements are settled."
    assert found.open_questions == ()


@pytest.mark.parametrize(("options", "message"), [
    ({"answers": {"right qestion": True}}, r"question 'right qestion' is not known.*Did you mean 'right question'"),
    ({"answers": {"plans": 3}}, "plans is answered 3, allowed True, False or words"),
    ({"answers": ["plans"]}, "answers: got a list, allowed a mapping"),
    ({"measures": {"coverag": 0.5}}, r"'coverag' is not known\..*Did you mean 'coverage'"),
    ({"measures": {"coverage": "half"}}, "coverage is 'half', allowed a number of 0 or more"),
    ({"measures": {"verification": True}}, "verification: got True, allowed a Verification"),
    ({"readiness": 0.9}, r"readiness: got 0\.9, allowed a Readiness"),
])
def test_what_is_no_answer_is_refused(record, tables, options, message):
    with pytest.raises(ParameterError, match=message):
        decision_quality(record, tables, **options)


def test_a_record_is_needed(tables):
    with pytest.raises(ParameterError, match="record: got a dict, allowed a DecisionRecord"):
        decision_quality({}, tables)
