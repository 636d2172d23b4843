"""Write the data dictionary from the schema: ``python -m pmlib.schema.dictionary data/README.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from pmlib.schema import FORMAT, TABLES
from pmlib.schema.definition import Column, Table

_HEAD = f"""# Data dictionary

Made from the schema (format {FORMAT}) by `python -m pmlib.schema.dictionary data/README.md`; a test keeps it so.

A workbook is a folder with one file per table (`NAME.csv`, `NAME.parquet`, `NAME.xlsx`), an .xlsx file with one sheet
per table, a DuckDB or SQLite file, or a database address. No table is required by the workbook: each notebook names
those it needs. In the `views.sql` of a folder, foreign files are mapped to these columns. Money columns end in `_k`:
thousands of the workbook's one currency. Months are `YYYY-MM`, dates `YYYY-MM-DD`, ids text, shares 0 to 1;
spreadsheets and CSV may write them as offices do (`31.12.2025`, `1.234,5`, `45 %`) where that can mean one thing only.
A column in **bold** is required; another may be absent, and its empty cells take the default. `scores` may also come
as a matrix: one row per project (and assessor), one column per criterion, headed by its id or name.

`quillmark/` holds the sample company, which is fictitious: every number in it is made, its surveys too, and so are the
defects in it. `cases/` holds real data, tables from the literature and
two made-up exports of other tools; its READMEs say which, whose and under which licence.
"""


def dictionary() -> str:
    """Return the data dictionary as Markdown, one section per table."""
    return "\n".join([_HEAD, *(_section(table) for table in TABLES.values())])


def _section(table: Table) -> str:
    lines = [f"## {table.name}", "", f"{table.meaning}. Key: {', '.join(f'`{name}`' for name in table.key)}."]
    lines += [f"In order: {' <= '.join(f'`{name}`' for name in chain)}." for chain in table.ordered]
    lines += [f"`{first}` and `{second}` may not be equal." for first, second in table.distinct]
    lines += [f"`{rule.column}`: {rule.allowed}." for rule in table.rules]
    lines += [f"`{column}` may not fall from one {along} to the next." for column, along in table.rising]
    lines += [f"`{suspect.column}`: {suspect.allowed}; a larger one is taken for another unit and set aside."
              for suspect in table.suspects]
    lines += [f"Later than the day asked for: `{column}` counts as empty." for column, _ in table.hidden]
    if table.versioned_by:
        lines.append(f"Dated versions: of rows that differ only in `{table.versioned_by}`, the newest known counts.")
    if table.large:
        lines.append("Large: it stays in the engine.")
    lines += ["", "| column | unit | allowed | default | meaning |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*lines, *(_row(column) for column in table.columns), ""])


def _row(column: Column) -> str:
    name = f"**{column.name}**" if column.required else column.name
    default = "" if column.required else "empty" if column.default in (None, "") else str(column.default)
    return f"| {name} | {column.unit} | {column.allowed} | {default} | {column.meaning} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary(), encoding="utf-8", newline="\n")
