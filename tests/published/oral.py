"""R&D proposals of the Turkish iron and steel industry: Oral, Kettani & Lang 1991.

A methodology for collective evaluation and selection of industrial R&D projects, Management Science 37(7), 871-885;
the numbers as re-used by Lim & Zhu 2015, DEA cross-efficiency under variable returns to scale, Journal of the
Operational Research Society 66, 476-487. Budget asked for and five contributions by project; of the 2,515.6 asked for
there is 1,000.

The papers choose by data envelopment, each in its own way. The best sum of the five contributions is none of their
figures: it was worked out by dynamic programming over tenths of the budget, and a test does so again.
"""

from __future__ import annotations

import pandas as pd

BUDGET = 1_000.0
PROPOSALS = pd.DataFrame(
    [
        ["P01", 84.2, 67.53, 70.82, 62.64, 44.91, 46.28],
        ["P02", 90.0, 58.94, 62.86, 57.47, 42.84, 45.64],
        ["P03", 50.2, 22.27, 9.68, 6.73, 10.99, 5.92],
        ["P04", 67.5, 47.32, 47.05, 21.75, 20.82, 19.64],
        ["P05", 75.4, 48.96, 48.48, 34.9, 32.73, 26.21],
        ["P06", 90.0, 58.88, 77.16, 35.42, 29.11, 26.08],
        ["P07", 87.4, 50.1, 58.2, 36.12, 32.46, 18.9],
        ["P08", 88.8, 47.46, 49.54, 46.89, 24.54, 36.35],
        ["P09", 95.9, 55.26, 61.09, 38.93, 47.71, 29.47],
        ["P10", 77.5, 52.4, 55.09, 53.45, 19.52, 46.57],
        ["P11", 76.5, 55.13, 55.54, 55.13, 23.36, 46.31],
        ["P12", 47.5, 32.09, 34.04, 33.57, 10.6, 29.36],
        ["P13", 58.5, 27.49, 39.0, 34.51, 21.25, 25.74],
        ["P14", 95.0, 77.17, 83.35, 60.01, 41.37, 51.91],
        ["P15", 83.8, 72.0, 68.32, 25.84, 36.64, 25.84],
        ["P16", 35.4, 39.74, 34.54, 38.01, 15.79, 33.06],
        ["P17", 32.1, 38.5, 28.65, 51.18, 59.59, 48.82],
        ["P18", 46.7, 41.23, 47.18, 40.01, 10.18, 38.86],
        ["P19", 78.6, 53.02, 51.34, 42.48, 17.42, 46.3],
        ["P20", 54.1, 19.91, 18.98, 25.49, 8.66, 27.04],
        ["P21", 74.4, 50.96, 53.56, 55.47, 30.23, 54.72],
        ["P22", 82.1, 53.36, 46.47, 49.72, 36.53, 50.44],
        ["P23", 75.6, 61.6, 66.59, 64.54, 39.1, 51.12],
        ["P24", 92.3, 52.56, 55.11, 57.58, 39.69, 56.49],
        ["P25", 68.5, 31.22, 29.84, 33.08, 13.27, 36.75],
        ["P26", 69.3, 54.64, 58.05, 60.03, 31.16, 46.71],
        ["P27", 57.1, 50.4, 53.58, 53.06, 26.68, 48.85],
        ["P28", 80.0, 30.76, 32.45, 36.63, 25.45, 34.79],
        ["P29", 72.0, 48.97, 54.97, 51.52, 23.02, 45.75],
        ["P30", 82.9, 59.68, 63.78, 54.8, 15.94, 44.04],
        ["P31", 44.6, 48.28, 55.58, 53.3, 7.61, 36.74],
        ["P32", 54.5, 39.78, 51.69, 35.1, 5.3, 29.57],
        ["P33", 52.7, 24.93, 29.72, 28.72, 8.38, 23.45],
        ["P34", 28.0, 22.32, 33.12, 18.94, 4.03, 9.58],
        ["P35", 36.0, 48.83, 53.41, 40.82, 10.45, 33.72],
        ["P36", 64.1, 61.45, 70.22, 58.26, 19.53, 49.33],
        ["P37", 66.4, 57.78, 72.1, 43.83, 16.14, 31.32],
    ],
    columns=["project", "budget", "indirect economic", "direct economic", "technical", "social", "scientific"],
).set_index("project")
#: Largest sum of all contributions within the budget, what it costs, and its projects.
BEST, BEST_COST = 3_704.50, 997.4
BEST_PROJECTS = (
    "P01", "P02", "P14", "P16", "P17", "P18", "P21", "P23", "P26", "P27", "P29", "P31", "P32", "P35", "P36", "P37",
)
