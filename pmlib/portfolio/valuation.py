"""What going on with a project is worth: expected net benefit still to come, sunk cost left out."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Protocol

import numpy as np
import pandas as pd
from pandas.api.types import is_scalar

from pmlib.errors import MissingTableError, ParameterError, SchemaError, did_you_mean
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import LARGEST
from pmlib.portfolio.policy import Objective, Policy

#: Swanson's weights of p10, p50 and p90 for a mean (Hurst, Brown & Swanson 2000).
SWANSON = np.array([0.3, 0.4, 0.3])

_MONEY = ("benefit_pv_k", "cost_k")
#: Mark of a result whose numbers depend on the set of projects.
RANKING_ONLY = "ranking_only"
#: Mark of a score that counts money or chance of success: its criteria.
COUNTS_MONEY = "counts_money"


class Scored(Protocol):
    """A score whose points add up, such as a scorecard."""

    @property
    def increments(self) -> pd.Series:
        """Points over doing nothing by project_id."""


def _swanson_mean(three_points: np.ndarray) -> np.ndarray:
    """Mean of (p10, p50, p90) rows, shape (n, 3) -> (n,); medians would not add up."""
    return np.asarray(three_points @ SWANSON, dtype=float)


def _means(estimates: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Mean by project (rows) and quantity (columns), of the newest estimate; money in the workbook's currency."""
    frame = estimates
    if "as_of" in frame:
        frame = frame.sort_values("as_of", kind="stable")
    frame = frame.drop_duplicates(["project_id", "quantity"], keep="last")
    _refuse_foreign(frame, currency)
    frame = frame.assign(mean=_swanson_mean(frame[["p10", "p50", "p90"]].to_numpy(dtype=float)))
    return frame.pivot(index="project_id", columns="quantity", values="mean")


def _refuse_foreign(estimates: pd.DataFrame, currency: str) -> None:
    if "currency" not in estimates:
        return
    got = estimates["currency"].fillna("").astype(str).str.strip()
    own = got.str.casefold().isin(["", currency.strip().casefold()])
    foreign = estimates[~own & estimates["quantity"].isin(_MONEY)]
    if len(foreign):
        row = foreign.iloc[0]
        more = f" (and {len(foreign) - 1} more estimates)" if len(foreign) > 1 else ""
        raise SchemaError(f"estimates: {row['quantity']} of {row['project_id']} is in {row['currency']}{more}, allowed "
                          f"{currency}, the workbook's currency. Convert p10, p50 and p90 in estimates.csv.")


def _present_values(cash_flows: pd.DataFrame, *, first_year: int, rate: float) -> pd.DataFrame:
    """Mid-year present value of cost and benefit by project, from ``first_year`` on."""
    ahead = cash_flows[cash_flows["year"] >= first_year]
    factor = (1.0 + rate) ** -(ahead["year"].to_numpy(dtype=float) - first_year + 0.5)
    benefit = ahead["benefit_k"].to_numpy(dtype=float) if "benefit_k" in ahead else np.zeros(len(ahead))
    discounted = pd.DataFrame({
        "project_id": ahead["project_id"].to_numpy(),
        "pv_cost": ahead["cost_k"].to_numpy(dtype=float) * factor,
        "pv_benefit": benefit * factor,
    })
    return discounted.groupby("project_id").sum()


def cost_to_go(projects: pd.DataFrame) -> pd.Series:
    """Budget at completion less what is spent, never below 0, in thousands."""
    left = projects["bac_k"].to_numpy(dtype=float) - projects["spent_k"].to_numpy(dtype=float)
    return pd.Series(np.maximum(left, 0.0), index=projects["project_id"].to_numpy())


