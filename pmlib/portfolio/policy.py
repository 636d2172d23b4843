"""What the board may set: budget, yardstick, limits on change, how money is discounted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from typing import TypeVar

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.model import PROVED_GAP

_YEAR = 12
_Kind = TypeVar("_Kind", bound=StrEnum)


class Objective(StrEnum):
    """What the plan makes as large as possible."""

    MONEY = "money"
    SCORE = "score"


class Mix(StrEnum):
    """Whether the bands of ``mix_targets`` bind."""

    HARD = "hard"
    OFF = "off"


def _choice(kind: type[_Kind], name: str, got: str) -> _Kind:
    try:
        return kind(got)
    except ValueError:
        raise ParameterError(f"{name}: got {got!r}. {did_you_mean(str(got), list(kind))}") from None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Options of `rebalance`; the defaults follow the workbook's own tables.

    Attributes
    ----------
    budget_k : float, optional
        Thousands for all years together; none: the budgets of the workbook, by year.
    objective : Objective
        ``money`` (expected net benefit still to come) or ``score`` (points handed in as ``values``).
    max_changes, max_stops : int, optional
        Most projects whose action is not going on as now; most stops.
    mix : Mix
        ``hard`` holds the bands of mix_targets, ``off`` ignores them.
    hold_months : int
        How long a hold lasts, 1-12 months.
    discount_rate : float
        Per year, for cash flows without an estimate and for delays.
    gap : float
        Relative gap at which the solver stops; up to 1e-6 counts as proved.
    node_limit : int, optional
        Search nodes after which the solver stops with what it has.

    Raises
    ------
    ParameterError
        An option lies outside its range.

    Examples
    --------
    >>> Policy(budget_k=21_000, max_changes=10).objective
    <Objective.MONEY: 'money'>
    """

    budget_k: float | None = None
    objective: Objective = Objective.MONEY
    max_changes: int | None = None
    max_stops: int | None = None
    mix: Mix = Mix.HARD
    hold_months: int = 6
    discount_rate: float = 0.08
    gap: float = PROVED_GAP
    node_limit: int | None = 100_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "objective", _choice(Objective, "objective", self.objective))
        object.__setattr__(self, "mix", _choice(Mix, "mix", self.mix))
        self._within("hold_months", 1, _YEAR, whole=True)
        self._within("discount_rate", 0.0, 1.0)
        self._within("gap", 0.0, 1.0)
        for name in ("budget_k", "max_changes", "max_stops", "node_limit"):
            if getattr(self, name) is not None:
                self._within(name, 0.0, math.inf, whole=name != "budget_k")

    def _within(self, name: str, low: float, high: float, *, whole: bool = False) -> None:
        got = getattr(self, name)
        number = isinstance(got, Real) and not isinstance(got, bool) and math.isfinite(got)
        if not number or not low <= got <= high or (whole and got != int(got)):
            limits = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
            kind = "a whole number" if whole else "a number"
            raise ParameterError(f"{name}: got {got!r}, allowed {limits}, {kind}. Set another value or leave it out.")
        if whole:
            object.__setattr__(self, name, int(got))
