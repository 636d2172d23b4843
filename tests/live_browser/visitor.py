"""A person at a browser, played by Selenium, and servers that last for a module; skipped where one cannot be had."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

ARTEFACTS = ROOT / "tests" / "artefacts"
#: Generous: the machine may be busy with other tests.
PATIENCE_S = 90
WIDTHS = (1280, 390)
_PHONE = 600
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync",
    "--window-size=1280,900", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
SLIDER, ANSWER = "[role=slider]", ".widget-html-content"
#: What can be moved, typed into, ticked or chosen; of a group of round buttons Tab reaches one.
CONTROLS = ", ".join(f".jupyter-widgets {one}" for one in (
    "input:not([type=radio])", "select", "textarea", "button", SLIDER)) + ", button.jupyter-widgets"


class Visitor:
    """Who opens pages, moves controls and looks."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        self.heard()
        self.driver.get(address)

    def all(self, selector: str) -> list[Any]:
        return [one for one in self.driver.find_elements("css selector", selector) if one.is_displayed()]

    def wait(self, what: str, condition: Callable[[], Any]) -> Any:
        """Ask again and again until the answer is true; elements may be drawn anew in between."""
        from selenium.common.exceptions import WebDriverException

        until, last = time.monotonic() + PATIENCE_S, ""
        while time.monotonic() < until:
            try:
                if got := condition():
                    return got
            except WebDriverException as error:
                last = str(error.msg)
            time.sleep(0.1)
        self.picture("given_up")
        raise AssertionError(f"waited {PATIENCE_S} s in vain for {what} {last}")

    def see(self, selector: str) -> Any:
        return self.wait(selector, lambda: self.all(selector))[0]

    def text(self, selector: str) -> str:
        return str(self.see(selector).text)

    def press_on(self, selector: str, *keys: str) -> None:
        """Press keys by their names on the first element of a kind."""
        from selenium.webdriver import Keys

        self.see(selector).send_keys(*(getattr(Keys, key) for key in keys))

    def type_into(self, selector: str, text: str) -> None:
        """Replace a text and press Enter."""
        from selenium.webdriver import Keys

        self.see(selector).click()
        self.see(selector).send_keys(Keys.CONTROL + "a", Keys.NULL, text, Keys.ENTER)

    def resize(self, width: int) -> None:
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < _PHONE})

    def page_width(self) -> int:
        return int(self.driver.execute_script("return document.scrollingElement.scrollWidth"))

    def picture(self, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        self.driver.save_screenshot(str(ARTEFACTS / f"{name}.png"))

    def heard(self) -> list[str]:
        """Errors of the console since it was last asked."""
        return [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE"]

    def nameless(self) -> list[str]:
        """Controls that a screen reader could only call by their kind."""
        return [one.get_attribute("outerHTML") for one in self.all(CONTROLS) if not one.accessible_name.strip()]

    def reached_by_tab(self, controls: Sequence[Any]) -> set[Any]:
        """Press Tab from the first control on and collect which others were reached."""
        from selenium.webdriver import ActionChains, Keys

        self.driver.execute_script("arguments[0].focus()", controls[0])
        reached = {self.driver.switch_to.active_element}
        # Between two controls lie the number beside a slider and what the page puts around a cell.
        for _ in range(4 * len(controls) + 8):
            ActionChains(self.driver).send_keys(Keys.TAB).perform()
            reached.add(self.driver.switch_to.active_element)
        return reached & set(controls)


@contextlib.contextmanager
def visitor(home: Path) -> Iterator[Visitor]:
    """Start the machine's Chromium by the machine's own driver, which downloads nothing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if os.name == "nt":
        pytest.skip("the servers are ended by signals, which Windows does not have")
    program, drives = next(filter(None, map(shutil.which, _PROGRAMS)), None), shutil.which("chromedriver")
    if program is None or drives is None:
        pytest.skip(f"{'chromium' if program is None else 'chromedriver'} is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location, options.page_load_strategy = program, "none"
    for option in (*_OPTIONS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=drives, env={**os.environ, "HOME": str(home)})
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Visitor(driver)
    finally:
        driver.quit()


@contextlib.contextmanager
def serving(words: Sequence[str | Path], address: str, home: Path, **variables: str) -> Iterator[str]:
    """Run a server of this Python until the block ends; ``address`` must answer first."""
    log = home / "server.log"
    own = {"JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "jupyter"),
           "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "IPYTHONDIR": str(home / "ipython")}  # fmt: skip
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, *map(str, words)], cwd=ROOT, env={**os.environ, **own, **variables},
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _answers(address, server, log)
        yield address
    finally:
        _end(server)


def _answers(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError as refused:
            refused.close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {address}:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
