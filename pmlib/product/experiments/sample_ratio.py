"""Did both arms get the visitors they were to get? If not, no effect of the experiment can be read."""

from __future__ import annotations

from numbers import Integral

from pmlib.errors import ParameterError
from pmlib.product.experiments.proportions import as_share

#: Below this the split is no accident. Far below 5 %: the check runs on every experiment, and an alarm voids it.
ALARM = 0.001


def mismatch_p(control: int, treatment: int, *, planned_share: float = 0.5) -> float:
    """Chance of a split as uneven or more so when visitors went to the arms as planned: the exact binomial test.

    Parameters
    ----------
    control, treatment : int
        Visitors of each arm.
    planned_share : float
        Share of visitors that treatment was to get, above 0 and below 1.

    Raises
    ------
    ParameterError
        A count is negative, or the share is none.

    References
    ----------
    Fabijan et al. (2019), Diagnosing sample ratio mismatch in online controlled experiments, KDD.

    Examples
    --------
    >>> f"{mismatch_p(821_588, 815_482):.1e}"
    '1.8e-06'
    """
    from scipy import stats

    planned = as_share("planned_share", planned_share, use=0.5)
    if not all(isinstance(one, Integral) and one >= 0 for one in (control, treatment)):
        raise ParameterError(
            f"visitors: got {control!r} and {treatment!r}, allowed whole numbers, 0 or more. Check new_users."
        )
    if control + treatment == 0:
        return 1.0
    return float(stats.binomtest(treatment, control + treatment, planned).pvalue)