def going_on(
    tables: Mapping[str, pd.DataFrame], projects: pd.DataFrame, *, first_year: int, policy: Policy,
    values: pd.Series | None = None, points: pd.Series | None = None,
) -> pd.DataFrame:
    """Say what each project is worth if it goes on (or starts).

    Parameters
    ----------
    tables : mapping of table name to frame
        ``estimates`` and ``cash_flows`` are read, estimates first.
    projects : DataFrame
        The projects to decide; ``project_id``, ``bac_k``, ``spent_k``.
    first_year : int
        Cash flows before it are gone.
    policy : Policy
        Discount rate and yardstick.
    values : Series, optional
        Thousands by project_id that replace the computed ones; for ``objective="score"`` they are the points.
    points : Series, optional
        Score by project_id, as increments over doing nothing.

    Returns
    -------
    DataFrame, index project_id
        value_k (by the objective, 0 where unknown), money_k, points (missing without), benefit_k (expected), cost_k
        (expected, to complete), p_success (0-1), source (estimates, cash flows, given, unknown).

    Raises
    ------
    MissingTableError
        Neither estimates nor cash_flows are there and no values are given.
    ParameterError
        ``values`` or ``points`` names unknown projects, or the objective needs points and has none.
    SchemaError
        A money estimate is in another currency than the workbook's.
    """
    ids = pd.Index(projects["project_id"].to_numpy(), name="project_id")
    if policy.objective is Objective.SCORE and points is None:
        values, points = None, values
    if policy.objective is not Objective.MONEY and points is None:
        raise ParameterError(f"points: missing, needed for objective '{policy.objective}'. Pass points by project_id, "
                             "such as score(tables).increments.")
    money_counts = policy.objective is not Objective.SCORE
    if money_counts and values is None and tables.get("estimates") is None and tables.get("cash_flows") is None:
        raise MissingTableError("estimates, cash_flows: both missing, so no project has a value. "
                                "Add one of them, pass values=, or decide by the score (objective='score').")
    frame = _computed(tables, projects, ids, first_year=first_year, policy=policy)
    if values is not None:
        frame = _overridden(frame, values)
    frame = frame.rename(columns={"value_k": "money_k"})
    scored = pd.Series(np.nan, index=ids) if points is None else _known_points(points, ids)
    return frame.assign(points=scored, **_yardstick(frame, scored, policy))


def _yardstick(frame: pd.DataFrame, points: pd.Series, policy: Policy) -> dict[str, pd.Series]:
    """Value by the objective; a project without points is unknown to the score, and worth its money in a mix."""
    if policy.objective is Objective.MONEY:
        return {"value_k": frame["money_k"]}
    if policy.objective is Objective.MIX:
        return {"value_k": frame["money_k"] + float(policy.k_per_point or 0.0) * points.fillna(0.0)}
    source = pd.Series(np.where(points.notna(), "given", "unknown"), index=frame.index)
    return {"value_k": points.fillna(0.0), "source": source}


def _computed(
    tables: Mapping[str, pd.DataFrame], projects: pd.DataFrame, ids: pd.Index, *, first_year: int, policy: Policy,
) -> pd.DataFrame:
    currency = currency_of(tables)
    estimates, flows = tables.get("estimates"), tables.get("cash_flows")
    if estimates is not None:
        estimates = estimates[estimates["project_id"].isin(ids)]
    means = pd.DataFrame(index=ids) if estimates is None else _means(estimates, currency).reindex(ids)
    present = pd.DataFrame(index=ids)
    if flows is not None:
        present = _present_values(flows, first_year=first_year, rate=policy.discount_rate).reindex(ids)

    def column(frame: pd.DataFrame, name: str) -> pd.Series:
        return frame[name] if name in frame else pd.Series(np.nan, index=ids)

    chance = column(means, "p_success").clip(0.0, 1.0).fillna(1.0)
    estimated = column(means, "benefit_pv_k").notna()
    to_go = cost_to_go(projects).reindex(ids)
    flow_cost, flow_benefit = column(present, "pv_cost"), column(present, "pv_benefit")
    known = estimated | flow_benefit.notna()
    cost = column(means, "cost_k").where(estimated).fillna(flow_cost).fillna(to_go)
    gross = column(means, "benefit_pv_k").fillna(flow_benefit).fillna(0.0)
    source = np.where(estimated, "estimates", np.where(known, "cash flows", "unknown"))
    # Cost without a known benefit is no verdict: an unknown project neither adds to a plan nor takes from it.
    value = (chance * gross - cost).where(known, 0.0)
    return pd.DataFrame({"value_k": value, "benefit_k": chance * gross, "cost_k": cost, "p_success": chance,
                         "source": source}, index=ids)


