"""One warm process per owner, found by its address, gone with its folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pmlib.reporting.kernels import launching
from pmlib.reporting.kernels.launching import address_here, warm_kernels
from pmlib.reporting.kernels.process import ForkedKernel, NoWarmKernelError
from tests.reporting.kernels.talking import becomes, processes, run_cells

OWN = """
from pmlib.reporting.kernels.launching import address_here
first = address_here("/nowhere/zygote")
assert first == address_here("/elsewhere/zygote")
print(first)
"""


def test_a_cold_run_has_no_address() -> None:
    with warm_kernels(cold=True) as place:
        assert place is None
    assert address_here(None) is None


def test_a_system_that_cannot_fork_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with warm_kernels() as place:
        assert place is None
    assert address_here("/nowhere") == "/nowhere"


def test_the_owner_need_not_wait_and_the_folder_is_private_and_goes(address: str) -> None:
    began = time.monotonic()
    with warm_kernels() as place:
        assert time.monotonic() - began < 1
        assert place is not None
        assert len(place) < 80
        assert Path(place).parent.stat().st_mode & 0o777 == 0o700
        assert Path(place).is_socket()
    assert not Path(place).parent.exists()
    assert not processes(str(Path(place).parent))


def test_an_address_of_another_host_gives_one_warm_process_of_this_one() -> None:
    ended = subprocess.run([sys.executable, "-c", OWN], capture_output=True, text=True, timeout=60, check=True)
    place = Path(ended.stdout.strip())
    assert place.name == "zygote"
    assert not place.parent.exists()


def test_folders_of_owners_killed_hard_are_swept_and_living_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Path(tempfile.mkdtemp(prefix="sw"))
    monkeypatch.setattr(launching, "folder_of_sockets", lambda: str(base))
    dead, living, young, old = (base / f"pmlib-warm-{name}" for name in ("dead", "living", "young", "old"))
    for folder in (dead, living, young, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    with socket.socket(socket.AF_UNIX) as ended, socket.socket(socket.AF_UNIX) as listening:
        ended.bind(str(dead / "zygote"))
        listening.bind(str(living / "zygote"))
        listening.listen()
        ended.close()
        launching._sweep()
    assert sorted(folder.name for folder in base.iterdir()) == ["pmlib-warm-living", "pmlib-warm-young"]
    shutil.rmtree(base)


def test_many_ask_at_once_before_it_is_ready(tmp_path: Path) -> None:
    with warm_kernels() as place, ThreadPoolExecutor(4) as threads:
        def go(number: int) -> str | None:
            return run_cells(tmp_path, f"{number} + 1", zygote=place, name=f"n{number}").values[0]

        assert list(threads.map(go, range(4))) == ["1", "2", "3", "4"]
        assert place is not None
        assert becomes(lambda: len(processes(str(Path(place).parent))) == 1)


def test_a_warm_process_that_refuses_or_breaks_off_says_so(tmp_path: Path) -> None:
    for said, reason in ((b'{"refused": "3 threads run"}\n', "3 threads run"), (b"", "the warm process ended"),
                         (b"nonsense\n", "no answer from the warm process")):
        place = str(Path(tempfile.mkdtemp(prefix="rf")) / "s")
        with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor(1) as thread:
            listener.bind(place)
            listener.listen()

            def answer(said: bytes = said, listener: socket.socket = listener) -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(said)

            thread.submit(answer)
            with pytest.raises(NoWarmKernelError, match=reason):
                ForkedKernel(place, {"argv": []}, [1, 2])
        shutil.rmtree(Path(place).parent)
