"""What a real browser makes of published pages; skipped where none is installed."""

from __future__ import annotations

import html
import http.client
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import nbformat
import pandas as pd
import pytest
import yaml
from nbformat import v4

import pmlib as pm
from pmlib.reporting.definition import load_definition
from pmlib.reporting.plan import plan_reports
from pmlib.reporting.render import render
from tests.browser import Browser, asked_network, chromium, served
from tests.hostile.texts import LONG, MARKDOWN, MARKUP, TEXTS
from tests.reporting.conftest import Answer, FakeKernels
from tests.reporting.test_hostile_report import EVERY, PIXEL, outputs, readable, shown

WIDTHS = (1280, 390)
SCRIPT = "<script>window.owned = 1</script><img src='https://control.test/x.png' alt='x'>"
POLICY = re.compile(r"""<meta http-equiv="Content-Security-Policy" content="default-src 'none';[^"]*">""")
NEEDS = {"40_lacking": ["surveys"]}
DEFINITION = {
    "name": "monthly", "title": f"Monthly {MARKUP[0]}", "decides": "20_hostile",
    "notebooks": ["10_plain", "20_hostile", "30_failing", "40_lacking"], "formats": ["html", "ipynb", "xlsx"],
    "audiences": {"board": {"title": MARKUP[5], "one_page": True},
                  "team": {"title": "Team", "notebooks": ["10_plain"]}},
}  # fmt: skip


def cells(*outputs: Any) -> list[Any]:
    first = v4.new_code_cell("period: str | None = None  # month", metadata={"tags": ["parameters"]})
    return [first, v4.new_markdown_cell("# A question\n\nWhat, and why?"), v4.new_code_cell("x", outputs=list(outputs))]


