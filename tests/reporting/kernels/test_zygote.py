"""The warm process serves, reaps, and ends with its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pmlib.reporting.kernels.launching import warm_kernels
from pmlib.reporting.kernels.zygote import differs
from tests.reporting.kernels.talking import Ran, becomes, files_of, processes, started, zombies_of, zygote_of

OWNER = """
import sys, time
from pmlib.reporting.kernels.launching import warm_kernels
from tests.reporting.kernels.talking import started
with warm_kernels() as address, started(address) as kernel:
    child = kernel.say("import subprocess; print(subprocess.Popen(['sleep', '300']).pid)").strip()
    print(address, kernel.pid, child, flush=True)
    time.sleep(300)
"""
#: Its socket, a handle on its owner, and its input; matplotlib keeps the files of fonts, and lets go of them in a fork.
USUAL = ["anon_inode:[pidfd]", "pipe", "socket"]


@pytest.mark.parametrize(
    ("wanted", "have", "said"),
    [
        ({"A": "1", "PMLIB_NOTEBOOK": "x"}, {"B": "2"}, None),
        ({}, {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "inline"}, None),
        ({"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "1"}, None),
        ({"OPENBLAS_NUM_THREADS": "4"}, {"OPENBLAS_NUM_THREADS": "1"}, "NUM_THREADS is '4' for the kernel and '1'"),
        ({"PYTHONHASHSEED": "0"}, {}, "PYTHONHASHSEED is '0' for the kernel and None"),
        ({}, {"TZ": "UTC"}, "TZ is None for the kernel and 'UTC'"),
        ({"MPLBACKEND": "agg"}, {"MPLBACKEND": "inline"}, "MPLBACKEND is 'agg'"),
    ],
)
def test_a_kernel_whose_libraries_would_start_otherwise_is_refused(
    wanted: dict[str, str], have: dict[str, str], said: str | None
) -> None:
    answer = differs(wanted, have)
    assert answer is None if said is None else said in str(answer)


def test_the_warm_process_runs_one_thread_and_holds_no_open_connection(address: str) -> None:
    zygote = zygote_of(address)
    assert len(list(Path(f"/proc/{zygote}/task").iterdir())) == 1
    assert becomes(lambda: sorted(held(zygote)) == USUAL, 10), sorted(held(zygote))


def held(pid: int) -> list[str]:
    names = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            names.append(str(link.readlink()))
    shared = str(Path(f"/proc/{pid}/fd/2").readlink())
    kept = (name for name in names if name not in {shared, os.devnull} and not name.endswith(".ttf"))
    return [name if name.startswith("anon") else name.partition(":")[0] for name in kept]


def test_signals_reach_the_whole_group_and_the_exit_status_comes_back(address: str) -> None:
    with started(address) as kernel:
        assert kernel.say("import subprocess; p = subprocess.Popen(['sleep', '300']); print(p.pid)")
        time.sleep(0.3)  # an interrupt belongs to a cell until the kernel has quite done with it
        kernel.manager.interrupt_kernel()
        assert becomes(lambda: kernel.say("print(p.poll())").strip() == "-2")
        os.kill(kernel.pid, signal.SIGKILL)
        assert becomes(lambda: kernel.manager.provisioner.process.poll() == -9)
        assert not kernel.manager.is_alive()


def test_an_interrupt_ends_a_cell_and_not_the_kernel(address: str) -> None:
    with started(address) as kernel:
        message = kernel.client.execute("import time; time.sleep(60)", stop_on_error=False)
        time.sleep(0.3)
        kernel.manager.interrupt_kernel()
        while (reply := kernel.client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != message:
            continue
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert kernel.say("print(6 * 7)").strip() == "42"


def test_a_kernel_can_be_restarted(address: str) -> None:
    with started(address) as kernel:
        first = kernel.pid
        kernel.say("x = 1")
        kernel.manager.restart_kernel(now=True)
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.pid != first
        assert "NameError" in kernel.say("x")


def test_what_a_kernel_started_ends_with_it(address: str, run: Callable[..., Ran]) -> None:
    ran = run("import subprocess; print(subprocess.Popen(['sleep', '300']).pid)", zygote=address)
    child = ran.outputs[0][0].text.strip()
    assert becomes(lambda: not Path(f"/proc/{child}").exists(), 10)


def test_fifty_kernels_leave_no_file_no_process_and_no_folder(address: str, run: Callable[..., Ran]) -> None:
    zygote, folder = zygote_of(address), Path(address).parent
    run("1", zygote=address)
    assert becomes(lambda: sorted(held(zygote)) == USUAL, 10)
    before, mine = files_of(zygote), files_of(os.getpid())
    for _ in range(50):
        assert run("1", zygote=address).outcome["status"] == "ok"
    assert becomes(lambda: len(processes(str(folder))) == 1, 10)
    assert becomes(lambda: files_of(zygote) == before and not zombies_of(zygote))
    assert files_of(os.getpid()) == mine
    assert [path.name for path in folder.iterdir()] == ["zygote"]


def test_an_owner_killed_hard_leaves_no_process_and_no_folder() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        address, *pids = owner.stdout.readline().split()
        assert len(pids) == 2
        owner.kill()
    gone = [Path(address).parent, *(Path(f"/proc/{pid}") for pid in pids)]
    assert becomes(lambda: not any(path.exists() for path in gone))
    assert becomes(lambda: not processes(str(Path(address).parent)))


def test_a_warm_process_killed_hard_takes_its_kernels_along() -> None:
    with warm_kernels() as address:
        assert address is not None
        with started(address) as kernel:
            os.kill(zygote_of(address), signal.SIGKILL)
            assert becomes(lambda: not kernel.manager.is_alive())
            assert becomes(lambda: not Path(f"/proc/{kernel.pid}").exists())
    assert not Path(address).parent.exists()
