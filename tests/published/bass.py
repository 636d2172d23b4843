"""First sales of three durables in the United States, thousands a year, and Bass's curve fitted to them.

Sales: Bass, F. M. (1969), A new product growth for model consumer durables, Management Science 15(5), 215-227, and as
used by Srinivasan and Mason. Fits by nonlinear least squares: Srinivasan, V. and Mason, C. H. (1986), Nonlinear least
squares estimation of new product diffusion models, Marketing Science 5(2), 169-178; m in millions.
"""

from __future__ import annotations

SALES = {
    "room air conditioners": [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500],
    "color televisions": [747, 1480, 2646, 5118, 5777, 5982, 5962, 4631],
    "clothes dryers": [106, 319, 492, 635, 737, 890, 1397, 1523, 1294, 1240, 1425, 1260, 1236],
}
#: First year of each series.
SINCE = {"room air conditioners": 1949, "color televisions": 1963, "clothes dryers": 1949}
#: p, q (a year) and m (million).
FITS = {
    "room air conditioners": (0.0094, 0.3748, 18.71),
    "color televisions": (0.0185, 0.6159, 39.66),
    "clothes dryers": (0.0136, 0.3267, 16.50),
}
