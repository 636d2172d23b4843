"""Which forecasts of earlier decisions came true: joined with what is known by now, and scored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import as_month, last_day, month_name, month_of
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.forecasts.intervals import Interval, share_of
from pmlib.portfolio.forecasts.log import ForecastLog, score_forecasts
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.records.contents import PLAN_VALUE
from pmlib.portfolio.records.record import DecisionRecord
from pmlib.portfolio.valuation import SWANSON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INSIDE, BELOW, ABOVE, HAPPENED, FAILED = "inside", "below", "above", "came true", "did not come true"
OPEN, NOT_TRIED = "open", "not tried"
COLUMNS = ["period", "project_id", "quantity", "p10", "p50", "p90", "outcome", "outcome_on", "verdict", "sentence"]
_WORDS = {"benefit_pv_k": "benefit", "cost_k": "cost", "months": "months to complete", PLAN_VALUE: "value of the plan"}
_POINTS = ["p10", "p50", "p90"]
_CHANCE = "p_success"
_SHOWN = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredForecasts:
    """What became of the forecasts that earlier decisions were made with.

    Attributes
    ----------
    forecasts : DataFrame
        One row per forecast: period (of the record), project_id (empty: the plan), quantity, p10, p50, p90,
        outcome, outcome_on, verdict (inside, below, above; of a chance: came true, did not come true; open; not tried,
        where the project did not go on), sentence.
    log : ForecastLog
        Scores of the forecasts of projects that went on.
    currency : str
    """

    forecasts: pd.DataFrame
    log: ForecastLog = field(repr=False)
    currency: str

    @property
    def known(self) -> pd.DataFrame:
        """The forecasts whose outcome is known."""
        return self.forecasts[~self.forecasts["verdict"].isin([OPEN, NOT_TRIED])].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """One row per forecast."""
        return self.forecasts.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw stated against observed shares."""
        return self.log.plot(ax=ax)

    def sentences(self) -> list[str]:
        """Say of every forecast with a known outcome whether it was right."""
        return [str(sentence) for sentence in self.known["sentence"]]

    def summary(self) -> str:
        """Say how many forecasts are known by now, how many ranges held, and which missed most."""
        counts = self.forecasts["verdict"].value_counts()
        n_open, n_known = int(counts.get(OPEN, 0)), len(self.known)
        if not n_known:
            if not n_open:
                return "No forecast of an earlier decision can be scored: hand in its record."
            return f"None of {n_open} forecasts is known yet: add what came true to past_forecasts."
        n, inside = self._ranges()
        words = [f"{n_known} forecasts of earlier decisions are known by now, {n_open} are open."]
        if n:
            _, low, high = self._interval()
            words.append(f"{inside} of {n} ranges that should hold 8 times in 10 held ({100 * inside / n:.0f} %, "
                         f"95 % interval {100 * low:.0f} to {100 * high:.0f} %).")
        return " ".join([*words, *self._worst()])

    def _ranges(self) -> tuple[int, int]:
        counts = self.known["verdict"].value_counts()
        return sum(int(counts.get(verdict, 0)) for verdict in (INSIDE, BELOW, ABOVE)), int(counts.get(INSIDE, 0))

    def _interval(self) -> Interval:
        """Share of ranges that held and its interval; several of one project count for what they are worth."""
        ranges = self.known[self.known["verdict"].isin([INSIDE, BELOW, ABOVE])]
        return share_of(np.where(ranges["verdict"].eq(INSIDE), 1.0, 0.0), ranges["project_id"])

    def _worst(self) -> list[str]:
        """Name the ranges that missed by most, in units of their middle."""
        missed = self.known[self.known["verdict"].isin([BELOW, ABOVE])]
        off = (missed["outcome"] / missed["p50"].where(missed["p50"] > 0) - 1.0).abs()
        worst = off.sort_values(ascending=False, kind="stable").index[:_SHOWN]
        return [str(sentence) for sentence in missed["sentence"].loc[worst]]

    def headline(self) -> dict[str, str]:
        """Give how many ranges held, and how many forecasts are open."""
        n, inside = self._ranges()
        still = int(self.forecasts["verdict"].eq(OPEN).sum())
        held = {f"{inside} of {n}": "ranges held that should hold 8 times in 10"} if n else {}
        return held | {f"{still} open": "forecasts whose outcome is not known yet"}

    def __repr__(self) -> str:
        n, inside = self._ranges()
        return (f"<ScoredForecasts: {len(self.known)} known, {inside} of {n} ranges held; "
                f"{int(self.forecasts['verdict'].eq(OPEN).sum())} open>")


