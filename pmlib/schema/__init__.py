"""Every table pmlib knows: the one definition that readers, checks and the data dictionary share."""

from __future__ import annotations

from pmlib.schema.definition import Column, Kind, Table
from pmlib.schema.feature_tables import FEATURE_TABLES
from pmlib.schema.portfolio_tables import PORTFOLIO_TABLES
from pmlib.schema.product_tables import PRODUCT_TABLES
from pmlib.schema.tracking_tables import TRACKING_TABLES

#: Raised whenever a table changes in a way that old files no longer fit.
FORMAT = 2

TABLES: dict[str, Table] = {
    table.name: table for table in (*PORTFOLIO_TABLES, *TRACKING_TABLES, *PRODUCT_TABLES, *FEATURE_TABLES)
}

__all__ = ["FORMAT", "TABLES", "Column", "Kind", "Table"]
