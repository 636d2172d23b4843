"""May we trust this period's data? What is set aside, how fresh it is, what is covered, and what agrees with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from pmlib.errors import InputError
from pmlib.months import month_of, month_text, parse_month
from pmlib.product.revenue import monthly_revenue
from pmlib.quarantine import Quarantine
from pmlib.schema import TABLES, Kind, Table

#: A table whose newest row is older than this many months is called old.
FRESH_MONTHS = 3
#: Two figures agree when they differ by less than this share of the stated one, or this amount in thousand.
SHARE, AMOUNT_K = 0.005, 0.1
# Tables about closed projects grow old by nature.
_PAST = ("past_forecasts", "benefits")
_OPEN = ("proposed", "running", "held")
_COVERED = ("estimates", "cash_flows", "scores", "demand", "options", "risks", "benefit_map")


class Book(Protocol):
    """A workbook: a mapping of tables that knows what it set aside."""

    quarantine: Quarantine
    currency: str
    blocked: dict[str, str]

    @property
    def looks_back(self) -> bool:
        """Whether it speaks of an earlier day than its tables were delivered for."""

    @property
    def period(self) -> str:
        """Its month, ``YYYY-MM``."""

    def __getitem__(self, name: str) -> Any: ...

    def __contains__(self, name: object) -> bool: ...

    @property
    def tables(self) -> list[str]:
        """Names of the usable tables."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DataQuality:
    """How far a period's tables can be trusted.

    Attributes
    ----------
    blocked : dict of table name to reason
        Tables that are there but cannot be used.
    quarantine : Quarantine
        What was set aside.
    freshness : DataFrame
        table, newest (``YYYY-MM``), months_old, state (current, old, ahead, or in force for what
        counts from a day on); tables with dates only.
    coverage : DataFrame
        gate, projects, and per table the share of projects to decide at that gate that have a row in it.
    reconciliation : DataFrame
        what, subject, stated_k, found_k, difference_k, agrees.
    """

    blocked: dict[str, str]
    quarantine: Quarantine
    freshness: pd.DataFrame
    coverage: pd.DataFrame
    reconciliation: pd.DataFrame
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """One row per kind of problem (see :class:`pmlib.quarantine.Quarantine`)."""
        return self.quarantine.by_kind()

    def disagreements(self) -> pd.DataFrame:
        """Keep the figures that do not agree, the largest difference first."""
        rows = self.reconciliation[~self.reconciliation["agrees"]]
        return rows.sort_values("difference_k", key=abs, ascending=False, kind="stable", ignore_index=True)

    def summary(self) -> str:
        """Say what is blocked, what is set aside, what is old, and what does not agree."""
        blocked = [f"Table {name} is blocked: {why}{'' if why.endswith('?') else '.'}"
                   for name, why in self.blocked.items()]
        return " ".join([self._verdict(), *blocked, self.quarantine.summary(), *self._stale(), *self._agreement()])

    def headline(self) -> dict[str, str]:
        """Give the figures a data owner looks at first."""
        figures = {f"{len(self.quarantine):,} rows": f"set aside, {len(self.quarantine.kinds)} kinds of problem"}
        if len(self.freshness):
            old = int((self.freshness["state"] == "old").sum())
            figures[f"{old} of {len(self.freshness)}"] = f"dated tables older than {FRESH_MONTHS} months"
        if len(self.reconciliation):
            agree = int(self.reconciliation["agrees"].sum())
            figures[f"{agree:,} of {len(self.reconciliation):,}"] = "figures agree with what they are made of"
        return figures

    def __repr__(self) -> str:
        return f"<DataQuality: {self.summary()}>"

    def _verdict(self) -> str:
        if self.blocked:
            return "Not yet."
        doubts = len(self.quarantine) or self._stale() or not self.reconciliation["agrees"].all()
        return "With care." if doubts else "Yes."

    def _stale(self) -> list[str]:
        old = self.freshness.loc[self.freshness["state"] == "old", "table"].tolist()
        return [f"Older than {FRESH_MONTHS} months: {', '.join(old)}."] if old else []

    def _agreement(self) -> list[str]:
        sentences = []
        for what, rows in self.reconciliation.groupby("what", sort=True):
            agree, off = int(rows["agrees"].sum()), float(rows["difference_k"].abs().sum())
            rest = "" if agree == len(rows) else f"; the others are off by {off:,.1f} k {self.currency} in all"
            sentences.append(f"{str(what).capitalize()}: {agree} of {len(rows)} agree{rest}.")
        return sentences


