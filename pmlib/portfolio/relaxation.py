"""The linear relaxation kept loaded, so that the next question starts where the last one ended."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmlib.errors import SolverError
from pmlib.portfolio.model import Floats, Ints, Model, as_highs, highs


class Relaxation:
    """A model without whole columns, solved again and again without some of its actions.

    Each solve begins at the last basis (dual simplex), so that hundreds take about a second. The order of the
    questions is part of the question: the same ones in the same order give the same bytes.
    """

    def __init__(self, model: Model) -> None:
        self._highspy, self._model = highs(), model
        self._engine: Any = as_highs(model.relaxed())
        options = {"threads": 1, "parallel": "off", "random_seed": 0, "presolve": "off"}
        for name, value in options.items():
            self._engine.setOptionValue(name, value)

    def without(self, columns: Ints) -> tuple[float, Floats]:
        """Bound on any plan that has none of these columns, and the relaxed plan.

        Returns
        -------
        (float, float array of shape (n_columns,))
            Minus infinity and an empty array when there is no such plan.

        Raises
        ------
        SolverError
            HiGHS fails.
        """
        self._hold(columns, np.zeros(len(columns)))
        self._engine.run()
        status, verdict = self._engine.getModelStatus(), self._highspy.HighsModelStatus
        value = float(self._engine.getInfo().objective_function_value)
        x = np.asarray(self._engine.getSolution().col_value, dtype=np.float64)
        self._hold(columns, self._model.upper[columns])
        if status == verdict.kInfeasible:
            return -np.inf, np.empty(0)
        if status != verdict.kOptimal:
            ended = self._engine.modelStatusToString(status)
            raise SolverError(f"HiGHS ended a linear relaxation with '{ended}'. "
                              "Check the tables for numbers that are far too large.")
        return value, x

    def _hold(self, columns: Ints, upper: Floats) -> None:
        self._engine.changeColsBounds(
            len(columns), columns.astype(np.int32), np.zeros(len(columns)), upper.astype(np.float64))
