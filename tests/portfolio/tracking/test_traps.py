"""What does not fit in the data is said project by project."""

from __future__ import annotations

import pytest

from pmlib.portfolio.tracking.histories import read_histories
from pmlib.portfolio.tracking.traps import traps

FINE = [(10.0, 10.0, 9.0), (20.0, 19.0, 19.0), (30.0, 29.0, 29.0)]


def _kinds(tables, **options):
    frame = traps(read_histories(tables, **options))
    return dict(zip(frame["what"], frame["says"], strict=True))


def test_tables_that_fit_have_no_traps(followed):
    assert _kinds(followed(P1=FINE)) == {}


@pytest.mark.parametrize(("rows", "plan", "what"), [
    ([(10.0, 101.0, 9.0)], {}, "earned above budget"),
    ([(10.0, 0.0, 9.0)], {}, "cost without earned value"),
    (FINE, {"planned_months": None}, "no planned months"),
    (FINE, {"bac_k": 0.0}, "no budget"),
    ([(120.0, 10.0, 9.0)], {}, "planned above budget"),
    (FINE, {"planned_months": 3}, "planned short of budget"),
    (FINE, {"spent_k": 25.0}, "spent differs"),
    ([(10.0, 10.0, 9.0), (8.0, 12.0, 11.0)], {}, "planned value falls"),
    ([(10.0, 10.0, 9.0), (18.0, 12.0, 8.0)], {}, "actual cost falls"),
])
def test_each_trap_is_named(followed, rows, plan, what):
    assert set(_kinds(followed(P1=rows, projects={"P1": plan}))) == {what}


def test_missing_months_are_named(followed):
    tables = followed(P1=FINE)
    assert _kinds({**tables, "evm": tables["evm"].drop(index=1)}) == {
        "months missing": "No row for 2025-02: read as a straight line between its neighbours."}


def test_a_row_that_is_late_is_said(followed):
    says = _kinds(followed(P1=FINE, P2=[*FINE, (40.0, 39.0, 39.0)]))
    assert says == {"late row": "Its last row is of 2025-03, not 2025-04: it counts as it was then."}


def test_the_sample_company_lacks_the_months_that_were_set_aside(company):
    frame = traps(read_histories(company))
    assert set(frame["what"]) == {"months missing"}
    assert frame["project_id"].tolist() == ["P13", "P18", "P24", "P25", "P29", "P33"]
