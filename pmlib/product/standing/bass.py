"""Bass's curve of first purchases: the fit by least squares, and all that is still possible given the data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmlib.errors import ParameterError

#: Fewer periods than this say nothing about three parameters and their error.
LEAST_PERIODS = 5
# The shape ln(q / p): from a launch that only fades to one of which the end is not in sight.
_SHAPES = (-4.0, 14.0)
_GRID, _ZOOMS = 61, (30.0, 5.0, 1.5, 1.0, 1.0)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class BassFit:
    """Bass's curve through sales since launch, and every curve the data do not rule out.

    Attributes
    ----------
    p, q : float
        Innovation and imitation, per period.
    m : float
        All who will ever buy, in units.
    sales : array of shape (n_periods,)
        What was fitted, in units.
    dispersion : float
        Variance of a period's sales about the curve: as a multiple of the curve where sales are counted (Poisson's is
        1), in square units else.
    counted : bool
        Whether sales are counts, whose variance grows with them.
    possible : array of shape (n_curves, 4)
        p, q, lowest m and highest m of every curve within the 95 % region (profile likelihood, for one quantity at a
        time); the first row is the fit.
    open_end : bool
        Whether no upper limit of m can be told: the curve of unbounded growth is within the region.
    """

    p: float
    q: float
    m: float
    sales: Floats
    dispersion: float
    counted: bool
    possible: Floats
    open_end: bool

    @property
    def peak(self) -> float:
        """Time of the highest sales, in periods after launch; 0 where sales fall from the start."""
        return float(peak_time(np.array(self.p), np.array(self.q)))

    def interval(self, quantity: Callable[[Floats, Floats], Floats]) -> tuple[float, float]:
        """Lowest and highest value of a quantity of p and q among all possible curves."""
        values = quantity(self.possible[:, 0], self.possible[:, 1])
        return float(values.min()), float(values.max())

    def m_interval(self) -> tuple[float, float]:
        """Lowest and highest m among all possible curves; infinite where the end is not in sight."""
        # Who has bought is among those who ever will.
        low = min(self.m, max(float(self.sales.sum()), float(self.possible[:, 2].min())))
        return low, math.inf if self.open_end else float(self.possible[:, 3].max())

    def peak_interval(self) -> tuple[float, float]:
        """Earliest and latest peak among all possible curves; infinite where the end is not in sight."""
        low, high = self.interval(peak_time)
        return low, math.inf if self.open_end else high

    def noise(self, expected: Floats) -> Floats:
        """Give the standard deviation of a period's sales about the curve, in units; array like ``expected``."""
        return np.sqrt(self.dispersion * np.maximum(1.0, expected)) if self.counted else np.full_like(
            expected, math.sqrt(self.dispersion)
        )  # fmt: skip

    def curves(self, periods: int) -> tuple[Floats, Floats, Floats]:
        """Fitted, lowest and highest sales of periods 1 to ``periods``, each array of shape (periods,)."""
        p, q, low, high = self.possible.T
        growth = np.diff(adopted(np.arange(periods + 1), p[:, None], q[:, None]), axis=1)
        fit = self.m * growth[0]
        return fit, (low[:, None] * growth).min(axis=0), (high[:, None] * growth).max(axis=0)

    def total_ahead(self, periods: int) -> tuple[float, float, float]:
        """Fitted, lowest and highest sales of the next ``periods`` periods together, in units."""
        now = len(self.sales)
        p, q, low, high = self.possible.T
        share = adopted(np.array(now + periods), p, q) - adopted(np.array(now), p, q)
        return float(self.m * share[0]), float((low * share).min()), float((high * share).max())


