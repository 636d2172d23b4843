from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest

from pmlib.errors import BlockedTableError, MissingTableError, ParameterError, WorkbookError
from pmlib.months import parse_month
from pmlib.portfolio import rebalance
from pmlib.schema import TABLES
from pmlib.workbook import open_workbook

PROJECTS = "project_id,name,state,bac_k\nP1,one,running,100\nP2,two,proposed,50\n"


def test_opens_a_folder_of_csv_files_with_every_column_of_the_schema(folder):
    book = open_workbook(folder(projects=PROJECTS, workbook="name,currency,as_of\nAcme,USD,2025-12-31\n"))
    assert book.tables == ["workbook", "projects"]
    assert (book.name, book.currency, book.as_of, book.period) == ("Acme", "USD", dt.date(2025, 12, 31), "2025-12")
    assert book["projects"]["bac_k"].tolist() == [100.0, 50.0]
    assert book.exit_code == 0
    assert repr(book) == "<Workbook: Acme; 2 tables; nothing is set aside>"


def test_the_frames_it_hands_out_cannot_change_it(folder):
    book = open_workbook(folder(projects=PROJECTS))
    frame = book["projects"]
    frame["bac_k"] = 0.0
    assert book["projects"]["bac_k"].tolist() == [100.0, 50.0]


def test_large_tables_stay_in_the_engine_from_csv_and_from_parquet(folder):
    orders = ("order_id,date,customer_id,product_id,units,paid_price\n"
              "1,2025-01-02,C1,PR1,2,10\n2,2025-02-03,C2,PR1,1,9\n")
    path = folder(orders=orders)
    from_csv = open_workbook(path)["orders"]
    (path / "orders.csv").unlink()
    frame = pd.DataFrame({"order_id": [1, 2], "date": pd.to_datetime(["2025-01-02", "2025-02-03"]),
                          "customer_id": ["C1", "C2"], "product_id": "PR1", "units": [2, 1], "paid_price": [10.0, 9]})
    frame.to_parquet(path / "orders.parquet")
    from_parquet = open_workbook(path)["orders"]
    assert isinstance(from_csv, ibis.Table)
    pd.testing.assert_frame_equal(from_csv.execute(), from_parquet.execute())


def test_bad_rows_of_a_large_table_are_set_aside_and_named(folder):
    orders = ("order_id,date,customer_id,product_id,units,paid_price\n"
              "1,2025-01-02,C1,PR1,2,10\n2,2025-02-30,C1,PR1,1,9\n3,2025-02-03,C1,PR9,1,9\n4,2025-02-03,C1,PR1,1,9\n")
    book = open_workbook(folder(orders=orders, products="product_id,name\nPR1,one\n"))
    assert book["orders"].order_id.execute().tolist() == ["1", "4"]
    assert book.quarantine.to_frame()[["row", "column", "value"]].to_numpy().tolist() == \
        [[3, "date", "2025-02-30"], [4, "product_id", "PR9"]]
    assert book.lacks("orders") == "2 of 4 rows of orders are set aside."
    assert book.exit_code == 1
    assert book.check().startswith("All 5 rows")


def test_all_problems_of_a_run_are_reported_at_once(folder):
    book = open_workbook(folder(
        projects=PROJECTS + "P2,again,proposed,1\nP3,three,runing,-5\nP4,four,held,1,2\nP5,x,done,1\nP6,y,done,1\n"
                            "P7,z,done,1\nP8,w,done,1\n",
        cash_flows="project_id,year,cost_k\nP1,2026,10\nP9,2026,10\nP5,2026,10\n"))
    text = book.report()
    for part in ("row 3", "row 4", "'runing'", "got '-5'", "row has more or fewer cells", "not in projects: got 'P9'"):
        assert part in text
    assert book.exit_code == 1


def test_a_blocked_table_is_not_in_the_workbook_and_says_why(folder):
    book = open_workbook(folder(projects="project_id,name,state\nP1,one,running\n",
                                programmes="programme_id,name\nA,a\n"))
    assert book.exit_code == 2
    assert book.tables == ["programmes"]
    with pytest.raises(MissingTableError, match="'projects' is blocked: .*'bac_k': required column is missing"):
        book["projects"]


def test_an_unknown_table_is_refused_with_the_near_name(folder):
    with pytest.raises(MissingTableError, match="Did you mean 'projects'"):
        open_workbook(folder(projects=PROJECTS))["project"]


def test_files_and_columns_it_does_not_know_stay_unread_and_are_said(folder):
    book = open_workbook(folder({"project.csv": PROJECTS}, projects=PROJECTS.replace("bac_k", "bac_k,prio").replace(
        ",100", ",100,1").replace(",50", ",50,2")))
    assert any("project.csv" in note and "Did you mean 'projects'?" in note for note in book.notes)
    assert any("'prio'" in note for note in book.notes)


