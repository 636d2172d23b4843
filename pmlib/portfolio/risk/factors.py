"""Common causes: how the uncertain numbers of different projects move together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Real

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats, Ints

#: What is uncertain of a project, in the order of the series.
QUANTITIES = ("benefit_pv_k", "cost_k", "months", "p_success")
MARKET = "market"


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """How strongly projects share their luck: correlations of the normal scores behind every number (0-1).

    Costs and months of one project share what their programme and their causes explain, .4 by default.

    Attributes
    ----------
    programme : float
        Between costs and months of projects of one programme.
    success : float
        Between successes of projects of one programme; where its costs run high, successes are rarer.
    product : float
        Between benefits of projects that serve one product.
    market : float
        Between the benefits of all projects.
    causes : float
        Between costs and months of projects whose risks name the same factors of the register.
    risks : float
        Between happenings of risks that name one factor.

    Raises
    ------
    ParameterError
        A correlation lies outside 0-1, or those of one number add up to more than 1.

    Examples
    --------
    >>> Correlation(programme=0.5).product
    0.2
    """

    programme: float = 0.3
    success: float = 0.1
    product: float = 0.2
    market: float = 0.1
    causes: float = 0.1
    risks: float = 0.2

    def __post_init__(self) -> None:
        for field in fields(self):
            got = getattr(self, field.name)
            if isinstance(got, bool) or not isinstance(got, Real) or not 0.0 <= float(got) <= 1.0:
                raise ParameterError(f"{field.name}: got {got!r}, allowed a correlation from 0 to 1. Set another value "
                                     "or leave it out.")
        for one, other, of in (("programme", "causes", "costs"), ("product", "market", "benefits")):
            total = getattr(self, one) + getattr(self, other)
            if total > 1.0:
                raise ParameterError(f"{one}, {other}: add up to {total:g}, allowed 1, all that can be shared by {of}. "
                                     "Lower one of them.")


DEFAULT = Correlation()
#: Every project and every risk on its own: what is often assumed, and makes a plan look safer than it is.
INDEPENDENT = Correlation(programme=0.0, success=0.0, product=0.0, market=0.0, causes=0.0, risks=0.0)


def as_correlation(got: object) -> Correlation:
    """Take correlations from the caller; none: the usual ones.

    Raises
    ------
    ParameterError
        It is something else.
    """
    if got is not None and not isinstance(got, Correlation):
        raise ParameterError(f"correlation: got {type(got).__name__}, allowed a Correlation. Pass INDEPENDENT or "
                             "Correlation(programme=0.3).")
    return DEFAULT if got is None else got


@dataclass(frozen=True, eq=False, kw_only=True)
class FactorModel:
    """Normal scores as a few common factors and a rest of their own, all independent.

    Attributes
    ----------
    names : tuple of str
        Factors: the market, one per programme and product, one per factor of the register.
    series, factor : int arrays of shape (n_loadings,)
        Positions of a series and of a factor it loads on, by series.
    loading : float array of shape (n_loadings,)
    own : float array of shape (n_series,)
        Loading on what is its own; squares of a row add up to 1.
    """

    names: tuple[str, ...]
    series: Ints
    factor: Ints
    loading: Floats
    own: Floats

    def scores(self, factors: Floats, own: Floats) -> Floats:
        """Give standard normal scores that share their factors, in place of ``own``.

        Parameters
        ----------
        factors : ndarray of shape (n_factors, n_draws)
        own : ndarray of shape (n_series, n_draws)
            Independent standard normals; overwritten.
        """
        own *= self.own[:, None]
        for series, factor, loading in zip(self.series, self.factor, self.loading, strict=True):
            own[series] += loading * factors[factor]
        return own

    def matrix(self) -> Floats:
        """Correlations of the scores, shape (n_series, n_series)."""
        shared = np.zeros((len(self.own), len(self.names)))
        shared[self.series, self.factor] = self.loading
        return np.asarray(shared @ shared.T + np.diag(self.own**2))


def factor_model(projects: pd.DataFrame, risks: pd.DataFrame, correlation: Correlation) -> FactorModel:
    """Say which common factors every number of every project, and every risk, hangs on.

    Parameters
    ----------
    projects : DataFrame
        project_id; programme_id and product_id where there are any.
    risks : DataFrame
        project_id, factor (empty: none).
    correlation : Correlation

    Returns
    -------
    FactorModel
        Series: benefit, cost, months, success of the first project, of the second, ..., then the risks.
    """
    loads: list[tuple[int, str, float]] = []
    n = len(QUANTITIES)
    causes = _causes(risks)
    for place, row in enumerate(projects.to_dict("records")):
        benefit, cost, months, success = (n * place + k for k in range(n))
        programme, product = (_named(kind, row.get(f"{kind}_id")) for kind in ("programme", "product"))
        named = causes.get(row["project_id"], [])
        loads += [(benefit, MARKET, correlation.market), (benefit, product, correlation.product)]
        loads += [(series, programme, correlation.programme) for series in (cost, months)]
        loads += [(series, cause, correlation.causes / len(named)) for series in (cost, months) for cause in named]
        loads.append((success, programme, -correlation.success))
    first = n * len(projects)
    loads += [(first + place, _cause(name), correlation.risks) for place, name in enumerate(risks["factor"])]
    return _assembled([load for load in loads if load[1] and load[2]], first + len(risks))


def _named(kind: str, name: object) -> str:
    """Name of a factor; empty where the cell is (a missing text is no str)."""
    return f"{kind} {name}" if isinstance(name, str) and name else ""


def _cause(name: object) -> str:
    return _named("risk", name)


def _causes(risks: pd.DataFrame) -> dict[str, list[str]]:
    """Factors that the risks of every project name."""
    named = risks.assign(cause=[_cause(name) for name in risks["factor"]])
    named = named[named["cause"] != ""].sort_values("cause", kind="stable")
    return {str(name): list(dict.fromkeys(group)) for name, group in named.groupby("project_id")["cause"]}


def _assembled(loads: Sequence[tuple[int, str, float]], n_series: int) -> FactorModel:
    names = tuple(sorted({name for _, name, _ in loads}))
    place = {name: k for k, name in enumerate(names)}
    shared = np.zeros(n_series)
    series = np.array([load[0] for load in loads], dtype=np.int64)
    share = np.array([load[2] for load in loads], dtype=float)
    np.add.at(shared, series, np.abs(share))
    return FactorModel(
        names=names, series=series, factor=np.array([place[name] for _, name, _ in loads], dtype=np.int64),
        loading=np.sign(share) * np.sqrt(np.abs(share)), own=np.sqrt(np.maximum(1.0 - shared, 0.0)),
    )


def normal_score(chance: Floats) -> Floats:
    """Find the standard normal score that is not passed with this chance (0-1): -infinity for 0, infinity for 1."""
    from scipy.special import ndtri

    return np.asarray(ndtri(chance), dtype=float)


def covariance_of_happening(chance: Floats, *, correlation: float) -> Floats:
    """How much oftener two risks happen together than if they were independent, shape (n, n); 0 on the diagonal.

    ``P(both) - p q`` is the bivariate normal density integrated over its correlation (Plackett), here over the angle
    whose sine it is, by Gauss-Legendre with 48 nodes.

    Parameters
    ----------
    chance : float array of shape (n,)
        Chance that each happens, 0-1.
    correlation : float
        Of the normal scores behind the happenings, 0-1.

    References
    ----------
    Plackett (1954), Biometrika 41; Genz (2004), Statistics and Computing 14.

    Examples
    --------
    >>> float(covariance_of_happening(np.array([0.5, 0.5]), correlation=0.5)[0, 1].round(6))
    0.083333
    """
    score = normal_score(chance)
    open_, covariance = np.isfinite(score), np.zeros((len(chance), len(chance)))
    h = score[open_][:, None, None]
    k = np.moveaxis(h, 0, 1)
    nodes, weights = np.polynomial.legendre.leggauss(48)
    end = math.asin(correlation)
    angle = end * (nodes + 1.0) / 2.0
    together = np.exp(-(h**2 + k**2 - 2.0 * h * k * np.sin(angle)) / (2.0 * np.cos(angle) ** 2))
    covariance[np.ix_(open_, open_)] = (together * weights).sum(axis=2) * end / (4.0 * math.pi)
    np.fill_diagonal(covariance, 0.0)
    return covariance
