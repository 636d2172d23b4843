"""Earned value of projects, programmes and the portfolio: cost and work against plan, and what it will cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.tracking.histories import CENT_K, IN_PROGRESS, STAGES, Histories, read_histories
from pmlib.portfolio.tracking.index_limits import index_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all projects"
_ENDS = ["eac_k", "eac_low_k", "eac_high_k"]
_SUMS = ["pv_k", "ev_k", "ac_k", "bac_k"]


class By(StrEnum):
    """What projects are rolled up by."""

    PROGRAMME = "programme"
    PRODUCT = "product"
    KIND = "kind"
    OWNER = "owner"


_COLUMNS = {By.PROGRAMME: "programme_id", By.PRODUCT: "product_id", By.KIND: "kind", By.OWNER: "owner_id"}


@dataclass(frozen=True, eq=False, kw_only=True)
class EarnedValue:
    """What was planned, earned and spent, and what it will cost, by project and rolled up.

    Money is in thousand of the currency. Indices of a roll-up are ratios of sums, never means of ratios.

    Attributes
    ----------
    projects : DataFrame
        One row per project with rows in evm: project_id, name, group, stage (in progress, finished, ended early),
        month (of its last row), pv_k, ev_k, ac_k, bac_k, cv_k, sv_k, cpi, spi, eac_plan_k (AC + BAC - EV: the rest as
        planned), eac_cpi_k (BAC / CPI), eac_cpi_spi_k (AC + (BAC - EV) / (CPI x SPI)), eac_k (the headline: BAC / CPI,
        as planned before anything was earned, AC once finished or ended), eac_low_k, eac_high_k (at the level
        asked; missing with fewer than two months), n_months, etc_k, vac_k, tcpi_bac, tcpi_eac.
    groups : DataFrame
        The same of the projects in progress, summed by group, one row each, with n_projects: eac_k is the sum of the
        projects' and its range that of all erring alike; the other estimates are those of the sums.
    totals : DataFrame
        The same by stage, and of all projects.
    without : DataFrame
        Projects that run or are held, were to begin by now and have no row: project_id, name, state, bac_k.
    by : By
    period : int
    currency : str
    """

    projects: pd.DataFrame
    groups: pd.DataFrame
    totals: pd.DataFrame
    without: pd.DataFrame
    by: By
    period: int
    currency: str

    @property
    def portfolio(self) -> dict[Any, Any] | None:
        """The row of all projects in progress; None when there are none."""
        mine = self.totals[self.totals["group"] == IN_PROGRESS]
        return None if mine.empty else mine.to_dict("records")[0]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project."""
        return self.projects.copy(deep=False)

    def summary(self) -> str:
        """Say what the projects in progress earn for their money, what they will cost, and who is not followed."""
        row = self.portfolio
        if row is None:
            return f"No project in progress has earned value by this month.{self._unfollowed()}"
        need = "" if not np.isfinite(row["tcpi_bac"]) or row["vac_k"] >= 0 else \
            f" To end within budget takes {row['tcpi_bac']:.2f} earned for every 1 still spent."
        many = f"{row['n_projects']} projects" if row["n_projects"] != 1 else "1 project"
        return (f"{many} in progress earned {row['ev_k']:,.0f} thousand {self.currency} of work for "
                f"{row['ac_k']:,.0f} ({index_text('CPI', row['cpi'])}), {row['pv_k']:,.0f} was planned "
                f"({index_text('SPI', row['spi'])}). At this rate it comes to {row['eac_k']:,.0f}, "
                f"{against_budget(row)} of {row['bac_k']:,.0f}.{need}{self._unfollowed()}")

    def headline(self) -> dict[str, str]:
        """Give cost index, schedule index and estimate at completion."""
        row = self.portfolio
        if row is None:
            return {"0": "projects in progress with earned value"}
        return {index_text("CPI", row["cpi"]): f"earned for every 1 {self.currency} spent",
                index_text("SPI", row["spi"]): "of the planned work is done",
                f"{row['eac_k']:,.0f}": f"thousand {self.currency} at completion, budget {row['bac_k']:,.0f}"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw cost index of every group with its number of projects."""
        from pmlib.plots import tracking

        return tracking.group_indices(self.groups, ax=ax)

    def _unfollowed(self) -> str:
        many = len(self.without)
        return "" if not many else (
            f" {many} running or held project{'s have' if many > 1 else ' has'} no earned value by this month: "
            f"{', '.join(self.without['project_id'])}.")

    def __repr__(self) -> str:
        row = self.portfolio
        said = "none in progress" if row is None else (
            f"{row['n_projects']} in progress; {index_text('CPI', row['cpi'])}, {index_text('SPI', row['spi'])}, EAC "
            f"{row['eac_k']:,.0f} of {row['bac_k']:,.0f} thousand {self.currency}")
        return f"<EarnedValue: {said}>"


def index_text(name: str, index: float) -> str:
    """Write an index, or that there is none yet.

    Examples
    --------
    >>> index_text("CPI", 0.961), index_text("SPI", float("nan"))
    ('CPI 0.96', 'no SPI yet')
    """
    return f"no {name} yet" if np.isnan(index) else f"{name} {index:.2f}"


def against_budget(row: Mapping[Any, Any]) -> str:
    """Say how far an estimate lies off its budget, in words.

    Examples
    --------
    >>> against_budget({"vac_k": -1477.3}), against_budget({"vac_k": 0.2})
    ('1,477 over budget', 'the budget')
    """
    over = -row["vac_k"]
    return "the budget" if abs(over) < 1 else f"{abs(over):,.0f} {'over' if over > 0 else 'under'} budget"


def earned_value(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, by: By | str = By.PROGRAMME,
    level: float = 0.9,
) -> EarnedValue:
    """Say what every project, group and the portfolio earned for its money, and what it will cost in the end.

    The headline estimate at completion is BAC / CPI: once a fifth of the work is done the index seldom moves by more
    than a tenth, and mostly down, so it is the least one should expect. The rest at plan rate is what a project hopes
    for; with CPI x SPI it is what catching up would cost.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects and evm; programmes for names.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the workbook's as_of, or the newest of evm.
    by : By
        programme, product, kind or owner.
    level : float
        Chance that the range of an estimate holds (0-1).

    Raises
    ------
    MissingTableError, SchemaError
        projects or evm is missing or breaks its definition.
    ParameterError
        The period is no month, or ``by`` or ``level`` is not allowed.

    References
    ----------
    EIA-748-D (2019), Earned Value Management Systems, for the terms. Christensen & Heise (1993), National Contract
    Management Journal 25: how steady the cumulative CPI is. Christensen (1996), Project Management Journal 27:
    BAC / CPI as lower bound. Ranges: :func:`~pmlib.portfolio.tracking.index_limits.index_limits`.

    Examples
    --------
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0}),
    ...           "evm": pd.DataFrame({"project_id": ["P1"], "month": "2025-03", "pv_cum_k": 50.0, "ev_cum_k": 40.0,
    ...                                "ac_cum_k": 50.0})}
    >>> earned_value(tables)
    <EarnedValue: 1 in progress; CPI 0.80, SPI 0.80, EAC 125 of 100 thousand EUR>
    """
    names = checked(tables).get("programmes")
    return value_of(read_histories(tables, period=period), by=by, level=level, programmes=names)


def value_of(
    histories: Histories, *, by: By | str = By.PROGRAMME, level: float = 0.9, programmes: pd.DataFrame | None = None,
) -> EarnedValue:
    """Do what :func:`earned_value` does, from histories that are read already.

    Raises
    ------
    ParameterError
        ``by`` or ``level`` is not allowed.
    """
    if str(by) not in list(By):
        raise ParameterError(f"by: got {by!r}. {did_you_mean(str(by), list(By))}")
    by = By(by)
    projects = _projects(histories, by, level)
    if by is By.PROGRAMME and programmes is not None:
        # Two programmes of one name stay two.
        called = programmes.drop_duplicates("name", keep=False).set_index("programme_id")["name"].to_dict()
        projects = projects.assign(group=[str(called.get(name, name)) for name in projects["group"]])
    going = projects[projects["stage"] == IN_PROGRESS]
    stages = pd.concat([_rolled_up(projects, "stage"), _rolled_up(projects.assign(stage=ALL), "stage")])
    order = {name: place for place, name in enumerate((*STAGES, ALL))}
    stages = stages.sort_values("group", key=lambda names: names.map(order))
    return EarnedValue(projects=projects, groups=_rolled_up(going, "group"), totals=stages.reset_index(drop=True),
                       without=histories.without, by=by, period=histories.period, currency=histories.currency)


def indices(sums: pd.DataFrame) -> pd.DataFrame:
    """Work out variances, indices and estimates from planned value, earned value, actual cost and budget.

    Parameters
    ----------
    sums : DataFrame of shape (n, ...)
        pv_k, ev_k, ac_k, bac_k.

    Returns
    -------
    DataFrame of shape (n, 8)
        cv_k, sv_k, cpi, spi, eac_plan_k, eac_cpi_k, eac_cpi_spi_k, tcpi_bac. What would be divided by nothing is
        missing; tcpi_bac is infinite once the budget is spent and work is left.

    Examples
    --------
    >>> indices(pd.DataFrame({"pv_k": [50.0], "ev_k": [40.0], "ac_k": [50.0], "bac_k": [100.0]})).iloc[0].to_dict()
    {'cv_k': -10.0, 'sv_k': -10.0, 'cpi': 0.8, 'spi': 0.8, 'eac_plan_k': 110.0, 'eac_cpi_k': 125.0, \
'eac_cpi_spi_k': 143.75, 'tcpi_bac': 1.2}
    """
    planned, earned, actual, budget = (sums[name].astype(float) for name in _SUMS)
    left = (budget - earned).clip(lower=0.0)
    cpi, spi = _by(earned, actual), _by(earned, planned)
    return pd.DataFrame({
        "cv_k": earned - actual, "sv_k": earned - planned, "cpi": cpi, "spi": spi, "eac_plan_k": actual + left,
        "eac_cpi_k": _by(budget, cpi), "eac_cpi_spi_k": actual + _by(left, cpi * spi),
        "tcpi_bac": _to_go(left, budget - actual),
    })


def _by(top: pd.Series, bottom: pd.Series) -> pd.Series:
    return top / bottom.where(bottom > 0)


def _to_go(left: pd.Series, money: pd.Series) -> pd.Series:
    """Work left by money left; nothing to say once the work is done."""
    some = left > CENT_K
    return (left / money.where(money > CENT_K)).where(money > CENT_K, np.inf).where(some)


def _projects(histories: Histories, by: By, level: float) -> pd.DataFrame:
    known = histories.projects
    limits = [index_limits(curve.earned, curve.actual, total=curve.bac_k, level=level) for curve in histories.curves()]
    low, high, n_months = (pd.Series(column, index=known.index, dtype=float)
                           for column in (zip(*limits, strict=True) if limits else ([], [], [])))
    group = known[_COLUMNS[by]].fillna("").replace("", "none").astype(str)
    frame = known[["project_id", "name"]].assign(group=group, stage=known["stage"], month=known["last"])
    frame = pd.concat([frame, known[_SUMS], indices(known)], axis=1)
    over = known["stage"] != IN_PROGRESS
    headline = frame["eac_cpi_k"].fillna(frame["eac_plan_k"]).where(~over, known["ac_k"])
    ends = {name: _by(known["bac_k"], edge).where(~over, known["ac_k"])
            for name, edge in (("eac_low_k", high), ("eac_high_k", low))}
    return _completed(frame.assign(eac_k=headline, **ends, n_months=n_months.astype(int)))


def _completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from the headline estimate."""
    rest = frame["eac_k"] - frame["ac_k"]
    left = (frame["bac_k"] - frame["ev_k"]).clip(lower=0.0)
    return frame.assign(etc_k=rest, vac_k=frame["bac_k"] - frame["eac_k"], tcpi_eac=_to_go(left, rest))


def _rolled_up(projects: pd.DataFrame, column: str) -> pd.DataFrame:
    """Sum projects by group; ratios come from the sums. Who has no range yet adds no width."""
    projects = projects.assign(**{name: projects[name].fillna(projects["eac_k"]) for name in _ENDS})
    grouped = projects.groupby(column)
    sums = grouped[[*_SUMS, *_ENDS]].sum().assign(n_projects=grouped.size())
    frame = pd.concat([sums, indices(sums)], axis=1).rename_axis("group").reset_index()
    order = ["group", "n_projects", *_SUMS, *indices(sums).columns, *_ENDS]
    return _completed(frame[order])
