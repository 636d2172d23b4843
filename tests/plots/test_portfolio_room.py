"""Figures of the portfolio room with hostile frames: one project, very many, long names, missing and huge numbers."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.path import Path

from pmlib.plots import forcing, portfolio, risk, robust_plans, scenarios, style, timing, trade_offs

mpl.use("Agg")

FIRST = 2026 * 12 + 1
VERBS = list(style.VERB_COLOURS)
LONG = "WIDE Wörter $and$ $more_ of them, to sixty letters and some W"
#: Name of the case -> number of projects, names, and what becomes of the numbers.
CASES = {
    "one": (1, "Edge gateway", lambda x: x),
    "few": (8, "Edge gateway", lambda x: x),
    "many": (120, "Edge gateway", lambda x: x),
    "long": (30, LONG, lambda x: x),
    "same": (30, "Edge gateway", lambda x: 0 * x + 5.0),
    "zero": (30, "Edge gateway", lambda x: 0 * x),
    "missing": (30, None, lambda x: np.where(np.arange(len(x)) % 3 == 0, np.nan, x)),
    "nothing known": (12, "Edge gateway", lambda x: x * np.nan),
    "negative": (30, "Edge gateway", lambda x: -x),
    "huge": (30, "Edge gateway", lambda x: 1e9 * x / 700.0),
    "small": (30, "Edge gateway", lambda x: x / 1e6),
}


def _numbers(n, change, seed=0):
    return change(np.random.default_rng(seed).normal(500.0, 200.0, n).round(1))


def _ids(n, name):
    return {"project_id": [f"P{i:02d}" for i in range(n)], "name": [name] * n}


def _actions(n, name, change):
    return pd.DataFrame({
        **_ids(n, name), "action": [VERBS[i % 7] for i in range(n)], "value_on_k": _numbers(n, change),
        "cost_on_k": _numbers(n, change, 1), "p_success": np.linspace(0.5, 1.0, n)})


def _mix(n, name, change):
    n = min(n, 9)
    share = np.clip(np.abs(_numbers(n, change)) / 1000, 0, 1)
    return pd.DataFrame({"horizon": [name or "core"] * n, "today_share": share, "plan_share": share[::-1],
                         "committed_share": share / 2, "floor_share": 0.1, "ceiling_share": 0.4})


def _money(n, _, change):
    n = min(n, 12)
    return pd.DataFrame({"year": range(2026, 2026 + n), "plan_k": _numbers(n, change), "now_k": _numbers(n, change, 1),
                         "budget_k": _numbers(n, change, 2)})


def _people(n, name, change):
    return pd.DataFrame({
        "skill": name or "design", "month": range(FIRST, FIRST + n), "plan_pm": _numbers(n, change),
        "now_pm": _numbers(n, change, 1), "capacity_pm": np.abs(_numbers(n, change, 2)), "hire_limit_pm": 1.0,
        "binding": np.arange(n) % 4 == 0})


def _load(n, name, change):
    quarters = [f"{2026 + i // 4}Q{i % 4 + 1}" for i in range(min(n, 40))]
    cells = np.array([_numbers(len(quarters), change, seed) / 500 for seed in range(min(n, 12))])
    return pd.DataFrame(np.abs(cells), index=[name or "design"] * len(cells), columns=quarters)


def _hires(n, name, change):
    n = min(n, 30)
    verdict = ["no price known", "worth it", "not worth it"]
    return pd.DataFrame({"skill": [name or "design"] * n, "gain_k": np.maximum(_numbers(n, change), 0),
                         "cost_k": _numbers(n, change, 1), "verdict": [verdict[i % 3] for i in range(n)]})


def _forcing(n, name, change):
    cost = np.abs(_numbers(n, change))
    cost = np.where(np.isnan(cost), np.inf, cost)
    return pd.DataFrame({
        **_ids(n, name), "action": [VERBS[i % 7] for i in range(n)], "other": [VERBS[-i % 7] for i in range(n)],
        "lower_k": np.where(np.isinf(cost), cost, cost / 2), "upper_k": cost, "exact": np.arange(n) % 2 == 0,
        "cannot": ["" if np.isfinite(k) else "no plan holds every limit" for k in cost]})


def _frontier(n, _, change):
    at = np.arange(n) % 2 == 0
    return pd.DataFrame({"value_k": np.sort(_numbers(n, change)), "cost_k": np.sort(_numbers(n, change, 1)),
                         "supported": at, "on_frontier": True, "here": np.arange(n) == n // 2})


def _value_for_money(n, _, change):
    value, cost = _numbers(n, change), _numbers(n, change, 1)
    return pd.DataFrame({"value_k": value, "cost_k": cost, "total_cost_k": np.cumsum(cost),
                         "total_value_k": np.cumsum(value), "in_plan": np.arange(n) % 3 > 0})


def _strip(n, name, change):
    share = np.sort(np.clip(np.abs(_numbers(n, change)) / 700, 0, 1))[::-1]
    verdict = np.select([share >= 0.95, share > 0.3], ["core", "borderline"], "exterior")
    return pd.DataFrame({**_ids(n, name), "share": share, "verdict": verdict}).sort_values("verdict", kind="stable")


def _groups(n, name, change):
    n, plans = min(n, 30), ["board", "sales", "pooled", "compromise"]
    on = _numbers(4 * n, change).reshape(n, 4) > 500
    frame = pd.DataFrame({**_ids(n, name or ""), **{f"on_{plan}": on[:, i] for i, plan in enumerate(plans)}})
    losses = pd.DataFrame({"plan": plans, "loss_board": 0.1, "loss_sales": 0.2, "largest": 0.2, "projects": n})
    return frame, losses


def _regrets(n, name, change):
    n = min(n, 20)
    plans = ["the plan", f"least regret, also {name}"]
    frame = pd.DataFrame({"plan": np.repeat(plans, n), "scenario": [f"{i} {name}" for i in range(n)] * 2})
    return frame.assign(probability=1 / n, regret_k=np.abs(_numbers(2 * n, change)))


def _curve(n, _, change):
    return pd.DataFrame({"value_k": np.sort(_numbers(n, change)), "p_reach": np.linspace(1, 0, n)})


def _years(n, _, change):
    n = min(n, 12)
    middle = _numbers(n, change)
    return pd.DataFrame({"year": range(2026, 2026 + n), "cash_p10_k": middle - 10, "cash_p50_k": middle,
                         "cash_p90_k": middle + 10})


def _tornado(n, name, change):
    n, value = min(n, 10), _numbers(min(n, 10), change)
    return pd.DataFrame({"label": [f"Success of {name}"] * n, "value_low_k": value, "value_high_k": 1.5 * value,
                         "share": np.linspace(0.4, 0.0, n), "error": 0.01})


def _exposure(n, name, change):
    n, cost = min(n, 8), np.abs(_numbers(min(n, 8), change))
    return pd.DataFrame({"factor": [name or "supplier"] * n, "n": range(1, n + 1), "money_k": cost, "months_k": cost,
                         "expected_k": 2 * cost, "spread_k": cost})


def _road(n, name, change):
    length = np.nan_to_num(np.clip(np.abs(_numbers(n, change)) / 40, 1, 60)).astype(int)
    finish = pd.Series(FIRST + length, dtype="Int64").where(~np.isnan(_numbers(n, change)))
    return pd.DataFrame({
        **_ids(n, name), "programme_id": [f"G{i % 4} {name}" for i in range(n)],
        "action": [VERBS[i % 5] for i in range(n)], "begin": [FIRST - 9 + i % 20 for i in range(n)],
        "finish": finish, "finish_p10": finish - 2, "finish_p90": finish + 5})


def _moves(n, name, change):
    n = min(n, 15)
    month = pd.Series([FIRST + i % 9 for i in range(n)], dtype="Int64")
    return pd.DataFrame({
        **_ids(n, name), "action": [VERBS[i % 7] for i in range(n)], "month": month.where(month % 2 == 0),
        "free_action": [VERBS[-i % 7] for i in range(n)], "free_month": month + 3, "gain_k": _numbers(n, change)})


def _in_progress(n, _, change):
    return pd.DataFrame({"month": range(FIRST, FIRST + n), "plan": _numbers(n, change), "now": _numbers(n, change, 1)})


def _limits(n, _, change):
    n = min(n, 8)
    return pd.DataFrame({"rule": ["shared alike"] * n + ["one after another"] * n,
                         "limit": [*range(5, 5 * n, 5), np.nan] * 2, "mean_finish": _numbers(2 * n, change)})


def _here(frame, **columns):
    row = frame.iloc[len(frame) // 2]
    return {name: (row[x], row[y]) for name, (x, y) in columns.items()}


FIGURES = {
    "decisions": (_actions, portfolio.decisions), "bubbles": (_actions, portfolio.bubbles),
    "mix": (_mix, portfolio.mix), "money": (_money, portfolio.money), "people": (_people, portfolio.people),
    "load": (_load, timing.load), "hires": (_hires, timing.hires), "forcing": (_forcing, forcing.costs_of_forcing),
    "frontier": (_frontier, trade_offs.frontier),
    "value for money": (_value_for_money, lambda f: trade_offs.value_for_money(
        f, plan=(f["total_cost_k"].median(), f["total_value_k"].min()),
        bounds=(f["total_value_k"].median(), f["total_cost_k"].min()))),
    "core strip": (_strip, robust_plans.core_strip), "groups": (_groups, lambda both: robust_plans.group_plans(*both)),
    "regrets": (_regrets, scenarios.regrets),
    "risk frontier": (_frontier, lambda f: scenarios.risk_frontier(
        f.assign(tail_k=f["cost_k"], expected_k=f["value_k"], exact=f["supported"]),
        **_here(f, here=("cost_k", "value_k")))),
    "reach": (_curve, lambda f: risk.reach(f, **_here(f, goal=("value_k", "p_reach")))),
    "fan": (_years, risk.fan), "tornado": (_tornado, risk.tornado), "exposure": (_exposure, risk.exposure),
    "roadmap": (_road, lambda f: timing.roadmap(f, first=FIRST)),
    "moves": (_moves, lambda f: timing.moves(f, first=FIRST, unit="thousand EUR")),
    "in progress": (_in_progress, timing.in_progress), "limits": (_limits, timing.limits_in_progress),
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


#: Pairs that once could not be read, and an even share of all others: all of them take a minute.
ONCE = {("mix", "huge"), ("money", "negative"), ("people", "many"), ("load", "nothing known"), ("hires", "huge"),
        ("frontier", "nothing known"), ("reach", "one"), ("reach", "nothing known"),
        ("tornado", "small"), ("roadmap", "long"),
        ("in progress", "nothing known")}
PAIRS = [(figure, case) for i, figure in enumerate(FIGURES) for j, case in enumerate(CASES)
         if (i + j) % 8 == 0 or (figure, case) in ONCE]


@pytest.mark.parametrize(("figure", "case"), PAIRS)
def test_no_frame_makes_a_figure_crash_warn_or_unreadable(figure, case, unreadable):
    make, draw = FIGURES[figure]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = draw(make(*CASES[case]))
        assert unreadable(ax) == []
    assert ax.get_title(loc="left")
    assert ax.figure.get_size_inches()[0] <= 8


def test_every_verb_has_one_colour_one_mark_and_one_sign():
    assert list(style.VERB_COLOURS) == list(style.VERB_MARKERS) == list(style.VERB_SIGNS)
    assert len(set(style.VERB_SIGNS.values())) == len(set(style.VERB_COLOURS.values())) == 7
    assert isinstance(style.VERB_MARKERS["decline"], Path)


def test_names_are_cut_by_the_room_they_take():
    assert style.short("i" * 40) == "i" * 40
    assert len(style.short("W" * 40)) < 25
    assert style.short("two\nlines") == "two lines"
