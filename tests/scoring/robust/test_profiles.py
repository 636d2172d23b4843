"""Groups side by side: weights, ranks and best plans, worked out by hand on four projects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.scoring import score
from pmlib.scoring.robust.profiles import _tau_b, group_profiles, group_ranks

# Points A 80 20 50, B 40 100 100, C 100 60 0, D 60 0 10; still to spend A 100, B 200, C 0, D 16.
GROUPS = {"board": (50, 30, 20), "design": (0, 100, 0), "safety": (0, 0, 100)}
#: Room for B alone, or for A and D; C costs nothing.
TIGHT = Policy(budget_k=210.0)


@pytest.fixture
def tables(make_tables):
    rows = [(leaf, group, weight) for group, shares in GROUPS.items()
            for leaf, weight in zip(("reach", "fit", "risk"), shares, strict=True)]
    return make_tables(weights=pd.DataFrame(rows, columns=["objective_id", "group", "weight"]))


def profiles(tables, **options):
    return group_profiles(tables, **{"period": "2025-12", "policy": TIGHT} | options)


def test_every_group_gets_its_own_best_plan(tables):
    plans = profiles(tables).plans.set_index("project_id")
    # Board: A + D + C = 56 + 32 + 68 against B + C = 138. Design: 20 + 0 + 60 against 160. Safety: 60 against 100.
    assert plans.index[plans["on_board"]].tolist() == ["A", "C", "D"]
    assert plans.index[plans["on_design"]].tolist() == ["B", "C"]
    assert plans["action_board"].to_dict() == {"A": "start", "B": "stop", "C": "start", "D": "keep"}
    assert plans.loc["B", "on_safety"]
    # C is worth nothing to safety: starting it would be a change for nothing.
    assert plans["verdict"].to_dict() == dict.fromkeys("ABCD", "disputed")


def test_agreed_and_disputed_projects_of_two_groups(tables):
    found = profiles(tables, groups=["board", "design"])
    assert found.plans.set_index("project_id")["verdict"].to_dict() == {
        "A": "disputed", "B": "disputed", "C": "in every plan", "D": "disputed"}
    assert found.flips.to_numpy().tolist() == [["board", "design", 3, "A, B, D"]]
    assert [found.verdict(name) for name in ("in every plan", "disputed", "in none")] == [["C"], ["A", "B", "D"], []]
    with pytest.raises(ParameterError, match="verdict: got 'agreed', allowed in every plan, disputed, in none"):
        found.verdict("agreed")


def test_a_foreign_plan_costs_a_share_of_ones_own_best(tables):
    losses = profiles(tables, groups=["board", "design"]).losses.set_index(["group", "plan_of"])
    assert losses.loc[("board", "design"), "points"] == pytest.approx(138)
    assert losses.loc[("board", "design"), "loss_share"] == pytest.approx(1 - 138 / 156)
    assert losses.loc[("design", "board"), "loss_share"] == pytest.approx(1 - 80 / 160)


def test_plans_are_those_of_rebalance_on_increments(tables):
    found = profiles(tables)
    for group in GROUPS:
        alone = rebalance(tables, values=score(tables, group=group).increments, period="2025-12",
                          policy=Policy(objective="score", budget_k=210.0))
        assert found.plans[f"action_{group}"].tolist() == alone.actions["action"].tolist()
        row = found.optima.set_index("group").loc[group]
        assert (row["points"], row["status"]) == (pytest.approx(alone.value_k), "proved")


def test_points_are_those_over_doing_nothing(tables):
    raised = tables["objectives"].assign(do_nothing=[None, None, 2.0, None, None])
    found = group_ranks(tables | {"objectives": raised}).projects.set_index("project_id")
    assert found["points_board"].to_dict() == pytest.approx({"A": 46, "B": 60, "C": 58, "D": 22})
    assert found["rank_board"].to_dict() == {"A": 3, "B": 1, "C": 2, "D": 4}


def test_the_most_disputed_criterion_comes_first_and_is_named(tables):
    weights = group_ranks(tables, groups=["board", "design"]).weights
    assert weights["objective_id"].tolist() == ["fit", "reach", "risk"]
    first = weights.iloc[0]
    assert (first["apart"], first["highest"], first["lowest"]) == (pytest.approx(0.7), "design", "board")
    assert weights[["weight_board", "weight_design"]].sum().tolist() == pytest.approx([1, 1])


def test_ranks_agree_as_much_as_their_pairs_do(tables):
    agreement = group_ranks(tables).agreement.set_index(["group", "other"])["tau_b"]
    # Board B C A D and safety B A D C order four of six pairs alike.
    assert agreement[("board", "safety")] == pytest.approx(2 / 6)
    assert agreement[("board", "design")] == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_counts_pairs_and_leaves_ties_out(seed):
    first, second = np.random.default_rng(seed).integers(1, 6, (2, 12))
    one, two = (np.sign(np.subtract.outer(ranks, ranks)) for ranks in (first, second))
    untied = np.sqrt((one**2).sum() * (two**2).sum())
    assert _tau_b(first, second) == pytest.approx((one * two).sum() / untied)


def test_a_group_that_ranks_all_alike_has_no_correlation(tables):
    same = tables["scores"].assign(raw_level=lambda rows: rows["raw_level"].where(rows["objective_id"] != "fit", 3.0))
    found = group_ranks(tables | {"scores": same}, groups=["board", "design"])
    assert found.agreement["tau_b"].isna().all()
    assert list(found.headline().values()) == ["between the weights of Strategic fit, the most disputed"]


def test_weights_that_are_no_groups_stand_beside_them(tables):
    asked = {"pairwise": pd.Series({"risk": 1.0, "reach": 2.0, "fit": 1.0})}
    found = group_ranks(tables, groups=["board"], weights=asked)
    assert found.groups == ("board", "pairwise")
    assert found.weights.set_index("objective_id")["weight_pairwise"].to_dict() == {
        "fit": 0.25, "reach": 0.5, "risk": 0.25}
    only = profiles(tables, groups=[], weights=asked | {"safety first": {"reach": 0, "fit": 0, "risk": 1}})
    assert only.plans.columns.tolist()[2:] == [
        "action_pairwise", "action_safety first", "on_pairwise", "on_safety first", "verdict"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": ["board"]}, r"groups: got board, allowed two or more to compare\. Add a group to the table"),
        ({"groups": []}, "groups: got none, allowed two or more"),
        ({"groups": "board"}, r"groups: got the text 'board', allowed a list of names\. Write \['board'\]"),
        ({"weights": {"board": {}}}, r"groups: 'board' comes twice, allowed once\. Give the weights another name"),
        ({"groups": ["board", "desing"]}, "Did you mean 'design'"),
        ({"weights": {"odd": {"reach": -1, "fit": 1, "risk": 1}}}, "weight of 'reach' is -1"),
    ],
)
def test_what_cannot_be_compared_is_refused(tables, options, message):
    with pytest.raises(ParameterError, match=message):
        group_ranks(tables, **options)


def test_ranks_need_no_projects_and_plans_do(tables):
    bare = {name: frame for name, frame in tables.items() if name != "projects"}
    assert len(group_ranks(bare).projects) == 4
    with pytest.raises(MissingTableError, match="projects: missing"):
        profiles(bare)


def test_without_limits_everything_worth_more_than_nothing_is_on(tables):
    found = profiles(tables, policy=None)
    points = found.projects.set_index("project_id")
    for group in GROUPS:
        on = found.plans.set_index("project_id")[f"on_{group}"]
        worth = points[f"points_{group}"]
        assert on[worth > 0].all()
        # What is worth nothing stays as it is: a running project is kept, any other is not started.
        assert on.index[on & (worth <= 0)].isin(["B", "D"]).all()


def test_a_workbook_no_plan_fits_is_refused_with_the_way_out(tables):
    must = tables | {"projects": tables["projects"].assign(mandatory=True)}
    with pytest.raises(ParameterError, match=r"plans: none holds every limit \(infeasible\)\. Look at \.mends"):
        profiles(must, policy=Policy(budget_k=10.0))


def test_the_summary_names_who_differs_where_and_what_it_costs(tables):
    assert profiles(tables, groups=["board", "design"]).summary() == (
        "3 projects flip between board and design; 1 is in every group's plan, 0 in none. The dearest exchange: design "
        "would lose 50.0 % of its points with the plan of board. The groups are furthest apart on Strategic fit: "
        "100 % of the weight for design, 30 % for board.")
    assert group_ranks(tables, groups=["board", "safety"]).summary() == (
        "The groups are furthest apart on Delivery risk: 100 % of the weight for safety, 20 % for board. "
        "C is ranked most differently: 2 for board, 4 for safety.")


def test_groups_of_one_mind_are_said_to_be(tables):
    twice = tables["weights"][tables["weights"]["group"] == "board"]
    found = profiles(tables | {"weights": pd.concat([twice, twice.assign(group="sales")])})
    assert found.summary() == ("No project flips between the plans; 3 are in every group's plan, 1 in none. "
                               "All groups weigh alike.")
    assert group_ranks(tables | {"weights": pd.concat([twice, twice.assign(group="sales")])}).summary() == (
        "All groups weigh alike. All groups rank the projects alike.")


def test_one_line_and_headline(tables):
    found = profiles(tables, groups=["board", "design"])
    assert repr(found) == "<GroupProfiles: board, design on 4 projects; 1 in every plan, 3 disputed, 0 in none>"
    assert found.headline() == {
        "1 of 4": "projects in every group's plan", "3 disputed": "in the plans of some groups only",
        "50.0 %": "lost by design with the plan of board"}
    assert repr(group_ranks(tables)) == (
        "<GroupRanks: board, design, safety on 4 projects; furthest apart on Strategic fit>")
    assert found.to_frame().columns.tolist() == [
        "project_id", "name", "points_board", "points_design", "rank_board", "rank_design", "ranks_apart",
        "action_board", "action_design", "on_board", "on_design", "verdict"]


def test_the_tables_stay_as_they_are(tables):
    before = {name: frame.copy(deep=True) for name, frame in tables.items()}
    profiles(tables)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(tables[name], frame)


@pytest.mark.parametrize("groups", [3, [1, 2], np.array(["a"]), [None]])
def test_groups_that_are_no_list_of_names_are_refused(make_tables, groups):
    with pytest.raises(ParameterError, match=r"groups: got .*, allowed a list of names\. Write \['board'"):
        group_ranks(make_tables(), groups=groups)


def test_weights_without_names_are_refused(make_tables):
    with pytest.raises(ParameterError, match=r"weights: got a list, allowed a mapping"):
        group_ranks(make_tables(), weights=[1, 2])
