"""Ranges instead of figures: how far each input of a priority may be off, and draws of what it may really be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.product.features.backlog import BOUNDS

Floats = npt.NDArray[np.float64]

_MOST_DRAWS = 100_000
_Z80 = 1.2815515655446004
_PERT_WEIGHT = 4.0


class Shape(StrEnum):
    """How likely the values between the least and the largest impact are."""

    TRIANGULAR = "triangular"
    PERT = "pert"


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """How wide the inputs of a priority are taken to be.

    The impact comes with its range: low and high are its ends, mode its most likely value. Every other figure is
    held with the feature's ``confidence``: 8 times in 10 the truth lies within a factor of
    1 + spread * (1 - confidence) of it, either way (log-normal, median = the figure), cut at the ends of its scale.
    So a confidence of 80 % is a factor of 1.2, one of 50 % a factor of 1.5, and full confidence no range at all.
    Inputs vary independently.

    Attributes
    ----------
    shape : Shape
        Of the impact: triangular, or PERT (a beta distribution that gives the mode four times the weight of an end).
    spread : float
        Of reach, importance, satisfaction, time criticality and risk reduction; 0 takes them as exact.
    effort_spread : float
        Of effort; 0 takes it as exact.
    draws : int
        How many times all inputs are drawn, 100 to 100,000. With 10,000 a chance is known to within one point.
    seed : int
        Fixes the draws; they are the same for every method, and a feature's are the same whatever else is ranked.

    Raises
    ------
    ParameterError
        The shape is unknown, a spread is negative, or the number of draws is out of range.

    References
    ----------
    Malcolm, Roseboom, Clark & Fazar (1959), Operations Research 7(5) (PERT).

    Examples
    --------
    >>> Ranges(shape="triangular", spread=0.5).shape
    'triangular'
    """

    shape: str = Shape.TRIANGULAR
    spread: float = 1.0
    effort_spread: float = 1.0
    draws: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.shape not in list(Shape):
            raise ParameterError(f"shape: got {self.shape!r}, allowed {', '.join(Shape)}. Take triangular if unsure.")
        for name in ("spread", "effort_spread"):
            got = getattr(self, name)
            if not _number(got) or not 0 <= got < np.inf:
                raise ParameterError(f"{name}: got {got!r}, allowed 0 or more. Take 0 for figures known exactly.")
        if not _number(self.draws) or self.draws % 1 != 0 or not 100 <= self.draws <= _MOST_DRAWS:  # noqa: PLR2004
            raise ParameterError(f"draws: got {self.draws!r}, allowed 100 to {_MOST_DRAWS:,}. Take 10000.")
        if not _number(self.seed) or self.seed % 1 != 0 or self.seed < 0:
            raise ParameterError(f"seed: got {self.seed!r}, allowed a whole number, 0 or more. Take 0.")


def draw_inputs(features: pd.DataFrame, names: tuple[str, ...], *, ranges: Ranges) -> dict[str, Floats]:
    """Draw what the inputs of each feature may really be.

    Parameters
    ----------
    features : DataFrame of n_features rows
        ``feature_id``, ``confidence`` and the inputs; ``impact`` is read from impact_low, impact_mode, impact_high.
    names : tuple of str
        Inputs: columns of ``features``, or ``impact``.
    ranges : Ranges
        How wide they are.

    Returns
    -------
    dict of str to ndarray of shape (n_draws, n_features)
        Confidence is as it stands: it is a factor of the score, not an estimate of something.
    """
    drawn = {}
    for name in names:
        if name == "confidence":
            drawn[name] = np.broadcast_to(features[name].to_numpy(dtype=np.float64), (int(ranges.draws), len(features)))
            continue
        uniforms = _uniforms(features["feature_id"], name, ranges)
        drawn[name] = _impacts(uniforms, features, ranges.shape) if name == "impact" else \
            _figures(uniforms, features, name, spread=ranges.effort_spread if name == "effort_pm" else ranges.spread)
    return drawn


def stated_inputs(features: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Floats]:
    """Return the single figures: arrays of shape (n_features,), the mode for the impact."""
    return {name: features["impact_mode" if name == "impact" else name].to_numpy(dtype=np.float64) for name in names}


def _uniforms(feature_ids: pd.Series, name: str, ranges: Ranges) -> Floats:
    """One stream for each feature and input, so that adding a feature or a method changes no other draw."""
    seeds = [[int(ranges.seed), crc32(f"{feature}/{name}".encode())] for feature in feature_ids]
    draws = [np.random.default_rng(seed).random(int(ranges.draws)) for seed in seeds]
    return np.array(draws).reshape(len(draws), int(ranges.draws)).T


def _figures(uniforms: Floats, features: pd.DataFrame, name: str, *, spread: float) -> Floats:
    from scipy import special

    factor = 1 + spread * (1 - features["confidence"].to_numpy(dtype=np.float64))
    drawn = features[name].to_numpy(dtype=np.float64) * factor ** (special.ndtri(uniforms) / _Z80)
    low, high = BOUNDS[name]
    return np.clip(drawn, low, high)


def _impacts(uniforms: Floats, features: pd.DataFrame, shape: str) -> Floats:
    low, mode, high = (features[f"impact_{end}"].to_numpy(dtype=np.float64) for end in ("low", "mode", "high"))
    quantile = triangular_quantile if shape == Shape.TRIANGULAR else pert_quantile
    return quantile(uniforms, low, mode=mode, high=high)


def triangular_quantile(uniforms: Floats, low: Floats, *, mode: Floats, high: Floats) -> Floats:
    """Value of a triangular distribution that lies above a share ``uniforms`` of it; broadcasts.

    Examples
    --------
    >>> low, mode, high = np.zeros(1), np.ones(1), np.full(1, 2.0)
    >>> triangular_quantile(np.array([0.0, 0.125, 0.5, 1.0]), low, mode=mode, high=high)
    array([0. , 0.5, 1. , 2. ])
    """
    width = high - low
    below = mode - low
    # A range of no width is its mode: nothing is divided by 0.
    rising = low + np.sqrt(uniforms * width * below)
    falling = high - np.sqrt((1 - uniforms) * width * (high - mode))
    return np.asarray(np.where(uniforms * width < below, rising, falling), dtype=np.float64)


def pert_quantile(uniforms: Floats, low: Floats, *, mode: Floats, high: Floats) -> Floats:
    """Value of a PERT distribution that lies above a share ``uniforms`` of it; broadcasts.

    Examples
    --------
    >>> pert_quantile(np.array([0.5]), np.zeros(1), mode=np.ones(1), high=np.full(1, 2.0)).round(6)
    array([1.])
    """
    from scipy import special

    width = np.where(high > low, high - low, 1.0)
    first, second = 1 + _PERT_WEIGHT * (mode - low) / width, 1 + _PERT_WEIGHT * (high - mode) / width
    drawn = low + width * special.betaincinv(first, second, uniforms)
    return np.asarray(np.where(high > low, drawn, mode), dtype=np.float64)


def _number(got: object) -> bool:
    return isinstance(got, Real) and not isinstance(got, bool)
