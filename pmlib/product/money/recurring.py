"""What recurs: new, grown, shrunk, lost and regained subscription revenue, and the share of it that stays."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of, known_product, named
from pmlib.product.estimate import Estimate, series_of
from pmlib.product.money.flows import FLOWS, monthly_flows, paid_spans, running_total, window_flows
from pmlib.product.money.ratios import gain_to_loss, plain_ratio, ratio_variance, weighted_share
from pmlib.product.rows import E4
from pmlib.product.satisfaction import share_estimate
from pmlib.product.wording import counted, money_text, percent, percents_between

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PER_K = 1_000 * E4
_ENDS = ("opening", "closing")
_LEVELS = ("opening", *FLOWS, "closing")


@dataclass(frozen=True, eq=False, kw_only=True)
class RecurringBridge:
    """How recurring revenue came from one month's to another's, and how much of it stayed.

    Attributes
    ----------
    bridge : DataFrame
        The whole company first (``product_id`` is ``all``), then every product; or the one product asked for.
        ``opening_k``, ``new_k``, ``reactivation_k``, ``expansion_k``, ``contraction_k``, ``churn_k`` (the last two
        below 0), ``closing_k`` (thousand a month), each with its customers (``_n``); then ``nrr``, ``grr``,
        ``logo_churn`` (shares) and ``quick_ratio``, each with ``_low``, ``_high`` and ``_n``.
    months : DataFrame
        The same flows month by month, of the first row of ``bridge``: ``month``, money and customers.
    recounted_k : tuple of float
        Opening and closing of that row, counted again without ever looking at a customer, thousand a month.
    period : int
        The later of the two months compared.
    window : int
        Months between them.
    currency : str
        Currency of the money.
    """

    bridge: pd.DataFrame
    months: pd.DataFrame
    recounted_k: tuple[float, float]
    period: int
    window: int
    currency: str = "EUR"

    @property
    def nrr(self) -> Estimate:
        """Net revenue retention: what the customers of the opening month pay now, over what they paid then."""
        return self._estimate("nrr")

    @property
    def grr(self) -> Estimate:
        """Gross revenue retention: the same without what any of them added."""
        return self._estimate("grr")

    @property
    def logo_churn(self) -> Estimate:
        """Share of the customers of the opening month who pay nothing now."""
        return self._estimate("logo_churn")

    @property
    def quick_ratio(self) -> Estimate:
        """Revenue added (new, back, expansion) over revenue lost (contraction, churn)."""
        return self._estimate("quick_ratio")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for the company and one per product."""
        return self.bridge.copy(deep=False)

    def by_month(self) -> pd.DataFrame:
        """Return one row per month: the same bridge from each month to the next."""
        return self.months.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the bridge from the opening to the closing month."""
        from pmlib.plots import revenue

        return revenue.recurring_bridge(self.bridge, ax, words=self._months_in_words(), currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        row = self.bridge.iloc[0]
        figures = {money_text(row["closing_k"], self.currency): f"recurring a month in {month_name(self.period)}"}
        if self.grr.n == 0:
            return figures
        return figures | {
            f"{percent(self.nrr.value)} / {percent(self.grr.value)}": f"kept over {counted(self.window, 'month')}, net "
            "of what customers added / gross",
            percent(self.logo_churn.value): f"of {counted(self.logo_churn.n, 'customer')} left",
        }

    def summary(self) -> str:
        """Return the change, its largest parts and the retention with its intervals."""
        row = self.bridge.iloc[0]
        flows = [flow for flow in FLOWS if row[f"{flow}_n"] > 0]
        moved = ", ".join(f"{money_text(row[f'{flow}_k'], self.currency)} {flow}" for flow in flows) or "no change"
        change = (
            f"Recurring revenue went from {money_text(row['opening_k'], self.currency)} to "
            f"{money_text(row['closing_k'], self.currency)} a month {self._months_in_words()}: {moved}."
        )
        if self.grr.n == 0:
            return f"{change} Retention is not measured: nobody paid in {month_name(self.period - self.window)}."
        return (
            f"{change} Of what {counted(self.grr.n, 'customer')} paid at first, {percent(self.grr.value)} stayed "
            f"({_between(self.grr)}; with what they added {percent(self.nrr.value)}, {_between(self.nrr)}); "
            f"{percent(self.logo_churn.value)} of them left ({_between(self.logo_churn)})."
        )

    def check(self) -> str:
        """Verify to the last ten-thousandth that bridges close, months link up and products add up.

        Raises
        ------
        CheckError
            They do not.
        """
        rows, months = _whole(self.bridge), _whole(self.months)
        ends = [int(rows["opening"].iloc[0]), *months["closing"].astype(int)]
        recounted = [round(end * _PER_K) for end in self.recounted_k]
        gaps = {f"the bridge in row {i}": _gap(row) for i, row in enumerate(rows.to_dict("records"))}
        gaps |= {f"the bridge of month {i + 1}": _gap(row) for i, row in enumerate(months.to_dict("records"))}
        gaps |= {
            "the opening of a month": sum(abs(a - b) for a, b in zip(months["opening"], ends, strict=False)),
            "the closing, month by month,": ends[-1] - int(rows["closing"].iloc[0]),
            "the opening, counted again,": recounted[0] - int(rows["opening"].iloc[0]),
            "the closing, counted again,": recounted[1] - int(rows["closing"].iloc[0]),
        }
        if len(rows) > 1:
            gaps |= {f"products' {end}": int(rows[end].iloc[1:].sum() - rows[end].iloc[0]) for end in _ENDS}
        wrong = {what: gap for what, gap in gaps.items() if gap != 0}
        if wrong:
            what, gap = next(iter(wrong.items()))
            raise CheckError(
                f"recurring revenue: {what} is off by {gap / E4:,.4f} {self.currency}, allowed 0. Look for rows of "
                "subscriptions that changed while the bridge was read."
            )
        return f"The bridge closes to the cent, in {counted(len(rows), 'row')} and {counted(len(months), 'month')}."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        row = self.bridge.iloc[0]
        kept = f"; NRR {percent(self.nrr.value)}, GRR {percent(self.grr.value)}" if self.grr.n else ""
        return (
            f"<RecurringBridge: {money_text(row['opening_k'], self.currency)} to "
            f"{money_text(row['closing_k'], self.currency)} a month {self._months_in_words()}{kept}>"
        )

    def _estimate(self, name: str) -> Estimate:
        row = self.bridge.iloc[0]
        n = int(row[f"{name}_n"])
        unit = "ratio" if name == "quick_ratio" else "share"
        if n == 0:
            return Estimate.unmeasured(unit=unit)
        value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
        return Estimate(value=value, low=low, high=high, n=n, n_missing=0, unit=unit)

    def _months_in_words(self) -> str:
        return f"from {month_name(self.period - self.window)} to {month_name(self.period)}"


def recurring_bridge(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12
) -> RecurringBridge:
    """Bridge recurring revenue between two months, in total, by product and month by month.

    A customer's recurring revenue of a month is the sum of ``monthly_eur`` of the subscriptions that run in it.
    ``monthly_eur`` is a price per month already: a yearly plan is to be entered as a twelfth of its price for every
    month it covers, and nothing is divided here. A row with a price of 0 is no revenue.

    The bridge compares the two end months, customer by customer. Paying in both: expansion or contraction. In the
    first alone: churn. In the second alone: reactivation for one who had paid in some month before the first, else
    new. Who left and came back in between is thereby judged by the two ends alone: unchanged, expansion or
    contraction, and no churn. Month by month the same rules are applied to each pair of neighbouring months, so that
    such a customer shows there as churn and then as reactivation; both bridges close on the same figures.
    For the company a customer is taken over all products, so that a change from one to another is no churn; the
    products' flows therefore add up to the company's at both ends only.

    Retention is over the customers of the first month: GRR = sum_i min(closing_i, opening_i) / sum_i opening_i, NRR
    with closing_i; new and reactivated customers are in neither. The SaaS quick ratio is (new + reactivation +
    expansion) / (contraction + churn). Intervals (95 %) treat customers as drawn independently: NRR by linearisation
    of the ratio with Student's t, GRR by Wilson's interval for as many customers of equal size as have its variance,
    logo churn by Wilson's, the quick ratio on the scale of logarithms.

    Parameters
    ----------
    tables : mapping
        ``subscriptions``: an Ibis table of any engine, or a frame.
    period : int or str
        Later month, ``YYYY-MM`` or year * 12 + month; nothing after it counts.
    product_id : str, optional
        One product alone.
    months : int
        Months from the first to the later one.

    Raises
    ------
    MissingTableError
        There is no table of subscriptions.
    ParameterError
        The product is unknown, or ``months`` is no whole number, 1 or more.

    References
    ----------
    Quick ratio: Hamid, M. (2015), Social Capital. Ratio estimate: Cochran (1977), Sampling Techniques, section 2.11.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "b", "c"], "product_id": "A", "start_month": [24300, 24300, 24308],
    ...                      "end_month": [None, 24305.0, None], "monthly_eur": [3000.0, 1000.0, 500.0]})
    >>> recurring_bridge({"subscriptions": rows}, period="2025-12")
    <RecurringBridge: 4 k EUR to 4 k EUR a month from December 2024 to December 2025; NRR 75 %, GRR 75 %>
    """
    last, window = as_month(period), as_count("months", months)
    first = last - window
    spans = paid_spans(tables, last=last)
    by_product = window_flows(spans, first=first, last=last, by_product=True)
    known_product(product_id, tables, seen=lambda: by_product["product_id"])
    if product_id is not None:
        spans = spans.filter(spans.product_id == product_id)
    total = window_flows(spans, first=first, last=last, by_product=False).assign(product_id=product_id or "all")
    rows = total if product_id is not None else pd.concat([total, by_product], ignore_index=True)
    return RecurringBridge(
        bridge=_told(rows, tables),
        months=_chain(monthly_flows(spans, first=first, last=last), total, first=first, last=last),
        recounted_k=(running_total(spans, month=first) / _PER_K, running_total(spans, month=last) / _PER_K),
        period=last, window=window, currency=currency_of(tables),
    )  # fmt: skip


def _told(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Turn whole ten-thousandths into thousands, and put names and measures beside them."""
    measures = pd.DataFrame([_measures(row) for row in rows.to_dict("records")], index=rows.index)
    told = named(pd.concat([rows[["product_id"]], _in_k(rows), measures], axis="columns"), tables)
    return told.assign(name=told["name"].where(told["product_id"] != "all", "All products"))


