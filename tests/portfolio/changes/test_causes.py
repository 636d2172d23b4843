from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio.changes.causes import Cause, Known, pair
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.problem import compile_problem

MIX = Policy(objective="mix", k_per_point=3.0)
FLOWS = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": [50.0, 60.0], "benefit_k": [90.0, 80.0]})
PROJECTS = pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": 200.0, "spent_k": 100.0})


def tables(**other: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"projects": PROJECTS, "cash_flows": FLOWS, **other}


def then_and_now(now: dict[str, pd.DataFrame], **options):
    return pair(Known(tables=tables(), period="2025-12"), Known(tables=now, period="2025-12", **options))


def same_question(one, other):
    """Whether two compiled problems are the same model, name by name."""
    a, b = one.model, other.model
    assert a.names == b.names
    for name in ("objective", "lower", "upper", "row_lower", "row_upper"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12)
    dense = [np.zeros((len(model.names), len(model.objective))) for model in (a, b)]
    for matrix, model in zip(dense, (a, b), strict=True):
        np.add.at(matrix, (model.entry_row, model.entry_column), model.entry_value)
    np.testing.assert_allclose(*dense, rtol=1e-12, atol=1e-12)


def asked(side):
    return compile_problem(side.tables, period=side.first - 1, points=side.points, policy=MIX)


def scaled(known):
    """Tables with the evidence written into them by hand."""
    factor = known.evidence.set_index("project_id")["factor"]
    flows, estimates = known.tables["cash_flows"].copy(), known.tables["estimates"].copy()
    flows["benefit_k"] *= flows["project_id"].map(factor).fillna(1.0)
    rows = estimates["quantity"] == "benefit_pv_k"
    for name in ("p10", "p50", "p90"):
        estimates.loc[rows, name] *= estimates.loc[rows, "project_id"].map(factor).fillna(1.0)
    return {**known.tables, "cash_flows": flows, "estimates": estimates}


@pytest.mark.parametrize("seed", range(4))
def test_no_cause_is_the_last_period_and_all_are_this_one(two_periods, seed):
    before, now = two_periods(seed)
    both = pair(before, now)
    same_question(asked(both.mixed(())), compile_problem(before.tables, points=before.points, policy=MIX))
    same_question(asked(both.mixed(tuple(Cause))), compile_problem(scaled(now), points=now.points, policy=MIX))


@pytest.mark.parametrize("seed", range(2))
def test_every_mixture_of_then_and_now_is_a_whole_question(two_periods, seed):
    both = pair(*two_periods(seed))
    assert both.differing == tuple(Cause)
    for n in range(8):
        for causes in itertools.islice(itertools.combinations(Cause, n), 3):
            side = both.mixed(causes)
            assert ("N1" in side.decides, "P00" in side.decides) == (
                (True, False) if Cause.PROJECTS in causes else (False, True))
            assert asked(side).actions.first == (both.now if Cause.PROGRESS in causes else both.before).first


def test_a_cause_moves_its_own_tables_alone(two_periods):
    both = pair(*two_periods(1))
    last = both.mixed(())
    for cause, expected in ((Cause.BUDGET, {"budgets"}), (Cause.CAPACITY, {"capacity"}),
                            (Cause.EVIDENCE, {"estimates", "cash_flows"}), (Cause.WEIGHTS, set())):
        side = both.mixed((cause,))
        moved = {name for name in side.tables if not side.tables[name].equals(last.tables[name])}
        assert moved == expected
    points = both.mixed((Cause.WEIGHTS,)).points
    assert (points[last.points.index] / last.points).round(9).value_counts().to_dict() == {1.2: 6, 1.0: 1}


def test_a_new_project_brings_all_its_rows_into_a_mixture_that_knows_nothing_else_of_now(two_periods):
    before, now = two_periods(1)
    side = pair(before, now).mixed((Cause.PROJECTS,))
    assert side.rows("cash_flows", ["N1"])["cost_k"].tolist() == [80.0]
    assert side.points["N1"] == 40.0
    assert side.points["P03"] == before.points["P03"]


def test_a_project_that_closed_keeps_its_rows_while_it_is_still_to_be_decided(two_periods):
    before, now = two_periods(1)
    side = pair(before, now).mixed(set(Cause) - {Cause.PROJECTS})
    assert len(side.rows("cash_flows", ["P00"])) == len(before.tables["cash_flows"].query("project_id == 'P00'"))
    assert side.points["P00"] == before.points["P00"]


def test_equal_data_have_no_cause():
    assert then_and_now(tables()).differing == ()


def test_what_no_plan_reads_is_no_cause():
    named = PROJECTS.assign(name=["One", "Two"], gate=3)
    assert then_and_now(tables(projects=named)).differing == ()


def test_a_later_month_alone_is_progress():
    both = pair(Known(tables=tables(), period="2025-11"), Known(tables=tables(), period="2025-12"))
    assert both.differing == (Cause.PROGRESS,)


def test_a_year_gone_by_is_progress_and_no_new_estimate():
    old = pd.concat([FLOWS, FLOWS.assign(year=2025)], ignore_index=True)
    both = pair(Known(tables=tables(cash_flows=old), period="2024-12"), Known(tables=tables(), period="2025-12"))
    assert both.differing == (Cause.PROGRESS,)


