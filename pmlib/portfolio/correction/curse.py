"""The optimizer's curse shown: estimates redrawn with their error, plans chosen on them, promises held to outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import whole
from pmlib.portfolio.correction.corrected import Corrected
from pmlib.portfolio.correction.shrinkage import LEAST, shrink
from pmlib.portfolio.correction.versions import VersionErrors
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.model import Floats
from pmlib.portfolio.plans import Change, solve
from pmlib.portfolio.problem import compile_problem, revalued

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.axes import Axes

NAIVE, CORRECTED = "naive", "corrected"
_COLUMNS = ["redraw", "naive_promised_k", "naive_outcome_k", "corrected_promised_k", "corrected_outcome_k"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Curse:
    """Promise and outcome of plans chosen on estimates as they are, and on corrected ones, over redraws.

    Attributes
    ----------
    redraws : DataFrame
        One row per redraw: redraw, naive_promised_k, naive_outcome_k, corrected_promised_k, corrected_outcome_k.
    sds : dict of group to float
        Error the estimates were redrawn with, in expected benefit per unit of stated cost.
    currency : str
    note : str
        Why there are no redraws; empty where there are.
    """

    redraws: pd.DataFrame
    sds: dict[str, float]
    currency: str
    note: str = ""

    @property
    def errors(self) -> pd.DataFrame:
        """Mean of promise and outcome: plan, promised_k, outcome_k, error_k, se_k, error_share, se_share, n.

        ``error_share`` is the sum of the errors over the sum of the outcomes, its standard error that of a ratio.
        """
        rows = []
        for plan in (NAIVE, CORRECTED):
            promised, outcome = (self.redraws[f"{plan}_{what}_k"].to_numpy() for what in ("promised", "outcome"))
            error, n = promised - outcome, len(outcome)
            share = error.sum() / outcome.sum() if outcome.any() else np.nan
            rows.append((plan, promised.mean(), outcome.mean(), error.mean(), error.std(ddof=1) / np.sqrt(n), share,
                         (error - share * outcome).std(ddof=1) / np.sqrt(n) / (abs(outcome.mean()) or np.nan), n))
        return pd.DataFrame(rows, columns=["plan", "promised_k", "outcome_k", "error_k", "se_k", "error_share",
                                           "se_share", "n"])

    @property
    def gain_k(self) -> tuple[float, float]:
        """Mean gain in outcome from choosing on corrected values, and its standard error, thousand."""
        gain = self.redraws["corrected_outcome_k"] - self.redraws["naive_outcome_k"]
        return float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain)))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per redraw."""
        return self.redraws.copy(deep=False)

    def summary(self) -> str:
        """Say how far promises lay from outcomes, and what choosing on corrected values brought."""
        if self.note:
            return self.note
        if not self.redraws[["naive_outcome_k", "corrected_outcome_k"]].any(axis=None):
            return f"Over {len(self.redraws)} redraws of the estimates no plan brought anything."
        naive, corrected = ({str(name): value for name, value in row.items()} for row in self.errors.to_dict("records"))
        gain, error = self.gain_k
        return (f"Over {naive['n']} redraws of the estimates the naive plan promised {_percent(naive)} than came out, "
                f"the corrected plan {_percent(corrected)}. Choosing on corrected values brought {gain:+,.0f} thousand "
                f"{self.currency} of outcome (standard error {error:,.0f}), {100 * gain / naive['outcome_k']:+.1f} %.")

    def headline(self) -> dict[str, str]:
        """Give both errors and the gain."""
        if self.note:
            return {}
        naive, corrected = self.errors["error_share"]
        return {f"{100 * naive:+.0f} %": "promise of the naive plan over its outcome",
                f"{100 * corrected:+.1f} %": "promise of the corrected plan over its outcome",
                f"{self.gain_k[0]:+,.0f} thousand {self.currency}": "outcome gained by choosing on corrected values"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw promise against outcome, one mark per redraw and plan."""
        from pmlib.plots import correction

        return correction.promise_and_outcome(self.redraws, ax, currency=self.currency)

    def __repr__(self) -> str:
        if self.note:
            return f"<Curse: {self.note}>"
        naive, corrected = self.errors["error_share"]
        return (f"<Curse: {len(self.redraws)} redraws; promise over outcome naive {100 * naive:+.1f} %, corrected "
                f"{100 * corrected:+.1f} %; outcome {self.gain_k[0]:+,.0f} k{self.currency} by correction>")


def _percent(row: Mapping[str, float]) -> str:
    share, error = 100 * row["error_share"], 100 * row["se_share"]
    return f"{abs(share):.1f} % {'more' if share >= 0 else 'less'} (standard error {error:.1f})"


def optimizers_curse(
    tables: Mapping[str, pd.DataFrame], correction: Corrected, *, sds: Mapping[str, float] | None = None,
    redraws: int = 200, seed: int = 0, executor: Executor | None = None,
) -> Curse:
    """Ask how much a plan chosen on uncertain estimates promises too much, and whether the correction mends it.

    The stated means are taken for the truth. In every redraw each expected benefit is stated anew with its error (0
    at the least), and every project not begun costs its middle forecast times the ratio of a closed project drawn
    from the reference. One plan is chosen on what is stated, one on that uplifted and shrunk, the prior fitted to
    the redraw; limits are the same for both. Both are held to what then is true.

    Parameters
    ----------
    tables : mapping of table name to frame
        Those of the correction.
    correction : Corrected
        Made with versions; its period and policy count, and its ``policy.gap`` for every redraw.
    sds : mapping of group of gates to float, optional
        Error in expected benefit per unit of stated cost; by default that of the versions before the newest.
    redraws : int
        How many, 2 or more.
    seed : int
        Of the draws.
    executor : concurrent.futures.Executor, optional
        Where to solve; the numbers are the same wherever it is.

    Returns
    -------
    Curse
        Without redraws, and with a note that says why, where too few projects have a value and a cost, the correction
        has no versions or no plan holds every limit.

    Raises
    ------
    ParameterError
        There are too few redraws, an error is not known or no number, or a group is not one of them.

    References
    ----------
    Smith & Winkler (2006), The optimizer's curse: skepticism and postdecision surprise, Management Science 52(3).

    Examples
    --------
    >>> from pmlib.portfolio.correction.corrected import correct_values
    >>> ids = ["P1", "P2", "P3", "P4"]
    >>> rows = [(p, day, q, x, x, x) for p, benefits in zip(ids, ((150, 120), (90, 160), (240, 210), (80, 130)))
    ...         for day, benefit in zip(("2025-06-30", "2025-12-31"), benefits)
    ...         for q, x in (("benefit_pv_k", float(benefit)), ("cost_k", 100.0))]
    >>> versions = pd.DataFrame(rows, columns=["project_id", "as_of", "quantity", "p10", "p50", "p90"])
    >>> tables = {"projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0}),
    ...           "estimates": versions}
    >>> correction = correct_values(tables, versions=versions, period="2025-12")
    >>> len(optimizers_curse(tables, correction, redraws=3, seed=1).to_frame())
    3
    """
    whole(redraws, "redraws", least=2)
    known = correction.projects[correction.projects["value_k"].notna() & (correction.projects["cost_k"] > 0)]
    if len(known) < LEAST:
        return _none(f"Nothing is redrawn: it takes {LEAST} projects with value and cost to show how estimates spread, "
                     f"got {len(known)}.", correction)
    if correction.errors is None:
        return _none("Nothing is redrawn: the correction was made without versions, so the error of the estimates is "
                     "not known. Pass versions to correct_values.", correction)
    if sds is None and correction.errors.earlier.isna().any():
        return _none("Nothing is redrawn: without an earlier version of the estimates their error is not known. Add "
                     "dated versions, or state it in sds.", correction)
    by_group = _sds(correction.errors, sds)
    stated = correction.projects.set_index("project_id")["value_k"].dropna()
    problem = compile_problem(tables, period=correction.period, values=stated, policy=correction.policy)
    first = solve(problem)
    if not first.found:
        return _none(f"Nothing is redrawn: no plan holds every limit ({first.status}). Look at "
                     "rebalance(tables).mends.", correction)
    error = np.asarray(known["project_id"].map(correction.errors.groups).map(by_group), dtype=np.float64)
    objectives = [
        tuple(revalued(problem, pd.Series(values, known["project_id"]).combine_first(stated)).model.objective
              for values in _redrawn(known, error, correction, np.random.default_rng([seed, place])))
        for place in range(redraws)]
    changes = [Change(name=f"redraw {place}", objective=one, start=first.x)
               for place, one in enumerate(one for naive, corrected, _ in objectives for one in (naive, corrected))]
    x = [plan.x for plan in solve_all(problem, changes, executor=executor)]
    return Curse(redraws=pd.DataFrame(_held(objectives, x), columns=_COLUMNS), sds=by_group,
                 currency=correction.currency)


def _none(note: str, correction: Corrected) -> Curse:
    return Curse(redraws=pd.DataFrame(columns=_COLUMNS, dtype=float), sds={}, currency=correction.currency, note=note)


def _sds(errors: VersionErrors, sds: Mapping[str, float] | None) -> dict[str, float]:
    groups = errors.newest.index
    strangers = [name for name in sds or {} if name not in groups]
    if strangers:
        raise ParameterError(f"sds: {strangers[0]!r} is no group of gates. {did_you_mean(strangers[0], groups)}")
    given = errors.earlier if sds is None else pd.Series(dict(sds), dtype=float).reindex(groups)
    wrong = given[~(np.isfinite(given) & (given >= 0))]
    if len(wrong):
        raise ParameterError(f"sds: got {wrong.iloc[0]:g} for {wrong.index[0]}, allowed a number of 0 or more for each "
                             "group of gates. State the error of its estimates.")
    return {str(name): float(sd) for name, sd in given.items()}


def _redrawn(
    known: pd.DataFrame, error: Floats, correction: Corrected, rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Values of one redraw: as stated, as corrected, as they come true."""
    benefit, cost, begins = (known[name].to_numpy() for name in ("benefit_k", "cost_k", "state"))
    seen = np.maximum(benefit + error * cost * rng.standard_normal(len(known)), 0.0)
    # A project that runs costs what it says: nothing is known of others like it.
    ratios = correction.ratios if len(correction.ratios) else np.ones(1)
    actual = known["middle_k"].to_numpy() if len(correction.ratios) else cost
    actual = np.where(begins == "proposed", rng.choice(ratios, len(known)) * actual, cost)
    believed = shrink(pd.Series(seen / cost), pd.Series(error)).estimates["mean"].to_numpy() * cost
    return (seen - cost, np.maximum(believed, 0.0) - known["corrected_cost_k"].to_numpy(), benefit - actual)


def _held(objectives: list[tuple[Floats, ...]], x: list[Floats]) -> list[tuple[int, float, float, float, float]]:
    """Hold both plans of every redraw to what they promise and to what comes true."""
    rows = []
    for redraw, (naive, corrected, true) in enumerate(objectives):
        ours, theirs = x[2 * redraw], x[2 * redraw + 1]
        rows.append((redraw, float(naive @ ours), float(true @ ours), float(corrected @ theirs), float(true @ theirs)))
    return rows
