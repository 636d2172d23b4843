"""Every query of the product room, written again by hand in DuckDB's SQL over the raw tables: the same rows."""

from __future__ import annotations

import contextlib
import functools

import duckdb
import pandas as pd
import pytest

from tests.product.questions import LARGE, QUESTIONS, asked_of_duckdb, small_company

# December 2025 is month 24312, its last day 2461041 as a Julian day; the orders begin in January 2023, month 24277.
VIEWS = """
CREATE VIEW lines AS
  SELECT *, year(date) * 12 + month(date) AS month, CAST(units * paid_price AS DECIMAL(18, 4)) AS money FROM orders;
CREATE VIEW covered AS
  SELECT customer_id, product_id, monthly_eur AS money,
         unnest(range(start_month, least(coalesce(end_month, 24312), 24312) + 1)) AS month
  FROM subscriptions;
CREATE VIEW rows AS
  SELECT customer_id, product_id, month, units, units > 0 AS sold, false AS runs, money AS ordered, 0 AS recurring
  FROM lines UNION ALL
  SELECT customer_id, product_id, month, 0, false, true, 0, money FROM covered;
CREATE VIEW placed AS
  SELECT rows.*, coalesce(segment, 'unknown') AS segment, coalesce(channel, 'unknown') AS channel
  FROM rows LEFT JOIN customers USING (customer_id);
CREATE VIEW product_sums AS
  SELECT product_id, month, CAST(sum(units) AS DOUBLE) AS units, CAST(sum(ordered) * 10000 AS BIGINT) AS orders_e4,
         CAST(sum(recurring) * 10000 AS BIGINT) AS recurring_e4,
         count(DISTINCT customer_id) FILTER (sold OR runs) AS customers,
         count(DISTINCT customer_id) FILTER (runs) AS subscribers
  FROM rows GROUP BY ALL;
CREATE VIEW answers AS
  SELECT *, year(date) * 12 + month(date) AS month FROM surveys;
CREATE VIEW purchases AS  -- days on which a customer bought anything, of those who did not come before 2023
  SELECT customer_id, CAST(julian(date) AS BIGINT) AS day, sum(money) AS money
  FROM lines WHERE units > 0 AND customer_id NOT IN (SELECT customer_id FROM customers WHERE first_month < 24277)
  GROUP BY ALL;
CREATE VIEW people AS
  SELECT customer_id, count(*) - 1 AS repeats, max(day) - min(day) AS recency_days, 2461041 - min(day) AS age_days,
         CAST(coalesce(sum(money) FILTER (day > first), 0) * 10000 AS BIGINT) AS repeat_e4
  FROM (SELECT *, min(day) OVER (PARTITION BY customer_id) AS first FROM purchases) GROUP BY ALL;
CREATE VIEW paid AS  -- what every customer pays a month for each product, in December 2024 and 2025
  SELECT product_id, customer_id,
         CAST(coalesce(sum(monthly_eur) FILTER (coalesce(end_month, 24312) >= 24300 AND start_month <= 24300), 0)
              * 10000 AS BIGINT) AS opening,
         CAST(coalesce(sum(monthly_eur) FILTER (coalesce(end_month, 24312) >= 24312), 0) * 10000 AS BIGINT) AS closing,
         min(start_month) <= 24300 AS known
  FROM subscriptions WHERE start_month <= 24312 AND monthly_eur > 0 GROUP BY ALL;
CREATE VIEW contracts AS  -- months without a gap share the difference of month and row number
  SELECT customer_id, product_id, min(month) AS cohort, max(month) < 24312 AS ended,
         max(month) - min(month) + (max(month) < 24312)::INT AS months,
         CAST(coalesce(sum(money) FILTER (month = 24312), 0) * 10000 AS BIGINT) AS monthly_e4
  FROM (SELECT *, month - row_number() OVER (PARTITION BY customer_id, product_id ORDER BY month) AS stretch
        FROM (SELECT customer_id, product_id, month, sum(money) AS money FROM covered GROUP BY ALL))
  GROUP BY customer_id, product_id, stretch;
"""

