from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError, ReportError
from pmlib.reporting.parameters import (
    Parameter,
    bind,
    needed_tables,
    parse_assignments,
    parse_parameters,
    read_parameters,
)

CELL = """
workbook: str = "data/quillmark"  # folder or address
period: str | None = None  # month YYYY-MM; None = newest
budget_k: float | None = None  # thousand
seed: int = 7
strict: bool = True  # refuse near-ties
"""


def declared() -> dict[str, Parameter]:
    return {one.name: one for one in parse_parameters(CELL, where="demo")}


def test_name_type_default_and_help_come_from_the_cell() -> None:
    known = declared()
    assert [one.annotation for one in known.values()] == ["str", "str | None", "float | None", "int", "bool"]
    assert known["workbook"].default == "data/quillmark"
    assert known["period"].help == "month YYYY-MM; None = newest"
    assert known["seed"].help == ""


def test_nothing_of_the_notebook_is_run(tmp_path: Path, notebook: Callable[..., Path]) -> None:
    path = notebook(tmp_path / "n.ipynb", ("parameters", "seed: int = 7"), "raise SystemExit", needs=["projects"])
    assert [one.name for one in read_parameters(path)] == ["seed"]
    assert needed_tables(path) == ("projects",)


def test_a_notebook_without_the_cell_has_no_parameters(tmp_path: Path, notebook: Callable[..., Path]) -> None:
    assert read_parameters(notebook(tmp_path / "n.ipynb", "# Title", "x = 1")) == ()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("budget_k", "900", 900.0),
        ("budget_k", "none", None),
        ("seed", "12", 12),
        ("strict", "No", False),
        ("period", "None", None),
        ("workbook", "none", "none"),
    ],
)
def test_text_is_typed_as_the_notebook_declares(name: str, text: str, value: object) -> None:
    assert declared()[name].accept(text) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", "1.5"), ("seed", True), ("seed", 1.5), ("budget_k", "nan"), ("budget_k", "inf"), ("budget_k", "lots"),
        ("strict", "maybe"), ("strict", 1), ("seed", "none"), ("workbook", 3), ("seed", None),
        ("seed", ""), ("strict", ""), ("period", ""),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=f"parameter {name}: got .* allowed"):
        declared()[name].accept(value)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", ""])
def test_a_float_wants_a_finite_number_and_says_so(text: str) -> None:
    with pytest.raises(ParameterError, match=rf"got '{text}', allowed float \| None, a finite number"):
        declared()["budget_k"].accept(text)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_reaches_a_float_parameter_unchanged(number: float) -> None:
    given_text = declared()["budget_k"].accept(repr(float(number)))
    assert given_text == declared()["budget_k"].accept(float(number)) == float(number)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = 1", "allowed 'name: type = default"),
        ("x: list = None", "type 'list'"),
        ("x: int | str = 1", "type 'int | str'"),
        ("x: int", "allowed 'name: type"),
        ("x: int = f()", "is no constant"),
        ("x: int = 1.5", "default of x is 1.5, allowed int"),
        ("x: int = '5'", "default of x is '5', allowed int"),
        ("x: int = None", "default of x is None"),
        ("x: int =", "line 1"),
        ("import os", "line 1"),
    ],
)
def test_a_line_that_is_no_parameter_is_named(line: str, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        parse_parameters(line, where="demo")


def test_a_parameter_reaches_only_the_notebooks_that_declare_it() -> None:
    one, two = parse_parameters("seed: int = 1", where="a"), parse_parameters("budget_k: float = 1.0", where="b")
    assert bind({"seed": "3"}, {"a": one, "b": two}) == {"a": {"seed": 3}, "b": {}}


def test_a_parameter_no_notebook_declares_names_the_near_one() -> None:
    with pytest.raises(ParameterError, match=r"got 'budget'.*Did you mean 'budget_k'\?"):
        bind({"budget": "3"}, {"a": tuple(declared().values())})


def test_options_are_split_at_the_first_equals_sign() -> None:
    assert parse_assignments(["a=b=c", "d="]) == {"a": "b=c", "d": ""}


@pytest.mark.parametrize(("texts", "message"), [(["a"], "allowed name=value"), (["a=1", "a=2"], "given twice")])
def test_an_option_that_says_nothing_or_too_much_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse_assignments(texts)


def test_a_file_that_is_no_notebook_is_named(tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(ReportError, match="n.ipynb is no notebook"):
        read_parameters(tmp_path / "n.ipynb")
    (tmp_path / "n.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(ReportError, match="n.ipynb cannot be read"):
        read_parameters(tmp_path / "n.ipynb")
