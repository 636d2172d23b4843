"""The dashboard in a real browser: controls and answers, no code, nothing written, nobody else let in."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.live_browser.small_project import BROKEN, FIRST, LEAST, LESS, NAME, hashes
from tests.live_browser.visitor import ANSWER, CONTROLS, SLIDER, WIDTHS, Visitor, serving
from tests.servers import free_port


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    address: str
    before: dict[str, str]


@pytest.fixture(scope="module")
def dashboard(person: Visitor, project: Path, home: Path) -> Iterator[Dashboard]:
    port = free_port()
    before = hashes(project)
    words = ["-m", "pmlib.dash", *(project / "notebooks" / name for name in (NAME, BROKEN)), "--port", port]
    with serving(words, f"http://127.0.0.1:{port}/", home, PMLIB_PROJECT=str(project)) as address:
        yield Dashboard(address=address, before=before)


@pytest.fixture(scope="module")
def page(dashboard: Dashboard, person: Visitor) -> Visitor:
    """The what-if page, come to from the first one."""
    person.open(dashboard.address)
    person.see(f"a[href$='{NAME}']").click()
    person.see(SLIDER)
    return person


def status(address: str, path: str, **headers: str) -> int:
    server = urlsplit(address)
    asked = http.client.HTTPConnection(server.hostname or "", server.port or 0, timeout=60)
    asked.request("GET", path, headers=headers)
    answer = asked.getresponse()
    answer.read()
    asked.close()
    return answer.status


def test_a_slider_moved_by_a_key_changes_the_plan(page):
    assert FIRST in page.text(ANSWER)
    page.press_on(SLIDER, "ARROW_LEFT")
    page.wait(LESS, lambda: LESS in page.text(ANSWER))


def test_a_number_typed_beside_a_slider_changes_the_plan(page):
    page.type_into(".widget-readout", "120")
    page.wait(LEAST, lambda: LEAST in page.text(ANSWER))


def test_every_control_has_a_name_and_is_reached_by_tab(page):
    assert page.nameless() == []
    controls = page.all(CONTROLS)
    assert page.reached_by_tab(controls) == set(controls)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_the_window_and_sliders_can_be_grabbed(page, width):
    page.resize(width)
    page.wait("the page to fit", lambda: page.page_width() <= width)
    page.picture(f"dashboard_{width}")
    assert min(one.size["width"] for one in page.all(".slider")) >= 100


def test_no_code_and_no_earlier_output_is_sent(page):
    assert page.driver.title == "What if the budget were another?"
    source = page.driver.page_source
    assert [word for word in ("open_workbook", "widgets.budget", "earlier run") if word in source] == []


def test_a_cell_that_fails_shows_neither_traceback_nor_path(dashboard, page, home):
    assert page.heard() == []
    page.resize(WIDTHS[0])
    page.open(f"{dashboard.address}voila/render/{BROKEN}")
    page.wait("the page's remark", lambda: "cannot be shown" in page.text("body"))
    page.picture("dashboard_broken")
    source = page.driver.page_source
    assert [word for word in ("Traceback", "WorkbookError", "no such folder", str(home)) if word in source] == []


def test_the_dashboard_writes_nothing_into_the_project(dashboard, page, project):
    assert hashes(project) == dashboard.before


def test_nobody_else_is_let_in(dashboard):
    assert status(dashboard.address, "/", Host="example.org") == 403
    assert status(dashboard.address, f"/voila/files/{NAME}") == 403
    with pytest.raises(ConnectionRefusedError, match="refused"):
        socket.create_connection(("127.0.0.2", urlsplit(dashboard.address).port or 0), timeout=10)
