"""Horngren, Datar and Foster: Cost Accounting, 11th edition (2003), exercise 14-24, Soda King.

Budget and actual of three drinks, at the budgeted contribution margin per unit; the sales-mix and sales-quantity
variances of its printed solution (exhibit 14-24), dollars; favourable above 0.
"""

from __future__ import annotations

#: drink: budgeted units, actual units, budgeted contribution margin per unit
SODA_KING: dict[str, tuple[int, int, float]] = {
    "Kola": (400_000, 480_000, 2.00),
    "Limor": (600_000, 900_000, 1.20),
    "Orlem": (1_500_000, 1_620_000, 2.50),
}
SALES_QUANTITY_VARIANCE: dict[str, int] = {"Kola": 160_000, "Limor": 144_000, "Orlem": 750_000}
SALES_MIX_VARIANCE: dict[str, int] = {"Kola": 0, "Limor": 216_000, "Orlem": -450_000}
SALES_VOLUME_VARIANCE = 820_000
