"""Notebooks and kernels to talk to, and a look at the processes behind them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from pmlib.reporting.execute import run_notebook
from pmlib.reporting.kernels.launching import ADDRESS_VARIABLE
from pmlib.reporting.kernels.preload import ONE_THREAD
from pmlib.reporting.kernels.provisioner import WarmProvisioner

LONG_S = 120


@dataclass(frozen=True)
class Ran:
    """What `run_notebook` said, and the notebook it left."""

    outcome: dict[str, Any]
    notebook: Any

    @property
    def outputs(self) -> list[list[Any]]:
        return [cell.outputs for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def values(self) -> list[str | None]:
        """Plain text of each cell's last output."""
        return [outputs[-1].get("data", {}).get("text/plain") if outputs else None for outputs in self.outputs]


def run_cells(folder: Path, *cells: str, zygote: str | None, **job: Any) -> Ran:
    """Run cells as a notebook named ``job``."""
    name = job.pop("name", "job")
    source, output = folder / f"{name}.ipynb", folder / f"{name}.out.ipynb"
    made = [nbformat.v4.new_code_cell(cell, id=f"c{number}") for number, cell in enumerate(cells)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), source)
    usual = {
        "name": name, "notebook": str(source), "output": str(output), "parameters": {}, "cwd": str(folder), "env": {},
        "timeout_s": LONG_S, "memory_mb": None, "retries": 0, "zygote": zygote,
        "kernel_log": str(folder / f"{name}.log"),
    }
    return Ran(run_notebook({**usual, **job}), nbformat.read(output, as_version=4))


class Kernel:
    """A kernel to talk to, started as Jupyter starts any."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def say(self, code: str) -> str:
        """Run code; the text it showed."""
        shown: list[str] = []

        def take(message: Any) -> None:
            content = message["content"]
            shown.append(content.get("text") or content.get("data", {}).get("text/plain") or content.get("ename", ""))

        self.client.execute_interactive(code, output_hook=take, timeout=LONG_S)
        return "".join(shown)


@contextmanager
def started(address: str | None, **environment: str) -> Iterator[Kernel]:
    """Start a kernel through the provisioner."""
    inherited = {name: value for name, value in os.environ.items() if name != ADDRESS_VARIABLE}
    place = {ADDRESS_VARIABLE: address} if address else {}
    with ExitStack() as stack:
        manager = KernelManager(kernel_name="python3")
        manager.provisioner = WarmProvisioner(kernel_id="x", kernel_spec=manager.kernel_spec, parent=manager)
        nothing = stack.enter_context(open(os.devnull, "wb"))
        manager.start_kernel(env=ONE_THREAD | inherited | environment | place, stdout=nothing, stderr=nothing)
        stack.callback(manager.shutdown_kernel, now=True)
        client = manager.client()
        client.start_channels()
        stack.callback(client.stop_channels)
        client.wait_for_ready(timeout=LONG_S)
        yield Kernel(manager, client)


def processes(word: str) -> dict[int, str]:
    """Living processes whose command line has a word."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if word in line and state != "Z":
            found[int(folder.name)] = line
    return found


def zombies_of(pid: int) -> list[int]:
    """Children of a process that ended and were not reaped."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state == "Z":
            found.append(int(folder.name))
    return found


def files_of(pid: int) -> int:
    """Count of the open files of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def becomes(check: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + within_s
    while not check():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def zygote_of(address: str) -> int:
    """Process that serves an address."""
    mine = [pid for pid, line in processes(str(Path(address).parent)).items() if "kernels.zygote" in line]
    return min(mine)
