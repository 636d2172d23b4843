"""Portfolio or product: seven aspects of one company in one month, each seen from both sides, and one dispute."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pmlib.errors import BlockedTableError, CheckError, MissingTableError, ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.portfolio.actions import first_month
from pmlib.portfolio.decision import Decision, rebalance
from pmlib.portfolio.evidence import Case, weigh_evidence
from pmlib.portfolio.lessons import learned
from pmlib.portfolio.wording import big
from pmlib.product.change import Arrow
from pmlib.product.review import ProductReview, review_products

#: The seven aspects in their order: the question, and where either side begins its answer.
ASPECTS = {
    "meaning": ("What is it?", "The whole set of projects", "One thing that customers buy"),
    "focus": ("What does it try to get right?", "Doing the right projects", "Making the product right"),
    "scope": ("How far does it reach?", "All programmes at once", "One product in its market"),
    "responsibility": ("Who decides, and how often?", "The portfolio board, every period",
                       "The product lead, every month"),
    "time horizon": ("How far ahead does it look?", "Years", "Months"),
    "stakeholders": ("Whom must it satisfy?", "Those who set the goals and pay", "Those who buy and use it"),
    "metrics": ("Which number decides?", "Value still to come for money still to spend",
                "Revenue, market share and satisfaction side by side"),
}
_COLUMNS = ["aspect", "question", "portfolio", "product"]
_WINDOW = 12
_Row = Mapping[Any, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Aspects:
    """Who decides what, with which number, how often: as the portfolio sees it and as the product sees it.

    Attributes
    ----------
    views : DataFrame
        One row per aspect: aspect, question, portfolio, product; both sides in one sentence.
    period : int
        The month, year * 12 + month.
    product, earned : str
        Name of the product looked at and its revenue of a year; empty where not known.
    plan : Decision or None
        The portfolio's plan; None without projects.
    """

    views: pd.DataFrame
    period: int
    product: str
    earned: str
    plan: Decision | None = field(repr=False)
    _case: Case = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per aspect: aspect, question, portfolio, product."""
        return self.views.copy(deep=False)

    def aspect(self, name: str) -> pd.DataFrame:
        """Return the row of one aspect.

        Raises
        ------
        ParameterError
            There is no such aspect.
        """
        if name not in ASPECTS:
            raise ParameterError(f"aspect: got {name!r}. {did_you_mean(name, ASPECTS)}")
        return self.views[self.views["aspect"] == name].reset_index(drop=True)

    def case(self) -> Case:
        """Return the project on which both disagree: promise, measurement, what pays, decision."""
        return self._case

    def summary(self) -> str:
        """Say what each side decides upon, and what follows where they disagree."""
        both = self.views.set_index("aspect").loc["responsibility"]
        said = [f"{month_name(self.period)}. {both['portfolio']} {both['product']}"]
        if self._case.found:
            said.append(self._case.dispute())
        if self._case.found and self.plan is not None and self.plan.found:
            verb = self.plan.actions.set_index("project_id")["action"][self._case.project_id]
            said.append(f"The plan, which reads what was measured, says {verb}.")
        return " ".join(said)

    def headline(self) -> dict[str, str]:
        """Give a figure of each side and the outcome of the dispute."""
        lines = {}
        if self.plan is not None:
            lines[f"{len(self.plan.actions)} projects"] = "decided together by the portfolio board"
        if self.earned:
            lines[self.earned] = f"earned by {self.product} in {_WINDOW} months"
        elif self.product:
            lines[self.product] = "is the product looked at"
        if self._case.found:
            lines[f"{self._case.action} {self._case.project_id}"] = "is what promise and measurement say together"
        return lines or {"–": "neither projects nor products in this workbook"}

    def check(self) -> str:
        """Verify that there are seven aspects, and that the dispute was weighed properly.

        Raises
        ------
        CheckError
            An aspect is missing or empty, or what is expected does not lie between promise and measurement.
        """
        if list(self.views["aspect"]) != list(ASPECTS) or (self.views[["portfolio", "product"]] == "").any(axis=None):
            raise CheckError(f"aspects: got {list(self.views['aspect'])}, allowed {list(ASPECTS)}, each with two "
                             "sentences. Report this with the workbook.")
        known = self._case.posterior
        if known is None:
            return f"Seven aspects, two sentences each. {self._case.missing}"
        (low, high), surest = sorted((known.prior_mean, known.estimate)), min(known.prior_sd, known.standard_error)
        if not low <= known.mean <= high or known.sd > surest * (1 + 1e-9):
            raise CheckError(f"case: got {known!r}, allowed a mean between claim and evidence and a smaller sd than "
                             "either. Report this with the workbook.")
        return ("Seven aspects, two sentences each. What is expected of the case lies between promise and measurement "
                "and is surer than either.")

    def __repr__(self) -> str:
        decided = "no projects" if self.plan is None else f"{len(self.plan.actions)} projects"
        outcome = f"{self._case.action} {self._case.project_id}" if self._case.found else "no case"
        return f"<Aspects {month_name(self.period)}: {decided}, {self.product or 'no product'}; {outcome}>"


