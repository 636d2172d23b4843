from __future__ import annotations

import re
import tomllib

import pytest

import pmlib
from pmlib.schema import TABLES
from pmlib.schema.dictionary import dictionary
from tests.conftest import ROOT


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_data_dictionary_is_the_one_the_schema_gives():
    assert text("data/README.md") == dictionary()


def test_the_data_dictionary_tells_every_column_of_every_table():
    sections = text("data/README.md").split("\n## ")
    for table in TABLES.values():
        section = next(section for section in sections if section.startswith(f"{table.name}\n"))
        for column in table.columns:
            assert re.search(rf"\| \**{column.name}\** \|", section), (table.name, column.name)


@pytest.mark.parametrize("name", pmlib.__all__)
def test_the_readme_names_every_public_name(name):
    assert f"`pm.{name}`" in text("README.md")


def test_the_readme_names_every_notebook_and_its_picture_is_there():
    readme = text("README.md")
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        assert f"(notebooks/{notebook.name})" in readme
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_the_readme_shows_the_two_commands():
    readme = text("README.md")
    assert "python3 run.py report" in readme
    assert "python3 run.py test" in readme


def test_the_changelog_has_the_version_and_says_how_to_upgrade():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert f"## {version}" in text("CHANGELOG.md")
    assert "### Upgrading" in text("CHANGELOG.md")


def test_contributing_is_short_enough_to_be_read():
    assert len(text("CONTRIBUTING.md").splitlines()) <= 80
