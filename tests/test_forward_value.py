"""Projects and products in one list: ordered by value for each scarce unit, and honest about what it does not know."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from pmlib.errors import BlockedTableError, ParameterError
from pmlib.forward_value import one_list
from pmlib.portfolio import Policy, rebalance
from pmlib.product.review import review_products
from tests.test_aspects import PERIOD, book


def costed() -> dict[str, pd.DataFrame]:
    """Two products that sell for 12 and 36 thousand a year, at 3 and 20 of fixed cost; people for both projects."""
    months = book()["orders"]["date"].drop_duplicates().map(lambda day: day.year * 12 + day.month).tolist()
    costs = pd.DataFrame([(product, month, 200.0, fixed / 12) for product, fixed in (("PR4", 3.0), ("PR5", 40.0))
                          for month in months], columns=["product_id", "month", "unit_cost_eur", "fixed_k"])
    return book() | {"product_costs": costs}


def staffed() -> dict[str, pd.DataFrame]:
    first = 2026 * 12 + 1
    return costed() | {
        "skills": pd.DataFrame({"skill": ["design"]}),
        "capacity": pd.DataFrame({"skill": "design", "month": [first], "person_months": 9.0}),
        "demand": pd.DataFrame({"project_id": ["P44", "P1"], "action": ["keep", "start"], "skill": "design",
                                "month": first, "person_months": [4.0, 0.5]})}


@pytest.fixture(scope="module")
def tables():
    return costed()


@pytest.fixture(scope="module")
def plan(tables):
    return rebalance(tables)


@pytest.fixture(scope="module")
def review(tables):
    return review_products(tables, period=PERIOD)


def test_money_orders_projects_and_products_in_one_list(plan, review, tables):
    rows = one_list(plan, review=review, tables=tables).to_frame().set_index("id")
    assert rows.loc["PR4", ["forward_k", "units", "per_unit_k"]].tolist() == pytest.approx(
        [12 - 12 * 0.2 - 3, 3.0, 6.6 / 3])
    assert rows.loc["PR5", "forward_k"] == pytest.approx(36 - 12 * 0.2 - 40)
    worth = plan.actions.set_index("project_id")
    for name in ("P1", "P44"):
        assert rows.loc[name, "per_unit_k"] == pytest.approx(
            worth.loc[name, "value_on_k"] / worth.loc[name, "cost_on_k"])
    assert rows["per_unit_k"].is_monotonic_decreasing
    assert rows["place"].tolist() == [1, 2, 3, 4]
    assert rows["verb"].drop(["P1", "P44"]).isin(review.verdicts["verdict"]).all()


def test_by_a_skill_products_stand_at_the_end_with_the_reason(review, tables):
    plan = rebalance(staffed())
    found = one_list(plan, review=review, tables=tables)
    rows = found.to_frame().set_index("id")
    assert found.unit == "person-month of design"
    assert rows["units"].tolist()[:2] == [0.5, 4.0]
    assert rows.index.tolist()[:2] == ["P1", "P44"]
    assert rows["per_unit_k"].isna().tolist() == [False, False, True, True]
    assert "how much it takes by the person-month of design is not known" in rows.loc["PR4", "sentence"]
    assert "2 of 4 are ordered by thousand EUR for each person-month of design" in found.summary()
    assert one_list(plan, review=review, tables=tables, per="money").unit == "thousand EUR to go"


def test_a_project_that_takes_none_of_the_skill_is_not_called_infinitely_good(review):
    tables = staffed()
    tables["demand"] = tables["demand"].head(1)
    rows = one_list(rebalance(tables), review=review, tables=tables).to_frame().set_index("id")
    assert rows.loc["P1", "per_unit_k"] != rows.loc["P1", "per_unit_k"]
    assert "it takes no person-month of design" in rows.loc["P1", "sentence"]


def test_the_sentence_says_worth_and_reason(plan, review, tables):
    rows = one_list(plan, review=review, tables=tables).to_frame().set_index("id")
    assert rows.loc["P44", "sentence"].startswith("Going on is worth ")
    assert plan.actions.set_index("project_id").loc["P44", "reason"] in rows.loc["P44", "sentence"]
    assert rows.loc["PR4", "sentence"].startswith("Keeping it for 12 months is worth 7 thousand EUR; 2.2 thousand for")


def test_a_project_of_a_product_to_end_says_so(plan, review, tables):
    ended = review.verdicts.assign(verdict=review.verdicts["verdict"].mask(review.verdicts["product_id"] == "PR4",
                                                                            "sunset"))
    sunset = dataclasses.replace(review, verdicts=ended)
    rows = one_list(plan, review=sunset, tables=tables).to_frame().set_index("id")
    assert rows.loc["P44", "sentence"].endswith("It serves Cockpit, which is to end.")


def test_without_products_or_their_costs_it_says_so(plan, review):
    alone = one_list(plan)
    assert alone.to_frame()["kind"].tolist() == ["project", "project"]
    assert "Products are not in it" in alone.summary()
    assert alone.headline()["2"] == "in one list: 2 projects, 0 products"
    blank = one_list(plan, review=review).to_frame().set_index("id").loc["PR4"]
    assert "how much it takes by the thousand EUR to go is not known" in blank["sentence"]
    bare = review_products(book(), period=PERIOD)
    unknown = one_list(plan, review=bare, tables=book()).to_frame().set_index("id").loc["PR4"]
    assert unknown["sentence"].startswith("What keeping it for 12 months is worth is not known;")


def test_a_blocked_table_is_no_missing_one(plan, review):
    class Blocked(dict):
        def get(self, name, default=None):
            if name == "product_costs":
                raise BlockedTableError("Table 'product_costs' is blocked: two files. Mend it, or take it out.")
            return super().get(name, default)

    with pytest.raises(BlockedTableError, match="is blocked"):
        one_list(plan, review=review, tables=Blocked(costed()))


def test_on_the_sample_company_both_stand_in_one_order(quillmark):
    plan = rebalance(quillmark)
    rows = one_list(plan, per="money").to_frame()
    assert len(rows) == len(plan.actions)
    assert rows["per_unit_k"].dropna().is_monotonic_decreasing
    assert one_list(plan).unit == "person-month of data engineering"


def test_a_plan_chosen_by_score_is_listed_by_money_too(plan, tables):
    policy = Policy(objective="score")
    scored = rebalance(tables, points={"P1": 40.0, "P44": 2.0}, policy=policy)
    assert one_list(scored).to_frame()["forward_k"].tolist() == one_list(plan).to_frame()["forward_k"].tolist()


def test_the_window_of_the_board_is_brought_to_twelve_months(plan, tables):
    half = review_products(tables, period=PERIOD, months=6)
    rows = one_list(plan, review=half, tables=tables).to_frame().set_index("id")
    assert rows.loc["PR4", ["forward_k", "units"]].tolist() == pytest.approx([6.6, 3.0])


def test_without_a_plan_projects_have_no_verb(tables):
    budgets = pd.DataFrame({"programme_id": ["G1"], "year": [2026], "capex_k": [0.0], "opex_k": [0.0]})
    must = tables["projects"].assign(mandatory=True)
    rows = one_list(rebalance(tables | {"budgets": budgets, "projects": must})).to_frame()
    assert rows["verb"].tolist() == ["", ""]
    assert rows["per_unit_k"].notna().all()


@pytest.mark.parametrize(("decision", "per", "message"), [
    ("plan", None, "decision: got 'plan'"),
    (None, "skill", "per: got 'skill', and the plan knows no capacity"),
    (None, "mony", "per: got 'mony', allowed skill, money. Did you mean 'money'"),
])
def test_what_is_no_decision_or_unit_is_refused(plan, decision, per, message):
    with pytest.raises(ParameterError, match=message):
        one_list(decision or plan, per=per)
