"""Bad tables and parameters of `rebalance`: refused by name, or answered; never a traceback."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, PmlibError, SchemaError
from pmlib.months import as_month, parse_month
from pmlib.portfolio import Policy, rebalance

JAN = parse_month("2026-01")

PERIODS = [np.nan, [24312], {}, "", "2025-13", "25-12", 2025, 24312.5, True, 10**9, -1, dt.date(2025, 12, 31), pd.NA,
           pd.NaT, float("inf")]


@pytest.mark.parametrize("period", PERIODS, ids=repr)
def test_a_period_that_is_no_month_is_refused(period):
    with pytest.raises(ParameterError, match=r"(period|month): got .*, allowed .* Write it as"):
        as_month(period)


@pytest.mark.parametrize("period", ["2025-12", 24312, np.int64(24312), 24312.0, " 2025-12 "])
def test_a_month_is_read_however_it_is_written(period):
    assert as_month(period) == 24312


@pytest.mark.parametrize("period", [np.nan, [24312], "2025-13", 24312.5], ids=repr)
def test_the_plan_refuses_such_a_period(make_tables, period):
    with pytest.raises(ParameterError, match=r"(period|month): got"):
        rebalance(make_tables(1), period=period)


BAD_CELLS = [
    ("projects", "bac_k", np.nan, r"projects row 0 .*'bac_k': empty"),
    ("projects", "bac_k", "much", r"projects row 0 .*'bac_k': no usable number, got 'much'"),
    ("projects", "project_id", "P01", r"projects row 1 column 'project_id': another row has the same key, got 'P01'"),
    ("projects", "state", "going", r"projects row 0 .*'state': not allowed, got 'going'"),
    ("estimates", "p50", np.inf, r"estimates row 0 .*'p50': no usable number, got inf"),
    ("cash_flows", "cost_k", -5.0, r"cash_flows row 0 .*'cost_k': not allowed, got -5\.0"),
    ("demand", "person_months", -1.0, r"demand row 0 .*'person_months': not allowed, got -1\.0"),
    ("demand", "month", np.nan, r"demand row 0 .*'month': empty"),
    ("capacity", "person_months", -1.0, r"capacity row 0 .*'person_months': not allowed, got -1\.0"),
    ("budgets", "opex_k", -1.0, r"budgets row 0 .*'opex_k': not allowed, got -1\.0"),
    ("links", "member_id", "nobody", r"links row 0 .*'member_id': not in projects, got 'nobody'"),
    ("links", "amount_k", np.inf, r"links row 0 .*'amount_k': no usable number"),
    ("mix_targets", "floor_share", 0.95, r"mix_targets row 0 .*'floor_share': floor_share exceeds ceiling_share"),
]


@pytest.mark.parametrize(("table", "column", "value", "words"), BAD_CELLS)
def test_a_bad_cell_is_refused_before_anything_is_planned(make_tables, table, column, value, words):
    tables = make_tables(1)
    cells = tables[table][column].astype(object)
    cells.iloc[0] = value
    with pytest.raises(SchemaError, match=words):
        rebalance(tables | {table: tables[table].assign(**{column: cells})})


@pytest.mark.parametrize("tables", [None, [], "quillmark", pd.DataFrame({"project_id": ["A"]})], ids=repr)
def test_tables_that_are_no_mapping_are_refused(tables):
    with pytest.raises(SchemaError, match=r"tables: got .*, allowed a mapping of table name to frame"):
        rebalance(tables)


def test_nothing_to_decide_is_said(make_tables):
    tables = make_tables(1)
    with pytest.raises(MissingTableError, match=r"none is proposed, running or held\. Nothing to decide"):
        rebalance(tables | {"projects": tables["projects"].assign(state="done")})
    with pytest.raises(MissingTableError, match=r"projects: missing"):
        rebalance({name: frame for name, frame in tables.items() if name == "workbook"})


def test_a_project_frozen_beyond_the_horizon_stays_as_it_is(make_tables):
    tables = make_tables(1)
    ids = tables["projects"].query("state == 'proposed'")["project_id"].iloc[:2]
    frozen = pd.DataFrame({"project_id": ids, "action": "start", "frozen_until": parse_month("2199-12")})
    plan = rebalance(tables | {"options": frozen, "links": tables["links"].iloc[:0]}, policy=Policy(mix="off"))
    assert plan.actions.set_index("project_id")["action"][ids].tolist() == ["decline", "decline"]


def test_all_mandatory_over_budget_names_the_smallest_change():
    ids = ["A", "B", "C"]
    tables = {
        "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0, "mandatory": True}),
        "cash_flows": pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": 100.0, "benefit_k": 300.0}),
        "budgets": pd.DataFrame({"year": [2026], "opex_k": [250.0]}),
    }
    decision = rebalance(tables, period="2025-12")
    assert not decision.found
    assert decision.mends["sentence"].tolist() == ["+50 thousand budget in 2026"]


CELLS = [np.nan, None, "x", "", -1, np.inf, 1e300, True, [1], pd.NaT, "1.234,5", 0, "P00", 2026, 1 + 2j, b"x"]


@pytest.mark.parametrize("seed", range(24))
def test_no_bad_cell_ends_in_a_traceback(make_tables, seed):
    rng = np.random.default_rng(seed)
    tables = dict(make_tables(seed % 5, 6))
    name = str(rng.choice(sorted(tables)))
    column = str(rng.choice(sorted(tables[name])))
    cells = tables[name][column].astype(object).tolist()
    if cells:
        cells[int(rng.integers(len(cells)))] = CELLS[int(rng.integers(len(CELLS)))]
    tables[name] = tables[name].assign(**{column: pd.Series(cells, index=tables[name].index, dtype=object)})
    try:
        decision = rebalance(tables)
    except PmlibError as error:
        assert str(error).rstrip()[-1] in ".?"
    else:
        assert not decision.found or np.isfinite(decision.value_k)
        decision.check()
