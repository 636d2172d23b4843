from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Path]:
    """Make a report's folder: ``report({"10_one/scores": frame}, summary={...}, changes=frame)``."""

    def make(tables: dict[str, pd.DataFrame], /, summary: Any = None, changes: pd.DataFrame | None = None) -> Path:
        folder = tmp_path / "report"
        for name, frame in tables.items():
            path = folder / "tables" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(path, index=False)
        folder.mkdir(exist_ok=True)
        if summary is not None:
            (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        if changes is not None:
            changes.to_parquet(folder / "changes.parquet", index=False)
        return folder

    return make
