"""Colours against figures: what projects report of themselves beside what a declared rule makes of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import month_name
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.tracking.earned_schedule import EarnedSchedule, schedule_of
from pmlib.portfolio.tracking.earned_value import index_text
from pmlib.portfolio.tracking.histories import IN_PROGRESS, Histories, read_histories

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("green", "amber", "red")
_NAMED = 5
_ALL_PCT = 100.0
_COLUMNS = ["project_id", "name", "month", "reported", "computed", "index", "weakest", "cpi", "spi_t", "hidden_months",
            "hidden_since", "reported_pct", "milestone_pct", "earned_pct", "ahead_of_work_pp", "near_done_months",
            "watermelon", "stuck", "says"]


@dataclass(frozen=True, kw_only=True)
class StatusRule:
    """What colour the figures of a project have, and when it is stuck.

    Attributes
    ----------
    green, amber : float
        The weaker of CPI and SPI(t) from which on a project is green or amber; below it is red.
    near_done_pct, within_pp : float
        Reports of at least so much, that moved by no more than so many points, count as nearly done.
    stuck_months : int
        From so many months nearly done on a project may be stuck.
    ahead_pp : float
        It is, when its report is also so many points ahead of both milestones reached and value earned.

    Raises
    ------
    ParameterError
        Thresholds are out of order or out of range.
    """

    green: float = 0.90
    amber: float = 0.80
    near_done_pct: float = 80.0
    within_pp: float = 5.0
    stuck_months: int = 3
    ahead_pp: float = 10.0

    def __post_init__(self) -> None:
        """Refuse thresholds that cannot be."""
        if not 0.0 < self.amber <= self.green < np.inf:
            raise ParameterError(f"rule: got green {self.green:g} and amber {self.amber:g}, allowed 0 < amber <= "
                                 "green. Pass, say, StatusRule(green=0.95, amber=0.85).")
        if not (0.0 <= self.near_done_pct <= _ALL_PCT and self.within_pp >= 0.0 and self.ahead_pp >= 0.0
                and self.stuck_months >= 1):
            raise ParameterError(f"rule: got {self}, allowed near_done_pct 0-100, within_pp and ahead_pp 0 or more, "
                                 "stuck_months 1 or more. Correct it.")

    def colour(self, index: pd.Series) -> pd.Series:
        """Colour of an index; empty where it is not known."""
        colours = np.select([index.isna(), index >= self.green, index >= self.amber], ["", *COLOURS[:2]], COLOURS[2])
        return pd.Series(colours, index=index.index, dtype=str)

    def __str__(self) -> str:
        return f"green from {self.green:g}, amber from {self.amber:g}, below red, by the weaker of CPI and SPI(t)"


@dataclass(frozen=True, eq=False, kw_only=True)
class StatusCheck:
    """Reported colours beside computed ones, and who is nearly done for too long.

    Attributes
    ----------
    projects : DataFrame
        One row per project in progress: project_id, name, month (of its last row), reported, computed (green, amber,
        red; empty: not known), index (the weaker of cpi and spi_t), weakest (cost, time), cpi, spi_t, hidden_months
        (months in a row, up to the last, reported green while the figures were not), hidden_since (month),
        reported_pct, milestone_pct (weight of milestones reached), earned_pct (earned value by budget),
        ahead_of_work_pp (report less the larger of the two), near_done_months, watermelon (reported green, computed
        amber or red), stuck, says (a sentence).
    months : DataFrame
        project_id, month, reported, computed, for every row of evm of the projects in progress.
    rule : StatusRule
    """

    projects: pd.DataFrame
    months: pd.DataFrame
    rule: StatusRule = field(default_factory=StatusRule)

    @property
    def watermelons(self) -> pd.DataFrame:
        """Projects that report green while their figures are amber or red, the weakest first."""
        mine = self.projects[self.projects["watermelon"]]
        return mine.sort_values(["index", "project_id"]).reset_index(drop=True)

    @property
    def stuck(self) -> pd.DataFrame:
        """Projects that have been nearly done for months while the work says otherwise, the furthest off first."""
        mine = self.projects[self.projects["stuck"]]
        return mine.sort_values(["ahead_of_work_pp", "project_id"], ascending=[False, True]).reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project in progress."""
        return self.projects.copy(deep=False)

    def counts(self) -> pd.DataFrame:
        """Count projects by reported (rows) and computed (columns) colour."""
        said = self.projects["reported"].replace("", "none")
        table = pd.crosstab(said, self.projects["computed"].replace("", "none"))
        return table.reindex(index=[*COLOURS, "none"], columns=[*COLOURS, "none"], fill_value=0)

    def summary(self) -> str:
        """Name the projects that report green and are not, and those that are stuck."""
        if self.projects.empty:
            return "No project in progress has earned value by this month."
        said, melons, stuck = int((self.projects["reported"] != "").sum()), self.watermelons, self.stuck
        if not said:
            return "No project reports a status: fill status_reported in evm to compare it with the figures."
        green = int((self.projects["reported"] == "green").sum())
        first = f"{green} of {said} projects that report a status report green ({self.rule})"
        hidden = f"{len(melons)} of them {'is' if len(melons) == 1 else 'are'} not by the figures: {_named(melons)}." \
            if len(melons) else "the figures agree with all of them."
        held = "" if stuck.empty else f" Nearly done for months while the work is not: {_named(stuck)}."
        return f"{first}; {hidden}{held}"

    def headline(self) -> dict[str, str]:
        """Give the watermelons and those stuck, by name."""
        melons, stuck = self.watermelons, self.stuck
        said = f"reported green, by the figures not: {_named(melons)}" if len(melons) else \
            "no project reports green against its figures"
        figures = {f"{len(melons)} watermelon{'s' * (len(melons) != 1)}": said}
        return figures if stuck.empty else figures | {f"{len(stuck)} stuck": f"nearly done for months: {_named(stuck)}"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw reported against computed colours, project by project."""
        from pmlib.plots import tracking

        return tracking.colours(self.projects, ax=ax, green=self.rule.green, amber=self.rule.amber)

    def __repr__(self) -> str:
        return (f"<StatusCheck: {len(self.projects)} in progress; watermelons: {_named(self.watermelons) or 'none'}; "
                f"stuck: {_named(self.stuck) or 'none'}>")


def _named(frame: pd.DataFrame) -> str:
    more = f" and {len(frame) - _NAMED} more" if len(frame) > _NAMED else ""
    return ", ".join(frame["project_id"].head(_NAMED)) + more


def compare_status(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, rule: StatusRule | None = None,
) -> StatusCheck:
    """Say who reports green while the figures are amber or red, for how long, and who is always nearly done.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, evm (status_reported, pct_complete_reported) and milestones.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; milestones reached later are not yet.
    rule : StatusRule, optional
        Thresholds; by default green up to 10 % off plan, amber up to 20 %.

    Raises
    ------
    MissingTableError, SchemaError
        projects or evm is missing or a table breaks its definition.
    ParameterError
        The period is no month, or the rule no StatusRule.

    References
    ----------
    The 90 % syndrome: Abdel-Hamid (1988), IEEE Software 5(4).

    Examples
    --------
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0}),
    ...           "evm": pd.DataFrame({"project_id": ["P1"], "month": "2025-03", "pv_cum_k": 50.0, "ev_cum_k": 30.0,
    ...                                "ac_cum_k": 50.0, "status_reported": "green"})}
    >>> compare_status(tables)
    <StatusCheck: 1 in progress; watermelons: P1; stuck: none>
    """
    histories = read_histories(tables, period=period)
    reached = checked(tables, also=("milestones",)).get("milestones")
    return status_of(histories, schedule_of(histories), milestones=reached, rule=rule)


def status_of(
    histories: Histories, schedule: EarnedSchedule, *, milestones: pd.DataFrame | None = None,
    rule: StatusRule | None = None,
) -> StatusCheck:
    """Do what :func:`compare_status` does, from histories and a schedule that are there already.

    Raises
    ------
    ParameterError
        The rule is no StatusRule.
    """
    rule = StatusRule() if rule is None else rule
    if not isinstance(rule, StatusRule):
        raise ParameterError(f"rule: got {rule!r}, allowed a StatusRule. Pass StatusRule(green=0.95, amber=0.85).")
    plan = histories.projects[histories.projects["stage"] == IN_PROGRESS]
    rows = histories.rows[histories.rows["project_id"].isin(plan["project_id"])]
    rows = rows.merge(schedule.history[["project_id", "month", "spi_t", "cpi"]], on=["project_id", "month"], how="left")
    rows = rows.assign(index=rows[["cpi", "spi_t"]].min(axis=1), reported=rows["status_reported"].fillna(""))
    rows = rows.assign(computed=rule.colour(rows["index"]))
    frame = _compared(rows, plan.set_index("project_id"), _milestone_share(milestones, histories.period), rule)
    return StatusCheck(projects=frame, months=rows[["project_id", "month", "reported", "computed"]], rule=rule)


def _milestone_share(milestones: pd.DataFrame | None, period: int) -> pd.Series:
    """Weight of the milestones reached by a month, by the weight of all of a project (0-1)."""
    if milestones is None:
        return pd.Series([], dtype=float)
    reached = milestones["weight"].where((milestones["actual_month"] <= period).fillna(value=False), 0.0)
    whole = milestones.groupby("project_id")["weight"].sum()
    return reached.groupby(milestones["project_id"]).sum() / whole.where(whole > 0)


def _compared(rows: pd.DataFrame, plan: pd.DataFrame, share: pd.Series, rule: StatusRule) -> pd.DataFrame:
    """Compare every project's last report with its figures, and look back for how long it has been so."""
    ids, said = rows["project_id"], rows["pct_complete_reported"]
    last = rows.drop_duplicates("project_id", keep="last").set_index("project_id")
    reported = last["pct_complete_reported"]
    hidden = _at_the_end((rows["reported"] == "green") & rows["computed"].isin(COLOURS[1:]), ids)
    near = _at_the_end((said >= rule.near_done_pct) & (said < _ALL_PCT)
                       & (said >= reported.reindex(ids).to_numpy() - rule.within_pp), ids)
    budget = plan["bac_k"].reindex(last.index)
    frame = last[["month", "reported", "computed", "index", "cpi", "spi_t"]].assign(
        name=plan["name"], weakest=np.where(last["spi_t"].isna() | (last["cpi"] <= last["spi_t"]), "cost", "time"),
        hidden_months=hidden.groupby(ids).sum(), near_done_months=near.groupby(ids).sum(), reported_pct=reported,
        hidden_since=rows["month"].where(hidden).groupby(ids).min().astype("Int64"),
        milestone_pct=100.0 * share.reindex(last.index), earned_pct=100.0 * last["ev_cum_k"] / budget.where(budget > 0))
    frame = frame.assign(ahead_of_work_pp=reported - np.fmax(frame["earned_pct"], frame["milestone_pct"]),
                         watermelon=frame["hidden_months"] > 0)
    stuck = (frame["near_done_months"] >= rule.stuck_months) & (frame["ahead_of_work_pp"] >= rule.ahead_pp)
    frame = frame.assign(stuck=stuck).rename_axis("project_id").reset_index()
    says = pd.Series([_says(row) for row in frame.to_dict("records")], index=frame.index, dtype=str)
    return frame.assign(says=says)[_COLUMNS]


