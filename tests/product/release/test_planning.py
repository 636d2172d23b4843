from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product.release.capacity import ReleaseRules
from pmlib.product.release.formulation import NOWHERE, Question, best_plan, greedy_plan, least_shortfall, misfits
from pmlib.product.release.planning import plan_releases
from pmlib.product.release.reasons import forced_costs, one_more

PERIOD = "2025-12"


def allowed(question: Question, built: np.ndarray) -> bool:
    """The rules of a plan, each written once more."""
    for i, release in enumerate(built):
        first = question.first[i]
        late = NOWHERE not in (first, release) and (built[first] == NOWHERE or built[first] > release)
        if late or (question.must[i] and release == NOWHERE) or (question.committed[i] and release != 0):
            return False
    return bool((question.load(built) <= question.capacity + 1e-9).all())


def by_hand(question: Question) -> float:
    """The most value of all assignments; NaN where none is allowed."""
    plans = every(question)
    return max((question.worth(plan) for plan in plans if allowed(question, plan)), default=math.nan)


def every(question: Question) -> Iterator[np.ndarray]:
    places = range(NOWHERE, question.releases)
    return map(np.array, itertools.product(places, repeat=len(question.features)))


def least_missing(question: Question) -> float:
    """Fewest person-months more with which some assignment holds every must."""
    roomy = replace(question, capacity=question.capacity + 1e6)
    over = [np.maximum(question.load(plan) - question.capacity, 0).sum()
            for plan in every(question) if allowed(roomy, plan)]  # fmt: skip
    return float(min(over))


def most_forced(question: Question) -> int:
    """Most forced features that any assignment has in their place."""
    free = replace(question, must=np.zeros_like(question.must), committed=np.zeros_like(question.must))
    return max(int((question.must & ~question.committed & (plan != NOWHERE)).sum()
                   + (question.committed & (plan == 0)).sum())
               for plan in every(question) if allowed(free, plan))  # fmt: skip


@st.composite
def questions(draw: st.DrawFn) -> Question:
    n = draw(st.integers(1, 5))
    releases, teams = draw(st.integers(1, 2)), draw(st.integers(1, 2))

    def numbers(low: int, high: int, size: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=size, max_size=size))

    return Question(
        features=tuple(f"F{i}" for i in range(n)), value=np.array(numbers(0, 9, n), dtype=float),
        effort=np.array(numbers(0, 6, n), dtype=float), team=np.array(numbers(0, teams - 1, n)),
        # A feature needs only later ones, so that there is no circle.
        first=np.array([draw(st.one_of(st.just(NOWHERE), st.integers(i + 1, n - 1))) if i < n - 1 else NOWHERE
                        for i in range(n)]),
        must=np.array(numbers(0, 3, n)) == 3, committed=np.array(numbers(0, 9, n)) == 9,
        teams=tuple("ab"[:teams]), capacity=np.array(numbers(0, 9, teams * releases), dtype=float).reshape(teams, -1),
        quarters=np.arange(releases, 0, -1) + 2.0,
    )  # fmt: skip


@given(questions())
@settings(max_examples=120, deadline=None)
def test_the_plan_is_the_best_of_all_assignments(question):
    answer, best = best_plan(question), by_hand(question)
    assert answer.value == pytest.approx(best, nan_ok=True)
    if not math.isnan(best):
        assert allowed(question, answer.built)
        assert question.worth(answer.built) == pytest.approx(best)
        greedy = greedy_plan(question)
        assert greedy is None or (allowed(question, greedy) and question.worth(greedy) <= best + 1e-9)


@given(questions())
@settings(max_examples=60, deadline=None)
def test_what_forcing_costs_and_one_more_person_month_brings_is_counted_by_hand(question):
    answer = best_plan(question)
    if math.isnan(answer.value):
        assert least_shortfall(question).sum() == pytest.approx(least_missing(question), abs=1e-6)
        forced = int((question.must | question.committed).sum())
        assert forced - len(misfits(question)) == most_forced(question) < forced
        return
    for feature, cost in forced_costs(question, answer).items():
        must = question.must & (np.arange(len(question.must)) != question.place(feature))
        assert cost.points == pytest.approx(by_hand(replace(question, must=must)) - answer.value, abs=1e-3)
    more = question.capacity.copy()
    more[question.team[0], -1] += 1
    gain = by_hand(replace(question, capacity=more)) - answer.value
    assert one_more(question, answer)[question.team[0], -1] == pytest.approx(gain, abs=1e-3)


