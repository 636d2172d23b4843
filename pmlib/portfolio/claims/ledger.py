"""Every measurement once: an id made of its content, and rows that say the same under another id."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd

from pmlib.portfolio.claims.updates import variance_factors

#: What tells one measurement from another: two rows alike in all of this are one result, entered twice.
CONTENT = ("project_id", "product_id", "metric", "month", "estimate", "n")
_KEPT = (*CONTENT, "standard_error", "kind")
_DIGITS = 9
_LONG = 12


def content_id(row: Any) -> str:
    """Name a measurement by what it says, so that the same one always gets the same name.

    Parameters
    ----------
    row : mapping
        The columns of ``evidence`` but its id; months as integers.

    Examples
    --------
    >>> row = {"project_id": "P44", "product_id": "PR4", "metric": "retention_pp", "month": 24309, "estimate": 2.0,
    ...        "standard_error": 0.6, "n": 4800, "kind": "experiment"}
    >>> content_id(row) == content_id(row | {"estimate": 2})
    True
    >>> content_id(row)
    'M3ea5b1468fba'
    """
    text = "\x1f".join(_plain(row[name]) for name in _KEPT)
    return f"M{hashlib.sha256(text.encode()).hexdigest()[:_LONG]}"


def _plain(value: Any) -> str:
    if pd.isna(value):
        return ""
    return value if isinstance(value, str) else f"{round(float(value), _DIGITS) + 0.0:.12g}"


def twin_of(evidence: pd.DataFrame) -> pd.Series:
    """Say of every row under which other id the same result counts; empty for those that count.

    Rows alike in project, product, metric, month, estimate and n are one result. The one that claims least precision
    counts, the first id among equals.

    Parameters
    ----------
    evidence : DataFrame
        Checked rows of the table ``evidence``.

    Returns
    -------
    Series of str, on the index of ``evidence``
    """
    widened = evidence["standard_error"] ** 2 * evidence["kind"].map(variance_factors()).astype(float)
    rows = evidence.assign(estimate=evidence["estimate"].round(_DIGITS), widened=widened).sort_values(
        ["widened", "evidence_id"], ascending=[False, True], kind="stable")
    counts = rows.groupby(list(CONTENT), dropna=False, sort=False)["evidence_id"].transform("first")
    return counts.where(rows.duplicated(list(CONTENT)), "").astype(str).reindex(evidence.index)
