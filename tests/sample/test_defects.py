from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.sample import customers, defects
from pmlib.sample.forms import SEED
from pmlib.schema import TABLES
from pmlib.schema.checks import Known, RawTable, check
from tests.sample.test_portfolio_side import made

COUNTS = {
    "duplicate project id": 1, "missing currencies": 3, "negative actual costs": 2, "falling earned values": 4,
    "estimates in EUR instead of kEUR": 2, "demand rows without a project": 6, "one skill in hours": 6,
    "p10 above p90": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def side():
    return made()


@pytest.fixture(scope="module")
def spoilt(side):
    return defects.spoil(side, seed=SEED)


def findings(tables, name):
    every = tables | {"products": customers.products()}
    keys = {table: frozenset(frame[TABLES[table].key[0]]) for table, frame in every.items()
            if len(TABLES[table].key) == 1}  # fmt: skip
    bac = every["projects"].drop_duplicates("project_id").set_index("project_id")["bac_k"]
    raw = RawTable(cells=tables[name], rows=np.arange(2, len(tables[name]) + 2), file=f"{name}.csv")
    return check(raw, TABLES[name], Known(keys=keys, numbers={"projects.bac_k": bac})).findings


def test_counts_are_those_of_the_page(spoilt):
    _, planted = spoilt
    assert {kind: found["rows"] for kind, found in planted.items()} == COUNTS
    assert all(len(found["keys"]) == found["rows"] for found in planted.values())


def test_each_planted_row_breaks_exactly_one_rule_and_no_other_row_breaks_any(spoilt):
    tables, planted = spoilt
    for name in tables:
        wanted = [tuple(key.values()) for found in planted.values() if found["table"] == name for key in found["keys"]]
        # Of two different rows with one key, neither can be used.
        wanted += [("P94",)] if name == "projects" else []
        found = findings(tables, name)
        rows = tables[name].iloc[[finding.row - 2 for finding in found]][list(TABLES[name].key)]
        got = [tuple(None if pd.isna(cell) else cell for cell in row) for row in rows.itertuples(index=False)]
        assert sorted(got, key=str) == sorted(wanted, key=str), name


def test_problems_are_named_as_planted(spoilt):
    tables, _ = spoilt
    problems = [finding.problem for name in ("projects", "estimates", "evm", "demand", "capacity")
                for finding in findings(tables, name)]  # fmt: skip
    assert pd.Series(problems).value_counts().to_dict() == {
        "duplicate key": 2, "empty": 9, "p10, p50, p90 are out of order": 5, "too large for its unit": 8,
        "not allowed": 2, "falls from one month to the next": 4,
    }  # fmt: skip


def test_clean_tables_are_left_as_they_are_and_most_are_passed_on(side, spoilt):
    again = made()
    for name, frame in side.items():
        pd.testing.assert_frame_equal(frame, again[name])
    changed = {name for name, frame in spoilt[0].items() if frame is not side[name]}
    assert changed == {"projects", "estimates", "evm", "demand", "capacity"}


def test_no_plan_ever_looks_at_a_spoilt_estimate(spoilt):
    _, planted = spoilt
    days = {key["as_of"] for found in planted.values() if found["table"] == "estimates" for key in found["keys"]}
    assert days <= {"2024-06-30", "2025-06-30"}


def test_the_same_call_plants_the_same(side, spoilt):
    again, planted = defects.spoil(side, seed=SEED)
    assert planted == spoilt[1]
    for name, frame in spoilt[0].items():
        pd.testing.assert_frame_equal(frame, again[name])
