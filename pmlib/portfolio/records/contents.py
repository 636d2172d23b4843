"""The parts of a decision record, each out of the plan and the tables it was made from."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import month_text
from pmlib.portfolio.answers import content_hash
from pmlib.portfolio.arguments import shown
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.origins import tables_of
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import compile_problem
from pmlib.portfolio.records.decided import decided_in
from pmlib.portfolio.records.record_file import HEADER
from pmlib.portfolio.records.sealing import columns_of, fingerprints, known_tables, table_cells
from pmlib.portfolio.risk.estimates import newest_points
from pmlib.portfolio.risk.factors import QUANTITIES

_PACKAGES = ("pmlib", "highspy", "numpy", "pandas")
PLAN_VALUE = "plan_value_k"
HANDED_IN, BY_TABLE = "handed in", "decisions"


class Corrected(Protocol):
    """Tables after correction, as `rebalance` took them."""

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table the plan was made from."""


class Recorded(Protocol):
    """An earlier record, as far as the next one needs it."""

    @property
    def company(self) -> str:
        """Whose record it is."""

    @property
    def period(self) -> str:
        """Last known month, YYYY-MM."""

    @property
    def hash(self) -> str:
        """Hash of the whole record."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Provenance:
    """With what a decision was made, beside tables and policy.

    Attributes
    ----------
    parameters : mapping
        Parameters of the report; numbers, words, lists and mappings.
    seed : int, optional
        Of what was drawn.
    plan_value : (p10, p50, p90), optional
        Forecast of the plan's value in thousands, such as a simulation gives.
    versions : mapping of package to version, optional
        By default those that are installed.
    git : str
        Commit of the project, empty where there is none.
    previous : DecisionRecord, optional
        The record before this one: its hash links the two.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    plan_value: tuple[float, float, float] | None = None
    versions: Mapping[str, str] | None = None
    git: str = ""
    previous: Recorded | None = None


def contents(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, decided: object, corrected: Corrected | None,
    provenance: Provenance,
) -> dict[str, Any]:
    """Put together all of a record but its seals; parameters and refusals are those of `decision_record`."""
    known = known_tables(tables)
    used = known if corrected is None else known_tables(_tables_of(corrected))
    tables_of(decision, used)
    period, parameters = decision.problem.actions.first - 1, parameters_of(decision, provenance)
    _refuse_other_tables(decision, used, parameters)
    previous = provenance.previous
    found = {
        **HEADER, "company": company_of(known), "currency": decision.currency, "period": month_text(period),
        "parameters": parameters, "git": provenance.git, "inputs": fingerprints(known),
        "versions": dict(provenance.versions) if provenance.versions is not None else installed(),
        "corrected": corrections(known, used), "previous": "" if previous is None else previous.hash,
        "decided_from": BY_TABLE if decided is None else HANDED_IN,
        **results(decision, tables, decided=decided),
        "forecasts": forecasts(decision, used, plan_value=provenance.plan_value)}
    _refuse_predecessor(found, previous)
    return found


def results(decision: Decision, tables: Mapping[str, pd.DataFrame], *, decided: object) -> dict[str, Any]:
    """Give what came out: the plan as a whole, the projects, and what was decided."""
    return {"result": _result(decision), "projects": _projects(decision),
            "decided": _decided(decision, tables, decided)}


def installed() -> dict[str, str]:
    """Versions of Python and of the packages a plan rests on."""
    return {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()}


def _tables_of(corrected: object) -> Mapping[str, pd.DataFrame]:
    tables = getattr(corrected, "tables", None)
    if not isinstance(tables, Mapping):
        raise ParameterError(f"corrected: got {shown(corrected)}, allowed a result that has tables. Pass what the plan "
                             "was made from, or leave it out.")
    return tables


def company_of(known: Mapping[str, pd.DataFrame]) -> str:
    """Name of the workbook; empty where it has none."""
    book = known.get("workbook")
    return "" if book is None or book.empty else str(book["name"].fillna("").iloc[0])


def parameters_of(decision: Decision, source: Provenance) -> dict[str, Any]:
    """Give the policy and what else the plan was made with, values and points that were handed in among it."""
    projects = decision.problem.actions.projects.set_index("project_id")
    own_values = decision.policy.objective is not Objective.SCORE
    values = projects.loc[projects["source"].eq("given") & own_values, "money_k"]
    points = projects["points"].dropna()
    named = {"seed": source.seed, "report": dict(source.parameters), "values": dict(values), "points": dict(points)}
    return asdict(decision.policy) | named


