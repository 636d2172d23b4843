"""Earned schedule: how many planned months the work done is worth, and when a project will end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import month_text
from pmlib.portfolio.tracking.earned_value import index_text
from pmlib.portfolio.tracking.histories import (
    CENT_K,
    IN_PROGRESS,
    Curve,
    Floats,
    Histories,
    read_histories,
)
from pmlib.portfolio.tracking.index_limits import index_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HISTORY = ["project_id", "month", "actual_months", "earned_months", "spi_t", "spi", "cpi"]
_COLUMNS = ["project_id", "begin", "planned_months", "actual_months", "earned_months", "sv_t", "spi_t", "spi_t_low",
            "spi_t_high", "n_months", "to_complete", "duration", "planned_finish", "finish", "finish_low",
            "finish_high", "beyond"]
NO_FINISH = "When projects end is not known: fill in planned_months, and the first value earned."
#: Rounding of months.
_TINY = 1e-9
_NAMED = 5


def earned_months(planned: Floats, earned: Floats, *, now: Floats | None = None) -> Floats:
    """Time at which the plan had reached what is earned, in months from the start.

    Parameters
    ----------
    planned : array of shape (n_months,)
        Planned value so far at the end of months 1, 2, ...; never falls.
    earned : array of shape (n,)
        Earned value so far.
    now : array of shape (n,), optional
        Months gone by. Where the plan stands still, who has earned all before is on time as long as that lasts;
        without it, and once all is planned, the first month of the standstill counts.

    Returns
    -------
    array of shape (n,)
        Whole months plus the part of the next, by straight lines; NaN where the plan never gets there.

    References
    ----------
    Lipke (2003), Schedule is different, The Measurable News.

    Examples
    --------
    >>> earned_months(np.array([10.0, 30.0, 60.0]), np.array([20.0, 60.0])).tolist()
    [1.5, 3.0]
    """
    curve = np.append(0.0, planned)
    # A cent of rounding must not push finished work past the end of the plan.
    goal = np.where(np.abs(earned - curve[-1]) <= CENT_K, curve[-1], earned)
    upper = np.clip(np.searchsorted(curve, goal, side="left"), 1, len(curve) - 1)
    step = curve[upper] - curve[upper - 1]
    part = np.divide(goal - curve[upper - 1], step, out=np.zeros_like(goal, dtype=float), where=step > 0)
    months = np.where(goal > curve[-1], np.nan, upper - 1 + np.clip(part, 0.0, 1.0))
    if now is None:
        return months
    last = np.searchsorted(curve, goal, side="right") - 1
    return np.where((last > months) & (goal < curve[-1]), np.clip(now, months, last), months)


@dataclass(frozen=True, eq=False, kw_only=True)
class EarnedSchedule:
    """How far every project is in months of its own plan, and when it will end.

    Attributes
    ----------
    projects : DataFrame
        One row per project with rows in evm: project_id, name, stage, begin (month), planned_months, actual_months
        (until the last row, or the month in which the work was done), earned_months (ES), sv_t (months; below 0:
        late), spi_t (ES by actual months), spi_t_low, spi_t_high, n_months, to_complete (SPI(t) needed to end as
        planned), duration (planned_months / SPI(t)), planned_finish, finish, finish_low, finish_high (months; from
        here on whole), beyond (more is earned than the last known planned value: read off a straight line to the
        planned end), spi, cpi.
    level : float
        Chance that a range holds (0-1).
    history : DataFrame
        project_id, month, actual_months, earned_months, spi_t, spi, cpi, for every month of every project.
    curves : dict of project_id to Curve
    period : int
    currency : str
    """

    projects: pd.DataFrame
    history: pd.DataFrame
    curves: Mapping[str, Curve]
    level: float
    period: int
    currency: str

    @property
    def late(self) -> pd.DataFrame:
        """Projects in progress that will end after plan, the latest first."""
        mine = self.projects[(self.projects["stage"] == IN_PROGRESS) & (self.projects["finish"] >
                                                                        self.projects["planned_finish"])]
        delay = (mine["finish"] - mine["planned_finish"]).astype(float)
        return mine.assign(delay=delay).sort_values(["delay", "project_id"], ascending=[False, True])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project."""
        return self.projects.copy(deep=False)

    def sentence(self, project_id: str) -> str:
        """Say of one project how far it is in time and when it will end.

        Raises
        ------
        ParameterError
            The project has no rows in evm.
        """
        row = self._row(project_id)
        going = row["stage"] == IN_PROGRESS
        if np.isnan(row["spi_t"]):
            return f"{project_id}: how far it is in time is not known. Give it planned_months and planned values."
        took = f"{row['earned_months']:.1f} planned months of work {'in' if going else 'took'}"
        took = f"{took} {row['actual_months']:.0f} months"
        begun = f"{project_id}: {took} (SPI(t) {row['spi_t']:.2f}, {index_text('SPI', row['spi'])})"
        if not going or pd.isna(row["finish"]):
            return f"{begun}."
        ends = f"; at this rate it ends in {month_text(row['finish'])}, planned {month_text(row['planned_finish'])}"
        span = "" if pd.isna(row["finish_low"]) or pd.isna(row["finish_high"]) else (
            f" (between {month_text(row['finish_low'])} and {month_text(row['finish_high'])}, {100 * self.level:.0f} % "
            "interval)")
        return f"{begun}{ends}{span}."

    def summary(self) -> str:
        """Say how many will end late, by how much the latest, and what rests on a straight line."""
        going = self.projects[self.projects["stage"] == IN_PROGRESS]
        if going.empty:
            return "No project in progress has earned value by this month."
        if going["finish"].isna().all():
            return NO_FINISH
        late, beyond = self.late, int(going["beyond"].sum())
        worst = "" if late.empty else (f" Latest: {late['project_id'].iloc[0]}, by {late['delay'].iloc[0]:.0f} months "
                                       f"(SPI(t) {late['spi_t'].iloc[0]:.2f}).")
        ahead = "" if not beyond else (f" {beyond} earned more than evm shows as planned so far: how far ahead they "
                                       "are is read off a straight line to the planned end.")
        sure = int((late["finish_low"] > late["planned_finish"]).sum())
        even = "" if not sure else f", {sure} of them even at the better end of their range"
        return (f"At their rate so far {len(late)} of {len(going)} projects in progress end after their planned "
                f"month{even}."
                f"{worst}{ahead}")

    def headline(self) -> dict[str, str]:
        """Give how many will be late, and the latest."""
        late = self.late
        figures = {f"{len(late)} late": "projects in progress, at their rate so far"}
        return figures if late.empty else figures | {
            f"{late['delay'].iloc[0]:.0f} months": f"late: {late['project_id'].iloc[0]}, the latest"}

    def plot(self, *, project_id: str, ax: Axes | None = None) -> Axes:
        """Draw planned value, earned value and actual cost of one project, with its earned schedule.

        Raises
        ------
        ParameterError
            The project has no rows in evm.
        """
        from pmlib.plots import tracking

        return tracking.s_curves(self.curve_frame(project_id), ax=ax, row=self._row(project_id),
                                 currency=self.currency)

    def curve_frame(self, project_id: str) -> pd.DataFrame:
        """Return the curves of one project: month, actual_months, planned_k, earned_k, actual_k, known.

        Raises
        ------
        ParameterError
            The project has no rows in evm.
        """
        self._row(project_id)
        curve = self.curves[project_id]
        plan, n = curve.plan(), len(curve.earned)
        frame = pd.DataFrame({"month": curve.begin + np.arange(len(plan)), "actual_months": np.arange(len(plan)) + 1,
                              "planned_k": plan, "known": np.arange(len(plan)) < n})
        for name, values in (("earned_k", curve.earned), ("actual_k", curve.actual)):
            frame[name] = np.append(values, np.full(len(plan) - n, np.nan))
        return frame

    def _row(self, project_id: str) -> dict[Any, Any]:
        mine = self.projects[self.projects["project_id"] == project_id]
        if mine.empty:
            raise ParameterError(f"project_id: got {project_id!r}, which has no rows in evm. "
                                 f"{did_you_mean(str(project_id), self.projects['project_id'])}")
        return mine.to_dict("records")[0]

    def __repr__(self) -> str:
        n = int((self.projects["stage"] == IN_PROGRESS).sum())
        return f"<EarnedSchedule: {n} in progress, {len(self.late)} of them late at their rate so far>"


