from __future__ import annotations

import json

import ipywidgets
import pandas as pd
import pytest

from pmlib import teach
from pmlib.teach import portfolio
from pmlib.teach.bank import PORTFOLIO, exercise
from pmlib.teach.exercise import Unusable
from pmlib.teach.once import once
from tests.conftest import ROOT

TRUTH = json.loads((ROOT / "data" / "quillmark" / "truth.json").read_text(encoding="utf-8"))["truths"]


def losses(tables, name):
    return exercise(name).compare(tables)["loss_k"].round().astype(int).tolist()


def says(tables, name, answer):
    return teach.check(name, answer, tables).says


def worth_k(tables, name, answer):
    return exercise(name).worth(tables, answer).money_k


def with_changes(tables, name, project_id, **columns):
    """The same workbook, some cells of one project different."""
    frame = tables[name]
    return {**{key: tables[key] for key in ("workbook", "projects", "programmes", "options", "cash_flows", "estimates",
                                            "links", "demand", "capacity", "budgets", "mix_targets", "evm")},
            name: frame.mask(frame["project_id"] == project_id, frame.assign(**columns))}


@pytest.mark.parametrize("name", PORTFOLIO)
def test_every_mistake_costs_money_and_only_the_right_way_passes(quillmark, name):
    task = exercise(name)
    assert all(loss > 0 for loss in losses(quillmark, name)[:-1])
    answers = [way.answer(quillmark) for way in task.ways]
    assert [bool(teach.check(name, answer, quillmark)) for answer in answers] == [way.right for way in task.ways]
    assert not teach.check(name, None, quillmark)


@pytest.mark.parametrize("name", PORTFOLIO)
def test_every_mistake_is_met_with_its_own_hint(quillmark, name):
    for way in exercise(name).ways[:-1]:
        assert way.hint in says(quillmark, name, way.answer(quillmark))


@pytest.mark.parametrize("name", PORTFOLIO)
@pytest.mark.parametrize("answer", [3.5, object(), "P99", ["P99"], pd.DataFrame({"action": ["keep"]}), {"P99": "stop"}])
def test_an_answer_of_the_wrong_kind_is_told_what_is_asked_for(quillmark, name, answer):
    assert says(quillmark, name, answer).startswith("Answer with ")


@pytest.mark.parametrize("name", PORTFOLIO)
def test_picking_another_way_shows_what_it_comes_to(quillmark, name):
    live = teach.explore(name, quillmark)
    assert "less than can be had" in live.shown.value
    live.controls["way"].value = len(exercise(name).ways) - 1
    assert "less than can be had" not in live.shown.value
    ipywidgets.Widget.close_all()


def test_the_mean_of_ranks_picks_the_project_that_the_value_functions_put_second(quillmark):
    planted, task = TRUTH["T10"], exercise("averaged_ranks")
    ahead = [max(planted[measure], key=planted[measure].get) for measure in ("raw_mean", "board_value")]
    assert [way.answer(quillmark) for way in task.ways] == ahead == ["P40", "P41"]


def test_points_become_money_at_the_rate_of_the_two_best_plans(quillmark):
    # 29,992.2 and 28,400.0 thousand for 1,137.39 and 1,227.31 points; P41 is 7.73 points ahead and 15.0 behind.
    gap = TRUTH["T10"]["board_value"]["P41"] - TRUTH["T10"]["board_value"]["P40"]
    rate = (29_992.17 - 28_399.98) / (1_227.309 - 1_137.393)
    assert exercise("averaged_ranks").compare(quillmark)["loss_k"].iloc[0] == pytest.approx(rate * gap - 15.0, abs=0.2)
    assert f"at {rate:.1f} thousand a point" in teach.outcome("averaged_ranks", tables=quillmark).text


def test_both_rankings_lose_more_than_planted_and_the_plan_is_the_planted_one(quillmark):
    by_value, for_money, together = exercise("one_at_a_time").compare(quillmark)["money_k"]
    assert together == pytest.approx(TRUTH["T1"]["value_k"], abs=0.1)
    assert 1 - by_value / together > 0.08
    assert 100 * (1 - for_money / together) == pytest.approx(TRUTH["T3"]["value_per_cost_loss_pct"], abs=0.3)
    planted = {name for name, verb in TRUTH["T1"]["plan"].items() if verb in ("start", "keep")}
    assert teach.check("one_at_a_time", planted, quillmark)


def test_a_list_that_breaks_a_limit_is_not_worth_its_sum_and_the_limit_is_named(quillmark):
    plan = portfolio.best_plan(quillmark)
    for answer, limit in ((set(plan.going_on) - {"P03"}, "P03 mandatory"), (set(plan.going_on) - {"P08"}, "needs P08"),
                          (set(plan.going_on) | {"P35"}, "data engineering in 2026-07"), (set(), "P03 mandatory"),
                          (set(plan.actions["project_id"]), "capital budget of 2026")):
        assert "Every limit has to hold." in says(quillmark, "one_at_a_time", answer)
        worth = exercise("one_at_a_time").worth(quillmark, answer)
        assert limit in worth.says
        assert worth.money_k < plan.value_k


