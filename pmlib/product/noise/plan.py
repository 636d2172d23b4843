"""A programme of experiments as it is planned, and its conversions drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt

from pmlib.errors import ParameterError
from pmlib.product.experiments.proportions import as_share
from pmlib.product.noise.ranges import whole_number

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_MOST_TESTS, _MOST_LOOKS, _MOST_VISITORS = 40, 30, 10_000_000
#: Conversions expected of an arm between two looks: with fewer, the tests' approximations fail.
_LEAST_EXPECTED = 10


@dataclass(frozen=True, kw_only=True)
class ExperimentPlan:
    """A programme of experiments, all alike.

    Attributes
    ----------
    tests : int
        Experiments, 1 to 40.
    share_real : float
        Share of them whose treatment works, 0 to 1.
    lift_pp : float
        What these truly gain, percentage points of the conversion rate.
    base : float
        Conversion rate of control, 0-1.
    visitors_per_arm : int
        Visitors of each arm by the end, enough for 10 conversions between two looks.
    looks : int
        How often each is looked at, equally spaced, the end included: 1 once, 14 every day of two weeks; 30 at most.
    """

    tests: int = 20
    share_real: float = 0.15
    lift_pp: float = 0.8
    base: float = 0.10
    visitors_per_arm: int = 10_000
    looks: int = 1

    def __post_init__(self) -> None:
        whole_number("tests", self.tests, least=1, most=_MOST_TESTS, remedy="Use 20.")
        whole_number("looks", self.looks, least=1, most=_MOST_LOOKS, remedy="Use 1: once, at the end.")
        if not isinstance(self.share_real, Real) or not 0 <= self.share_real <= 1:
            raise ParameterError(f"share_real: got {self.share_real!r}, allowed 0 to 1. Use 0.15.")
        as_share("base", self.base, use=0.1)
        if not isinstance(self.lift_pp, Real) or not 0 < self.base + self.lift_pp / 100 < 1:
            raise ParameterError(
                f"lift_pp: got {self.lift_pp!r} on a base of {self.base:g}, allowed what leaves the rate within 0-1. "
                "Give percentage points, say 0.8."
            )
        rarest = min(self.base, 1 - self.base)
        least = math.ceil(round(_LEAST_EXPECTED * self.looks / rarest, 6))
        remedy = f"{_LEAST_EXPECTED} conversions between two looks: look less often, or wait for more visitors."
        whole_number("visitors_per_arm", self.visitors_per_arm, least=least, most=_MOST_VISITORS, remedy=remedy)

    @property
    def real(self) -> int:
        """How many tests have an effect."""
        return round(self.tests * self.share_real) if self.lift_pp else 0

    @property
    def reached(self) -> npt.NDArray[np.int64]:
        """Visitors of an arm at each look."""
        return np.arange(1, self.looks + 1) * self.visitors_per_arm // self.looks


def draw_conversions(
    plan: ExperimentPlan, real: Flags, *, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw conversions and visitors up to each look.

    Parameters
    ----------
    plan : ExperimentPlan
        The programme.
    real : bool array of shape (n_tests,)
        Which tests have an effect.
    draws : int
        Programmes drawn; the first is the same however many are.
    rng : Generator
        Source of chance.

    Returns
    -------
    hits, n : arrays of shape (2, draws, n_tests, n_looks), control first

    Examples
    --------
    >>> plan = ExperimentPlan(tests=3, looks=2)
    >>> hits, n = draw_conversions(plan, np.zeros(3, dtype=bool), draws=4, rng=np.random.default_rng(0))
    >>> hits.shape, n[0, 0, 0].tolist()
    ((2, 4, 3, 2), [5000.0, 10000.0])
    """
    rates = plan.base + np.stack([np.zeros(plan.tests), real * plan.lift_pp / 100], axis=-1)
    each = np.diff(plan.reached, prepend=0)
    hits = rng.binomial(each[:, None], rates[:, None, :], size=(draws, plan.tests, plan.looks, 2))
    sums = np.moveaxis(hits, -1, 0).cumsum(axis=-1).astype(np.float64)
    return sums, np.broadcast_to(plan.reached.astype(np.float64), sums.shape)
