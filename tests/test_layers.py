"""ARCHITECTURE.md names every module with its layer, and the imports hold to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d) \| (.+?) \|", TEXT, re.MULTILINE)
LAYERS = {name: int(layer) for layer, names in ROWS for name in re.findall(r"`([a-z_.]+)`", names)}
ROOMS = ("scoring", "product", "portfolio")


def modules() -> dict[str, Path]:
    files = (ROOT / "pmlib").rglob("*.py")
    return {".".join(file.relative_to(ROOT / "pmlib").with_suffix("").parts): file for file in files
            if file.name != "__init__.py"}


def imports(file: Path, *, late: bool) -> Iterator[str]:
    """Modules of pmlib that a module imports at once, or (``late``) anywhere but under TYPE_CHECKING."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree)) if late else tree.body
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pmlib"):
            inside = (node.module or "").removeprefix("pmlib").lstrip(".")
            for alias in node.names:
                yield from (name for name in (f"{inside}.{alias.name}".lstrip("."), inside) if name in LAYERS)


def room(name: str) -> str:
    return name.partition(".")[0]


def test_architecture_names_every_module_and_no_other():
    assert sorted(LAYERS) == sorted(modules())
    assert len(TEXT.splitlines()) <= 120


def test_no_import_points_upward():
    upward = [
        (name, target) for name, file in modules().items() for target in imports(file, late=True)
        if LAYERS[target] > LAYERS[name] and not (room(name) in ROOMS and room(target) == "plots")
    ]
    assert upward == []


def test_a_room_reaches_figures_only_late_and_imports_no_other_room():
    for name, file in modules().items():
        if room(name) in ROOMS:
            assert not [target for target in imports(file, late=False) if room(target) == "plots"], name
            assert not [target for target in imports(file, late=True) if room(target) in ROOMS
                        and room(target) != room(name)], name


def test_no_cycle_among_modules():
    graph = {name: set(imports(file, late=False)) for name, file in modules().items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_no_module_is_longer_than_400_lines_and_none_is_called_utils():
    for name, file in modules().items():
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 400, name
        assert not {"utils", "common", "helpers", "manager"}.intersection(name.split(".")), name
