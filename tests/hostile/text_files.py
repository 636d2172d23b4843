"""Text files: encodings, headers, ids that look alike, and tables that make no sense."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .cases import Case, weighs
from .workbooks import CLEAN, CLEAN_WEIGHTS, INTO, Rows, csv_text, folder, into_parquet


def programmes(name: str) -> str:
    return f"programme_id,name\nG1,{name}\nG2,plain\n"


def encodings() -> Iterator[Case]:
    def case(name: str, data: bytes, **expected: Any) -> Case:
        return Case(family="wrong encoding", name=name, write=folder(programmes=data), **expected)

    text = programmes("Zürich – “west” €")
    for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield case(code, text.encode(code), blocked={"programmes": "UTF-16|UTF-32|null byte"})
    yield case("cp1252", text.encode("cp1252"), tables={"programmes": {"name": ["Zürich – “west” €", "plain"]}})
    yield case("UTF-8 with two marks", codecs.BOM_UTF8 * 2 + text.encode(),
               tables={"programmes": {"programme_id": ["G1", "G2"], "name": ["Zürich – “west” €", "plain"]}})
    for code, name in (("shift-jis", "東京プロジェクト、改善"), ("cp932", "計画、予算")):
        yield case(code, programmes(name).encode(code), blocked={"programmes": "neither UTF-8 nor cp1252"})
    for code, name in (("euc-jp", "東京ルート計画"), ("cp1251", "Рост"), ("gb18030", "北京项目计划合同")):
        data = programmes(name).encode(code)
        # Nothing tells them from cp1252: the names are spelled oddly, and every other cell is right.
        yield case(code, data, tables={"programmes": {"programme_id": ["G1", "G2"],
                                                      "name": [name.encode(code).decode("cp1252"), "plain"]}})
    mixed = "programme_id,name\nG1,Zürich\nG2,".encode() + "Köln".encode("cp1252") + "\nG3,Łódź\n".encode()
    yield case("mixed in one file", mixed, blocked={"programmes": "row 3.*UTF-8"})
    yield case("a character torn at the end", programmes("Łódź").encode() + "G3,Łódź".encode()[:-1],
               blocked={"programmes": "row 4.*UTF-8"})
    yield case("EBCDIC", programmes("x").encode("cp500"), blocked={"programmes": "."})
    yield Case(family="wrong encoding", name="views.sql in UTF-16", refused="UTF-16",
               write=folder({"views.sql": "CREATE VIEW projects AS SELECT 1".encode("utf-16")}, programmes=text))


def headers() -> Iterator[Case]:
    def case(name: str, header: str, row: str = "a,1", **expected: Any) -> Case:
        return Case(family="odd headers", name=name, write=folder(weights=f"{header}\n{row}\n"), **expected)

    right = {"tables": {"weights": {"objective_id": ["a"], "weight": [1.0]}}}
    for name, header in (
        ("by case and blanks", " Objective ID ,WEIGHT"), ("with hyphens", "objective-id,Weight"),
        ("quoted", '"objective_id","weight"'), ("with a mark inside quotes", '"\ufeffobjective_id",weight'),
        ("behind sep=,", "sep=,\nobjective_id,weight"), ("behind blank lines", "\n\n,,\nobjective_id,weight"),
        ("with a non-breaking blank", "objective\u00a0id,weight\u00a0"),
    ):
        yield case(name, header, **right)
    yield Case(family="odd headers", name="with CR only", write=folder(weights="objective_id,weight\ra,1\r"), **right)
    for name, header, row, why in (
        ("twice the same", "objective_id,weight,weight", "a,1,2", "stands twice"),
        ("twice but for case", "objective_id,weight,Weight", "a,1,2", "stands twice"),
        ("twice once normalised", "objective id,objective-id,weight", "a,b,1", "stands twice"),
        ("full-width letters", "ｏbjective_id,weight", "a,1", "required column is missing"),
        ("Cyrillic letters", "оbjective_id,weight", "a,1", "required column is missing"),
        ("zero width inside", "objective\u200b_id,weight", "a,1", "required column is missing"),
        ("nameless with values", "objective_id,,weight", "a,x,1", "header cell 2 is empty"),
        ("nothing but commas", ",,", ",,", "no header row"), ("no header", "a,1", "b,2", "required column"),
        ("a null byte", "objective_id\0,weight", "a,1", "null byte"),
        ("a formula", "=A1,weight", "a,1", "required column"),
        ("a million columns", "objective_id,weight" + ",x" * 1_000_000, "a,1", "1,000,002 columns"),
        ("an open quote", '"objective_id,weight', "a,1", "quote|required|header"),
        ("injection", 'objective_id"; DROP TABLE weights; --,weight', "a,1", "required column is missing"),
        ("a header of 2 MB", "objective_id," + "w" * 2_000_000, "a,1", "header|required|longer|read"),
    ):
        yield case(name, header, row, blocked={"weights": why})
    yield case("9,000 unknown columns", "objective_id,weight," + ",".join(f"weigh{at}" for at in range(9_000)),
               "a,1" + ",2" * 9_000, note="8,950 more columns", **right)
    yield case("the name kept for rows", "objective_id,weight,row of the file", "a,1,x", **right)
    yield case("header only", "objective_id,weight", "", note="counted as absent")
    reserved = [{**row, "row of the file": "x"} for row in CLEAN["orders"]]
    units = [float(row["units"]) for row in sorted(CLEAN["orders"], key=lambda row: row["order_id"])]
    small = [{**row, "row of the file": "x", "weight": text}
             for row, text in zip(CLEAN["weights"], ("1", "2", "x", "4"), strict=True)]
    for kind, first in (("CSV", 2), ("Parquet", 1), ("SQLite", 1), ("DuckDB", 1)):
        expected = ({"blocked": dict.fromkeys(("orders", "weights"), "a name that is kept")} if kind == "SQLite"
                    else {"tables": {"orders": {"units": units}, "weights": {"weight": [1, 2, 4]}},
                          "aside": {"weights": {first + 2}}})
        yield Case(family="odd headers", name=f"the name kept for rows, {kind}", **expected,
                   write=lambda place, kind=kind: INTO[kind](place, {"orders": reserved, "weights": small}))

    def twice(place: Path) -> Path:
        table = pa.table([["a"], [1], [2]], names=["objective_id", "weight", "weight"])
        pq.write_table(table, place / "weights.parquet")
        return place

    yield Case(family="odd headers", name="Parquet, twice the same", blocked={"weights": "weights.parquet.*weight"},
               write=twice)


def look_alikes() -> Iterator[Case]:
    for name, text in (
        ("Cyrillic", "Р1"), ("Greek", "Ρ1"), ("full width", "Ｐ１"), ("zero width inside", "P\u200b1"),
        ("right to left", "P\u200f1"), ("a soft hyphen", "P\u00ad1"), ("small letters", "p1"),
        ("a leading zero", "P01"), ("a blank inside", "P 1"),
    ):
        yield Case(family="look-alike ids", name=name, aside={"scores": {3}}, tables={"scores": {"raw_level": [1, 3]}},
                   write=folder(projects=CLEAN["projects"], objectives=CLEAN["objectives"],
                                scores=f"project_id,objective_id,raw_level\nP1,speed,1\n{text},speed,2\nP2,speed,3\n"))
    for name, text in (("a mark before", "\ufeffP1"), ("blanks around", " P1\u00a0"), ("a tab behind", "P1\t")):
        yield Case(family="look-alike ids", name=name, tables={"scores": {"project_id": ["P1", "P2"]}},
                   write=folder(projects=CLEAN["projects"],
                                scores=f'project_id,objective_id,raw_level\n"{text}",a,1\nP2,a,3\n'))
    yield Case(family="look-alike ids", name="composed and decomposed are one key", aside={"programmes": {2, 3}},
               tables={"programmes": {"programme_id": ["a", "b", "c"]}},
               write=folder(programmes="programme_id,name\né,1\ne\u0301,2\na,3\nb,4\nc,5\n"))
    two = [{"programme_id": "é", "name": "1"}, {"programme_id": "e\u0301", "name": "2"}]
    yield Case(family="look-alike ids", name="composed, decomposed in Parquet",
               tables={"programmes": {"name": ["1", "2"]}},
               write=lambda place: into_parquet(place, {"programmes": two}))


def whole_tables() -> Iterator[Case]:
    def case(name: str, expected: dict[str, Any], **tables: str | Rows) -> Case:
        return Case(family="tables that make no sense", name=name, write=folder(**tables), **expected)

    yield case("two rows about the workbook", {"blocked": {"workbook": "more than one row"}}, workbook="name\na\nb\n")
    yield case("a day in the year 1", CLEAN_WEIGHTS, workbook="name,as_of\na,0001-01-01\n", weights=CLEAN["weights"])
    yield case("a day in the year 9999", CLEAN_WEIGHTS, workbook="name,as_of\na,9999-12-31\n", weights=CLEAN["weights"])
    yield case("a currency of nowhere", {"tables": {"workbook": {"currency": ["'; DROP"]}}},
               workbook="name,currency\na,'; DROP\n")
    yield case("parents in a ring", {"tables": {"objectives": {"parent": ["b", "c", "a", "d"]}}},
               objectives="objective_id,name,parent\na,a,b\nb,b,c\nc,c,a\nd,d,d\n")
    yield case("the same key in different rows", {"aside": {"weights": {2, 3}}, **weighs(3, 4, 5)},
               weights="objective_id,weight\na,1\na,2\nb,3\nc,4\nd,5\n")
    yield case("50,000 bad cells", {"blocked": {"weights": "50,000 of 50,000 rows"}},
               weights="objective_id,weight,valid_from\n" + "".join(f"o{at},x{at},y{at}\n" for at in range(50_000)))
    yield case("50,000 bad cells of a large table", {"blocked": {"orders": "50,000 of 50,000 rows"}},
               orders="order_id,date,customer_id,product_id,units,paid_price\n" + "d,x,c,p,u,v\n" * 50_000)
    yield case("50,000 ragged rows", {"blocked": {"weights": "50,000 of 50,001 rows"}},
               weights="objective_id,weight\na,1\n" + "b,2,3\n" * 50_000)
    long = [f"o{at},{'x' * 900_000}" for at in range(20)] + [f"p{at},1" for at in range(30)]
    yield case("20 cells of 900 KB", {"aside": {"weights": set(range(2, 22))}, **weighs(*[1] * 30)},
               weights="\n".join(["objective_id,weight", *long, ""]))
    yield case("a cell of 10 MB", {"blocked": {"weights": "10.0 MB"}},
               weights=f"objective_id,weight\na,{'1' * 10_000_000}\n")
    yield case("keys of 900 KB unknown to their table", {"blocked": {"scores": "not in projects"}},
               projects=CLEAN["projects"],
               scores="project_id,objective_id,raw_level\n" + "".join(f"{'P' * 900_000}{at},o,1\n" for at in range(5)))
    yield case("sums beyond all numbers",
               {"aside": {"projects": {5}}, "tables": {"projects": {"bac_k": [1e308, 1e308, 1e308]}}},
               projects="project_id,name,state,bac_k\na,a,held,1e308\nb,b,held,1e308\nc,c,held,1e308\nd,d,x,1e308\n")
    yield case("products beyond all numbers",
               {"aside": {"orders": {3}}, "tables": {"orders": {"units": [1e200, 1e200]}}},
               orders="order_id,date,customer_id,product_id,units,paid_price\n1,2025-01-01,c,p,1e200,1e200\n"
               "2,2025-01-01,c,p,x,1e200\n3,2025-01-01,c,p,1e200,1e200\n")
    lines = csv_text(CLEAN["weights"]).splitlines()
    for name, ends in (("CR", ["\r"] * 5), ("CRLF", ["\r\n"] * 5), ("mixed", ["\r", "\r\n", "\n", "\r", "\r\n"])):
        yield case(f"line ends {name}", CLEAN_WEIGHTS,
                   weights="".join(line + end for line, end in zip(lines, ends, strict=True)))
    for first, second, expected in (
        ("1.234", "5,5", weighs(1234, 5.5, 7, 8, 9)),
        ("1.234", "2.345", {"aside": {"weights": {2, 3}}, **weighs(7, 8, 9)}),
    ):
        yield case(f"{first};{second} in one column", expected,
                   weights=f"objective_id;weight\na;{first}\nb;{second}\nc;7\nd;8\ne;9\n")
    yield case("the year 0", {"aside": {"weights": {2}, "products": {2}}, **weighs(2, 3)},
               weights="objective_id,weight,valid_from\na,1,0000-01-01\nb,2,2025-01-01\nc,3,2025-01-01\n",
               products="product_id,name,launch_month\na,a,0000-01\nb,b,2025-01\nc,c,2025-01\n")
    yield case("3 April or 4 March", {"aside": {"weights": {2}}, **weighs(2, 3)},
               weights="objective_id,weight,valid_from\na,1,03.04.2025\nb,2,2025-01-01\nc,3,2025-01-01\n")
