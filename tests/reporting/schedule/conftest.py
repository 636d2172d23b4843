from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmlib.reporting.definition import Definition

ANSWERS = {
    "10_check_data": "Yes. Nothing is set aside.",
    "20_score_projects": "P14 leads with 4.2 of 100 points, 0.2 ahead of P01; it stays first. More follows.",
    "30_rebalance_portfolio": "Start 4, keep 11, stop 2: value 1,234 k EUR. Data engineering binds.",
}
MANIFEST: dict[str, Any] = {
    "format": 1,
    "report": "monthly",
    "period": "2025-12",
    "unit": None,
    "run_id": "1a2b3c4d",
    "dressing": "d" * 8,
    "status": "ok",
    "notebooks": [{"name": name, "status": "ok", "cause": None} for name in ANSWERS],
    "changes": {"before": "2025-11", "run_id": "99887766", "sentences": ["P14 leads in place of P01."]},
    "finished": "2026-01-01T06:03:20.128+00:00",
}


@pytest.fixture
def definition() -> Callable[..., Definition]:
    def make(**keys: Any) -> Definition:
        given = {"name": "monthly", "title": "Monthly report", "notebooks": tuple(ANSWERS),
                 "decides": "30_rebalance_portfolio", "recipients": [{"address": "ann@example.org"}]}
        return Definition.model_validate({**given, **keys})

    return make


@pytest.fixture
def published(tmp_path: Path) -> Callable[..., Path]:
    """Write a published folder: pages of every notebook, PDF and spreadsheet, a manifest that lists them."""

    def make(*, pages: tuple[str, ...] = (), answers: dict[str, str] | None = None, **manifest: Any) -> Path:
        folder = tmp_path / "published" / "monthly" / "2025-12"
        folder.mkdir(parents=True, exist_ok=True)
        names = ["index.html", *(f"{name}.html" for name in ANSWERS), "report.pdf", "report.xlsx", *pages]
        for name in names:
            (folder / name).write_bytes(f"<p>{name} é".encode() + bytes(range(256)))
        summary = {name: {"summary": text} for name, text in (ANSWERS if answers is None else answers).items()}
        (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        content = {**MANIFEST, "files": dict.fromkeys(names, "0"), **manifest}
        (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
        return folder

    return make
