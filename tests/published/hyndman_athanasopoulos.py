"""Forecast accuracy of plain methods for Australian beer production.

Hyndman & Athanasopoulos (2018), Forecasting: Principles and Practice, 2nd edition, section 3.4: quarters of 1992 to
2007 forecast those of 2008 to the second of 2010.
"""

#: Megalitres by quarter, from the first of 1992 to the second of 2010.
BEER = (
    443, 410, 420, 532, 433, 421, 410, 512, 449, 381, 423, 531, 426, 408, 416, 520,
    409, 398, 398, 507, 432, 398, 406, 526, 428, 397, 403, 517, 435, 383, 424, 521,
    421, 402, 414, 500, 451, 380, 416, 492, 428, 408, 406, 506, 435, 380, 421, 490,
    435, 390, 412, 454, 416, 403, 408, 482, 438, 386, 405, 491, 427, 383, 394, 473,
    420, 390, 410, 488, 415, 398, 419, 488, 414, 374,
)  # fmt: skip
TRAINED_ON = 64

#: Method: mean absolute error, mean absolute scaled error, as printed.
ACCURACY = {"mean": (34.83, 2.44), "naive": (57.40, 4.01), "seasonal naive": (13.40, 0.94)}