def _in_k(rows: pd.DataFrame) -> pd.DataFrame:
    money = (rows[list(_LEVELS)] / _PER_K).add_suffix("_k")
    return pd.concat([money, rows[[f"{level}_n" for level in _LEVELS]]], axis="columns")


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    money = frame[[f"{level}_k" for level in _LEVELS]] * _PER_K
    return money.rename(columns=lambda name: name.removesuffix("_k")).round().astype("int64")


def _gap(row: Mapping[Hashable, Any]) -> int:
    return int(row["opening"]) + sum(int(row[flow]) for flow in FLOWS) - int(row["closing"])


def _chain(flows: pd.DataFrame, total: pd.DataFrame, *, first: int, last: int) -> pd.DataFrame:
    """Lay monthly flows end to end from the opening, money and customers alike."""
    months = pd.RangeIndex(first + 1, last + 1, name="month")
    rows = flows.set_index("month").reindex(months, fill_value=0)
    opening = total.iloc[0]
    for end, money in (("", list(FLOWS)), ("_n", [f"{flow}_n" for flow in FLOWS])):
        moves = rows[money].sum(axis="columns") if not end else rows["new_n"] + rows["reactivation_n"] - rows["churn_n"]
        rows[f"closing{end}"] = int(opening[f"opening{end}"]) + moves.cumsum()
        rows[f"opening{end}"] = rows[f"closing{end}"] - moves
    return _in_k(rows).reset_index()


