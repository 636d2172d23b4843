"""How concentrated a market is: the Herfindahl-Hirschman index, as bounds where a study lumps firms together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count
from pmlib.product.standing.study import OWN, REST, study_rows, window_ends, window_shares
from pmlib.product.wording import counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z95 = 1.959963984540054
_SCALE = 10_000.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Guidelines:
    """What merger guidelines of the United States say of a market with a given index.

    Attributes
    ----------
    year : int
        Year of the guidelines.
    steps : tuple of (float, str)
        Classes, each with the index it begins above (0-10,000).
    presumed : tuple of float
        Index after a merger and rise by it above which harm is presumed.
    firm_share : float
        Share of the merged firm (0-1) above which harm is presumed too, given that rise; NaN where there is none.
    """

    year: int
    steps: tuple[tuple[float, str], ...]
    presumed: tuple[float, float]
    firm_share: float = math.nan

    def class_of(self, low: float, high: float) -> str:
        """Name the class of a market whose index lies between ``low`` and ``high``.

        Examples
        --------
        >>> GUIDELINES[2010].class_of(2600, 2600), GUIDELINES[2023].class_of(1700, 1900)
        ('highly concentrated', 'between not highly concentrated and highly concentrated')
        """
        if math.isnan(low):
            return "not measured"
        names = [[name for begin, name in self.steps if value > begin or begin == 0][-1] for value in (low, high)]
        return names[0] if names[0] == names[1] else f"between {names[0]} and {names[1]}"

    def presumes_harm(self, after: float, rise: float, *, firm_share: float = 0.0) -> bool:
        """Say whether a merger is presumed to harm competition.

        Parameters
        ----------
        after, rise : float
            Index after the merger and its rise by it, 0-10,000.
        firm_share : float
            Share of the merged firm, 0-1.

        Examples
        --------
        >>> GUIDELINES[2010].presumes_harm(2000, 150), GUIDELINES[2023].presumes_harm(2000, 150)
        (False, True)
        """
        index, step = self.presumed
        return rise > step and (after > index or firm_share > self.firm_share)


#: Horizontal Merger Guidelines (2010), section 5.3; Merger Guidelines (2023), guideline 1.
GUIDELINES = {
    2010: Guidelines(
        year=2010,
        # Unconcentrated is below 1,500, highly concentrated is above 2,500.
        steps=((0.0, "unconcentrated"), (math.nextafter(1_500.0, 0.0), "moderately concentrated"),
               (2_500.0, "highly concentrated")),
        presumed=(2_500.0, 200.0),
    ),
    2023: Guidelines(
        year=2023, steps=((0.0, "not highly concentrated"), (1_800.0, "highly concentrated")),
        presumed=(1_800.0, 100.0), firm_share=0.3,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Concentration:
    """How concentrated each market is.

    Attributes
    ----------
    markets : DataFrame
        One row per ``category`` and ``month`` at which a window ends: ``named`` (firms the study names), ``rest``
        (share of all others, 0-1), ``hhi_low`` (the others are very many), ``hhi_high`` (none of them is larger than
        the smallest rival named), ``hhi_one`` (they are one firm), ``low`` and ``high`` (the bounds, widened by the
        study's error), all 0-10,000; ``class_2010`` and ``class_2023`` of all between ``low`` and ``high``.
    period : int
        Last month of the last window.
    months : int
        Length of each window.
    guidelines : int
        Year of the guidelines that name the classes in words and figure.
    """

    markets: pd.DataFrame
    period: int
    months: int
    guidelines: int = 2023

    def to_frame(self) -> pd.DataFrame:
        """Return one row per category and window."""
        return self.markets.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the bounds of every market over time, with the classes of the guidelines."""
        from pmlib.plots import standing

        return standing.concentration_bands(self.markets, ax, steps=GUIDELINES[self.guidelines].steps)

    def headline(self) -> dict[str, str]:
        """Return the most concentrated market."""
        now = self._now()
        if now.empty:
            return {"–": "no market study covers a window"}
        top = now.to_dict("records")[0]
        return {_between(top): f"HHI of {top['category']}, the most concentrated market"}

    def summary(self) -> str:
        """Return the most concentrated market, its class, and the class of the others."""
        now = self._now()
        if now.empty:
            return f"No market study covers {counted(self.months, 'month')} to {month_name(self.period)}."
        top = now.to_dict("records")[0]
        month = int(top["month"])
        when = "" if month == self.period else f" in {month_name(month)}, where the study ends"
        classes = now[f"class_{self.guidelines}"].value_counts(sort=False).sort_index()
        told = ", ".join(f"{number} {name}" for name, number in classes.items())
        return (
            f"The HHI of {top['category']}, the most concentrated of {counted(len(now), 'market')}, is {_between(top)} "
            f"of 10,000{when} ({counted(int(top['named']), 'named firm')}, all others {percent(top['rest'])}; "
            f"{_widened(top)}). By the guidelines of {self.guidelines}: {told}."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<Concentration: {self.summary()}>"

    def _now(self) -> pd.DataFrame:
        """Markets of the newest window measured, the most concentrated first."""
        known = self.markets[self.markets["hhi_low"].notna()]
        now: pd.DataFrame = known[known["month"] == known["month"].max()]
        return now.sort_values("hhi_high", ascending=False, kind="stable")


def measure_concentration(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12, guidelines: int = 2023
) -> Concentration:
    """Measure the Herfindahl-Hirschman index of every market, as bounds, and name its class.

    A study names the large firms and lumps the others together. The index then is not one number: it is lowest when the
    others are very many, and highest when they are as large as they can be, which is as large as the smallest rival
    named. The study's error widens both ends (delta method); it is taken as one for all months and regions of a firm,
    and as each firm's own.

    Parameters
    ----------
    tables : mapping
        ``market``; ``products`` where a product is asked for.
    period : int or str
        Last month.
    product_id : str, optional
        Only the market of this product.
    months : int
        Length of each window; 1 for a study that is written once a year.
    guidelines : {2010, 2023}
        Year of the guidelines that the summary and the figure use; the table has both.

    Raises
    ------
    MissingTableError
        There is no market table.
    ParameterError
        The product or the year is unknown, or ``months`` is no whole number, 1 or more.

    References
    ----------
    U.S. Department of Justice and Federal Trade Commission, Horizontal Merger Guidelines (2010), 5.3; Merger Guidelines
    (2023), 2.1.
    """
    last, months = as_month(period), as_count("months", months)
    if guidelines not in GUIDELINES:
        raise ParameterError(f"guidelines: got {guidelines!r}, allowed {', '.join(map(str, GUIDELINES))}. Choose one.")
    rows = study_rows(tables, last=last, product_id=product_id)
    found = [
        {"category": category, "month": month} | _market(window)
        for category, market in rows.groupby("category")
        for month, window in window_shares(market, ends=window_ends(market, months), months=months).groupby("month")
    ]
    columns = ["category", "month", *_market(pd.DataFrame(columns=["player", "value_k", "share", "error_k"]))]
    markets = pd.DataFrame(found, columns=columns)
    return Concentration(markets=markets, period=last, months=months, guidelines=int(guidelines))


def herfindahl_bounds(shares: Floats, *, rest: float = 0.0, cap: float | None = None) -> tuple[float, float, float]:
    """Lowest, highest and one-firm value of the Herfindahl-Hirschman index, 0-10,000.

    Parameters
    ----------
    shares : array of shape (n_named,)
        Shares of the named firms, 0-1.
    rest : float
        Share of all others together, 0-1. Lowest: they are very many. Highest: none is larger than ``cap``. One firm:
        they are one.
    cap : float, optional
        Largest share an unnamed firm can have, 0-1; by default that of the smallest named firm with sales.

    Examples
    --------
    >>> herfindahl_bounds(np.array([0.3, 0.3, 0.2, 0.2]))
    (2600.0, 2600.0, 2600.0)
    >>> herfindahl_bounds(np.array([0.4, 0.1]), rest=0.5)
    (1700.0, 2200.0, 4200.0)
    """
    low, rest = float(shares @ shares), max(0.0, rest)
    most = float(shares[shares > 0].min(initial=1.0)) if cap is None else cap
    # A hair's breadth under a whole number of firms is that number.
    firms = math.floor(rest / most + 1e-9)
    high = low + firms * most**2 + max(0.0, rest - firms * most) ** 2
    return tuple(round(_SCALE * value, 9) for value in (low, high, low + rest**2))  # type: ignore[return-value]


def merger_rise(one: float, other: float) -> float:
    """Rise of the index when two firms of these shares (0-1) merge: twice their product, 0-10,000.

    Examples
    --------
    >>> round(merger_rise(0.05, 0.10))
    100
    """
    return 2 * _SCALE * one * other


def _market(window: pd.DataFrame) -> dict[str, Any]:
    """Measure one market in one window."""
    rest = window["player"].isin(REST).to_numpy(dtype=bool)
    shares = window["share"].to_numpy(dtype=np.float64)
    measured = len(shares) > 0 and bool(np.isfinite(shares).all())
    bounds = (math.nan,) * 3
    errors = (math.nan, math.nan)
    others = float(shares[rest].sum())
    if measured:
        # We are named because the study is ours, not because we are large: the smallest rival is the cap.
        rivals = shares[~rest & (window["player"] != OWN).to_numpy() & (shares > 0)]
        bounds = herfindahl_bounds(shares[~rest], rest=others, cap=float(rivals.min(initial=1.0)))
        spread = window["error_k"].to_numpy(dtype=np.float64) / float(window["value_k"].sum())
        own = np.where(rest, 0.0, shares)
        errors = tuple(_Z95 * _error(own, spread, bound) for bound in bounds[:2])  # type: ignore[assignment]
    low, high = max(0.0, bounds[0] - errors[0]), min(_SCALE, bounds[1] + errors[1])
    if not measured:
        low = high = math.nan
    return {
        "named": int((~rest & (shares > 0)).sum()),
        "rest": others if measured else math.nan,
        "hhi_low": bounds[0],
        "hhi_high": bounds[1],
        "hhi_one": bounds[2],
        "low": low,
        "high": high,
    } | {f"class_{year}": one.class_of(low, high) for year, one in GUIDELINES.items()}


def _error(own: Floats, spread: Floats, index: float) -> float:
    """Give the standard error of the index: its slope by every firm's sales, times the error of those sales."""
    return float(2 * _SCALE * np.linalg.norm((own - index / _SCALE) * spread))


def _widened(row: Any) -> str:
    if (row["low"], row["high"]) == (row["hhi_low"], row["hhi_high"]):
        return "the study states no error"
    return f"with the study's error {row['low']:,.0f} to {row['high']:,.0f}"


def _between(row: Any) -> str:
    low, high = row["hhi_low"], row["hhi_high"]
    return f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"
