"""The engine keeps papermill's record, writes rarely, and loses nothing when a kernel breaks off."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pmlib.reporting.execute import executor_for
from pmlib.reporting.kernels.launching import warm_kernels
from tests.reporting.kernels.talking import Ran, processes, run_cells, zygote_of


@pytest.fixture(params=["warm", "ordinary"])
def place(request: pytest.FixtureRequest, address: str) -> str | None:
    return address if request.param == "warm" else None


def states(ran: Ran) -> list[tuple[str, bool | None]]:
    about = [cell.metadata.papermill for cell in ran.notebook.cells if cell.cell_type == "code"]
    return [(cell.status, cell.exception) for cell in about]


def test_every_cell_has_its_status_and_its_seconds(place: str | None, run: Callable[..., Ran]) -> None:
    ran = run("1", "import time; time.sleep(0.2)", "3", zygote=place)
    assert states(ran) == [("completed", False)] * 3
    assert ran.outcome["status"] == "ok"
    assert ran.outcome["tries"] == 1
    assert [seconds > 0.2 for seconds in ran.outcome["cell_seconds"]] == [False, True, False]
    assert ran.notebook.metadata.papermill.exception is None
    assert ran.notebook.metadata.language_info.name == "python"


def test_a_failing_cell_ends_the_run_and_is_never_tried_again(place: str | None, run: Callable[..., Ran]) -> None:
    ran = run("1", "1 / 0", "3", zygote=place, retries=3)
    assert ran.outcome["cause"] == "cell [2]: ZeroDivisionError: division by zero"
    assert ran.outcome["tries"] == 1
    assert states(ran) == [("completed", False), ("failed", True), ("pending", None)]
    assert ran.outputs[0][0].data["text/plain"] == "1"
    assert ran.outcome["cell_seconds"][2] == 0.0


@pytest.mark.parametrize(
    "deadly", ["os._exit(0)", "os._exit(3)", "os.kill(os.getpid(), 9)", "import ctypes; ctypes.string_at(0)"]
)
def test_a_kernel_that_dies_is_named_with_its_cell(address: str, run: Callable[..., Ran], deadly: str) -> None:
    ran = run("'kept'", f"import os; {deadly}", "3", zygote=address)
    assert ran.outcome["cause"] == "the kernel died in cell [2]"
    assert states(ran) == [("completed", False), ("failed", True), ("pending", None)]
    assert ran.values[0] == "'kept'"


def test_a_cell_out_of_time_ends_its_kernel(address: str, run: Callable[..., Ran]) -> None:
    ran = run("import os; print(os.getpid())", "import time; time.sleep(99)", zygote=address, timeout_s=1)
    assert ran.outcome["cause"] == "cell [2] did not end within 1 s (timeout_s)"
    assert not Path(f"/proc/{ran.outputs[0][0].text.strip()}").exists()


def test_what_is_not_the_notebooks_fault_is_tried_again(address: str, run: Callable[..., Ran], tmp_path: Path) -> None:
    code = "import os, pathlib\nf = pathlib.Path('tried')\nif not f.exists(): f.touch(); os._exit(1)\n'second'"
    ran = run("'x'", code, zygote=address, retries=1)
    assert (ran.outcome["status"], ran.outcome["tries"], ran.outcome["cause"]) == ("ok", 2, None)
    assert ran.values == ["'x'", "'second'"]
    (tmp_path / "tried").unlink()
    assert run("1", "import os; os._exit(1)", zygote=address, retries=2).outcome["tries"] == 3


def test_a_lost_warm_process_is_a_dead_kernel_and_the_next_try_an_ordinary_one(tmp_path: Path) -> None:
    with warm_kernels() as own:
        if own is None:
            pytest.skip("no fork here")
        code = (
            "import pathlib, time\nf = pathlib.Path('seen')\nif not f.exists(): f.touch(); time.sleep(60)\n'done'"
        )

        def end_it() -> None:
            while not (tmp_path / "seen").exists():
                time.sleep(0.05)
            os.kill(zygote_of(own), signal.SIGKILL)

        threading.Thread(target=end_it).start()
        ran = run_cells(tmp_path, code, zygote=own, retries=1)
    assert (ran.outcome["status"], ran.outcome["tries"]) == ("ok", 2), ran.outcome
    assert ran.outcome["seconds"] < 60


def test_the_kernels_own_words_go_to_its_log(place: str | None, run: Callable[..., Ran], tmp_path: Path) -> None:
    run("print('shown')", zygote=place)
    assert not (tmp_path / "job.log").exists()
    run("import faulthandler; faulthandler.enable()\nimport ctypes; ctypes.string_at(0)", zygote=place, name="loud")
    assert "Segmentation fault" in (tmp_path / "loud.log").read_text()


def test_the_same_notebook_twice_gives_the_same_cells(address: str, run: Callable[..., Ran]) -> None:
    def cells() -> Any:
        ran = run("2", zygote=address, parameters={"a": 1})
        return [(cell.id, cell.source) for cell in ran.notebook.cells]

    assert cells() == cells()
    assert cells()[0][0] == "papermill-1"


def test_threads_run_notebooks_side_by_side_each_in_its_folder_with_its_variables(address: str, tmp_path: Path) -> None:
    def go(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        cell = "import os, time; time.sleep(0.3); os.path.basename(os.getcwd()), os.environ['MINE']"
        return str(run_cells(folder, cell, zygote=address, env={"MINE": str(number)}).values[0])

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(go, range(6))) == [f"('{n}', '{n}')" for n in range(6)]
    assert "MINE" not in os.environ


def test_a_loop_that_already_runs_is_no_obstacle(address: str, tmp_path: Path) -> None:
    async def inside() -> Ran:
        return run_cells(tmp_path, "6 * 7", zygote=address)

    assert asyncio.run(inside()).values == ["42"]


def test_processes_share_one_warm_process_and_end_with_the_pool(address: str, tmp_path: Path) -> None:
    with executor_for(2) as pool:
        assert isinstance(pool, ProcessPoolExecutor)
        names = [f"n{number}" for number in range(4)]
        code = "import os\nprint(open(f'/proc/{os.getppid()}/cmdline').read().count('kernels.zygote'))"
        ran = list(pool.map(run_one, [str(tmp_path)] * 4, names, [code] * 4, [address] * 4))
    assert [json.loads(text) for text in ran] == [["ok", "1\n"]] * 4
    assert len(processes(str(Path(address).parent))) >= 1


def run_one(folder: str, name: str, code: str, address: str) -> str:
    ran = run_cells(Path(folder), code, zygote=address, name=name)
    return json.dumps([ran.outcome["status"], ran.outputs[0][0].text])
