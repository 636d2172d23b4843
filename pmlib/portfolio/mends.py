"""What would have to give way when no plan holds every limit: named changes, the cheapest first, each one needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from pmlib.months import month_text, parse_month
from pmlib.portfolio.accounts import grouped_labels
from pmlib.portfolio.limits import CHANGE, GROUPS, MIX, MONEY, PEOPLE
from pmlib.portfolio.model import Floats, Ints, Model, RowName, Solution, contradiction, elastic, solve
from pmlib.portfolio.policy import MixOf
from pmlib.portfolio.problem import Problem, chosen

COLUMNS = ["kind", "name", "period", "amount", "unit", "share_of_limit", "sentence"]
#: What a board can move, by kind; links and one action per project are facts.
WAYS = {"money": MONEY, "people": PEOPLE, "projects": ("mandatory",), "rules": (*MIX, *GROUPS, *CHANGE)}
_SOFT = tuple(kind for kinds in WAYS.values() for kind in kinds)
_MOST = 3
#: A law or contract weighs as much as a hundred limits doubled.
_MANDATORY = 100.0
#: Of two changes that weigh the same the first by name is taken.
_TIE = 1e-4
#: Digits an amount is shown with; whole numbers for the other kinds.
_DIGITS = {"capacity": 1, "mix floor": 3, "mix ceiling": 3}
_BUDGETS = {"budget": "budget", "budget capex": "capital budget", "budget opex": "operating budget"}


@dataclass(frozen=True, kw_only=True)
class _Mend:
    """One row that gives way by an amount as it is shown; ``share`` is the new share of a band."""

    row: int
    kind: str
    name: str
    period: str = ""
    amount: float
    unit: str
    share_of_limit: float
    sentence: str
    share: float = math.nan


def mends(problem: Problem) -> pd.DataFrame:
    """List the limits that must give way, and by how much, until there is a plan.

    Amounts are rounded up to what is shown: exactly these changes are enough, and none of them can be left out.
    Links never give way. Where bands are shares of the budget, they are those of the budget as it was.

    Returns
    -------
    DataFrame
        kind, name, period, amount, unit, share_of_limit, sentence; the smallest share of its limit first.
        Empty when not even that leaves a plan: then `conflict` names the rows.
    """
    return _frame(_cheapest(problem, _SOFT))


def alternatives(problem: Problem) -> pd.DataFrame:
    """List other ways to a plan that move one kind of limit only: money, people, mandatory projects or rules.

    Each is enough and irreducible like `mends`, and differs from it.

    Returns
    -------
    DataFrame
        way (money, people, projects, rules), then the columns of `mends`; up to three ways, empty when there is none.
    """
    taken = {frozenset(mend.row for mend in _cheapest(problem, _SOFT))}
    parts: list[pd.DataFrame] = []
    for way, kinds in WAYS.items():
        found = _cheapest(problem, kinds)
        rows = frozenset(mend.row for mend in found)
        if found and rows not in taken and len(parts) < _MOST:
            taken.add(rows)
            parts.append(_frame(found).assign(way=way))
    empty = pd.DataFrame({name: [] for name in ["way", *COLUMNS]})
    return pd.concat(parts, ignore_index=True)[["way", *COLUMNS]] if parts else empty


def conflict(problem: Problem) -> tuple[RowName, ...]:
    """Name limits and links that cannot hold together: without any one of them the others can.

    Returns
    -------
    tuple of row names
        Sorted; empty when there is a plan. One action per project is taken for granted. Where links contradict each
        other, they are named and no limit.

    References
    ----------
    Chinneck (2008), Feasibility and Infeasibility in Optimization. Junker (2004), QuickXplain.
    """
    model = problem.model
    if _holds(model):
        return ()
    given, facts = model.rows("choose"), np.setdiff1d(np.arange(len(model.names)), model.rows(*_SOFT))
    for suspects in (facts, contradiction(model)):
        if not _holds(_only(model, np.union1d(given, suspects))):
            break
    else:
        suspects = np.arange(len(model.names))
    kept = _smallest(model, [int(row) for row in np.setdiff1d(suspects, given)], base=given, new=False)
    return tuple(sorted(model.names[row] for row in kept))


def conflict_sentence(names: Iterable[RowName]) -> str:
    """Say which limits cannot hold together; empty when there are none.

    Examples
    --------
    >>> conflict_sentence([("budget", "2026"), ("mandatory", "P17")])
    'These limits cannot hold together: budget of 2026; P17 mandatory.'
    """
    words = grouped_labels(names)
    if len(words) == 1:
        return f"No plan can hold this: {words[0]}."
    return f"These limits cannot hold together: {'; '.join(words)}." if words else ""


def sentences(frame: pd.DataFrame) -> tuple[str, ...]:
    """Say mends in words, months in a row of one skill and one amount together.

    Parameters
    ----------
    frame : DataFrame
        Rows of `mends`, or of one way of `alternatives`.
    """
    said: list[str] = []
    runs: dict[tuple[str, float], list[int]] = {}
    for row in frame.to_dict("records"):
        if row["kind"] != "capacity":
            said.append(row["sentence"])
            continue
        key = (row["name"], row["amount"])
        if key not in runs:
            said.append("\0".join(map(str, key)))
        runs.setdefault(key, []).append(parse_month(row["period"]))
    words = {"\0".join(map(str, key)): _people(*key, months) for key, months in runs.items()}
    return tuple(words.get(one, one) for one in said)


def _people(skill: str, amount: float, months: list[int]) -> str:
    ordered = np.array(sorted(months))
    parts = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    runs = [month_text(part[0]) if len(part) == 1 else f"{month_text(part[0])} to {month_text(part[-1])}"
            for part in parts]
    each = " a month" if len(months) > 1 else ""
    return f"+{amount:,.1f} person-months{each} of {skill} in {', '.join(runs)}"


def _frame(found: Sequence[_Mend]) -> pd.DataFrame:
    frame = pd.DataFrame([asdict(mend) for mend in found], columns=COLUMNS)
    return frame.sort_values(["share_of_limit", "kind", "name", "period"], kind="stable").reset_index(drop=True)


def _cheapest(problem: Problem, kinds: Sequence[str]) -> list[_Mend]:
    """Cheapest change of these kinds of rows that leaves a plan, verified as it is shown; empty when there is none."""
    soft = problem.model.rows(*kinds)
    if not len(soft):
        return []
    answer, amounts = elastic(problem.model, soft, _weights(problem, soft))
    if not answer.found:
        return []
    found = [_mend(problem, int(soft[place]), float(amounts[place]), answer) for place in np.flatnonzero(amounts)]
    if not _holds(_mended(problem, found)):
        return []
    return _needed(problem, sorted(found, key=lambda mend: (-mend.share_of_limit, mend.row)))


def _needed(problem: Problem, found: list[_Mend]) -> list[_Mend]:
    """Leave out, the dearest first, what the others rounded up make superfluous."""
    for mend in tuple(found):
        fewer = [other for other in found if other is not mend]
        if _holds(_mended(problem, fewer)):
            found = fewer
    return found


def _holds(model: Model) -> bool:
    return solve(replace(model, objective=np.zeros(len(model.objective)))).found


def _mended(problem: Problem, found: Sequence[_Mend]) -> Model:
    """Give way by exactly what the sentences say."""
    model = problem.model
    bounds = [mend for mend in found if math.isnan(mend.share)]
    model = model.widened([mend.row for mend in bounds], np.array([mend.amount for mend in bounds]))
    for mend in found:
        if not math.isnan(mend.share):
            model = _with_share(problem, model, mend)
    return model


def _with_share(problem: Problem, model: Model, mend: _Mend) -> Model:
    """Move a share of the spending: it stands in the row of every project."""
    money = problem.actions.frame["cost_k"].to_numpy(dtype=float)
    group = problem.horizon.to_numpy()[problem.actions.frame["project"].to_numpy()]
    others = (model.entry_row != mend.row) | (model.entry_column >= len(money))
    row = np.concatenate([model.entry_row[others], np.full(len(money), mend.row)])
    order = np.argsort(row, kind="stable")
    column = np.concatenate([model.entry_column[others], np.arange(len(money))])
    value = np.concatenate([model.entry_value[others], money * ((group == mend.name) - mend.share)])
    return replace(model, entry_row=row[order], entry_column=column[order], entry_value=value[order])


def _weights(problem: Problem, soft: Ints) -> Floats:
    """Price of one unit of each row: relative to its limit, so that people and money compare."""
    model = problem.model
    largest = np.zeros(len(model.names))
    np.maximum.at(largest, model.entry_row, np.abs(model.entry_value))
    bound = np.maximum(*(np.where(np.isfinite(side), np.abs(side), 0.0) for side in (model.row_lower, model.row_upper)))
    # A limit near nothing is no measure: it is moved at least by what one action needs.
    size = np.maximum(bound, largest)
    budgets = model.rows(*MONEY)
    there = max(float(size[budgets].sum()), float(problem.actions.frame["cost_k"].max())) if len(budgets) else math.inf
    whole = min(float(problem.actions.projects["cost_on_k"].sum()), there)
    price = 1.0 / np.maximum(size[soft], 1e-9)
    for place, row in enumerate(soft):
        name = model.names[row]
        if name[0] == "mandatory":
            price[place] = _MANDATORY
        elif name[0] in MIX:
            price[place] = 1.0 / max(_wanted(problem, name) * whole, 1e-9)
    return price * (1.0 + _TIE * np.arange(len(soft)) / len(soft))


def _wanted(problem: Problem, name: RowName) -> float:
    """Share of a band as the board set it."""
    column = "floor_share" if name[0] == "mix floor" else "ceiling_share"
    targets = problem.targets
    return 0.0 if targets is None else float(targets.set_index("horizon")[column][name[1]])


def _mend(problem: Problem, row: int, amount: float, answer: Solution) -> _Mend:
    """Put a row that gives way into a board's words, its amount rounded up so that it is enough."""
    name, model = problem.model.names[row], problem.model
    kind = name[0]
    if kind in MIX and problem.policy.mix_of is MixOf.SPEND:
        return _mix_mend(problem, row, answer)
    more = _up(amount, _DIGITS.get(kind, 0))
    floor = bool(np.isfinite(model.row_lower[row]))
    limit = float(model.row_lower[row] if floor else model.row_upper[row])
    relative = _MANDATORY if kind == "mandatory" else more / abs(limit) if limit else math.inf
    about, period, unit, sentence = _words(problem, name, more, limit=limit)
    return _Mend(row=row, kind=kind, name=about, period=period, amount=more, unit=unit, share_of_limit=relative,
                 sentence=sentence)


