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
    """Modules of pmlib that a module imports at once, or (``late``) also inside functions and for type checks.

    The package of a room stands for its highest module.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in list(ast.walk(tree)) if late else tree.body:
        names = [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else \
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.startswith("pmlib."):
                yield from targets(name.removeprefix("pmlib."))


def targets(name: str) -> Iterator[str]:
    """Modules that a dotted name below pmlib leads to: itself, the module it is defined in, or a package's."""
    parent = name.rpartition(".")[0]
    if name in LAYERS or parent in LAYERS:
        yield name if name in LAYERS else parent
        return
    package = name if (ROOT / "pmlib" / name.replace(".", "/")).is_dir() else parent
    inside = [module for module in LAYERS if module.startswith(f"{package}.")]
    if inside:
        yield max(inside, key=lambda module: LAYERS[module])


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
            others = [target for target in imports(file, late=True) if room(target) in ROOMS
                      and room(target) != room(name)]
            assert not others or LAYERS[name] > max(LAYERS[target] for target in others), name


def test_the_test_sees_imports_through_a_package(tmp_path):
    file = tmp_path / "sly.py"
    file.write_text("from pmlib.portfolio import rebalance\nimport pmlib.reporting\nfrom pmlib import plots\n",
                    encoding="utf-8")
    assert {room(name) for name in imports(file, late=False)} == {"portfolio", "reporting", "plots"}


def test_no_cycle_among_modules():
    graph = {name: set(imports(file, late=False)) for name, file in modules().items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_no_module_is_longer_than_400_lines_and_none_is_called_utils():
    for name, file in modules().items():
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 400, name
        assert not {"utils", "common", "helpers", "manager"}.intersection(name.split(".")), name
