"""What a measurement of a claim does to its project: the question put together, once for any measurement of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, nearest
from pmlib.portfolio.actions import to_decide
from pmlib.portfolio.claims.beliefs import Beliefs, weigh_claims
from pmlib.portfolio.claims.priors import claim_prior
from pmlib.portfolio.claims.readings import KEY, claim_tables
from pmlib.portfolio.claims.updates import VARIANCE_FACTORS
from pmlib.portfolio.claims.wording import metric_words
from pmlib.portfolio.correction.corrected import correct_values
from pmlib.portfolio.information.lines import forced_lines
from pmlib.portfolio.lessons import estimate_versions, in_money
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.problem import Outcome, Problem, best_plan, compile_problem
from pmlib.portfolio.weighed_claims import MeasuredClaim, Measurement

if TYPE_CHECKING:
    from pmlib.portfolio.decision import Decision


def measured_claim(
    tables: Mapping[str, pd.DataFrame], *, project_id: str, metric: str | None = None,
    period: int | str | None = None, policy: Policy | None = None, plan: Decision | None = None,
) -> MeasuredClaim:
    """Ask what a measurement of a project's claim does to its benefit and to its verb in the plan.

    Everything else is known as it is: other evidence counts, costs and benefits are corrected as in `learned`. Where
    the project has other measured claims, what is believed of its benefit is the mean over all measured ones.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, estimates or cash_flows, benefit_map, and evidence where there is some.
    project_id : str
        The project.
    metric : str, optional
        Which of its claims; by default the first that was measured, else its first.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; that of the plan where one is given.
    policy : Policy, optional
        As for `rebalance`, by money or a mix; that of the plan where one is given.
    plan : Decision, optional
        ``rebalance(learned(tables).tables)``, where it is there already.

    Returns
    -------
    MeasuredClaim
        ``.as_known()`` for what the tables hold, ``.weigh(estimate=..., standard_error=..., kind=...)`` for another.

    Raises
    ------
    MissingTableError
        The project claims nothing, or a table is missing.
    ParameterError
        The project is not to be decided, claims no such metric or has no known benefit; there is no plan, or it is
        made by points, which no measurement of money moves.
    SchemaError
        A table breaks its definition.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory: conjugate priors; a choice of actions whose worth is
    linear in what is not known.

    Examples
    --------
    >>> case = measured_claim({
    ...     "projects": pd.DataFrame({"project_id": ["P44"], "state": "running", "bac_k": [600.0],
    ...                               "exit_cost_k": [30.0], "salvage_k": [20.0]}),
    ...     "cash_flows": pd.DataFrame({"project_id": ["P44"], "year": 2026, "cost_k": 600.0, "benefit_k": 1_104.0}),
    ...     "benefit_map": pd.DataFrame({"project_id": ["P44"], "product_id": "PR4", "metric": "retention_pp",
    ...                                  "claimed_p10": 3.4, "claimed_p50": 6.0, "claimed_p90": 8.6})},
    ...     project_id="P44", period="2025-12")
    >>> case.weigh(estimate=2.0, standard_error=0.6, kind="experiment")
    <WeighedClaim P44: stop instead of keep; retention +2.3 pp expected>
    """
    policy = plan.policy if plan is not None else policy or Policy()
    if policy.objective is Objective.SCORE:
        raise ParameterError("policy: objective is 'score', allowed 'money' or 'mix': points do not move with what is "
                             "measured. Leave the objective out.")
    period = plan.problem.actions.first - 1 if plan is not None else period
    claims = _claims(tables, project_id)
    beliefs = weigh_claims(tables, period=period, policy=in_money(policy))
    claim = _chosen(claims, beliefs, metric)
    corrected = correct_values(
        tables, versions=estimate_versions(tables), period=period, policy=in_money(policy),
        evidence=beliefs.factors[beliefs.factors["project_id"] != project_id])
    problem, best = (plan.problem, plan.outcome) if plan is not None else _best(corrected.tables, period, policy)
    if best is None:
        raise ParameterError("plan: there is none. Look at .mends of rebalance(tables) for what has to give way.")
    stated = corrected.projects[corrected.projects["project_id"] == project_id].iloc[0]
    return _question(claim, beliefs, n_claims=len(claims), stated=stated, problem=problem, best=best)


def _claims(tables: Mapping[str, pd.DataFrame], project_id: str) -> pd.DataFrame:
    """Claims of a project that is to be decided, sorted."""
    typed = claim_tables(tables)
    projects = to_decide(typed)["project_id"]
    if project_id not in set(projects):
        near = nearest(project_id, projects)
        raise ParameterError(f"{project_id} is not to be decided. {near or 'Name one proposed, running or held.'}")
    claims = typed["benefit_map"]
    mine = claims[claims["project_id"] == project_id].sort_values(KEY, kind="stable").reset_index(drop=True)
    if mine.empty:
        raise MissingTableError(f"{project_id} claims no change of a product, so nothing that is measured tells of its "
                                "benefit. Put what it promises into benefit_map.")
    return mine


def _chosen(claims: pd.DataFrame, beliefs: Beliefs, metric: str | None) -> Mapping[str, Any]:
    """Choose the claim asked for, else the first that was measured, else the first."""
    known = claims["metric"].tolist()
    project_id = claims["project_id"].iloc[0]
    if metric is None:
        measured = beliefs.claims.loc[beliefs.claims["project_id"] == project_id, "metric"].tolist()
        metric = (measured or known)[0]
    if metric not in known:
        raise ParameterError(f"metric: {project_id} does not claim {metric!r}, allowed {', '.join(known)}. "
                             f"{nearest(metric, known) or 'Name one of these.'}")
    return {str(name): value for name, value in claims.iloc[known.index(metric)].to_dict().items()}


def _best(
    tables: Mapping[str, pd.DataFrame], period: int | str | None, policy: Policy,
) -> tuple[Problem, Outcome | None]:
    problem = compile_problem(tables, period=period, policy=policy)
    return problem, best_plan(problem)[1]


def _question(
    claim: Mapping[str, Any], beliefs: Beliefs, *, n_claims: int, stated: pd.Series, problem: Problem, best: Outcome,
) -> MeasuredClaim:
    projects = problem.actions.projects
    mine = (projects["project_id"] == claim["project_id"]).to_numpy()
    if not mine.any():
        raise ParameterError(f"plan: {claim['project_id']} is not in it. Pass rebalance(learned(tables).tables).")
    row, others, known = projects[mine].iloc[0], *_readings(claim, beliefs)
    if not stated["benefit_k"] > 0 or row["source"] == "unknown":
        raise ParameterError(f"{claim['project_id']} has no known benefit that a measurement could change. Give it one "
                             "in estimates or cash_flows.")
    prior = claim_prior(claim["metric"], p10=claim["claimed_p10"], p50=claim["claimed_p50"], p90=claim["claimed_p90"])
    if prior.mean == 0.0:
        raise ParameterError(f"{claim['project_id']} claims a middle of 0, allowed any other. A benefit cannot be "
                             "scaled by it: correct benefit_map.")
    # No bound on what it may be worth: every action is searched.
    lines = forced_lines(problem, best, np.where(mine, np.inf, 0.0))
    ending_k = 0.0 if row["state"] == "proposed" else float(row["salvage_k"] - row["exit_cost_k"])
    name, unit = metric_words(claim["metric"], beliefs.currency)
    return MeasuredClaim(
        project={"project_id": claim["project_id"], "name": row["name"], "n_unmeasured": n_claims - len(others) - 1,
                 "benefit_k": float(stated["benefit_k"]), "without_k": float(stated["corrected_benefit_k"]),
                 "cost_k": float(row["cost_k"]), "pays_k": math.nan if row["mandatory"] else ending_k},
        claim={**claim, "metric_name": name, "unit": unit}, prior=prior, others=others, known=known,
        best=lines.envelopes[int(np.argmax(mine))],
        shift_k=float(row["value_k"] - row["money_k"]), currency=beliefs.currency)


def _readings(claim: Mapping[str, Any], beliefs: Beliefs) -> tuple[tuple[float, ...], Measurement]:
    """Believed over claimed change of the project's other measured claims, and what is known of this one."""
    mine = beliefs.claims[beliefs.claims["project_id"] == claim["project_id"]]
    here = ((mine["product_id"] == claim["product_id"]) & (mine["metric"] == claim["metric"])).to_numpy()
    ratios = (mine["posterior_mean"] / mine["prior_mean"])[~here]
    if not here.any():
        return tuple(map(float, ratios)), Measurement()
    row = mine[here].iloc[0]
    # Pooled as they count; of several kinds the first is named, and the error is what it would be for that kind.
    kind = str(row["kinds"]).split(", ", maxsplit=1)[0]
    error = float(row["standard_error"]) / math.sqrt(VARIANCE_FACTORS[kind])
    return tuple(map(float, ratios)), Measurement(estimate=float(row["estimate"]), standard_error=error, kind=kind)
