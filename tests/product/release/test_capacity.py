from __future__ import annotations

import math

import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.product.release.capacity import ReleaseRules, read_capacity

RULES = ReleaseRules()


def table(months: list[int], people: list[float]) -> dict[str, pd.DataFrame]:
    return {"team_capacity": pd.DataFrame({"team": "web", "month": months, "person_months": people})}


def test_months_add_up_to_releases_and_a_missing_month_is_said():
    full = read_capacity(table(list(range(24312, 24320)), [9.0, 1, 2, 3, 4, 5, 6, 9]), period=24312, rules=RULES)
    assert full.person_months.tolist() == [[6.0, 15.0]] and not full.notes
    gap = read_capacity(table([24313, 24316], [1.0, 4.0]), period=24312, rules=RULES)
    assert gap.person_months.tolist() == [[1.0, 4.0]]
    assert gap.notes == ("team_capacity has no row for web in 2026-02 and 3 more months: counted as nothing.",)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_capacity_that_is_no_amount_is_refused(bad):
    with pytest.raises(SchemaError, match="column 'person_months' holds (-1.0|an empty cell|inf) in row 0"):
        read_capacity(table([24313], [bad]), period=24312, rules=RULES)
    with pytest.raises(ParameterError, match="capacity: got .* for 'web', allowed finite person-months, 0 or more"):
        read_capacity({}, period=24312, rules=RULES, given={"web": bad})


def test_capacity_of_no_team_or_of_words_or_without_a_month_is_refused():
    for none in ({}, [3.0]):
        with pytest.raises(ParameterError, match="capacity: got .*, allowed person-months by team"):
            read_capacity({}, period=24312, rules=RULES, given=none)
    with pytest.raises(ParameterError, match="capacity: got 'six' for 'web', allowed finite person-months"):
        read_capacity({}, period=24312, rules=RULES, given={"web": "six"})
    with pytest.raises(SchemaError, match="team_capacity: column 'month' holds an empty cell in row 0"):
        read_capacity(table([math.nan, 24313], [1.0, 1.0]), period=24312, rules=RULES)
    assert ReleaseRules(months_each=3.0).names(24312) == ["2026 Q1", "2026 Q2"]


def test_two_rows_of_a_month_or_a_wrong_number_of_releases_are_refused():
    with pytest.raises(SchemaError, match="team_capacity: row 1 has the key of an earlier one .team 'web', month"):
        read_capacity(table([24313, 24313], [1.0, 1.0]), period=24312, rules=RULES)
    with pytest.raises(ParameterError, match="capacity: got 3 numbers for 'web', allowed 1 or 2"):
        read_capacity({}, period=24312, rules=RULES, given={"web": [1, 2, 3]})


def test_rules_that_leave_the_last_release_worth_nothing_are_refused():
    with pytest.raises(ParameterError, match="horizon_months: got 6, allowed more than the 6 months of all releases"):
        ReleaseRules(horizon_months=6)
    with pytest.raises(ParameterError, match="releases: got 0, allowed 1 or more"):
        ReleaseRules(releases=0)
    with pytest.raises(ParameterError, match="committed: got 'begun'. Known: idea, planned, building"):
        ReleaseRules(committed=("begun",))


def test_releases_are_named_by_quarter_or_by_their_months():
    assert ReleaseRules(releases=3).names(24312) == ["2026 Q1", "2026 Q2", "2026 Q3"]
    assert ReleaseRules().names(24313) == ["2026-02 to 2026-04", "2026-05 to 2026-07"]
    assert ReleaseRules().quarters_of_use.tolist() == [7.0, 6.0]


@pytest.mark.parametrize("words", [None, 3, "idea"])
def test_states_that_are_no_tuple_and_values_that_are_no_mapping_are_refused(words):
    with pytest.raises(ParameterError, match="committed: got .*, allowed a tuple of idea, planned, building"):
        ReleaseRules(committed=words)
    with pytest.raises(ParameterError, match="value: got 3, allowed points by feature"):
        ReleaseRules(value=3)
