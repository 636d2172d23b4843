"""What changed since the last period, and why: the data, the value of the plan, the decisions."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.changes.attribution import Attribution, attributed
from pmlib.portfolio.changes.causes import Known, pair
from pmlib.portfolio.changes.differences import Differences, compared
from pmlib.portfolio.policy import Policy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NO_PREDECESSOR = ("There is no period before this one, so nothing can be compared. Keep this period's tables; the "
                   "next report will say what changed.")


@dataclass(frozen=True, eq=False, kw_only=True)
class WhatChanged:
    """What came in, what it did to the plan, and which decisions flipped.

    Attributes
    ----------
    differences : Differences or None
        Data, table by table; None without a period before.
    attribution : Attribution or None
        The change of value and decisions, split over its causes; None without a period before.
    sentences : tuple of str
        What the first screen says.
    missing : str
        Why nothing can be said, and what to do; empty otherwise. What ``attribution`` misses it says itself.
    """

    differences: Differences | None
    attribution: Attribution | None
    sentences: tuple[str, ...]
    missing: str = ""

    @property
    def found(self) -> bool:
        """Whether there is a change split over its causes."""
        return self.attribution is not None and self.attribution.found

    def to_frame(self) -> pd.DataFrame:
        """One row per cause: cause, differs, contribution_k, alone_k, last_k; empty without a period before."""
        return pd.DataFrame() if self.attribution is None else self.attribution.to_frame()

    def summary(self) -> str:
        """Say how the value changed and by what, what did not change, and which decisions flipped."""
        return self.missing if self.attribution is None else self.attribution.summary()

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        return {"first period": "nothing to compare with"} if self.attribution is None else self.attribution.headline()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the steps from the last plan's value to this one's.

        Raises
        ------
        ParameterError
            There is nothing to draw.
        """
        if self.attribution is None:
            raise ParameterError(f"plot: {self.missing}")
        return self.attribution.plot(ax=ax)

    def __repr__(self) -> str:
        return f"<WhatChanged: {self.missing}>" if self.attribution is None else \
            repr(self.attribution).replace("Attribution", "WhatChanged")


def what_changed(
    before: Known | Mapping[str, Any] | None, now: Known | Mapping[str, Any], *, policy: Policy | None = None,
    last_policy: Policy | None = None, executor: Executor | None = None,
) -> WhatChanged:
    """Say what changed since the last period and why the plan did.

    Parameters
    ----------
    before : Known, mapping of table name to frame, or None
        What was known at the end of the last period; None: there was none.
    now : Known, or mapping of table name to frame
        What is known now.
    policy : Policy, optional
        This period's options, by which both plans are chosen and valued.
    last_policy : Policy, optional
        The last period's, to say which options differ; they are no cause.
    executor : concurrent.futures.Executor, optional
        Where the up to 128 plans are chosen; when left out, one process per core.

    Raises
    ------
    MissingTableError, SchemaError, ParameterError, SolverError
        As for `attribution`.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": [100.0, 100.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": 50.0, "benefit_k": [90.0, 80.0]})
    >>> then = Known(tables={"projects": projects, "cash_flows": flows}, period="2025-12")
    >>> worse = flows.assign(cost_k=[50.0, 90.0])
    >>> found = what_changed(then, Known(tables={"projects": projects, "cash_flows": worse}, period="2025-12"))
    >>> print(found.attribution.worth())
    The plan is worth 29 thousand EUR less than in 2025-12: estimates -29.
    >>> what_changed(None, then).missing
    "There is no period before this one, so nothing can be compared. Keep this period's tables; the next report will \
say what changed."
    """
    if before is None:
        return WhatChanged(differences=None, attribution=None, sentences=(_NO_PREDECESSOR,), missing=_NO_PREDECESSOR)
    both = pair(before, now)
    policy = Policy() if policy is None else policy
    found = compared(both, policies=None if last_policy is None else (last_policy, policy))
    split = attributed(both, policy=policy, executor=executor)
    return WhatChanged(differences=found, attribution=split, sentences=_sentences(found, split))


def _sentences(found: Differences, split: Attribution) -> tuple[str, ...]:
    """Lines of the first screen: worth, what did not change, flips with their causes, what to know."""
    if split.missing:
        return (split.missing, found.summary())
    options = found.items.loc[found.items["cause"] == "parameters", "what"].tolist()
    also = f"Options differ ({', '.join(options)}); both plans are valued by this period's." if options else ""
    lines = (split.worth(), split.unchanged(), split.flipped(), *split.flips["says"], *split.notes, also)
    return tuple(filter(None, lines))
