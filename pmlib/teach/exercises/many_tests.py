"""Which features to roll out: judged by every test alone, or among all that were tried and split as planned."""

from __future__ import annotations

from collections.abc import Collection
from statistics import NormalDist
from typing import Any

import pandas as pd

from pmlib.product import read_experiments
from pmlib.product.engine import currency_of
from pmlib.product.experiments.reading import Verdict
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

_ALPHA = 0.05


@once
def _read(tables: Any) -> pd.DataFrame:
    """Read the tests out, each among the others, one row per ``test_id``."""
    return read_experiments(tables, period=tables.period).to_frame().set_index("test_id")


def _better(tables: Tables, *, alpha: float) -> set[str]:
    """Find tests better than control at a level, believing every split of visitors."""
    sums = tables["experiments"].groupby(["test_id", "arm"])[["new_users", "conversions"]].sum().unstack()
    rate = sums["conversions"] / sums["new_users"]
    error = (rate * (1 - rate) / sums["new_users"]).sum(axis=1) ** 0.5
    far = (rate["treatment"] - rate["control"]) / error > NormalDist().inv_cdf(1 - alpha / 2)
    return set(far.index[far])


def _each_alone(tables: Tables) -> set[str]:
    return _better(tables, alpha=_ALPHA)


def _believing_every_split(tables: Tables) -> set[str]:
    return _better(tables, alpha=_ALPHA / tables["experiments"]["test_id"].nunique())


def _where_the_split_is_sound(tables: Tables) -> set[str]:
    tests = _read(tables)
    return set(tests.index[(tests["p"] < _ALPHA) & (tests["effect_pp"] > 0)])


def _among_all(tables: Tables) -> set[str]:
    tests = _read(tables)
    return set(tests.index[(tests["verdict"] == Verdict.REAL) & (tests["effect_pp"] > 0)])


@once
def _money(tables: Any) -> tuple[float, float]:
    """Say what rolling one feature out costs, thousand, and what a visitor who converts spends."""
    bought = tables["capacity"]["hire_cost_k"]
    spent = tables["experiments"].query("arm == 'control'")[["sum_y", "conversions"]].sum()
    return float(tables["features"]["effort_pm"].mean() * bought[bought > 0].mean()), float(
        spent["sum_y"] / spent["conversions"])


def _worth(tables: Tables, answer: Any) -> Worth:
    cost_k, spent = _money(tables)
    tests, currency = _read(tables).loc[sorted(set(answer) & _among_all(tables))], currency_of(tables)
    gain_k = float((tests["visitors"] * tests["shrunken_pp"] / 100).sum() * spent / 1000)
    rolled_out, money_k = len(set(answer)), gain_k - len(set(answer)) * cost_k
    return Worth(money_k=money_k, says=(
        f"{rolled_out} rolled out, {rolled_out - len(tests)} of them for nothing. A feature takes "
        f"{cost_k:,.0f} k {currency}, the mean effort at the price of bought person-months. The real ones bring "
        f"{gain_k:,.0f} k from as many visitors as their tests saw, at {spent:,.0f} {currency} for one who converts, "
        f"luck taken out; left are {money_k:+,.0f} k {currency}."))


def _is_tests(tables: Tables, answer: Any) -> bool:
    known = set(tables["experiments"]["test_id"])
    asked = [None] if isinstance(answer, str) or not isinstance(answer, Collection) else list(answer)
    if not all(isinstance(one, str) and one in known for one in asked):
        raise Unusable(f"Answer with a set of test ids, {min(known)} to {max(known)}, got {answer!r}.")
    return True


EXERCISE = Exercise(
    name="many_tests",
    title="Twenty tests: what do we roll out?",
    mistake="Many tests, and a split of visitors that went wrong",
    question=("Twenty features were tested against the page as it is. Which ones do we roll out? Answer with a set of "
              'test ids, say {"X01", "X02"}.'),
    ways=(
        Way(label="Roll out what is better at 5 %, each test on its own", answer=_each_alone,
            hint=("Of twenty tests without any effect one lies below 5 % on average, and at least one does 64 times "
                  "in 100. Judge each among all twenty, and look at how many visitors each arm got.")),
        Way(label="Roll out what is better at 5 %, where visitors were split as planned",
            answer=_where_the_split_is_sound,
            hint=("The split is checked, luck is not: twenty tests have twenty chances to look good. Correct p for "
                  "all the tests that were read.")),
        Way(label="Roll out what is better at 5 % shared among all twenty tests", answer=_believing_every_split,
            hint=("Luck is taken care of, but not every test is sound: in one of them an arm got fewer visitors than "
                  "planned, by far more than chance. Who is missing there?")),
        Way(label="Check the split of visitors first, then judge each test among all the others", answer=_among_all),
    ),
    worth=_worth,
    properties=(
        Property(says="The answer is a set of test ids.", holds=_is_tests, hint='Write {"X01"}, say.'),
        Property(says="No test in it had its visitors split otherwise than planned.",
                 holds=lambda tables, answer: not (_read(tables).loc[sorted(set(answer)), "verdict"]
                                                   == Verdict.DO_NOT_READ).any(),
                 hint="Count the visitors of both arms of each test: one is far from half and half."),
        Property(says="What is in it is better by more than luck among so many.",
                 holds=lambda tables, answer: set(answer) <= _among_all(tables),
                 hint="At least one of them is better only by luck. Which p is left after correcting for all tests?"),
        Property(says="It holds everything that is really better.",
                 holds=lambda tables, answer: set(answer) >= _among_all(tables),
                 hint="One that is better by more than luck is missing."),
    ),
    hints=(
        "If none of the twenty features did anything, how many tests would lie below 5 %?",
        "Before you read an effect, hold the visitors of both arms against half and half.",
        "pm.product.read_experiments(book, period=book.period) does both; to_frame() has a verdict for each test.",
    ),
    solution=("Check the split of visitors first, then judge each test among all that were tried. Where an arm lost "
              "visitors, those who are missing are not like the others, so the test is not read at all. One test "
              "below 5 % is a sign, the best of twenty below 5 % is what luck does: the p-values of the rest are "
              "corrected for their number (Benjamini and Hochberg), so that of what is called real 5 % at most is "
              "false on average. And the largest effects are in part the luckiest: expect less than was measured."),
)
