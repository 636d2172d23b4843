"""What going on with a project is worth: expected net benefit still to come, sunk cost left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, SchemaError, did_you_mean
from pmlib.portfolio.policy import Objective, Policy

#: Swanson's weights of p10, p50 and p90 for a mean (Hurst, Brown & Swanson 2000).
SWANSON = np.array([0.3, 0.4, 0.3])

COLUMNS = ["value_k", "benefit_k", "cost_k", "p_success", "source"]
_MONEY = ("benefit_pv_k", "cost_k")
#: Mark of a result whose numbers depend on the set of projects.
RANKING_ONLY = "ranking_only"


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
    values: pd.Series | None = None,
) -> pd.DataFrame:
    """Say what each project is worth if it goes on (or starts).

    Parameters
    ----------
    tables : mapping of table name to frame
        ``estimates`` and ``cash_flows`` are read, estimates first.
    projects : DataFrame
        The projects to decide; ``project_id``, ``bac_k``, ``spent_k``.
    first_year : int
        Calendar year of the first month to plan.
    policy : Policy
        Discount rate and yardstick.
    values : Series, optional
        Value by project_id that replaces the computed one: thousands, or points for ``objective="score"``.

    Returns
    -------
    DataFrame, index project_id
        value_k (0 where unknown), benefit_k (expected), cost_k (expected, to complete), p_success (0-1), source
        (estimates, cash flows, given, unknown).

    Raises
    ------
    MissingTableError
        Neither estimates nor cash_flows are there and no values are given.
    ParameterError
        ``values`` names unknown projects, or the score objective has no values.
    SchemaError
        A money estimate is in another currency than the workbook's.
    """
    ids = pd.Index(projects["project_id"].to_numpy(), name="project_id")
    if policy.objective is Objective.SCORE and values is None:
        raise ParameterError("values: missing, needed for objective 'score'. Pass points by project_id, "
                             "such as score(tables).increments.")
    if values is None and tables.get("estimates") is None and tables.get("cash_flows") is None:
        raise MissingTableError("estimates, cash_flows: both missing, so no project has a value. "
                                "Add one of them or pass values=.")
    frame = _computed(tables, projects, ids, first_year=first_year, policy=policy)
    if values is not None:
        frame = _overridden(frame, values, everywhere=policy.objective is Objective.SCORE)
    return frame


def _computed(
    tables: Mapping[str, pd.DataFrame], projects: pd.DataFrame, ids: pd.Index, *, first_year: int, policy: Policy,
) -> pd.DataFrame:
    book = tables.get("workbook")
    currency = "EUR" if book is None or book.empty or "currency" not in book else str(book["currency"].iloc[0])
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


def given_values(values: object) -> pd.Series:
    """Take values from the caller: numbers that add up, by project_id.

    Parameters
    ----------
    values : Series or mapping of project_id to number
        Thousands or points; empty cells stay empty.

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
            "values: got a result that only ranks. Its ranks, closeness or flows depend on the set of projects "
            "and do not add up, allowed points that do. Pass card.increments.")
    if isinstance(values, Mapping):
        values = pd.Series(dict(values), dtype=object)
    if not isinstance(values, pd.Series):
        raise ParameterError(f"values: got {type(values).__name__}, allowed a Series or mapping of numbers by "
                             "project_id. Pass card.increments, or one column with project_id as its index.")
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = values[(numbers.isna() & values.notna()) | np.isinf(numbers)]
    if len(wrong):
        raise ParameterError(f"values: {wrong.iloc[0]!r} for {wrong.index[0]}, allowed a finite number. "
                             "Correct it or leave the project out.")
    twice = numbers.index[numbers.index.duplicated()]
    if len(twice):
        raise ParameterError(f"values: {twice[0]} stands in {int((numbers.index == twice[0]).sum())} rows, allowed 1. "
                             "Keep one number by project_id.")
    return numbers


def _overridden(frame: pd.DataFrame, values: pd.Series, *, everywhere: bool) -> pd.DataFrame:
    strangers = [str(name) for name in values.index if name not in frame.index]
    if len(strangers) == len(values):
        raise ParameterError(f"values: none of its projects is to be decided. {did_you_mean(strangers[0], frame.index)}"
                             if strangers else "values: empty. Pass one number by project_id.")
    new = values.reindex(frame.index).astype(float)
    source = frame["source"].mask(new.notna(), "given")
    value = new.fillna(frame["value_k"])
    if everywhere:
        value = new.fillna(0.0)
        source = pd.Series(np.where(new.notna(), "given", "unknown"), index=frame.index)
    return frame.assign(value_k=value, source=source)
