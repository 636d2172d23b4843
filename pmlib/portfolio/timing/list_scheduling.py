"""Projects one after another under capacity: two plain rules, simulated month by month.  Knows arrays, no tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmlib.portfolio.model import Floats, Ints

#: What a need may be over capacity and still be rounding.
_NOTHING = 1e-9
#: After so many months a simulation gives up: what is not finished by then never is.
_LONGEST = 1200


@dataclass(frozen=True, eq=False, kw_only=True)
class Jobs:
    """Projects as the simulation sees them; months count from 0, the first month of the plan.

    Attributes
    ----------
    length : int array of shape (n_jobs,)
        Months of work.
    need : float array of shape (n_jobs, n_skills, longest)
        Person-months in every month of work, 0 after the last.
    earliest : int array of shape (n_jobs,)
        Month before which a project cannot begin.
    before : tuple of int tuples
        Projects that must be finished first.
    capacity : float array of shape (n_skills, n_months)
        People there are; those of the last month stay.
    """

    length: Ints
    need: Floats
    earliest: Ints
    before: tuple[tuple[int, ...], ...]
    capacity: Floats

    def there(self, months: int) -> Floats:
        """Capacity of the first ``months`` months, shape (n_skills, months)."""
        more = max(months - self.capacity.shape[1], 0)
        return np.pad(self.capacity, ((0, 0), (0, more)), mode="edge")[:, :months] if self.capacity.shape[1] else \
            np.full((len(self.capacity), months), np.inf)


def one_after_another(jobs: Jobs, order: Ints, limit: int | None = None) -> Ints:
    """Place the projects in a given order, each as early as people and the limit allow: serial generation.

    Each keeps its people and its months from begin to finish; nothing is moved again.

    Parameters
    ----------
    jobs : Jobs
    order : int array of shape (n_jobs,)
        First to last; a project waits in it until those it needs are placed.
    limit : int, optional
        Most projects in progress at a time.

    Returns
    -------
    int array of shape (n_jobs,)
        First month of work; -1 where a project never fits.

    References
    ----------
    Kelley (1963), Industrial Scheduling; Kolisch (1996), European Journal of Operational Research 90: serial
    schedule generation gives active schedules, among them an optimal one for some order.

    Examples
    --------
    >>> jobs = Jobs(length=np.array([4, 4]), need=np.ones((2, 1, 4)), earliest=np.zeros(2, dtype=np.int64),
    ...             before=((), ()), capacity=np.ones((1, 1)))
    >>> one_after_another(jobs, np.array([0, 1])).tolist()
    [0, 4]
    """
    free = jobs.there(_LONGEST)
    places = np.full(_LONGEST, np.inf if limit is None else float(limit))
    begins = np.full(len(order), -1, dtype=np.int64)
    placed: set[int] = set()
    waiting = [int(job) for job in order]
    while waiting:
        job = next((job for job in waiting if placed.issuperset(jobs.before[job])), waiting[0])
        waiting.remove(job)
        placed.add(job)
        begins[job] = _earliest(jobs, job, begins, free=free, places=places)
        if begins[job] >= 0:
            span = slice(begins[job], begins[job] + jobs.length[job])
            free[:, span] -= jobs.need[job, :, : jobs.length[job]]
            places[span] -= 1.0
    return begins


def _earliest(jobs: Jobs, job: int, begins: Ints, *, free: Floats, places: Floats) -> int:
    """First month from which a project fits without a break; -1 when there is none."""
    needed = list(jobs.before[job])
    if (begins[needed] < 0).any():
        return -1
    length = int(jobs.length[job])
    start = int(max([jobs.earliest[job], *(begins[needed] + jobs.length[needed])]))
    need = jobs.need[job, :, :length]
    while start + length <= _LONGEST:
        span = slice(start, start + length)
        full = (need > np.maximum(free[:, span], 0.0) + _NOTHING).any(axis=0) | (places[span] < 1.0)
        if not full.any():
            return start
        # Whenever a level need begins before the last full month, that month is in its way.
        start += int(np.flatnonzero(full)[-1]) + 1 if _level(need) else 1
    return -1


def _level(need: Floats) -> bool:
    """Whether a need is the same in every month, so that a full month can be jumped over."""
    return bool((need == need[:, :1]).all())


def shared_alike(jobs: Jobs, order: Ints, limit: int | None = None) -> tuple[Ints, Ints]:
    """Let the projects in progress share the people: where a skill is short, all that need it slow down alike.

    Every month the next projects in the order begin while the limit allows. A project then does the share of a
    planned month's work that its scarcest skill has for everybody who needs it.

    Returns
    -------
    (int array of shape (n_jobs,), int array of shape (n_jobs,))
        First and last month of work; -1 where a project never begins or finishes.

    Examples
    --------
    >>> jobs = Jobs(length=np.array([4, 4]), need=np.ones((2, 1, 4)), earliest=np.zeros(2, dtype=np.int64),
    ...             before=((), ()), capacity=np.ones((1, 1)))
    >>> [shared_alike(jobs, np.array([0, 1]), limit)[1].tolist() for limit in (None, 1)]
    [[7, 7], [3, 7]]
    """
    done, begins, ends = np.zeros(len(order)), *(np.full(len(order), -1, dtype=np.int64) for _ in range(2))
    active: list[int] = []
    waiting = [int(job) for job in order]
    last = jobs.capacity.shape[1] - 1
    for month in range(_LONGEST):
        for job in [job for job in waiting if _may_begin(jobs, job, month, ends)]:
            if limit is None or len(active) < limit:
                active.append(job)
                begins[job] = month
                waiting.remove(job)
        if not active:
            if not waiting:
                break
            continue
        there = jobs.capacity[:, min(month, last)] if last >= 0 else np.full(len(jobs.capacity), np.inf)
        left = np.minimum(1.0, jobs.length[active] - done[active])
        done[active] += left * _speeds(_next_month(jobs, active, done), there)
        for job in [job for job in active if done[job] >= jobs.length[job] - _NOTHING]:
            ends[job] = month
            active.remove(job)
    return begins, ends


def _may_begin(jobs: Jobs, job: int, month: int, ends: Ints) -> bool:
    needed = list(jobs.before[job])
    return bool(jobs.earliest[job] <= month and ((ends[needed] >= 0) & (ends[needed] < month)).all())


def _next_month(jobs: Jobs, active: list[int], done: Floats) -> Floats:
    """Person-months of the next planned month of work, shape (n_active, n_skills)."""
    whole = np.floor(done[active]).astype(np.int64)
    part = done[active] - whole
    padded = np.pad(jobs.need, ((0, 0), (0, 0), (0, 2)))
    here, after = padded[active, :, whole], padded[active, :, whole + 1]
    return np.asarray(here * (1 - part)[:, None] + after * part[:, None], dtype=float)


def _speeds(wanted: Floats, there: Floats) -> Floats:
    """Share of a planned month that each project in progress does, 0-1."""
    total = wanted.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > there + _NOTHING, there / total, 1.0)
    return np.asarray(np.where(wanted > 0, share, 1.0).min(axis=1, initial=1.0), dtype=float)
