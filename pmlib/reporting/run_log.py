"""What a run does, step by step: shown by -v, and kept in a file beside each report."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pmlib.reporting.plan import Plan
from pmlib.reporting.safety import keep_private

_log = logging.getLogger(__name__)


def note(plan: Plan, text: str) -> None:
    """Log one step of a report."""
    _log.info("%s: %s", plan.name, " ".join(text.split()), extra={"plan": plan})


def log_file(plan: Plan) -> Path:
    """Where the steps of a report's runs are kept: in ``logs/``, beside its periods."""
    return plan.published / plan.definition.name / "logs" / f"{'-'.join(filter(None, (plan.period, plan.unit)))}.log"


@contextmanager
def run_logs() -> Iterator[None]:
    """Keep the steps of every report while a run lasts."""
    files, level = _Files(), _log.level
    _log.addHandler(files)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(files)
        _log.setLevel(level)


class _Files(logging.Handler):
    """Adds each step to the file of its report; a log that cannot be written never fails a run."""

    def emit(self, record: logging.LogRecord) -> None:
        plan: Plan = record.plan  # type: ignore[attr-defined]
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        path = log_file(plan)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{moment} {record.getMessage()}\n")
            keep_private(path, plan.definition.umask)
