"""From notebooks to a published report: definitions, parameters, rendering, pages, records."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# At once, because the submodule of this name would hide it otherwise.
from pmlib.reporting.record import record

if TYPE_CHECKING:
    from pmlib.reporting.definition import Definition as Definition
    from pmlib.reporting.definition import load_definition as load_definition
    from pmlib.reporting.pages import write_index as write_index
    from pmlib.reporting.parameters import read_parameters as read_parameters
    from pmlib.reporting.render import Rendered as Rendered

_HOMES = {
    "Definition": "definition",
    "Rendered": "render",
    "load_definition": "definition",
    "read_parameters": "parameters",
    "write_index": "pages",
}

__all__ = ["Definition", "Rendered", "load_definition", "read_parameters", "record", "write_index"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"pmlib.reporting.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pmlib.reporting' has no attribute '{name}'")
