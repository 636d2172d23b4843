"""What would have to give way when no plan holds every limit: named changes, the cheapest first."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pmlib.portfolio.accounts import label
from pmlib.portfolio.limits import CHANGE, MIX, MONEY
from pmlib.portfolio.model import Floats, RowName
from pmlib.portfolio.problem import Problem, chosen, relaxed_limits

COLUMNS = ["kind", "name", "period", "amount", "unit", "share_of_limit", "sentence"]
_DIGITS = {"capacity": 1, "money": 0, "mix": 3}


def _up(value: float, digits: int) -> float:
    """Round up, so that the amount a board reads is enough; the tolerance forgives the solver, not the data."""
    scale = float(10**digits)
    return math.ceil(value * scale - 1e-6) / scale


def mends(problem: Problem) -> pd.DataFrame:
    """List the limits that must give way, and by how much, until there is a plan.

    Amounts are rounded up to what is shown, so that exactly these changes are enough.

    Returns
    -------
    DataFrame
        kind, name, period, amount, unit, share_of_limit, sentence; the smallest share of its limit first.
        Empty when not even that leaves a plan.
    """
    answer, soft, amounts = relaxed_limits(problem)
    if not answer.found:
        return pd.DataFrame({name: [] for name in COLUMNS})
    money = (problem.actions.capex_k + problem.actions.opex_k).sum(axis=1)[chosen(problem, answer.x)]
    rows = []
    for place in np.flatnonzero(amounts):
        row = int(soft[place])
        name, limit = problem.model.names[row], float(problem.model.row_upper[row])
        rows.append(_mend(problem, name, limit=limit, amount=float(amounts[place]), money=money))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["share_of_limit", "kind", "name", "period"], kind="stable").reset_index(drop=True)


def _mend(
    problem: Problem, name: RowName, *, limit: float, amount: float, money: Floats,
) -> tuple[str, str, str, float, str, float, str]:
    kind = name[0]
    if kind == "capacity":
        more = _up(amount, _DIGITS["capacity"])
        return (kind, name[1], name[2], more, "person-months", more / limit if limit else math.inf,
                f"+{more:,.1f} person-months of {name[1]} in {name[2]}")
    if kind in MONEY:
        more = _up(amount, _DIGITS["money"])
        period = name[1] if len(name) > 1 else ""
        when = f" in {period}" if period else ""
        word = {"budget": "budget", "budget capex": "capital budget", "budget opex": "operating budget"}[kind]
        return (kind, word, period, more, f"thousand {problem.currency}", more / limit if limit else math.inf,
                f"+{more:,.0f} thousand {word}{when}")
    if kind in MIX:
        return _mix_mend(problem, name, money)
    if kind in CHANGE:
        more = _up(amount, 0)
        word = "change" if kind == "changes" else "stop"
        return (kind, kind, "", more, "projects", more / limit if limit else math.inf,
                f"+{more:,.0f} {word if more == 1 else word + 's'} allowed")
    if kind == "mandatory":
        return (kind, name[1], "", 1.0, "projects", 100.0, f"{name[1]} is no longer mandatory")
    return (kind, " ".join(name[1:]), "", 1.0, "links", 1000.0, f"the link '{label(name)}' is lifted")


def _mix_mend(problem: Problem, name: RowName, money: Floats) -> tuple[str, str, str, float, str, float, str]:
    kind, horizon = name
    mine = problem.horizon.to_numpy() == horizon
    share = float(money[mine].sum() / money.sum())
    targets = problem.targets
    column = "floor_share" if kind == "mix floor" else "ceiling_share"
    wanted = float(targets.set_index("horizon")[column][horizon]) if targets is not None else 0.0
    scale = 10 ** _DIGITS["mix"]
    new = math.floor(share * scale + 1e-9) / scale if kind == "mix floor" else math.ceil(share * scale - 1e-9) / scale
    word = kind.removeprefix("mix ")
    return (kind, horizon, "", abs(wanted - new), "share", abs(wanted - new) / max(wanted, 1e-9),
            f"{word} of {horizon} from {100 * wanted:.1f} % to {100 * new:.1f} % of money")
