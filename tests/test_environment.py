"""The lock, environment.yml and pyproject.toml say the same."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata

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


def test_the_engines_pins_hold_where_the_tests_run():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = {one.name: one.specifier for one in map(Requirement, project["project"]["dependencies"])}
    for name, too_new in {"ibis-framework": "13.0", "duckdb": "2.0", "sqlglot": "30.18"}.items():
        assert metadata.version(name) in pins[name]
        assert too_new not in pins[name], f"{name}: run the canary below with {too_new} before the pin moves"


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_ibis_does_what_the_product_room_asks_of_it_with_the_pinned_engines(engine):
    import ibis
    import pandas as pd

    connection = ibis.duckdb.connect() if engine == "duckdb" else ibis.sqlite.connect()
    orders = connection.create_table("orders", pd.DataFrame(
        {"customer": ["a", "a", "b", "c"], "month": [1, 2, 2, 3], "units": [1.0, -1.0, 2.0, 3.0], "paid": [1.25] * 4}))
    rows = orders.mutate(money=(orders["units"] * orders["paid"]).cast("decimal(18,4)"))
    rows = rows.mutate(first=rows["month"].min().over(ibis.window(group_by=rows["customer"])))
    names = ibis.memtable(pd.DataFrame({"customer": ["a", "b"], "segment": ["homes", None]}))
    rows = rows.left_join(names, "customer").mutate(segment=lambda row: row["segment"].fill_null("unknown"))
    gone = ibis.memtable(pd.DataFrame({"customer": ["c"]}))
    rows = rows.union(rows).anti_join(gone, "customer")
    sums = rows.group_by("segment").agg(
        money=(rows["money"].sum() * 10_000).round().cast("int64"), sold=(rows["units"] > 0).ifelse(1, 0).sum(),
        people=rows["customer"].nunique(where=rows["units"] > 0), earliest=rows["first"].min(),
    ).order_by("segment")  # fmt: skip
    assert sums.execute().to_numpy().tolist() == [["homes", 0, 2, 1, 1], ["unknown", 50_000, 2, 1, 2]]


def test_the_way_out_of_ibis_is_open():
    """Were Ibis to stall, sqlglot would turn the SQL for DuckDB into that of another engine."""
    import ibis
    import sqlglot

    orders = ibis.table({"month": "int64", "units": "float64", "paid": "float64"}, name="orders")
    money = (orders["units"] * orders["paid"]).cast("decimal(18,4)")
    sql = str(ibis.to_sql(orders.group_by("month").agg(money=money.sum()), dialect="duckdb"))
    for dialect in ("sqlite", "postgres", "spark"):
        told = sqlglot.transpile(sql, read="duckdb", write=dialect)[0]
        assert {"SUM", "GROUP"} <= set(re.findall(r"[A-Z]+", told))
