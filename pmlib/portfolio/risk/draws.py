"""Draws of a plan in blocks: every block has a stream of its own, so any number of workers gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from typing import Protocol, Self, TypeVar

import numpy as np

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats
from pmlib.portfolio.risk.factors import QUANTITIES, normal_score
from pmlib.portfolio.risk.model import RiskModel

#: Most draws of a block, and most numbers in its largest array.
_BLOCK, _NUMBERS = 4096, 2**22
#: Blocks handed out at a time, so that results never pile up.
_WAVE = 16
_FEWEST, _MOST = 100, 10**9


@dataclass(frozen=True, eq=False, kw_only=True)
class Draws:
    """One block: what came of every project, risk and factor.

    Attributes
    ----------
    benefit, cost, months : float arrays of shape (n, size)
        Thousands given success; thousands; months, risks left out.
    success : bool array of shape (n, size)
    late : float array of shape (n, size)
        Months beyond the planned ones, risks included.
    risk_k : float array of shape (n, size)
        Thousands of cost from risks.
    impact : float array of shape (n_risks, size)
        Of every risk in its unit; 0 where it does not happen.
    factors : float array of shape (n_factors, size)
    value_k : float array of shape (n, size)
    """

    benefit: Floats
    cost: Floats
    months: Floats
    success: np.ndarray
    late: Floats
    risk_k: Floats
    impact: Floats
    factors: Floats
    value_k: Floats

    def plan_value_k(self, model: RiskModel) -> Floats:
        """Value of the whole plan, shape (size,)."""
        return np.asarray(self.value_k.sum(axis=0) + model.fixed_k)


def block_size(model: RiskModel) -> int:
    """Draws of a block: 4,096, fewer for very large portfolios, so that memory is bounded."""
    series = max(len(model.factors.own), 1)
    return max(64, min(_BLOCK, 1 << int(math.log2(_NUMBERS / series))))


def draw(model: RiskModel, *, seed: int, block: int) -> Draws:
    """Draw one block of the plan.

    Parameters
    ----------
    model : RiskModel
    seed : int
        Of the whole simulation.
    block : int
        Number of the block; the draws depend on nothing else.
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy=seed, spawn_key=(block,))))
    size, count = block_size(model), len(QUANTITIES)
    # The factors come last: with other correlations, the rest of the luck stays the same.
    own = rng.standard_normal((len(model.factors.own), size))
    share = rng.random((len(model.events.chance), size))
    factors = rng.standard_normal((len(model.factors.names), size))
    for name, level in model.policy.stress.items():
        factors[model.factors.names.index(name)] = level
    scores = model.factors.scores(factors, own)
    first = len(scores) - len(share)
    benefit, cost, months, luck = (scores[count * model.series + k] for k in range(count))
    estimates, events = model.estimates, model.events
    shift = estimates.shift[:, :, None]
    happens = scores[first:] > -normal_score(events.chance)[:, None]
    impact = np.zeros_like(share)
    impact[happens] = events.impact.take(np.nonzero(happens)[0]).quantile(share[happens][:, None])[:, 0]
    chance = np.clip(estimates.means()[-1], 0.0, 1.0)
    months = estimates.months.at(months) + shift[2]
    late = model.pace[:, None] * (months - estimates.planned[2][:, None]) + _of_projects(model, impact, months=True)
    return _valued(model, Draws(
        benefit=estimates.benefit.at(benefit) + shift[0], cost=estimates.cost.at(cost) + shift[1], months=months,
        success=luck > -normal_score(chance)[:, None], late=late, impact=impact, factors=factors,
        risk_k=_of_projects(model, impact, months=False), value_k=np.empty_like(late),
    ))


def _of_projects(model: RiskModel, impact: Floats, *, months: bool) -> Floats:
    """Impacts of one unit added up by project, shape (n, size)."""
    total = np.zeros((len(model.series), impact.shape[1]))
    for risk in np.flatnonzero((model.events.months == months) & (model.events.project >= 0)):
        total[model.events.project[risk]] += impact[risk]
    return total


def _valued(model: RiskModel, drawn: Draws) -> Draws:
    left, dear, later = (row[:, None] for row in (model.left, model.dear, model.later))
    benefit = drawn.success * drawn.benefit * discount(model, drawn.late)
    value = model.base_k[:, None] + left * benefit - dear * drawn.cost - later * drawn.risk_k
    return replace(drawn, value_k=value)


def discount(model: RiskModel, late: Floats) -> Floats:
    """Say what a benefit that comes so many months late keeps of its present value (earlier: more than 1)."""
    return np.asarray(np.exp(late * (-math.log1p(model.rate) / 12.0)))


def first_size(model: RiskModel, *, draws: int, block: int) -> int:
    """Draws of a block that count: all, or what the last one is asked for."""
    return min(block_size(model), draws - block * block_size(model))


def cut(drawn: Draws, size: int) -> Draws:
    """First draws of a block."""
    return replace(drawn, **{name.name: getattr(drawn, name.name)[:, :size] for name in fields(drawn)})


class Additive(Protocol):
    """What blocks give: it adds up."""

    def __add__(self, other: Self, /) -> Self: ...


_Sum = TypeVar("_Sum", bound=Additive)


def add_blocks(work: Callable[[int], _Sum], n_blocks: int, *, executor: Executor | None = None) -> _Sum:
    """Add up what every block gives, always in the order of the blocks.

    Parameters
    ----------
    work : callable of block number
        Picklable for an executor of processes.
    n_blocks : int
        At least 1.
    executor : Executor, optional
        Where the blocks are worked on; here, one after the other, when left out.

    Raises
    ------
    ParameterError
        The executor is none.
    """
    if executor is not None and not callable(getattr(executor, "map", None)):
        raise ParameterError(f"executor: got {type(executor).__name__}, allowed one of concurrent.futures. Pass one or "
                             "leave it out.")
    total: _Sum | None = None
    for start in range(0, n_blocks, _WAVE):
        wave = range(start, min(start + _WAVE, n_blocks))
        for part in (map(work, wave) if executor is None else executor.map(work, wave)):
            total = part if total is None else total + part
    assert total is not None
    return total


def checked_draws(draws: object, seed: object) -> tuple[int, int]:
    """Take the number of draws and the seed from the caller.

    Raises
    ------
    ParameterError
        Draws are not a whole number from 100 to 10**9, or the seed is no whole number of 0 or more.
    """
    for name, got, low, high in (("draws", draws, _FEWEST, _MOST), ("seed", seed, 0, 2**64)):
        whole = isinstance(got, int | np.integer) and not isinstance(got, bool)
        if not whole or not low <= int(got) <= high:  # type: ignore[call-overload]
            raise ParameterError(f"{name}: got {got!r}, allowed a whole number from {low:,} to {high:,}. "
                                 f"Set {name}={100_000 if name == 'draws' else 0}.")
    return int(draws), int(seed)  # type: ignore[call-overload]
