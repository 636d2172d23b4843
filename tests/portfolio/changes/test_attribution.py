from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, Workers, rebalance
from pmlib.portfolio.changes.attribution import attribution
from pmlib.portfolio.changes.causes import Cause, Known, pair
from pmlib.portfolio.changes.coalitions import solve_coalitions

MIX = Policy(objective="mix", k_per_point=3.0)
SOME = (Cause.ESTIMATES, Cause.BUDGET, Cause.CAPACITY, Cause.PROJECTS)


def small(budget: float = 100.0, **projects) -> dict[str, pd.DataFrame]:
    """P1 gains 40 and P2 gains 20 for 50 each; both are kept or stopped."""
    estimates = [(name, quantity, *[amount] * 3) for name, benefit in (("P1", 90.0), ("P2", 70.0))
                 for quantity, amount in (("benefit_pv_k", benefit), ("cost_k", 50.0))]
    return {
        "projects": pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": 100.0, "spent_k": 50.0,
                                  **projects}),
        "estimates": pd.DataFrame(estimates, columns=["project_id", "quantity", "p10", "p50", "p90"]),
        "budgets": pd.DataFrame({"programme_id": [None], "year": [2026], "opex_k": [budget]}),
        "options": pd.DataFrame([(name, verb) for name in ("P1", "P2") for verb in ("keep", "stop")],
                                columns=["project_id", "action"]),
    }


MEASURED = pd.DataFrame({"project_id": ["P1"], "factor": [60 / 90]})


def known(tables: dict[str, pd.DataFrame], **options) -> Known:
    return Known(tables=tables, period="2025-12", **options)


@pytest.fixture(scope="module")
def both_causes():
    return attribution(known(small()), known(small(60.0), evidence=MEASURED))


def test_two_causes_split_value_and_flip_as_worked_out_by_hand(both_causes):
    """Worth 60 with nothing changed, 40 with less budget, 30 with the evidence, 20 with both."""
    found = both_causes.contributions.set_index("cause")
    assert found["contribution_k"].to_dict() == pytest.approx(
        {cause: {"budget": -15.0, "evidence": -25.0}.get(cause, 0.0) for cause in Cause})
    assert found.loc["budget", ["alone_k", "last_k"]].tolist() == pytest.approx([-20.0, -10.0])
    assert found.loc["evidence", ["alone_k", "last_k"]].tolist() == pytest.approx([-30.0, -20.0])
    assert both_causes.flip_parts.to_dict("list") == {
        "project_id": ["P1", "P1"], "cause": ["evidence", "budget"], "contribution": [-0.5, -0.5]}
    assert both_causes.interactions["interaction"].tolist() == pytest.approx([10.0])


def test_the_answer_is_told_in_words(both_causes):
    assert both_causes.summary() == (
        "The plan is worth 40 thousand EUR less than in 2025-12: evidence -25, budget -15. Progress and spend, "
        "estimates, capacity, weights and project list did not change. 1 decision flipped: P1.")
    assert both_causes.flips["says"].tolist() == ["P1 goes from keep to stop: evidence 50 %, budget 50 %."]
    assert both_causes.notes == (
        "Evidence and budget together do +10 beyond the sum of both, so their contributions are shares of it.",)
    assert repr(both_causes) == "<Attribution 2025-12 to 2025-12: -40 thousand EUR, most by evidence; 1 flipped>"
    assert both_causes.headline() == {"-40": "thousand EUR since 2025-12", "-25": "by evidence, the largest cause",
                                      "1": "decisions flipped"}


def test_the_steps_of_the_waterfall_lead_from_plan_to_plan(both_causes):
    steps = both_causes.steps()
    assert steps["label"].tolist() == ["plan of 2025-12", "evidence", "budget", "plan of 2025-12"]
    assert steps["end"].tolist() == pytest.approx([60, 35, 20, 20])
    assert steps["start"].tolist() == pytest.approx([0, 60, 35, 0])


def some_causes(periods, causes) -> tuple[Known, Known]:
    before, now = periods
    side = pair(before, now).mixed(causes)
    return before, Known(tables=side.tables, period=side.first - 1, points=side.points)


@pytest.fixture(scope="module", params=[0, 3])
def four_causes(two_periods, request):
    periods = some_causes(two_periods(request.param), SOME)
    return pair(*periods), attribution(*periods, policy=MIX)


def test_contributions_are_the_average_over_all_orders_of_plans_made_by_rebalance(four_causes):
    both, split = four_causes
    plans = {}
    for n in range(len(SOME) + 1):
        for causes in itertools.combinations(SOME, n):
            side = both.mixed(causes)
            plans[frozenset(causes)] = rebalance(side.tables, period=side.first - 1, points=side.points, policy=MIX)
    orders = list(itertools.permutations(SOME))
    for cause in SOME:
        added = [plans[frozenset((*order[:order.index(cause)], cause))].value_k
                 - plans[frozenset(order[:order.index(cause)])].value_k for order in orders]
        got = split.contributions.set_index("cause")["contribution_k"][cause]
        assert got == pytest.approx(np.mean(added), abs=1e-2)
    assert split.value_before_k == plans[frozenset()].value_k
    assert split.value_now_k == pytest.approx(plans[frozenset(SOME)].value_k, rel=1e-6)


def test_contributions_add_up_to_the_cent_and_flips_to_the_flip(four_causes):
    both, split = four_causes
    assert both.differing == SOME
    cent = 1e-5
    assert abs(split.contributions["contribution_k"].sum() - split.change_k) < cent
    whole = split.flip_parts.groupby("project_id")["contribution"].sum()
    assert set(whole.abs().round(12)) <= {1.0}
    assert set(whole.index) == set(split.flips["project_id"])
    assert (split.contributions.loc[~split.contributions["differs"], "contribution_k"] == 0.0).all()


