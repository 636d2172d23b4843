"""The lock, environment.yml and pyproject.toml say the same."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT

#: conda's name -> PyPI's, where they differ.
CONDA_NAMES = {"python-duckdb": "duckdb", "ibis-duckdb": "ibis-framework", "matplotlib-base": "matplotlib"}

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    return [Requirement(line) for line in lines]


def locked() -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK, re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


def test_the_lock_holds_every_dependency_in_its_range(wanted):
    for requirement in wanted:
        versions = locked()[canonicalize_name(requirement.name)]
        assert versions
        assert all(version in requirement.specifier for version in versions), requirement


def test_every_line_of_the_lock_is_pinned_and_hashed_and_names_no_address():
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(blocks) > 100
    assert all("==" in block.splitlines()[0] and "--hash=sha256:" in block for block in blocks)
    assert ":" + "//" not in LOCK


def test_the_lock_holds_the_build_backend_and_uv(wanted):
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    for line in [*backend, "uv"]:
        requirement = Requirement(line)
        assert any(version in requirement.specifier for version in locked()[canonicalize_name(requirement.name)])


def test_conda_users_get_the_same_dependencies(wanted):
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    theirs = {}
    for line in conda["dependencies"]:
        name, specifier = re.fullmatch(r"([a-z0-9._-]+)(.*)", line).groups()
        theirs[canonicalize_name(CONDA_NAMES.get(name, name))] = Requirement(f"x{specifier}").specifier
    assert str(theirs.pop("python")) == ">=3.11"
    assert theirs == {canonicalize_name(one.name): one.specifier for one in wanted}


def test_ibis_works_with_the_pinned_duckdb_and_sqlglot():
    import ibis
    import pandas as pd

    frame = pd.DataFrame({"month": [1, 1, 2], "paid": [1.25, 2.5, 4.0]})
    table = ibis.duckdb.connect().create_table("orders", frame)
    totals = table.group_by("month").aggregate(paid=table["paid"].cast("decimal(18,4)").sum()).order_by("month")
    assert totals.execute()["paid"].astype(float).tolist() == [3.75, 4.0]
