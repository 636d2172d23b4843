"""Pipes, links, devices, files of another kind and odd names, and addresses that lead nowhere."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .cases import Case
from .workbooks import CLEAN, CLEAN_WEIGHTS, csv_text, into_csv, into_parquet


def files_of_odd_kinds() -> Iterator[Case]:
    family = "odd files"

    def beside(name: str, make: Callable[[Path], Any], **expected: Any) -> Case:
        def write(place: Path) -> Path:
            into_csv(place, {"weights": CLEAN["weights"]})
            make(place)
            return place

        return Case(family=family, name=name, write=write, **{**CLEAN_WEIGHTS, **expected})

    def listen(place: Path) -> None:
        with contextlib.chdir(place), socket.socket(socket.AF_UNIX) as bound:
            bound.bind("orders.csv")

    unread = "orders.csv is no file and stays unread"
    yield beside("a folder named projects.csv", lambda at: (at / "projects.csv").mkdir(),
                 note="projects.csv is no file")
    yield beside("a pipe", lambda at: os.mkfifo(at / "orders.csv"), note=unread)
    yield beside("a socket", listen, note=unread)
    yield beside("a link to nowhere", lambda at: (at / "orders.csv").symlink_to(at / "gone"), note=unread)
    yield beside("a link to itself", lambda at: (at / "orders.csv").symlink_to(at / "orders.csv"), note=unread)
    yield beside("a link to /dev/zero", lambda at: (at / "orders.csv").symlink_to("/dev/zero"), note=unread)
    yield beside("an endless Parquet device", lambda at: (at / "orders.parquet").symlink_to("/dev/urandom"),
                 note="orders.parquet is no file")
    yield beside("an empty file", lambda at: (at / "orders.csv").touch(), blocked={"orders": "no header row"})
    yield beside("an empty Parquet file", lambda at: (at / "orders.parquet").touch(),
                 blocked={"orders": "orders.parquet"})
    yield beside("an empty xlsx file", lambda at: (at / "orders.xlsx").touch(), blocked={"orders": "no Excel file"})
    yield beside("two files of one table", lambda at: (at / "WEIGHTS.parquet").touch(), refused="both stand for")
    yield beside("a pipe named views.sql", lambda at: os.mkfifo(at / "views.sql"), refused="views.sql.*no file")
    yield beside("a folder named views.sql", lambda at: (at / "views.sql").mkdir(), refused="views.sql.*no file")
    for name, content in (
        ("a PDF", b"%PDF-1.7"), ("gzip", b"\x1f\x8b\x08"), ("a zip file", b"PK\x03\x04abc"),
        ("an old Excel file", bytes.fromhex("d0cf11e0a1b11ae1")), ("Parquet", b"PAR1"),
        ("an ELF program", b"\x7fELF\x02\x01\x01\0\0"), ("zeros", b"\0" * 100_000),
    ):
        yield beside(f"{name} named orders.csv", lambda at, content=content: (at / "orders.csv").write_bytes(content),
                     blocked={"orders": "orders.csv"})

    def written(place: Path, text: str) -> str:
        if text == "pipe":
            os.mkfifo(place / "pipe")
        return text if text.startswith("/") else str(place / text)

    for name, text in (
        ("a pipe", "pipe"), ("a device", "/dev/zero"), ("too long a name", "x" * 5000), ("a null byte", "a\0b"),
        ("a lone surrogate", "\udcff"), ("nothing there", "no/such/../place"),
    ):
        yield Case(family=family, name=f"{name} as the workbook", write=lambda place, text=text: written(place, text),
                   refused="no file|not there|cannot be read|neither")
    for name in ('it\'s 50% "off".d', "a [1]* ?{x}", "line\nbreak", "🙈 é", "$(id);--", "-rf", "%s{0}", "a=b&c#d"):
        yield Case(family="odd names", name=repr(name), write=lambda place, name=name: named(place / name),
                   tables={**CLEAN_WEIGHTS["tables"], "customers": {"customer_id": [f"C{at}" for at in range(5)]}})
    for name in ('weights"; DROP TABLE x; --.csv', "wei\nghts.csv", "\x1b[2J.csv", "weights .csv", "we%69ghts.parquet"):
        yield beside(f"a file {name!r}", lambda at, name=name: (at / name).write_text("a\n1\n"),
                     note="not a known table")


def named(place: Path) -> Path:
    place.mkdir()
    into_parquet(place, {"customers": CLEAN["customers"]})
    (place / "w.csv").write_text(csv_text(CLEAN["weights"]))
    (place / "views.sql").write_text("CREATE VIEW weights AS SELECT * FROM 'w.csv'")
    return place


def addresses() -> Iterator[Case]:
    for url in (
        "postgres://[bad/x", "://", "file:///etc/passwd", "nosuch://x", "http://[::1/", "duckdb://\0",
        "duckdb:///dev/zero", "sqlite:///no/such", "sqlite:///etc/passwd", "duckdb:///etc/passwd", "a\nb://c",
        "postgres://u:geheim@[::1/x", "csv:///etc/passwd", "postgres://u:geheim@h:99999999/x",
    ):
        yield Case(family="addresses", name=repr(url), write=lambda place, url=url: url, refused="^(?!.*geheim)")
