"""Weights under linear statements as a polytope: is it empty, its corners, and a walk that samples it.

All functions speak of the points x >= 0 with sum 1 and ``rows @ x <= limits``; ``rows`` holds the
statements ``-x <= 0`` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pmlib.errors import ParameterError, SolverError
from pmlib.scoring.ranks import FloatArray

BoolArray = npt.NDArray[np.bool_]

#: A statement broken by less than this is kept.
SLACK = 1e-9
#: Draws that are made together; the same for every caller, so that a seed means the same draws to all.
CHUNK = 256
MAX_CORNERS = 2_000

# Rounds of the walk in which the shape of the space is learnt before the first draw counts.
_LEARNING, _FEWEST = 6, 32
# What the solver says.
_SOLVED, _INFEASIBLE = 0, 2


def is_empty(rows: FloatArray, limits: FloatArray) -> bool:
    """Tell whether no weights meet the statements, by linear programming.

    Examples
    --------
    >>> is_empty(np.array([[1.0, 1.0]]), np.array([0.5]))
    True
    """
    n = rows.shape[1]
    return not _program(np.zeros(n), (rows, limits), (np.ones(n), 1.0)).success


def extent(rows: FloatArray, limits: FloatArray) -> FloatArray:
    """Lowest and highest value of each weight, shape (2, n_leaves), by linear programming."""
    units = np.eye(rows.shape[1])
    total = (np.ones(len(units)), 1.0)
    ends = [[sign * _program(sign * unit, (rows, limits), total).fun for unit in units] for sign in (1.0, -1.0)]
    return np.clip(np.array(ends), 0.0, 1.0)


def interior(rows: FloatArray, limits: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Find weights away from every statement that leaves any room, and the statements that leave none.

    Returns
    -------
    ndarray of shape (n_leaves,), boolean ndarray of shape (n_rows,)
        The weights, and which statements hold with equality throughout the space.

    References
    ----------
    Freund, Roundy & Todd (1985), MIT Sloan working paper 1674-85: all always-active constraints by one program.
    """
    m, n = rows.shape
    # Unknowns: scaled weights, one slack of at most 1 per statement, the scale.
    statements = np.hstack([rows, np.eye(m), -limits[:, None]])
    found = _program(np.hstack([np.zeros(n), -np.ones(m), 0.0]), (statements, np.zeros(m)),
                     (np.hstack([np.ones(n), np.zeros(m), -1.0]), 0.0),
                     bounds=[(0.0, None)] * n + [(0.0, 1.0)] * m + [(1.0, None)])
    return found.x[:n] / found.x[-1], found.x[n:-1] < 0.5  # noqa: PLR2004


def cut(corners: FloatArray, rows: FloatArray, limits: FloatArray) -> FloatArray:
    """Cut a polytope with its last statement: the corners that stay, and those where an edge is cut.

    Parameters
    ----------
    corners : ndarray of shape (n_corners, n_leaves)
        Corners of the polytope that all statements but the last describe.
    rows, limits : ndarrays of shape (n_rows, n_leaves) and (n_rows,)
        The statements.

    Raises
    ------
    ParameterError
        There are more than 2,000 corners.

    References
    ----------
    Motzkin, Raiffa, Thompson & Thrall (1953): the double description method. Fukuda & Prodon (1996): two corners
    share an edge where no third one meets every statement that both meet.
    """
    room = limits[-1] - corners @ rows[-1]
    if (room >= -SLACK).all():
        return corners
    inside, outside = np.flatnonzero(room > SLACK), np.flatnonzero(room < -SLACK)
    tight = np.abs(limits[:-1] - corners @ rows[:-1].T) <= SLACK
    beyond, loose = tight[outside], (~tight).T.astype(np.float32)
    parts = [corners[room >= -SLACK]]
    # An edge in d dimensions meets d - 1 statements or more: few pairs are left to be compared with every corner.
    fewest = np.linalg.matrix_rank(corners - corners[0], tol=SLACK) - 1
    for i in inside:
        shared = tight[i] & beyond
        near = shared.sum(axis=1) >= fewest
        edge = outside[near][((shared[near].astype(np.float32) @ loose) == 0).sum(axis=1) == 2]  # noqa: PLR2004
        way = room[i] / (room[i] - room[edge])
        parts.append(corners[i] + way[:, None] * (corners[edge] - corners[i]))
    if (count := sum(map(len, parts))) > MAX_CORNERS:
        raise ParameterError(f"weight space: got {count:,} corners or more, allowed {MAX_CORNERS:,}. Sample it, or "
                             "state fewer intervals.")
    return np.vstack(parts)


