"""What is kept of a block: exact sums, and counts on a fixed grid; memory does not grow with the draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.risk.draws import Draws, cut, discount, draw, first_size
from pmlib.portfolio.risk.model import RiskModel

#: Cells of the grid, and how many standard deviations of the first block it reaches on either side.
CELLS, REACH = 4096, 10.0
#: Most whole months of work that are told apart.
MONTHS = 480
#: What the spread of the value comes from, in this order.
SOURCES = ("success or failure", "size of benefits", "delay", "cost", "risk register")


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Where the tracked totals of a plan are counted: value, cost, finish, cost and cash by year.

    Attributes
    ----------
    centre, width : float arrays of shape (n_totals,)
        Middle of the grid and width of a cell; a quantile is off by less than one cell (.5 % of a standard deviation),
        unless it lies beyond ten standard deviations.
    """

    centre: Floats
    width: Floats

    def cells(self, totals: Floats) -> Ints:
        """Cell of every draw, shape (n_totals, size)."""
        place = np.floor((totals - self.centre[:, None]) / self.width[:, None]) + CELLS // 2
        return np.asarray(np.clip(place, 0, CELLS - 1), dtype=np.int64)

    def edges(self, total: int) -> Floats:
        """Edges of the cells of one total, shape (CELLS + 1,)."""
        return np.asarray(self.centre[total] + self.width[total] * (np.arange(CELLS + 1) - CELLS // 2))


@dataclass(frozen=True, eq=False, kw_only=True)
class Tally:
    """Sums over draws; two add up to that of both.

    Attributes
    ----------
    n : int array of shape (1,)
    sums, squares : float arrays of shape (n_totals,)
        Of the totals less the centre of the grid.
    counts : int array of shape (n_totals, CELLS)
    tail : float array of shape (2 + n, CELLS)
        By cell of the plan's value: sums of its value and its square (less the centre), and of every project's value
        (less the plan's for it).
    project : float array of shape (2, n)
        Sums and squares of every project's value less the plan's.
    finish : int array of shape (n, MONTHS)
        By whole months of work.
    factors : float array of shape (3, n_factors)
        Sums of factor, its square, and its product with the value.
    sources : float array of shape (2, n_sources)
        Sums of each part, and of its product with the value.
    over : int array of shape (n_years,)
        Draws above the budget of the year.
    reached : int array of shape (1,)
        Draws that reach the goal.
    least, most : float arrays of shape (n_totals,)
    """

    n: Ints
    sums: Floats
    squares: Floats
    counts: Ints
    tail: Floats
    project: Floats
    finish: Ints
    factors: Floats
    sources: Floats
    over: Ints
    reached: Ints
    least: Floats
    most: Floats

    def __add__(self, other: Tally) -> Tally:
        added = {name.name: getattr(self, name.name) + getattr(other, name.name) for name in fields(self)}
        return Tally(**{**added, "least": np.minimum(self.least, other.least),
                        "most": np.maximum(self.most, other.most)})


def totals(model: RiskModel, drawn: Draws) -> Floats:
    """Give what is tracked in every draw, shape (3 + 2 n_years, size): value, cost, finish, cost and cash by year.

    Cost by year is the planned money times drawn over planned cost, risks spread alike. Cash is benefit earned so far
    less money spent so far, not discounted; what is late is earned later.
    """
    spent = _spent(model, drawn)
    earned = _earned(model, drawn)
    finish = np.zeros(spent.shape[1])
    if model.estimates.timed.any():
        finish = _finish(model, drawn)[model.estimates.timed].max(axis=0)
    return np.vstack([drawn.plan_value_k(model), spent.sum(axis=0), finish, spent, earned - spent.cumsum(axis=0)])


def _finish(model: RiskModel, drawn: Draws) -> Floats:
    """End of the work of every project as a month, fractions of one counted, shape (n, size)."""
    return np.asarray(model.begins[:, None] - 1.0 + _work(model, drawn))


def _work(model: RiskModel, drawn: Draws) -> Floats:
    """Months of work of every project, those of risks included, shape (n, size)."""
    return np.asarray(drawn.late + (model.pace * model.estimates.planned[2])[:, None])


def _spent(model: RiskModel, drawn: Draws) -> Floats:
    """Money by year, shape (n_years, size)."""
    money, planned = model.money, model.estimates.planned[1]
    whole = money.spend_k.sum(axis=1, keepdims=True)
    first = (np.arange(len(money.years)) == 0).astype(float)
    share = np.where(whole > 0, money.spend_k / np.where(whole > 0, whole, 1.0), first)
    scale = np.where(planned > 0, planned, np.inf)[:, None]
    ratio = np.where(planned[:, None] > 0, drawn.cost / scale, 1.0)
    more = drawn.risk_k + model.events.response_k[:, None]
    by_year = [money.fixed_k[year] + (money.spend_k[:, year, None] * ratio + share[:, year, None] * more).sum(axis=0)
               for year in range(len(money.years))]
    return np.array(by_year)


def _earned(model: RiskModel, drawn: Draws) -> Floats:
    """Benefit earned until the end of each year, shape (n_years, size)."""
    money, planned = model.money, model.estimates.planned[0]
    end = np.arange(1.0, len(money.years) + 1.0)[:, None]
    earned = np.zeros((len(money.years), drawn.cost.shape[1]))
    for place in np.flatnonzero((money.earned_k[:, -1] > 0) & (planned > 0)):
        when = end - money.delay_years[place] - drawn.late[place] / 12.0
        ratio = drawn.success[place] * drawn.benefit[place] / planned[place]
        earned += np.interp(when, np.arange(len(money.years) + 1.0), money.earned_k[place]) * ratio
    return earned


def pilot_grid(model: RiskModel, *, seed: int) -> Grid:
    """Lay the grid around mean and spread of the first block."""
    first = totals(model, draw(model, seed=seed, block=0))
    centre, spread = first.mean(axis=1), first.std(axis=1)
    steady = spread <= 1e-9 * np.maximum(1.0, np.abs(centre))
    width = np.where(steady, np.maximum(1.0, np.abs(centre)) * 1e-6, 2.0 * REACH * spread / CELLS)
    return Grid(centre=centre, width=width)


def tally_block(block: int, *, model: RiskModel, grid: Grid, seed: int, draws: int) -> Tally:
    """Draw one block and keep what adds up."""
    size = first_size(model, draws=draws, block=block)
    drawn = cut(draw(model, seed=seed, block=block), size)
    tracked = totals(model, drawn)
    cells, off = grid.cells(tracked), tracked - grid.centre[:, None]
    gain = drawn.value_k - model.projects["value_k"].to_numpy()[:, None]
    value, spent = off[0], tracked[3:3 + len(model.money.years)]
    parts = _parts(model, drawn)
    # A plan that comes to its goal but for rounding has reached it.
    goal = model.goal_k - 1e-9 * max(1.0, abs(model.goal_k))
    return Tally(
        n=np.array([size]), sums=off.sum(axis=1), squares=(off**2).sum(axis=1),
        counts=np.array([np.bincount(row, minlength=CELLS) for row in cells]),
        tail=np.array([np.bincount(cells[0], row, minlength=CELLS) for row in (value, value**2, *gain)]),
        project=np.array([gain.sum(axis=1), (gain**2).sum(axis=1)]), finish=_finish_counts(model, drawn),
        factors=np.array([drawn.factors.sum(axis=1), (drawn.factors**2).sum(axis=1),
                          (drawn.factors * value).sum(axis=1)]),
        sources=np.array([parts.sum(axis=1), (parts * value).sum(axis=1)]),
        over=(spent > model.money.budget_k[:, None]).sum(axis=1), reached=np.array([(tracked[0] >= goal).sum()]),
        least=tracked.min(axis=1), most=tracked.max(axis=1),
    )


def _finish_counts(model: RiskModel, drawn: Draws) -> Ints:
    work = np.clip(np.ceil(_work(model, drawn) - 1e-9), 0, MONTHS - 1).astype(np.int64)
    cells = work + MONTHS * np.arange(len(work))[:, None]
    return np.bincount(cells.ravel(), minlength=MONTHS * len(work)).reshape(len(work), MONTHS)


def _parts(model: RiskModel, drawn: Draws) -> Floats:
    """Split the plan's value less what is fixed by source, shape (n_sources, size); adds up to it."""
    mean = model.estimates.means()[0][:, None]
    size = drawn.success * (drawn.benefit - mean)
    delay = drawn.success * drawn.benefit * (discount(model, drawn.late) - 1.0)
    parts = ((model.left, drawn.success * mean), (model.left, size), (model.left, delay), (model.dear, -drawn.cost),
             (model.later, -drawn.risk_k))
    return np.array([(weight[:, None] * part).sum(axis=0) for weight, part in parts])


def quantiles(tally: Tally, grid: Grid, total: int, *, shares: Sequence[float] | Floats) -> Floats:
    """Values of a total that are not passed with these chances (0-1), linear within a cell, shape (n_shares,)."""
    reached = np.concatenate([[0.0], np.cumsum(tally.counts[total]) / float(tally.n[0])])
    found = np.interp(np.asarray(shares, dtype=float), reached, grid.edges(total))
    return np.asarray(np.clip(found, tally.least[total], tally.most[total]))


def lower_tail(tally: Tally, share: float) -> tuple[Floats, float]:
    """Mean of each row of ``tally.tail`` over the worst ``share`` of the values; and the error of the value's mean.

    The cell in which the tail ends counts with the part of it that is needed.
    """
    n = float(tally.n[0])
    before = np.concatenate([[0.0], np.cumsum(tally.counts[0])])
    weight = np.clip((share * n - before[:-1]) / np.maximum(tally.counts[0], 1), 0.0, 1.0)
    mean = (tally.tail * weight).sum(axis=1) / (share * n)
    within = max(float(mean[1] - mean[0] ** 2), 0.0)
    last = int(np.flatnonzero((weight > 0) & (tally.counts[0] > 0))[-1])
    end = tally.tail[0, last] / tally.counts[0, last]
    # Variance of the shortfall below the end of the tail, over the share squared (Trindade et al. 2007).
    return mean, math.sqrt(max(within + (1.0 - share) * (end - mean[0]) ** 2, 0.0) / (share * n))
