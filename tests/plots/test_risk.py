"""Figures of risk: what is drawn is what the frames say, and every word can be read."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import risk
from pmlib.portfolio import rebalance
from pmlib.portfolio.risk.factors import INDEPENDENT
from pmlib.portfolio.risk.model import RiskPolicy
from pmlib.portfolio.risk.register import exposure
from pmlib.portfolio.risk.simulation import simulate
from pmlib.portfolio.risk.tornado import tornado

mpl.use("Agg")


def _tables(n: int = 12, seed: int = 0) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    ids = [f"P{i:02d}" for i in range(n)]
    middle = rng.uniform(200, 2000, n)
    rows = [(p, q, 0.8 * m * part, m * part, 1.5 * m * part) for p, m in zip(ids, middle, strict=True)
            for q, part in (("benefit_pv_k", 1.0), ("cost_k", 0.3))]
    rows += [(p, "p_success", 0.6, 0.7, 0.8) for p in ids]
    risks = [(f"K{i}", p, 0.3, 10.0, 20.0, 90.0, ("money", "months")[i % 2], f"cause {i % 4}", 1.0, 0.5)
             for i, p in enumerate(ids)]
    return {
        "workbook": pd.DataFrame({"name": ["T"], "currency": ["EUR"], "as_of": pd.to_datetime(["2025-12-31"])}),
        "projects": pd.DataFrame({"project_id": ids, "state": "running", "bac_k": 100.0, "mandatory": True}),
        "estimates": pd.DataFrame(rows, columns=["project_id", "quantity", "p10", "p50", "p90"]),
        "cash_flows": pd.DataFrame([(p, y, 50.0, 400.0 * (y > 2026)) for p in ids for y in range(2026, 2030)],
                                   columns=["project_id", "year", "cost_k", "benefit_k"]),
        "risks": pd.DataFrame(risks, columns=["risk_id", "project_id", "probability", "impact_low", "impact_mode",
                                              "impact_high", "unit", "factor", "response_cost_k", "response_effect"]),
    }


@pytest.fixture(scope="module")
def tables():
    return _tables()


@pytest.fixture(scope="module")
def plan(tables):
    return rebalance(tables)


@pytest.fixture(scope="module")
def simulation(plan, tables):
    return simulate(plan, tables, draws=2_000)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_word_of_every_figure_can_be_read(plan, tables, simulation, unreadable):
    figures = [simulation.plot(), simulation.plot_fan(), exposure(tables).plot(),
               tornado(plan, tables, draws=2_000).plot(), risk.fan(simulation.years, goal_k=500.0, currency="EUR")]
    assert [unreadable(ax) for ax in figures] == [[]] * len(figures)


def test_the_curve_is_the_frame_and_marks_the_goal(simulation):
    ax = simulation.plot()
    x, y = ax.lines[0].get_data()
    assert x.tolist() == simulation.curve["value_k"].tolist() and y.tolist() == simulation.curve["p_reach"].tolist()
    assert ax.texts[0].get_text().strip() == f"{100 * simulation.p_goal:.0f} % for {simulation.goal_k:,.0f} or more"


def test_the_fan_draws_the_median_within_its_band(simulation):
    ax = simulation.plot_fan()
    drawn = next(line for line in ax.lines if line.get_label() == "median")
    assert drawn.get_ydata().tolist() == simulation.years["cash_p50_k"].tolist()
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == simulation.years["cash_p90_k"].max()


def test_the_tornado_draws_both_ends_and_the_error(plan, tables):
    found = tornado(plan, tables, draws=2_000)
    ax = found.plot(top=5)
    assert len(ax.patches) == 10 and len(ax.get_yticklabels()) == 5
    first = found.table.iloc[0]
    assert ax.patches[0].get_width() == pytest.approx(first["value_low_k"] - found.value_k)
    right = ax.child_axes[0]
    assert right.lines[0].get_xdata()[0] == first["share"]
    reach = right.collections[0].get_segments()[0]
    assert reach[1, 0] - reach[0, 0] == pytest.approx(2 * 1.96 * first["error"])


def test_the_exposure_draws_money_and_delay_of_every_factor(tables):
    found = exposure(tables, correlation=INDEPENDENT)
    ax = found.plot()
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx([*found.by_factor["money_k"], *found.by_factor["months_k"]])


def test_nothing_uncertain_is_said_and_not_drawn(tables):
    sure = {**tables, "estimates": tables["estimates"].assign(p10=0.7, p50=0.7, p90=0.7)}
    sure["estimates"] = sure["estimates"][sure["estimates"]["quantity"] != "p_success"]
    ax = tornado(rebalance(sure), sure, draws=500, policy=RiskPolicy(register=False)).plot()
    assert ax.get_title(loc="left") == "No input of the plan is uncertain" and not ax.axison
    none = exposure({**tables, "risks": tables["risks"].head(0)}).plot()
    assert none.get_title(loc="left") == "The register holds no risk"


def test_each_draws_upon_the_axes_it_is_given(plan, tables, simulation):
    drawn = [simulation.plot, simulation.plot_fan, exposure(tables).plot, tornado(plan, tables, draws=500).plot]
    for plot in drawn:
        ax = plt.subplots()[1]
        assert plot(ax=ax) is ax
