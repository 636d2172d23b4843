-- The paper counts years; here one month stands for one year, from 2001-01 (year 0) on.
-- Of each group 1,000 subscribe in year 0. Number k is still there while the share is at least k in 1,000.
CREATE VIEW survivors AS
SELECT 'regular' AS segment, "year", CAST(round(regular * 10) AS INTEGER) AS n FROM 'raw/still_there.csv'
UNION ALL
SELECT 'high end', "year", CAST(round(high_end * 10) AS INTEGER) FROM 'raw/still_there.csv';

CREATE VIEW paid AS
SELECT segment, k, max("year") AS last_year
FROM survivors, generate_series(1, 1000) AS numbers(k)
WHERE k <= n
GROUP BY segment, k;

CREATE VIEW customers AS
SELECT segment || ' ' || k AS customer_id, segment, '2001-01' AS first_month FROM paid;

CREATE VIEW products AS
SELECT 'subscription' AS product_id, 'Subscription' AS name, 'subscription' AS model, '2001-01' AS launch_month;

-- No price is published: 1 stands for it. Who is there in year 12, the last one published, still runs.
CREATE VIEW subscriptions AS
SELECT
    segment || ' ' || k AS customer_id,
    'subscription' AS product_id,
    '2001-01' AS start_month,
    CASE WHEN last_year < 12 THEN strftime(DATE '2001-01-01' + to_months(CAST(last_year AS INTEGER)), '%Y-%m') END AS end_month,
    1 AS monthly_eur
FROM paid;
