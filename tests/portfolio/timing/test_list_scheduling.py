"""Two rules of giving out people, against brute force over orders and begins, and against plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.portfolio.timing.list_scheduling import Jobs, one_after_another, shared_alike


def _jobs(length, need, *, earliest=None, before=None, capacity=((1.0,),)):
    n = len(length)
    whole = np.zeros((n, len(capacity), max(length)))
    for job, rows in enumerate(need):
        for skill, months in enumerate(rows):
            whole[job, skill, : len(months)] = months
    return Jobs(length=np.array(length), need=whole, capacity=np.array(capacity, dtype=float),
                earliest=np.zeros(n, dtype=np.int64) if earliest is None else np.array(earliest),
                before=((),) * n if before is None else before)


def _drawn(seed, n=4):
    rng = np.random.default_rng(seed)
    length = rng.integers(1, 4, n)
    need = [[rng.choice([0.0, 0.5, 1.0], months).tolist() for _ in range(2)] for months in length]
    before = tuple((job - 1,) if job and rng.random() < 0.3 else () for job in range(n))
    return _jobs(length.tolist(), need, earliest=rng.integers(0, 2, n), before=before,
                 capacity=rng.choice([1.0, 1.5], (2, 3)).tolist())


def _holds(jobs, begins, limit):
    """Whether a schedule respects people, the limit, earliest months and who waits for whom."""
    horizon = int((begins + jobs.length).max())
    used, at_once = np.zeros((len(jobs.capacity), horizon)), np.zeros(horizon)
    for job, begin in enumerate(begins):
        used[:, begin:begin + jobs.length[job]] += jobs.need[job, :, : jobs.length[job]]
        at_once[begin:begin + jobs.length[job]] += 1
        if begin < jobs.earliest[job] or any(begins[b] + jobs.length[b] > begin for b in jobs.before[job]):
            return False
    return bool((used <= jobs.there(horizon) + 1e-9).all() and (limit is None or (at_once <= limit).all()))


def _by_hand(jobs, order, limit):
    """Serial generation by trying every month in turn."""
    begins = np.full(len(order), -1)
    waiting = list(order)
    while waiting:
        job = next(j for j in waiting if all(begins[b] >= 0 for b in jobs.before[j]))
        waiting.remove(job)
        for month in itertools.count():
            begins[job] = month
            placed = np.flatnonzero(begins >= 0)
            part = Jobs(length=jobs.length[placed], need=jobs.need[placed], earliest=jobs.earliest[placed],
                        capacity=jobs.capacity, before=tuple(tuple(np.flatnonzero(placed == b)[0] for b in
                                                                   jobs.before[j]) for j in placed))
            if _holds(part, begins[placed], limit):
                break
    return begins


@given(seed=st.integers(0, 300), limit=st.sampled_from([None, 1, 2]))
@settings(max_examples=40, deadline=None)
def test_serial_generation_is_the_one_by_hand_and_breaks_nothing(seed, limit):
    jobs = _drawn(seed)
    order = np.random.default_rng(seed).permutation(4)
    begins = one_after_another(jobs, order, limit)
    assert begins.tolist() == _by_hand(jobs, order, limit).tolist()
    assert _holds(jobs, begins, limit)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("limit", [None, 2])
def test_the_best_order_gives_the_best_schedule_and_no_order_beats_it(seed, limit):
    jobs = _drawn(seed, n=3)
    plans = (np.array(begins) for begins in itertools.product(range(8), repeat=3))
    best = min((begins + jobs.length).sum() for begins in plans if _holds(jobs, begins, limit))
    ends = [(one_after_another(jobs, np.array(order), limit) + jobs.length).sum()
            for order in itertools.permutations(range(3))]
    assert min(ends) == best


def test_two_who_share_one_person_finish_together_and_one_at_a_time_earlier_on_average():
    jobs = _jobs([4, 4], [[[1.0] * 4]] * 2)
    assert shared_alike(jobs, np.array([0, 1]))[1].tolist() == [7, 7]
    begins, ends = shared_alike(jobs, np.array([1, 0]), 1)
    assert (begins.tolist(), ends.tolist()) == ([4, 0], [7, 3])
    assert one_after_another(jobs, np.array([1, 0])).tolist() == [4, 0]


def test_only_those_who_need_the_short_skill_slow_down():
    jobs = _jobs([2, 2, 2], [[[1.0] * 2, [0.0]], [[1.0] * 2, [0.0]], [[0.0], [1.0] * 2]], capacity=((1.0,), (1.0,)))
    assert shared_alike(jobs, np.arange(3))[1].tolist() == [3, 3, 1]


def test_sharing_uses_exactly_the_people_there_are_while_they_are_short():
    # Work of 2 x 3 person-months with one person takes six months, however it is shared.
    jobs = _jobs([3, 3], [[[1.0] * 3], [[1.0] * 3]], capacity=((1.0,),))
    assert shared_alike(jobs, np.arange(2))[1].max() == 5


def test_capacity_of_the_last_month_stays_and_no_capacity_is_no_limit():
    jobs = _jobs([1] * 3, [[[1.0]]] * 3, capacity=((2.0, 1.0),))
    assert one_after_another(jobs, np.arange(3)).tolist() == [0, 0, 1]
    free = Jobs(length=jobs.length, need=jobs.need, earliest=jobs.earliest, before=jobs.before,
                capacity=np.empty((1, 0)))
    assert one_after_another(free, np.arange(3)).tolist() == [0, 0, 0]
    assert shared_alike(free, np.arange(3))[1].tolist() == [0, 0, 0]


def test_what_never_fits_is_said_and_so_is_what_waits_for_it():
    jobs = _jobs([2, 1, 1], [[[3.0, 3.0]], [[1.0]], [[1.0]]], before=((), (0,), ()))
    assert one_after_another(jobs, np.arange(3)).tolist() == [-1, -1, 0]
    nobody = _jobs([2, 1], [[[1.0, 1.0]], [[0.0]]], capacity=((0.0,),))
    assert shared_alike(nobody, np.arange(2))[1].tolist() == [-1, 0]


def test_a_circle_of_needs_ends():
    jobs = _jobs([1, 1], [[[1.0]], [[1.0]]], before=((1,), (0,)))
    assert (one_after_another(jobs, np.arange(2)) < 0).all()
    assert (shared_alike(jobs, np.arange(2))[1] < 0).all()
