-- The paper counts in units of its own and has two periods without dates: here thousands, in 1967 and 1968.
CREATE VIEW projects AS
SELECT project AS project_id, 'Investment ' || project AS name, 'proposed' AS state, cost_1 + cost_2 AS bac_k
FROM 'raw/projects.csv';

-- The published value is net of cost: what comes in is the value and both costs.
CREATE VIEW cash_flows AS
SELECT project AS project_id, 1967 AS "year", cost_1 AS cost_k, 0 AS benefit_k
FROM 'raw/projects.csv'
UNION ALL
SELECT project, 1968, cost_2, "value" + cost_1 + cost_2
FROM 'raw/projects.csv';
