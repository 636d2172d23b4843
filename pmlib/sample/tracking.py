"""Tables that follow projects: evm, milestones, benefits, past_forecasts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pmlib.months import last_day, parse_month
from pmlib.sample import company
from pmlib.sample.forms import file_form, month_texts, records, stream

#: How far the planned S-curve bends away from a straight line.
BEND = 0.12
#: Months by which the late ones of the window ended after their plan (T14: P27).
LATE_BY = {"P27": 4, "P62": 3, "P63": 2, "P64": 2, "P65": 5, "P66": 3}
#: Earned value of the newest month: planted in kEUR (T6), as a share of the budget (T7), by what was spent.
EARNED_K = {"P17": 4_276.0, "P23": 844.9}
EARNED_SHARE = {"P31": 0.55}
EARNED_BY_SPENT = {"P22": 0.78, "P26": 0.84, "P36": 0.74}
#: Green outside, red inside: what they report in the last months is not what they earned.
WATERMELONS = ("P22", "P31", "P36")
N_REPORTED = 6
STUCK_AT = (88, 89, 90, 90, 91, 92)
GREEN, AMBER = 0.93, 0.86
_MILESTONES = ("M1 scope agreed", "M2 design approved", "M3 first prototype", "M4 core built", "M5 parts joined",
               "M6 tests passed", "M7 pilot ended", "M8 handed over")  # fmt: skip
_STUCK_WEIGHTS = (0.10, 0.15, 0.15, 0.15, 0.15, 0.10, 0.10, 0.10)
#: T5: share of outcomes inside the stated range, and its half-widths below and above, as a share of the middle.
COVERED = {"E1": 0.2, "E2": 0.5, "E3": 0.8, "E4": 0.5}
_WIDTHS = {"E1": (0.05, 0.07), "E2": (0.09, 0.16), "E3": (0.12, 0.50), "E4": (0.10, 0.14)}
#: Two pairs of finished projects whose realised benefits are the same money.
SAME_MONEY = {"P71": "cockpit renewals", "P72": "cockpit renewals", "P86": "fewer calls", "P93": "fewer calls"}
BENEFIT_MONTHS = (12, 18)


def planned_share(elapsed: Any) -> np.ndarray:
    """Share of the work planned to be done after a share of the planned time: a mild S-curve from 0 to 1.

    Examples
    --------
    >>> planned_share([0, 0.5, 1, 1.2]).round(3).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    x = np.clip(np.asarray(elapsed, dtype=float), 0, 1)
    return np.asarray(x - BEND * np.sin(2 * np.pi * x) / (2 * np.pi))


def evm(projects: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `evm`: running projects to the newest month, the late ones of the window to their end.

    Parameters
    ----------
    projects : DataFrame
        The table `projects`.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "evm")
    followed = projects[projects["state"].eq("running") | projects["project_id"].isin(company.LATE)]
    parts = [_history(project, rng) for project in records(followed)]
    frame = pd.concat(parts, ignore_index=True)
    return file_form("evm", {name: frame[name] for name in frame.columns})


