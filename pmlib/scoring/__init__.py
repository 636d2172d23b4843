"""Score projects: additive value on declared scales, and how sure the ranking is."""

from __future__ import annotations

from pmlib.scoring.additive import score
from pmlib.scoring.explanation import Explanation
from pmlib.scoring.robustness import Stability
from pmlib.scoring.scorecard import Scorecard
from pmlib.scoring.value_curve import ValueForMoney, value_for_money
from pmlib.scoring.values import CriteriaTree, Direction, Outside, ValueFunction, ValueScale, criteria
from pmlib.scoring.weights import Method, Weights, given_weights, group_weights

__all__ = [
    "CriteriaTree",
    "Direction",
    "Explanation",
    "Method",
    "Outside",
    "Scorecard",
    "Stability",
    "ValueForMoney",
    "ValueFunction",
    "ValueScale",
    "Weights",
    "criteria",
    "given_weights",
    "group_weights",
    "score",
    "value_for_money",
]
