"""Examples and limits of the Herfindahl-Hirschman index in publications of the United States' agencies.

Example of four firms: U.S. Department of Justice, Herfindahl-Hirschman Index (web page of the Antitrust Division).
Limits: U.S. Department of Justice and Federal Trade Commission, Horizontal Merger Guidelines (2010), section 5.3, and
Merger Guidelines (2023), guideline 1.
"""

from __future__ import annotations

#: Shares in percent and the index they give.
FOUR_FIRMS = ([30.0, 30.0, 20.0, 20.0], 2_600.0)
MONOPOLY = ([100.0], 10_000.0)
#: A merger of firms with 5 and 10 percent raises the index by twice the product.
RISE = ((5.0, 10.0), 100.0)
#: Index, class of 2010, class of 2023.
CLASSES = [
    (1_499.0, "unconcentrated", "not highly concentrated"),
    (1_500.0, "moderately concentrated", "not highly concentrated"),
    (1_800.0, "moderately concentrated", "not highly concentrated"),
    (1_801.0, "moderately concentrated", "highly concentrated"),
    (2_500.0, "moderately concentrated", "highly concentrated"),
    (2_501.0, "highly concentrated", "highly concentrated"),
]