def test_one_worker_and_two_give_the_same_answer(two_periods):
    periods = some_causes(two_periods(3), SOME[2:])
    answers = []
    for count in (1, 2):
        with Workers(count) as pool:
            answers.append(attribution(*periods, policy=MIX, executor=pool))
    answers.append(attribution(*periods, policy=MIX))
    for name in ("contributions", "flips", "flip_parts", "interactions"):
        for other in answers[1:]:
            pd.testing.assert_frame_equal(getattr(answers[0], name), getattr(other, name), check_exact=True)


def test_nothing_changed_is_said_and_one_plan_is_enough():
    split = attribution(known(small()), known(small()))
    assert split.n_plans == 1
    assert split.summary() == ("Nothing the plan reads changed since 2025-12: it is worth 60 thousand EUR. "
                               "No decision flipped.")
    assert split.contributions["contribution_k"].eq(0.0).all()
    assert split.headline() == {"+0": "thousand EUR since 2025-12", "0": "decisions flipped"}


def test_equal_plans_are_not_swapped_without_a_reason():
    """Both projects gain the same now and one fits: the one that went on goes on."""
    twin = small(50.0)
    twin["estimates"].loc[twin["estimates"]["p50"] == 70.0, ["p10", "p50", "p90"]] = 90.0
    for first, factor in (("P1", "P2"), ("P2", "P1")):
        before = known(twin, evidence=pd.DataFrame({"project_id": [factor], "factor": [0.9]}))
        assert first in solve_coalitions(pair(before, before)).plans[0].on
        split = attribution(before, known(twin))
        assert split.change_k == pytest.approx(0.0, abs=1e-4)
        assert split.flips.empty


def test_a_project_that_is_new_or_closed_flips_by_the_list():
    now = small(state=["done", "running"])
    more = now["projects"].iloc[[1]].assign(project_id="P3", state="proposed", spent_k=50.0)
    now["projects"] = pd.concat([now["projects"], more], ignore_index=True)
    own = now["estimates"].iloc[:2].assign(project_id="P3")
    now["estimates"] = pd.concat([now["estimates"], own], ignore_index=True)
    split = attribution(known(small()), known(now))
    assert split.flips["says"].tolist() == ["P1 goes from keep to done: project list.",
                                            "P3 goes from not in the list to start: project list."]
    assert split.change_k == pytest.approx(0.0, abs=1e-4)


def test_without_a_plan_on_one_side_there_is_no_split_and_it_says_why():
    must = {"mandatory": True}
    split = attribution(known(small(**must)), known(small(60.0, **must)))
    assert not split.found
    assert "no plan holds every limit of this period. Look at rebalance" in split.summary()
    assert math.isnan(split.value_now_k)
    assert split.to_frame().empty
    assert split.headline() == {"no split": "a period or a mixture of both has no plan"}
    assert repr(split) == "<Attribution 2025-12 to 2025-12: no split>"
    back = attribution(known(small(60.0, **must)), known(small(**must)))
    assert "no plan holds every limit of the last period" in back.missing


def test_a_mixture_without_a_plan_is_named():
    """Less budget fits the cheaper project alone, so it needs the new spending first."""
    before, now = small(100.0, mandatory=True), small(60.0, mandatory=True)
    now["projects"]["spent_k"] = 70.0
    split = attribution(known(before), known(now))
    assert "of the mixture of budget as of now and all else as before" in split.missing


def test_bands_that_a_mixture_cannot_hold_are_priced_in_all():
    programmes = pd.DataFrame({"programme_id": ["G1", "G2"], "horizon": ["core", "new"]})
    bands = pd.DataFrame({"horizon": ["core"], "floor_share": [0.6]})
    fixed = {"programme_id": ["G1", "G2"], "mandatory": True}
    before, now = small(**fixed), small(**fixed)
    before |= {"programmes": programmes}
    now |= {"programmes": programmes, "mix_targets": bands}
    split = attribution(known(before), known(now))
    assert split.found
    assert "cannot hold the bands of the mix" in split.notes[0]
    assert split.change_k == pytest.approx(-0.1 * (0.6 * 100 - 50))


def test_a_policy_or_executor_that_is_none_is_refused():
    with pytest.raises(ParameterError, match="policy: got 3, allowed a Policy"):
        attribution(known(small()), known(small()), policy=3)
    with pytest.raises(ParameterError, match="executor: got 'two', allowed an Executor"):
        attribution(known(small()), known(small()), executor="two")
    with pytest.raises(ParameterError, match="points: missing"):
        attribution(known(small()), known(small()), policy=MIX)


def test_by_the_score_the_change_is_in_points():
    split = attribution(known(small(60.0), points={"P1": 5.0, "P2": 3.0}),
                        known(small(60.0), points={"P1": 1.0, "P2": 3.0}), policy=Policy(objective="score"))
    assert split.worth() == "The plan is worth 2 points less than in 2025-12: weights -2."
    assert split.flips["main_cause"].tolist() == ["weights", "weights"]


def test_what_the_objective_does_not_read_contributes_exactly_nothing():
    split = attribution(known(small(), points={"P1": 5.0}), known(small(60.0), points={"P1": 1.0}))
    found = split.contributions.set_index("cause")
    assert found.loc["weights", ["differs", "contribution_k", "last_k"]].tolist() == [True, 0.0, 0.0]
    assert split.worth() == ("The plan is worth 20 thousand EUR less than in 2025-12: budget -20; weights changed "
                             "without effect.")
