from __future__ import annotations

from pathlib import Path

import pytest

from pmlib.project import find_project, is_project, resolve_source


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PMLIB_PROJECT", raising=False)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "monthly.yml").touch()
    (tmp_path / "notebooks" / "workshop").mkdir(parents=True)
    return tmp_path.resolve()


def test_the_nearest_folder_upward_with_a_definition_is_the_project(root: Path) -> None:
    assert find_project(root / "notebooks" / "workshop") == root


def test_a_folder_without_definitions_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    assert not is_project(tmp_path)


def test_the_environment_names_the_project_for_a_kernel(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("PMLIB_PROJECT", str(root))
    assert find_project() == root
    assert resolve_source("data/company") == root / "data/company"


def test_a_given_folder_wins_over_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMLIB_PROJECT", "/elsewhere")
    assert find_project(root) == root


def test_a_relative_path_counts_from_the_project_wherever_one_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "notebooks" / "workshop")
    assert resolve_source("data") == root / "data"


def test_an_address_and_an_absolute_path_stay_as_they_are(root: Path) -> None:
    assert resolve_source("postgres://host/db") == "postgres://host/db"
    assert resolve_source(root) == root
