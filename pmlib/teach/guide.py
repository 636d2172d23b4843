"""The facilitator guide's agendas and words, so that it says what notebooks and glossary say.

``python -m pmlib.teach.guide notebooks/workshop/README.md`` writes them anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pmlib.glossary import define, glossary
from pmlib.teach.schedule import agenda

#: In the order of the guide.
WORKSHOPS = ("portfolio_90min", "product_90min", "half_day")


def filled(text: str, folder: Path) -> str:
    """Fill the marked parts of a guide: the agendas of the notebooks in a folder, the words of the glossary."""
    words = "".join(f"- {define(term)}\n" for term in glossary()["term"])
    for mark, content in (("agenda", "\n".join(_agenda(name, folder) for name in WORKSHOPS)), ("glossary", words)):
        before, start, rest = text.partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition(f"<!-- /{mark} -->")
        text = f"{before}{start}{content}{end}{after}"
    return text


def _agenda(name: str, folder: Path) -> str:
    plan = agenda(name, folder=folder)
    rows = "\n".join(f"| {row['from_minute']} | {row['minutes']} | {row['what']} | {_in_one_line(row['facilitator'])} |"
                     for row in plan.to_dict("records"))
    return (f"## Agenda of {name}: {plan['minutes'].sum()} minutes\n| from minute | minutes | what | you |\n"
            f"| --- | --- | --- | --- |\n{rows}\n")


def _in_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("|", "/"))


if __name__ == "__main__":
    guide = Path(sys.argv[1])
    guide.write_text(filled(guide.read_text(encoding="utf-8"), guide.parent), encoding="utf-8", newline="\n")
