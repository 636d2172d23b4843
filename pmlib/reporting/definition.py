"""What a report is: ``reports/NAME.yml``, read strictly, so that a slip of the pen stops before anything runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pmlib.errors import ReportError, did_you_mean
from pmlib.reporting.safety import inside

#: A name becomes a folder or a file, so it holds nothing a file system could read otherwise.
PLAIN_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
PlainName = Annotated[str, StringConstraints(pattern=PLAIN_NAME)]
Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Scalar = str | int | float | bool | None
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=False)


class Format(StrEnum):
    """A form in which a report is published."""

    HTML = "html"
    IPYNB = "ipynb"
    XLSX = "xlsx"
    PDF = "pdf"


class Matrix(BaseModel):
    """The reports one definition stands for: units times periods.

    Attributes
    ----------
    parameter : str or None
        The parameter of the notebooks that takes the unit: a programme, a product, a region.
    units : "all", tuple or mapping
        Which: every value the workbook has of it, a list, or folder name -> value.
    periods : int or tuple of str
        The newest so many months, or months by name; what is asked on the command line wins.
    """

    model_config = _STRICT

    parameter: PlainName | None = None
    units: Literal["all"] | tuple[PlainName, ...] | dict[PlainName, Scalar] = ()
    periods: Annotated[int, Field(ge=1, le=120)] | Annotated[tuple[Month, ...], Field(min_length=1)] = 1

    @model_validator(mode="after")
    def _units_have_their_parameter(self) -> Self:
        if bool(self.units) != (self.parameter is not None):
            raise ValueError("units and the parameter that takes them belong together; name both or neither")
        return self


class Audience(BaseModel):
    """One group of readers: which pages of the same run they get, and how many.

    Attributes
    ----------
    notebooks : tuple of str or None
        In their order; None for all of the report's.
    one_page : bool
        Answers, leading figures and changes of these notebooks on one page, in place of an index of whole pages.
    figures : int
        At most so many figures on that one page.
    """

    model_config = _STRICT

    title: str
    notebooks: Annotated[tuple[PlainName, ...], Field(min_length=1)] | None = None
    one_page: bool = False
    figures: Annotated[int, Field(ge=0, le=12)] = 4


class Recipient(BaseModel):
    """Who gets a report by e-mail, once sending is asked for.

    Attributes
    ----------
    audience : str or None
        Whose pages; None for all.
    unit : str or None
        Which unit's report; None for every one.
    """

    model_config = _STRICT

    address: Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$", max_length=254)]
    audience: PlainName | None = None
    unit: PlainName | None = None


class Timetable(BaseModel):
    """When a period falls due: the day of the month after it, and the time of day."""

    model_config = _STRICT

    day: Annotated[int, Field(ge=1, le=28)] = 1
    time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "06:00"


class Definition(BaseModel):
    """One report: its notebooks in order, its parameters, its units and periods, its readers and its formats.

    Attributes
    ----------
    notebooks : tuple of str
        Names below ``notebooks/``, without the ending.
    decides : str or None
        The notebook whose answer stands for the whole report on index pages.
    audiences : dict of name to Audience
        Pages for groups of readers, all from one run.
    timeout_s : int
        Longest time for one cell, in seconds.
    retries : int
        Further tries after a dead kernel, a time-out or an error of the machine; never after an exception in a cell.
    memory_mb : int or None
        Most memory a notebook may take beside its libraries, where the system can limit it (Linux).
    umask : str
        Who may read what is published, as three octal digits: "077" the owner alone, "027" the group too.
    """

    model_config = _STRICT

    name: PlainName
    title: str
    notebooks: Annotated[tuple[PlainName, ...], Field(min_length=1)]
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    matrix: Matrix = Field(default_factory=Matrix)
    audiences: dict[PlainName, Audience] = Field(default_factory=dict)
    formats: tuple[Format, ...] = (Format.HTML, Format.IPYNB)
    decides: str | None = None
    timeout_s: Annotated[int, Field(gt=0)] = 600
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    memory_mb: Annotated[int, Field(ge=256)] | None = None
    recipients: tuple[Recipient, ...] = ()
    schedule: Timetable = Field(default_factory=Timetable)
    umask: Annotated[str, StringConstraints(pattern=r"^[0-7]{3}$")] = "077"

    @model_validator(mode="after")
    def _names_are_known_and_given_once(self) -> Self:
        if len(set(self.notebooks)) < len(self.notebooks):
            raise ValueError("a notebook is named twice; name each once")
        if Format.PDF in self.formats and Format.HTML not in self.formats:
            raise ValueError("formats: pdf is made of the html pages; add html")
        named: dict[str, tuple[str, ...]] = {"decides": (self.decides,) if self.decides is not None else ()}
        named |= {f"audiences.{name}.notebooks": one.notebooks or () for name, one in self.audiences.items()}
        for key, notebooks in named.items():
            for notebook in notebooks:
                if notebook not in self.notebooks:
                    raise ValueError(f"{key}: got {notebook!r}. {did_you_mean(notebook, self.notebooks)}")
        for one in self.recipients:
            self._refuse_unknown_reader(one)
        taken = {"index", *self.notebooks} & self.audiences.keys()
        if taken:
            raise ValueError(f"audiences: {min(taken)!r} is the name of another page; choose another")
        return self

    def _refuse_unknown_reader(self, one: Recipient) -> None:
        if one.audience is not None and one.audience not in self.audiences:
            raise ValueError(f"recipients: audience {one.audience!r} is not defined. "
                             f"{did_you_mean(one.audience, self.audiences)}")
        units = self.matrix.units
        if one.unit is not None and not units:
            raise ValueError(f"recipients: unit {one.unit!r}, but there is no matrix of units. Leave unit out")
        if one.unit is not None and units != "all" and one.unit not in units:
            raise ValueError(f"recipients: unit {one.unit!r} is not one of the matrix. {did_you_mean(one.unit, units)}")


def known_reports(project: Path) -> list[str]:
    """Names of the reports a project defines, sorted."""
    return sorted(path.stem for path in (project / "reports").glob("*.yml"))


def load_definition(name: str, project: Path) -> Definition:
    """Read the definition of a report.

    Parameters
    ----------
    name : str
        The report's name, which is also the file's: ``reports/NAME.yml``.
    project : Path
        The project's root.

    Raises
    ------
    ReportError
        No such report, a file that is not YAML, or a key, type or notebook that is not known.
    """
    known = known_reports(project)
    if name not in known:
        raise ReportError(f"report: got {name!r}. {did_you_mean(name, known)}")
    path = project / "reports" / f"{name}.yml"
    definition = _validated(_read(path), path)
    if definition.name != name:
        raise ReportError(f"{path.name}: name is {definition.name!r}, allowed {name!r}. Name report and file alike.")
    _notebooks_exist(definition, project)
    return definition


def notebook_path(project: Path, notebook: str) -> Path:
    """Where a notebook of a project lies."""
    return project / "notebooks" / f"{notebook}.ipynb"


def _read(path: Path) -> dict[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReportError(f"{path.name} is not YAML: {' '.join(str(error).split())}. Correct that line.") from error
    if not isinstance(content, dict):
        raise ReportError(f"{path.name}: got {type(content).__name__}, allowed keys with values. Write 'name: ...'.")
    return content


def _validated(content: dict[str, object], path: Path) -> Definition:
    try:
        return Definition.model_validate(content)
    except ValidationError as error:
        raise ReportError(f"{path.name}: {'; '.join(_complaint(dict(item)) for item in error.errors())}") from error


def _complaint(item: dict[str, object]) -> str:
    steps = item["loc"]
    place = ".".join(str(step) for step in steps) if isinstance(steps, tuple) else ""
    if item["type"] == "extra_forbidden":
        return f"unknown key {place!r}. {did_you_mean(place, Definition.model_fields)}"
    if item["type"] == "missing":
        return f"key {place!r} is missing. Add it."
    reason = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: got {item['input']!r}: {reason}" if place else reason


def _notebooks_exist(definition: Definition, project: Path) -> None:
    there = sorted(path.stem for path in (project / "notebooks").glob("*.ipynb"))
    for notebook in definition.notebooks:
        if notebook not in there:
            raise ReportError(
                f"{definition.name}.yml: notebooks/{notebook}.ipynb is not there. {did_you_mean(notebook, there)}"
            )
        inside(project / "notebooks", notebook_path(project, notebook).absolute())
