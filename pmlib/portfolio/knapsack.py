"""The best set of independent projects for many value vectors under the same one to three budgets, exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.model import Floats, Ints, Model, RowName, Rows, solve
from pmlib.portfolio.problem import Problem

Bools = NDArray[np.bool_]

ENGINES = ("auto", "fast", "plain")
MOST_BUDGETS = 3
#: Costs may pass a budget by this part of it; sets whose values differ by less than this part of the sum of the
#: positive values of all items that fit alone are worth the same.
TOLERANCE = 1e-9
#: Nodes of the compiled search for one vector, after which HiGHS takes it over.
_MOST_NODES = 20_000_000
#: HiGHS sees a budget and the sum of values as these numbers, so that its own tolerances lie far within ours.
_BUDGET, _WORTH = 1e4, 1e6
#: So many places are told apart in one solve of the tie rule.
_BLOCK = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class BestSets:
    """The best set of items for every value vector.

    Attributes
    ----------
    chosen : bool array of shape (k, n)
    value : float array of shape (k,)
        What the chosen items are worth together, in the unit of the values.
    cost : float array of shape (k, m)
        What they cost together, in the unit of each budget.
    budgets : float array of shape (m,)
    engine : str
        ``fast`` or ``plain``: who searched.
    """

    chosen: Bools
    value: Floats
    cost: Floats
    budgets: Floats
    engine: str

    @property
    def shares(self) -> Floats:
        """Share of the vectors in whose best set each item is, shape (n,)."""
        return np.asarray(self.chosen.mean(axis=0), dtype=np.float64)

    def to_frame(self) -> pd.DataFrame:
        """One row per vector: value, number of items, cost and slack of every budget."""
        frame = pd.DataFrame({"value": self.value, "items": self.chosen.sum(axis=1)})
        for d, budget in enumerate(self.budgets):
            frame[f"cost_{d + 1}"], frame[f"slack_{d + 1}"] = self.cost[:, d], budget - self.cost[:, d]
        return frame

    def summary(self) -> str:
        """Say how many sets there are, what they are worth and how far they agree."""
        k, n = self.chosen.shape
        always, never = int((self.shares == 1).sum()), int((self.shares == 0).sum())
        return (f"The best sets of {n} items for {k:,} value vectors are worth {self.value.min():,.1f} to "
                f"{self.value.max():,.1f}; {always} items are in every set, {never} in none, {n - always - never} in "
                f"some. Each set is proved to be the best within {TOLERANCE:g} of the sum of all positive values.")

    def headline(self) -> dict[str, str]:
        """Say the few numbers to remember."""
        return {f"{len(np.unique(self.chosen, axis=0)):,}": f"different best sets for {len(self.value):,} vectors",
                f"{int((self.shares == 1).sum()):,}": "items in every one of them"}

    def __repr__(self) -> str:
        k, n = self.chosen.shape
        return f"<BestSets: {k:,} vectors, {n} items, {len(self.budgets)} budgets; {self.engine}>"


def best_sets(values: ArrayLike, costs: ArrayLike, budgets: ArrayLike, *, engine: str = "auto") -> BestSets:
    """Find the items that are worth most together within the budgets, for each of many value vectors.

    Exact: of all sets that fit, the one of most value; of equal ones that with fewest items, then the first by
    position (it has the first item in which two sets differ). A set fits when no cost passes its budget by more than
    1e-9 of it; values are equal when they differ by at most 1e-9 of the sum of the positive values of all items that
    fit alone. An item without a positive value is never chosen.

    Parameters
    ----------
    values : array of shape (k, n)
        One row per question: what each item is worth, in one unit; negative values are allowed.
    costs : array of shape (n, m)
        What each item takes of every budget, zero or more.
    budgets : array of shape (m,)
        Up to three budgets, zero or more; infinite for none.
    engine : {"auto", "fast", "plain"}
        ``fast`` needs numba (``pip install "pmlib[fast]"``), ``plain`` asks HiGHS; ``auto`` is fast where it can be.

    Returns
    -------
    BestSets

    Raises
    ------
    ParameterError
        Shapes do not fit, a number is missing, a cost or budget is negative, or ``fast`` is asked for without numba.

    References
    ----------
    Pisinger (1997), Operations Research 45(5): a minimal core. Shih (1979), Journal of the Operational Research
    Society 30(4): branch and bound under several budgets. Fisher (1981), Management Science 27(1): Lagrangian bounds.

    Examples
    --------
    >>> best_sets([[6.0, 5.0, 4.0]], [[3.0], [2.0], [2.0]], [4.0], engine="plain").chosen.tolist()
    [[False, True, True]]
    """
    worth, cost, limit = _checked(values, costs, budgets)
    kernel = _kernel(engine)
    fits = (cost <= limit * (1.0 + TOLERANCE)).all(axis=1)
    binding = (limit > 0) & (cost[fits].sum(axis=0) > limit)
    shares = cost[np.ix_(fits, binding)] / limit[binding]
    open_values = worth[:, fits]
    chosen = np.zeros(worth.shape, dtype=bool)
    if kernel is None:
        chosen[:, fits] = _plain(open_values, shares)
    else:
        chosen[:, fits] = _fast(kernel, open_values, shares)
    return BestSets(chosen=chosen, value=np.where(chosen, worth, 0.0).sum(axis=1), cost=chosen @ cost, budgets=limit,
                    engine="plain" if kernel is None else "fast")


def _checked(values: ArrayLike, costs: ArrayLike, budgets: ArrayLike) -> tuple[Floats, Floats, Floats]:
    try:
        worth, cost, limit = (np.asarray(numbers, dtype=np.float64) for numbers in (values, costs, budgets))
    except (TypeError, ValueError) as error:
        raise ParameterError(f"values, costs, budgets: not all are arrays of numbers ({error}). "
                             "Pass numbers in rows of equal length.") from error
    if [worth.ndim, cost.ndim, limit.ndim] != [2, 2, 1] or (worth.shape[1], len(limit)) != cost.shape:
        raise ParameterError(f"values {worth.shape}, costs {cost.shape}, budgets {limit.shape}: the shapes do not fit, "
                             "allowed (k, n), (n, m) and (m,). Turn or reshape them.")
    if len(limit) > MOST_BUDGETS or not len(worth):
        raise ParameterError(f"budgets: got {len(limit)} for {len(worth)} value vectors, allowed at most "
                             f"{MOST_BUDGETS} for at least one. Ask pmlib.portfolio.model.solve for more budgets.")
    for name, numbers, good, allowed in (
        ("values", worth, np.isfinite(worth), "any number"),
        ("costs", cost, (cost >= 0) & np.isfinite(cost), "zero or more"),
        ("budgets", limit, limit >= 0, "zero or more"),
    ):
        if not good.all():
            place = tuple(int(i) for i in np.argwhere(~good)[0])
            raise ParameterError(f"{name}[{', '.join(map(str, place))}]: got {numbers[place]}, allowed {allowed}. "
                                 "Correct or leave out this item.")
    return worth, cost, limit


def _kernel(engine: str) -> Any:
    """Compiled search, or None for HiGHS."""
    if engine not in ENGINES:
        raise ParameterError(f"engine: {engine!r} is not known. {did_you_mean(str(engine), ENGINES)}")
    if engine == "plain":
        return None
    try:
        from pmlib.portfolio import knapsack_kernels
    except ImportError as error:
        if engine == "auto":
            return None
        raise ParameterError(f"engine: 'fast' needs numba, which cannot be loaded ({error}). "
                             "Install it (pip install 'pmlib[fast]') or take engine='plain'.") from error
    return knapsack_kernels.best_of_each


def _fast(kernel: Any, values: Floats, shares: Floats) -> Bools:
    """Search every vector; the few that would take too long go to HiGHS."""
    m = shares.shape[1]
    size = np.maximum(values, 0.0).max(axis=1, initial=0.0)
    padded = np.ascontiguousarray(np.pad(values / np.where(size > 0, size, 1.0)[:, None], ((0, 0), (0, m))))
    chosen, losses = np.zeros(values.shape, dtype=bool), np.zeros(len(values))
    kernel(padded, np.ascontiguousarray(np.vstack([shares, np.eye(m)])), _MOST_NODES, chosen, losses)
    left = np.isnan(losses)
    if left.any():
        chosen[left] = _plain(values[left], shares)
    return chosen


def _plain(values: Floats, shares: Floats) -> Bools:
    """Ask HiGHS for every vector, beginning with the last answer."""
    n, m = shares.shape
    rows = Rows()
    item, budget = np.nonzero(shares)
    rows.add([("budget", str(d)) for d in range(m)] + [("free",)], (budget, item, _BUDGET * shares[item, budget]),
             upper=np.append(np.full(m, _BUDGET * (1.0 + TOLERANCE)), np.inf))
    frame = rows.build(objective=np.zeros(n), upper=np.ones(n), integer=np.ones(n, dtype=bool))
    chosen, last = np.zeros(values.shape, dtype=bool), np.zeros(n)
    for i, worth in enumerate(values):
        total = np.maximum(worth, 0.0).sum()
        if total > 0:
            model = replace(frame, objective=_WORTH * worth / total, upper=(worth > 0).astype(float))
            last = _best(model, np.minimum(last, model.upper))
            chosen[i] = last > 0
    return chosen


def _best(model: Model, start: Floats) -> Floats:
    """Best set of one vector; only where another is worth the same do the further rules cost a solve."""
    best = solve(model, gap=0.0, start=start).x.round()
    floor = float(model.objective @ best) - _WORTH * TOLERANCE
    second = solve(_with_row(model, 1.0 - 2.0 * best, lower=1.0 - best.sum()), gap=0.0)
    if not second.found or second.value < floor:
        return best
    tied, each = _with_row(model, model.objective, lower=floor), np.ones(len(best))
    best = solve(replace(tied, objective=-each), gap=0.0, start=best).x.round()
    tied = _with_row(tied, each, upper=best.sum())
    for begin in range(0, len(best), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        first = np.zeros(len(best))
        first[block] = 2.0 ** -np.arange(len(best[block]))
        best = solve(replace(tied, objective=2.0 ** _BLOCK * first), gap=0.0, start=best).x.round()
        lower, upper = tied.lower.copy(), tied.upper.copy()
        lower[block] = upper[block] = best[block]
        tied = replace(tied, lower=lower, upper=upper)
    return best


def _with_row(model: Model, entries: Floats, *, lower: float = -np.inf, upper: float = np.inf) -> Model:
    n, k = len(entries), len(model.names)
    return replace(
        model, names=(*model.names, ("more", str(k))), row_lower=np.append(model.row_lower, lower),
        row_upper=np.append(model.row_upper, upper), entry_row=np.append(model.entry_row, np.full(n, k)),
        entry_column=np.append(model.entry_column, np.arange(n)), entry_value=np.append(model.entry_value, entries),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class IndependentPart:
    """A problem that is only independent projects under at most three budgets, as arrays.

    Attributes
    ----------
    values : float array of shape (n,)
        What the dearer action of a project is worth more than the cheaper, by the problem's objective.
    costs : float array of shape (n, m)
        What it takes more of every row that can bind.
    budgets : float array of shape (m,)
        What the cheaper actions leave of these rows.
    names : tuple of m row names
    cheaper, dearer : int arrays of shape (n,)
        Positions of the two actions in ``problem.actions.frame``.
    choice : int array of shape (n_projects,)
        The cheaper action of every project, or its only one.
    base_value : float
        What ``choice`` is worth; a set adds its values to it.
    """

    values: Floats
    costs: Floats
    budgets: Floats
    names: tuple[RowName, ...]
    cheaper: Ints
    dearer: Ints
    choice: Ints
    base_value: float

    def choose(self, chosen: Bools) -> Ints:
        """Position of the chosen action of every project for one set, as `pmlib.portfolio.problem.outcome` takes it.

        Parameters
        ----------
        chosen : bool array of shape (n,)
        """
        choice = self.choice.copy()
        choice[np.isin(choice, self.cheaper)] = np.where(chosen, self.dearer, self.cheaper)
        return choice

    def revalued(self, objective: Floats) -> Floats:
        """Values of the items for other objectives.

        Parameters
        ----------
        objective : float array of shape (k, n_columns) or (n_columns,)

        Returns
        -------
        float array of shape (k, n) or (n,)
        """
        return np.asarray(objective)[..., self.dearer] - np.asarray(objective)[..., self.cheaper]


def independent_part(problem: Problem) -> IndependentPart | None:
    """Give a question as independent projects under at most three budgets, if that is all it is.

    It is when every project has one or two actions, of two the one takes at least as much of every limit as the
    other, no more than three rows can bind, and there are no links and no other columns (bought people, joint effects).

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    IndependentPart or None
        None when it is not, or when not even the cheaper actions hold every limit.
    """
    model, project = problem.model, problem.actions.frame["project"].to_numpy()
    last = np.flatnonzero(np.append(project[1:] != project[:-1], True))
    first = np.append(0, last[:-1] + 1)
    if len(model.objective) != len(project) or (last - first > 1).any() or (model.lower > 0).any() \
            or (model.upper < 1).any():
        return None
    limits = np.setdiff1d(np.arange(len(model.names)), model.rows("choose"))
    if np.isfinite(model.row_lower[limits]).any():
        return None
    full = np.zeros((len(model.names), len(project)))
    full[model.entry_row, model.entry_column] = model.entry_value
    full = full[limits]
    return _independent(problem, full, limits, pairs=(first, last))


def _independent(problem: Problem, full: Floats, limits: Ints, *, pairs: tuple[Ints, Ints]) -> IndependentPart | None:
    first, last = pairs
    model = problem.model
    more = full[:, last] - full[:, first]
    rises, falls = (more >= 0).all(axis=0), (more <= 0).all(axis=0)
    if not (rises | falls).all():
        return None
    low, high = np.where(rises, first, last), np.where(rises, last, first)
    left = model.row_upper[limits] - full[:, low].sum(axis=1)
    slack = model.tolerance[limits]
    binding = np.abs(more).sum(axis=1) > left
    if (left < -slack).any() or binding.sum() > MOST_BUDGETS:
        return None
    two = first != last
    return IndependentPart(
        values=model.objective[high[two]] - model.objective[low[two]], costs=np.abs(more)[np.ix_(binding, two)].T,
        budgets=np.maximum(left[binding], 0.0), names=tuple(model.names[i] for i in limits[binding]),
        cheaper=low[two], dearer=high[two], choice=low, base_value=float(model.objective[low].sum()),
    )