def _measures(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Retention and its relatives with intervals, from one row of sums."""
    n = int(row["opening_n"])
    estimates = {name: Estimate.unmeasured(unit="share") for name in ("nrr", "grr", "logo_churn")}
    if n > 0:
        estimates = {"nrr": _net(row, n), "grr": _gross(row, n), "logo_churn": share_estimate(int(row["churn_n"]), n)}
    changed = sum(int(row[f"{flow}_n"]) for flow in FLOWS)
    gain = (row["new"] + row["reactivation"] + row["expansion"]) / E4
    loss = -(row["contraction"] + row["churn"]) / E4
    quick = gain_to_loss(gain, loss, n=changed, gain_squares=row["gg"], loss_squares=row["ll"])
    estimates["quick_ratio"] = quick if changed > 0 else Estimate.unmeasured(unit="ratio")
    return {name: value for key, one in estimates.items() for name, value in series_of(one, key).items()}


def _gross(row: Mapping[Hashable, Any], n: int) -> Estimate:
    share, paid = row["kept"] / row["opening"], row["opening"] / E4
    variance = ratio_variance(share, n, total=paid, xx=row["xx"], xy=row["xk"], yy=row["kk"])
    return weighted_share(share, n, variance=variance, equal_n=paid**2 / row["xx"])


def _net(row: Mapping[Hashable, Any], n: int) -> Estimate:
    # Where nobody added anything, both retentions are one quantity and have one interval.
    if row["stayed"] == row["kept"]:
        return _gross(row, n)
    ratio, paid = row["stayed"] / row["opening"], row["opening"] / E4
    variance = ratio_variance(ratio, n, total=paid, xx=row["xx"], xy=row["xy"], yy=row["yy"])
    return plain_ratio(ratio, n, variance=variance, equal_n=paid**2 / row["xx"])


def _between(estimate: Estimate) -> str:
    return "no interval" if math.isnan(estimate.low) else percents_between(estimate.low, estimate.high)
