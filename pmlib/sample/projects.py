"""Tables about single projects: projects, options, cash_flows, estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.sample import company
from pmlib.sample.economics import ESTIMATORS, noisy_estimates
from pmlib.sample.economics import closed as closed_before
from pmlib.sample.forms import file_form, month_texts, records, stream

RATE = 0.08
#: From this length on a slower variant is listed.
LONG_MONTHS = 12
YEARS = np.arange(2026, 2031)
FROZEN = ("P29",)
NO_STOP = ("P24",)
DELAYED = {"P45": "2026-10", "P56": "2027-01"}
MISSED = {"P60": "2025-10"}
#: Days of the estimates that were still noisy, and how much those of months were.
EARLIER = ("2024-06-30", "2024-12-31", "2025-06-30")
MONTHS_NOISE = 0.12
#: Asymmetry of the three points: p10, p50, p90 as multiples of their Swanson mean.
SPREADS = np.array([[0.94, 0.97, 1.10], [0.88, 0.94, 1.20], [0.82, 0.91, 1.30], [0.76, 0.88, 1.40]])


def projects(roster: pd.DataFrame, economics: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `projects`: money and calendar of all 106.

    Parameters
    ----------
    roster, economics : DataFrame
        As :mod:`pmlib.sample.company` and :mod:`pmlib.sample.economics` give them.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "projects")
    size = len(roster)
    known = economics.set_index("project_id").reindex(roster["project_id"]).reset_index()
    running, proposed = roster["state"].eq("running"), roster["state"].eq("proposed")
    elapsed = rng.integers(4, 22, size)
    length = np.where(running, elapsed + known["months"].fillna(0), known["months"].fillna(0))
    start = np.where(running, company.PLAN_START - elapsed, known["first"].fillna(0))
    past_length = rng.integers(8, 25, size)
    past_start = company.HISTORY_START - past_length - rng.integers(1, 30, size)
    late = roster["project_id"].isin(company.LATE).to_numpy()
    past_start[late] = company.HISTORY_START + 3 + rng.integers(0, 6, late.sum())
    closed = ~(running | proposed).to_numpy()
    past = closed_before(roster, seed=seed).set_index("project_id").reindex(roster["project_id"]).reset_index()
    took = np.rint(past_length * past["months_ratio"]).to_numpy()
    past_start = np.where(late, past_start, np.fmin(past_start, company.HISTORY_START - took))
    cost = known["cost_k"].fillna(0.0)
    past_cost = rng.uniform(150, 1_800, size).round(-1)
    spent = np.where(running, (cost * elapsed / known["months"].fillna(1)).round(), 0.0)
    overrun = np.where(late, rng.uniform(0.9, 1.5, size), past["cost_ratio"])
    spent = np.where(closed, (past_cost * overrun).round(), spent)
    frame = roster.assign(
        gate=np.select([closed, running], [5, rng.integers(3, 5, size)], rng.integers(1, 3, size)),
        start=np.where(closed, past_start, start).astype(int),
        planned_months=np.where(closed, past_length, length).astype(int),
        # A running project's plan stands somewhat below what it will really cost.
        bac_k=np.where(closed, past_cost, (spent + cost * np.where(running, rng.uniform(0.85, 1.05, size), 1)).round()),
        spent_k=spent,
        exit_cost_k=known["exit_cost_k"].fillna(0.0),
        salvage_k=known["salvage_k"].fillna(0.0),
        mandatory=roster["project_id"].isin(company.MANDATORY),
        owner_id=[f"R{n:02d}" for n in rng.integers(1, 21, size)],
    ).set_index("project_id")
    frame.loc["P17", ["bac_k", "spent_k"]] = [5_221.0, 4_072.0]
    frame.loc["P23", ["bac_k", "spent_k"]] = [1_160.0, 1_190.0]
    # What is earned of these three fits their plan only from another start, or with a plan they are behind.
    frame.loc["P17", ["start", "planned_months"]] = [company.HISTORY_START, 48]
    frame.loc["P23", ["start", "planned_months"]] = [company.PLAN_START - 18, 24]
    frame.loc["P31", ["start", "planned_months"]] = [company.PLAN_START - 21, 30]
    frame.loc["P27", ["start", "planned_months"]] = [company.HISTORY_START + 3, 24]
    frame["start_month"] = month_texts(frame["start"])
    return file_form("projects", {name: frame.reset_index()[name] for name in frame.reset_index().columns})


def options(economics: pd.DataFrame) -> pd.DataFrame:
    """Write the table `options`: what may be decided, with freezes, bans on stopping and start windows.

    Parameters
    ----------
    economics : DataFrame
        As :mod:`pmlib.sample.economics` gives it.
    """
    actions = {"running": ("keep", "hold", "stop"), "proposed": ("start", "decline")}
    rows = [
        {"project_id": row.project_id, "action": action, "hold_cost_k": hold_cost if action == "hold" else 0.0}
        for row in records(economics)
        for hold_cost in (float(round(0.02 * row.cost_k + 4)),)
        for action in (*actions[row.state], *(("slow",) if row.months >= LONG_MONTHS else ()))
    ]
    frame = pd.DataFrame(rows)
    ids, starts = frame["project_id"], frame["action"].eq("start")
    return file_form(
        "options",
        {
            **{name: frame[name] for name in frame.columns},
            "earliest_start": ids.map(DELAYED).where(starts),
            "latest_start": ids.map(MISSED).where(starts),
            "no_stop": ids.isin(NO_STOP),
            "frozen_until": ids.map(dict.fromkeys(FROZEN, "2026-07")),
        },
    )


def cash_flows(economics: pd.DataFrame) -> pd.DataFrame:
    """Write the table `cash_flows`: cost over the work and a tail of support, benefit after it.

    Costs add up to the mean of the cost estimate; benefits, discounted from mid-year, to that of the benefit.

    Parameters
    ----------
    economics : DataFrame
        As :mod:`pmlib.sample.economics` gives it.
    """
    months = company.PLAN_START + np.arange(12 * len(YEARS))
    first = economics["first"].to_numpy()[:, None]
    last = first + economics["months"].to_numpy()[:, None]
    at_work = (months >= first) & (months < last)
    cost = _by_year(0.92 * at_work / at_work.sum(axis=1, keepdims=True))
    tail = (months >= last) & (months < company.PLAN_START + 48)
    cost = (cost + _by_year(0.08 * tail / tail.sum(axis=1, keepdims=True))) * economics["cost_k"].to_numpy()[:, None]
    cost = cost.round(1)
    cost[:, 0] += economics["cost_k"] - cost.sum(axis=1)
    earned = _by_year((months >= last) * np.minimum(1.0, (months - last + 1) / 9))
    worth = (earned * (1 + RATE) ** -(np.arange(len(YEARS)) + 0.5)).sum(axis=1)
    benefit = earned * (economics["benefit_k"].to_numpy() / worth)[:, None]
    return file_form(
        "cash_flows",
        {
            "project_id": economics["project_id"].repeat(len(YEARS)).to_numpy(),
            "year": np.tile(YEARS, len(economics)),
            "cost_k": cost.ravel().round(1),
            "capex_share": economics["capex_share"].repeat(len(YEARS)).to_numpy(),
            "benefit_k": benefit.ravel().round(1),
        },
    )


def _by_year(monthly: np.ndarray) -> np.ndarray:
    yearly: np.ndarray = monthly.reshape(len(monthly), -1, 12).sum(axis=2)
    return yearly


def estimates(economics: pd.DataFrame, projects: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `estimates`; the Swanson mean of the newest one is the true value, earlier ones are noisy.

    Parameters
    ----------
    economics : DataFrame
        As :mod:`pmlib.sample.economics` gives it.
    projects : DataFrame
        The table `projects`: its gates.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "estimates")
    size = len(economics)
    estimator = np.array(ESTIMATORS, dtype=object)[rng.integers(0, len(ESTIMATORS), size)]
    parts = []
    for as_of in (*EARLIER, company.AS_OF):
        benefit, cost, months = economics["benefit_k"], economics["cost_k"], economics["months"]
        if as_of != company.AS_OF:
            benefit, cost = noisy_estimates(economics, projects, rng)
            months = months * np.exp(MONTHS_NOISE * rng.standard_normal(size))
        for quantity, mean in (("benefit_pv_k", benefit), ("cost_k", cost), ("months", months)):
            points = mean.round(2).to_numpy()[:, None] * SPREADS[rng.integers(0, len(SPREADS), size)]
            parts.append(_estimate(economics, as_of, quantity, points.round(4), estimator))
        chance = economics["p_success"].to_numpy()[:, None]
        points = chance + np.minimum(0.05, 1 - chance) * np.array([-1.0, 0.0, 1.0])
        parts.append(_estimate(economics, as_of, "p_success", points.round(2), estimator))
    everything = pd.concat(parts, ignore_index=True)
    everything["currency"] = everything["quantity"].map({"benefit_pv_k": "EUR", "cost_k": "EUR"})
    return file_form("estimates", {name: everything[name] for name in everything.columns})


def _estimate(
    economics: pd.DataFrame, as_of: str, quantity: str, points: np.ndarray, estimator: np.ndarray
) -> pd.DataFrame:
    columns = {"project_id": economics["project_id"], "as_of": as_of, "quantity": quantity, "estimator_id": estimator}
    return pd.DataFrame(columns).assign(p10=points[:, 0], p50=points[:, 1], p90=points[:, 2])
