from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from pmlib.reporting import record

PARAMETERS = ("parameters", "period: str | None = None  # month YYYY-MM")


class Answer:
    """The least that can be recorded."""

    def __init__(self, summary: str, headline: dict[str, str] | None = None) -> None:
        self._summary, self._headline = summary, headline or {}

    def summary(self) -> str:
        return self._summary

    def headline(self) -> dict[str, str]:
        return self._headline


class FakeKernels(Executor):
    """Runs no kernel: copies each notebook, records its answer, fails those that have a cause; makes real folders."""

    def __init__(self, answers: dict[str, Answer] | None = None, causes: dict[str, str] | None = None) -> None:
        self.answers, self.causes, self.jobs = answers or {}, causes or {}, []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("pmlib.reporting.executed.run_notebook", self._run)
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def _run(self, job: dict[str, Any]) -> dict[str, Any]:
        self.jobs.append(job)
        shutil.copyfile(job["notebook"], job["output"])
        if job["name"] in self.answers:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in job["env"].items():
                    patch.setenv(name, value)
                record(self.answers[job["name"]])
        cause = self.causes.get(job["name"])
        outcome = {"status": "failed" if cause else "ok", "seconds": 0.1, "cause": cause, "detail": "source line 3: x"}
        return {"name": job["name"], "tries": 1, "cell_seconds": [0.1], **outcome}


@pytest.fixture
def kernels() -> type[FakeKernels]:
    return FakeKernels


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def notebook() -> Callable[..., Path]:
    """Write a notebook: text that begins with ``#`` is a text cell, a pair is (tag, code), the rest code."""

    def write(path: Path, *cells: str | tuple[str, str], needs: list[str] | None = None) -> Path:
        made = []
        for number, cell in enumerate(cells):
            tag, source = cell if isinstance(cell, tuple) else ("", cell)
            text = not tag and source.startswith("# ")
            new = (nbformat.v4.new_markdown_cell if text else nbformat.v4.new_code_cell)(source, id=f"c{number}")
            new.metadata.update({"tags": [tag]} if tag else {})
            made.append(new)
        metadata: dict[str, Any] = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
        metadata |= {"pmlib": {"needs": needs}} if needs else {}
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), path)
        return path

    return write


@pytest.fixture
def project(tmp_path: Path, notebook: Callable[..., Path]) -> Callable[..., Path]:
    """Make a project: ``project({"10_one": [cells]}, needs={...}, title=...)``; other keys go into the definition."""

    def make(
        cells: dict[str, list[Any]] | None = None, /, *, needs: dict[str, list[str]] | None = None, **keys: Any
    ) -> Path:
        root = tmp_path / "project"
        given = cells or {"10_one": ["# One", PARAMETERS], "20_two": ["# Two", PARAMETERS]}
        for name, own in given.items():
            notebook(root / "notebooks" / f"{name}.ipynb", *own, needs=(needs or {}).get(name))
        content = {"name": "monthly", "title": "Monthly report", "notebooks": list(given), **keys}
        (root / "reports").mkdir(parents=True, exist_ok=True)
        (root / "reports" / f"{content['name']}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return root

    return make
