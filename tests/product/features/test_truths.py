"""T21 and the complaints behind product 6's fall, found on the sample company."""

from __future__ import annotations

import pytest

from pmlib.product.features.kano import classify_features
from pmlib.product.features.priorities import compare_methods
from pmlib.product.features.rank_chances import rank_features
from pmlib.product.features.theme_counts import count_themes

PLANTED = {
    "must-be": ["F03", "F07", "F10", "F14"],
    "performance": ["F01", "F02", "F05", "F11", "F13"],
    "attractive": ["F04", "F08", "F12", "F16"],
    "indifferent": ["F06", "F09"],
    "reverse": ["F15"],
}
MISSING = {"missing data": ["readings are missing", "gaps", "never arrived", "no values", "transfer failed"]}
#: Twelve months from month 22 of the history on, when they rise 4 times.
RISEN = "2025-09"


def test_t21_every_kano_class_is_found_and_no_feature_is_mixed(quillmark):
    found = classify_features(quillmark, period="2025-12")
    assert {name: found.members(name) for name in PLANTED} == PLANTED
    assert found.members("mixed") == found.members("not enough answers") == []


def test_t21_the_must_be_feature_f07_is_last_by_rice_and_named(quillmark):
    compared = compare_methods(quillmark, period="2025-12", product_id="PR4")
    row = compared.to_frame().set_index("feature_id").loc["F07"]
    assert (row["rice_rank"], row["n"], row["kano"], row["overlooked"]) == (25, 25, "must-be", True)
    chances = rank_features(quillmark, period="2025-12", product_id="PR4").to_frame().set_index("feature_id")
    assert chances.loc["F07", "rank_low"] >= 24
    assert chances.loc["F07", "chance_top"] == 0


def test_complaints_about_missing_data_are_found_to_rise_about_4_times(quillmark):
    row = count_themes(quillmark, period=RISEN, product_id="PR6", themes=MISSING).to_frame().iloc[0]
    assert row["arrow"] == "▲"
    assert row["times_low"] < 4.0 < row["times_high"]
    assert row["times"] == pytest.approx(3.4, abs=0.05)
    assert row["features"] == "F30"


def test_the_five_ways_to_complain_are_found_without_being_named_and_nothing_else_rises(quillmark):
    counted = count_themes(quillmark, period=RISEN, product_id="PR6")
    frame = counted.to_frame()
    rising = frame.loc[frame["arrow"] == "▲", "theme"].tolist()
    assert sorted(rising) == [
        "half meter show value", "night data never arrived", "reading missing nightly transfer", "show gap whole day",
        "transfer failed nobody told",
    ]  # fmt: skip
    assert frame["theme"].tolist()[:5] == rising or set(frame["theme"].tolist()[:5]) == set(rising)
    assert "F30" in counted.features["feature_id"].tolist()


def test_wishes_lead_to_the_features_that_name_them(quillmark):
    features = count_themes(quillmark, period="2025-12", product_id="PR4").features.set_index("feature_id")
    assert {"F01", "F03", "F07", "F20"} <= set(features.index)
    assert "single" in features.loc["F03", "words"]
