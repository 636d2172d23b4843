"""Projects and products in one list: what each is worth from here on, for each unit of what is scarce."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import BlockedTableError, MissingTableError, ParameterError
from pmlib.months import month_name
from pmlib.portfolio.actions import ON
from pmlib.portfolio.arguments import one_of
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.origins import asked
from pmlib.product.review import ProductReview
from pmlib.product.standing.sunset import SunsetTest, weigh_sunset
from pmlib.product.verdicts import Verdict

_COLUMNS = ["place", "id", "name", "kind", "verb", "forward_k", "units", "per_unit_k", "sentence"]
_YEAR = 12
_NAMED = 3
#: Less of a scarce unit than this is none.
_NONE = 1e-9


class Scarce(StrEnum):
    """What the list counts by: the skill that binds first, or money still to spend."""

    SKILL = "skill"
    MONEY = "money"


@dataclass(frozen=True, eq=False, kw_only=True)
class OneList:
    """Projects and products side by side, the most value for each scarce unit first.

    Attributes
    ----------
    rows : DataFrame
        place (1 is first), id, name, kind (project, product), verb (the plan's, or the board's verdict), forward_k
        (thousand from here on, whatever the plan was chosen by: of a project what going on is worth, of a product the
        contribution of the next 12 months less its cost to keep), units (it takes), per_unit_k (thousand for each),
        sentence. Those of which the unit says nothing have no per_unit_k and stand last.
    unit : str
        What is scarce, in words.
    period : int
        Last known month.
    currency : str
        Of the money.
    notes : tuple of str
        What is not in the list.
    """

    rows: pd.DataFrame
    unit: str
    period: int
    currency: str
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project and product."""
        return self.rows.copy(deep=False)

    def summary(self) -> str:
        """Say who stands first and last, and what the unit says nothing of."""
        ranked = self.rows[self.rows["per_unit_k"].notna()]
        if ranked.empty:
            return " ".join(("Nothing takes any of what is scarce, so there is nothing to order.", *self.notes))
        ends = [f"{row['name']} ({row['per_unit_k']:,.1f})" for row in ranked.to_dict("records")]
        first = (f"{len(ranked)} of {len(self.rows)} are ordered by thousand {self.currency} for each {self.unit}: "
                 f"{', '.join(ends[:_NAMED])} first, {ends[-1]} last.")
        rest = len(self.rows) - len(ranked)
        aside = f" {rest} take none of it that is known and stand at the end." if rest else ""
        return " ".join((first + aside, *self.notes))

    def headline(self) -> dict[str, str]:
        """Give how many stand in the list, and its first."""
        kinds = self.rows["kind"].value_counts()
        lines = {f"{len(self.rows)}": f"in one list: {kinds.get('project', 0)} projects, "
                                      f"{kinds.get('product', 0)} products"}
        if len(self.rows) and self.rows["per_unit_k"].notna().any():
            first = self.rows.iloc[0]
            lines[str(first["name"])] = f"first: {first['per_unit_k']:,.1f} thousand {self.currency} per {self.unit}"
        return lines

    def __repr__(self) -> str:
        first = f"; {self.rows['name'].iloc[0]} first" if len(self.rows) else ""
        return f"<OneList {month_name(self.period)}: {len(self.rows)} by value per {self.unit}{first}>"


def one_list(
    decision: Decision, *, review: ProductReview | None = None, tables: Mapping[str, Any] | None = None,
    per: str | None = None,
) -> OneList:
    """Put the plan's verbs and the board's verdicts into one list, by value from here on per scarce unit.

    Parameters
    ----------
    decision : Decision
        The plan; without one, projects have no verb.
    review : ProductReview, optional
        The board of products; without it there are projects only.
    tables : mapping of table name to table, optional
        The workbook: product_costs and sales say what a product costs to keep.
    per : Scarce, optional
        ``skill`` (person-months of the skill that binds first) or ``money`` (thousand to go, of a product its fixed
        cost of 12 months); by default the skill where there is one.

    Returns
    -------
    OneList

    Raises
    ------
    ParameterError
        It is no decision, ``per`` is none of these, or there is no capacity to count a skill by.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> projects = pd.DataFrame({"project_id": ["P17", "P23"], "state": "running", "bac_k": [900.0, 300.0]})
    >>> flows = pd.DataFrame({"project_id": ["P17", "P23"], "year": 2026, "cost_k": [900.0, 300.0],
    ...                       "benefit_k": [520.0, 1150.0]})
    >>> one_list(rebalance({"projects": projects, "cash_flows": flows}, period="2025-12"))
    <OneList December 2025: 2 by value per thousand EUR to go; P23 first>
    """
    skill = asked(decision).scarcest_skill
    scarce = Scarce(one_of(per, list(Scarce), "per")) if per is not None else Scarce.SKILL if skill else Scarce.MONEY
    if scarce is Scarce.SKILL and not skill:
        raise ParameterError("per: got 'skill', and the plan knows no capacity, allowed 'money'. Add capacity, or "
                             "count by money.")
    skill = skill if scarce is Scarce.SKILL else ""
    unit = f"person-month of {skill}" if skill else f"thousand {decision.currency} to go"
    ended = {} if review is None else dict(review.verdicts.loc[
        review.verdicts["verdict"] == Verdict.SUNSET, ["product_id", "name"]].itertuples(index=False, name=None))
    projects = _projects(decision, skill, ended=ended)
    notes = () if review is not None else ("Products are not in it: no board of products was handed in.",)
    products = _empty() if review is None else _products(review, _keeping(review, tables), by_money=not skill)
    return OneList(rows=_ordered([projects, products], unit, decision.currency), unit=unit,
                   period=decision.problem.actions.first - 1, currency=decision.currency, notes=notes)


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=_COLUMNS)


