"""Thirteen trials of the BCG vaccine, pooled with the moment estimate of the variance between them.

Trials: Colditz et al. (1994), Journal of the American Medical Association 271, 698-702. Pooled figures: Viechtbauer
(2010), Conducting meta-analyses in R with the metafor package, Journal of Statistical Software 36(3), method "DL".
"""

from __future__ import annotations

#: vaccinated with and without tuberculosis, not vaccinated with and without.
TRIALS = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]
#: Mean logarithm of the relative risk, and variance between trials.
POOLED_LOG_RISK, BETWEEN = -0.7141, 0.3088