def given_values(values: object, name: str = "values") -> pd.Series:
    """Take values from the caller: numbers that add up, by project_id.

    Parameters
    ----------
    values : Series or mapping of project_id to number
        Thousands or points; empty cells stay empty.
    name : str
        What an error calls them.

    Returns
    -------
    Series of float, one row per project_id

    Raises
    ------
    ParameterError
        It is neither a Series nor a mapping, a cell is no finite number, a project stands twice, or it is marked as
        a ranking (``ranking_only``, for a Series or frame in its ``attrs``).

    Examples
    --------
    >>> given_values({"P17": 12, "P23": None})
    P17    12.0
    P23     NaN
    dtype: float64
    """
    # A project may be called like the mark: of anything with attrs, only these count.
    attrs = getattr(values, "attrs", None)
    if (getattr(values, RANKING_ONLY, None) if attrs is None else attrs.get(RANKING_ONLY)) is True:
        raise ParameterError(
            f"{name}: got a result that only ranks. Its ranks, closeness or flows depend on the set of projects "
            "and do not add up, allowed points that do. Pass card.increments.")
    if isinstance(values, Mapping):
        values = pd.Series(dict(values), dtype=object)
    if not isinstance(values, pd.Series):
        raise ParameterError(f"{name}: got {type(values).__name__}, allowed a Series or mapping of numbers by "
                             "project_id. Pass card.increments, or one column with project_id as its index.")
    real = values.map(lambda value: isinstance(value, Real | str) or (is_scalar(value) and pd.isna(value)))
    try:
        numbers = pd.to_numeric(values.where(real), errors="coerce").astype(float)
    except OverflowError:
        raise ParameterError(f"{name}: a number beyond all measure, allowed up to {LARGEST:g}. Correct it.") from None
    wrong = values[(numbers.isna() & (values.notna() | ~real)) | (numbers.abs() > LARGEST)]
    if len(wrong):
        raise ParameterError(f"{name}: {wrong.iloc[0]!r} for {wrong.index[0]}, allowed a finite number. "
                             "Correct it or leave the project out.")
    twice = numbers.index[numbers.index.duplicated()]
    if len(twice):
        raise ParameterError(f"{name}: {twice[0]} stands in {int((numbers.index == twice[0]).sum())} rows, allowed 1. "
                             "Keep one number by project_id.")
    return numbers


def refuse_money_twice(points: object) -> None:
    """Refuse a score that counts money or success, which a mix of money and points would count a second time.

    Raises
    ------
    ParameterError
        The score is marked with such criteria (``attrs["counts_money"]``).
    """
    twice = tuple(getattr(points, "attrs", {}).get(COUNTS_MONEY, ()))
    if twice:
        raise ParameterError(
            f"points: criterion {', '.join(twice)} counts money or success, which the expected net benefit holds "
            "already; a mix counts it once. Score again without it, or take objective 'score' or 'money'.")


def _known_points(points: pd.Series, ids: pd.Index) -> pd.Series:
    _refuse_strangers("points", points, ids)
    return points.reindex(ids).astype(float)


def _refuse_strangers(name: str, numbers: pd.Series, ids: pd.Index) -> None:
    strangers = [str(one) for one in numbers.index if one not in ids]
    if len(strangers) == len(numbers):
        raise ParameterError(f"{name}: none of its projects is to be decided. {did_you_mean(strangers[0], ids)}"
                             if strangers else f"{name}: empty. Pass one number by project_id.")


def _overridden(frame: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    _refuse_strangers("values", values, frame.index)
    new = values.reindex(frame.index).astype(float)
    return frame.assign(value_k=new.fillna(frame["value_k"]), source=frame["source"].mask(new.notna(), "given"))
