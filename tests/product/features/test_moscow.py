from __future__ import annotations

import numpy as np
import pytest

from pmlib.errors import SchemaError
from pmlib.product.features.moscow import check_moscow
from pmlib.product.features.ranges import Ranges


def test_what_will_not_be_built_is_no_part_of_the_plan(backlog):
    features = backlog(4, moscow=["must", "should", "could", "wont"], effort_pm=[5.0, 3.0, 2.0, 90.0])
    row = check_moscow({"features": features}, period="2025-12").to_frame().iloc[0]
    assert row["must_share"] == 0.5
    assert not row["too_much"]
    assert (row["must_pm"], row["should_pm"], row["could_pm"], row["wont_pm"]) == (5, 3, 2, 90)


def test_warns_above_60_percent_and_not_at_60(backlog):
    at, above = (backlog(2, moscow=["must", "could"], effort_pm=effort) for effort in ([6.0, 4.0], [6.1, 3.9]))
    assert "No product is above 60 %" in check_moscow({"features": at}, period="2025-12").summary()
    told = check_moscow({"features": above}, period="2025-12").summary()
    assert "Above 60 %, too much to promise: A 61 % (6.1 person-months)." in told


def test_uncertain_efforts_make_a_range_and_exact_ones_none(backlog):
    features = backlog(6, moscow=["must", "must", "must", "could", "could", "could"], confidence=0.5)
    row = check_moscow({"features": features}, period="2025-12").to_frame().iloc[0]
    assert row["must_share_low"] < 0.5 < row["must_share_high"]
    assert 0.02 < row["chance_too_much"] < 0.3
    exact = check_moscow({"features": features}, period="2025-12", ranges=Ranges(effort_spread=0.0)).to_frame().iloc[0]
    assert exact["must_share_low"] == exact["must_share_high"] == 0.5


def test_features_without_class_are_told_and_not_counted(backlog):
    balance = check_moscow({"features": backlog(2, moscow=["must", None])}, period="2025-12")
    assert balance.unscored["reason"].tolist() == ["moscow is missing"]
    assert "1 feature without class, effort or confidence not counted." in balance.summary()


def test_a_plan_of_nothing_but_what_will_not_be_built_has_no_share(backlog):
    balance = check_moscow({"features": backlog(1, moscow="wont")}, period="2025-12")
    assert np.isnan(balance.to_frame()["must_share"].iloc[0])
    assert balance.headline() == {"–": "of the planned effort is must", "0 of 1": "products above 60 %"}
    assert "No open features" in check_moscow({"features": backlog(0)}, period="2025-12").summary()


def test_an_unknown_class_is_refused(backlog):
    with pytest.raises(SchemaError, match=r"moscow of 'F01' is 'most'\. Known: must.*Did you mean 'must'"):
        check_moscow({"features": backlog(1, moscow="most")}, period="2025-12")
