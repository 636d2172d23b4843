"""The same tables give the same numbers from every place they can lie in."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sqlite3
import subprocess
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def postgres(tmp_path):
    """Start Debian's server on a free loopback port; install it first where that is allowed."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "postgresql"], check=False, capture_output=True)
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed and cannot be")
    home, port = tmp_path / "server", free_port()
    home.mkdir()
    # The server refuses to run as root.
    account = {"user": "postgres"} if Path("/root").owner() == Path.home().owner() == "root" else {}
    if account:
        shutil.chown(home, "postgres")
        for folder in (tmp_path, *tmp_path.parents):
            if str(folder).startswith("/tmp/"):
                folder.chmod(0o755)

    def run(*words: str) -> None:
        subprocess.run([str(binaries[-1] / words[0]), *words[1:]], check=True, capture_output=True, **account)

    run("initdb", "-D", str(home / "data"), "-A", "trust", "-U", "pmo")
    run("pg_ctl", "-D", str(home / "data"), "-w", "-l", str(home / "log"), "-o",
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}", "start")
    yield f"postgres://pmo:secret@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-D", str(home / "data"), "-m", "immediate", "stop")


@pytest.mark.engines
def test_postgresql_gives_the_same_tables_and_the_same_answers(postgres, tables, expected):
    remote = ibis.connect(postgres)
    for name, frame in tables.items():
        remote.create_table(name, frame)
    remote.disconnect()
    book = open_workbook(postgres)
    assert book.source == postgres.replace("secret", "***")
    assert book.fingerprints == open_workbook(postgres).fingerprints
    assert_same(answers(book), expected)
