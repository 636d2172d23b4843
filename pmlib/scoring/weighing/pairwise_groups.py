"""Comparisons of pairs by several people, and weights multiplied down a tree of criteria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import LARGEST_LEVEL, floats, labelled, of_kind, shown
from pmlib.scoring.robustness import percent
from pmlib.scoring.values import CriteriaTree, FloatArray
from pmlib.scoring.weighing.pairwise import ACCEPTED_RATIO, PairwiseWeights, Prioritisation, prioritise
from pmlib.scoring.weighing.pairwise_judgements import Comparisons, read_comparisons

# Weights closer than this are the same weight.
_SAME = 1e-9


class Aggregation(StrEnum):
    """What of the members is averaged."""

    JUDGEMENTS = "judgements"
    PRIORITIES = "priorities"
    ARITHMETIC_PRIORITIES = "arithmetic priorities"


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupPairwiseWeights:
    """Weights of a group from its members' comparisons of pairs, and how far the members are apart.

    Attributes
    ----------
    weights : Series of shape (n_criteria,), index criterion
        Shares that sum to 1; goes into ``score(tables, weights=...)`` as it is.
    aggregation : Aggregation
        What of the members was averaged.
    members : DataFrame
        One row per member: member, member_weight (share 0-1), consistency_ratio, most_inconsistent (in words).
    priorities : DataFrame of shape (n_members, n_criteria)
        Each member's own weights, rows sum to 1.
    joint : PairwiseWeights or None
        The joint judgements and their consistency; None when priorities were averaged.
    """

    weights: pd.Series
    aggregation: Aggregation
    members: pd.DataFrame
    priorities: pd.DataFrame
    joint: PairwiseWeights | None

    def to_frame(self) -> pd.DataFrame:
        """Return one row per member."""
        return self.members.copy(deep=False)

    def summary(self) -> str:
        """Say what counts most for the group, where its members differ most, and who contradicts themselves."""
        apart = self._range().idxmax()
        own = self.priorities[apart]
        differ = "the members agree" if self._range().max() <= _SAME else (
            f"the members differ most on {apart} ({percent(own.min())} for {own.idxmin()} to {percent(own.max())} for "
            f"{own.idxmax()})")
        return (f"In the group of {len(self.members)}, {self.weights.idxmax()} counts most "
                f"({percent(self.weights.max())}); {differ}. {self._inconsistent_clause()}")

    def headline(self) -> dict[str, str]:
        """Give the largest weight and the widest difference between members."""
        return {percent(self.weights.max()): f"weight of {self.weights.idxmax()}, the largest",
                f"{100 * self._range().max():.0f} points": f"between members on {self._range().idxmax()}"}

    def __repr__(self) -> str:
        """Say it in one line: every weight and the number of members."""
        parts = ", ".join(f"{name} {weight:.3g}" for name, weight in self.weights.items())
        return f"<GroupPairwiseWeights: {parts}; {len(self.members)} members, {self.aggregation} averaged>"

    def _range(self) -> pd.Series:
        return self.priorities.max() - self.priorities.min()

    def _inconsistent_clause(self) -> str:
        above = self.members.loc[self.members["consistency_ratio"] > ACCEPTED_RATIO, "member"]
        if above.empty:
            return f"No member is above a consistency ratio of {ACCEPTED_RATIO:.2f}."
        return f"Above a consistency ratio of {ACCEPTED_RATIO:.2f}: {', '.join(above)}."


def group_pairwise_weights(
    judgements: Mapping[str, pd.DataFrame], *, aggregate: Aggregation | str = Aggregation.JUDGEMENTS,
    member_weights: Mapping[str, float] | pd.Series | None = None,
    method: Prioritisation | str = Prioritisation.EIGENVECTOR,
) -> GroupPairwiseWeights:
    """Turn the comparisons of several people into one set of weights.

    Averaging judgements (their geometric mean, so that the pair keeps being reciprocal) treats the group as one
    person; averaging priorities treats it as separate people. Where a member did not judge a pair, the others'
    mean stands.

    Parameters
    ----------
    judgements : mapping of member to DataFrame
        For each member, as in `pairwise_weights`; all on the same criteria.
    aggregate : Aggregation
        ``judgements`` (geometric mean), ``priorities`` (geometric mean) or ``arithmetic priorities``.
    member_weights : mapping or Series of member to number, optional
        0 or more, rescaled to sum 1; by default all the same.
    method : Prioritisation
        How judgements become weights.

    Returns
    -------
    GroupPairwiseWeights

    Raises
    ------
    ParameterError
        There is no member, a member's judgements are refused by `pairwise_weights` or are on other criteria, or
        a member weight is missing, unknown, negative or not finite.

    References
    ----------
    Aczel & Saaty (1983), Journal of Mathematical Psychology 27, 93-102.
    Forman & Peniwati (1998), European Journal of Operational Research 108, 165-169.
    """
    if not isinstance(aggregate, str) or aggregate not in list(Aggregation):
        words = did_you_mean(str(aggregate), list(Aggregation))
        raise ParameterError(f"aggregate is {shown(aggregate)}. {words} Name one.")
    read = _read_members(judgements)
    shares = _shares(member_weights, list(read), what="member_weights")
    own = {member: prioritise(mine, method=method) for member, mine in read.items()}
    priorities = pd.DataFrame({member: result.weights for member, result in own.items()}).T.rename_axis("member")
    joint = prioritise(_joint(read, shares), method=method) if aggregate == Aggregation.JUDGEMENTS else None
    weights = joint.weights if joint else _mean(priorities, shares, arithmetic=aggregate != Aggregation.PRIORITIES)
    members = pd.DataFrame({
        "member": list(own), "member_weight": shares,
        "consistency_ratio": [result.consistency_ratio for result in own.values()],
        "most_inconsistent": [result.most_inconsistent for result in own.values()],
    })
    return GroupPairwiseWeights(weights=weights, aggregation=Aggregation(aggregate), members=members,
                                priorities=priorities, joint=joint)


def tree_weights(
    tree: CriteriaTree, local: Mapping[str | None, PairwiseWeights | Mapping[str, float] | pd.Series]
) -> pd.Series:
    """Multiply local weights down the tree of criteria: what each leaf is worth of the whole.

    Parameters
    ----------
    tree : CriteriaTree
        The tree; an objective above no scaled leaf takes no part.
    local : mapping of parent to weights of its children
        Results of `pairwise_weights`, or numbers of 0 or more, rescaled to sum 1; None is the parent of several
        tops. A parent with a single child needs none.

    Returns
    -------
    Series of shape (n_leaves,), index objective_id
        Shares that sum to 1, in the order of the tree; goes into ``score(tables, weights=...)``.

    Raises
    ------
    ParameterError
        A parent is unknown or has no weights, or these are not on its children.

    References
    ----------
    Saaty (1980), The Analytic Hierarchy Process, chapter 1.
    """
    tree = of_kind(tree, CriteriaTree, what="tree", remedy="Read it with criteria(tables).")
    local = {None if parent is None else str(parent): given
             for parent, given in labelled(local, what="local").items()}
    children: dict[str | None, list[str]] = {}
    for objective in tree.names:
        if tree.leaves_below(objective):
            children.setdefault(tree.parents[objective], []).append(objective)
    for parent in local:
        if parent not in children:
            raise ParameterError(f"local: {parent!r} has no criteria below it. "
                                 f"{did_you_mean(str(parent), map(str, children))} Weigh the children of one of these.")
    share: dict[str, float] = {}
    for parent, below in children.items():
        given = local.get(parent, dict.fromkeys(below, 1.0) if len(below) == 1 else {})
        given = given.weights if isinstance(given, PairwiseWeights | GroupPairwiseWeights) else given
        share |= dict(zip(below, _shares(given, below, what=f"weights below {parent or 'the top'}"), strict=True))
    worth = {leaf: np.prod([share[objective] for objective in tree.names if leaf in tree.leaves_below(objective)])
             for leaf in tree.leaves}
    return pd.Series(worth, index=pd.Index(tree.leaves, name="objective_id"), name="weight", dtype=float)


def _read_members(judgements: Mapping[str, pd.DataFrame]) -> dict[str, Comparisons]:
    judgements = {str(name): table for name, table in labelled(judgements, what="judgements").items()}
    if not judgements:
        raise ParameterError("judgements: got no member, allowed 1 or more. Pass a table of comparisons per member.")
    read: dict[str, Comparisons] = {}
    for member, table in judgements.items():
        try:
            mine = read_comparisons(table)
        except ParameterError as error:
            raise ParameterError(f"member {member!r}: {error}") from error
        first = next(iter(read.values()), mine)
        other = sorted(set(mine.criteria) ^ set(first.criteria))
        if other:
            raise ParameterError(f"member {member!r}: {other[0]!r} is not compared by both {member!r} and "
                                 f"{next(iter(read))!r}, allowed the same criteria for all. Leave cells empty instead.")
        order = [mine.criteria.index(name) for name in first.criteria]
        read[str(member)] = Comparisons(criteria=first.criteria, logs=mine.logs[np.ix_(order, order)])
    return read


def _joint(read: Mapping[str, Comparisons], shares: FloatArray) -> Comparisons:
    logs = np.stack([mine.logs for mine in read.values()])
    asked = ~np.isnan(logs) * shares[:, None, None]
    total = asked.sum(axis=0)
    sums = (np.nan_to_num(logs) * asked).sum(axis=0)
    mean = np.divide(sums, total, out=np.full_like(total, np.nan), where=total > 0)
    return Comparisons(criteria=next(iter(read.values())).criteria, logs=mean)


def _mean(priorities: pd.DataFrame, shares: FloatArray, *, arithmetic: bool) -> pd.Series:
    rows = priorities.to_numpy(dtype=float)
    mean = shares @ rows if arithmetic else np.exp(shares @ np.log(rows))
    return pd.Series(mean / mean.sum(), index=priorities.columns.rename("criterion"), name="weight")


def _shares(given: Mapping[str, float] | pd.Series | None, names: list[str], *, what: str) -> FloatArray:
    if given is None:
        return np.full(len(names), 1 / len(names))
    pairs = [(str(name), cell) for name, cell in labelled(given, what=what).items()]
    cells = pd.Series([cell for _, cell in pairs], index=[name for name, _ in pairs], dtype=object)
    wrong = [*cells.index[cells.index.duplicated()], *sorted(set(cells.index) ^ set(names))]
    if wrong:
        raise ParameterError(f"{what}: {wrong[0]!r} stands {(cells.index == wrong[0]).sum()} times, allowed once each: "
                             f"{', '.join(names)}. Correct the labels.")
    numbers = floats(cells[names]).to_numpy()
    bad = ~((numbers >= 0) & (numbers <= LARGEST_LEVEL))
    if bad.any():
        name = names[int(np.argmax(bad))]
        raise ParameterError(f"{what}: {name!r} has {shown(cells[name])}, allowed a finite number of 0 or more. "
                             "Correct it.")
    if numbers.sum() <= 0:
        raise ParameterError(f"{what}: all are 0, allowed at least one above 0. Give the largest 1.")
    return np.asarray(numbers / numbers.sum())
