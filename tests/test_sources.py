"""The same tables give the same numbers from every place they can lie in."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import duckdb
import ibis
import openpyxl
import pandas as pd
import pytest

from pmlib.databases import without_password
from pmlib.errors import WorkbookError
from pmlib.portfolio import rebalance
from pmlib.product import review_products
from pmlib.sample import make_tables
from pmlib.schema import TABLES
from pmlib.workbook import open_workbook
from tests.servers import postgresql

PERIOD = "2025-12"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return make_tables(scale=0.02)


def into_folder(tables, place: Path) -> Path:
    place.mkdir()
    for name, frame in tables.items():
        frame.to_csv(place / f"{name}.csv", index=False)
    return place


def into_typed_folder(tables, place: Path) -> Path:
    place.mkdir()
    for name, frame in tables.items():
        frame.to_parquet(place / f"{name}.parquet", index=False)
    return place


def into_folder_of_spreadsheets(tables, place: Path) -> Path:
    place.mkdir()
    for name, frame in tables.items():
        frame.to_excel(place / f"{name}.xlsx", sheet_name="Sheet1", index=False)
    return place


def into_spreadsheet(tables, place: Path) -> Path:
    path = place.with_suffix(".xlsx")
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return path


def into_duckdb(tables, place: Path) -> Path:
    path = place.with_suffix(".duckdb")
    with duckdb.connect(str(path)) as connection:
        for name, frame in tables.items():
            connection.register("incoming", frame)
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
    return path


def into_sqlite(tables, place: Path) -> Path:
    path = place.with_suffix(".sqlite")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for name, frame in tables.items():
            frame.to_sql(name, connection, index=False)
    return path


WAYS = [into_typed_folder, into_folder_of_spreadsheets, into_spreadsheet, into_duckdb, into_sqlite]


def answers(book) -> dict[str, pd.DataFrame]:
    """Every table as a frame in the order of its key, the plan and the board of products."""
    assert book.exit_code == 0, book.report()
    frames = {name: (book[name] if isinstance(book[name], pd.DataFrame) else book[name].execute())
              .sort_values(list(TABLES[name].key), ignore_index=True) for name in book}
    return frames | {"plan": rebalance(book).to_frame(), "board": review_products(book, period=PERIOD).to_frame()}


@pytest.fixture(scope="module")
def expected(tables, tmp_path_factory) -> dict[str, pd.DataFrame]:
    return answers(open_workbook(into_folder(tables, tmp_path_factory.mktemp("csv") / "book")))


def assert_same(got: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    assert list(got) == list(expected)
    for name, frame in got.items():
        pd.testing.assert_frame_equal(frame, expected[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("write", WAYS, ids=lambda write: write.__name__)
def test_every_source_gives_the_same_tables_and_the_same_answers(write, tables, expected, tmp_path):
    assert_same(answers(open_workbook(write(tables, tmp_path / "book"))), expected)


def test_a_database_file_may_be_named_by_its_address(tables, tmp_path):
    path = into_sqlite({"projects": tables["projects"]}, tmp_path / "book")
    assert open_workbook(f"sqlite://{path}").tables == ["projects"]


def test_a_view_of_a_duckdb_file_that_reads_another_file_is_refused(tmp_path):
    (tmp_path / "secret.csv").write_text("project_id,name,state,bac_k\nP1,a,running,1\n", encoding="utf-8")
    with duckdb.connect(str(tmp_path / "book.duckdb")) as connection:
        connection.execute(f"CREATE VIEW projects AS SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    book = open_workbook(tmp_path / "book.duckdb")
    assert "cannot be read" in book.blocked["projects"]


def test_a_locked_or_broken_database_is_named_and_not_followed_by_a_traceback(tmp_path):
    (tmp_path / "book.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 500)
    with pytest.raises(WorkbookError, match=r"book\.sqlite: cannot be read"):
        open_workbook(tmp_path / "book.sqlite")
    (tmp_path / "book.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\xff" * 500)
    with pytest.raises(WorkbookError, match=r"book\.duckdb: cannot be opened as a DuckDB file"):
        open_workbook(tmp_path / "book.duckdb")


def test_an_address_without_its_driver_or_server_is_refused_without_its_password():
    with pytest.raises(WorkbookError, match=r"postgres://pmo:\*\*\*@127\.0\.0\.1:1/none: cannot be opened") as refused:
        open_workbook("postgres://pmo:secret@127.0.0.1:1/none")
    assert "secret" not in str(refused.value)
    assert without_password("duckdb://a.duckdb") == "duckdb://a.duckdb"


def test_a_message_names_sheet_and_cell(tables, tmp_path):
    path = into_spreadsheet({"projects": tables["projects"]}, tmp_path / "book")
    book = openpyxl.load_workbook(path)
    sheet = book["projects"]
    column = next(cell.column_letter for cell in sheet[1] if cell.value == "bac_k")
    sheet[f"{column}14"] = "#REF!"
    book.save(path)
    finding = open_workbook(path).quarantine.to_frame().iloc[0]
    assert (finding["cell"], finding["value"]) == (f"projects!{column}14", "#REF!")
    assert open_workbook(path).report().splitlines()[-1] == (
        f"  book.xlsx projects!{column}14 column 'bac_k': not a number: got '#REF!', allowed: number, 0 or more. "
        "Mend the formula in the spreadsheet.")


def test_scores_may_come_as_a_matrix_and_a_bad_level_is_named_by_its_criterion(tables, tmp_path):
    place = into_folder({name: tables[name] for name in ("projects", "objectives", "assessors")}, tmp_path / "book")
    (place / "scores.csv").write_text(
        "project_id;assessor_id;Fit with strategy;ease\nP01;A1;4;3\nP02;A1;x;2\n", encoding="utf-8")
    book = open_workbook(place)
    levels = book["scores"].set_index(["project_id", "objective_id"])["raw_level"]
    assert levels.to_dict() == {("P01", "fit"): 4, ("P01", "ease"): 3, ("P02", "ease"): 2}
    finding = book.quarantine.to_frame().iloc[0]
    assert (finding["row"], finding["column"], finding["value"]) == (3, "Fit with strategy", "x")
    assert book.notes == ()


def test_the_office_is_declared_in_the_table_workbook(tmp_path):
    place = tmp_path / "book"
    place.mkdir()
    (place / "workbook.csv").write_text(
        "name;currency;as_of;date_format;decimal_mark\nA;EUR;03.04.2025;DD.MM.YYYY;,\n", encoding="cp1252")
    (place / "projects.csv").write_text(
        "project_id;name;state;bac_k;start_month\nP1;Größe;running;1.234 €;01.02.2025\n", encoding="cp1252")
    book = open_workbook(place)
    assert str(book.as_of) == "2025-04-03"
    assert book["projects"][["name", "bac_k"]].to_numpy().tolist() == [["Größe", 1234.0]]
    assert book.exit_code == 0


def test_a_period_read_again_is_the_same_or_names_what_was_corrected(tables, tmp_path):
    from pmlib.baseline import late_corrections

    place = into_folder({name: tables[name] for name in ("projects", "budgets", "programmes")}, tmp_path / "book")
    before = open_workbook(place).baseline("2025-06").marks()
    assert late_corrections(before, open_workbook(place).baseline("2025-06").marks()).summary() == ""
    budgets = tables["budgets"].copy()
    later = budgets.tail(1).assign(valid_from="2025-09-01", opex_k=1.0)
    pd.concat([budgets, later]).to_csv(place / "budgets.csv", index=False)
    assert late_corrections(before, open_workbook(place).baseline("2025-06").marks()).summary() == ""
    old = budgets["valid_from"] <= "2025-06-30"
    budgets.loc[budgets.index[old][0], "opex_k"] += 1
    budgets.to_csv(place / "budgets.csv", index=False)
    changed = late_corrections(before, open_workbook(place).baseline("2025-06").marks())
    assert changed.summary() == "Corrected since: budgets (1 changed: G1 · 2026)."


@pytest.fixture
def postgres():
    with postgresql() as address:
        yield address


@pytest.mark.engines
def test_postgresql_gives_the_same_tables_and_the_same_answers(postgres, tables, expected):
    remote = ibis.connect(postgres)
    for name, frame in tables.items():
        # A column without a value has no type that PostgreSQL could take.
        empty = frame.columns[frame.isna().all()]
        remote.create_table(name, frame.astype(dict.fromkeys(empty, "float64")))
    remote.disconnect()
    book = open_workbook(postgres)
    assert book.source == postgres.replace("secret", "***")
    assert book.fingerprints == open_workbook(postgres).fingerprints
    assert_same(answers(book), expected)


ORDERS = "order_id,date,customer_id,product_id,units,paid_price\n"


def test_a_view_whose_rows_come_in_another_order_every_time_sets_the_right_rows_aside(folder):
    rows = "".join(f"O{n},2025-01-01,C,P,1,{-1 if n % 10 == 0 else 1}\n" for n in range(200_000))
    sql = ("CREATE VIEW orders AS SELECT order_id, any_value(date) AS date, 'C' AS customer_id, 'P' AS product_id, "
           "1 AS units, max(paid_price) AS paid_price FROM 'raw.csv' GROUP BY order_id")
    book = open_workbook(folder({"raw.csv": ORDERS + rows, "views.sql": sql}))
    assert book.check() == "All 200,000 rows are accounted for in 1 tables."
    assert book["orders"].paid_price.min().execute() == 1


def test_the_folders_name_is_no_column(tmp_path):
    place = tmp_path / "month=2025-12"
    place.mkdir()
    usage = pd.DataFrame({"customer_id": ["C", "D"], "product_id": "P", "month": ["2025-10", "2025-11"],
                          "active_days": [1, 2]})
    usage.to_parquet(place / "usage.parquet")
    usage[["product_id", "month"]].assign(unit_cost_eur=1.0).to_parquet(place / "product_costs.parquet")
    book = open_workbook(place)
    assert sorted(book["usage"].month.execute()) == sorted(book["product_costs"]["month"]) == [24310, 24311]


def test_a_number_in_a_spreadsheet_is_that_number_whatever_the_office_declares(tmp_path):
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"name": ["A"], "decimal_mark": [","]}).to_excel(writer, sheet_name="workbook", index=False)
        pd.DataFrame({"project_id": ["P1", "P2"], "name": "x", "state": "running", "bac_k": [12.125, "3,5"]}).to_excel(
            writer, sheet_name="projects", index=False)
    assert open_workbook(path)["projects"]["bac_k"].tolist() == [12.125, 3.5]


def test_a_misspelt_criterion_of_a_matrix_is_named(folder):
    book = open_workbook(folder(
        objectives="objective_id,name,worst,best\nreach,Reach,0,1\nrisk,Risk,0,1\n",
        scores="project_id,Reach ,riks\nP1,1,0\n"))
    assert len(book["scores"]) == 1
    assert book.notes == ("scores.csv: column 'riks' is no criterion and stays unread. Did you mean 'risk'?",)


def test_a_bad_row_of_a_matrix_is_listed_once_with_its_place(folder):
    place = folder(objectives="objective_id,name,worst,best\nreach,Reach,0,1\nrisk,Risk,0,1\n",
                   scores="project_id,as_of,reach,risk\nP1,soon,1,0\nP2,2025-01-01,1,-\nP3,,1,1\nP4,,1,1\n")
    lines = open_workbook(place).quarantine.lines()
    assert [line for line in lines if line.startswith("  ")] == [
        "  scores.csv row 2 column 'as_of': not a date: got 'soon', allowed: date YYYY-MM-DD. Write the date as, say, "
        "2025-12-31.", "  and 1 more",
        "  scores.csv row 3 column 'risk': not a number: got '-', allowed: a finite number. Write a plain number with "
        "a decimal point and no thousands separator."]


def test_a_small_table_is_checked_against_the_keys_of_a_large_one(folder):
    book = open_workbook(folder(
        customers="customer_id\nC1\nC2\n", products="product_id,name\nP,p\n",
        feedback="feedback_id,date,product_id,customer_id,text\n1,2025-01-01,P,C1,a\n2,2025-01-01,P,NOPE,b\n"
                 "3,2025-01-01,P,,c\n"))
    found = book.quarantine.to_frame()[["row", "value", "problem"]]
    assert found.to_numpy().tolist() == [[3, "NOPE", "not in customers"]]


def test_a_parent_table_without_its_key_blocks_itself_only(folder):
    book = open_workbook(folder(products="id,name\nP,p\n", projects="project_id,name,product_id,state,bac_k\n"
                                                                    "A,a,P,running,1\n"))
    assert list(book.blocked) == ["products"]


def test_without_a_readable_day_no_period_is_guessed(folder):
    evm = "project_id,month,pv_cum_k,ev_cum_k,ac_cum_k\nP,2026-09,1,1,1\n"
    book = open_workbook(folder(workbook="name,as_of\nA,03.04.2025\n", evm=evm))
    with pytest.raises(WorkbookError, match="table 'workbook' is blocked, so that no day is known. Pass as_of"):
        _ = book.period


def test_an_outcome_without_its_day_is_unknown_at_any_earlier_day(folder):
    text = ("project_id,quantity,made_on,p50,outcome,outcome_on\nP,cost_k,2024-01-01,1,2,\n"
            "Q,cost_k,2024-01-01,1,3,2024-02-01\n")
    book = open_workbook(folder(past_forecasts=text)).baseline("2024-03")
    assert book["past_forecasts"].set_index("project_id")["outcome"].dropna().to_dict() == {"Q": 3.0}


def test_a_new_delivery_alone_corrects_nothing(folder):
    from pmlib.baseline import late_corrections

    place = folder(workbook="name,as_of\nA,2025-11-30\n", customers="customer_id,first_month\nC1,2025-10\n")
    before = open_workbook(place).baseline("2025-11").marks()
    place = folder(workbook="name,as_of\nA,2025-12-31\n",
                   customers="customer_id,first_month\nC1,2025-10\nC2,2025-12\n")
    assert late_corrections(before, open_workbook(place).baseline("2025-11").marks()).summary() == ""


def test_two_columns_that_stand_for_one_are_refused(tmp_path):
    names = ["Project ID", "project-id", "name", "state", "bac_k"]
    pd.DataFrame([["A", "B", "n", "running", 1]], columns=names).to_parquet(tmp_path / "projects.parquet")
    why = open_workbook(tmp_path).blocked["projects"]
    assert "columns 'Project ID' and 'project-id' both stand for 'project_id'" in why


def test_a_doubtful_number_says_what_it_may_be_and_what_settles_it(folder):
    book = open_workbook(folder(
        projects="project_id;name;state;bac_k\nA;a;running;1.234\nB;b;running;5\nC;c;running;6\n"))
    finding = book.quarantine.to_frame().iloc[0]
    assert finding["value"] == "1.234 (1234 or 1.234?)"
    assert "decimal_mark in the table workbook" in finding["remedy"]


def test_a_file_with_several_sheets_and_none_of_the_tables_name_is_refused(tmp_path):
    with pd.ExcelWriter(tmp_path / "projects.xlsx") as writer:
        for name in ("A2025", "A2026"):
            pd.DataFrame({"project_id": ["P"], "name": "x", "state": "running", "bac_k": 1}).to_excel(
                writer, sheet_name=name, index=False)
    why = open_workbook(tmp_path).blocked["projects"]
    assert "the sheets A2025, A2026 are there, and none is named 'projects'" in why


def test_a_missing_number_of_a_program_is_an_empty_cell_in_both_ways_of_reading(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    orders = {"order_id": ["1", "2"], "date": ["2025-01-01"] * 2, "customer_id": ["C"] * 2, "product_id": ["P"] * 2,
              "units": [1.0, float("nan")], "list_price": [float("nan"), 1.0], "paid_price": [1.0, 1.0]}
    pq.write_table(pa.table(orders), tmp_path / "orders.parquet")
    projects = {"project_id": ["1", "2"], "name": ["a", "b"], "state": ["running"] * 2, "bac_k": [1.0, float("nan")],
                "spent_k": [float("nan"), 1.0]}
    pq.write_table(pa.table(projects), tmp_path / "projects.parquet")
    book = open_workbook(tmp_path)
    assert book.quarantine.to_frame()[["table", "row", "column", "problem"]].to_numpy().tolist() == [
        ["orders", 2, "units", "empty"], ["projects", 2, "bac_k", "empty"]]
    assert book["projects"]["spent_k"].tolist() == [0.0]
