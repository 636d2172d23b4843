"""What averaging raw levels gets wrong: the planted pair in miniature, then counting pairs one by one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.scoring import score
from pmlib.scoring.judging.ordinal_trap import ordinal_trap

BENT = "1=0; 2=10; 3=35; 4=75; 5=100"


def _tables(levels, *, assessors=("x",), **columns):
    """Two bent criteria on 1 to 5 and one counted in buildings; levels by project."""
    objectives = pd.DataFrame(
        {"objective_id": ["fit", "ease", "reach"], "name": ["Fit", "Ease", "Reach"], "worst": [1.0, 1.0, 0.0],
         "best": [5.0, 5.0, 400.0], "value_function": ["piecewise", "piecewise", "linear"], "points": [BENT, BENT, ""]}
        | columns
    )  # fmt: skip
    rows = [(project, leaf, who, level) for project, said in levels.items()
            for leaf, level in zip(objectives["objective_id"], said, strict=True) for who in assessors]  # fmt: skip
    return {
        "objectives": objectives,
        "weights": pd.DataFrame({"objective_id": objectives["objective_id"], "group": "board", "weight": [2, 1, 1]}),
        "scores": pd.DataFrame(rows, columns=["project_id", "objective_id", "assessor_id", "raw_level"]),
    }


def test_the_gaps_of_a_reversed_pair_by_hand():
    found = ordinal_trap(_tables({"A": (2.0, 5.0, 200.0), "B": (4.0, 3.0, 200.0), "C": (4.0, 2.0, 200.0)}))
    # Values, weights .5 .25 .25: A 5 + 25 + 12.5 = 42.5; B 37.5 + 8.75 + 12.5 = 58.75; C 37.5 + 2.5 + 12.5 = 52.5.
    row = found.to_frame().iloc[0]
    assert row[["ahead_by_raw", "ahead_by_value"]].to_list() == ["A", "C"]
    # Same answers, plain: A (10 + 100) / 2 = 55, C (75 + 10) / 2 = 42.5: here the weights turn it, not the functions.
    assert row[["raw_gap", "value_gap", "same_answers_gap", "clarity"]].to_list() == [0.5, 10.0, -12.5, -12.5]
    assert len(found.to_frame()) == 1
    assert (found.n_pairs, found.n_left_out, found.criteria, found.scale) == (3, 0, ("Fit", "Ease"), "1 to 5")


def test_pairs_that_the_functions_alone_turn_round_come_first():
    found = ordinal_trap(_tables({"A": (3.0, 3.0, 0.0), "B": (4.0, 1.9, 0.0), "C": (3.0, 1.0, 400.0)}))
    # Points on fit and ease: A 35 35, B 75 9, C 35 0.
    first = found.to_frame().iloc[0]
    assert first[["ahead_by_raw", "ahead_by_value"]].to_list() == ["A", "B"]
    assert first["same_answers_gap"] == pytest.approx(42.0 - 35.0)
    assert first["clarity"] == pytest.approx(100 * 0.05 / 4)
    assert "1 of them by the value functions alone. Clearest: A before B by raw mean (3.00 to 2.95)" in found.summary()


@pytest.mark.parametrize("seed", range(5))
def test_reversed_pairs_are_those_counted_one_by_one(seed):
    rng = np.random.default_rng(seed)
    levels = {f"P{i}": (*rng.integers(1, 6, 2).astype(float), float(rng.integers(0, 400))) for i in range(12)}
    tables = _tables(levels, assessors=("x", "y"))
    tables["scores"]["raw_level"] = np.where(
        tables["scores"]["objective_id"] == "reach", tables["scores"]["raw_level"],
        np.clip(tables["scores"]["raw_level"] + rng.integers(-1, 2, len(tables["scores"])), 1, 5),
    )  # fmt: skip
    value = score(tables).to_frame().set_index("project_id")["value"]
    rated = tables["scores"][tables["scores"]["objective_id"] != "reach"]
    raw = rated.groupby("project_id")["raw_level"].mean()
    wanted = {(a, b) for a, b in permutations(levels, 2) if raw[a] > raw[b] + 1e-9 and value[b] > value[a] + 1e-9}
    got = ordinal_trap(tables)
    assert set(got.pairs[["ahead_by_raw", "ahead_by_value"]].itertuples(index=False, name=None)) == wanted
    assert got.pairs["clarity"].is_monotonic_decreasing
    assert got.projects.set_index("project_id")["raw_mean"].to_dict() == pytest.approx(raw.to_dict())


def test_straight_scales_with_equal_weights_have_no_trap():
    levels = {"A": (1.0, 3.0, 80.0), "B": (4.0, 2.0, 80.0), "C": (5.0, 5.0, 80.0)}
    tables = _tables(levels, value_function="linear", points="")
    tables["weights"]["weight"] = 1.0
    found = ordinal_trap(tables)
    assert found.to_frame().empty
    assert found.summary() == (
        "Averaging raw levels 1 to 5 over 2 criteria orders all 3 pairs of projects as their values do, or ties them."
    )
    assert found.headline() == {"0": "of 3 pairs turn round when raw levels are averaged",
                                "0 of 3": "leaders would be missed"}  # fmt: skip


def test_a_scale_where_less_is_better_is_turned_first():
    levels = {"A": (1.0, 5.0, 80.0), "B": (5.0, 1.0, 80.0)}
    tables = _tables(levels, value_function="linear", points="", direction=["minimise", "maximise", "maximise"],
                     worst=[5.0, 1.0, 0.0], best=[1.0, 5.0, 400.0])  # fmt: skip
    assert ordinal_trap(tables).projects["raw_mean"].to_list() == [5.0, 1.0]


def test_projects_with_a_missing_score_are_left_out():
    found = ordinal_trap(_tables({"A": (3.0, 3.0, 0.0), "B": (4.0, 2.0, np.nan), "C": (4.0, 1.9, 0.0)}))
    assert found.n_left_out == 1
    assert found.projects["project_id"].to_list() == ["C", "A"]


def test_without_a_shared_scale_there_is_nothing_to_average():
    levels = {"A": (3.0, 3.0, 0.0), "B": (4.0, 2.0, 0.0)}
    found = ordinal_trap(_tables(levels, best=[5.0, 6.0, 400.0], value_function="linear", points=""))
    assert found.summary() == "No two criteria share a scale, so nobody can average raw levels."
    assert (found.n_pairs, found.criteria, len(found.to_frame())) == (0, (), 0)
    assert repr(found) == "<OrdinalTrap: 0 of 0 pairs turn round>"


def test_one_project_has_no_pair():
    found = ordinal_trap(_tables({"A": (3.0, 3.0, 0.0)}))
    assert found.n_pairs == 0
    assert found.headline()["0 of 1"] == "leaders would be missed"


def test_an_unknown_group_is_refused():
    with pytest.raises(ParameterError, match="bord"):
        ordinal_trap(_tables({"A": (3.0, 3.0, 0.0)}), group="bord")
