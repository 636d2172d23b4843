"""The period on one page: five answers, each of which adds up, and a record that comes out the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pmlib.errors import CheckError, ParameterError
from pmlib.period_review import PARTS, review_period
from pmlib.workbook import open_workbook
from tests.conftest import ROOT
from tests.test_notebooks import run

NAME = "50_period_review"
PROJECTS = ("project_id,name,state,bac_k\nP1,One,running,500\nP2,Two,proposed,400\nP3,Three,proposed,300\n")
ESTIMATES = """project_id,as_of,quantity,p10,p50,p90
P1,2025-06-30,benefit_pv_k,500,600,700
P1,2025-06-30,cost_k,90,100,110
P2,2025-06-30,benefit_pv_k,300,350,400
P2,2025-06-30,cost_k,380,400,420
P3,2025-06-30,benefit_pv_k,500,550,600
P3,2025-06-30,cost_k,280,300,320
P2,2025-12-31,benefit_pv_k,900,950,1000
"""


@pytest.fixture
def small(folder):
    def make(**tables: str):
        return open_workbook(folder(**({"projects": PROJECTS, "estimates": ESTIMATES,
                                        "workbook": "name,as_of\nAcme,2025-12-31\n"} | tables)))

    return make


def test_five_answers_in_their_order_and_everything_adds_up(small):
    review = review_period(small())
    frame = review.to_frame()
    assert tuple(frame["part"]) == PARTS
    says = dict(zip(frame["part"], frame["says"], strict=True))
    assert says["What we recommend"].startswith("Start 2, keep 1: worth ")
    assert "estimates +550" in says["What changed and why"]
    assert "1 decision flipped: P2 by estimates." in says["What changed and why"]
    assert says["What was decided"].startswith("Nothing is decided yet")
    assert says["Which forecasts were right"].startswith("No closed forecasts are kept")
    assert review.summary() == "\n".join(frame["says"])
    assert "The causes add up to the change of +550." in review.check()
    assert review.since == "2025-11"
    assert review.record.content["previous"]
    assert repr(review).startswith("<PeriodReview December 2025: <Decision: 2 start, 1 keep;")


def test_the_first_period_has_nothing_to_compare_with_and_says_so(small):
    review = review_period(small(), months=12)
    assert (review.since, review.scored, review.change.found) == ("", None, False)
    assert "There is no period before this one" in review.summary()
    assert review.flips.empty
    assert review.check().startswith("Totals reconcile")


def test_without_a_plan_it_names_what_has_to_give_way(small):
    tables = {"budgets": "programme_id,year,capex_k,opex_k\nG,2026,0,0\n",
              "projects": PROJECTS.replace("bac_k", "bac_k,mandatory").replace("500", "500,yes").replace(
                  "400", "400,yes").replace("300\n", "300,yes\n"),
              "cash_flows": "project_id,year,cost_k,benefit_k\nP1,2026,100,600\nP2,2026,400,950\nP3,2026,300,550\n"}
    review = review_period(small(**tables))
    assert review.to_frame()["says"][0].startswith("Infeasible")
    assert (review.promise, review.learning) == (None, None)


def test_a_change_that_does_not_add_up_fails_the_page(small):
    review = review_period(small())
    split = review.change.attribution
    wrong = replace(split, contributions=split.contributions.assign(contribution_k=1.0))
    with pytest.raises(CheckError, match="the causes come to"):
        replace(review, change=replace(review.change, attribution=wrong)).check()


@pytest.mark.parametrize("months", [0, 1.5, True, "x"])
def test_months_back_are_whole_and_at_least_one(small, months):
    with pytest.raises(ParameterError, match="months: got"):
        review_period(small(), months=months)


@pytest.fixture(scope="module")
def year(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """Months 24 to 36 of the sample company, money and points together."""
    folder = tmp_path_factory.mktemp("year")
    with pytest.MonkeyPatch.context() as patch:
        return folder, run(NAME, folder, patch, months_back=12, objective="mix", k_per_point=5.0)


def table(year: tuple[Path, dict[str, Any]], name: str) -> pd.DataFrame:
    return pd.read_parquet(year[0] / "tables" / NAME / f"{name}.parquet")


def test_t13_weights_capacity_and_evidence_each_moved_the_plan_and_the_causes_add_up(year):
    causes = table(year, "causes").set_index("cause")
    assert causes["differs"][["weights", "capacity", "evidence", "estimates"]].all()
    assert causes["contribution_k"]["weights"] > 100
    assert causes["contribution_k"]["capacity"] < -100
    assert causes["contribution_k"]["evidence"] < -100
    assert causes["contribution_k"]["project list"] == 0
    assert "since 2024-12" in " ".join(year[1]["headline"].values())


def test_t24_the_page_says_in_one_sentence_why_the_retention_programme_stops(year):
    flip = table(year, "flips").set_index("project_id").loc["P44"]
    assert (flip["before"], flip["now"], flip["main_cause"]) == ("keep", "stop", "evidence")
    assert flip["says"].startswith("P44 goes from keep to stop: evidence 9")
    truth = json.loads((ROOT / "data" / "quillmark" / "truth.json").read_text(encoding="utf-8"))["truths"]["T24"]
    assert (flip["before"], flip["now"]) == (truth["before"], truth["after"])


@pytest.mark.parametrize(("period", "verb"), [("2025-08", "keep"), ("2025-09", "stop")])
def test_t24_the_verb_turns_in_the_month_of_the_experiment(quillmark, period, verb):
    from pmlib.portfolio import learned, rebalance

    plan = rebalance(learned(quillmark.baseline(period)).tables)
    assert plan.actions.set_index("project_id")["action"]["P44"] == verb
