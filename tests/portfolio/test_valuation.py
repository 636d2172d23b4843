"""What going on is worth: means, not medians; estimates before cash flows; sunk cost nowhere."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.valuation import given_values, going_on

PROJECTS = pd.DataFrame({"project_id": ["A", "B", "C"], "bac_k": 100.0, "spent_k": [40.0, 0.0, 150.0]})
ESTIMATES = pd.DataFrame([
    ("A", "benefit_pv_k", 100.0, 200.0, 600.0), ("A", "cost_k", 50.0, 60.0, 100.0), ("A", "p_success", 0.5, 0.6, 0.7),
], columns=["project_id", "quantity", "p10", "p50", "p90"])
FLOWS = pd.DataFrame({"project_id": ["A", "B", "B", "B"], "year": [2026, 2025, 2026, 2027],
                      "cost_k": [1.0, 999.0, 100.0, 0.0], "benefit_k": [0.0, 999.0, 0.0, 216.0]})


def worth(tables, values=None, policy=None):
    return going_on(tables, PROJECTS, first_year=2026, policy=policy or Policy(), values=values)


def test_means_follow_swanson_and_success_counts_once():
    row = worth({"estimates": ESTIMATES}).loc["A"]
    assert row["benefit_k"] == pytest.approx(0.6 * 290)
    assert row["cost_k"] == pytest.approx(69)
    assert row["value_k"] == pytest.approx(0.6 * 290 - 69)
    assert row["source"] == "estimates"


def test_cash_flows_are_discounted_to_mid_year_and_the_past_is_left_out():
    row = worth({"estimates": ESTIMATES, "cash_flows": FLOWS}).loc["B"]
    assert row["value_k"] == pytest.approx(216 / 1.08**1.5 - 100 / 1.08**0.5)
    assert row["source"] == "cash flows"


def test_a_project_without_figures_is_unknown_and_its_cost_is_no_loss():
    for projects in (PROJECTS, PROJECTS.assign(bac_k=5_000.0)):
        frame = going_on({"cash_flows": FLOWS}, projects, first_year=2026, policy=Policy())
        assert frame.loc["C", ["source", "value_k"]].tolist() == ["unknown", 0.0]


def test_the_newest_estimate_counts_and_its_currency_may_be_written_small():
    dated = pd.concat([
        ESTIMATES.assign(as_of="2025-06-30", currency="eur "),
        ESTIMATES.assign(as_of="2024-06-30", currency="USD", p50=1.0)])
    assert worth({"estimates": dated}).loc["A", "value_k"] == pytest.approx(0.6 * 290 - 69)


def test_an_estimate_in_a_foreign_currency_is_refused():
    foreign = ESTIMATES.assign(currency=["EUR", "USD", None])
    with pytest.raises(SchemaError, match="cost_k of A is in USD, allowed EUR, the workbook's currency. Convert p10"):
        worth({"estimates": foreign})
    book = pd.DataFrame({"currency": ["usd"]})
    with pytest.raises(SchemaError, match="benefit_pv_k of A is in EUR, allowed usd"):
        worth({"estimates": foreign, "workbook": book})
    # Chances have no currency, and projects that are not to be decided do not count.
    elsewhere = ESTIMATES.assign(project_id="Z", currency="USD")
    chances = ESTIMATES.assign(currency=["EUR", "EUR", "USD"])
    assert worth({"estimates": pd.concat([chances, elsewhere])}).loc["A", "p_success"] == pytest.approx(0.6)


def test_given_values_replace_those_of_the_tables():
    frame = worth({"estimates": ESTIMATES}, values=pd.Series({"A": 7.0, "elsewhere": 1.0}))
    assert frame.loc["A", ["value_k", "source"]].tolist() == [7.0, "given"]
    points = worth({}, values=pd.Series({"A": 7.0}), policy=Policy(objective="score"))
    assert points["source"].tolist() == ["given", "unknown", "unknown"]


def test_missing_and_foreign_values_are_named():
    with pytest.raises(MissingTableError, match="estimates, cash_flows: both missing"):
        worth({})
    with pytest.raises(ParameterError, match="none of its projects is to be decided"):
        worth({}, values=pd.Series({"X": 1.0}))
    with pytest.raises(ParameterError, match="values: empty"):
        worth({}, values=pd.Series(dtype=float))


def test_given_values_are_a_series_or_a_mapping_of_numbers():
    assert given_values({"A": 7, "B": None})["A"] == 7.0
    assert given_values({"A": 7, "B": None}).isna().tolist() == [False, True]
    assert given_values(pd.Series({"A": "7"})).tolist() == [7.0]
    for got in (pd.DataFrame({"A": [7.0]}), [7.0], 7.0, "A"):
        with pytest.raises(ParameterError, match=f"values: got {type(got).__name__}, allowed a Series or mapping"):
            given_values(got)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.Series({"A": "much"}), "values: 'much' for A, allowed a finite number"),
        ({"A": float("inf")}, "values: inf for A, allowed a finite number"),
        (pd.Series([1.0, 2.0], index=["A", "A"]), "values: A stands in 2 rows, allowed 1"),
    ],
)
def test_values_that_are_no_numbers_by_project_are_named(values, message):
    with pytest.raises(ParameterError, match=message):
        given_values(values)


def test_what_only_ranks_is_refused_whatever_its_form():
    marked = pd.Series({"A": 0.7, "B": 0.3})
    marked.attrs["ranking_only"] = True
    for got in (SimpleNamespace(ranking_only=True), marked, marked.to_frame()):
        with pytest.raises(ParameterError, match="depend on the set of projects and do not add up.* card.increments"):
            given_values(got)
    # A project of that name is no mark.
    assert given_values(pd.Series({"ranking_only": 1.0})).tolist() == [1.0]
