from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError, ReportError
from pmlib.reporting.safety import inside, keep_private, private_folder, refuse_paths

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


def modes(folder: Path) -> dict[str, str]:
    paths = [folder, *folder.rglob("*")]
    return {path.relative_to(folder.parent).as_posix(): oct(stat.S_IMODE(path.lstat().st_mode)) for path in paths}


@posix
@pytest.mark.parametrize(("umask", "file", "place"), [
    ("077", "0o600", "0o700"), ("027", "0o640", "0o750"), ("022", "0o644", "0o755"), ("007", "0o660", "0o770"),
])
def test_modes_follow_the_umask_of_the_definition_and_nothing_else(
    tmp_path: Path, umask: str, file: str, place: str
) -> None:
    (tmp_path / "report" / "tables").mkdir(parents=True)
    for name in ("index.html", "tables/a.csv"):
        (tmp_path / "report" / name).write_text("x", encoding="utf-8")
    (tmp_path / "report" / "index.html").chmod(0o777)
    (tmp_path / "report" / "tables").chmod(0o1777)
    keep_private(tmp_path / "report", umask)
    assert modes(tmp_path / "report") == {
        "report": place, "report/index.html": file, "report/tables": place, "report/tables/a.csv": file,
    }


@posix
def test_one_file_is_kept_private_too(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("x", encoding="utf-8")
    keep_private(tmp_path / "index.html", "027")
    assert stat.S_IMODE((tmp_path / "index.html").stat().st_mode) == 0o640


@posix
def test_a_private_folder_shuts_others_out_also_when_it_was_open(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    for folder in (tmp_path / "open", tmp_path / "new" / "below"):
        assert private_folder(folder) == folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_a_link_in_the_folder_leaves_the_mode_of_its_target_alone(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x", encoding="utf-8")
    (tmp_path / "outside").chmod(0o644)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "link").symlink_to(tmp_path / "outside")
    keep_private(tmp_path / "report", "077")
    assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o644


@pytest.mark.parametrize("text", [
    "R&D / IT", "a..b", "50 %/yr", "", "..a", "a..", "...", "Growth/Core", "~5 %", "~ 5", "a ~ b", "1/2", "C: best",
    "-", "=1+1", "Zürich", "a:b", "10:30", "see https://example.org", "x/~y", "wait .. and see", "{{ period }}",
    "$(id)", "%2e%2e",
])
def test_ordinary_text_is_allowed(tmp_path: Path, text: str) -> None:
    refuse_paths("group", text, tmp_path)


@pytest.mark.parametrize("text", [
    "/etc/passwd", "//host/share", " /etc", "..", "../x", "a/../b", "a/..", "a/ .. /b", "~", "~/x", "~root",
    "~root/.ssh",     "C:\\x", "C:/x", "c:/", "\\\\host\\share", "..\\x", "a\\b", "file:/etc/passwd", "FILE:x", "file:///etc/passwd",
    "https://example.org", "s3://bucket",
])
def test_a_place_elsewhere_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParameterError, match="parameter group: got .*, a path, allowed plain text. Write it without"):
        refuse_paths("group", text, tmp_path)


@pytest.mark.parametrize("name", ["group", "workbook"])
@pytest.mark.parametrize("letter", ["\0", "\n", "\t", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\udc80"])
def test_what_cannot_be_seen_is_refused(tmp_path: Path, name: str, letter: str) -> None:
    with pytest.raises(ParameterError, match=rf"parameter {name}: got U\+{ord(letter):04X}, .* Take it out"):
        refuse_paths(name, f"a{letter}b", tmp_path)


def test_a_text_has_an_end(tmp_path: Path) -> None:
    refuse_paths("group", "x" * 1000, tmp_path)
    with pytest.raises(ParameterError, match="parameter group: got 1,001 characters, allowed 1,000. Shorten it"):
        refuse_paths("group", "x" * 1001, tmp_path)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["/etc"]])
def test_only_text_can_be_a_path(tmp_path: Path, value: object) -> None:
    refuse_paths("group", value, tmp_path)


@given(st.text(max_size=30))
def test_what_is_allowed_stays_below_any_folder_on_any_system(text: str) -> None:
    try:
        refuse_paths("group", text, Path())
    except ParameterError:
        return
    assert Path("/home/x", text).is_relative_to("/home/x")
    assert ".." not in PurePosixPath(text).parts + PureWindowsPath(text).parts
    assert not PureWindowsPath(text).root
    assert os.path.expanduser(text) == text
    assert "\0" not in text


@given(st.text(alphabet="abZé &,;()%+-–'0159.", max_size=30))
def test_words_without_slashes_are_always_allowed(text: str) -> None:
    if text.strip() != "..":
        refuse_paths("group", text, Path())


@pytest.mark.parametrize("workbook", [
    "data/quillmark", ".", "data/../data/x", "a..b", "/elsewhere/book", "postgres://pmo@server/x", "duckdb://x.duckdb",
    "~/book.xlsx", "R&D / IT.xlsx",
])
def test_a_workbook_may_lie_in_the_project_or_wherever_the_caller_says_in_full(tmp_path: Path, workbook: str) -> None:
    refuse_paths("workbook", workbook, tmp_path)


@pytest.mark.parametrize("workbook", ["..", "../other", "data/../../other", "link", "link/x", "link/../.."])
def test_a_relative_workbook_stays_in_the_project(tmp_path: Path, workbook: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(tmp_path)
    with pytest.raises(ParameterError, match="parameter workbook: got .*, which leads out of the project"):
        refuse_paths("workbook", workbook, project)


def test_a_project_that_is_itself_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "data").mkdir(parents=True)
    (tmp_path / "project").symlink_to(tmp_path / "real")
    refuse_paths("workbook", "data", tmp_path / "project")


def test_notebooks_come_from_their_folder_alone(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "10_one.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "evil.ipynb").write_text("{}", encoding="utf-8")
    (folder / "20_two.ipynb").symlink_to(tmp_path / "evil.ipynb")
    (folder / "30_three.ipynb").symlink_to(folder / "10_one.ipynb")
    good = (folder / "10_one.ipynb").resolve()
    assert inside(folder, folder / "10_one.ipynb") == inside(folder, Path("10_one.ipynb")) == good
    assert inside(folder, Path("30_three.ipynb")) == good
    for path in (Path("20_two.ipynb"), Path("../evil.ipynb"), tmp_path / "evil.ipynb", Path("/etc/passwd")):
        with pytest.raises(ReportError, match=rf"{path.name} leads out of notebooks/, .* Put the file itself there"):
            inside(folder, path)
