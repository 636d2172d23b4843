"""Feasible plans nearby: what a plan could look like after one project is decided otherwise, without a solver."""

from __future__ import annotations

import numpy as np

from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.problem import Outcome, Problem, outcome
from pmlib.portfolio.switches import Switcher

#: A row that is off by less than this share of its size holds.
_OFF = 1e-7
#: Switches tried to win value back, most valuable first: alone, and with one that makes room for them.
_ALONE, _PAIRS, _ROOM_MAKERS = 10, 4, 2
#: Switches looked at to mend a row, the cheapest for what they mend first.
_LIKELY = 8
#: Up to so many numbers a table of rows by actions is held whole.
_SMALL = 4_000_000


class Repairs:
    """Mends a choice that breaks limits, giving up as little value as it can see one switch ahead.

    The columns that are no actions (bought people, joint effects) count at what helps a row most, and are worked
    out exactly at the end, so that what comes back holds every limit. An action counts at what switching to it
    alone would bring to the plan, joint effects included.
    """

    def __init__(self, problem: Problem, plan: Outcome) -> None:
        from scipy.sparse import csr_array

        model, n = problem.model, len(problem.actions.frame)
        self._problem, self._owner = problem, problem.actions.frame["project"].to_numpy()
        switcher, self._worth = Switcher(problem, plan), np.zeros(n)
        for action in np.setdiff1d(np.arange(n), plan.choice):
            self._worth[action] = switcher(int(action)).gain_k
        mine = model.entry_column < n
        self._use = csr_array(
            (model.entry_value[mine], (model.entry_row[mine], model.entry_column[mine])), shape=(len(model.names), n))
        self._whole = self._use.toarray() if len(model.names) * n <= _SMALL else None
        row, column, value = (part[~mine] for part in (model.entry_row, model.entry_column, model.entry_value))
        ends = value * model.lower[column], value * model.upper[column]
        self._size = 1e6 * model.tolerance
        self._high = model.row_upper - np.bincount(row, weights=np.minimum(*ends), minlength=len(model.names))
        self._low = model.row_lower - np.bincount(row, weights=np.maximum(*ends), minlength=len(model.names))

    def around(self, choice: Ints, held: int) -> Outcome | None:
        """Mend a choice without touching what is chosen for the project ``held``; none when that fails."""
        choice = choice.copy()
        x = np.zeros(len(self._owner))
        x[choice] = 1.0
        used: Floats = np.asarray(self._use @ x, dtype=np.float64)
        if not self._mended(choice, used, held):
            return None
        mended = choice.copy()
        self._improved(choice, used, held)
        for one in (choice, mended):
            plan = outcome(self._problem, one)
            if not len(plan.broken):
                return plan
        return None

    def _excess(self, used: Floats, rows: Ints) -> Floats:
        """Share by which rows are off, of shape (n_rows,) or (n_rows, n_actions) as ``used``."""
        high, low, size = (part[rows] if used.ndim == 1 else part[rows, None]
                           for part in (self._high, self._low, self._size))
        return np.asarray(np.maximum(np.maximum(used - high, low - used) / size - _OFF, 0.0))

    def _mended(self, choice: Ints, used: Floats, held: int) -> bool:
        free = np.ones(len(choice), dtype=bool)
        free[held] = False
        everything = np.arange(len(used))
        while True:
            bad = np.flatnonzero(self._excess(used, everything))
            if not len(bad):
                return True
            relief = self._excess(used[bad], bad).sum() - self._after(choice, used, bad)
            helps = np.flatnonzero(free[self._owner] & (relief > _OFF))
            if not len(helps):
                return False
            loss = self._worth[choice][self._owner[helps]] - self._worth[helps]
            likely = helps[np.argsort(loss / relief[helps], kind="stable")[:_LIKELY]]
            action = next((int(one) for one in likely if not self._breaks(choice, used, int(one), bad)), int(likely[0]))
            self._switch(choice, used, action)
            free[self._owner[action]] = False

    def _breaks(self, choice: Ints, used: Floats, action: int, bad: Ints) -> bool:
        """Whether a switch breaks rows that hold so far."""
        before = int(choice[self._owner[action]])
        self._switch(choice, used, action)
        rows = self._touched(action, before)
        off = rows[self._excess(used[rows], rows) > 0.0]
        self._switch(choice, used, before)
        return not set(off.tolist()) <= set(bad.tolist())

    def _touched(self, *columns: int) -> Ints:
        return np.concatenate([self._problem.model.column(column)[0] for column in columns])

    def _after(self, choice: Ints, used: Floats, rows: Ints) -> Floats:
        """Say how far these rows are off together after each single switch, of shape (n_actions,)."""
        use = self._use[rows].toarray() if self._whole is None else self._whole[rows]
        off: Floats = self._excess(used[rows, None] + use - use[:, choice][:, self._owner], rows).sum(axis=0)
        return off

    def _switch(self, choice: Ints, used: Floats, action: int) -> None:
        project = self._owner[action]
        for column, sign in ((action, 1.0), (int(choice[project]), -1.0)):
            rows, values = self._problem.model.column(column)
            used[rows] += sign * values
        choice[project] = action

    def _improved(self, choice: Ints, used: Floats, held: int) -> None:
        """Take switches that gain and still fit, most valuable first; then with another that makes room for them."""
        for tries, room in ((_ALONE, 0), (_PAIRS, _ROOM_MAKERS)):
            gain = self._worth - self._worth[choice][self._owner]
            gain[self._owner == held] = 0.0
            best = np.argsort(-gain, kind="stable")[:tries]
            for action in best[gain[best] > 0.0]:
                if self._worth[action] > self._worth[choice[self._owner[action]]]:
                    self._try(choice, used, held, action=int(action), room=room)

    def _try(self, choice: Ints, used: Floats, held: int, *, action: int, room: int) -> bool:
        """Switch if that fits, or fits with a cheaper switch of another project but ``held``; else leave all."""
        project = self._owner[action]
        before = int(choice[project])
        gain = self._worth[action] - self._worth[before]
        self._switch(choice, used, action)
        rows = self._touched(action, before)
        off = self._excess(used[rows], rows) > 0.0
        if not off.any():
            return True
        if room:
            loss = self._worth[choice][self._owner] - self._worth
            fits = (loss < gain) & (self._owner != held) & (self._owner != project)
            makers = np.flatnonzero(fits & (self._after(choice, used, np.unique(rows[off])) == 0.0))
            for maker in makers[np.argsort(loss[makers], kind="stable")[:room]]:
                if self._try(choice, used, held, action=int(maker), room=0):
                    return True
        self._switch(choice, used, before)
        return False
