"""Answers kept by content: found again when the same is asked, and never taken for the answer to something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.answers import Store, content_hash
from pmlib.portfolio.plans import Change, solve
from pmlib.portfolio.problem import compile_problem

ROOT = Path(__file__).parents[2]
CHANGE = Change(fixed=((1, 1.0),))
HASHED = """
import numpy as np
from pmlib.portfolio.answers import content_hash
from pmlib.portfolio.plans import Change
print(content_hash(Change(fixed=((1, 1.0),), objective=np.arange(3.0), widened=((("capacity", "data"), 2.0),))))
"""


@pytest.fixture(scope="module")
def problem(make_tables):
    return compile_problem(make_tables(4), policy=Policy(mix="off"))


def test_a_hash_is_the_same_in_every_process_and_for_every_hash_seed(problem, make_tables):
    there = subprocess.run([sys.executable, "-c", HASHED], capture_output=True, text=True, check=True,
                           env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}).stdout
    here = content_hash(Change(fixed=((1, 1.0),), objective=np.arange(3), widened=((("capacity", "data"), 2),)))
    assert there == here + "\n"
    assert content_hash(problem) == content_hash(compile_problem(make_tables(4), policy=Policy(mix="off")))


@pytest.mark.parametrize("other", [
    Change(fixed=((1, 0.0),)), Change(fixed=((2, 1.0),)), Change(fixed=((1, 1.0), (1, 1.0))), Change(),
    Change(fixed=((1, 1.0),), objective=np.zeros(2)), Change(fixed=((1, 1.0),), start=np.zeros(2)),
    Change(fixed=((1, 1.0),), lifted=(("a", "b"),)), Change(fixed=((1, 1.0),), lifted=(("a b",),)),
    Change(fixed=((1, 1.0),), lifted=(("a",), ("b",))), Change(fixed=((1, 1.0),), widened=((("a",), 1.0),)),
    Change(fixed=((1, 1.0),), at_least=((np.zeros(2), 1.0),)),
])
def test_whatever_changes_the_answer_changes_the_hash(other):
    assert content_hash(other) != content_hash(CHANGE)
    assert content_hash(replace(other, name="called otherwise")) == content_hash(other)


def test_another_problem_or_option_has_another_hash(problem, make_tables):
    others = [compile_problem(make_tables(4), policy=policy) for policy in (
        Policy(mix="off", gap=0.01), Policy(mix="off", node_limit=7), Policy(mix="off", max_stops=0))]
    assert len({content_hash(one) for one in (problem, *others)}) == 4


def test_an_answer_comes_back_to_the_bit_under_its_new_name(problem, tmp_path):
    store, plan = Store(tmp_path / "deep" / "down", problem), solve(problem, CHANGE)
    store.put(CHANGE, plan)
    back = store.get(replace(CHANGE, name="again"))
    assert back.name == "again"
    assert (back.status, back.value, back.bound, back.gap) == (plan.status, plan.value, plan.bound, plan.gap)
    assert back.x.tobytes() == plan.x.tobytes()
    assert back.choice.tobytes() == plan.choice.tobytes()
    assert [path.suffix for path in (tmp_path / "deep" / "down").iterdir()] == [".json"]


def test_that_there_is_no_plan_is_an_answer_too(problem, tmp_path):
    mine = np.flatnonzero(problem.actions.frame["project"] == 0)
    store, never = Store(tmp_path, problem), Change(fixed=tuple((column, 0.0) for column in mine))
    plan = solve(problem, never)
    assert not plan.found
    store.put(never, plan)
    back = store.get(never)
    assert back.status is plan.status
    assert not back.found
    assert np.isnan(back.value)


def _more_value(kept):
    kept["answer"]["value"] += 1.0


def _other_question(kept):
    kept["asked"] = "0" + kept["asked"][1:]


@pytest.mark.parametrize("spoil", [
    lambda text: text[: len(text) // 2], lambda text: "", lambda text: "[]", lambda text: "null", lambda text: "\0",
    lambda text: json.dumps({}), lambda text: _spoilt(text, _more_value), lambda text: _spoilt(text, _other_question),
], ids=["half", "empty", "list", "null", "binary", "foreign", "altered", "of another question"])
def test_a_file_that_does_not_fit_is_not_trusted(problem, tmp_path, spoil):
    store = Store(tmp_path, problem)
    store.put(CHANGE, solve(problem, CHANGE))
    path = next(tmp_path.iterdir())
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert store.get(CHANGE) is None


def _spoilt(text, change):
    kept = json.loads(text)
    change(kept)
    return json.dumps(kept)


def test_another_problem_finds_nothing_in_the_same_folder(problem, make_tables, tmp_path):
    Store(tmp_path, problem).put(CHANGE, solve(problem, CHANGE))
    other = compile_problem(make_tables(4), policy=Policy(mix="off", max_stops=0))
    assert Store(tmp_path, other).get(CHANGE) is None


def test_a_store_that_is_a_file_is_refused_by_name(problem, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    with pytest.raises(ParameterError, match="store: .*taken is no folder.*Name another"):
        Store(taken, problem)
