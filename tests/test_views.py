from __future__ import annotations

import re

import pandas as pd
import pytest

from pmlib.errors import WorkbookError
from pmlib.workbook import open_workbook

RAW = "id,title,cost,when\n007,one,1.5,2025-01-02\n12,two,2,2025-01-03\n"
VIEW = ("CREATE VIEW projects AS SELECT id AS project_id, title AS name, 'running' AS state, cost * 1000 AS bac_k "
        "FROM 'raw/projects.csv'")


def test_a_view_maps_foreign_columns_and_units(folder):
    book = open_workbook(folder({"raw/projects.csv": RAW, "views.sql": VIEW + ";"}))
    assert book["projects"]["project_id"].tolist() == ["007", "12"]
    assert book["projects"]["bac_k"].tolist() == [1500.0, 2000.0]


def test_a_view_reads_its_files_from_its_own_folder_whatever_the_working_directory(folder, tmp_path, monkeypatch):
    path = folder({"raw/projects.csv": RAW, "views.sql": VIEW})
    (tmp_path / "elsewhere" / "raw").mkdir(parents=True)
    (tmp_path / "elsewhere" / "raw" / "projects.csv").write_text("id,title,cost\n99,wrong,1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert open_workbook(path)["projects"]["project_id"].tolist() == ["007", "12"]


def test_a_view_wins_over_a_file_of_the_same_name_which_is_read_only_through_it(folder):
    path = folder({"projects.csv": RAW, "views.sql": VIEW.replace("raw/", "")})
    assert open_workbook(path)["projects"]["bac_k"].tolist() == [1500.0, 2000.0]


def test_ids_that_look_like_numbers_keep_their_zeros_and_whole_numbers_no_point(folder):
    raw = "id,cost\n1,1.0\n2,2.5\n"
    sql = "CREATE VIEW programmes AS SELECT id AS programme_id, cost AS name FROM 'r.csv'"
    book = open_workbook(folder({"r.csv": raw, "views.sql": sql}))
    assert book["programmes"]["programme_id"].tolist() == ["1", "2"]
    assert book["programmes"]["name"].tolist() == ["1", "2.5"]


def test_another_dialect_is_declared_not_guessed(folder):
    sql = ("CREATE VIEW projects AS SELECT id AS project_id, id AS name, 'held' AS state, cost + 1 AS bac_k "
           "FROM read_csv('r.csv', delim=';', decimal_separator=',')")
    book = open_workbook(folder({"r.csv": "id;cost\na;1,5\nb;2\n", "views.sql": sql}))
    assert book["projects"]["bac_k"].tolist() == [2.5, 3.0]


def test_views_may_build_on_views_join_files_and_read_parquet(folder):
    path = folder({"a.csv": "id,v\nx,1\ny,2\n", "views.sql":
                   "-- first a helper\nCREATE VIEW both AS SELECT a.id, a.v, b.w FROM 'a.csv' AS a JOIN "
                   "read_parquet('b.parquet') b USING (id);\n\n"
                   "CREATE VIEW programmes AS WITH q AS (SELECT * FROM both) SELECT id AS programme_id, "
                   "CAST(v + w AS TEXT) AS name FROM q;"})
    pd.DataFrame({"id": ["x", "y"], "w": [10, 20]}).to_parquet(path / "b.parquet")
    assert open_workbook(path)["programmes"]["name"].tolist() == ["11", "22"]


def test_a_large_table_may_be_a_view(folder):
    sql = ("CREATE VIEW orders AS SELECT n AS order_id, day AS date, 'c' AS customer_id, 'p' AS product_id, "
           "1 AS units, price AS paid_price FROM 'o.csv'")
    book = open_workbook(folder({"o.csv": "n,day,price\n1,2025-01-02,3\n2,2025-13-02,4\n3,2025-01-05,5\n",
                                 "views.sql": sql}))
    assert book["orders"].paid_price.sum().execute() == 8.0
    assert book.quarantine.to_frame()["row"].tolist() == [2]


OUTSIDE = "CREATE VIEW projects AS SELECT * FROM {}"


@pytest.mark.parametrize(("sql", "message"), [
    ("COPY projects TO 'out.csv'", "line 1: got .*Only CREATE VIEW"),
    ("ATTACH 'other.db'", "line 1: got .*Only CREATE VIEW"),
    ("INSTALL httpfs", "line 1: got .*Only CREATE VIEW"),
    ("SET enable_external_access=true", "line 1: got .*Only CREATE VIEW"),
    ("\n\nDROP TABLE x", "line 3: got .*Only CREATE VIEW"),
    ("CREATE TABLE projects AS SELECT 1", "Only CREATE VIEW"),
    ("SELECT 1", "Only CREATE VIEW"),
    (OUTSIDE.format("'../secret.csv'"), r"line 1: file '\.\./secret\.csv' lies outside the folder"),
    (OUTSIDE.format("'/etc/passwd'"), "lies outside the folder"),
    (OUTSIDE.format("read_csv('raw/../../secret.csv')"), "lies outside the folder"),
    (OUTSIDE.format("read_text('raw/projects.csv')"), "allowed read_csv"),
    (OUTSIDE.format("glob('*')"), "allowed read_csv"),
    (OUTSIDE.format("sqlite_scan('x.db', 't')"), "allowed read_csv"),
    (OUTSIDE.format("'nothere.csv'"), "file 'nothere.csv' is not there"),
    (OUTSIDE.format("'raw/*.csv'"), "is not there"),
    (OUTSIDE.format("'https" + "://example.org/x.csv'"), "an address"),
    (OUTSIDE.format("read_csv('raw/projects.csv', auto_detect=true)"), "read_csv option 'auto_detect'"),
    (OUTSIDE.format("(SELECT * FROM read_text('/etc/passwd'))"), "allowed read_csv"),
    (OUTSIDE.format("other.main.t"), "another database"),
    ("CREATE VIEW projects AS SELECT nothing FROM 'raw/projects.csv'", "line 1: view 'projects' fails: .*nothing"),
    ("CREATE VIEW projects AS SELEC 1", "line 1: .*Only CREATE VIEW"),
    ("CREATE VIEW projects AS SELECT (1", "line 1: cannot be read as SQL"),
    (VIEW + ";\n" + VIEW, "line 2: view 'projects' is made twice"),
])
def test_anything_but_a_view_below_the_folder_is_refused_with_its_line(folder, sql, message):
    path = folder({"raw/projects.csv": RAW, "views.sql": sql})
    (path.parent / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(WorkbookError, match=message):
        open_workbook(path)
    assert not list(path.glob("out*"))


def test_a_symbolic_link_out_of_the_folder_is_refused(folder):
    path = folder({"raw/projects.csv": RAW, "views.sql": OUTSIDE.format("'link.csv'")})
    (path.parent / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    try:
        (path / "link.csv").symlink_to(path.parent / "secret.csv")
    except OSError:
        pytest.skip("no right to make symbolic links here")
    with pytest.raises(WorkbookError, match="lies outside the folder"):
        open_workbook(path)


@pytest.mark.parametrize(("cells", "texts"), [
    (["E1", "E2"], ["E1", "E2"]), (["1E5", "2E5"], ["1E5", "2E5"]), (["007", "12"], ["007", "12"]),
    (["-", "5"], ["-", "5"]), (["1", "2"], ["1", "2"]),
])
def test_what_looks_like_an_id_stays_the_id_it_is(folder, cells, texts):
    raw = "id,v\n" + "\n".join(f"{cell},1" for cell in cells) + "\n"
    sql = "CREATE VIEW programmes AS SELECT id AS programme_id, id AS name FROM 'r.csv'"
    assert open_workbook(folder({"r.csv": raw, "views.sql": sql}))["programmes"]["name"].tolist() == texts


def test_all_varchar_keeps_text_that_parses_as_numbers(folder):
    sql = ("CREATE VIEW programmes AS SELECT id AS programme_id, id AS name FROM "
           "read_csv('r.csv', all_varchar=true)")
    book = open_workbook(folder({"r.csv": "id\n1.10\n1.1\n", "views.sql": sql}))
    assert book["programmes"]["name"].tolist() == ["1.10", "1.1"]


def test_a_point_among_decimal_commas_is_refused_and_not_taken_for_a_decimal_point(folder):
    sql = ("CREATE VIEW budgets AS SELECT 2026 + row_number() OVER () AS year, a AS opex_k "
           "FROM read_csv('r.csv', delim=';', decimal_separator=',')")
    for amounts in ("1.234;x\n12,5;x", "1.234;x\n2.500;x"):
        with pytest.raises(WorkbookError, match="column 'a' holds thousands separators beside decimal_separator=','"):
            open_workbook(folder({"r.csv": f"a;b\n{amounts}\n", "views.sql": sql}))


def test_a_sample_or_pivot_behind_a_file_is_kept(folder):
    sql = ("CREATE VIEW programmes AS SELECT DISTINCT k AS programme_id, CAST(total AS TEXT) AS name "
           "FROM (SELECT k, a + b AS total FROM 'r.csv' PIVOT (sum(v) FOR q IN ('a', 'b') GROUP BY k))")
    raw = "k,q,v\nx,a,1\nx,b,2\nx,a,4\n"
    assert open_workbook(folder({"r.csv": raw, "views.sql": sql}))["programmes"]["name"].tolist() in (["7"], ["7.0"])


def test_a_name_defined_in_the_query_wins_over_a_file(folder):
    sql = ("CREATE VIEW programmes AS WITH \"r.csv\" AS (SELECT 'q' AS a) "
           'SELECT a AS programme_id, a AS name FROM "r.csv"')
    assert open_workbook(folder({"r.csv": "a\nfile\n", "views.sql": sql}))["programmes"]["name"].tolist() == ["q"]


def test_a_view_that_fails_on_its_rows_blocks_its_table_with_the_reason(folder):
    sql = ("CREATE VIEW projects AS SELECT id AS project_id, id AS name, 'held' AS state, CAST(v AS INTEGER) AS bac_k "
           "FROM 'r.csv'; CREATE VIEW orders AS SELECT CAST(v AS INTEGER) AS order_id, DATE '2025-01-02' AS date, "
           "'c' AS customer_id, 'p' AS product_id, 1 AS units, 1 AS paid_price FROM 'r.csv'")
    book = open_workbook(folder({"r.csv": "id,v\na,1\nb,x\n", "views.sql": sql}))
    assert "cannot be read" in book.blocked["projects"]
    assert "cannot be read" in book.blocked["orders"]


def test_views_in_cp1252_and_with_a_tab_as_delimiter_are_read(folder):
    sql = "CREATE VIEW programmes AS SELECT a AS programme_id, 'été' AS name FROM read_csv('r.csv', delim='\\t')"
    path = folder({"r.csv": "a\tb\nx\ty\n", "views.sql": sql.encode("cp1252")})
    assert open_workbook(path)["programmes"]["name"].tolist() == ["été"]


@pytest.mark.parametrize(("option", "message"), [
    ("delim='||'", "option delim: got '||', allowed one character"),
    ("skip='x'", "option skip: got 'x', allowed a whole"),
    ("header=false", "option 'header', allowed"),
])
def test_an_option_it_cannot_keep_is_refused_with_the_line(folder, option, message):
    sql = f"CREATE VIEW programmes AS SELECT a AS programme_id FROM read_csv('r.csv', {option})"
    with pytest.raises(WorkbookError, match=re.escape(f"line 1: read_csv {message}")):
        open_workbook(folder({"r.csv": "a\n1\n", "views.sql": sql}))
