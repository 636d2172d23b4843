"""What the warm process imports before it forks: modules only, no connection, no pool, no file, one thread."""

from __future__ import annotations

import builtins
import gc
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import SimpleNamespace

from pmlib.reporting.kernels.optional import absent

#: Libraries choose their threads as they are imported; one thread only can be forked safely.
ONE_THREAD = {
    name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
}
#: For the warm process alone: the allocator of Arrow cleans up in a thread otherwise, a figure needs its backend.
BEFORE_IMPORT = ONE_THREAD | {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MIMALLOC_ARENA_RESERVE": "64MiB",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
# pandas.plotting._matplotlib changes how matplotlib draws dates, ipywidgets and tqdm.auto look for a kernel as they
# are imported, polars starts threads: they stay with the notebook that wants them.
_FIRST = (
    "ipykernel.kernelapp", "faulthandler", "tornado.platform.asyncio", "IPython.core.completerlib",
    "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect", "IPython.core.pylabtools",
    "IPython.extensions.storemagic", "IPython.utils.wildcard", "numpy", "pandas.core.reshape.reshape",
    "pandas.io.formats.string", "pyarrow.parquet", "pyarrow.compute", "pyarrow.dataset", "matplotlib.pyplot",
    "matplotlib.backends.backend_agg", "PIL.PngImagePlugin", "pmlib.display", "pmlib.reporting.record",
)
_REST = (
    "ibis", "ibis.backends.duckdb", "ibis.backends.duckdb.converter", "ibis.formats.pandas", "ibis.formats.pyarrow",
    "ibis.expr.types.groupby", "pandera.pandas", "pandera.backends.pandas.register", "pmlib.workbook", "highspy",
    "scipy.stats", "scipy.optimize", "pmlib.quality", "pmlib.aspects", "pmlib.glossary",
)
# They import polars where it is installed.
_STATISTICS = (
    "scipy.signal", "statsmodels.stats.proportion", "statsmodels.tsa.exponential_smoothing.ets",
    "statsmodels.tsa.statespace.structural",
)
_ROOMS = ("pmlib.scoring", "pmlib.product", "pmlib.portfolio", "pmlib.plots")


def first() -> None:
    """Import what every notebook needs; kernels may be forked from then on."""
    gc.disable()
    # Nobody steps through a report: without its debugger a kernel is there in half the time.
    with absent("debugpy"):
        _import("ipykernel.debugger")
    with _as_in_a_kernel():
        _import("pandas")
    for name in _FIRST:
        _import(name)
    _import_duckdb()
    _draw()
    _settle(set())


def rest() -> Iterator[None]:
    """Import the rest of what ours need, a step at a time: for the moments when nobody asks for a kernel."""
    for name in (*_REST, *(() if find_spec("polars") else _STATISTICS), *_ROOMS):
        before = set(sys.modules)
        _import_room(name) if name in _ROOMS else _import(name)
        _settle(before)
        yield


def reason_not_to_fork() -> str | None:
    """Say why this process must not be forked; None where it runs one thread."""
    running = len(list(Path("/proc/self/task").iterdir()))
    return None if running == 1 else f"{running} threads run after the imports, only one can be forked"


def one_thread_environment() -> dict[str, str]:
    """Environment of the warm process itself: as this one, but made so that imports start no thread."""
    return dict(os.environ) | BEFORE_IMPORT


def _settle(before: set[str]) -> None:
    """Set what is there aside for good, as compactly as can be: a page that a kernel touches is a page copied.

    Every kernel reads the file name of every module: they are put side by side. Nothing is collected, because every
    kernel would fill the holes.
    """
    for name in sys.modules.keys() - before:
        file = getattr(sys.modules[name], "__file__", None)
        if isinstance(file, str):
            sys.modules[name].__file__ = file.encode().decode()
    gc.freeze()


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError:  # an extra that is not installed here
        return


def _import_room(room: str) -> None:
    """Import every module of a room, those for numba apart: it would start threads."""
    with absent("numba"):
        for found in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            _import(found.name)


def _import_duckdb() -> None:
    import duckdb

    # The import opens its default connection, with threads; the next use opens a new one.
    duckdb.default_connection().close()


@contextmanager
def _as_in_a_kernel() -> Iterator[None]:
    """Show pandas what it looks at to choose how wide a table is shown, and in which characters."""
    vars(builtins)["get_ipython"] = lambda: SimpleNamespace(kernel=None)
    try:
        with redirect_stdout(TextIOWrapper(BytesIO(), encoding="UTF-8")):
            yield
    finally:
        del vars(builtins)["get_ipython"]


def _draw() -> None:
    """Fill the caches of fonts and text; without pyplot, which must meet its backend inside the kernel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    figure.add_subplot(title="Title", xlabel="x", ylabel="y").plot([0, 1], [0, 1], label="a")
    figure.axes[0].legend()
    figure.savefig(BytesIO(), bbox_inches="tight")
