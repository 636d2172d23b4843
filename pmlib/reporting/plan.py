"""What a run will do, settled before anything runs: period, unit, parameters, what must be skipped, what is stale."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmlib.errors import ParameterError, ReportError, did_you_mean
from pmlib.months import last_day, month_text, parse_month
from pmlib.reporting.definition import PLAIN_NAME, Definition, Matrix, Scalar, notebook_path
from pmlib.reporting.facts import Books, Facts
from pmlib.reporting.file_hashes import digest, execution_code
from pmlib.reporting.parameters import Parameter, Value, bind, needed_tables, notebook_source, read_parameters
from pmlib.reporting.provenance import git_state, versions
from pmlib.reporting.publish import published_folder
from pmlib.reporting.safety import refuse_paths

#: The word for every unit a definition has.
ALL = "all"


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """One report for one period and one unit, ready to be executed.

    Attributes
    ----------
    published : Path
        Folder of everything published.
    period : str
        ``YYYY-MM``.
    unit : str or None
        The folder name of a programme, product or region; ``unit_name`` is what readers call it.
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
    workbook : str or None
        Where the tables are, as it was given.
    source : str
        Hash of the workbook's files; empty without one.
    inputs : dict of table to {"sha256", "rows"}
    sources : dict of notebook to the hash of its cells
    keys : dict of notebook to the hash of all that its outputs depend on
    seeds : dict of notebook to the seed its draws start from
    git : dict or None
        The project's commit, and whether files differ from it.
    asked : dict of name to value
        What the caller set beside period and workbook: the run answers a what-if, and its pages say so.
    """

    definition: Definition
    project: Path
    published: Path
    period: str
    unit: str | None
    unit_name: str
    parameters: dict[str, Value]
    bound: dict[str, dict[str, Value]]
    missing: dict[str, tuple[str, ...]]
    blocked: dict[str, str]
    aside: str
    company: str
    as_of: str
    workbook: str | None
    source: str
    inputs: dict[str, dict[str, Any]]
    sources: dict[str, str]
    keys: dict[str, str]
    seeds: dict[str, Value]
    git: dict[str, Any] | None
    asked: dict[str, object]

    @property
    def what_if(self) -> str:
        """The asked parameters in words; empty for the report as defined."""
        return ", ".join(f"{name} = {value}" for name, value in sorted(self.asked.items()))

    @property
    def name(self) -> str:
        """Report, period and unit in words."""
        return " ".join(filter(None, (self.definition.name, self.period, self.unit)))

    @property
    def target(self) -> Path:
        """Where readers look."""
        folder = self.published / self.definition.name / self.period
        return folder / self.unit if self.unit else folder


def plan_reports(
    definition: Definition,
    project: Path,
    parameters: Mapping[str, object] | None = None,
    *,
    periods: Sequence[str] | None = None,
    unit: str = ALL,
    published: Path | None = None,
) -> list[Plan]:
    """Settle every report that is asked for, one for each period and unit, and refuse what cannot be meant.

    Parameters
    ----------
    definition : Definition
    project : Path
        The project's root.
    parameters : mapping of name to value, optional
        From the command line; they win over the definition's. ``period`` and ``workbook`` are
        ordinary ones.
    periods : sequence of str, optional
        Months ``YYYY-MM``, oldest first. Default: the period given, or the definition's.
    unit : str
        One of the definition's units by folder name, or ``all``.
    published : Path, optional
        Where reports go; default ``reports/published`` of the project.

    Raises
    ------
    ParameterError
        An unknown or ill-typed parameter, one that leads outside, or an unknown unit.
    ReportError
        No period can be found, or a notebook needs a table that no workbook can have.
    WorkbookError
        The workbook cannot be opened.
    """
    return Planner(definition, project, parameters or {}, published=published).plans(periods=periods, unit=unit)


class Planner:
    """Settles the reports of one definition, reading each notebook and workbook once.

    Raises
    ------
    ParameterError, ReportError, WorkbookError
        As ``plan_reports`` does.
    """

    def __init__(
        self, definition: Definition, project: Path, parameters: Mapping[str, object], *, published: Path | None = None
    ) -> None:
        self.definition, self.project, self.asked = definition, project.resolve(), parameters
        self.published = published or published_folder(self.project)
        paths = {name: notebook_path(self.project, name) for name in definition.notebooks}
        self._declared = {name: read_parameters(path) for name, path in paths.items()}
        self._given = {**definition.parameters, **parameters}
        for name, value in self._given.items():
            refuse_paths(name, value, self.project)
        bind(self._given, self._declared)
        self._needs = {name: _checked_needs(name, self.project) for name in definition.notebooks}
        self._sources = {name: digest(notebook_source(path)) for name, path in paths.items()}
        self._git = git_state(self.project)
        self.workbook = _workbook_source(self._given, self._declared)
        self.books = Books(self.project, self.published / ".cache")
        self.facts = None if self.workbook is None else self.books.facts(self.workbook)

    def plans(self, *, periods: Sequence[str] | None = None, unit: str = ALL) -> list[Plan]:
        """Settle each report for these periods and units."""
        months = [month_text(parse_month(month)) for month in periods] if periods is not None else self._periods()
        units = self._units(unit)
        return [self._plan(month, name, value) for month in months for name, value in units.items()]

    def newest(self) -> str:
        """Name the newest period there is something to report on."""
        return _period({}, self._declared, self.facts)

    def unit_names(self) -> list[str | None]:
        """Folder names of the definition's units; None alone where it has none."""
        return list(self._units(ALL))

    def _periods(self) -> list[str]:
        asked = self._given.get("period")
        listed = self.definition.matrix.periods
        if asked is not None:
            return [month_text(parse_month(str(asked)))]
        if isinstance(listed, tuple):
            return sorted(listed)
        newest = parse_month(_period(self._given, self._declared, self.facts))
        return [month_text(month) for month in range(newest - listed + 1, newest + 1)]

    def _units(self, asked: str) -> dict[str | None, tuple[Scalar, str]]:
        """Folder name -> value of the parameter and name for readers."""
        matrix = self.definition.matrix
        if matrix.parameter is None:
            if asked != ALL:
                raise ParameterError(f"unit: got {asked!r}, but {self.definition.name}.yml has no matrix of units. "
                                     "Leave it out, or add matrix: with parameter and units.")
            return {None: (None, "")}
        every = self._every_unit(matrix, matrix.parameter)
        if asked != ALL and asked not in every:
            raise ParameterError(f"unit: got {asked!r}. {did_you_mean(asked, [ALL, *map(str, every)])}")
        return {name: value for name, value in every.items() if asked in (ALL, name)}

    def _every_unit(self, matrix: Matrix, parameter: str) -> dict[str | None, tuple[Scalar, str]]:
        if parameter in self.asked:
            raise ParameterError(f"parameter {parameter}: {self.definition.name}.yml gives it a value for each unit. "
                                 "Name the unit: --unit.")
        if matrix.units != ALL:
            named = matrix.units if isinstance(matrix.units, dict) else {name: name for name in matrix.units}
            return {name: (value, name if value == name else f"{name} ({value})") for name, value in named.items()}
        if self.workbook is None:
            raise ReportError(f"{self.definition.name}.yml: units: all, but there is no workbook. List the units.")
        found = self.books.values(self.workbook, parameter)
        for value in found:
            if not re.fullmatch(PLAIN_NAME, value):
                raise ReportError(f"unit {value!r}: allowed letters, digits, _ and -, because it names a folder. List "
                                  f"the units in {self.definition.name}.yml as folder name: value.")
        return {value: (value, name) for value, name in found.items()}

    def _earlier(self, values: Mapping[str, Value]) -> str:
        """Hash of the earlier delivery that a notebook compares the workbook with; empty without one."""
        place = values.get("earlier")
        return self.books.facts(str(place)).source if place else ""

    def _plan(self, period: str, unit: str | None, value: tuple[Scalar, str]) -> Plan:
        facts, definition = self.facts, self.definition
        _refuse_later(period, facts)
        given: dict[str, object] = dict(self._given)
        if any(one.name == "period" for one in _every(self._declared)):
            given["period"] = period
        if unit is not None:
            given[str(definition.matrix.parameter)] = value[0]
        bound = bind(given, self._declared)
        there = frozenset(facts.tables) if facts is not None else frozenset()
        missing = {name: tuple(table for table in tables if table not in there)
                   for name, tables in self._needs.items()}
        source = facts.source if facts is not None else ""
        common = digest(source, execution_code(), *(f"{name} {one}" for name, one in versions().items()))
        return Plan(
            definition=definition,
            project=self.project,
            published=self.published,
            period=period,
            unit=unit,
            unit_name=value[1],
            parameters={name: public(one) for notebook in bound.values() for name, one in notebook.items()},
            bound=bound,
            missing={name: tables for name, tables in missing.items() if tables},
            blocked=dict(facts.blocked) if facts is not None else {},
            aside=facts.aside if facts is not None else "",
            company=facts.name if facts is not None else "",
            as_of=_as_of(facts, period),
            workbook=self.workbook,
            source=source,
            inputs=dict(facts.inputs) if facts is not None else {},
            sources=self._sources,
            keys={name: digest(common, name, self._sources[name], repr(sorted(bound[name].items())),
                               self._earlier(bound[name]))
                  for name in definition.notebooks},
            seeds={notebook: bound[notebook].get("seed", one.default) for notebook, parameters in self._declared.items()
                   for one in parameters if one.name == "seed"},
            git=self._git,
            asked={name: one for name, one in self.asked.items() if name not in ("period", "workbook")},
        )


