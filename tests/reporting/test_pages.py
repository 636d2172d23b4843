from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pmlib.reporting.definition import Definition
from pmlib.reporting.pages import index_page, newest_period, page_facts, write_index
from pmlib.reporting.publish import published_folder, read_manifest

NASTY = "<script>alert(1)</script> at https://x.y"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def words(page: str) -> str:
    """What a reader sees: no style, no markup, single spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.split("</style>")[1]).split())


def period_page(plan: Any, content: dict[str, Any]) -> str:
    return index_page(page_facts(plan, content))


def order(page: str, *parts: str) -> list[int]:
    places = [page.find(part) for part in parts]
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place < 0]
    return places


@pytest.fixture
def put() -> Callable[..., Path]:
    """Publish a made-up report: ``put(project, "monthly/2025-12/north", answer=..., status=...)``."""

    def publish(root: Path, place: str, *, answer: str = "Decided.", **over: Any) -> Path:
        folder = published_folder(root) / place
        report, period, *unit = place.split("/")
        folder.mkdir(parents=True)
        manifest = {
            "report": report, "period": period, "unit": unit[0] if unit else None, "status": "ok",
            "started": "2026-01-05", "notebooks": [{"name": "20_two", "status": "ok", "cause": None}], "files": {},
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest | over), encoding="utf-8")
        (folder / "summary.json").write_text(json.dumps({"20_two": {"summary": answer}}), encoding="utf-8")
        return folder

    return publish


@pytest.fixture
def plan() -> Callable[..., Any]:
    """Settle a made-up report of three notebooks, as far as its pages ask."""

    def settle(*, decides: str | None = "30_c", formats: tuple[str, ...] = ("html", "ipynb"), **over: Any) -> Any:
        definition = Definition(name="monthly", title="Monthly report", notebooks=("10_a", "20_b", "30_c"),
                                decides=decides, formats=formats)  # fmt: skip
        facts = {"company": "Quillmark", "period": "2025-12", "unit_name": "", "what_if": "", "as_of": "2025-12-31",
                 "blocked": {}, "aside": ""}  # fmt: skip
        return SimpleNamespace(definition=definition, **facts | over)

    return settle


@pytest.fixture
def content() -> Callable[..., dict[str, Any]]:
    """Collect what came of a run: every notebook well, with an answer, unless told otherwise."""

    def collect(states: dict[str, str] | None = None, **over: Any) -> dict[str, Any]:
        names = ["10_a", "20_b", "30_c"]
        runs = [{"name": name, "status": (states or {}).get(name, "ok"), "cause": None} for name in names]
        for run in runs:
            run["cause"] = {"failed": "cell [2]: ValueError: no", "skipped": "needs surveys (not there)"}.get(
                str(run["status"]))  # fmt: skip
        summary = {name: {"summary": f"Answer {name}.", "headline": {"9": f"of {name}"}} for name in names}
        titles = {name: f"Title {name}" for name in names}
        return {"runs": runs, "titles": titles, "summary": summary, "up": "../../", "corrected": "", **over}

    return collect


def test_an_empty_index_says_what_to_do(project: Callable[..., Path]) -> None:
    assert "Nothing is published yet. Run <code>pmlib report monthly</code>" in text(write_index(project()))


def test_periods_stand_newest_first_with_what_each_decided_and_what_changed(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project(decides="20_two")
    changes = {"before": "2025-12", "sentences": ["EUR expected value: 38.1 M → 41.2 M", NASTY]}
    for period in ("2025-12", "2025-11", "2026-01"):
        put(root, f"monthly/{period}", answer=f"Decided in {period}.", changes=changes if period == "2026-01" else None)
    page = text(write_index(root))
    places = order(page, "3 reports: 3 complete.", "January 2026 · Monthly report", "Decided in 2026-01",
                   "Since December 2025: EUR expected value: 38.1&nbsp;M → 41.2&nbsp;M. &lt;script&gt;",
                   "December 2025 · Monthly report", "Decided in 2025-12", "November 2025")  # fmt: skip
    assert places == sorted(places)
    assert "<script" not in page
    assert "://" not in page


def test_reports_of_one_period_stand_together(project: Callable[..., Path], put: Callable[..., Path]) -> None:
    root = project()
    for place in ("weekly/2025-12", "monthly/2025-11", "monthly/2025-12"):
        put(root, place)
    page = text(write_index(root))
    places = order(page, "December 2025 · Monthly report", "December 2025 · weekly", "November 2025 · Monthly report")
    assert places == sorted(places)


def test_a_failed_run_says_why_and_leads_to_the_last_good_one(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    put(root, "monthly/2025-12")
    runs = [{"name": "20_two", "status": "failed", "cause": f"cell [2]: ValueError: {NASTY}"}]
    put(root, "monthly/failed/2025-12-x", period="2025-12", unit=None, started="2026-02", notebooks=runs)
    page = text(write_index(root))
    assert '<span class="state failed">failed</span>' in page
    assert "20_two failed: cell [2]: ValueError: &lt;script&gt;alert(1)&lt;/script&gt; at https:&#47;&#47;x.y" in page
    assert 'The last good report stands: <a href="monthly/2025-12/index.html">December 2025</a>' in page
    assert 'href="monthly/failed/2025-12-x/index.html"' in page


def test_a_partial_report_names_what_failed_and_what_was_skipped(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    runs = [{"name": "10_one", "status": "failed", "cause": "cell [2]: ValueError: no"},
            {"name": "20_two", "status": "skipped", "cause": "needs surveys (not there)"}]  # fmt: skip
    put(root, "monthly/2025-12", status="partial", notebooks=runs)
    page = words(text(write_index(root)))
    assert "partial" in page
    assert "10_one failed: cell [2]: ValueError: no. 20_two skipped: needs surveys (not there)." in page


def test_a_report_without_changes_says_so(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    put(root, "monthly/2025-12", changes={"before": "2025-11", "sentences": []})
    assert "Nothing changed since November 2025." in words(text(write_index(root)))


def test_units_of_a_period_stand_in_one_table_with_those_in_trouble_first(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    for unit in ("u10", "u9", "u2"):
        put(root, f"monthly/2025-12/{unit}", answer=f"Decided for {unit}. And more of it.", unit_name=f"Unit {unit}",
            changes={"before": "2025-11", "sentences": ["Value: 1 → 2"]})  # fmt: skip
    runs = [{"name": "20_two", "status": "failed", "cause": "cell [2]: ValueError: no"}]
    put(root, "monthly/2025-12/u77", status="partial", notebooks=runs, unit_name="Unit u77")
    page = text(write_index(root))
    places = order(page, "4 units: 3 complete, 1 partial.", "20_two failed", "<details open>", "Changes since November",
                   '<td><a href="monthly/2025-12/u77/index.html">Unit u77</a>', "u2/index.html", "Decided for u2.",
                   "Value: 1 → 2.", "u9/index.html", "u10/index.html")  # fmt: skip
    assert places == sorted(places)
    assert page.count("December 2025 · Monthly report") == 1


def test_a_failed_run_without_units_is_not_lost_among_those_of_units(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    for unit in ("north", "south"):
        put(root, f"monthly/2025-12/{unit}")
    runs = [{"name": "20_two", "status": "failed", "cause": "the whole failed"}]
    put(root, "monthly/failed/2025-12-x", period="2025-12", unit=None, started="2026-02", notebooks=runs)
    page = text(write_index(root))
    assert "3 reports: 2 complete, 1 failed." in page
    assert "2 units: 2 complete." in page
    assert "20_two failed: the whole failed." in page


def test_many_units_are_folded_away_and_few_of_the_troubled_told_above(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    for number in range(13):
        put(root, f"monthly/2025-12/u{number}", status="partial" if number < 10 else "ok")
    page = text(write_index(root))
    assert "<details>" in page
    assert page.count("<h3>") == 8
    assert "And 2 more, first in the table." in page


def test_a_damaged_folder_is_named_and_the_others_stand(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    put(root, "monthly/2025-12")
    (put(root, "monthly/2026-02") / "manifest.json").write_text("{", encoding="utf-8")
    page = text(write_index(root))
    assert "February 2026" not in page
    assert "monthly/2026-02: manifest.json is missing or cannot be read. Render it again" in words(page)
    assert '<span class="state failed">unreadable</span>' in page
    assert "December 2025 · Monthly report" in page


def test_half_a_character_in_a_damaged_file_does_not_break_the_index(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    put(root, "monthly/2025-12/north", unit_name="North \ud800", answer="Start \ud800.")
    assert ">North " in text(write_index(root))


def test_a_report_that_outlived_its_definition_keeps_its_name(
    project: Callable[..., Path], put: Callable[..., Path]
) -> None:
    root = project()
    put(root, "monthly/2025-12")
    (root / "reports" / "monthly.yml").write_text("name: [", encoding="utf-8")
    assert "December 2025 · monthly" in text(write_index(root))
    (root / "reports" / "monthly.yml").unlink()
    assert "December 2025 · monthly" in text(write_index(root))
    put(root, "monthly/2026-01", title="Monthly, of old")
    assert "December 2025 · Monthly, of old" in text(write_index(root))


def test_a_run_with_parameters_of_its_own_is_a_what_if(project: Callable[..., Path], put: Callable[..., Path]) -> None:
    root = project()
    put(root, "monthly/2025-12", answer="Start 3.", asked={"seed": 2, "budget": "<3>"})
    assert "What if budget = &lt;3&gt;, seed = 2: Start 3." in text(write_index(root))


def test_the_same_folders_give_the_same_bytes_wherever_they_lie(
    project: Callable[..., Path], put: Callable[..., Path], tmp_path: Path
) -> None:
    root, shelf = project(), tmp_path / "elsewhere"
    for place in ("monthly/2025-12", "monthly/2025-11/north"):
        put(root, place)
    first = write_index(root).read_bytes()
    published_folder(root).rename(shelf)
    assert write_index(root, published=shelf).read_bytes() == first


def test_the_index_reads_manifests_and_summaries_and_nothing_else(
    project: Callable[..., Path], put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, opened = project(), []
    for number in range(12):
        put(root, f"monthly/2025-{number + 1:02d}")
    real = Path.read_text

    def watched(path: Path, *args: Any, **kwargs: Any) -> str:
        opened.append(path.name)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", watched)
    write_index(root)
    from_reports = [name for name in opened if name.endswith(".json")]
    assert sorted(from_reports) == ["manifest.json"] * 12 + ["summary.json"] * 12


def test_the_newest_period_is_of_any_unit(project: Callable[..., Path], put: Callable[..., Path]) -> None:
    root = project()
    assert newest_period(root, "monthly") is None
    put(root, "monthly/2025-11")
    put(root, "monthly/2025-12/north")
    (put(root, "monthly/2026-01/north") / "manifest.json").write_text("", encoding="utf-8")
    put(root, "monthly/failed/2026-02-x", period="2026-02")
    assert newest_period(root, "monthly") == "2025-12"
    assert read_manifest(published_folder(root) / "monthly" / "2025-12" / "north") is not None


def test_a_periods_page_has_the_answer_first_then_what_changed_then_every_notebook(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]]
) -> None:
    came = content(
        {"20_b": "skipped"},
        changes=["Value: 38.1 M → 41.2 M", NASTY],
        before="2025-11",
        run_id="7f3a91c2",
        audiences=[{"name": "board", "title": "For the board"}],
        files=["report.xlsx", "report.pdf", "changes.csv"],
    )
    page = period_page(plan(unit_name="The <North>", aside="3 rows are set aside."), came)
    places = order(page, "Quillmark · all pages of this report",
                   "Monthly report, The &lt;North&gt;, December 2025</h1>",
                   '<p class="answer">Answer 30_c.', "<b>9</b><span>of 30_c", 'href="board.html">For the board',
                   'href="report.pdf">PDF to print', 'href="report.xlsx">Excel workbook', "3 rows are set aside.",
                   "What changed since November 2025", "<li>Value: 38.1&nbsp;M → 41.2&nbsp;M.</li>", "<li>&lt;script",
                   'href="changes.csv"', 'href="10_a.html">Title 10_a', "Answer 10_a.", "Title 20_b",
                   "It needs surveys (not there).", 'href="30_c.html">Title 30_c', 'href="../../index.html"',
                   "Report monthly · period 2025-12 · unit The &lt;North&gt; · run 7f3a91c2 · data as of 2025-12-31",
                   )  # fmt: skip
    assert places == sorted(places)
    assert page.count("Answer 30_c.") == 1
    assert "20_b.html" not in page
    assert "://" not in page


def test_a_failed_notebook_leads_to_its_executed_copy(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]]
) -> None:
    page = period_page(plan(), content({"20_b": "failed"}))
    places = order(page, 'href="20_b.ipynb">Title 20_b', "state failed", "cell [2]: ValueError: no.", "error.txt")
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("formats", "page"), [(("html", "ipynb"), "10_a.html"), (("ipynb", "xlsx"), "10_a.ipynb"), (("xlsx",), None)]
)
def test_a_notebook_leads_to_the_form_that_is_published(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]], *, formats: tuple[str, ...], page: str | None
) -> None:
    found = re.search(r'href="(10_a[^"]*)"', period_page(plan(formats=formats), content()))
    assert (found and found[1]) == page


def test_an_answer_that_stands_in_for_the_deciding_one_says_so(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]]
) -> None:
    page = period_page(plan(), content({"30_c": "failed"}))
    assert '<p class="answer">Answer 20_b.' in page
    assert "Title 30_c, which should decide, failed; another notebook's answer stands here." in page.replace(
        "&#39;", "'")  # fmt: skip
    assert "which should decide" not in period_page(plan(decides=None), content({"30_c": "failed"}))


def test_without_any_answer_the_page_says_so(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]]
) -> None:
    page = words(period_page(plan(), content(summary={})))
    assert "No notebook gave an answer for this period." in page
    assert "It recorded no answer; its page has what it found." in page


@pytest.mark.parametrize(
    ("changes", "before", "said"),
    [
        ([], "2025-11", "Nothing changed since November 2025."),
        ([], None, "No earlier period is published to compare this one with."),
        ([f"Number {n}: 1 → 2" for n in range(11)], "2025-11", "Number 7: 1 → 2. 3 more changes."),
    ],
)
def test_what_changed_is_told_in_words_and_not_at_length(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]], *,
    changes: list[str], before: str | None, said: str,
) -> None:  # fmt: skip
    assert said in words(period_page(plan(), content(changes=changes, before=before)))


def test_a_blocked_table_and_a_what_if_are_told(
    plan: Callable[..., Any], content: Callable[..., dict[str, Any]]
) -> None:
    settled = plan(blocked={"estimates": "column value_k is missing"}, what_if="budget = 3")
    page = words(period_page(settled, content(corrected="projects: 3 rows more.")))
    assert "all pages of this report · what if budget = 3" in page
    assert "Table estimates is blocked: column value_k is missing. What asks for it is not shown" in page
    assert "first rendered from other figures. projects: 3 rows more." in page


def test_pages_allow_no_script_and_nothing_from_outside(
    project: Callable[..., Path], plan: Callable[..., Any], content: Callable[..., dict[str, Any]]
) -> None:
    for page in (period_page(plan(), content()), text(write_index(project()))):
        assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
        assert "<script" not in page


def test_facts_are_plain_data(plan: Callable[..., Any], content: Callable[..., dict[str, Any]]) -> None:
    facts = page_facts(plan(), content())
    assert json.loads(json.dumps(facts)) == facts
