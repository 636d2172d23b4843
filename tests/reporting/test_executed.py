from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pmlib.reporting import executed
from pmlib.reporting.executed import NOTEBOOK, execute, find, place_of
from pmlib.reporting.file_hashes import FileHashes
from pmlib.reporting.publish import hashes

KEY = "0123456789abcdef" * 4


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Make the job of one notebook in a folder of its own."""

    def make(number: int = 1, **more: Any) -> dict[str, Any]:
        folder = tmp_path / "published" / ".tmp" / str(number)
        folder.mkdir(parents=True)
        keep = place_of(tmp_path / "published", KEY)
        return {"name": "10_one", "folder": str(folder), "keep": str(keep), "workbook": "", "mark": "",
                "memory": str(tmp_path / "files.json"), **more}

    return make


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set how the next notebook goes."""

    def set_to(text: str = "{}", *, status: str = "ok", then: Callable[[], object] = lambda: None) -> None:
        def run_notebook(job: dict[str, Any]) -> dict[str, Any]:
            folder = Path(job["folder"])
            (folder / NOTEBOOK).write_text(text, encoding="utf-8")
            (folder / "tables" / "10_one").mkdir(parents=True)
            (folder / "tables" / "10_one" / "all.csv").write_text("a\n1\n", encoding="utf-8")
            (folder / ".summary.lock").touch()
            then()
            return {"name": "10_one", "status": status, "seconds": 0.1, "cause": None, "detail": None}

        monkeypatch.setattr(executed, "run_notebook", run_notebook)

    return set_to


def test_what_ran_well_is_kept_whole_and_found(job: Any, kernel: Any) -> None:
    kernel("{}")
    asked = job()
    outcome = execute(asked)
    keep = Path(asked["keep"])
    assert outcome["folder"] == str(keep)
    found = find(keep)
    assert found is not None
    assert {**found, "folder": str(keep)} == {**outcome, "files": found["files"]}
    assert hashes(keep).keys() == {NOTEBOOK, "tables/10_one/all.csv", "outcome.json"}
    assert not Path(asked["folder"]).exists()


def test_what_failed_is_not_kept_and_stays_where_it_ran(job: Any, kernel: Any) -> None:
    kernel(status="failed")
    asked = job()
    assert execute(asked)["folder"] == asked["folder"]
    assert Path(asked["folder"], NOTEBOOK).is_file()
    assert not Path(asked["keep"]).exists()


def test_a_second_execution_takes_the_place_of_the_first(job: Any, kernel: Any) -> None:
    for number, text in enumerate(["{}", "[]"]):
        kernel(text)
        asked = job(number)
        assert execute(asked)["status"] == "ok"
    assert Path(asked["keep"], NOTEBOOK).read_text(encoding="utf-8") == "[]"
    assert find(Path(asked["keep"])) is not None
    assert not Path(asked["folder"]).exists()


def test_a_damaged_copy_is_replaced(job: Any, kernel: Any) -> None:
    kernel()
    execute(job(1))
    asked = job(2)
    Path(asked["keep"], NOTEBOOK).unlink()
    assert find(Path(asked["keep"])) is None
    assert execute(asked)["status"] == "ok"
    assert find(Path(asked["keep"])) is not None


def test_many_that_keep_the_same_at_once_all_find_it_whole(job: Any, kernel: Any) -> None:
    barrier = threading.Barrier(6)
    kernel(then=barrier.wait)
    jobs = [job(number) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(execute, jobs))
    assert [outcome["cause"] for outcome in outcomes] == [None] * 6
    assert find(Path(jobs[0]["keep"])) is not None
    assert [path.name for path in Path(jobs[0]["keep"]).parent.iterdir()] == [KEY[:32]]


def test_a_workbook_that_changed_meanwhile_fails_the_notebook(job: Any, kernel: Any, tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    mark = FileHashes(tmp_path / "files.json").of_workbook(book)
    kernel(then=(book / "orders.csv").touch)
    asked = job(workbook=str(book), mark=mark)
    outcome = execute(asked)
    assert (outcome["status"], outcome["folder"]) == ("failed", asked["folder"])
    assert outcome["cause"] == f"OSError: workbook {book} changed while the notebook ran; run the report again"
    assert not Path(asked["keep"]).exists()


def test_a_place_that_cannot_be_written_fails_the_notebook(job: Any, kernel: Any, tmp_path: Path) -> None:
    kernel()
    asked = job()
    (tmp_path / "published" / ".cache").touch()
    outcome = execute(asked)
    assert outcome["status"] == "failed"
    assert "Not a directory" in outcome["cause"] or "File exists" in outcome["cause"]


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"files": null}', '{"files": {}}'])
def test_a_record_that_says_nothing_is_no_record(job: Any, kernel: Any, text: str) -> None:
    kernel()
    asked = job()
    execute(asked)
    Path(asked["keep"], "outcome.json").write_text(text, encoding="utf-8")
    assert find(Path(asked["keep"])) is None


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert find(tmp_path / "nowhere") is None
    (tmp_path / "file").touch()
    assert find(tmp_path / "file") is None


def test_the_record_is_plain_json(job: Any, kernel: Any) -> None:
    kernel()
    asked = job()
    execute(asked)
    said = json.loads(Path(asked["keep"], "outcome.json").read_text(encoding="utf-8"))
    assert said["files"].keys() == {NOTEBOOK, "tables/10_one/all.csv"}