def earned_schedule(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, level: float = 0.9,
) -> EarnedSchedule:
    """Say how far every project is in months of its own plan, and in which month it will end.

    The ratio of values (SPI) drifts back to 1 as a late project ends, since in the end all is earned; the ratio of
    times (SPI(t)) does not.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects (start_month, planned_months, bac_k) and evm.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month.
    level : float
        Chance that the range of a finish holds (0-1).

    Raises
    ------
    MissingTableError, SchemaError
        projects or evm is missing or breaks its definition.
    ParameterError
        The period is no month, or the level lies outside 0-1.

    References
    ----------
    Lipke (2003), Schedule is different, The Measurable News. Ranges as in
    :func:`~pmlib.portfolio.tracking.index_limits.index_limits`.

    Examples
    --------
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0,
    ...                                     "start_month": "2025-01", "planned_months": 4}),
    ...           "evm": pd.DataFrame({"project_id": "P1", "month": ["2025-01", "2025-02", "2025-03"],
    ...                                "pv_cum_k": [20.0, 50.0, 80.0], "ev_cum_k": [20.0, 35.0, 50.0],
    ...                                "ac_cum_k": [20.0, 40.0, 60.0]})}
    >>> schedule = earned_schedule(tables)
    >>> schedule
    <EarnedSchedule: 1 in progress, 1 of them late at their rate so far>
    >>> schedule.sentence("P1")[:71]
    'P1: 2.0 planned months of work in 3 months (SPI(t) 0.67, SPI 0.62); at '
    """
    return schedule_of(read_histories(tables, period=period), level=level)


