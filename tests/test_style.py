"""What the pre-commit hooks hold, held here too."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.conftest import ROOT


def test_ruff_finds_nothing():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_expected_error_names_its_message():
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        calls = re.findall(r"pytest\.raises\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", file.read_text(encoding="utf-8"))
        silent = [call for call in calls if "match=" not in call and "SystemExit" not in call]
        assert not silent, (file.name, silent)