def notebooks() -> dict[str, list[Any]]:
    frame = pd.DataFrame({"project": [f"Project {at}" for at in range(20)], "value_k": range(1000, 1020)})
    wide = frame.assign(**{f"column number {at}": "some words in it" for at in range(12)})
    parts = (pm.answer(Answer("Start 4, keep 11.", {"41.2 M": "EUR expected value"})),
             pm.table(frame, caption="Projects, kEUR."), pm.table(wide, caption="All of them."), pm.note("n = 20"))
    plain = [shown(dict(one._repr_mimebundle_())) for one in parts]
    picture = shown({"image/png": PIXEL}, {"image/png": {"alt": "A rise to 41 M", "caption": "n = 20", "width": 800}})
    return {"10_plain": cells(*plain, picture), "20_hostile": cells(*outputs()), "30_failing": cells(),
            "40_lacking": cells()}  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two periods of a report in which everything happens, with hostile words wherever data has words."""
    root = tmp_path_factory.mktemp("browser") / "project"
    (root / "notebooks").mkdir(parents=True)
    about = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    for name, made in notebooks().items():
        metadata = about | ({"pmlib": {"needs": NEEDS[name]}} if name in NEEDS else {})
        nbformat.write(v4.new_notebook(cells=made, metadata=metadata), root / "notebooks" / f"{name}.ipynb")
    (root / "reports").mkdir()
    (root / "reports" / "monthly.yml").write_text(yaml.safe_dump(DEFINITION), encoding="utf-8")
    for period, big in (("2025-11", "40.0 M"), ("2025-12", "41.2 M")):
        answers = {"10_plain": Answer("Data are fine.", {big: "EUR"}),
                   "20_hostile": Answer(EVERY, {big: MARKUP[1], LONG: LONG, **{text: text for text in TEXTS}})}
        plans = plan_reports(load_definition("monthly", root), root, {"period": period})
        render(plans, FakeKernels(answers=answers, causes={"30_failing": f"cell [2]: {EVERY}"}), cold=True)
    return root / "reports" / "published"


def pages(published: Path) -> list[Path]:
    return [published / "index.html", *sorted((published / "monthly" / "2025-12").glob("*.html"))]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chromium")


@pytest.fixture(scope="module")
def browser(home: Path) -> Iterator[Browser]:
    with chromium(home) as one:
        yield one


@pytest.fixture(scope="module")
def visits(browser: Browser, published: Path) -> dict[Path, Any]:
    return {page: browser.look(page.as_uri(), widths=WIDTHS) for page in pages(published)}


def wrong(visits: dict[Path, Any], ask: Callable[[Any], Any], browser: Browser, home: Path) -> dict[str, Any]:
    """What is wrong with which page; a picture of each such page is kept."""
    found = {page: ask(visit) for page, visit in visits.items() if ask(visit)}
    for page in found:
        browser.look(page.as_uri(), widths=WIDTHS, picture=home / f"{page.stem}.png")
    return {str(page): what for page, what in found.items()}


CHECKS: dict[str, Callable[[Any], Any]] = {
    "no script runs": lambda visit: visit.facts["owned"] or visit.facts["scripts"] or visit.facts["handlers"],
    "no foreign element": lambda visit: visit.facts["foreign"],
    "no request leaves": lambda visit: visit.requests,
    "nothing is complained of": lambda visit: visit.complaints,
    # What an analyst's cell shows may hold headings of its own.
    "one h1": lambda visit: visit.facts["h1"] != 1 and "A question" not in visit.facts["title"],
    "pictures are there and have words": lambda visit: visit.facts["wordless"] + visit.facts["broken"],
    "tables scroll in their box": lambda visit: visit.facts["squeezed"],
    "nothing scrolls sideways": lambda visit: {at: wide for at, wide in visit.wide.items() if wide > at},
}


@pytest.mark.parametrize("check", CHECKS)
def test_on_every_page(check: str, visits: dict[Path, Any], browser: Browser, home: Path) -> None:
    assert len(visits) >= 5
    assert wrong(visits, CHECKS[check], browser, home) == {}


def test_no_title_changed(visits: dict[Path, Any]) -> None:
    for page, visit in visits.items():
        written = re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"), re.DOTALL)
        assert written
        assert visit.facts["title"].split() == html.unescape(written[1]).split()


def test_hostile_words_are_read_as_they_are_written(visits: dict[Path, Any]) -> None:
    (visit,) = [visit for page, visit in visits.items() if page.stem == "20_hostile"]
    text = " ".join(visit.facts["text"].split())
    assert [one for one in MARKUP + MARKDOWN if readable(one) not in text] == []


def test_every_link_leads_to_a_file_of_the_report(visits: dict[Path, Any], published: Path) -> None:
    for page, visit in visits.items():
        for target in visit.facts["targets"]:
            parts = urlsplit(target)
            path = Path(url2pathname(parts.path))
            assert parts.scheme == "file", (page, target)
            assert path.is_relative_to(published), (page, target)
            assert path.is_file(), (page, target)


def test_every_page_forbids_what_it_does_not_need(published: Path) -> None:
    assert [page.name for page in pages(published) if not POLICY.search(page.read_text(encoding="utf-8"))] == []


def test_a_policy_stops_a_script_that_slipped_through(browser: Browser, visits: dict[Path, Any], home: Path) -> None:
    found = [re.search(POLICY, page.read_text(encoding="utf-8")) for page in visits]
    # The control: without a policy the same script runs, so that these tests would see one.
    for at, (head, owned) in enumerate([("", "1"), *((one[0], None) for one in found if one)]):
        page = home / f"control-{at}.html"
        page.write_text(f"<!doctype html><html lang=en><head>{head}<title>x</title></head><body>{SCRIPT}", "utf-8")
        visit = browser.look(page.as_uri())
        assert visit.facts["owned"] == owned
        assert any("Content Security Policy" in one for one in visit.complaints) is (owned is None)


def test_served_pages_behave_like_opened_ones(browser: Browser, published: Path) -> None:
    with served(published) as address:
        visit = browser.look(f"{address}/monthly/2025-12/20_hostile.html", widths=WIDTHS)
        assert (visit.requests, visit.complaints, visit.facts["owned"]) == ([], [], None)
        server = urlsplit(address)
        for target in {urlsplit(one).path for one in visit.facts["targets"]}:
            asked = http.client.HTTPConnection(server.hostname or "", server.port or 0)
            asked.request("HEAD", target)
            assert asked.getresponse().status == 200, target
            asked.close()


def test_the_browser_never_asked_the_network_for_a_page(published: Path, tmp_path: Path) -> None:
    (tmp_path / "control.html").write_text(SCRIPT, "utf-8")
    with chromium(tmp_path) as one:
        for page in (*pages(published), tmp_path / "control.html"):
            one.look(page.as_uri())
    assert asked_network(tmp_path, "control.test")
    assert not asked_network(tmp_path, ".example")
