"""Data envelopment analysis: how little input a mix of the others needs for the same output, without weights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SolverError, did_you_mean
from pmlib.scoring.inputs import shown
from pmlib.scoring.matrix import finite_numbers
from pmlib.scoring.opinions.ranking_only import RankingOnly, only_ranks
from pmlib.scoring.ranks import FloatArray

#: Most alternatives: each takes two linear programs over all.
ENVELOPMENT_LIMIT = 1_000
# The solver meets its constraints to about 1e-7.
_SOLVED = 1e-7
_NO_PEER = 1e-6


class Returns(StrEnum):
    """What happens to the outputs when all inputs are scaled."""

    CONSTANT = "constant"
    VARIABLE = "variable"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Envelopment(RankingOnly):
    """How efficient each alternative is against the best mixes of the others.

    Attributes
    ----------
    peers : DataFrame
        One row per alternative and peer: alternative, peer, intensity (how much of the peer is in the mix). Where
        several mixes do the same, one of them.
    inputs, outputs : DataFrame of shape (n_alternatives, n_inputs) and (n_alternatives, n_outputs)
        What goes in and what comes out.
    returns : Returns
        Whether mixes may be scaled (constant) or are averages (variable).
    """

    peers: pd.DataFrame
    inputs: pd.DataFrame
    outputs: pd.DataFrame
    returns: Returns

    def slacks(self) -> pd.DataFrame:
        """Find what is still too much or too little once all inputs have shrunk to the efficient share.

        The sum of slacks, each as a share of the largest level of its column, is as large as it can be.

        Returns
        -------
        DataFrame of shape (n_alternatives, n_inputs + n_outputs)
            Units of input to spare and of output missing; an alternative of efficiency 1 with a slack is only
            weakly efficient.
        """
        inputs, outputs = _scaled(self.inputs), _scaled(self.outputs)
        rows = [_slack(inputs, outputs, place, theta=theta, returns=self.returns)
                for place, theta in enumerate(self.numbers["efficiency"])]
        units = np.concatenate([_peaks(self.inputs), _peaks(self.outputs)])
        columns = [*self.inputs.columns, *self.outputs.columns]
        return only_ranks(pd.DataFrame(np.array(rows) * units, index=self.inputs.index, columns=columns))

    def summary(self) -> str:
        """Say how many are efficient, and who needs the least of its inputs."""
        efficient = int((self.table["rank"] == 1).sum())
        last, n = self.table.iloc[-1], len(self.table)
        worst = "" if efficient == n else \
            f"; {last['alternative']} could do with {100 * last['efficiency']:.0f} % of its inputs"
        return f"Ranking only: {efficient} of {n} are efficient at {self.returns} returns to scale{worst}. " \
               "The numbers change with the set of alternatives and cannot be added up."

    def headline(self) -> dict[str, str]:
        """Give how many are efficient, and the least efficiency."""
        last, efficient = self.table.iloc[-1], int((self.table["rank"] == 1).sum())
        return {f"{efficient} of {len(self.table)}": "efficient, ranking only",
                f"{last['efficiency']:.3f}": f"least efficiency, {last['alternative']}"}


def data_envelopment(
    inputs: pd.DataFrame, outputs: pd.DataFrame, *, returns: Returns | str = Returns.VARIABLE
) -> Envelopment:
    """Find the least share of its inputs with which a mix of all alternatives makes an alternative's outputs.

    Each alternative is seen in the light that suits it best; with few alternatives and many columns nearly all are
    efficient. One alternative alone is efficient. A column of zeros says nothing.

    Parameters
    ----------
    inputs : DataFrame of shape (n_alternatives, n_inputs)
        0 or more, at least one above 0 for each alternative; the less the better. 500 alternatives take seconds, and
        1,000 are the most.
    outputs : DataFrame of shape (n_alternatives, n_outputs)
        0 or more, the more the better; the same alternatives in any order.
    returns : ``variable`` or ``constant``
        Whether the mix must be an average of alternatives (BCC) or may be scaled (CCR).

    Returns
    -------
    Envelopment
        ``efficiency`` (0-1) as asked, ``efficiency_constant``, ``efficiency_variable`` and their ratio
        ``scale_efficiency``; within 1e-7 of 1 they are 1.

    Raises
    ------
    ParameterError
        Labels differ, a number is missing or negative, an alternative has no input, or there are too many.
    SolverError
        A linear program did not end at an optimum.

    References
    ----------
    Charnes, Cooper & Rhodes (1978), European Journal of Operational Research 2, 429-444; Banker, Charnes & Cooper
    (1984), Management Science 30, 1078-1092.

    Examples
    --------
    >>> cost = pd.DataFrame({"cost": [1.0, 2.0, 2.0]}, index=["A", "B", "C"])
    >>> gain = pd.DataFrame({"gain": [1.0, 3.0, 1.5]}, index=["A", "B", "C"])
    >>> data_envelopment(cost, gain, returns="constant").to_frame()[["alternative", "efficiency"]].values.tolist()
    [['B', 1.0], ['A', 0.6666666666666666], ['C', 0.5]]
    """
    if not isinstance(returns, str) or returns not in list(Returns):
        words = did_you_mean(str(returns), list(Returns))
        raise ParameterError(f"data envelopment: returns is {shown(returns)}. {words} "
                             "Write one of the two words.")
    inputs, outputs = _aligned(inputs, outputs)
    solved = {kind: _envelop(_scaled(inputs), _scaled(outputs), returns=kind) for kind in Returns}
    constant, variable = solved[Returns.CONSTANT][0], solved[Returns.VARIABLE][0]
    efficiency, intensities = solved[Returns(returns)]
    numbers = pd.DataFrame(
        {"efficiency": efficiency, "efficiency_constant": constant, "efficiency_variable": variable,
         "scale_efficiency": constant / variable}, index=inputs.index)  # fmt: skip
    rows, columns = np.nonzero(intensities > _NO_PEER)
    peers = pd.DataFrame({"alternative": inputs.index[rows], "peer": inputs.index[columns],
                          "intensity": intensities[rows, columns]})
    idle = [str(name) for frame in (inputs, outputs) for name in frame.columns[(frame == 0).all()]]
    return Envelopment(
        method="data envelopment analysis", by="efficiency", keys=efficiency, numbers=numbers, peers=only_ranks(peers),
        inputs=inputs, outputs=outputs, returns=Returns(returns),
        assumptions=("Any mix of alternatives could be done, and each counts its own strengths only.",
                     f"Returns to scale are {Returns(returns)}."),
        notes=tuple(f"All alternatives have 0 on {name}: it says nothing." for name in idle),
    )


def _aligned(inputs: pd.DataFrame, outputs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    inputs, outputs = finite_numbers(inputs, what="inputs"), finite_numbers(outputs, what="outputs")
    if len(inputs) > ENVELOPMENT_LIMIT:
        raise ParameterError(f"inputs: got {len(inputs)} alternatives, allowed {ENVELOPMENT_LIMIT}. Take fewer.")
    for here, there, name in ((inputs, outputs, "outputs"), (outputs, inputs, "inputs")):
        for label in here.index.difference(there.index):
            raise ParameterError(f"{name}: no row for {label!r}, allowed one per alternative. Add it.")
    for name in inputs.columns.intersection(outputs.columns):
        raise ParameterError(f"outputs: {name!r} is an input too, allowed one of the two. Drop or rename it.")
    for frame, what in ((inputs, "inputs"), (outputs, "outputs")):
        negative = frame.to_numpy() < 0
        if negative.any():
            row, column = (int(place[0]) for place in np.nonzero(negative))
            raise ParameterError(f"{what}: {frame.index[row]!r} has {frame.to_numpy()[row, column]:g} on "
                                 f"{frame.columns[column]!r}, allowed 0 or more. Measure it from a true zero.")
    for label in inputs.index[(inputs == 0).all(axis=1)]:
        raise ParameterError(f"inputs: {label!r} has 0 on all, allowed at least one above 0. Fill what it takes.")
    return inputs, outputs.reindex(inputs.index)


def _peaks(frame: pd.DataFrame) -> FloatArray:
    peaks = frame.to_numpy(dtype=float).max(axis=0)
    return np.where(peaks > 0, peaks, 1.0)


def _scaled(frame: pd.DataFrame) -> FloatArray:
    """Levels as shares of the largest: units change no efficiency, but rounding."""
    return np.asarray(frame.to_numpy(dtype=float) / _peaks(frame))


def _envelop(inputs: FloatArray, outputs: FloatArray, *, returns: Returns) -> tuple[FloatArray, FloatArray]:
    """Efficiency of each alternative, and how much of each other is in the mix that shows it."""
    n = len(inputs)
    cost = np.zeros(n + 1)
    cost[0] = 1.0
    upper = np.hstack([np.zeros((inputs.shape[1] + outputs.shape[1], 1)), np.vstack([inputs.T, -outputs.T])])
    sums = np.concatenate([[0.0], np.ones(n)])[None]
    solutions = np.empty((n, n + 1))
    for place in range(n):
        upper[: inputs.shape[1], 0] = -inputs[place]
        bounds = np.concatenate([np.zeros(inputs.shape[1]), -outputs[place]])
        solutions[place] = _solve(cost, upper, bounds, equal=(sums, [1.0]) if returns is Returns.VARIABLE else None)
    efficiency = solutions[:, 0]
    return np.where(efficiency > 1 - _SOLVED, 1.0, efficiency), solutions[:, 1:]


def _slack(
    inputs: FloatArray, outputs: FloatArray, place: int, *, theta: float, returns: Returns
) -> FloatArray:
    """Largest sum of slacks of one alternative at its efficiency, each in its column's own scale."""
    n, size = len(inputs), inputs.shape[1] + outputs.shape[1]
    signs = np.concatenate([np.ones(inputs.shape[1]), -np.ones(outputs.shape[1])])
    left = np.hstack([np.vstack([inputs.T, outputs.T]), np.diag(signs)])
    right = np.concatenate([theta * inputs[place], outputs[place]])
    if returns is Returns.VARIABLE:
        left = np.vstack([left, np.concatenate([np.ones(n), np.zeros(size)])])
        right = np.append(right, 1.0)
    cost = np.concatenate([np.zeros(n), -np.ones(size)])
    found = _solve(cost, None, None, equal=(left, right))[n:]
    return np.where(found > _SOLVED, found, 0.0)


def _solve(
    cost: FloatArray, upper: FloatArray | None, bounds: FloatArray | None, *,
    equal: tuple[FloatArray, FloatArray | list[float]] | None,
) -> FloatArray:
    from scipy.optimize import linprog

    left, right = equal or (None, None)
    done = linprog(cost, A_ub=upper, b_ub=bounds, A_eq=left, b_eq=right, method="highs")
    if not done.success:
        raise SolverError(f"data envelopment: the linear program ended with {done.message!r}, allowed an optimum. "
                          "Write the columns in units that make their levels comparable.")
    return np.asarray(done.x, dtype=float)
