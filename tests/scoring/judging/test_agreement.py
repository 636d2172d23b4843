"""Do the assessors agree: figures by hand, who is named, and every way of having too little to compare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.scoring import score
from pmlib.scoring.judging.agreement import agreement

WHO = ["A1", "A2", "A3", "A4"]


def _objectives(**ends):
    ends = ends or {"fit": (1.0, 5.0), "ease": (1.0, 5.0)}
    worst, best = zip(*ends.values(), strict=True)
    direction = ["maximise" if low < high else "minimise" for low, high in ends.values()]
    return pd.DataFrame({"objective_id": list(ends), "name": [leaf.title() for leaf in ends],
                         "direction": direction, "worst": worst, "best": best})  # fmt: skip


def _tables(levels, *, objectives=None, programmes=None, homes=None):
    """Build the tables of a dict project -> assessor -> levels, one per leaf."""
    objectives = _objectives() if objectives is None else objectives
    rows = [
        (project, leaf, assessor, level)
        for project, said in levels.items()
        for assessor, answers in said.items()
        for leaf, level in zip(objectives["objective_id"], answers, strict=True)
    ]
    tables = {
        "objectives": objectives,
        "weights": pd.DataFrame({"objective_id": objectives["objective_id"], "group": "board", "weight": 1.0}),
        "scores": pd.DataFrame(rows, columns=["project_id", "objective_id", "assessor_id", "raw_level"]),
    }
    if programmes:
        tables["projects"] = pd.DataFrame({"project_id": list(programmes), "name": list(programmes),
                                           "programme_id": list(programmes.values()), "state": "proposed",
                                           "bac_k": 1.0})  # fmt: skip
    if homes:
        tables["assessors"] = pd.DataFrame({"assessor_id": list(homes), "programme_id": list(homes.values())})
    return tables


def _drawn(seed=0, *, n=40, favour=0.0, narrow=False, **kind):
    """Draw a panel of four; the last may favour G4, the second may keep to 3 and 4."""
    rng = np.random.default_rng(seed)
    programmes = {f"P{i:02d}": f"G{1 + i % 4}" for i in range(n)}
    levels = {}
    for project, programme in programmes.items():
        seen = rng.normal(3, 1, 2) + rng.normal(0, 0.4, (4, 2))
        seen[3] += favour * (programme == "G4")
        answers = np.clip(np.round(seen), 1, 5)
        answers[1] = np.clip(answers[1], 3, 4) if narrow else answers[1]
        levels[project] = dict(zip(WHO, answers, strict=True))
    return _tables(levels, programmes=programmes, homes={who: f"G{i + 1}" for i, who in enumerate(WHO)}, **kind)


@pytest.fixture(scope="module")
def habits():
    return agreement(_drawn(favour=1.0, narrow=True))


def test_deviations_spread_and_kendalls_w_by_hand():
    levels = {"P": {"x": (5.0, 2.0), "y": (3.0, 2.0)}, "Q": {"x": (4.0, 2.0), "y": (2.0, 2.0)},
              "R": {"x": (3.0, 2.0), "y": (1.0, 2.0)}}  # fmt: skip
    found = agreement(_tables(levels))
    table = found.to_frame().set_index("assessor_id")
    # x stands 2 levels (50 points) above y on fit and level on ease: 1 level, 25 points.
    assert table["deviation_levels"].to_dict() == {"x": 1.0, "y": -1.0}
    assert table["deviation_points"].to_dict() == {"x": 25.0, "y": -25.0}
    assert table.loc["x", ["lowest", "highest", "share_of_range", "n_answers"]].to_list() == [2.0, 5.0, 0.75, 6]
    criteria = found.criteria.set_index("objective_id")
    assert criteria.loc["fit", ["w", "n", "n_assessors"]].to_list() == [1.0, 3, 2]
    assert criteria.loc["fit", "spread"] == pytest.approx(50 / np.sqrt(2))
    assert np.isnan(criteria.loc["ease", "w"])
    assert criteria.loc["ease", "reason"] == "every assessor gives all projects the same level"
    assert found.projects["spread"].to_list() == pytest.approx([25 / np.sqrt(2)] * 3)
    assert set(found.projects["objective_id"]) == {"fit"}


def test_leaving_one_out_by_hand():
    levels = {"P": {"x": (5.0, 5.0), "y": (1.0, 1.0), "z": (4.0, 4.0)}, "Q": {"x": (3.0, 3.0), "y": (3.0, 3.0)},
              "R": {"x": (2.0, 2.0), "y": (4.0, 4.0), "z": (2.0, 2.0)}}  # fmt: skip
    found = agreement(_tables(levels)).left_out.set_index("assessor_id")
    # Points on both: P 100 0 75, Q 50 50, R 25 75 25; together 58, 50, 42.
    assert found["project_id"].to_dict() == {"x": "P", "y": "P", "z": "R"}
    assert found["rank_before"].to_dict() == {"x": 1, "y": 1, "z": 3}
    assert found["rank_after"].to_dict() == {"x": 3, "y": 1, "z": 1}
    assert found["largest_change"].to_dict() == {"x": 2, "y": 0, "z": 2}
    assert found["leader"].to_dict() == {"x": "Q, R", "y": "P", "z": "P, Q, R"}
    assert found["leader_changes"].to_dict() == {"x": True, "y": False, "z": True}
    assert found["n_unjudged"].to_list() == [0, 0, 0]


def test_scores_only_one_assessor_gave_fall_to_the_middle_without_them():
    found = agreement(_tables({"P": {"x": (5.0, 5.0)}, "Q": {"x": (4.0, 4.0), "y": (4.0, 4.0)}})).left_out
    row = found.set_index("assessor_id").loc["x"]
    assert (row["n_unjudged"], row["project_id"], row["rank_after"], row["leader"]) == (2, "P", 2, "Q")


def test_who_favours_the_own_programme_and_who_keeps_to_the_middle_are_named_and_nobody_else(habits):
    assert habits.named == ["A2", "A4"]
    table = habits.to_frame().set_index("assessor_id")
    assert table.loc["A2", "finding"].startswith("A2 uses only levels 3 to 4 of 1 to 5 and spreads 0.")
    assert table.loc["A4", "finding"].startswith("A4 judges the own programme G4 0.")
    assert table.loc["A4", "n_own"] == 10
    assert table.loc["A4", "bias_low_levels"] > 0.5
    assert table.loc["A4", "bias_points"] == pytest.approx(25 * table.loc["A4", "bias_levels"])
    assert table.loc["A2", "reason"] == "the range is too narrow to tell how the own programme is judged"
    assert "A2 uses only" in habits.summary()
    assert habits.headline()["2 of 4"] == "assessors stand out: A2, A4"
    assert repr(habits).endswith("stand out: A2, A4>")


def test_own_programme_against_all_colleagues_by_plain_means(habits):
    tables = _drawn(favour=1.0, narrow=True)
    wide = tables["scores"].pivot(index=["project_id", "objective_id"], columns="assessor_id", values="raw_level")
    off = (wide["A4"] - wide.drop(columns="A4").mean(axis=1)).groupby(level=0).mean()
    own = tables["projects"].set_index("project_id")["programme_id"].eq("G4")
    row = habits.to_frame().set_index("assessor_id").loc["A4"]
    assert (row["own_levels"], row["other_levels"]) == pytest.approx((off[own].mean(), off[~own].mean()))


def test_nobody_is_named_without_habits():
    named = [agreement(_drawn(seed)).named for seed in range(20)]
    assert sum(map(bool, named)) <= 1
    assert "No assessor stands out." in agreement(_drawn(1)).summary()


def test_a_level_that_is_better_when_lower_counts_the_other_way_round():
    falling = _objectives(fit=(5.0, 1.0), ease=(5.0, 1.0))
    mirrored = _drawn(favour=1.0)
    mirrored = {**mirrored, "objectives": falling,
                "scores": mirrored["scores"].assign(raw_level=6 - mirrored["scores"]["raw_level"])}  # fmt: skip
    got, wanted = (agreement(tables).to_frame() for tables in (mirrored, _drawn(favour=1.0)))
    pd.testing.assert_frame_equal(got, wanted)


def test_without_a_shared_scale_habits_are_judged_in_points():
    tables = _drawn(favour=1.5)
    ease = tables["scores"]["objective_id"] == "ease"
    levels = tables["scores"]["raw_level"].where(~ease, 10 * tables["scores"]["raw_level"])
    tables = {**tables, "objectives": _objectives(fit=(1.0, 5.0), ease=(10.0, 50.0)),
              "scores": tables["scores"].assign(raw_level=levels)}  # fmt: skip
    found = agreement(tables)
    assert found.named == ["A4"]
    assert found.scale == ""
    assert found.to_frame()["deviation_levels"].isna().all()
    assert "points above the colleagues (95 %:" in found.summary()


def test_one_assessor_has_nobody_to_be_compared_with(make_tables):
    found = agreement(make_tables())
    assert found.left_out.empty
    assert found.named == []
    assert found.summary() == (
        "1 assessor: Kendall's W is not measurable (1 assessor, needed 2). No habit of an assessor is measurable: "
        "colleagues judged 0 of the same projects, needed 3."
    )
    assert found.headline() == {"0 of 1": "assessors stand out"}
    assert repr(found) == "<Agreement: 1 assessor on 3 criteria, W not measurable; stand out: nobody>"


def test_one_project_has_no_order_to_agree_on():
    found = agreement(_tables({"P": {"x": (5.0, 2.0), "y": (3.0, 2.0)}}))
    assert found.criteria["reason"].to_list() == ["1 project judged by all, needed 2"] * 2
    assert found.to_frame()["reason"].to_list() == ["colleagues judged 1 of the same projects, needed 3"] * 2
    assert "No rank changes when one assessor is left out." in found.summary()


def test_nobody_judged_anything_says_so(make_tables):
    tables = make_tables()
    found = agreement({**tables, "scores": tables["scores"].assign(raw_level=np.nan)})
    assert found.to_frame().empty
    assert found.summary().endswith("No habit of an assessor is measurable: nobody judged anything.")


@pytest.mark.parametrize("table", ["assessors", "projects"])
def test_without_a_table_of_homes_range_is_still_judged_and_bias_is_not(table):
    tables = {name: frame for name, frame in _drawn(narrow=True).items() if name != table}
    found = agreement(tables)
    assert found.named == ["A2"]
    reasons = found.to_frame().set_index("assessor_id")["reason"]
    assert reasons["A1"] == f"no table {table}, so no programme is known"
    quiet = agreement({name: frame for name, frame in _drawn().items() if name != table}).summary()
    assert f"bias towards the own programme is not measurable: no table {table}" in quiet


def test_assessor_without_programme_and_one_with_too_few_own_projects_say_why():
    tables = _drawn(favour=1.0)
    tables["assessors"]["programme_id"] = [None, "G9", "G3", "G4"]
    found = agreement(tables)
    reasons = found.to_frame()["reason"].to_list()
    assert reasons[0] == "no programme of their own in assessors"
    assert reasons[1] == "fewer than 3 own or other projects judged by a neutral colleague too"
    assert reasons[2:] == ["", ""]
    assert found.named == ["A4"]


def test_missing_answers_are_left_out_and_change_nothing_else():
    tables = _drawn(favour=1.0)
    cut = tables["scores"].assign(raw_level=tables["scores"]["raw_level"].where(tables["scores"].index % 9 > 0))
    dropped = cut.dropna()
    with_gaps, without = (agreement({**tables, "scores": scores}) for scores in (cut, dropped))
    pd.testing.assert_frame_equal(with_gaps.to_frame(), without.to_frame())
    assert with_gaps.named == ["A4"]
    assert (with_gaps.criteria["n"] < 40).all()


def test_two_calls_agree_and_leave_the_tables_as_they_are():
    tables = _drawn(favour=1.0, narrow=True)
    before = {name: frame.copy() for name, frame in tables.items()}
    first, second = agreement(tables), agreement(tables)
    pd.testing.assert_frame_equal(first.to_frame(), second.to_frame())
    for name, frame in before.items():
        pd.testing.assert_frame_equal(tables[name], frame)


def test_ranks_before_are_those_of_the_scorecard(habits):
    ranks = score(_drawn(favour=1.0, narrow=True)).to_frame().set_index("project_id")["rank"]
    assert (habits.left_out["rank_before"] == ranks[habits.left_out["project_id"]].to_numpy()).all()
    assert habits.projects.set_index("project_id")["rank"].to_dict() == ranks.to_dict()


def test_assessor_in_two_rows_unknown_group_and_missing_table_are_refused():
    tables = _drawn()
    twice = pd.concat([tables["assessors"], tables["assessors"].head(1)])
    with pytest.raises(SchemaError, match=r"assessors: assessor_id 'A1' stands in 2 rows"):
        agreement({**tables, "assessors": twice})
    with pytest.raises(ParameterError, match="boad"):
        agreement(tables, group="boad")
    with pytest.raises(MissingTableError, match="'scores'"):
        agreement({name: frame for name, frame in tables.items() if name != "scores"})
