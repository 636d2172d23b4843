"""Who needs whom: what a reader of the links is told."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import SchemaError
from pmlib.portfolio.needs import refuse_circles, remarks

PROJECTS = pd.DataFrame({"project_id": list("ABCD"), "state": ["running", "proposed", "held", "done"]})


def tables(*rows):
    return {"projects": PROJECTS, "links": pd.DataFrame(rows, columns=["link_id", "member_id", "type", "role"])}


def pair(link_id, kind, needing, needed):
    return (link_id, needing, kind, "needs"), (link_id, needed, kind, "needed")


def test_projects_that_need_each_other_active_stand_or_fall_together():
    mutual = tables(*pair("L1", "requires_active", "A", "B"), *pair("L2", "requires_active", "B", "A"))
    refuse_circles(mutual)
    assert remarks(mutual) == ("A, B need each other: all of them go on, or none.",)


def test_a_project_that_needs_what_it_excludes_can_never_go_on():
    barred = tables(*pair("L1", "requires_active", "A", "B"), *pair("L2", "requires_active", "B", "C"),
                    ("L3", "A", "excludes", "member"), ("L3", "C", "excludes", "member"))
    assert remarks(barred) == ("A can never go on: link L3 excludes what it needs.",)


def test_an_exclusion_of_one_is_said_to_have_no_effect():
    assert remarks(tables(("L1", "A", "excludes", "member"))) == (
        "Link L1 (excludes) has one member, A, and has no effect.",)


def test_a_done_project_breaks_no_plan_and_no_links_say_nothing():
    assert remarks(tables(*pair("L1", "requires_finished", "A", "D"), *pair("L2", "requires_finished", "D", "A"))) == ()
    assert remarks({"projects": PROJECTS}) == ()


def test_a_longer_circle_is_named_link_by_link():
    circle = tables(*pair("L1", "requires_finished", "A", "B"), *pair("L2", "requires_finished", "B", "C"),
                    *pair("L3", "requires_finished", "C", "A"))
    with pytest.raises(SchemaError, match=r"A needs B finished, B needs C finished, C needs A finished: none"):
        refuse_circles(circle)
