from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.sample import company, customers, economics
from pmlib.sample.forms import SEED
from pmlib.sample.portfolio_side import portfolio_tables
from pmlib.schema import TABLES
from pmlib.schema.checks import Known, RawTable, check

NAMES = {
    "workbook", "programmes", "mix_targets", "objectives", "weights", "assessors", "links", "skills", "projects",
    "options", "cash_flows", "estimates", "scores", "demand", "capacity", "budgets", "evm", "milestones", "risks",
    "benefits", "past_forecasts", "decisions", "strategy_events", "benefit_map", "evidence",
}  # fmt: skip


def made(*, scale=1.0, seed=SEED):
    roster = company.roster(scale)
    return portfolio_tables(roster, economics.draw(roster, seed=seed), seed=seed)


@pytest.fixture(scope="module")
def side():
    return made()


def test_all_tables_of_the_portfolio_side_are_there_in_file_form(side):
    assert set(side) == NAMES
    for name, frame in side.items():
        assert frame.columns.tolist() == TABLES[name].names, name
        assert len(frame) <= 5_000, name
        assert not frame.duplicated(list(TABLES[name].key)).any(), name
        in_order = frame.sort_values(list(TABLES[name].key), kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(frame, in_order)


def test_sizes_are_those_of_the_page(side):
    sizes = {name: len(frame) for name, frame in side.items()}
    assert (sizes["risks"], sizes["past_forecasts"], sizes["strategy_events"]) == (120, 120, 3)
    assert sizes["estimates"] == 60 * 4 * 4
    assert 230 <= sizes["milestones"] <= 250
    assert 140 <= sizes["decisions"] <= 150
    assert 70 <= sizes["benefit_map"] <= 90
    assert sizes["evm"] > 450


def test_the_same_call_gives_the_same_bytes(side):
    again = made()
    for name, frame in side.items():
        assert again[name].to_csv(index=False) == frame.to_csv(index=False), name


def test_every_table_passes_its_definition(side):
    every = side | {"products": customers.products()}
    keys = {name: frozenset(frame[TABLES[name].key[0]]) for name, frame in every.items() if len(TABLES[name].key) == 1}
    known = Known(keys=keys, numbers={"projects.bac_k": every["projects"].set_index("project_id")["bac_k"]})
    for name, frame in side.items():
        raw = RawTable(cells=frame, rows=np.arange(2, len(frame) + 2), file=f"{name}.csv")
        assert check(raw, TABLES[name], known).findings == (), name


def test_every_reference_is_known(side):
    every = side | {"products": customers.products()}
    for name, frame in side.items():
        for column in TABLES[name].columns:
            if column.references:
                assert set(frame[column.name].dropna()) <= set(every[column.references].iloc[:, 0]), (name, column.name)


@pytest.mark.parametrize(("scale", "seed"), [(2.0, SEED), (1.0, 7)])
def test_another_size_or_seed_makes_whole_tables_too(scale, seed):
    tables = made(scale=scale, seed=seed)
    assert set(tables) == NAMES
    for name, frame in tables.items():
        assert not frame.duplicated(list(TABLES[name].key)).any(), name
