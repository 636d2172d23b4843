from __future__ import annotations

import pandas as pd
import pytest

from pmlib.product.board import change_text, decide, lay_out, measure, notes
from pmlib.product.revenue import monthly_revenue
from tests.product.conftest import nps_answers

LAST = 24312


@pytest.fixture(scope="module")
def products(company) -> pd.DataFrame:
    return company["products"][["product_id", "name", "model", "category"]]


def test_a_metric_is_measured_only_for_products_with_rows(company, products) -> None:
    revenue = monthly_revenue(company, period=LAST)
    measured = measure(company, products, revenue, last=LAST, months=12)
    assert {metric: sorted(readings) for metric, readings in measured.items()} == {
        "revenue": ["A", "B"],
        "margin": [],
        "share": ["A"],
        "nps": ["A", "B"],
        "csat": [],
        "retention_12": ["B"],
    }


def test_nothing_measured_makes_no_row_of_changes_and_a_board_of_dashes(products) -> None:
    measured = measure({}, products, None, last=LAST, months=12)
    changes = decide(measured, products)
    said = notes(products, measured, None, last=LAST, months=12)
    board = lay_out(products, measured, changes, said=said)
    assert changes.empty
    assert list(board["product_id"]) == ["A", "B", "C"]
    assert said["A"] == "no revenue in this period; no market study in this period; no surveys in this period"


def test_products_of_one_category_share_its_market_share(company, products) -> None:
    twins = products.assign(category="sensing")
    readings = measure({"market": company["market"]}, twins, None, last=LAST, months=12)["share"]
    assert {readings[key].level.value for key in "ABC"} == {readings["A"].level.value}


def test_a_rise_is_said_with_its_interval() -> None:
    change = {"name": "Aria", "metric": "share", "unit": "pp", "change": 1.31, "low": 0.5, "high": 2.1}
    assert change_text(pd.Series(change)) == "market share of Aria rose by 1.3 pp (between +0.5 and +2.1)"


def test_a_score_is_weighted_in_its_first_window_too(products) -> None:
    # Of as many asked, 80 of 100 content ones answered and 40 of 100 others.
    asked = pd.DataFrame({"customer_id": [f"K{i:03d}" for i in range(200)], "product_id": "A", "month": LAST})
    asked["engagement_band"] = ["high"] * 100 + ["low"] * 100
    asked["responded"] = [i % 100 < (80 if i < 100 else 40) for i in range(200)]
    answers = nps_answers("A", {LAST: (80, 0, 40)})
    answers["customer_id"] = asked.loc[asked["responded"], "customer_id"].tolist()
    nps = measure({"surveys": answers, "invitations": asked}, products, None, last=LAST, months=12)["nps"]["A"]
    assert nps.level.value == pytest.approx(0, abs=1e-9)
    assert (nps.level.n, nps.before.n) == (120, 0)
