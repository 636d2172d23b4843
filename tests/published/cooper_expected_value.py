"""Expected commercial values of six projects of a ceramics company.

R. G. Cooper, S. J. Edgett & E. J. Kleinschmidt (2001), Portfolio Management for New Products, 2nd edition, Perseus,
chapter 3. Each value was worked out again by the book's formula and agrees to its one decimal.
"""

from __future__ import annotations

#: Name, present value, chance of technical and of commercial success, cost of development and of launch, and the
#: expected value; millions.
PROJECTS = [
    ("Alpha", 30.0, 0.80, 0.50, 3.0, 5.0, 5.0),
    ("Beta", 63.75, 0.50, 0.80, 5.0, 2.0, 19.5),
    ("Gamma", 8.62, 0.75, 0.75, 2.0, 1.0, 2.1),
    ("Delta", 3.0, 1.00, 1.00, 1.0, 0.5, 1.5),
    ("Echo", 50.0, 0.60, 0.75, 5.0, 3.0, 15.7),
    ("Foxtrot", 66.25, 0.50, 0.80, 10.0, 2.0, 15.5),
]
