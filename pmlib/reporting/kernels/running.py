"""One notebook in one kernel, as papermill runs it, minus what papermill and Jupyter wait and write in between."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pmlib.reporting.kernels.optional import absent

# Checkers of web addresses and file systems of clusters, loaded by name alone: most of what papermill's import costs.
with absent("rfc3987_syntax", "pyarrow"):
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NotebookExecutionManager
    from papermill.log import logger

from nbclient.exceptions import CellExecutionError

from pmlib.reporting.kernels.kernel_manager import PromptManager

_FOR_THE_RECORD = ("progress_bar", "log_output", "autosave_cell_every")


class KernelStartError(RuntimeError):
    """A kernel did not start."""


class RareSaves(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps papermill's record of every cell, and writes the notebook now and then instead of twice a cell."""

    def save(self, **options: Any) -> None:
        """Write, if it was long ago."""
        if 0 < self.autosave_cell_every <= (self.now() - self.last_save_time).total_seconds():
            super().save(**options)


class PromptNotebook(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client on one event loop from the start of the kernel to its end."""

    def execute(self, **start: Any) -> Any:
        """Run all cells; an exception in a cell ends the run and is left in the cell, as papermill does."""
        _finish(self._execute(start))
        return self.nb

    async def _execute(self, start: Mapping[str, Any]) -> None:
        self.reset_execution_trackers()
        self.km = self.create_kernel_manager()
        self.shutdown_kernel = "immediate"
        try:
            await self._start(start)
            await self._run_cells()
            self.shutdown_kernel = "graceful"
        finally:
            if self.km is not None:
                await self._async_cleanup_kernel()

    async def _start(self, start: Mapping[str, Any]) -> None:
        try:
            await self.async_start_new_kernel(**start)
            await self.async_start_new_kernel_client()
        except Exception as error:
            raise KernelStartError(f"the kernel did not start: {error}") from error

    async def _run_cells(self) -> None:
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                await self.async_execute_cell(cell, index)
            except Exception as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    # An interrupt, which nbclient takes for a dead kernel.
                    raise asyncio.CancelledError from error
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                if not isinstance(error, CellExecutionError):
                    raise
                break
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
        reply = await self.async_wait_for_reply(self.kc.kernel_info())
        self.nb.metadata["language_info"] = reply["content"]["language_info"]
        self.set_widgets_metadata()


def execute(
    nb: Any, kernel_name: str, *, output_path: str | None = None, start: Mapping[str, Any] | None = None, **options: Any
) -> Any:
    """Execute a notebook as papermill's own engine does, which says what the options are.

    Parameters
    ----------
    nb : NotebookNode
    kernel_name : str
    output_path : str, optional
        Written here now and then, and when the run breaks off; papermill writes the finished notebook.
    start : mapping, optional
        How the kernel starts: cwd, env, stdout, stderr, memory_mb.
    **options : Any
        Those of papermill's ``NBClientEngine``.

    Returns
    -------
    NotebookNode
        With its outputs, and papermill's metadata in every cell.
    """
    about = {name: options.pop(name) for name in _FOR_THE_RECORD if name in options}
    manager = RareSaves(nb, output_path=output_path, **about)
    manager.notebook_start()
    try:
        client = PromptNotebook(manager, log_output=manager.log_output, **_for_client(kernel_name, options))
        client.execute(**(start or {}))
    except BaseException:
        manager.notebook_complete()
        NotebookExecutionManager.save(manager)
        raise
    manager.notebook_complete()
    return manager.nb


def _for_client(kernel_name: str, options: dict[str, Any]) -> dict[str, Any]:
    options.pop("input_path", None)
    return {
        "kernel_name": kernel_name,
        "kernel_manager_class": PromptManager,
        "log": logger,
        "startup_timeout": options.pop("start_timeout", 60),
        "timeout": options.pop("execution_timeout", None) or options.pop("timeout", None),
        **options,
    }


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end on a loop of its own; in a thread of its own where this one has a loop that runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _run(work)
        return
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_run, work).result()


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(work)
