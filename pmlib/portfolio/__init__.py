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
    from pmlib.portfolio.changes.attribution import Attribution as Attribution
    from pmlib.portfolio.changes.attribution import attribution as attribution
    from pmlib.portfolio.changes.causes import Known as Known
    from pmlib.portfolio.changes.differences import Differences as Differences
    from pmlib.portfolio.changes.differences import differences as differences
    from pmlib.portfolio.changes.what_changed import WhatChanged as WhatChanged
    from pmlib.portfolio.changes.what_changed import what_changed as what_changed
    from pmlib.portfolio.claims.beliefs import Beliefs as Beliefs
    from pmlib.portfolio.claims.beliefs import weigh_claims as weigh_claims
    from pmlib.portfolio.claims.checks import ClaimChecks as ClaimChecks
    from pmlib.portfolio.claims.checks import check_claims as check_claims
    from pmlib.portfolio.claims.from_products import evidence_row as evidence_row
    from pmlib.portfolio.claims.from_products import from_before_after as from_before_after
    from pmlib.portfolio.claims.from_products import from_experiment as from_experiment
    from pmlib.portfolio.claims.from_products import from_interval as from_interval
    from pmlib.portfolio.claims.from_products import with_evidence as with_evidence
    from pmlib.portfolio.comparison import last_decided as last_decided
    from pmlib.portfolio.correction.corrected import Corrected as Corrected
    from pmlib.portfolio.correction.corrected import correct_values as correct_values
    from pmlib.portfolio.correction.curse import Curse as Curse
    from pmlib.portfolio.correction.curse import optimizers_curse as optimizers_curse
    from pmlib.portfolio.correction.promise import Waterfall as Waterfall
    from pmlib.portfolio.correction.promise import promised_and_corrected as promised_and_corrected
    from pmlib.portfolio.correction.versions import VersionErrors as VersionErrors
    from pmlib.portfolio.correction.versions import version_errors as version_errors
    from pmlib.portfolio.fan_out import solve_all as solve_all
    from pmlib.portfolio.forcing import Forcing as Forcing
    from pmlib.portfolio.forcing import costs_of_forcing as costs_of_forcing
    from pmlib.portfolio.forcing import regret_bounds as regret_bounds
    from pmlib.portfolio.forecasts.log import ForecastLog as ForecastLog
    from pmlib.portfolio.forecasts.log import forecast_log as forecast_log
    from pmlib.portfolio.forecasts.log import score_forecasts as score_forecasts
    from pmlib.portfolio.forecasts.recalibration import Recalibration as Recalibration
    from pmlib.portfolio.forecasts.recalibration import recalibrate as recalibrate
    from pmlib.portfolio.forecasts.record import ForecastRecord as ForecastRecord
    from pmlib.portfolio.forecasts.record import forecast_record as forecast_record
    from pmlib.portfolio.forecasts.reference_class import ReferenceClass as ReferenceClass
    from pmlib.portfolio.forecasts.reference_class import reference_class as reference_class
    from pmlib.portfolio.frontiers.frontier import Frontier as Frontier
    from pmlib.portfolio.frontiers.frontier import value_frontier as value_frontier
    from pmlib.portfolio.frontiers.two_phase import non_dominated as non_dominated
    from pmlib.portfolio.frontiers.value_for_money import ValueForMoney as ValueForMoney
    from pmlib.portfolio.frontiers.value_for_money import value_for_money as value_for_money
    from pmlib.portfolio.information.information import Information as Information
    from pmlib.portfolio.information.information import information_value as information_value
    from pmlib.portfolio.information.studies import StudyPolicy as StudyPolicy
    from pmlib.portfolio.knapsack import BestSets as BestSets
    from pmlib.portfolio.knapsack import best_sets as best_sets
    from pmlib.portfolio.lessons import learned as learned
    from pmlib.portfolio.measured_claims import measured_claim as measured_claim
    from pmlib.portfolio.mends import alternatives as alternatives
    from pmlib.portfolio.mends import conflict as conflict
    from pmlib.portfolio.objectives import alignment as alignment
    from pmlib.portfolio.objectives import shared_benefits as shared_benefits
    from pmlib.portfolio.records.contents import Provenance as Provenance
    from pmlib.portfolio.records.overrides import OverrideRates as OverrideRates
    from pmlib.portfolio.records.overrides import override_rates as override_rates
    from pmlib.portfolio.records.quality import DecisionQuality as DecisionQuality
    from pmlib.portfolio.records.quality import decision_quality as decision_quality
    from pmlib.portfolio.records.readiness import Readiness as Readiness
    from pmlib.portfolio.records.readiness import default_checklist as default_checklist
    from pmlib.portfolio.records.readiness import gate_readiness as gate_readiness
    from pmlib.portfolio.records.record import DecisionRecord as DecisionRecord
    from pmlib.portfolio.records.record import decision_record as decision_record
    from pmlib.portfolio.records.record import read_records as read_records
    from pmlib.portfolio.records.scored import ScoredForecasts as ScoredForecasts
    from pmlib.portfolio.records.scored import score_records as score_records
    from pmlib.portfolio.records.tampering import Verification as Verification
    from pmlib.portfolio.records.tampering import verify_chain as verify_chain
    from pmlib.portfolio.records.tampering import verify_record as verify_record
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
    from pmlib.portfolio.tracking.benefits import Benefits as Benefits
    from pmlib.portfolio.tracking.benefits import claimed_twice as claimed_twice
    from pmlib.portfolio.tracking.benefits import track_benefits as track_benefits
    from pmlib.portfolio.tracking.cohort import Cohort as Cohort
    from pmlib.portfolio.tracking.cohort import closed_projects as closed_projects
    from pmlib.portfolio.tracking.earned_schedule import EarnedSchedule as EarnedSchedule
    from pmlib.portfolio.tracking.earned_schedule import earned_schedule as earned_schedule
    from pmlib.portfolio.tracking.earned_value import By as By
    from pmlib.portfolio.tracking.earned_value import EarnedValue as EarnedValue
    from pmlib.portfolio.tracking.earned_value import earned_value as earned_value
    from pmlib.portfolio.tracking.rebaselined import Rebaselined as Rebaselined
    from pmlib.portfolio.tracking.rebaselined import rebaselined as rebaselined
    from pmlib.portfolio.tracking.status import StatusCheck as StatusCheck
    from pmlib.portfolio.tracking.status import StatusRule as StatusRule
    from pmlib.portfolio.tracking.status import compare_status as compare_status
    from pmlib.portfolio.tracking.track import Tracking as Tracking
    from pmlib.portfolio.tracking.track import track_portfolio as track_portfolio
    from pmlib.portfolio.variations import Variations as Variations
    from pmlib.portfolio.variations import WhatIf as WhatIf
    from pmlib.portfolio.variations import what_if as what_if
    from pmlib.portfolio.weighed_claims import MeasuredClaim as MeasuredClaim
    from pmlib.portfolio.weighed_claims import WeighedClaim as WeighedClaim
    from pmlib.portfolio.workers import Workers as Workers