def schedule_of(histories: Histories, *, level: float = 0.9) -> EarnedSchedule:
    """Do what :func:`earned_schedule` does, from histories that are read already.

    Raises
    ------
    ParameterError
        The level lies outside 0-1.
    """
    curves = {curve.project_id: curve for curve in histories.curves()}
    parts = [_history(curve) for curve in curves.values()]
    history = pd.DataFrame(np.vstack(parts) if parts else np.empty((0, len(HISTORY) - 1)), columns=HISTORY[1:])
    ids = pd.Series(np.repeat(list(curves), [len(part) for part in parts]), dtype=str)
    history = history.assign(project_id=ids, month=history["month"].astype(np.int64))[HISTORY]
    known = histories.projects
    rows = [_row(curve, part, going=stage == IN_PROGRESS, level=level)
            for curve, part, stage in zip(curves.values(), parts, known["stage"].tolist(), strict=True)]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    whole = ["begin", "n_months", "planned_finish", "finish", "finish_low", "finish_high"]
    frame = frame.astype(dict.fromkeys(whole, "Int64") | {"project_id": "str", "beyond": bool})
    frame.insert(1, "name", known["name"].to_numpy())
    frame.insert(2, "stage", known["stage"].to_numpy())
    ends = history.drop_duplicates("project_id", keep="last")
    frame = frame.assign(spi=ends["spi"].to_numpy(), cpi=ends["cpi"].to_numpy())
    return EarnedSchedule(projects=frame, history=history, curves=curves, period=histories.period,
                          level=level, currency=histories.currency)


def _history(curve: Curve) -> Floats:
    """Follow one project month by month; the clock stops once all is earned."""
    months = np.arange(1.0, len(curve.earned) + 1)
    full = curve.earned >= curve.bac_k - CENT_K
    took = np.minimum(months, months[full][0]) if full.any() and curve.bac_k > 0 else months
    most = curve.bac_k if curve.bac_k > 0 else np.inf
    earned = earned_months(curve.plan(), np.minimum(curve.earned, most), now=months)
    with np.errstate(divide="ignore", invalid="ignore"):
        spi = np.where(curve.planned > 0, curve.earned / curve.planned, np.nan)
        cpi = np.where(curve.actual > 0, curve.earned / curve.actual, np.nan)
    return np.column_stack([curve.begin - 1 + months, took, earned, earned / took, spi, cpi])


def _row(curve: Curve, history: Floats, *, going: bool, level: float) -> tuple[object, ...]:
    """Where one project stands in time, and when it will end."""
    took, earned, index = (float(value) for value in history[-1, 1:4])
    length, known = curve.planned_months, history[~np.isnan(history[:, 2])]
    low, high, n = index_limits(known[:, 2], known[:, 1], total=length, level=level)
    ends = [_finish(curve, spi, going=going, took=took) for spi in (index, high, low)]
    left = length - took
    needed = (length - earned) / left if left > _TINY else math.inf
    return (curve.project_id, curve.begin, length, took, earned, earned - took, index, low, high, n,
            needed if going else math.nan, length / index if index > 0 else math.nan,
            curve.begin + length - 1, *ends, bool(curve.earned[-1] > curve.planned.max() + CENT_K))


def _finish(curve: Curve, index: float, *, going: bool, took: float) -> float:
    """Last month of work at an index; the month it ended once it has."""
    if not going:
        return curve.begin + took - 1
    if not index > 0 or math.isnan(curve.planned_months):
        return math.nan
    # Work that is left takes at least another month.
    return curve.begin - 1 + max(math.ceil(curve.planned_months / index - _TINY), took + 1)
