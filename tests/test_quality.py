from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.quality import data_quality
from pmlib.workbook import open_workbook

TABLES = {
    "workbook": "name,currency,as_of\nA,EUR,2025-12-31\n",
    "projects": "project_id,name,state,gate,bac_k,spent_k\nP1,a,running,3,100,40\nP2,b,running,3,100,50\n"
                "P3,c,proposed,1,50,0\nP4,d,done,5,50,60\n",
    "cash_flows": "project_id,year,cost_k\nP1,2026,10\nP3,2026,10\n",
    "evm": "project_id,month,pv_cum_k,ev_cum_k,ac_cum_k\nP1,2025-11,20,20,30\nP1,2025-12,30,30,40\n"
           "P2,2025-12,30,30,45\nP2,2026-01,30,30,50\n",
    "products": "product_id,name,category\nR1,one,c1\nR2,two,c2\n",
    "orders": "order_id,date,customer_id,product_id,units,paid_price\nO1,2025-06-01,C,R1,10,100\n"
              "O2,2025-06-02,C,R1,x,100\nO3,2025-07-01,C,R2,1,500\n",
    "market": "category,month,player,value_k\nc1,2025-06,own,2\nc1,2025-06,rival,9\nc2,2025-07,own,0.5\n",
}


@pytest.fixture
def book(tmp_path):
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return open_workbook(tmp_path)


def test_stated_figures_are_set_against_the_sums_they_are_made_of(book):
    rows = data_quality(book).reconciliation.set_index("subject")
    assert rows["stated_k"].to_dict() == {"P1": 40, "P2": 50, "R1": 2, "R2": 0.5}
    assert rows["found_k"].to_dict() == {"P1": 40, "P2": 45, "R1": 1, "R2": 0.5}
    assert rows["agrees"].to_dict() == {"P1": True, "P2": False, "R1": False, "R2": True}
    assert data_quality(book).disagreements()["subject"].tolist() == ["P2", "R1"]


def test_coverage_counts_projects_to_decide_only_and_tables_that_are_there(book):
    coverage = data_quality(book).coverage
    assert coverage.to_dict("list") == {"gate": [1, 3], "projects": [1, 2], "cash_flows": [1.0, 0.5]}


def test_a_table_of_events_grows_old_and_a_version_stays_in_force(tmp_path):
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "budgets.csv").write_text("year,opex_k,valid_from\n2026,5,2020-01-01\n", encoding="utf-8")
    fresh = data_quality(open_workbook(tmp_path)).freshness.set_index("table")
    assert fresh["state"].to_dict() == {"budgets": "in force", "evm": "current", "orders": "old", "market": "old"}
    assert fresh.at["orders", "months_old"] == 5


def test_the_summary_says_what_is_set_aside_what_is_old_and_what_differs(book):
    assert data_quality(book).summary() == (
        "With care. 1 row is set aside in 1 table, 1 kind of problem. Most are in orders: 1 times column 'units': not "
        "a number, "
        "33.3 % of its rows. Older than 3 months: orders, market. Our sales in the market table against "
        "orders and subscriptions: 1 of 2 agree; the others are off by 1.0 k EUR in all. Spent against the sum of "
        "actual costs: 1 of 2 agree; the others are off by 5.0 k EUR in all.")


def test_a_workbook_with_one_table_has_nothing_to_compare(tmp_path):
    (tmp_path / "skills.csv").write_text("skill\nA\n", encoding="utf-8")
    (tmp_path / "workbook.csv").write_text("name,as_of\nA,2025-12-31\n", encoding="utf-8")
    quality = data_quality(open_workbook(tmp_path))
    assert quality.summary() == "Yes. Nothing is set aside."
    assert (len(quality.reconciliation), len(quality.coverage), len(quality.freshness)) == (0, 0, 0)


def test_kinds_are_counted_in_full_and_shown_with_their_first_rows(tmp_path):
    rows = "".join(f"P{n},x,running,{'x' if n % 2 else 1}\n" for n in range(4000))
    (tmp_path / "projects.csv").write_text(f"project_id,name,state,bac_k\n{rows}", encoding="utf-8")
    quarantine = open_workbook(tmp_path).quarantine
    kinds = quarantine.by_kind()
    # What cannot be read weighs nothing, so the share is one of rows.
    assert kinds[["rows", "of"]].to_numpy().tolist() == [[2000, "rows"]]
    assert len(quarantine.examples(rows=2)) == 2
    assert quarantine.lines(rows=1)[1:] == [
        "  projects.csv row 3 column 'bac_k': not a number: got 'x', allowed: number, 0 or more. Write a plain number "
        "with a decimal point and no thousands separator.", "  and 1,999 more"]
    assert isinstance(quarantine.to_frame(), pd.DataFrame)


def test_the_money_set_aside_is_the_same_however_the_engine_shares_out_the_rows(folder):
    units = np.random.default_rng(1).integers(1, 9, 400_000)
    rows = pd.DataFrame({"order_id": [f"O{n}" for n in range(len(units))], "date": "2025-01-01", "product_id": "PR1",
                         "customer_id": "C1", "units": units, "paid_price": units / 7})
    rows.loc[::3, "product_id"] = "PR9"
    path = folder(products="product_id,name\nPR1,One\n")
    rows.to_parquet(path / "orders.parquet", row_group_size=50_000)
    found = [kind for _ in range(3) for kind in open_workbook(path).quarantine.kinds if kind.column == "product_id"]
    shares = {float(kind.weight).hex() for kind in found}
    money = (rows["units"] * rows["paid_price"]).round(4)[::3].sum()
    assert len(shares) == 1
    assert float.fromhex(shares.pop()) == pytest.approx(money, rel=1e-9)
