"""What is kept of the draws: quantiles within a cell, tails that add up, errors as stated."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.portfolio import rebalance
from pmlib.portfolio.risk.draws import block_size, draw
from pmlib.portfolio.risk.model import risk_model
from pmlib.portfolio.risk.simulation import simulate

N = 20_000


def test_quantiles_are_those_of_the_draws_within_a_cell(plan, four):
    model, found = risk_model(plan, four), simulate(plan, four, draws=N)
    blocks = -(-N // block_size(model))
    drawn = np.concatenate([draw(model, seed=0, block=b).plan_value_k(model) for b in range(blocks)])[:N]
    for share in (0.05, 0.1, 0.5, 0.9):
        assert abs(found.value_at(share) - np.quantile(drawn, share)) <= found.grid_error_k
    assert found.cvar_k == pytest.approx(np.sort(drawn)[:N // 10].mean(), abs=found.grid_error_k)
    assert found.mean_k == pytest.approx(drawn.mean(), rel=1e-12)


def test_tails_of_projects_add_up_to_the_tail_of_the_plan(make_tables):
    tables = make_tables(3, 7)
    found = simulate(rebalance(tables), tables, draws=5_000)
    assert found.projects["tail_k"].sum() == pytest.approx(found.mean_k - found.cvar_k, rel=1e-9)
    assert found.projects["tail_share"].sum() == pytest.approx(1)
    assert found.sources["share"].sum() == pytest.approx(1)


def test_stated_errors_are_the_spread_of_repeats(plan, four):
    found = [simulate(plan, four, draws=1_000, seed=seed) for seed in range(24)]
    for name in ("mean", "p10", "p90"):
        repeats = np.std([one.totals.loc["value_k", name] for one in found], ddof=1)
        assert found[0].totals.loc["value_k", f"{name}_error"] == pytest.approx(repeats, rel=0.4)
    assert found[0].cvar_error_k == pytest.approx(np.std([one.cvar_k for one in found], ddof=1), rel=0.4)
