"""Run one notebook in a kernel of its own: a plain function of a plain dict, so that any executor can call it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FAILING_LINE = re.compile(r"^-+>\s*(\d+)\s?(.*)$", re.MULTILINE)
#: A kernel talks to one local client only; its remarks on that are not for a report's reader.
QUIET_KERNEL = ("--log-level=CRITICAL",)
#: Longer than any message of ours, shorter than a frame that somebody put into one.
_LONGEST_CAUSE = 2000


def run_notebook(job: Mapping[str, Any]) -> dict[str, Any]:
    """Execute a notebook and say how it went; what goes wrong inside is an outcome, not an exception.

    Parameters
    ----------
    job : mapping
        name, notebook and output (absolute paths), parameters, cwd, env, timeout_s (per cell).

    Returns
    -------
    dict
        name, status (ok or failed), seconds, cause (one line or None), detail (lines or None).
    """
    started = time.monotonic()
    cause = detail = None
    try:
        with _environment(job["env"]):
            _execute(job)
    except Exception as error:  # the others go on, whatever happened here
        cause, detail = _cause(error, job), _detail(error)
    _tidy(job)
    seconds = round(time.monotonic() - started, 2)
    status = "failed" if cause else "ok"
    return {"name": job["name"], "status": status, "seconds": seconds, "cause": cause, "detail": detail}


def _execute(job: Mapping[str, Any]) -> None:
    import papermill

    # What it would log is in the outcome; and it calls a parameter of type `X | None` unknown.
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    papermill.execute_notebook(
        job["notebook"].replace("{", "{{").replace("}", "}}"),
        job["output"].replace("{", "{{").replace("}", "}}"),
        parameters=dict(job["parameters"]),
        kernel_name="python3",
        language="python",
        cwd=job["cwd"],
        progress_bar=False,
        log_output=False,
        execution_timeout=job["timeout_s"],
        extra_arguments=list(QUIET_KERNEL),
        kernel_manager_class=_manager_class(),
    )


def _manager_class() -> type:
    from jupyter_client.manager import AsyncKernelManager

    class SilentKernelManager(AsyncKernelManager):
        """Keeps from the terminal what a kernel's libraries say as it ends; its cells speak through the notebook."""

        def start_kernel(self, **options: Any) -> Any:
            return super().start_kernel(stderr=subprocess.DEVNULL, **options)

    return SilentKernelManager


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _cause(error: Exception, job: Mapping[str, Any]) -> str:
    kind = type(error).__name__
    if kind == "PapermillExecutionError":
        said = f"{getattr(error, 'ename', '')}: {getattr(error, 'evalue', '')}"
        text = f"cell [{getattr(error, 'exec_count', '?')}]: {said}"
    elif kind == "CellTimeoutError":
        text = f"cell [{_running_cell(job)}] did not end within {job['timeout_s']} s (timeout_s)"
    elif kind == "DeadKernelError":
        text = f"the kernel died in cell [{_running_cell(job)}]"
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
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    states = [cell["metadata"].get("papermill", {}).get("status") for cell in code]
    begun = [place for place, state in enumerate(states, start=1) if state not in {None, "pending"}]
    return str(begun[-1]) if begun else "?"


def _detail(error: Exception) -> str:
    traceback = without_colours("\n".join(getattr(error, "traceback", None) or [str(error)]))
    found = _FAILING_LINE.search(traceback)
    line = f"source line {found[1]}: {found[2].strip()}\n" if found else ""
    return f"{line}{traceback}"


def _tidy(job: Mapping[str, Any]) -> None:
    """Leave an executed copy in any case, and take the machine's paths out of it."""
    output = Path(job["output"])
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(job["notebook"], output)
    content = json.loads(output.read_text(encoding="utf-8"))
    about = content["metadata"].get("papermill")
    if about:
        about["input_path"], about["output_path"] = f"notebooks/{job['name']}.ipynb", output.name
    output.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


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
    """Choose what runs notebooks: this process for one worker, else a pool of spawned ones."""
    if workers <= 1:
        return Inline()
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent)


def end_with_parent() -> None:
    """End this worker when its parent is killed; its kernel sees that and ends too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
