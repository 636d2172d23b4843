"""Every table of the portfolio side in one call, from the roster and what was drawn for it."""

from __future__ import annotations

import pandas as pd

from pmlib.sample import economics, governance, judgements, limits, projects, tracking


def portfolio_tables(roster: pd.DataFrame, drawn: pd.DataFrame, *, seed: int) -> dict[str, pd.DataFrame]:
    """Make every table about projects, their limits, their tracking and their governance, in file form.

    :func:`pmlib.sample.truths.choice` then measures and asserts the truths on them, and
    :func:`pmlib.sample.defects.spoil` plants what is wrong.

    Parameters
    ----------
    roster : DataFrame
        As :func:`pmlib.sample.company.roster` gives it.
    drawn : DataFrame
        As :func:`pmlib.sample.economics.draw` gives it.
    seed : int
        Seed of the company.

    Returns
    -------
    dict of str to DataFrame
        25 clean tables.
    """
    closed = economics.closed(roster, seed=seed)
    every = projects.projects(roster, drawn, seed=seed)
    tables = _fixed() | {
        "projects": every,
        "options": projects.options(drawn),
        "cash_flows": projects.cash_flows(drawn),
        "estimates": projects.estimates(drawn, every, seed=seed),
        "scores": judgements.scores(drawn, seed=seed),
        "demand": limits.demand(drawn, seed=seed),
        "risks": governance.risks(drawn, seed=seed),
        "decisions": governance.decisions(every, seed=seed),
        "benefit_map": governance.benefit_map(drawn, seed=seed),
        "evm": tracking.evm(every, seed=seed),
        "past_forecasts": tracking.past_forecasts(every, closed, seed=seed),
        "benefits": tracking.benefits(every, closed, seed=seed),
    }
    tables["capacity"] = limits.capacity(tables["demand"])
    tables["budgets"] = limits.budgets(tables["cash_flows"], every)
    tables["milestones"] = tracking.milestones(every, tables["evm"], seed=seed)
    tables["evidence"] = governance.evidence(tables["benefit_map"], every, seed=seed)
    return tables


def _fixed() -> dict[str, pd.DataFrame]:
    return {
        "workbook": judgements.workbook(),
        "programmes": limits.programmes(),
        "mix_targets": limits.mix_targets(),
        "objectives": judgements.objectives(),
        "weights": judgements.weights(),
        "assessors": judgements.assessors(),
        "links": limits.links(),
        "skills": limits.skills(),
        "strategy_events": governance.strategy_events(),
    }
