"""What the board may set: budget, yardstick, limits on change, how money is discounted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from typing import Any, TypeVar

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.model import PROVED_GAP

_LONGEST_HOLD = 36
#: Option, least, largest, whether it is whole.
_RANGES = (
    ("budget_k", 0.0, math.inf, False), ("carry_over", 0.0, 1.0, False), ("k_per_point", 0.0, math.inf, False),
    ("max_changes", 0, math.inf, True), ("max_stops", 0, math.inf, True), ("max_moved_k", 0.0, math.inf, False),
    ("switching_cost_k", 0.0, math.inf, False), ("mix_price", 0.0, math.inf, False), ("start_choices", 1, 60, True),
    ("start_step_months", 1, 36, True), ("slow_pace", 1.0, 10.0, False), ("discount_rate", 0.0, 1.0, False),
    ("gap", 0.0, 1.0, False), ("node_limit", 0, math.inf, True),
    ("time_limit_s", 0.0, math.inf, False),
)
_Kind = TypeVar("_Kind", bound=StrEnum)


class Objective(StrEnum):
    """What the plan makes as large as possible."""

    MONEY = "money"
    SCORE = "score"
    MIX = "mix"


class Mix(StrEnum):
    """Whether the bands of ``mix_targets`` bind, cost what they are missed by, or are left alone."""

    HARD = "hard"
    PRICED = "priced"
    OFF = "off"


class MixOf(StrEnum):
    """Of what the bands are shares: of the money the plan still spends, or of the budget."""

    SPEND = "spend"
    BUDGET = "budget"


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
    carry_over : float
        Share of a year's budget that may be carried into the next, 0-1.
    objective : Objective
        ``money`` (expected net benefit still to come), ``score`` (points), or ``mix``: money and points at
        ``k_per_point``.
    k_per_point : float, optional
        What one point is worth in thousands, stated by the board; ``mix`` needs it.
    max_changes, max_stops : int, optional
        Most projects whose action is not going on as now; most stops.
    max_moved_k : float, optional
        Most money moved, in thousands: what changed projects cost more or less than going on as now, added up.
    switching_cost_k : float
        Thousands lost with every change of a project that has begun (handover, idle people), beside its exit cost.
    mix : Mix
        ``hard`` holds the bands of mix_targets, ``priced`` takes ``mix_price`` for what is missing, ``off`` ignores.
    mix_price : float
        Thousands of value lost per thousand outside a band, for ``mix="priced"``.
    mix_of : MixOf
        Whether the bands are shares of the plan's own ``spend`` or of the ``budget``.
    hold_months : int or tuple of int
        How long a hold lasts, 1-36 months; several: the plan may choose.
    start_choices, start_step_months : int
        From how many start months, so many months apart, a candidate may choose; 1: only the planned one.
    slow_pace : float, optional
        How many times as long a slower variant takes where the options table does not say; none: such variants
        are left out. A faster one needs pace and cost_factor in the table.
    discount_rate : float
        Per year, for cash flows without an estimate and for delays.
    gap : float
        Relative gap at which the solver stops; up to 1e-6 counts as proved.
    node_limit : int, optional
        Search nodes after which the solver stops with what it has.
    time_limit_s : float, optional
        Seconds after which the search for the plan stops with what it has; such a plan may differ from run to run,
        and says so.

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
    carry_over: float = 0.0
    objective: Objective = Objective.MONEY
    k_per_point: float | None = None
    max_changes: int | None = None
    max_stops: int | None = None
    max_moved_k: float | None = None
    switching_cost_k: float = 0.0
    mix: Mix = Mix.HARD
    mix_price: float = 0.1
    mix_of: MixOf = MixOf.SPEND
    hold_months: int | tuple[int, ...] = 6
    start_choices: int = 1
    start_step_months: int = 3
    slow_pace: float | None = None
    discount_rate: float = 0.08
    gap: float = PROVED_GAP
    node_limit: int | None = 100_000
    time_limit_s: float | None = None

    def __post_init__(self) -> None:
        for name, kind in (("objective", Objective), ("mix", Mix), ("mix_of", MixOf)):
            object.__setattr__(self, name, _choice(kind, name, getattr(self, name)))
        self._held()
        for name, low, high, whole in _RANGES:
            if getattr(self, name) is not None:
                self._set(name, self._within(name, getattr(self, name), low, high, whole=whole))
        if self.objective is Objective.MIX and self.k_per_point is None:
            raise ParameterError("k_per_point: missing, needed for objective 'mix'. Say what one point is worth, in "
                                 "thousands.")

    def _held(self) -> None:
        got = self.hold_months
        several = tuple(got) if isinstance(got, tuple | list) else (got,)
        lengths = tuple(int(self._within("hold_months", months, 1, _LONGEST_HOLD, whole=True)) for months in several)
        if not lengths or len(set(lengths)) < len(lengths):
            raise ParameterError(f"hold_months: got {got!r}, allowed one length or several different ones in months. "
                                 "Set 6 or (3, 6).")
        self._set("hold_months", tuple(sorted(lengths)) if isinstance(got, tuple | list) else lengths[0])

    @property
    def holds(self) -> tuple[int, ...]:
        """Lengths a hold may have, in months."""
        return self.hold_months if isinstance(self.hold_months, tuple) else (self.hold_months,)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _within(self, name: str, got: Any, low: float, high: float, *, whole: bool = False) -> Any:
        number = isinstance(got, Real) and not isinstance(got, bool) and math.isfinite(got)
        if not number or not low <= got <= high or (whole and got != int(got)):
            limits = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
            kind = "a whole number" if whole else "a number"
            raise ParameterError(f"{name}: got {got!r}, allowed {limits}, {kind}. Set another value or leave it out.")
        return int(got) if whole else got
