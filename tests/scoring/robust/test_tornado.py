"""What one weight or one score does to the lead, against scoring everything again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring.ranks import ranks
from pmlib.scoring.robust.tornado import tornado
from pmlib.scoring.robustness import stability_table

COLUMNS = [
    "moved", "project_id", "criterion", "now", "low", "high", "value_low", "value_high", "lead_low", "lead_high",
    "rank_low", "rank_high", "swing", "unseats",
]  # fmt: skip


def _frame(rows):
    array = np.array(rows, dtype=float)
    return pd.DataFrame(array, index=[f"P{i}" for i in range(len(array))], columns=list("abcdefgh"[: array.shape[1]]))


def _moved(shares, j, weight):
    others = np.delete(shares, j)
    others = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
    return np.insert(others * (1 - weight), j, weight)


def _outcome(points, shares, leader):
    values = points.to_numpy() @ shares
    i = points.index.get_loc(leader)
    return values[i], values[i] - np.delete(values, i).max(), ranks(values)[i]


@st.composite
def _cases(draw):
    level = st.integers(0, 4).map(lambda step: 25.0 * step)
    rows = draw(st.lists(st.tuples(level, level, level), min_size=2, max_size=4))
    raw = draw(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any))
    spread = draw(st.lists(st.sampled_from([0.0, 0.0, 10.0, 60.0]), min_size=len(rows) * 6, max_size=len(rows) * 6))
    down, up = np.array(spread).reshape(2, len(rows), 3)
    points = _frame(rows)
    return points, np.array(raw, dtype=float) / sum(raw), points - down, points + up


@settings(max_examples=60, deadline=None)
@given(_cases(), st.sampled_from([None, 0.2, 3.0]))
def test_every_row_is_what_scoring_again_gives(case, relative):
    points, shares, low, high = case
    answer = tornado(points, dict(zip(points, shares, strict=True)), low=low, high=high, relative=relative)
    table = answer.to_frame()
    assert table.columns.to_list() == COLUMNS
    assert (table["moved"] == "weight").sum() == 3
    assert (table["moved"] == "score").sum() == ((high - low) > 0).to_numpy().sum()
    _, lead, rank = _outcome(points, shares, answer.leader)
    assert rank == 1
    assert answer.lead == pytest.approx(lead)
    for row in table.to_dict("records"):
        j = points.columns.get_loc(row["criterion"])
        for side, bound in (("low", low), ("high", high)):
            if row["moved"] == "weight":
                spread = {"low": -1, "high": 1}[side] * (1.0 if relative is None else relative * shares[j])
                assert row[side] == pytest.approx(np.clip(shares[j] + spread, 0, 1))
                expected = _outcome(points, _moved(shares, j, row[side]), answer.leader)
            else:
                assert row[side] == bound.loc[row["project_id"], row["criterion"]]
                changed = points.copy()
                changed.loc[row["project_id"], row["criterion"]] = row[side]
                expected = _outcome(changed, shares, answer.leader)
            assert [row[f"value_{side}"], row[f"lead_{side}"]] == pytest.approx(expected[:2], abs=1e-9)
            assert row[f"rank_{side}"] == expected[2]
        ends = [row["lead_low"], row["lead_high"], lead]
        assert row["swing"] == pytest.approx(max(ends) - min(ends))
        assert row["unseats"] == (min(ends) < -1e-9)
    assert table["swing"].is_monotonic_decreasing


@settings(max_examples=40, deadline=None)
@given(_cases())
def test_weight_unseats_exactly_where_the_stability_interval_ends_inside_its_range(case):
    points, shares = case[:2]
    answer = tornado(points, dict(zip(points, shares, strict=True)))
    order = [answer.leader, *points.index.drop(answer.leader)]
    stable = stability_table(points.loc[order].to_numpy(), shares, project_ids=order)
    ends = stable[["taken_over_below", "taken_over_above"]].notna().any(axis=1)
    unseats = answer.to_frame().set_index("criterion")["unseats"]
    assert unseats.loc[list(points)].to_list() == ends.to_list()


def test_company_by_hand():
    points = _frame([[80, 20, 50], [40, 100, 100], [100, 60, 0]])
    low, high = points.copy(), points.copy()
    low.loc["P1", "b"], high.loc["P2", "c"] = 90.0, 40.0
    answer = tornado(points, {"a": 50, "b": 30, "c": 20}, low=low, high=high)
    # Values 56, 70 and 68: with 90 on b P1 has 67, with 40 on c P2 has 76.
    assert (answer.leader, answer.runner_up, answer.lead) == ("P1", "P2", pytest.approx(2.0))
    scores = answer.to_frame().query("moved == 'score'").set_index("project_id")
    assert scores["lead_low"].to_dict() == pytest.approx({"P1": -1.0, "P2": 2.0})
    assert scores["lead_high"].to_dict() == pytest.approx({"P1": 2.0, "P2": -6.0})
    assert scores["rank_low"].to_dict() == {"P1": 2, "P2": 1}
    assert scores["swing"].to_dict() == pytest.approx({"P2": 8.0, "P1": 3.0})
    assert answer.summary() == (
        "P1 is 2.0 points ahead of P2; the weight of a swings that most, from +64.0 at 0 % to -60.0 at 100 %. "
        "5 of 5 moves, each alone, unseat it."
    )
    assert answer.headline() == {
        "2.0": "points that P1 is ahead of P2",
        "124.0 points": "of lead from the weight of a, the largest swing",
        "5 of 5": "moves that unseat it alone",
    }
    assert repr(answer) == f"<Tornado: {answer.summary()}>"


def test_score_of_a_third_project_counts_too():
    points = _frame([[70], [60], [50]])
    answer = tornado(points, {"a": 1}, high=points + np.array([[0], [0], [30]]))
    row = answer.to_frame().iloc[0]
    assert (row["project_id"], row["lead_low"], row["lead_high"], row["rank_high"]) == ("P2", 10.0, -10.0, 2)
    assert "the score of P2 on a swings that most, from +10.0 at 50 points to -10.0 at 80 points" in answer.summary()
    assert answer.summary().endswith("1 of 1 moves, each alone, unseats it.")


def test_lead_over_the_best_other_is_lowest_at_an_end_of_a_range():
    points = _frame([[60, 60], [100, 0], [0, 100]])
    row = tornado(points, {"a": 1, "b": 1}).to_frame().iloc[0]
    assert (row["lead_low"], row["lead_high"]) == (-40.0, -40.0)
    # The lead of 10 now lies above both ends and counts in the swing.
    assert row["swing"] == 50.0


def test_one_project_and_one_criterion_have_an_answer():
    alone = tornado(_frame([[40, 60]]), {"a": 1, "b": 3})
    assert alone.runner_up is None
    assert alone.lead == 55.0
    assert alone.to_frame()["lead_high"].to_list() == [40.0, 60.0]
    assert not alone.to_frame()["unseats"].any()
    assert alone.summary().startswith("P0 is the only project and has 55.0 points; the weight of a swings that most")
    assert alone.headline()["55.0"] == "points that P0 has"
    single = tornado(_frame([[40], [60]]), {"a": 1})
    assert single.to_frame().empty
    assert single.summary() == "P1 is 20.0 points ahead of P0, and nothing that could move was given."
    assert single.headline() == {"20.0": "points that P1 is ahead of P0"}


def test_input_is_left_as_it_is_and_an_answer_comes_twice():
    points = _frame([[80, 20], [40, 100]])
    before = points.copy()
    answers = [tornado(points, {"a": 60, "b": 30}, low=points - 1, high=points + 1).to_frame() for _ in range(2)]
    assert answers[0].equals(answers[1])
    assert points.equals(before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"relative": 0.0}, "relative: got 0.0, allowed a share above 0"),
        ({"relative": float("nan")}, "relative: got nan, allowed a share above 0"),
        ({"low": _frame([[1, 3], [2, 1]])}, "low: 'P0' has 3 on 'b', allowed at most 2, its points"),
        ({"high": _frame([[1, 1], [2, 1]])}, "high: 'P0' has 1 on 'b', allowed at least 2, its points"),
        ({"low": _frame([[1, 2]])}, "low: 'P1' is not in both frames"),
        ({"high": _frame([[1, 2], [np.inf, 1]])}, "high: 'P1' has .*inf.* on 'a', allowed a finite number"),
    ],
)
def test_ranges_that_do_not_fit_are_refused_by_name(options, message):
    with pytest.raises(ParameterError, match=message):
        tornado(_frame([[1, 2], [2, 1]]), {"a": 1, "b": 1}, **options)


def test_negative_weights_are_refused_by_name():
    with pytest.raises(ParameterError, match="weights: 'a' has -1, allowed a finite number of 0 or more"):
        tornado(_frame([[1, 2], [2, 1]]), {"a": -1, "b": 2})