def data_quality(book: Book) -> DataQuality:
    """Answer whether a period's data may be trusted.

    Parameters
    ----------
    book : Workbook
        As :func:`pmlib.open_workbook` gives it.

    Examples
    --------
    >>> from pmlib.workbook import open_workbook
    >>> data_quality(open_workbook("data/quillmark")).coverage["projects"].sum()
    np.int64(60)
    """
    month = _month(book)
    parts = [_spent(book), _revenue(book, month)]
    columns = ["what", "subject", "stated_k", "found_k"]
    filled = [part for part in parts if len(part)] or [pd.DataFrame(columns=columns)]
    figures = pd.concat(filled, ignore_index=True)
    figures = figures.astype({"stated_k": "float64", "found_k": "float64"})
    difference = figures["found_k"] - figures["stated_k"]
    agrees = difference.abs() <= (SHARE * figures["stated_k"].abs()).clip(lower=AMOUNT_K)
    return DataQuality(
        blocked=dict(book.blocked), quarantine=book.quarantine, freshness=_freshness(book, month),
        coverage=_coverage(book), reconciliation=figures.assign(difference_k=difference, agrees=agrees),
        currency=book.currency)


def _month(book: Book) -> int | None:
    try:
        return parse_month(book.period)
    except InputError:
        return None


def _freshness(book: Book, month: int | None) -> pd.DataFrame:
    newest = {name: _newest(book[name], TABLES[name]) for name in book.tables} if month is not None else {}
    ages = {name: (last, (month or last) - last) for name, last in newest.items() if last is not None}
    rows = [{"table": name, "newest": month_text(last), "months_old": age, "state": _age(name, age)}
            for name, (last, age) in ages.items()]
    return pd.DataFrame(rows, columns=["table", "newest", "months_old", "state"])


def _age(name: str, months: int) -> str:
    if TABLES[name].versioned_by == "valid_from":
        return "in force"
    return "ahead" if months < 0 else "old" if months > FRESH_MONTHS else "current"


def _newest(table: Any, definition: Table) -> int | None:
    by = definition.dated_by or definition.versioned_by
    if not by or definition.name in _PAST:
        return None
    found = table[by].max() if isinstance(table, pd.DataFrame) else table[by].max().execute()
    if pd.isna(found):
        return None
    last = int(found) if definition[by].kind is Kind.MONTH else month_of(pd.Timestamp(found).date())
    # A version without a date is as old as the calendar allows, which says nothing about its age.
    return None if last <= month_of(pd.Timestamp("1900-01-01")) else last


def _coverage(book: Book) -> pd.DataFrame:
    if "projects" not in book.tables:
        return pd.DataFrame(columns=["gate", "projects"])
    projects = book["projects"]
    projects = projects[projects["state"].isin(_OPEN)]
    frame = projects[["gate"]].assign(projects=1)
    covered = [name for name in _COVERED if name in book.tables]
    for name in covered:
        frame[name] = projects["project_id"].isin(book[name]["project_id"])
    how: Mapping[str, str] = {"projects": "sum"} | dict.fromkeys(covered, "mean")
    found: pd.DataFrame = frame.groupby("gate", sort=True).agg(dict(how)).reset_index()
    return found


def _spent(book: Book) -> pd.DataFrame:
    """Set what a project says it has spent against the sum of its actual costs."""
    # What is spent is known of the day of delivery only.
    if book.looks_back or not {"projects", "evm"} <= set(book.tables):
        return pd.DataFrame()
    last = book["evm"].sort_values("month", kind="stable").drop_duplicates("project_id", keep="last")
    both = book["projects"].merge(last, on="project_id").sort_values("project_id", kind="stable")
    if (both["spent_k"] == 0).all():  # nobody has stated what is spent
        return pd.DataFrame()
    return pd.DataFrame({"what": "spent against the sum of actual costs", "subject": both["project_id"],
                         "stated_k": both["spent_k"], "found_k": both["ac_cum_k"]})


def _revenue(book: Book, month: int | None) -> pd.DataFrame:
    """Set what the market table says we sold against orders and subscriptions."""
    sold = {"orders", "subscriptions"} & set(book.tables)
    if month is None or not sold or not {"market", "products"} <= set(book.tables):
        return pd.DataFrame()
    try:
        revenue = monthly_revenue(book, period=month).to_frame()  # type: ignore[arg-type]
    except InputError:
        return pd.DataFrame()
    market = book["market"]
    own = market[market["player"] == "own"].groupby(["category", "month"], as_index=False)["value_k"].sum()
    home = book["products"][["product_id", "category"]]
    # A category with two products cannot be told apart.
    own = own.merge(home[~home["category"].duplicated(keep=False)], on="category")
    both = own.merge(revenue, on=["product_id", "month"])
    sums = both.groupby("product_id", sort=True)[["value_k", "revenue_k"]].sum().reset_index()
    return pd.DataFrame({"what": "our sales in the market table against orders and subscriptions",
                         "subject": sums["product_id"], "stated_k": sums["value_k"], "found_k": sums["revenue_k"]})
