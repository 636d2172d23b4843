"""The risk register as exposure: what it may cost by project and by common cause, and which responses are worth it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, did_you_mean
from pmlib.months import month_year
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.risk.distributions import Triangular
from pmlib.portfolio.risk.factors import Correlation, as_correlation, covariance_of_happening
from pmlib.portfolio.valuation import going_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_FACTOR = "no factor"
_NUMBERS = ("probability", "impact_low", "impact_mode", "impact_high", "response_cost_k", "response_effect")
_COLUMNS = ("risk_id", "project_id", *_NUMBERS, "unit", "factor")


def read_register(tables: Mapping[str, pd.DataFrame], project_ids: Sequence[str]) -> pd.DataFrame:
    """Take the risks of these projects from a checked register, by risk_id; none without one."""
    risks = tables.get("risks")
    if risks is None:
        return pd.DataFrame({name: pd.Series([], dtype=float if name in _NUMBERS else str) for name in _COLUMNS})
    mine = risks[risks["project_id"].isin(list(project_ids))]
    return mine.sort_values("risk_id", kind="stable").reset_index(drop=True)


def impact(risks: pd.DataFrame) -> Triangular:
    """Impact of every risk if it happens, in the unit of its row."""
    return Triangular(low=risks["impact_low"].to_numpy(), mode=risks["impact_mode"].to_numpy(),
                      high=risks["impact_high"].to_numpy())


@dataclass(frozen=True, eq=False, kw_only=True)
class Exposure:
    """What the risk register may cost, and which planned responses pay.

    Attributes
    ----------
    risks : DataFrame
        One row per risk, dearest first: risk_id, project_id, factor, unit, probability, impact (mean if it happens,
        in its unit), expected (probability x impact), expected_k (months at what one costs; missing where unknown),
        response_cost_k, saved_k (expected_k that the response takes away), net_k, response (worth it, not worth it,
        unknown, none planned).
    by_project, by_factor : DataFrame
        project_id or factor; n, money_k, months, months_k, expected_k, spread_k (standard deviation of the sum,
        risks of one factor happening together), independent_spread_k; the dearest first.
    currency : str
    spread_k, independent_spread_k : float
        Of the whole register.
    notes : tuple of str
    """

    risks: pd.DataFrame
    by_project: pd.DataFrame
    by_factor: pd.DataFrame
    currency: str
    spread_k: float
    independent_spread_k: float
    notes: tuple[str, ...]

    @property
    def expected_k(self) -> float:
        """Expected cost of all risks, responses left out, in thousands."""
        return float(self.risks["expected_k"].sum())

    @property
    def worthwhile(self) -> pd.DataFrame:
        """Risks whose response brings more than it costs."""
        return self.risks[self.risks["response"] == "worth it"]

    def to_frame(self) -> pd.DataFrame:
        """One row per risk, dearest first."""
        return self.risks.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw expected cost by common cause, money and months apart."""
        from pmlib.plots import risk as figures

        drawn: Axes = figures.exposure(self.by_factor, ax=ax, currency=self.currency)
        return drawn

    def summary(self) -> str:
        """Say what the register may cost, what carries most, and which responses pay."""
        if self.risks.empty:
            return "The register holds no risk of these projects."
        top, good = self.by_factor.iloc[0], self.worthwhile
        planned = int((self.risks["response"] != "none planned").sum())
        named = f"{top['factor']} carries" if top["factor"] != NO_FACTOR else "Risks without a factor carry"
        spread = f"{self.spread_k:,.0f} either way (one standard deviation"
        spread += f"; {self.independent_spread_k:,.0f} if risks of one factor were independent)"
        many = "1 risk is" if len(self.risks) == 1 else f"{len(self.risks)} risks are"
        cost = f"{many} expected to cost {self.expected_k:,.0f} thousand {self.currency}, {spread}."
        most = f"{named[0].upper()}{named[1:]} most: {top['expected_k']:,.0f}."
        pays = (f"{len(good)} of {planned} planned responses are worth it: {good['response_cost_k'].sum():,.0f} spent "
                f"saves {good['saved_k'].sum():,.0f}.") if planned else "No response is planned."
        return " ".join([cost, *([most] if top["expected_k"] > 0 else []), pays, *self.notes])

    def headline(self) -> dict[str, str]:
        """Give expected cost, the factor that carries most and the net gain of responses worth it."""
        unit = f"thousand {self.currency}"
        figures = {f"{self.expected_k:,.0f}": f"{unit} expected from {len(self.risks)} risks"}
        if len(self.risks):
            top = self.by_factor.iloc[0]
            if len(self.by_factor) > 1:
                figures[f"{top['expected_k']:,.0f}"] = f"{unit} of it from {top['factor']}"
            good = self.worthwhile
            figures[f"{good['net_k'].sum():+,.0f}"] = f"{unit} net from {len(good)} responses worth it"
        return figures

    def __repr__(self) -> str:
        top = f"; {self.by_factor['factor'].iloc[0]} carries most" if len(self.risks) else ""
        return f"<Exposure: {len(self.risks)} risks, {self.expected_k:,.0f} thousand {self.currency} expected{top}>"


