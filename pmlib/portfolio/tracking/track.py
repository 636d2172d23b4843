"""The portfolio followed in one answer: cost, time, colours, benefits and what became of the closed projects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import month_name
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.tracking.benefits import Benefits, track_benefits
from pmlib.portfolio.tracking.cohort import Cohort, closed_projects
from pmlib.portfolio.tracking.earned_schedule import NO_FINISH, EarnedSchedule, schedule_of
from pmlib.portfolio.tracking.earned_value import By, EarnedValue, against_budget, index_text, value_of
from pmlib.portfolio.tracking.histories import CENT_K, IN_PROGRESS, read_histories
from pmlib.portfolio.tracking.status import StatusCheck, StatusRule, status_of
from pmlib.portfolio.tracking.traps import traps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VALUE = ["project_id", "name", "group", "pv_k", "ev_k", "ac_k", "bac_k", "cpi", "spi", "eac_k", "eac_low_k",
          "eac_high_k", "vac_k"]
_TIME = ["project_id", "spi_t", "planned_finish", "finish", "finish_low", "finish_high"]
_STATUS = ["project_id", "reported", "computed", "index", "weakest", "hidden_months", "watermelon", "stuck", "says"]
_MONEY = ("pv_k", "ev_k", "ac_k", "bac_k", "eac_k", "etc_k", "vac_k")
_FEW = 3
_WITHOUT = {"milestones": "No milestones: whether reports are ahead of the work rests on earned value alone.",
            "benefits": "No benefits: what came in of what was promised is not known. Add benefits.csv."}


@dataclass(frozen=True, eq=False, kw_only=True)
class Tracking:
    """How the portfolio does, as a PMO tells it once a month.

    Attributes
    ----------
    value : EarnedValue
    schedule : EarnedSchedule
    status : StatusCheck
    benefits : Benefits or None
        None without the table.
    closed : Cohort
    traps : DataFrame
        What does not fit in the data of the projects followed: project_id, what, says.
    missing : tuple of str
        What cannot be said, and what to add.
    period : int
    currency : str
    """

    value: EarnedValue
    schedule: EarnedSchedule
    status: StatusCheck
    benefits: Benefits | None
    closed: Cohort
    traps: pd.DataFrame
    missing: tuple[str, ...]
    period: int
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project in progress, the weakest first: money, time, colours, and a sentence."""
        going = self.value.projects[self.value.projects["stage"] == IN_PROGRESS]
        frame = going[_VALUE].merge(self.schedule.projects[_TIME], on="project_id", how="left")
        frame = frame.merge(self.status.projects[_STATUS], on="project_id", how="left")
        return frame.sort_values(["index", "project_id"]).reset_index(drop=True)

    def summary(self) -> str:
        """Say cost and time of the portfolio, who hides what, who is stuck, what came in, what became of the rest."""
        row = self.value.portfolio
        if row is None:
            parts = [self.value.summary()]
        else:
            many = "1 project" if row["n_projects"] == 1 else f"{row['n_projects']} projects"
            parts = [f"{month_name(self.period)}: {many} in progress, {index_text('CPI', row['cpi'])} and "
                     f"{index_text('SPI', row['spi'])}; at this rate it comes to {row['eac_k']:,.0f} thousand "
                     f"{self.currency}, {against_budget(row)}.", *self._unfollowed(), self._time(), self._colours()]
        if self.benefits is not None and len(self.benefits.projects):
            parts.append(f"Of {self.benefits.planned_k:,.0f} thousand {self.currency} of benefits promised so far "
                         f"{self.benefits.realised_k:,.0f} came in ({100 * self.benefits.share:.0f} %).")
        if len(self.closed.projects):
            done = self.closed.rate()
            span = f"between {100 * done['low']:.0f} and {100 * done['high']:.0f}"
            parts.append(f"{done['count']} of {done['n']} closed projects succeeded, the stopped counted "
                         f"({100 * done['share']:.0f} %, {span}).")
        return " ".join([*parts, *self.missing, *self._doubts()])

    def _unfollowed(self) -> list[str]:
        names = self.value.without["project_id"]
        return [f"Not followed, since without earned value: {', '.join(names)}."] if len(names) else []

    def _time(self) -> str:
        late, times = self.schedule.late, self.schedule.projects
        if times.loc[times["stage"] == IN_PROGRESS, "finish"].isna().all():
            return NO_FINISH
        if late.empty:
            return "None ends after its planned month at its rate so far."
        by = round(late["delay"].iloc[0])
        return (f"{len(late)} end{'s' * (len(late) == 1)} after the planned month at the rate so far, "
                f"{late['project_id'].iloc[0]} the latest, by {by} month{'s' * (by != 1)}.")

    def _colours(self) -> str:
        melons, stuck = self.status.watermelons["project_id"], self.status.stuck.to_dict("records")
        hidden = "No project reports green against its figures." if melons.empty else (
            f"Reported green, but not by the figures: {', '.join(melons)}.")
        return " ".join([hidden, *(
            f"{row['project_id']} has been nearly done for {row['near_done_months']} months "
            f"({row['reported_pct']:.0f} % reported, {row['earned_pct']:.0f} % earned)." for row in stuck)])

    def headline(self) -> dict[str, str]:
        """Give cost index, watermelons, benefits realised and success rate."""
        parts = (self.value, self.status, self.benefits)
        figures = dict(next(iter(part.headline().items())) for part in parts if part is not None)
        if len(self.closed.projects):
            row = self.closed.rate()
            figures[f"{row['count']:.0f} of {row['n']:.0f}"] = "closed projects succeeded, the stopped counted"
        return figures

    @property
    def weakest(self) -> str | None:
        """The project in progress whose weaker index is the lowest; None when there is none."""
        frame = self.to_frame()
        return None if frame.empty else str(frame["project_id"].iloc[0])

    def check(self) -> str:
        """Verify that groups add up to the portfolio and benefits to their total, to the cent.

        Raises
        ------
        CheckError
            They do not.
        """
        going = self.value.projects[self.value.projects["stage"] == IN_PROGRESS]
        for name in _MONEY:
            _reconcile(f"{name} by {self.value.by}", self.value.groups[name], going[name])
        said = f"{len(self.value.groups)} groups add up to {len(going)} projects in progress to the cent."
        if self.benefits is None:
            return said
        for name in ("planned_k", "realised_k"):
            _reconcile(f"{name} by type", self.benefits.types[name], self.benefits.months[name])
            twice = -self.benefits.overlaps[f"too_much_{name}"]
            _reconcile(f"{name} by project", [*self.benefits.projects[name], *twice], self.benefits.months[name])
        return f"{said} So do benefits by project, less what is claimed twice, by type and by month."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw cost against time of every project in progress, the worst by name."""
        from pmlib.plots import tracking

        return tracking.quadrant(self.to_frame(), ax=ax, limit=self.status.rule.green)

    def _doubts(self) -> list[str]:
        if self.traps.empty:
            return []
        kinds = self.traps["what"].value_counts(sort=False).sort_index()
        listed = ", ".join(f"{what} ({n})" for what, n in kinds.head(_FEW).items())
        more = f" and {len(kinds) - _FEW} more" if len(kinds) > _FEW else ""
        n = self.traps["project_id"].nunique()
        return [f"The data of {n} project{'s do' if n > 1 else ' does'} not fit: {listed}{more}."]

    def __repr__(self) -> str:
        row = self.value.portfolio
        cost = "none in progress" if row is None else (
            f"{row['n_projects']} in progress, {index_text('CPI', row['cpi'])}")
        melons = ", ".join(self.status.watermelons["project_id"].head(_FEW)) or "none"
        when = month_name(self.period) if self.period else "of no month"
        return f"<Tracking {when}: {cost}; watermelons: {melons}>"


def _reconcile(what: str, parts: Iterable[float], whole: Iterable[float]) -> None:
    gap = math.fsum(parts) - math.fsum(whole)
    if not abs(gap) <= CENT_K:
        raise CheckError(f"tracking: {what} misses the total by {gap:,.5f} thousand, allowed a cent. Look for rows "
                         "that stand in one sum only.")


def track_portfolio(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, by: By | str = By.PROGRAMME,
    rule: StatusRule | None = None, level: float = 0.9,
) -> Tracking:
    """Say how the portfolio does: cost, time, colours against figures, benefits, and what became of the closed.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects and evm; milestones, benefits, programmes, past_forecasts, workbook where there are any.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the workbook's as_of, or the newest of evm.
    by : By
        What projects are rolled up by: programme, product, kind or owner.
    rule : StatusRule, optional
        What makes a project green, amber, red or stuck.
    level : float
        Chance that the ranges of cost and finish hold (0-1).

    Raises
    ------
    MissingTableError, SchemaError
        projects or evm is missing, or a table breaks its definition.
    ParameterError
        An argument is not allowed.

    Examples
    --------
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0,
    ...                                     "start_month": "2025-01", "planned_months": 6}),
    ...           "evm": pd.DataFrame({"project_id": ["P1"], "month": "2025-03", "pv_cum_k": 50.0, "ev_cum_k": 30.0,
    ...                                "ac_cum_k": 50.0, "status_reported": "green"})}
    >>> track_portfolio(tables)
    <Tracking March 2025: 1 in progress, CPI 0.60; watermelons: P1>
    """
    histories = read_histories(tables, period=period)
    known = checked(tables, also=("milestones",))
    schedule = schedule_of(histories, level=level)
    absent = {name: words for name, words in _WITHOUT.items() if tables.get(name) is None}
    return Tracking(
        value=value_of(histories, by=by, level=level, programmes=known.get("programmes")), schedule=schedule,
        status=status_of(histories, schedule, milestones=known.get("milestones"), rule=rule),
        benefits=None if "benefits" in absent else track_benefits(tables, period=histories.period or None),
        closed=closed_projects(tables, period=histories.period or None), traps=traps(histories),
        missing=tuple(absent.values()), period=histories.period,
        currency=histories.currency)
