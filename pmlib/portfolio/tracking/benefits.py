"""Benefits that were promised and that came in, the same money of several projects counted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.months import month_text
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.tracking.histories import last_known_month, named_projects
from pmlib.portfolio.tracking.sum_ratios import ratio_of_sums

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MONEY = ["planned_k", "realised_k"]
_OWN = ["claim", "month", "benefit_type"]
_LINK_COLUMNS = ["link_id", "projects", "claimed_k", "counted_k", "too_much_k"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Benefits:
    """Benefits planned and realised by project, type and month; money in thousand of the currency.

    Attributes
    ----------
    projects : DataFrame
        One row per project, the largest shortfall first: project_id, name, overlap_group, first, last (months),
        planned_k, realised_k, gap_k (realised less planned), share (realised by planned). Each as it claims for
        itself: the sum over projects counts shared money more than once.
    types : DataFrame
        benefit_type, planned_k, realised_k, share; shared money counted once.
    months : DataFrame
        month, planned_k, realised_k, planned_cum_k, realised_cum_k; shared money counted once.
    overlaps : DataFrame
        overlap_group, projects, planned_k, realised_k (counted once), too_much_planned_k, too_much_realised_k (what
        adding up the projects would count too often).
    share, low, high : float
        Realised by planned of the portfolio, a ratio of sums, and its 95 % interval.
    n : int
        Claims behind it: projects, each group of shared money as one.
    period : int
    currency : str
    notes : tuple of str
    """

    projects: pd.DataFrame
    types: pd.DataFrame
    months: pd.DataFrame
    overlaps: pd.DataFrame
    share: float
    low: float
    high: float
    n: int
    period: int
    currency: str
    notes: tuple[str, ...]

    @property
    def planned_k(self) -> float:
        """Planned by the last known month, shared money counted once, thousand."""
        return float(self.months["planned_k"].sum())

    @property
    def realised_k(self) -> float:
        """Realised by the last known month, shared money counted once, thousand."""
        return float(self.months["realised_k"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, the largest shortfall first."""
        return self.projects.copy(deep=False)

    def summary(self) -> str:
        """Say what came in of what was promised, how sure the share is, and what a plain sum would count twice."""
        if self.projects.empty:
            return "No benefit was planned or realised by this month."
        span = "" if np.isnan(self.low) else (
            f" (between {100 * self.low:.0f} and {100 * self.high:.0f} % for projects like these, 95 % interval)")
        share = "" if np.isnan(self.share) else f", {100 * self.share:.0f} %{span}"
        first = (f"Of {self.planned_k:,.0f} thousand {self.currency} of benefits promised by "
                 f"{month_text(self.period)}, {self.realised_k:,.0f} came in{share}; {len(self.projects)} "
                 f"project{'s' * (len(self.projects) != 1)}.")
        twice = float(self.overlaps["too_much_realised_k"].sum())
        once = "" if self.overlaps.empty else (
            f" {len(self.overlaps)} group{'s' * (len(self.overlaps) > 1)} of projects claim the same money: adding up "
            f"projects would count {twice:,.0f} realised and {self.overlaps['too_much_planned_k'].sum():,.0f} planned "
            "too much.")
        return " ".join([first + once, *self.notes])

    def headline(self) -> dict[str, str]:
        """Give the share realised, and what a plain sum would count too much."""
        if self.projects.empty or np.isnan(self.share):
            return {"0": "benefits planned by this month"}
        figures = {f"{100 * self.share:.0f} %": f"of {self.planned_k:,.0f} thousand {self.currency} promised came in"}
        return figures if self.overlaps.empty else figures | {
            f"{self.overlaps['too_much_realised_k'].sum():,.0f}": f"thousand {self.currency} a plain sum counts twice"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw planned and realised benefits, summed up by month."""
        from pmlib.plots import tracking

        return tracking.benefits(self.months, ax=ax, currency=self.currency)

    def __repr__(self) -> str:
        share = "no plan" if np.isnan(self.share) else f"{100 * self.share:.0f} % realised"
        return (f"<Benefits: {share}, {self.realised_k:,.0f} of {self.planned_k:,.0f} thousand {self.currency}; "
                f"{len(self.overlaps)} claimed more than once>")


def track_benefits(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> Benefits:
    """Say what came in of the benefits promised, by project, type and month, shared money counted once.

    Projects of one overlap_group claim the same money: of each month and type the largest plan and the largest income
    among them count. A project that is not in projects counts too, and is named.

    Parameters
    ----------
    tables : mapping of table name to frame
        benefits; projects for names, workbook for month and currency.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; later months are left out.

    Raises
    ------
    MissingTableError, SchemaError
        benefits is missing or breaks its definition.
    ParameterError
        The period is no month.

    References
    ----------
    Ward & Daniel (2012), Benefits Management, on claims that overlap.

    Examples
    --------
    >>> tables = {"benefits": pd.DataFrame({"project_id": ["P1", "P2"], "month": "2025-01", "planned_k": 10.0,
    ...                                     "realised_k": 8.0, "overlap_group": "same calls"})}
    >>> track_benefits(tables)
    <Benefits: 80 % realised, 8 of 10 thousand EUR; 1 claimed more than once>
    """
    given = {name: tables[name] for name in ("benefits", "workbook") if tables.get(name) is not None}
    known = checked(given, also=("benefits",))
    if known.get("benefits") is None:
        raise MissingTableError("benefits: missing. Add benefits.csv with project_id, month, planned_k, realised_k.")
    month = last_known_month(known, period, of="benefits")
    rows = known["benefits"][known["benefits"]["month"] <= month]
    claim = rows["overlap_group"].where(rows["overlap_group"] != "", "project " + rows["project_id"])
    rows = rows.assign(claim=claim)
    # Of one month and type the money of a group is there once: the largest claim.
    once = rows.groupby(_OWN, as_index=False)[_MONEY].max()
    units = once.groupby("claim")[_MONEY].sum()
    share, low, high, n = ratio_of_sums(units["realised_k"].to_numpy(), units["planned_k"].to_numpy())
    months = once.groupby("month", as_index=False)[_MONEY].sum()
    plan = tables.get("projects")
    projects, notes = _projects(rows, None if plan is None else checked(tables)["projects"])
    return Benefits(
        projects=projects, types=_with_share(once.groupby("benefit_type", as_index=False)[_MONEY].sum()),
        months=months.assign(planned_cum_k=months["planned_k"].cumsum(), realised_cum_k=months["realised_k"].cumsum()),
        overlaps=_overlaps(rows, units), share=share, low=low, high=high, n=n, period=month,
        currency=currency_of(known), notes=notes)


def _with_share(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(share=sums["realised_k"] / sums["planned_k"].where(sums["planned_k"] > 0))


def _projects(rows: pd.DataFrame, plan: pd.DataFrame | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    grouped = rows.groupby("project_id")
    frame = grouped.agg(overlap_group=("overlap_group", "max"), first=("month", "min"), last=("month", "max"),
                        planned_k=("planned_k", "sum"), realised_k=("realised_k", "sum")).reset_index()
    called = {} if plan is None else named_projects(plan).set_index("project_id")["name"].to_dict()
    frame.insert(1, "name", [str(called.get(name, name)) for name in frame["project_id"]])
    frame = _with_share(frame.assign(gap_k=frame["realised_k"] - frame["planned_k"]))
    strange = [] if plan is None else sorted(set(frame["project_id"]) - set(called))
    notes = (f"Counted although not in projects: {', '.join(strange)}.",) if strange else ()
    return frame.sort_values(["gap_k", "project_id"]).reset_index(drop=True), notes


def _overlaps(rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Find projects that claim the same money, and what a plain sum counts too often."""
    shared = rows[rows["overlap_group"] != ""]
    grouped = shared.groupby("overlap_group")
    frame = grouped[_MONEY].sum().assign(n=grouped["project_id"].nunique(),
                                         projects=grouped["project_id"].agg(lambda ids: ", ".join(sorted(set(ids)))))
    frame = frame[frame["n"] > 1]
    counted = units.reindex(frame.index)
    frame = pd.DataFrame({"projects": frame["projects"], "planned_k": counted["planned_k"],
                          "realised_k": counted["realised_k"],
                          "too_much_planned_k": frame["planned_k"] - counted["planned_k"],
                          "too_much_realised_k": frame["realised_k"] - counted["realised_k"]})
    return frame.rename_axis("overlap_group").reset_index()


def claimed_twice(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List benefits that several projects promise to bring: what adding up their cases counts too often.

    Parameters
    ----------
    tables : mapping of table name to frame
        links, of type overlap: amount_k is what each member claims of the same money.

    Returns
    -------
    DataFrame
        link_id, projects, claimed_k (added up), counted_k (the largest claim, which is all there is), too_much_k; the
        largest excess first; empty without links.

    Raises
    ------
    SchemaError
        A table breaks its definition.

    Examples
    --------
    >>> links = pd.DataFrame({"link_id": "L1", "member_id": ["P1", "P2"], "type": "overlap", "role": "member",
    ...                       "amount_k": [70.0, 50.0]})
    >>> claimed_twice({"links": links})["too_much_k"].tolist()
    [50.0]
    """
    links = checked(tables).get("links")
    if links is None:
        return pd.DataFrame({name: pd.Series([], dtype=str if name in _LINK_COLUMNS[:2] else float)
                             for name in _LINK_COLUMNS})
    grouped = links[links["type"] == "overlap"].groupby("link_id")
    frame = grouped["amount_k"].agg(claimed_k="sum", counted_k="max").reset_index()
    frame.insert(1, "projects", grouped["member_id"].agg(lambda ids: ", ".join(sorted(ids))).to_numpy(dtype=str))
    frame = frame.assign(too_much_k=frame["claimed_k"] - frame["counted_k"])
    return frame.sort_values(["too_much_k", "link_id"], ascending=[False, True]).reset_index(drop=True)
