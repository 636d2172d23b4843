"""A real browser that tests drive over a pipe: what a page shows, asks for and complains about."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

# Asked for by the browser itself of every server.
_ICON = "/favicon.ico"
_PATIENCE_S, _LATE_MS, _PHONE, _TALLEST = 20, 30, 600, 4000
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# The browser reads commands from descriptor 3 and answers on 4; only a process of its own can be sure they are free.
_START = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for end, place in zip(ends, (3, 4)):
    os.dup2(end, place)
os.execvp(sys.argv[3], sys.argv[3:])
"""
_OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-sync", "--disable-extensions", "--disable-domain-reliability", "--no-pings", "--hide-scrollbars",
    "--disable-features=DialMediaRouteProvider,MediaRouter,OptimizationHints,Translate", "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank",
)
_FACTS = """(() => {
  const name = one => one.tagName.toLowerCase();
  const scrolls = one => { for (; one && one !== document.body; one = one.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(one).overflowX)) return true; return false; };
  const all = [...document.querySelectorAll('*')];
  return {
    title: document.title, owned: window.owned === undefined ? null : String(window.owned),
    h1: document.querySelectorAll('h1').length, text: document.body.innerText,
    scripts: document.scripts.length,
    handlers: all.flatMap(one => [...one.attributes].filter(a => a.name.startsWith('on')).map(() => name(one))),
    foreign: all.map(name).filter(one => ['iframe', 'object', 'embed', 'form', 'input', 'base', 'link'].includes(one)),
    wordless: [...document.images].filter(one => !one.alt.trim()).length,
    broken: [...document.images].filter(one => !one.complete || !one.naturalWidth).length,
    squeezed: [...document.querySelectorAll('table')].filter(one => !scrolls(one)).length,
    links: [...document.querySelectorAll('[href]')].map(one => one.getAttribute('href')),
    targets: [...document.querySelectorAll('[href]')].map(one => one.href && one.href.baseVal || one.href),
  };
})()"""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one page is and did.

    Attributes
    ----------
    facts : dict
        Title, owned (what a script of the page left), text, counts of what a page must and must not hold, links.
    wide : dict of window's width to the page's width
    requests : list of str
        Every address it asked for beside itself and what it carries.
    complaints : list of str
        Errors and warnings of the console, and windows that opened.
    """

    facts: dict[str, Any]
    wide: dict[int, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Browser:
    """One headless Chromium; ``look`` opens a page in a new tab and closes it again."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int) -> None:
        self._process, self._commands, self._answers = process, commands, answers
        self._number, self._rest, self._events = 0, b"", []

    def look(self, address: str, *, widths: Sequence[int] = (1280,), picture: Path | None = None) -> Visit:
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            return self._visit(session, address, widths, picture)
        finally:
            self.send("Target.closeTarget", targetId=target)
            self._events.clear()

    def _visit(self, session: str, address: str, widths: Sequence[int], picture: Path | None) -> Visit:
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable", session)
        self._resize(session, widths[0])
        self.send("Page.navigate", session, url=address)
        self._until("Page.loadEventFired", session)
        wide = {}
        for width in widths:
            self._resize(session, width)
            wide[width] = int(self._ask(session, "document.scrollingElement.scrollWidth"))
        # What a page starts late comes before an answer that is asked for later still.
        facts = self._ask(session, f"new Promise(done => setTimeout(() => done({_FACTS}), {_LATE_MS}))")
        if picture is not None:
            clip = {"x": 0, "y": 0, "width": widths[-1], "height": _TALLEST, "scale": 1}
            shot = self.send("Page.captureScreenshot", session, captureBeyondViewport=True, clip=clip)
            picture.write_bytes(base64.b64decode(shot["data"]))
        events = [one for one in self._events if one.get("sessionId") == session]
        return Visit(facts=facts, wide=wide, requests=_requests(events, address), complaints=_complaints(events))

    def _resize(self, session: str, width: int) -> None:
        self.send("Emulation.setDeviceMetricsOverride", session, width=width, height=900, deviceScaleFactor=1,
                  mobile=width < _PHONE)  # fmt: skip

    def _ask(self, session: str, expression: str) -> Any:
        answer = self.send("Runtime.evaluate", session, expression=expression, returnByValue=True, awaitPromise=True)
        return answer["result"]["value"]

    def send(self, method: str, session: str | None = None, /, **params: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        message |= {"sessionId": session} if session else {}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            got = self._read(method)
            if got.get("id") != number:
                self._events.append(got)
            elif "error" in got:
                raise RuntimeError(f"{method}: {got['error']}")
            else:
                return dict(got["result"])

    def _until(self, event: str, session: str) -> None:
        while not any(one.get("method") == event and one.get("sessionId") == session for one in self._events):
            self._events.append(self._read(event))

    def _read(self, awaited: str) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], _PATIENCE_S)
            more = os.read(self._answers, 1 << 20) if ready else b""
            if not more:
                raise TimeoutError(f"the browser says nothing to {awaited} (exit code {self._process.poll()})")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


def _requests(events: list[dict[str, Any]], address: str) -> list[str]:
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    page = address.partition("#")[0]
    return [url for url in asked if url.partition("#")[0] != page and not url.startswith("data:")
            and not url.endswith(_ICON)]  # fmt: skip


def _complaints(events: list[dict[str, Any]]) -> list[str]:
    said = []
    for event in events:
        params = event["params"]
        if event["method"] == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            said.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
        elif event["method"] == "Runtime.exceptionThrown":
            said.append(params["exceptionDetails"]["text"])
        elif event["method"] == "Runtime.consoleAPICalled":
            said.append(f"console.{params['type']}")
        elif event["method"] == "Page.javascriptDialogOpening":
            said.append(f"{params['type']}: {params['message']}")
    return said


@contextlib.contextmanager
def chromium(home: Path) -> Iterator[Browser]:
    """Start the machine's Chromium with a profile of its own below ``home``; without one the test is skipped."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None or os.name == "nt":
        pytest.skip("chromium is not installed")
    (hears, commands), (answers, speaks) = os.pipe(), os.pipe()
    log = ("--log-net-log=" + str(home / "network.json"), "--net-log-capture-mode=Default")
    options = [f"--user-data-dir={home / 'profile'}", *log, *_OPTIONS]
    process = subprocess.Popen(
        [sys.executable, "-c", _START, str(hears), str(speaks), program, *options], pass_fds=(hears, speaks),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "HOME": str(home)},
    )  # fmt: skip
    os.close(hears)
    os.close(speaks)
    browser = Browser(process, commands, answers)
    try:
        yield browser
    finally:
        _end(browser, process)
        os.close(commands)
        os.close(answers)


def _end(browser: Browser, process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError, TimeoutError, RuntimeError):
        browser.send("Browser.close")
    try:
        process.wait(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def asked_network(home: Path, word: str) -> bool:
    """Whether a browser that has ended tried to reach any host whose name holds a word."""
    events = json.loads((home / "network.json").read_text(encoding="utf-8"))["events"]
    return any(word in str(event.get("params", {}).get(key)) for event in events for key in ("host", "url", "address"))


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free loopback port and give its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == _ICON:
                self.send_error(204)
            else:
                super().do_GET()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
