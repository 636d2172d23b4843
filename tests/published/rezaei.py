"""Figures of Rezaei.

J. Rezaei (2016), Best-worst multi-criteria decision-making method: some properties and a linear model, Omega 64,
126-130: the comparisons of a transport company (three criteria) and of a car buyer (five criteria).
The weights beside them are not the paper's print: they are the optimum of its linear model, worked out a second
time with HiGHS, and for the car, whose comparisons agree, by hand (others to worst over their sum).
"""

from __future__ import annotations

TRANSPORT = {
    "best": "cost", "worst": "load flexibility",
    "best_to_others": {"load flexibility": 8, "accessibility": 2, "cost": 1},
    "others_to_worst": {"load flexibility": 1, "accessibility": 5, "cost": 8},
}  # fmt: skip
TRANSPORT_WEIGHTS = {"load flexibility": 0.0714, "accessibility": 0.3214, "cost": 0.6071}
TRANSPORT_KSI = 0.0357

CAR = {
    "best": "price", "worst": "style",
    "best_to_others": {"quality": 2, "price": 1, "comfort": 4, "safety": 2, "style": 8},
    "others_to_worst": {"quality": 4, "price": 8, "comfort": 2, "safety": 4, "style": 1},
}  # fmt: skip
CAR_WEIGHTS = {"quality": 0.2105, "price": 0.4211, "comfort": 0.1053, "safety": 0.2105, "style": 0.0526}
