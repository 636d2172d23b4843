"""One question, many times: a problem and a named change give a plan, a pure function that can be fanned out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pmlib.errors import ParameterError
from pmlib.portfolio.arguments import compiled, number, of_kind, shown, whole
from pmlib.portfolio.model import PROVED_GAP, Floats, Ints, Model, RowName, Solution, Status
from pmlib.portfolio.model import solve as solve_model
from pmlib.portfolio.problem import Problem, chosen

_NOBODY: Ints = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """What differs from the compiled question; nothing of it is the question itself.

    Attributes
    ----------
    name : str
        What the change is, in words.
    fixed : tuple of (column, value)
        Columns held at 0 or 1: a forced or forbidden action.
    objective : float array of shape (n_columns,), optional
        What is made as large as possible instead of the problem's own.
    widened : tuple of (row name, amount)
        Rows that give way on the side they are bounded, by their own unit; a negative amount tightens.
    lifted : tuple of row names
        Rows set free.
    at_least : tuple of (float array of shape (n_columns,), floor)
        Further totals that must reach a floor (the epsilon constraint).
    start : float array of shape (n_columns,), optional
        A plan to begin from; it changes the time, not the value.

    Raises
    ------
    ParameterError
        A field is no tuple of such entries, or holds what is no finite number.
    """

    name: str = ""
    fixed: tuple[tuple[int, float], ...] = ()
    objective: Floats | None = None
    widened: tuple[tuple[RowName, float], ...] = ()
    lifted: tuple[RowName, ...] = ()
    at_least: tuple[tuple[Floats, float], ...] = ()
    start: Floats | None = None

    def __post_init__(self) -> None:
        of_kind(self.name, str, "change: name", remedy="Say it in words.")
        for name in ("fixed", "widened", "at_least", "lifted"):
            entries = of_kind(getattr(self, name), tuple, f"change: {name}", remedy="Write one entry as (entry,).")
            for entry in entries if name != "lifted" else [(one, 0.0) for one in entries]:
                _check_entry(name, entry)
        for name in ("objective", "start"):
            if getattr(self, name) is not None:
                _check_numbers(name, getattr(self, name))


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """The answer to one changed question: what was chosen, and how sure it is.

    Attributes
    ----------
    name : str
        Name of the change.
    status : Status
    value, bound, gap : float
        By the objective that was solved; missing without a plan, never zero.
    choice : int array of shape (n_projects,)
        Position of the chosen action of every project; empty without a plan.
    x : float array of shape (n_columns,)
        All columns: actions, bought people, joint effects; empty without a plan.
    """

    name: str
    status: Status
    value: float
    bound: float
    gap: float
    choice: Ints = field(default_factory=lambda: _NOBODY)
    x: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def found(self) -> bool:
        """Whether there is a plan."""
        return len(self.choice) > 0

    @property
    def proved(self) -> bool:
        """Whether the answer is sure: the best plan proved, or proved that there is none."""
        return self.status in (Status.PROVED, Status.INFEASIBLE)

    def __repr__(self) -> str:
        return f"<Plan{f' {self.name}' if self.name else ''}: {self.value:,.1f}; {self.status}, gap {self.gap:.1e}>" \
            if self.found else f"<Plan{f' {self.name}' if self.name else ''}: {self.status}>"


def changed(model: Model, change: Change) -> Model:
    """Apply a change to a model.

    Raises
    ------
    ParameterError
        The change names a row or column that the model does not have, holds a column outside its bounds, or gives
        too many or too few numbers, or none.
    """
    _check_fit(change, model)
    lower, upper = model.lower.copy(), model.upper.copy()
    for column, value in change.fixed:
        lower[column] = upper[column] = value
    model = replace(model, lower=lower, upper=upper)
    if change.objective is not None:
        model = replace(model, objective=np.asarray(change.objective, dtype=np.float64))
    rows = [model.row(name) for name, _ in change.widened]
    for row, (_, amount) in zip(rows, change.widened, strict=True):
        model = model.widened([row], float(amount))
    if change.lifted:
        model = model.without([model.row(name) for name in change.lifted])
    return _with_floors(model, change.at_least) if change.at_least else model


def _check_entry(name: str, entry: Any) -> None:
    """Refuse what is no pair of a column, row name or array, and a number."""
    if not isinstance(entry, tuple) or len(entry) != 2:  # noqa: PLR2004
        raise ParameterError(f"change: {name} holds {shown(entry)}, allowed pairs. Write ((what, number), ...).")
    what, amount = entry
    number(amount, f"change: {name}")
    if name == "fixed":
        whole(what, "change: column", least=0)
    elif name == "at_least":
        _check_numbers(name, what)
    elif not isinstance(what, tuple) or not all(isinstance(word, str) for word in what):
        raise ParameterError(f"change: no limit is called {shown(what)}, allowed a name such as ('budget', '2026'). "
                             "Look it up in problem.model.names.")


def _check_numbers(name: str, given: Any) -> None:
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"change: {name} is {shown(given)}, allowed numbers. Pass a float array.") from None
    if not np.isfinite(numbers).all():
        raise ParameterError(f"change: {name} has {numbers[~np.isfinite(numbers)][0]}, allowed finite numbers. "
                             "Fill it.")


def _check_fit(change: Change, model: Model) -> None:
    """Refuse a change that is not one of this model."""
    n = len(model.objective)
    for name, numbers in (("objective", change.objective), ("start", change.start),
                          *(("at_least", total) for total, _ in change.at_least)):
        if numbers is not None and np.shape(numbers) != (n,):
            raise ParameterError(f"change: {name} has shape {np.shape(numbers)}, allowed ({n},), one number per column "
                                 "of problem.model. Fill the columns that do not count with 0.")
    for column, value in change.fixed:
        if column >= n:
            raise ParameterError(f"change: got column {column}, allowed 0 to {n - 1}. "
                                 "Look it up in problem.actions.frame.")
        if not model.lower[column] <= value <= model.upper[column]:
            raise ParameterError(f"change: got {value:g} for column {column}, allowed {model.lower[column]:g} to "
                                 f"{model.upper[column]:g}. Hold an action at 0 or 1.")
    # A project does exactly one thing: that is what a plan is, not a limit to be moved.
    known = {name for name in model.names if name[0] != "choose"} if change.widened or change.lifted else set()
    for row in (*(row for row, _ in change.widened), *change.lifted):
        if row not in known:
            raise ParameterError(f"change: no limit is called {row!r}, allowed the {len(known)} rows of the problem. "
                                 "Look them up in problem.model.names.")


def _with_floors(model: Model, floors: tuple[tuple[Floats, float], ...]) -> Model:
    rows, columns, values = [model.entry_row], [model.entry_column], [model.entry_value]
    for place, (total, _) in enumerate(floors):
        used = np.flatnonzero(total)
        rows.append(np.full(len(used), len(model.names) + place))
        columns.append(used)
        values.append(np.asarray(total, dtype=np.float64)[used])
    return replace(
        model, names=(*model.names, *(("at least", str(place)) for place in range(len(floors)))),
        row_lower=np.append(model.row_lower, [float(floor) for _, floor in floors]),
        row_upper=np.append(model.row_upper, np.full(len(floors), np.inf)),
        entry_row=np.concatenate(rows), entry_column=np.concatenate(columns), entry_value=np.concatenate(values),
    )


def solve(problem: Problem, change: Change | None = None) -> Plan:
    """Answer the question with one change: a pure function of both, so that it runs anywhere and always the same.

    Parameters
    ----------
    problem : Problem
        The compiled question; it can be pickled.
    change : Change, optional
        What differs; nothing when left out.

    Returns
    -------
    Plan

    Raises
    ------
    ParameterError
        It is no problem or no change, or the change does not fit the problem.
    SolverError
        HiGHS cannot be loaded or fails.
    """
    policy = compiled(problem).policy
    change = Change() if change is None else of_kind(change, Change, "change", remedy="Make one with Change.")
    answer = solve_model(changed(problem.model, change), gap=policy.gap, node_limit=policy.node_limit,
                         start=change.start, near=change.start is not None)
    return planned(problem, answer, name=change.name)


def planned(problem: Problem, answer: Solution, *, name: str = "") -> Plan:
    """Turn what the solver found into a plan."""
    if not answer.found:
        return Plan(name=name, status=answer.status, value=np.nan, bound=np.nan, gap=np.nan)
    return Plan(name=name, status=answer.status, value=answer.value, bound=answer.bound, gap=answer.gap,
                choice=chosen(problem, answer.x), x=answer.x)


def is_best(plan: Plan, gap: float) -> bool:
    """Whether a plan is as good as was asked for."""
    return plan.found and plan.gap <= max(gap, PROVED_GAP)
