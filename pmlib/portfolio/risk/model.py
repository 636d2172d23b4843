"""What of a plan is uncertain: its projects' estimates and risks, and how they make value, cost and time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, did_you_mean
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.origins import tables_of
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.risk.distributions import Triangular
from pmlib.portfolio.risk.estimates import Estimates, read_estimates
from pmlib.portfolio.risk.factors import DEFAULT, Correlation, FactorModel, as_correlation, factor_model
from pmlib.portfolio.risk.register import impact, read_register

if TYPE_CHECKING:
    from pmlib.portfolio.decision import Decision


class Anchor(StrEnum):
    """Whose means the draws have: those of the fitted distributions, or the plan's (Swanson's)."""

    ESTIMATES = "estimates"
    PLAN = "plan"


@dataclass(frozen=True, kw_only=True)
class RiskPolicy:
    """How the uncertainty of a plan is taken.

    Attributes
    ----------
    goal_k : float, optional
        Value to be reached, in thousands; none: what the plan promises.
    correlation : Correlation
        How strongly projects share their luck; ``INDEPENDENT`` for not at all.
    register : bool
        Whether the risk register counts beside the estimates: right where estimates hold what is usual and the
        register what comes on top; switch it off where estimates hold it already.
    responses : bool
        Whether the planned responses are carried out: they cost, and take away their share of the impact.
    anchor : Anchor
        ``estimates``, or ``plan``: shifts every estimate so that its mean is the one the plan counts with.
    stress : mapping of factor to standard deviations
        Factors held where they are, such as ``{"risk supplier": 2.0}``: 2 is a bad year of suppliers, costs and
        delays of a programme above 0 are high, a market below 0 is poor.

    Raises
    ------
    ParameterError
        An option is out of its range.

    Examples
    --------
    >>> RiskPolicy(goal_k=25_000, register=False).anchor
    <Anchor.ESTIMATES: 'estimates'>
    """

    goal_k: float | None = None
    correlation: Correlation = DEFAULT
    register: bool = True
    responses: bool = False
    anchor: Anchor = Anchor.ESTIMATES
    stress: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.goal_k is not None:
            object.__setattr__(self, "goal_k", finite("goal_k", self.goal_k))
        object.__setattr__(self, "correlation", as_correlation(self.correlation))
        for name in ("register", "responses"):
            if not isinstance(getattr(self, name), bool):
                raise ParameterError(f"{name}: got {getattr(self, name)!r}, allowed True or False. Set one of them.")
        try:
            object.__setattr__(self, "anchor", Anchor(self.anchor))
        except ValueError:
            known = did_you_mean(str(self.anchor), list(Anchor))
            raise ParameterError(f"anchor: got {self.anchor!r}. {known}") from None
        if not isinstance(self.stress, Mapping):
            raise ParameterError(f"stress: got {self.stress!r}, allowed a mapping of factor to standard deviations. "
                                 "Pass {'market': -2.0}.")
        held = {name: finite(f"stress of {name!r}", level) for name, level in self.stress.items()}
        object.__setattr__(self, "stress", held)


def finite(name: str, got: object) -> float:
    """Take a finite number from the caller.

    Raises
    ------
    ParameterError
        It is none.

    Examples
    --------
    >>> finite("goal_k", 25)
    25.0
    """
    if isinstance(got, bool) or not isinstance(got, Real) or not math.isfinite(got):
        raise ParameterError(f"{name}: got {got!r}, allowed a finite number. Correct it or leave it out.")
    return float(got)


@dataclass(frozen=True, eq=False, kw_only=True)
class Events:
    """Risks of the register of all projects to decide, by risk_id.

    Attributes
    ----------
    table : DataFrame
        The register, checked.
    project : int array of shape (n_risks,)
        Position among the projects that go on; -1: none of them.
    chance : float array of shape (n_risks,)
    impact : Triangular of n_risks
        What is left of it after the response, if that is carried out.
    months : bool array of shape (n_risks,)
        Whether the impact counts months, else thousands.
    response_k : float array of shape (n,)
        What responses carried out cost, by project.
    """

    table: pd.DataFrame
    project: Ints
    chance: Floats
    impact: Triangular
    months: np.ndarray
    response_k: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Money:
    """Planned money by calendar year.

    Attributes
    ----------
    years : tuple of int
    spend_k : float array of shape (n, n_years)
    earned_k : float array of shape (n, n_years + 1)
        Benefit given success earned before the first year, and until the end of each, if nothing is late.
    delay_years : float array of shape (n,)
        How much later than its cash flows a project is planned.
    budget_k : float array of shape (n_years,)
        Missing: none.
    fixed_k : float array of shape (n_years,)
        Spent on what does not go on.
    """

    years: tuple[int, ...]
    spend_k: Floats
    earned_k: Floats
    delay_years: Floats
    budget_k: Floats
    fixed_k: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskModel:
    """The uncertain part of a plan: the n projects that go on; pickled to wherever it is drawn.

    The value of a project is ``base_k + left success benefit (1 + rate) ** (-late / 12) - dear cost - later risks``;
    ``late`` are the months, those of risks included, beyond the planned ones (earlier: negative).

    Attributes
    ----------
    projects : DataFrame of shape (n, 4)
        project_id, name, action, value_k of the plan in money.
    series : int array of shape (n,)
        Position among all projects to decide, so that a project has the same luck in every plan.
    factors : FactorModel
        Of all projects to decide, and all their risks.
    estimates, events, money
        The uncertain numbers, the register, money by year.
    base_k : float array of shape (n,)
        Fixed part of the value.
    left, dear, later : float arrays of shape (n,)
        What the plan's action leaves of the worth of the benefit, of cost (dearer variants: more), of other money.
    begins, pace : float arrays of shape (n,)
        First month of work (missing where its length is not known); how many times as long the work takes.
    fixed_k, plan_k, rate : float
        Value of what does not go on and of joint effects; of the plan; discount rate.
    policy : RiskPolicy
    currency : str
    """

    projects: pd.DataFrame
    series: Ints
    factors: FactorModel
    estimates: Estimates
    events: Events
    money: Money
    base_k: Floats
    left: Floats
    dear: Floats
    later: Floats
    begins: Floats
    pace: Floats
    fixed_k: float
    plan_k: float
    rate: float
    policy: RiskPolicy
    currency: str

    @property
    def goal_k(self) -> float:
        """Value to be reached: the board's, else what the plan promises."""
        return self.plan_k if self.policy.goal_k is None else self.policy.goal_k


