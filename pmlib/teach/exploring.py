"""An exercise without code: pick a way, see what it comes to."""

from __future__ import annotations

import ipywidgets as ipy

from pmlib.teach.bank import exercise
from pmlib.teach.exercise import Tables
from pmlib.teach.verdict import outcome
from pmlib.widgets.live import Live, live


def explore(name: str, tables: Tables | None = None) -> Live:
    """Pick one of the ways to answer, the usual mistake first, and see what it comes to.

    Raises
    ------
    ParameterError
        There is no such exercise.
    """
    task = exercise(name)
    ways = ipy.RadioButtons(options=[(way.label, place) for place, way in enumerate(task.ways)], value=0,
                            description="I would", layout={"width": "auto"})
    return live({"way": ways}, lambda: outcome(name, ways.value, tables).html,
                f"{len(task.ways)} ways to choose from: open the notebook in JupyterLab to pick one.")
