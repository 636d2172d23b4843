from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmlib.reporting.definition import load_definition
from pmlib.reporting.pages import newest_period, write_index
from pmlib.reporting.render import Rendered, render


@pytest.fixture
def go(kernels: Any) -> Callable[..., Rendered]:
    def run(root: Path, period: str = "2025-12", report: str = "monthly", **fake: Any) -> Rendered:
        return render(load_definition(report, root), root, {"period": period}, workers=kernels(**fake))

    return run


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def order(page: str, *words: str) -> list[int]:
    places = [page.find(word) for word in words]
    assert -1 not in places, words
    return places


def test_an_empty_index_says_what_to_do(project: Callable[..., Path]) -> None:
    assert "Nothing is published yet. Run <code>pmlib report" in text(write_index(project()))


def test_periods_stand_newest_first_with_what_each_decided(
    project: Callable[..., Path], go: Callable[..., Rendered], answer: Any
) -> None:
    root = project(decides="20_two")
    for period, value in (("2025-12", "38.1 M"), ("2025-11", "40.0 M"), ("2026-01", "41.2 M")):
        decision = answer(f"Decided in {period}.", {value: "EUR expected value"})
        done = go(root, period, answers={"10_one": answer("Not this one."), "20_two": decision})
    page = text(done.index)
    places = order(page, "January 2026", "Decided in 2026-01", "December 2025", "Decided in 2025-12", "November 2025")
    assert places == sorted(places)
    assert "Since December 2025: EUR expected value: 38.1&nbsp;M → 41.2&nbsp;M" in page
    assert "Not this one" not in page
    assert newest_period(root, "monthly") == "2026-01"
    assert newest_period(root, "weekly") is None


def test_a_failed_run_says_why_and_leads_to_the_last_good_one(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    root = project()
    go(root)
    failed = go(root, causes={"20_two": "cell [2]: ValueError: <b>no</b> at https://x.y"})
    page = text(failed.index)
    assert '<span class="state failed">failed</span>' in page
    assert "20_two failed: cell [2]: ValueError: &lt;b&gt;no&lt;/b&gt; at https:&#47;&#47;x.y" in page
    assert 'The last good report stands: <a href="monthly/2025-12/index.html">December 2025</a>' in page
    assert f"monthly/failed/{failed.folder.name}/index.html" in page
    assert 'href="../../../index.html"' in text(failed.folder / "index.html")


def test_a_failure_made_good_is_no_news(project: Callable[..., Path], go: Callable[..., Rendered]) -> None:
    root = project()
    go(root)
    go(root, causes={"20_two": "x"})
    assert "failed" not in text(go(root).index).split("</style>")[1]


def test_a_folder_without_a_manifest_is_not_believed(project: Callable[..., Path], go: Callable[..., Rendered]) -> None:
    root = project()
    done = go(root)
    shutil.copytree(done.folder, done.folder.with_name("2026-02"))
    (done.folder.with_name("2026-02") / "manifest.json").unlink()
    assert "February 2026" not in text(write_index(root))


def test_a_report_that_outlived_its_definition_keeps_its_name(
    project: Callable[..., Path], go: Callable[..., Rendered]
) -> None:
    root = project()
    go(root)
    (root / "reports" / "monthly.yml").unlink()
    assert "December 2025 · monthly" in text(write_index(root))


def test_a_periods_page_has_the_answer_first_then_every_notebook_with_its_state(
    project: Callable[..., Path], go: Callable[..., Rendered], answer: Any
) -> None:
    root = project(
        {f"{n}0_x": [f"# Title {n} <b>", ("parameters", "period: str | None = None")] for n in range(1, 5)},
        needs={"30_x": ["surveys"]},
        decides="40_x",
    )
    answers = {"10_x": answer("Data <i> are fine."), "40_x": answer("Start 9.", {"41.2 M": "EUR"})}
    page = text(go(root, answers=answers, causes={"20_x": "cell [2]: ValueError: no"}).folder / "index.html")
    places = order(page, '<p class="answer">Start 9.', "<b>41.2&nbsp;M</b>",
                   "Title 1 &lt;b&gt;", "Data &lt;i&gt; are fine.",
                   "Title 2", "cell [2]: ValueError: no.", "error.txt", "Title 3", "needs surveys (not there)",
                   "Title 4")  # fmt: skip
    assert places == sorted(places)
    assert page.count("Start 9.") == 1
    assert 'href="10_x.html"' in page
    assert 'href="20_x.ipynb"' in page
    assert "30_x.html" not in page
    assert "http" not in page
