"""The record of closed forecasts: how often stated ranges held, how far outcomes lay off, how good chances were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import SchemaError, did_you_mean
from pmlib.portfolio.forecasts.closed import ALL, POINTS, Closed, closed_forecasts
from pmlib.portfolio.forecasts.tally import (
    ENOUGH,
    STATED,
    VERDICTS,
    chance_curve,
    chance_table,
    points_observed,
    range_table,
    scored,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

@dataclass(frozen=True, eq=False, kw_only=True)
class ForecastLog:
    """What became of forecasts: one row per estimator and quantity, and in all.

    Attributes
    ----------
    table : DataFrame
        estimator_id and quantity ("all": together), n (forecasts scored), n_projects, n_open (not scored), inside
        (share of outcomes from P10 to P90, 0-1) with inside_low and inside_high (95 %, rows of one project counted
        for what they are worth), verdict, below_p10, below_p50, below_p90 (shares; on the point counts half), width
        (P90 - P10, units of P50), median_ratio and mean_ratio (outcome / P50 by project, with 95 % intervals;
        missing where quantities are mixed), crps (mean, units of P50; smaller is better) with its 95 % interval.
    chance_table : DataFrame
        Stated chances of success by estimator and in all: n, n_open, stated and came_true (means, 0-1, with
        interval), brier (with interval) = reliability - resolution + uncertainty, log_score. Of few chances
        reliability and resolution both come out too high.
    points : DataFrame
        estimator_id, stated (.1, .5, .9), observed (share at or below), low, high, n: for the calibration plot.
    curve : DataFrame
        stated, observed, low, high, n: chances that came true alike, all estimators.
    scored : DataFrame
        One row per scored range: project_id, quantity, estimator_id, made_on, p10, p50, p90, outcome, inside, ratio,
        width, crps.
    notes : tuple of str
        What was left out and why.
    missing : str
        Why nothing is scored, and what to do; empty otherwise.
    """

    table: pd.DataFrame
    chance_table: pd.DataFrame
    points: pd.DataFrame
    curve: pd.DataFrame
    scored: pd.DataFrame
    notes: tuple[str, ...] = ()
    missing: str = ""

    @property
    def found(self) -> bool:
        """Whether a forecast is scored."""
        return not self.missing

    def row(self, estimator_id: str = ALL, quantity: str = ALL) -> dict[str, Any]:
        """Give the figures of one estimator and quantity; no row, no figures."""
        rows = self.table[(self.table["estimator_id"] == estimator_id) & (self.table["quantity"] == quantity)]
        return {} if rows.empty else {str(name): value for name, value in rows.iloc[0].items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per estimator and quantity."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say how often the ranges held, who is nearest to and furthest from it, and how good the chances were."""
        if not self.found:
            return self.missing
        return " ".join(filter(None, (self._ranges(), self._people(), self._chances())))

    def headline(self) -> dict[str, str]:
        """Give the big figures and what they are."""
        if not self.found:
            return {}
        whole, odds = self.row(), self.chance_table.set_index("estimator_id").to_dict("index").get(ALL, {})
        figures = {}
        if whole.get("n"):
            figures[f"{100 * whole['inside']:.0f} %"] = (f"of outcomes inside ranges stated to hold 80 % "
                                                         f"(n {whole['n']}, {_span(whole, 'inside')})")
            figures[f"{whole['crps']:.2f}"] = "mean miss of a range (CRPS), in units of the middle"
        if odds.get("n"):
            figures[f"{odds['brier']:.3f}"] = f"Brier score of stated chances (n {odds['n']})"
        return figures

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw stated against observed shares by estimator, with intervals."""
        from pmlib.plots import forecasts

        return forecasts.calibration(self.points, ax)

    def plot_chances(self, *, ax: Axes | None = None) -> Axes:
        """Draw stated chances against how often they came true."""
        from pmlib.plots import forecasts

        return forecasts.reliability(self.curve, ax)

    def __repr__(self) -> str:
        if not self.found:
            return f"<ForecastLog: {self.missing}>"
        whole, odds = self.row(), int(self.chance_table["n"].max()) if len(self.chance_table) else 0
        said = f"{100 * whole['inside']:.0f} % inside P10-P90 ({_span(whole, 'inside')}), n {whole['n']}" \
            if whole.get("n") else "no ranges"
        return f"<ForecastLog: {said}; {odds} chances; {self._n_open()} open>"

    def _n_open(self) -> int:
        return sum(int(frame.loc[frame["estimator_id"] == ALL, "n_open"].max())
                   for frame in (self.table, self.chance_table) if len(frame))

    def _ranges(self) -> str:
        whole = self.row()
        if not whole.get("n"):
            return ""
        said = (f"Stated ranges that should hold 8 times in 10 held {_of_ten(whole['inside'])} times in 10 "
                f"(n {whole['n']} forecasts of {whole['n_projects']} projects, {_span(whole, 'inside')})")
        return f"{said}: too few to tell." if whole["verdict"] == VERDICTS[3] else f"{said}."

    def _people(self) -> str:
        """Name the estimators at both ends, where there are two that can be told apart from chance."""
        own = self.table[(self.table["quantity"] == ALL) & (self.table["estimator_id"] != ALL)]
        own = own[own["n"] >= ENOUGH]
        off = (own["inside"] - STATED).abs()
        if off.nunique() <= 1:
            return ""
        ends = own.loc[[off.idxmin(), off.idxmax()]].to_dict("records")
        best, worst = (f"{row['estimator_id']} ({100 * row['inside']:.0f} %, {_span(row, 'inside')})" for row in ends)
        return f"Nearest to it is {best}, furthest {worst}."

    def _chances(self) -> str:
        rows = self.chance_table[self.chance_table["estimator_id"] == ALL]
        if rows.empty or not rows["n"].iloc[0]:
            return ""
        row = rows.to_dict("records")[0]
        better = "better" if round(row["brier"], 3) < round(row["uncertainty"], 3) else "no better"
        return (f"Success was given {100 * row['stated']:.0f} % on average and came {100 * row['came_true']:.0f} % "
                f"of the time (n {row['n']}, {_span(row, 'came_true')}); the Brier score, {row['brier']:.3f}, is "
                f"{better} than that of always saying the average, {row['uncertainty']:.3f}.")


def forecast_log(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> ForecastLog:
    """Ask how good the forecasts of closed projects were, by estimator and quantity.

    Parameters
    ----------
    tables : mapping of table name to frame
        past_forecasts; workbook (as_of) where there is one.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; a later outcome leaves its forecast open: counted, never
        scored. By default the workbook's as_of.

    Returns
    -------
    ForecastLog
        Without the table, or without an outcome, one that says so.

    Raises
    ------
    SchemaError, ParameterError
        A forecast is none, such as p10 above p90; the period is no month.

    References
    ----------
    Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477): scores. Lichtenstein,
    Fischhoff & Phillips (1982), in Judgment under Uncertainty: shares inside and outside stated ranges.

    Examples
    --------
    >>> past = pd.DataFrame({"project_id": ["P1", "P2"], "quantity": "cost_k", "made_on": "2024-01-31",
    ...                      "p10": 80.0, "p50": 100.0, "p90": 130.0, "outcome": [120.0, 150.0]})
    >>> forecast_log({"past_forecasts": past})
    <ForecastLog: 50 % inside P10-P90 (9-91 %), n 2; 0 chances; 0 open>
    """
    return _log(closed_forecasts(tables, period=period))


def score_forecasts(
    forecasts: pd.DataFrame, outcomes: pd.DataFrame, *, period: int | str | None = None,
) -> ForecastLog:
    """Ask how good forecasts made with earlier decisions were, by what is known now.

    Parameters
    ----------
    forecasts : DataFrame
        project_id, quantity, made_on, and p10, p50, p90 or (for p_success) prob; estimator_id where known.
    outcomes : DataFrame
        project_id, quantity, outcome, and outcome_on (the day it was known): one row per project and quantity.
        Forecasts without a row stay open.
    period : int or str, optional
        Last known month; without one every outcome counts.

    Returns
    -------
    ForecastLog

    Raises
    ------
    SchemaError
        A column is missing, an outcome stands there twice, or a forecast is none.

    Examples
    --------
    >>> made = pd.DataFrame({"project_id": ["P1", "P2"], "quantity": "p_success", "made_on": "2024-01-31",
    ...                      "prob": [0.9, 0.6]})
    >>> came = pd.DataFrame({"project_id": ["P1"], "quantity": "p_success", "outcome": [1.0],
    ...                      "outcome_on": "2025-06-30"})
    >>> score_forecasts(made, came, period="2025-12")
    <ForecastLog: no ranges; 1 chances; 1 open>
    """
    key = ["project_id", "quantity"]
    made = _columns("forecasts", forecasts, key, ["made_on"], ["estimator_id", *POINTS, "prob"])
    came = _columns("outcomes", outcomes, key, ["outcome"], ["outcome_on"]).drop_duplicates()
    twins = came[came.duplicated(key)]
    if len(twins):
        raise SchemaError(f"outcomes: {' '.join(twins[key].iloc[0])} stands there twice, allowed once. "
                          "Keep the right row.")
    try:
        return _log(closed_forecasts({"past_forecasts": made.merge(came, on=key, how="left")}, period=period))
    except SchemaError as problem:
        raise SchemaError(str(problem).replace("past_forecasts", "forecasts", 1)) from None


def _columns(name: str, frame: pd.DataFrame, key: list[str], needed: list[str], more: list[str]) -> pd.DataFrame:
    """Take the columns that count, the key as text."""
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"{name}: got {type(frame).__name__}, allowed a pandas frame. Pass pd.DataFrame(...).")
    for column in (*key, *needed):
        if column not in frame:
            near = did_you_mean(column, map(str, frame))
            raise SchemaError(f"{name}: column '{column}' is missing. Add it. {near}")
    kept = frame[[*key, *needed, *(column for column in more if column in frame)]]
    return kept.assign(**{column: kept[column].map(str, na_action="ignore").astype("str") for column in key})


def _log(closed: Closed) -> ForecastLog:
    return ForecastLog(
        table=range_table(closed), chance_table=chance_table(closed), points=points_observed(closed),
        curve=chance_curve(closed), scored=scored(closed.ranges), notes=closed.notes, missing=closed.missing)


def _span(row: Mapping[Any, Any], name: str) -> str:
    return f"{100 * row[f'{name}_low']:.0f}-{100 * row[f'{name}_high']:.0f} %"


def _of_ten(share: float) -> str:
    return f"{10 * share:.1f}".removesuffix(".0")
