from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.reporting.definition import Definition
from pmlib.reporting.published import Line, published_lines

DEFINITION = Definition(
    name="monthly",
    title="Monthly report",
    notebooks=("10_check", "20_plan"),
    decides="20_plan",
    audiences={"board": {"title": "For the board"}, "team": {"title": "For the team"}},
)


def put(folder: Path, **over: Any) -> Path:
    """Publish a made-up report; its place says report, period and unit."""
    report, period, *unit = folder.parts[folder.parts.index("monthly"):]
    manifest = {
        "report": report,
        "period": period,
        "unit": unit[0] if unit else None,
        "status": "ok",
        "started": "2026-01-05T00:00:00+00:00",
        "notebooks": [{"name": "20_plan", "status": "ok", "cause": None}],
        "files": {"index.html": "0"},
        **over,
    }
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    answers = {"10_check": {"summary": "Clean."}, "20_plan": {"summary": f"Decided in {period}."}}
    (folder / "summary.json").write_text(json.dumps(answers), encoding="utf-8")
    return folder


def fail(report: Path, period: str, *, started: str = "2026-02-05", **over: Any) -> None:
    runs = [{"name": "20_plan", "status": "failed", "cause": "cell [2]: ValueError: no"}]
    put(report / "failed" / f"{period}-{started}", report="monthly", period=period, unit=over.pop("unit", None),
        status="partial", started=started, notebooks=runs, **over)  # fmt: skip


def one(lines: list[Line]) -> Line:
    assert len(lines) == 1
    return lines[0]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "monthly"
    folder.mkdir()
    return folder


def test_periods_come_newest_first_with_what_each_decided(report: Path) -> None:
    for period in ("2025-11", "2026-01", "2025-12"):
        put(report / period)
    lines = published_lines(report, DEFINITION)
    assert [line.period for line in lines] == ["2026-01", "2025-12", "2025-11"]
    assert [line.answer for line in lines] == ["Decided in 2026-01.", "Decided in 2025-12.", "Decided in 2025-11."]
    assert lines[0].href == "monthly/2026-01/index.html"


def test_a_period_with_units_has_a_line_for_each(report: Path) -> None:
    put(report / "2025-12" / "north", unit_name="The North")
    put(report / "2025-12" / "south")
    put(report / "2025-11")
    lines = published_lines(report, DEFINITION)
    assert [(line.period, line.unit, line.name) for line in lines] == [
        ("2025-12", "north", "The North"), ("2025-12", "south", "south"), ("2025-11", "", "")]  # fmt: skip
    assert lines[0].href == "monthly/2025-12/north/index.html"


def test_links_lead_to_audiences_and_files_that_are_there(report: Path) -> None:
    put(report / "2025-12", files=dict.fromkeys(["board.html", "report.xlsx", "report.pdf", "tables/a.xlsx"], "0"))
    links = one(published_lines(report, DEFINITION)).links
    assert [(link.words, link.href) for link in links] == [
        ("For the board", "monthly/2025-12/board.html"),
        ("PDF to print", "monthly/2025-12/report.pdf"),
        ("Excel workbook", "monthly/2025-12/report.xlsx"),
    ]


def test_at_most_two_changes_are_told_each_as_a_sentence(report: Path) -> None:
    put(report / "2025-12", changes={"before": "2025-11", "sentences": ["a: 1 → 2", "b.", "c", "d"]})
    line = one(published_lines(report, DEFINITION))
    assert (line.before, line.changes) == ("2025-11", ("a: 1 → 2.", "b."))


@pytest.mark.parametrize("changes", [None, 3, {"before": "<b>", "sentences": ["x"]}, {"sentences": ["x"]}])
def test_changes_that_compare_with_nothing_known_are_not_told(report: Path, changes: Any) -> None:
    put(report / "2025-12", changes=changes)
    assert one(published_lines(report, DEFINITION)).changes == ()


def test_a_failed_run_is_told_beside_the_good_report_it_left_standing(report: Path) -> None:
    put(report / "2025-12")
    fail(report, "2025-12", started="2026-02-05")
    fail(report, "2025-12", started="2026-03-05")
    line = one(published_lines(report, DEFINITION))
    assert (line.state, line.answer) == ("failed", "Decided in 2025-12.")
    assert line.problems == ("20_plan failed: cell [2]: ValueError: no",)
    assert line.failed == "monthly/failed/2025-12-2026-03-05/index.html"
    assert line.good is not None
    assert (line.good.href, line.good.words) == ("monthly/2025-12/index.html", "December 2025")


def test_a_failure_made_good_is_no_news(report: Path) -> None:
    fail(report, "2025-12", started="2026-01-01")
    put(report / "2025-12", started="2026-01-02")
    assert one(published_lines(report, DEFINITION)).state == "ok"


