from __future__ import annotations

import base64
import html
import json
import os
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4, write

from pmlib.errors import ReportError
from pmlib.reporting.leaks import refuse_secrets, secrets_in
from pmlib.reporting.outputs.document import documents_can_be_written

WORD = "hunter2!x"
ODD = "p&<\"'@/ é!%z"


def found(folder: Path, **environment: str) -> list[tuple[str, str, str]]:
    return [(leak.variable, leak.file, leak.place) for leak in secrets_in(folder, environment)]


def shows(tmp_path: Path, text: str, **environment: str) -> bool:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    return bool(secrets_in(tmp_path, environment))


@pytest.mark.parametrize("name", [
    "DB_PASSWORD", "PGPASSWORD", "SMTP_PASSWD", "CLIENT_SECRET", "GITHUB_TOKEN", "MAX_TOKENS", "API_KEY", "ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY", "apiKey", "STRIPE_KEY_LIVE", "GOOGLE_CREDENTIALS", "PRIVATE", "BASIC_AUTH", "SENTRY_DSN",
    "MYSQL_PWD", "SMTP_PASS", "KEY",
])
def test_a_value_named_like_a_secret_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "page.html").write_text(f"one\ntwo {WORD}\n", encoding="utf-8")
    assert found(tmp_path, **{name: WORD}) == [(name, "page.html", "line 2")]


@pytest.mark.parametrize("name", ["KEYBOARD", "MONKEY", "AUTHOR", "PWD", "PASSAGE", "LANG", "TOKENIZERS_PARALLELISM"])
def test_a_name_that_only_sounds_alike_is_none(tmp_path: Path, name: str) -> None:
    assert not shows(tmp_path, WORD, **{name: WORD})


@pytest.mark.parametrize("value", ["", "true", "none", "a1b2c", "default", "password", "xxxxxxxx", "100000", os.sep])
def test_a_trivial_value_is_not_looked_for(tmp_path: Path, value: str) -> None:
    assert not shows(tmp_path, f"x {value} x", API_KEY=value)


def test_a_path_that_exists_is_not_looked_for(tmp_path: Path) -> None:
    assert not shows(tmp_path, str(tmp_path), SSH_AUTH_SOCK=str(tmp_path))


def test_a_number_is_a_secret_only_as_a_whole(tmp_path: Path) -> None:
    assert shows(tmp_path, "pin 84729163.", DB_PASSWORD="84729163")
    assert not shows(tmp_path, "0.84729163, 184729163, 84729163.5, 84729163,7", DB_PASSWORD="84729163")


@pytest.mark.parametrize(("address", "password"), [
    ("postgres://pmo:hunter2!x@server/portfolio", "hunter2!x"),
    ("postgres://pmo:p%40ss%2Fword@server/portfolio", "p@ss/word"),
    ("postgres://pmo:p%40ss%2Fword@server/portfolio", "p%40ss%2Fword"),
    ("postgres://pmo:p@ss/w?rd@server/portfolio", "p@ss/w?rd"),
    ("redis://:hunter2!x@server", "hunter2!x"),
    ("https://server/x?user=me&password=hunter2!x&n=1", "hunter2!x"),
    ("host=server password='hunter2!x' user=me", "hunter2!x"),
    ("Driver={x};UID=me;PWD=hunter2!x;", "hunter2!x"),
    ("a://u:first-one@h,b://v:second-one@h", "second-one"),
])
def test_the_password_of_an_address_is_a_secret_under_any_name(tmp_path: Path, address: str, password: str) -> None:
    assert shows(tmp_path, f"x {password} x", DATABASE_URL=address)
    assert not shows(tmp_path, "postgres server portfolio pmo", DATABASE_URL=address)


@pytest.mark.parametrize("address", ["postgres://postgres:postgres@localhost/x", "https://server:8080/a", "a://b:***@c"])
def test_an_address_without_a_password_worth_the_name_holds_none(tmp_path: Path, address: str) -> None:
    assert not shows(tmp_path, f"{address} postgres *** 8080", DATABASE_URL=address)


@pytest.mark.parametrize("written", [
    ODD, html.escape(ODD), html.escape(ODD, quote=False), html.escape(ODD).replace("&#x27;", "&#39;"),
    urllib.parse.quote(ODD), urllib.parse.quote(ODD, safe=""), urllib.parse.quote_plus(ODD), json.dumps(ODD),
    urllib.parse.quote(ODD, safe="").replace("%3C", "%3c").replace("%2F", "%2f").replace("%C3%A9", "%c3%a9"),
    json.dumps(ODD, ensure_ascii=False), json.dumps(html.escape(ODD)), json.dumps(json.dumps(ODD)),
    json.dumps(repr(ODD)), ODD.replace('"', '""'),
])
def test_an_escaped_secret_is_found(tmp_path: Path, written: str) -> None:
    # A case-folded form of "%22%27%26" has no letters to fold but these.
    assert shows(tmp_path, f"x{written}x", API_KEY=ODD), written


@given(secret=st.text(alphabet="abcXYZ0189!$%&/+-_é", min_size=6, max_size=24), before=st.binary(max_size=7),
       after=st.binary(max_size=7), web=st.booleans())
def test_base64_hides_no_secret_wherever_it_begins(
    tmp_path_factory: pytest.TempPathFactory, secret: str, before: bytes, after: bytes, web: bool
) -> None:
    folder = tmp_path_factory.mktemp("report", numbered=True)
    coded = (base64.urlsafe_b64encode if web else base64.b64encode)(before + secret.encode() + after)
    (folder / "page.html").write_bytes(b"<img src='data:image/png;base64," + coded + b"'>")
    sought = found(folder, API_KEY=f"{secret}#W")  # another value, of which there is no trace
    assert sought == []
    trivial = len(set(secret)) < 3 or (secret.endswith("000") and secret.isdecimal())
    assert bool(found(folder, API_KEY=secret)) is not trivial