def _history(project: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Follow one project month by month; the last actual cost is what `projects` says was spent."""
    start, planned, late = parse_month(project.start_month), project.planned_months, LATE_BY.get(project.project_id)
    length = min(company.PLAN_START - start, planned + late if late else company.HISTORY_MONTHS)
    months = np.arange(1, length + 1)
    plan = planned_share(months / planned) * project.bac_k
    last = project.bac_k if late is not None else _earned(project, float(plan[-1]), rng)
    steps = np.diff(planned_share(np.arange(length + 1) / (planned if late is None else length)))
    # What went wrong went wrong more and more: early months look like the plan.
    earned = _spread(steps * np.exp(rng.normal(0, 0.1, length)) * (last / plan[-1]) ** (2 * months / length), last)
    costs = steps * np.exp(rng.normal(0, 0.1, length)) * (project.spent_k / last) ** (2 * months / length)
    frame = pd.DataFrame({"project_id": project.project_id, "month": month_texts(start + months - 1),
                          "pv_cum_k": plan.round(1), "ev_cum_k": earned,
                          "ac_cum_k": _spread(costs, project.spent_k)})  # fmt: skip
    return frame.assign(**_reported(frame, project, rng))


def _earned(project: Any, planned: float, rng: np.random.Generator) -> float:
    name = project.project_id
    healthy = np.sqrt(project.spent_k * planned) * rng.uniform(0.985, 1.03)
    if name in EARNED_K:
        return EARNED_K[name]
    if name in EARNED_SHARE:
        return float(round(EARNED_SHARE[name] * project.bac_k, 1))
    by_spent = EARNED_BY_SPENT.get(name)
    return float(round(healthy if by_spent is None else by_spent * project.spent_k, 1))


def _spread(steps: np.ndarray, total: float) -> np.ndarray:
    """Sum steps up to a total, rounded; the last one is the total itself."""
    summed = (np.cumsum(steps) / steps.sum() * total).round(1)
    summed[-1] = total
    return np.asarray(summed)


def _reported(frame: pd.DataFrame, project: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Say what the project reports of itself: its state of work and a colour, mostly in step with the figures."""
    worst = np.minimum(frame["ev_cum_k"] / frame["pv_cum_k"], frame["ev_cum_k"] / frame["ac_cum_k"])
    status = np.select([worst >= GREEN, worst >= AMBER], ["green", "amber"], "red").astype(object)
    done = (100 * frame["ev_cum_k"] / project.bac_k).to_numpy()
    said = np.maximum.accumulate(np.clip(np.rint(done + rng.normal(0, 1.5, len(done))), 0, 100))
    if project.project_id in LATE_BY:
        said[-1] = 100
    if project.project_id in WATERMELONS:
        status[-N_REPORTED:] = "green"
        said = np.clip(np.rint(said * np.linspace(1, 1.2, len(said))), 0, 100)
    if project.project_id in EARNED_SHARE:
        before = len(said) - len(STUCK_AT)
        said[before:] = STUCK_AT
        said[:before] = np.rint(np.linspace(2, STUCK_AT[0] - 4, before))
    return {"pct_complete_reported": said, "status_reported": status}


def milestones(projects: pd.DataFrame, tracked: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `milestones`: each reached in the month in which the earned value covers it.

    Parameters
    ----------
    projects, tracked : DataFrame
        The tables `projects` and `evm`.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "milestones")
    histories = dict(list(tracked.groupby("project_id")))
    followed = projects[projects["project_id"].isin(list(histories))]
    parts = [_reached(plan, histories[plan.project_id], _weights(plan.project_id, rng)) for plan in records(followed)]
    frame = pd.concat(parts, ignore_index=True)
    return file_form("milestones", {name: frame[name] for name in frame.columns})


def _reached(plan: Any, history: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Say when each milestone was due by the planned curve, and when the earned one came to it."""
    goal, start = weights.cumsum() - 1e-6, parse_month(plan.start_month)
    due = np.searchsorted(planned_share(np.arange(1, plan.planned_months + 1) / plan.planned_months), goal)
    reached = np.searchsorted((history["ev_cum_k"] / plan.bac_k).to_numpy(), goal)
    actual = month_texts(start + reached)
    actual[reached >= len(history)] = None
    names = _MILESTONES if len(weights) == len(_MILESTONES) else (*_MILESTONES[:-2], _MILESTONES[-1])
    return pd.DataFrame({"project_id": plan.project_id, "milestone": names, "baseline_month": month_texts(start + due),
                         "actual_month": actual, "weight": weights})  # fmt: skip


def _weights(name: str, rng: np.random.Generator) -> np.ndarray:
    """Share the work out over seven or eight milestones, in hundredths."""
    drawn = rng.dirichlet(np.full(len(_MILESTONES) - rng.integers(0, 2), 25.0)).round(2)
    drawn[-1] = round(1 - drawn[:-1].sum(), 2)
    return np.array(_STUCK_WEIGHTS) if name in EARNED_SHARE else drawn


def past_forecasts(projects: pd.DataFrame, closed: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `past_forecasts`: cost, months and success of the closed projects, too sure of themselves (T5).

    Parameters
    ----------
    projects : DataFrame
        The table `projects`: the middle of a cost forecast is the budget, its outcome what was spent.
    closed : DataFrame
        As :func:`pmlib.sample.economics.closed` gives it.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "past_forecasts, stated")
    plans = projects.set_index("project_id").loc[closed["project_id"]]
    planned = plans["planned_months"].to_numpy(dtype=float)
    took = np.rint(planned * closed["months_ratio"].to_numpy())
    start = np.array([parse_month(month) for month in plans["start_month"]])
    success = plans["state"].eq("done").to_numpy()
    common = {
        "project_id": closed["project_id"], "estimator_id": closed["estimator_id"],
        "made_on": [last_day(month).isoformat() for month in start - rng.integers(1, 4, len(plans))],
        "outcome_on": [last_day(month).isoformat() for month in (start + took - 1).astype(int)],
    }  # fmt: skip
    stated = np.round(rng.uniform(0.80, 0.97, len(plans)) - np.where(success, 0.0, rng.uniform(0, 0.25, len(plans))), 2)
    parts = [pd.DataFrame(common).assign(quantity="p_success", prob=stated, outcome=success.astype(float))]
    budget, spent = (plans[name].to_numpy(dtype=float) for name in ("bac_k", "spent_k"))
    for quantity, middle, outcome in (("cost_k", budget, spent), ("months", planned, took)):
        points = _stated(middle, outcome, who=closed["estimator_id"], rng=rng)
        parts.append(pd.DataFrame(common).assign(quantity=quantity, outcome=outcome, **points))
    frame = pd.concat(parts, ignore_index=True)
    return file_form("past_forecasts", {name: frame[name] for name in frame.columns})


def _stated(
    middle: np.ndarray, outcome: np.ndarray, *, who: pd.Series, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """State p10, p50 and p90 so that each estimator's ranges hold the share of outcomes they do hold."""
    nearest = pd.Series(np.abs(np.log(outcome / middle)), index=who.index).groupby(who).rank(method="first")
    inside = (nearest <= who.map(COVERED) * who.map(who.value_counts())).to_numpy()
    middle = np.where(~inside & (outcome == middle), middle - 1, middle)
    widths = np.array([_WIDTHS[name] for name in who]) * rng.uniform(0.85, 1.15, (len(who), 2))
    low, high = middle * (1 - widths[:, 0]), middle * (1 + widths[:, 1])
    # A missed outcome lies a fifth of its distance from the middle outside the range.
    edge = middle + 0.8 * (outcome - middle)
    missed_low = np.where(outcome < middle, np.maximum(low, edge), low)
    missed_high = np.where(outcome > middle, np.minimum(high, edge), high)
    low = np.where(inside, np.minimum(low, 0.99 * outcome), missed_low)
    high = np.where(inside, np.maximum(high, 1.01 * outcome), missed_high)
    return {"p10": low.round(2), "p50": middle.round(2), "p90": high.round(2)}


def benefits(projects: pd.DataFrame, closed: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `benefits`: completed projects by month, a little below plan; two pairs claim the same money.

    Parameters
    ----------
    projects : DataFrame
        The table `projects`.
    closed : DataFrame
        As :func:`pmlib.sample.economics.closed` gives it.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "benefits")
    finished = projects[projects["state"].eq("done") & projects["project_id"].isin(closed["project_id"])]
    parts = []
    shared: dict[str, pd.DataFrame] = {}
    for project in records(finished):
        length, wait = int(rng.integers(BENEFIT_MONTHS[0], BENEFIT_MONTHS[1] + 1)), int(rng.integers(0, 19))
        promised = project.bac_k * rng.uniform(0.02, 0.06) * np.minimum(1, np.arange(1, length + 1) / 6)
        came = promised * rng.lognormal(-0.12, 0.12) * rng.lognormal(0, 0.08, length)
        kind = "saving" if project.kind in ("process", "platform", "compliance") else "revenue"
        months = month_texts(company.HISTORY_START + wait + np.arange(length))
        columns = {"month": months, "benefit_type": kind, "planned_k": promised.round(2), "realised_k": came.round(2)}
        part = pd.DataFrame(columns)
        group = SAME_MONEY.get(project.project_id, "")
        part = shared.setdefault(group, part) if group else part
        parts.append(part.assign(project_id=project.project_id, overlap_group=group))
    frame = pd.concat(parts, ignore_index=True)
    return file_form("benefits", {name: frame[name] for name in frame.columns})
