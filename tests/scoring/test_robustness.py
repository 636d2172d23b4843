"""Exact weight stability of the leader, against brute force."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring import score
from pmlib.scoring.robustness import Stability, interval_text, stability_table


def _moved(shares, j, weight):
    others = np.delete(shares, j)
    others = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
    return np.insert(others * (1 - weight), j, weight)


def _leader_first(points, shares):
    order = np.argsort(-(points @ shares), kind="stable")
    return points[order]


def _check_against_grid(points, shares):
    ids = [f"P{i}" for i in range(len(points))]
    table = stability_table(points, shares, project_ids=ids)
    for j, row in enumerate(table.to_dict("records")):
        assert row["low"] <= shares[j] <= row["high"]
        for weight in np.linspace(0, 1, 101):
            values = points @ _moved(shares, j, weight)
            if row["low"] + 1e-7 < weight < row["high"] - 1e-7:
                assert values[0] >= values.max() - 1e-7
            elif not row["low"] - 1e-7 < weight < row["high"] + 1e-7:
                assert values[0] < values.max() + 1e-9
        for end, side, step in (("low", "below", -1e-7), ("high", "above", 1e-7)):
            taker = row[f"taken_over_{side}"]
            if pd.isna(taker):
                assert row[end] == {"low": 0.0, "high": 1.0}[end]
            else:
                # A little past the end the named project is first.
                values = points @ _moved(shares, j, row[end] + step)
                assert values[ids.index(taker)] == pytest.approx(values.max(), abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_interval_equals_a_brute_force_grid(seed):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(4))
    _check_against_grid(_leader_first(rng.uniform(0, 100, (12, 4)), shares), shares)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_interval_equals_the_grid_with_ties_and_zero_weights(data):
    level = st.integers(0, 4).map(lambda step: 25.0 * step)
    points = np.array(data.draw(st.lists(st.tuples(level, level, level), min_size=1, max_size=5)))
    raw = np.array(data.draw(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any)), dtype=float)
    _check_against_grid(_leader_first(points, raw / raw.sum()), raw / raw.sum())


def test_interval_of_the_small_company_is_the_one_by_hand(make_tables):
    frame = score(make_tables()).stability().to_frame().set_index("objective_id")
    columns = ["name", "weight", "low", "high", "taken_over_below", "taken_over_above"]
    assert frame.columns.to_list() == columns
    # B against C; with reach alone at w: -60 w + 64 (1 - w) = 0 at 64 / 124.
    assert frame.loc["reach", "high"] == pytest.approx(64 / 124)
    assert frame.loc["reach", "taken_over_above"] == "C"
    assert frame.loc["reach", "low"] == 0.0
    assert pd.isna(frame.loc["reach", "taken_over_below"])
    # Fit at w: 40 w + (-60 * 5 + 100 * 2) / 7 (1 - w) = 0 at (100 / 7) / (40 + 100 / 7).
    assert frame.loc["fit", "low"] == pytest.approx((100 / 7) / (40 + 100 / 7))


def test_single_criterion_cannot_be_moved():
    table = stability_table(np.array([[80.0], [20.0]]), np.array([1.0]), project_ids=["a", "b"])
    assert table[["low", "high"]].to_numpy().tolist() == [[0.0, 1.0]]
    assert table["taken_over_below"].isna().all()


def test_answer_is_said_in_sentences(make_tables):
    stable = score(make_tables()).stability()
    assert stable.summary() == (
        "B Beacon stays first while the weight of Reach (now 50 %) is at most 51.6 %; C above it would lead."
    )
    assert stable.headline() == {
        "50 %": "weight of Reach, the most delicate",
        "at most 51.6 %": "keeps B Beacon first",
    }
    assert repr(stable) == "<Stability: B Beacon; it stays first while the weight of Reach is at most 51.6 %>"


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([[65, 70, 60], [100, 0, 20], [0, 100, 100]], "between 35 % and 62 %"),
        ([[100, 0, 0], [0, 100, 0], [0, 0, 0]], "at least 38 %"),
        ([[60, 100, 0], [100, 0, 0], [0, 0, 0]], "at most 60 %"),
    ],
)
def test_interval_is_written_with_the_ends_that_matter(points, told):
    leader_first, shares = np.array(points, dtype=float), np.array([0.5, 0.3, 0.2])
    row = stability_table(leader_first, shares, project_ids=["a", "b", "c"]).iloc[0]
    assert interval_text(row) == told


@pytest.mark.parametrize(
    ("low", "weight", "high", "told"),
    [
        (0.1249, 0.2, 0.2751, "between 13 % and 27 %"),
        (0.07, 0.3, 0.57, "between 7 % and 57 %"),  # 100 * 0.57 is a last bit below 57
        (0.3001, 0.301, 0.3049, "between 30.1 % and 30.4 %"),
        (0.3011, 0.3012, 0.3019, "between 30.11 % and 30.19 %"),
        (0.3, 0.3, 0.3, "between 30.0000 % and 30.0000 %"),
    ],
)
def test_an_interval_in_words_is_never_wider_than_what_is_safe(low, weight, high, told):
    row = pd.Series({"weight": weight, "low": low, "high": high, "taken_over_below": "a", "taken_over_above": "b"})
    assert interval_text(row) == told


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted))
def test_ends_in_words_lie_inside_the_interval(ends):
    low, weight, high = ends
    row = pd.Series({"weight": weight, "low": low, "high": high, "taken_over_below": "a", "taken_over_above": "b"})
    told = [float(word) / 100 for word in interval_text(row).split() if word[0].isdigit()]
    assert told[0] >= low - 1e-6
    assert told[1] <= high + 1e-6


def test_leader_that_no_weight_unseats_is_said(make_tables):
    scores = make_tables()["scores"]
    best = scores.assign(raw_level=scores["raw_level"].where(scores["project_id"] != "B", [10.0, 5.0, 0.0] * 4))
    stable = score(make_tables(scores=best)).stability()
    assert stable.summary() == "B Beacon leads whatever a single weight is."
    assert stable.headline() == {"0": "weights that unseat the leader alone"}
    assert stable.tightest() is None


def _exact_values(points, raw, j, weight):
    """Values in rationals with the weight of criterion j moved and the others in proportion."""
    rest = sum(raw) - raw[j]
    others = [Fraction(r, rest) if rest else Fraction(1, max(len(raw) - 1, 1)) for r in raw]
    shares = [weight if i == j else (1 - weight) * share for i, share in enumerate(others)]
    return [sum((share * cell for share, cell in zip(shares, row, strict=True)), Fraction(0)) for row in points]


def _exact_interval(points, raw, j, *, top, ordered):
    """Walk from where values cross to where they cross next, as far as the first few stay ahead."""
    at = [_exact_values(points, raw, j, Fraction(end)) for end in (0, 1)]
    slopes = [one - zero for zero, one in zip(*at, strict=True)]
    marks = {Fraction(0), Fraction(1), now := Fraction(raw[j], sum(raw))}
    for a in range(len(points)):
        for b in range(a):
            if slopes[a] != slopes[b]:
                marks.add((at[0][b] - at[0][a]) / (slopes[a] - slopes[b]))
    ways = sorted(mark for mark in marks if 0 <= mark <= 1)

    def stays(weight):
        values = _exact_values(points, raw, j, weight)
        kept = not ordered or values[:top] == sorted(values[:top], reverse=True)
        return kept and min(values[:top]) >= max(values[top:], default=min(values))

    low = high = ways.index(now)
    while low > 0 and stays((ways[low - 1] + ways[low]) / 2):
        low -= 1
    while high < len(ways) - 1 and stays((ways[high] + ways[high + 1]) / 2):
        high += 1
    return ways[low], ways[high]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.booleans())
def test_interval_of_the_first_few_equals_the_one_in_rationals(data, ordered):
    level = st.integers(0, 5)
    points = data.draw(st.lists(st.tuples(level, level, level), min_size=1, max_size=5))
    raw = data.draw(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any))
    points.sort(key=lambda row: -sum(r * cell for r, cell in zip(raw, row, strict=True)))
    top = data.draw(st.integers(1, len(points)))
    ids = [f"P{i}" for i in range(len(points))]
    shares = np.array(raw, dtype=float) / sum(raw)
    table = stability_table(np.array(points, dtype=float), shares, project_ids=ids, top=top, ordered=ordered)
    for j, row in enumerate(table.to_dict("records")):
        low, high = _exact_interval(points, raw, j, top=top, ordered=ordered)
        assert [row["low"], row["high"]] == pytest.approx([float(low), float(high)], abs=1e-12)


def test_who_moves_up_into_the_first_few_is_named():
    points, shares = np.array([[80.0, 20.0], [50.0, 50.0], [0.0, 60.0]]), np.array([0.7, 0.3])
    ids = ["A", "B", "C"]
    as_set = stability_table(points, shares, project_ids=ids, top=2).iloc[0]
    assert (as_set["low"], as_set["taken_over_below"]) == (pytest.approx(1 / 3), "C")
    in_order = stability_table(points, shares, project_ids=ids, top=2, ordered=True).iloc[0]
    assert (in_order["low"], in_order["taken_over_below"]) == (pytest.approx(1 / 2), "B")
    alone = stability_table(points, shares, project_ids=ids).iloc[0]
    assert (alone["low"], alone["taken_over_below"]) == (pytest.approx(1 / 2), "B")


@pytest.mark.parametrize("ordered", [False, True])
def test_first_few_of_all_projects_are_answered_too(ordered):
    points, shares = np.array([[80.0, 20.0], [50.0, 50.0]]), np.array([0.7, 0.3])
    table = stability_table(points, shares, project_ids=["A", "B"], top=2, ordered=ordered)
    assert table["low"].to_list() == pytest.approx([0.5 if ordered else 0.0, 0.0])


@pytest.mark.parametrize("top", [0, 4])
def test_more_or_fewer_than_there_are_projects_is_refused(top):
    with pytest.raises(ParameterError, match=f"top: got {top}, allowed 1 to 3, the number of projects"):
        stability_table(np.ones((3, 1)), np.ones(1), project_ids=["A", "B", "C"], top=top)


def test_first_few_are_said_in_sentences():
    points, shares = np.array([[80.0, 20.0], [50.0, 50.0], [0.0, 60.0]]), np.array([0.7, 0.3])
    table = stability_table(points, shares, project_ids=["A", "B", "C"], top=2)
    stable = Stability(leader="A", table=table.assign(name=["Reach", "Risk"]), top=2)
    assert stable.summary() == (
        "The first 2 stay the same while the weight of Reach (now 70 %) is at least 34 %; C below it would move up."
    )
    assert stable.clause() == "the first 2 stay the same while the weight of Reach is at least 34 %"
    assert stable.headline() == {"70 %": "weight of Reach, the most delicate", "at least 34 %": "keeps the first 2"}
    assert repr(stable) == f"<Stability: A; {stable.clause()}>"
    free = Stability(leader="A", table=stable.table.assign(taken_over_below=None, taken_over_above=None), top=2,
                     ordered=True)  # fmt: skip
    assert free.summary() == "The first 2 stay in this order whatever a single weight is."
    assert free.clause() == "no change of a single weight changes the first 2 in this order"


@pytest.mark.parametrize("top", [None, 1.5, True, "1", np.nan])
def test_a_top_that_is_no_whole_number_is_refused(top):
    with pytest.raises(ParameterError, match=r"top: got .*, allowed 1 to 2, the number of projects"):
        stability_table(np.array([[1.0], [0.0]]), np.ones(1), project_ids=["A", "B"], top=top)
