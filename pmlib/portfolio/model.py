"""The solver layer: named sparse rows in, a proved answer out.  Knows arrays, no portfolio.

A row name is a tuple such as ``("capacity", "data engineering", "2026-03")``, so that every
explanation further up is the name of a row.  Only this module and `relaxation` talk to HiGHS.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmlib.errors import SolverError

RowName = tuple[str, ...]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A plan whose gap is at most this is called proved; the tie rule works inside the same width.
PROVED_GAP = 1e-6
#: Options that pay when the best plan is nearly known: less search for plans, no cuts below the root.
_NEARLY_KNOWN: dict[str, Any] = {"mip_allow_cut_separation_at_nodes": False} | {
    f"mip_heuristic_run_{rule}": False for rule in ("rins", "rens", "feasibility_jump")
}
#: HiGHS' way to an irreducible set of rows: from the linear relaxation, then by deletion.
_IRREDUCIBLE_FROM_LP = 6
#: A soft row that gives way by less holds.
_NOTHING = 1e-7


class Status(StrEnum):
    """How far the solver got."""

    PROVED = "proved"
    WITHIN_GAP = "within gap"
    INFEASIBLE = "infeasible"
    NO_PLAN = "stopped without plan"


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """A mixed-integer model to maximise, with named rows and sparse entries sorted by row.

    Attributes
    ----------
    objective, lower, upper : float arrays of shape (n_columns,)
    integer : bool array of shape (n_columns,)
    names : tuple of row names, sorted
    row_lower, row_upper : float arrays of shape (n_rows,)
    entry_row, entry_column, entry_value : arrays of shape (n_entries,)
    """

    objective: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    names: tuple[RowName, ...]
    row_lower: Floats
    row_upper: Floats
    entry_row: Ints
    entry_column: Ints
    entry_value: Floats

    @cached_property
    def _place(self) -> dict[RowName, int]:
        return {name: place for place, name in enumerate(self.names)}

    def row(self, name: RowName) -> int:
        """Position of a named row."""
        return self._place[name]

    def rows(self, *kinds: str) -> Ints:
        """Positions of all rows of these kinds (first words of their names)."""
        return np.array([place for place, name in enumerate(self.names) if name[0] in kinds], dtype=np.int64)

    @cached_property
    def by_column(self) -> tuple[Ints, Ints, Floats]:
        """Starts of the columns, then rows and values of the entries, by column and row."""
        from scipy.sparse import csr_array

        starts = np.searchsorted(self.entry_row, np.arange(len(self.names) + 1))
        shape = (len(self.names), len(self.objective))
        turned: Any = csr_array((self.entry_value, self.entry_column, starts), shape=shape).tocsc()
        return turned.indptr.astype(np.int64), turned.indices.astype(np.int64), turned.data

    def column(self, column: int) -> tuple[Ints, Floats]:
        """Rows and values of one column's entries."""
        starts, rows, values = self.by_column
        part = slice(starts[column], starts[column + 1])
        return rows[part], values[part]

    def activity(self, x: Floats) -> Floats:
        """Left-hand side of every row at ``x``, shape (n_rows,)."""
        weights = self.entry_value * x[self.entry_column]
        return np.asarray(np.bincount(self.entry_row, weights=weights, minlength=len(self.names)), dtype=float)

    @cached_property
    def tolerance(self) -> Floats:
        """How far a row may be off before it counts as broken: 1e-6 of its largest number."""
        size = np.ones(len(self.names))
        np.maximum.at(size, self.entry_row, np.abs(self.entry_value))
        for bound in (self.row_lower, self.row_upper):
            size = np.maximum(size, np.where(np.isfinite(bound), np.abs(bound), 0.0))
        return 1e-6 * size

    def broken(self, activity: Floats) -> Ints:
        """Positions of the rows that an activity breaks."""
        slack = self.tolerance
        bad = (activity > self.row_upper + slack) | (activity < self.row_lower - slack)
        return np.flatnonzero(bad)

    def relaxed(self) -> Model:
        """Copy that forgets that columns are whole; its prices of rows are those of the linear relaxation."""
        return replace(self, integer=np.zeros(len(self.objective), dtype=bool))

    def without(self, rows: ArrayLike) -> Model:
        """Copy with these rows set free."""
        row_lower, row_upper = self.row_lower.copy(), self.row_upper.copy()
        row_lower[np.asarray(rows, dtype=np.int64)] = -np.inf
        row_upper[np.asarray(rows, dtype=np.int64)] = np.inf
        return replace(self, row_lower=row_lower, row_upper=row_upper)

    def widened(self, rows: ArrayLike, amounts: float | Floats) -> Model:
        """Copy whose rows give way by ``amounts`` on whichever side they are bounded."""
        row_lower, row_upper = self.row_lower.copy(), self.row_upper.copy()
        places = np.asarray(rows, dtype=np.int64)
        row_lower[places] -= amounts
        row_upper[places] += amounts
        return replace(self, row_lower=row_lower, row_upper=row_upper)

    def fixed(self, column: int, value: float) -> Model:
        """Copy with one column fixed."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[column] = upper[column] = value
        return replace(self, lower=lower, upper=upper)


class Rows:
    """Collects blocks of named rows and assembles them once, in sorted order."""

    def __init__(self) -> None:
        self._names: list[RowName] = []
        self._bounds: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []

    def add(
        self, names: Sequence[RowName], entries: tuple[ArrayLike, ArrayLike, ArrayLike], *,
        lower: ArrayLike = -np.inf, upper: ArrayLike = np.inf,
    ) -> None:
        """Add a block: its names, its entries (row in the block, column, value) and its bounds."""
        if not names:
            return
        row, column, value = entries
        rows = np.asarray(row, dtype=np.int64) + len(self._names)
        columns = np.broadcast_to(np.asarray(column, dtype=np.int64), rows.shape)
        values = np.broadcast_to(np.asarray(value, dtype=np.float64), rows.shape)
        self._entries.append((rows, columns, values))
        shape = (len(names),)
        self._bounds.append((
            np.broadcast_to(np.asarray(lower, dtype=np.float64), shape),
            np.broadcast_to(np.asarray(upper, dtype=np.float64), shape),
        ))
        self._names.extend(names)

    def build(self, *, objective: ArrayLike, upper: ArrayLike, integer: ArrayLike) -> Model:
        """Assemble the model; equal entries are added up, rows are sorted by name."""
        from scipy.sparse import coo_array

        objective = np.asarray(objective, dtype=np.float64)
        order = sorted(range(len(self._names)), key=self._names.__getitem__)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        row, column, value = (np.concatenate([block[part] for block in self._entries]) for part in range(3))
        entries: Any = coo_array((value, (place[row], column)), shape=(len(order), len(objective))).tocsr()
        entries.sum_duplicates()
        entries.eliminate_zeros()
        low, high = (np.concatenate([pair[side] for pair in self._bounds])[order] for side in range(2))
        return Model(
            objective=objective, lower=np.zeros(len(objective)), upper=np.asarray(upper, dtype=np.float64),
            integer=np.asarray(integer, dtype=bool), names=tuple(self._names[i] for i in order),
            row_lower=low, row_upper=high, entry_row=np.repeat(np.arange(len(order)), np.diff(entries.indptr)),
            entry_column=entries.indices.astype(np.int64), entry_value=entries.data,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """What the solver found; ``x`` is empty and ``value`` missing when there is no plan."""

    status: Status
    value: float
    bound: float
    gap: float
    x: Floats
    prices: Floats
    seconds: float

    @property
    def found(self) -> bool:
        """Whether there is a plan at all."""
        return len(self.x) > 0


def highs() -> Any:
    """Import HiGHS, or say why it cannot be had."""
    try:
        import highspy
    except ImportError as error:
        if "ortools" in sys.modules:
            raise SolverError(
                "highspy cannot be loaded: ortools is already loaded in this process, and each brings its own "
                "HiGHS. Restart the kernel and do not import ortools beside pmlib."
            ) from error
        raise SolverError(f"highspy cannot be loaded ({error}). Install it: pip install highspy.") from error
    return highspy


def as_highs(model: Model) -> Any:
    """Hand a model to HiGHS, silent and not yet run.

    Parameters
    ----------
    model : Model
        What to hand over.

    Returns
    -------
    highspy.Highs

    Raises
    ------
    SolverError
        HiGHS cannot be loaded.
    """
    highspy = highs()
    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    # Whole arrays at once: filling the fields of a HighsLp goes number by number and costs more than the assembly.
    starts, rows, values = model.by_column
    engine.passModel(
        len(model.objective), len(model.names), len(values), int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMaximize), 0.0, model.objective, model.lower, model.upper, model.row_lower,
        model.row_upper, starts.astype(np.int32), rows.astype(np.int32), values, model.integer.astype(np.int32))
    return engine


def _finished(engine: Any, options: dict[str, Any], *, start: Floats | None) -> Any:
    highspy = highs()
    for name, value in options.items():
        engine.setOptionValue(name, value)
    if start is not None:
        engine.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
    if engine.run() == highspy.HighsStatus.kError:
        # Someone else in this process may have set up the thread pool with another size.
        highspy.Highs.resetGlobalScheduler(True)
        engine.run()
    return engine


def solve(
    model: Model, *, gap: float = PROVED_GAP, node_limit: int | None = None, start: Floats | None = None,
    near: bool = False, time_limit_s: float | None = None,
) -> Solution:
    """Maximise a model: the same input gives the same answer, every time it is not cut short by time.

    One thread, a fixed seed, stopped by the gap or by nodes, by time only when that is asked for.

    Parameters
    ----------
    model : Model
        What to solve.
    gap : float
        Relative gap between plan and bound at which to stop.
    node_limit : int, optional
        Branch-and-bound nodes after which to stop with the best plan so far.
    start : float array of shape (n_columns,), optional
        A known plan to begin from; it changes the time, not the value.
    near : bool
        The start is known to be nearly the best: less time goes into looking for better plans. The proof is the same.
    time_limit_s : float, optional
        Seconds after which to stop with the best plan so far: the answer then depends on the machine.

    Raises
    ------
    SolverError
        HiGHS cannot be loaded, or fails for a reason that is not the data's.

    Examples
    --------
    >>> rows = Rows()
    >>> rows.add([("budget",)], ([0, 0], [0, 1], [3.0, 2.0]), upper=4.0)
    >>> solve(rows.build(objective=[5.0, 4.0], upper=[1, 1], integer=[True, True])).value
    5.0
    """
    options: dict[str, Any] = {
        "threads": 1, "parallel": "off", "random_seed": 0,
        "mip_rel_gap": gap, "mip_abs_gap": 1e-6, "mip_allow_restart": False,
    }
    if node_limit is not None:
        options["mip_max_nodes"] = int(node_limit)
    if near:
        options |= _NEARLY_KNOWN
    if time_limit_s is not None:
        options["time_limit"] = float(time_limit_s)
    began = perf_counter()
    engine = _finished(as_highs(model), options, start=start)
    return _solution(engine, seconds=perf_counter() - began, whole=bool(model.integer.any()))


def _solution(engine: Any, *, seconds: float, whole: bool) -> Solution:
    highspy = highs()
    status, info, found = engine.getModelStatus(), engine.getInfo(), engine.getSolution()
    verdict = highspy.HighsModelStatus
    nothing: dict[str, Any] = {"value": np.nan, "bound": np.nan, "gap": np.nan, "x": np.empty(0), "prices": np.empty(0)}
    if status in (verdict.kInfeasible, verdict.kUnboundedOrInfeasible):
        return Solution(status=Status.INFEASIBLE, seconds=seconds, **nothing)
    stopped = (verdict.kSolutionLimit, verdict.kIterationLimit, verdict.kTimeLimit, verdict.kInterrupt)
    if status not in (verdict.kOptimal, *stopped):
        ended = engine.modelStatusToString(status)
        raise SolverError(f"HiGHS ended with '{ended}'. Check the tables for numbers that are far too large.")
    feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    if not (found.value_valid and feasible):
        return Solution(status=Status.NO_PLAN, seconds=seconds, **nothing)
    value = float(info.objective_function_value)
    bound = float(info.mip_dual_bound) if whole else value
    gap = max(0.0, (bound - value) / max(1.0, abs(value)))
    proved = status == verdict.kOptimal and gap <= PROVED_GAP
    return Solution(
        status=Status.PROVED if proved else Status.WITHIN_GAP, value=value, bound=bound, gap=gap,
        x=np.asarray(found.col_value, dtype=np.float64), prices=np.asarray(found.row_dual, dtype=np.float64),
        seconds=seconds,
    )


def contradiction(model: Model) -> Ints:
    """Rows that HiGHS finds to contradict each other; more than needed where only whole columns make them so."""
    options = {"threads": 1, "random_seed": 0, "iis_strategy": _IRREDUCIBLE_FROM_LP}
    _, found = _finished(as_highs(model), options, start=None).getIis()
    return np.asarray(found.row_index_, dtype=np.int64)


def elastic(model: Model, soft: Ints, weights: Floats, *, gap: float = PROVED_GAP) -> tuple[Solution, Floats]:
    """Find how little the soft rows must give way until the hard rows leave a plan.

    Whole columns stay whole (HiGHS' own relaxation once returned a fractional binary), hard rows stay hard.

    Parameters
    ----------
    model : Model
        The infeasible model.
    soft : int array of shape (n_soft,)
        Rows that may give way.
    weights : float array of shape (n_soft,)
        Price of one unit of each, so that a person-month and a thousand compare.
    gap : float
        Relative gap of the relaxation.

    Returns
    -------
    (Solution, float array of shape (n_soft,))
        The cheapest relaxed plan (``x`` of the original columns) and by how much each soft row gives way.
    """
    n, k = len(model.objective), len(soft)
    sides = [np.where(np.isfinite(bound[soft]), sign, 0.0)
             for bound, sign in ((model.row_lower, 1.0), (model.row_upper, -1.0))]
    new_row = np.concatenate([soft, soft])
    new_column = np.concatenate([n + np.arange(k), n + k + np.arange(k)])
    row = np.concatenate([model.entry_row, new_row])
    order = np.argsort(row, kind="stable")
    relaxed = replace(
        model,
        objective=np.concatenate([np.zeros(n), -weights, -weights]),
        lower=np.concatenate([model.lower, np.zeros(2 * k)]),
        upper=np.concatenate([model.upper, np.full(2 * k, np.inf)]),
        integer=np.concatenate([model.integer, np.zeros(2 * k, dtype=bool)]),
        entry_row=row[order],
        entry_column=np.concatenate([model.entry_column, new_column])[order],
        entry_value=np.concatenate([model.entry_value, *sides])[order],
    )
    answer = solve(relaxed, gap=gap)
    if not answer.found:
        return answer, np.zeros(k)
    given = answer.x[n:n + k] + answer.x[n + k:]
    return replace(answer, x=answer.x[:n]), np.where(given > _NOTHING, given, 0.0)