def _words(problem: Problem, name: RowName, more: float, *, limit: float) -> tuple[str, str, str, str]:
    """Name, period, unit and sentence of a row that gives way."""
    kind, money = name[0], f"thousand {problem.currency}"
    if kind in PEOPLE:
        return name[1], name[2], "person-months", f"+{more:,.1f} person-months of {name[1]} in {name[2]}"
    if kind in MONEY:
        when = name[1] if len(name) > 1 else ""
        return _BUDGETS[kind], when, money, f"+{more:,.0f} thousand {_BUDGETS[kind]}{f' in {when}' if when else ''}"
    if kind == "mandatory":
        return name[1], "", "projects", f"{name[1]} is no longer mandatory"
    if kind == "money moved":
        return kind, "", money, f"+{more:,.0f} thousand of money moved allowed"
    if kind in MIX:
        way = "lower" if kind == "mix floor" else "higher"
        return name[1], "", money, f"{kind.removeprefix('mix ')} of {name[1]} {more:,.0f} thousand {way}"
    if kind in GROUPS:
        new, word = (limit - more, "at least") if kind == "group floor" else (limit + more, "at most")
        return name[2], "", "projects", f"{word} {new:,.0f} instead of {limit:,.0f} projects of {name[2]}"
    word = kind.removesuffix("s") if more == 1 else kind
    return kind, "", "projects", f"+{more:,.0f} {word} allowed"


