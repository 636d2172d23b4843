"""Shapley values of games given by the value of every coalition: what each player adds, on average over orders."""

from __future__ import annotations

from math import factorial

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats, Ints

#: 2 ** 20 coalitions are what fits in memory beside several games.
_MOST_PLAYERS = 20


def _players(games: Floats) -> int:
    n = max(len(games).bit_length() - 1, 0)
    if games.ndim != 2 or len(games) != 1 << n or n > _MOST_PLAYERS or not np.isfinite(games).all():  # noqa: PLR2004
        raise ParameterError(f"games: got shape {games.shape}, allowed finite numbers of shape (2 ** n, g) with n up "
                             f"to {_MOST_PLAYERS}. Give one row per coalition, row k holding the players of k's bits.")
    return n


def _sizes(n: int) -> Ints:
    """Count the players of every coalition of ``n``."""
    return np.array([mask.bit_count() for mask in range(1 << n)], dtype=np.int64)


def _without(n: int, *players: int) -> Ints:
    """Coalitions without some players."""
    return np.array([mask for mask in range(1 << n) if not any(mask >> i & 1 for i in players)], dtype=np.int64)


def shapley(games: Floats) -> Floats:
    """Split the change from nobody to everybody over the players of each game.

    The only split that adds up, treats alike who acts alike, gives nothing to who changes nothing, and of a sum of
    games is the sum of the splits. A game need not rise with its players, so a share may be negative, and larger
    than the whole.

    Parameters
    ----------
    games : float array of shape (2 ** n, g)
        Value of every coalition in g games; row k belongs to the players whose bits are set in k.

    Returns
    -------
    float array of shape (n, g)
        Contribution of every player; a column adds up to its last row less its first.

    Raises
    ------
    ParameterError
        The rows are no power of two, or a value is missing.

    References
    ----------
    Shapley (1953), A value for n-person games, in: Contributions to the Theory of Games II.

    Examples
    --------
    >>> shapley(np.array([[0.0], [1.0], [2.0], [5.0]])).ravel().tolist()
    [2.0, 3.0]
    """
    n = _players(games)
    weight = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)])
    sizes, found = _sizes(n), np.zeros((n, games.shape[1]))
    for i in range(n):
        rest = _without(n, i)
        found[i] = weight[sizes[rest]] @ (games[rest | 1 << i] - games[rest])
    return found


def interactions(game: Floats, names: list[str]) -> pd.DataFrame:
    """Say by how much two players together do more (or less) than the sum of each, on average over the others.

    Parameters
    ----------
    game : float array of shape (2 ** n,)
        Value of every coalition, as for `shapley`.
    names : list of str
        The n players.

    Returns
    -------
    DataFrame
        one, other, interaction (in the unit of the game); the largest first.

    References
    ----------
    Grabisch & Roubens (1999), An axiomatic approach to the concept of interaction among players in cooperative
    games, International Journal of Game Theory 28.

    Examples
    --------
    >>> interactions(np.array([0.0, 1.0, 2.0, 5.0]), ["a", "b"])["interaction"].tolist()
    [2.0]
    """
    n, rows = _players(game[:, None]), []
    weight = np.array([factorial(k) * factorial(n - k - 2) / factorial(n - 1) for k in range(n - 1)])
    sizes = _sizes(n)
    for i in range(n):
        for j in range(i + 1, n):
            rest, a, b = _without(n, i, j), 1 << i, 1 << j
            both = game[rest | a | b] - game[rest | a] - game[rest | b] + game[rest]
            rows.append((names[i], names[j], float(weight[sizes[rest]] @ both)))
    frame = pd.DataFrame(rows, columns=["one", "other", "interaction"]).astype({"interaction": float})
    return frame.sort_values("interaction", key=lambda found: -found.abs(), kind="stable", ignore_index=True)
