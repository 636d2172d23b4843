"""Arguments of a question: what does not fit is refused by name, shown as it was given, whatever it is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Change, Policy, rebalance, solve
from pmlib.portfolio.arguments import floats, mapping, number, one_of, share, shown, whole
from pmlib.portfolio.origins import asked, decided

ODD = [None, "text", b"x", True, float("nan"), float("inf"), 10**400, 1j, [], {"a": 1}, np.zeros((2, 2)), pd.NA,
       pd.Series([1.0, 2.0]), pd.DataFrame({"a": [1]}), object(), len]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_whatever_is_no_number_is_refused_by_name(odd):
    for ask in (lambda: number(odd, "tail"), lambda: whole(odd, "tail", least=1, most=9),
                lambda: share(odd, "tail", zero=True), lambda: asked(odd), lambda: solve(odd)):
        with pytest.raises(ParameterError, match=r"^(tail|decision|problem): got .*, allowed .*\. \w.*\.$"):
            ask()


@pytest.mark.parametrize("odd", [odd for odd in ODD if not isinstance(odd, dict | pd.Series)],
                         ids=lambda odd: type(odd).__name__)
def test_whatever_is_no_word_or_mapping_is_refused_by_name(odd):
    with pytest.raises(ParameterError, match=r"aim: got .*, allowed least, most\. Name one of these\."):
        one_of(odd, ("least", "most"), "aim")
    with pytest.raises(ParameterError, match=r"last: got .*, allowed a mapping\. Pass actions\."):
        mapping(odd, "last", remedy="Pass actions.")


def test_numbers_of_every_kind_are_taken():
    assert (number(Fraction(1, 4), "tail"), number(np.float32(0.5), "tail")) == (0.25, 0.5)
    assert (whole(np.int64(3), "draws", least=1), share(1, "tail", zero=False)) == (3, 1.0)
    frame = floats(pd.DataFrame({"a": [1, None, "x", 10**400, [1]]}, dtype=object))
    assert frame["a"].tolist() == pytest.approx([1.0, *[float("nan")] * 4], nan_ok=True)


def test_a_message_stays_short():
    assert shown(pd.DataFrame({"a": range(99)})) == "a DataFrame"
    assert shown(10**400) == "an int"
    assert len(shown("x" * 999)) < 40


@pytest.mark.parametrize(("got", "zero"), [(-0.1, True), (1.1, True), (0.0, False), (True, True), ("x", True),
                                           (float("nan"), True)])
def test_a_share_outside_its_range_is_refused_by_name(got, zero):
    with pytest.raises(ParameterError, match=f"tail: got {got!r}, allowed {'0 to 1' if zero else 'above 0, up to 1'}"):
        share(got, "tail", zero=zero)


def test_without_a_plan_there_is_nothing_to_compare(make_tables):
    tables = make_tables(0)
    projects = tables["projects"].assign(mandatory=True)
    decision = rebalance({**tables, "projects": projects}, policy=Policy(budget_k=0.0))
    assert asked(decision) is decision
    with pytest.raises(ParameterError, match=r"plan: there is none \(infeasible\)"):
        decided(decision)


@pytest.mark.parametrize(("fields", "words"), [
    ({"fixed": ((-1, 0.0),)}, "change: column: got -1, allowed a whole number of 0 or more"),
    ({"fixed": ((0, np.nan),)}, "change: fixed: got nan, allowed a finite number"),
    ({"fixed": (3,)}, "change: fixed holds 3, allowed pairs"),
    ({"fixed": [(0, 1.0)]}, "change: fixed: got a list, allowed a tuple"),
    ({"lifted": ("budget",)}, "no limit is called 'budget', allowed a name such as"),
    ({"widened": ((("budget",), "much"),)}, "change: widened: got 'much', allowed a finite number"),
    ({"at_least": (([np.nan], 1.0),)}, "change: at_least has nan, allowed finite numbers"),
    ({"objective": "text"}, "change: objective is 'text', allowed numbers"),
    ({"name": None}, "change: name: got None, allowed a str"),
])
def test_a_change_that_can_be_none_is_refused_when_it_is_made(fields, words):
    with pytest.raises(ParameterError, match=words):
        Change(**fields)
