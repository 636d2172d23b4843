"""Cases of the reports room: whole commands, start-up and HTML included, against papermill's and nbconvert's."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.orders import FOLDER
from benchmarks.registry import OURS, Case, Data, Implementation, Told
from benchmarks.reports_peers import bare, one_process, pool_of_two, recording
from benchmarks.reports_project import (
    IMPORTS,
    LAST,
    OVER_TIME,
    PERIOD,
    PICTURE,
    REPORT,
    WEIGH,
    notebook_file,
    unit_names,
    write_project,
)

_ROOT = Path(__file__).resolve().parent.parent
#: So few reports are a trial, for which nobody warms up.
_TRIAL = 2
_PICTURE = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=]+)")
_ADDRESS = re.compile(r"""(?i)\b(?:https?|ftp|file|wss?)://|mailto:|(?:src|href)\s*=\s*["']?//""")
_WEIGHED = re.compile(r"private kB: (\d+)")

Way = Callable[[Path, Path, list[str]], None]


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pmlib-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _call(*words: str | Path, also: Mapping[str, str] | None = None) -> str:
    """Run a program of this environment to its end; with byte code, or every import would be compiled again."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, *map(str, words)], cwd=_ROOT, env=kept | dict(also or {}), check=False,
                          capture_output=True, text=True)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words[:4]))}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _make(size: tuple[int, ...], seed: int) -> Data:
    """Write the project, and one of a single report on which everyone warms up."""
    folder = _folder()
    return {"reports": size[0], "project": write_project(folder / "project", reports=size[0]),
            "warm": write_project(folder / "warm", reports=1)}  # fmt: skip


def _prepared(render: Callable[[Path, int], list[Path]]) -> Callable[[Data], Callable[[], Any]]:
    def prepare(data: Data) -> Callable[[], Any]:
        if data["reports"] > _TRIAL:
            render(data["warm"], 1)
        return lambda: _fingerprints(render(data["project"], data["reports"]))

    return prepare


def _published(project: Path) -> list[Path]:
    return sorted((project / "reports" / "published" / REPORT).glob(f"{PERIOD}/*/{REPORT}.ipynb"))


def _render(project: Path, *, workers: int) -> None:
    _call("-m", "pmlib.cli", "report", REPORT, "--project", project, "--workers", str(workers))


def _ours(workers: int) -> Implementation:
    def render(project: Path, reports: int) -> list[Path]:
        shutil.rmtree(project / "reports" / "published", ignore_errors=True)
        _render(project, workers=workers)
        return _complete(_published(project), reports)

    return Implementation(name=OURS, prepare=_prepared(render))


def _complete(executed: list[Path], reports: int) -> list[Path]:
    if len(executed) != reports:
        raise RuntimeError(f"got {len(executed)} executed notebooks, wanted {reports}")
    return executed


def _peer(way: Way) -> Callable[[Data], Callable[[], Any]]:
    def render(project: Path, reports: int) -> list[Path]:
        out = Path(tempfile.mkdtemp(dir=project))
        _call("-m", "benchmarks.reports_peers", way.__name__, notebook_file(project), out, *unit_names(reports))
        return _complete(sorted(out.glob("*.ipynb")), reports)

    return _prepared(render)


def _loop(share: float) -> Callable[[Data], Callable[[], Any]]:
    def render(project: Path, reports: int) -> list[Path]:
        out = Path(tempfile.mkdtemp(dir=project))
        asked = unit_names(reports)[: max(1, round(share * reports))]
        for unit in asked:
            executed, also = out / f"{unit}.ipynb", recording(out, unit)
            _call("-m", "papermill", notebook_file(project), executed, "-p", "unit", unit, "-p", "period", PERIOD,
                  also=also)  # fmt: skip
            _call("-m", "nbconvert", "--to", "html", "--no-input", executed)
        return _complete(sorted(out.glob("*.ipynb")), len(asked))

    return _prepared(render)


def _fingerprints(executed: list[Path]) -> list[list[float]]:
    """Tell what the notebooks show: one row per report, a number each for text, tables and pictures."""
    return [_fingerprint(json.loads(path.read_text(encoding="utf-8"))) for path in executed]


def _fingerprint(notebook: dict[str, Any]) -> list[float]:
    shown: dict[str, list[str]] = {"text/plain": [], "text/html": [], "image/png": []}
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", ())):
        forms = {"text/plain": output["text"]} if output["output_type"] == "stream" else output["data"]
        for form, kept in shown.items():
            kept.append("".join(forms.get(form, "")).strip())
    # 48 bits are exact in a float.
    return [float(int(hashlib.sha256("\n".join(kept).encode()).hexdigest()[:12], 16)) for kept in shown.values()]


def _race(number: str, sizes: Mapping[str, tuple[int, ...]], *, share: float) -> tuple[Case, ...]:
    """Give the same reports with two workers and with one, each against those who work in the same way."""
    loop = Implementation(name="papermill and nbconvert, command lines in a loop", prepare=_loop(share), share=share)
    two = (_ours(2), replace(loop, at_least=8),
           Implementation(name="papermill, pool of two", prepare=_peer(pool_of_two), at_least=2.5))  # fmt: skip
    one = (_ours(1), replace(loop, at_least=4.5),
           Implementation(name="papermill, one process", prepare=_peer(one_process), at_least=2.5),
           Implementation(name="bare cell code in one script", prepare=_peer(bare), above_within=0.25))  # fmt: skip
    return tuple(
        Case(name=f"{number} reports, {workers}", work=f"reports of 12 cells, {workers}", make=_make, sizes=sizes,
             implementations=who, tolerance=0, in_process=False)
        for workers, who in (("two workers", two), ("one worker", one))
    )  # fmt: skip


def _make_drawn(size: tuple[int, ...], seed: int) -> Data:
    return {"reports": size[0], "project": write_project(_folder(), reports=size[0], more={OVER_TIME: PICTURE})}


def _warm_pages(data: Data) -> Callable[[], list[float]]:
    """Publish, then write each page once more with one warm writer."""
    _render(data["project"], workers=2)
    executed = _complete(_published(data["project"]), data["reports"])
    pages = [path.read_text(encoding="utf-8") for path in (data["project"] / "reports" / "published").rglob("*.html")]
    pictures = [len(b64decode(one)) for page in pages for one in _PICTURE.findall(page)]
    bare_pages = [_PICTURE.sub("", page) for page in pages]
    heaviest = max(len(page.encode()) for page in bare_pages)
    addresses = sum(len(_ADDRESS.findall(page)) for page in bare_pages)
    return lambda: [1e3 * statistics.median(_page_seconds(executed)), heaviest / 1e3, max(pictures) / 1e3, addresses]


def _page_seconds(executed: list[Path]) -> Iterator[float]:
    import nbformat

    from pmlib.reporting.export import Page, PageWriter

    writer = PageWriter()
    page = Page(title="Decision report", kicker="Unit", period_name="June 2026", provenance="Rendered from decision")
    for place, path in enumerate([executed[0], *executed]):
        began = perf_counter()
        writer.write(nbformat.read(path, as_version=4), page)  # type: ignore[no-untyped-call]
        if place:
            yield perf_counter() - began


_PAGES = Case(
    name="pages", work="published pages, reports", make=_make_drawn,
    sizes={"full": (12,), "smoke": (_TRIAL,)}, in_process=False,
    implementations=(Implementation(name=OURS, prepare=_warm_pages, told=(
        Told(what="HTML of a report, read and written", unit="ms", at_most=25),
        Told(what="heaviest page without its pictures", unit="kB", at_most=100),
        Told(what="largest picture", unit="kB", at_most=60),
        Told(what="outside addresses", unit="in all", at_most=0),
    )),),
)  # fmt: skip


def _make_weighed(size: tuple[int, ...], seed: int) -> Data:
    project = write_project(_folder(), reports=size[0], more={IMPORTS: WEIGH, LAST: WEIGH})
    return {"reports": size[0], "project": project}


def _weights(executed: list[Path]) -> list[float]:
    """Read what the kernels printed: private megabytes after the imports, and at the end."""
    weighed = [[int(found) / 1024 for found in _WEIGHED.findall(path.read_text(encoding="utf-8"))] for path in executed]
    return [statistics.median(column) for column in zip(*weighed, strict=True)]


def _weigh_ours(data: Data) -> Callable[[], list[float]]:
    def call() -> list[float]:
        shutil.rmtree(data["project"] / "reports" / "published", ignore_errors=True)
        _render(data["project"], workers=2)
        return _weights(_complete(_published(data["project"]), data["reports"]))

    return call


def _weigh_papermill(data: Data) -> Callable[[], list[float]]:
    def call() -> list[float]:
        out = _folder()
        _call("-m", "benchmarks.reports_peers", one_process.__name__, notebook_file(data["project"]), out,
              *unit_names(data["reports"]))  # fmt: skip
        return _weights(sorted(out.glob("*.ipynb")))

    return call


_AT_END = Told(what="private memory of a kernel at its end", unit="MB")
_AFTER = Told(what="private memory of a kernel after its imports", unit="MB")
_MEMORY = Case(
    name="memory of a kernel", work="kernels, reports", make=_make_weighed,
    sizes={"full": (4,), "smoke": (1,)}, in_process=False,
    implementations=(
        Implementation(name=OURS, prepare=_weigh_ours, told=(replace(_AFTER, at_most=30), _AT_END)),
        Implementation(name="papermill", prepare=_weigh_papermill, told=(_AFTER, _AT_END), agrees=False),
    ),
)  # fmt: skip


def _make_kept(size: tuple[int, ...], seed: int) -> Data:
    """Write a project that stays: what is fresh in it need not be rendered for the next who asks."""
    return {"reports": size[0], "project": write_project(FOLDER / f"reports-{size[0]}", reports=size[0])}


def _again(data: Data) -> Callable[[], None]:
    """Publish what is stale, then ask once more."""
    project: Path = data["project"]
    _render(project, workers=2)

    def manifests() -> dict[Path, int]:
        found = (project / "reports" / "published" / REPORT).glob(f"{PERIOD}/*/manifest.json")
        return {path: path.stat().st_mtime_ns for path in found}

    before = manifests()

    def call() -> None:
        _render(project, workers=2)
        if len(before) != data["reports"] or manifests() != before:
            raise RuntimeError(f"of {data['reports']} fresh reports, {len(before)} were published, and some anew")

    return call


def _planned(data: Data) -> Callable[[], None]:
    """Publish what is stale, then settle in this process what a run would do."""
    from pmlib.reporting.definition import load_definition
    from pmlib.reporting.freshness import is_fresh
    from pmlib.reporting.plan import plan_reports

    project: Path = data["project"]
    _render(project, workers=2)

    def call() -> None:
        fresh = [is_fresh(plan) for plan in plan_reports(load_definition(REPORT, project), project)]
        if fresh != [True] * data["reports"]:
            raise RuntimeError(f"{fresh.count(True)} of {data['reports']} reports are fresh")

    return call


_FRESH = Case(
    name="nothing changed", work="the command once more, nothing changed, reports", make=_make_kept,
    sizes={"full": (100,), "smoke": (_TRIAL,)}, in_process=False,
    implementations=(Implementation(name=OURS, prepare=_again, within=1),
                     Implementation(name="pmlib, planning alone in a warm process", prepare=_planned)),
)  # fmt: skip

_TYPER = """\
import typer

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.command()
def report(name: str, workers: int = 2) -> None:
    \"\"\"Render a report.\"\"\"


@app.command()
def check(source: str) -> None:
    \"\"\"Check a workbook.\"\"\"


app()
"""


def _make_typer(size: tuple[int, ...], seed: int) -> Data:
    program = _folder() / "program.py"
    program.write_text(_TYPER, encoding="utf-8")
    return {"program": program}


def _help(*words: str) -> Callable[[Data], Callable[[], None]]:
    def prepare(data: Data) -> Callable[[], None]:
        asked = [*(words or (data["program"],)), "--help"]
        _call(*asked)

        def call() -> None:
            _call(*asked)

        return call

    return prepare


_HELP = Case(
    name="help", work="pmlib --help", make=_make_typer, sizes={"full": (), "smoke": ()}, in_process=False,
    implementations=(
        Implementation(name=OURS, prepare=_help("-m", "pmlib.cli")),
        Implementation(name="a bare typer program", prepare=_help(), at_most=2),
    ),
)  # fmt: skip

CASES = (
    *_race("12", {"full": (12,)}, share=1.0),
    *_race("50", {"large": (50,), "smoke": (_TRIAL,)}, share=0.1),
    _PAGES,
    *((_MEMORY,) if Path("/proc/self/smaps_rollup").is_file() else ()),
    _FRESH,
    _HELP,
)
