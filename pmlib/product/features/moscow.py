"""Is the must pile small enough: effort by MoSCoW class, and the share of the musts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError, did_you_mean
from pmlib.months import as_month
from pmlib.product.engine import Tables
from pmlib.product.features.backlog import read_backlog
from pmlib.product.features.ranges import Ranges, draw_inputs
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The classes, the most urgent first; what will not be built is no part of the plan.
CLASSES = ("must", "should", "could", "wont")
#: Largest share of the musts in the planned effort that leaves room to keep the promise (DSDM).
MOST_MUST = 0.6


@dataclass(frozen=True, eq=False, kw_only=True)
class MoscowBalance:
    """How much of the planned effort is must.

    Attributes
    ----------
    products : DataFrame
        ``product_id``, ``n`` (features), ``must_pm``, ``should_pm``, ``could_pm``, ``wont_pm`` (person-months),
        ``must_share`` of must + should + could with ``must_share_low`` and ``must_share_high`` (0-1; 9 times in 10, as
        efforts are uncertain), ``chance_too_much`` (0-1, that it is above 60 %), ``too_much`` (it is, as stated).
    unscored : DataFrame
        ``product_id``, ``feature_id``, ``name``, ``reason``: open features without class, effort or confidence; not
        counted.
    period : int
        Month the backlog is read at.
    """

    products: pd.DataFrame
    unscored: pd.DataFrame
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product."""
        return self.products.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the share of the musts of each product against the limit."""
        from pmlib.plots import features

        return features.must_share(self.products, ax, limit=MOST_MUST)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.products.empty:
            return {"–": "no open features with class and effort"}
        too_much = int(self.products["too_much"].sum())
        return {
            percent(_share(self.products)): "of the planned effort is must",
            f"{too_much} of {len(self.products)}": f"products above {percent(MOST_MUST)}",
        }

    def summary(self) -> str:
        """Return one to three sentences: the share of the musts, where it is too much, what is not counted."""
        left_out = f" {counted(len(self.unscored), 'feature')} without class, effort or confidence not counted." \
            if len(self.unscored) > 0 else ""
        if self.products.empty:
            return f"No open features with class and effort.{left_out}"
        told = f"Must features are {percent(_share(self.products))} of the planned effort of " \
               f"{counted(len(self.products), 'product')}."
        return f"{told} {self._warning()}{left_out}"

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<MoscowBalance: {self.summary()}>"

    def _warning(self) -> str:
        over = self.products[self.products["too_much"]]
        if over.empty:
            return f"No product is above {percent(MOST_MUST)}, the most that leaves room for what goes wrong."
        told = [f"{row['product_id']} {percent(row['must_share'])} ({row['must_pm']:g} person-months)"
                for row in over.to_dict("records")]  # fmt: skip
        return f"Above {percent(MOST_MUST)}, too much to promise: {listed(told)}."


def check_moscow(
    tables: Tables, *, period: int | str, product_id: str | None = None, ranges: Ranges | None = None
) -> MoscowBalance:
    """Add up the effort of the open features by MoSCoW class and hold the musts against 60 %.

    Parameters
    ----------
    tables : mapping
        ``features`` with ``moscow``, ``effort_pm`` and ``confidence``.
    period : int or str
        Month the backlog is read at.
    product_id : str, optional
        One product; all by default.
    ranges : Ranges, optional
        How wide the efforts are.

    Raises
    ------
    MissingTableError
        There are no features.
    SchemaError
        A class is unknown, or the features contradict themselves.
    ParameterError
        The product is unknown.

    References
    ----------
    Clegg & Barker (1994), CASE Method Fast-Track. DSDM Agile Project Framework, chapter 10: no more than 60 % must.

    Examples
    --------
    >>> features = pd.DataFrame({"feature_id": ["F1", "F2"], "product_id": "A", "moscow": ["must", "could"],
    ...                          "effort_pm": [9.0, 3.0], "confidence": 1.0})
    >>> check_moscow({"features": features}, period="2025-12").to_frame()["must_share"].tolist()
    [0.75]
    """
    month, ranges = as_month(period), ranges or Ranges()
    backlog = read_backlog(tables, columns=["moscow", "effort_pm", "confidence"], product_id=product_id)
    features, unscored = _classed(backlog.features)
    rows = [_balance(rows.reset_index(drop=True), str(product), ranges)
            for product, rows in features.groupby("product_id")]  # fmt: skip
    columns = ["product_id", "n", *(f"{name}_pm" for name in CLASSES), "must_share", "must_share_low",
               "must_share_high", "chance_too_much", "too_much"]  # fmt: skip
    products = pd.DataFrame(rows, columns=columns)
    return MoscowBalance(products=products, period=month,
                         unscored=pd.concat([backlog.unscored, unscored], ignore_index=True))  # fmt: skip


def _classed(features: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split features into those with a class and those without."""
    known = features["moscow"].notna() & (features["moscow"] != "")
    wrong = known & ~features["moscow"].isin(CLASSES)
    if wrong.any():
        row = features[wrong].iloc[0]
        raise SchemaError(f"features: moscow of '{row['feature_id']}' is '{row['moscow']}'. "
                          f"{did_you_mean(row['moscow'], CLASSES)}")  # fmt: skip
    unscored = features.loc[~known, ["product_id", "feature_id", "name"]].assign(reason="moscow is missing")
    return features[known], unscored


def _balance(rows: pd.DataFrame, product: str, ranges: Ranges) -> dict[str, Any]:
    stated = {name: float(rows.loc[rows["moscow"] == name, "effort_pm"].sum()) for name in CLASSES}
    planned = rows[rows["moscow"] != "wont"]
    must = (planned["moscow"] == "must").to_numpy()
    effort = planned["effort_pm"].to_numpy(dtype=np.float64)
    drawn = draw_inputs(planned, ("effort_pm",), ranges=ranges)["effort_pm"]
    shares = drawn[:, must].sum(axis=1) / drawn.sum(axis=1) if len(planned) else np.full(1, np.nan)
    share = float(effort[must].sum() / effort.sum()) if len(planned) else np.nan
    low, high = np.quantile(shares, [0.05, 0.95]).tolist()
    return {
        "product_id": product,
        "n": len(rows),
        **{f"{name}_pm": effort_pm for name, effort_pm in stated.items()},
        "must_share": share,
        "must_share_low": low,
        "must_share_high": high,
        "chance_too_much": float((shares > MOST_MUST).mean()) if len(planned) else np.nan,
        "too_much": share > MOST_MUST,
    }


def _share(products: pd.DataFrame) -> float:
    planned = float(products[["must_pm", "should_pm", "could_pm"]].sum().sum())
    return float(products["must_pm"].sum()) / planned if planned > 0 else np.nan
