"""The risk-averse objectives on the real model: expected value, mean of the worst cases, least regret."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.model import Floats, Ints, Model, RowName
from pmlib.portfolio.problem import Problem, outcome, revalued
from pmlib.portfolio.robust.scenarios import Scenarios


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskModel:
    """A problem with further columns and named rows, whose totals any `Change` can maximise or hold to a floor.

    Attributes
    ----------
    problem : Problem
        Its objective is the expected value.
    measure : float array of shape (n_columns,)
        What is to be large against risk, as a total over all its columns: the tail mean, or the largest regret with
        a minus.
    """

    problem: Problem
    measure: Floats


def scenario_totals(problem: Problem, scenarios: Scenarios) -> Floats:
    """Worth of every column of the model in every scenario, shape (n_scenarios, n_columns).

    Actions follow from the worth of going on as in `revalued`: later starts and holds are discounted, exits keep
    their cost. Joint effects and the extra cost of a faster or slower way stay as planned; bought people cost what
    the scenario says.

    Raises
    ------
    ParameterError
        They are no scenarios, lack a project that has a value, or name one that has none here.
    """
    of_kind(scenarios, Scenarios, "scenarios", remedy="Make them with its from_factors or from_draws.")
    projects = problem.actions.projects
    known = (projects["source"] != "unknown").to_numpy()
    ids = projects["project_id"].astype(str)
    missing = ids[known & ~ids.isin(scenarios.values.index)]
    if len(missing):
        raise ParameterError(f"scenarios: {scenarios.names[0]!r} has no value for {missing.iloc[0]}, allowed one for "
                             f"each of {known.sum()} projects. Add a row to the values.")
    stranger = scenarios.values.index[~scenarios.values.index.isin(ids[known])]
    if len(stranger):
        raise ParameterError(f"scenarios: {stranger[0]!r} has no value to change in this plan. "
                             f"{did_you_mean(stranger[0], ids[known])}")
    now = projects["value_k"].where(known).to_numpy(dtype=float)
    more = np.nan_to_num(scenarios.values.reindex(ids).to_numpy(dtype=float) - now[:, None]).T
    n = len(problem.actions.frame)
    totals = np.tile(problem.model.objective, (len(more), 1))
    totals[:, :n] += _per_unit(problem)[:n] * more[:, problem.actions.frame["project"].to_numpy()]
    totals[:, problem.hiring.columns] *= scenarios.people_price.to_numpy(dtype=float)[:, None]
    return totals


def _per_unit(problem: Problem) -> Floats:
    """Gain of every column if going on with its project is worth one more."""
    projects = problem.actions.projects
    known = projects["source"] != "unknown"
    given = replace(problem, actions=replace(
        problem.actions, projects=projects.assign(source=projects["source"].mask(known, "given"))))
    dearer = (projects["value_k"] + 1.0).where(known).set_axis(projects["project_id"])
    return np.asarray(revalued(given, dearer).model.objective - problem.model.objective, dtype=float)


def worths(problem: Problem, totals: Floats, choice: Ints) -> Floats:
    """Value of a choice in every scenario, added up without the solver, shape (n_scenarios,)."""
    return np.asarray(totals @ outcome(problem, choice).x, dtype=float)


def tail_mean(values: Floats, probability: Floats, tail: float) -> float:
    """Mean of the worst share ``tail`` of the cases (CVaR), the last of them counted by the part that fits in.

    Parameters
    ----------
    values, probability : float arrays of shape (n_scenarios,)
    tail : float
        Above 0, up to 1 (the mean of all).

    References
    ----------
    Rockafellar & Uryasev (2002), Journal of Banking & Finance 26(7), proposition 8.

    Examples
    --------
    >>> tail_mean(np.array([10.0, 20.0, 60.0]), np.array([0.2, 0.3, 0.5]), 0.4)
    15.0
    """
    order = np.argsort(values, kind="stable")
    inside = np.diff(np.minimum(probability[order].cumsum(), tail), prepend=0.0)
    return float(inside @ values[order] / inside.sum())


def with_tail(problem: Problem, scenarios: Scenarios, *, tail: float) -> RiskModel:
    """Add columns and rows that make the mean of the worst cases a linear total.

    One column for where the tail begins, and one per scenario for how far the plan falls below it (rows
    ``("tail", scenario)``), both counted from the expected value: what is alike in all scenarios drops out.

    Parameters
    ----------
    problem : Problem
    scenarios : Scenarios
    tail : float
        Share of the worst cases, above 0 up to 1.

    References
    ----------
    Rockafellar & Uryasev (2000), Journal of Risk 2(3): u_s >= eta - V_s, CVaR = max eta - sum pi_s u_s / tail.
    """
    totals, chance = scenario_totals(problem, scenarios), scenarios.probability.to_numpy(dtype=float)
    expected, k = chance @ totals, len(totals)
    off = np.where(np.isclose(totals, expected, rtol=1e-12, atol=1e-9), 0.0, totals - expected)
    # With a tail of 1 nothing else would keep eta finite: no plan lies further off its expected value than this.
    furthest = float((np.abs(off) @ np.where(off.any(axis=0), problem.model.upper, 0.0)).max())
    stretched = _stretched(
        problem, np.hstack([-off, np.ones((k, 1)), -np.eye(k)]), names=[("tail", name) for name in scenarios.names],
        row_upper=np.zeros(k), lower=np.append(-furthest, np.zeros(k)),
        upper=np.append(furthest, np.full(k, np.inf)))
    return _risk_model(problem, stretched, expected, measure=np.concatenate([expected, [1.0], -chance / tail]))


def with_regret(
    problem: Problem, scenarios: Scenarios, *, best: Floats, scale: Floats | None = None,
) -> RiskModel:
    """Add a column for the largest regret, and a row ``("regret", scenario)`` for each that it must cover.

    Parameters
    ----------
    problem : Problem
    scenarios : Scenarios
    best : float array of shape (n_scenarios,)
        Value of each scenario's own best plan.
    scale : float array of shape (n_scenarios,), optional
        What regret is measured in: 1 (absolute) when left out, or ``best`` (relative).

    References
    ----------
    Savage (1951), Journal of the American Statistical Association 46; Kouvelis & Yu (1997), Robust Discrete
    Optimization and Its Applications.
    """
    totals, chance = scenario_totals(problem, scenarios), scenarios.probability.to_numpy(dtype=float)
    k, n = totals.shape
    size = np.ones(k) if scale is None else scale
    stretched = _stretched(
        problem, np.hstack([-totals, -size[:, None]]), names=[("regret", name) for name in scenarios.names],
        row_upper=-best, lower=np.zeros(1), upper=np.full(1, np.inf))
    return _risk_model(problem, stretched, chance @ totals, measure=np.append(np.zeros(n), -1.0))


def _risk_model(problem: Problem, stretched: Model, expected: Floats, *, measure: Floats) -> RiskModel:
    objective = np.append(expected, np.zeros(len(measure) - len(expected)))
    return RiskModel(problem=replace(problem, model=replace(stretched, objective=objective)), measure=measure)


def _stretched(
    problem: Problem, entries: Floats, *, names: list[RowName], row_upper: Floats, lower: Floats, upper: Floats,
) -> Model:
    """Model with further columns, and with rows ``entries @ x <= row_upper`` over all of them."""
    model = problem.model
    row, column = np.nonzero(entries)
    return replace(
        model, objective=np.append(model.objective, np.zeros(len(lower))), lower=np.append(model.lower, lower),
        upper=np.append(model.upper, upper), integer=np.append(model.integer, np.zeros(len(lower), dtype=bool)),
        names=(*model.names, *names), row_lower=np.append(model.row_lower, np.full(len(names), -np.inf)),
        row_upper=np.append(model.row_upper, row_upper),
        entry_row=np.append(model.entry_row, row + len(model.names)),
        entry_column=np.append(model.entry_column, column),
        entry_value=np.append(model.entry_value, entries[row, column]))