def exposure(
    tables: Mapping[str, pd.DataFrame], *, projects: Sequence[str] | None = None, period: int | str | None = None,
    correlation: Correlation | None = None, discount_rate: float = 0.08,
) -> Exposure:
    """Say what the risk register may cost by project and by common cause, and which responses are worth it.

    A risk costs its probability times the mean of a triangle over least, most likely and largest impact. A month of
    delay costs what the project's expected benefit loses by coming a month later. A response is worth it when the
    expected cost it takes away is more than its price.

    Parameters
    ----------
    tables : mapping of table name to frame
        risks and projects; estimates or cash_flows for what a month costs.
    projects : sequence of project_id, optional
        Whose risks; by default all that are proposed, running or held.
    period : int or str, optional
        Last known month; cash flows of years before the next one are gone.
    correlation : Correlation, optional
        Its ``risks`` says how much oftener risks of one factor happen together.
    discount_rate : float
        Per year, 0-1, for what a month of delay costs.

    Returns
    -------
    Exposure

    Raises
    ------
    MissingTableError
        risks or projects is missing.
    ParameterError
        A project is not to be decided, or the rate lies outside 0-1.
    SchemaError
        A risk contradicts itself.

    References
    ----------
    Hulett (2009), Practical Schedule Risk Analysis, on risk drivers.

    Examples
    --------
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["P17"], "state": "running", "bac_k": 500.0}),
    ...     "risks": pd.DataFrame({"risk_id": ["K1"], "project_id": ["P17"], "probability": 0.5, "impact_low": 30.0,
    ...                            "impact_mode": 40.0, "impact_high": 80.0, "factor": "supplier"})}
    >>> exposure(tables)
    <Exposure: 1 risks, 25 thousand EUR expected; supplier carries most>
    """
    tables = checked(tables, also=("risks",))
    if tables.get("risks") is None:
        raise MissingTableError("risks: missing. The exposure needs it; add risks.csv with risk_id, project_id, "
                                "probability, impact_low, impact_mode, impact_high.")
    policy, correlation = Policy(discount_rate=discount_rate), as_correlation(correlation)
    known = to_decide(tables)
    ids = _chosen(projects, known)
    month_k = _month_costs(tables, known, policy, period=period).reindex(ids)
    risks = _priced(read_register(tables, ids), month_k)
    total, alone = _spreads(risks, correlation)
    return Exposure(
        risks=risks.drop(columns=["variance_k", "mean_k"]), by_project=_grouped(risks, "project_id", correlation),
        by_factor=_grouped(risks, "factor", correlation), spread_k=total, independent_spread_k=alone,
        currency=currency_of(tables),
        notes=_notes(risks),
    )


def _chosen(projects: Sequence[str] | None, known: pd.DataFrame) -> list[str]:
    ids = known["project_id"].tolist()
    if projects is None:
        return ids
    if isinstance(projects, str) or not isinstance(projects, Iterable):
        raise ParameterError(f"projects: got {projects!r}, allowed a list of project_id. Pass ['{ids[0]}'].")
    projects = list(projects)
    for name in projects:
        if not isinstance(name, str) or name not in ids:
            raise ParameterError(f"projects: {name!r} is not to be decided. {did_you_mean(str(name), ids)}")
    return sorted(set(projects))


