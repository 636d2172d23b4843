from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.reporting import file_hashes
from pmlib.reporting.file_hashes import FileHashes, digest, dressing_code, execution_code, sha256_of

LONG_AGO = 1_600_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "book" / "orders.csv"
    path.parent.mkdir()
    path.write_text("a,b\n", encoding="utf-8")
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read."""
    read: list[str] = []

    def of(path: Path) -> str:
        read.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(file_hashes, "sha256_of", of)
    return read


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_hashes, "_SETTLED_S", -1.0)


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_other_texts_have_another_hash(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@pytest.mark.usefixtures("settled")
def test_a_file_that_stays_is_read_once(file: Path, tmp_path: Path, hashed: list[str]) -> None:
    memory = tmp_path / "cache" / "files.json"
    first = FileHashes(memory).of_workbook(file.parent)
    assert FileHashes(memory).of_workbook(file.parent) == first
    assert hashed == ["orders.csv"]


def test_a_file_that_changed_a_moment_ago_is_read_again(file: Path, tmp_path: Path, hashed: list[str]) -> None:
    memory = tmp_path / "files.json"
    for _ in range(2):
        FileHashes(memory).of_workbook(file.parent)
    assert hashed == ["orders.csv"] * 2
    # Its time says long ago, but it was written now.
    os.utime(file, (LONG_AGO, LONG_AGO))
    for _ in range(2):
        FileHashes(memory).of_workbook(file.parent)
    assert hashed == ["orders.csv"] * 4


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("way", ["in place", "another file", "longer"])
def test_a_change_behind_an_unchanged_time_is_seen(file: Path, tmp_path: Path, way: str) -> None:
    os.utime(file, (LONG_AGO, LONG_AGO))
    memory = tmp_path / "files.json"
    before = FileHashes(memory).of_workbook(file.parent)
    target = file.with_name("other") if way == "another file" else file
    target.write_text("a,c\n" if way != "longer" else "a,b\nc\n", encoding="utf-8")
    os.utime(target, (LONG_AGO, LONG_AGO))
    target.replace(file)
    assert FileHashes(memory).of_workbook(file.parent) != before


CHANGES: dict[str, Callable[[Path], object]] = {
    "a new file": lambda book: (book / "new.csv").touch(),
    "a file in a folder": lambda book: ((book / "deep").mkdir(), (book / "deep" / "new.csv").touch()),
    "another name": lambda book: (book / "orders.csv").rename(book / "order.csv"),
    "no file": lambda book: (book / "orders.csv").unlink(),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_workbook_is_all_its_files(file: Path, tmp_path: Path, how: str) -> None:
    before = FileHashes(tmp_path / "files.json").of_workbook(file.parent)
    CHANGES[how](file.parent)
    assert FileHashes(tmp_path / "files.json").of_workbook(file.parent) != before


def test_hidden_files_are_no_part_of_a_workbook_and_its_place_is_not_either(file: Path, tmp_path: Path) -> None:
    hashes = FileHashes(tmp_path / "files.json")
    before = hashes.of_workbook(file.parent)
    (file.parent / ".~lock.orders.csv").touch()
    (file.parent / ".ipynb_checkpoints").mkdir()
    (file.parent / ".ipynb_checkpoints" / "x.csv").touch()
    assert hashes.of_workbook(file.parent) == before
    shutil.copytree(file.parent, tmp_path / "moved")
    assert hashes.of_workbook(tmp_path / "moved") == before


def test_what_a_database_has_not_merged_yet_counts(tmp_path: Path) -> None:
    base = tmp_path / "book.duckdb"
    base.write_bytes(b"x")
    hashes = FileHashes(tmp_path / "files.json")
    before = hashes.of_workbook(base)
    (tmp_path / "book.duckdb.wal").touch()
    assert hashes.of_workbook(base) == before
    (tmp_path / "book.duckdb.wal").write_bytes(b"more")
    assert hashes.of_workbook(base) != before


@pytest.mark.parametrize("place", ["postgres://server/base", Path("/nowhere/book")])
def test_what_has_no_files_has_no_hash(tmp_path: Path, place: str | Path) -> None:
    assert FileHashes(tmp_path / "files.json").of_workbook(place) is None


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 3}', "\x00"])
def test_a_memory_that_cannot_be_read_counts_as_empty(file: Path, tmp_path: Path, text: str) -> None:
    memory = tmp_path / "files.json"
    right = FileHashes(memory).of_workbook(file.parent)
    memory.write_text(text, encoding="utf-8")
    assert FileHashes(memory).of_workbook(file.parent) == right
    assert str(file) in json.loads(memory.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("settled")
def test_a_memory_that_cannot_be_written_costs_nothing_but_time(file: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    assert FileHashes(tmp_path / "cache" / "files.json").of_workbook(file.parent)


@pytest.mark.usefixtures("settled")
def test_a_file_that_went_is_forgotten(file: Path, tmp_path: Path) -> None:
    memory = tmp_path / "files.json"
    FileHashes(memory).of_workbook(file.parent)
    file.rename(file.with_name("again.csv"))
    FileHashes(memory).of_workbook(file.parent)
    assert [Path(path).name for path in json.loads(memory.read_text(encoding="utf-8"))] == ["again.csv"]


def test_code_of_notebooks_and_code_of_pages_are_apart() -> None:
    assert execution_code() != dressing_code()
