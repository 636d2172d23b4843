"""The two product pages find the truths planted in the sample company, in the tables and captions they leave behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from tests.test_notebooks import run

PERFORMANCE, FEATURES = "40_product_performance", "45_feature_decisions"
Table = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("products")
    with pytest.MonkeyPatch.context() as patch:
        for name in (PERFORMANCE, FEATURES):
            run(name, folder, patch)
    return folder


@pytest.fixture(scope="module")
def entries(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def table(folder: Path) -> Table:
    """A recorded table by its name, in whichever page left it."""
    return lambda name: pd.read_parquet(next(folder.glob(f"tables/*/{name}.parquet")))


@pytest.fixture(scope="module")
def said(folder: Path) -> Callable[[str], str]:
    """What stands under a heading: the caption of its figure, or its text."""
    words, heading = {}, ""
    for name in (PERFORMANCE, FEATURES):
        for cell in nbformat.read(folder / f"{name}.ipynb", as_version=4).cells:
            if cell.cell_type == "markdown":
                heading = cell.source.splitlines()[0].lstrip("# ")
            for output in cell.get("outputs", []):
                picture = output.metadata.get("image/png", {})
                words[heading] = picture.get("caption", output.get("data", {}).get("text/plain", ""))
    return words.__getitem__


@pytest.fixture(scope="module")
def board(table: Table) -> pd.DataFrame:
    return table("board").set_index("product_id")


@pytest.fixture(scope="module")
def changes(table: Table) -> pd.DataFrame:
    return table("changes").set_index(["product_id", "metric"])


def test_t15_product_3_wins_share_in_a_market_that_shrinks_and_product_5_the_reverse(board, changes, table):
    percents = 100 * board.loc[["PR3", "PR5"], ["revenue_change", "share"]].to_numpy()
    assert percents.tolist() == [pytest.approx([-6, 20.5], abs=0.1), pytest.approx([9, 19.8], abs=0.1)]
    arrows = {product: changes.loc[product, "arrow"][["revenue", "share"]].tolist() for product in ("PR3", "PR5")}
    assert arrows == {"PR3": ["▼", "▲"], "PR5": ["▲", "▼"]}
    why = table("causes").set_index(["product_id", "metric"])["why"]
    assert why["PR3", "share"] == "our sales of wired thermostats -6.0 %, the market -12.0 %"
    assert why["PR5", "share"] == "our sales of edge gateways +9.0 %, the market +20.0 %"


def test_t16_a_score_that_wobbles_gets_no_arrow_and_the_one_that_fell_does(board, changes, said):
    assert changes.loc[("PR2", "nps"), "arrow"] == "–"
    assert board.loc["PR2", "nps_low"] < 25 < board.loc["PR2", "nps_high"]
    assert changes.loc[("PR6", "nps"), "arrow"] == "▼"
    assert changes.loc[("PR6", "nps"), "low"] < 20 - 32 < changes.loc[("PR6", "nps"), "high"]
    assert changes["arrow"].xs("nps", level="metric").isin(["▲", "▼"]).sum() == 1
    # Month 22 is October 2024.
    content = said("Are customers content, or do answers wobble?")
    assert content.startswith("Energy insight left its level")
    assert "between October 2024 and November 2024" in content
    assert "7 other scores stayed within what chance does" in content


def test_t17_the_score_of_product_4_is_weighted_to_25_and_the_raw_one_is_far_off(board, said):
    assert board.loc["PR4", "nps_low"] < 25 < board.loc["PR4", "nps_high"] < 44.9
    figures = r"raw NPS of ([\d.]+) is ([\d.]+) points too high .* it is ([\d.]+)"
    words = re.search(figures, said("Who answers the surveys?"))
    assert words is not None
    raw, gap, weighted = map(float, words.groups())
    assert raw == pytest.approx(44.9, abs=1.5)
    assert raw - gap == pytest.approx(weighted, abs=0.11)


def test_t18_cohorts_since_july_2024_leave_sooner_and_the_total_hides_it(table, said):
    kept = table("cohorts").set_index(["group", "age"])
    ages = [1, 12, 24]
    older = kept.loc["older"].loc[ages, ["retention_low", "retention_high"]]
    assert all(low < planted < high for planted, (low, high) in zip((0.78, 0.32, 0.21), older.to_numpy(), strict=True))
    assert kept.loc[("newer", 12), "retention_high"] < kept.loc[("older", 12), "retention_low"]
    words = said("Do newer customers leave sooner?")
    assert "Cohorts since July 2024 leave sooner (p < 0.001" in words
    assert "The total over all ages hides it" in words


def test_t19_the_elasticities_by_lot_hold_the_planted_ones_and_the_naive_regression_is_off(said):
    words = said("What does a price do?")
    for name, planted in (("Occupancy sensor", 1.4), ("Calibration service", 0.6)):
        raised = rf"{name}: raising the price by 1 % loses [\d.]+ % of units \(([\d.]+) to ([\d.]+);"
        ((low, high),) = re.findall(raised, words)
        assert float(low) <= planted <= float(high)
    assert "The naive regression is off for Occupancy sensor and Calibration service" in words


def test_t20_two_of_twenty_experiments_are_real_and_the_uneven_one_is_not_read(entries, table):
    tests = table("experiments").set_index("test_id")
    assert tests["verdict"].value_counts().to_dict() == {"not shown": 17, "real": 2, "do not read": 1}
    for test, planted in (("X06", 1.5), ("X13", 0.8)):
        assert tests.loc[test, "verdict"] == "real"
        assert tests.loc[test, "low_pp"] < planted < tests.loc[test, "high_pp"]
    assert tests.loc["X09", "verdict"] == "do not read"
    assert pd.isna(tests.loc["X09", "effect_pp"])
    assert entries[FEATURES]["headline"]["2 of 20"] == "experiments found something real"


def test_t21_kano_finds_the_planted_classes_and_forces_the_must_that_scores_last(entries, table):
    methods = table("methods").set_index("feature_id")
    classes = methods.loc[methods["kano"] != "", "kano"].value_counts().to_dict()
    assert classes == {"must-be": 4, "performance": 5, "attractive": 4, "indifferent": 2, "reverse": 1}
    assert methods.index[methods["overlooked"]].tolist() == ["F07"]
    assert methods.loc["F07", "rice_rank"] == len(methods) == 25
    features = table("features").set_index("feature_id")
    assert features.loc["F07", ["when", "must", "verdict"]].tolist() == ["now", True, "forced"]
    assert features.loc["F07", "why"].startswith("must-be: forcing it costs")
    assert entries[FEATURES]["headline"]["4"] == "of them are musts"


def test_t23_the_launch_has_its_peak_ahead_and_its_market_within_the_fan(table, said):
    row = table("stages").set_index("product_id").loc["PR8"]
    assert row["age"] == 24
    assert row["peak_low"] < row["peak"] < row["peak_high"]
    assert row["peak"] == pytest.approx(26, abs=0.5)
    low, high = re.findall(r"in the end ([\d,]+) to ([\d,]+) units", said("Where will the newest launch end?"))[0]
    assert int(low.replace(",", "")) < 10_000 < int(high.replace(",", ""))


def test_the_rule_invests_in_three_keeps_four_and_ends_the_thermostat(entries, table):
    verdicts = table("verdicts").set_index("product_id")["verdict"].to_dict()
    assert verdicts == dict.fromkeys(("PR1", "PR2", "PR4"), "invest") | {"PR3": "sunset"} | dict.fromkeys(
        ("PR5", "PR6", "PR7", "PR8"), "keep")
    assert entries[PERFORMANCE]["summary"].endswith("sunset Wired thermostat.")


def test_the_checks_of_both_pages_say_what_adds_up(said):
    assert said("Do the numbers reconcile?").count("to the cent") == 4
    assert "Market and share effects add up to the change in every category." in said("Do the numbers reconcile?")
    assert "every team's time, every need and every must holds" in said("Do the numbers hold?")


def test_what_is_said_first_is_what_the_tables_hold(entries, board, changes):
    real = changes["arrow"].isin(["▲", "▼"])
    assert entries[PERFORMANCE]["headline"][f"{real.sum()} of {len(changes)}"] == "measured changes are real"
    before, after = board["revenue_before_k"].sum(), board["revenue_k"].sum()
    assert f"{100 * (after / before - 1):+.1f} %" in entries[PERFORMANCE]["headline"]
