"""What a launch still needs: a checklist computed from the tables, where what is not known is never ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month, month_text
from pmlib.product.engine import Tables, as_count, small
from pmlib.product.release.backlog import chosen_musts, read_backlog
from pmlib.product.release.checklist import ITEMS, Launch, Readiness
from pmlib.product.wording import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ["item", "state", "finding", "remedy"]


@dataclass(frozen=True, eq=False, kw_only=True)
class LaunchReadiness:
    """Which conditions of a launch the tables show as met.

    Attributes
    ----------
    checklist : DataFrame
        One row per item: ``item``, ``state`` (ready, not ready, not known), ``finding`` (the figure or row that says
        so), ``remedy`` ("" where ready).
    product_id, name : str
        The product.
    period : int
        Last month counted.
    """

    checklist: pd.DataFrame
    product_id: str
    name: str
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per item."""
        return self.checklist.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the checklist: a sign, a word and the finding for each item."""
        from pmlib.plots import release

        drawn: Axes = release.readiness(self.checklist, ax, name=self.name)
        return drawn

    @property
    def n_ready(self) -> int:
        """Items that are ready."""
        return self._count(Readiness.READY)

    def _count(self, state: Readiness) -> int:
        return int((self.checklist["state"] == state).sum())

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        return {
            f"{self.n_ready} of {len(self.checklist)}": "items of the launch are ready",
            f"{self._count(Readiness.NOT_READY)} not ready": "the tables show that something is missing",
            f"{self._count(Readiness.NOT_KNOWN)} not known": "the tables cannot tell",
        }

    def summary(self) -> str:
        """Return how much is ready, and what is not."""
        words = [f"{self.name}: ready {self.n_ready} of {len(self.checklist)}."]
        for state in (Readiness.NOT_READY, Readiness.NOT_KNOWN):
            items = self.checklist.loc[self.checklist["state"] == state, "item"].tolist()
            if items:
                words.append(f"{state.capitalize()}: {listed(items)}.")
        return " ".join(words)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        ready = f"ready {self.n_ready} of {len(self.checklist)}"
        return f"<LaunchReadiness: {self.name} {month_text(self.period)}, {ready}>"


def launch_readiness(
    tables: Tables, *, period: int | str, product_id: str, must: Sequence[str] | None = None, months: int = 3,
) -> LaunchReadiness:
    """Go through what a launch needs and say what the tables show of each: ready, not ready, or not known.

    An item is not known where its table is missing, and not ready where the table is there and does not show it.

    Parameters
    ----------
    tables : mapping
        ``products``; any of ``features``, ``team_capacity``, ``price_history``, ``product_costs``, ``market``,
        ``surveys``, ``invitations``, ``usage``.
    period : int or str
        Last month counted; capacity counts in the months after it.
    product_id : str
        The product.
    must : sequence of feature_id, optional
        Features the launch needs; by default those agreed as must.
    months : int
        How far back an answer, a cost or a use may lie, and how far ahead capacity counts.

    Raises
    ------
    MissingTableError, SchemaError
        There are no products, or a table breaks its definition.
    ParameterError
        An unknown product or must.

    Examples
    --------
    >>> products = pd.DataFrame({"product_id": ["A"], "name": "Aria", "category": "sensing", "launch_month": [24313.0],
    ...                          "north_star": ""})
    >>> print(launch_readiness({"products": products}, period="2025-12", product_id="A"))
    <LaunchReadiness: Aria 2025-12, ready 1 of 12>
    """
    last, months = as_month(period), as_count("months", months)
    products = small(tables, "products", ["product_id", "name", "category", "launch_month", "north_star"])
    if product_id not in products["product_id"].tolist():
        raise ParameterError(f"product_id: got {product_id!r}. {did_you_mean(str(product_id), products['product_id'])}")
    backlog = musts = None
    if tables.get("features") is not None:
        backlog = read_backlog(tables, product_id=product_id)
        chosen = chosen_musts(backlog, must)
        musts = backlog[chosen & (backlog["product_id"] == product_id)]
    launch = Launch(tables=tables, product_id=product_id, last=last, months=months, musts=musts, backlog=backlog)
    row = products[products["product_id"] == product_id].iloc[0]
    found = {item: look(launch, row) for item, look in ITEMS.items()}
    rows = [(item, *what) for item, what in found.items()]
    return LaunchReadiness(checklist=pd.DataFrame(rows, columns=_COLUMNS).astype(str), product_id=product_id,
                           name=str(row["name"] or product_id), period=last)  # fmt: skip