def _projects(decision: Decision, skill: str, *, ended: Mapping[str, str]) -> pd.DataFrame:
    """Every project with what going on is worth and takes, whatever the plan says of it."""
    actions = decision.actions
    taken = _person_months(decision, skill) if skill else None
    units = actions["cost_on_k"] if taken is None else actions["project_id"].map(taken).fillna(0.0)
    served = decision.problem.actions.projects.set_index("project_id").reindex(actions["project_id"])
    product = served["product_id"].map(ended) if "product_id" in served else pd.Series(None, index=served.index)
    return pd.DataFrame({
        "id": actions["project_id"], "name": actions["name"], "kind": "project", "verb": actions["action"].fillna(""),
        "forward_k": served["money_k"].to_numpy(dtype=float), "units": units.astype(float), "why": actions["reason"],
        "also": [f"It serves {name}, which is to end." if isinstance(name, str) else "" for name in product]})


def _person_months(decision: Decision, skill: str) -> pd.Series:
    """Person-months of a skill that a project takes as planned, else by the first way in which it goes on."""
    actions = decision.problem.actions
    chosen = set() if decision.outcome is None else {int(place) for place in decision.outcome.choice}
    ways = actions.frame[actions.frame["action"].isin(ON)].reset_index(names="way")
    ways = ways.assign(other=~ways["way"].isin(chosen)).sort_values(["project_id", "other", "way"], kind="stable")
    taken = ways.drop_duplicates("project_id").set_index("way")["project_id"]
    needed = actions.people[(actions.people["skill"] == skill) & actions.people["action"].isin(taken.index)]
    return needed.groupby(needed["action"].map(taken))["person_months"].sum()


def _keeping(review: ProductReview, tables: Mapping[str, Any] | None) -> SunsetTest | None:
    """Ask what keeping a product for 12 months brings and costs; None where the tables do not say."""
    if tables is None:
        return None
    try:
        return weigh_sunset(tables, period=review.period, months=review.months, ahead=_YEAR)
    except BlockedTableError:
        raise
    except MissingTableError:
        return None


def _products(review: ProductReview, keeping: SunsetTest | None, *, by_money: bool) -> pd.DataFrame:
    """Every product with its margin of the next 12 months, and its fixed cost where money is what is scarce."""
    verdicts = review.verdicts
    known = pd.DataFrame(columns=["keep_k", "keep_cost_k", "n"], dtype=float) if keeping is None else \
        keeping.products.set_index("product_id")
    known = known.reindex(verdicts["product_id"]).reset_index(drop=True)
    fixed = known["keep_cost_k"] * _YEAR / known["n"] if by_money else pd.Series(np.nan, index=verdicts.index)
    because = verdicts["because"].str[:1].str.upper() + verdicts["because"].str[1:] + "."
    forward = known["keep_k"].fillna(verdicts["margin_k"] * _YEAR / review.months)
    return pd.DataFrame({
        "id": verdicts["product_id"], "name": verdicts["name"], "kind": "product", "verb": verdicts["verdict"],
        "forward_k": forward, "units": fixed, "why": because, "also": ""})


def _ordered(parts: list[pd.DataFrame], unit: str, currency: str) -> pd.DataFrame:
    """Order by value per unit; what takes none, or of which it is not known, stands last by its value."""
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else _empty()
    if rows.empty:
        return rows
    some = rows["units"] > _NONE
    rows = rows.assign(per_unit_k=np.where(some, rows["forward_k"] / rows["units"].where(some), np.nan))
    rows = rows.assign(sentence=[_sentence(row, unit, currency) for row in rows.to_dict("records")])
    rows = rows.sort_values(["per_unit_k", "kind", "forward_k", "id"], ascending=[False, False, False, True],
                            kind="stable", na_position="last", ignore_index=True)
    return rows.assign(place=np.arange(1, len(rows) + 1))[_COLUMNS]


def _sentence(row: Mapping[Any, Any], unit: str, currency: str) -> str:
    """Say what a row is worth and takes, and why its verb is what it is."""
    what = "Going on" if row["kind"] == "project" else f"Keeping it for {_YEAR} months"
    known = f"{what} is worth {row['forward_k']:,.0f} thousand {currency}"
    if np.isnan(row["forward_k"]):
        known = f"What {what.lower()} is worth is not known"
    takes = f"how much it takes by the {unit} is not known" if np.isnan(row["units"]) else f"it takes no {unit}"
    if not np.isnan(row["per_unit_k"]):
        takes = f"{row['per_unit_k']:,.1f} thousand for each {unit}, of which it takes {row['units']:,.1f}"
    return " ".join(filter(None, (f"{known}; {takes}.", row["why"], row["also"])))
