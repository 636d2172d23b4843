"""The index pages: of one report, and of everything a project has published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import PmlibError
from pmlib.months import month_name, parse_month
from pmlib.reporting.definition import Definition, known_reports, load_definition
from pmlib.reporting.markup import as_sentence, unbroken, without_addresses
from pmlib.reporting.publish import hold, published_folder, read_manifest, write_page
from pmlib.reporting.published import (
    Line,
    deciding,
    links_to,
    named_folders,
    period_folders,
    published_lines,
    report_folders,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from pmlib.reporting.plan import Plan

_MOST_OPEN = 12
_WORDS = {"ok": "complete", "partial": "partial", "failed": "failed", "unreadable": "unreadable"}


def page_facts(plan: Plan, content: Mapping[str, Any]) -> dict[str, Any]:
    """Gather what the index pages of one report say, its own and those of its audiences, as plain data.

    Parameters
    ----------
    plan : Plan
    content : mapping
        runs (one dict per notebook), titles and summary by notebook, up (way to the top page), corrected
        (what changed of the tables since this period was first rendered), run_id; where there are any: changes
        (sentences), before (the period they compare with), audiences ({name, title} each), files (names beside
        the page).
    """
    definition = plan.definition
    return {
        "report": definition.name,
        "title": definition.title,
        "decides": definition.decides,
        "endings": [str(one) for one in definition.formats],
        "company": plan.company,
        "period": plan.period,
        "unit": plan.unit_name,
        "what_if": plan.what_if,
        "as_of": plan.as_of,
        "blocked": plan.blocked,
        "aside": plan.aside,
        **{"run_id": "", "changes": [], "before": None, "audiences": [], "files": []},
        **content,
    }


def index_page(facts: Mapping[str, Any], *, readers: str = "", notebooks: Collection[str] | None = None) -> str:
    """Write the index of one report: the answer, what changed, then one entry per notebook with its state in words.

    Parameters
    ----------
    facts : mapping
        See ``page_facts``.
    readers : str
        The audience it is for; empty for everybody.
    notebooks : collection of str, optional
        The notebooks of that audience, in their order; all by default.
    """
    return filled(
        "period.html.j2",
        **headings(facts, readers or "all pages of this report"),
        **answers(facts, notebooks if notebooks is not None else [run["name"] for run in facts["runs"]]),
        facts=facts,
        targets=links_to({one["name"]: one["title"] for one in facts["audiences"]}, facts["files"]),
        home=bool(readers),
    )


def headings(facts: Mapping[str, Any], readers: str) -> dict[str, str]:
    """Word the lines above and below a page: title, kicker and provenance."""
    month = month_name(parse_month(facts["period"]))
    what_if = facts["what_if"] and f"what if {facts['what_if']}"
    known = facts["as_of"] and f"data as of {facts['as_of']}"
    return {
        "title": ", ".join(filter(None, (facts["title"], facts["unit"], month))),
        "kicker": " · ".join(filter(None, (facts["company"], readers, what_if))),
        "provenance": " · ".join(filter(None, (
            f"Report {facts['report']}", f"period {facts['period']}", facts["unit"] and f"unit {facts['unit']}",
            facts["run_id"] and f"run {facts['run_id']}", known))),
    }  # fmt: skip


def answers(facts: Mapping[str, Any], notebooks: Collection[str]) -> dict[str, Any]:
    """Find the answer that stands for all, and for whose it stands in, and say of every notebook what came of it."""
    runs = {run["name"]: run for run in facts["runs"]}
    well = [name for name in notebooks if name in runs and runs[name]["status"] == "ok"]
    summary = {name: facts["summary"][name] for name in well if name in facts["summary"]}
    decides = deciding(well, facts["decides"], summary)
    entries = [
        {
            **runs[name],
            "title": facts["titles"].get(name, name),
            "page": _page_name(runs[name], facts["endings"]),
            "decides": name == decides,
            "answer": summary.get(name),
        }
        for name in notebooks
        if name in runs
    ]
    silent = [entry for entry in entries if entry["name"] == facts["decides"] != decides]
    return {"answer": summary.get(decides), "stands_for": silent[0] if silent else None, "entries": entries}


def _page_name(run: Mapping[str, Any], endings: Collection[str]) -> str | None:
    # A failed notebook leaves only its executed copy.
    forms = {"ok": [one for one in ("html", "ipynb") if one in endings], "failed": ["ipynb"]}.get(run["status"])
    return f"{run['name']}.{forms[0]}" if forms else None


def write_index(project: Path, *, published: Path | None = None) -> Path:
    """Write the page over all published reports, newest period first.

    Parameters
    ----------
    project : Path
        The project's root.
    published : Path, optional
        The folder of published reports; default ``reports/published`` of the project.

    Returns
    -------
    Path
        The page.
    """
    shelf = published or published_folder(project)
    shelf.mkdir(parents=True, exist_ok=True)
    known = known_reports(project)
    with hold(shelf, "index"):
        groups = [group for folder in named_folders(shelf)
                  for group in _groups(folder, _definition(folder.name, project, known))]  # fmt: skip
        groups.sort(key=lambda group: str(group["period"]), reverse=True)
        text = filled(
            "published.html.j2",
            title="Published reports",
            kicker="all reports, newest period first",
            groups=groups,
            tally=_tally([line for group in groups for line in group["lines"]], "report"),
            known=known[0] if known else "NAME",
        )
        return write_page(shelf, "index.html", text)


def newest_period(project: Path, report: str) -> str | None:
    """Newest period of a report, of any unit, that is published: ``YYYY-MM``."""
    folder = published_folder(project) / report
    periods = reversed(period_folders(folder)) if folder.is_dir() else ()
    return next((path.name for path in periods if any(read_manifest(one) for one in report_folders(path))), None)


def _definition(report: str, project: Path, known: Collection[str]) -> Definition | None:
    # A report may outlive its definition.
    try:
        return load_definition(report, project) if report in known else None
    except PmlibError:
        return None


def _groups(folder: Path, definition: Definition | None) -> list[dict[str, Any]]:
    """Lines of one report by period; units of one period together."""
    lines = published_lines(folder, definition)
    kept = next((line.title for line in lines if line.title), folder.name)
    title = definition.title if definition is not None else kept

    def of_units(line: Line) -> tuple[str, bool]:
        return line.period, bool(line.unit)

    grouped = groupby(sorted(lines, key=of_units, reverse=True), key=of_units)
    return [_group(list(those), title, folder.name) for _, those in grouped]


def _group(lines: Sequence[Line], title: str, report: str) -> dict[str, Any]:
    period = lines[0].period
    known = any(line.unit or line.state != "unreadable" for line in lines)
    # What asks for attention stands first.
    units = sorted((one for one in lines if one.unit), key=lambda one: (-list(_WORDS).index(one.state), _natural(one)))
    return {
        "period": period,
        "title": f"{month_name(parse_month(period))} · {title}" if known else f"{report}/{period}",
        "lines": lines,
        "units": units,
        "troubled": [one for one in units if one.state != "ok"],
        "open": len(units) <= _MOST_OPEN,
        "report": lines[0],
        "tally": _tally(units, "unit"),
        "before": max((one.before for one in units if one.before), default=None),
    }


def _natural(line: Line) -> list[str | int]:
    """Order unit 2 before unit 10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", line.name.casefold())]


def _tally(lines: Sequence[Line], what: str) -> str:
    states = Counter(line.state for line in lines)
    parts = ", ".join(f"{states[state]:,} {word}" for state, word in _WORDS.items() if states[state])
    return f"{len(lines):,} {what}{'s' if len(lines) != 1 else ''}: {parts}."


def opening(text: str, limit: int) -> str:
    """Keep as many whole sentences as a limit of characters holds, and at least the first.

    Examples
    --------
    >>> opening("Start 9. The plan is worth 41.2 M EUR. Money binds.", 40)
    'Start 9. The plan is worth 41.2 M EUR.'
    """
    kept, *rest = re.split(r"(?<=[.?!]) +", text)
    for sentence in rest:
        if len(kept) + 1 + len(sentence) > limit:
            break
        kept = f"{kept} {sentence}"
    return kept


def filled(template: str, **content: Any) -> str:
    """Fill a page template; what comes in is text, never markup."""
    return unbroken(without_addresses(_environment().get_template(template).render(**content)))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"as_sentence": as_sentence, "opening": opening,
                     "month": lambda period: month_name(parse_month(period))}
    return made
