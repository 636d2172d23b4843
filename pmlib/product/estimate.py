"""A number with its interval and its n: what every estimate of the product room is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimate:
    """How large something is, and how sure that is.

    Attributes
    ----------
    value : float
        Best estimate in ``unit``; NaN when nothing was measured.
    low, high : float
        Ends of the interval that covers the truth ``level`` of the time.
    n : int
        Observations used.
    n_missing : int
        Observations set aside because they are empty.
    unit : str
        Unit of value, low and high: ``points``, ``share``.
    level : float
        Coverage of the interval.

    Examples
    --------
    >>> Estimate(value=25.0, low=10.0, high=40.0, n=100, n_missing=3, unit="points")
    <Estimate: 25.0 points, between 10.0 and 40.0 (95 % interval), n = 100, 3 missing>
    """

    value: float
    low: float
    high: float
    n: int
    n_missing: int
    unit: str
    level: float = 0.95

    @classmethod
    def unmeasured(cls, *, unit: str, n_missing: int = 0) -> Estimate:
        """Return the estimate of a quantity nobody measured.

        Examples
        --------
        >>> Estimate.unmeasured(unit="points")
        <Estimate: not measured>
        """
        return cls(value=math.nan, low=math.nan, high=math.nan, n=0, n_missing=n_missing, unit=unit)

    @property
    def standard_error(self) -> float:
        """The wider side of the interval over its normal quantile, in ``unit``: what evidence is updated with."""
        from scipy import special

        # An end may be cut at the scale's end; the other one still tells the width.
        side = max(self.high - self.value, self.value - self.low)
        return side / float(special.ndtri((1 + self.level) / 2))

    def to_frame(self) -> pd.DataFrame:
        """Return one row: value, low, high, n, n_missing, unit, level."""
        return pd.DataFrame([asdict(self)])

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.n == 0:
            return {"–": "not measured"}
        return {
            self._text(self.value): self.unit,
            f"{self._text(self.low)} to {self._text(self.high)}": f"{100 * self.level:.0f} % interval",
            f"{self.n:,}": "observations",
        }

    def summary(self) -> str:
        """Return one sentence with value, interval and n."""
        if self.n == 0:
            return f"Not measured: no observations, {self.n_missing:,} missing."
        return (
            f"{self._text(self.value)} {self.unit}, between {self._text(self.low)} and {self._text(self.high)} "
            f"({100 * self.level:.0f} % interval) from {self.n:,} observations, {self.n_missing:,} missing."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the value with its interval."""
        from pmlib.plots import product

        return product.estimate(self.to_frame(), ax)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        if self.n == 0:
            return "<Estimate: not measured>"
        return (
            f"<Estimate: {self._text(self.value)} {self.unit}, between {self._text(self.low)} and "
            f"{self._text(self.high)} ({100 * self.level:.0f} % interval), n = {self.n:,}, {self.n_missing:,} missing>"
        )

    def _text(self, number: float) -> str:
        digits = 3 if self.unit == "share" else 1
        return f"{number:.{digits}f}"


def series_of(estimate: Estimate, prefix: str) -> dict[str, Any]:
    """Spread an estimate over columns ``prefix``, ``prefix_low``, ``prefix_high``, ``prefix_n``.

    Examples
    --------
    >>> sorted(series_of(Estimate.unmeasured(unit="points"), "nps"))
    ['nps', 'nps_high', 'nps_low', 'nps_n']
    """
    return {
        prefix: estimate.value,
        f"{prefix}_low": estimate.low,
        f"{prefix}_high": estimate.high,
        f"{prefix}_n": estimate.n,
    }
