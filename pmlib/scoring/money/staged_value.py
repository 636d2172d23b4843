"""What a project in stages is worth when it may fail, or be stopped, at each gate: expected commercial value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, ParameterError, SchemaError, did_you_mean
from pmlib.scoring.inputs import LARGEST_AMOUNT, floats, refuse_columns, shown
from pmlib.scoring.money.finance import FloatArray, share_a_year

_MOST_YEARS = 1_000.0
_ROUNDING = 1e-9
_NEEDED = ("stage", "cost_k", "p_success")
_COLUMNS = ["stage", "cost_k", "p_success", "years", "start_years", "chance_to_reach", "chance_to_go_on", "continue_k",
            "stop_k", "value_k"]
_DEFAULTS = {"years": 0.0, "stop_k": 0.0}


@dataclass(frozen=True, eq=False, kw_only=True)
class StagedValue:
    """A project's stages valued from the last gate back to the first.

    Attributes
    ----------
    table : DataFrame
        One row per stage, in order: stage, cost_k, p_success, years, start_years (from now, if all goes on),
        chance_to_reach (0-1, under the plan that stops where that is better), chance_to_go_on (0-1, of those that
        reach the gate), continue_k and stop_k (worth of going on and of stopping, money of the gate's day, thousands,
        expected over the outcomes), value_k (worth of standing at the gate, the better choice for each outcome known).
    value_k : float
        Worth now, free to stop at each gate, the first included.
    committed_k : float
        Worth now if every gate is passed unless the stage before fails: the expected commercial value of the books.
    paid_k : float
        Money paid out now for all chances and stages, of the plan that may stop: the same worth, counted forward.
    currency : str
        Currency, in thousands.
    """

    table: pd.DataFrame
    value_k: float
    committed_k: float
    paid_k: float
    currency: str

    @property
    def option_k(self) -> float:
        """Worth of being free to stop, thousands of now; 0 or more."""
        return self.value_k - self.committed_k

    def to_frame(self) -> pd.DataFrame:
        """Return one row per stage."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say what the project is worth, what the freedom to stop adds, and where it is used."""
        if self.table["chance_to_go_on"].iloc[0] == 0:
            return (f"Not worth starting: passing every gate is worth {self.committed_k:,.1f} thousand {self.currency} "
                    f"now, and stopping at once brings {self.value_k:,.1f}.")
        used = self.table.loc[(self.table["chance_to_go_on"] < 1) & (self.table["chance_to_reach"] > 0), "stage"]
        where = f", used before {', '.join(used)}" if len(used) else "; no gate is worth stopping at"
        return (f"Worth {self.value_k:,.1f} thousand {self.currency} now; the freedom to stop is {self.option_k:,.1f} "
                f"of it{where}. The last stage is reached with {100 * self.table['chance_to_reach'].iloc[-1]:.0f} %.")

    def headline(self) -> dict[str, str]:
        """Give the worth and what the freedom to stop adds."""
        return {
            f"{self.value_k:,.1f} k": f"{self.currency} expected commercial value, free to stop",
            f"{self.option_k:,.1f} k": f"{self.currency} of it for the freedom to stop",
            f"{100 * self.table['chance_to_reach'].iloc[-1]:.0f} %": f"chance to reach {self.table['stage'].iloc[-1]}",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        return (f"<StagedValue: {len(self.table)} stages, {self.value_k:,.1f} k{self.currency}, of it "
                f"{self.option_k:,.1f} for the freedom to stop>")

    def check(self) -> str:
        """Compare the worth counted back from the end with what is paid and gained on the way forward.

        Raises
        ------
        CheckError
            The two differ, or being free to stop is worth less than nothing.
        """
        scale = _ROUNDING * max(1.0, float(self.table[["cost_k", "value_k"]].abs().to_numpy().max()))
        if abs(self.value_k - self.paid_k) > scale or self.option_k < -scale:
            raise CheckError(f"staged value: {self.value_k:.6g} counted back, {self.paid_k:.6g} forward, allowed "
                             f"equal; freedom to stop {self.option_k:.3g}, allowed 0 or more. Value the stages again.")
        return f"Counted back and forward the project is worth {self.value_k:,.1f} thousand {self.currency}."


def expected_commercial_value(
    stages: pd.DataFrame, *, payoff: float | pd.DataFrame, known_after: str | None = None, rate: float = 0.0,
    currency: str = "EUR",
) -> StagedValue:
    """Value a project stage by stage, free to stop at each gate.

    A stage's cost is paid at its gate, then the stage succeeds or fails; a failed stage ends the project with nothing.
    After the last success the payoff comes. At each gate going on is compared with stopping, which brings ``stop_k``;
    on a tie it goes on. With two stages and no length the committed worth is
    ``(payoff * p_commercial - launch cost) * p_technical - development cost``.

    The freedom to stop is worth something only where news can arrive: several outcomes of which the true one becomes
    known at a gate, or something to be had for stopping. With neither, all it can do is not to start.

    Parameters
    ----------
    stages : DataFrame
        In order: stage, cost_k (0 or more), p_success (0-1); years (length, default 0), stop_k (what stopping at its
        gate brings in, negative for what it costs, default 0).
    payoff : float, or DataFrame with outcome, chance, payoff_k
        Thousands at the end of the last stage, present value of that day; chances sum to 1.
    known_after : str, optional
        The stage whose success shows which outcome is true; without it nobody knows before the end.
    rate : float
        Discount rate, share a year, above -1.
    currency : str
        Printed with every figure.

    Returns
    -------
    StagedValue

    Raises
    ------
    SchemaError
        A column is missing, a number is out of bounds, a stage comes twice, or chances do not sum to 1.
    ParameterError
        ``known_after`` is no stage, or the rate is not above -1.

    References
    ----------
    Cooper, Edgett & Kleinschmidt (2001), Portfolio Management for New Products, 2nd ed., ch. 3. The option to stop:
    Trigeorgis (1996), Real Options.

    Examples
    --------
    >>> stages = pd.DataFrame({"stage": ["develop", "launch"], "cost_k": [3.0, 5.0], "p_success": [0.8, 0.5]})
    >>> round(expected_commercial_value(stages, payoff=30.0).value_k, 6)
    5.0
    >>> outcomes = pd.DataFrame({"outcome": ["hit", "flop"], "chance": [0.5, 0.5], "payoff_k": [60.0, 0.0]})
    >>> expected_commercial_value(stages, payoff=outcomes, known_after="develop")
    <StagedValue: 2 stages, 7.0 kEUR, of it 2.0 for the freedom to stop>
    """
    plan = _checked_stages(stages)
    chances, payoffs = _outcomes(payoff)
    known = _gate_of_news(plan, known_after)
    rate = share_a_year(rate)
    shrink = (1.0 + rate) ** -plan["years"].to_numpy()
    odds = plan["p_success"].to_numpy() * shrink
    costs, stops = plan["cost_k"].to_numpy(), plan["stop_k"].to_numpy()
    onward = np.empty((len(plan), len(payoffs)))
    bound, value = payoffs @ chances, payoffs
    for i in reversed(range(len(plan))):
        # Before the news every outcome looks the same, so all share one expected worth.
        expected = value if i >= known else np.full_like(payoffs, value @ chances)
        onward[i] = odds[i] * expected - costs[i]
        value = np.maximum(onward[i], stops[i])
        bound = odds[i] * bound - costs[i]
    table, paid = _forward(plan, chances, onward=onward, payoffs=payoffs, rate=rate)
    return StagedValue(table=table, value_k=float(value @ chances), committed_k=float(bound), paid_k=paid,
                       currency=currency)


def _forward(
    plan: pd.DataFrame, chances: FloatArray, *, onward: FloatArray, payoffs: FloatArray, rate: float
) -> tuple[pd.DataFrame, float]:
    """Walk through the gates with the decisions found on the way back; return the table and the money paid."""
    costs, stops, success, years = (plan[name].to_numpy() for name in ("cost_k", "stop_k", "p_success", "years"))
    start = np.concatenate([[0.0], np.cumsum(years)])
    discount = (1.0 + rate) ** -start
    go = onward >= stops[:, None]
    reach = np.empty((len(plan) + 1, len(chances)))
    reach[0] = chances
    for i, p in enumerate(success):
        reach[i + 1] = reach[i] * go[i] * p
    passing = np.where(go, -costs[:, None], stops[:, None]) * reach[:-1]
    paid = float(discount[:-1] @ passing.sum(axis=1) + discount[-1] * (reach[-1] @ payoffs))
    reached = reach[:-1].sum(axis=1)
    # At a gate that is never reached the outcomes are as likely as now.
    likely = np.where(reached[:, None] > 0, reach[:-1], chances)
    likely = likely / likely.sum(axis=1, keepdims=True)
    better = (np.maximum(onward, stops[:, None]) * likely).sum(axis=1)
    table = plan.assign(start_years=start[:-1], chance_to_reach=reached, chance_to_go_on=(go * likely).sum(axis=1),
                        continue_k=(onward * likely).sum(axis=1), value_k=better)
    return table[_COLUMNS], paid


def _checked_stages(stages: pd.DataFrame) -> pd.DataFrame:
    refuse_columns(stages, _NEEDED, others=tuple(_DEFAULTS), table="stages")
    plan = stages.reindex(columns=[*_NEEDED, *_DEFAULTS]).reset_index(drop=True)
    plan = plan.fillna({name: default for name, default in _DEFAULTS.items() if name not in stages})
    numbers = ["cost_k", "p_success", *_DEFAULTS]
    plan = plan.assign(stage=plan["stage"].astype("str"), **{name: floats(plan[name]) for name in numbers})
    if plan.empty or plan["stage"].duplicated().any():
        got = "no row" if plan.empty else f"{plan.loc[plan['stage'].duplicated(), 'stage'].iloc[0]!r} twice"
        raise SchemaError(f"stages: got {got}, allowed 1 or more stages, each once. Name them apart.")
    lowest = {"cost_k": 0.0, "p_success": 0.0, "years": 0.0, "stop_k": -LARGEST_AMOUNT}
    highest = {"p_success": 1.0, "years": _MOST_YEARS}
    for name, low in lowest.items():
        high = highest.get(name, LARGEST_AMOUNT)
        wrong = plan[~plan[name].between(low, high)]
        if len(wrong):
            allowed = f"{low:g} to {high:g}" if name in highest else "0 or more" if low == 0 else "a finite number"
            raise SchemaError(f"stages: {name} of {wrong['stage'].iloc[0]!r} is {wrong[name].iloc[0]}, allowed "
                              f"{allowed}. Correct the row.")
    return plan


def _outcomes(payoff: float | pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return chances and payoffs of the outcomes; one outcome for a plain number."""
    if not isinstance(payoff, pd.DataFrame):
        frame = pd.DataFrame({"outcome": ["success"], "chance": [1.0], "payoff_k": [payoff]})
    else:
        refuse_columns(payoff, ("outcome", "chance", "payoff_k"), table="payoff")
        frame = payoff
    chances, payoffs = (floats(frame[name]).to_numpy() for name in ("chance", "payoff_k"))
    whole = (chances >= 0).all() and abs(chances.sum() - 1.0) <= _ROUNDING
    if not (whole and (np.abs(payoffs) <= LARGEST_AMOUNT).all()):
        raise SchemaError(f"payoff: chances {chances.tolist()} of {payoffs.tolist()} thousand, allowed chances of 0 or "
                          "more that sum to 1, of finite payoffs. Correct the outcomes.")
    return chances, payoffs


def _gate_of_news(plan: pd.DataFrame, known_after: str | None) -> int:
    """Return the number of the first gate at which the true outcome is known."""
    names = plan["stage"].to_list()
    if known_after is None:
        return len(names)
    if not isinstance(known_after, str) or known_after not in names:
        words = did_you_mean(str(known_after), names)
        raise ParameterError(f"known_after: got {shown(known_after)}. {words} Name one of the stages.")
    return names.index(known_after) + 1
