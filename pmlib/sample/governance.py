"""What is risked, decided, promised and learned: risks, decisions, strategy_events, benefit_map, evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pmlib.months import parse_month
from pmlib.sample import company
from pmlib.sample.customers import PRODUCTS
from pmlib.sample.forms import file_form, month_texts, records, stream

#: Share of second risks that cost months, and of risks with a planned response.
IN_MONTHS, ANSWERED = 0.5, 0.6
FACTORS = ("supplier", "regulation", "key people", "technology", "demand")
DECISIONS_START = parse_month("2024-01")
DECISIONS_A_MONTH = 6
AGREED = 0.85
#: How much more often a running project comes up than a proposed one.
RUNNING_ODDS = 4.0
#: T24: what P44 claims (p10, p50, p90), what an experiment found (estimate, standard error), and when.
CLAIM = {"project_id": "P44", "product_id": "PR4", "metric": "retention_pp"}
CLAIMED_PP, FOUND_PP, FOUND_IN = (3.4, 6.0, 8.6), (2.0, 0.6), "2025-09"
#: T8: the claim that three projects make on the same money.
SAME_CLAIM = ("PR4", "installer_sales_k", (2_000.0, 2_400.0, 2_800.0))
#: Metrics by the model of a product, with the usual size of a claimed change.
_METRICS = {
    "subscription": {"activation_pp": 4.0, "active_days_pct": 6.0, "nps_points": 5.0, "support_calls_pct": -8.0},
    "one-off": {"units_pct": 5.0, "unit_cost_pct": -3.0, "returns_pp": -0.8, "nps_points": 4.0},
    "service": {"orders_pct": 6.0, "hours_per_job_pct": -7.0, "nps_points": 4.0},
}
_EVENTS = (
    ("2025-01", "weights", "The board raises the weight of sustainability from .10 to .25."),
    ("2025-07", "capacity", "Data engineering loses 8 % of its people for good."),
    ("2025-09", "evidence", "An experiment finds P44 to raise retention by 2.0 points (standard error 0.6), not 6.0."),
)
_OTHERWISE = {"keep": ("hold", "stop"), "start": ("decline",), "decline": ("start",)}
_REASONS = {
    "keep": ("On course.", "Too close to its end to wait.", "Promised to a customer."),
    "start": ("Best use of the people who are free.", "The programme has waited for it.", "Needed for what follows."),
    "decline": ("No data engineers are free.", "Others bring more for the same money.", "Asked to come back later."),
}


def risks(economics: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `risks`: two for every project to decide, one in money and one in money or months.

    Parameters
    ----------
    economics : DataFrame
        As :func:`pmlib.sample.economics.draw` gives it.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "risks")
    each = economics[["project_id", "cost_k", "months"]].loc[economics.index.repeat(2)].reset_index(drop=True)
    size = len(each)
    in_months = (np.arange(size) % 2 == 1) & (rng.random(size) < IN_MONTHS)
    mode = np.where(in_months, each["months"], each["cost_k"]) * rng.uniform(0.05, 0.25, size)
    responds = rng.random(size) < ANSWERED
    money = np.where(in_months, 0.02 * each["cost_k"], 0.15 * mode)
    return file_form(
        "risks",
        {
            "risk_id": [f"K{n:0{max(3, len(str(size)))}d}" for n in range(1, size + 1)],
            "project_id": each["project_id"],
            "probability": rng.choice([0.05, 0.1, 0.2, 0.3, 0.5], size, p=[0.15, 0.25, 0.3, 0.2, 0.1]),
            "impact_low": (mode * rng.uniform(0.4, 0.8, size)).round(1),
            "impact_mode": mode.round(1),
            "impact_high": (mode * rng.uniform(1.4, 3.0, size)).round(1),
            "unit": np.where(in_months, "months", "money").astype(object),
            "factor": rng.choice(FACTORS, size, p=[0.25, 0.15, 0.25, 0.2, 0.15]).astype(object),
            "response_cost_k": np.where(responds, money, 0.0).round(1),
            "response_effect": np.where(responds, rng.uniform(0.3, 0.8, size), 0.0).round(2),
        },
    )


def decisions(projects: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `decisions`: six a month for two years; about 85 % follow the recommendation.

    A project starts in the month of its start; one that runs today was never stopped.

    Parameters
    ----------
    projects : DataFrame
        The table `projects`.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "decisions")
    open_ = projects[projects["state"].isin(["running", "proposed"])]
    start = open_["start_month"].map(parse_month)
    running = open_["state"].eq("running")
    rows: list[tuple[int, str, str, str, str, str]] = []
    for month in range(DECISIONS_START, company.PLAN_START):
        begun = open_.loc[running & (start == month), "project_id"].tolist()
        # After the experiment P44 is a case of its own.
        others = open_[(~running | (start < month)) & open_["project_id"].ne(CLAIM["project_id"])]
        size = max(0, DECISIONS_A_MONTH - len(begun))
        odds = np.where(others["state"] == "running", RUNNING_ODDS, 1.0)
        more = others.iloc[np.sort(rng.choice(len(others), size, replace=False, p=odds / odds.sum()))]
        asked = [(name, "start") for name in begun]
        asked += [(row.project_id, "keep" if row.state == "running" else "decline") for row in records(more)]
        rows.extend((month, name, *_decided(decided, rng)) for name, decided in asked)
    months, ids, recommended, decided, reasons, roles = zip(*rows, strict=True)
    columns = {"decision_id": [f"D{n:04d}" for n in range(1, len(rows) + 1)], "period": month_texts(months)}
    columns |= {"project_id": ids, "recommended": recommended, "decided": decided, "reason": reasons}
    return file_form("decisions", {**columns, "decided_by_role": roles})


def _decided(decided: str, rng: np.random.Generator) -> tuple[str, str, str, str]:
    """Say what had been recommended, what was decided, why and by which role."""
    recommended = decided if rng.random() < AGREED else str(rng.choice(_OTHERWISE[decided]))
    return recommended, decided, str(rng.choice(_REASONS[decided])), f"R{rng.integers(1, 6):02d}"


def strategy_events() -> pd.DataFrame:
    """Write the table `strategy_events`: weights, capacity, evidence (truth T13)."""
    return file_form("strategy_events", dict(zip(("month", "kind", "detail"), zip(*_EVENTS, strict=True), strict=True)))


def benefit_map(economics: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `benefit_map`: what projects with a product claim to move.

    Parameters
    ----------
    economics : DataFrame
        As :func:`pmlib.sample.economics.draw` gives it.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "benefit map")
    rows: list[dict[str, Any]] = []
    for project in records(economics[economics["product_id"].notna()]):
        metrics = _METRICS[PRODUCTS[project.product_id][1]]
        by_month = project.first + project.months + int(rng.integers(3, 13))
        for metric in rng.choice(list(metrics), rng.choice((1, 2), p=(0.3, 0.7)), replace=False):
            middle = metrics[metric] * rng.uniform(0.4, 1.6)
            ends = np.sort(middle * np.array([rng.uniform(0.3, 0.7), 1.0, rng.uniform(1.3, 1.9)])).round(1)
            what = (project.project_id, project.product_id, metric)
            kind = rng.choice(["judgement", "survey", "before and after"])
            rows.append(_claim(what, ends, by_month=by_month) | {"evidence_kind": kind})
    frame = pd.DataFrame([*rows, *_planted_claims()])
    frame["by_month"] = month_texts(frame["by_month"])
    return file_form("benefit_map", {name: frame[name] for name in frame.columns})


def _claim(what: tuple[str, str, str], ends: Any, *, by_month: int) -> dict[str, Any]:
    names = (*CLAIM, "claimed_p10", "claimed_p50", "claimed_p90", "by_month")
    return dict(zip(names, (*what, *(float(end) for end in ends), by_month), strict=True))


def _planted_claims() -> list[dict[str, Any]]:
    product, metric, ends = SAME_CLAIM
    planted = [((project, product, metric), ends) for project in company.DOUBLE_COUNT]
    planted.append(((CLAIM["project_id"], CLAIM["product_id"], CLAIM["metric"]), CLAIMED_PP))
    claims = [_claim(what, ends, by_month=company.PLAN_START + 23) for what, ends in planted]
    return [claim | {"evidence_kind": "judgement"} for claim in claims]


def evidence(claims: pd.DataFrame, projects: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `evidence`: what is known of P44, and four results inside what running projects claim.

    Parameters
    ----------
    claims, projects : DataFrame
        The tables `benefit_map` and `projects`.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "evidence")
    planted = {*company.DOUBLE_COUNT, *company.MUST_NOT, CLAIM["project_id"]}
    running = set(projects.loc[projects["state"].eq("running"), "project_id"]) - planted
    free = claims[claims["project_id"].isin(running)].drop_duplicates("project_id")
    picked = free.iloc[np.sort(rng.choice(len(free), 4, replace=False))]
    ends = picked[["claimed_p10", "claimed_p50", "claimed_p90"]].to_numpy()
    found = ends[:, 1] + rng.uniform(-0.3, 0.3, len(ends)) * np.diff(ends, axis=1).min(axis=1)
    harmless = picked[list(CLAIM)].assign(
        month=month_texts(rng.integers(parse_month("2025-03"), parse_month("2025-12"), len(picked))),
        estimate=found.round(2), standard_error=(0.3 * (ends[:, 2] - ends[:, 0])).round(2),
        n=rng.integers(150, 900, len(picked)), kind=["survey", "before and after"] * 2,
    )  # fmt: skip
    estimate, error = FOUND_PP
    own = CLAIM | {"month": FOUND_IN, "estimate": estimate, "standard_error": error, "n": 4_800, "kind": "experiment"}
    frame = pd.concat([pd.DataFrame([own]), harmless], ignore_index=True)
    frame["evidence_id"] = [f"V{n:02d}" for n in range(1, len(frame) + 1)]
    return file_form("evidence", {name: frame[name] for name in frame.columns})
