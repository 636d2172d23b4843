"""Conjugate updates of Gelman, Carlin, Stern, Dunson, Vehtari & Rubin (2013), Bayesian Data Analysis, 3rd edition."""

from __future__ import annotations

# Section 2.4, girls among births with placenta previa.
GIRLS, BIRTHS = 437, 980

# Table 2.1: prior mean, a + b of the prior, posterior median, 95 % interval.
PLACENTA_PREVIA = (
    (0.500, 2, 0.446, 0.415, 0.477), (0.485, 2, 0.446, 0.415, 0.477), (0.485, 5, 0.446, 0.415, 0.477),
    (0.485, 10, 0.446, 0.415, 0.477), (0.485, 20, 0.447, 0.416, 0.478), (0.485, 100, 0.450, 0.420, 0.479),
    (0.485, 200, 0.453, 0.424, 0.481),
)

# Exercise 2.8: weights of students, mean 150 of n with a standard deviation of 20, prior normal (180, 40);
# n and the 95 % posterior interval of the mean, whole pounds, as in the authors' solutions.
WEIGHTS = {"prior": (180.0, 40.0), "mean": 150.0, "sd": 20.0}
INTERVALS = ((10, 138, 163), (100, 146, 154))
