"""What became of the closed projects, those stopped on the way included: success, cost and time against plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.months import LAST_MONTH
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.tracking.histories import (
    CENT_K,
    FINISHED,
    IN_PROGRESS,
    last_known_month,
    named_projects,
    read_histories,
)
from pmlib.portfolio.tracking.sum_ratios import ratio_of_sums, share_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITH, WITHOUT = "all closed", "without the stopped"
RATES = {"succeeded": "success", "and within budget": "cost_ratio", "and in time": "time_ratio"}
_QUANTITIES = ("cost_k", "months", "p_success")


@dataclass(frozen=True, eq=False, kw_only=True)
class Cohort:
    """Closed projects as one cohort, and what leaving the stopped ones out would make of it.

    Attributes
    ----------
    projects : DataFrame
        One row per closed project: project_id, name, state (done, stopped), closed (month; missing: not known),
        success (1, 0), bac_k, spent_k, cost_ratio, planned_months, took_months, time_ratio.
    rates : DataFrame
        what (succeeded, and within budget, and in time), cohort (all closed, without the stopped), count, n, share
        (0-1), low, high (95 % interval, Wilson). What did not succeed was neither within budget nor in time.
    ratios : DataFrame
        what (cost, time), cohort, planned, actual, ratio (of sums), low, high (95 % interval), n.
    currency : str
    notes : tuple of str
    """

    projects: pd.DataFrame
    rates: pd.DataFrame
    ratios: pd.DataFrame
    currency: str
    notes: tuple[str, ...]

    def rate(self, what: str = "succeeded", *, cohort: str = WITH) -> dict[Any, Any]:
        """Return one row of ``rates``."""
        return _row(self.rates, what, cohort)

    @property
    def bias_pp(self) -> float:
        """Points by which the success rate looks better when the stopped are left out."""
        return 100.0 * float(self.rate(cohort=WITHOUT)["share"] - self.rate()["share"])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per closed project."""
        return self.projects.copy(deep=False)

    def summary(self) -> str:
        """Say how many closed projects succeeded, what leaving out the stopped hides, and cost and time by plan."""
        if self.projects.empty:
            return "No project was closed by this month: there is no cohort to learn from."
        row, kept = self.rate(), self.rate(cohort=WITHOUT)
        first = (f"{row['count']:.0f} of {row['n']:.0f} closed projects succeeded ({_percent(row)}). ")
        hidden = "None of them was stopped." if kept["n"] == row["n"] else (
            f"Without the {row['n'] - kept['n']:.0f} stopped it would look like {100 * kept['share']:.0f} %, "
            f"{self.bias_pp:+.0f} points." if kept["n"] else "All of them were stopped.")
        return " ".join([f"{first}{hidden}", *self._against_plan(), *self.notes])

    def _against_plan(self) -> list[str]:
        """Money spent counts whoever spent it; a project that was stopped took no time to its end."""
        cost, time = _row(self.ratios, "cost", WITH), _row(self.ratios, "time", WITHOUT)
        said = []
        if cost["n"]:
            said.append(f"All together they cost {cost['ratio']:.2f} of their budgets (n = {cost['n']:.0f}).")
        if time["n"]:
            said.append(f"The completed took {time['ratio']:.2f} of their planned time (n = {time['n']:.0f}).")
        return said

    def headline(self) -> dict[str, str]:
        """Give the success rate with the stopped, and without."""
        if self.projects.empty:
            return {"0": "closed projects"}
        row, kept = self.rate(), self.rate(cohort=WITHOUT)
        figures = {f"{100 * row['share']:.0f} %": f"of {row['n']:.0f} closed projects succeeded, the stopped counted"}
        return figures if not kept["n"] or kept["n"] == row["n"] else figures | {
            f"{100 * kept['share']:.0f} % ": "it would seem, were the stopped left out"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the shares that succeeded, held their budget and their time, with and without the stopped."""
        from pmlib.plots import tracking

        return tracking.cohort(self.rates, ax=ax)

    def __repr__(self) -> str:
        if self.projects.empty:
            return "<Cohort: no project closed>"
        row = self.rate()
        return (f"<Cohort: {row['count']:.0f} of {row['n']:.0f} closed projects succeeded, "
                f"{(self.projects['state'] == 'stopped').sum()} stopped>")


def _row(frame: pd.DataFrame, what: str, cohort: str) -> dict[Any, Any]:
    return frame[(frame["what"] == what) & (frame["cohort"] == cohort)].to_dict("records")[0]


def _percent(row: Mapping[Any, Any]) -> str:
    return f"{100 * row['share']:.0f} %, 95 % interval {100 * row['low']:.0f} to {100 * row['high']:.0f}"


def closed_projects(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> Cohort:
    """Say how many of the closed projects succeeded and what they cost and took, the stopped ones counted.

    A project succeeded when past_forecasts says so (p_success with outcome 1); without an outcome, when it is done and
    not stopped. Cost is spent_k against bac_k, time the outcome in past_forecasts, or else the months until evm shows
    all earned, against planned_months.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects; past_forecasts and evm where there are any.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month: projects that closed later, as far as known, are left out.

    Raises
    ------
    MissingTableError, SchemaError
        projects is missing or a table breaks its definition.
    ParameterError
        The period is no month.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22: intervals of shares. Elton, Gruber & Blake
    (1996), Review of Financial Studies 9, on leaving out what did not survive.

    Examples
    --------
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1", "P2"], "state": ["done", "stopped"], "bac_k": 100.0,
    ...                                     "spent_k": [120.0, 60.0]})}
    >>> cohort = closed_projects(tables)
    >>> cohort
    <Cohort: 1 of 2 closed projects succeeded, 1 stopped>
    >>> cohort.bias_pp
    50.0
    """
    known = checked(tables)
    if known.get("projects") is None:
        raise MissingTableError("projects: missing. The cohort is read from it; add projects.csv with project_id, "
                                "state, bac_k, spent_k.")
    month = last_known_month(known, period, of="evm") or LAST_MONTH
    frame, unlisted = _outcomes(tables, known["projects"], month)
    frame = frame[~(frame["closed"] > month).fillna(value=False)
                  & ~(frame["start_month"] > month).fillna(value=False)]
    columns = ["project_id", "name", "state", "closed", "success", "bac_k", "spent_k", "cost_ratio", "planned_months",
               "took_months", "time_ratio"]
    frame = frame[columns].reset_index(drop=True)
    notes = (f"Not counted, since not in projects: {', '.join(unlisted)}.",) if unlisted else ()
    return Cohort(projects=frame, rates=_rates(frame), ratios=_ratios(frame), currency=currency_of(known), notes=notes)


def _outcomes(
    tables: Mapping[str, pd.DataFrame], projects: pd.DataFrame, month: int,
) -> tuple[pd.DataFrame, list[str]]:
    """Join closed projects with what came true of them; and name those with outcomes that projects does not have."""
    plan = named_projects(projects[projects["state"].isin(["done", "stopped"])])
    plan = plan.sort_values("project_id", kind="stable")
    past = pd.DataFrame(index=pd.Index([], dtype=str), columns=[*_QUANTITIES, "closed"], dtype=float)
    if tables.get("past_forecasts") is not None:
        past = _past(checked({"past_forecasts": tables["past_forecasts"]}, also=("past_forecasts",))["past_forecasts"])
    ended = _ended(tables, month)
    known = past.reindex(plan["project_id"]).set_axis(plan.index)
    frame = pd.concat([plan, known.astype(float)], axis=1)
    frame = frame[~frame["project_id"].isin(ended.index[ended["going"] == 1])]
    own = ended.reindex(frame["project_id"]).set_axis(frame.index)
    took, closed = frame["months"].fillna(own["took"]), frame["closed"].fillna(own["finish"])
    success = frame["p_success"].fillna((frame["state"] == "done").astype(float))
    spent = frame["spent_k"].where(frame["spent_k"] > 0, frame["cost_k"])
    length = frame["planned_months"].astype(float)
    frame = frame.assign(success=success, took_months=took, closed=closed.astype("Int64"), spent_k=spent,
                         planned_months=length, cost_ratio=spent / frame["bac_k"].where(frame["bac_k"] > 0),
                         time_ratio=took / length.where(length > 0))
    return frame, sorted(set(past.index) - set(projects["project_id"]))


def _past(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Outcomes by project: one column per quantity, and the month in which the last one was known."""
    known = forecasts[forecasts["outcome"].notna()].sort_values("made_on", kind="stable")
    wide = known.drop_duplicates(["project_id", "quantity"], keep="last").pivot(
        index="project_id", columns="quantity", values="outcome").reindex(columns=list(_QUANTITIES))
    days = known[known["outcome_on"].notna()].groupby("project_id")["outcome_on"].max()
    return wide.assign(closed=(days.dt.year * 12 + days.dt.month).reindex(wide.index).astype(float))


