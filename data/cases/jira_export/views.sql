-- Jira writes durations in seconds, dates such as 31/Mar/26 12:00 AM, and words of its own for the state.
-- Two figures are ours and not Jira's: an hour costs 90 EUR, a person-month has 160 hours. Change them here.
-- The columns that begin with Σ add sub-tasks once more: they stay unread.
CREATE VIEW terms AS SELECT 90 AS eur_an_hour, 160 AS hours_a_month;

-- An issue without an estimate counts 8 hours for each story point.
CREATE VIEW issues AS
SELECT
    "Issue key" AS issue,
    "Issue Type" AS type,
    "Parent key" AS epic,
    "Project key" AS product,
    Summary AS name,
    Components AS team,
    Priority AS priority,
    "Custom field (Reach)" AS reach,
    "Custom field (Impact)" AS impact,
    "Custom field (Confidence)" AS confidence,
    nullif("Inward issue link (Blocks)", '') AS blocked_by,
    CAST(strptime(nullif("Custom field (Start date)", ''), '%d/%b/%y %I:%M %p') AS DATE) AS starts,
    CAST(strptime(nullif("Due date", ''), '%d/%b/%y %I:%M %p') AS DATE) AS due,
    coalesce(TRY_CAST("Original estimate" AS DOUBLE) / 3600, 8 * TRY_CAST("Custom field (Story Points)" AS DOUBLE), 0) AS hours,
    coalesce(TRY_CAST("Remaining Estimate" AS DOUBLE) / 3600, 8 * TRY_CAST("Custom field (Story Points)" AS DOUBLE), 0) AS hours_left,
    coalesce(TRY_CAST("Time Spent" AS DOUBLE) / 3600, 0) AS hours_spent,
    CASE
        WHEN Resolution IN ('Won''t Do', 'Cancelled', 'Duplicate') THEN 'stopped'
        WHEN Status = 'On Hold' THEN 'held'
        WHEN "Status Category" = 'Done' THEN 'done'
        WHEN "Status Category" = 'In Progress' THEN 'running'
        ELSE 'proposed'
    END AS state
FROM 'raw/jira.csv';

-- An epic is a project. Its work is that of the issues below it.
CREATE VIEW work AS
SELECT epic, sum(hours) AS hours, sum(hours_left) AS hours_left, sum(hours_spent) AS hours_spent
FROM issues
WHERE type <> 'Epic'
GROUP BY epic
ORDER BY epic;

CREATE VIEW projects AS
SELECT
    issue AS project_id,
    name,
    product AS product_id,
    state,
    strftime(starts, '%Y-%m') AS start_month,
    datediff('month', starts, due) + 1 AS planned_months,
    work.hours * eur_an_hour / 1000 AS bac_k,
    work.hours_spent * eur_an_hour / 1000 AS spent_k
FROM issues
JOIN work ON work.epic = issues.issue
CROSS JOIN terms
WHERE type = 'Epic'
ORDER BY issue;

CREATE VIEW products AS
SELECT DISTINCT "Project key" AS product_id, "Project name" AS name FROM 'raw/jira.csv' ORDER BY product_id;

-- What is left to pay: stories have no dates, so all of it falls into the year after the export.
CREATE VIEW cash_flows AS
SELECT issue AS project_id, 2026 AS "year", work.hours_left * eur_an_hour / 1000 AS cost_k
FROM issues
JOIN work ON work.epic = issues.issue
CROSS JOIN terms
WHERE type = 'Epic' AND state IN ('proposed', 'running', 'held')
ORDER BY issue;

-- What an epic brings is not in Jira: raw/values.csv says it.
CREATE VIEW estimates AS
SELECT
    "Epic" AS project_id, 'benefit_pv_k' AS quantity,
    "Benefit low k" AS p10, "Benefit likely k" AS p50, "Benefit high k" AS p90
FROM 'raw/values.csv'
UNION ALL
SELECT "Epic", 'p_success', "Chance of success", "Chance of success", "Chance of success" FROM 'raw/values.csv'
ORDER BY project_id, quantity;

-- A story is a feature. Reach, impact and confidence are custom fields; effort is the work left.
CREATE VIEW features AS
SELECT
    issue AS feature_id,
    product AS product_id,
    name,
    reach,
    impact AS impact_low,
    impact AS impact_mode,
    impact AS impact_high,
    confidence,
    hours_left / hours_a_month AS effort_pm,
    team,
    CASE priority WHEN 'Highest' THEN 'must' WHEN 'High' THEN 'should' WHEN 'Lowest' THEN 'wont' ELSE 'could' END AS moscow,
    blocked_by AS depends_on,
    CASE state WHEN 'done' THEN 'released' WHEN 'stopped' THEN 'dropped' WHEN 'proposed' THEN 'planned' ELSE 'building' END AS state
FROM issues
CROSS JOIN terms
WHERE type = 'Story';

-- People are in raw/teams.csv, the same for each of the next twelve months.
CREATE VIEW team_capacity AS
SELECT
    "Team" AS team,
    strftime(DATE '2026-01-01' + to_months(CAST(ahead AS INTEGER)), '%Y-%m') AS month,
    "Person-months a month" AS person_months
FROM 'raw/teams.csv', generate_series(0, 11) AS months(ahead)
ORDER BY team, month;