def costs(p50: float) -> pd.DataFrame:
    return pd.DataFrame({"project_id": ["P1", "P1"], "quantity": ["benefit_pv_k", "cost_k"], "p10": [400.0, p50 - 10],
                         "p50": [400.0, p50], "p90": [400.0, p50 + 10]})


def test_money_spent_lowers_the_cost_to_complete_by_progress_and_what_is_left_is_the_estimate():
    spent = PROJECTS.assign(spent_k=[140.0, 100.0])
    both = pair(Known(tables=tables(estimates=costs(100.0)), period="2025-12"),
                Known(tables=tables(estimates=costs(75.0), projects=spent), period="2025-12"))
    middle = {causes: both.mixed(causes).rows("estimates", ["P1"])["p50"].tolist()[1]
              for causes in ((), (Cause.PROGRESS,), (Cause.ESTIMATES,), tuple(Cause))}
    assert list(middle.values()) == [100.0, 60.0, 115.0, 75.0]


def test_an_estimate_that_was_not_renewed_is_left_alone_by_spending():
    spent = PROJECTS.assign(spent_k=[140.0, 100.0])
    both = pair(Known(tables=tables(estimates=costs(100.0)), period="2025-12"),
                Known(tables=tables(estimates=costs(100.0), projects=spent), period="2025-12"))
    assert both.differing == (Cause.PROGRESS,)
    assert both.mixed((Cause.PROGRESS,)).rows("estimates", ["P1"])["p50"].tolist() == [400.0, 100.0]


def test_a_table_that_is_new_is_absent_before():
    budgets = pd.DataFrame({"programme_id": [None], "year": [2026], "opex_k": [90.0]})
    both = then_and_now(tables(budgets=budgets))
    assert both.differing == (Cause.BUDGET,)
    assert "budgets" not in both.mixed(()).tables


def test_evidence_scales_the_expected_benefit_and_nothing_else():
    both = then_and_now(tables(), evidence=pd.DataFrame({"project_id": ["P2"], "factor": [0.5]}))
    flows = both.mixed((Cause.EVIDENCE,)).tables["cash_flows"]
    assert flows["benefit_k"].tolist() == [90.0, 40.0]
    assert flows["cost_k"].tolist() == [50.0, 60.0]


def test_a_factor_of_one_is_no_evidence():
    assert then_and_now(tables(), evidence=pd.DataFrame({"project_id": ["P2"], "factor": [1.0]})).differing == ()


def test_periods_the_wrong_way_round_are_refused():
    with pytest.raises(ParameterError, match="before: got 2026-01, allowed 2025-12 or earlier.*Swap"):
        pair(Known(tables=tables(), period="2026-01"), Known(tables=tables(), period="2025-12"))


def test_tables_of_another_company_are_refused():
    strange = {"projects": PROJECTS.assign(project_id=["Q1", "Q2"]),
               "cash_flows": FLOWS.assign(project_id=["Q1", "Q2"])}
    with pytest.raises(SchemaError, match="none of the 2 projects before is among the 2 now"):
        then_and_now(strange)
    books = [pd.DataFrame({"name": [name], "currency": ["EUR"], "as_of": pd.to_datetime(["2025-12-31"])})
             for name in ("Ours", "Theirs")]
    with pytest.raises(SchemaError, match="name is 'Ours' before and 'Theirs' now"):
        pair(tables(workbook=books[0]), tables(workbook=books[1]))


def test_another_currency_is_refused():
    books = [pd.DataFrame({"name": ["Ours"], "currency": [money], "as_of": pd.to_datetime(["2025-12-31"])})
             for money in ("EUR", "CHF")]
    with pytest.raises(SchemaError, match="currency is 'EUR' before and 'CHF' now"):
        pair(tables(workbook=books[0]), tables(workbook=books[1]))


def test_points_on_one_side_alone_are_refused():
    with pytest.raises(ParameterError, match="given for now alone, allowed both"):
        then_and_now(tables(), points={"P1": 3.0})


@pytest.mark.parametrize(("evidence", "message"), [
    (pd.DataFrame({"project_id": ["P9"], "factor": [0.5]}), "P9 is no project"),
    (pd.DataFrame({"project_id": ["P1"], "factor": [-0.5]}), "factor -0.5 of P1, allowed 0 or more"),
    (pd.DataFrame({"project_id": ["P1"], "factor": [np.nan]}), "allowed 0 or more"),
    (pd.DataFrame({"project_id": ["P1", "P1"], "factor": [0.5, 0.6]}), "P1 stands in 2 rows"),
    (pd.DataFrame({"project_id": ["P1"]}), "column 'factor' is missing"),
    ([0.5], "Pass a frame of project_id and factor"),
])
def test_evidence_that_cannot_be_read_is_refused(evidence, message):
    with pytest.raises(ParameterError, match=message):
        then_and_now(tables(), evidence=evidence)


def test_what_is_no_table_is_refused():
    with pytest.raises(ParameterError, match="before: got 3, allowed a Known"):
        pair(3, tables())
    with pytest.raises(MissingTableError, match="before: projects: missing"):
        pair({"cash_flows": FLOWS}, tables())
    with pytest.raises(SchemaError, match="now: projects row 0 .*column 'state'"):
        then_and_now({"projects": PROJECTS.assign(state="runing"), "cash_flows": FLOWS})
