"""The tornado: shares of variance in closed form, ends by hand, ties the error does not separate."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.risk.distributions import SCORE_90
from pmlib.portfolio.risk.factors import INDEPENDENT, Correlation
from pmlib.portfolio.risk.model import RiskPolicy
from pmlib.portfolio.risk.tornado import tornado

ALONE = RiskPolicy(correlation=INDEPENDENT)
PROJECTS = {"P1": {"benefit_pv_k": (60.0, 100.0, 140.0), "cost_k": (8.0, 10.0, 12.0)},
            "P2": {"benefit_pv_k": (80.0, 100.0, 120.0), "cost_k": (10.0, 10.0, 10.0)},
            "P3": {"benefit_pv_k": (80.0, 100.0, 120.0), "cost_k": (10.0, 10.0, 10.0)}}


@pytest.fixture(scope="module")
def three(small_book):
    return small_book(PROJECTS, product_id="R1")


@pytest.fixture(scope="module")
def found(three, decide):
    return tornado(decide(three), three, policy=ALONE)


def _of(found, kind, project):
    table = found.table
    return table[(table["input"] == kind) & (table["project_id"] == project)].iloc[0]


def test_shares_of_independent_inputs_are_their_parts_of_the_variance(found):
    whole = 40**2 + 2**2 + 20**2 + 20**2
    for kind, project, part in (("benefit", "P1", 40), ("cost", "P1", 2), ("benefit", "P2", 20)):
        row = _of(found, kind, project)
        assert row["share"] == pytest.approx(part**2 / whole, abs=4 * row["error"] + 1e-4)
        assert row["share"] == pytest.approx(row["correlation"] ** 2, abs=4 * row["error"])
    assert found.table["share"].sum() == pytest.approx(1, abs=0.01)


def test_ends_are_the_plan_with_one_input_at_p10_and_p90(found):
    # What of the benefit would lie below 0 lies on it, so that the mean is a trace above 270.
    assert found.value_k == pytest.approx(270, abs=0.01)
    row = _of(found, "benefit", "P1")
    assert (row["low"], row["high"]) == (60, 140)
    assert (row["value_low_k"], row["value_high_k"]) == (pytest.approx(230), pytest.approx(310))
    row = _of(found, "cost", "P1")
    assert row["value_low_k"] - found.value_k == pytest.approx(found.value_k - row["value_high_k"]) == pytest.approx(2)


def test_what_does_not_vary_is_not_in_it(found):
    assert found.table[["input", "project_id"]].apply(tuple, axis=1).tolist()[0] == ("benefit", "P1")
    assert len(found.table) == 4


def test_equal_inputs_are_tied_and_unequal_ones_are_not(found):
    assert found.table["tied_with_next"].tolist()[:2] == [False, True]
    assert found.leaders()["project_id"].tolist() == ["P1"]


def test_equal_leaders_are_said_to_be_tied(small_book, decide):
    tables = small_book({name: PROJECTS["P2"] for name in ("P1", "P2", "P3")})
    found = tornado(decide(tables), tables, policy=ALONE, draws=1_000)
    assert len(found.leaders()) == 3
    assert "1,000 draws do not tell 2 more inputs from it" in found.summary()


def test_shares_of_correlated_inputs_still_add_up_to_1(three, decide):
    together = tornado(decide(three), three, policy=RiskPolicy(correlation=Correlation(product=0.4, market=0.2)))
    assert together.table["share"].sum() == pytest.approx(1, abs=0.01)
    # Cov(x1, x1 + x2 + x3) with correlation .6 between benefits.
    whole = 40**2 + 2 * 20**2 + 2 * 0.6 * (2 * 40 * 20 + 20 * 20) + 2**2
    row = _of(together, "benefit", "P1")
    assert row["share"] == pytest.approx((40**2 + 0.6 * 2 * 40 * 20) / whole, abs=4 * row["error"])


def test_success_goes_from_failing_to_succeeding(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3, "p_success": (0.2, 0.3, 0.4)}})
    found = tornado(decide(tables), tables)
    row = _of(found, "success", "P1")
    assert (row["value_low_k"], row["value_high_k"]) == (pytest.approx(-10), pytest.approx(90))
    assert row["share"] == pytest.approx(1)
    chance = _of(found, "chance", "P1")
    assert (chance["value_low_k"], chance["value_high_k"]) == (pytest.approx(10), pytest.approx(30))
    assert chance["share"] == 0


def test_a_risk_goes_from_not_happening_to_its_mean_impact(small_book, decide):
    flat = {"benefit_pv_k": (1080.0,) * 3, "cost_k": (10.0,) * 3, "months": (12.0,) * 3}
    tables = small_book({"P1": flat}, [("K1", "P1", 0.25, 20.0, 30.0, 40.0, "money", "", 0.0, 0.0),
                                       ("K2", "P1", 0.5, 12.0, 12.0, 12.0, "months", "", 0.0, 0.0)])
    table = tornado(decide(tables), tables).table.set_index("risk_id")
    assert table.loc["K1", "swing_k"] == pytest.approx(30)
    assert table.loc["K2", "swing_k"] == pytest.approx(1080 - 1000)
    assert table.loc["K1", "share"] < table.loc["K2", "share"]


def test_the_stated_error_is_the_spread_of_repeats(three, decide):
    decision = decide(three)
    repeats = [_of(tornado(decision, three, draws=1_000, seed=seed), "benefit", "P1") for seed in range(16)]
    assert repeats[0]["error"] == pytest.approx(np.std([row["share"] for row in repeats], ddof=1), rel=0.4)


def test_every_kind_of_plan_has_shares_near_1(make_tables):
    tables = make_tables(3, 7)
    found = tornado(rebalance(tables), tables, draws=5_000, policy=ALONE)
    assert 0.85 < found.table["share"].sum() < 1.15
    assert found.table["share"].is_monotonic_decreasing


def test_threads_give_the_same_table(three, decide):
    decision = decide(three)
    with ThreadPoolExecutor(2) as executor:
        there = tornado(decision, three, draws=10_000, executor=executor).table
    pd.testing.assert_frame_equal(tornado(decision, three, draws=10_000).table, there, check_exact=True)


def test_it_says_what_moves_the_plan_most(found):
    assert found.summary().startswith("Benefit of P1 moves the plan most: 6")
    assert "230 to 310 thousand EUR from one end to the other" in found.summary()
    assert repr(found) == "<Tornado: 4 uncertain inputs; first Benefit of P1; 20,000 draws>"
    assert found.headline()["80"] == "thousand EUR between its ends"
    assert found.to_frame().equals(found.table)


def test_a_plan_without_uncertainty_has_none(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3}})
    found = tornado(decide(tables), tables, draws=500)
    assert found.table.empty and found.summary() == "No input of the plan is uncertain."
    assert found.leaders().empty and found.headline() == {"0": "uncertain inputs"}


def test_the_spread_of_the_estimate_is_that_of_its_points(found):
    row = _of(found, "benefit", "P2")
    assert row["swing_k"] == pytest.approx(2 * SCORE_90 * 20 / SCORE_90)


@pytest.mark.parametrize("draws", [0, math.nan, 10.5])
def test_draws_are_a_whole_number(three, decide, draws):
    with pytest.raises(ParameterError, match=r"draws: got .*, allowed a whole number"):
        tornado(decide(three), three, draws=draws)
