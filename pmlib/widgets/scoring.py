"""Sliders over the scoring model: other weights, another ranking, and how little it takes to change it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets as ipy
import pandas as pd

from pmlib.display import table
from pmlib.errors import MissingTableError
from pmlib.scoring import Scorecard, score
from pmlib.scoring.inputs import first_year, read_table
from pmlib.scoring.robustness import Stability, interval_text
from pmlib.widgets.live import Live, live

_TOP, _NAMED = 8, 4


def weights(tables: Mapping[str, pd.DataFrame], *, group: str = "board") -> Live:
    """Move the weights and watch the ranking: who leads, how safely, and who rose or fell.

    Parameters
    ----------
    tables : mapping of table name to frame
        As for `score`. With ``budgets`` it is also said how safe the projects are that the money of all years pays
        for, taken in the order of their ranks.
    group : str
        Whose weights the sliders start from.
    """
    card, money_k = score(tables, group=group), _money(tables)
    sliders = {
        leaf: ipy.IntSlider(value=round(100 * weight), min=0, max=100, description=card.tree.names[leaf],
                            continuous_update=False)
        for leaf, weight in zip(card.tree.leaves, card.weights.astype(float), strict=True)
    }
    # In whole points, as the sliders stand: nothing has moved before one is.
    start = score(tables, weights={leaf: slider.value for leaf, slider in sliders.items()})

    def ranking() -> str:
        points = {leaf: int(slider.value) for leaf, slider in sliders.items()}
        if not any(points.values()):
            return "<p>Give at least one criterion a weight.</p>"
        card = score(tables, weights=points)
        return _ranking(card, start, points=points, funded=_funded(card, money_k))

    text = f"{len(sliders)} sliders, one for each weight: open the notebook in JupyterLab to move them."
    return live(sliders, ranking, text)


def _money(tables: Mapping[str, pd.DataFrame]) -> float | None:
    """Money of all years to come, thousand; None where no budget is known."""
    try:
        budgets = read_table(tables, "budgets", columns=("year", "capex_k", "opex_k"))
    except MissingTableError:
        return None
    first = first_year(tables)
    ahead = budgets if first is None else budgets[budgets["year"] >= first]
    return float(ahead[["capex_k", "opex_k"]].to_numpy(dtype=float).sum())


def _funded(card: Scorecard, money_k: float | None) -> int:
    """How many projects the money pays for, best rank first, up to the first that it does not; 0 if that is no set."""
    cost = card.table["cost_k"]
    if money_k is None or cost.isna().any():
        return 0
    paid = int((cost.cumsum() <= money_k).sum())
    return paid if 1 < paid < len(cost) else 0


def _ranking(card: Scorecard, start: Scorecard, *, points: Mapping[str, int], funded: int) -> str:
    """Say and show who leads at these weights, how far each may move, and what changed against the start."""
    stable = {"Leader stays first": card.stability()}
    said = [card.summary(), card.unseating().summary(), _moves(card, start)]
    if funded:
        paid = stable[f"First {funded} stay the same"] = card.stability(top=funded)
        said.append(f"In the order of ranks the budgets pay for the first {funded}. {paid.summary()}")
    first = card.to_frame().assign(before=_places(card, start))
    columns = {"rank": "Rank", "before": "At the start", "project_id": "Project", "name": "Name", "value": "Points"}
    return "".join([
        *(f"<p>{escape(one)}</p>" for one in said),
        table(first, caption="The first projects.", columns=columns, rows=_TOP).html,
        _room(stable, points),
    ])


def _room(stable: Mapping[str, Stability], points: Mapping[str, int]) -> str:
    """Show every weight beside its points, and between which shares nothing changes."""
    frame = next(iter(stable.values())).table
    rows = frame[["name"]].assign(
        points=list(points.values()), weight_share=frame["weight"],
        **{title: [_between(row) for _, row in found.table.iterrows()] for title, found in stable.items()})
    columns = {"name": "Criterion", "points": "Points given", "weight_share": "Weight now"}
    return table(rows, caption="How far each weight may move alone, the others keeping their proportions.",
                 columns=columns | {title: title for title in stable}, rows=len(rows)).html


def _between(row: pd.Series) -> str:
    free = row[["taken_over_below", "taken_over_above"]].isna().all()
    return "whatever it is" if free else interval_text(row)


def _places(card: Scorecard, start: Scorecard) -> list[int]:
    """Ranks at the starting weights, in the order of the card."""
    before = start.table.set_index("project_id")["rank"]
    return [int(before[project]) for project in card.table["project_id"]]


def _moves(card: Scorecard, start: Scorecard) -> str:
    """Say who rose and who fell against the starting weights, the largest moves first."""
    rows = card.table[["project_id", "rank"]].assign(before=_places(card, start))
    rows = rows.assign(up=rows["before"] - rows["rank"])
    said = []
    for word, sign in (("rose", 1), ("fell", -1)):
        moved = rows[sign * rows["up"] > 0].sort_values("up", ascending=sign < 0, kind="stable")
        names = [f"{row['project_id']} ({row['before']} to {row['rank']})" for _, row in moved.head(_NAMED).iterrows()]
        if names:
            more = f" and {len(moved) - len(names)} more" if len(moved) > len(names) else ""
            said.append(f"{', '.join(names)}{more} {word}")
    return f"Against the starting weights {'; '.join(said)}." if said else "No project changes its rank from the start."
