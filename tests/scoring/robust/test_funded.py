"""The chance of being funded, against every combination of projects tried by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.scoring import criteria, score
from pmlib.scoring.robust.acceptability import acceptability
from pmlib.scoring.robust.funded import _increments, funded, wilson
from pmlib.scoring.robust.score_spread import uniform_scores
from pmlib.scoring.robust.weight_space import weight_space

LEAVES = ["reach", "fit", "risk"]
COSTS = np.array([100.0, 200.0, 0.0, 16.0])
TIGHT = Policy(budget_k=210.0)


@pytest.fixture
def tables(make_tables):
    return make_tables()


@pytest.fixture
def sampled(tables):
    """All weights, and A anywhere from 0 to 100 on risk."""
    points = score(tables).points
    low = pd.DataFrame(np.nan, index=points.index, columns=points.columns)
    low.loc["A", "risk"] = 0.0
    return acceptability(points, space=weight_space(LEAVES), scores=uniform_scores(low, low + 100), draws=60, seed=3)


def run(tables, sampled=None, **options):
    return funded(tables, sampled, **{"period": "2025-12", "policy": TIGHT} | options)


def test_shares_are_those_of_all_combinations(tables, sampled):
    values = _increments(sampled, criteria(tables), draws=60)[list("ABCD")].to_numpy()
    choices = np.array([on for on in product([0, 1], repeat=4) if on @ COSTS <= 210])
    best = choices[(values @ choices.T).argmax(axis=1)]
    found = run(tables, sampled, draws=60)
    assert found.table.set_index("project_id")["share"].reindex(list("ABCD")).tolist() == best.mean(axis=0).tolist()
    assert found.n_plans == len(np.unique(best, axis=0))
    assert found.expected_number == pytest.approx(best.sum() / 60)
    assert (found.proved, found.draws, found.seed) == (1.0, 60, 3)


def test_the_draws_are_those_that_were_ranked(tables, sampled):
    values = _increments(sampled, criteria(tables), draws=60)
    ranks = values.rank(axis=1, ascending=False).mean()
    pd.testing.assert_series_equal(ranks, sampled.expected_rank, check_names=False)
    first = run(tables, sampled, draws=20)
    assert first.table.set_index("project_id")["expected_rank"].to_dict() == pytest.approx(ranks.to_dict())
    pd.testing.assert_frame_equal(_increments(sampled, criteria(tables), draws=20), values.head(20))


def test_doing_nothing_is_taken_off_every_draw(tables, sampled):
    raised = tables["objectives"].assign(do_nothing=[None, None, 2.0, 3.0, None])
    before, after = (_increments(sampled, criteria({"objectives": frame}), draws=5)
                     for frame in (tables["objectives"], raised))
    weights = sampled.space.sample(5, seed=3)
    np.testing.assert_allclose((before - after).to_numpy(), np.tile((weights @ [20, 20, 0])[:, None], 4))


def test_certain_weights_and_scores_give_the_plan_of_rebalance(tables):
    card = score(tables)
    sure = weight_space(LEAVES, intervals={leaf: (share, share) for leaf, share in card.weights.items()})
    found = run(tables, acceptability(card.points, space=sure, draws=4), draws=4)
    plan = rebalance(tables, values=card.increments, period="2025-12", policy=Policy(objective="score", budget_k=210.0))
    on = plan.actions.set_index("project_id")["action"].isin(["start", "keep"])
    assert found.table.set_index("project_id")["share"].sort_index().to_dict() == on.astype(float).to_dict()
    assert found.n_plans == 1


def test_by_default_weights_keep_the_groups_order_and_a_missing_score_is_anything(tables):
    missing = tables | {"scores": tables["scores"].query("not (project_id == 'C' and objective_id == 'reach')")}
    found = run(missing, draws=50)
    order = weight_space(LEAVES, order=LEAVES)
    card = score(missing)
    low = card.points.mul(0).where(card.n_assessors == 0)
    by_hand = acceptability(card.points, space=order, scores=uniform_scores(low, low + 100))
    pd.testing.assert_frame_equal(found.table, run(missing, by_hand, draws=50).table)


def test_equal_weights_say_nothing_of_an_order(make_tables):
    weights = pd.DataFrame({"objective_id": LEAVES, "group": "board", "weight": [1, 1, 1]})
    tables = make_tables(weights=weights)
    free = score(tables).acceptability(weight_space(LEAVES))
    pd.testing.assert_frame_equal(run(tables, draws=50).table, run(tables, free, draws=50).table)


def test_the_same_call_gives_the_same_answer(tables, sampled):
    one, two = (run(tables, sampled, draws=30) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.summary() == two.summary()


def test_verdicts_follow_the_share(tables, sampled):
    found = run(tables, sampled, draws=60)
    share = found.table.set_index("project_id")["share"]
    assert found.verdict("core") == share.index[share >= 0.95].tolist()
    assert found.verdict("drop") == share.index[share <= 0.05].tolist()
    assert set(found.verdict("discuss")) == {"A", "B", "D"}
    assert (share.diff().dropna() <= 0).all()


def test_a_mandatory_project_is_in_every_plan(tables, sampled):
    must = tables | {"projects": tables["projects"].assign(mandatory=lambda rows: rows["project_id"] == "A")}
    assert run(must, sampled, draws=20).table.set_index("project_id").loc["A", "share"] == 1


@pytest.mark.parametrize("n", [1, 20, 200])
def test_intervals_are_wilsons(n):
    count = np.unique(np.array([0, n // 3, n]))
    low, high = wilson(count / n, n)
    expected = proportion_confint(count, n, method="wilson")
    np.testing.assert_allclose([low, high], expected, atol=1e-7)
    assert (high > low).all()


def test_what_does_not_fit_is_refused(tables, sampled):
    for draws in (0, 61):
        with pytest.raises(ParameterError, match=f"draws: got {draws}, allowed 1 to the 60 of the sampled ranks"):
            run(tables, sampled, draws=draws)
    fewer = acceptability(score(tables).points[["reach", "fit"]], draws=10)
    with pytest.raises(ParameterError, match="sampled: its criteria are reach, fit, allowed those of objectives"):
        run(tables, fewer, draws=10)
    without = acceptability(score(tables).points.drop(index=["B", "D"]), draws=10)
    with pytest.raises(ParameterError, match="sampled: no points of B, D, allowed all projects to decide"):
        run(tables, without, draws=10)
    with pytest.raises(ParameterError, match="draws: got 0, allowed 1 to the 10,000"):
        run(tables, draws=0)


def test_no_plan_and_no_projects_are_named(tables, sampled):
    must = tables | {"projects": tables["projects"].assign(mandatory=True)}
    with pytest.raises(ParameterError, match=r"funded: no plan was found \(infeasible\)\. Look at \.mends"):
        run(must, sampled, draws=2, policy=Policy(budget_k=10.0))
    bare = {name: frame for name, frame in tables.items() if name != "projects"}
    with pytest.raises(MissingTableError, match="projects: missing"):
        run(bare, sampled, draws=2)


def test_it_is_said_in_words_and_never_called_a_core_index(tables, sampled):
    found = run(tables, sampled, draws=60)
    text = found.summary()
    assert text.startswith("1 of 4 projects are funded in 95 % or more of 60 sampled plans, 0 in 5 % or fewer, 3 are")
    assert f"a plan funds {found.expected_number:.1f} on average. The closest call is" in text
    assert "core index" not in text
    assert repr(found) == f"<Funded: 1 core, 3 discuss, 0 drop; 60 sampled plans, {found.n_plans} different>"
    assert list(found.headline())[:2] == ["1 core", "3 to discuss"]
    with pytest.raises(ParameterError, match="verdict: got 'maybe', allowed core, discuss, drop"):
        found.verdict("maybe")


def test_the_tables_stay_as_they_are(tables, sampled):
    before = {name: frame.copy(deep=True) for name, frame in tables.items()}
    run(tables, sampled, draws=3)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(tables[name], frame)


@pytest.mark.parametrize("draws", [2.5, True, None, "3"])
def test_draws_that_are_no_whole_number_are_refused(make_tables, draws):
    with pytest.raises(ParameterError, match=r"draws: got .*, allowed 1 to the 10,000"):
        funded(make_tables(), draws=draws)


def test_ranks_that_were_not_sampled_are_refused(make_tables):
    with pytest.raises(ParameterError, match=r"sampled: got a list, allowed a Acceptability\. Pass score"):
        funded(make_tables(), [1])