FLOWS = """
  sum(change) FILTER ({new} AND NOT known), sum(change) FILTER ({new} AND known),
  sum(change) FILTER ({both} AND change > 0), sum(change) FILTER ({both} AND change < 0), sum(change) FILTER ({churn}),
  count(*) FILTER ({new} AND NOT known), count(*) FILTER ({new} AND known), count(*) FILTER ({both} AND change > 0),
  count(*) FILTER ({both} AND change < 0), count(*) FILTER ({churn})
""".format(new="opening = 0 AND closing > 0", both="opening > 0 AND closing > 0", churn="opening > 0 AND closing = 0")

WINDOW = f"""
  {FLOWS}, sum(opening), count(*) FILTER (opening > 0), sum(closing), count(*) FILTER (closing > 0),
  sum(least(opening, closing)), sum(closing) FILTER (opening > 0),
  sum(x * x), sum(x * k), sum(k * k), sum(x * y), sum(y * y),
  sum(gain * gain), sum(loss * loss)
  FROM (SELECT *, closing - opening AS change, greatest(change, 0) / 1e4 AS gain, least(change, 0) / 1e4 AS loss,
               opening / 1e4 AS x, CASE WHEN opening > 0 THEN closing ELSE 0 END / 1e4 AS y, least(x, y) AS k
        FROM paid)
"""

