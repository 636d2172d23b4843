"""Which estimate or risk moves the plan's value most: from one end to the other, and over all draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.risk.draws import add_blocks, block_size, checked_draws, cut, discount, draw, first_size
from pmlib.portfolio.risk.model import RiskModel, RiskPolicy, risk_model

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.axes import Axes

    from pmlib.portfolio.decision import Decision

_LATE, _RISK = 2, 4
_WORDS = ("benefit", "cost", "months", "chance")
#: Two variance shares closer than this many standard errors of their difference count as tied.
_APART = 1.96
#: Below this a variance, in units of what is expected of it, is rounding.
_NOTHING = 1e-12
_COLUMNS = ["input", "project_id", "risk_id", "low", "high", "value_low_k", "value_high_k", "swing_k", "correlation",
            "share", "error", "tied_with_next"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Tornado:
    """What moves the value of a plan most.

    Attributes
    ----------
    table : DataFrame
        One row per uncertain input, the largest share first: input (benefit, cost, months, success, chance, risk),
        project_id, risk_id (empty but for a risk), low and high (p10 and p90 of the input; of success 0 and 1; of a
        risk 0 and its mean impact), value_low_k and value_high_k (value of the plan with this input there and all
        others at their mean), swing_k, correlation (with the plan's value), share (of the variance of the value),
        error (Monte Carlo standard error of the share), tied_with_next (the errors of both, taken as independent, do
        not separate it from the next row).
    value_k : float
        Value with every input at its mean.
    draws, seed : int
    notes : tuple of str
    """

    table: pd.DataFrame
    value_k: float
    currency: str
    draws: int
    seed: int
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per uncertain input, the largest share of variance first."""
        return self.table.copy(deep=False)

    def leaders(self) -> pd.DataFrame:
        """Return the inputs that are tied at the top: the first, and those its error does not separate from it."""
        first = self.table.iloc[:1]
        if first.empty:
            return first
        error = np.hypot(self.table["error"], float(first["error"].iloc[0]))
        return self.table[float(first["share"].iloc[0]) - self.table["share"] <= _APART * error]

    def plot(self, *, ax: Axes | None = None, top: int = 10) -> Axes:
        """Draw the ``top`` inputs as bars from one end to the other, with their share and its error."""
        from pmlib.plots import risk as figures

        frame = self.table.head(top)
        frame = frame.assign(label=[_what(row) for row in frame.to_dict("records")])
        drawn: Axes = figures.tornado(frame, ax=ax, now=self.value_k, currency=self.currency)
        return drawn

    def summary(self) -> str:
        """Say what moves the value most, how far, and what the draws cannot tell from it."""
        if self.table.empty:
            return "No input of the plan is uncertain."
        rows = self.table.to_dict("records")
        top, others = rows[0], len(self.leaders()) - 1
        tied = ""
        if others:
            tied = f" {self.draws:,} draws do not tell {others} more {'input' if others == 1 else 'inputs'} from it."
        return (f"{_what(top)} moves the plan most: {100 * top['share']:.1f} % of the variance (standard error "
                f"{100 * top['error']:.1f}), {top['value_low_k']:,.0f} to {top['value_high_k']:,.0f} thousand "
                f"{self.currency} from one end to the other.{tied}")

    def headline(self) -> dict[str, str]:
        """Give the share of the first input, and its swing."""
        if self.table.empty:
            return {"0": "uncertain inputs"}
        top = self.table.to_dict("records")[0]
        return {f"{100 * top['share']:.1f} %": f"of the variance from {_what(top)}",
                f"{top['swing_k']:,.0f}": f"thousand {self.currency} between its ends",
                f"{len(self.table)}": "uncertain inputs"}

    def __repr__(self) -> str:
        top = f"; first {_what(self.table.to_dict('records')[0])}" if len(self.table) else ""
        return f"<Tornado: {len(self.table)} uncertain inputs{top}; {self.draws:,} draws>"


def _what(row: Mapping[object, object]) -> str:
    """Input in words."""
    return f"Risk {row['risk_id']} of {row['project_id']}" if row["input"] == "risk" else \
        f"{str(row['input']).capitalize()} of {row['project_id']}"


def tornado(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, policy: RiskPolicy | None = None,
    draws: int = 20_000, seed: int = 0, executor: Executor | None = None,
) -> Tornado:
    """Find which estimate or risk moves the value of a plan most.

    Two views of every input: how far the value goes when it alone goes from p10 to p90 (a risk: from not happening
    to its mean impact), and its share of the variance over all draws: slope times covariance with the value. Of
    independent inputs that is the squared correlation; where inputs share a factor each has its part of what they
    do together. Shares add up to 1 but for what is not linear. Success goes from failing to succeeding; the chance
    of it, from its p10 to its p90, moves the value but has no share: a project succeeds or fails once, by its mean.

    Parameters
    ----------
    decision, tables, policy, draws, seed, executor
        As for `simulate`.

    Returns
    -------
    Tornado

    Raises
    ------
    MissingTableError, ParameterError
        As for `simulate`.
    SchemaError
        An estimate or a risk contradicts itself.

    References
    ----------
    Saltelli et al. (2008), Global Sensitivity Analysis; Li et al. (2010), J. Phys. Chem. A 114, on covariance shares.
    The error is that of its influence function.
    """
    draws, seed = checked_draws(draws, seed)
    model = risk_model(decision, tables, policy=policy)
    scale = _scale(model)
    work = partial(_power_sums, model=model, scale=scale, seed=seed, draws=draws)
    table, value = _ends(model)
    sums = add_blocks(work, math.ceil(draws / block_size(model)), executor=executor)
    correlation, share, error = _shares(sums, n=draws, slope=_slopes(model) * scale.unit / scale.value_unit_k)
    drawn = (table["input"] != "chance").to_numpy()
    for name, found in (("correlation", correlation), ("share", share), ("error", error)):
        table[name] = np.zeros(len(table))
        table.loc[drawn, name] = found
    table = table[(table["swing_k"] > 0) | (table["share"] != 0)]
    table = table.sort_values(["share", "swing_k", "project_id", "input"], ascending=[False, False, True, True])
    table = table.reset_index(drop=True)
    near = np.hypot(table["error"], table["error"].shift(-1))
    table["tied_with_next"] = (table["share"] - table["share"].shift(-1)) <= _APART * near
    return Tornado(table=table[_COLUMNS], value_k=value, currency=model.currency, draws=draws, seed=seed,
                   notes=model.estimates.notes)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Scale:
    """Centre and unit of the inputs and of the value, so that sums of fourth powers keep their digits."""

    centre: Floats
    unit: Floats
    value_k: float
    value_unit_k: float


def _risks(model: RiskModel) -> Ints:
    """Risks of the projects that go on."""
    return np.flatnonzero(model.events.project >= 0)


def _scale(model: RiskModel) -> _Scale:
    estimates, events, mine = model.estimates, model.events, _risks(model)
    means, chance, impact = estimates.means(), events.chance[mine], events.impact.mean()[mine]
    second = chance * (events.impact.variance()[mine] + impact**2)
    numbers = [distribution.standard_deviation() for distribution in estimates.fitted[:3]]
    success = np.sqrt(np.maximum(means[3] * (1.0 - means[3]), 0.0))
    unit = np.concatenate([*numbers, success, np.sqrt(np.maximum(second - (chance * impact) ** 2, 0.0))])
    parts = np.array([model.left * means[0] * success, model.left * numbers[0], model.dear * numbers[1]])
    return _Scale(centre=np.concatenate([*means, chance * impact]), unit=np.where(unit > 0, unit, 1.0),
                  value_k=model.plan_k, value_unit_k=max(math.sqrt(float((parts**2).sum())), 1e-9))


def _power_sums(block: int, *, model: RiskModel, scale: _Scale, seed: int, draws: int) -> Floats:
    """Add up input ** a * value ** b for a up to 2 and a + b up to 4, shape (3, 5, n_inputs)."""
    drawn = cut(draw(model, seed=seed, block=block), first_size(model, draws=draws, block=block))
    inputs = np.vstack([drawn.benefit, drawn.cost, drawn.months, drawn.success, drawn.impact[_risks(model)]])
    inputs = (inputs - scale.centre[:, None]) / scale.unit[:, None]
    value = (drawn.plan_value_k(model) - scale.value_k) / scale.value_unit_k
    sums = np.zeros((3, 5, len(inputs)))
    for a, power in enumerate((np.ones_like(inputs), inputs, inputs**2)):
        for b in range(5 - a):
            sums[a, b] = (power * value**b).sum(axis=1)
    return sums


def _shares(sums: Floats, *, n: int, slope: Floats) -> tuple[Floats, Floats, Floats]:
    """Correlation of every input with the value, its share of the variance, and the standard error of the share."""
    moment = sums / n

    def central(a: int, b: int) -> Floats:
        terms = [math.comb(a, i) * math.comb(b, j) * (-moment[1, 0]) ** (a - i) * (-moment[0, 1]) ** (b - j)
                 * moment[i, j] for i in range(a + 1) for j in range(b + 1)]
        return np.asarray(sum(terms))

    # What does not vary has a share of nothing.
    variance = np.where(central(0, 2) > _NOTHING, central(0, 2), np.inf)
    spread = np.sqrt(np.where(central(2, 0) > _NOTHING, central(2, 0), np.inf))
    share = slope * central(1, 1) / variance
    cross = slope**2 * central(2, 2) - 2.0 * slope * share * central(1, 3) + share**2 * central(0, 4)
    error = np.sqrt(np.maximum(cross, 0.0) / n) / variance
    return central(1, 1) / (spread * np.sqrt(variance)), share, error


def _middle(model: RiskModel) -> Floats:
    """Benefit, cost, months late, chance and cost of risks at their means, shape (5, n)."""
    means, events, mine = model.estimates.means(), model.events, _risks(model)
    expected, months = (events.chance * events.impact.mean())[mine], events.months[mine]
    late = model.pace * (means[2] - model.estimates.planned[2])
    middle = np.array([means[0], means[1], late, means[3], np.zeros_like(late)])
    np.add.at(middle, (np.where(months, _LATE, _RISK), events.project[mine]), expected)
    return middle


def _slopes(model: RiskModel) -> Floats:
    """Thousands of value per unit of every input, all others at their mean, shape (n_inputs,)."""
    middle, events, mine = _middle(model), model.events, _risks(model)
    earned = model.left * discount(model, middle[_LATE])
    month = -earned * middle[3] * middle[0] * math.log1p(model.rate) / 12.0
    risk = np.where(events.months[mine], month[events.project[mine]], -model.later[events.project[mine]])
    return np.concatenate([earned * middle[3], -model.dear, month * model.pace, earned * middle[0], risk])


def _ends(model: RiskModel) -> tuple[pd.DataFrame, float]:
    """Move every input to its ends, and give the plan's value there; and with every input at its mean."""
    estimates, events, n, mine = model.estimates, model.events, len(model.series), _risks(model)
    middle, means, project = _middle(model), estimates.means(), events.project[mine]
    ids, impact = model.projects["project_id"].to_numpy(), events.impact.mean()[mine]
    everyone, certain = np.arange(n), (means[3] <= 0.0) | (means[3] >= 1.0)
    inputs = [(word, place, np.array([fitted.p10, fitted.p90]) + estimates.shift[place])
              for place, (word, fitted) in enumerate(zip(_WORDS, estimates.fitted, strict=True))]
    inputs.insert(3, ("success", 3, np.where(certain, means[3], np.array([[0.0], [1.0]]))))
    frames = []
    for word, place, ends in inputs:
        by = (ends - means[place]) * (model.pace if place == _LATE else 1.0)
        moved = _moved(model, middle, place=place, project=everyone, by=by)
        frames.append(moved.assign(input=word, project_id=ids, risk_id="", low=ends[0], high=ends[1]))
    expected = events.chance[mine] * impact
    moved = _moved(model, middle, place=np.where(events.months[mine], _LATE, _RISK), project=project,
                   by=np.array([-expected, impact - expected]))
    frames.append(moved.assign(input="risk", project_id=ids[project], low=0.0, high=impact,
                               risk_id=events.table["risk_id"].to_numpy()[mine]))
    return pd.concat(frames, ignore_index=True), float(_value(model, middle).sum()) + model.fixed_k


def _value(model: RiskModel, middle: Floats, project: Ints | slice = slice(None)) -> Floats:
    """Value of projects from benefit, cost, months late, chance and cost of risks, shape (5, m) -> (m,)."""
    earned = middle[3] * middle[0] * discount(model, middle[_LATE])
    value = model.base_k[project] + model.left[project] * earned - model.dear[project] * middle[1]
    return np.asarray(value - model.later[project] * middle[_RISK])


def _moved(model: RiskModel, middle: Floats, *, place: int | Ints, project: Ints, by: Floats) -> pd.DataFrame:
    """Value of the plan with one number of one project moved by each end, by row."""
    now, whole = middle[:, project], float(_value(model, middle).sum()) + model.fixed_k
    ends = []
    for step in by:
        there = now.copy()
        there[place, np.arange(len(project))] += step
        ends.append(whole + _value(model, there, project) - _value(model, now, project))
    return pd.DataFrame({"value_low_k": ends[0], "value_high_k": ends[1], "swing_k": np.abs(ends[1] - ends[0])})