def test_of_equal_plans_the_one_of_least_effort_then_the_first_by_id_is_taken(backlog):
    tables = backlog(F1={"effort_pm": 2}, F2={"effort_pm": 1}, F3={"effort_pm": 1}, F4={"reach": 0.0})
    plan = plan_releases(tables, period=PERIOD, capacity={"web": 2}, rules=ReleaseRules(releases=1))
    assert plan.features.loc[plan.features["release"].notna(), "feature_id"].tolist() == ["F2", "F3"]
    one = plan_releases(tables, period=PERIOD, capacity={"web": 1}, rules=ReleaseRules(releases=1))
    assert one.features.loc[one.features["release"].notna(), "feature_id"].tolist() == ["F2"]


def test_the_order_of_rows_changes_nothing(backlog):
    tables = backlog(**{f"F{i}": {"effort_pm": 1 + i % 3} for i in range(1, 9)})
    turned = {"features": tables["features"].iloc[::-1]}
    one, two = (plan_releases(t, period=PERIOD, capacity={"web": [3, 4]}) for t in (tables, turned))
    pd.testing.assert_frame_equal(one.features, two.features)


def test_what_a_feature_needs_comes_in_the_same_release_or_before(backlog):
    tables = backlog(F1={"reach": 10.0, "effort_pm": 2}, F2={"reach": 500.0, "depends_on": "F1"})
    plan = plan_releases(tables, period=PERIOD, capacity={"web": 3})
    assert plan.features["release"].tolist() == [1, 1]
    tight = plan_releases(tables, period=PERIOD, capacity={"web": 2})
    assert dict(zip(tight.features["feature_id"], tight.features["release"], strict=True)) == {"F1": 1, "F2": 2}
    none = plan_releases(tables, period=PERIOD, capacity={"web": 1})
    reasons = none.features.set_index("feature_id")["reason"]
    assert reasons["F2"] == "needs F1 first, which is not in the plan"
    assert reasons["F1"] == "needs 2.0 person-months of web in one release, which has at most 1.0"


def test_a_forced_must_says_what_it_costs_and_what_it_displaces(backlog):
    tables = backlog(F1={"reach": 10.0, "moscow": "must", "effort_pm": 2}, F2={"effort_pm": 2})
    rules = ReleaseRules(releases=1, horizon_months=6)
    plan = plan_releases(tables, period=PERIOD, capacity={"web": 2}, rules=rules)
    row = plan.features.iloc[0]
    assert (row["feature_id"], row["verdict"], row["forcing_points"]) == ("F1", "forced", pytest.approx(90.0))
    assert row["reason"] == "must-be: forcing it costs 90 points (900.0 %); without it F2 would be built"
    assert plan.features["reason"].iloc[1] == "team web has no time left, needs 2.0 person-months"
    assert plan.loads["one_more_points"].tolist() == [0.0]
    free = plan_releases(tables, period=PERIOD, capacity={"web": 2}, must=["F2"], rules=rules)
    assert free.features["reason"].iloc[0].startswith("must-be, and in the best plan anyway: 100 points a quarter")
    assert (free.value_points, free.greedy_loss) == (100.0, 0.0)


def test_one_more_person_month_is_worth_what_then_fits(backlog):
    tables = backlog(F1={"effort_pm": 3}, F2={"effort_pm": 1, "team": "app"})
    plan = plan_releases(tables, period=PERIOD, capacity={"web": 2, "app": 1}, rules=ReleaseRules(releases=1))
    assert plan.loads.set_index("team")["one_more_points"].to_dict() == {"app": 0.0, "web": 700.0}
    assert "One person-month more is worth most in web in 2026 Q1 (+700)." in plan.summary()


