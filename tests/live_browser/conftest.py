from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live_browser.small_project import small_project
from tests.live_browser.visitor import Visitor, visitor


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def project(home: Path) -> Path:
    return small_project(home)


@pytest.fixture(scope="module")
def person(home: Path) -> Iterator[Visitor]:
    """Asked for before a server, so that none is started where there is no browser."""
    with visitor(home) as one:
        yield one
