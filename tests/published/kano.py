"""Figures of the Kano literature.

C. Berger et al. (1993), Kano's methods for understanding customer-defined quality, Center for Quality of Management
Journal 2(4): the evaluation table, rows functional, columns dysfunctional, each like, must-be, neutral, live with,
dislike.

E. Sauerwein, F. Bailom, K. Matzler & H. H. Hinterhuber (1996), The Kano model: how to delight your customers, IX.
International Working Seminar on Production Economics, Innsbruck, 313-327: ski, answers by class in percent, and the
coefficients of satisfaction and dissatisfaction to two digits.
"""

from __future__ import annotations

BERGER_EVALUATION = (
    ("Q", "A", "A", "A", "O"),
    ("R", "I", "I", "I", "M"),
    ("R", "I", "I", "I", "M"),
    ("R", "I", "I", "I", "M"),
    ("R", "R", "R", "R", "Q"),
)
#: Percent of the answers in the order M, O, A, I, R, Q; better; worse; class.
SAUERWEIN_SKI = {
    "edge grip": ((49.3, 32.3, 7.0, 9.5, 0.3, 1.5), 0.40, -0.83, "M"),
    "ease of turn": ((30.5, 45.1, 10.4, 11.5, 1.2, 1.2), 0.57, -0.78, "O"),
    "service": ((2.9, 21.6, 63.8, 8.5, 0.7, 2.5), 0.88, -0.25, "A"),
}
