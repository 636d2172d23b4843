from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pmlib.reporting.execute import Inline, executor_for, run_notebook

PARAMETERS = ("parameters", "seed: int | None = None")


@pytest.fixture
def run(tmp_path: Path, notebook: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    def go(*cells: Any, **changes: Any) -> dict[str, Any]:
        job = {
            "name": "10_{one}",
            "notebook": str(notebook(tmp_path / "{a}" / "10_{one}.ipynb", *cells)),
            "output": str(tmp_path / "out" / "10_{one}.ipynb"),
            "parameters": {"seed": 3},
            "cwd": str(tmp_path),
            "env": {"PMLIB_NOTEBOOK": "10_{one}"},
            "timeout_s": 60,
        }
        (tmp_path / "out").mkdir()
        return run_notebook({**job, **changes})

    return go


def executed(tmp_path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((tmp_path / "out" / "10_{one}.ipynb").read_text(encoding="utf-8"))
    return content


def test_a_notebook_gets_its_parameters_its_folder_and_its_environment(
    run: Callable[..., Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = run("# T", PARAMETERS, "import os\nf\"{seed} {os.getcwd()} {os.environ['PMLIB_NOTEBOOK']}\"")
    assert (outcome["status"], outcome["cause"]) == ("ok", None)
    shown = executed(tmp_path)["cells"][-1]["outputs"][0]["data"]["text/plain"]
    assert "".join(shown) == repr(f"3 {tmp_path} 10_{{one}}")
    assert executed(tmp_path)["metadata"]["papermill"]["input_path"] == "notebooks/10_{one}.ipynb"
    assert str(tmp_path) not in json.dumps(executed(tmp_path)["metadata"])
    assert "PMLIB_NOTEBOOK" not in os.environ
    assert capfd.readouterr() == ("", "")


def test_a_failing_cell_is_named_with_its_source_line(run: Callable[..., Any], tmp_path: Path) -> None:
    outcome = run(PARAMETERS, "x = 1\ny = x / 0")
    assert outcome["status"] == "failed"
    assert outcome["cause"] == "cell [3]: ZeroDivisionError: division by zero"
    assert outcome["detail"].startswith("source line 2: y = x / 0\n")
    assert "\x1b" not in outcome["detail"]
    assert executed(tmp_path)["cells"]


def test_a_cell_that_does_not_end_is_named_with_the_time_it_had(run: Callable[..., Any], tmp_path: Path) -> None:
    outcome = run(PARAMETERS, "import time; time.sleep(30)", timeout_s=1)
    assert outcome["cause"] == "cell [3] did not end within 1 s (timeout_s)"
    assert executed(tmp_path)["cells"]


def test_a_message_of_ours_is_handed_over_in_full_and_on_one_line(run: Callable[..., Any]) -> None:
    words = "max_changes: got -3, allowed 0 or more." + " Known: a." * 60
    code = f"from pmlib.errors import ParameterError\nraise ParameterError({words!r}.replace(' K', '\\nK'))"
    assert run(PARAMETERS, code)["cause"] == f"cell [3]: ParameterError: {words}"


def test_a_kernel_that_dies_is_told_from_an_error_in_a_cell(run: Callable[..., Any]) -> None:
    assert run(PARAMETERS, "import os; os._exit(1)")["cause"] == "the kernel died in cell [3]"


def test_whatever_goes_wrong_leaves_a_copy_and_one_line(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no\nkernel " + "x" * 9999)

    monkeypatch.setattr("papermill.execute_notebook", fail)
    outcome = run("# T")
    assert outcome["cause"].startswith("RuntimeError: no kernel x")
    assert len(outcome["cause"]) == 2000
    assert executed(tmp_path)["cells"]


def test_one_worker_is_this_process_and_two_are_a_pool() -> None:
    assert isinstance(executor_for(1), Inline)
    assert Inline().submit(os.getpid).result() == os.getpid()
    assert isinstance(Inline().submit(lambda: 1 / 0).exception(), ZeroDivisionError)
    with executor_for(2) as pool:
        assert isinstance(pool, ProcessPoolExecutor)
