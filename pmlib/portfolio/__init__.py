"""Rebalancing the portfolio: start, keep, hold or stop, with a reason for every project, and how sure it is."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pmlib.portfolio.decision import Decision, rebalance
from pmlib.portfolio.explain import Reason
from pmlib.portfolio.model import Status
from pmlib.portfolio.plans import Change, Plan, solve
from pmlib.portfolio.policy import Mix, MixOf, Objective, Policy
from pmlib.portfolio.problem import Problem, compile_problem

if TYPE_CHECKING:
    from pmlib.portfolio.comparison import last_decided as last_decided
    from pmlib.portfolio.fan_out import solve_all as solve_all
    from pmlib.portfolio.forcing import Forcing as Forcing
    from pmlib.portfolio.forcing import costs_of_forcing as costs_of_forcing
    from pmlib.portfolio.forcing import regret_bounds as regret_bounds
    from pmlib.portfolio.frontiers.frontier import Frontier as Frontier
    from pmlib.portfolio.frontiers.frontier import value_frontier as value_frontier
    from pmlib.portfolio.frontiers.two_phase import non_dominated as non_dominated
    from pmlib.portfolio.frontiers.value_for_money import ValueForMoney as ValueForMoney
    from pmlib.portfolio.frontiers.value_for_money import value_for_money as value_for_money
    from pmlib.portfolio.knapsack import BestSets as BestSets
    from pmlib.portfolio.knapsack import best_sets as best_sets
    from pmlib.portfolio.mends import alternatives as alternatives
    from pmlib.portfolio.mends import conflict as conflict
    from pmlib.portfolio.objectives import alignment as alignment
    from pmlib.portfolio.objectives import shared_benefits as shared_benefits
    from pmlib.portfolio.risk.factors import Correlation as Correlation
    from pmlib.portfolio.risk.model import RiskPolicy as RiskPolicy
    from pmlib.portfolio.risk.register import Exposure as Exposure
    from pmlib.portfolio.risk.register import exposure as exposure
    from pmlib.portfolio.risk.simulation import Simulation as Simulation
    from pmlib.portfolio.risk.simulation import simulate as simulate
    from pmlib.portfolio.risk.tornado import Tornado as Tornado
    from pmlib.portfolio.risk.tornado import tornado as tornado
    from pmlib.portfolio.robust.groups import GroupPlans as GroupPlans
    from pmlib.portfolio.robust.groups import group_plans as group_plans
    from pmlib.portfolio.robust.portfolios import RobustPortfolios as RobustPortfolios
    from pmlib.portfolio.robust.portfolios import non_dominated_portfolios as non_dominated_portfolios
    from pmlib.portfolio.robust.robust_cores import RobustCore as RobustCore
    from pmlib.portfolio.robust.robust_cores import drawn_values as drawn_values
    from pmlib.portfolio.robust.robust_cores import robust_core as robust_core
    from pmlib.portfolio.robust.scenario_answers import Regret as Regret
    from pmlib.portfolio.robust.scenario_answers import ScenarioPlans as ScenarioPlans
    from pmlib.portfolio.robust.scenario_regret import scenario_plans as scenario_plans
    from pmlib.portfolio.robust.scenario_regret import usual_futures as usual_futures
    from pmlib.portfolio.robust.scenario_risk import RiskFrontier as RiskFrontier
    from pmlib.portfolio.robust.scenario_risk import risk_frontier as risk_frontier
    from pmlib.portfolio.robust.scenarios import Scenarios as Scenarios
    from pmlib.portfolio.timing.hiring import Hires as Hires
    from pmlib.portfolio.timing.hiring import value_of_a_hire as value_of_a_hire
    from pmlib.portfolio.timing.in_progress import InProgress as InProgress
    from pmlib.portfolio.timing.in_progress import number_in_progress as number_in_progress
    from pmlib.portfolio.timing.load import Load as Load
    from pmlib.portfolio.timing.load import workload as workload
    from pmlib.portfolio.timing.roadmaps import Roadmap as Roadmap
    from pmlib.portfolio.timing.roadmaps import roadmap as roadmap
    from pmlib.portfolio.timing.start_dates import FreeStarts as FreeStarts
    from pmlib.portfolio.timing.start_dates import free_starts as free_starts
    from pmlib.portfolio.workers import Workers as Workers

#: Asked now and then: what such a question needs is imported when it is.
_LATE = {
    "last_decided": "comparison",
    "solve_all": "fan_out",
    "Forcing": "forcing",
    "costs_of_forcing": "forcing",
    "regret_bounds": "forcing",
    "Frontier": "frontiers.frontier",
    "value_frontier": "frontiers.frontier",
    "non_dominated": "frontiers.two_phase",
    "ValueForMoney": "frontiers.value_for_money",
    "value_for_money": "frontiers.value_for_money",
    "BestSets": "knapsack",
    "best_sets": "knapsack",
    "alternatives": "mends",
    "conflict": "mends",
    "alignment": "objectives",
    "shared_benefits": "objectives",
    "Correlation": "risk.factors",
    "RiskPolicy": "risk.model",
    "Exposure": "risk.register",
    "exposure": "risk.register",
    "Simulation": "risk.simulation",
    "simulate": "risk.simulation",
    "Tornado": "risk.tornado",
    "tornado": "risk.tornado",
    "GroupPlans": "robust.groups",
    "group_plans": "robust.groups",
    "RobustPortfolios": "robust.portfolios",
    "non_dominated_portfolios": "robust.portfolios",
    "RobustCore": "robust.robust_cores",
    "drawn_values": "robust.robust_cores",
    "robust_core": "robust.robust_cores",
    "ScenarioPlans": "robust.scenario_answers",
    "Regret": "robust.scenario_answers",
    "scenario_plans": "robust.scenario_regret",
    "usual_futures": "robust.scenario_regret",
    "RiskFrontier": "robust.scenario_risk",
    "risk_frontier": "robust.scenario_risk",
    "Scenarios": "robust.scenarios",
    "Hires": "timing.hiring",
    "value_of_a_hire": "timing.hiring",
    "InProgress": "timing.in_progress",
    "number_in_progress": "timing.in_progress",
    "Load": "timing.load",
    "workload": "timing.load",
    "Roadmap": "timing.roadmaps",
    "roadmap": "timing.roadmaps",
    "FreeStarts": "timing.start_dates",
    "free_starts": "timing.start_dates",
    "Workers": "workers",
}

__all__ = [
    "BestSets",
    "Change",
    "Correlation",
    "Decision",
    "Exposure",
    "Forcing",
    "FreeStarts",
    "Frontier",
    "GroupPlans",
    "Hires",
    "InProgress",
    "Load",
    "Mix",
    "MixOf",
    "Objective",
    "Plan",
    "Policy",
    "Problem",
    "Reason",
    "Regret",
    "RiskFrontier",
    "RiskPolicy",
    "Roadmap",
    "RobustCore",
    "RobustPortfolios",
    "ScenarioPlans",
    "Scenarios",
    "Simulation",
    "Status",
    "Tornado",
    "ValueForMoney",
    "Workers",
    "alignment",
    "alternatives",
    "best_sets",
    "compile_problem",
    "conflict",
    "costs_of_forcing",
    "drawn_values",
    "exposure",
    "free_starts",
    "group_plans",
    "last_decided",
    "non_dominated",
    "non_dominated_portfolios",
    "number_in_progress",
    "rebalance",
    "regret_bounds",
    "risk_frontier",
    "roadmap",
    "robust_core",
    "scenario_plans",
    "shared_benefits",
    "simulate",
    "solve",
    "solve_all",
    "tornado",
    "usual_futures",
    "value_for_money",
    "value_frontier",
    "value_of_a_hire",
    "workload",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(importlib.import_module(f"pmlib.portfolio.{_LATE[name]}"), name)
    raise AttributeError(f"module 'pmlib.portfolio' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
