"""Kendall's W: how far several assessors order the same projects alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from pmlib.scoring.values import FloatArray

_FEWEST = 2


class Concordance(NamedTuple):
    """Kendall's W of one criterion: all NaN only where ``reason`` says why it is not measurable."""

    n: int
    w: float
    chi_square: float
    p_value: float
    reason: str


def concordance(levels: FloatArray) -> Concordance:
    """Measure how far several assessors order the same projects alike.

    Parameters
    ----------
    levels : ndarray of shape (n_projects, n_assessors)
        Answers in any unit; only their order counts. Projects that somebody did not judge are left out.

    Returns
    -------
    Concordance
        W from 0 (no common order) to 1 (the same order), corrected for ties, and its chi-square test with
        n - 1 degrees of freedom (an approximation; rough under about 8 projects).

    References
    ----------
    Kendall & Babington Smith (1939), Annals of Mathematical Statistics 10; Siegel & Castellan (1988),
    Nonparametric Statistics for the Behavioral Sciences, section 9.4.

    Examples
    --------
    >>> concordance(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]])).w
    1.0
    """
    from scipy import special

    complete = levels[~np.isnan(levels).any(axis=1)]
    n, m = complete.shape
    for count, what in ((m, "assessor"), (n, "project")):
        if count < _FEWEST:
            found = f"{count} {what}{'' if count == 1 else 's'}{' judged by all' if what == 'project' else ''}"
            return Concordance(n, np.nan, np.nan, np.nan, f"{found}, needed {_FEWEST}")
    order = pd.DataFrame(complete).rank()
    ties = sum(int((counts**3 - counts).sum()) for counts in (order[a].value_counts() for a in order))
    most = m * m * (n**3 - n) - m * ties
    if most == 0:
        return Concordance(n, np.nan, np.nan, np.nan, "every assessor gives all projects the same level")
    sums = order.sum(axis=1).to_numpy()
    w = float(12 * ((sums - sums.mean()) ** 2).sum() / most)
    chi_square = m * (n - 1) * w
    return Concordance(n, w, chi_square, float(special.chdtrc(n - 1, chi_square)), "")