def adopted(time: npt.NDArray[np.float64] | npt.NDArray[np.int64], p: Floats, q: Floats) -> Floats:
    """Share of all buyers who have bought by a time after launch, 0-1.

    Parameters
    ----------
    time : array
        Periods after launch.
    p, q : arrays that broadcast with ``time``
        Innovation and imitation, per period.

    References
    ----------
    Bass (1969), Management Science 15(5), 215-227.

    Examples
    --------
    >>> adopted(np.array([0.0, 1e9]), np.array(0.03), np.array(0.38)).tolist()
    [0.0, 1.0]
    """
    fall = np.exp(-(p + q) * time)
    return np.asarray((1 - fall) / (1 + q / p * fall), dtype=np.float64)


def peak_time(p: Floats, q: Floats) -> Floats:
    """Time of the highest sales, ln(q / p) / (p + q) periods after launch; 0 where imitation is the weaker.

    Examples
    --------
    >>> round(float(peak_time(np.array(0.004), np.array(0.13))), 2)
    25.98
    """
    return np.maximum(0.0, np.log(q / p)) / (p + q)


def fit_bass(sales: npt.ArrayLike, *, counted: bool = True) -> BassFit:
    """Fit Bass's curve to sales per period since launch, by least squares on m (F(t) - F(t - 1)).

    Three parameters from few periods are strongly tied: a large market bought slowly looks, before the peak, like a
    small one bought fast. So no standard errors are given, which would hide that, but every curve whose sum of squares
    is within the 95 % limit (Student's t on n - 3 degrees of freedom): the intervals are the ends of that region.

    Counts vary the more the larger they are. They are fitted twice: with equal weights as Srinivasan and Mason do, then
    with weights of one over that curve.

    Parameters
    ----------
    sales : array of shape (n_periods,), 5 at least
        Sales of every period since launch, in units, first purchases only.
    counted : bool
        Whether sales are counts of buyers who decide on their own: the noise then is Poisson's at least, however smooth
        the books are. False for sales in thousands, or of shops that order in lots: one fit, equal weights.

    Raises
    ------
    ParameterError
        There are fewer than 5 periods, a period is negative or not a number, or nothing was sold.

    References
    ----------
    Bass (1969), Management Science 15(5). Srinivasan & Mason (1986), Marketing Science 5(2). Intervals: Bates & Watts
    (1988), Nonlinear regression analysis and its applications, ch. 6.

    Examples
    --------
    >>> fit = fit_bass(10_000 * np.diff(adopted(np.arange(25.0), np.array(0.004), np.array(0.13))))
    >>> round(fit.p, 4), round(fit.q, 3), round(fit.m)
    (0.004, 0.13, 10000)
    """
    from scipy import special

    sold = np.asarray(sales, dtype=np.float64)
    _refuse(sold)
    data = _Weighted(sold=sold, weights=np.ones(len(sold)))
    best = data.best()
    if counted:
        # Below one unit a Poisson variance is no guide: it would make a single late sale outweigh the launch.
        data = _Weighted(sold=sold, weights=1 / np.sqrt(np.maximum(1.0, data.curve(best))))
        best = data.best()
    (m,), (squares,), (power,) = data.errors(best[None, :])
    dispersion = max(float(squares) / (len(sold) - 3), 1.0 if counted else 0.0)
    limit = float(special.stdtrit(len(sold) - 3, 0.975)) ** 2 * dispersion
    limit = max(limit, 1e-9 * float(np.sum((sold * data.weights) ** 2)))
    inside, open_end = data.region(best, squares=float(squares), limit=limit)
    (p, q), half = (float(rate) for rate in _rates(best)), math.sqrt(limit / power)
    possible = np.vstack([[p, q, max(0.0, m - half), m + half], inside])
    return BassFit(p=p, q=q, m=float(m), sales=sold, dispersion=dispersion, counted=counted, possible=possible,
                   open_end=open_end)  # fmt: skip


