"""Where the methods disagree: the ranks of each feature side by side, and how far the methods agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.months import as_month
from pmlib.product.engine import Tables
from pmlib.product.features.backlog import read_backlog
from pmlib.product.features.kano import classify_features
from pmlib.product.features.moscow import CLASSES
from pmlib.product.features.ranges import stated_inputs
from pmlib.product.features.scores import INPUTS, LABELS, POSITIVE, Method, columns_of, plain_ranks, score
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_FEATURES = 4
_LOWEST = 0.75
_MOST_NAMED = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class MethodComparison:
    """How RICE, WSJF, opportunity and MoSCoW order the same features.

    Attributes
    ----------
    features : DataFrame
        One row per open feature, by product and RICE: ``product_id``, ``feature_id``, ``name``, ``rice_rank``,
        ``wsjf_rank``, ``opportunity_rank`` (within the product, from the single figures; empty where it has no score),
        ``moscow``, ``kano`` (empty where nobody was asked), ``n`` (features of the product), ``overlooked``: must or
        must-be, and yet in the lowest quarter by RICE.
    agreement : DataFrame
        ``product_id``, ``one``, ``other``, ``tau`` (Kendall's tau-b, -1 to 1; NaN under 4 features), ``n``.
    period : int
        Month the backlog is read at.
    """

    features: pd.DataFrame
    agreement: pd.DataFrame
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature."""
        return self.features.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the ranks by method of the first product, a line for each feature."""
        from pmlib.plots import features

        first = self.features["product_id"].iloc[:1]
        return features.method_ranks(self.features[self.features["product_id"].isin(first)], ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.features.empty:
            return {"–": "no open features"}
        taus = self._taus()
        ends = list(taus.values())
        spread = {f"{ends[0]:.2f} to {ends[-1]:.2f}": "Kendall's tau between methods"} if ends else {}
        return spread | {str(int(self.features["overlooked"].sum())): "musts in the lowest quarter by RICE"}

    def summary(self) -> str:
        """Return two sentences: how far the methods agree, and which musts RICE puts last."""
        if self.features.empty:
            return "No open features."
        return f"{counted(len(self.features), 'feature')}. {self._agree()}{self._warning()}"

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<MethodComparison: {self.summary()}>"

    def _taus(self) -> dict[str, float]:
        """Kendall's tau of each pair of methods, the median over products; the least first."""
        known = self.agreement.dropna(subset=["tau"])
        taus = known["tau"].groupby(known["one"] + " and " + known["other"]).median().sort_values()
        return {str(pair): float(tau) for pair, tau in taus.items()}

    def _agree(self) -> str:
        taus = list(self._taus().items())
        if not taus:
            return (f"Nothing to compare: that needs {_LEAST_FEATURES} features of a product that do not all "
                    "score alike.")  # fmt: skip
        (least, low), (most, high) = taus[0], taus[-1]
        over = " (median over products)" if self.features["product_id"].nunique() > 1 else ""
        told = f"is {low:.2f} ({least})" if len(taus) == 1 else f"runs from {low:.2f} ({least}) to {high:.2f} ({most})"
        return f"Kendall's tau between methods{over} {told}; 1 is the same order, 0 nothing in common."

    def _warning(self) -> str:
        missed = self.features[self.features["overlooked"]]
        if missed.empty:
            return ""
        named = [f"{row['feature_id']} {row['name']} ({row['rice_rank']} of {row['n']})"
                 for row in missed.head(_MOST_NAMED).to_dict("records")]  # fmt: skip
        more = len(missed) - len(named)
        return f" Must, and yet in the lowest quarter by RICE: {listed(named + ([f'{more} more'] if more else []))}."


def compare_methods(tables: Tables, *, period: int | str, product_id: str | None = None) -> MethodComparison:
    """Put the ranks of each open feature by RICE, WSJF and opportunity beside its MoSCoW and Kano classes.

    Parameters
    ----------
    tables : mapping
        ``features``; ``kano`` where there.
    period : int or str
        Month the backlog is read at.
    product_id : str, optional
        One product; all by default, each ranked by itself.

    Raises
    ------
    MissingTableError
        There are no features.
    SchemaError
        The features contradict themselves or a column is missing.
    ParameterError
        The product is unknown.

    References
    ----------
    Kendall (1945), Biometrika 33(3) (tau-b: ties count for neither order).
    """
    month = as_month(period)
    features = read_backlog(tables, columns=["moscow"], product_id=product_id).features
    scores = {method: _scores(tables, method, product_id) for method in Method}
    for method, points in scores.items():
        features[f"{method}_score"] = features["feature_id"].map(points).astype("float64")
    features["moscow_score"] = -features["moscow"].map({name: j for j, name in enumerate(CLASSES)}).astype("float64")
    agreement = [_agreement(rows, str(product)) for product, rows in features.groupby("product_id")]
    table = _ranked(features)
    classes = _kano(tables, period=month, product_id=product_id)
    table["kano"] = pd.Series([classes.get(feature, "") for feature in table["feature_id"]], dtype="str")
    must = (table["moscow"] == CLASSES[0]) | (table["kano"] == "must-be")
    last = (table["rice_rank"] > _LOWEST * table["n"]).fillna(False).astype(bool)
    table["overlooked"] = must & last & (table["n"] >= _LEAST_FEATURES)
    order = ["product_id", "feature_id", "name", *(f"{method}_rank" for method in Method), "moscow", "kano", "n",
             "overlooked"]  # fmt: skip
    columns = ["product_id", "one", "other", "tau", "n"]
    return MethodComparison(
        features=table.sort_values(["product_id", "rice_rank", "feature_id"], ignore_index=True)[order],
        agreement=pd.DataFrame([row for rows in agreement for row in rows], columns=columns), period=month,
    )  # fmt: skip


def _scores(tables: Tables, method: str, product_id: str | None) -> pd.Series:
    columns, positive = columns_of(method), POSITIVE[method]
    rows = read_backlog(tables, columns=columns, product_id=product_id, positive=positive).features
    return pd.Series(score(method, stated_inputs(rows, INPUTS[method])), index=rows["feature_id"])


def _ranked(features: pd.DataFrame) -> pd.DataFrame:
    table = features.assign(n=features.groupby("product_id")["feature_id"].transform("size"))
    for method in Method:
        points = features[f"{method}_score"].dropna()
        ranks = plain_ranks(points, features.loc[points.index, "product_id"])
        table[f"{method}_rank"] = ranks.reindex(features.index).astype("Int64")
    return table


def _agreement(rows: pd.DataFrame, product: str) -> list[dict[str, Any]]:
    labels = {f"{method}_score": label for method, label in LABELS.items()} | {"moscow_score": "MoSCoW"}
    found = []
    for one, other in combinations(labels, 2):
        both = rows[[one, other]].dropna()
        tau = kendall(both[one].to_numpy(), both[other].to_numpy()) if len(both) >= _LEAST_FEATURES else np.nan
        found.append({"product_id": product, "one": labels[one], "other": labels[other], "tau": tau, "n": len(both)})
    return found


def kendall(one: Any, other: Any) -> float:
    """Kendall's tau-b of two scorings of the same features; NaN where one of them has all alike.

    Examples
    --------
    >>> kendall(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 4.0, 3.0])).__round__(3)
    0.667
    """
    from scipy import stats

    if len(np.unique(one)) < 2 or len(np.unique(other)) < 2:  # noqa: PLR2004 - nothing to order
        return np.nan
    return float(stats.kendalltau(one, other).statistic)


def _kano(tables: Tables, *, period: int, product_id: str | None) -> dict[str, str]:
    """Kano class of each feature asked about; none without a survey."""
    if tables.get("kano") is None:
        return {}
    asked = classify_features(tables, period=period, product_id=product_id).to_frame()
    return dict(zip(asked["feature_id"], asked["kano"], strict=True))