def test_a_set_as_good_as_the_best_passes_whatever_its_projects(quillmark):
    near = list(set(portfolio.best_plan(quillmark).going_on) - {"P34"})
    assert worth_k(quillmark, "one_at_a_time", near) < TRUTH["T1"]["value_k"]
    assert teach.check("one_at_a_time", near, quillmark)


def test_what_cannot_be_stopped_goes_on_whatever_the_answer_says(quillmark):
    plan = portfolio.best_plan(quillmark)
    without = set(plan.going_on) - {"P29"}
    assert worth_k(quillmark, "one_at_a_time", without) == pytest.approx(plan.value_k)


def test_sunk_cost_loses_what_the_planted_pair_says(quillmark):
    keep, stop = TRUTH["T6"]["P17"], TRUTH["T6"]["P23"]
    right = keep["stop_k"] + stop["keep_k"]
    assert losses(quillmark, "sunk_cost") == [
        round(right - keep["keep_k"] - stop["stop_k"]), round(keep["stop_k"] - keep["keep_k"]), 0]


def test_holding_either_of_the_pair_is_no_way_out(quillmark):
    assert "Leave out what P17 has spent" in says(quillmark, "sunk_cost", {"P17": "hold", "P23": "keep"})
    assert "The overrun of P23 is gone" in says(quillmark, "sunk_cost", {"P17": "stop", "P23": "hold"})
    assert says(quillmark, "sunk_cost", {"P17": "stop"}).endswith("got P17.")
    assert "P17 allows hold, keep, stop, got 'kill'" in \
        says(quillmark, "sunk_cost", {"P17": "kill", "P23": "keep"})


def test_where_leaving_costs_more_than_finishing_the_answer_turns(quillmark):
    dear = with_changes(quillmark, "projects", "P17", exit_cost_k=1_000.0)
    assert exercise("sunk_cost").ways[-1].answer(dear) == {"P17": "keep", "P23": "keep"}
    assert not teach.check("sunk_cost", {"P17": "stop", "P23": "keep"}, dear)


def test_the_bundle_is_worth_what_is_planted_and_nothing_starts_without_the_enabler(quillmark):
    planted = TRUTH["T9"]
    assert losses(quillmark, "enabler") == [planted["bundle_k"], planted["bundle_k"], 0]
    assert worth_k(quillmark, "enabler", ["P08"]) == pytest.approx(planted["alone_k"])
    assert "add to the set while the sum grows" in says(quillmark, "enabler", ["P08", "P09"])
    worth = exercise("enabler").worth(quillmark, {"P09", "P10"})
    assert worth.money_k == 0.0
    assert worth.says.endswith("P09, P10 cannot start without P08 and bring nothing.")


def test_the_shared_benefit_is_counted_once(quillmark):
    planted = TRUTH["T8"]
    added_up = {"all": worth_k(quillmark, "claimed_twice", {"P05", "P12", "P19"}) + planted["naive_over_k"],
                "two": worth_k(quillmark, "claimed_twice", {"P12", "P19"}) + planted["any_two_over_k"]}
    assert added_up == pytest.approx({"all": 1_440 + 1_500 + 1_480, "two": 1_500 + 1_480})
    assert losses(quillmark, "claimed_twice") == [1_840, 880, 0]


def test_another_single_claimer_is_told_that_one_brings_it_for_less(quillmark):
    assert "brings the shared benefit for the least" in says(quillmark, "claimed_twice", ["P05"])
    assert "add up again" in says(quillmark, "claimed_twice", ())
    assert "stopping what has begun" in exercise("claimed_twice").worth(quillmark, ()).says


def test_a_workbook_is_asked_once_and_another_anew(quillmark):
    asked = []
    count = once(lambda tables: asked.append(tables) or len(asked))
    other = {}
    assert [count(quillmark), count(quillmark), count(other), count({})] == [1, 1, 2, 3]


def test_ids_come_as_any_collection_but_not_as_text_or_a_dict():
    for answer in ({"P1"}, ["P1"], ("P1",), pd.Series(["P1"]), pd.Index(["P1"])):
        assert portfolio.projects_in(answer, ["P1", "P2"]) == {"P1"}
    with pytest.raises(Unusable, match="got str"):
        portfolio.projects_in("P1", ["P1"])
    with pytest.raises(Unusable, match="got 'P3', which is not asked for"):
        portfolio.projects_in(["P3"], ["P1"])


def test_the_stories_of_the_notebook_tell_the_figures_of_the_tables(quillmark):
    text = (ROOT / "notebooks" / "workshop" / "portfolio_90min.ipynb").read_text(encoding="utf-8")
    projects = quillmark["projects"].set_index("project_id")
    told = [f"{projects.loc[name, column]:,.0f}" for name in ("P17", "P23") for column in ("spent_k", "bac_k")]
    told += [f"cost index is {index}" for index in TRUTH["T6"]["cpi"].values()]
    told += [f"a {projects.loc['P40', 'name'].lower()}", f"a {projects.loc['P41', 'name'].lower()}"]
    assert [figure for figure in told if figure not in text] == []
    assert f"{(projects['state'] == 'running').sum()} {portfolio.best_plan(quillmark).actions.shape[0]}" == "26 60"
    assert "Sixty projects are to be decided, twenty-six of them running." in text
