"""Excel files made by hand: cells, parts of the archive, and files that only bear the name."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl

from .cases import Case, weighs
from .workbooks import put


def xlsx_bytes(rows: list[list[Any]], name: str = "weights") -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def changed_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


def spreadsheets() -> Iterator[Case]:
    head, sheet = ["objective_id", "weight"], "xl/worksheets/sheet1.xml"
    plain = xlsx_bytes([head, ["a", 1], ["b", 2]])

    def case(name: str, data: bytes, **expected: Any) -> Case:
        return Case(family="xlsx by hand", name=name, write=lambda place: put(place, {"b.xlsx": data}) / "b.xlsx",
                    **expected)

    for value in (
        "=1+1", '=HYPERLINK("x")', "=cmd|' /C calc'!A0", "#REF!", "#DIV/0!", "'1", "1,5,2", True, "1e400",
        dt.datetime(2025, 1, 2), dt.time(12), dt.timedelta(days=2), "x" * 32_767, "－1",
    ):
        yield case(f"{str(value)[:20]!r} as a number", xlsx_bytes([head, ["a", 1], ["x", value], ["b", 2], ["c", 3]]),
                   aside={"weights": {3}}, **weighs(1, 2, 3))
    far = b'<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData>'
    for name, old, new in (("a lying dimension", b'ref="A1:B3"', b'ref="A1:XFD1048576"'),
                           ("a far corner", b"</sheetData>", far)):
        yield case(name, changed_part(plain, sheet, lambda xml, old=old, new=new: xml.replace(old, new)),
                   **weighs(1, 2))
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 10_000 + b'">]>'

    def exploding(xml: bytes) -> bytes:
        return bomb + xml.rpartition(b"?>")[2].replace(b"</", b"&a;" * 2_000 + b"</", 1)

    for part, expected in (
        (sheet, {"blocked": {"weights": "."}}), ("xl/styles.xml", {"blocked": {"weights": "."}}),
        ("xl/workbook.xml", {"refused": "."}), ("xl/_rels/workbook.xml.rels", {"refused": "."}),
    ):
        yield case(f"a quadratic entity in {part}", changed_part(plain, part, exploding), **expected)

    def swollen(place: Path, parts: dict[str, bytes | int]) -> Path:
        path = put(place, {"b.xlsx": plain}) / "b.xlsx"
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
            for part, data in parts.items():
                new.writestr(part, bytes(data))
        return path

    for name, parts, expected in (
        ("many parts", {f"xl/x{at}.xml": b"<x/>" for at in range(2_001)}, {"refused": "too large|too many"}),
        ("a part of 400 MB", {"xl/x.bin": 400_000_000}, {"refused": "too large|too many"}),
        ("a part out of its place", {"../../x.xml": b"<x/>"}, weighs(1, 2)),
        ("itself inside", {"xl/inner.xlsx": plain}, weighs(1, 2)),
    ):
        yield Case(family="xlsx by hand", name=name, write=lambda place, parts=parts: swollen(place, parts), **expected)
    for name, data in (
        ("a password", bytes.fromhex("d0cf11e0a1b11ae1") + b"EncryptedPackage" * 99), ("HTML", b"<html><table>"),
        ("nothing", b""), ("text", b"objective_id,weight\n"),
    ):
        yield case(f"{name} named .xlsx", data, refused="password|no Excel file")
    yield Case(family="xlsx by hand", name="an old .xls", refused="old .xls",
               write=lambda place: put(place, {"b.xls": bytes.fromhex("d0cf11e0a1b11ae1") * 99}) / "b.xls")
    for name in ('weights"; DROP', "we'ights", "wéights", "Weights2"):
        yield case(f"a sheet named {name!r}", xlsx_bytes([head, ["a", 1]], name), refused="no known table")
    yield case("a sheet named ' Weights '", xlsx_bytes([head, ["a", 1]], " Weights "), **weighs(1))
    yield case("a title of 20,000 letters", xlsx_bytes([["x" * 20_000], [], head, ["a", 1]]), **weighs(1))
    yield case("no cells", xlsx_bytes([]), blocked={"weights": "no header row"})
