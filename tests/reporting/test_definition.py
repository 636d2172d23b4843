from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pmlib.errors import ReportError
from pmlib.reporting.definition import Format, known_reports, load_definition

ROOT = Path(__file__).parents[2]


def test_a_definition_gives_notebooks_in_order_and_defaults(project: Callable[..., Path]) -> None:
    definition = load_definition("monthly", project())
    assert definition.notebooks == ("10_one", "20_two")
    assert definition.formats == (Format.HTML, Format.IPYNB)
    assert (definition.parameters, definition.decides) == ({}, None)


def test_the_repository_defines_the_monthly_report() -> None:
    assert "monthly" in known_reports(ROOT)


def test_an_unknown_report_names_the_near_one(project: Callable[..., Path]) -> None:
    with pytest.raises(ReportError, match=r"got 'montly'\. Known: monthly\. Did you mean 'monthly'\?"):
        load_definition("montly", project())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"notebok": ["x"]}, "unknown key 'notebok'.*Did you mean 'notebooks'"),
        ({"formats": ["docx"]}, r"formats\.0: got 'docx'"),
        ({"matrix": {"units": ["A"]}}, "units and the parameter that takes them belong together"),
        ({"matrix": {"parameter": "unit"}}, "units and the parameter that takes them belong together"),
        ({"matrix": {"parameter": "unit", "units": ["../a"]}}, "matrix.units"),
        ({"matrix": {"periods": ["2025-13"]}}, "matrix.periods"),
        ({"audiences": {"index": {"title": "All"}}}, "'index' is the name of another page"),
        ({"audiences": {"board": {"title": "B", "notebooks": ["10_on"]}}}, "audiences.board.notebooks: got '10_on'"),
        ({"recipients": [{"address": "nobody"}]}, "recipients.0.address: got 'nobody'"),
        ({"recipients": [{"address": "a@b.org", "audience": "bord"}]}, "audience 'bord' is not defined"),
        ({"umask": "8"}, "umask: got '8'"),
        ({"schedule": {"day": 31}}, "schedule.day: got 31"),
        ({"timeout_s": 0}, "timeout_s: got 0"),
        ({"notebooks": []}, "notebooks: got"),
        ({"notebooks": ["10_one", "10_one"]}, "named twice"),
        ({"notebooks": ["../secret"]}, "notebooks.0: got '../secret'"),
        ({"notebooks": ["10_on"]}, "notebooks/10_on.ipynb is not there.*Did you mean '10_one'"),
        ({"decides": "10_on"}, "decides: got '10_on'.*Did you mean '10_one'"),
        ({"parameters": {"x": [1]}}, "parameters.x"),
    ],
)
def test_a_slip_in_a_definition_is_refused(project: Callable[..., Path], keys: dict[str, object], message: str) -> None:
    with pytest.raises(ReportError, match=message):
        load_definition("monthly", project(**keys))


def test_a_definition_named_otherwise_than_its_file_is_refused(project: Callable[..., Path]) -> None:
    root = project()
    (root / "reports" / "monthly.yml").rename(root / "reports" / "weekly.yml")
    with pytest.raises(ReportError, match="name is 'monthly', allowed 'weekly'"):
        load_definition("weekly", root)


@pytest.mark.parametrize(("text", "message"), [("a: [", "is not YAML"), ("- a", "got list"), ("name: x", "missing")])
def test_a_file_that_is_no_definition_is_refused(project: Callable[..., Path], text: str, message: str) -> None:
    root = project()
    (root / "reports" / "monthly.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=message):
        load_definition("monthly", root)
