"""Bare kernels of simulated rankings: values, who ties, how often each rank, how often one beats another.

They take and change arrays as they are; `pmlib.scoring.robust.acceptability` is their validated front.
"""

from __future__ import annotations

import numpy as np

from pmlib.scoring.ranks import FloatArray, IntArray

# A product of fewer terms stays on one thread: waking others takes longer than the product, and far longer on a
# busy machine.
_ONE_THREAD = 2**18


def weighted_sums(weights: FloatArray, points: FloatArray, *, out: FloatArray) -> FloatArray:
    """Multiply weights by points into ``out``: the value of every project in every draw.

    Parameters
    ----------
    weights : ndarray of shape (n_draws, n_leaves)
    points : ndarray of shape (n_leaves, n_projects)
    out : ndarray of shape (n_draws, n_projects)
    """
    step = max(1, _ONE_THREAD // points.size)
    for start in range(0, len(weights), step):
        np.matmul(weights[start:start + step], points, out=out[start:start + step])
    return out


def tie_groups(values: FloatArray, *, tie: float) -> IntArray:
    """Give every project a number, in the order of the table, that it shares with those it differs from in no draw.

    Parameters
    ----------
    values : ndarray of shape (n_draws, n_projects)
    tie : float
        Largest difference that still counts as equal.

    Returns
    -------
    integer ndarray of shape (n_projects,)

    Examples
    --------
    >>> tie_groups(np.array([[1.0, 5.0, 1.0, 5.0], [2.0, 6.0, 2.0, 7.0]]), tie=1e-9)
    array([0, 1, 0, 2])
    """
    order = values.mean(axis=0).argsort(kind="stable")
    apart = np.concatenate([[True], np.abs(np.diff(values[:, order], axis=1)).max(axis=0) > tie])
    # A run of ties goes by the number of its first project in the table.
    firsts = np.minimum.reduceat(order, np.flatnonzero(apart))
    names = np.empty(len(order), dtype=np.int64)
    names[order] = firsts[np.cumsum(apart) - 1]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def count_ranks(keys: FloatArray, counts: IntArray, *, sizes: IntArray) -> IntArray:
    """Add the ranks of a block of draws to their counts.

    The number of each group replaces the last bits of its key, so that one plain sort, several times as fast as a
    sort of places, brings the groups into order. Keys that differ in nothing but these bits (1e-13 for 500 groups)
    are ordered by number.

    Parameters
    ----------
    keys : contiguous ndarray of shape (n_draws, n_groups), overwritten
        Above 0, the smallest is first.
    counts : contiguous integer ndarray of shape (n_ranks, n_groups), changed in place
        Draws in which a group of tied projects took a rank; as many ranks as projects.
    sizes : integer ndarray of shape (n_groups,)
        Projects in each group: all have the better rank, the next group comes after all of them.

    Returns
    -------
    integer ndarray of shape (n_draws,)
        Who is first in each draw.
    """
    n_groups = len(sizes)
    last_bits = (1 << (n_groups - 1).bit_length()) - 1
    order = keys.view(np.int64)
    order &= ~last_bits
    order |= np.arange(n_groups)
    order.sort(axis=1)
    order &= last_bits
    first = order[:, 0].copy()
    if n_groups == len(counts):
        order += np.arange(n_groups) * n_groups
    else:
        taken = sizes[order]
        order += (np.cumsum(taken, axis=1) - taken) * n_groups
    np.add.at(counts.reshape(-1), order.reshape(-1), 1)
    return first


def count_wins(keys: FloatArray, wins: IntArray) -> None:
    """Add to ``wins[a, b]`` in how many draws of a block a is ahead of b.

    Parameters
    ----------
    keys : ndarray of shape (n_draws, n_groups)
        The smaller is ahead.
    wins : integer ndarray of shape (n_groups, n_groups), changed in place
    """
    for a in range(len(wins)):
        wins[a] += np.count_nonzero(keys[:, a, None] < keys, axis=0)
