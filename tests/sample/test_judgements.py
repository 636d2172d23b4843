from __future__ import annotations

import pytest

from tests.sample.test_portfolio_side import made

RATED = ["fit", "ease", "security"]


@pytest.fixture(scope="module")
def side():
    return made()


@pytest.fixture(scope="module")
def rated(side):
    scores = side["scores"]
    return scores[scores["objective_id"].isin(RATED)]


def test_scores_are_known_to_the_plans_of_months_24_and_36(side):
    assert set(side["scores"]["as_of"]) == {"2024-11-30"}


def test_levels_keep_to_their_scales(side):
    leaves = side["objectives"].dropna(subset=["worst"]).set_index("objective_id")[["worst", "best"]]
    ends = side["scores"].groupby("objective_id")["raw_level"].agg(["min", "max"])
    assert (ends["min"] >= leaves.min(axis=1)).all()
    assert (ends["max"] <= leaves.max(axis=1)).all()


def test_single_gaps_and_three_leaves_that_nobody_judged(side):
    wide = side["scores"].pivot(index=["project_id", "objective_id"], columns="assessor_id", values="raw_level")
    missing = wide.isna()
    assert missing.all(axis=1).sum() == 3
    assert 0 < missing[~missing.all(axis=1)].sum().sum() <= 6
    assert not missing.loc[["P40", "P41"]].any(axis=None)


def test_t10_raw_means_put_p40_first_and_values_put_p41_first(rated):
    raw = rated.groupby("project_id")["raw_level"].mean()
    assert raw["P40"] > raw["P41"]
    points = {"fit": (0, 10, 35, 75, 100), "ease": (0, 15, 50, 85, 100), "security": (0, 30, 60, 85, 100)}
    board = {"fit": 0.20, "ease": 0.12, "security": 0.12}
    worth = [board[row.objective_id] * points[row.objective_id][int(row.raw_level) - 1]
             for row in rated[rated["project_id"].isin(["P40", "P41"])].itertuples()]  # fmt: skip
    own = rated.loc[rated["project_id"].isin(["P40", "P41"]), "project_id"]
    value = own.to_frame().assign(worth=worth).groupby("project_id")["worth"].sum() / 5
    assert value["P41"] > value["P40"] + 3


def test_t11_a5_favours_their_own_programme(side, rated):
    home = side["projects"].set_index("project_id")["programme_id"]
    wide = rated.pivot(index=["project_id", "objective_id"], columns="assessor_id", values="raw_level")
    off = wide["A5"] - wide[["A1", "A2", "A3", "A4"]].mean(axis=1)
    own = home[off.index.get_level_values("project_id")].eq("G5").to_numpy()
    assert off[own].mean() == pytest.approx(0.8, abs=0.1)
    assert abs(off[~own].mean()) < 0.3


def test_t11_a2_uses_only_3_and_4(rated):
    assert set(rated.loc[rated["assessor_id"] == "A2", "raw_level"].dropna()) == {3.0, 4.0}


def test_every_level_of_a_rated_leaf_has_words(side):
    words = side["objectives"].set_index("objective_id")["anchors"]
    for leaf in RATED:
        pairs = [pair.split("=") for pair in words[leaf].split("; ")]
        assert [level for level, _ in pairs] == ["1", "2", "3", "4", "5"]
        assert all(meaning for _, meaning in pairs)
    assert (words.drop(RATED) == "").all()