#: Asked now and then: what such a question needs is imported when it is. Module -> names.
_MODULES = {
    "changes.attribution": ("Attribution", "attribution",),
    "changes.causes": ("Known",),
    "changes.differences": ("Differences", "differences",),
    "changes.what_changed": ("WhatChanged", "what_changed",),
    "claims.beliefs": ("Beliefs", "weigh_claims",),
    "claims.checks": ("ClaimChecks", "check_claims",),
    "claims.from_products": ("evidence_row", "from_before_after", "from_experiment", "from_interval", "with_evidence",),
    "comparison": ("last_decided",),
    "correction.corrected": ("Corrected", "correct_values",),
    "correction.curse": ("Curse", "optimizers_curse",),
    "correction.promise": ("Waterfall", "promised_and_corrected",),
    "correction.versions": ("VersionErrors", "version_errors",),
    "fan_out": ("solve_all",),
    "forcing": ("Forcing", "costs_of_forcing", "regret_bounds",),
    "forecasts.log": ("ForecastLog", "forecast_log", "score_forecasts",),
    "forecasts.recalibration": ("Recalibration", "recalibrate",),
    "forecasts.record": ("ForecastRecord", "forecast_record",),
    "forecasts.reference_class": ("ReferenceClass", "reference_class",),
    "frontiers.frontier": ("Frontier", "value_frontier",),
    "frontiers.two_phase": ("non_dominated",),
    "frontiers.value_for_money": ("ValueForMoney", "value_for_money",),
    "information.information": ("Information", "information_value",),
    "information.studies": ("StudyPolicy",),
    "knapsack": ("BestSets", "best_sets",),
    "lessons": ("learned",),
    "measured_claims": ("measured_claim",),
    "mends": ("alternatives", "conflict",),
    "objectives": ("alignment", "shared_benefits",),
    "records.contents": ("Provenance",),
    "records.overrides": ("OverrideRates", "override_rates",),
    "records.quality": ("DecisionQuality", "decision_quality",),
    "records.readiness": ("Readiness", "default_checklist", "gate_readiness",),
    "records.record": ("DecisionRecord", "decision_record", "read_records",),
    "records.scored": ("ScoredForecasts", "score_records",),
    "records.tampering": ("Verification", "verify_chain", "verify_record",),
    "risk.factors": ("Correlation",),
    "risk.model": ("RiskPolicy",),
    "risk.register": ("Exposure", "exposure",),
    "risk.simulation": ("Simulation", "simulate",),
    "risk.tornado": ("Tornado", "tornado",),
    "robust.groups": ("GroupPlans", "group_plans",),
    "robust.portfolios": ("RobustPortfolios", "non_dominated_portfolios",),
    "robust.robust_cores": ("RobustCore", "drawn_values", "robust_core",),
    "robust.scenario_answers": ("Regret", "ScenarioPlans",),
    "robust.scenario_regret": ("scenario_plans", "usual_futures",),
    "robust.scenario_risk": ("RiskFrontier", "risk_frontier",),
    "robust.scenarios": ("Scenarios",),
    "timing.hiring": ("Hires", "value_of_a_hire",),
    "timing.in_progress": ("InProgress", "number_in_progress",),
    "timing.load": ("Load", "workload",),
    "timing.roadmaps": ("Roadmap", "roadmap",),
    "timing.start_dates": ("FreeStarts", "free_starts",),
    "tracking.benefits": ("Benefits", "claimed_twice", "track_benefits",),
    "tracking.cohort": ("Cohort", "closed_projects",),
    "tracking.earned_schedule": ("EarnedSchedule", "earned_schedule",),
    "tracking.earned_value": ("By", "EarnedValue", "earned_value",),
    "tracking.rebaselined": ("Rebaselined", "rebaselined",),
    "tracking.status": ("StatusCheck", "StatusRule", "compare_status",),
    "tracking.track": ("Tracking", "track_portfolio",),
    "variations": ("Variations", "WhatIf", "what_if",),
    "weighed_claims": ("MeasuredClaim", "WeighedClaim",),
    "workers": ("Workers",),
}
_LATE = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Attribution", "Beliefs", "Benefits", "BestSets", "By", "Change", "ClaimChecks", "Cohort", "Corrected",
    "Correlation", "Curse", "Decision", "DecisionQuality", "DecisionRecord", "Differences", "EarnedSchedule",
    "EarnedValue", "Exposure", "Forcing", "ForecastLog", "ForecastRecord", "FreeStarts", "Frontier", "GroupPlans",
    "Hires", "InProgress", "Information", "Known", "Load", "MeasuredClaim", "Mix", "MixOf", "Objective",
    "OverrideRates", "Plan", "Policy", "Problem", "Provenance", "Readiness", "Reason", "Rebaselined",
    "Recalibration", "ReferenceClass", "Regret", "RiskFrontier", "RiskPolicy", "Roadmap", "RobustCore",
    "RobustPortfolios", "ScenarioPlans", "Scenarios", "ScoredForecasts", "Simulation", "Status", "StatusCheck",
    "StatusRule", "StudyPolicy", "Tornado", "Tracking", "ValueForMoney", "Variations", "Verification",
    "VersionErrors", "Waterfall", "WeighedClaim", "WhatChanged", "WhatIf", "Workers", "alignment", "alternatives",
    "attribution", "best_sets", "check_claims", "claimed_twice", "closed_projects", "compare_status",
    "compile_problem", "conflict", "correct_values", "costs_of_forcing", "decision_quality", "decision_record",
    "default_checklist", "differences", "drawn_values", "earned_schedule", "earned_value", "evidence_row",
    "exposure", "forecast_log", "forecast_record", "free_starts", "from_before_after", "from_experiment",
    "from_interval", "gate_readiness", "group_plans", "information_value", "last_decided", "learned",
    "measured_claim", "non_dominated", "non_dominated_portfolios", "number_in_progress", "optimizers_curse",
    "override_rates", "promised_and_corrected", "read_records", "rebalance", "rebaselined", "recalibrate",
    "reference_class", "regret_bounds", "risk_frontier", "roadmap", "robust_core", "scenario_plans",
    "score_forecasts", "score_records", "shared_benefits", "simulate", "solve", "solve_all", "tornado",
    "track_benefits", "track_portfolio", "usual_futures", "value_for_money", "value_frontier", "value_of_a_hire",
    "verify_chain", "verify_record", "version_errors", "weigh_claims", "what_changed", "what_if", "with_evidence",
    "workload",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(importlib.import_module(f"pmlib.portfolio.{_LATE[name]}"), name)
    raise AttributeError(f"module 'pmlib.portfolio' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
