"""What market, share within regions and the mix of regions did to our sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of
from pmlib.product.standing.study import OWN, study_rows, window_shares
from pmlib.product.wording import counted, money_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EFFECTS = ["market_effect_k", "share_effect_k", "mix_effect_k"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RegionSplit:
    """Whether our sales changed because the market did, our share within regions, or the regions' weight.

    Attributes
    ----------
    categories : DataFrame
        One row per ``category``: ``share_before``, ``share_after`` (0-1), ``market_effect_k``, ``share_effect_k``
        (share within regions), ``mix_effect_k`` (regions where we are strong grew or shrank), ``change_k`` (thousand),
        ``paradox`` (share moved one way in every region and the other way in total).
    regions : DataFrame
        One row per ``category`` and ``region``: ``weight_before``, ``weight_after`` (of the market, 0-1),
        ``share_before``, ``share_after``, ``share_effect_k``, ``mix_effect_k``.
    period : int
        Last month of the later window.
    months : int
        Length of each window.
    apart : int
        Months between the windows' ends.
    currency : str
        Currency of the money.
    """

    categories: pd.DataFrame
    regions: pd.DataFrame
    period: int
    months: int
    apart: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per category."""
        return self.categories.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the three effects of every category."""
        from pmlib.plots import standing

        return standing.region_effects(self.categories, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the three effects in total."""
        if self.categories["change_k"].isna().all():
            return {"–": "no market study covers both windows"}
        words = ("from the market's change", "from our share within regions", "from the mix of regions")
        return dict(zip(self._totals(), words, strict=True))

    def summary(self) -> str:
        """Return the three effects, and where the total misleads about the regions."""
        if self.categories["change_k"].isna().all():
            return "No market study covers both windows."
        market, share, mix = self._totals()
        odd = self.categories[self.categories["paradox"]]
        told = [
            f"In {row['category']} share {'rose' if row['share_after'] > row['share_before'] else 'fell'} in total and "
            f"did the opposite in every region."
            for row in odd.to_dict("records")
        ]
        said = " ".join(told) if told else "Nowhere does the total move against every region."
        return (
            f"In the {counted(self.months, 'month')} to {month_name(self.period)} the market moved our sales by "
            f"{market}, our share within regions by {share} and the mix of regions by {mix}. {said}"
        )

    def check(self) -> str:
        """Verify that the three effects add up to the change, in every category.

        Raises
        ------
        CheckError
            They do not.
        """
        gap = (self.categories[_EFFECTS].sum(axis=1) - self.categories["change_k"]).abs()
        scale = self.categories[[*_EFFECTS, "change_k"]].abs().max(axis=1)
        wrong = self.categories[gap > 1e-9 * scale + 1e-6]
        if len(wrong) > 0:
            raise CheckError(
                f"market: effects of category '{wrong['category'].iloc[0]}' miss the change by {gap.max():,.6f} k, "
                "allowed 0. Recompute the split from the market table."
            )
        return "Market, share and mix effects add up to the change in every category."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<RegionSplit: {self.summary()}>"

    def _totals(self) -> list[str]:
        # Whole thousands, so that no nothing reads as less than nothing.
        return [money_text(round(self.categories[column].sum()), self.currency) for column in _EFFECTS]


def split_by_region(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    months: int = 12,
    apart: int | None = None,
) -> RegionSplit:
    """Split the change of our sales into market, share within regions, and mix of regions.

    Our total share is the mean of the regions' shares, weighted by their markets. Its change is the sum over regions of
    mean weight x change of share (within) and mean share x change of weight (mix). Share can fall in every region and
    yet rise in total, when the regions grow in which we are strong (Simpson's paradox).

    Parameters
    ----------
    tables : mapping
        ``market`` (player ``own`` is us); ``products`` where a product is asked for.
    period : int or str
        Last month of the later window.
    product_id : str, optional
        Only the market of this product.
    months : int
        Length of each window.
    apart : int, optional
        Months between the windows' ends; one window by default.

    Raises
    ------
    MissingTableError
        There is no market table.
    ParameterError
        The product is unknown, or ``months`` or ``apart`` is no whole number, 1 or more.

    References
    ----------
    Simpson (1951), Journal of the Royal Statistical Society B 13.
    """
    last, months = as_month(period), as_count("months", months)
    back = months if apart is None else as_count("apart", apart)
    rows = study_rows(tables, last=last, product_id=product_id, regions=True)
    wide = _two_windows(rows, last=last, months=months, back=back)
    regions = _region_effects(wide)
    return RegionSplit(
        categories=_category_effects(wide, regions), regions=regions, period=last, months=months, apart=back,
        currency=currency_of(tables),
    )  # fmt: skip