def _month_costs(
    tables: Mapping[str, pd.DataFrame], projects: pd.DataFrame, policy: Policy, *, period: int | str | None,
) -> pd.Series:
    """Price what the expected benefit of every project loses by a month of delay, in thousands."""
    if tables.get("estimates") is None and tables.get("cash_flows") is None:
        return pd.Series(np.nan, index=projects["project_id"])
    year = month_year(first_month(tables, period)) if tables.get("cash_flows") is not None else 0
    worth = going_on(tables, projects, first_year=year, policy=policy)
    lost = 1.0 - float((1.0 + policy.discount_rate) ** (-1 / 12))
    return worth["benefit_k"].where(worth["source"] != "unknown") * lost


def _priced(risks: pd.DataFrame, month_k: pd.Series) -> pd.DataFrame:
    shape, months = impact(risks), (risks["unit"] == "months").to_numpy()
    price = np.where(months, month_k.reindex(risks["project_id"]).to_numpy(dtype=float), 1.0)
    expected = risks["probability"] * shape.mean()
    frame = risks[["risk_id", "project_id", "factor", "unit", "probability"]].assign(
        factor=risks["factor"].where(risks["factor"] != "", NO_FACTOR), impact=shape.mean(), expected=expected,
        expected_k=expected * price, response_cost_k=risks["response_cost_k"],
        saved_k=expected * price * risks["response_effect"], mean_k=shape.mean() * price,
        variance_k=shape.variance() * price**2)
    net = frame["saved_k"] - frame["response_cost_k"]
    planned = (risks["response_effect"] > 0) | (risks["response_cost_k"] > 0)
    verdict = np.select([~planned, net.isna(), net > 0], ["none planned", "unknown", "worth it"], "not worth it")
    frame = frame.assign(net_k=net.where(planned), response=pd.Series(verdict, index=frame.index, dtype=str))
    return frame.sort_values(["expected_k", "risk_id"], ascending=[False, True]).reset_index(drop=True)


def _spreads(risks: pd.DataFrame, correlation: Correlation) -> tuple[float, float]:
    """Spread of the summed cost, with risks of one factor happening together and with all independent."""
    known = risks[risks["expected_k"].notna()]
    chance, mean = known["probability"].to_numpy(), known["mean_k"].to_numpy()
    alone = float(np.sum(chance * (known["variance_k"].to_numpy() + mean**2) - (chance * mean) ** 2))
    shared = 0.0
    for name, rows in known.groupby("factor").indices.items():
        if name != NO_FACTOR:
            together = covariance_of_happening(chance[rows], correlation=correlation.risks)
            shared += float(mean[rows] @ together @ mean[rows])
    return math.sqrt(max(alone + shared, 0.0)), math.sqrt(max(alone, 0.0))


def _grouped(risks: pd.DataFrame, column: str, correlation: Correlation) -> pd.DataFrame:
    rows = []
    for name, group in risks.groupby(column):
        money = group["unit"] == "money"
        rows.append((name, len(group), group.loc[money, "expected"].sum(), group.loc[~money, "expected"].sum(),
                     group.loc[~money, "expected_k"].sum(), group["expected_k"].sum(), *_spreads(group, correlation)))
    frame = pd.DataFrame(rows, columns=[column, "n", "money_k", "months", "months_k", "expected_k", "spread_k",
                                        "independent_spread_k"])
    return frame.sort_values(["expected_k", column], ascending=[False, True]).reset_index(drop=True)


def _notes(risks: pd.DataFrame) -> tuple[str, ...]:
    unknown = risks.loc[risks["expected_k"].isna(), "project_id"]
    if unknown.empty:
        return ()
    names = ", ".join(sorted(set(unknown)))
    many = "1 risk of {} costs months whose price is not known: it counts in months only." if len(unknown) == 1 else \
        f"{len(unknown)} risks of {{}} cost months whose price is not known: they count in months only."
    return (many.format(names),)
