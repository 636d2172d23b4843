from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import LockedError, ParameterError
from pmlib.reporting.definition import load_definition
from pmlib.reporting.history import clearing
from pmlib.reporting.history.clearing import clear
from pmlib.reporting.plan import plan_reports
from pmlib.reporting.publish import hold, sweep, workplace
from pmlib.reporting.render import render

PERIODS = ("2025-10", "2025-11", "2025-12")
CUT = """
import os, shutil, sys
from pathlib import Path
from pmlib.reporting.history import clearing
def killed(path, ignore_errors=False):
    next(path.glob("*.html")).unlink()
    os._exit(9)
shutil.rmtree = killed
clearing.clear(Path(sys.argv[1]), keep=1)
"""


def put(
    project: Path, *place: str, key: str = "", status: str = "ok", started: str = "2026-01-05", **over: Any
) -> Path:
    """Publish a made-up report, with an executed notebook in the cache."""
    shelf = project / "reports" / "published"
    report, period, *unit = place
    folder = shelf.joinpath(*place)
    folder.mkdir(parents=True, exist_ok=True)
    key = (key or "".join(place)).ljust(64, "0")
    manifest = {
        "report": report, "period": period, "unit": unit[0] if unit else None, "status": status, "started": started,
        "notebooks": [{"name": "10_one", "status": "ok", "cause": None}], "files": {}, "execution": {"10_one": key},
        "source": "s", "parameters": {"period": period}, **over,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "index.html").write_text("<p>" * 100, encoding="utf-8")
    cache = shelf / ".cache" / "executed" / key[:32]
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "outcome.json").write_text(key, encoding="utf-8")
    return folder


def fail(project: Path, *place: str, key: str = "", started: str) -> Path:
    """Add a failed run, which lies beside its good report."""
    report, period, *unit = place
    name = "-".join([period, *unit, started])
    return put(project, report, "failed", name, key=key, status="partial", started=started, period=period,
               unit=unit[0] if unit else None)


def files(project: Path) -> dict[str, bytes]:
    """Everything a clearing may touch, but for what is written anew each time."""
    shelf = project / "reports" / "published"
    return {path.relative_to(shelf).as_posix(): path.read_bytes() for path in sorted(shelf.rglob("*"))
            if path.is_file() and ".locks" not in path.parts and path != shelf / "index.html"}


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


def kept(project: Path) -> set[str]:
    return {name.removesuffix("/manifest.json") for name in files(project) if name.endswith("manifest.json")}


def cached(project: Path) -> set[str]:
    return {path.name.rstrip("0") for path in (project / "reports/published/.cache/executed").glob("*")}


def test_the_newest_good_periods_of_every_report_and_unit_stay(tmp_path: Path) -> None:
    for place in (["monthly"], ["products"]):
        for period in PERIODS:
            put(tmp_path, *place, period, *(["a"] if place == ["products"] else []))
    put(tmp_path, "products", "2025-10", "b")
    done = clear(tmp_path, keep=2)
    assert done.removed["period"] == ("monthly/2025-10", "products/2025-10/a")
    assert kept(tmp_path) == {"monthly/2025-11", "monthly/2025-12", "products/2025-10/b", "products/2025-11/a",
                              "products/2025-12/a"}
    assert "monthly2025-1" not in cached(tmp_path) and len(cached(tmp_path)) == 5
    assert done.summary().startswith("Removed 2 caches, 0 failed runs, 2 periods: 0.0 MB.")
    assert clear(tmp_path, keep=1).removed["period"] == ("monthly/2025-11", "products/2025-11/a")
    assert not (tmp_path / "reports/published/products/2025-11").exists()


def test_the_last_good_one_stays_whatever_failed_since(tmp_path: Path) -> None:
    put(tmp_path, "monthly", "2025-10")
    put(tmp_path, "monthly", "2025-11", status="partial")
    put(tmp_path, "monthly", "2025-12", status="partial")
    assert clear(tmp_path, keep=1).removed == {"cache": (), "failed": (), "period": ()}
    assert kept(tmp_path) == {f"monthly/{period}" for period in PERIODS}


