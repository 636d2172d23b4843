"""What a report is: ``reports/NAME.yml``, read strictly, so that a slip of the pen stops before anything runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pmlib.errors import ReportError, did_you_mean

#: A name becomes a folder or a file, so it holds nothing a file system could read otherwise.
PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Scalar = str | int | float | bool | None


class Format(StrEnum):
    """A form in which a notebook is published."""

    HTML = "html"
    IPYNB = "ipynb"


class Definition(BaseModel):
    """One report: its notebooks in order, its parameters and its formats.

    Attributes
    ----------
    notebooks : tuple of str
        Names below ``notebooks/``, without the ending.
    decides : str or None
        The notebook whose answer stands for the whole report on index pages.
    timeout_s : int
        Longest time for one cell, in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    name: PlainName
    title: str
    notebooks: Annotated[tuple[PlainName, ...], Field(min_length=1)]
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    formats: tuple[Format, ...] = (Format.HTML, Format.IPYNB)
    decides: str | None = None
    timeout_s: Annotated[int, Field(gt=0)] = 600

    @model_validator(mode="after")
    def _notebooks_are_named_once(self) -> Self:
        if len(set(self.notebooks)) < len(self.notebooks):
            raise ValueError("a notebook is named twice; name each once")
        if self.decides is not None and self.decides not in self.notebooks:
            raise ValueError(f"decides: got {self.decides!r}. {did_you_mean(self.decides, self.notebooks)}")
        return self


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
