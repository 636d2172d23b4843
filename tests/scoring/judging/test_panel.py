"""All answers side by side: the right cell, the right turn, the right home."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.scoring import score
from pmlib.scoring.assessors import judged
from pmlib.scoring.judging.panel import read_panel

ROWS = [("B", "reach", "x", 4.0), ("A", "risk", "y", 2.0), ("A", "fit", "y", 3.0), ("C", "risk", "x", 12.0)]


def _panel(make_tables, **replaced):
    scores = pd.DataFrame(ROWS, columns=["project_id", "objective_id", "assessor_id", "raw_level"])
    tables = make_tables(scores=scores, **replaced)
    tables["objectives"] = tables["objectives"].assign(outside="clip")
    card = score(tables)
    ids = card.table["project_id"].to_list()
    return ids, read_panel(tables, judged(tables, card.tree, projects=ids), card)


def test_every_answer_stands_at_its_project_criterion_and_assessor(make_tables):
    ids, panel = _panel(make_tables)
    assert panel.who == ["x", "y"]
    assert (~np.isnan(panel.raw)).sum() == len(ROWS)
    assert panel.raw[ids.index("A"), 2, 1] == 2.0
    assert panel.points[ids.index("A"), 2, 1] == 80.0


def test_levels_are_clipped_and_turned_on_the_shared_scale_only(make_tables):
    ids, panel = _panel(make_tables)
    assert panel.rated == ["reach", "risk"]
    # Risk runs from 10 (worst) to 0: 2 becomes 8, and 12 counts as 10 and becomes 0.
    assert panel.levels[ids.index("A"), 1, 1] == 8.0
    assert panel.levels[ids.index("C"), 1, 0] == 0.0
    assert (~np.isnan(panel.levels)).sum() == 3


def test_an_empty_programme_is_nobodys_own(make_tables):
    projects = make_tables()["projects"].assign(programme_id=["G1", None, "G2", "", "G1"])
    homes = pd.DataFrame({"assessor_id": ["x", "z"], "programme_id": ["G1", "G2"]})
    ids, panel = _panel(make_tables, projects=projects, assessors=homes)
    assert panel.homes == ["G1", ""]
    assert panel.homeless == ["", "no programme of their own in assessors"]
    assert [project for project, own in zip(ids, panel.own[:, 0], strict=True) if own] == ["A"]
    assert not panel.own[:, 1].any()