def _refuse(sold: Floats) -> None:
    if len(sold) < LEAST_PERIODS:
        raise ParameterError(
            f"sales: got {len(sold)} periods, allowed {LEAST_PERIODS} or more. Wait for more of them."
        )
    if not (np.isfinite(sold).all() and (sold >= 0).all() and sold.sum() > 0):
        raise ParameterError(
            f"sales: got {sold.min():g} to {sold.max():g}, allowed numbers of 0 or more with one above 0. "
            "Leave returns out."
        )


def _rates(place: Floats) -> tuple[Floats, Floats]:
    """Innovation and imitation at ln(p + q) and ln(q / p)."""
    speed, shape = np.exp(place[..., 0]), place[..., 1]
    return speed / (1 + np.exp(shape)), speed / (1 + np.exp(-shape))


def _places(box: Floats) -> Floats:
    """Give a grid over a box of ln(p + q) and ln(q / p), array of shape (n_places, 2)."""
    sides = [np.linspace(low, high, _GRID) for low, high in box]
    return np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Weighted:
    """Sales with weights, and what curves at places of ln(p + q) and ln(q / p) miss of them."""

    sold: Floats
    weights: Floats

    @property
    def box(self) -> Floats:
        """All places that are looked at: from a hundredth of the curve observed, to all of it in one period."""
        return np.array([(math.log(0.01 / len(self.sold)), math.log(6.0)), _SHAPES])

    def growth(self, places: Floats) -> Floats:
        """Weighted share that buys in every period; array of shape (n_places, n_periods)."""
        p, q = _rates(places)
        return self.weights * np.diff(adopted(np.arange(len(self.sold) + 1), p[:, None], q[:, None]), axis=1)

    def errors(self, places: Floats) -> tuple[Floats, Floats, Floats]:
        """Best m at every place, the sum of squares there, and the weight of a change of m in it."""
        growth, sold = self.growth(places), self.weights * self.sold
        power = np.einsum("ij,ij->i", growth, growth)
        m = growth @ sold / power
        return m, np.sum((sold - m[:, None] * growth) ** 2, axis=1), power

    def curve(self, place: Floats) -> Floats:
        """Sales of every period by the best curve at a place, without weights."""
        places = place[None, :]
        return np.asarray(self.errors(places)[0][0] * self.growth(places)[0] / self.weights)

    def best(self) -> Floats:
        """Find the least sum of squares: the best of a grid, and from there down by trust regions."""
        from scipy import optimize

        box, places = self.box, _places(self.box)
        start = places[int(self.errors(places)[1].argmin())]

        def misses(place: Floats) -> Floats:
            return np.asarray(self.weights * (self.sold - self.curve(place)))

        inside = np.clip(start, box[:, 0] + 1e-9, box[:, 1] - 1e-9)
        bounds = (box[:, 0], box[:, 1])
        found = optimize.least_squares(misses, inside, bounds=bounds, xtol=1e-12, ftol=1e-12, gtol=1e-12)
        return np.asarray(found.x, dtype=np.float64)

    def region(self, best: Floats, *, squares: float, limit: float) -> tuple[Floats, bool]:
        """Narrow a grid down to the places within the limit; say whether they reach the end of the shapes."""
        whole = box = self.box
        for loose in _ZOOMS:
            places = _places(box)
            m, misses, power = self.errors(places)
            near = np.vstack([places[misses - squares <= loose * limit], best])
            step = (box[:, 1] - box[:, 0]) / (_GRID - 1)
            box = np.column_stack([near.min(axis=0) - step, near.max(axis=0) + step])
            box = np.clip(box, whole[:, :1], whole[:, 1:])
        inside = misses - squares <= limit
        p, q = _rates(places[inside])
        half = np.sqrt((limit - (misses[inside] - squares)) / power[inside])
        found = np.column_stack([p, q, np.maximum(0.0, m[inside] - half), m[inside] + half])
        speed, shape = places[inside].T
        return found, bool(((shape >= _SHAPES[1] - 1e-9) | (speed <= whole[0, 0] + 1e-9)).any())
