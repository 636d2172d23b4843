"""The planted truths about estimates, judgements and what is followed: measured on the clean tables, and asserted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pmlib.months import parse_month
from pmlib.sample import company
from pmlib.sample.economics import COST_NOISE, NOISE
from pmlib.sample.facts import RATE, newest, read_facts, swanson
from pmlib.sample.forms import hold, records
from pmlib.sample.governance import CLAIM, FOUND_IN, FOUND_PP
from pmlib.sample.judgements import ASSESSORS, OWN_BIAS, TRAP
from pmlib.sample.limits import LEFT, SHRUNK, SHRUNK_DAY
from pmlib.sample.oracle import Model
from pmlib.sample.tracking import EARNED_BY_SPENT, EARNED_K, EARNED_SHARE, STUCK_AT, WATERMELONS

Tables = Mapping[str, pd.DataFrame]
GROUPS = ("board", "sales", "engineering")
RATED = ("fit", "ease", "security")
#: Standard normal quantile of 90 %: p10 and p90 lie this many standard deviations off the middle.
Z90 = 1.2816
#: T4: how far a sampled standard deviation may lie off, as a share; a benefit above zero cuts the larger one.
_SD_ERROR = 0.4
_ERROR, _LONG = 0.01, 1.5
_CPI, _SPI_T = {"P17": 1.05, "P23": 0.71}, 0.857
#: T24: mean and standard deviation with the evidence as it is, mean with its variance taken four times, break-even.
_POSTERIOR, _DOUBTED, _NEED = [2.32, 0.58], 3.04, 3.2
#: T10: least difference of values in points. T11: most the measured bias may be off.
_CLEAR, _BIAS_ERROR = 3.0, 0.1


def measure(tables: Tables) -> dict[str, dict[str, Any]]:
    """Measure the truths T4 to T7, T10 to T14 and T24 and assert all but T12, which holds at the default seed.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The clean portfolio tables in file form.

    Returns
    -------
    dict of str to dict
        What was measured, by truth; rounded.

    Raises
    ------
    CheckError
        A truth does not hold; the message begins with its name.
    """
    return {
        "T4": noise(tables), "T5": overconfidence(tables), "T6": earned(tables), "T7": stuck(tables),
        "T10": ordinal_trap(tables), "T11": biases(tables), "T12": groups(tables), "T13": events(tables),
        "T14": late_finisher(tables), "T24": weighed_evidence(tables),
    }  # fmt: skip


def noise(tables: Tables) -> dict[str, Any]:
    """Measure how far earlier estimates of net value lay off, as a share of cost (T4)."""
    points = tables["estimates"].assign(mean=swanson(tables["estimates"]))
    mean = points.pivot(index=["project_id", "as_of"], columns="quantity", values="mean")
    net = (mean["p_success"] * mean["benefit_pv_k"] - mean["cost_k"]).unstack()
    off = net.drop(columns=company.AS_OF).sub(net[company.AS_OF], axis=0)
    off = off.div(mean["cost_k"].xs(company.AS_OF, level="as_of"), axis=0)
    late = tables["projects"].set_index("project_id")["gate"].reindex(off.index) >= max(NOISE)
    sd = {"gates 1-2": float(np.std(off[~late].to_numpy())), "gates 3-4": float(np.std(off[late].to_numpy()))}
    planted = {"gates 1-2": NOISE[min(NOISE)], "gates 3-4": NOISE[max(NOISE)]}
    hold("T4", all(abs(sd[gate] / planted[gate] - 1) < _SD_ERROR for gate in planted), f"noise by gate {sd}")
    seen = {gate: round(value, 2) for gate, value in sd.items()}
    return {"sd_of_net_by_cost": planted, "sd_seen": seen, "sd_of_cost": COST_NOISE, "true_from": company.AS_OF}


def overconfidence(tables: Tables) -> dict[str, Any]:
    """Measure outcomes of the closed projects against what was stated (T5)."""
    past = tables["past_forecasts"]
    ratio = (past["outcome"] / past["p50"])[past["quantity"] == "cost_k"]
    shape = (float(ratio.median()), float(ratio.mean()), float((ratio > _LONG).mean()))
    hold("T5", bool(np.allclose(shape, (1.18, 1.22, 0.18), rtol=0, atol=_ERROR)), f"cost by plan {np.round(shape, 3)}")
    ranges = past[past["quantity"].isin(["cost_k", "months"])]
    inside = ranges["outcome"].between(ranges["p10"], ranges["p90"])
    by_who = inside.groupby(ranges["estimator_id"]).mean()
    hold("T5", abs(inside.mean() - 0.5) < _ERROR and by_who.idxmin() == "E1" and by_who.idxmax() == "E3",
          f"P10 to P90 hold {inside.mean():.0%}")  # fmt: skip
    names = ("median", "mean", "share_above_1_5")
    figures = {name: round(figure, 3) for name, figure in zip(names, shape, strict=True)}
    return {"cost_by_p50": figures, "inside": round(float(inside.mean()), 3), "inside_by_estimator": by_who.to_dict()}


def _last(tables: Tables, project: str) -> Any:
    own = tables["evm"][tables["evm"]["project_id"] == project]
    return list(records(own.sort_values("month")))[-1]


def _plan(tables: Tables, project: str) -> Any:
    return next(records(tables["projects"][tables["projects"]["project_id"] == project]))


def earned(tables: Tables) -> dict[str, Any]:
    """Measure the cost performance of the sunk-cost pair (T6)."""
    rows = {name: _last(tables, name) for name in ("P17", "P23")}
    cpi = {name: round(row.ev_cum_k / row.ac_cum_k, 3) for name, row in rows.items()}
    earned_k = {name: float(row.ev_cum_k) for name, row in rows.items()}
    hold("T6", cpi == _CPI and earned_k == EARNED_K, f"CPI {cpi}, earned {earned_k}")
    return {"cpi": cpi, "ev_k": earned_k}


def stuck(tables: Tables) -> dict[str, Any]:
    """Measure the project that is always nearly done (T7), and name those whose colour hides their figures."""
    own = tables["evm"][tables["evm"]["project_id"] == "P31"].sort_values("month").tail(len(STUCK_AT))
    said = own["pct_complete_reported"]
    reached = tables["milestones"][tables["milestones"]["project_id"] == "P31"].dropna(subset=["actual_month"])
    weight = round(float(reached["weight"].sum()), 3)
    hold("T7", tuple(said) == STUCK_AT and weight == EARNED_SHARE["P31"], f"P31 says {said.tolist()}, has {weight}")
    return {"P31": {"reported_pct": [float(said.min()), float(said.max())], "milestone_share": weight},
            "watermelons": sorted(WATERMELONS), "off_plan": sorted({*EARNED_BY_SPENT, "P23", "P31"})}  # fmt: skip


def values(tables: Tables, group: str) -> pd.Series:
    """Score every project to decide as the scoring model says: answers to points, their mean, the group's weights.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``objectives``, ``scores``, ``weights``.
    group : str
        Whose weights.

    Returns
    -------
    Series of shape (n_to_decide,)
        Points by project id, 0 to 100; what nobody judged counts 50, the middle of its bounds.
    """
    leaves = _leaves(tables)
    scores = newest(tables, "scores")
    points = pd.Series(np.nan, index=scores.index)
    for name, leaf in leaves.iterrows():
        own = scores["objective_id"] == name
        points[own] = _points(leaf, scores.loc[own, "raw_level"].astype(float))
    means = points.groupby([scores["project_id"], scores["objective_id"]]).mean().unstack().fillna(50.0)
    value: pd.Series = means @ _weights(tables, group).reindex(means.columns)
    return value


def increments(tables: Tables, group: str) -> pd.Series:
    """Take the points of doing nothing from the values: what a plan may add up.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``objectives``, ``scores``, ``weights``.
    group : str
        Whose weights.

    Returns
    -------
    Series of shape (n_to_decide,)
        Points over doing nothing by project id.
    """
    weights = _weights(tables, group)
    idle = [weights[str(name)] * _points(leaf, leaf["do_nothing"]) for name, leaf in _leaves(tables).iterrows()]
    return values(tables, group) - float(np.sum(idle))


def _leaves(tables: Tables) -> pd.DataFrame:
    return tables["objectives"].dropna(subset=["worst"]).set_index("objective_id")


def _weights(tables: Tables, group: str) -> pd.Series:
    weights = newest(tables, "weights")
    return weights[weights["group"] == group].set_index("objective_id")["weight"]


def _points(leaf: pd.Series, raw: Any) -> Any:
    pairs = [tuple(map(float, pair.split("="))) for pair in str(leaf["points"]).split(";") if "=" in pair]
    levels, worth = zip(*(pairs or sorted([(leaf["worst"], 0.0), (leaf["best"], 100.0)])), strict=True)
    return np.interp(raw, levels, worth)


def ordinal_trap(tables: Tables) -> dict[str, Any]:
    """Measure the pair that raw means and values order differently (T10)."""
    rated = tables["scores"][tables["scores"]["objective_id"].isin(RATED)]
    raw, value = rated.groupby("project_id")["raw_level"].mean(), values(tables, "board")
    first, second = TRAP
    found = {"raw_mean": {name: round(float(raw[name]), 3) for name in TRAP},
             "board_value": {name: round(float(value[name]), 2) for name in TRAP}}  # fmt: skip
    hold("T10", bool(raw[first] > raw[second] and value[second] > value[first] + _CLEAR), f"{found}")
    return found


def biases(tables: Tables) -> dict[str, Any]:
    """Measure the assessor who favours their own programme, and the one who keeps to the middle (T11)."""
    rated = tables["scores"][tables["scores"]["objective_id"].isin(RATED)]
    wide = rated.pivot(index=["project_id", "objective_id"], columns="assessor_id", values="raw_level")
    off = wide["A5"] - wide.drop(columns="A5").mean(axis=1)
    home = tables["projects"].set_index("project_id")["programme_id"]
    own = np.isin(off.index.get_level_values("project_id"), home.index[home == ASSESSORS["A5"]])
    used = sorted(wide["A2"].dropna().unique().tolist())
    bias = float(off[own].mean())
    hold("T11", abs(bias - OWN_BIAS) <= _BIAS_ERROR and used == [3, 4], f"A5 {bias:+.2f}, A2 uses {used}")
    return {"A5_on_own_programme": round(bias, 2), "A5_on_others": round(float(off[~own].mean()), 2), "A2_uses": used}


def groups(tables: Tables) -> dict[str, Any]:
    """Find every group's best portfolio by points over doing nothing under every limit, and where they differ (T12)."""
    facts = read_facts(tables)
    # Points and money do not add up: links that are worth money, and the price of people, stay out.
    bare = facts.links[~facts.links["type"].isin(["synergy", "overlap"])]
    facts = replace(facts, links=bare, capacity=facts.capacity.assign(hire_cost_k=0.0))
    ahead = facts.actions["action"].isin(["keep", "start", "hold"])
    later = ahead * (1 + RATE) ** (-facts.actions["delay"] / 12)
    plans = {}
    for group in GROUPS:
        worth = later * facts.actions["project_id"].map(increments(tables, group))
        plans[group] = Model(replace(facts, actions=facts.actions.assign(value_k=worth))).solve()
    best = {group: plan.chosen for group, plan in plans.items()}
    flips = sorted(best["board"] ^ best["engineering"])
    return {"flips": flips, "n_flips": len(flips), "in_every": sorted(frozenset.intersection(*best.values())),
            "n_in_every": len(frozenset.intersection(*best.values())),
            "points": {group: round(plan.value_k, 2) for group, plan in plans.items()}}  # fmt: skip


