"""From what the naive plan promises to what the corrected plan is worth, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.correction.corrected import EVIDENCE, SHRINKAGE, UPLIFT, Corrected
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.policy import Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = ("promised", UPLIFT, SHRINKAGE, EVIDENCE, "chosen anew", "corrected")
_WORDS = ("promised by the naive plan", "uplift of cost", "shrinkage of benefit", "evidence on benefit",
          "choosing anew", "worth of the corrected plan")
_COLUMNS = ["step", "label", "amount_k", "total_k", "projects"]
#: Values of one decision read twice may differ by rounding alone.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Waterfall:
    """Value of the naive plan, what each correction takes off it, what choosing anew brings back.

    Attributes
    ----------
    steps : DataFrame
        One row per step (promised, uplift, shrinkage, evidence, chosen anew, corrected): step, label, amount_k (the
        first and the last are totals, the others add to the first), total_k (so far), projects (how many it changes;
        for the totals how many go on). Empty without both plans.
    currency : str
    missing : str
        Why there is nothing to compare; empty otherwise.
    """

    steps: pd.DataFrame
    currency: str
    missing: str = ""

    @property
    def promised_k(self) -> float:
        """What the naive plan promises, thousand."""
        return self._amount("promised")

    @property
    def corrected_k(self) -> float:
        """What the corrected plan is worth, thousand."""
        return self._amount("corrected")

    @property
    def naive_corrected_k(self) -> float:
        """What the naive plan is worth on corrected values, thousand."""
        return self.corrected_k - self._amount("chosen anew")

    def _amount(self, step: str) -> float:
        found = self.steps.loc[self.steps["step"] == step, "amount_k"]
        return float(found.iloc[0]) if len(found) else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step."""
        return self.steps.copy(deep=False)

    def summary(self) -> str:
        """Say how much of the promise is left, and what took the rest."""
        if self.missing:
            return self.missing
        cuts = "; ".join(f"{row['label']} {row['amount_k']:+,.0f} "
                         f"({row['projects']} project{'s' * (row['projects'] != 1)})"
                         for row in self.steps.iloc[1:-1].to_dict("records") if row["amount_k"])
        return (f"The naive plan promises {self.promised_k:,.0f} thousand {self.currency}; the corrected plan is worth "
                f"{self.corrected_k:,.0f}. {f'In between: {cuts}.' if cuts else 'Nothing was corrected.'}")

    def headline(self) -> dict[str, str]:
        """Give promise and worth."""
        return {} if self.missing else {
            f"{self.promised_k:,.0f} thousand {self.currency}": "promised by the naive plan",
            f"{self.corrected_k:,.0f} thousand {self.currency}": "worth of the corrected plan",
            f"{self._amount('chosen anew'):+,.0f} thousand {self.currency}": "gained by choosing anew"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the steps as a waterfall."""
        from pmlib.plots import correction

        return correction.waterfall(self.steps, ax, currency=self.currency)

    def __repr__(self) -> str:
        return f"<Waterfall: {self.missing}>" if self.missing else (
            f"<Waterfall: promised {self.promised_k:,.0f}, the same plan corrected {self.naive_corrected_k:,.0f}, "
            f"chosen anew {self.corrected_k:,.0f} k{self.currency}>")


def promised_and_corrected(naive: Decision, corrected: Decision, correction: Corrected) -> Waterfall:
    """Ask what is left of the naive plan's promise, and what choosing on corrected values brings back.

    The corrections are counted on what the naive plan does, later starts and slower variants included. What is left
    over is the choice: another set of projects, under budgets that see the corrected cost, so it can be negative
    where the naive plan no longer holds every limit.

    Parameters
    ----------
    naive, corrected : Decision
        ``rebalance(tables)`` and ``rebalance(correction.tables)`` with the same policy, in money.
    correction : Corrected
        From the same tables.

    Returns
    -------
    Waterfall
        Without one of the plans, one that says so.

    Raises
    ------
    ParameterError
        The decisions are not about the same actions, not in money, or not made from the tables of the correction.

    References
    ----------
    Smith & Winkler (2006), The optimizer's curse, Management Science 52(3).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from pmlib.portfolio.correction.corrected import correct_values
    >>> from pmlib.portfolio.decision import rebalance
    >>> projects = pd.DataFrame({"project_id": ["P1"], "state": ["proposed"], "bac_k": [100.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1"], "year": 2026, "cost_k": [100.0], "benefit_k": [150.0]})
    >>> tables = {"projects": projects, "cash_flows": flows}
    >>> fixed = correct_values(tables, reference=SimpleNamespace(mean_factor=1.2, n=40))
    >>> promised_and_corrected(rebalance(tables), rebalance(fixed.tables), fixed)
    <Waterfall: promised 48, the same plan corrected 29, chosen anew 29 kEUR>
    """
    currency = correction.currency
    if naive.outcome is None or corrected.outcome is None:
        without = "naive" if naive.outcome is None else "corrected"
        return Waterfall(steps=pd.DataFrame({name: [] for name in _COLUMNS}), currency=currency,
                         missing=f"There is no {without} plan to compare. Look at its .mends for what has to give way.")
    moved = _moved(naive, corrected, correction)
    anew = sum(mine != other for mine, other in zip(naive.actions["action"], corrected.actions["action"], strict=True))
    amounts = [naive.value_k, *(float(moved[cause].sum()) for cause in (UPLIFT, SHRINKAGE, EVIDENCE))]
    amounts += [corrected.value_k - sum(amounts), corrected.value_k]
    counts = [len(naive.going_on), *(int((moved[cause] != 0).sum()) for cause in (UPLIFT, SHRINKAGE, EVIDENCE)), anew,
              len(corrected.going_on)]
    steps = pd.DataFrame({"step": STEPS, "label": _WORDS, "amount_k": amounts, "projects": counts})
    # Nothing measured, nothing to show.
    steps = steps[(steps["step"] != EVIDENCE) | (steps["projects"] > 0)].reset_index(drop=True)
    total = steps["amount_k"].iloc[:-1].cumsum().tolist()
    return Waterfall(steps=steps.assign(total_k=[*total, corrected.value_k])[_COLUMNS], currency=currency)


def _moved(naive: Decision, corrected: Decision, correction: Corrected) -> pd.DataFrame:
    """Work out what each correction changes of the worth of the naive plan's actions: uplift, shrinkage, evidence."""
    assert naive.outcome is not None
    before, after = (one.problem.actions.frame for one in (naive, corrected))
    same = ["project_id", "action", "delay_months", "benefit_left"]
    if Objective.SCORE in (naive.policy.objective, corrected.policy.objective) or not before[same].equals(after[same]):
        raise ParameterError("decisions: not about the same actions in money, allowed rebalance(tables) and "
                             "rebalance(correction.tables) with one policy. Make both anew.")
    chosen = before.iloc[naive.outcome.choice]
    told = correction.projects.set_index("project_id").reindex(chosen["project_id"])
    going = (chosen["on"] | (chosen["action"] == "hold")).to_numpy()
    more = (told["corrected_benefit_k"] - told["benefit_k"]).fillna(0.0).to_numpy()
    benefit = np.where(going, chosen["benefit_left"].to_numpy() * more, 0.0)
    cost = (after["value_k"] - before["value_k"]).to_numpy()[naive.outcome.choice] - benefit
    stray = (np.abs(cost) > _ROUNDING * chosen["value_k"].abs().clip(lower=1.0).to_numpy()) & ~told[
        "corrected_by"].fillna("").str.contains(UPLIFT).to_numpy()
    if stray.any():
        raise ParameterError(f"decisions: {chosen['project_id'].iloc[int(np.argmax(stray))]} is worth something else "
                             "than the correction says, allowed decisions from its tables. Make both anew.")
    uplifted = told["corrected_by"].str.contains(UPLIFT).to_numpy()
    measured = told["corrected_by"].str.contains(EVIDENCE).to_numpy()
    return pd.DataFrame({UPLIFT: np.where(uplifted, cost, 0.0), SHRINKAGE: np.where(measured, 0.0, benefit),
                         EVIDENCE: np.where(measured, benefit, 0.0)}, index=chosen["project_id"])