def test_a_key_of_several_lines_is_found_by_any_of_them(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----"
    assert shows(tmp_path, "x AQEFAASCBKcwggSjAgEAAoIB x", SIGNING_KEY=key)
    assert not shows(tmp_path, "-----BEGIN PRIVATE KEY-----", SIGNING_KEY=key)


def test_an_executed_notebook_names_its_cell(tmp_path: Path) -> None:
    shown = v4.new_output("execute_result", data={"text/html": f"<p>{html.escape(ODD)}</p>"})
    cells = [v4.new_markdown_cell('"cell_type": one'), v4.new_code_cell("x", outputs=[shown])]
    write(v4.new_notebook(cells=cells), tmp_path / "10_one.ipynb")
    assert found(tmp_path, API_KEY=ODD) == [("API_KEY", "10_one.ipynb", "cell 2")]


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.binary()])
def test_a_column_of_parquet_is_read_and_not_only_its_bytes(
    tmp_path: Path, compression: str, kind: pa.DataType
) -> None:
    cells = pa.array([f"row {at} of many rows of words" for at in range(500)] + [WORD] * 2).cast(kind)
    pq.write_table(pa.table({"id": range(502), "note": cells}), tmp_path / "t.parquet", compression=compression)
    assert [one[:2] for one in found(tmp_path, API_KEY=WORD)] == [("API_KEY", "t.parquet")]


def test_nested_cells_names_of_columns_and_of_files_are_searched(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [[{"a": "x"}], [{"a": WORD}]]}), tmp_path / "nested.parquet")
    pq.write_table(pa.table({WORD: [1]}), tmp_path / "named.parquet")
    (tmp_path / f"{WORD}.csv").write_text("a\n", encoding="utf-8")
    assert {file for _, file, _ in found(tmp_path, API_KEY=WORD)} == {"nested.parquet", "named.parquet", f"{WORD}.csv"}
    # As the tables of a report are written.
    pd.DataFrame({"note": ["a", WORD]}).to_parquet(tmp_path / "nested.parquet")
    assert ("API_KEY", "nested.parquet", "column 'note'") in found(tmp_path, API_KEY=WORD)


def test_a_sheet_is_unpacked(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["B7"] = f"note {ODD}"
    book.save(tmp_path / "report.xlsx")
    ((_, file, place),) = found(tmp_path, API_KEY=ODD)
    assert file == "report.xlsx"
    assert place.startswith("xl/")
    assert f"note {ODD}".encode() not in (tmp_path / "report.xlsx").read_bytes()


def test_the_words_of_a_pdf_are_read(tmp_path: Path) -> None:
    if not documents_can_be_written():
        pytest.skip("WeasyPrint is not installed")
    import weasyprint

    page = f"<title>Report</title><p>office hours of {html.escape(ODD)}<b> and {WORD}</b>"
    (tmp_path / "report.pdf").write_bytes(weasyprint.HTML(string=page).write_pdf())
    assert [place for _, _, place in found(tmp_path, API_KEY=ODD)] == ["the words of stream 1"]
    assert found(tmp_path, API_KEY=WORD)
    assert not found(tmp_path, API_KEY="office hours of another")


@pytest.mark.parametrize("name", ["t.parquet", "t.xlsx"])
def test_what_cannot_be_searched_is_not_published(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1 broken")
    with pytest.raises(ReportError, match=rf"{name}: cannot be searched for secrets .* Render the report again"):
        refuse_secrets(tmp_path, {"API_KEY": WORD})


def test_the_refusal_names_variable_file_and_place_and_never_the_value(tmp_path: Path) -> None:
    for at in range(7):
        (tmp_path / f"{at}.csv").write_text(f"a\n{WORD}\n", encoding="utf-8")
    with pytest.raises(ReportError, match="0.csv, line 2: the value of API_KEY; .*; and 2 more") as refused:
        refuse_secrets(tmp_path, {"API_KEY": WORD})
    assert WORD not in str(refused.value)
    assert WORD not in "".join(map(repr, secrets_in(tmp_path, {"API_KEY": WORD})))
    assert refuse_secrets(tmp_path, {"API_KEY": "another one"}) is None


def test_a_month_of_reports_is_searched_in_less_than_a_third_of_a_second(
    tmp_path: Path, benchmarked: Callable[[Callable[[], object]], float]
) -> None:
    picture = base64.b64encode(os.urandom(1_000_000))
    rows = b'<tr><td class="n">1,234</td><td>Project 7 keeps its value</td></tr>\n' * 9_000
    for at in range(5):
        (tmp_path / f"{at}.html").write_bytes(picture + rows)
    frame = pd.DataFrame({"note": [f"note {at}" for at in range(100_000)], "value": range(100_000)})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv")
    environment = {f"TOKEN_{at}": f"{at}ghp-aZ9&{at}kQ<x" for at in range(5)}
    assert found(tmp_path, **environment) == []
    assert benchmarked(lambda: secrets_in(tmp_path, environment)) < 0.3


@pytest.fixture
def benchmarked() -> Callable[[Callable[[], object]], float]:
    def seconds(work: Callable[[], object]) -> float:
        best = float("inf")
        for _ in range(5):
            started = time.process_time()
            work()
            best = min(best, time.process_time() - started)
        return best

    return seconds