def events(tables: Tables) -> dict[str, Any]:
    """Measure what changed between the plans of months 24 and 36 (T13)."""
    weights = tables["weights"].set_index(["objective_id", "group", "valid_from"])["weight"].sort_index()
    green = [float(weights[("sustainability", "board", day)]) for day in ("2023-01-01", "2025-01-01")]
    people = tables["capacity"][tables["capacity"]["skill"] == SHRUNK].groupby("valid_from")["person_months"].max()
    share = float(people[SHRUNK_DAY] / people.drop(SHRUNK_DAY).iloc[0])
    hold("T13", green == [0.10, 0.25] and abs(share - LEFT) < _ERROR / 10, f"weights {green}, people {share:.3f}")
    months = tables["strategy_events"].set_index("kind")["month"].to_dict()
    return {"months": months, "sustainability": green, "data_engineering_left": round(share, 3)}


def late_finisher(tables: Tables) -> dict[str, Any]:
    """Measure the late finisher by value and by time (T14)."""
    last, plan = _last(tables, "P27"), _plan(tables, "P27")
    took = parse_month(last.month) - parse_month(plan.start_month) + 1
    spi, spi_t = last.ev_cum_k / last.pv_cum_k, plan.planned_months / took
    hold("T14", spi == 1 and round(spi_t, 3) == _SPI_T, f"SPI {spi:.3f}, SPI(t) {spi_t:.3f}")
    return {"spi": round(float(spi), 3), "spi_t": round(float(spi_t), 3), "months": [int(plan.planned_months), took]}


