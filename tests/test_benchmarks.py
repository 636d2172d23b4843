"""The benchmarks run, small, and whoever computes the same numbers agrees; absent peers are skipped by name."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks.__main__ import compare, difference, table
from benchmarks.registry import OURS, ROOMS, cases

CASES = [(room, case) for room in ROOMS for case in cases(room).values() if "smoke" in case.sizes]
PEERS = [(room, case, who) for room, case in CASES for who in case.implementations if who.name != OURS]
SEED = 7


@cache
def our_answer(room: str, name: str):
    case = cases(room)[name]
    return case.by(OURS).prepare(case.make(case.sizes["smoke"], SEED))()


@pytest.mark.parametrize(("room", "case", "who"), PEERS, ids=[f"{case.name}, {who.name}" for _, case, who in PEERS])
def test_every_implementation_does_the_work_and_agrees_with_ours(room, case, who):
    if who.package:
        pytest.importorskip(who.package)
    theirs, ours = who.prepare(case.make(case.sizes["smoke"], SEED))(), our_answer(room, case.name)
    if who.agrees and ours is not None:
        assert np.shape(theirs) == np.shape(ours) or who.share < 1
        assert difference(np.asarray(ours), np.asarray(theirs), share=who.share) <= case.tolerance


@pytest.mark.parametrize(("room", "case"), CASES, ids=[case.name for _, case in CASES])
def test_ours_does_the_work_of_every_case(room, case):
    answer = our_answer(room, case.name)
    assert answer is None or np.isfinite(answer).all()


def test_the_table_says_what_was_reached_and_who_was_absent():
    case, regrets = cases("scoring")["additive"], cases("portfolio")["regret bounds"]
    ours, read, peer, absent = case.implementations
    common = {"case": case, "size": (1_000_000, 10), "absent": "", "extra_mb": 0.0, "apart": None}
    rows = [common | {"who": ours, "seconds": 0.02, "faster": 1.0, "range": (1.0, 1.0)},
            common | {"who": read, "seconds": 0.01, "faster": 0.5, "range": (0.4, 0.6)},
            common | {"who": peer, "seconds": 0.1, "faster": 5.0, "range": (4.0, 6.0), "apart": 1e-12},
            common | {"who": absent, "absent": "pymcdm is not installed"},
            common | {"case": regrets, "who": regrets.by(OURS), "seconds": 2.1, "faster": 1.0, "range": (1.0, 1.0)}]
    lines = table(rows).splitlines()
    assert "1,000,000 x 10" in lines[2]
    assert "yes (2.00)" in lines[3]
    assert "| 5 (4 to 6) | at least 12 | no | 1.0e-12 |" in lines[4]
    assert "absent: pymcdm is not installed" in lines[5]
    assert "| within 2 s | no |" in lines[6]


def test_goals_of_memory_are_told_beside_those_of_time():
    case, whole = cases("product")["cohorts"], cases("product")["end to end"]
    common = {"size": (10_000_000,), "absent": "", "seconds": 1.0, "extra_mb": 0.0, "apart": None, "faster": 3.0,
              "range": (3.0, 3.0)}
    rows = [common | {"case": case, "who": case.by("pandas"), "lighter": 2.0},
            common | {"case": whole, "who": whole.by(OURS), "peak_mb": 2_141.0}]
    lines = table(rows).splitlines()
    assert "| at least 2; MB at least 2.5 | yes; no (2.0) |" in lines[2]
    assert "| process within 2,500 MB | yes (2,141) |" in lines[3]


def test_a_case_for_one_size_is_left_out_of_the_others():
    assert compare("scoring", size="large") == []


def test_numbers_that_are_told_stand_with_their_goals():
    case = cases("reports")["pages"]
    ours = case.by(OURS)
    common = {"case": case, "who": ours, "size": (12,), "absent": ""}
    lines = table([common | {"told": told, "place": place, "number": 61.25} for place, told in enumerate(ours.told)])
    assert "| published pages, reports, 12 | pmlib: HTML of a report, read and written | 61.2 ms |" in lines
    assert "|  | pmlib: heaviest page without its pictures | 61.2 kB | | | at most 100 kB | yes | |" in lines
    assert "| at most 60 kB | no | |" in lines


def test_what_ours_takes_beyond_another_is_told_for_each_report():
    bare = cases("reports")["12 reports, one worker"].by("bare cell code in one script")
    case = cases("reports")["12 reports, one worker"]
    row = {"case": case, "who": bare, "size": (12,), "absent": "", "seconds": 5.2, "extra_mb": 0.0, "faster": 0.6,
           "range": (0.6, 0.6), "apart": 0.0, "above": 0.27}  # fmt: skip
    assert "| ours at most 0.25 s more for each | no (0.27) |" in table([row])


def test_who_did_a_share_is_compared_on_that_share():
    ours = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert difference(ours, ours[:1], share=0.5) == 0
    assert difference(ours, ours + 1) == 1
