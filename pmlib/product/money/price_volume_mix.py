"""Why revenue from orders changed: price, volume, mix and currency, and what is new or gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, as_count, currency_of, known_product, lazy, named
from pmlib.product.money.exchange import in_workbook_currency, order_lines
from pmlib.product.rows import E4, refuse_large_orders, whole
from pmlib.product.wording import counted, listed, money_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PER_K = 1_000 * E4
#: The parts of the bridge, in its order.
EFFECTS = ("volume", "mix", "price", "currency", "new", "discontinued")


# An effect below this share of the largest one is left out of sentences.
_WORTH_A_WORD = 1e-3


class Item(StrEnum):
    """What counts as one item, within which a price is compared with itself."""

    PRODUCT = "product"
    REGION = "region"
    SEGMENT = "segment"
    CHANNEL = "channel"


@dataclass(frozen=True, eq=False, kw_only=True)
class PriceVolumeMix:
    """Why revenue from orders changed from one window to another.

    Attributes
    ----------
    items : DataFrame
        One row per ``item``: ``name``, ``status`` (continuing, new, discontinued), ``units_before``, ``units_after``,
        ``before_k``, ``after_k``, the effects ``volume_k``, ``mix_k``, ``price_k``, ``currency_k``, ``new_k``,
        ``discontinued_k`` and ``change_k`` (thousand). Effects are NaN when the tables begin within the first window.
    recounted_k : tuple of float
        Revenue of both windows counted again without ever looking at an item, thousand.
    by : Item
        What the items are.
    period : int
        Last month of the later window.
    window : int
        Months of each window.
    apart : int
        Months between the windows' ends.
    begins : float
        First month of the orders; NaN without any.
    currency : str
        Currency of the money.
    """

    items: pd.DataFrame
    recounted_k: tuple[float, float]
    by: Item
    period: int
    window: int
    apart: int
    begins: float
    currency: str = "EUR"

    @property
    def measured(self) -> bool:
        """Whether the orders reach back over the whole first window."""
        return self.begins <= self.period - self.apart - self.window + 1

    @property
    def effects_k(self) -> pd.Series:
        """The parts of the bridge in total, thousand, in its order."""
        return self.items[[f"{effect}_k" for effect in EFFECTS]].sum(min_count=0 if self.measured else 1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per item."""
        return self.items.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the bridge from the first window's revenue to the later one's."""
        from pmlib.plots import revenue

        return revenue.price_volume_mix(self.items, ax, words=self._windows_in_words(), currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if not self.measured:
            return {"–": "the orders do not reach back far enough"}
        change = self.recounted_k[1] - self.recounted_k[0]
        figures = {self._signed(change): "change of revenue from orders"}
        for effect in self._largest()[:3]:
            figures.setdefault(self._signed(self.effects_k[f"{effect}_k"]), f"from {_WORDS[effect]}")
        return figures

    def summary(self) -> str:
        """Return the change and its parts, and the item with the largest price effect."""
        if not self.measured:
            asked = month_name(self.period - self.apart - self.window + 1)
            begin = "there are none" if np.isnan(self.begins) else f"they begin in {month_name(int(self.begins))}"
            return f"Not enough data: the comparison needs orders from {asked} on, and {begin}."
        before, after = self.recounted_k
        parts = [f"{self._signed(self.effects_k[f'{effect}_k'])} from {_WORDS[effect]}" for effect in self._largest()]
        said = (
            f"Revenue from orders went from {money_text(before, self.currency)} to {money_text(after, self.currency)} "
            f"({self._windows_in_words()}): {listed(parts) if parts else 'nothing changed'}."
        )
        prices = self.items.loc[self.items["status"] == "continuing", ["name", "price_k"]]
        if len(prices) <= 1 or not prices["price_k"].any():
            return said
        most = prices.loc[[prices["price_k"].abs().idxmax()]].to_dict("records")[0]
        return f"{said} Price moved most in {most['name']} ({self._signed(most['price_k'])})."

    def check(self) -> str:
        """Verify that the effects add up to the change of revenue, to the cent.

        Raises
        ------
        CheckError
            They do not.
        """
        if not self.measured:
            return "The orders do not reach back far enough: there are no effects to add up."
        change = self.recounted_k[1] - self.recounted_k[0]
        gap = 1_000 * (float(self.effects_k.sum()) - change)
        if abs(gap) > max(0.005, 1e-9 * max(abs(one) for one in self.recounted_k)):
            raise CheckError(
                f"price, volume and mix: effects add up to {self.effects_k.sum():,.5f} k, revenue changed by "
                f"{change:,.5f} k (gap {gap:,.2f} {self.currency}), allowed 0. Look for a {self.by} that the orders "
                "name in two ways."
            )
        return f"The effects add up to the change of {self._signed(change)} to the cent."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        told = "; ".join(f"{figure} {words}" for figure, words in self.headline().items())
        return f"<PriceVolumeMix: {told}>"

    def _largest(self) -> list[str]:
        """Effects worth a word, largest first."""
        sizes = {effect: abs(float(self.effects_k[f"{effect}_k"])) for effect in EFFECTS}
        worth = [effect for effect in EFFECTS if sizes[effect] > _WORTH_A_WORD * max(sizes.values())]
        return sorted(worth, key=lambda effect: -sizes[effect])

    def _signed(self, value_k: float) -> str:
        return f"{'+' if value_k >= 0 else ''}{money_text(value_k, self.currency)}"

    def _windows_in_words(self) -> str:
        before, after = month_name(self.period - self.apart), month_name(self.period)
        return f"{counted(self.window, 'month')} to {before} and to {after}"


_WORDS = {
    "volume": "volume", "mix": "mix", "price": "price", "currency": "exchange rates", "new": "new items",
    "discontinued": "discontinued items",
}  # fmt: skip


def price_volume_mix(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12,
    apart: int | None = None, by: Item | str = Item.PRODUCT,
) -> PriceVolumeMix:  # fmt: skip
    """Split the change of revenue from orders between two windows into price, volume, mix and currency.

    For items i sold in both windows, with units q and revenue R before (0) and after (1), Q their sum, and R1c the
    later revenue at the earlier window's exchange rates (each line at the rate ``apart`` months before)::

        volume   = R0_i * (Q1 / Q0 - 1)              as many units more, mix and prices as before
        mix      = R0_i / q0_i * (q1_i - q0_i * Q1 / Q0)   more of the dear items, or of the cheap ones
        price    = R1c_i - R0_i / q0_i * q1_i        other prices for what was sold
        currency = R1_i - R1c_i                      other exchange rates

    These are the sales-quantity, sales-mix and sales-price variances of cost accounting with the earlier window in
    place of the budget. An item without net units in the first window is new, one without in the later window
    discontinued: all of its change stands apart, and none of it is price. Units of all items are added up, so items
    should be measured alike; within an item a change of what is sold under its name shows as price.

    Parameters
    ----------
    tables : mapping
        ``orders``; ``customers`` by segment or channel; ``exchange_rates`` where orders are in foreign currencies.
    period : int or str
        Last month of the later window, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product alone.
    months : int
        Months of each window.
    apart : int, optional
        Months between the windows' ends; by default as many as a window has.
    by : Item or str
        ``product``, ``region``, ``segment`` or ``channel``.

    Raises
    ------
    MissingTableError
        There are no orders, or no customers to tell segment or channel.
    SchemaError
        A foreign currency has no rate in a month that is needed.
    ParameterError
        The product or the item is unknown, or a number of months is no whole number, 1 or more.

    References
    ----------
    Horngren, Datar and Rajan: Cost Accounting, chapter 14 (sales-mix and sales-quantity variances).

    Examples
    --------
    >>> orders = pd.DataFrame({"product_id": ["A", "A"], "date": pd.to_datetime(["2025-11-03", "2025-12-03"]),
    ...                        "units": [10.0, 12.0], "paid_price": [100.0, 110.0]})
    >>> bridge = price_volume_mix({"orders": orders}, period="2025-12", months=1)
    >>> bridge.effects_k.round(3).to_dict()["volume_k"], bridge.effects_k.round(3).to_dict()["price_k"]
    (0.2, 0.12)
    """
    last, window, item = as_month(period), as_count("months", months), _item(by)
    back = window if apart is None else as_count("apart", apart)
    refuse_large_orders(tables)
    begins = _begins(tables)
    known_product(product_id, tables, seen=lambda: _products(tables))
    frames, totals = [], []
    for end, months_back, suffix in ((last - back, 0, "before"), (last, back, "after")):
        lines = _lines(tables, item, product_id=product_id, first=end - window + 1, last=end)
        enough = begins <= last - back - window + 1
        frames.append(_sums(tables, lines, item, months_back=months_back if enough else 0).add_suffix(f"_{suffix}"))
        totals.append(_total(lines) / _PER_K)
    sums = frames[0].join(frames[1], how="outer").fillna(0).sort_index()
    effects = effects_of(sums) if begins <= last - back - window + 1 else _unmeasured(sums)
    return PriceVolumeMix(
        items=_told(effects, tables, item), recounted_k=(totals[0], totals[1]), by=item, period=last, window=window,
        apart=back, begins=begins, currency=currency_of(tables),
    )  # fmt: skip


_COLUMNS = {Item.PRODUCT: "product_id", Item.REGION: "region", Item.SEGMENT: "segment", Item.CHANNEL: "channel"}


def _item(by: Item | str) -> Item:
    known = [str(one) for one in Item]
    if by not in known:
        raise ParameterError(f"by: got {str(by)!r}. {did_you_mean(str(by), known)}")
    return Item(by)


def _begins(tables: Tables) -> float:
    """First month with an order of any product."""
    first = lazy(tables, "orders", ["date"]).date.min().to_pandas()
    return float("nan") if pd.isna(first) else float(pd.Timestamp(first).year * 12 + pd.Timestamp(first).month)


def _products(tables: Tables) -> list[str]:
    return list(lazy(tables, "orders", ["product_id"]).distinct().to_pandas()["product_id"])


def _lines(tables: Tables, item: Item, *, product_id: str | None, first: int, last: int) -> Lazy:
    """Order lines of one window with the column ``item``."""
    column = _COLUMNS[item]
    of_customer = item in (Item.SEGMENT, Item.CHANNEL)
    wanted = sorted({"product_id", "customer_id" if of_customer else column})
    lines = order_lines(tables, wanted, first=first, last=last)
    lines = lines if product_id is None else lines.filter(lines.product_id == product_id)
    if not of_customer:
        return lines.mutate(item=lines[column].fill_null("unknown"))
    people = lazy(tables, "customers", ["customer_id", column])
    people = people.group_by("customer_id").agg(item=people[column].min())
    joined = lines.left_join(people, "customer_id").drop("customer_id_right")
    return joined.mutate(item=joined["item"].fill_null("unknown"))


def _sums(tables: Tables, lines: Lazy, item: Item, *, months_back: int) -> pd.DataFrame:
    """Units, revenue and revenue at the rates ``months_back`` before, by item: whole ten-thousandths."""
    rows = in_workbook_currency(tables, lines, months_back=months_back, name="constant")
    sums = rows.group_by("item").agg(
        units=rows.units.sum().cast("float64"), money=whole(rows.money.sum()), constant=whole(rows.constant.sum())
    )
    frame: pd.DataFrame = sums.order_by("item").to_pandas()
    return frame.astype({"item": "str", "money": "int64", "constant": "int64"}).set_index("item")


def _total(lines: Lazy) -> int:
    total = whole(lines.money.sum()).to_pandas()
    return 0 if pd.isna(total) else int(total)


def effects_of(sums: pd.DataFrame) -> pd.DataFrame:
    """Split every item's change by the formulas of `price_volume_mix`.

    Parameters
    ----------
    sums : DataFrame
        One row per item: ``units_before``, ``units_after``; ``money_before``, ``money_after`` and ``constant_after``
        (at the earlier exchange rates) in ten-thousandths.

    Returns
    -------
    DataFrame
        The same rows with ``status`` and every effect of ``EFFECTS`` in thousands.
    """
    before, after = sums["units_before"], sums["units_after"]
    both = (before > 0) & (after > 0)
    earned, now, constant = sums["money_before"], sums["money_after"], sums["constant_after"]
    grown = after[both].sum() / before[both].sum() if both.any() else 1.0
    # Where there is no price to compare with, the item's whole change stands apart.
    price_before = earned / before.where(both)
    gone = (after <= 0) & ~both
    apart = now - earned
    effects = pd.DataFrame({
        "volume": earned * (grown - 1),
        "mix": price_before * (after - before * grown),
        "price": constant - price_before * after,
        "currency": now - constant,
    }).where(both, 0.0)  # fmt: skip
    effects["new"] = apart.where(~both & ~gone, 0.0)
    effects["discontinued"] = apart.where(gone, 0.0)
    status = np.select([both, gone], ["continuing", "discontinued"], "new")
    return sums.assign(status=status, **{f"{name}_k": effects[name] / _PER_K for name in EFFECTS})


def _unmeasured(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(status="", **{f"{name}_k": np.nan for name in EFFECTS})


def _told(sums: pd.DataFrame, tables: Tables, item: Item) -> pd.DataFrame:
    frame = sums.reset_index().assign(
        before_k=sums["money_before"].to_numpy() / _PER_K, after_k=sums["money_after"].to_numpy() / _PER_K
    )
    frame["change_k"] = frame["after_k"] - frame["before_k"]
    frame["name"] = frame["item"]
    if item is Item.PRODUCT:
        frame["name"] = named(frame[["item"]].rename(columns={"item": "product_id"}), tables)["name"]
    effects = [f"{name}_k" for name in EFFECTS]
    columns = ["item", "name", "status", "units_before", "units_after", "before_k", "after_k", *effects, "change_k"]
    return frame[columns]
