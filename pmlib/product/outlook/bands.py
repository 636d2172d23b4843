"""How wide a forecast is: what the method states, held against what its past forecasts got wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pmlib.product.outlook.accuracy import Floats
from pmlib.product.outlook.origins import FEWEST_ORIGINS, Judgement

Z_80, Z_95 = 1.2815515655446004, 1.959963984540054
#: Past errors at each month ahead from which their own quantiles are the interval: 95 % needs 19.
_ENOUGH_ORIGINS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Bands:
    """Intervals of the months ahead, and where they come from.

    Attributes
    ----------
    half_80, half_95 : array of shape (horizon,)
        Half the width of the 80 % and 95 % interval, in the unit of the series; NaN where nothing tells it.
    coverage_80 : float
        Share of past errors within the 80 % interval the method itself stated; NaN where unknown.
    widening : float
        The stated width was multiplied by this; 1 where past errors ask for no more, NaN where they gave the width.
    source : str
        ``stated``, ``widened``, ``past errors`` or ``unknown``.
    """

    half_80: Floats
    half_95: Floats
    coverage_80: float
    widening: float
    source: str


def bands(judgement: Judgement, name: str) -> Bands:
    """Give the intervals of one method's forecast.

    With 20 past errors or more at every month ahead, their own quantiles are the interval. With fewer, the stated
    interval is widened until 80 % of all past errors lie within it, and never narrowed.

    Notes
    -----
    In simulations of what is shown, a year ahead, the 80 % interval held 82 % of months of random walks (18 months of
    history), 88 % of seasonal walks (24) and 75 % of a level that wanders under a season (36): a model that was chosen
    for its past errors is a little less good than they say.

    References
    ----------
    Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World (the quantile, one error added).
    """
    spread = judgement.ahead[name].spread
    stated = np.abs(judgement.standard_errors(name))
    stated = stated[~np.isnan(stated)]
    coverage = float(np.mean(stated <= Z_80)) if len(stated) > 0 else math.nan
    errors = np.abs(judgement.errors(name))
    if len(errors) > 0 and (~np.isnan(errors)).sum(axis=0).min() >= _ENOUGH_ORIGINS:
        half_80, half_95 = (np.array([_quantile(month, level) for month in errors.T]) for level in (0.80, 0.95))
        # A month further ahead is never known better.
        half_80, half_95 = np.maximum.accumulate(half_80), np.maximum.accumulate(half_95)
        return Bands(half_80=half_80, half_95=half_95, coverage_80=coverage, widening=math.nan, source="past errors")
    if not (spread > 0).all():
        blank = np.full(len(spread), math.nan)
        return Bands(half_80=blank, half_95=blank, coverage_80=coverage, widening=math.nan, source="unknown")
    checked = len(judgement.origins) >= FEWEST_ORIGINS and len(stated) > 0
    widening = max(1.0, _quantile(stated, 0.80) / Z_80) if checked else 1.0
    return Bands(
        half_80=Z_80 * widening * spread, half_95=Z_95 * widening * spread, coverage_80=coverage, widening=widening,
        source="widened" if widening > 1 else "stated",
    )  # fmt: skip


def _quantile(errors: Floats, level: float) -> float:
    """Smallest width that holds ``level`` of the known errors and of one more; the largest error where none does."""
    known = np.sort(errors[~np.isnan(errors)])
    return float(known[min(math.ceil((len(known) + 1) * level), len(known)) - 1])
