from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.release.readiness import launch_readiness

LAST = 24312


@pytest.fixture
def company(backlog) -> dict[str, pd.DataFrame]:
    """A product for which everything is ready at the end of 2025."""
    own = {"product_id": ["A"], "month": [LAST]}
    return {
        "products": pd.DataFrame({"product_id": ["A"], "name": ["Aria"], "category": ["sensing"],
                                  "launch_month": [LAST + 3.0], "north_star": ["rooms a day"]}),
        **backlog(F1={"moscow": "must", "state": "building", "depends_on": "F2"}, F2={"state": "released"}),
        "team_capacity": pd.DataFrame({"team": ["web", "service"], "month": LAST + 1, "person_months": [1.0, 0.5]}),
        "price_history": pd.DataFrame({**own, "list_price": [99.0]}),
        "product_costs": pd.DataFrame({**own, "unit_cost_eur": [40.0]}),
        "market": pd.DataFrame({"category": ["sensing"], "month": [LAST]}),
        "surveys": pd.DataFrame({"product_id": ["A"], "date": pd.to_datetime(["2025-12-31"])}),
        "invitations": pd.DataFrame(own),
        "usage": pd.DataFrame(own),
    }  # fmt: skip


def states(tables: dict[str, Any], **options: Any) -> dict[str, str]:
    found = launch_readiness(tables, period="2025-12", product_id="A", **options)
    return dict(zip(found.checklist["item"], found.checklist["state"], strict=True))


def test_a_product_with_everything_is_ready(company):
    found = launch_readiness(company, period="2025-12", product_id="A")
    assert found.summary() == "Aria: ready 12 of 12."
    assert found.headline() == {
        "12 of 12": "items of the launch are ready", "0 not ready": "the tables show that something is missing",
        "0 not known": "the tables cannot tell"}
    assert (found.checklist["remedy"] == "").all()


TABLE_OF = {
    "features": "musts released or being built", "team_capacity": "support has time", "price_history": "price known",
    "product_costs": "cost known", "market": "market study covers it", "surveys": "answers come in",
    "invitations": "satisfaction is asked", "usage": "use is measured",
}  # fmt: skip


@pytest.mark.parametrize(("table", "item"), TABLE_OF.items())
def test_without_a_table_an_item_is_not_known_and_never_ready(company, table, item):
    del company[table]
    found = launch_readiness(company, period="2025-12", product_id="A").checklist.set_index("item").loc[item]
    assert (found["state"], found["finding"]) == ("not known", f"there is no table {table}")
    assert found["remedy"] == f"Add {table} to the workbook."


@pytest.mark.parametrize("table", ["product_costs", "surveys", "invitations", "usage"])
def test_what_is_older_than_the_window_or_lies_ahead_does_not_count(company, table):
    for shift in (-3, 1):
        column, step = ("date", pd.DateOffset(months=shift)) if table == "surveys" else ("month", shift)
        moved = company | {table: company[table].assign(**{column: company[table][column] + step})}
        assert states(moved)[TABLE_OF[table]] == "not ready"
    assert states(company | {table: company[table].iloc[:0]})[TABLE_OF[table]] == "not ready"


def test_musts_that_wait_are_named_with_what_they_wait_for(company, backlog):
    tables = company | backlog(F1={"moscow": "must", "depends_on": "F2", "effort_pm": 4}, F2={"state": "planned"})
    rows = launch_readiness(tables, period="2025-12", product_id="A").checklist.set_index("item")
    assert rows["finding"].iloc[1:4].tolist() == [
        "0 of 1; F1 is an idea", "musts wait for F2 (planned)", "in 3 months web needs 4.0 and has 1.0 person-months"]
    assert (rows["state"].iloc[1:4] == "not ready").all()
    assert states(tables, must=["F2"])["what the musts need is there"] == "ready"
    assert states(tables, must=[])["musts released or being built"] == "not known"


def test_empty_cells_are_not_ready_and_months_without_capacity_not_known(company):
    bare = company["products"].assign(category="", launch_month=None, north_star=None)
    found = states(company | {"products": bare, "team_capacity": company["team_capacity"].assign(month=LAST)})
    items = ["launch month set", "market study covers it", "north star named"]
    assert [found[item] for item in items] == ["not ready"] * 3
    assert found["support has time"] == found["teams have room for the musts"] == "not known"
    idle = company["team_capacity"].assign(person_months=0.0)
    assert states(company | {"team_capacity": idle})["support has time"] == "not ready"


def test_an_unknown_product_or_no_products_are_refused(company):
    with pytest.raises(ParameterError, match=r"product_id: got 'B'. Known: A"):
        launch_readiness(company, period="2025-12", product_id="B")
    with pytest.raises(MissingTableError, match="table 'products' is missing"):
        launch_readiness({}, period="2025-12", product_id="A")
    with pytest.raises(ParameterError, match="months: got 0"):
        launch_readiness(company, period="2025-12", product_id="A", months=0)
    with pytest.raises(ParameterError, match=r"product_id: got \['A'\]"):
        launch_readiness(company, period="2025-12", product_id=["A"])
