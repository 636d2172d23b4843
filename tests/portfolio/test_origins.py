"""Tables asked about a plan: checked like the first time, and those it was made from."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio import Policy, rebalance, roadmap, simulate
from pmlib.portfolio.origins import tables_of


@pytest.fixture(scope="module")
def tables(make_tables):
    return make_tables(3)


@pytest.fixture(scope="module")
def plan(tables):
    return rebalance(tables, period="2025-12", policy=Policy(mix="off"))


def test_tables_of_the_plan_pass_with_every_column_in_its_type(plan, tables):
    typed = tables_of(plan, {**tables, "budgets": tables["budgets"].astype({"year": str})})
    assert typed["budgets"]["year"].dtype == "int64"


def test_tables_of_another_plan_are_refused_by_name(plan, tables):
    fewer = {**tables, "projects": tables["projects"].iloc[1:]}
    alone = {name: fewer[name] for name in ("workbook", "projects")}
    with pytest.raises(ParameterError, match=r"tables: got 6 projects to decide, P00 is missing, allowed the 7 of the "
                                             r"plan. Pass the tables the plan was made from"):
        roadmap(plan, alone)
    more = pd.concat([tables["projects"], tables["projects"].iloc[[0]].assign(project_id="A1")], ignore_index=True)
    with pytest.raises(ParameterError, match=r"got 8 projects to decide, A1 is not in the plan"):
        simulate(plan, {**tables, "projects": more})


def test_what_is_no_decision_and_no_table_is_refused(plan, tables):
    with pytest.raises(ParameterError, match=r"decision: got 5, allowed a Decision. Make one with"):
        tables_of(5, tables)
    with pytest.raises(SchemaError, match=r"tables: got str, allowed a mapping"):
        tables_of(plan, "book")
    with pytest.raises(MissingTableError, match=r"projects: missing"):
        tables_of(plan, {})
    with pytest.raises(SchemaError, match=r"risks: got int, allowed a pandas frame"):
        tables_of(plan, {**tables, "risks": 5}, also=("risks",))
