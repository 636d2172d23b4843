"""The provisioner forks where it can and starts an ordinary kernel where it cannot, for any program."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from pmlib.reporting.kernels.launching import ADDRESS_VARIABLE, PROVISIONER_VARIABLES
from pmlib.reporting.kernels.process import ForkedKernel
from tests.reporting.kernels.talking import Ran, started

PARENT = "import os\nprint(open(f'/proc/{os.getppid()}/cmdline').read().count('kernels.zygote'))"
PAPERMILL = (
    "import papermill, sys; papermill.execute_notebook(*sys.argv[1:], progress_bar=False, kernel_name='python3')"
)
NBCLIENT = (
    "import nbclient, nbformat, sys; nb = nbformat.read(sys.argv[1], 4); nbclient.NotebookClient(nb).execute(); "
    "nbformat.write(nb, sys.argv[2])"
)
NBVAL = (
    "import pytest, shutil, sys; shutil.copy(*sys.argv[1:]); sys.exit(pytest.main(['--nbval', '-q', '-p', "
    "'no:cacheprovider', '--rootdir', sys.argv[2] + '/..', '-c', '/dev/null', sys.argv[2]]))"
)


@pytest.mark.parametrize("program", [PAPERMILL, NBCLIENT, NBVAL], ids=["papermill", "nbclient", "nbval"])
def test_other_programs_use_it_through_the_environment(address: str, program: str, tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell(PARENT, id="a", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", text="1\n")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    source, output = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), source)
    environment = os.environ | PROVISIONER_VARIABLES | {ADDRESS_VARIABLE: address}
    command = [sys.executable, "-c", program, str(source), str(output)]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert nbformat.read(output, as_version=4).cells[0].outputs[0].text == "1\n"


def test_without_an_address_the_kernel_is_an_ordinary_one() -> None:
    with started(None) as kernel:
        assert isinstance(kernel.manager.provisioner.process, subprocess.Popen)
        assert kernel.say(PARENT).strip() == "0"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"OPENBLAS_NUM_THREADS": "2"}, "OPENBLAS_NUM_THREADS is '2'"),
        ({"PYTHONHASHSEED": "5"}, "PYTHONHASHSEED is '5'"),
    ],
)
def test_a_kernel_that_a_fork_cannot_follow_starts_in_the_ordinary_way_and_the_log_says_why(
    address: str, caplog: pytest.LogCaptureFixture, environment: dict[str, str], reason: str
) -> None:
    with caplog.at_level(logging.WARNING), started(address, **environment) as kernel:
        assert not isinstance(kernel.manager.provisioner.process, ForkedKernel)
        name = next(iter(environment))
        assert kernel.say(f"import os; print(os.environ[{name!r}])").strip() == environment[name]
    assert reason in caplog.text


def test_an_address_where_nobody_answers_is_said_and_gone_round(
    run: Callable[..., Ran], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    silent = tmp_path / "s"
    silent.touch()
    ran = run(PARENT, zygote=str(silent))
    assert ran.outputs[0][0].text == "0\n"
    assert "no answer from the warm process" in caplog.text


def test_another_interpreter_or_language_is_not_forked(address: str) -> None:
    from pmlib.reporting.kernels.provisioner import _can_be_forked

    ours = [sys.executable, "-m", "ipykernel_launcher", "-f", "x.json"]
    assert _can_be_forked(ours, {"cwd": "/", "env": {}})
    assert not _can_be_forked(["/usr/bin/other", *ours[1:]], {})
    assert not _can_be_forked([sys.executable, "-m", "bash_kernel", "-f", "x.json"], {})
    assert not _can_be_forked(ours, {"preexec_fn": print})


@pytest.mark.parametrize("kind", ["warm", "ordinary"])
def test_memory_beyond_the_limit_is_an_error_of_the_cell(address: str, run: Callable[..., Ran], kind: str) -> None:
    cells = ("import numpy as np, pandas as pd\nlen(np.ones(20_000_000))", "x = np.ones(200_000_000)")
    ran = run(*cells, zygote=address if kind == "warm" else None, memory_mb=600)
    assert ran.values[0] == "20000000"
    assert "MemoryError" in ran.outcome["cause"]
    assert ran.outcome["cause"].startswith("cell [2]: ")
    assert ran.outcome["tries"] == 1


def test_nothing_of_the_warm_process_is_seen_in_the_kernel(address: str) -> None:
    with started(address, MINE="1") as kernel:
        said = kernel.say("import os; print([n for n in ('MINE', 'PMLIB_ZYGOTE') if n in os.environ])")
    assert said.strip() == "['MINE']"

