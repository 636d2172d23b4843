from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import settings

from pmlib.sample.writing import write_large_tables
from pmlib.workbook import Workbook, open_workbook

mpl.use("agg")

# A run is repeatable: the same tree gives the same examples.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def quillmark() -> Workbook:
    """The sample company as a user opens it, once for all tests that only read it."""
    write_large_tables(ROOT / "data" / "quillmark")
    return open_workbook(ROOT / "data" / "quillmark")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Write files into a folder: ``folder(projects="project_id,...\\nP1,...")``; other names by ``files``."""

    def write(files: dict[str, str | bytes] | None = None, **tables: str) -> Path:
        every: dict[str, str | bytes] = {f"{name}.csv": text for name, text in tables.items()} | (files or {})
        for name, content in every.items():
            path = tmp_path / "book" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return tmp_path / "book"

    return write