def portfolio_or_product(
    tables: Mapping[str, Any], *, period: int | str | None = None, project: str = "P44",
) -> Aspects:
    """Show the seven aspects as portfolio and product see them, on the same company and month.

    Parameters
    ----------
    tables : mapping of table name to table
        A workbook. projects with estimates or cash_flows speak for the portfolio, products with orders,
        subscriptions, market and surveys for the product; what is missing is said in place of its number.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the month of the workbook's as_of.
    project : str
        The project both sides are asked about; its product is the one shown, else the best seller.

    Raises
    ------
    ParameterError
        The period is no month, or is not given and no table has a date.
    BlockedTableError
        A table is there but cannot be used.

    Examples
    --------
    >>> portfolio_or_product({}, period="2025-12")
    <Aspects December 2025: no projects, no product; no case>
    """
    last = first_month(tables, None) - 1 if period is None else as_month(period)
    plan = _asked(lambda: rebalance(learned(tables, period=last).tables, period=last))
    review = _asked(lambda: review_products(tables, period=last, months=_WINDOW))
    row = None if review is None or review.board.empty else _product_row(review.board, tables, project)
    portfolio = _need("projects to decide, with estimates or cash_flows") * len(ASPECTS)
    if plan is not None:
        portfolio = _seen_by_portfolio(plan, tables)
    product = _need("products") * len(ASPECTS) if row is None else _seen_by_product(review, row)
    views = pd.DataFrame(
        [(aspect, question, f"{ours}: {one}.", f"{theirs}: {other}.")
         for (aspect, (question, ours, theirs)), one, other in zip(ASPECTS.items(), portfolio, product, strict=True)],
        columns=_COLUMNS)
    earned = _money(row["revenue_k"], review.currency) if row is not None and row["revenue_k"] > 0 else ""
    return Aspects(views=views, period=last, product="" if row is None else str(row["name"]), earned=earned, plan=plan,
                   _case=weigh_evidence(tables, project_id=project, period=last))


def _asked(question: Callable[[], Any]) -> Any:
    """Ask a room: its answer, or None where its table is missing."""
    try:
        return question()
    except BlockedTableError:
        raise
    except MissingTableError:
        return None


def _need(tables: str) -> list[str]:
    return [f"not known here, it needs {tables}"]


def _product_row(board: pd.DataFrame, tables: Mapping[str, Any], project: str) -> _Row:
    """Row of the project's product; the board's first, the best seller, where the project names none."""
    projects, wanted = tables.get("projects"), pd.Series(dtype=object)
    if projects is not None and "product_id" in projects:
        wanted = projects.loc[projects["project_id"] == project, "product_id"]
    mine = board[board["product_id"].isin(wanted)]
    return dict((mine if len(mine) else board).iloc[0])


def _seen_by_portfolio(plan: Decision, tables: Mapping[str, Any]) -> list[str]:
    """Say the live half of every aspect's sentence, in the order of the aspects."""
    n, counts, currency = len(plan.actions), plan.counts(), plan.currency
    all_k = float(plan.actions["cost_on_k"].sum())
    none = "no plan holds every limit"
    verbs = ", ".join(f"{verb} {count}" for verb, count in counts.items())
    return [
        f"{n} to decide together, for {_money(all_k, currency)} if every one went on",
        f"{counts.get('start', 0) + counts.get('keep', 0)} of {n} start or are kept, and "
        f"{plan.binding[0] if plan.binding else 'no limit'} is what binds" if plan.found else none,
        _reach(plan, tables.get("programmes")),
        verbs or none,
        _years(plan, tables.get("cash_flows")),
        _groups(tables.get("weights"), tables.get("objectives")),
        f"{_money(plan.value_k, currency)} for {_money(plan.cost_k, currency)} in the plan" if plan.found else none,
    ]


