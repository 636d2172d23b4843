"""A what-if notebook in a real JupyterLab: run it, move a control, read the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live_browser.small_project import FIRST, LEAST, LESS, NAME
from tests.live_browser.visitor import ANSWER, CONTROLS, SLIDER, WIDTHS, Visitor, serving
from tests.servers import free_port

_TOKEN = "for-tests-on-this-machine-only"
_OPTIONS = ("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={_TOKEN}")  # fmt: skip
_RUN_ALL = ".lm-Menu-item[data-command='runmenu:run-all']"
# Otherwise JupyterLab covers the page with a question whether to ask the network for news.
_NEWS = "lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"


@pytest.fixture(scope="module")
def page(person: Visitor, project: Path, home: Path) -> Iterator[Visitor]:
    """The notebook with all its cells run by the menu."""
    news = home / "config" / _NEWS
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    port = free_port()
    words = ["-m", "jupyterlab", *_OPTIONS, f"--ServerApp.port={port}", f"--ServerApp.root_dir={project}"]
    with serving(words, f"http://127.0.0.1:{port}/", home, PMLIB_PROJECT=str(project)) as address:
        person.open(f"{address}doc/tree/notebooks/{NAME}?token={_TOKEN}")
        person.wait("the kernel", lambda: "| Idle" in person.text("#jp-main-statusbar"))
        person.wait("the run", lambda: run_all(person))
        person.see(SLIDER)
        yield person


def run_all(person: Visitor) -> bool:
    """Ask for it by the menu; JupyterLab forgets what is asked of a kernel that it is about to reach."""
    labels = person.wait("the menu", lambda: person.all(".lm-MenuBar-itemLabel"))
    next(one for one in labels if one.text == "Run").click()
    person.see(_RUN_ALL).click()
    time.sleep(1)
    return any(one.text.strip("[]: ") for one in person.all(".jp-InputPrompt"))


def test_a_slider_moved_by_a_key_changes_the_plan(page):
    assert FIRST in page.text(ANSWER)
    page.press_on(SLIDER, "ARROW_LEFT")
    page.wait(LESS, lambda: LESS in page.text(ANSWER))


def test_a_number_typed_beside_a_slider_changes_the_plan(page):
    page.type_into(".widget-readout", "120")
    page.wait(LEAST, lambda: LEAST in page.text(ANSWER))


def test_every_control_is_reached_by_tab(page):
    controls = page.all(CONTROLS)
    assert page.reached_by_tab(controls) == set(controls)


def test_every_control_has_a_name(page):
    assert page.nameless() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_the_window_and_sliders_can_be_grabbed(page, width):
    page.resize(width)
    page.wait("the page to fit", lambda: page.page_width() <= width)
    page.picture(f"jupyterlab_{width}")
    assert min(one.size["width"] for one in page.all(".slider")) >= (100 if width > 600 else 40)


def test_the_console_tells_of_no_error(page):
    assert page.heard() == []
