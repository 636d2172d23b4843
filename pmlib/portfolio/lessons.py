"""The tables a plan is made of once everything is in them that was learned: outcomes, versions, measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pmlib.errors import BlockedTableError, MissingTableError
from pmlib.portfolio.claims.beliefs import weigh_claims
from pmlib.portfolio.correction.corrected import Corrected, correct_values
from pmlib.portfolio.policy import Policy


def learned(
    tables: Mapping[str, Any], *, period: int | str | None = None, policy: Policy | None = None
) -> Corrected:
    """Ask what the estimates are worth by all that is known today, and make the tables a plan should rest on.

    Costs of what has not begun are uplifted by how own forecasts came out, benefits drawn together as far as their
    versions erred, and a benefit whose claim was measured follows the measurement.

    Parameters
    ----------
    tables : mapping of table name to frame
        A workbook, whose earlier versions of estimates are read too; of plain frames they are not known.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month.
    policy : Policy, optional
        Its discount rate counts.

    Returns
    -------
    Corrected
        ``rebalance(learned(book).tables)`` plans on them. Where no project has a value in money, as in a plan by the
        score alone, the tables are as they were, and it says so.

    Raises
    ------
    BlockedTableError, SchemaError, ParameterError
        As ``correct_values`` and ``weigh_claims`` do.

    References
    ----------
    Smith & Winkler (2006), The optimizer's curse, Management Science 52(3).

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1"], "state": ["proposed"], "bac_k": [100.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1"], "year": 2026, "cost_k": 100.0, "benefit_k": 250.0})
    >>> learned({"projects": projects, "cash_flows": flows}, period="2025-12")
    <Corrected: 1 projects, value 144 to 144 kEUR; 0 uplifted, 0 shrunk, 0 by evidence, 1 as they were>
    """
    money = in_money(policy)
    try:
        return correct_values(tables, versions=estimate_versions(tables), evidence=_measured(tables, period, money),
                              period=period, policy=money)
    except BlockedTableError:
        raise
    except MissingTableError as missing:
        return Corrected.of_nothing(tables, policy=money, note=f"Nothing is corrected. {missing}")


def estimate_versions(tables: Mapping[str, Any]) -> pd.DataFrame | None:
    """Give all dated versions of the estimates, which only a workbook keeps."""
    known = getattr(tables, "versions", None)
    return known("estimates") if known is not None and tables.get("estimates") is not None else None


def in_money(policy: Policy | None) -> Policy:
    """Keep of a policy how money is discounted: estimates are amounts, whatever the plan is chosen by."""
    return Policy() if policy is None else Policy(discount_rate=policy.discount_rate)


def _measured(tables: Mapping[str, Any], period: int | str | None, policy: Policy) -> pd.DataFrame | None:
    try:
        return weigh_claims(tables, period=period, policy=policy).factors
    except BlockedTableError:
        raise
    except MissingTableError:
        return None
