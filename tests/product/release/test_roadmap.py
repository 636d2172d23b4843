from __future__ import annotations

import pytest

from pmlib.product.release.capacity import ReleaseRules
from pmlib.product.release.planning import plan_releases
from pmlib.product.release.roadmap import now_next_later


def test_first_release_is_now_second_next_and_all_else_later(backlog):
    tables = backlog(F1={"reach": 400.0}, F2={"reach": 300.0}, F3={"reach": 200.0}, F4={}, F5={"state": "dropped"})
    plan = plan_releases(tables, period="2025-12", capacity={"web": 1}, rules=ReleaseRules(releases=3))
    roadmap = now_next_later(plan)
    assert roadmap.board[["feature_id", "when"]].values.tolist() == [
        ["F1", "now"], ["F2", "next"], ["F3", "later"], ["F4", "later"]]  # fmt: skip
    assert roadmap.board["why"].iloc[-1] == "team web has no time left, needs 1.0 person-months"
    assert roadmap.loads["load"].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert roadmap.summary().startswith("Now (2026 Q1): F1. Next (2026 Q2): F2. 2 features with 2 person-months wait.")
    assert roadmap.headline() == {"1 now": "2026 Q1", "1 next": "2026 Q2", "2 later": "no room yet"}


def test_without_a_plan_everything_is_later_and_without_features_it_says_so(backlog):
    stuck = plan_releases(backlog(F1={"moscow": "must", "effort_pm": 9}), period="2025-12", capacity={"web": 1})
    assert now_next_later(stuck).board["when"].tolist() == ["later"]
    none = plan_releases(backlog(F1={"state": "dropped"}), period="2025-12", capacity={"web": 1})
    assert now_next_later(none).summary() == "No feature is open: the roadmap is empty."
