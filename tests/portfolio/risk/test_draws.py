"""Draws in blocks: the same bytes wherever they ran, the same luck in every plan, bounded memory."""

from __future__ import annotations

import math
import multiprocessing
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.risk import draws as draws_module
from pmlib.portfolio.risk.draws import draw
from pmlib.portfolio.risk.factors import INDEPENDENT, Correlation
from pmlib.portfolio.risk.model import RiskPolicy, risk_model
from pmlib.portfolio.risk.simulation import Simulation, simulate


def _bytes(found: Simulation) -> dict[str, bytes]:
    return {item.name: getattr(found.tally, item.name).tobytes() for item in fields(found.tally)}


def test_threads_and_any_order_of_work_give_the_same_bytes(plan, four):
    here = simulate(plan, four, draws=20_000, seed=5)
    with ThreadPoolExecutor(3) as executor:
        there = simulate(plan, four, draws=20_000, seed=5, executor=executor)
    assert _bytes(here) == _bytes(there)
    pd.testing.assert_frame_equal(here.totals, there.totals, check_exact=True)


def test_any_split_of_the_blocks_gives_the_same_bytes(plan, four, monkeypatch):
    found = []
    for wave in (1, 3, 16):
        monkeypatch.setattr(draws_module, "_WAVE", wave)
        found.append(_bytes(simulate(plan, four, draws=25_000, seed=5)))
    assert found[0] == found[1] == found[2]


def test_two_processes_give_the_same_bytes(plan, four):
    here = simulate(plan, four, draws=9_000, seed=5)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        there = simulate(plan, four, draws=9_000, seed=5, executor=executor)
    assert _bytes(here) == _bytes(there)


def test_the_first_of_many_draws_are_those_of_few(plan, four):
    few, many = (simulate(plan, four, draws=draws, seed=2) for draws in (4096, 8192))
    assert few.grid.centre.tobytes() == many.grid.centre.tobytes()
    assert (many.tally.counts >= few.tally.counts).all()


def test_a_project_has_the_same_luck_in_every_plan(four, plan):
    stopped = rebalance({**four, "projects": four["projects"].assign(mandatory=False)}, period="2025-12",
                        values={"P0": -500.0})
    assert "stop" in set(stopped.actions["action"])
    whole, part = (draw(risk_model(one, four), seed=1, block=0) for one in (plan, stopped))
    np.testing.assert_array_equal(whole.benefit[1:], part.benefit)


def test_other_correlations_leave_the_rest_of_the_luck_alone(plan, four):
    alone, together = (draw(risk_model(plan, four, policy=RiskPolicy(correlation=correlation)), seed=1, block=0)
                       for correlation in (INDEPENDENT, Correlation(product=0.01, market=0.0)))
    assert np.corrcoef(alone.benefit[0], together.benefit[0])[0, 1] > 0.98


def test_another_seed_gives_other_draws(plan, four):
    one, other = (simulate(plan, four, draws=4_000, seed=seed) for seed in (0, 1))
    assert other.mean_k != one.mean_k
    assert abs(other.mean_k - one.mean_k) < 6 * one.totals.loc["value_k", "mean_error"]


def test_memory_does_not_grow_with_the_draws(plan, four):
    peaks = []
    for draws in (10_000, 80_000):
        tracemalloc.start()
        simulate(plan, four, draws=draws)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize("name, got", [("draws", 0), ("draws", math.nan), ("draws", 1e5), ("draws", True),
                                       ("seed", -1), ("seed", 0.5), ("seed", None)])
def test_draws_and_seed_are_whole_numbers(plan, four, name, got):
    with pytest.raises(ParameterError, match=rf"{name}: got .*, allowed a whole number"):
        simulate(plan, four, **{name: got})