#: What the SQL says -> the question that asks it, and the SQL. Columns are compared by their place.
TWINS = {
    "a customer's month sums order lines and covered months": ("customer months", """
        SELECT customer_id, month, count(*) FILTER (sold), sum(units), sum(ordered) * 10000, sum(recurring) * 10000,
               count(*) FILTER (runs)
        FROM rows GROUP BY ALL"""),
    "a product's month sums them by segment and channel, and counts customers once": ("product months", """
        SELECT product_id, segment, channel, month, count(*) FILTER (sold), sum(units), sum(ordered) * 10000,
               sum(recurring) * 10000, count(DISTINCT customer_id) FILTER (sold OR runs),
               count(DISTINCT customer_id) FILTER (runs)
        FROM placed GROUP BY ALL"""),
    "monthly revenue is price times units, and the price of every covered month": ("monthly revenue", """
        SELECT product_id, month, orders_e4, recurring_e4 FROM product_sums"""),
    "all revenue recounted is one sum over lines and covered months": ("monthly revenue", """
        SELECT sum(recurring) * 10000 FROM rows"""),
    "revenue by product counts every customer of a product once": ("revenue by product", """
        SELECT product_id, month, orders_e4, recurring_e4, customers FROM product_sums"""),
    "revenue by segment follows the customer": ("revenue by segment", """
        SELECT segment, month, sum(ordered) * 10000, sum(recurring) * 10000,
               count(DISTINCT customer_id) FILTER (sold OR runs)
        FROM placed WHERE product_id = 'PR1' GROUP BY ALL"""),
    "a customer who pays more, less, again or no more moves the bridge": ("recurring bridge", f"""
        SELECT product_id, {WINDOW} GROUP BY product_id"""),
    "over all products a customer moves the bridge once": ("recurring bridge", f"""
        WITH paid AS (SELECT customer_id, sum(opening) AS opening, sum(closing) AS closing, bool_or(known) AS known
                      FROM paid GROUP BY customer_id)
        SELECT {WINDOW}"""),
    "the monthly bridge compares each month with the month before": ("recurring bridge", f"""
        WITH monthly AS (
          SELECT customer_id, month, CAST(sum(money) * 10000 AS BIGINT) AS pays
          FROM covered WHERE money > 0 GROUP BY ALL),
        grid AS (SELECT customer_id, unnest(range(24301, 24313)) AS month, min(month) AS first
                 FROM monthly GROUP BY customer_id),
        moved AS (
          SELECT grid.month, coalesce(before.pays, 0) AS opening, coalesce(now.pays, 0) AS closing,
                 closing - opening AS change, first < grid.month AS known
          FROM grid LEFT JOIN monthly AS now ON now.customer_id = grid.customer_id AND now.month = grid.month
               LEFT JOIN monthly AS before ON before.customer_id = grid.customer_id AND before.month = grid.month - 1)
        SELECT month, {FLOWS} FROM moved WHERE change <> 0 GROUP BY month"""),
    "price, volume and mix begin with units and money of each product": ("price, volume and mix by product", """
        SELECT product_id, sum(units), sum(money) * 10000, sum(money) * 10000
        FROM lines WHERE month BETWEEN 24289 AND 24300 GROUP BY ALL"""),
    "price, volume and mix of one product go by the region of the line": ("price, volume and mix by region", """
        SELECT region, sum(units), sum(money) * 10000, sum(money) * 10000
        FROM lines WHERE month > 24300 AND product_id = 'PR1' GROUP BY ALL"""),
    "price, volume and mix go by the segment of the customer": ("price, volume and mix by segment", """
        SELECT segment, sum(units), sum(ordered) * 10000, sum(ordered) * 10000
        FROM placed WHERE month > 24300 AND NOT runs GROUP BY ALL"""),
    "margin counts units sold": ("margin", """
        SELECT product_id, month, units FROM product_sums"""),
    "margin counts subscriptions that begin and end": ("margin", """
        SELECT product_id, month, sum(step) FROM (
          SELECT product_id, start_month AS month, 1 AS step FROM subscriptions UNION ALL
          SELECT product_id, end_month + 1, -1 FROM subscriptions WHERE end_month < 24312) GROUP BY ALL"""),
    "a subscriber's cohort is the first covered month": ("cohorts of subscribers", """
        SELECT cohort, month - cohort, count(DISTINCT customer_id)
        FROM (SELECT *, min(month) OVER (PARTITION BY customer_id) AS cohort FROM covered) GROUP BY ALL"""),
    "a buyer's cohort is the first month with goods not returned": ("cohorts of buyers", """
        SELECT cohort, month - cohort, count(DISTINCT customer_id)
        FROM (SELECT *, min(month) OVER (PARTITION BY customer_id) AS cohort
              FROM lines WHERE units > 0 AND product_id = 'PR1') GROUP BY ALL"""),
    "a subscriber is rolled up to the last covered month": ("rolling cohorts of subscribers", """
        SELECT cohort, age, count(*)
        FROM (SELECT min(month) AS cohort, max(month) - min(month) AS age FROM covered GROUP BY customer_id)
        GROUP BY ALL"""),
    "a buyer is rolled up to the last month with goods": ("rolling cohorts of buyers", """
        SELECT cohort, age, count(*)
        FROM (SELECT min(month) AS cohort, max(month) - min(month) AS age
              FROM lines WHERE units > 0 GROUP BY customer_id)
        GROUP BY ALL"""),
    "a contract is months paid without a gap": ("survival", """
        SELECT 'all', cohort, months, ended, count(*), sum(monthly_e4)
        FROM contracts WHERE product_id = 'PR6' GROUP BY ALL"""),
    "contracts by segment follow the customer": ("survival by segment", """
        SELECT coalesce(segment, 'unknown'), cohort, months, ended, count(*), sum(monthly_e4)
        FROM contracts LEFT JOIN customers USING (customer_id) GROUP BY ALL"""),
    "recency, frequency and value are fifths of ranks": ("recency, frequency and value", """
        WITH days AS (
          SELECT customer_id, julian(date) AS day, sum(money) AS money FROM lines WHERE units > 0 GROUP BY ALL),
        sums AS (SELECT customer_id, max(day) AS final, count(*) AS often, sum(money) AS money FROM days GROUP BY ALL),
        fifths AS (SELECT money, (rank() OVER (ORDER BY final) - 1) * 5 // count(*) OVER () + 1 AS recency,
                          (rank() OVER (ORDER BY often) - 1) * 5 // count(*) OVER () + 1 AS frequency,
                          (rank() OVER (ORDER BY money) - 1) * 5 // count(*) OVER () + 1 AS value FROM sums)
        SELECT recency, frequency, value, count(*), sum(money) * 10000 FROM fifths GROUP BY ALL"""),
    "a purchase history is repeats, recency and age": ("repeat buying", """
        SELECT 'all', repeats, recency_days, age_days, count(*), sum(repeat_e4) FROM people GROUP BY ALL"""),
    "customers who came before the orders begin are counted apart": ("repeat buying", """
        SELECT count(DISTINCT customer_id) FROM lines JOIN customers USING (customer_id)
        WHERE units > 0 AND first_month < 24277"""),
    "purchases are followed from the day of the first": ("purchases against their forecast", """
        WITH days AS (SELECT DISTINCT customer_id, CAST(julian(date) AS BIGINT) + 32045 AS day
                      FROM lines WHERE units > 0 AND product_id = 'PR2'),
        followed AS (SELECT day, min(day) OVER (PARTITION BY customer_id) AS first
                     FROM days WHERE customer_id NOT IN (SELECT customer_id FROM customers WHERE first_month < 24277))
        SELECT day, first = day AS is_first, count(*) FROM followed
        WHERE first <= (SELECT CAST(julian(DATE '2024-12-31') AS BIGINT) + 32045) GROUP BY ALL"""),
    "what customers spend again is counted by repeats and money": ("lifetime value", """
        WITH people AS (
          SELECT count(*) - 1 AS repeats, CAST(sum(money) * 10000 AS BIGINT) - min_by(e4, day) AS repeat_e4
          FROM (SELECT customer_id, date AS day, sum(money) AS money, CAST(sum(money) * 10000 AS BIGINT) AS e4
                FROM lines WHERE units > 0 AND product_id = 'PR1' GROUP BY ALL)
          WHERE customer_id NOT IN (SELECT customer_id FROM customers WHERE first_month < 24277) GROUP BY customer_id)
        SELECT 'PR1', repeats, repeat_e4, count(*) FROM people WHERE repeat_e4 > 0 GROUP BY ALL"""),
    "the margin of lifetime value is read from a year": ("lifetime value", """
        SELECT product_id, month, units, orders_e4, recurring_e4, subscribers
        FROM product_sums WHERE product_id = 'PR1' AND month > 24300"""),
    "answers are counted by month and score": ("satisfaction by month", """
        SELECT product_id, instrument, scale_max, month, score, count(*)
        FROM answers WHERE month > 24300 GROUP BY ALL"""),
    "a chart counts the answers to one question": ("chart of a score", """
        SELECT product_id, instrument, scale_max, month, score, count(*)
        FROM answers WHERE instrument = 'NPS' GROUP BY ALL"""),
    "answers are counted by the segment of who answered": ("satisfaction by segment", """
        SELECT product_id, instrument, scale_max, coalesce(segment, 'not known'), month, score, count(*)
        FROM answers LEFT JOIN customers USING (customer_id) WHERE month > 24288 GROUP BY ALL"""),
    "who was asked is counted by band": ("satisfaction weighted by response", """
        SELECT product_id, engagement_band, count(*), count(*) FILTER (responded)
        FROM invitations WHERE month > 24300 GROUP BY ALL"""),
    "answers are counted by the band of the invitation": ("satisfaction weighted by response", """
        SELECT product_id, instrument, scale_max, coalesce(engagement_band, ''), score, count(*)
        FROM answers LEFT JOIN invitations USING (product_id, customer_id, month)
        WHERE instrument = 'NPS' AND month > 24300 GROUP BY ALL"""),
    "scores are counted beside the ratings": ("drivers of satisfaction", """
        SELECT product_id, instrument, scale_max, score, count(*)
        FROM answers WHERE instrument = 'NPS' GROUP BY ALL"""),
    "drivers are sums of products of complete answers": ("drivers of satisfaction", """
        WITH whole AS (SELECT product_id, scale_max, month, quality_rating AS a, price_rating AS b, service_rating AS c,
                              score AS d FROM answers WHERE instrument = 'NPS' AND a + b + c + d IS NOT NULL)
        SELECT product_id, scale_max, month, count(*), sum(a), sum(b), sum(c), sum(d),
               sum(a * a), sum(a * b), sum(a * c), sum(a * d), sum(b * b),
               sum(b * c), sum(b * d), sum(c * c), sum(c * d), sum(d * d)
        FROM whole GROUP BY ALL"""),
    "a good rating is 4 or 5": ("ratings that moved", """
        SELECT product_id, month, count(quality_rating), count(*) FILTER (quality_rating >= 4), count(price_rating),
               count(*) FILTER (price_rating >= 4), count(service_rating), count(*) FILTER (service_rating >= 4)
        FROM answers WHERE month > 24288 GROUP BY ALL"""),
    "what products sold by month is units, money and subscribers": ("diffusion", """
        SELECT product_id, month, units, orders_e4, recurring_e4, subscribers FROM product_sums"""),
    "the series of a forecast is money, customers, subscribers and units": ("forecast of revenue", """
        SELECT product_id, month, orders_e4 + recurring_e4, customers, subscribers, units FROM product_sums"""),
    "a launch by region reads order lines": ("difference in differences by region", """
        SELECT region, month, sum(money) * 10000
        FROM lines WHERE product_id = 'PR1' AND month >= 24289 GROUP BY ALL"""),
    "a launch by segment reads the segments of customers": ("difference in differences by segment", """
        SELECT segment, month, sum(ordered + recurring) * 10000
        FROM placed WHERE product_id = 'PR1' AND month >= 24289 GROUP BY ALL"""),
    "an interrupted series is one product's revenue": ("interrupted series", """
        SELECT 'all', month, orders_e4 + recurring_e4 FROM product_sums WHERE product_id = 'PR1'"""),
    "elasticity reads units by region and month": ("price elasticity", """
        SELECT product_id, region, month, sum(units) FROM lines GROUP BY ALL"""),
    "a theme is worth what its customers paid in the year": ("themes of feedback", """
        WITH said AS (
          SELECT DISTINCT feedback.product_id AS about, customer_id, theme
          FROM feedback, (VALUES ('humidity', 'humidity'), ('scrolling', 'scrolling|slow')) AS themes(theme, words)
          WHERE date >= '2025-01-01' AND regexp_matches(lower(text), '\\b(' || words || ')\\b'))
        SELECT dense_rank() OVER (ORDER BY about, theme) - 1, sum(ordered + recurring) * 10000
        FROM said JOIN rows USING (customer_id) WHERE month > 24300 GROUP BY about, theme"""),
    "the board explains revenue by segments before and after": ("board of products", """
        SELECT product_id, segment, later, sum(units), sum(money) * 10000
        FROM (SELECT product_id, segment, month > 24300 AS later, sum(units) AS units, sum(ordered) AS money
              FROM placed WHERE month > 24288 GROUP BY product_id, segment, channel, month HAVING sum(units) <> 0)
        GROUP BY ALL"""),
    "the board follows the subscribers of each product": ("board of products", """
        SELECT product_id, cohort, month - cohort, count(DISTINCT customer_id)
        FROM (SELECT *, min(month) OVER (PARTITION BY product_id, customer_id) AS cohort FROM covered) GROUP BY ALL"""),
    "readiness counts answers": ("readiness for launch", """
        SELECT count(*) FROM answers WHERE product_id = 'PR8' AND month > 24309"""),
}  # fmt: skip

