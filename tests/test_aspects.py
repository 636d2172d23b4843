"""Seven aspects from both sides: whole, short, live, and honest about what is missing."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from pmlib.aspects import ASPECTS, portfolio_or_product
from pmlib.errors import BlockedTableError, CheckError, ParameterError
from tests.portfolio.test_evidence import tables as disputed
from tests.product.conftest import FIRST, days

PERIOD = "2025-12"


def book() -> dict[str, pd.DataFrame]:
    """Two projects, one product with orders, market and surveys, two groups of weights."""
    months = np.arange(FIRST, FIRST + 36)
    surveys = pd.DataFrame({"product_id": "PR4", "date": days(months.repeat(20)), "instrument": "NPS",
                            "scale_max": 10, "score": np.tile([10, 9, 8, 3], 180)})
    surveys = pd.concat([surveys, surveys.assign(instrument="CSAT", scale_max=5, score=np.tile([5, 4, 4, 1], 180))])
    small = disputed()
    other = {"project_id": "P1", "name": "Other", "state": "proposed", "bac_k": 100.0, "spent_k": 0.0,
             "exit_cost_k": 0.0, "salvage_k": 0.0}
    projects = pd.concat([small["projects"], pd.DataFrame([other])], ignore_index=True)
    return small | {
        "projects": projects.assign(product_id="PR4", programme_id=["G1", "G2"]),
        "programmes": pd.DataFrame({"programme_id": ["G1", "G2"], "name": "x", "horizon": ["core", "new"]}),
        "cash_flows": pd.DataFrame({"project_id": ["P44", "P1", "P1"], "year": [2026, 2026, 2027],
                                    "cost_k": [600.0, 60.0, 40.0], "benefit_k": [0.0, 0.0, 300.0]}),
        "weights": pd.DataFrame({"objective_id": ["A", "B"] * 2, "group": ["board"] * 2 + ["sales"] * 2,
                                 "weight": [30.0, 70.0, 80.0, 20.0]}),
        "objectives": pd.DataFrame({"objective_id": ["A", "B"], "name": ["Reach", "Fit"]}),
        "products": pd.DataFrame({"product_id": ["PR4", "PR5"], "name": ["Cockpit", "Gateway"], "model": "one-off",
                                  "category": "software"}),
        "orders": pd.DataFrame({"order_id": [f"O{n}" for n in range(72)], "date": days(months.repeat(2)),
                                "customer_id": "C1", "product_id": ["PR4", "PR5"] * 36, "units": 1.0,
                                "paid_price": [1000.0, 3000.0] * 36, "currency": "EUR"}),
        "market": pd.DataFrame([("software", "north", month, player, value, 3.0) for month in months
                                for player, value in (("own", 20.0), ("other", 80.0))],
                               columns=["category", "region", "month", "player", "value_k", "source_error_pct"]),
        "surveys": surveys,
        "workbook": pd.DataFrame({"name": ["Acme"], "currency": ["EUR"], "as_of": pd.to_datetime(["2025-12-31"])}),
    }


@pytest.fixture(scope="module")
def views():
    return portfolio_or_product(book())


def said(views, aspect: str) -> tuple[str, str]:
    return tuple(views.aspect(aspect)[["portfolio", "product"]].iloc[0])


def test_there_are_seven_aspects_in_their_order_with_two_short_sentences(views):
    frame = views.to_frame()
    assert frame["aspect"].tolist() == ["meaning", "focus", "scope", "responsibility", "time horizon", "stakeholders",
                                        "metrics"]
    assert list(frame.columns) == ["aspect", "question", "portfolio", "product"]
    for sentence in (*frame["portfolio"], *frame["product"]):
        assert sentence.endswith(".")
        assert len(sentence.split()) <= 25, sentence


def test_every_sentence_holds_a_live_number(views):
    known = views.to_frame().query("aspect != 'time horizon'")
    for sentence in (*known["portfolio"], *known["product"]):
        assert re.search(r"\d", sentence), sentence


def test_the_numbers_are_those_of_plan_and_board(views):
    assert said(views, "meaning") == (
        "The whole set of projects: 2 to decide together, for 700 k EUR if every one went on.",
        "One thing that customers buy: Cockpit earned 12 k EUR in 12 months.")
    assert said(views, "focus")[1].startswith("Making the product right: NPS 25 points (")
    assert "n = 240)" in said(views, "focus")[1]
    assert said(views, "scope")[0] == (
        "All programmes at once: 2 share the money of the plan, 23 % core, 77 % new.")
    assert said(views, "responsibility")[0] == "The portfolio board, every period: start 1, stop 1."
    assert said(views, "time horizon") == (
        "Years: money is planned up to 2027, 69 % of it falls in 2026.",
        "Months: not known here, it needs subscriptions.")
    assert said(views, "stakeholders")[0] == (
        "Those who set the goals and pay: 2 groups; sales puts 80 % of its weight on Reach, board 30 %.")


def test_the_product_is_that_of_the_project_else_the_best_seller_and_no_table_is_changed(views):
    tables = book()
    before = {name: frame.copy() for name, frame in tables.items()}
    assert views.product == "Cockpit"
    assert portfolio_or_product(tables, project="P9").product == "Gateway"
    assert all(tables[name].equals(frame) for name, frame in before.items())


def test_the_dispute_is_told_with_what_the_plan_says_without_it(views):
    assert "On Retention programme (P44) they disagree: the product sees +2.0 pp, a real gain" in views.summary()
    assert views.summary().endswith("The plan, which reads what was measured, says stop.")
    assert views.headline() == {
        "2 projects": "decided together by the portfolio board", "12 k EUR": "earned by Cockpit in 12 months",
        "stop P44": "is what promise and measurement say together"}
    assert repr(views) == "<Aspects December 2025: 2 projects, Cockpit; stop P44>"
    assert views.case().action == "stop"
    assert "Seven aspects" in views.check()


@pytest.mark.parametrize("kept", [
    (), ("projects",), ("projects", "cash_flows", "programmes"), ("products", "surveys", "benefit_map", "evidence"),
    ("projects", "estimates", "products", "orders", "weights"),
])
def test_with_only_some_tables_it_says_what_is_missing_and_never_breaks(kept):
    views = portfolio_or_product({name: book()[name] for name in kept}, period=PERIOD)
    frame = views.to_frame()
    assert len(frame) == len(ASPECTS)
    assert frame[["portfolio", "product"]].stack().str.contains("it needs|what it earned needs").any()
    assert not frame[["portfolio", "product"]].stack().str.contains("nan").any()
    assert views.summary()
    assert views.headline()
    assert "No case of P44" in views.check()
    assert all(len(sentence.split()) <= 25 for sentence in (*frame["portfolio"], *frame["product"]))


def test_without_a_plan_that_holds_the_limits_it_says_so():
    budgets = pd.DataFrame({"programme_id": ["G1"], "year": [2026], "capex_k": [0.0], "opex_k": [0.0]})
    must = book()["projects"].assign(mandatory=True)
    views = portfolio_or_product(book() | {"budgets": budgets, "projects": must})
    assert said(views, "metrics")[0].endswith("no plan holds every limit.")
    assert "share the money of today" in said(views, "scope")[0]
    assert "which reads what was measured" not in views.summary()


def test_an_unknown_aspect_or_no_date_is_refused(views):
    with pytest.raises(ParameterError, match="Did you mean 'focus'"):
        views.aspect("fokus")
    with pytest.raises(ParameterError, match="period: not given"):
        portfolio_or_product({})


def test_a_blocked_table_is_no_missing_one():
    class Blocked(dict):
        def get(self, name, default=None):
            if name == "projects":
                raise BlockedTableError("Table 'projects' is blocked: two files. Mend it, or take it out.")
            return super().get(name, default)

    with pytest.raises(BlockedTableError, match="is blocked"):
        portfolio_or_product(Blocked(book()), period=PERIOD)


def test_the_check_fails_where_an_aspect_is_lost_or_the_case_was_weighed_wrongly(views):
    with pytest.raises(CheckError, match="aspects: got"):
        dataclasses.replace(views, views=views.views.head(6)).check()
    posterior = dataclasses.replace(views.case().posterior, mean=99.0)
    with pytest.raises(CheckError, match="allowed a mean between claim and evidence"):
        dataclasses.replace(views, _case=dataclasses.replace(views.case(), posterior=posterior)).check()
