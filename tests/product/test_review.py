from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product import review_products
from tests.product.conftest import FIRST, PERIOD, nps_answers

PROMOTERS = {25: (0.45, 0.35, 0.20), 32: (0.49, 0.34, 0.17), 20: (0.43, 0.34, 0.23)}


@pytest.fixture(scope="module")
def review(company):
    return review_products(company, period="2025-12")


def _row(review, product: str) -> pd.Series:
    return review.to_frame().set_index("product_id").loc[product]


def _surveyed(seed: int) -> dict[str, pd.DataFrame]:
    """Product P2 stays at 25 with 100 answers a month, P6 falls from 32 to 20 in month 22 with 200."""
    rng = np.random.default_rng(seed)
    months = range(FIRST, PERIOD + 1)
    still = {month: tuple(rng.multinomial(rng.poisson(100), PROMOTERS[25])) for month in months}
    falls = {
        month: tuple(rng.multinomial(rng.poisson(200), PROMOTERS[32 if i < 21 else 20]))
        for i, month in enumerate(months)
    }
    products = pd.DataFrame(
        {"product_id": ["P2", "P6"], "name": ["Still", "Falls"], "model": "one-off", "category": ""}
    )
    return {"products": products, "surveys": pd.concat([nps_answers("P2", still), nps_answers("P6", falls)])}


@pytest.mark.parametrize("seed", range(4))
def test_constant_nps_shows_no_arrow_and_a_fall_from_32_to_20_does(seed: int) -> None:
    board = review_products(_surveyed(seed), period="2025-12").to_frame().set_index("product_id")
    assert board["nps_arrow"].to_dict() == {"P2": "–", "P6": "▼"}
    assert board.loc["P2", "nps_low"] < 25 < board.loc["P2", "nps_high"]


def test_the_board_has_one_row_per_product_the_largest_revenue_first(review, company) -> None:
    board = review.to_frame()
    assert sorted(board["product_id"]) == ["A", "B", "C"]
    revenue = board["revenue_k"].dropna()
    assert revenue.is_monotonic_decreasing
    assert board["product_id"].iloc[-1] == "C"


def test_revenue_is_that_of_the_window_and_its_change_that_of_the_sums(review) -> None:
    months = review.revenue.to_frame().query("product_id == 'B'").set_index("month")["revenue_k"]
    row = _row(review, "B")
    assert row["revenue_k"] == pytest.approx(months.loc[PERIOD - 11 :].sum())
    assert row["revenue_change"] == pytest.approx(row["revenue_k"] / row["revenue_before_k"] - 1)
    assert row["revenue_change_low"] < row["revenue_change"] < row["revenue_change_high"]


def test_share_gains_are_in_percentage_points(review, company) -> None:
    row, study = _row(review, "A"), company["market"]
    years = [study[(study["month"] > last - 12) & (study["month"] <= last)] for last in (PERIOD, PERIOD - 12)]
    share = [year[year["player"] == "own"]["value_k"].sum() / year["value_k"].sum() for year in years]
    assert row["share_change_pp"] == pytest.approx(100 * (share[0] - share[1]))
    assert row["share_low"] < row["share"] < row["share_high"]
    assert row["share_n"] == 12
    assert row["share_arrow"] == "▲"


def test_nps_has_n_interval_and_arrow(review) -> None:
    still, falls = _row(review, "A"), _row(review, "B")
    assert (still["nps"], still["nps_n"], still["nps_change"], still["nps_arrow"]) == (25.0, 1200, 0.0, "–")
    assert falls["nps_arrow"] == "▼"
    assert falls["nps_change"] == pytest.approx(20 - (9 * 32 + 3 * 20) / 12)


def test_retention_follows_the_cohorts_that_turned_twelve_months_in_the_window(review, company) -> None:
    rows = company["subscriptions"]
    mine = rows[(rows["start_month"] > PERIOD - 24) & (rows["start_month"] <= PERIOD - 12)]
    kept = mine["end_month"].isna() | (mine["end_month"] >= mine["start_month"] + 12)
    row = _row(review, "B")
    assert row["retention_12"] == pytest.approx(kept.mean())
    assert row["retention_12_n"] == len(mine)
    assert row["retention_12_arrow"] == "–"


def test_what_is_not_measured_is_nan_with_a_reason_never_an_error(review) -> None:
    row = _row(review, "C")
    assert row[["revenue_k", "share", "nps", "csat", "retention_12"]].isna().all()
    assert row[[column for column in row.index if column.endswith("_arrow")]].eq("").all()
    assert row["note"] == (
        "no revenue in this period; no market study in this period; no surveys in this period; "
        "no cohort followed for 12 months"
    )


def test_products_alone_make_a_board_of_reasons(company) -> None:
    review = review_products({"products": company["products"]}, period="2025-12")
    assert review.to_frame()["revenue_k"].isna().all()
    assert "No surveys in this period for any product." in review.summary()
    assert review.headline() == {"–": "no revenue in this period", "0": "changes could be measured"}
    assert review.summary().startswith("No revenue in the 12 months to December 2025.")
    assert review.check()


def test_a_product_on_sale_for_18_months_is_not_compared_with_its_launch() -> None:
    dates = pd.to_datetime([f"{2024 + (5 + i) // 12}-{(5 + i) % 12 + 1:02d}-10" for i in range(19)])
    orders = pd.DataFrame({"product_id": "N", "customer_id": "k", "date": dates, "units": 1.0, "paid_price": 100.0})
    products = pd.DataFrame({"product_id": ["N"], "name": ["New"], "model": ["one-off"], "category": [""]})
    row = _row(review_products({"products": products, "orders": orders}, period="2025-12"), "N")
    assert math.isnan(row["revenue_change"])
    assert "on sale for 19 months: no 12 months before to compare" in row["note"]


