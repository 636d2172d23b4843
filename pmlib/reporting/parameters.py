"""A notebook's interface: name, type, default and help of each line of its parameters cell.

papermill only warns about a parameter it does not know and renders the default: a wrong report
that looks right. Everything here refuses before a kernel starts.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import json
import math
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pmlib.errors import ParameterError, ReportError, did_you_mean

Value = str | int | float | bool | None
_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_NONE = ("none", "null")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One line of a parameters cell.

    Attributes
    ----------
    kind : type
        str, int, float or bool.
    optional : bool
        Whether None is allowed too.
    help : str
        The line's comment: its unit or meaning.
    """

    name: str
    kind: type
    optional: bool
    default: Value
    help: str

    @property
    def annotation(self) -> str:
        """The type as the notebook writes it."""
        return f"{self.kind.__name__} | None" if self.optional else self.kind.__name__

    def accept(self, value: object) -> Value:
        """Turn a given value, typed or text, into the parameter's type.

        Raises
        ------
        ParameterError
            The value does not fit the annotation.

        Examples
        --------
        >>> Parameter(name="n", kind=int, optional=True, default=None, help="").accept("12")
        12
        """
        if self.optional and (value is None or (isinstance(value, str) and value.strip().lower() in _NONE)):
            return None
        try:
            if value == "" and (self.optional or self.kind is not str):
                raise ValueError(value)
            return _cast(self.kind, value)
        except (TypeError, ValueError, OverflowError) as error:
            limit = ", a finite number" if self.kind is float else ""
            absent = f" or {self.name}=none" if self.optional else ""
            raise ParameterError(
                f"parameter {self.name}: got {value!r}, allowed {self.annotation}{limit}."
                f" Write {self.name}={_sample(self.kind)}{absent}."
            ) from error


def _cast(kind: type, value: object) -> Value:
    if isinstance(value, dt.date) and kind is str:
        return value.isoformat()
    if isinstance(value, str):
        return _from_text(kind, value)
    if isinstance(value, bool) or value is None:
        fits = kind is bool and value is not None
    else:
        fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if not fits:
        raise TypeError(value)
    return _finite(kind(value))


def _from_text(kind: type, text: str) -> Value:
    if kind is bool:
        if text.lower() not in _FLAGS:
            raise ValueError(text)
        return _FLAGS[text.lower()]
    return _finite(kind(text))


def _finite(value: Any) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    result: Value = value
    return result


def _sample(kind: type) -> str:
    return {str: "text", int: "12", float: "12.5", bool: "true"}[kind]


def read_parameters(notebook: Path) -> tuple[Parameter, ...]:
    """Read the parameters cell of a notebook, without running anything.

    Parameters
    ----------
    notebook : Path
        An ``.ipynb`` file; one without a cell tagged ``parameters`` has none.

    Raises
    ------
    ReportError
        The file is no notebook, or a line is not ``name: type = constant  # meaning``.
    """
    return parse_parameters("\n".join(_parameter_sources(load_notebook(notebook))), where=notebook.stem)


def load_notebook(notebook: Path) -> dict[str, Any]:
    """Read a notebook file as plain JSON, once as long as it stays as it is; nobody changes what is returned.

    Raises
    ------
    ReportError
        The file cannot be read as a notebook.
    """
    try:
        about = notebook.stat()
    except OSError as error:
        raise ReportError(f"{notebook.name} cannot be read: {error}. Save it again from the lab.") from error
    return _loaded(notebook, (about.st_mtime_ns, about.st_size, about.st_ino))


@lru_cache(maxsize=64)
def _loaded(notebook: Path, _: tuple[int, ...]) -> dict[str, Any]:
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{notebook.name} cannot be read: {error}. Save it again from the lab.") from error
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ReportError(f"{notebook.name} is no notebook of format 4. Save it again from the lab.")
    return content


def notebook_source(notebook: Path) -> str:
    """Give what a notebook does, outputs aside: its cells, their tags, what it needs."""
    content = load_notebook(notebook)
    about = content.get("metadata", {})
    # Of a cell's metadata only the tags: JupyterLab writes down beside them when it ran.
    cells = [[cell["cell_type"], "".join(cell["source"]), cell.get("metadata", {}).get("tags", [])]
             for cell in content["cells"]]
    return json.dumps([cells, about.get("pmlib"), about.get("kernelspec", {}).get("name")], sort_keys=True)