def _mix_mend(problem: Problem, row: int, answer: Solution) -> _Mend:
    """Move a share of the spending to what the relaxed plan spends, rounded outwards."""
    kind, horizon = problem.model.names[row]
    wanted, floor, scale = _wanted(problem, (kind, horizon)), kind == "mix floor", 10 ** _DIGITS[kind]
    money = problem.actions.frame["cost_k"].to_numpy(dtype=float)[chosen(problem, answer.x)]
    share = float(money[problem.horizon.to_numpy() == horizon].sum() / money.sum())
    new = math.floor(share * scale + 1e-6) / scale if floor else math.ceil(share * scale - 1e-6) / scale
    change = round(abs(wanted - new), 9)
    return _Mend(row=row, kind=kind, name=horizon, amount=change, unit="share", share=new,
                 share_of_limit=change / max(wanted, 1e-9),
                 sentence=f"{kind.removeprefix('mix ')} of {horizon} from {100 * wanted:.1f} % to {100 * new:.1f} % "
                          "of money")


def _up(value: float, digits: int) -> float:
    """Round up, so that the amount a board reads is enough; the tolerance forgives the solver, not the data."""
    scale = float(10**digits)
    return math.ceil(value * scale - 1e-6) / scale


def _smallest(model: Model, rows: list[int], *, base: Ints, new: bool) -> list[int]:
    """Find the fewest of these rows that contradict each other and the base, by halves."""
    if new and not _holds(_only(model, base)):
        return []
    if len(rows) == 1:
        return rows
    half = len(rows) // 2
    left, right = rows[:half], rows[half:]
    needed = _smallest(model, right, base=np.append(base, left), new=True)
    return _smallest(model, left, base=np.append(base, np.array(needed, dtype=np.int64)), new=bool(needed)) + needed


def _only(model: Model, rows: Ints) -> Model:
    return model.without(np.setdiff1d(np.arange(len(model.names)), rows))
