from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pmlib.errors import LockedError
from pmlib.reporting import publish
from pmlib.reporting.publish import exchange, hashes, hold, put_in_place, recover, sweep, workplace

# Kills itself at the n-th change of the file system while it replaces a folder.
KILLED = """
import os, signal, sys
from pathlib import Path
from pmlib.errors import LockedError
from pmlib.reporting import publish
root, aside = Path(sys.argv[1]), sys.argv[2] == "aside"
if aside:
    publish.exchange = lambda one, other: False
left = [0]
def watch(event, args):
    if event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
for kill_at in range(1, 12):
    publish.sweep(root)
    publish.recover(root / "r" / "2025-12")
    assert sorted(path.read_text() for path in (root / "r/2025-12").iterdir()) in (["1", "1"], ["2", "2"]), kill_at
    child = os.fork()
    if child == 0:
        left[0] = kill_at
        with publish.workplace(root, f"run{kill_at}") as folder:
            for name in ("a", "b"):
                (folder / name).write_text("2")
            publish.put_in_place(folder, root / "r" / "2025-12")
        left[0] = 0
        os._exit(0)
    _, status = os.waitpid(child, 0)
    there = root / "r" / "2025-12"
    state = sorted(path.read_text() for path in there.iterdir()) if there.exists() else None
    assert state in ((None, ["1", "1"], ["2", "2"]) if aside else (["1", "1"], ["2", "2"])), (kill_at, state)
    print(kill_at, os.WIFSIGNALED(status), state)
"""

HOLDING = """
import time
from pathlib import Path
from pmlib.reporting.publish import hold
with hold(Path({folder!r}), "k"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published" / "r" / "2025-12"
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / name).write_text("1", encoding="utf-8")
    return tmp_path / "published"


def new_folder(published: Path, text: str = "2") -> Path:
    draft = published / ".tmp" / "draft"
    (draft / "deep").mkdir(parents=True)
    (draft / "deep" / "a").write_text(text, encoding="utf-8")
    return draft


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()
    return child.pid


def test_a_folder_takes_the_place_of_another(published: Path) -> None:
    put_in_place(new_folder(published), published / "r" / "2025-12")
    assert hashes(published / "r" / "2025-12").keys() == {"deep/a"}


def test_a_folder_takes_a_place_that_was_free(published: Path) -> None:
    put_in_place(new_folder(published), published / "r" / "2026-01")
    assert hashes(published / "r").keys() == {"2025-12/a", "2025-12/b", "2026-01/deep/a"}


def test_without_an_exchange_the_old_folder_steps_aside(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "exchange", lambda one, other: False)
    put_in_place(new_folder(published), published / "r" / "2025-12")
    assert hashes(published / "r").keys() == {"2025-12/deep/a"}


@pytest.mark.skipif(sys.platform != "linux", reason="the exchange of names is the kernel's")
def test_two_names_are_exchanged_in_one_step(published: Path) -> None:
    assert exchange(new_folder(published), published / "r" / "2025-12")
    assert hashes(published / ".tmp" / "draft").keys() == {"a", "b"}


def test_a_folder_set_aside_by_a_killed_run_comes_back(published: Path) -> None:
    target = published / "r" / "2025-12"
    target.rename(target.with_name(".2025-12.aside"))
    recover(target)
    assert hashes(target).keys() == {"a", "b"}


def test_a_folder_set_aside_goes_when_the_new_one_is_there(published: Path) -> None:
    (published / "r" / ".2025-12.aside").mkdir()
    recover(published / "r" / "2025-12")
    assert not (published / "r" / ".2025-12.aside").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("way", ["exchange", "aside"])
def test_a_kill_at_any_moment_leaves_the_folder_whole(published: Path, way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(published), way], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("True") >= 5
    assert "['2', '2']" in done.stdout


def test_the_next_run_sweeps_what_a_dead_one_left(published: Path) -> None:
    parent = published / ".tmp"
    (parent / "dead").mkdir(parents=True)
    (parent / "dead.pid").write_text(
        json.dumps({"pid": dead_pid(), "host": socket.gethostname(), "born": "1"}), encoding="utf-8"
    )
    (parent / "ownerless").mkdir()
    (parent / f".index.html.{dead_pid()}").touch()
    with workplace(published, "living") as mine:
        assert sweep(published) == ["dead", "ownerless"]
        assert [path.name for path in parent.iterdir() if not path.name.startswith("living")] == []
        assert mine.exists()
    assert list(parent.iterdir()) == []


def test_a_reused_pid_is_not_its_first_owner(published: Path) -> None:
    (published / ".tmp" / "old").mkdir(parents=True)
    (published / ".tmp" / "old.pid").write_text(
        json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "born": "not mine"}), encoding="utf-8"
    )
    assert sweep(published) == ["old"]


def test_another_hosts_run_is_left_alone(published: Path) -> None:
    (published / ".tmp" / "far").mkdir(parents=True)
    (published / ".tmp" / "far.pid").write_text(json.dumps({"pid": 1, "host": "elsewhere"}), encoding="utf-8")
    assert sweep(published) == []


def test_a_second_run_is_told_who_holds_the_first(published: Path) -> None:
    with (
        hold(published, "monthly-2025-12"),
        pytest.raises(LockedError, match=f"monthly-2025-12: held by pid {os.getpid()} on {socket.gethostname()}"),
        hold(published, "monthly-2025-12", wait_s=0.1),
    ):
        pass


def test_other_periods_do_not_wait(published: Path) -> None:
    with hold(published, "monthly-2025-12"), hold(published, "monthly-2025-11", wait_s=0.1):
        pass


def test_a_killed_holder_holds_no_more(published: Path) -> None:
    script = HOLDING.format(folder=str(published))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        child.kill()
        child.wait()
    with hold(published, "k", wait_s=5):
        pass


def test_a_page_that_cannot_be_written_leaves_no_draft(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    assert publish.write_page(published, "index.html", "one").read_text(encoding="utf-8") == "one"
    monkeypatch.setattr(publish, "_force_file", full)
    with pytest.raises(OSError, match="No space left"):
        publish.write_page(published, "index.html", "two")
    assert (published / "index.html").read_text(encoding="utf-8") == "one"
    assert list((published / ".tmp").iterdir()) == []


def test_a_holder_that_has_not_signed_yet_is_waited_for(published: Path) -> None:
    with hold(published, "k"):
        signature = published / ".locks" / "k.json"
        text = signature.read_text(encoding="utf-8")
        signature.unlink()
        signing = threading.Timer(0.05, signature.write_text, [text])
        signing.start()
        with pytest.raises(LockedError, match=f"k: held by pid {os.getpid()} on"), hold(published, "k", wait_s=0):
            pass
        signing.join()