def test_a_what_if_is_no_good_report(tmp_path: Path) -> None:
    put(tmp_path, "monthly", "2025-10")
    put(tmp_path, "monthly", "2025-11")
    put(tmp_path, "monthly", "2025-12", asked={"budget_k": 900})
    assert clear(tmp_path, keep=1).removed["period"] == ("monthly/2025-10",)


def test_a_part_goes_once_it_is_older_than_what_is_kept(tmp_path: Path) -> None:
    put(tmp_path, "monthly", "2025-10", status="partial")
    put(tmp_path, "monthly", "2025-11")
    assert clear(tmp_path, keep=2).removed["period"] == ()
    assert clear(tmp_path, keep=1).removed["period"] == ("monthly/2025-10",)


def test_failed_runs_go_once_they_are_made_good_and_the_news_stays(tmp_path: Path) -> None:
    put(tmp_path, "monthly", "2025-12", started="2026-01-05")
    fail(tmp_path, "monthly", "2025-12", started="2026-01-03")
    fail(tmp_path, "monthly", "2025-12", started="2026-01-06")
    fail(tmp_path, "monthly", "2025-12", started="2026-01-07")
    put(tmp_path, "products", "2025-12", "a", started="2026-01-05")
    fail(tmp_path, "products", "2025-12", "b", started="2026-01-03")
    done = clear(tmp_path)
    assert done.removed["failed"] == ("monthly/failed/2025-12-2026-01-03", "monthly/failed/2025-12-2026-01-06")
    assert kept(tmp_path) == {"monthly/2025-12", "monthly/failed/2025-12-2026-01-07", "products/2025-12/a",
                              "products/failed/2025-12-b-2026-01-03"}
    put(tmp_path, "monthly", "2025-12", started="2026-01-08")
    assert clear(tmp_path).removed["failed"] == ("monthly/failed/2025-12-2026-01-07",)
    assert not (tmp_path / "reports/published/monthly/failed").exists()


def test_a_dry_run_touches_nothing_and_tells_the_size_that_goes(tmp_path: Path) -> None:
    for period in PERIODS:
        put(tmp_path, "monthly", period)
    before, size = stamps(tmp_path), sum(map(len, files(tmp_path).values()))
    said = clear(tmp_path, keep=1, dry_run=True)
    assert stamps(tmp_path) == before
    done = clear(tmp_path, keep=1)
    assert (said.size, said.removed) == (done.size, done.removed)
    assert size - sum(map(len, files(tmp_path).values())) == done.size > 0
    assert said.summary().startswith("Would remove 2 caches, 0 failed runs, 2 periods")
    assert (said.headline(), done.headline()) == ({"0.0 MB": "room to gain"}, {"0.0 MB": "room gained"})
    assert done.to_frame()["kind"].tolist() == ["cache", "cache", "period", "period"]


def test_what_another_run_holds_is_left_alone_and_told(tmp_path: Path) -> None:
    for unit in ("a", "b"):
        put(tmp_path, "products", "2025-11", unit)
        put(tmp_path, "products", "2025-12", unit)
    with hold(tmp_path / "reports/published", "products.2025-11.a"):
        done = clear(tmp_path, keep=1)
    assert (done.removed["period"], done.held) == (("products/2025-11/b",), ("products/2025-11/a",))
    assert done.summary().endswith("Left alone, because another run works on them: products/2025-11/a.")
    assert "products2025-11a" in cached(tmp_path)
    assert clear(tmp_path, keep=1).removed["period"] == ("products/2025-11/a",)


def test_caches_stay_while_a_run_is_going_on(tmp_path: Path) -> None:
    put(tmp_path, "monthly", "2025-11", key="old")
    put(tmp_path, "monthly", "2025-11", key="new")
    with workplace(tmp_path / "reports/published", "abcd"):
        assert clear(tmp_path, dry_run=True).removed["cache"] == ()
        assert clear(tmp_path).removed["cache"] == ()
    assert cached(tmp_path) == {"old", "new"}
    assert clear(tmp_path).removed["cache"] == (f".cache/executed/{'old'.ljust(32, '0')}",)


def test_two_clearings_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "monthly", "2025-12")
    monkeypatch.setattr(clearing, "_WAIT_S", 0)
    with hold(tmp_path / "reports/published", "gc"), pytest.raises(LockedError, match="gc: held by pid"):
        clear(tmp_path)


