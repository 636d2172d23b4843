"""Benefits: shared money counted once, ratios of sums, the planted double counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, SchemaError
from pmlib.portfolio.tracking.benefits import claimed_twice, track_benefits

COLUMNS = ["project_id", "month", "benefit_type", "planned_k", "realised_k", "overlap_group"]


def _tables(*rows: tuple[object, ...]) -> dict[str, pd.DataFrame]:
    return {"benefits": pd.DataFrame(rows, columns=COLUMNS)}


@pytest.fixture(scope="module")
def sample(company):
    return track_benefits(company)


def test_the_same_money_of_two_projects_counts_once_by_month_and_type():
    answer = track_benefits(_tables(
        ("P1", "2025-01", "saving", 10.0, 8.0, "calls"), ("P2", "2025-01", "saving", 12.0, 7.0, "calls"),
        ("P1", "2025-02", "saving", 10.0, 9.0, "calls"), ("P2", "2025-02", "revenue", 5.0, 5.0, "calls"),
        ("P3", "2025-02", "saving", 4.0, 1.0, "")))
    assert (answer.planned_k, answer.realised_k) == (12 + 10 + 5 + 4, 8 + 9 + 5 + 1)
    row = answer.overlaps.iloc[0]
    assert (row["projects"], row["planned_k"], row["too_much_planned_k"], row["too_much_realised_k"]) == (
        "P1, P2", 27, 10, 7)
    assert answer.n == 2


def test_realised_by_planned_is_a_ratio_of_sums():
    answer = track_benefits(_tables(("P1", "2025-01", "saving", 10.0, 1.0, ""),
                                    ("P2", "2025-01", "saving", 90.0, 90.0, "")))
    assert answer.share == 0.91
    assert answer.low <= answer.share <= answer.high


def test_types_and_months_add_up_to_the_portfolio(sample):
    for column in ("planned_k", "realised_k"):
        assert sample.types[column].sum() == pytest.approx(sample.months[column].sum(), abs=5e-6)
        assert sample.months[f"{column[:-2]}_cum_k"].iloc[-1] == pytest.approx(sample.months[column].sum(), abs=5e-6)


def test_projects_less_what_is_counted_twice_are_the_portfolio(sample):
    for column in ("planned_k", "realised_k"):
        twice = sample.overlaps[f"too_much_{column}"].sum()
        assert sample.projects[column].sum() - twice == pytest.approx(sample.months[column].sum(), abs=5e-6)


def test_the_planted_pairs_claim_the_same_money(sample):
    pairs = sample.overlaps.set_index("overlap_group")
    assert pairs["projects"].to_dict() == {"cockpit renewals": "P71, P72", "fewer calls": "P86, P93"}
    assert pairs["too_much_planned_k"].tolist() == pytest.approx([918.25, 227.47], abs=0.01)


def test_the_planted_case_is_over_by_two_claims_and_any_two_by_one(company):
    found = claimed_twice(company).iloc[0]
    assert (found["projects"], found["claimed_k"], found["too_much_k"]) == ("P05, P12, P19", 7200, 4800)
    two = company["links"][company["links"]["member_id"] != "P12"]
    assert claimed_twice({"links": two})["too_much_k"].max() == 2400


def test_without_links_nothing_is_claimed_twice():
    assert claimed_twice({}).empty


def test_a_project_that_is_not_in_projects_counts_and_is_named(sample):
    assert sample.notes == ("Counted although not in projects: P94.",)
    assert "87 % (between 82 and 92 % for projects like these, 95 % interval); 34 projects." in sample.summary()


def test_later_months_are_left_out(company):
    early = track_benefits(company, period="2023-03")
    assert early.months["month"].max() == 2023 * 12 + 3
    assert early.realised_k < 1000


def test_a_plan_of_nothing_gives_no_share():
    answer = track_benefits(_tables(("P1", "2025-01", "saving", 0.0, 5.0, "")))
    assert np.isnan(answer.share)
    assert answer.summary() == "Of 0 thousand EUR of benefits promised by 2025-01, 5 came in; 1 project."
    assert repr(answer).startswith("<Benefits: no plan")


def test_no_benefits_yet_is_said(company):
    answer = track_benefits(company, period="2000-01")
    assert answer.summary() == "No benefit was planned or realised by this month."
    assert answer.headline() == {"0": "benefits planned by this month"}


def test_a_missing_table_and_a_bad_cell_are_refused_by_name():
    with pytest.raises(MissingTableError, match="benefits: missing"):
        track_benefits({})
    with pytest.raises(SchemaError, match=r"benefits row 0 .*column 'planned_k'"):
        track_benefits(_tables(("P1", "2025-01", "saving", "much", 5.0, "")))