def _ended(tables: Mapping[str, pd.DataFrame], month: int) -> pd.DataFrame:
    """Months that projects took until all was earned, the month in which it was, and who was still at it."""
    if tables.get("evm") is None:
        return pd.DataFrame({"took": [], "finish": [], "going": []}, index=pd.Index([], dtype=str))
    histories = read_histories(tables, period=month)
    plan = histories.projects.set_index("project_id")[["begin", "bac_k", "stage"]]
    rows = histories.rows.join(plan[plan["stage"] == FINISHED], on="project_id", how="inner")
    rows = rows[rows["ev_cum_k"] >= rows["bac_k"] - CENT_K].drop_duplicates("project_id").set_index("project_id")
    ends = pd.DataFrame({"took": rows["month"] - rows["begin"] + 1, "finish": rows["month"]}, dtype=float)
    return ends.reindex(plan.index).assign(going=plan["stage"] == IN_PROGRESS)


def _parts(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {WITH: frame, WITHOUT: frame[frame["state"] != "stopped"]}


def _rates(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for what, column in RATES.items():
        for cohort, part in _parts(frame).items():
            success = part["success"] == 1
            known = part[~success | part[column].notna()]
            hits = int((success & ((part[column] <= 1) | (column == "success"))).sum())
            rows.append((what, cohort, hits, len(known), *share_of(hits, len(known))))
    return pd.DataFrame(rows, columns=["what", "cohort", "count", "n", "share", "low", "high"])


def _ratios(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for what, actual, planned in (("cost", "spent_k", "bac_k"), ("time", "took_months", "planned_months")):
        for cohort, part in _parts(frame).items():
            both = part[[actual, planned]].astype(float).dropna()
            both = both[both[planned] > 0]
            rows.append((what, cohort, both[planned].sum(), both[actual].sum(),
                         *ratio_of_sums(both[actual].to_numpy(), both[planned].to_numpy())))
    return pd.DataFrame(rows, columns=["what", "cohort", "planned", "actual", "ratio", "low", "high", "n"])
