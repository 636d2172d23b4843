"""Two planted truths about judging, found from the tables alone by the functions the notebooks call."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pmlib as pm
from pmlib.scoring.judging.agreement import agreement
from pmlib.scoring.judging.ordinal_trap import ordinal_trap
from tests.conftest import ROOT

FOLDER = ROOT / "data" / "quillmark"


@pytest.fixture(scope="module")
def book():
    return pm.open_workbook(FOLDER)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))["truths"]


@pytest.fixture(scope="module")
def agreed(book):
    return agreement(book)


def test_t10_averaging_raw_levels_puts_p40_over_p41_and_the_values_reverse_it(book, truth):
    found = ordinal_trap(book)
    pair = found.pairs.set_index(["ahead_by_raw", "ahead_by_value"]).loc[("P40", "P41")]
    assert pair["same_answers_gap"] > 0
    figures = found.projects.set_index("project_id").loc[["P40", "P41"]]
    assert figures["raw_mean"].round(3).to_dict() == truth["T10"]["raw_mean"]
    assert figures["value"].round(2).to_dict() == truth["T10"]["board_value"]
    assert "P40 before P41 by raw mean (3.60 to 3.40)" in found.summary()


def test_t11_a5_favours_the_own_programme_a2_keeps_to_3_and_4_and_nobody_else_is_accused(agreed, truth):
    assert agreed.named == ["A2", "A5"]
    table = agreed.to_frame().set_index("assessor_id")
    assert table.loc["A5", "own_levels"] == pytest.approx(0.8, abs=0.1)
    assert table.loc["A5", "own_levels"] == pytest.approx(truth["T11"]["A5_on_own_programme"], abs=0.02)
    assert table.loc["A5", "other_levels"] == pytest.approx(truth["T11"]["A5_on_others"], abs=0.02)
    assert table.loc["A5", "bias_low_levels"] > 0.5
    assert table.loc["A2", ["lowest", "highest"]].to_list() == truth["T11"]["A2_uses"]
    assert table.loc[["A1", "A3", "A4"], "finding"].eq("").all()


def test_every_criterion_is_judged_in_an_order_beyond_chance(agreed):
    assert agreed.criteria["w"].between(0.5, 1).all()
    assert (agreed.criteria["p_holm"] < 0.001).all()
    assert (agreed.criteria["reason"] == "").all()
