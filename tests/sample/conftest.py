from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pmlib.sample import LARGE, write_sample


@pytest.fixture(scope="session")
def quillmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company with its defects, written once."""
    return write_sample(tmp_path_factory.mktemp("sample") / "quillmark")


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Every clean table as its file holds it."""
    folder = write_sample(tmp_path_factory.mktemp("clean") / "quillmark", clean=True)
    small = {path.stem: pd.read_csv(path, dtype_backend="numpy_nullable") for path in folder.glob("*.csv")}
    return small | {name: pd.read_parquet(folder / f"{name}.parquet") for name in LARGE}


@pytest.fixture(scope="session")
def truth(quillmark: Path) -> dict[str, Any]:
    """The answer key."""
    answers: dict[str, Any] = json.loads((quillmark / "truth.json").read_text(encoding="utf-8"))["truths"]
    return answers
