"""What is believed of every project's value: means and standard deviations, checked, in the problem's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.actions import to_decide
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.model import PROVED_GAP, Floats
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.problem import Problem, compile_problem
from pmlib.portfolio.valuation import given_values


def believed(
    tables: Mapping[str, pd.DataFrame], *, means: Mapping[str, float] | pd.Series,
    sds: Mapping[str, float] | pd.Series,
) -> pd.DataFrame:
    """Pair means with standard deviations of the projects to decide.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, to know the names.
    means, sds : Series or mapping by project_id, thousand
        Normal belief of what going on is worth; empty cells in both mean that nothing is believed.

    Returns
    -------
    DataFrame, index project_id
        mean_k, sd_k; closed projects are left out.

    Raises
    ------
    ParameterError
        A project is unknown, has only one of the two numbers, or its standard deviation is negative.
    """
    frame = pd.DataFrame({"mean_k": given_values(means, "means").dropna(), "sd_k": given_values(sds, "sds").dropna()})
    tables = checked(tables)
    open_ones, names = to_decide(tables)["project_id"], tables["projects"]["project_id"].astype(str).tolist()
    for name in frame.index[~frame.index.isin(names)]:
        raise ParameterError(f"means: project_id '{name}' is not in projects. {did_you_mean(str(name), names)}")
    for column, given, other in (("mean_k", "means", "sds"), ("sd_k", "sds", "means")):
        absent = frame.index[frame[column].isna()]
        if len(absent):
            raise ParameterError(f"{given}: missing for {absent[0]}, which {other} has. Pass both for a project; a "
                                 "value that is sure has a standard deviation of 0.")
    wrong = frame[frame["sd_k"] < 0]
    if len(wrong):
        raise ParameterError(f"sds: {wrong['sd_k'].iloc[0]:g} for {wrong.index[0]}, allowed 0 or more. A standard "
                             "deviation is no lower end; correct it.")
    frame = frame[frame.index.isin(open_ones)]
    if frame.empty:
        raise ParameterError("means: none of its projects is to be decided. Pass one number for each project that is "
                             "proposed, running or held.")
    return frame.sort_index()


def problem_at(
    tables: Mapping[str, pd.DataFrame], beliefs: pd.DataFrame, *, period: int | str | None, policy: Policy | None,
) -> Problem:
    """Compile the question at the means, to be solved to the proof.

    Raises
    ------
    ParameterError
        The plan is not made by money: the worth of a study could not be held against its cost.
    """
    policy = Policy() if policy is None else policy
    if getattr(policy, "objective", Objective.MONEY) is not Objective.MONEY:
        raise ParameterError(f"policy: objective is '{policy.objective}', allowed 'money': what a study is worth is "
                             "held against what it costs. Leave the objective out.")
    # Within a looser gap two plans differ by more than most information is worth.
    exact = replace(policy, gap=min(policy.gap, PROVED_GAP)) if isinstance(policy, Policy) else policy
    return compile_problem(tables, period=period, values=beliefs["mean_k"], policy=exact)


def in_order(problem: Problem, beliefs: pd.DataFrame) -> Floats:
    """Put standard deviations in the problem's order, 0 where nothing is believed; shape (n_projects,)."""
    return np.asarray(beliefs["sd_k"].reindex(problem.actions.projects["project_id"]).fillna(0.0), dtype=np.float64)