def corrections(known: Mapping[str, pd.DataFrame], used: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Keep the tables that a correction changed, cell by cell: the plan can be made again without knowing how."""
    if known is used:
        return {}
    before, after = fingerprints(known), fingerprints(used)
    return {name: after[name] | {"columns": columns_of(name), "cells": table_cells(name, used[name])}
            for name in after if after[name] != before.get(name)}


def _result(decision: Decision) -> dict[str, Any]:
    return {"status": str(decision.status), "gap": decision.gap, "bound": decision.bound, "value_k": decision.value_k,
            "cost_k": decision.cost_k, "now_value_k": decision.now_value_k, "unit": decision.unit,
            "binding": list(decision.binding), "check": decision.check()}


def _projects(decision: Decision) -> dict[str, Any]:
    frame = decision.actions.rename(columns={"action": "recommended"})
    verbs = decision.problem.actions.frame.groupby("project_id")["action"].unique()
    frame = frame.assign(month=frame["month"].map(month_text, na_action="ignore").astype(object),
                         open=frame["project_id"].map({name: list(map(str, some)) for name, some in verbs.items()}))
    kept = ["name", "state", "recommended", "month", "value_k", "cost_k", "reason_code", "reason",
            "open"]
    cells = frame[kept].astype(object)
    return {name: dict(zip(kept, row, strict=True)) for name, row in
            zip(frame["project_id"], cells.where(cells.notna(), None).to_numpy().tolist(), strict=True)}


def _decided(decision: Decision, tables: Mapping[str, pd.DataFrame], decided: object) -> dict[str, Any]:
    actions = decision.actions.set_index("project_id")["action"]
    frame = decided_in(tables, decision.problem.actions.first - 1, decided, projects=actions.index)
    found = {}
    for project, verb, why, role in frame.itertuples(index=False):
        planned = actions[project]
        agrees = None if not decision.found else bool(planned == verb)
        cost = _cost_of_forcing(decision, project, verb) if agrees is False else None
        found[project] = {"decided": verb, "role": role, "why": why, "agrees": agrees, "cost_of_forcing_k": cost}
    return found


def _cost_of_forcing(decision: Decision, project: str, verb: str) -> float | None:
    """Price an override by what the plan loses; none where the verb was not open."""
    frame = decision.problem.actions.frame
    is_open = ((frame["project_id"] == project) & (frame["action"] == verb)).any()
    return decision.force(project, verb) if is_open else None


def forecasts(
    decision: Decision, used: Mapping[str, pd.DataFrame], *, plan_value: tuple[float, float, float] | None,
) -> dict[str, Any]:
    """Give p10, p50 and p90 by project and quantity, and of the plan's value under the empty name.

    Raises
    ------
    ParameterError
        The forecast of the plan's value is not three numbers that rise.
    """
    ids = decision.actions["project_id"].tolist()
    points = newest_points(used.get("estimates"), ids)
    found = {project: {quantity: points[q, p].tolist() for q, quantity in enumerate(QUANTITIES)
                       if not np.isnan(points[q, p, 0])} for p, project in enumerate(ids)}
    if plan_value is not None:
        rising = [float(point) for point in plan_value]
        if len(rising) != points.shape[-1] or not rising[0] <= rising[1] <= rising[2]:
            got = ", ".join(f"{point:g}" for point in rising)
            raise ParameterError(f"plan_value: got {got}, allowed three numbers, p10 <= p50 <= p90. Correct them.")
        found[""] = {PLAN_VALUE: rising}
    return {project: quantities for project, quantities in found.items() if quantities}


def _refuse_other_tables(decision: Decision, used: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> None:
    again = compile_problem(used, period=decision.problem.actions.first - 1, values=parameters["values"] or None,
                            points=parameters["points"] or None, policy=decision.policy)
    if content_hash(again) != content_hash(decision.problem):
        raise ParameterError("tables: the plan was made from others. Pass the tables it was made from, and corrected= "
                             "where it was made from corrected ones.")


def _refuse_predecessor(content: Mapping[str, Any], previous: Recorded | None) -> None:
    if previous is None:
        return
    if previous.company != content["company"]:
        raise ParameterError(f"previous: a record of '{previous.company}', this is one of '{content['company']}'. "
                             "Pass the record before of the same company.")
    if previous.period >= content["period"]:
        raise ParameterError(f"previous: a record of {previous.period}, allowed one before {content['period']}. Pass "
                             "the record of an earlier period.")


