"""Imports without what a library would only like to have."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Let modules that are not loaded yet look uninstalled, so that imports inside go without them.

    Examples
    --------
    >>> import importlib
    >>> with absent("this"):
    ...     importlib.import_module("this")
    Traceback (most recent call last):
    ModuleNotFoundError: import of this halted; None in sys.modules
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is Python's word for "not there"
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
