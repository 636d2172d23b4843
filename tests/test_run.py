"""run.py needs the standard library only."""

from __future__ import annotations

import ast
import subprocess
import sys

import run
from tests.conftest import ROOT

SOURCE = (ROOT / "run.py").read_text(encoding="utf-8")


def test_imports_the_standard_library_only():
    imports = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [alias.name if isinstance(node, ast.Import) else node.module for node in imports for alias in node.names]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_called_alone_it_lists_its_verbs_and_sets_nothing_up():
    result = subprocess.run([sys.executable, ROOT / "run.py"], capture_output=True, text=True, check=True)
    for verb in ("report", "test", "lab", "setup"):
        assert f"run.py {verb}" in result.stdout


def test_takes_uv_from_its_own_hashed_lines_of_the_lock():
    lines = run.locked_lines("uv")
    assert lines.startswith("uv==")
    assert lines.count("--hash=sha256:") > 5
    assert "\nuvicorn" not in lines


def test_the_stamp_changes_with_the_lock_and_the_python_version(tmp_path, monkeypatch):
    before = run.stamp()
    assert sys.version in before
    other = tmp_path / "requirements.lock"
    other.write_bytes(run.LOCK.read_bytes() + b"# more\n")
    monkeypatch.setattr(run, "LOCK", other)
    assert run.stamp() != before