def _two_windows(rows: pd.DataFrame, *, last: int, months: int, back: int) -> pd.DataFrame:
    """Return our sales and the market by category and region, before and after; NaN where a window is not whole."""
    both = window_shares(rows, ends=[last - back, last], months=months)
    both["own_k"] = both["value_k"].where(both["player"] == OWN, 0.0)
    both.loc[both["months"] < months, ["own_k", "value_k"]] = np.nan
    sums = both.groupby(["category", "region", "month"])[["own_k", "value_k"]].sum(skipna=False).reset_index("month")
    frame = pd.DataFrame(index=sums.index.unique())
    for name, column in (("own", "own_k"), ("market", "value_k")):
        for when, month in (("before", last - back), ("after", last)):
            frame[f"{name}_{when}_k"] = sums.loc[sums["month"] == month, column]
    return frame.reset_index()


def _region_effects(wide: pd.DataFrame) -> pd.DataFrame:
    """Share and weight of every region, and what their changes did to our sales."""
    frame = wide[["category", "region"]].copy()
    total = wide[["category"]].merge(
        wide.drop(columns="region").groupby("category").sum(skipna=False), left_on="category", right_index=True
    )
    for when in ("before", "after"):
        frame[f"weight_{when}"] = wide[f"market_{when}_k"] / total[f"market_{when}_k"]
        # A region without a market has no share; it weighs nothing either.
        market = wide[f"market_{when}_k"]
        frame[f"share_{when}"] = (wide[f"own_{when}_k"] / market.where(market != 0)).mask(market == 0, 0.0)
    size = (total["market_before_k"] + total["market_after_k"]) / 2
    overall = (total["own_before_k"] / total["market_before_k"] + total["own_after_k"] / total["market_after_k"]) / 2
    weight, share = ((frame[f"{name}_before"] + frame[f"{name}_after"]) / 2 for name in ("weight", "share"))
    frame["share_effect_k"] = size * weight * (frame["share_after"] - frame["share_before"])
    frame["mix_effect_k"] = size * (share - overall) * (frame["weight_after"] - frame["weight_before"])
    return frame


def _category_effects(wide: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Add the regions up, and see whether the total moved against all of them."""
    rows = []
    for category, parts in wide.groupby("category"):
        own_before, own_after, before, after = (float(parts[name].sum(skipna=False)) for name in wide.columns[2:])
        here = regions[regions["category"] == category]
        share = np.array([own_before / before, own_after / after]) if before > 0 and after > 0 else np.full(2, np.nan)
        moves = np.sign(here["share_after"] - here["share_before"])
        rows.append(
            {
                "category": category,
                "share_before": share[0],
                "share_after": share[1],
                "market_effect_k": share.mean() * (after - before),
                "share_effect_k": float(here["share_effect_k"].sum(skipna=False)),
                "mix_effect_k": float(here["mix_effect_k"].sum(skipna=False)),
                "change_k": own_after - own_before if np.isfinite(share).all() else np.nan,
                "paradox": bool((moves == -np.sign(share[1] - share[0])).all() and share[0] != share[1]),
            }
        )
    columns = ["category", "share_before", "share_after", *_EFFECTS, "change_k", "paradox"]
    return pd.DataFrame(rows, columns=columns)