def test_a_kill_in_the_middle_is_mended_by_the_next_run(tmp_path: Path) -> None:
    for period in PERIODS:
        put(tmp_path, "monthly", period)
    done = subprocess.run([sys.executable, "-c", CUT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    shelf = tmp_path / "reports/published"
    assert kept(tmp_path) - {"monthly/2025-11", "monthly/2025-12"} == {
        f"{path.relative_to(shelf).as_posix()}" for path in shelf.glob(".tmp/*/*")}
    assert sweep(shelf)
    assert not list((shelf / ".tmp").iterdir())
    assert clear(tmp_path, keep=1).removed["period"] == ("monthly/2025-11",)
    assert kept(tmp_path) == {"monthly/2025-12"}
    assert cached(tmp_path) == {"monthly2025-12"}


def test_the_index_is_written_anew(tmp_path: Path) -> None:
    for period in PERIODS:
        put(tmp_path, "monthly", period)
    clear(tmp_path)
    page = tmp_path / "reports/published/index.html"
    assert "2025-10" in page.read_text(encoding="utf-8")
    clear(tmp_path, keep=1)
    assert "2025-10" not in page.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_what_lies_behind_a_symbolic_link_stays(tmp_path: Path) -> None:
    shelf = tmp_path / "reports/published"
    for period in PERIODS:
        put(tmp_path, "monthly", period)
        put(tmp_path, "linked", period)
    places = {"period": shelf / "monthly/2025-10", "report": shelf / "linked", "cache": shelf / ".cache"}
    for name, place in places.items():
        place.rename(tmp_path / name)
        os.symlink(tmp_path / name, place)
    (shelf / "monthly/2025-11/out").symlink_to(tmp_path / "period")
    before = stamps(tmp_path / "report") | stamps(tmp_path / "period") | stamps(tmp_path / "cache")
    assert clear(tmp_path, keep=1, dry_run=True).size < 2_000
    done = clear(tmp_path, keep=1)
    assert done.removed == {"cache": (), "failed": (), "period": ("monthly/2025-11",)}
    assert stamps(tmp_path / "report") | stamps(tmp_path / "period") | stamps(tmp_path / "cache") == before


@pytest.mark.parametrize("manifest", [
    "{half", "[]", '{"status": "ok"}', '{"report": [], "period": {}, "unit": 1, "execution": 5, "parameters": ""}',
    '{"report": "monthly", "period": "2025-11", "status": "ok", "started": "2026"}',
])  # fmt: skip
def test_a_folder_whose_manifest_cannot_be_believed_stays_and_counts_for_nothing(
    tmp_path: Path, manifest: str
) -> None:
    put(tmp_path, "monthly", "2025-09")
    odd = put(tmp_path, "monthly", "2025-10")
    (odd / "manifest.json").write_text(manifest, encoding="utf-8")
    failed = put(tmp_path, "monthly", "failed", "2025-09-x")
    (failed / "manifest.json").write_text(manifest, encoding="utf-8")
    assert clear(tmp_path, keep=1).removed["period"] == ()
    assert {"monthly/2025-09", "monthly/2025-10", "monthly/failed/2025-09-x"} == kept(tmp_path)
    put(tmp_path, "monthly", "2025-12")
    assert clear(tmp_path, keep=1).removed["period"] == ("monthly/2025-09",)
    assert "monthly/2025-10" in kept(tmp_path)


def test_folders_of_a_run_under_way_are_no_reports(tmp_path: Path) -> None:
    put(tmp_path, "monthly", "2025-12")
    shelf = tmp_path / "reports/published"
    with workplace(shelf, "2025-11"):
        for place in (".tmp/2025-11/0123", "monthly/.2025-11.aside", "monthly/2025-12.old"):
            put(tmp_path, "monthly", "2025-11").rename(shelf / place)
        done = clear(tmp_path, keep=1)
        assert done.removed == {"cache": (), "failed": (), "period": ()}
        assert len(kept(tmp_path)) == 4


@pytest.mark.parametrize("there", [False, True])
def test_nothing_published_is_nothing_to_remove(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "reports/published").mkdir(parents=True)
    for dry_run in (True, False):
        done = clear(tmp_path, keep=1, dry_run=dry_run)
        assert (done.size, done.held) == (0, ())
    assert (tmp_path / "reports").exists() == there
    assert repr(done) == "<Cleared: Removed 0 caches, 0 failed runs, 0 periods: 0.0 MB.>"


def test_less_than_one_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="keep: got 0, allowed 1 or more: the last good report stays"):
        clear(tmp_path, keep=0)


def test_what_is_known_of_a_workbook_stays_as_long_as_a_report_is_made_of_it(
    project: Callable[..., Path], kernels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = ["# One", ("parameters", 'period: str = "2025-12"\nworkbook: str = "data"\nproduct_id: str = "A"')]
    root = project({"10_one": cells}, matrix={"parameter": "product_id", "units": "all"})
    (root / "data").mkdir()

    def publish(*products: str) -> None:
        rows = "".join(f"{product},Product {product}\n" for product in products)
        (root / "data" / "products.csv").write_text(f"product_id,name\n{rows}", encoding="utf-8")
        jobs = plan_reports(load_definition("monthly", root), root, periods=PERIODS[-1:])
        assert render(jobs, kernels(), cold=True).exit_code == 0

    known = root / "reports/published/.cache/workbooks"
    publish("A")
    first = {path.name for path in known.iterdir()}
    publish("A", "B")
    second = {path.name for path in known.iterdir()} - first
    assert len(clear(root).removed["cache"]) >= len(first)
    assert {path.name for path in known.iterdir()} == second
    monkeypatch.setattr("pmlib.reporting.facts.Books.opened", None)
    assert len(plan_reports(load_definition("monthly", root), root, periods=PERIODS[-1:])) == 2


events = st.lists(
    st.tuples(st.sampled_from(["monthly", "products"]), st.sampled_from(PERIODS), st.sampled_from(["", "a", "b"]),
              st.sampled_from(["ok", "partial"])),
    max_size=14,
)


def publish_all(project: Path, runs: list[tuple[str, str, str, str]]) -> dict[tuple[str, ...], dict[str, str]]:
    """Do what runs do, one after the other; what stands, and the newest failure, by report, period and unit."""
    stands: dict[tuple[str, ...], dict[str, str]] = {}
    for number, (report, period, some, status) in enumerate(runs):
        place = (report, period, *([some or "c"] if report == "products" else []))
        key = f"k{number:02d}x"
        if status == "partial" and stands.get(place, {}).get("status") == "ok":
            fail(project, *place, key=key, started=f"2026-{number:02d}")
            stands[place]["failed"] = key
        else:
            put(project, *place, key=key, status=status, started=f"2026-{number:02d}")
            stands[place] = {"status": status, "key": key}
    return stands


@settings(max_examples=30, deadline=None)
@given(runs=events, keep=st.sampled_from([None, 1, 2, 3]))
def test_what_is_needed_stays_and_the_rest_goes(runs: list[tuple[str, str, str, str]], keep: int | None) -> None:
    with TemporaryDirectory() as folder:
        project = Path(folder)
        stands = publish_all(project, runs)
        before, said = files(project), clear(project, keep=keep, dry_run=True)
        assert files(project) == before
        done = clear(project, keep=keep)
        after = files(project)
        assert (done.removed, done.size) == (said.removed, said.size)
        assert sum(map(len, before.values())) - sum(map(len, after.values())) == done.size
        assert after.items() <= before.items()
        expected = {place: one for place, one in stands.items() if place[1] >= oldest(stands, place, keep)}
        assert kept(project) - {name for name in kept(project) if "/failed/" in name} == {
            "/".join(place) for place in expected}
        assert sum("/failed/" in name for name in kept(project)) == sum("failed" in one for one in expected.values())
        assert cached(project) == {one[key] for one in expected.values() for key in ("key", "failed") if key in one}
        assert not any(clear(project, keep=keep).removed.values())


def oldest(stands: dict[tuple[str, ...], dict[str, str]], place: tuple[str, ...], keep: int | None) -> str:
    shelf = (place[0], place[2:])
    good = sorted(one[1] for one, state in stands.items() if state["status"] == "ok" and (one[0], one[2:]) == shelf)
    return good[-keep] if keep is not None and len(good) >= keep else ""
