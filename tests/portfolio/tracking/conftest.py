"""Projects so small that their earned value can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from pmlib.months import month_text, parse_month

Rows = Sequence[tuple[float, float, float]]
TABLES = ("projects", "evm", "milestones", "benefits", "past_forecasts", "programmes", "workbook", "links")


@pytest.fixture(scope="package")
def followed() -> Callable[..., dict[str, pd.DataFrame]]:
    """Build projects and evm: (planned, earned, spent) so far, month by month from January 2025 on."""

    def build(begin: str = "2025-01", *, reports: dict[str, Sequence[tuple[float, str]]] | None = None,
              projects: dict[str, dict[str, object]] | None = None, **rows: Rows) -> dict[str, pd.DataFrame]:
        first = parse_month(begin)
        plain = {"state": "running", "bac_k": 100.0, "planned_months": 10, "start_month": begin}
        plans = [{"project_id": name, **plain, **(projects or {}).get(name, {})} for name in rows]
        evm = [(name, month_text(first + i), *sums) for name, own in rows.items() for i, sums in enumerate(own)]
        frame = pd.DataFrame(evm, columns=["project_id", "month", "pv_cum_k", "ev_cum_k", "ac_cum_k"])
        if reports:
            said = [pair for name, own in rows.items() for pair in reports.get(name, [(0.0, "green")] * len(own))]
            frame[["pct_complete_reported", "status_reported"]] = said
        return {"projects": pd.DataFrame(plans), "evm": frame}

    return build


@pytest.fixture(scope="package")
def company(quillmark) -> dict[str, pd.DataFrame]:
    """Tables of the sample company that the tracking reads."""
    return {name: quillmark[name] for name in TABLES}
