"""What customers will still be worth: contracts by renewal, all others by repeat purchases and what those bring."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of, named
from pmlib.product.loyalty.beta_geometric import beta_geometric_survival, fit_beta_geometric
from pmlib.product.loyalty.buying import expected_purchases, times
from pmlib.product.loyalty.contracts import SPLITS, contract_counts, refuse_unknown
from pmlib.product.loyalty.curves import exposure
from pmlib.product.loyalty.likelihood import Floats, log_interval
from pmlib.product.loyalty.margins import margin_shares
from pmlib.product.loyalty.purchases import last_day, purchase_histories, spending_counts
from pmlib.product.loyalty.renewal_projection import LEAST_ENDED
from pmlib.product.loyalty.repeat_buying import LEAST_REPEAT, fitted
from pmlib.product.loyalty.spending import expected_value, fit_spending
from pmlib.product.rows import E4
from pmlib.product.wording import counted, listed, money_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WEEK, _YEAR_DAYS, _YEAR = 7.0, 365.25, 12
_COLUMNS = ["group", "kind", "customers", "value", "low", "high", "total_k", "total_low_k", "total_high_k", "new_value",
            "new_low", "new_high", "margin_share", "counts", "missing"]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class LifetimeValue:
    """The value of the customers we have, and of one more, within the horizon.

    Attributes
    ----------
    values : DataFrame
        A row per ``group``, its ``name`` and ``kind`` (``contract``: running contracts, shifted beta-geometric;
        ``orders``: followed customers, BG/NBD and Gamma-Gamma). ``customers``; ``value`` of one of them on average,
        ``low``, ``high`` (currency, discounted; 95 % for the parameters); ``total_k`` with ``total_low_k``,
        ``total_high_k`` (thousand); ``new_value`` of a customer won now, first payment included, with ``new_low``,
        ``new_high``;
        ``margin_share``; ``counts`` (``margin``, or ``revenue`` where unit costs are not known); ``missing`` (what a
        value not measured would need, else empty).
    period, horizon_months : int
        Last month observed, months valued.
    discount_rate : float
        A year.
    currency : str
        Currency of the money.
    """

    values: pd.DataFrame
    period: int
    horizon_months: int
    discount_rate: float
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and kind."""
        return self.values.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the value of a customer with its interval, group by group."""
        from pmlib.plots import loyalty

        return loyalty.lifetime_values(self.values.assign(group=self.values["name"]), ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        known = self.values.dropna(subset=["value"])
        if known.empty:
            return {"–": "too little data to value customers"}
        figures = {money_text(float(known["total_k"].sum()), self.currency): f"from customers we have, in "
                   f"{counted(self.horizon_months, 'month')}"}  # fmt: skip
        for row in known.sort_values("new_value", ascending=False).head(2).itertuples():
            figures[f"{row.new_value:,.0f} {self.currency}"] = f"a new customer, {row.name} ({row.kind})"
        return figures

    def summary(self) -> str:
        """Return what customers are worth with intervals, of what, and what is missing."""
        said = []
        known, missing = self.values.dropna(subset=["value"]), self.values[self.values["missing"] != ""]
        if not known.empty:
            parts = [
                f"{row.name} ({row.kind}) {row.value:,.0f}, between {row.low:,.0f} and {row.high:,.0f}"
                for row in known.itertuples()
            ]
            said.append(
                f"Worth of a customer in {counted(self.horizon_months, 'month')}, {self.currency} discounted at "
                f"{100 * self.discount_rate:.0f} % a year: {'; '.join(parts)}."
            )
            revenue = known.loc[known["counts"] == "revenue", "name"].unique().tolist()
            if revenue:
                said.append(f"Revenue, not margin, for {listed(revenue)}: unit costs are not known.")
        if not missing.empty or self.values.empty:
            parts = [f"{row.name} ({row.kind}): {row.missing}" for row in missing.itertuples()]
            said.append(f"Not enough data: {'; '.join(parts) if parts else 'no customer yet'}.")
        return " ".join(said)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<LifetimeValue from {month_name(self.period)}: {self.summary()}>"


def customer_lifetime_value(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    by: str | None = "product",
    horizon_months: int = 36,
    discount_rate: float = 0.10,
) -> LifetimeValue:
    """Value the customers we have, and one more, over the next months.

    Contracts: price a month times the chance that the contract still runs. Orders: expected purchases times the
    expected value of one. Both times the margin of the last 12 months where ``product_costs`` is there.

    Parameters
    ----------
    tables : mapping
        ``subscriptions`` or ``orders`` or both; ``product_costs`` for margins; ``customers`` for splits.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product; all by default.
    by : str, optional
        ``product``, ``segment``, ``channel`` or ``region``; None: one row for each kind.
    horizon_months : int
        Months valued.
    discount_rate : float
        A year, 0 or more.

    Raises
    ------
    MissingTableError
        Neither subscriptions nor orders are there, or a split needs customers.
    ParameterError
        An option or the product is unknown.

    References
    ----------
    Fader and Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1); Fader, Hardie
    and Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, JMR 42(4).
    """
    last, horizon = as_month(period), as_count("horizon_months", horizon_months)
    refuse_unknown("by", by, (None, *SPLITS))
    if not isinstance(discount_rate, Real) or not 0 <= discount_rate < math.inf:
        raise ParameterError(f"discount_rate: got {discount_rate!r}, allowed 0 or more a year. Use 0.1 for 10 %.")
    asked = {"last": last, "product_id": product_id, "by": by}
    rows = _contract_rows(tables, asked, horizon=horizon, rate=discount_rate)
    rows += _order_rows(tables, asked, horizon=horizon, rate=discount_rate)
    return LifetimeValue(
        values=_with_margin(rows, tables, asked), period=last, horizon_months=horizon, discount_rate=discount_rate,
        currency=currency_of(tables),
    )  # fmt: skip


def _contract_rows(tables: Tables, asked: dict[str, Any], *, horizon: int, rate: float) -> list[dict[str, Any]]:
    if tables.get("subscriptions") is None:
        if tables.get("orders") is None:
            raise MissingTableError(
                "lifetime value: tables 'subscriptions' and 'orders' are both missing. Add one of them to the workbook."
            )
        return []
    counts = contract_counts(tables, **asked)
    worth = (1 + rate) ** (-np.arange(horizon + 1) / _YEAR)
    return [_contract_row(str(group), part, worth) for group, part in counts.groupby("group")]


def _contract_row(group: str, counts: pd.DataFrame, worth: Floats) -> dict[str, Any]:
    running = counts[~counts["ended"]].groupby("months")[["n", "monthly_e4"]].sum()
    n, paid = int(running["n"].sum()), running["monthly_e4"].to_numpy(dtype=float) / E4
    row = {"group": group, "kind": "contract", "customers": n}
    ended = int(counts["n"][counts["ended"]].sum())
    if ended < LEAST_ENDED or n == 0 or counts["months"].max() <= 1:
        return row | {"missing": f"{LEAST_ENDED} ended contracts over 2 renewals and a running one are needed, "
                      f"{ended} have ended"}  # fmt: skip
    at_risk, ends = (part[:, 0] for part in exposure(counts.assign(group="all"), "group"))
    model = fit_beta_geometric(at_risk, ends)
    ages = running.index.to_numpy()[:, None]
    later = np.arange(len(worth))

    def still_to_come(logs: Floats) -> float:
        shares = beta_geometric_survival(ages + later, *np.exp(logs))
        return float(paid @ (shares / shares[:, :1])[:, 1:] @ worth[1:])

    def of_a_new_one(logs: Floats) -> float:
        return float(paid.sum() / n * (beta_geometric_survival(later[:-1], *np.exp(logs)) @ worth[:-1]))

    logs = np.log([model.alpha, model.beta])
    return row | _valued(still_to_come, of_a_new_one, logs=logs, covariance=model.covariance, n=n)


def _order_rows(tables: Tables, asked: dict[str, Any], *, horizon: int, rate: float) -> list[dict[str, Any]]:
    if tables.get("orders") is None:
        return []
    # A product known but never ordered has no rows; one that nobody knows is refused.
    histories, spending = purchase_histories(tables, **asked), spending_counts(tables, **asked)
    units = (last_day(asked["last"] + horizon) - last_day(asked["last"])) / _WEEK
    discount = math.log1p(rate) * _WEEK / _YEAR_DAYS
    return [
        _order_row(str(group), part, spending[spending["group"] == group], units=units, discount=discount)
        for group, part in histories.groupby("group")
    ]


def _order_row(
    group: str, histories: pd.DataFrame, spending: pd.DataFrame, *, units: float, discount: float
) -> dict[str, Any]:
    n = int(histories["n"].sum())
    row = {"group": group, "kind": "orders", "customers": n}
    buying = fitted(histories, days_per_unit=_WEEK)
    paying = int(spending["n"].sum())
    if buying is None or paying < LEAST_REPEAT:
        return row | {"missing": f"{LEAST_REPEAT} paying repeat buyers are needed, {paying} are there"}
    model = fit_spending(spending)
    data, people = times(histories, _WEEK), histories["n"].to_numpy(dtype=float)
    money = histories["repeat_e4"].to_numpy(dtype=float) / E4

    @cache
    def purchases(*logs: float) -> Floats:
        return expected_purchases(np.array(logs), data, units, discount=discount)

    def still_to_come(logs: Floats) -> float:
        # The expected value is linear in the money, so that the mean of equal histories will do.
        value = expected_value(logs[4:], data[0], money / people)
        return float((people * value) @ purchases(*logs[:4]))

    def of_a_new_one(logs: Floats) -> float:
        later = expected_purchases(logs[:4], np.zeros((3, 1)), units, discount=discount)[0]
        return float(expected_value(logs[4:], 0, 0.0) * (1 + later))

    logs, covariance = np.concatenate([buying.logs, model.logs]), np.zeros((7, 7))
    covariance[:4, :4], covariance[4:, 4:] = buying.covariance, model.covariance
    return row | _valued(still_to_come, of_a_new_one, logs=logs, covariance=covariance, n=n)


def _valued(
    have: Callable[[Floats], float], new: Callable[[Floats], float], *, logs: Floats, covariance: Floats, n: int
) -> dict[str, Any]:
    total = log_interval(have, logs, covariance)
    names = (("value", "low", "high"), ("total_k", "total_low_k", "total_high_k"), ("new_value", "new_low", "new_high"))
    figures = ([one / n for one in total], [one / 1_000 for one in total], log_interval(new, logs, covariance))
    row = {name: value for keys, values in zip(names, figures, strict=True)
           for name, value in zip(keys, values, strict=True)}  # fmt: skip
    return row | {"missing": "" if math.isfinite(total[0]) else "the mean value of a purchase has no bound"}


def _with_margin(rows: list[dict[str, Any]], tables: Tables, asked: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=_COLUMNS).sort_values(["kind", "group"], ignore_index=True)
    shares = margin_shares(tables, **asked)
    by_group = asked["by"] in ("product", "segment", "channel")
    places = zip(frame["group"], frame["kind"], strict=True)
    frame["margin_share"] = [
        shares[kind].get(group if by_group else "all", math.nan) for group, kind in places
    ] if len(frame) else pd.Series(dtype=float)  # fmt: skip
    frame["counts"] = np.where(frame["margin_share"].isna(), "revenue", "margin")
    kept = frame["margin_share"].fillna(1.0)
    money = _COLUMNS[3:12]
    frame[money] = frame[money].astype(float).mul(kept, axis="index")
    names = frame["group"].rename("product_id").to_frame()
    told = named(names, tables)["name"] if asked["by"] == "product" else frame["group"]
    frame.insert(1, "name", told.astype("str"))
    return frame.assign(missing=frame["missing"].fillna(""))