def risk_model(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, policy: RiskPolicy | None = None,
) -> RiskModel:
    """Say what of a plan is uncertain, from the newest estimates and the risk register.

    Parameters
    ----------
    decision : Decision
        Whatever it was made for, the simulation counts its money.
    tables : mapping of table name to frame
        Those the decision was made from: estimates, cash_flows, risks.
    policy : RiskPolicy, optional

    Raises
    ------
    MissingTableError
        Neither estimates nor risks are there, or nothing that gives a value in money.
    ParameterError
        There is no plan, the tables are not the ones it was made from, or a stressed factor is unknown.
    SchemaError
        An estimate or a risk contradicts itself.
    """
    policy = RiskPolicy() if policy is None else policy
    if not isinstance(policy, RiskPolicy):
        raise ParameterError(f"policy: got {type(policy).__name__}, allowed a RiskPolicy. Pass RiskPolicy(goal_k=100).")
    tables = tables_of(decision, tables, also=("risks",))
    row = _chosen_rows(decision)
    _refuse_nothing(decision, tables)
    actions, rate = decision.problem.actions, decision.problem.policy.discount_rate
    on = np.flatnonzero((row["on"] | (row["action"] == "hold")).to_numpy())
    everyone = actions.projects
    projects = everyone.iloc[on].reset_index(drop=True)
    estimates = read_estimates(tables, projects, anchored=policy.anchor is Anchor.PLAN)
    ids = everyone["project_id"].tolist()
    events = _events(read_register(tables if policy.register else {}, ids), projects, responses=policy.responses)
    row = row.iloc[on].reset_index(drop=True)
    value, begins = row["money_k"].to_numpy(dtype=float), row["begins"].to_numpy(dtype=float)
    later = (1.0 + rate) ** (-row["delay_months"].to_numpy(dtype=float) / 12.0)
    left, dear = row["benefit_left"].to_numpy(dtype=float), later * row["cost_factor"].to_numpy(dtype=float)
    expected = left * projects["benefit_k"].to_numpy(dtype=float) - dear * projects["cost_k"].to_numpy(dtype=float)
    plan_k, factors = _plan_k(decision), factor_model(everyone, events.table, policy.correlation)
    for name in policy.stress:
        if name not in factors.names:
            raise ParameterError(f"stress: no factor is called {name!r}. {did_you_mean(str(name), factors.names)}")
    return RiskModel(
        projects=projects[["project_id", "name"]].assign(action=row["action"], value_k=value), series=on,
        factors=factors, estimates=estimates, events=events, money=_money(decision, tables, on),
        base_k=value - expected - later * events.response_k, left=left, dear=dear, later=later,
        begins=np.where(estimates.timed, begins, np.nan), pace=row["pace"].to_numpy(dtype=float),
        fixed_k=plan_k - float(value.sum()), plan_k=plan_k, rate=rate, policy=policy, currency=decision.currency,
    )


