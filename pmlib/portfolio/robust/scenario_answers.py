"""Plans for an uncertain future side by side: what each is worth, loses and costs, in figures and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.portfolio.actions import records
from pmlib.portfolio.robust.scenarios import Scenarios
from pmlib.portfolio.wording import big

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DECIDED, EXPECTED, LEAST, AVERSE = "the plan", "most expected value", "least regret", "tail-averse"
_SHOWN = 4


class Regret(StrEnum):
    """How regret is measured: in value lost, or as a share of what the best plan would have brought."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


@dataclass(frozen=True, eq=False, kw_only=True)
class ScenarioPlans:
    """Plans for an uncertain future side by side: what each is worth and loses in every scenario.

    Attributes
    ----------
    plans : DataFrame
        One row per plan: the decided one, most expected value, least regret, tail-averse, then the best plan of each
        scenario. plan, expected_k, price_k (expected value given up against the best), tail_k (mean of the worst
        cases), worst_k, max_regret_k, max_regret_share (of the best plan's value; missing where that is not above
        0), regret_in (scenario of the largest regret), decided_otherwise (projects, against the decided plan), proved.
    values, regrets : DataFrames of shape (n_plans, n_scenarios)
        Worth, and what is lost against the scenario's own best plan.
    verbs : DataFrame of shape (n_projects, n_plans)
        The action of every project, index project_id.
    differ, in_all : tuples of str
        Projects that some plans decide otherwise than others; projects that go on in every plan.
    """

    scenarios: Scenarios
    plans: pd.DataFrame
    values: pd.DataFrame
    regrets: pd.DataFrame
    verbs: pd.DataFrame
    differ: tuple[str, ...]
    in_all: tuple[str, ...]
    rho: float
    tail: float
    regret: Regret
    unit: str

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Rows of ``plans`` by the plan's name."""
        return {str(row["plan"]): row for row in records(self.plans)}

    @property
    def knowing_k(self) -> float:
        """What it would be worth, on average, to know which scenario comes before deciding."""
        best = (self.values + self.regrets).iloc[0] @ self.scenarios.probability
        return float(best - self.plans["expected_k"].max())

    @property
    def proved(self) -> bool:
        """Whether every plan is proved to be the best of its kind."""
        return bool(self.plans["proved"].all())

    def to_frame(self) -> pd.DataFrame:
        """One row per plan and scenario: plan, scenario, probability, value_k, best_k, regret_k."""
        frame = self.values.rename_axis("plan").reset_index().melt(
            "plan", var_name="scenario", value_name="value_k")
        regret = self.regrets.to_numpy().ravel(order="F")
        return frame.assign(scenario=frame["scenario"].astype(str), best_k=frame["value_k"] + regret, regret_k=regret,
                            probability=np.repeat(self.scenarios.probability.to_numpy(), len(self.values)))[
            ["plan", "scenario", "probability", "value_k", "best_k", "regret_k"]]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what each of the four plans loses in every scenario; plans that decide the same are one."""
        from pmlib.plots import scenarios as figures

        same: dict[tuple[object, ...], list[str]] = {}
        for name in (DECIDED, EXPECTED, LEAST, AVERSE):
            same.setdefault(tuple(self.verbs[name]), []).append(name)
        label = {names[0]: ", also ".join(names) for names in same.values()}
        frame = self.to_frame()
        shown = frame[frame["plan"].isin(list(label))].replace({"plan": label})
        drawn: Axes = figures.regrets(shown, ax=ax, unit=self.unit)
        return drawn

    def summary(self) -> str:
        """Say what the plan may lose, what the safer plans give up, and which projects depend on the future."""
        return " ".join(filter(None, (_loses(self), _least(self), _averse(self), _alike(self), _proof(self))))

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        most, least = (self.rows[name]["max_regret_k"] for name in (DECIDED, LEAST))
        lines = {self._figure(most): f"lost at most by the plan, if '{self.rows[DECIDED]['regret_in']}' comes" if most
                 else "lost by the plan in any scenario"}
        if self._figure(least) != self._figure(most):
            lines[self._figure(least)] = "lost at most by the plan of least regret"
        lines.setdefault(self._figure(self.knowing_k), "worth of knowing beforehand which scenario comes, on average")
        total = len(self.verbs)
        return lines | {f"{total - len(self.differ)} of {total}": "projects decided alike in every plan"}

    def _figure(self, value: float) -> str:
        return big(value) if self.unit.startswith("thousand") else f"{value:,.1f}"

    def __repr__(self) -> str:
        most, least = (self.rows[name]["max_regret_k"] for name in (DECIDED, LEAST))
        return (f"<ScenarioPlans: {len(self.scenarios.names)} scenarios; largest regret {most:,.0f} of the plan, "
                f"{least:,.0f} at least; {len(self.differ)} of {len(self.verbs)} projects hang on the future>")


def _amount(result: ScenarioPlans, row: dict[str, Any], unit: str = "") -> str:
    """Largest regret in words, the measure that was made small first."""
    lost = float(result.regrets.loc[row["plan"], row["regret_in"]]) if row["regret_in"] else 0.0
    best = lost + (float(result.values.loc[row["plan"], row["regret_in"]]) if row["regret_in"] else 0.0)
    amount = f"{lost:,.0f}{unit}"
    # A loss of more than all there was to win says nothing as a share of it.
    if best <= 0 or (lost > best and result.regret is Regret.ABSOLUTE):
        return amount
    share = f"{100 * lost / best:.1f} %"
    return f"{amount} ({share})" if result.regret is Regret.ABSOLUTE else f"{share} ({amount})"


def _loses(result: ScenarioPlans) -> str:
    row = result.rows[DECIDED]
    if not row["max_regret_k"]:
        return "The plan is the best one in every scenario."
    average = f" On average it gives up {row['price_k']:,.0f}." if round(row["price_k"]) else ""
    return (f"The plan loses at most {_amount(result, row, f' {result.unit}')} against the best plan for the case, if "
            f"'{row['regret_in']}' comes.{average}")


def _least(result: ScenarioPlans) -> str:
    row = result.rows[LEAST]
    if not result.rows[DECIDED]["max_regret_k"]:
        return ""
    if not row["decided_otherwise"]:
        return "No plan has less to regret."
    return (f"The plan of least regret gives up {_price(result, row)} of expected value and never loses more than "
            f"{_amount(result, row)}.")


def _price(result: ScenarioPlans, row: dict[str, Any]) -> str:
    best = float(result.plans["expected_k"].max())
    share = f" ({100 * row['price_k'] / best:.1f} %)" if best > 0 else ""
    return f"{row['price_k']:,.0f}{share}" if round(row["price_k"]) else "nothing"


def _averse(result: ScenarioPlans) -> str:
    here, row = result.rows[DECIDED], result.rows[AVERSE]
    cases = f"the worst {100 * result.tail:g} % of cases"
    if not row["decided_otherwise"]:
        return ""
    return (f"The tail-averse plan gives up {_price(result, row)} and is worth {row['tail_k']:,.0f} in {cases}, where "
            f"the plan is worth {here['tail_k']:,.0f}.")


def _alike(result: ScenarioPlans) -> str:
    total, names = len(result.verbs), result.differ
    if not names:
        return f"All {total} projects are decided alike in every plan."
    named = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return (f"{total - len(names)} of {total} projects are decided alike in every plan; {named} "
            f"hang{'s' if len(names) == 1 else ''} on the future.")


def _proof(result: ScenarioPlans) -> str:
    if result.proved:
        return ""
    loose = int((~result.plans["proved"]).sum())
    return f"{loose} of {len(result.plans)} plans are not proved the best: lower gap or raise node_limit."
