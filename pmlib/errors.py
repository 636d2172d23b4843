"""The exceptions of pmlib, one small tree.

::

    PmlibError
    ├── InputError            something a user brought is wrong
    │   ├── WorkbookError     a source cannot be opened, or holds no known table
    │   ├── SchemaError       a table or column breaks its definition
    │   ├── MissingTableError a question needs a table that is not there
    │   │   └── BlockedTableError it is there, but cannot be used
    │   └── ScaleError        a number lies outside its declared scale
    ├── ParameterError        an option or report parameter is unknown or ill-typed
    ├── SolverError           the optimiser failed for a reason other than the data
    ├── CheckError            figures that must reconcile do not
    └── ReportError           a report cannot be defined, rendered or published
        └── LockedError       another run holds this report and period

Every message names the thing, shows got against allowed and ends with the remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PmlibError(Exception):
    """Root of every error that pmlib raises on purpose."""


class InputError(PmlibError):
    """Something a user brought is wrong."""


class WorkbookError(InputError):
    """A source cannot be opened, or holds no known table."""


class SchemaError(InputError):
    """A table or column breaks its definition."""


class MissingTableError(InputError, KeyError):
    """A question needs a table that is not there (a KeyError too: a workbook is a mapping)."""

    __str__ = Exception.__str__


class BlockedTableError(MissingTableError):
    """A question needs a table that is there but cannot be used; doing without it would give a wrong answer."""


class ScaleError(InputError):
    """A number lies outside its declared scale."""


class ParameterError(PmlibError):
    """An option or a report parameter is unknown or ill-typed."""


class SolverError(PmlibError):
    """The optimiser failed for a reason other than the data."""


class CheckError(PmlibError):
    """Figures that must reconcile do not."""


class ReportError(PmlibError):
    """A report cannot be defined, rendered or published."""


class LockedError(ReportError):
    """Another run holds this report and period."""


def nearest(got: str, known: Iterable[str]) -> str:
    """Ask for the nearest of the known words; empty when none is near.

    Examples
    --------
    >>> nearest("riks", ["reach", "risk"])
    "Did you mean 'risk'?"
    """
    near = difflib.get_close_matches(str(got), [str(word) for word in known], n=1)
    return f"Did you mean '{near[0]}'?" if near else ""


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Name the known words and the nearest one, as the tail of a message.

    Parameters
    ----------
    got : str
        The word that was not recognised.
    known : iterable of str
        The allowed words.

    Returns
    -------
    str
        ``"Known: a, b. Did you mean 'b'?"``; without the question when nothing is near.

    Examples
    --------
    >>> did_you_mean("riks", ["reach", "risk"])
    "Known: reach, risk. Did you mean 'risk'?"
    """
    words = [str(word) for word in known]
    return f"Known: {', '.join(words)}. {nearest(got, words)}".rstrip()