def public(value: Value) -> Value:
    """Take the password out of an address: manifests and pages show what was passed."""
    if not isinstance(value, str) or "://" not in value:
        return value
    from pmlib.databases import without_password

    return without_password(value)


def _refuse_later(period: str, facts: Facts | None) -> None:
    """Refuse a month that the tables do not know yet: it would be rendered from guesses."""
    if facts is not None and facts.as_of and parse_month(period) > parse_month(facts.period):
        raise ParameterError(f"period: got {period}, allowed {facts.period} or earlier: the workbook is as of "
                             f"{facts.as_of}. Bring newer tables, or leave period out.")


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


def _period(given: Mapping[str, object], declared: Mapping[str, tuple[Parameter, ...]], facts: Facts | None) -> str:
    if given.get("period") is not None:
        return month_text(parse_month(str(given["period"])))
    if facts is not None and facts.period:
        return facts.period
    if facts is not None:
        raise ReportError(f"{facts.name}: no table says which month this is. Give --period YYYY-MM, or add the table "
                          "workbook with as_of.")
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


def _as_of(facts: Facts | None, period: str) -> str:
    if facts is None:
        return ""
    end = last_day(parse_month(period))
    return min(dt.date.fromisoformat(facts.as_of), end).isoformat() if facts.as_of else end.isoformat()


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
