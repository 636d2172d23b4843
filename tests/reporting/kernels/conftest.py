from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pmlib.reporting.kernels.launching import can_fork, warm_kernels
from tests.reporting.kernels.talking import Ran, run_cells


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Address of one warm process for all tests of kernels."""
    if not can_fork():
        pytest.skip("kernels are forked on Linux only")
    with warm_kernels() as place:
        assert place is not None
        yield place


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    return lambda *cells, **job: run_cells(tmp_path, *cells, **job)