def test_a_failed_run_with_nothing_in_its_place_leads_to_the_last_good_period_of_its_unit(report: Path) -> None:
    put(report / "2025-10" / "north")
    put(report / "2025-11" / "south")
    put(report / "2026-01" / "north")
    fail(report, "2025-12", unit="north")
    line = next(line for line in published_lines(report, DEFINITION) if line.state == "failed")
    assert line.good is not None
    assert (line.unit, line.good.words) == ("north", "October 2025")
    assert line.href == "monthly/failed/2025-12-2026-02-05/index.html"


def test_a_first_run_that_failed_has_no_good_one_to_lead_to(report: Path) -> None:
    fail(report, "2025-12")
    assert one(published_lines(report, DEFINITION)).good is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "manifest.json is missing or cannot be read"),
        ('{"report": "mon', "manifest.json is missing or cannot be read"),
        ("[1, 2]", "manifest.json is missing or cannot be read"),
        ('{"report": "monthly", "period": "2025-12"}', "manifest.json does not list its notebooks"),
        ('{"notebooks": [3]}', "manifest.json does not list its notebooks"),
        ('{"notebooks": [], "status": "fine"}', "manifest.json does not say how and when the run went"),
        ('{"notebooks": [], "status": "ok", "started": "x", "report": "weekly", "period": "2025-12", "unit": null}',
         "manifest.json is that of weekly/2025-12"),
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_named_with_what_to_do(report: Path, text: str, said: str) -> None:
    put(report / "2025-12")
    (report / "2025-12" / "manifest.json").write_text(text, encoding="utf-8")
    line = one(published_lines(report, DEFINITION))
    assert line.state == "unreadable"
    assert line.problems == (
        f"monthly/2025-12: {said}. Render it again (pmlib report monthly --period 2025-12), or delete the folder.",
    )


@given(
    damage=st.dictionaries(
        st.sampled_from(["status", "started", "notebooks", "files", "changes", "asked", "title", "unit_name", "unit"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("2025-11"),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                st.sampled_from(["before", "sentences", "name", "status", "cause", "board.html"]), inner, max_size=4),
            max_leaves=6),
        max_size=4),
    summary=st.sampled_from(["{", "[]", '{"20_plan": 3}', '{"20_plan": {"summary": "x"}}']),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_a_manifest_and_a_summary_hold_every_line_is_told(damage: dict[str, Any], summary: str) -> None:
    with TemporaryDirectory() as place:
        report = Path(place) / "monthly"
        (put(report / "2025-11", **damage) / "summary.json").write_text(summary, encoding="utf-8")
        put(report / "2025-12")
        put(report / "failed" / "2025-11-x", **{"report": "monthly", "period": "2025-11", "unit": None} | damage)
        assert {line.period for line in published_lines(report, DEFINITION)} >= {"2025-11", "2025-12"}


def test_a_damaged_unit_does_not_hide_the_others(report: Path) -> None:
    put(report / "2025-12" / "north")
    (put(report / "2025-12" / "south") / "manifest.json").unlink()
    states = {line.unit: (line.state, line.problems) for line in published_lines(report, DEFINITION)}
    assert states["north"] == ("ok", ())
    assert states["south"][0] == "unreadable"
    assert "pmlib report monthly --period 2025-12 --unit south" in states["south"][1][0]


@pytest.mark.parametrize("text", ["", "[1]", '{"20_plan": "text"}', '{"20_plan": {"summary": 3}}', "\udcff"])
def test_a_damaged_summary_leaves_the_line_and_says_so(report: Path, text: str) -> None:
    folder = put(report / "2025-12")
    (folder / "summary.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    line = one(published_lines(report, DEFINITION))
    assert (line.state, line.answer, line.href) == ("unreadable", "", "monthly/2025-12/index.html")
    assert line.problems == (
        "summary.json cannot be read. Render it again (pmlib report monthly --period 2025-12).",
    )


def test_what_is_no_period_is_no_line(report: Path) -> None:
    for name in ("2025-13", "failed", ".2025-12.aside", "2025-12", "notes"):
        (report / name).mkdir()
    (report / "2025-11").write_text("a file", encoding="utf-8")
    assert published_lines(report, DEFINITION) == []


def test_a_name_that_no_definition_allows_is_no_unit(report: Path) -> None:
    put(report / "2025-12" / "north")
    for name in ("a b", ".south.aside", "javascript:x", "é"):
        put(report / "2025-12" / name)
    assert one(published_lines(report, DEFINITION)).unit == "north"


def test_without_its_definition_the_last_answer_stands_for_the_report(report: Path) -> None:
    put(report / "2025-12", files={"board.html": "0"})
    line = one(published_lines(report))
    assert (line.answer, line.links) == ("Decided in 2025-12.", ())