def _refuse_nothing(decision: Decision, tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a plan of which nothing is uncertain, or whose value in money is not known."""
    estimates, flows, risks = (tables.get(name) for name in ("estimates", "cash_flows", "risks"))
    if estimates is None and risks is None:
        raise MissingTableError("estimates, risks: both missing, so nothing of the plan is uncertain. Add one of them.")
    if estimates is None and flows is None and decision.problem.policy.objective is Objective.SCORE:
        raise MissingTableError("estimates, cash_flows: both missing, so the plan has no value in money. Add one of "
                                "them.")


def _chosen_rows(decision: Decision) -> pd.DataFrame:
    """Rows of the chosen actions, one per project to decide."""
    if decision.outcome is None:
        raise ParameterError(f"decision: has no plan ({decision.status}), so there is nothing to simulate. Look at its "
                             "mends for what has to give way.")
    return decision.problem.actions.frame.iloc[decision.outcome.choice].reset_index(drop=True)


def _plan_k(decision: Decision) -> float:
    """Value of the plan in money, whatever it was chosen by; to a score, joint effects have no price."""
    joint = 0.0 if decision.problem.policy.objective is Objective.SCORE else float(decision.effects["value_k"].sum())
    return float(_chosen_rows(decision)["money_k"].sum()) + joint


def _events(risks: pd.DataFrame, projects: pd.DataFrame, *, responses: bool) -> Events:
    project = pd.Index(projects["project_id"]).get_indexer(pd.Index(risks["project_id"]))
    shape, cost = impact(risks), np.zeros(len(projects))
    if responses:
        left = 1.0 - risks["response_effect"].to_numpy()
        shape = Triangular(low=shape.low * left, mode=shape.mode * left, high=shape.high * left)
        np.add.at(cost, project[project >= 0], risks["response_cost_k"].to_numpy()[project >= 0])
    return Events(table=risks, project=project, chance=risks["probability"].to_numpy(), impact=shape,
                  months=(risks["unit"] == "months").to_numpy(), response_k=cost)


def _money(decision: Decision, tables: Mapping[str, pd.DataFrame], on: Ints) -> Money:
    assert decision.outcome is not None
    actions, choice = decision.problem.actions, decision.outcome.choice
    spend = (actions.capex_k + actions.opex_k)[choice]
    budgets = decision.money.set_index("year")["budget_k"].reindex(list(actions.years))
    off = np.setdiff1d(np.arange(len(choice)), on)
    ids = actions.projects["project_id"].iloc[on]
    row, length = actions.frame.iloc[choice[on]], actions.projects["length"].to_numpy(dtype=float)[on]
    delay = row["delay_months"].to_numpy(dtype=float) + np.ceil(length * (row["pace"].to_numpy() - 1.0) - 1e-9)
    return Money(
        years=actions.years, spend_k=spend[on], earned_k=_earned(tables.get("cash_flows"), ids, actions.years),
        delay_years=delay / 12.0, budget_k=budgets.to_numpy(dtype=float), fixed_k=spend[off].sum(axis=0),
    )


def _earned(flows: pd.DataFrame | None, ids: pd.Series, years: tuple[int, ...]) -> Floats:
    """Planned benefit until the end of each year, undelayed, shape (n, n_years + 1), beginning with 0."""
    earned = np.zeros((len(ids), len(years) + 1))
    if flows is not None and "benefit_k" in flows:
        project = pd.Index(ids).get_indexer(pd.Index(flows["project_id"]))
        year = flows["year"].to_numpy(dtype=int) - years[0]
        mine = (project >= 0) & (year >= 0) & (year < len(years))
        np.add.at(earned, (project[mine], year[mine] + 1), flows["benefit_k"].to_numpy(dtype=float)[mine])
    return np.cumsum(earned, axis=1)
