"""What each project is worth in money if it goes on: net present value, with the figures that describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, MissingTableError, ParameterError, SchemaError
from pmlib.scoring.additive import TO_DECIDE
from pmlib.scoring.inputs import (
    LARGEST_AMOUNT,
    currency_of,
    first_year,
    listed,
    number,
    read_table,
    refuse_duplicates,
    shown,
)
from pmlib.scoring.money.finance import FloatArray, Timing, discount_curve, net_present_value, payback
from pmlib.scoring.money.rates_of_return import RatesOfReturn, internal_rates_of_return, modified_rate_of_return

#: Swanson's weights of p10, p50 and p90 for a mean (Hurst, Brown & Swanson 2000).
_SWANSON = np.array([0.3, 0.4, 0.3])
# What may be lost to rounding, as a share of the money moved: in a whole table, and in one cell.
_ROUNDING, _LEFT_OVER = 1e-9, 1e-12

_MONEY = ["npv_k", "npv_success_k", "pv_benefit_k", "pv_cost_k"]
_DESCRIBING = ["profitability_index", "irr", "n_irr", "mirr", "payback_years", "discounted_payback_years"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Appraisal:
    """The money of every project to decide, seen from now.

    Attributes
    ----------
    table : DataFrame
        One row per project, highest ``npv_k`` first, those without flows last: project_id, name, npv_k (expected),
        npv_success_k (given success), pv_benefit_k (expected), pv_cost_k, p_success (0-1), profitability_index
        (pv_benefit_k / pv_cost_k, infinite without cost), irr (share a year; NaN unless there is just one, as for an
        investment), n_irr, mirr (share a year), payback_years and discounted_payback_years (from now; infinite when
        the expected money never comes back).
    flows : DataFrame of shape (n_projects_with_flows, n_years)
        Expected net flow by project_id and calendar year, thousands.
    factors : Series of shape (n_years,), index calendar year
        Discount factors, mid-year.
    rate : float or Series
        Discount rate, share a year.
    currency : str
        Currency of the money columns, in thousands.
    notes : tuple of str
        What is missing or may mislead.
    """

    table: pd.DataFrame
    flows: pd.DataFrame
    factors: pd.Series
    rate: float | pd.Series
    currency: str
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, highest net present value first."""
        return self.table.copy(deep=False)

    def rates_of_return(self, project_id: str) -> RatesOfReturn:
        """Find every internal rate of return of a project's expected flows.

        Raises
        ------
        ParameterError
            The project has no flows here.
        """
        if not isinstance(project_id, str) or project_id not in self.flows.index:
            known = listed(self.flows.index.to_series())
            raise ParameterError(f"project_id: got {shown(project_id)}, allowed a project with flows to decide "
                                 f"({known}). Correct the id or add its cash_flows.")
        return internal_rates_of_return(self.flows.T[project_id])

    def summary(self) -> str:
        """Say what the projects are worth together, how many lose money, and what to know before using it."""
        known = self._known()
        best, losing = known.iloc[0], known[known["npv_k"] < 0]
        text = (
            f"The {len(known)} projects with flows from {self.factors.index[0]} on are worth "
            f"{known['npv_k'].sum():,.0f} thousand {self.currency} together (expected net present value at "
            f"{self._rate_text()}, mid-year), {known['npv_success_k'].sum():,.0f} if all succeed. "
            f"{best['project_id']} {best['name']} brings most, {best['npv_k']:,.0f}; "
            f"{len(losing)} cost more than they bring, {-losing['npv_k'].sum():,.0f} together."
        )
        return " ".join([text, *self.notes])

    def headline(self) -> dict[str, str]:
        """Give the worth of all projects, of the best, and how many lose money."""
        known = self._known()
        best = known.iloc[0]
        return {
            f"{known['npv_k'].sum():,.0f} k": f"{self.currency} expected net present value of {len(known)} projects",
            f"{best['npv_k']:,.0f} k": f"{self.currency} of it from {best['project_id']} {best['name']}",
            f"{int((known['npv_k'] < 0).sum())} of {len(known)}": "projects cost more than they are expected to bring",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        known = self._known()
        return (f"<Appraisal: {len(known)} projects, net present value {known['npv_k'].sum():,.0f} k{self.currency} at "
                f"{self._rate_text()}; first {known['project_id'].iloc[0]}>")

    def check(self) -> str:
        """Value the flows again, another way: all projects' flows of a year at once.

        Raises
        ------
        CheckError
            The values do not add up, or an internal rate of return does not bring the value to 0.
        """
        known, total = self._known(), float(self.flows.sum().to_numpy() @ self.factors.to_numpy())
        scale = _ROUNDING * max(1.0, float(known["pv_benefit_k"].abs().sum() + known["pv_cost_k"].sum()))
        gap = max(abs(known["npv_k"].sum() - total),
                  (known["pv_benefit_k"] - known["pv_cost_k"] - known["npv_k"]).abs().max())
        left = [self._left(project, rate) for project, rate in zip(known["project_id"], known["irr"], strict=True)
                if not np.isnan(rate)]
        if gap > scale or max(left, default=0.0) > _ROUNDING:
            raise CheckError(f"appraisal: values differ by up to {gap:.3g} thousand, allowed {scale:.3g}; at the rates "
                             f"of return {max(left, default=0.0):.3g} of the money is left, allowed {_ROUNDING:g}. "
                             "Appraise again from the tables.")
        return (f"Net present values of {len(known)} projects add up to {total:,.1f} thousand {self.currency}; "
                f"{len(left)} rates of return bring it to 0.")

    def _known(self) -> pd.DataFrame:
        return self.table[self.table["npv_k"].notna()]

    def _left(self, project_id: str, rate: float) -> float:
        """Net present value at a rate, as a share of the money moved."""
        flows = self.flows.T[project_id]
        return abs(net_present_value(flows, rate=rate)) / net_present_value(flows.abs(), rate=rate)

    def _rate_text(self) -> str:
        return "rates by year" if isinstance(self.rate, pd.Series) else f"{100 * self.rate:g} %"


def appraise(tables: Mapping[str, Any], *, rate: float | pd.Series = 0.08) -> Appraisal:
    """Appraise the money of each project still to decide, if it goes on (or starts).

    Net present value decides: it is money of today, adds up over projects, knows their size and has one answer. The
    others only describe. An internal rate of return is a share without size, so a small quick project beats a large
    good one; it ignores what capital costs in which year, and there may be several or none. Payback ignores what
    comes after it. The profitability index helps where one budget binds, not between projects that exclude each other.

    Only ``cash_flows`` count, from the year of the month after the workbook's ``as_of`` on (all years without a
    date), at the middle of their year, seen from the start of the first. Money spent (``spent_k``) is sunk and never
    enters; what a stop would cost or bring in is not counted either. The cost is spent whether or not the project
    succeeds; the benefit comes with the mean chance of success of the newest estimate, for sure without one.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``projects`` (proposed, running or held) and ``cash_flows``; ``estimates`` and ``workbook`` where they are.
    rate : float, or Series by calendar year
        Discount rate, share a year, above -1 and at most 1; a Series holds forward rates (see `discount_curve`).

    Returns
    -------
    Appraisal

    Raises
    ------
    MissingTableError
        ``projects`` or ``cash_flows`` is absent, or no project to decide has flows still to come.
    ParameterError
        The rate is out of bounds or lacks a year.
    SchemaError
        A table breaks its definition.

    References
    ----------
    Brealey, Myers & Allen (2020), Principles of Corporate Finance, 13th ed., ch. 5: why net present value.

    Examples
    --------
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["A"], "name": ["Atlas"], "state": ["proposed"], "bac_k": [100.0]}),
    ...     "cash_flows": pd.DataFrame({"project_id": ["A", "A"], "year": [2026, 2027], "cost_k": [100.0, 0.0],
    ...                                 "benefit_k": [0.0, 150.0]})}
    >>> appraise(tables, rate=0.25).to_frame()[["npv_k", "irr", "profitability_index"]].round(2)
       npv_k  irr  profitability_index
    0  17.89  0.5                  1.2
    """
    _refuse_percentages(rate)
    rate = rate if isinstance(rate, pd.Series) else float(rate)
    projects = read_table(tables, "projects", columns=("project_id", "name", "state"))
    refuse_duplicates(projects["project_id"], table="projects", column="project_id")
    projects = projects[projects["state"].isin(TO_DECIDE)].reset_index(drop=True)
    cost, benefit = _by_year(tables, projects["project_id"])
    chance = _chances(tables).reindex(cost.index)
    weight = chance.fillna(1.0)
    expected = benefit.mul(weight, axis=0)
    # What rounding leaves of two equal sums is no flow: it would have a rate of return of its own.
    flows = (expected - cost).where((expected - cost).abs() > _LEFT_OVER * (expected.abs() + cost), 0.0)
    factors = discount_curve(cost.columns, rate=rate, timing=Timing.MID)
    money = pd.DataFrame({"npv_k": flows @ factors, "npv_success_k": (benefit - cost) @ factors,
                          "pv_benefit_k": (benefit @ factors) * weight, "pv_cost_k": cost @ factors,
                          "p_success": weight})
    figures = money.join(pd.DataFrame([_described(row, rate) for _, row in flows.iterrows()], index=flows.index))
    figures["profitability_index"] = _ratios(figures["pv_benefit_k"], figures["pv_cost_k"])
    table = projects[["project_id"]].assign(name=projects["name"].fillna(projects["project_id"]))
    table = table.join(figures[[*_MONEY, "p_success", *_DESCRIBING]], on="project_id")
    table = table.sort_values(["npv_k", "project_id"], ascending=[False, True], ignore_index=True)
    return Appraisal(
        table=table.astype({"n_irr": "Int64"}), flows=flows, factors=factors, rate=rate, currency=currency_of(tables),
        notes=_notes(tables, table, chance=chance, benefit=benefit),
    )


def _refuse_percentages(rate: float | pd.Series) -> None:
    rates = rate.to_list() if isinstance(rate, pd.Series) else [rate]
    wrong = [one for one in rates if not -1 < number(one) <= 1]
    if wrong:
        raise ParameterError(f"rate: got {shown(wrong[0])}, allowed above -1 and at most 1. Write 8 % as 0.08.")


def _by_year(tables: Mapping[str, Any], ids: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cost and benefit still to come as project_id x calendar year, every year from the first to the last."""
    flows = read_table(tables, "cash_flows", columns=("project_id", "year", "cost_k", "benefit_k"))
    _refuse_bad_cells(flows)
    start = first_year(tables)
    ahead = flows[flows["project_id"].isin(ids) & (flows["year"] >= (-np.inf if start is None else start))]
    if ahead.empty:
        when = "" if start is None else f" from {start} on"
        raise MissingTableError(f"cash_flows: no row of a project that is {', '.join(TO_DECIDE)}{when}, needed 1 or "
                                "more. Add the years still to come.")
    first = int(ahead["year"].min()) if start is None else start
    years = pd.RangeIndex(first, int(ahead["year"].max()) + 1, name="year")
    ahead = ahead.astype({"year": "int64"})
    cost = ahead.pivot(index="project_id", columns="year", values="cost_k").reindex(columns=years).fillna(0.0)
    benefit = ahead.pivot(index="project_id", columns="year", values="benefit_k").reindex(columns=years).fillna(0.0)
    return cost, benefit


def _refuse_bad_cells(flows: pd.DataFrame) -> None:
    ok = {"year": (flows["year"] % 1 == 0) & flows["year"].between(1900, 2999),
          "cost_k": flows["cost_k"].between(0, LARGEST_AMOUNT), "benefit_k": flows["benefit_k"].abs() <= LARGEST_AMOUNT}
    allowed = {"year": "a calendar year", "cost_k": "0 or more thousands", "benefit_k": "thousands"}
    for column, good in ok.items():
        if not good.all():
            row = flows[~good].iloc[0]
            raise SchemaError(f"cash_flows: {column} of {row['project_id']} is {row[column]}, allowed "
                              f"{allowed[column]}. Correct the row; write 0 for none.")
    twice = flows[flows.duplicated(["project_id", "year"])]
    if len(twice):
        row = twice.iloc[0]
        raise SchemaError(f"cash_flows: {row['project_id']} has several rows for {row['year']:.0f}, allowed 1. Add "
                          "them up.")


def _chances(tables: Mapping[str, Any]) -> pd.Series:
    """Return the mean chance of success by project_id, of the newest estimate."""
    if "estimates" not in tables:
        return pd.Series(dtype="float64")
    columns = ("project_id", "as_of", "quantity", "p10", "p50", "p90")
    frame = read_table(tables, "estimates", columns=columns)
    frame = frame[frame["quantity"] == "p_success"].sort_values("as_of", kind="stable")
    frame = frame.drop_duplicates("project_id", keep="last").set_index("project_id")
    mean = pd.Series(frame[["p10", "p50", "p90"]].to_numpy(dtype=float) @ _SWANSON, index=frame.index)
    wrong = mean[(mean < 0) | (mean > 1 + _ROUNDING)]
    if len(wrong):
        raise SchemaError(f"estimates: p_success of {wrong.index[0]} has the mean {wrong.iloc[0]:g}, allowed 0 to 1. "
                          "Write 80 % as 0.8.")
    return mean.clip(upper=1.0)


def _described(flows: pd.Series, rate: float | pd.Series) -> dict[str, float]:
    """Return what describes one project's expected flows by calendar year."""
    found = internal_rates_of_return(flows)
    moved = np.flatnonzero(flows.to_numpy())
    life = flows.iloc[moved[0] : moved[-1] + 1] if len(moved) else flows
    return {"irr": found.only, "n_irr": len(found.rates), "mirr": modified_rate_of_return(life, finance_rate=rate),
            "payback_years": payback(flows, timing=Timing.MID),
            "discounted_payback_years": payback(flows, rate=rate, timing=Timing.MID)}


def _ratios(benefit: pd.Series, cost: pd.Series) -> FloatArray:
    gain, spent = benefit.to_numpy(dtype=float), cost.to_numpy(dtype=float)
    free = np.where(gain > 0, np.inf, np.nan)
    return np.asarray(np.divide(gain, spent, out=free, where=spent > 0))


def _notes(
    tables: Mapping[str, Any], table: pd.DataFrame, *, chance: pd.Series, benefit: pd.DataFrame
) -> tuple[str, ...]:
    def told(ids: pd.Series | pd.Index, text: str) -> list[str]:
        return [f"{listed(pd.Series(ids))}: {text}"] if len(ids) else []

    known = table[table["npv_k"].notna()]
    notes = [
        *told(table.loc[table["npv_k"].isna(), "project_id"], "no cash flows still to come, so no figure."),
        *told(chance.index[chance.isna()], "no chance of success estimated, taken as certain."),
        *told(benefit.index[(benefit == 0).all(axis=1)], "cost without any benefit in cash_flows."),
        *told(known.loc[known["n_irr"] > 1, "project_id"], "several internal rates of return, so none is quoted."),
    ]
    if "estimates" in tables:
        quantity = read_table(tables, "estimates", columns=("quantity",))["quantity"]
        if (quantity == "benefit_pv_k").any():
            notes.append("A plan takes benefit and cost to complete, the latter not discounted, from estimates where "
                         "they are and from cash_flows elsewhere, so the value it maximises differs.")
    return tuple(notes)
