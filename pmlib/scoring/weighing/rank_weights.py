"""Weights from nothing but the order of importance: rank order centroid, rank sum, rank reciprocal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import floats, shown

FloatArray = npt.NDArray[np.float64]


class RankMethod(StrEnum):
    """How an order of importance becomes weights."""

    CENTROID = "rank_order_centroid"
    SUM = "rank_sum"
    RECIPROCAL = "rank_reciprocal"


def rank_weights(
    order: Mapping[str, float] | pd.Series | Sequence[str | Collection[str]],
    *,
    method: RankMethod | str = RankMethod.CENTROID,
) -> pd.Series:
    """Say what criteria are worth if only their order of importance is known.

    With n criteria, the one in place k weighs in proportion to

    - rank order centroid: 1/k + ... + 1/n, the mean of all weights that keep the order;
    - rank sum: n + 1 - k;
    - rank reciprocal: 1/k.

    Criteria of the same rank share the mean weight of the places they take. An order says nothing about how much
    more one swing is worth than the next: where somebody can say so, ask for swing weights.

    Parameters
    ----------
    order : mapping or Series of criterion to rank, or sequence of criteria
        Ranks from 1 (most important) to n, equal where criteria tie; only their order counts. As a sequence: most
        important first, a tie as a collection of its own: ``["reach", ["fit", "risk"]]``.
    method : RankMethod or str
        How the order becomes weights.

    Returns
    -------
    Series of shape (n_criteria,), index criterion
        Shares that sum to 1, as the criteria were given.

    Raises
    ------
    ParameterError
        There is no criterion, one stands twice, a rank is no number from 1 to n, or the method is unknown.

    References
    ----------
    Stillwell, Seaver & Edwards (1981), Organizational Behavior and Human Performance 28, 62-77 (rank sum, reciprocal).
    Edwards & Barron (1994), Organizational Behavior and Human Decision Processes 60, 306-325.
    Barron & Barrett (1996), Management Science 42, 1515-1523 (rank order centroid).

    Examples
    --------
    >>> rank_weights(["reach", "fit", "risk", "ease"]).round(4).to_dict()
    {'reach': 0.5208, 'fit': 0.2708, 'risk': 0.1458, 'ease': 0.0625}
    >>> rank_weights({"reach": 1, "fit": 2, "risk": 2}, method="rank_sum").to_dict()
    {'reach': 0.5, 'fit': 0.25, 'risk': 0.25}
    """
    if not isinstance(method, str) or method not in list(RankMethod):
        words = did_you_mean(str(method), list(RankMethod))
        raise ParameterError(f"method is {shown(method)}. {words} Name one of these.")
    ranks = _ranks(order)
    placed = ranks.sort_values(kind="stable")
    weights = pd.Series(_by_place(len(placed), method=RankMethod(method)), index=placed.index, name="weight")
    return weights.groupby(placed).transform("mean").reindex(ranks.index).rename_axis("criterion")


def _by_place(n: int, *, method: RankMethod) -> FloatArray:
    places = np.arange(1.0, n + 1.0)
    match method:
        case RankMethod.CENTROID:
            raw = np.cumsum(1 / places[::-1])[::-1]
        case RankMethod.SUM:
            raw = n + 1 - places
        case RankMethod.RECIPROCAL:
            raw = 1 / places
    return np.asarray(raw / raw.sum())


def _ranks(order: Mapping[str, float] | pd.Series | Sequence[str | Collection[str]]) -> pd.Series:
    if isinstance(order, (str, Set)) or not isinstance(order, (Mapping, pd.Series, Sequence)):
        raise ParameterError(f"order is a {type(order).__name__}, allowed criteria with ranks, or a list of criteria. "
                             "Write it as a list, most important first.")
    pairs = list(order.items()) if isinstance(order, (Mapping, pd.Series)) else _placed(order)
    names = pd.Index([str(name) for name, _ in pairs])
    if names.empty:
        raise ParameterError("order is empty, allowed 1 or more criteria. Name them, most important first.")
    if names.has_duplicates:
        twice = names[names.duplicated()][0]
        raise ParameterError(f"order: {twice!r} stands twice, allowed once. Keep one of them.")
    ranks = floats(pd.Series([rank for _, rank in pairs], index=names, dtype=object))
    bad = ~ranks.between(1, len(ranks)).to_numpy()
    if bad.any():
        name, got = pairs[int(np.argmax(bad))]
        raise ParameterError(f"rank of {name!r} is {shown(got)}, allowed 1 (most important) to {len(ranks)}, the "
                             "number of criteria. Write ranks; for points as of swings take another method.")
    return ranks


def _placed(order: Sequence[str | Collection[str]]) -> list[tuple[str, int]]:
    tiers = [sorted(map(str, tier)) if isinstance(tier, (list, tuple, Set)) else [str(tier)] for tier in order]
    return [(name, place) for place, tier in enumerate(tiers, start=1) for name in tier]