def test_musts_that_do_not_fit_are_explained_and_not_raised(backlog):
    tables = backlog(F1={"moscow": "must", "effort_pm": 3}, F2={"moscow": "must", "effort_pm": 4}, F3={})
    plan = plan_releases(tables, period=PERIOD, capacity={"web": [3, 2]})
    assert not plan.found and plan.features["release"].isna().all()
    assert plan.shortfall[["team", "release", "short_pm"]].values.tolist() == [["web", 2, 2.0]]
    assert plan.misfits == ("F2",)
    assert plan.summary() == (
        "No plan holds everything forced: web is 2.0 person-months short. At best F2 stays out. "
        "Add people, plan more releases, or take a feature out of the musts.")
    assert plan.headline() == {"2.0": "person-months short of what is forced", "3": "features to choose from"}
    assert plan.check().startswith("No plan to check (infeasible)") and "no plan" in repr(plan)


def test_a_must_that_waits_for_a_dropped_feature_is_named(backlog):
    tables = backlog(F1={"state": "dropped"}, F2={"moscow": "must", "depends_on": "F1"})
    plan = plan_releases(tables, period=PERIOD, capacity={"web": 9})
    assert plan.summary().startswith("No plan holds every must: F2 (needs F1 first: dropped).")
    assert plan.headline() == {"1": "musts that no plan can hold"}


def test_released_dropped_and_agreed_as_wont_are_out_and_released_needs_are_met(backlog):
    tables = backlog(F1={"state": "released"}, F2={"depends_on": "F1"}, F3={"state": "dropped"}, F4={"moscow": "wont"},
                     F5={"depends_on": "F4"}, F6={"product_id": "B"}, F7={"depends_on": "F6"})  # fmt: skip
    plan = plan_releases(tables, period=PERIOD, product_id="A", capacity={"web": 9})
    told = plan.features.set_index("feature_id")["reason"].to_dict()
    assert plan.features.loc[plan.features["release"].notna(), "feature_id"].tolist() == ["F2"]
    assert told["F1"] == "released already" and told["F3"] == "dropped" and told["F4"] == "agreed as wont"
    assert told["F5"] == "needs F4 first: agreed as wont"
    assert told["F7"] == "needs F6 first: belongs to B, which is not planned here"
    assert "The team web also works for B (1.0 person-months of backlog)" in plan.summary()
    assert plan_releases(tables, period=PERIOD, capacity={"web": 9}, must=["F4"]).features["release"].notna().sum() == 5


def test_a_committed_state_is_held_to_in_the_first_release(backlog):
    tables = backlog(F1={"reach": 1.0, "state": "building"}, F2={})
    held = plan_releases(tables, period=PERIOD, capacity={"web": 1}, rules=ReleaseRules(committed=("building",)))
    assert dict(zip(held.features["feature_id"], held.features["release"], strict=True)) == {"F1": 1, "F2": 2}
    assert held.features["reason"].iloc[0].startswith("already begun and held to")
    sunk = plan_releases(tables, period=PERIOD, capacity={"web": 1})
    assert dict(zip(sunk.features["feature_id"], sunk.features["release"], strict=True)) == {"F2": 1, "F1": 2}


def test_other_values_stand_in_place_of_reach_impact_confidence(backlog):
    tables = backlog(F1={}, F2={})
    rules = ReleaseRules(releases=1, value={"F2": 200.0})
    plan = plan_releases(tables, period=PERIOD, capacity={"web": 1}, rules=rules)
    assert (plan.features["feature_id"].iloc[0], plan.value_points) == ("F2", 1400.0)
    with pytest.raises(ParameterError, match=r"value: got 'F9'. Known: F1, F2"):
        plan_releases(tables, period=PERIOD, capacity={"web": 1}, rules=ReleaseRules(value={"F9": 1.0}))
    with pytest.raises(ParameterError, match="value: got nan for F1, allowed a finite number"):
        plan_releases(tables, period=PERIOD, capacity={"web": 1}, rules=ReleaseRules(value={"F1": math.nan}))