def score_records(
    records: Sequence[DecisionRecord], tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None,
    outcomes: pd.DataFrame | None = None,
) -> ScoredForecasts:
    """Ask which forecasts of earlier decisions came true.

    A forecast of a project that did not go on is not tried: nobody knows what would have come of it.

    Parameters
    ----------
    records : sequence of DecisionRecord
        Of one company, in any order.
    tables : mapping of table name to frame
        past_forecasts holds what came true, by project and quantity.
    period : int or str, optional
        Last known month; later outcomes are open. All when left out.
    outcomes : DataFrame, optional
        project_id (empty: the plan), quantity, outcome, outcome_on; added to those of the table and before them.

    Returns
    -------
    ScoredForecasts

    Raises
    ------
    MissingTableError
        There are neither past_forecasts nor outcomes.
    ParameterError
        It is no record, or they are of several companies.
    SchemaError
        A table breaks its definition, or an outcome stands there twice.

    References
    ----------
    Tetlock & Gardner (2015), Superforecasting: forecasts are written down so that they can be scored.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> from pmlib.portfolio.records.record import decision_record
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": [500.0]}),
    ...     "estimates": pd.DataFrame({"project_id": "P1", "quantity": ["benefit_pv_k", "cost_k"], "p10": [700.0, 90.0],
    ...                                "p50": [800.0, 100.0], "p90": [900.0, 130.0]})}
    >>> record = decision_record(rebalance(tables, period="2025-12"), tables)
    >>> came = pd.DataFrame({"project_id": ["P1"], "quantity": "cost_k", "outcome": 150.0, "outcome_on": "2026-06-30"})
    >>> score_records([record], tables, outcomes=came).sentences()[0].partition("; ")[2]
    '150 came true, above the range, 50 % above the middle.'
    """
    for record in records:
        of_kind(record, DecisionRecord, "records", remedy="Read them with DecisionRecord.read.")
    companies = sorted({record.company for record in records})
    if len(companies) > 1:
        raise ParameterError(f"records: they are of {' and '.join(companies)}, allowed one company. Pass its own.")
    made = [record.forecasts.assign(period=record.period) for record in records]
    frame = pd.concat(made, ignore_index=True) if made else _no_forecasts()
    came = _outcomes(tables, outcomes)
    day = None if period is None else pd.Timestamp(last_day(as_month(period)))
    currency = str(records[0].content["currency"]) if records else "EUR"
    joined = frame.merge(came, on=["project_id", "quantity"], how="left")
    # What was known when the forecast was made is no outcome of it.
    unknown = joined["outcome_on"] <= joined["made_on"]
    if day is not None:
        unknown |= ~(joined["outcome_on"] <= day)
    joined = joined.assign(outcome=joined["outcome"].mask(unknown), outcome_on=joined["outcome_on"].mask(unknown))
    joined = joined.assign(verdict=[_verdict(row) for row in joined.to_dict("records")])
    joined["sentence"] = [_sentence(row, currency) for row in joined.to_dict("records")]
    order = ["period", "project_id", "quantity"]
    return ScoredForecasts(
        forecasts=joined.sort_values(order, kind="stable", ignore_index=True)[COLUMNS].astype(
            dict.fromkeys(["verdict", "sentence"], str)),
        log=_log(joined, period), currency=currency)


def _no_forecasts() -> pd.DataFrame:
    kinds = dict.fromkeys(["project_id", "quantity", "period"], "str") | dict.fromkeys(_POINTS, "float64")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in
                         (kinds | {"made_on": "datetime64[us]", "going_on": "bool"}).items()})


