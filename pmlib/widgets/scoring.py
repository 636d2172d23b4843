"""Sliders over the scoring model: other weights, another ranking."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets as ipy
import pandas as pd

from pmlib.display import table
from pmlib.scoring import Scorecard, score
from pmlib.widgets.live import Live, live

_TOP = 8


def weights(tables: Mapping[str, pd.DataFrame], *, group: str = "board") -> Live:
    """Move the weights and watch the ranking.

    Parameters
    ----------
    tables : mapping of table name to frame
        As for `score`.
    group : str
        Whose weights the sliders start from.
    """
    card = score(tables, group=group)
    sliders = {
        leaf: ipy.IntSlider(value=round(100 * weight), min=0, max=100, description=card.tree.names[leaf],
                            style={"description_width": "16em"}, continuous_update=False)
        for leaf, weight in zip(card.tree.leaves, card.weights.astype(float), strict=True)
    }

    def ranking() -> str:
        points = {leaf: float(slider.value) for leaf, slider in sliders.items()}
        if not any(points.values()):
            return "<p>Give at least one criterion a weight.</p>"
        return _ranking(score(tables, weights=points))

    text = f"{len(sliders)} sliders, one for each weight: open the notebook in JupyterLab to move them."
    return live(sliders, ranking, text)


def _ranking(card: Scorecard) -> str:
    columns = {"rank": "Rank", "project_id": "Project", "name": "Name", "value": "Points"}
    return f"<p>{escape(card.summary())}</p>" + table(card.to_frame(), caption="The first projects.", columns=columns,
                                                      rows=_TOP).html
