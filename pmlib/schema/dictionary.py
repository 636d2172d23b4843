"""Write the data dictionary from the schema: ``python -m pmlib.schema.dictionary data/README.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from pmlib.schema import FORMAT, TABLES
from pmlib.schema.definition import Column, Table

_HEAD = f"""# Data dictionary

Made from the schema (format {FORMAT}) by `python -m pmlib.schema.dictionary data/README.md`; a test keeps it so.

A workbook is a folder with one file per table, `NAME.csv` or `NAME.parquet`. No table is required by the workbook: each
notebook names those it needs. In `views.sql`, foreign files are mapped to these columns. Money columns end in `_k`:
thousands of the workbook's one currency. Months are `YYYY-MM`, dates `YYYY-MM-DD`, ids text, shares 0 to 1.
A column in **bold** is required; another may be absent, and its empty cells take the default.

`quillmark/` holds the sample company, which is fictitious: every number in it is made, its surveys too.
"""


def dictionary() -> str:
    """Return the data dictionary as Markdown, one section per table."""
    return "\n".join([_HEAD, *(_section(table) for table in TABLES.values())])


def _section(table: Table) -> str:
    lines = [f"## {table.name}", "", f"{table.meaning}. Key: {', '.join(f'`{name}`' for name in table.key)}."]
    lines += [f"`{first}` may not exceed `{second}`." for first, second in table.ordered]
    lines += [f"`{first}` and `{second}` may not be equal." for first, second in table.distinct]
    lines += [f"`{rule.column}`: {rule.allowed}." for rule in table.rules]
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