def _reach(plan: Decision, programmes: pd.DataFrame | None) -> str:
    shares = plan.mix[plan.mix["horizon"] != "none"]
    if programmes is None or shares.empty:
        return _need("programmes")[0]
    spread = ", ".join(f"{_percent(share)} {name}" for name, share in
                       zip(shares["horizon"], shares["plan_share" if plan.found else "today_share"], strict=True))
    return f"{len(programmes)} share the money {'of the plan' if plan.found else 'of today'}, {spread}"


def _years(plan: Decision, cash_flows: pd.DataFrame | None) -> str:
    spent = plan.money.set_index("year")["plan_k" if plan.found else "now_k"]
    spent = spent[spent > 0]
    if spent.empty or cash_flows is None:
        return _need("cash_flows")[0]
    first, last = int(spent.index.min()), int(spent.index.max())
    return f"money is planned up to {last}, {_percent(spent[first] / spent.sum())} of it falls in {first}"


def _groups(weights: pd.DataFrame | None, objectives: pd.DataFrame | None) -> str:
    """Name the goal on which the groups of the weights differ most."""
    if weights is None or weights.empty:
        return _need("weights")[0]
    keys = ["group", "objective_id"]
    by = ["valid_from", *keys] if "valid_from" in weights else keys
    newest = weights.sort_values(by, kind="stable").drop_duplicates(keys, keep="last")
    share = newest.pivot(index="group", columns="objective_id", values="weight").fillna(0.0)
    share = share.div(share.sum(axis=1), axis=0)
    goal = str((share.max() - share.min()).idxmax())
    ranked = share[goal].sort_values(ascending=False, kind="stable")
    if objectives is not None:
        goal = str(dict(zip(objectives["objective_id"], objectives["name"], strict=True)).get(goal, goal))
    said = f"{ranked.index[0]} puts {_percent(ranked.iloc[0])} of its weight on {goal}"
    if len(ranked) == 1:
        return said
    return f"{len(ranked)} groups; {said}, {ranked.index[-1]} {_percent(ranked.iloc[-1])}"


def _seen_by_product(review: ProductReview, row: _Row) -> list[str]:
    """Say the live half of every aspect's sentence, in the order of the aspects."""
    real = review.changes[review.changes["product_id"] == row["product_id"]]
    sure = int(real["arrow"].isin([Arrow.UP, Arrow.DOWN]).sum())
    return [
        f"{row['name']} earned {_money(row['revenue_k'], review.currency)} in {_WINDOW} months"
        if row["revenue_k"] > 0 else f"{row['name']}; what it earned needs orders or subscriptions",
        _level(row, "nps", scale=1, words="NPS {} points ({}, n = {})", needs="surveys"),
        _level(row, "share", words=f"{{}} % of {row['category']} ({{}}, {{}} months)", needs="market"),
        _level(row, "revenue_change", needs="two years of orders or subscriptions",
               words=f"revenue of {row['name']} moved by {{}} % against the {_WINDOW} months before ({{}})"),
        _level(row, "retention_12", needs="subscriptions",
               words=f"{{}} % of subscribers were still there after {_WINDOW} ({{}}, n = {{}})"),
        _level(row, "csat", words="{} % are satisfied ({}, n = {})", needs="surveys"),
        f"{sure} of {len(real)} changes on the year are more than chance" if len(real) else
        _need("two years of orders, subscriptions, market or surveys")[0],
    ]


def _level(row: _Row, name: str, *, words: str, needs: str, scale: int = 100) -> str:
    """Put value, interval and n of one metric of the board into words."""
    if math.isnan(row[name]):
        return _need(needs)[0]
    sign = "+" if name.endswith("change") else ""
    value, low, high = (f"{scale * row[f'{name}{end}']:{sign}.0f}" for end in ("", "_low", "_high"))
    return words.format(value, f"{low} to {high}", f"{row.get(f'{name}_n', 0):,}")


def _money(value_k: float, currency: str) -> str:
    return f"{big(value_k)} {currency}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