def weighed_evidence(tables: Tables) -> dict[str, Any]:
    """Weigh the claim of P44 and what was found against what it must bring to be kept (T24)."""
    claim, own = (_of_claim(tables[name]) for name in ("benefit_map", "evidence"))
    mean, sd = claim.claimed_p50, (claim.claimed_p90 - claim.claimed_p10) / (2 * Z90)
    posterior = {}
    for name, times in (("posterior", 1.0), ("posterior_doubted", 4.0)):
        known, found = sd**-2, 1 / (times * own.standard_error ** 2)
        posterior[name] = [round((known * mean + found * own.estimate) / (known + found), 2),
                           round((known + found) ** -0.5, 2)]  # fmt: skip
    need = _break_even(tables, mean)
    hold("T24", posterior["posterior"] == _POSTERIOR and posterior["posterior_doubted"][0] == _DOUBTED, f"{posterior}")
    hold("T24", round(need, 1) == _NEED and (own.month, own.estimate) == (FOUND_IN, FOUND_PP[0]), f"{need:.2f}")
    return posterior | {"prior": [float(mean), round(sd, 3)], "break_even": round(need, 2), "from": FOUND_IN,
                        "before": "keep", "after": "stop"}  # fmt: skip


def _of_claim(table: pd.DataFrame) -> Any:
    return next(records(table[(table[list(CLAIM)] == list(CLAIM.values())).all(axis=1)]))


def _break_even(tables: Tables, claimed: float) -> float:
    """Say which gain keeping needs so as to beat stopping, in points of retention."""
    plan = _plan(tables, "P44")
    points = newest(tables, "estimates").query("project_id == 'P44'").set_index("quantity")
    mean = swanson(points)
    per_point = mean["benefit_pv_k"] * mean["p_success"] / claimed
    return float((mean["cost_k"] + plan.salvage_k - plan.exit_cost_k) / per_point)
