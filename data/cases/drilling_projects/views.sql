-- Million dollars become thousands. The efficiency is the book's, and no table of the workbook.
CREATE VIEW projects AS
SELECT project AS project_id, 'Drilling project ' || project AS name, 'proposed' AS state, cost_musd * 1000 AS bac_k
FROM 'raw/projects.csv';

CREATE VIEW scores AS
SELECT project AS project_id, 'market_size' AS objective_id, market_size_musd AS raw_level FROM 'raw/projects.csv'
UNION ALL SELECT project, 'compatibility', compatibility_1_10 FROM 'raw/projects.csv'
UNION ALL SELECT project, 'demand', demand FROM 'raw/projects.csv'
UNION ALL SELECT project, 'competition', competition_1_10 FROM 'raw/projects.csv';
