"""What every project to decide is truly worth, costs and needs: the ground under several tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pmlib.sample import company
from pmlib.sample.forms import stream

#: Cost still to come of the running projects, kEUR, and its share by horizon (truth T22).
RUNNING_COST_K = 13_000
RUNNING_MIX = {"core": 0.86, "adjacent": 0.11, "new": 0.03}
#: Planted projects: cost to complete, net value, chance of success, exit cost, salvage (kEUR).
PLANTED = {
    "P05": (1_200, 1_440, 1.0, 0, 0),
    "P08": (700, -600, 1.0, 0, 0),
    "P09": (300, 1_000, 0.8, 0, 0),
    "P10": (330, 1_050, 0.8, 0, 0),
    "P11": (340, 1_050, 0.8, 0, 0),
    "P12": (1_150, 1_500, 1.0, 60, 20),
    "P17": (900, -380, 1.0, 120, 40),
    "P19": (1_180, 1_480, 1.0, 60, 20),
    "P23": (300, 850, 1.0, 90, 10),
    "P44": (600, 504, 1.0, 30, 20),
}
# Compliance, and the retention programme, need next to no data engineer: they stay in any good plan.
LIGHT = ("P03", "P20", "P44")
QUIET = ("P22", "P35")
N_TO_DECIDE = 60
#: Share of projects that buy equipment.
WITH_CAPEX = 0.6
#: T5: outcome by plan of the closed projects, log-normal: median and mean, of cost and of months.
OVERRUN = {"cost_ratio": (1.18, 1.22), "months_ratio": (1.14, 1.17)}
ESTIMATORS = ("E1", "E2", "E3", "E4")
#: T4: sd of the net value's noise as a share of cost, by the last gate passed from which it holds.
NOISE = {1: 2.6, 3: 0.3}
COST_NOISE = 0.05
LEAST_BENEFIT_K = 1.0


def draw(roster: pd.DataFrame, *, seed: int, attempt: int = 0) -> pd.DataFrame:
    """Draw cost, worth, timing and need for data engineers of every project to decide.

    Parameters
    ----------
    roster : DataFrame
        As :func:`pmlib.sample.company.roster` gives it.
    seed : int
        Seed of the company.
    attempt : int
        Number of the redraw; it changes borderline projects only.

    Returns
    -------
    DataFrame with one row per project to decide
        The roster's columns and cost_k, net_k (expected benefit less cost), p_success, benefit_k (present
        value given success), exit_cost_k, salvage_k, engineering (data engineers' share of the work),
        first (month integer), months, capex_share.
    """
    frame = company.to_decide(roster)
    firm, loose = stream(seed, "economics"), stream(seed, "economics, borderline", attempt)
    clear = _clear(frame, firm)
    open_ = _borderline(frame, loose)
    is_open = frame["worth"].eq("borderline").to_numpy()[:, None]
    drawn = pd.DataFrame(np.where(is_open, open_, clear), columns=["cost_k", "ratio", "engineering"])
    frame = pd.concat([frame, drawn], axis=1)
    frame["p_success"] = np.round(firm.uniform(0.6, 0.95, len(frame)), 2)
    buys = firm.random(len(frame)) < WITH_CAPEX
    frame["capex_share"] = np.where(buys, np.round(firm.uniform(0.1, 0.5, len(frame)), 2), 0.0)
    frame = _timed(frame, firm)
    return _priced(frame)


def _clear(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw cost, value per cost and data engineers' share as if every project were a clear case."""
    size = len(frame)
    good = frame["worth"].eq("must").to_numpy()
    cost = np.where(good, rng.uniform(330, 560, size), rng.uniform(380, 780, size))
    ratio = np.where(good, rng.uniform(2.85, 3.75, size), rng.uniform(-0.48, -0.07, size))
    engineering = np.where(good, rng.uniform(0.08, 0.16, size), rng.uniform(0.18, 0.34, size))
    return np.column_stack([cost, ratio, engineering])


def _borderline(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw the borderline cases: the larger and the better paid, the more they need data engineers."""
    size = len(frame)
    heavy = np.clip(np.linspace(0, 1, size)[rng.permutation(size)] + rng.normal(0, 0.08, size), 0, 1)
    heavy[frame["project_id"].isin(LIGHT)] = 0.0
    ratio = 0.84 + 1.02 * np.clip(0.15 + 0.65 * heavy + rng.normal(0, 0.15, size), 0, 1)
    cost = 330 + 560 * heavy * rng.uniform(0.6, 1.2, size) + rng.uniform(0, 150, size)
    engineering = 0.03 + 0.5 * heavy**1.3 * rng.uniform(0.8, 1.2, size)
    return np.column_stack([cost, ratio, engineering])


def _timed(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Give every project a first month of work and a length, both on half-years."""
    size = len(frame)
    running = frame["state"].eq("running").to_numpy()
    begin = np.where(running, 0, rng.choice([0, 6, 12], size, p=[0.25, 0.35, 0.4]))
    length = np.where(running, rng.choice([12, 18, 24], size, p=[0.4, 0.35, 0.25]), 12)
    # Two running projects in a quiet phase: the ones for which waiting can pay.
    quiet = frame["project_id"].isin(QUIET).to_numpy()
    begin[quiet], length[quiet] = 6, 12
    bundle = frame["project_id"].isin(company.BUNDLE).to_numpy()
    begin[bundle] = np.where(frame.loc[bundle, "project_id"] == "P08", 0, 6)
    length[bundle] = 12
    return frame.assign(first=company.PLAN_START + begin, months=length)


def _priced(frame: pd.DataFrame) -> pd.DataFrame:
    """Set the planted projects, meet the mix of the running ones and turn ratios into money."""
    frame = frame.copy()
    ids = frame["project_id"]
    given = (
        pd.DataFrame.from_dict(
            PLANTED, orient="index", columns=["cost_k", "net_k", "p_success", "exit_cost_k", "salvage_k"]
        )
        .reindex(ids)
        .reset_index(drop=True)
    )
    frame["cost_k"] = given["cost_k"].fillna(frame["cost_k"].round(-1))
    frame["p_success"] = given["p_success"].fillna(frame["p_success"])
    _meet_mix(frame, fixed=given["cost_k"].notna() | frame["worth"].ne("borderline"))
    frame["net_k"] = given["net_k"].fillna((frame["ratio"] * frame["cost_k"]).round())
    frame["benefit_k"] = ((frame["net_k"] + frame["cost_k"]) / frame["p_success"]).round(2)
    running = frame["state"].eq("running")
    # A stop must cost less than going on at a loss, or the plan would rightly drag the loss along.
    leave = (0.08 * frame["cost_k"]).clip(upper=0.3 * frame["net_k"].abs()).round(-1)
    frame["exit_cost_k"] = given["exit_cost_k"].fillna(leave.where(running, 0.0))
    frame["salvage_k"] = given["salvage_k"].fillna((0.25 * leave).round().where(running, 0.0))
    return frame.drop(columns="ratio")


def _meet_mix(frame: pd.DataFrame, *, fixed: pd.Series) -> None:
    """Scale the cost of borderline running projects so that the running mix is what T22 says."""
    # Copies, appended above scale 1, keep the cost they drew.
    running = frame["state"].eq("running") & (frame.index < N_TO_DECIDE)
    for horizon, share in RUNNING_MIX.items():
        here = running & frame["horizon"].eq(horizon)
        free = frame.index[here & ~fixed]
        rest = share * RUNNING_COST_K - frame.loc[here & fixed, "cost_k"].sum()
        scaled = (frame.loc[free, "cost_k"] * rest / frame.loc[free, "cost_k"].sum()).round(-1)
        frame.loc[free, "cost_k"] = scaled
        frame.loc[free[-1], "cost_k"] += rest - scaled.sum()


def closed(roster: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Draw how far every project closed before the history missed its plan, and who had estimated it (truth T5).

    The ratios are the quantiles of a log-normal, one each, in random order: the sample itself has the shape.

    Parameters
    ----------
    roster : DataFrame
        As :func:`pmlib.sample.company.roster` gives it.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame of shape (n_closed, 4)
        project_id, estimator_id, cost_ratio, months_ratio.
    """
    rng = stream(seed, "past_forecasts")
    gone = roster["state"].isin(["done", "stopped"]) & ~roster["project_id"].isin(company.LATE)
    ids = roster.loc[gone, "project_id"].to_numpy()
    z = ndtri((np.arange(len(ids)) + 0.5) / len(ids))
    places = {name: rng.permutation(len(ids)) for name in OVERRUN}
    # Every estimator has met small and large overruns alike.
    turn = (places["cost_ratio"] + places["cost_ratio"] // len(ESTIMATORS)) % len(ESTIMATORS)
    frame = pd.DataFrame({"project_id": ids, "estimator_id": np.array(ESTIMATORS, dtype=object)[turn]})
    for name, (median, mean) in OVERRUN.items():
        frame[name] = median * np.exp(np.sqrt(2 * np.log(mean / median)) * z[places[name]])
    return frame


def noisy_net(economics: pd.DataFrame, projects: pd.DataFrame, *, seed: int, draw: int) -> pd.Series:
    """Estimate once more what every project is worth, with the noise that estimates of its gate have (truth T4).

    Parameters
    ----------
    economics : DataFrame
        As :func:`draw` gives it.
    projects : DataFrame
        The table `projects`: its gates.
    seed : int
        Seed of the company.
    draw : int
        Number of the redraw.

    Returns
    -------
    Series of shape (n_to_decide,)
        Net value by project id, kEUR.
    """
    rng = stream(seed, "noisy net", draw)
    benefit, cost = noisy_estimates(economics, projects, rng)
    net = economics["p_success"] * benefit - cost
    return pd.Series(net.to_numpy(), index=economics["project_id"], name="net_k")


def noisy_estimates(
    economics: pd.DataFrame, projects: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.Series, pd.Series]:
    """Draw benefit (given success) and cost as estimators saw them, kEUR; a benefit stays above zero.

    Parameters
    ----------
    economics, projects : DataFrame
        As for :func:`noisy_net`.
    rng : Generator
        Where the noise comes from.
    """
    gate = economics["project_id"].map(projects.set_index("project_id")["gate"])
    sd = np.where(gate >= max(NOISE), NOISE[max(NOISE)], NOISE[min(NOISE)]) * economics["cost_k"]
    off = sd * rng.standard_normal(len(economics)) / economics["p_success"]
    benefit = (economics["benefit_k"] + off).clip(lower=LEAST_BENEFIT_K)
    return benefit, economics["cost_k"] * np.exp(COST_NOISE * rng.standard_normal(len(economics)))