def test_a_team_without_capacity_is_refused_and_one_with_none_builds_nothing(backlog):
    with pytest.raises(ParameterError, match=r"F1 is built by team 'web', which has none. Known: wbe. Did you mean"):
        plan_releases(backlog(F1={}), period=PERIOD, capacity={"wbe": 1})
    plan = plan_releases(backlog(F1={}), period=PERIOD, capacity={"web": 0})
    assert plan.value_points == 0 and plan.summary().startswith("Nothing fits:")
    with pytest.raises(MissingTableError, match="table 'team_capacity' is missing"):
        plan_releases(backlog(F1={}), period=PERIOD)


def test_without_an_open_feature_or_a_known_month_the_answer_says_so(backlog):
    done = plan_releases(backlog(F1={"state": "released"}), period=PERIOD, capacity={"web": 1})
    assert done.summary() == "No feature is open: nothing to plan." and done.check()
    empty = plan_releases({"features": backlog(F1={})["features"].iloc[:0]}, period=PERIOD, capacity={"web": 1})
    assert empty.features.empty and "open features fit" in str(empty.headline())
    past = pd.DataFrame({"team": ["web"], "month": [24300], "person_months": [3.0]})
    late = plan_releases(backlog(F1={}) | {"team_capacity": past}, period=PERIOD)
    assert late.summary() == ("Not enough data for a plan: team_capacity has no month after December 2025. "
                              "Add 6 months.")  # fmt: skip
    assert late.features["reason"].tolist() == ["there is no plan"]


def test_an_unknown_product_or_must_is_refused(backlog):
    tables = backlog(F1={}, F2={"state": "dropped"})
    with pytest.raises(ParameterError, match=r"product_id: got 'B'. Known: A"):
        plan_releases(tables, period=PERIOD, product_id="B", capacity={"web": 1})
    with pytest.raises(ParameterError, match=r"must: got 'F3'. Known: F1, F2"):
        plan_releases(tables, period=PERIOD, capacity={"web": 1}, must=["F3"])
    with pytest.raises(ParameterError, match="must: F2 is dropped"):
        plan_releases(tables, period=PERIOD, capacity={"web": 1}, must=["F2"])
    with pytest.raises(ParameterError, match="must: got 'F1', allowed a list"):
        plan_releases(tables, period=PERIOD, capacity={"web": 1}, must="F1")
    with pytest.raises(ParameterError, match="must: got 3, allowed a list of features"):
        plan_releases(tables, period=PERIOD, capacity={"web": 1}, must=3)


@pytest.mark.parametrize(("column", "value", "word"), [
    ("release", 2, "value_points: features add up to"), ("depends_on", "F1", "depends_on: F1 is built before F2"),
])  # fmt: skip
def test_the_recount_finds_a_spoiled_plan(backlog, column, value, word):
    plan = plan_releases(backlog(F1={}, F2={"effort_pm": 2}), period=PERIOD, capacity={"web": [1, 2]})
    assert plan.check().startswith("The plan adds up: 2 features worth 1,300 points")
    if column == "release":
        spoiled = replace(plan, value_points=plan.value_points + 1)
    else:
        spoiled = replace(plan, backlog=plan.backlog.assign(depends_on=["F2", ""]))
    with pytest.raises(CheckError, match=word):
        spoiled.check()


def test_the_recount_finds_an_overfull_team_and_a_missing_must(backlog):
    plan = plan_releases(backlog(F1={"moscow": "must"}, F2={}), period=PERIOD, capacity={"web": 1})
    with pytest.raises(CheckError, match=r"capacity: web builds 1.00 person-months in 2026 Q1, has 0.00"):
        replace(plan, loads=plan.loads.assign(capacity_pm=0.0)).check()
    with pytest.raises(CheckError, match="must: F2 is not built"):
        out = plan.features["release"].mask(plan.features["feature_id"] == "F2")
        frame = plan.features.assign(must=True, release=out)
        replace(plan, features=frame, loads=plan.loads.assign(used_pm=[1.0, 0.0])).check()
