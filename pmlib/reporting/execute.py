"""Run one notebook in a kernel of its own: a plain function of a plain dict, so that any executor can call it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pmlib.reporting.kernels.launching import ADDRESS_VARIABLE, address_here
from pmlib.reporting.kernels.preload import ONE_THREAD
from pmlib.reporting.record import RECORD_VARIABLE

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FAILING_LINE = re.compile(r"^-+>\s*(\d+)\s?(.*)$", re.MULTILINE)
#: A kernel talks to one local client only; its remarks on that are not for a report's reader.
QUIET_KERNEL = ("--log-level=CRITICAL",)
#: Longer than any message of ours, shorter than a frame that somebody put into one.
_LONGEST_CAUSE = 2000
#: What papermill makes new with a random name, by tag: the same inputs must give the same notebook.
_MADE_BY_PAPERMILL = ("injected-parameters", "papermill-error-cell-tag")


def run_notebook(job: Mapping[str, Any]) -> dict[str, Any]:
    """Execute a notebook and say how it went; what goes wrong inside is an outcome, not an exception.

    What is not the notebook's fault (a kernel that died or did not start, a cell out of time, a disk) is tried again.

    Parameters
    ----------
    job : mapping
        name, notebook and output (absolute paths), parameters, cwd, env (more variables for the kernel), timeout_s
        (per cell), memory_mb (None: no limit), retries, zygote (address of the warm process; None: an ordinary
        kernel), kernel_log (absolute path for what the kernel itself prints; no file when that is nothing).

    Returns
    -------
    dict
        name, status (ok or failed), seconds, cause (one line or None), detail (lines or None), tries, cell_seconds
        (seconds of every code cell of the executed copy; 0.0 where it was not reached).
    """
    started = time.monotonic()
    outcome: dict[str, Any] = {}
    for tries in range(1, job.get("retries", 0) + 2):
        if tries > 1:
            _clear(job)
        outcome = _try(job) | {"tries": tries}
        if not outcome.pop("again"):
            break
    cells = _tidy(job)
    seconds = [round(cell["metadata"].get("papermill", {}).get("duration") or 0.0, 3) for cell in cells]
    status = "failed" if outcome["cause"] else "ok"
    return {
        "name": job["name"],
        "status": status,
        "seconds": round(time.monotonic() - started, 2),
        **outcome,
        "cell_seconds": seconds,
    }


def _clear(job: Mapping[str, Any]) -> None:
    """Remove what a try that failed has recorded."""
    recorded = job["env"].get(RECORD_VARIABLE)
    for path in Path(recorded).iterdir() if recorded else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif str(path) != job.get("kernel_log"):
            path.unlink()


def _try(job: Mapping[str, Any]) -> dict[str, Any]:
    Path(job["output"]).unlink(missing_ok=True)
    try:
        with _log_of(job) as log:
            _execute(job, log)
    except Exception as error:  # the others go on, whatever happened here
        return {"cause": _cause(error, job), "detail": _detail(error), "again": _may_be_chance(error)}
    return {"cause": None, "detail": None, "again": False}


def _execute(job: Mapping[str, Any], log: int) -> None:
    import pmlib.reporting.kernels.running  # noqa: F401  (first: it imports papermill at a third of the price)

    import papermill  # isort: skip

    # What it would log is in the outcome; and it calls a parameter of type `X | None` unknown.
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    papermill.execute_notebook(
        job["notebook"].replace("{", "{{").replace("}", "}}"),
        job["output"].replace("{", "{{").replace("}", "}}"),
        parameters=dict(job["parameters"]),
        engine_name="pmlib-warm",
        kernel_name="python3",
        language="python",
        progress_bar=False,
        execution_timeout=job["timeout_s"],
        extra_arguments=list(QUIET_KERNEL),
        start=_start_of(job, log),
    )


def _start_of(job: Mapping[str, Any], log: int) -> dict[str, Any]:
    """How the kernel starts: nothing of it goes through this process's own state, so that threads may run notebooks.

    Linear algebra runs in one thread, whichever way a kernel starts: sums in another order differ in their last bits.
    """
    inherited = {name: value for name, value in os.environ.items() if name != ADDRESS_VARIABLE}
    address = address_here(job.get("zygote"))
    return {
        "cwd": job["cwd"],
        "env": ONE_THREAD | inherited | job["env"] | ({ADDRESS_VARIABLE: address} if address else {}),
        "stdout": log,
        "stderr": log,
        "memory_mb": job.get("memory_mb"),
    }


@contextmanager
def _log_of(job: Mapping[str, Any]) -> Iterator[int]:
    """File that takes what the kernel prints past its notebook; an empty one goes."""
    path = job.get("kernel_log") or os.devnull
    with open(path, "ab") as log:
        try:
            yield log.fileno()
        finally:
            if path != os.devnull and not log.tell():
                Path(path).unlink(missing_ok=True)


def _may_be_chance(error: Exception) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"DeadKernelError", "CellTimeoutError", "KernelStartError", "OSError"})


def _cause(error: Exception, job: Mapping[str, Any]) -> str:
    kind = type(error).__name__
    if kind == "PapermillExecutionError":
        said = f"{getattr(error, 'ename', '')}: {getattr(error, 'evalue', '')}"
        text = f"cell [{getattr(error, 'exec_count', '?')}]: {said}"
    elif kind == "CellTimeoutError":
        text = f"cell [{_running_cell(job)}] did not end within {job['timeout_s']} s (timeout_s)"
    elif kind == "DeadKernelError":
        text = f"the kernel died in cell [{_running_cell(job)}]"
    elif kind == "KernelStartError":
        text = str(error)
    else:
        text = f"{kind}: {error}"
    line = " ".join(without_colours(text).split())
    return line if len(line) <= _LONGEST_CAUSE else f"{line[: _LONGEST_CAUSE - 1]}…"


def without_colours(text: str) -> str:
    """Take a terminal's colour codes out of a text."""
    return _ANSI.sub("", text)


