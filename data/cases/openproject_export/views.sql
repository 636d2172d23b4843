-- OpenProject writes dates such as 08/24/2026 and hours such as 40.0; hours such as 40.0 h or 40h are read alike.
-- A phase sums up what is below it: it is left out, and so are the columns that begin with Total.
-- Two figures are ours and not OpenProject's: a person-month has 160 hours, and the day of the export. Change them here.
CREATE VIEW terms AS SELECT 160 AS hours_a_month, DATE '2025-12-31' AS today;

-- Work that was rejected is no longer part of a plan.
CREATE VIEW work_packages AS
SELECT
    "Type" AS type,
    "Subject" AS subject,
    "Status" AS status,
    "Project" AS project,
    "Category" AS category,
    CAST(strptime(nullif("Start date", ''), '%m/%d/%Y') AS DATE) AS starts,
    CAST(strptime(nullif("Finish date", ''), '%m/%d/%Y') AS DATE) AS finishes,
    CASE WHEN "Status" = 'Rejected' THEN 0 ELSE coalesce(TRY_CAST(replace("Work", 'h', '') AS DOUBLE), 0) END AS hours,
    CASE WHEN "Status" = 'Rejected' THEN 0 ELSE coalesce(TRY_CAST(replace("Remaining work", 'h', '') AS DOUBLE), 0) END
        AS hours_left,
    coalesce(TRY_CAST("Overall costs" AS DOUBLE), 0) / 1000 AS cost_k
FROM read_csv('raw/work_packages.csv', all_varchar=true)
WHERE "Type" <> 'Phase';

-- The list of projects holds the status and, as attributes, what the work packages do not know: budget, benefit, chance.
CREATE VIEW listed AS
SELECT
    CAST(id AS TEXT) AS project_id,
    "Name" AS name,
    "Programme" AS programme,
    "Budget (EUR)" / 1000 AS bac_k,
    "Expected benefit (EUR)" / 1000 AS benefit_k,
    "Chance of success (%)" / 100 AS p_success,
    "Required by law" = 'Yes' AS mandatory,
    CASE "Status"
        WHEN 'Not started' THEN 'proposed' WHEN 'Finished' THEN 'done' WHEN 'Discontinued' THEN 'stopped' ELSE 'running'
    END AS state,
    CASE "Status" WHEN 'On track' THEN 'green' WHEN 'At risk' THEN 'amber' WHEN 'Off track' THEN 'red' END AS colour
FROM 'raw/projects.csv';

-- Of each project: its days, what it cost, and which share of its work is planned by today, and which is left.
CREATE VIEW work AS
SELECT
    project,
    min(starts) AS starts,
    max(finishes) AS finishes,
    sum(hours) AS hours,
    sum(cost_k) AS spent_k,
    sum(hours * greatest(0, least(1, (datediff('day', starts, today) + 1) / (datediff('day', starts, finishes) + 1))))
        / sum(hours) AS planned_share,
    sum(hours_left) / sum(hours) AS share_left
FROM work_packages
CROSS JOIN terms
GROUP BY project;

CREATE VIEW programmes AS
SELECT DISTINCT programme AS programme_id, programme AS name FROM listed ORDER BY programme_id;

CREATE VIEW projects AS
SELECT
    project_id,
    name,
    programme AS programme_id,
    state,
    mandatory,
    strftime(starts, '%Y-%m') AS start_month,
    datediff('month', starts, finishes) + 1 AS planned_months,
    bac_k,
    spent_k
FROM listed
JOIN work ON work.project = listed.name
ORDER BY project_id;

-- One figure each, without a range.
CREATE VIEW estimates AS
SELECT project_id, 'benefit_pv_k' AS quantity, benefit_k AS p10, benefit_k AS p50, benefit_k AS p90
FROM listed
WHERE state IN ('proposed', 'running')
UNION ALL
SELECT project_id, 'p_success', p_success, p_success, p_success
FROM listed
WHERE state IN ('proposed', 'running')
ORDER BY project_id, quantity;

-- Earned value on the day of the export: the budget times the share planned and the share done, and what was paid.
CREATE VIEW evm AS
SELECT
    project_id,
    strftime(today, '%Y-%m') AS month,
    bac_k * planned_share AS pv_cum_k,
    bac_k * (1 - share_left) AS ev_cum_k,
    spent_k AS ac_cum_k,
    100 * (1 - share_left) AS pct_complete_reported,
    colour AS status_reported
FROM listed
JOIN work ON work.project = listed.name
CROSS JOIN terms
WHERE state = 'running'
ORDER BY project_id;

-- An export has the dates of today and no baseline: a milestone that is closed counts as reached on its date.
CREATE VIEW milestones AS
SELECT
    project_id,
    subject AS milestone,
    strftime(finishes, '%Y-%m') AS baseline_month,
    CASE WHEN status = 'Closed' THEN strftime(finishes, '%Y-%m') END AS actual_month,
    1.0 / count(*) OVER (PARTITION BY project_id) AS weight
FROM listed
JOIN work_packages ON work_packages.project = listed.name
WHERE type = 'Milestone'
ORDER BY project_id, baseline_month;

CREATE VIEW skills AS SELECT "Category" AS skill FROM 'raw/teams.csv';

-- People are in raw/teams.csv, the same for each of the next twelve months.
CREATE VIEW capacity AS
SELECT
    "Category" AS skill,
    strftime(today + to_months(CAST(ahead AS INTEGER)), '%Y-%m') AS month,
    "Person-months a month" AS person_months
FROM 'raw/teams.csv', generate_series(1, 12) AS months(ahead), terms
ORDER BY skill, month;

-- Remaining work falls evenly on the months a task has left; what is overdue falls on the next month.
CREATE VIEW open_tasks AS
SELECT
    project_id,
    CASE state WHEN 'running' THEN 'keep' ELSE 'start' END AS action,
    category,
    hours_left,
    greatest(datediff('month', today, starts), 1) AS first_month,
    greatest(datediff('month', today, finishes), 1) AS last_month
FROM listed
JOIN work_packages ON work_packages.project = listed.name
CROSS JOIN terms
WHERE state IN ('proposed', 'running') AND hours_left > 0;

CREATE VIEW by_month AS
SELECT
    project_id, action, category,
    today + to_months(CAST(ahead AS INTEGER)) AS day,
    hours_left / (last_month - first_month + 1) AS hours
FROM open_tasks, generate_series(1, 36) AS months(ahead), terms
WHERE ahead BETWEEN first_month AND last_month;

CREATE VIEW demand AS
SELECT
    project_id,
    action,
    category AS skill,
    strftime(day, '%Y-%m') AS month,
    sum(hours) / any_value(hours_a_month) AS person_months
FROM by_month
CROSS JOIN terms
GROUP BY project_id, action, skill, month
ORDER BY project_id, action, skill, month;

-- What is left to pay is the budget's share of the work that is left, in the years of that work.
CREATE VIEW cash_flows AS
SELECT project_id, year(day) AS "year", any_value(bac_k) * sum(by_month.hours) / any_value(work.hours) AS cost_k
FROM by_month
JOIN listed USING (project_id)
JOIN work ON work.project = listed.name
GROUP BY project_id, year(day)
ORDER BY project_id, year(day);
