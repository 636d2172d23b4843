"""The roadmap: what is built now, what next, what later and why not sooner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.product.release.plan import IMPOSSIBLE
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pmlib.product.release.plan import ReleasePlan

#: The three columns of the board.
NOW, NEXT, LATER = "now", "next", "later"


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductRoadmap:
    """What is built now, next and later.

    Attributes
    ----------
    board : DataFrame
        One row per open feature: ``when`` (now: first release; next: second; later: the rest), ``release_name`` ("":
        in no release), ``feature_id``, ``name``, ``team``, ``effort_pm``, ``value_points`` (a quarter), ``must``,
        ``verdict``, ``why``. Now and next by what a feature brings over its quarters of use, later by release and
        value a person-month.
    loads : DataFrame
        ``team``, ``release``, ``release_name``, ``capacity_pm``, ``used_pm``, ``left_pm``, ``load`` (share of the
        capacity that is used; NaN where there is none).
    when_names : dict of str to str
        The release that now and next stand for.
    """

    board: pd.DataFrame
    loads: pd.DataFrame
    when_names: dict[str, str]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per open feature."""
        return self.board.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw three columns: now, next, later."""
        from pmlib.plots import release

        drawn: Axes = release.board(self.board, ax, names=self.when_names)
        return drawn

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        counts = self.board["when"].value_counts()
        names = self.when_names | {LATER: "no room yet"}
        return {f"{counts.get(when, 0)} {when}": name for when, name in names.items()}

    def summary(self) -> str:
        """Return what is now and next, how much waits, and which team is full."""
        if self.board.empty:
            return "No feature is open: the roadmap is empty."
        words = []
        for when in (NOW, NEXT):
            ids = self.board.loc[self.board["when"] == when, "feature_id"].sort_values().tolist()
            if when in self.when_names:
                words.append(f"{when.capitalize()} ({self.when_names[when]}): {listed(ids) if ids else 'nothing'}.")
        later = self.board[self.board["when"] == LATER]
        words.append(f"{counted(len(later), 'feature')} with {later['effort_pm'].sum():,.0f} person-months "
                     f"{'waits' if len(later) == 1 else 'wait'}.")  # fmt: skip
        full = self.loads[self.loads["load"] > 1 - 1e-6]
        if len(full):
            words.append(f"Full: {listed([f'{row.team} in {row.release_name}' for row in full.itertuples()])}.")
        return " ".join(words)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        counts = self.board["when"].value_counts()
        return f"<ProductRoadmap: {', '.join(f'{counts.get(when, 0)} {when}' for when in (NOW, NEXT, LATER))}>"


def now_next_later(plan: ReleasePlan) -> ProductRoadmap:
    """Lay a release plan out as a roadmap: the first release is now, the second next, all else later with its reason.

    What cannot be built (released, dropped, agreed as won't) is not on it.

    Parameters
    ----------
    plan : ReleasePlan
        The plan.

    Examples
    --------
    >>> from pmlib.product.release.planning import plan_releases
    >>> features = pd.DataFrame({
    ...     "feature_id": ["F1", "F2"], "product_id": "A", "name": "", "reach": [100.0, 90.0], "impact_low": 1.0,
    ...     "impact_mode": 1.0, "impact_high": 2.0, "confidence": 1.0, "effort_pm": 3.0, "team": "web",
    ...     "moscow": "could", "depends_on": None, "state": "idea"})
    >>> plan = plan_releases({"features": features}, period="2025-12", capacity={"web": [4, 2]})
    >>> print(now_next_later(plan).summary())
    Now (2026 Q1): F1. Next (2026 Q2): nothing. 1 feature with 3 person-months waits.
    """
    names = plan.rules.names(plan.period)
    rows = plan.features[plan.features["verdict"] != IMPOSSIBLE]
    release = rows["release"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    rows = rows.assign(
        when=np.select([release == 1, release == 2], [NOW, NEXT], LATER),  # noqa: PLR2004 - the second release
        why=rows["reason"], at=release,
        rank=-np.where(release <= 2, rows["worth_points"],  # noqa: PLR2004
                       rows["value_points"] / rows["effort_pm"].where(rows["effort_pm"] > 0)),
    )  # fmt: skip
    columns = ["when", "release_name", "feature_id", "name", "team", "effort_pm", "value_points", "must", "verdict",
               "why"]  # fmt: skip
    loads = plan.loads.drop(columns="one_more_points")
    return ProductRoadmap(
        board=rows.sort_values(["at", "rank", "feature_id"], ignore_index=True)[columns],
        loads=loads.assign(load=loads["used_pm"] / loads["capacity_pm"].where(loads["capacity_pm"] > 0)),
        when_names=dict(zip((NOW, NEXT), names, strict=False)),
    )
