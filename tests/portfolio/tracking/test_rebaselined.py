"""Plans of the past are not to change in silence: every move is found, new months are none."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import MissingTableError
from pmlib.portfolio.tracking.rebaselined import rebaselined


@pytest.fixture
def before(followed):
    tables = followed(P1=[(10.0, 8.0, 9.0), (20.0, 15.0, 19.0), (30.0, 22.0, 29.0)], P2=[(10.0, 10.0, 10.0)])
    milestones = pd.DataFrame({"project_id": "P1", "milestone": ["M1", "M2"], "baseline_month": ["2025-02", "2025-06"],
                               "actual_month": [None, None], "weight": [0.4, 0.6]})
    return {**tables, "milestones": milestones}


def _changed(tables, table, row, **cells):
    frame = tables[table].copy()
    for column, value in cells.items():
        frame.loc[row, column] = value
    return {**tables, table: frame}


def test_nothing_moved_is_said(before):
    answer = rebaselined(before, before)
    assert answer.summary() == "No plan of the 2 projects in both sets of tables moved, and no past month."
    assert answer.to_frame().empty


def test_new_months_and_new_projects_are_no_moves(before):
    earlier = {name: frame[frame["project_id"] == "P1"].iloc[:2] for name, frame in before.items()}
    assert rebaselined({**earlier, "milestones": before["milestones"]}, before).moves.empty


@pytest.mark.parametrize(("table", "row", "cells", "says"), [
    ("projects", 0, {"bac_k": 130.0}, "P1: budget moved from 100 to 130 thousand EUR."),
    ("projects", 0, {"planned_months": 12}, "P1: planned months moved from 10 to 12."),
    ("projects", 0, {"start_month": "2025-02"}, "P1: start moved from 2025-01 to 2025-02."),
    ("evm", 1, {"pv_cum_k": 18.0}, "P1: planned value of past months (2025-02) moved from 20 to 18 thousand EUR."),
    ("evm", 1, {"ac_cum_k": 18.5}, "P1: actual cost of past months (2025-02) moved from 19 to 18.5 thousand EUR."),
    ("milestones", 1, {"baseline_month": "2025-09"}, "P1: milestone date (M2) moved from 2025-06 to 2025-09."),
    ("milestones", 1, {"weight": 0.5}, "P1: milestone weight (M2) moved from 0.60 to 0.50."),
])
def test_every_move_is_said(before, table, row, cells, says):
    assert rebaselined(before, _changed(before, table, row, **cells)).moves["says"].tolist() == [says]


def test_a_row_that_is_gone_is_said(before):
    now = {**before, "evm": before["evm"].drop(index=0), "milestones": before["milestones"].iloc[1:]}
    assert rebaselined(before, now).moves["says"].tolist() == [
        "P1: M1 was there before and is gone.", "P1: 2025-01 was there before and is gone."]


def test_a_corrected_past_is_no_new_plan(before):
    answer = rebaselined(before, _changed(before, "evm", 1, ev_cum_k=14.0))
    assert answer.baselines.empty
    assert answer.summary() == ("No plan of the 2 projects in both sets of tables moved. Past months of P1 were "
                                "corrected.")


def test_plans_and_money_are_summed_up(before):
    answer = rebaselined(before, _changed(before, "projects", [0, 1], bac_k=120.0))
    assert answer.summary() == (
        "2 of 2 projects have another plan than before: P1, P2. Budgets changed by +40 thousand EUR in all.")
    assert repr(answer) == "<Rebaselined: 2 of 2 plans moved: P1, P2>"
    assert answer.headline() == {"2 of 2": "projects with another plan: P1, P2"}


def test_the_sample_company_against_itself_moved_nothing(company):
    assert rebaselined(company, company).moves.empty


def test_a_missing_table_is_refused_with_its_side(before):
    with pytest.raises(MissingTableError, match="now: projects is missing"):
        rebaselined(before, {})