def test_two_files_of_one_name_are_refused(folder):
    path = folder(projects=PROJECTS)
    pd.DataFrame({"a": [1]}).to_parquet(path / "projects.parquet")
    with pytest.raises(WorkbookError, match=r"projects\.csv and projects\.parquet both stand for table 'projects'"):
        open_workbook(path)


def test_a_folder_without_a_known_table_is_refused_with_the_known_names(folder):
    with pytest.raises(WorkbookError, match="no known table here. Name files, sheets or tables after the tables"):
        open_workbook(folder({"other.csv": "a\n1\n"}))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(WorkbookError, match="not there. Give a folder of CSV, Parquet or .xlsx files"):
        open_workbook(tmp_path / "nowhere")


def test_versions_are_all_those_known_on_the_day_where_indexing_gives_the_newest(quillmark):
    then = quillmark.baseline("2025-06")
    days = then.versions("estimates")["as_of"]
    assert days.nunique() == 3
    assert days.max() == pd.Timestamp("2025-06-30") == then["estimates"]["as_of"].max()
    assert len(quillmark.versions("estimates")) > 3 * len(quillmark["estimates"])
    with pytest.raises(MissingTableError, match="'group_limits' is not in"):
        quillmark.versions("group_limits")


def test_as_of_shows_the_versions_and_events_known_then(folder):
    path = folder(
        objectives="objective_id,name,worst,best\nA,a,0,1\n",
        weights="objective_id,weight,valid_from\nA,1,2024-01-01\nA,2,2025-06-01\n",
        market="category,month,player,value_k\nx,2025-05,own,1\nx,2025-06,own,2\n")
    assert open_workbook(path)["weights"]["weight"].tolist() == [2.0]
    before = open_workbook(path, as_of="2025-05")
    assert before["weights"]["weight"].tolist() == [1.0]
    assert before["market"]["month"].tolist() == [parse_month("2025-05")]
    assert before.period == "2025-05"
    assert open_workbook(path).period == "2025-06"


def test_a_workbook_without_any_date_asks_for_the_period(folder):
    with pytest.raises(WorkbookError, match="Pass period"):
        _ = open_workbook(folder(projects=PROJECTS)).period


def test_an_empty_table_counts_as_absent_and_is_noted(folder):
    book = open_workbook(folder(projects=PROJECTS, links="link_id,member_id,type\n"))
    assert "links" not in book
    assert book.notes == ("Without rows, and counted as absent: links.csv.",)
    assert book.exit_code == 0


def test_the_same_files_have_the_same_fingerprint_and_other_ones_another(folder):
    path = folder(projects=PROJECTS)
    first = open_workbook(path).fingerprints["projects"]
    assert first == open_workbook(path).fingerprints["projects"]
    assert first["rows"] == 2
    (path / "projects.csv").write_text(PROJECTS + "P3,three,held,1\n", encoding="utf-8")
    assert first["sha256"] != open_workbook(path).fingerprints["projects"]["sha256"]


def test_a_relative_folder_counts_from_the_project_wherever_one_stands(folder, monkeypatch):
    book = folder(projects=PROJECTS)
    (book.parent / "reports").mkdir()
    (book.parent / "reports" / "monthly.yml").write_text("name: monthly\n", encoding="utf-8")
    (book.parent / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(book.parent / "deep" / "er")
    monkeypatch.delenv("PMLIB_PROJECT", raising=False)
    assert open_workbook("book").tables == ["projects"]


def test_nan_and_infinity_in_parquet_do_not_reach_a_figure(folder):
    path = folder(projects=PROJECTS)
    (path / "projects.csv").unlink()
    pd.DataFrame({"project_id": ["P1", "P2", "P3", "P4", "P5"], "name": "n", "state": "held",
                  "bac_k": [1.0, np.inf, np.nan, 4.0, 5.0]}).to_parquet(path / "projects.parquet")
    book = open_workbook(path)
    assert book["projects"]["project_id"].tolist() == ["P1", "P4", "P5"]
    assert book.quarantine.to_frame()["problem"].tolist() == ["not a number", "empty"]


def test_a_file_that_cannot_be_read_leaves_the_working_directory_alone(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))
    path = folder(projects=PROJECTS)
    open_workbook(path)
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "book"])


BUDGETS = "year,opex_k\n2026,x\n2027,x\n"


def test_a_blocked_table_is_never_taken_for_an_absent_one(folder):
    book = open_workbook(folder(projects=PROJECTS, budgets=BUDGETS))
    assert book.get("links") is None
    with pytest.raises(BlockedTableError, match="'budgets' is blocked: 2 of 2 rows are unusable.*Mend it"):
        book.get("budgets")


