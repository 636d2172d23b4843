"""The money of each project to decide."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import pmlib as pm
from pmlib.errors import CheckError, MissingTableError, ParameterError, SchemaError
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.valuation import going_on
from pmlib.scoring.money.appraisal import appraise
from tests.conftest import ROOT


def _tables(**replaced):
    tables = {
        "workbook": pd.DataFrame({"name": ["Test"], "currency": ["CHF"], "as_of": [pd.Timestamp("2025-12-31")]}),
        "projects": pd.DataFrame({
            "project_id": ["A", "B", "C", "D", "E"],
            "name": ["Atlas", "Beacon", "Calibration", None, "Echo"],
            "state": ["proposed", "running", "held", "proposed", "done"],
            "bac_k": 100.0,
            "spent_k": [0.0, 80.0, 0.0, 0.0, 100.0],
        }),
        # B's row of 2025 is past; C misses 2027; E is done; X is unknown.
        "cash_flows": pd.DataFrame(
            [("A", 2026, 100.0, 0.0), ("A", 2027, 0.0, 100.0), ("A", 2028, 0.0, 100.0),
             ("B", 2025, 80.0, 0.0), ("B", 2026, 20.0, 50.0),
             ("C", 2028, 0.0, 60.0), ("C", 2026, 40.0, 0.0),
             ("E", 2026, 9.0, 0.0), ("X", 2026, 9.0, 0.0)],
            columns=["project_id", "year", "cost_k", "benefit_k"]),
        "estimates": pd.DataFrame(
            [("A", "2025-12-31", "p_success", 0.7, 0.8, 0.9), ("A", "2025-06-30", "p_success", 0.1, 0.1, 0.1),
             ("B", "2025-12-31", "p_success", 1.0, 1.0, 1.0), ("C", "2025-12-31", "months", 1.0, 2.0, 3.0)],
            columns=["project_id", "as_of", "quantity", "p10", "p50", "p90"]).astype({"as_of": "datetime64[s]"}),
    }  # fmt: skip
    tables.update(replaced)
    return {name: frame for name, frame in tables.items() if frame is not None}


@pytest.fixture(scope="module")
def sample():
    book = pm.open_workbook(ROOT / "data" / "quillmark")
    return {name: book[name] for name in ("workbook", "projects", "cash_flows", "estimates")}


def _row(answer, project):
    return answer.to_frame().set_index("project_id").loc[project]


def _flows(rows):
    return pd.DataFrame(rows, columns=["project_id", "year", "cost_k", "benefit_k"])


def test_figures_by_hand_at_21_percent():
    answer = appraise(_tables(), rate=0.21)
    # Mid-year factors at 21 %: 1 / 1.1, then each divided by 1.21. A succeeds with 0.8 (the newest estimate).
    first, second, third = 1 / 1.1, 1 / 1.1 / 1.21, 1 / 1.1 / 1.21**2
    a = _row(answer, "A")
    assert a["npv_k"] == pytest.approx(80 * (second + third) - 100 * first)
    assert a["npv_success_k"] == pytest.approx(100 * (second + third) - 100 * first)
    assert a["profitability_index"] == pytest.approx(0.8 * (second + third) / first)
    assert (a["p_success"], a["n_irr"]) == (pytest.approx(0.8), 1)
    assert a["irr"] == pytest.approx((0.8 + (0.64 + 3.2) ** 0.5) / 2 - 1)
    # The 100 of 2026 are gone after a year; 80 come in 2027, the other 20 in the first quarter of 2028.
    assert a["payback_years"] == 2.25
    assert a["discounted_payback_years"] == pytest.approx(2 + (first - 0.8 * second) / (0.8 * third))
    assert a["mirr"] == pytest.approx((0.8 * (1.21 + 1)) ** 0.5 - 1)


def test_order_is_by_expected_value_and_projects_without_flows_come_last_with_a_note():
    answer = appraise(_tables(), rate=0.21)
    table = answer.to_frame()
    assert table["project_id"].to_list() == ["B", "A", "C", "D"]
    assert table["name"].to_list() == ["Beacon", "Atlas", "Calibration", "D"]
    assert table.iloc[-1, 2:].isna().all()
    assert "D: no cash flows still to come, so no figure." in answer.notes
    assert "C: no chance of success estimated, taken as certain." in answer.notes


def test_columns_are_those_promised():
    assert appraise(_tables()).to_frame().columns.to_list() == [
        "project_id", "name", "npv_k", "npv_success_k", "pv_benefit_k", "pv_cost_k", "p_success", "profitability_index",
        "irr", "n_irr", "mirr", "payback_years", "discounted_payback_years",
    ]  # fmt: skip


def test_sunk_cost_never_enters():
    tables = _tables()
    projects = tables["projects"].assign(spent_k=[9.0, 999.0, 5.0, 1.0, 0.0], bac_k=1.0)
    flows = tables["cash_flows"]
    later = pd.concat([flows[flows["year"] > 2025], _flows([("A", 2024, 1e6, 0.0)])])
    pd.testing.assert_frame_equal(
        appraise(_tables(projects=projects, cash_flows=later)).to_frame(), appraise(tables).to_frame())
    # Of B only what is still to come counts: 20 out, 50 in, both in 2026.
    b = _row(appraise(tables), "B")
    assert b["npv_k"] == pytest.approx(30 / 1.08**0.5)
    assert (b["n_irr"], b["payback_years"]) == (0, 0.0)


def test_a_year_missing_in_the_middle_is_a_year_without_money():
    c = _row(appraise(_tables(), rate=0.21), "C")
    assert c["npv_k"] == pytest.approx((60 / 1.21**2 - 40) / 1.1)
    assert c["irr"] == pytest.approx(1.5**0.5 - 1)


def test_without_a_date_all_years_count_and_without_estimates_all_succeed():
    answer = appraise(_tables(workbook=None, estimates=None))
    assert answer.factors.index[0] == 2025
    assert _row(answer, "B")["pv_cost_k"] == pytest.approx(80 / 1.08**0.5 + 20 / 1.08**1.5)
    assert (answer.to_frame()["npv_k"].dropna() == answer.to_frame()["npv_success_k"].dropna()).all()
    assert answer.currency == "EUR"
    assert "A, B, C: no chance of success estimated, taken as certain." in answer.notes


def test_totals_reconcile_and_a_changed_figure_is_caught():
    answer = appraise(_tables(), rate=0.21)
    assert answer.check().startswith("Net present values of 3 projects add up to ")
    table = answer.to_frame()
    for broken in (table.assign(npv_k=table["npv_k"] + 1), table.assign(irr=0.5)):
        with pytest.raises(CheckError, match="Appraise again from the tables"):
            dataclasses.replace(answer, table=broken).check()


def test_several_rates_are_not_quoted_but_named():
    flows = _flows([("A", 2026, 4000.0, 0.0), ("A", 2027, 0.0, 25000.0), ("A", 2028, 25000.0, 0.0)])
    answer = appraise(_tables(cash_flows=flows, estimates=None))
    assert (_row(answer, "A")["n_irr"], np.isnan(_row(answer, "A")["irr"])) == (2, True)
    assert answer.rates_of_return("A").rates == (0.25, 4.0)
    assert "A: several internal rates of return, so none is quoted." in answer.notes
    assert answer.check()


def test_a_rate_by_calendar_year_is_looked_up_by_year():
    rates = pd.Series(0.21, index=range(2020, 2030))
    flat, by_year = appraise(_tables(), rate=0.21), appraise(_tables(), rate=rates)
    pd.testing.assert_frame_equal(flat.to_frame(), by_year.to_frame())
    assert "at rates by year" in by_year.summary()
    with pytest.raises(ParameterError, match="rate: got none for 2027"):
        appraise(_tables(), rate=pd.Series({2026: 0.1}))


def test_a_project_without_cost_has_an_infinite_index_and_one_without_benefit_is_named():
    answer = appraise(_tables(cash_flows=_flows([("A", 2026, 0.0, 5.0), ("B", 2026, 5.0, 0.0), ("C", 2026, 0.0, 0.0)])))
    assert _row(answer, "A")["profitability_index"] == np.inf
    assert _row(answer, "B")["profitability_index"] == 0
    assert np.isnan(_row(answer, "C")["profitability_index"])
    assert "B, C: cost without any benefit in cash_flows." in answer.notes


def test_what_rounding_leaves_of_equal_sums_is_no_flow():
    estimates = _tables()["estimates"].assign(p10=0.1, p50=0.1, p90=0.1)
    # 0.1 * 3 - 0.3 is not 0 in floats, and would change the sign of the flows once more.
    flows = _flows([("A", 2026, 0.3, 3.0), ("A", 2027, 50.0, 0.0), ("A", 2028, 0.0, 1000.0)])
    a = _row(appraise(_tables(cash_flows=flows, estimates=estimates)), "A")
    assert (a["n_irr"], a["irr"]) == (1, pytest.approx(1.0))


def test_agrees_with_what_a_plan_takes_from_cash_flows(sample):
    tables = {name: frame for name, frame in sample.items() if name != "estimates"}
    projects = tables["projects"][tables["projects"]["state"].isin(["proposed", "running", "held"])]
    planned = going_on(tables, projects, first_year=2026, policy=Policy(discount_rate=0.08))
    appraised = appraise(tables, rate=0.08).to_frame().set_index("project_id")
    assert np.allclose(planned["value_k"], appraised["npv_k"].reindex(planned.index))
    assert np.allclose(planned["cost_k"], appraised["pv_cost_k"].reindex(planned.index))


def test_the_sample_company_has_figures_for_every_project_and_says_how_a_plan_differs(sample):
    answer = appraise(sample)
    table = answer.to_frame()
    assert table["npv_k"].notna().all()
    assert answer.check()
    assert len(answer.notes) == 1
    assert answer.notes[0].startswith("A plan takes benefit and cost to complete, the latter not discounted")
    # What a plan values is the same benefit, less the cost to complete of the estimates.
    projects = sample["projects"][sample["projects"]["project_id"].isin(table["project_id"])]
    planned = going_on(sample, projects, first_year=2026, policy=Policy())
    appraised = table.set_index("project_id").reindex(planned.index)
    assert np.allclose(planned["benefit_k"], appraised["pv_benefit_k"], rtol=1e-3)
    assert (planned["cost_k"] > appraised["pv_cost_k"]).all()


def test_words_carry_the_figures():
    answer = appraise(_tables(), rate=0.21)
    total = answer.to_frame()["npv_k"].sum()
    assert repr(answer) == f"<Appraisal: 3 projects, net present value {total:,.0f} kCHF at 21 %; first B>"
    assert answer.summary().startswith(
        f"The 3 projects with flows from 2026 on are worth {total:,.0f} thousand CHF together (expected net present "
        "value at 21 %, mid-year), ")
    assert list(answer.headline().values())[-1] == "projects cost more than they are expected to bring"


def test_it_works_twice_and_changes_no_table():
    tables = _tables()
    before = {name: frame.copy() for name, frame in tables.items()}
    pd.testing.assert_frame_equal(appraise(tables).to_frame(), appraise(tables).to_frame())
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[name])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("A", 2026, None, 0.0)], "cash_flows: cost_k of A is nan, allowed 0 or more thousands"),
        ([("A", 2026, -1.0, 0.0)], "cost_k of A is -1.0, allowed 0 or more thousands"),
        ([("A", 2026, 1.0, float("inf"))], "benefit_k of A is inf, allowed thousands"),
        ([("A", 2026.5, 1.0, 0.0)], "year of A is 2026.5, allowed a calendar year"),
        ([("A", 2026, 1.0, 0.0), ("A", 2026, 1.0, 0.0)], "A has several rows for 2026, allowed 1"),
        ([("A", 2026, "many", 0.0)], "cost_k holds 'many' in row 1"),
    ],
)
def test_a_bad_cell_is_refused_by_name(rows, message):
    with pytest.raises(SchemaError, match=message):
        appraise(_tables(cash_flows=_flows(rows)))


def test_a_chance_in_percent_and_a_rate_in_percent_are_refused():
    estimates = _tables()["estimates"].assign(p50=80.0)
    with pytest.raises(SchemaError, match="p_success of A has the mean .*, allowed 0 to 1. Write 80 % as 0.8"):
        appraise(_tables(estimates=estimates))
    with pytest.raises(ParameterError, match="rate: got 8, allowed above -1 and at most 1. Write 8 % as 0.08"):
        appraise(_tables(), rate=8)


def test_missing_tables_and_unknown_projects_are_named():
    with pytest.raises(MissingTableError, match="needs the table 'cash_flows'"):
        appraise(_tables(cash_flows=None))
    with pytest.raises(MissingTableError, match="no row of a project that is proposed, running, held from 2026 on"):
        appraise(_tables(cash_flows=_flows([("A", 2025, 1.0, 0.0), ("E", 2026, 1.0, 0.0)])))
    with pytest.raises(ParameterError, match="project_id: got 'D', allowed a project with flows to decide"):
        appraise(_tables()).rates_of_return("D")
