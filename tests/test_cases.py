from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt

import pmlib as pm
from pmlib.product.market import monthly_shares, window_share

CASE = Path(__file__).parents[1] / "data" / "cases" / "retail_and_cars"
DECEMBER_1990 = 1990 * 12 + 12
HOUSEHOLDS = 100_000_000


@pytest.fixture(scope="module")
def book():
    return pm.open_workbook(CASE)


@pytest.fixture(scope="module")
def review(book):
    return pm.review_products(book, period=book.period)


@pytest.fixture(scope="module")
def raw_orders():
    return pd.read_parquet(CASE / "raw" / "cdnow_orders.parquet")


@pytest.fixture(scope="module")
def raw_cars():
    return pd.read_csv(CASE / "raw" / "blp_products.csv")


@pytest.fixture(scope="module")
def orders(book):
    return book["orders"].to_pandas()


def test_the_check_is_clean_and_every_row_is_used(book):
    assert book.exit_code == 0
    assert book.report() == "5 tables with 93,616 rows came in; nothing is set aside."
    assert book.notes == ()


def test_the_whole_case_stays_below_a_megabyte():
    assert sum(file.stat().st_size for file in CASE.rglob("*") if file.is_file()) < 1_000_000


def test_cdnow_has_the_published_counts(raw_orders, orders, book):
    assert len(raw_orders) == len(orders) == 69_659
    assert raw_orders["customer_id"].nunique() == book["customers"].count().execute() == 23_570
    assert (raw_orders["date"].min(), raw_orders["date"].max()) == ("19970101", "19980630")
    assert orders["order_id"].is_unique


def test_every_cdnow_customer_first_bought_in_the_first_quarter_of_1997(book):
    first = book["customers"].to_pandas()["first_month"].value_counts().to_dict()
    assert first == {1997 * 12 + 1: 7_846, 1997 * 12 + 2: 8_476, 1997 * 12 + 3: 7_248}
    assert pm.product.cohort_triangle(book, period=book.period).sizes.to_dict() == first


def test_units_times_price_is_the_value_of_every_raw_order_and_free_orders_stay(raw_orders, orders):
    keys = ["customer_id", "date", "units", "value"]
    raw = raw_orders.set_axis(keys, axis="columns").assign(date=pd.to_datetime(raw_orders["date"]))
    mine = orders.assign(value=(orders["units"] * orders["paid_price"]).round(2), date=pd.to_datetime(orders["date"]))
    pd.testing.assert_frame_equal(*(
        frame[keys].astype({"date": "datetime64[s]", "units": "int64", "customer_id": "str"})
        .sort_values(keys).reset_index(drop=True) for frame in (mine, raw)
    ))
    assert (orders["paid_price"] == 0).sum() == (raw_orders["dollar_value"] == 0).sum() == 80


def test_monthly_revenue_is_the_raw_group_by_to_the_cent(raw_orders, review):
    cents = (100 * raw_orders["dollar_value"]).round().astype("int64")
    by_month = cents.groupby(raw_orders["date"].str[:6]).sum()
    got = review.revenue.to_frame()
    assert (100_000 * got["revenue_k"]).round().astype("int64").tolist() == by_month.tolist()
    assert len(by_month) == 18
    assert 1_000 * review.revenue.total_k == pytest.approx(2_500_315.63, abs=0.001)


def test_retention_is_a_count_of_distinct_buyers_in_the_raw_file(raw_orders, book):
    month = raw_orders["date"].str[:4].astype(int) * 12 + raw_orders["date"].str[4:6].astype(int)
    age = month - month.groupby(raw_orders["customer_id"]).transform("min")
    after_a_year = raw_orders.loc[age == 12, "customer_id"].nunique()
    kept = pm.product.cohort_triangle(book, period=book.period).retention(12)
    assert (kept.value, kept.n) == (pytest.approx(after_a_year / 23_570), 23_570)


def test_the_cars_are_2217_rows_of_20_years_and_26_firms(raw_cars, book):
    years = sorted(raw_cars["market_ids"].unique().tolist())
    assert (len(raw_cars), years, raw_cars["firm_ids"].nunique()) == (2_217, list(range(1971, 1991)), 26)
    market = book["market"]
    assert sorted(market["month"].unique().tolist()) == [year * 12 + 12 for year in years]
    assert len(market) == raw_cars.groupby(["market_ids", "firm_ids"]).ngroups


def test_our_own_firm_makes_the_cars_of_general_motors_only(raw_cars):
    makes = raw_cars.loc[raw_cars["firm_ids"] == 19, "clustering_ids"].str[:2].unique()
    # Buick, Cadillac, Chevrolet, Oldsmobile, Pontiac, and Geo from 1989 on.
    assert set(makes) == {"BK", "CD", "CV", "OD", "PT", "GE", "GO"}


def test_a_years_units_are_the_sum_of_its_raw_shares(raw_cars, book):
    units = book["market"].groupby("month")["units"].sum() / HOUSEHOLDS
    raw = raw_cars.groupby("market_ids")["shares"].sum()
    assert units.tolist() == pytest.approx(raw.tolist(), rel=1e-12)


def _concentration(sales: pd.Series) -> float:
    """Herfindahl-Hirschman index, 0 to 10,000."""
    return float(((100 * sales / sales.sum()) ** 2).sum())


