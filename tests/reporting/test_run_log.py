"""What a run did can be read step by step, on the terminal and beside the report."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pmlib.reporting.definition import load_definition
from pmlib.reporting.plan import plan_reports
from pmlib.reporting.render import render
from pmlib.reporting.run_log import log_file

PARAMETERS = ("parameters", 'period: str = "2025-12"  # month')


def _render(root: Path, kernels: object, **options: object) -> Path:
    plans = plan_reports(load_definition("monthly", root), root, {"period": "2025-12"})
    render(plans, kernels, cold=True, **options)  # type: ignore[arg-type]
    return log_file(plans[0])


def test_the_log_beside_a_report_says_why_it_ran_what_ran_and_how_it_ended(
    project: Callable[..., Path], kernels: Callable[..., object]
) -> None:
    root = project({"10_one": [PARAMETERS], "20_two": [PARAMETERS]})
    _render(root, kernels(causes={"20_two": "no such thing"}))
    path = _render(root, kernels())
    assert path == root / "reports" / "published" / "monthly" / "logs" / "2025-12.log"
    lines = path.read_text(encoding="utf-8").splitlines()
    moments, steps = zip(*(line.split(" ", 1) for line in lines), strict=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", moment) for moment in moments)
    said = [step.removeprefix("monthly 2025-12: ") for step in steps]
    assert said[0] == "not published yet"
    assert {"20_two failed in 0.1 s", "10_one is kept from before"} <= {
        re.sub(r"in [\d.]+ s", "in 0.1 s", one) for one in said}
    assert "published in part: 20_two failed" in said
    assert said[-1].startswith("ok, 2 of 2 notebooks, 1 run, 1 kept, ")
    assert (path.stat().st_mode & 0o777) == 0o600


def test_a_run_with_nothing_to_do_leaves_the_log_as_it_is(
    project: Callable[..., Path], kernels: Callable[..., object]
) -> None:
    root = project({"10_one": [PARAMETERS]})
    path = _render(root, kernels())
    before = path.read_bytes()
    assert _render(root, kernels()).read_bytes() == before


def test_a_log_that_cannot_be_written_fails_no_report(
    project: Callable[..., Path], kernels: Callable[..., object]
) -> None:
    root = project({"10_one": [PARAMETERS]})
    path = root / "reports" / "published" / "monthly" / "logs"
    path.parent.mkdir(parents=True)
    path.touch()
    _render(root, kernels())
    assert (path.parent / "2025-12" / "manifest.json").is_file()


def test_steps_reach_whoever_listens_and_nobody_else(
    project: Callable[..., Path], kernels: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    root = project({"10_one": [PARAMETERS]})
    _render(root, kernels())
    assert "monthly 2025-12: not published yet" in caplog.messages
    assert not logging.getLogger("pmlib.reporting.run_log").handlers
