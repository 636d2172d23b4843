"""Figures of Diakoulaki, Mavrotas & Papayannakis.

D. Diakoulaki, G. Mavrotas & L. Papayannakis (1995), Determining objective weights in multiple criteria problems: the
CRITIC method, Computers & Operations Research 22, 763-770: eight Greek pharmaceutical firms on profitability,
market share and productivity, all to maximise. The shares to eight digits are those that the tests of scikit-criteria
(BSD-3-Clause) expect for this table.
"""

from __future__ import annotations

FIRMS = [
    [61.0, 1.08, 4.33],
    [20.7, 0.26, 4.34],
    [16.3, 1.98, 2.53],
    [9.0, 3.29, 1.65],
    [5.4, 2.77, 2.33],
    [4.0, 4.12, 1.21],
    [-6.1, 3.52, 2.10],
    [-34.6, 3.31, 0.98],
]
FIRMS_CRITERIA = ["profitability", "market share", "productivity"]
FIRMS_CRITIC = [0.20222554, 0.48090173, 0.31687273]
