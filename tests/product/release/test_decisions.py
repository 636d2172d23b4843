"""Everything page 45 shows, in one answer: each part is there where its table is, and None where it is not."""

from __future__ import annotations

import pytest

import pmlib as pm
from pmlib.errors import ParameterError
from pmlib.product.release.decisions import decide_features

PERIOD = "2025-12"
PARTS = ("plan", "chances", "roadmap", "kano", "ranks", "methods", "themes", "experiments", "elasticity", "readiness")


@pytest.fixture(scope="module")
def tables(quillmark):
    return pm.product.with_marts(quillmark, period=PERIOD)


@pytest.fixture(scope="module")
def decided(tables):
    return decide_features(tables, period=PERIOD)


def test_the_product_with_the_most_open_features_is_planned(decided, quillmark):
    features = quillmark["features"]
    still_open = features[features["state"].isin(["idea", "planned", "building"])]
    assert decided.product_id == still_open["product_id"].value_counts().idxmax() == "PR4"


def test_t21_must_bes_of_customers_are_forced_with_those_agreed(decided):
    assert decided.musts == ("F03", "F07", "F10", "F14")
    rows = decided.plan.features.set_index("feature_id")
    assert rows.loc[list(decided.musts), "verdict"].eq("forced").all()


def test_every_part_answers_and_the_plan_adds_up(decided):
    assert all(getattr(decided, part) is not None for part in PARTS)
    assert decided.check().startswith("The plan adds up")
    assert decided.summary().startswith("Build in 2026 Q1 F03")
    assert "X06" in decided.summary()
    assert len(decided.headline()) == 4


@pytest.mark.parametrize(("kept", "there"), [
    (["products"], ["readiness"]),
    (["experiments"], ["experiments"]),
    (["products", "features", "team_capacity"], ["plan", "chances", "roadmap", "ranks", "methods", "readiness"]),
])
def test_a_part_whose_table_is_missing_is_none(quillmark, kept, there):
    decided = decide_features({name: quillmark[name] for name in kept}, period=PERIOD, product_id=None)
    got = [part for part in PARTS if getattr(decided, part) is not None]
    # Without a backlog no product is chosen, and nothing is made ready for launch.
    assert got == [part for part in there if part != "readiness" or "features" in kept]
    assert decided.summary()
    assert decided.check()


def test_musts_that_do_not_fit_leave_no_plan_but_an_answer(tables):
    rules = pm.product.ReleaseRules(releases=1, months_each=1)
    decided = decide_features(tables, period=PERIOD, rules=rules)
    assert decided.plan is not None and not decided.plan.found
    assert decided.chances is None and decided.roadmap is None
    assert "do not fit" in decided.summary() or "short" in decided.summary()


def test_an_unknown_product_is_refused(tables):
    with pytest.raises(ParameterError, match="PR44"):
        decide_features(tables, period=PERIOD, product_id="PR44")
    with pytest.raises(ParameterError, match="product_id: got ''"):
        decide_features(tables, period=PERIOD, product_id="")
