"""A mean from answers of unequal parts of those asked, each part given its true weight: bare array functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class PostStratified:
    """A weighted mean, how far the plain mean lies from it, and the variance of both.

    Attributes
    ----------
    mean, variance : float
        Weighted mean and its variance.
    gap, gap_variance : float
        Plain mean less weighted mean, and its variance.
    n_effective : float
        Answers of a simple random sample that equal weights would make as good (Kish).
    """

    mean: float
    variance: float
    gap: float
    gap_variance: float
    n_effective: float


def variance_of_outcomes(up: Floats, down: Floats, n: Floats, *, lowest: int) -> Floats:
    """Sample variance of answers that count +1, 0 or -1; never 0.

    Where all answers are alike, one at each end of the scale is added for it, as Bonett & Price (2012) do.

    Parameters
    ----------
    up, down, n : arrays of shape (n_bands,)
        Answers that count +1, answers that count -1, and all answers (2 or more).
    lowest : int
        What the worst answer counts: -1 for NPS, 0 for top boxes.

    Examples
    --------
    >>> up, down, n = np.array([2.0, 4.0]), np.array([0.0, 0.0]), np.array([4.0, 4.0])
    >>> variance_of_outcomes(up, down, n, lowest=0).round(3).tolist()
    [0.333, 0.167]
    """
    alike = (up + down - (up - down) ** 2 / n <= 0).astype(np.float64)
    up, down, n = up + alike, down - lowest * alike, n + 2 * alike
    return np.asarray((up + down - (up - down) ** 2 / n) / (n - 1))


def post_stratify(means: Floats, variances: Floats, *, n: Floats, asked: Floats) -> PostStratified:
    """Weight the means of bands by how many were asked in each.

    The variance is ``sum(W**2 * s**2 / n) + sum(W * (mean - weighted)**2) / asked``: the answers within each band, and
    those asked as a sample of all customers. No finite-population factor: the answers stand for customers who
    were not asked too. The bands' numbers of answers are taken as given.

    Parameters
    ----------
    means, variances : arrays of shape (n_bands,)
        Mean and sample variance of the answers in each band.
    n, asked : arrays of shape (n_bands,)
        Answers and invitations in each band.

    References
    ----------
    Holt & Smith (1979), JRSS A 142 (post-stratification given the numbers). Cochran (1977), Sampling Techniques,
    ch. 12 (double sampling for stratification). Kish (1965), Survey Sampling, section 11.7 (effective number).

    Examples
    --------
    >>> means, asked = np.array([0.8, 0.2]), np.array([100.0, 300.0])
    >>> weighted = post_stratify(means, np.array([0.2, 0.2]), n=np.array([50.0, 50.0]), asked=asked)
    >>> round(weighted.mean, 3), round(weighted.gap, 3), round(weighted.n_effective)
    (0.35, 0.15, 80)
    """
    weight, answered = asked / asked.sum(), n / n.sum()
    mean, plain = float(weight @ means), float(answered @ means)
    chance_to_answer = answered @ ((1 - np.minimum(n / asked, 1)) * (means - plain) ** 2) / n.sum()
    return PostStratified(
        mean=mean,
        variance=float(weight**2 @ (variances / n) + weight @ (means - mean) ** 2 / asked.sum()),
        gap=plain - mean,
        gap_variance=float((answered - weight) ** 2 @ (variances / n) + chance_to_answer),
        n_effective=float(1 / np.sum(weight**2 / n)),
    )


def merge_small(n: Floats, asked: Floats, *, least: int) -> list[list[int]]:
    """Merge each band with too few answers into the one whose response rate is nearest, the smallest first.

    Returns
    -------
    list of lists of int
        Places of the bands that form each merged band, in their order.

    References
    ----------
    Little (1986), International Statistical Review 54: cells of equal response may be merged.

    Examples
    --------
    >>> merge_small(np.array([50.0, 3.0, 40.0]), np.array([100.0, 8.0, 400.0]), least=10)
    [[0, 1], [2]]
    """
    groups = [[j] for j in range(len(n))]
    while len(groups) > 1:
        answers = [float(n[group].sum()) for group in groups]
        smallest = int(np.argmin(answers))
        if answers[smallest] >= least:
            break
        rates = np.array([total / float(asked[group].sum()) for total, group in zip(answers, groups, strict=True)])
        apart = np.abs(rates - rates[smallest])
        apart[smallest] = np.inf
        nearest = int(np.argmin(apart))
        groups[nearest] = sorted(groups[nearest] + groups[smallest])
        del groups[smallest]
    return sorted(groups)
