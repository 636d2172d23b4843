"""Rebalancing the portfolio: start, keep, hold or stop, with a reason for every project."""

from __future__ import annotations

from pmlib.portfolio.decision import Decision, rebalance
from pmlib.portfolio.explain import Reason
from pmlib.portfolio.model import Status
from pmlib.portfolio.policy import Mix, Objective, Policy

__all__ = ["Decision", "Mix", "Objective", "Policy", "Reason", "Status", "rebalance"]