def needed_tables(notebook: Path) -> tuple[str, ...]:
    """Tables that a notebook's metadata (``pmlib.needs``) asks for."""
    metadata = load_notebook(notebook).get("metadata", {})
    return tuple(metadata.get("pmlib", {}).get("needs", ()))


def _parameter_sources(content: dict[str, Any]) -> list[str]:
    cells = [cell for cell in content["cells"] if "parameters" in cell.get("metadata", {}).get("tags", ())]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def parse_parameters(source: str, *, where: str) -> tuple[Parameter, ...]:
    """Read the lines of a parameters cell.

    Parameters
    ----------
    source : str
        The cell's code.
    where : str
        The notebook's name, for messages.

    Examples
    --------
    >>> budget, = parse_parameters("budget_k: float | None = None  # thousand", where="demo")
    >>> budget.annotation, budget.default, budget.help
    ('float | None', None, 'thousand')
    """
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ReportError(f"{where}: parameters cell line {error.lineno}: {error.msg}. Correct it.") from error
    comments = _comments(source)
    lines = [node for node in body if not _is_remark(node)]
    return tuple(_parameter(node, comments, where) for node in lines)


def _is_remark(node: ast.stmt) -> bool:
    imported = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return imported or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _parameter(node: ast.stmt, comments: Mapping[int, str], where: str) -> Parameter:
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
        raise ReportError(
            f"{where}: parameters cell line {node.lineno}: got {ast.unparse(node)!r}, "
            "allowed 'name: type = default  # meaning'. Write it so."
        )
    kind, optional = _annotation(node.annotation, where)
    try:
        default = ast.literal_eval(node.value)
    except ValueError as error:
        raise ReportError(f"{where}: default of {node.target.id} is no constant. Write the value itself.") from error
    help_text = comments.get(node.end_lineno or node.lineno, "")
    parameter = Parameter(name=node.target.id, kind=kind, optional=optional, default=default, help=help_text)
    _default_fits(parameter, where)
    return parameter


def _annotation(node: ast.expr, where: str) -> tuple[type, bool]:
    words = [word.strip() for word in ast.unparse(node).strip("'\"").split("|")]
    named = [word for word in words if word != "None"]
    if len(named) != 1 or named[0] not in _TYPES:
        allowed = ", ".join(_TYPES)
        raise ReportError(f"{where}: type {ast.unparse(node)!r}, allowed {allowed}, each with or without '| None'.")
    return _TYPES[named[0]], "None" in words


def _default_fits(parameter: Parameter, where: str) -> None:
    misfit = isinstance(parameter.default, str) and parameter.kind is not str
    try:
        parameter.accept(parameter.default)
    except ParameterError:
        misfit = True
    if misfit:
        raise ReportError(
            f"{where}: default of {parameter.name} is {parameter.default!r}, allowed {parameter.annotation}."
            " Correct the default or the type."
        )


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}


def parse_assignments(texts: list[str]) -> dict[str, str]:
    """Split ``name=value`` options.

    Raises
    ------
    ParameterError
        An option has no ``=``, or a name is given twice.

    Examples
    --------
    >>> parse_assignments(["budget_k=900"])
    {'budget_k': '900'}
    """
    given: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ParameterError(f"-p: got {text!r}, allowed name=value. Write, say, -p budget_k=900.")
        if name.strip() in given:
            raise ParameterError(f"-p: {name.strip()} is given twice. Give it once.")
        given[name.strip()] = value
    return given


def bind(given: Mapping[str, object], declared: Mapping[str, tuple[Parameter, ...]]) -> dict[str, dict[str, Value]]:
    """Give every notebook those parameters that it declares, typed as it declares them.

    Parameters
    ----------
    given : mapping of name to value
        Text from the command line or typed values from a definition.
    declared : mapping of notebook to its parameters

    Returns
    -------
    dict of notebook to dict of name to value

    Raises
    ------
    ParameterError
        A name that no notebook declares, or a value that does not fit.
    """
    known = sorted({parameter.name for parameters in declared.values() for parameter in parameters})
    for name in given:
        if name not in known:
            raise ParameterError(f"parameter: got {name!r}, which no notebook declares. {did_you_mean(name, known)}")
    return {
        notebook: {one.name: one.accept(given[one.name]) for one in parameters if one.name in given}
        for notebook, parameters in declared.items()
    }
