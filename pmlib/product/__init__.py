"""The product room: what products earn, who stays and is content, where they stand, and what to build next."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pmlib.product.change import Arrow
from pmlib.product.estimate import Estimate
from pmlib.product.revenue import MonthlyRevenue, monthly_revenue
from pmlib.product.review import ProductReview, review_products

if TYPE_CHECKING:
    from pmlib.product.customers import Activity as Activity
    from pmlib.product.customers import CohortTriangle as CohortTriangle
    from pmlib.product.customers import Retention as Retention
    from pmlib.product.customers import cohort_triangle as cohort_triangle
    from pmlib.product.effects.elasticity import PriceElasticity as PriceElasticity
    from pmlib.product.effects.elasticity import price_elasticity as price_elasticity
    from pmlib.product.effects.interruption import InterruptedSeries as InterruptedSeries
    from pmlib.product.effects.interruption import interrupted_series as interrupted_series
    from pmlib.product.effects.two_groups import DifferenceInDifferences as DifferenceInDifferences
    from pmlib.product.effects.two_groups import difference_in_differences as difference_in_differences
    from pmlib.product.effects.two_groups import difference_of_changes as difference_of_changes
    from pmlib.product.experiments.power import detectable_effect as detectable_effect
    from pmlib.product.experiments.power import visitors_needed as visitors_needed
    from pmlib.product.experiments.programme import ExperimentProgramme as ExperimentProgramme
    from pmlib.product.experiments.programme import read_experiments as read_experiments
    from pmlib.product.experiments.reading import ExperimentReading as ExperimentReading
    from pmlib.product.experiments.reading import read_experiment as read_experiment
    from pmlib.product.features.kano import KanoClasses as KanoClasses
    from pmlib.product.features.kano import classify_features as classify_features
    from pmlib.product.features.moscow import MoscowBalance as MoscowBalance
    from pmlib.product.features.moscow import check_moscow as check_moscow
    from pmlib.product.features.priorities import MethodComparison as MethodComparison
    from pmlib.product.features.priorities import compare_methods as compare_methods
    from pmlib.product.features.ranges import Ranges as Ranges
    from pmlib.product.features.rank_chances import RankChances as RankChances
    from pmlib.product.features.rank_chances import rank_features as rank_features
    from pmlib.product.features.theme_counts import ThemeCounts as ThemeCounts
    from pmlib.product.features.theme_counts import count_themes as count_themes
    from pmlib.product.loyalty.beta_geometric import fit_beta_geometric as fit_beta_geometric
    from pmlib.product.loyalty.buying import BuyingModel as BuyingModel
    from pmlib.product.loyalty.buying import fit_buying as fit_buying
    from pmlib.product.loyalty.curves import kaplan_meier as kaplan_meier
    from pmlib.product.loyalty.curves import log_rank as log_rank
    from pmlib.product.loyalty.lifetime_value import LifetimeValue as LifetimeValue
    from pmlib.product.loyalty.lifetime_value import customer_lifetime_value as customer_lifetime_value
    from pmlib.product.loyalty.purchase_tracking import PurchaseTracking as PurchaseTracking
    from pmlib.product.loyalty.purchase_tracking import track_purchases as track_purchases
    from pmlib.product.loyalty.recency import RecencyFrequencyValue as RecencyFrequencyValue
    from pmlib.product.loyalty.recency import score_customers as score_customers
    from pmlib.product.loyalty.renewal_projection import RenewalProjection as RenewalProjection
    from pmlib.product.loyalty.renewal_projection import project_retention as project_retention
    from pmlib.product.loyalty.repeat_buying import RepeatBuying as RepeatBuying
    from pmlib.product.loyalty.repeat_buying import repeat_buying as repeat_buying
    from pmlib.product.loyalty.spending import SpendingModel as SpendingModel
    from pmlib.product.loyalty.spending import fit_spending as fit_spending
    from pmlib.product.loyalty.survival import SurvivalCurves as SurvivalCurves
    from pmlib.product.loyalty.survival import survival_curves as survival_curves
    from pmlib.product.loyalty.survivorship import Survivorship as Survivorship
    from pmlib.product.loyalty.survivorship import survivorship as survivorship
    from pmlib.product.market import RevenueSplit as RevenueSplit
    from pmlib.product.market import market_and_share_effect as market_and_share_effect
    from pmlib.product.market import split_revenue_change as split_revenue_change
    from pmlib.product.marts import MartTables as MartTables
    from pmlib.product.marts import customer_months as customer_months
    from pmlib.product.marts import product_months as product_months
    from pmlib.product.marts import with_marts as with_marts
    from pmlib.product.money.breakdown import RevenueBreakdown as RevenueBreakdown
    from pmlib.product.money.breakdown import revenue_by as revenue_by
    from pmlib.product.money.customer_bridge import CustomerBridge as CustomerBridge
    from pmlib.product.money.customer_bridge import revenue_bridge as revenue_bridge
    from pmlib.product.money.margin import ProductMargin as ProductMargin
    from pmlib.product.money.margin import product_margin as product_margin
    from pmlib.product.money.price_volume_mix import PriceVolumeMix as PriceVolumeMix
    from pmlib.product.money.price_volume_mix import price_volume_mix as price_volume_mix
    from pmlib.product.money.recurring import RecurringBridge as RecurringBridge
    from pmlib.product.money.recurring import recurring_bridge as recurring_bridge
    from pmlib.product.noise.plan import ExperimentPlan as ExperimentPlan
    from pmlib.product.noise.programmes import ExperimentNoise as ExperimentNoise
    from pmlib.product.noise.programmes import experiment_noise as experiment_noise
    from pmlib.product.noise.scores import NpsNoise as NpsNoise
    from pmlib.product.noise.scores import answers_needed as answers_needed
    from pmlib.product.noise.scores import chance_of_move as chance_of_move
    from pmlib.product.noise.scores import nps_noise as nps_noise
    from pmlib.product.outlook.accuracy import mean_absolute_scaled_error as mean_absolute_scaled_error
    from pmlib.product.outlook.forecasts import Forecasts as Forecasts
    from pmlib.product.outlook.forecasts import forecast_headlines as forecast_headlines
    from pmlib.product.outlook.targets import TargetChance as TargetChance
    from pmlib.product.outlook.targets import target_chance as target_chance
    from pmlib.product.release.capacity import ReleaseRules as ReleaseRules
    from pmlib.product.release.chances import ReleaseChances as ReleaseChances
    from pmlib.product.release.chances import chances_of_release as chances_of_release
    from pmlib.product.release.decisions import FeatureDecisions as FeatureDecisions
    from pmlib.product.release.decisions import decide_features as decide_features
    from pmlib.product.release.plan import ReleasePlan as ReleasePlan
    from pmlib.product.release.planning import plan_releases as plan_releases
    from pmlib.product.release.readiness import LaunchReadiness as LaunchReadiness
    from pmlib.product.release.readiness import launch_readiness as launch_readiness
    from pmlib.product.release.roadmap import ProductRoadmap as ProductRoadmap
    from pmlib.product.release.roadmap import now_next_later as now_next_later
    from pmlib.product.satisfaction import Instrument as Instrument
    from pmlib.product.satisfaction import Satisfaction as Satisfaction
    from pmlib.product.satisfaction import customer_satisfaction as customer_satisfaction
    from pmlib.product.satisfaction import net_promoter_score as net_promoter_score
    from pmlib.product.satisfaction import satisfaction_by_month as satisfaction_by_month
    from pmlib.product.standing.bass import BassFit as BassFit
    from pmlib.product.standing.bass import fit_bass as fit_bass
    from pmlib.product.standing.concentration import Concentration as Concentration
    from pmlib.product.standing.concentration import measure_concentration as measure_concentration
    from pmlib.product.standing.diffusion import Diffusion as Diffusion
    from pmlib.product.standing.diffusion import fit_diffusion as fit_diffusion
    from pmlib.product.standing.growth_share import GrowthShareMap as GrowthShareMap
    from pmlib.product.standing.growth_share import map_growth_and_share as map_growth_and_share
    from pmlib.product.standing.life_cycle import LifeCycle as LifeCycle
    from pmlib.product.standing.life_cycle import stage_products as stage_products
    from pmlib.product.standing.regions import RegionSplit as RegionSplit
    from pmlib.product.standing.regions import split_by_region as split_by_region
    from pmlib.product.standing.shares import MarketShares as MarketShares
    from pmlib.product.standing.shares import ShareHistory as ShareHistory
    from pmlib.product.standing.shares import market_shares as market_shares
    from pmlib.product.standing.shares import share_history as share_history
    from pmlib.product.standing.sunset import SunsetTest as SunsetTest
    from pmlib.product.standing.sunset import weigh_sunset as weigh_sunset
    from pmlib.product.verdicts import Verdict as Verdict
    from pmlib.product.verdicts import judge as judge
    from pmlib.product.verdicts import rules as rules
    from pmlib.product.voice.drivers import SatisfactionDrivers as SatisfactionDrivers
    from pmlib.product.voice.drivers import satisfaction_drivers as satisfaction_drivers
    from pmlib.product.voice.effort import customer_effort as customer_effort
    from pmlib.product.voice.ratings import RatingMoves as RatingMoves
    from pmlib.product.voice.ratings import rating_moves as rating_moves
    from pmlib.product.voice.response_weighting import WeightedScores as WeightedScores
    from pmlib.product.voice.response_weighting import weight_by_response as weight_by_response
    from pmlib.product.voice.score_chart import ScoreChart as ScoreChart
    from pmlib.product.voice.score_chart import chart_score as chart_score
    from pmlib.product.voice.segments import SegmentScores as SegmentScores
    from pmlib.product.voice.segments import satisfaction_by_segment as satisfaction_by_segment

_LATE = {
    "Activity": "customers",
    "BassFit": "standing.bass",
    "BuyingModel": "loyalty.buying",
    "CohortTriangle": "customers",
    "Concentration": "standing.concentration",
    "CustomerBridge": "money.customer_bridge",
    "DifferenceInDifferences": "effects.two_groups",
    "Diffusion": "standing.diffusion",
    "ExperimentNoise": "noise.programmes",
    "ExperimentPlan": "noise.plan",
    "ExperimentProgramme": "experiments.programme",
    "ExperimentReading": "experiments.reading",
    "FeatureDecisions": "release.decisions",
    "Forecasts": "outlook.forecasts",
    "GrowthShareMap": "standing.growth_share",
    "Instrument": "satisfaction",
    "InterruptedSeries": "effects.interruption",
    "KanoClasses": "features.kano",
    "LaunchReadiness": "release.readiness",
    "LifeCycle": "standing.life_cycle",
    "LifetimeValue": "loyalty.lifetime_value",
    "MarketShares": "standing.shares",
    "MartTables": "marts",
    "MethodComparison": "features.priorities",
    "MoscowBalance": "features.moscow",
    "NpsNoise": "noise.scores",
    "PriceElasticity": "effects.elasticity",
    "PriceVolumeMix": "money.price_volume_mix",
    "ProductMargin": "money.margin",
    "ProductRoadmap": "release.roadmap",
    "PurchaseTracking": "loyalty.purchase_tracking",
    "Ranges": "features.ranges",
    "RankChances": "features.rank_chances",
    "RatingMoves": "voice.ratings",
    "RecencyFrequencyValue": "loyalty.recency",
    "RecurringBridge": "money.recurring",
    "RegionSplit": "standing.regions",
    "ReleaseChances": "release.chances",
    "ReleasePlan": "release.plan",
    "ReleaseRules": "release.capacity",
    "RenewalProjection": "loyalty.renewal_projection",
    "RepeatBuying": "loyalty.repeat_buying",
    "Retention": "customers",
    "RevenueBreakdown": "money.breakdown",
    "RevenueSplit": "market",
    "Satisfaction": "satisfaction",
    "SatisfactionDrivers": "voice.drivers",
    "ScoreChart": "voice.score_chart",
    "SegmentScores": "voice.segments",
    "ShareHistory": "standing.shares",
    "SpendingModel": "loyalty.spending",
    "SunsetTest": "standing.sunset",
    "SurvivalCurves": "loyalty.survival",
    "Survivorship": "loyalty.survivorship",
    "TargetChance": "outlook.targets",
    "ThemeCounts": "features.theme_counts",
    "Verdict": "verdicts",
    "WeightedScores": "voice.response_weighting",
    "answers_needed": "noise.scores",
    "chance_of_move": "noise.scores",
    "chances_of_release": "release.chances",
    "chart_score": "voice.score_chart",
    "check_moscow": "features.moscow",
    "classify_features": "features.kano",
    "cohort_triangle": "customers",
    "compare_methods": "features.priorities",
    "count_themes": "features.theme_counts",
    "customer_effort": "voice.effort",
    "customer_lifetime_value": "loyalty.lifetime_value",
    "customer_months": "marts",
    "customer_satisfaction": "satisfaction",
    "decide_features": "release.decisions",
    "detectable_effect": "experiments.power",
    "difference_in_differences": "effects.two_groups",
    "difference_of_changes": "effects.two_groups",
    "experiment_noise": "noise.programmes",
    "fit_bass": "standing.bass",
    "fit_beta_geometric": "loyalty.beta_geometric",
    "fit_buying": "loyalty.buying",
    "fit_diffusion": "standing.diffusion",
    "fit_spending": "loyalty.spending",
    "forecast_headlines": "outlook.forecasts",
    "interrupted_series": "effects.interruption",
    "judge": "verdicts",
    "kaplan_meier": "loyalty.curves",
    "launch_readiness": "release.readiness",
    "log_rank": "loyalty.curves",
    "map_growth_and_share": "standing.growth_share",
    "market_and_share_effect": "market",
    "market_shares": "standing.shares",
    "mean_absolute_scaled_error": "outlook.accuracy",
    "measure_concentration": "standing.concentration",
    "net_promoter_score": "satisfaction",
    "now_next_later": "release.roadmap",
    "nps_noise": "noise.scores",
    "plan_releases": "release.planning",
    "price_elasticity": "effects.elasticity",
    "price_volume_mix": "money.price_volume_mix",
    "product_margin": "money.margin",
    "product_months": "marts",
    "project_retention": "loyalty.renewal_projection",
    "rank_features": "features.rank_chances",
    "rating_moves": "voice.ratings",
    "read_experiment": "experiments.reading",
    "read_experiments": "experiments.programme",
    "recurring_bridge": "money.recurring",
    "repeat_buying": "loyalty.repeat_buying",
    "revenue_bridge": "money.customer_bridge",
    "revenue_by": "money.breakdown",
    "rules": "verdicts",
    "satisfaction_by_month": "satisfaction",
    "satisfaction_by_segment": "voice.segments",
    "satisfaction_drivers": "voice.drivers",
    "score_customers": "loyalty.recency",
    "share_history": "standing.shares",
    "split_by_region": "standing.regions",
    "split_revenue_change": "market",
    "stage_products": "standing.life_cycle",
    "survival_curves": "loyalty.survival",
    "survivorship": "loyalty.survivorship",
    "target_chance": "outlook.targets",
    "track_purchases": "loyalty.purchase_tracking",
    "visitors_needed": "experiments.power",
    "weigh_sunset": "standing.sunset",
    "weight_by_response": "voice.response_weighting",
    "with_marts": "marts",
}

__all__ = [
    "Activity",
    "Arrow",
    "BassFit",
    "BuyingModel",
    "CohortTriangle",
    "Concentration",
    "CustomerBridge",
    "DifferenceInDifferences",
    "Diffusion",
    "Estimate",
    "ExperimentNoise",
    "ExperimentPlan",
    "ExperimentProgramme",
    "ExperimentReading",
    "FeatureDecisions",
    "Forecasts",
    "GrowthShareMap",
    "Instrument",
    "InterruptedSeries",
    "KanoClasses",
    "LaunchReadiness",
    "LifeCycle",
    "LifetimeValue",
    "MarketShares",
    "MartTables",
    "MethodComparison",
    "MonthlyRevenue",
    "MoscowBalance",
    "NpsNoise",
    "PriceElasticity",
    "PriceVolumeMix",
    "ProductMargin",
    "ProductReview",
    "ProductRoadmap",
    "PurchaseTracking",
    "Ranges",
    "RankChances",
    "RatingMoves",
    "RecencyFrequencyValue",
    "RecurringBridge",
    "RegionSplit",
    "ReleaseChances",
    "ReleasePlan",
    "ReleaseRules",
    "RenewalProjection",
    "RepeatBuying",
    "Retention",
    "RevenueBreakdown",
    "RevenueSplit",
    "Satisfaction",
    "SatisfactionDrivers",
    "ScoreChart",
    "SegmentScores",
    "ShareHistory",
    "SpendingModel",
    "SunsetTest",
    "SurvivalCurves",
    "Survivorship",
    "TargetChance",
    "ThemeCounts",
    "Verdict",
    "WeightedScores",
    "answers_needed",
    "chance_of_move",
    "chances_of_release",
    "chart_score",
    "check_moscow",
    "classify_features",
    "cohort_triangle",
    "compare_methods",
    "count_themes",
    "customer_effort",
    "customer_lifetime_value",
    "customer_months",
    "customer_satisfaction",
    "decide_features",
    "detectable_effect",
    "difference_in_differences",
    "difference_of_changes",
    "experiment_noise",
    "fit_bass",
    "fit_beta_geometric",
    "fit_buying",
    "fit_diffusion",
    "fit_spending",
    "forecast_headlines",
    "interrupted_series",
    "judge",
    "kaplan_meier",
    "launch_readiness",
    "log_rank",
    "map_growth_and_share",
    "market_and_share_effect",
    "market_shares",
    "mean_absolute_scaled_error",
    "measure_concentration",
    "monthly_revenue",
    "net_promoter_score",
    "now_next_later",
    "nps_noise",
    "plan_releases",
    "price_elasticity",
    "price_volume_mix",
    "product_margin",
    "product_months",
    "project_retention",
    "rank_features",
    "rating_moves",
    "read_experiment",
    "read_experiments",
    "recurring_bridge",
    "repeat_buying",
    "revenue_bridge",
    "revenue_by",
    "review_products",
    "rules",
    "satisfaction_by_month",
    "satisfaction_by_segment",
    "satisfaction_drivers",
    "score_customers",
    "share_history",
    "split_by_region",
    "split_revenue_change",
    "stage_products",
    "survival_curves",
    "survivorship",
    "target_chance",
    "track_purchases",
    "visitors_needed",
    "weigh_sunset",
    "weight_by_response",
    "with_marts",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(importlib.import_module(f"pmlib.product.{_LATE[name]}"), name)
    raise AttributeError(f"module 'pmlib.product' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
