"""What customers ask for: themes of their messages, counted by customers and by revenue, and what rises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.change import Arrow
from pmlib.product.engine import Tables, as_count, currency_of, named, small
from pmlib.product.features.backlog import all_features, refuse_unknown_product
from pmlib.product.features.equal_counts import compared
from pmlib.product.features.themes import Theme, declared_themes, find_themes, linked, matches, said_with_all
from pmlib.product.marts import customer_months
from pmlib.product.rows import E4
from pmlib.product.wording import counted, listed, money_text, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Integers = npt.NDArray[np.int64]

_KEYS = ["product_id", "theme"]
_MOST_NAMED = 3
_PER_K = 1_000 * E4


@dataclass(frozen=True, eq=False, kw_only=True)
class ThemeCounts:
    """What messages are about, by customers and by revenue.

    Attributes
    ----------
    themes : DataFrame
        One row per product and theme, by customers: ``product_id``, ``name`` (of the product), ``theme``, ``words``,
        ``example`` (the shortest message), ``messages``, ``unknown`` (messages without a customer), ``customers``
        (distinct), ``n`` (distinct customers who wrote about the product), ``share`` of them with ``low`` and ``high``
        (Wilson, 95 %), ``revenue_k`` and ``revenue_share`` (of these customers with all products in the window; NaN
        without orders and subscriptions), ``customers_before``, ``times`` with ``times_low`` and ``times_high``
        (customers against the window before; 95 %; NaN where the product had no message yet at its start), ``p``
        (corrected over all rows), ``arrow``, ``features`` (ids it leads to).
    features : DataFrame
        One row per feature that a theme leads to: ``product_id``, ``feature_id``, ``name``, ``state``, ``themes``,
        ``words`` (shared), ``messages``, ``customers``, ``revenue_k``. A customer counts once.
    set_aside : DataFrame
        ``words``: phrases that come with most themes, and so are none.
    period : int
        Last month counted.
    months : int
        Length of the window.
    currency : str
        Currency of the money.
    """

    themes: pd.DataFrame
    features: pd.DataFrame
    set_aside: pd.DataFrame
    period: int
    months: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product and theme."""
        return self.themes.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the themes of the first product by customers, with their revenue."""
        from pmlib.plots import features

        first = self.themes["product_id"].iloc[:1]
        return features.themes(self.themes[self.themes["product_id"].isin(first)], ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.themes.empty or not self.themes["n"].any():
            return {"–": "no themes of known customers in this window"}
        top = self._top()
        return {
            str(top["theme"]): f"asked for by the most customers, {top['customers']:,} of {top['n']:,}",
            money_text(float(top["revenue_k"]), self.currency): "what these customers brought in the window",
            f"{len(self._rising())} of {len(self.themes)}": "themes rise",
        }

    def summary(self) -> str:
        """Return two or three sentences: the largest theme by customers and revenue, and what rises."""
        if self.themes.empty:
            return f"No themes in the messages of the {self._window()}. Name their words, or lower least."
        if not self.themes["n"].any():
            return f"No message of the {self._window()} is of a known customer, so none are counted."
        top = self._top()
        known = not np.isnan(float(top["revenue_k"]))
        money = f", who brought {money_text(float(top['revenue_k']), self.currency)}" if known else ""
        return (
            f"In the {self._window()}, '{top['theme']}' ({top['name']}) comes from {top['customers']:,} of "
            f"{counted(int(top['n']), 'customer')} who wrote about the product ({percent(top['share'])}){money}. "
            f"{self._rise()}"
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<ThemeCounts: {self.summary()}>"

    def _window(self) -> str:
        return f"{counted(self.months, 'month')} to {month_name(self.period)}"

    def _top(self) -> pd.Series:
        return self.themes.nlargest(1, "customers").iloc[0]

    def _rising(self) -> pd.DataFrame:
        return self.themes[self.themes["arrow"] == Arrow.UP].sort_values("p", kind="stable")

    def _rise(self) -> str:
        if self.themes["p"].isna().all():
            return f"The {counted(self.months, 'month')} before are not covered, so nothing is said of a rise."
        rising = self._rising()
        if rising.empty:
            return "No theme rises beyond chance."
        named_ones = [_risen(row) for row in rising.head(_MOST_NAMED).to_dict("records")]
        more = len(rising) - len(named_ones)
        return f"Rising: {listed(named_ones + ([f'{more} more'] if more else []))}."


def count_themes(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12,
    themes: Mapping[str, Sequence[str]] | None = None, least: int = 10,
) -> ThemeCounts:  # fmt: skip
    """Count what messages are about, by distinct customers and their revenue, and against the window before.

    A theme is a list of words or phrases; without one, themes are the pairs of neighbouring content words that
    ``least`` or more customers of a product use (see `pmlib.product.features.themes`). A customer who writes ten times
    counts once. A theme leads to a feature whose name shares two words with it.

    A rise is a change in the number of customers between two windows of the same length: as many more, or fewer, as
    a fair coin would hardly deal (exact binomial test, two-sided), corrected over all themes shown (Holm). More
    messages about everything raise every theme; the shares tell.

    Parameters
    ----------
    tables : mapping
        ``feedback``; ``features`` to lead to; ``orders`` or ``subscriptions`` for revenue; ``products`` for names.
    period : int or str
        Last month counted.
    product_id : str, optional
        One product; all by default.
    months : int
        Length of the window.
    themes : mapping of str to sequence of str, optional
        Name of a theme to its words or phrases; found by default.
    least : int
        Fewest customers, over both windows, that make a theme where themes are found.

    Raises
    ------
    MissingTableError
        There is no feedback.
    ParameterError
        Product, window or themes are out of what is allowed.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31(3/4) (comparison of two counts). Wilson (1927), JASA 22(158). Holm
    (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> feedback = pd.DataFrame({"product_id": "A", "customer_id": ["K1", "K1", "K2"],
    ...                          "date": pd.to_datetime("2025-11-03"), "text": ["Gaps!", "Gaps again.", "Fine."]})
    >>> count_themes({"feedback": feedback}, period="2025-12", themes={"missing data": ["gaps"]}).to_frame()["share"]
    0    0.5
    Name: share, dtype: float64
    """
    last, months = as_month(period), as_count("months", months)
    if not isinstance(least, Real) or isinstance(least, bool) or least % 1 != 0 or least < 1:
        raise ParameterError(f"least: got {least!r}, allowed 1 or more customers, a whole number. Take 10.")
    told = _messages(tables, last=last, months=months)
    asides = said_with_all(told["text"], told["customer_id"], least=least) if themes is None else []
    patterns = {pattern for theme in asides for pattern in theme.patterns}
    if product_id is not None:
        ever = small(tables, "feedback", ["product_id"])["product_id"].dropna()
        refuse_unknown_product(tables, product_id, seen=ever)
        told = told[told["product_id"] == product_id]
    declared = None if themes is None else declared_themes(themes)
    by_product = {
        str(product): declared or find_themes(rows["text"], rows["customer_id"], least=least, aside=patterns)
        for product, rows in told.groupby("product_id")
    }
    hits = _hits(told, by_product)
    reached = hits.merge(_links(tables, by_product), on=_KEYS)
    money = _revenue(tables, {"theme": hits, "feature_id": reached}, last=last, months=months)
    return ThemeCounts(
        themes=_table(_counts(hits, told), reached, money["theme"], tables),
        features=_by_feature(reached[reached["now"]], money["feature_id"]),
        set_aside=pd.DataFrame({"words": pd.Series([theme.name for theme in asides], dtype="str")}),
        period=last, months=months, currency=currency_of(tables),
    )  # fmt: skip


def _risen(row: Mapping[Any, Any]) -> str:
    times = f"{row['times']:.1f} times as many" if np.isfinite(row["times"]) else "new"
    return f"'{row['theme']}' ({row['customers_before']:,} to {row['customers']:,} customers, {times})"


def _messages(tables: Tables, *, last: int, months: int) -> pd.DataFrame:
    """Messages of the window (``now``) and of the one before; ``covered``: of products that had some at its start."""
    columns = ["product_id", "customer_id", "date", "text"]
    frame = small(tables, "feedback", columns)
    date = pd.to_datetime(frame["date"])
    month = date.dt.year * 12 + date.dt.month
    begun = month.groupby(frame["product_id"]).transform("min")
    told = frame.drop(columns="date").assign(now=month > last - months, covered=begun <= last - 2 * months + 1)
    return told[(month <= last) & (month > last - 2 * months)].reset_index(drop=True)


def _hits(told: pd.DataFrame, by_product: Mapping[str, list[Theme]]) -> pd.DataFrame:
    """One row per message and theme."""
    rows = [
        (row.Index, row.product_id, row.customer_id, row.now, row.text, theme.name, ", ".join(theme.words))
        for product, messages in told.groupby("product_id")
        for row, found in zip(messages.itertuples(), matches(messages["text"], by_product[str(product)]), strict=True)
        for theme in (by_product[str(product)][j] for j in found)
    ]
    kinds = {"message": "int64", "product_id": "str", "customer_id": "str", "now": "bool", "text": "str",
             "theme": "str", "words": "str"}  # fmt: skip
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def _counts(hits: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Count messages and customers by theme, now and before, and compare them."""
    now, before = hits[hits["now"]], hits[~hits["now"]]
    # The shortest message says the most about a theme in the least room.
    shortest = hits.assign(size=hits["text"].str.len()).sort_values(["size", "text"], kind="stable")
    table = shortest.groupby(_KEYS).agg(words=("words", "first"), example=("text", "first"))
    table["messages"] = now.groupby(_KEYS).size()
    table["unknown"] = now["customer_id"].isna().groupby([now[key] for key in _KEYS]).sum()
    table["customers"] = now.groupby(_KEYS)["customer_id"].nunique()
    table["customers_before"] = before.groupby(_KEYS)["customer_id"].nunique()
    whole = ["messages", "unknown", "customers", "customers_before"]
    table[whole] = table[whole].fillna(0).astype("int64")
    table = table.reset_index()
    writers = told[told["now"]].groupby("product_id")["customer_id"].nunique()
    table["n"] = table["product_id"].map(writers).fillna(0).astype("int64")
    table[["share", "low", "high"]] = _shares(table["customers"].to_numpy(), table["n"].to_numpy())
    covered = table["product_id"].isin(told.loc[told["covered"], "product_id"]).to_numpy()
    changes = compare_counts(*table.loc[covered, ["customers", "customers_before"]].to_numpy().T)
    table = table.join(changes.set_axis(table.index[covered]))
    return table.fillna({"arrow": Arrow.UNMEASURED.value})


def _shares(customers: Integers, n: Integers) -> npt.NDArray[np.float64]:
    from statsmodels.stats.proportion import proportion_confint

    shares, some = np.full((len(n), 3), np.nan), n > 0
    low, high = proportion_confint(customers[some], n[some], method="wilson")
    shares[some] = np.column_stack([customers[some] / n[some], low, high])
    return shares


def compare_counts(after: Integers, before: Integers) -> pd.DataFrame:
    """Compare counts of two windows of the same length: how many times as many, and whether chance would do that.

    Parameters
    ----------
    after, before : integer ndarrays of shape (n,)

    Returns
    -------
    DataFrame of n rows
        ``times``, ``times_low``, ``times_high`` (95 %, Clopper & Pearson; NaN where there were none before), ``p``
        (two-sided, Holm over the rows), ``arrow``.

    Examples
    --------
    >>> compare_counts(np.array([40, 10]), np.array([10, 10])).round(3).to_numpy().tolist()
    [[4.0, 1.966, 8.97, 0.0, '▲'], [1.0, 0.374, 2.677, 1.0, '–']]
    """
    from scipy import special

    some = before > 0
    low = special.betaincinv(np.where(after > 0, after, 1), before + 1, 0.025) * (after > 0)
    high = special.betaincinv(after + 1, np.where(some, before, 1), 0.975)
    shown, corrected = compared(after, before)
    return pd.DataFrame({
        "times": np.divide(after, before, out=np.full(len(after), np.nan), where=some),
        "times_low": np.where(some, low / (1 - low), np.nan), "times_high": np.where(some, high / (1 - high), np.nan),
        "p": corrected, "arrow": pd.Series(shown, dtype="str"),
    })  # fmt: skip


def _links(tables: Tables, by_product: Mapping[str, list[Theme]]) -> pd.DataFrame:
    """Pairs of theme and feature of the same product with the words they share; dropped features stay out."""
    columns = [*_KEYS, "feature_id", "name", "state", "shared"]
    if tables.get("features") is None:
        return pd.DataFrame(columns=columns, dtype="str")
    features = all_features(tables)
    features = features[features["state"] != "dropped"]
    rows = []
    for product, themes in by_product.items():
        of_product = features[features["product_id"] == product].set_index("feature_id")
        names = {str(feature): str(name) for feature, name in of_product["name"].items()}
        rows += [(product, theme.name, feature, names[feature], of_product.loc[feature, "state"], ", ".join(words))
                 for theme in themes for feature, words in linked(theme, names).items()]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype("str")


def _revenue(
    tables: Tables, hits: Mapping[str, pd.DataFrame], *, last: int, months: int
) -> dict[str, pd.DataFrame]:
    """Sum what the customers behind each theme and each feature brought in the window, all in one query.

    Returns
    -------
    dict of str to DataFrame
        For each key: ``product_id``, the key, ``revenue_k``, ``revenue_share``; NaN without revenue in the tables.
    """
    known = {kind: rows[rows["now"]].dropna(subset=["customer_id"]) for kind, rows in hits.items()}
    parts = [rows[["product_id", "customer_id"]].assign(kind=kind, key=rows[kind]) for kind, rows in known.items()]
    asked = pd.concat(parts).drop_duplicates()
    asked["group"] = asked.groupby(["kind", "product_id", "key"]).ngroup()
    groups = asked.drop(columns="customer_id").drop_duplicates("group").sort_values("group", ignore_index=True)
    revenue, total = np.full(len(groups), np.nan), 0
    if any(tables.get(name) is not None for name in ("orders", "subscriptions")) and len(groups) > 0:
        by_group, total = _spent(tables, asked[["group", "customer_id"]], last=last, months=months)
        revenue = groups["group"].map(by_group).fillna(0).to_numpy(dtype=np.float64)
    groups = groups.assign(revenue_k=revenue / _PER_K, revenue_share=revenue / total if total > 0 else np.nan)
    return {kind: groups.loc[groups["kind"] == kind, ["product_id", "key", "revenue_k", "revenue_share"]]
            .rename(columns={"key": kind}) for kind in hits}  # fmt: skip


def _spent(tables: Tables, asked: pd.DataFrame, *, last: int, months: int) -> tuple[dict[int, int], int]:
    import ibis

    rows = customer_months(tables, last=last)
    rows = rows.filter(rows.month > last - months)
    spent = rows.group_by("customer_id").agg(money=(rows.orders_e4 + rows.recurring_e4).sum().cast("int64"))
    joined = ibis.memtable(asked).join(spent, "customer_id")
    sums = joined.group_by("group").agg(money=joined.money.sum().cast("int64")).order_by("group").to_pandas()
    total = spent.money.sum().to_pandas()
    return dict(zip(sums["group"].tolist(), sums["money"].tolist(), strict=True)), 0 if pd.isna(total) else int(total)


def _table(counts: pd.DataFrame, reached: pd.DataFrame, revenue: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    asked = reached.groupby(_KEYS)["feature_id"].agg(lambda ids: ", ".join(dict.fromkeys(ids))).rename("features")
    table = counts.merge(revenue, on=_KEYS, how="left").merge(asked.reset_index(), on=_KEYS, how="left")
    table["features"] = table["features"].fillna("").astype("str")
    table = table.sort_values(["product_id", "customers", "theme"], ascending=[True, False, True], ignore_index=True)
    columns = ["product_id", "name", "theme", "words", "example", "messages", "unknown", "customers", "n", "share",
               "low", "high", "revenue_k", "revenue_share", "customers_before", "times", "times_low", "times_high",
               "p", "arrow", "features"]  # fmt: skip
    return named(table, tables)[columns]


def _by_feature(reached: pd.DataFrame, revenue: pd.DataFrame) -> pd.DataFrame:
    """Count messages, customers and revenue of each feature that a theme leads to."""
    keys = ["product_id", "feature_id"]
    table = reached.groupby(keys).agg(
        name=("name", "first"), state=("state", "first"), themes=("theme", _each), words=("shared", _each),
        messages=("message", "nunique"), customers=("customer_id", "nunique"),
    ).reset_index()  # fmt: skip
    table = table.merge(revenue[[*keys, "revenue_k"]], on=keys, how="left")
    return table.sort_values(["customers", "feature_id"], ascending=[False, True], ignore_index=True)


def _each(words: pd.Series) -> str:
    return "; ".join(dict.fromkeys(words))
