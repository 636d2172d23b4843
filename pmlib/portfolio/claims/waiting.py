"""What one more month of data would be worth before a project is decided, against the month it costs."""

from __future__ import annotations

import numpy as np

from pmlib.portfolio.information.envelopes import unit_normal_loss
from pmlib.portfolio.model import Floats

_MONTHS = 12


def value_of_sample(gain_k: Floats, moved_k: Floats) -> Floats:
    """Say what a sample is worth before a choice between two: going on, and ending it.

    Parameters
    ----------
    gain_k : float array of shape (n,)
        Expected gain of going on over ending it, thousand.
    moved_k : float array of shape (n,)
        How far the sample will move that expectation, one standard deviation, thousand.

    Returns
    -------
    ndarray of shape (n,)
        Thousand; 0 where the sample moves nothing.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory, ch. 5.

    Examples
    --------
    >>> value_of_sample(np.array([0.0, -100.0]), np.array([50.0, 50.0])).round(2).tolist()
    [19.95, 0.42]
    """
    distance = np.divide(np.abs(gain_k), moved_k, out=np.full(np.shape(gain_k), np.inf), where=moved_k > 0)
    return moved_k * unit_normal_loss(distance)


def month_discount(rate: float) -> float:
    """Worth of 1 a month later, at a discount rate per year (0-1).

    Examples
    --------
    >>> round(month_discount(0.08), 4)
    0.9936
    """
    return float((1.0 + rate) ** (-1.0 / _MONTHS))
