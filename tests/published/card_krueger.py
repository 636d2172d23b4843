"""Card & Krueger (1994), Minimum wages and employment, American Economic Review 84, 772-793, table 3.

Full-time equivalent employment in fast-food stores: New Jersey raised its minimum wage in April 1992, Pennsylvania did
not. Means and standard errors before and after, and of the changes.
"""

from __future__ import annotations

BEFORE = {"New Jersey": (20.44, 0.51), "Pennsylvania": (23.33, 1.35)}
AFTER = {"New Jersey": (21.03, 0.52), "Pennsylvania": (21.17, 0.94)}
CHANGE = {"New Jersey": (0.59, 0.54), "Pennsylvania": (-2.16, 1.25)}
#: Printed; the rounded means give 2.75.
DIFFERENCE_IN_DIFFERENCES = (2.76, 1.36)
#: Stores in the survey.
STORES = {"New Jersey": 331, "Pennsylvania": 79}