#: Answers of a row or a few, which stop a question or bound it.
BOUNDS = {
    ("largest", "total"): "money too large to add up",
    ("rate_currency", "rate_month", "n"): "currencies and months that need a rate",
    ("product_id",): "products that rows name",
    ("quality_rating_low", "price_rating_low", "service_rating_low", "quality_rating_high", "price_rating_high",
     "service_rating_high"): "ratings outside their scale",
}  # fmt: skip


@functools.cache
def by_hand() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in (*LARGE, "feedback"):
        connection.register(f"given_{name}", small_company()[name])
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")
    connection.execute(VIEWS)
    return connection


def in_order(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Rows in one order, numbers as floats: a whole number below 2 ** 53 keeps its digits."""
    plain = frame.set_axis(names, axis="columns")
    for name in names:
        numbers = pd.to_numeric(plain[name], errors="coerce").astype("float64")
        plain[name] = numbers if numbers.notna().any() or plain[name].isna().all() else plain[name].astype("str")
    return plain.sort_values(names, ignore_index=True)


def matching(says: str) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The twin's rows, and what the question took out in as many rows and columns."""
    question, sql = TWINS[says]
    twin = by_hand().sql(sql).df()
    return twin, [one for one in asked_of_duckdb(question).taken if one.shape == twin.shape]


@pytest.mark.parametrize("says", TWINS)
def test_the_same_by_hand(says) -> None:
    twin, taken = matching(says)
    assert taken, f"no query brought {len(twin)} rows of {len(twin.columns)} columns"
    # The last that may be the query says where it differs, if none of them is the same.
    for one in taken[:-1]:
        with contextlib.suppress(AssertionError):
            return assert_same(one, twin)
    assert_same(taken[-1], twin)


def assert_same(one: pd.DataFrame, twin: pd.DataFrame) -> None:
    names = list(one.columns)
    pd.testing.assert_frame_equal(in_order(one, names), in_order(twin, names), rtol=1e-12, atol=0)


def test_no_query_is_without_a_twin() -> None:
    told = {tuple(one.columns) for says in TWINS for one in matching(says)[1]} | BOUNDS.keys()
    untold = {
        (question, tuple(one.columns)) for question in QUESTIONS for one in asked_of_duckdb(question).taken
        if list(one.columns) != ["value"] and tuple(one.columns) not in told
    }  # fmt: skip
    assert not untold
