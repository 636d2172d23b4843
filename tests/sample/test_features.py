from __future__ import annotations

import pytest

from pmlib.sample import features


@pytest.fixture(scope="module")
def backlog():
    return features.features(seed=1)


def test_the_evaluation_table_is_the_published_one():
    cells = dict(zip("MOAIRQ", (3, 1, 3, 9, 7, 2), strict=True))
    assert {letter: "".join(features.EVALUATION).count(letter) for letter in "MOAIRQ"} == cells
    assert features.EVALUATION[0] == "QAAAO"
    assert [row[4] for row in features.EVALUATION] == ["O", "M", "M", "M", "Q"]


@pytest.mark.parametrize("seed", range(5))
def test_every_feature_asked_about_is_of_its_planted_class(seed):
    counts = features.kano_classes(features.kano(seed=seed))
    assert (counts.sum(axis=1) == 300).all()
    planted = {name: features.LETTERS[kind] for kind, names in features.KANO_CLASSES.items() for name in names}
    assert counts.idxmax(axis=1).to_dict() == planted
    assert len(planted) == 16


def test_the_backlog_has_64_features_that_depend_on_earlier_known_ones(backlog):
    assert backlog["feature_id"].tolist() == [f"F{number:02d}" for number in range(1, 65)]
    assert backlog["name"].is_unique
    needed = backlog["depends_on"].dropna()
    assert 5 < len(needed) < 30
    order = backlog.set_index("feature_id")["depends_on"].to_dict()
    for start in order:
        chain = [start]
        while isinstance(order[chain[-1]], str):
            chain.append(order[chain[-1]])
            assert len(chain) == len(set(chain))
    assert (backlog["impact_low"] <= backlog["impact_mode"]).all()
    assert (backlog["impact_mode"] <= backlog["impact_high"]).all()
    assert backlog["team"].nunique() == 5


def test_the_must_be_nobody_would_start_by_rice(backlog):
    score = features.rice(backlog)
    assert "F07" in features.KANO_CLASSES["must-be"]
    assert (score > score["F07"]).sum() >= 48


def test_importance_and_urgency_stay_on_their_scales(backlog):
    for name, top in (("importance", 10), ("satisfaction", 10), ("time_criticality", 20), ("risk_reduction", 20)):
        assert backlog[name].between(1, top).all(), name