def test_the_concentration_of_firms_is_the_one_of_the_raw_file(raw_cars, book):
    hand = raw_cars.groupby(["market_ids", "firm_ids"])["shares"].sum().groupby("market_ids").agg(_concentration)
    mine = book["market"].groupby("month")["units"].agg(_concentration)
    assert mine.tolist() == pytest.approx(hand.tolist(), rel=1e-9)
    assert (round(hand[1971]), round(hand[1990])) == (3_062, 2_161)


def test_our_share_of_sales_is_the_one_of_the_raw_file(raw_cars, book):
    shares = monthly_shares(book, last=DECEMBER_1990)
    sales = raw_cars["shares"] * raw_cars["prices"]
    hand = sales[raw_cars["firm_ids"] == 19].groupby(raw_cars["market_ids"]).sum() / sales.groupby(
        raw_cars["market_ids"]).sum()
    assert (shares["own_k"] / shares["market_k"]).tolist() == pytest.approx(hand.tolist(), rel=1e-9)
    assert window_share(shares[shares["month"] == DECEMBER_1990]).value == pytest.approx(hand[1990])


def test_a_year_of_car_sales_splits_into_market_and_share(raw_cars, book):
    split = pm.product.split_revenue_change(book, period="1990-12", months=1, apart=12)
    row = split.to_frame().iloc[0]
    own = raw_cars[raw_cars["firm_ids"] == 19]
    sales = (HOUSEHOLDS * own["shares"] * own["prices"]).groupby(own["market_ids"]).sum()
    assert row["change_k"] == pytest.approx(sales[1990] - sales[1989])
    assert row["products"] == "General Motors cars"
    assert split.check() == "Market and share effects add up to the change in every category."


def test_a_window_from_before_the_first_sale_is_not_compared(review):
    assert review.summary() == (
        "In the 12 months to June 1998, 1 product earned 1.1 M USD. No change could be measured. "
        "No surveys in this period for any product."
    )
    assert list(review.headline().values()) == ["USD in the 12 months to June 1998", "changes could be measured"]
    assert review.revenue.summary().endswith("The last 12 months brought 1.1 M USD.")
    assert review.revenue.headline()["–"] == "against the 12 months before"


def test_a_market_study_of_other_years_claims_nothing(review):
    assert review.split.headline() == {"–": "no market study covers both windows"}
    assert "no effects to add up" in review.split.check()
    ax = review.split.plot()
    assert ax.figure.get_size_inches()[1] < 1
    plt.close(ax.figure)


def test_repeat_buying_counts_the_raw_files_customers_and_later_purchases(raw_orders, book):
    days = raw_orders.groupby("customer_id")["date"].nunique()
    buying = pm.product.repeat_buying(book, period=book.period)
    assert "23,570 customers will make" in buying.summary()
    assert f"{(days > 1).sum():,} came back so far" in buying.summary()
    later = raw_orders.loc[raw_orders["date"] > "19970930", ["customer_id", "date"]].drop_duplicates()
    assert len(later) == 19_684
    assert f"by June 1998; {len(later):,} came" in pm.product.track_purchases(book, period=book.period).summary()


def test_a_customer_is_worth_revenue_where_no_costs_are_known(raw_orders, book):
    worth = pm.product.customer_lifetime_value(book, period=book.period)
    row = worth.to_frame().iloc[0]
    assert (row["group"], row["kind"], row["customers"], row["counts"]) == ("CD", "orders", 23_570, "revenue")
    # A new customer is followed for three years; those of the file were for 15 to 18 months.
    brought = raw_orders["dollar_value"].sum() / 23_570
    assert brought == pytest.approx(106.08, abs=0.01)
    assert row["low"] < row["value"] < row["high"] < brought < row["new_low"]
    assert worth.summary().endswith("Revenue, not margin, for Music CDs: unit costs are not known.")


@pytest.mark.parametrize(("year", "share", "index"), [(1972, 0.561, 3_801), (1990, 0.378, 2_158)])
def test_the_page_shows_shares_and_concentration_by_value_of_the_years_studied(raw_cars, book, year, share, index):
    values = raw_cars["shares"] * raw_cars["prices"]
    sales = values.groupby([raw_cars["market_ids"], raw_cars["firm_ids"]]).sum()[year]
    assert (round(float(sales[19] / sales.sum()), 3), round(_concentration(sales))) == (share, index)
    december = year * 12 + 12
    shares = pm.product.share_history(book, period=book.period).to_frame().set_index(["month", "player"])
    assert shares.loc[(december, "own"), "share"] == pytest.approx(sales[19] / sales.sum())
    markets = pm.product.measure_concentration(book, period=book.period).to_frame().set_index("month")
    assert markets.loc[december, "hhi_low"] == pytest.approx(_concentration(sales))


def test_concentration_names_the_month_where_the_study_ends(book):
    found = pm.product.measure_concentration(book, period=book.period)
    assert found.summary().startswith(
        "The HHI of new cars, the most concentrated of 1 market, is 2,158 of 10,000 in December 1990, where the study "
        "ends (20 named firms, all others 0 %; the study states no error)."
    )
    assert found.headline() == {"2,158": "HHI of new cars, the most concentrated market"}


def test_a_narrow_interval_keeps_its_ends_apart(book):
    assert "8 % (between 7.7 % and 8.4 %, n = 23,570) after 6 months" in pm.product.cohort_triangle(
        book, period=book.period).summary()
