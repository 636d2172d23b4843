"""How easy customers had it: a customer effort score whose good end is declared."""

from __future__ import annotations

from enum import StrEnum
from numbers import Integral

import pandas as pd

from pmlib.errors import ParameterError
from pmlib.product.estimate import Estimate
from pmlib.product.satisfaction import customer_satisfaction


class EasyEnd(StrEnum):
    """Which end of the scale is good: the two questions in use point in opposite directions."""

    HIGH = "high"
    LOW = "low"


def customer_effort(answers: pd.Series, *, scale_max: int, easy: EasyEnd) -> Estimate:
    """Share of answers in the two boxes that say it was easy, with Wilson's interval.

    Parameters
    ----------
    answers : Series of shape (n_answers,), whole numbers 1 to ``scale_max``
        Missing answers are dropped and counted in ``Estimate.n_missing``.
    scale_max : int
        Top of the scale, 3 to 10 points.
    easy : EasyEnd
        ``high`` where the question is agreement with "made it easy for me" (1-7, since 2013: the boxes are 6 and 7;
        some count 5 too); ``low`` where it is "how much effort did you have to put forth" (1-5, 2010: boxes 1 and 2).

    Raises
    ------
    ScaleError
        An answer lies outside 1 to ``scale_max``, or the scale has fewer than 3 points.
    ParameterError
        ``easy`` is neither high nor low.

    References
    ----------
    Dixon, Freeman & Toman (2010), HBR 88(7/8) (effort). Dixon, Toman & DeLisi (2013), The Effortless Experience (ease).

    Examples
    --------
    >>> customer_effort(pd.Series([1, 2, 2, 5]), scale_max=5, easy=EasyEnd.LOW).value
    0.75
    """
    if easy not in list(EasyEnd):
        raise ParameterError(
            f"easy: got {easy!r}, allowed high or low. Say which end of the scale means little effort."
        )
    if not isinstance(scale_max, Integral):
        raise ParameterError(f"scale_max: got {scale_max!r}, allowed a whole number from 3 to 10. Use 5 or 7.")
    turned = answers if easy == EasyEnd.HIGH else scale_max + 1 - answers
    return customer_satisfaction(turned, scale_max=scale_max)
