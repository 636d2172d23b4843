"""From notebooks to published reports: definitions, parameters, rendering, pages, records, history."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# At once, because the submodule of this name would hide it otherwise.
from pmlib.reporting.record import record

if TYPE_CHECKING:
    from pmlib.reporting.definition import Definition as Definition
    from pmlib.reporting.definition import load_definition as load_definition
    from pmlib.reporting.history.changes import compare as compare
    from pmlib.reporting.history.clearing import clear as clear
    from pmlib.reporting.history.log import read_history as read_history
    from pmlib.reporting.history.verification import verify as verify
    from pmlib.reporting.outcomes import Rendered as Rendered
    from pmlib.reporting.outcomes import Reports as Reports
    from pmlib.reporting.pages import write_index as write_index
    from pmlib.reporting.parameters import read_parameters as read_parameters
    from pmlib.reporting.plan import Plan as Plan
    from pmlib.reporting.plan import plan_reports as plan_reports

_HOMES = {
    "Definition": "definition",
    "Plan": "plan",
    "Rendered": "outcomes",
    "Reports": "outcomes",
    "clear": "history.clearing",
    "compare": "history.changes",
    "load_definition": "definition",
    "plan_reports": "plan",
    "read_history": "history.log",
    "read_parameters": "parameters",
    "verify": "history.verification",
    "write_index": "pages",
}

__all__ = [
    "Definition", "Plan", "Rendered", "Reports", "clear", "compare", "load_definition", "plan_reports", "read_history",
    "read_parameters", "record", "verify", "write_index",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"pmlib.reporting.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pmlib.reporting' has no attribute '{name}'")
