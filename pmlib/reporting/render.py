"""Render reports: run their notebooks, write their pages, publish each whole or not at all."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import reduce
from operator import or_
from typing import Any

from pmlib.errors import ParameterError, PmlibError, ReportError
from pmlib.reporting.batch import Batch, Settings, failed, unrecorded
from pmlib.reporting.definition import Format
from pmlib.reporting.execute import executor_for
from pmlib.reporting.facts import Books
from pmlib.reporting.freshness import is_fresh
from pmlib.reporting.history.log import append_run
from pmlib.reporting.outcomes import Rendered, Reports, unchanged
from pmlib.reporting.pages import write_index
from pmlib.reporting.plan import Plan
from pmlib.reporting.publish import sweep, workplace
from pmlib.reporting.run_log import run_logs
from pmlib.reporting.safety import keep_private, private_folder

#: Seconds a second run waits for the first.
WAIT_S = 600.0
_MOST_WORKERS = 4


def render(
    jobs: Sequence[Plan],
    executor: Executor | int | None = None,
    *,
    wait_s: float | None = None,
    cold: bool = False,
    force: bool = False,
    tell: Callable[[Rendered], None] | None = None,
) -> Reports:
    """Run reports and publish them; what is published and still true stays as it is.

    Parameters
    ----------
    jobs : sequence of Plan
        From ``plan_reports``: any number of periods and units of one project.
    executor : Executor or int, optional
        What runs the notebooks in place of processes of our own: threads, ``client.get_executor()`` of a Dask
        cluster that shares the project's folder. Or how many run side by side in our own; by default as many as
        there are cores, 4 at most. The results do not depend on it.
    wait_s : float, optional
        Seconds to wait for another run of the same report; ``WAIT_S`` by default, 0 not at all.
    cold : bool
        Start an ordinary kernel for every notebook, in place of one forked from a warm process.
    force : bool
        Run every notebook, also where its outputs are known.
    tell : callable, optional
        Called with every report as it is finished.

    Raises
    ------
    ParameterError
        The jobs belong to several projects.
    ReportError
        A form of a report cannot be written here, or the place of all reports is a file.
    """
    if len({job.published for job in jobs}) != 1:
        raise ParameterError(f"jobs: got {len(jobs)} of several projects or none, allowed those of one project. "
                             "Plan them with plan_reports.")
    _refuse_unwritable(jobs)
    published = jobs[0].published
    index = published / "index.html"
    if published.exists() and not published.is_dir():
        raise ReportError(f"{published} is a file, allowed is a folder. Move it away.")
    if not force and index.is_file() and all(map(is_fresh, jobs)):
        # Nothing to start, to hold or to write.
        reports = [unchanged(job) for job in jobs]
        for one in reports:
            (tell or _silent)(one)
        return Reports(reports=tuple(reports), index=index)
    try:
        for name in (".cache", ".tmp"):
            private_folder(published / name)
        sweep(published)
        return Reports(reports=_in_batch(jobs, executor, wait_s, cold=cold, force=force, tell=tell), index=index)
    except OSError as error:
        # Nowhere to work, or no room for the index.
        reports = [failed(job, error) for job in jobs]
    for one in reports:
        (tell or _silent)(one)
    return Reports(reports=tuple(reports), index=index)


def _in_batch(
    jobs: Sequence[Plan], executor: Executor | int | None, wait_s: float | None, *, cold: bool, force: bool,
    tell: Callable[[Rendered], None] | None,
) -> tuple[Rendered, ...]:
    published = jobs[0].published
    with ExitStack() as stack:
        folder = stack.enter_context(workplace(published, secrets.token_hex(4)))
        stack.enter_context(run_logs())
        zygote = stack.enter_context(_warm(cold))
        bar = stack.enter_context(_progress(len(jobs)))

        def tell_all(rendered: Rendered) -> Rendered:
            bar.update()
            try:
                append_run(published, rendered.entry())
            except (PmlibError, OSError) as error:
                rendered = unrecorded(rendered, error)
            # Whoever listened may be gone.
            with suppress(OSError), bar.external_write_mode():
                (tell or _silent)(rendered)
            return rendered

        settings = Settings(
            published=published, folder=folder, wait_s=WAIT_S if wait_s is None else wait_s, zygote=zygote,
            at_once=2 * most_workers() + 2, force=force, tell=tell_all, running=_shows(bar),
            executor=(lambda: executor) if isinstance(executor, Executor) else _pools(stack, executor),
        )
        try:
            return tuple(Batch(list(jobs), Books(jobs[0].project, published / ".cache"), settings).render())
        finally:
            write_index(jobs[0].project, published=published)
            _keep_from_others(jobs)


def _keep_from_others(jobs: Sequence[Plan]) -> None:
    """Give what tells of all reports the mode of the most private of them."""
    umask = reduce(or_, (int(job.definition.umask, 8) for job in jobs))
    for path in (jobs[0].published / name for name in ("index.html", "history.jsonl")):
        if path.is_file():
            keep_private(path, f"{umask:03o}")


def most_workers() -> int:
    """Notebooks side by side where nobody says how many: as many as there are cores, 4 at most."""
    return min(os.cpu_count() or 1, _MOST_WORKERS)


def _warm(cold: bool) -> AbstractContextManager[str | None]:
    if cold:
        return nullcontext()
    from pmlib.reporting.kernels.launching import warm_kernels

    return warm_kernels()


def _silent(_: Rendered) -> None:
    """Tell nobody."""


def _refuse_unwritable(jobs: Sequence[Plan]) -> None:
    if any(Format.PDF in job.definition.formats for job in jobs):
        from pmlib.reporting.outputs.document import documents_can_be_written

        if not documents_can_be_written():
            raise ReportError("formats: pdf needs WeasyPrint and the library pango, allowed here is all but pdf. "
                              "Install them: pip install 'pmlib[pdf]'.")


def _pools(stack: ExitStack, workers: int | None) -> Callable[[], Executor]:
    """Make pools that end with the command; a broken one is replaced."""
    return lambda: stack.enter_context(executor_for(most_workers() if workers is None else workers))


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    # disable=None: silent unless a terminal is watching.
    loud = [log for log in [logging.getLogger("pmlib")] if log.handlers]
    with logging_redirect_tqdm(loud), tqdm(total=total, disable=None, unit="report", leave=False) as bar:
        yield bar


def _shows(bar: Any) -> Callable[[list[str]], None]:
    return lambda names: bar.set_postfix_str(", ".join(names))