def _outcomes(tables: Mapping[str, pd.DataFrame], outcomes: pd.DataFrame | None) -> pd.DataFrame:
    """Read what came true by project and quantity: of several rows of the table the one known last."""
    key, kept = ["project_id", "quantity"], ["project_id", "quantity", "outcome", "outcome_on"]
    given = tables.get("past_forecasts")
    if given is None and outcomes is None:
        raise MissingTableError("past_forecasts: missing. Add what came true by project_id and quantity, with outcome "
                                "and outcome_on, or pass outcomes.")
    parts = []
    if outcomes is not None:
        missing = [name for name in kept[:3] if name not in outcomes]
        if missing:
            raise ParameterError(f"outcomes: column '{missing[0]}' is missing, allowed {', '.join(kept)}. Add it.")
        day = pd.Series(outcomes.get("outcome_on", pd.NaT), index=outcomes.index)
        own = outcomes.assign(outcome_on=pd.to_datetime(day))
        twice = own[own.duplicated(key)]
        if len(twice):
            raise ParameterError(f"outcomes: {' '.join(twice[key].astype(str).iloc[0])} stands there twice, allowed "
                                 "once. Keep the right row.")
        parts.append(own[kept])
    if given is not None:
        table = checked({"past_forecasts": given}, also=("past_forecasts",))["past_forecasts"]
        parts.append(table[table["outcome"].notna()].sort_values([*key, "outcome_on"], ascending=False)[kept])
    frame = pd.concat(parts, ignore_index=True).drop_duplicates(key, keep="first")
    return frame.astype({"project_id": "str", "quantity": "str", "outcome": "float64", "outcome_on": "datetime64[us]"})


def _verdict(row: Mapping[Any, Any]) -> str:
    if not row["going_on"]:
        return NOT_TRIED
    if math.isnan(row["outcome"]):
        return OPEN
    if row["quantity"] == _CHANCE:
        return HAPPENED if row["outcome"] > 0 else FAILED
    return BELOW if row["outcome"] < row["p10"] else ABOVE if row["outcome"] > row["p90"] else INSIDE


def _sentence(row: Mapping[Any, Any], currency: str) -> str:
    when, who = month_name(month_of(row["made_on"])), f"{row['project_id']}: " if row["project_id"] else ""
    if row["quantity"] == _CHANCE:
        said = f"{who}success was given {100 * _mean(row):.0f} % in {when}"
        return f"{said}; {_ending(row)}"
    unit = "" if row["quantity"] == "months" else f" thousand {currency}"
    write = "{:,.1f}" if row["quantity"] == "months" else "{:,.0f}"
    low, middle, high, came = (write.format(row[name]) for name in (*_POINTS, "outcome"))
    what = _WORDS.get(row["quantity"], row["quantity"])
    said = f"{who}{what} {middle}{unit} ({low} to {high}) was forecast in {when}"
    if row["verdict"] in (OPEN, NOT_TRIED):
        return f"{said}; {_ending(row)}"
    off = f", {100 * abs(row['outcome'] / row['p50'] - 1):.0f} % " \
          f"{'above' if row['outcome'] > row['p50'] else 'below'} the middle" if row["p50"] else ""
    where = "inside the range" if row["verdict"] == INSIDE else f"{row['verdict']} the range"
    return f"{said}; {came} came true, {where}{off}."


def _ending(row: Mapping[Any, Any]) -> str:
    return {OPEN: "not known yet.", NOT_TRIED: "it did not go on, so nobody knows.", HAPPENED: "it succeeded.",
            FAILED: "it failed."}[row["verdict"]]


def _mean(row: Mapping[Any, Any]) -> float:
    return float(np.array([row[point] for point in _POINTS]) @ SWANSON)


def _log(joined: pd.DataFrame, period: int | str | None) -> ForecastLog:
    """Score what went on; the plan's own value is no quantity of a project."""
    tried = joined[joined["going_on"] & joined["quantity"].ne(PLAN_VALUE)]
    chance = tried["quantity"].eq(_CHANCE)
    middle = tried[_POINTS].to_numpy(dtype=float) @ SWANSON
    made = tried[["project_id", "quantity", "made_on"]].assign(
        **{point: tried[point].mask(chance) for point in _POINTS},
        prob=pd.Series(middle, index=tried.index).where(chance))
    came = tried.loc[tried["outcome"].notna(), ["project_id", "quantity", "outcome", "outcome_on"]]
    return score_forecasts(made, came.drop_duplicates(["project_id", "quantity"]), period=period)
