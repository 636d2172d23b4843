"""The whole answer: closed forms, the order of its worths, its words, its figures and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.information.envelopes import preposterior_sd, unit_normal_loss
from pmlib.portfolio.information.information import information_value
from pmlib.portfolio.information.studies import StudyPolicy
from pmlib.portfolio.model import Solution, Status

QUICK = StudyPolicy(draws=4)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _tables(ids="A", **columns):
    return {"projects": pd.DataFrame({"project_id": list(ids), "state": "proposed", "bac_k": 500.0, **columns})}


def _asked(means, sds, *, study=QUICK, policy=None, **tables):
    ids = list(means)
    return information_value(_tables(ids) | tables, means=dict(means), sds=dict(sds), period="2025-12",
                             policy=policy or Policy(), study=study)


@pytest.mark.parametrize(("mean", "sd"), [(40.0, 50.0), (-40.0, 50.0), (0.0, 12.0), (200.0, 90.0)])
def test_one_project_go_or_not_has_raiffa_and_schlaifers_closed_forms(mean, sd):
    found = _asked({"A": mean}, {"A": sd}).to_frame().iloc[0]
    assert found["evppi_k"] == pytest.approx(sd * float(unit_normal_loss(abs(mean) / sd)), abs=1e-4)
    half = sd * np.sqrt(0.75)
    assert found["evsi_k"] == pytest.approx(half * float(unit_normal_loss(abs(mean) / half)), abs=1e-4)
    assert (found["flips_at_k"], found["then"]) == (pytest.approx(0.0, abs=1e-6), "decline" if mean > 0 else "start")
    assert found["study_cost_k"] == pytest.approx(0.02 * 500.0)


def test_knowing_all_is_exact_where_only_one_project_is_uncertain():
    found = _asked({"A": 100.0, "B": 60.0}, {"A": 0.0, "B": 50.0}, policy=Policy(budget_k=500))
    assert found.evpi_k == found.to_frame()["evppi_k"].max()
    assert found.evpi_error_k == 0.0


def test_two_projects_under_a_budget_for_one_flip_at_each_others_worth():
    found = _asked({"A": 100.0, "B": 60.0}, {"A": 30.0, "B": 50.0}, policy=Policy(budget_k=500)).to_frame()
    frame = found.set_index("project_id")
    assert frame.loc[["A", "B"], "flips_at_k"].tolist() == pytest.approx([60.0, 100.0])
    for name, sd in (("A", 30.0), ("B", 50.0)):
        assert frame.loc[name, "evppi_k"] == pytest.approx(sd * float(unit_normal_loss(40.0 / sd)), abs=1e-4)


@given(st.lists(st.tuples(st.floats(-200, 200), st.floats(0, 150)), min_size=2, max_size=3), st.integers(0, 1500))
@settings(max_examples=12, deadline=None)
def test_no_study_is_worth_more_than_the_truth_nor_one_truth_more_than_all(beliefs, budget):
    ids = "ABC"[:len(beliefs)]
    found = _asked({name: mean for name, (mean, _) in zip(ids, beliefs, strict=True)},
                   {name: sd for name, (_, sd) in zip(ids, beliefs, strict=True)}, policy=Policy(budget_k=budget))
    frame = found.to_frame()
    worth = frame[["evsi_k", "evppi_k"]].fillna(0.0)
    assert (worth >= 0.0).all(axis=None)
    assert (worth["evsi_k"] <= worth["evppi_k"] + 1e-12).all()
    assert worth["evppi_k"].max() <= found.evpi_k + 1e-6
    assert found.evpi_error_k >= 0.0


def test_the_tables_worth_of_going_on_counts_for_projects_without_belief(make_tables):
    tables = make_tables(3, 6)
    ids = tables["projects"]["project_id"].tolist()
    found = information_value(tables, means={"P01": 50.0}, sds={"P01": 80.0}, policy=Policy(mix="off"), study=QUICK)
    assert sorted(found.to_frame()["project_id"]) == [name for name in sorted(ids) if name.startswith("P")]
    assert "5 projects without belief count as sure" in found.summary()


def test_each_study_offered_is_judged_and_the_best_of_a_project_counts():
    studies = pd.DataFrame({"project_id": ["A", "A", "B"], "study": ["pilot", "survey", "pilot"],
                            "study_cost_k": [9.0, 1.0, 30.0], "standard_error_k": [10.0, 60.0, 20.0]})
    found = _asked({"A": 20.0, "B": 10.0, "C": 5.0}, {"A": 60.0, "B": 40.0, "C": 30.0},
                   study=StudyPolicy(studies=studies, draws=4))
    offered = found.studies.set_index(["project_id", "study"])
    for (name, study), sd, mean in ((("A", "pilot"), 60.0, 20.0), (("A", "survey"), 60.0, 20.0),
                                    (("B", "pilot"), 40.0, 10.0)):
        move = float(preposterior_sd(sd, offered.loc[(name, study), "standard_error_k"]))
        assert offered.loc[(name, study), "evsi_k"] == pytest.approx(move * float(unit_normal_loss(mean / move)))
    assert (found.studies["net_k"] == found.studies["evsi_k"] - found.studies["study_cost_k"]).all()
    best = found.to_frame().set_index("project_id")
    assert best.loc["A", "net_k"] == offered.loc["A", "net_k"].max()
    assert best.loc["C", ["study", "rank"]].tolist() == ["", 3]
    assert np.isnan(best.loc["C", "evsi_k"])
    assert found.summary().startswith(f"Learn first about A: the {best.loc['A', 'study']}")


def test_several_together_are_not_their_sum_and_studies_less_than_truths():
    found = _asked({"A": 100.0, "B": 90.0}, {"A": 60.0, "B": 60.0}, policy=Policy(budget_k=500),
                   study=StudyPolicy(draws=40))
    alone = found.to_frame()["evppi_k"]
    both, studied = found.together(["A", "B"]), found.together(["A", "B"], learned="study")
    assert alone.max() <= both.value_k < alone.sum() - 3 * both.standard_error_k
    assert studied.value_k < both.value_k
    assert both.value_k == found.evpi_k
    assert found.together(["A"]).value_k == alone[found.to_frame()["project_id"] == "A"].item()
    assert found.together([]).value_k == 0.0


def test_the_envelope_holds_the_plan_at_the_mean_and_integrates_to_the_worth_of_the_truth():
    found = _asked({"A": 40.0}, {"A": 50.0})
    frame = found.envelope("A")
    middle = frame.iloc[len(frame) // 2]
    assert (middle["value_k"], middle["best_k"], middle["planned_k"]) == pytest.approx((40.0, 40.0, 40.0))
    gain = np.trapezoid((frame["best_k"] - frame["planned_k"]) * frame["density"], frame["value_k"])
    assert gain == pytest.approx(found.to_frame()["evppi_k"].iloc[0], rel=0.01)
    assert frame["action"].unique().tolist() == ["decline", "start"]
    assert len(_asked({"A": 40.0}, {"A": 0.0}).envelope("A")) == 1


def test_the_words_say_what_to_learn_first_and_how_often_it_changes_the_decision():
    found = _asked({"A": 40.0}, {"A": 80.0})
    assert found.summary().startswith("Learn first about A: a study that halves its uncertainty is worth 12 thousand "
                                      "EUR, costs 10 and would change the decision on it 3 times in 10. Knowing every "
                                      "project's true value before deciding would be worth 16, beside a plan worth 40")
    assert "each is assumed to cost 2 % of what the project still costs" in found.summary()
    assert repr(found) == ("<Information: 1 project; learn first about A; knowing all is worth 16 thousand EUR "
                           "(standard error 0)>")
    assert "1 of 1" in found.headline()
    dear = _asked({"A": 40.0}, {"A": 80.0}, study=StudyPolicy(cost_share=0.5, sd_left=0.2))
    assert dear.summary().startswith("No study is worth more than it costs; nearest is A: a study that leaves 20 % of")
    assert "no study pays" in repr(dear)


def test_where_nothing_can_change_the_plan_it_says_decide_now():
    for found in (_asked({"A": 40.0}, {"A": 0.0}), _asked({"A": 4000.0}, {"A": 1.0})):
        assert found.summary().startswith("Nothing that could be learned about these projects would change the plan")
        assert found.evpi_k == 0.0
        assert found.to_frame()["chance_flips"].tolist() == [0.0]
        assert found.plot().get_title(loc="left") == "Nothing to learn would change the plan"


def test_without_a_plan_there_is_nothing_to_learn_for():
    tables = _tables("A", mandatory=True)
    found = information_value(tables, means={"A": 40.0}, sds={"A": 5.0}, period="2025-12", policy=Policy(budget_k=1))
    assert found.summary().startswith("No plan holds every limit, so there is no decision to learn for. Ask ")
    assert found.to_frame().empty
    assert found.to_frame().columns.tolist()[:2] == ["rank", "project_id"]
    assert np.isnan(found.evpi_k)
    assert repr(found) == "<Information: no plan>"
    assert found.headline() == {"no plan": "so there is nothing to learn for"}
    assert found.plot().get_title(loc="left")
    with pytest.raises(ParameterError, match=r"plan: there is none. No plan holds every limit"):
        found.together(["A"])
    with pytest.raises(ParameterError, match=r"plan: there is none"):
        found.envelope("A")


def test_searches_that_ended_early_are_said_and_a_search_without_a_plan_too(monkeypatch):
    def early(problem, changes):
        return tuple(replace(plan, status=Status.WITHIN_GAP) for plan in solve_all(problem, changes))

    monkeypatch.setattr("pmlib.portfolio.information.lines.solve_all", early)
    found = _asked({"A": 40.0}, {"A": 50.0})
    assert found.notes[1].startswith("1 search ended before the proof for A: what hangs on it is at least as much")
    stopped = Solution(status=Status.NO_PLAN, value=np.nan, bound=np.nan, gap=np.nan, x=np.empty(0),
                       prices=np.empty(0), seconds=0.0)
    monkeypatch.setattr("pmlib.portfolio.information.information.best_plan", lambda problem: (stopped, None))
    assert _asked({"A": 40.0}, {"A": 50.0}).summary().startswith("The search stopped before it found a plan. Raise ")


@pytest.mark.parametrize(("means", "sds", "words"), [
    ({"A": 40.0}, {"A": -5.0}, r"sds: -5 for A, allowed 0 or more.*correct it"),
    ({"A": 40.0}, {"A": np.nan}, r"sds: missing for A, which means has. Pass both"),
    ({"A": 40.0}, {}, r"sds: missing for A, which means has. Pass both"),
    ({}, {"A": 40.0}, r"means: missing for A, which sds has. Pass both"),
    ({"A": np.inf}, {"A": 1.0}, r"means: inf for A, allowed a finite number"),
    ({"A": "much"}, {"A": 1.0}, r"means: 'much' for A, allowed a finite number"),
    ({"X": 40.0}, {"X": 1.0}, r"means: project_id 'X' is not in projects. Known: A"),
    ({}, {}, r"means: none of its projects is to be decided"),
    (5, {"A": 1.0}, r"means: got int, allowed a Series or mapping"),
])
def test_beliefs_that_are_none_are_refused_by_name(means, sds, words):
    with pytest.raises(ParameterError, match=words):
        information_value(_tables("A"), means=means, sds=sds, period="2025-12")


def test_closed_projects_are_left_out_and_none_at_all_is_refused():
    tables = {"projects": pd.DataFrame({"project_id": ["A", "D"], "state": ["proposed", "done"], "bac_k": 100.0})}
    both = {"A": 10.0, "D": 10.0}
    found = information_value(tables, means=both, sds=both, period="2025-12", study=QUICK)
    assert found.to_frame()["project_id"].tolist() == ["A"]
    with pytest.raises(ParameterError, match=r"means: none of its projects is to be decided"):
        information_value(tables, means={"D": 1.0}, sds={"D": 1.0}, period="2025-12")
    with pytest.raises(MissingTableError, match=r"projects: missing"):
        information_value({}, means=both, sds=both, period="2025-12")


def test_a_plan_by_points_and_an_option_that_is_none_are_refused():
    with pytest.raises(ParameterError, match=r"policy: objective is 'score', allowed 'money'"):
        _asked({"A": 1.0}, {"A": 1.0}, policy=Policy(objective="score"))
    with pytest.raises(ParameterError, match=r"study: got 'pilot', allowed a StudyPolicy"):
        _asked({"A": 1.0}, {"A": 1.0}, study="pilot")
    found = _asked({"A": 1.0}, {"A": 1.0})
    with pytest.raises(ParameterError, match=r"project_id: 'B' is not to be decided. Known: A"):
        found.envelope("B")
    with pytest.raises(ParameterError, match=r"projects: got 'A', allowed a list of project_id. Pass \['A'\]"):
        found.together("A")
    with pytest.raises(ParameterError, match=r"learned: got 'news', allowed truth, study"):
        found.together(["A"], learned="news")


def test_a_looser_gap_of_the_policy_does_not_count():
    loose, exact = (_asked({"A": 100.0, "B": 60.0}, {"A": 30.0, "B": 50.0}, policy=Policy(budget_k=500, gap=gap))
                    for gap in (0.5, 1e-6))
    assert loose.to_frame().equals(exact.to_frame())
