"""How others render the same reports: ``python -m benchmarks.reports_peers HOW NOTEBOOK OUT UNIT...``.

Each way is a whole program, as a reader of papermill's manual would write it, and leaves ``OUT/UNIT.ipynb``.
"""

from __future__ import annotations

import ast
import base64
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.reports_project import PERIOD, REPORT


def recording(out: Path, unit: str) -> dict[str, str]:
    """Name the variables that make ``pm.record`` write its tables, as it does in our reports."""
    return {"PMLIB_RECORD": str(out / unit), "PMLIB_NOTEBOOK": REPORT}


def _by_papermill(notebook: Path, out: Path) -> Callable[[str], None]:
    """Give a function of a unit; imports and exporter are shared by all calls."""
    import papermill
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(exclude_input=True)  # type: ignore[no-untyped-call]

    def render(unit: str) -> None:
        os.environ.update(recording(out, unit))
        executed = out / f"{unit}.ipynb"
        papermill.execute_notebook(str(notebook), str(executed), parameters={"unit": unit, "period": PERIOD},
                                   progress_bar=False)  # fmt: skip
        page, _ = exporter.from_filename(str(executed))
        executed.with_suffix(".html").write_text(page, encoding="utf-8")

    return render


def one_process(notebook: Path, out: Path, units: list[str]) -> None:
    """Call papermill and one exporter for each unit in turn."""
    render = _by_papermill(notebook, out)
    for unit in units:
        render(unit)


_render: Callable[[str], None]


def _pooled(unit: str) -> None:
    _render(unit)


def pool_of_two(notebook: Path, out: Path, units: list[str]) -> None:
    """Do the same in two processes; where they are forked, they inherit imports and exporter."""
    global _render  # noqa: PLW0603 - what a forked worker finds
    _render = _by_papermill(notebook, out)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_pooled, units))


def bare(notebook: Path, out: Path, units: list[str]) -> None:
    """Run the cells' code in one script: no kernel, no page; outputs are made as a kernel makes them."""
    import matplotlib as mpl

    mpl.use("agg")
    codes = [_compiled("".join(cell["source"])) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
             if cell["cell_type"] == "code"]
    for unit in units:
        os.environ.update(recording(out, unit))
        outputs: list[dict[str, Any]] = []
        _run(codes, {"unit": unit, "period": PERIOD}, outputs)
        cell = {"cell_type": "code", "metadata": {}, "outputs": outputs}
        (out / f"{unit}.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")


def _compiled(source: str) -> tuple[Any, Any]:
    """Compile a cell, its last expression apart."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        return compile(tree, "cell", "exec"), None
    tree.body.pop()
    return compile(tree, "cell", "exec"), compile(ast.Expression(last.value), "cell", "eval")


def _run(codes: list[tuple[Any, Any]], parameters: dict[str, str], outputs: list[dict[str, Any]]) -> None:
    pyplot: Any = importlib.import_module("matplotlib.pyplot")

    def display(value: Any) -> None:
        forms = {"text/plain": repr(value)}
        if hasattr(value, "_repr_html_"):
            forms["text/html"] = value._repr_html_()
        outputs.append({"output_type": "display_data", "data": forms})

    pyplot.show = lambda: outputs.extend(_drawn(pyplot))
    names: dict[str, Any] = {"__name__": "__main__", "display": display}
    for place, (body, last) in enumerate(codes):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(body, names)
            value = eval(last, names) if last else None
        names |= parameters if place == 0 else {}
        if printed.getvalue():
            outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue()})
        if value is not None:
            display(value)


def _drawn(pyplot: Any) -> Iterator[dict[str, Any]]:
    """Turn every open figure into what a notebook keeps of it."""
    for number in pyplot.get_fignums():
        figure, picture = pyplot.figure(number), io.BytesIO()
        figure.canvas.print_figure(picture, format="png", dpi=figure.dpi, bbox_inches="tight",
                                   facecolor=figure.get_facecolor(), edgecolor=figure.get_edgecolor())  # fmt: skip
        forms = {"text/plain": repr(figure), "image/png": base64.b64encode(picture.getvalue()).decode()}
        yield {"output_type": "display_data", "data": forms}
        pyplot.close(figure)


WAYS = {way.__name__: way for way in (one_process, pool_of_two, bare)}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
