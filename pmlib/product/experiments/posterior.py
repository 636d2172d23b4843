"""How likely treatment is the better one, and what choosing it would lose if it is not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmlib.errors import ParameterError

Floats = npt.NDArray[np.float64]
_NODES = 200
#: Chance left outside the range that is integrated over, at either end.
_TAIL = 1e-14


def chance_better(hits: npt.ArrayLike, n: npt.ArrayLike, *, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """How likely the true share of treatment is above that of control.

    Each share has the same prior Beta(a, b), by default uniform, so its posterior is Beta(a + hits, b + n - hits).
    P(treatment > control) is integrated to ten digits, not drawn.

    Parameters
    ----------
    hits, n : arrays of shape (2,), control first
        Those who converted, and all.
    prior : pair of float
        a and b of the Beta prior of either arm, 0.5 or more (0.5, 0.5 is Jeffreys').

    Raises
    ------
    ParameterError
        The prior is below 0.5, or hits lie outside 0 to n.

    References
    ----------
    Gelman et al. (2013), Bayesian Data Analysis, ch. 2. Miller (2015), Formulas for Bayesian A/B testing.

    Examples
    --------
    >>> round(chance_better([400, 460], [4000, 4000]), 3)
    0.985
    """
    control, treatment = _posteriors(hits, n, prior)
    return _above(treatment, control)


def expected_loss(hits: npt.ArrayLike, n: npt.ArrayLike, *, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Share of visitors lost on average by choosing treatment, counting only the case that control is better.

    Parameters
    ----------
    hits, n : arrays of shape (2,), control first
        Those who converted, and all.
    prior : pair of float
        a and b of the Beta prior of either arm, 0.5 or more.

    Returns
    -------
    float
        E[max(control - treatment, 0)], 0-1.

    Raises
    ------
    ParameterError
        The prior is below 0.5, or hits lie outside 0 to n.

    Examples
    --------
    >>> f"{100 * expected_loss([400, 460], [4000, 4000]):.4f} pp"
    '0.0037 pp'
    """
    control, treatment = _posteriors(hits, n, prior)
    # E[C; C > T] = E[C] P(C' > T), where C' is C after one more conversion; the same for T.
    gain = _mean(control) * _above(_one_more(control), treatment)
    cost = _mean(treatment) * (1 - _above(_one_more(treatment), control))
    return max(0.0, gain - cost)


def _above(one: tuple[float, float], other: tuple[float, float]) -> float:
    """P(one > other) of two Beta variables, by quadrature in arcsin sqrt(share), where both are smooth."""
    from scipy import special

    ends = np.arcsin(np.sqrt(special.betaincinv(*one, [_TAIL, 1 - _TAIL])))
    nodes, weights = special.roots_legendre(_NODES)
    half = (ends[1] - ends[0]) / 2
    angle = ends[0] + half * (nodes + 1)
    a, b = one
    density = np.log(2) + (2 * a - 1) * np.log(np.sin(angle)) + (2 * b - 1) * np.log(np.cos(angle))
    mass = half * weights * np.exp(density - special.betaln(a, b))
    return float(np.clip(mass @ special.betainc(*other, np.sin(angle) ** 2), 0.0, 1.0))


def _posteriors(
    hits: npt.ArrayLike, n: npt.ArrayLike, prior: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    a, b = prior
    if not (np.isfinite([a, b]).all() and min(a, b) >= 0.5):  # noqa: PLR2004 - Jeffreys' prior
        raise ParameterError(f"prior: got {prior}, allowed two numbers of 0.5 or more. Use (1, 1) for a uniform one.")
    (xc, xt), (nc, nt) = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    if not (0 <= xc <= nc and 0 <= xt <= nt):
        raise ParameterError(f"hits: got {xc:g} of {nc:g} and {xt:g} of {nt:g}, allowed 0 to n. Check conversions.")
    return (a + xc, b + nc - xc), (a + xt, b + nt - xt)


def _one_more(beta: tuple[float, float]) -> tuple[float, float]:
    return beta[0] + 1, beta[1]


def _mean(beta: tuple[float, float]) -> float:
    return beta[0] / sum(beta)
