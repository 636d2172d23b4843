"""A new project holds what a report needs, and never lands on top of something."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pmlib import cli
from pmlib.errors import ReportError
from pmlib.new_project import _write_sample, new_project
from pmlib.reporting.definition import known_reports, load_definition
from pmlib.sample import LARGE
from tests.conftest import ROOT

SAMPLE = Path("data/quillmark")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_project(tmp_path_factory.mktemp("new") / "some" / "mine")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the sample out, which takes most of the time."""
    monkeypatch.setattr("pmlib.new_project._write_sample", lambda folder, carried: folder.mkdir(parents=True))


def test_a_new_project_holds_every_report_of_the_repository_and_the_whole_sample(made: Path) -> None:
    assert known_reports(made) == known_reports(ROOT)
    for name in known_reports(made):
        assert load_definition(name, made).notebooks
    small = [*(ROOT / SAMPLE).glob("*.csv"), ROOT / SAMPLE / "truth.json"]
    assert {path.name for path in (made / SAMPLE).iterdir()} == {
        *(path.name for path in small), *(f"{name}.parquet" for name in LARGE)}
    assert all((made / SAMPLE / path.name).read_bytes() == path.read_bytes() for path in small)
    assert sorted(path.name for path in made.iterdir()) == ["data", "notebooks", "reports"]


def test_its_reports_can_be_planned(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pmlib", "plan", "monthly", "--project", str(made)])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    assert capsys.readouterr() == ("monthly 2025-12: not published yet\n", "")


def test_an_empty_folder_is_filled_where_it_stands(
    tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".pmlib-new" / "data").mkdir(parents=True)
    assert new_project(Path(".")) == Path(".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "notebooks", "reports"]


@pytest.mark.parametrize("name", ["mine", "mine/file"])
def test_what_holds_something_is_left_alone(tmp_path: Path, small: None, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(ReportError, match=f"{name} is not an empty folder. Name a new one"):
        new_project(tmp_path / name)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]


def test_a_failure_on_the_way_leaves_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path, carried: Path) -> None:
        raise OSError("no room")

    monkeypatch.setattr("pmlib.new_project._write_sample", refuse)
    with pytest.raises(OSError, match="no room"):
        new_project(tmp_path / "mine")
    assert not list((tmp_path / "mine").iterdir())


def test_where_no_sample_is_carried_it_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("pmlib.sample.write_sample", asked.append)
    _write_sample(tmp_path / "here", tmp_path / "nowhere")
    assert asked == [tmp_path / "here"]


def test_an_installation_without_notebooks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmlib.new_project._HERE", tmp_path / "site-packages" / "pmlib")
    with pytest.raises(ReportError, match="carries no notebooks. Install it from its wheel"):
        new_project(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_wheel_carries_notebooks_and_definitions(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    carried = [f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")]
    carried += [f"notebooks/workshop/{path.name}" for path in (ROOT / "notebooks/workshop").glob("*.*")]
    carried += [f"reports/{path.name}" for path in (ROOT / "reports").glob("*.yml")]
    assert {f"pmlib/starter/{name}" for name in carried} <= names
    assert not [name for name in names if "reports/published/" in name or "checkpoint" in name]
    assert {"pmlib/reporting/template/page.css", "pmlib/reporting/kernels/zygote.py"} <= names
