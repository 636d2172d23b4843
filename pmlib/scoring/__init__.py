"""Score projects: additive value on declared scales, how sure the ranking is, and what others would say."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pmlib.scoring.additive import score
from pmlib.scoring.explanation import Explanation
from pmlib.scoring.judging.agreement import Agreement, agreement
from pmlib.scoring.judging.double_counting import DoubleCounting, double_counting
from pmlib.scoring.judging.ordinal_trap import OrdinalTrap, ordinal_trap
from pmlib.scoring.matrix import DecisionMatrix, decision_matrix
from pmlib.scoring.money.appraisal import Appraisal, appraise
from pmlib.scoring.money.delay import CostOfDelay, Urgency, WaitingOrder, cheapest_order, cost_of_delay
from pmlib.scoring.money.finance import (
    Timing,
    discount_curve,
    equivalent_annual_value,
    forward_rates,
    net_present_value,
    payback,
    profitability_index,
)
from pmlib.scoring.money.rates_of_return import RatesOfReturn, internal_rates_of_return, modified_rate_of_return
from pmlib.scoring.money.staged_value import StagedValue, expected_commercial_value
from pmlib.scoring.opinions.efficiency import Envelopment, Returns, data_envelopment
from pmlib.scoring.opinions.outranking import Outranking, Preference, Shape, promethee
from pmlib.scoring.opinions.rank_reversal import RankReversals, rank_reversals
from pmlib.scoring.opinions.ranking_only import RankingOnly
from pmlib.scoring.opinions.second_opinions import CompromiseRanking, topsis, vikor, weighted_product
from pmlib.scoring.opinions.side_by_side import SecondOpinions, second_opinions
from pmlib.scoring.robust.acceptability import Acceptability, acceptability
from pmlib.scoring.robust.dominance import Dominance, Pareto, dominance, pareto
from pmlib.scoring.robust.group_space import between_groups, keeping_order
from pmlib.scoring.robust.score_spread import ScoreSpread, normal_scores, triangular_scores, uniform_scores
from pmlib.scoring.robust.tornado import Tornado, tornado
from pmlib.scoring.robust.unseating import Unseating, unseat
from pmlib.scoring.robust.weight_space import WeightSpace, weight_space
from pmlib.scoring.robust.winning import PairwiseWinning, pairwise_winning_index
from pmlib.scoring.robustness import Stability
from pmlib.scoring.scorecard import Scorecard
from pmlib.scoring.value_curve import ValueForMoney, value_for_money
from pmlib.scoring.values import CriteriaTree, Direction, Outside, ValueFunction, ValueScale, criteria
from pmlib.scoring.weighing.best_worst import BestWorstWeights, best_worst
from pmlib.scoring.weighing.data_spread import DataSpread, data_spread
from pmlib.scoring.weighing.pairwise import PairwiseWeights, Prioritisation, pairwise_weights
from pmlib.scoring.weighing.pairwise_groups import (
    Aggregation,
    GroupPairwiseWeights,
    group_pairwise_weights,
    tree_weights,
)
from pmlib.scoring.weighing.rank_weights import RankMethod, rank_weights
from pmlib.scoring.weights import Method, Weights, given_weights, group_weights
from pmlib.scoring.wide_table import additive_expression, additive_values

if TYPE_CHECKING:
    from pmlib.scoring.robust.funded import Funded as Funded
    from pmlib.scoring.robust.funded import funded as funded
    from pmlib.scoring.robust.profiles import GroupProfiles as GroupProfiles
    from pmlib.scoring.robust.profiles import GroupRanks as GroupRanks
    from pmlib.scoring.robust.profiles import group_profiles as group_profiles
    from pmlib.scoring.robust.profiles import group_ranks as group_ranks

#: What stands on the portfolio's model is loaded on first use.
_LATE = {"Funded": "funded", "funded": "funded", "GroupProfiles": "profiles", "GroupRanks": "profiles",
         "group_profiles": "profiles", "group_ranks": "profiles"}  # fmt: skip

__all__ = [
    "Acceptability",
    "Aggregation",
    "Agreement",
    "Appraisal",
    "BestWorstWeights",
    "CompromiseRanking",
    "CostOfDelay",
    "CriteriaTree",
    "DataSpread",
    "DecisionMatrix",
    "Direction",
    "Dominance",
    "DoubleCounting",
    "Envelopment",
    "Explanation",
    "Funded",
    "GroupPairwiseWeights",
    "GroupProfiles",
    "GroupRanks",
    "Method",
    "OrdinalTrap",
    "Outranking",
    "Outside",
    "PairwiseWeights",
    "PairwiseWinning",
    "Pareto",
    "Preference",
    "Prioritisation",
    "RankMethod",
    "RankReversals",
    "RankingOnly",
    "RatesOfReturn",
    "Returns",
    "ScoreSpread",
    "Scorecard",
    "SecondOpinions",
    "Shape",
    "Stability",
    "StagedValue",
    "Timing",
    "Tornado",
    "Unseating",
    "Urgency",
    "ValueForMoney",
    "ValueFunction",
    "ValueScale",
    "WaitingOrder",
    "WeightSpace",
    "Weights",
    "acceptability",
    "additive_expression",
    "additive_values",
    "agreement",
    "appraise",
    "best_worst",
    "between_groups",
    "cheapest_order",
    "cost_of_delay",
    "criteria",
    "data_envelopment",
    "data_spread",
    "decision_matrix",
    "discount_curve",
    "dominance",
    "double_counting",
    "equivalent_annual_value",
    "expected_commercial_value",
    "forward_rates",
    "funded",
    "given_weights",
    "group_pairwise_weights",
    "group_profiles",
    "group_ranks",
    "group_weights",
    "internal_rates_of_return",
    "keeping_order",
    "modified_rate_of_return",
    "net_present_value",
    "normal_scores",
    "ordinal_trap",
    "pairwise_weights",
    "pairwise_winning_index",
    "pareto",
    "payback",
    "profitability_index",
    "promethee",
    "rank_reversals",
    "rank_weights",
    "score",
    "second_opinions",
    "topsis",
    "tornado",
    "tree_weights",
    "triangular_scores",
    "uniform_scores",
    "unseat",
    "value_for_money",
    "vikor",
    "weight_space",
    "weighted_product",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(importlib.import_module(f"pmlib.scoring.robust.{_LATE[name]}"), name)
    raise AttributeError(f"module 'pmlib.scoring' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