def hit_and_run(rows: FloatArray, limits: FloatArray, *, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Walk through the space for ever: 256 walkers, each yield one place of each.

    A step goes in a random direction to a place uniform on the chord. Directions are scaled by the spread of the
    walkers, which is learnt in six rounds from the interior and then left alone. A round, also that between two
    yields, has d^3 steps, at least 32, in d dimensions.

    Yields
    ------
    ndarray of shape (256, n_leaves)

    References
    ----------
    Smith (1984), Operations Research 32, 1296-1308. Tervonen, van Valkenhoef, Basturk & Postmus (2013), European
    Journal of Operational Research 224, 552-559: hit-and-run for weights, thinning by the cube of the dimension.
    """
    middle, equal = interior(rows, limits)
    axes = _null_space(np.vstack([np.ones(len(middle)), rows[equal]]))
    places, statements = np.tile(middle, (CHUNK, 1)), (rows[~equal], limits[~equal])
    steps, ways = max(_FEWEST, len(axes) ** 3) if len(axes) else 0, axes
    for _ in range(_LEARNING if steps else 0):
        places = _walk(places, ways, statements, steps=steps, rng=rng)
        _, widths, turned = np.linalg.svd((places - places.mean(axis=0)) @ axes.T, full_matrices=False)
        ways = (np.maximum(widths, widths[0] * SLACK) / widths[0])[:, None] * turned @ axes
    while True:
        places = _walk(places, ways, statements, steps=steps, rng=rng)
        yield places.copy()


def _program(
    costs: FloatArray, statements: tuple[FloatArray, FloatArray], total: tuple[FloatArray, float], *,
    bounds: Sequence[tuple[float, float | None]] = ((0.0, None),),
) -> Any:
    """Minimise costs under statements (rows, limits) and one equation (row, sum)."""
    from scipy.optimize import linprog

    found = linprog(costs, A_ub=statements[0], b_ub=statements[1], A_eq=total[0][None], b_eq=np.array([total[1]]),
                    bounds=bounds, options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10})
    if found.status not in (_SOLVED, _INFEASIBLE):
        raise SolverError(f"weight space: the linear program ended with {found.message!r}, allowed a solution or none. "
                          "Round the coefficients of the statements.")
    return found


def _walk(
    places: FloatArray, ways: FloatArray, statements: tuple[FloatArray, FloatArray], *, steps: int,
    rng: np.random.Generator,
) -> FloatArray:
    rows, limits = statements
    room = limits - places @ rows.T
    for _ in range(steps):
        way = rng.standard_normal((len(places), len(ways))) @ ways
        speed = way @ rows.T
        # A statement parallel to the way is never met.
        time = np.divide(room, speed, out=np.full_like(room, np.inf), where=speed != 0)
        ahead = np.where(speed > 0, time, np.inf).min(axis=1)
        behind = np.where(speed < 0, time, -np.inf).max(axis=1)
        length = behind + rng.random(len(places)) * (ahead - behind)
        places = places + length[:, None] * way
        room = np.maximum(room - length[:, None] * speed, 0.0)
    places = np.maximum(places, 0.0)
    return np.asarray(places / places.sum(axis=1, keepdims=True))


def _null_space(matrix: FloatArray) -> FloatArray:
    """Directions that leave every row unchanged, orthonormal, one per row."""
    _, sizes, axes = np.linalg.svd(matrix)
    return np.asarray(axes[int((sizes > sizes[0] * SLACK).sum()):])