def test_answers_on_a_scale_no_longer_used_are_left_out(company) -> None:
    csat = company["surveys"][company["surveys"]["product_id"] == "A"].assign(instrument="CSAT", score=5)
    month = csat["date"].dt.year * 12 + csat["date"].dt.month
    csat["scale_max"] = np.where(month > PERIOD - 12, 7, 5)
    row = _row(review_products({**company, "surveys": csat}, period="2025-12"), "A")
    assert (row["csat"], row["csat_n"], row["csat_arrow"]) == (0.0, 1200, "")
    assert "too few answers to compare CSAT (0 and 1200)" in row["note"]


def test_changes_hold_every_test_with_its_corrected_p(review) -> None:
    changes = review.changes
    assert len(changes) == 6
    assert (changes["p_holm"] >= changes["p"]).all()
    assert ((changes["p_holm"] <= 0.05) == changes["arrow"].isin(["▲", "▼"])).all()


def test_engines_agree_on_the_whole_board(in_engine) -> None:
    duck, lite = (review_products(in_engine(name), period="2025-12").to_frame() for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite, rtol=1e-9)


def test_check_finds_revenue_of_a_product_nobody_listed(company, review) -> None:
    assert review.check() == (
        f"Products add up to the total of {review.total_k:,.0f} k EUR to the cent. "
        "Market and share effects add up to the change in every category."
    )
    unlisted = {**company, "products": company["products"].query("product_id != 'B'")}
    with pytest.raises(CheckError, match="misses the total of .* missing in 'products'"):
        review_products(unlisted, period="2025-12").check()
    with pytest.raises(CheckError, match=r"by -0\.02 EUR, allowed 0\.01"):
        dataclasses.replace(review, total_k=review.total_k + 0.00002).check()


def test_summary_names_the_real_changes_and_the_silent_products(review) -> None:
    said = review.summary()
    assert said.startswith("In the 12 months to December 2025, 2 products earned ")
    assert "NPS of Boreas fell by 9.0 points (between" in said
    assert "market share of Aria rose by 0.9 pp" in said
    assert said.endswith("No surveys in this period for Cirrus.")


def test_headline_and_repr_are_short(review) -> None:
    real = int(review.changes["arrow"].isin(["▲", "▼"]).sum())
    assert review.headline()[f"{real} of 6"] == "measured changes are real"
    assert repr(review).startswith("<ProductReview December 2025: 3 products, ")
    assert repr(review).endswith(" –>")


def test_a_period_may_be_text_or_a_month_integer(company, review) -> None:
    pd.testing.assert_frame_equal(review_products(company, period=PERIOD).to_frame(), review.to_frame())


def test_missing_products_and_no_months_are_refused(company) -> None:
    with pytest.raises(MissingTableError, match="table 'products' is missing"):
        review_products({}, period="2025-12")
    for months in (0, 1.5, "6", math.nan, True):
        with pytest.raises(ParameterError, match=f"months: got {months!r}, allowed 1 or more, a whole number"):
            review_products(company, period="2025-12", months=months)


def test_review_changes_no_input(company) -> None:
    before = {name: frame.copy() for name, frame in company.items()}
    review_products(company, period="2025-12")
    for name, frame in company.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_the_written_board_says_what_the_board_holds(review) -> None:
    written = review.written()
    assert list(written.columns) == ["name", "revenue", "change", "margin", "share", "nps", "retention_12"]
    assert written["name"].tolist() == review.board["name"].tolist()
    for metric in ("margin", "share", "nps", "retention_12"):
        assert ((written[metric] == "–") == review.board[metric].isna()).all()
    first = review.board.iloc[0]
    assert written["revenue"].iloc[0] == f"{first['revenue_k']:,.0f} {first['revenue_arrow']}"
    assert written["nps"].iloc[0].startswith(f"{first['nps']:.1f} ({first['nps_low']:.0f} to {first['nps_high']:.0f})")


def test_a_workbook_without_a_product_has_a_board_without_a_row(company) -> None:
    review = review_products({"products": company["products"].iloc[:0]}, period="2025-12")
    assert list(review.board.columns) == list(review_products(company, period="2025-12").board.columns)
    assert review.summary() == "No products in this workbook."
    assert review.headline() == {"0": "products in this workbook"}
    assert repr(review).startswith("<ProductReview December 2025: 0 products")
    assert review.written().empty
    assert review.check()
    assert review.plot() is not None
    with pytest.raises(CheckError, match="misses the total"):
        review_products({**company, "products": company["products"].iloc[:0]}, period="2025-12").check()


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "header only"])
@pytest.mark.parametrize("name", ["orders", "subscriptions", "market", "surveys", "every table"])
def test_a_table_without_rows_is_no_reason_to_fail(company, name: str, typed: bool) -> None:
    tables = dict(company)
    for one in [name] if name != "every table" else company:
        frame = company[one]
        tables[one] = frame.iloc[:0] if typed else pd.DataFrame(columns=list(frame.columns))
    review = review_products(tables, period="2025-12")
    assert review.summary()
    assert review.check()
    assert len(review.board) == len(tables["products"])
