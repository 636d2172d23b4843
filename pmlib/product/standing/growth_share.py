"""The growth-share map: how fast each market grows and how large we are in it, as boxes rather than points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.change import relative_change
from pmlib.product.engine import Tables, as_count, currency_of
from pmlib.product.standing.study import OWN, REST, study_rows, window_shares
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z95 = 1.959963984540054
#: Names by (market grows fast, we are the largest).
QUADRANTS = {
    (True, True): "star", (True, False): "question mark", (False, True): "cash cow", (False, False): "dog",
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class GrowthShareMap:
    """Which of our markets grow, and in which we are large.

    Attributes
    ----------
    markets : DataFrame
        One row per ``category``: ``own_k`` (our sales, thousand), ``rival`` (the largest one named),
        ``relative_share``, ``relative_share_low``, ``relative_share_high`` (our sales over that rival's), ``growth``,
        ``growth_low``, ``growth_high`` (change of the market on the window before, 0.1 is 10 %), ``months`` (compared
        with the same month before), ``quadrant``.
    period : int
        Last month of the later window.
    months : int
        Length of each window.
    growth_cut : float
        Growth from which a market counts as growing fast.
    currency : str
        Currency of the money.
    """

    markets: pd.DataFrame
    period: int
    months: int
    growth_cut: float
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per category."""
        return self.markets.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw every market as a bubble of our sales inside the box of what is known."""
        from pmlib.plots import standing

        return standing.growth_share(self.markets, ax, growth_cut=self.growth_cut)

    def headline(self) -> dict[str, str]:
        """Return how many markets have a quadrant for sure."""
        sure = self.markets["quadrant"].isin(QUADRANTS.values()).sum()
        return {f"{sure} of {len(self.markets)}": "markets that lie in one quadrant for sure"}

    def summary(self) -> str:
        """Return the markets of each quadrant, and those whose box lies in several."""
        if self.markets.empty:
            return f"No market study covers the {counted(self.months, 'month')} to {month_name(self.period)}."
        told = [
            f"{name}: {listed(sorted(rows['category']))}" for name, rows in self.markets.groupby("quadrant", sort=True)
        ]
        return (
            f"In the {counted(self.months, 'month')} to {month_name(self.period)}, with {100 * self.growth_cut:.0f} % "
            f"growth and the size of the largest rival as the lines: {'; '.join(told)}."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<GrowthShareMap: {self.summary()}>"


def map_growth_and_share(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    months: int = 12,
    growth_cut: float = 0.10,
) -> GrowthShareMap:
    """Place every market by its growth and by our size against the largest rival.

    The relative share has the study's error, ours and the rival's on their own; which rival is the largest is not taken
    for granted. Growth has the wider of two intervals: its month-to-month noise (`relative_change`; at least three
    months that can be compared), and the study's error where every month errs on its own (what is common cancels). A
    market has a quadrant only where the whole box lies in it.

    Parameters
    ----------
    tables : mapping
        ``market`` (player ``own`` is us); ``products`` where a product is asked for.
    period : int or str
        Last month of the later window.
    product_id : str, optional
        Only the market of this product.
    months : int
        Length of each window; the earlier one ends where the later begins, and at 12 months before at least.
    growth_cut : float
        Growth from which a market counts as growing fast, 0.1 is 10 %.

    Raises
    ------
    MissingTableError
        There is no market table.
    ParameterError
        The product is unknown, ``growth_cut`` is no number, or ``months`` is no whole number, 1 or more.

    References
    ----------
    Henderson (1970), The product portfolio, Boston Consulting Group. Hedley (1977), Long Range Planning 10(1).
    """
    last, months = as_month(period), as_count("months", months)
    if not isinstance(growth_cut, Real) or not math.isfinite(growth_cut):
        raise ParameterError(f"growth_cut: got {growth_cut!r}, allowed a number. Use 0.1 for 10 %.")
    rows = study_rows(tables, last=last, product_id=product_id)
    now = window_shares(rows, ends=[last], months=months)
    found = [
        {"category": category} | _relative_share(players) | _growth(market, last=last, months=months)
        for (category, market), (_, players) in zip(rows.groupby("category"), now.groupby("category"), strict=True)
    ] if len(now) > 0 else []  # fmt: skip
    columns = ["category", "own_k", "rival", *_SPREAD, "months"]
    markets = pd.DataFrame(found, columns=columns)
    markets["quadrant"] = [_quadrant(row, growth_cut) for row in markets.to_dict("records")]
    return GrowthShareMap(
        markets=markets, period=last, months=months, growth_cut=growth_cut, currency=currency_of(tables)
    )


_SPREAD = [f"{name}{end}" for name in ("relative_share", "growth") for end in ("", "_low", "_high")]


def _relative_share(players: pd.DataFrame) -> dict[str, Any]:
    """Our sales over those of the largest rival, with the interval of the smallest of these ratios."""
    own = players[players["player"] == OWN]
    rivals = players[~players["player"].isin([OWN, *REST]) & (players["value_k"] != 0)]
    own_k, own_error = (float(own[name].sum(skipna=False)) for name in ("value_k", "error_k"))
    nothing = {"own_k": own_k, "rival": ""} | dict.fromkeys(_SPREAD[:3], math.nan)
    if not own_k > 0 or rivals.empty or rivals["value_k"].isna().any():
        return nothing
    sizes = rivals["value_k"].to_numpy(dtype=np.float64)
    # Errors of a ratio are even in its logarithm.
    spread = _Z95 * np.hypot(own_error / own_k, rivals["error_k"].to_numpy(dtype=np.float64) / sizes)
    ratios = own_k / sizes
    return nothing | {
        "rival": str(rivals["player"].iloc[int(sizes.argmax())]),
        "relative_share": float(ratios.min()),
        "relative_share_low": float((ratios * np.exp(-spread)).min()),
        "relative_share_high": float((ratios * np.exp(spread)).min()),
    }


def _growth(market: pd.DataFrame, *, last: int, months: int) -> dict[str, Any]:
    """Change of a market's sales between two windows, from months that the study covers in both."""
    apart = max(months, 12)
    by_month = market.groupby("month")[["value_k", "error_k"]].sum(skipna=False)
    pairs = [month for month in range(last - months + 1, last + 1) if {month, month - apart} <= set(by_month.index)]
    after, before = (
        by_month.reindex(np.array(pairs, dtype=int) - back).to_numpy(dtype=np.float64).T for back in (0, apart)
    )
    size = [float(window[0].sum()) for window in (after, before)]
    if not (size[0] >= 0 and size[1] > 0):
        return {"growth": math.nan, "growth_low": math.nan, "growth_high": math.nan, "months": len(pairs)}
    growth, noise = size[0] / size[1] - 1, relative_change(after[0], before[0])
    errors = [float(np.linalg.norm(window[1])) for window in (after, before)]
    study = _Z95 * math.hypot(errors[0] / size[1], (1 + growth) * errors[1] / size[1])
    # NaN, where there are too few months to see noise, stays NaN.
    low, high = np.minimum(noise.low, growth - study), np.maximum(noise.high, growth + study)
    return {"growth": growth, "growth_low": float(low), "growth_high": float(high), "months": len(pairs)}


def _quadrant(row: dict[Any, Any], growth_cut: float) -> str:
    ends = [row[f"{name}{end}"] for name in ("relative_share", "growth") for end in ("_low", "_high")]
    if any(math.isnan(end) for end in ends):
        return "not enough data"
    fast = sorted({end >= growth_cut for end in ends[2:]}, reverse=True)
    large = sorted({end >= 1 for end in ends[:2]}, reverse=True)
    names = [QUADRANTS[grows, leads] for grows in fast for leads in large]
    if len(names) == len(QUADRANTS):
        return "anywhere"
    return names[0] if len(names) == 1 else f"between {listed(names)}"
