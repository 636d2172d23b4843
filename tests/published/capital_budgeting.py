"""Selections of projects within several budgets whose best value is published.

Petersen 1967, Computational experience with variants of the Balas algorithm applied to the selection of R&D projects,
Management Science 13(9), 736-750: problem 1, six projects and ten resources, best value 3,800. Weingartner & Ness 1967,
Methods for the solution of the multidimensional 0/1 knapsack problem, Operations Research 15(1), 83-103: problem 1, 28
projects and budgets in two periods, best value 141,278. Both as in Beasley's OR-Library (mknap1, mknap2).
"""

from __future__ import annotations

PETERSEN_VALUE = [100.0, 600.0, 1200.0, 2400.0, 500.0, 2000.0]
#: Need of every project (columns) of every resource (rows).
PETERSEN_NEED = [
    [8, 12, 13, 64, 22, 41], [8, 12, 13, 75, 22, 41], [3, 6, 4, 18, 6, 4], [5, 10, 8, 32, 6, 12],
    [5, 13, 8, 42, 6, 20], [5, 13, 8, 48, 6, 20], [0, 0, 0, 0, 8, 0], [3, 0, 4, 0, 8, 0], [3, 2, 4, 0, 8, 4],
    [3, 2, 4, 8, 8, 4],
]
PETERSEN_THERE = [80.0, 96.0, 20.0, 36.0, 44.0, 48.0, 10.0, 18.0, 22.0, 24.0]
PETERSEN_BEST = 3_800.0

WEINGARTNER_VALUE = [
    1898, 440, 22507, 270, 14148, 3100, 4650, 30800, 615, 4975, 1160, 4225, 510, 11880, 479, 440, 490, 330, 110, 560,
    24355, 2885, 11748, 4550, 750, 3720, 1950, 10500,
]
#: Cost of every project in the first and in the second period.
WEINGARTNER_COST = [
    [45, 0, 85, 150, 65, 95, 30, 0, 170, 0, 40, 25, 20, 0, 0, 25, 0, 0, 25, 0, 165, 0, 85, 0, 0, 0, 0, 100],
    [30, 20, 125, 5, 80, 25, 35, 73, 12, 15, 15, 40, 5, 10, 10, 12, 10, 9, 0, 20, 60, 40, 50, 36, 49, 40, 19, 150],
]
WEINGARTNER_BUDGET = [600.0, 600.0]
WEINGARTNER_BEST = 141_278.0
