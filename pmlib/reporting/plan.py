"""What a run will do, settled before anything runs: period, parameters, workbook, what must be skipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ParameterError, ReportError, did_you_mean
from pmlib.months import last_day, month_text, parse_month
from pmlib.project import resolve_source
from pmlib.reporting.definition import Definition, notebook_path
from pmlib.reporting.parameters import Parameter, Value, bind, needed_tables, read_parameters

#: The committed sample, from a project's root.
SAMPLE = Path("data/quillmark")

if TYPE_CHECKING:
    import pandas as pd

    from pmlib.workbook import Workbook


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """One run of a report, ready to be executed.

    Attributes
    ----------
    period : str
        ``YYYY-MM``.
    parameters : dict of name to value
        What is passed, apart from the notebooks' own defaults.
    bound : dict of notebook to its typed parameters
    missing : dict of notebook to names of tables it needs and does not get
    blocked : dict of table to reason
        Tables that are there but cannot be used.
    aside : str
        How many rows are set aside, in a sentence; empty when none are.
    company : str
        Whose workbook it is; empty without one.
    as_of : str
        Day whose knowledge the data are; empty without a workbook.
    inputs : dict of table to {"sha256", "rows"}
    marks : DataFrame or None
        What the tables held of this period (see ``pmlib.baseline``); None without a workbook.
    asked : dict of name to value
        What the caller set beside period and workbook: the run answers a what-if, and its pages say so.
    """

    definition: Definition
    project: Path
    period: str
    parameters: dict[str, Value]
    bound: dict[str, dict[str, Value]]
    missing: dict[str, tuple[str, ...]]
    blocked: dict[str, str]
    aside: str
    company: str
    as_of: str
    inputs: dict[str, dict[str, Any]]
    marks: pd.DataFrame | None
    asked: dict[str, object]

    @property
    def what_if(self) -> str:
        """The asked parameters in words; empty for the report as defined."""
        return ", ".join(f"{name} = {value}" for name, value in sorted(self.asked.items()))


def plan_run(definition: Definition, project: Path, parameters: Mapping[str, object]) -> Plan:
    """Settle a run, and refuse what cannot be meant.

    Parameters
    ----------
    definition : Definition
    project : Path
        The project's root.
    parameters : mapping of name to value
        From the command line; they win over the definition's. ``period`` and ``workbook`` are
        ordinary ones.

    Raises
    ------
    ParameterError
        An unknown or ill-typed parameter.
    ReportError
        No period can be found, or a notebook needs a table that no workbook can have.
    WorkbookError
        The workbook cannot be opened.
    """
    declared = {name: read_parameters(notebook_path(project, name)) for name in definition.notebooks}
    given = {**definition.parameters, **parameters}
    bind(given, declared)
    book = _open(_workbook_source(given, declared), project)
    period = _period(given, declared, book)
    _refuse_later(period, book)
    if any(one.name == "period" for one in _every(declared)):
        given["period"] = period
    bound = bind(given, declared)
    needs = {name: _checked_needs(name, project) for name in definition.notebooks}
    there = frozenset(book.tables) if book is not None else frozenset()
    missing = {name: tuple(table for table in tables if table not in there) for name, tables in needs.items()}
    return Plan(
        definition=definition,
        project=project,
        period=period,
        parameters={name: value for notebook in bound.values() for name, value in notebook.items()},
        bound=bound,
        missing={name: tables for name, tables in missing.items() if tables},
        blocked=dict(book.blocked) if book is not None else {},
        aside=book.lacks(*book.tables) if book is not None else "",
        company=book.name if book is not None else "",
        as_of=_as_of(book, period),
        inputs=dict(book.fingerprints) if book is not None else {},
        marks=book.baseline(period).marks() if book is not None else None,
        asked={name: value for name, value in parameters.items() if name not in ("period", "workbook")},
    )


def _refuse_later(period: str, book: Workbook | None) -> None:
    """Refuse a month that the tables do not know yet: it would be rendered from guesses."""
    if book is not None and book.as_of is not None and parse_month(period) > parse_month(book.period):
        raise ParameterError(f"period: got {period}, allowed {book.period} or earlier: the workbook is as of "
                             f"{book.as_of}. Bring newer tables, or leave period out.")


def _every(declared: Mapping[str, tuple[Parameter, ...]]) -> list[Parameter]:
    return [one for parameters in declared.values() for one in parameters]


def _workbook_source(given: Mapping[str, object], declared: Mapping[str, tuple[Parameter, ...]]) -> str | None:
    if given.get("workbook") is not None:
        source = str(given["workbook"]).strip()
        if not source:
            raise ParameterError("workbook: got '', allowed a folder or an address. Write, say, data/quillmark.")
        return source
    defaults = [str(one.default) for one in _every(declared) if one.name == "workbook" and one.default is not None]
    return defaults[0] if defaults else None


def _open(source: str | None, project: Path) -> Workbook | None:
    if source is None:
        return None
    from pmlib.workbook import open_workbook

    # The project may be another than the one this process stands in.
    place = source if "://" in source else project / Path(source).expanduser()
    complete_sample(place, project)
    return open_workbook(place)


def complete_sample(source: Path | str, project: Path) -> bool:
    """Write the sample company's large tables where they are missing; they are not kept under version control.

    Parameters
    ----------
    source : Path or str
        The workbook. Only the committed sample is completed: ``truth.json`` gives its seed and scale, and
        the folder is the project's own ``data/quillmark`` or holds every small table.
    project : Path
        The project's root.

    Returns
    -------
    bool
        Whether tables were written.
    """
    place = resolve_source(source)
    if isinstance(place, str) or not (place / "truth.json").is_file():
        return False
    from pmlib.sample import LARGE, SEED, present_tables, read_answers, write_large_tables
    from pmlib.schema import TABLES

    said, there = read_answers(place), present_tables(place)
    if (said.get("seed"), said.get("scale")) != (SEED, 1) or there.keys() >= set(LARGE):
        return False
    if place.resolve() != (project / SAMPLE).resolve() and not there.keys() >= TABLES.keys() - set(LARGE):
        return False
    return bool(write_large_tables(place))


def _period(given: Mapping[str, object], declared: Mapping[str, tuple[Parameter, ...]], book: Workbook | None) -> str:
    if given.get("period") is not None:
        return month_text(parse_month(str(given["period"])))
    if book is not None:
        return book.period
    defaults = [str(one.default) for one in _every(declared) if one.name == "period" and one.default is not None]
    if defaults:
        return month_text(parse_month(defaults[0]))
    raise ParameterError("period: got none, and there is no workbook to take the newest from. Give --period YYYY-MM.")


def _checked_needs(notebook: str, project: Path) -> tuple[str, ...]:
    from pmlib.schema import TABLES

    needs = needed_tables(notebook_path(project, notebook))
    for table in needs:
        if table not in TABLES:
            raise ReportError(f"{notebook}: pmlib.needs names {table!r}. {did_you_mean(table, TABLES)}")
    return needs


def _as_of(book: Workbook | None, period: str) -> str:
    if book is None:
        return ""
    end: dt.date = last_day(parse_month(period))
    return min(book.as_of, end).isoformat() if book.as_of is not None else end.isoformat()


def described_parameters(definition: Definition, project: Path) -> list[str]:
    """Describe each parameter of a report in one line: name, type, default, meaning, who declares it.

    Parameters
    ----------
    definition : Definition
    project : Path
        The project's root.
    """
    declared = {name: read_parameters(notebook_path(project, name)) for name in definition.notebooks}
    bind(definition.parameters, declared)
    lines: dict[str, list[str]] = {}
    for notebook, parameters in declared.items():
        for one in parameters:
            default = definition.parameters.get(one.name, one.default)
            meaning = f"  # {one.help}" if one.help else ""
            lines.setdefault(f"{one.name}: {one.annotation} = {default!r}{meaning}", []).append(notebook)
    return [f"{line}  ({', '.join(notebooks)})" for line, notebooks in sorted(lines.items())]