def _at_the_end(holds: pd.Series, ids: pd.Series) -> pd.Series:
    """Mark the last rows of every project that hold without a break."""
    broken = (~holds).astype("int8")[::-1].groupby(ids[::-1]).cummax()[::-1]
    return broken == 0


def _says(row: Mapping[Any, Any]) -> str:
    said = f"{row['project_id']} {row['name']}".strip() if row["name"] != row["project_id"] else str(row["project_id"])
    figures = f"{index_text('CPI', row['cpi'])}, {index_text('SPI(t)', row['spi_t'])}"
    if row["computed"] == "":
        first = f"{said}: its figures give no colour."
    elif row["hidden_months"]:
        n, since = row["hidden_months"], month_name(row["hidden_since"])
        first = f"{said} reports green and is {row['computed']} by its figures ({figures}), since {since}, " \
                f"{n} report{'s' if n != 1 else ''} in a row."
    elif row["reported"] == row["computed"]:
        first = f"{said} reports {row['reported']}, and so do its figures ({figures})."
    else:
        reports = f"reports {row['reported']}" if row["reported"] else "reports no status"
        first = f"{said} {reports} and is {row['computed']} by its figures ({figures})."
    if not row["stuck"]:
        return first
    reached = row["milestone_pct"]
    done = "" if np.isnan(reached) else f", milestones reached stand for {reached:.0f} %"
    return (f"{first} Nearly done for {row['near_done_months']} months: {row['reported_pct']:.0f} % reported, "
            f"{row['earned_pct']:.0f} % earned{done}.")
