from __future__ import annotations

import pytest

from tests.sample.test_portfolio_side import made


@pytest.fixture(scope="module")
def side():
    return made()


def test_t13_data_engineering_loses_8_percent_from_month_31_on(side):
    own = side["capacity"].query("skill == 'data engineering'")
    before, after = (own[own["valid_from"] == day] for day in ("2023-01-01", "2025-07-01"))
    assert (len(before), len(after)) == (84, 54)
    assert after["month"].min() == "2025-07"
    assert after["person_months"].iloc[0] / before["person_months"].iloc[0] == pytest.approx(0.92, abs=0.001)


def test_every_other_skill_has_one_version_of_84_months(side):
    others = side["capacity"].query("skill != 'data engineering'")
    assert others.groupby("skill").size().tolist() == [84] * 5
    assert set(others["valid_from"]) == {"2023-01-01"}


def test_a_budget_was_known_at_month_24(side):
    assert sorted(side["budgets"]["valid_from"].unique()) == ["2024-01-01", "2025-12-01"]