def test_a_rebalance_without_its_blocked_budgets_is_refused(folder):
    book = open_workbook(folder(projects=PROJECTS, budgets=BUDGETS, workbook="name,as_of\nA,2025-12-31\n",
                                cash_flows="project_id,year,cost_k,benefit_k\nP1,2026,1,2\nP2,2026,1,2\n"))
    with pytest.raises(BlockedTableError, match="'budgets' is blocked"):
        rebalance(book)


def test_a_blocked_workbook_table_leaves_the_currency_unknown(folder):
    book = open_workbook(folder(projects=PROJECTS, workbook="name,currency,as_of\nA,USD,31.31.2025\n"))
    assert book.currency == "(currency unknown)"
    assert book.exit_code == 2


@pytest.mark.parametrize("table", ["orders", "surveys", "subscriptions", "customers"])
def test_a_large_table_with_a_header_only_counts_as_absent_too(folder, table):
    header = ",".join(column.name for column in TABLES[table].columns)
    book = open_workbook(folder(**{table: f"{header}\n"}))
    assert (book.exit_code, book.tables) == (0, [])
    assert book.notes == (f"Without rows, and counted as absent: {table}.csv.",)


def test_a_file_that_cannot_be_read_blocks_its_table_and_the_others_are_still_checked(folder):
    book = open_workbook(folder({"orders.parquet": b"no parquet", "programmes.parquet": b""}, projects=PROJECTS))
    assert book.tables == ["projects"]
    assert set(book.blocked) == {"orders", "programmes"}
    assert "orders.parquet: cannot be read" in book.blocked["orders"]


def test_ids_are_the_same_key_as_text_whole_float_and_decimal(folder):
    path = folder(projects=PROJECTS.replace("P1", "2207").replace("P2", "2208"),
                  cash_flows="project_id,year,cost_k\n2207,2026,1\n")
    frame = pd.DataFrame({"order_id": [1.0, 2.0], "date": pd.Timestamp("2025-01-02"), "customer_id": "C",
                          "product_id": [2207.0, 2208.0], "units": 1, "paid_price": [Decimal("1.50"), Decimal("2.00")]})
    frame.to_parquet(path / "orders.parquet")
    (path / "products.csv").write_text("product_id,name\n2207,a\n2208,b\n", encoding="utf-8")
    book = open_workbook(path)
    assert book.exit_code == 0
    assert book["orders"].order_by("order_id").execute()["order_id"].tolist() == ["1", "2"]
    assert book["orders"].paid_price.sum().execute() == 3.5


def test_whole_numbers_beside_empty_cells_in_parquet_keep_every_digit(folder):
    path = folder(projects=PROJECTS)
    big = pd.array([9007199254740993, None], dtype="Int64")
    frame = pd.DataFrame({"project_id": ["P1", "P2"], "name": "n", "state": "held", "bac_k": 1.0, "product_id": big})
    frame.to_parquet(path / "projects.parquet")
    (path / "projects.csv").unlink()
    assert open_workbook(path)["projects"]["product_id"].tolist()[0] == "9007199254740993"


def test_headers_in_upper_case_or_with_blanks_are_understood(folder):
    book = open_workbook(folder(projects="Project_ID , NAME,State,bac_k\nP1,one,running,100\n"))
    assert book["projects"]["project_id"].tolist() == ["P1"]


def test_a_folder_named_as_a_table_is_said_not_to_be_read(folder):
    path = folder(projects=PROJECTS)
    (path / "orders.parquet").mkdir()
    assert "orders.parquet is no file and stays unread. Put a file there." in open_workbook(path).notes


def test_a_time_of_day_in_a_date_column_is_set_aside_not_cut_off(folder):
    path = folder(projects=PROJECTS)
    pd.DataFrame({"order_id": ["1", "2", "3"], "date": pd.to_datetime(["2025-01-02 00:00", "2025-01-02 23:30",
                                                                                "2025-01-04 00:00"]),
                  "customer_id": "C", "product_id": "P", "units": 1.0, "paid_price": 1.0}
                 ).to_parquet(path / "orders.parquet")
    book = open_workbook(path)
    assert book["orders"].count().execute() == 2
    assert book.quarantine.to_frame()["column"].tolist() == ["date"]


@pytest.mark.parametrize("as_of", ["9999-12", "0000-01", "soon"])
def test_a_day_that_cannot_be_is_refused(folder, as_of):
    with pytest.raises(ParameterError, match="allowed a day YYYY-MM-DD or a month YYYY-MM"):
        open_workbook(folder(projects=PROJECTS), as_of=as_of)
