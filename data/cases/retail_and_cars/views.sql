-- CDNOW: an order has no id of its own, so customer, day and rank within the day make one.
-- Orders that cost nothing (80) stay. units * paid_price is the order's value.
CREATE VIEW orders AS
SELECT
    customer_id || '-' || "date" || '-' || row_number() OVER (
        PARTITION BY customer_id, "date" ORDER BY number_of_cds, dollar_value
    ) AS order_id,
    CAST(strptime("date", '%Y%m%d') AS DATE) AS "date",
    customer_id,
    'CD' AS product_id,
    number_of_cds AS units,
    dollar_value / number_of_cds AS paid_price
FROM 'raw/cdnow_orders.parquet';

CREATE VIEW customers AS
SELECT customer_id, min(substr("date", 1, 4) || '-' || substr("date", 5, 2)) AS first_month
FROM 'raw/cdnow_orders.parquet'
GROUP BY customer_id;

CREATE VIEW products AS
SELECT 'CD' AS product_id, 'Music CDs' AS name, 'one-off' AS model, '' AS category
UNION ALL
SELECT 'GM', 'General Motors cars', 'one-off', 'new cars';

-- Cars: yearly data, written in December of each year; 'own' is firm 19, General Motors.
-- Units are in proportion only: share of households times a constant 100 million households.
-- prices are thousand dollars of 1983, so units * prices is thousand dollars of 1983.
CREATE VIEW market AS
SELECT
    'new cars' AS category,
    'US' AS region,
    market_ids || '-12' AS month,
    CASE WHEN firm_ids = 19 THEN 'own' ELSE 'firm ' || firm_ids END AS player,
    sum(shares * 100000000) AS units,
    sum(shares * 100000000 * prices) AS value_k
FROM 'raw/blp_products.csv'
GROUP BY market_ids, firm_ids;