def _running_cell(job: Mapping[str, Any]) -> str:
    """Count of the code cell that papermill had last begun, from the copy it saves."""
    try:
        cells = json.loads(Path(job["output"]).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return "?"
    code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    states = [cell["metadata"].get("papermill", {}).get("status") for cell in code]
    begun = [place for place, state in enumerate(states, start=1) if state not in {None, "pending"}]
    return str(begun[-1]) if begun else "?"


def _detail(error: Exception) -> str:
    traceback = without_colours("\n".join(getattr(error, "traceback", None) or [str(error)]))
    found = _FAILING_LINE.search(traceback)
    line = f"source line {found[1]}: {found[2].strip()}\n" if found else ""
    return f"{line}{traceback}"


def _tidy(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Leave an executed copy in any case, with neither the machine's paths nor a random name; its code cells."""
    output = Path(job["output"])
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(job["notebook"], output)
    content = json.loads(output.read_text(encoding="utf-8"))
    about = content["metadata"].get("papermill")
    if about:
        about["input_path"], about["output_path"] = f"notebooks/{job['name']}.ipynb", output.name
    made = [cell for cell in content["cells"] if set(cell["metadata"].get("tags", [])) & set(_MADE_BY_PAPERMILL)]
    for number, cell in enumerate(made, start=1):
        if "id" in cell:
            cell["id"] = f"papermill-{number}"
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    output.write_text(_without_password(text, job["parameters"]), encoding="utf-8")
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


def _without_password(text: str, parameters: Mapping[str, Any]) -> str:
    """Take the password of an address out of the executed copy, which holds every parameter."""
    addresses = [value for value in parameters.values() if isinstance(value, str) and "://" in value]
    if addresses:
        from pmlib.databases import without_password

        for address in addresses:
            text = text.replace(address, without_password(address))
    return text


class Inline(Executor):
    """Runs each job at once in this process: one worker without the price of starting it."""

    def submit(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
        """Run and return a finished future."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def executor_for(workers: int) -> Executor:
    """Choose what runs notebooks: this process for one worker, else a pool of processes.

    They are forked from one server that has imported papermill, where the system has that; else each starts afresh.
    """
    if workers <= 1:
        return Inline()
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["pmlib.reporting.kernels.running", "nbconvert.exporters.html"])
    return _Pool(workers, mp_context=context, initializer=end_with_parent)


class _Pool(ProcessPoolExecutor):
    """A pool that an interrupt ends at once, with the notebooks its workers run."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        for worker in list((self._processes or {}).values()) if kind is not None else ():
            worker.terminate()
        super().__exit__(kind, error, trace)


def end_with_parent() -> None:
    """End this worker when its parent is killed; its kernel sees that and ends too. An interrupt is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
