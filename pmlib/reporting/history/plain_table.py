"""A table as aligned plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

#: Longer cells are cut, so that a line stays a line.
_WIDEST = 60


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Lay out a table with every column as wide as its longest cell.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequences of str
        As long as the header each.
    right : sequence of str
        Columns of numbers, which stand to the right.

    Examples
    --------
    >>> print(plain_table(["table", "new"], [["exposure", "24"], ["mix", "3"]], right=["new"]))
    table     new
    exposure   24
    mix         3
    """
    lines = [list(header), *([_cut(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    padded = [
        [cell.rjust(width) if name in right else cell.ljust(width)
         for cell, width, name in zip(line, widths, header, strict=True)]
        for line in lines
    ]
    return "\n".join("  ".join(line).rstrip() for line in padded)


def _cut(cell: str) -> str:
    line = " ".join(str(cell).split())
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST - 1]}…"
