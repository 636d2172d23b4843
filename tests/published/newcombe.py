"""Newcombe (1998), Interval estimation for the difference between independent proportions.

Statistics in Medicine 17, 873-890, table II: 95 % intervals of method 10 (score, no continuity correction).
"""

from __future__ import annotations

#: (hits and size of the first sample, of the second, low, high) of the first less the second.
SCORE_INTERVALS = (
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0000),
    ((10, 10), (0, 10), 0.6075, 1.0000),
)
