"""The published tables in data/cases: their figures are those of tests/published, and the papers' answers come out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

import pmlib as pm
from tests.conftest import ROOT
from tests.published import capital_budgeting, fader_hardie, goodwin_wright, thore

CASES = ROOT / "data" / "cases"
CLASSICS = ["capital_budgeting", "drilling_projects", "office_location", "subscriber_retention"]
NOTEBOOKS = sorted((ROOT / "notebooks" / "cases").glob("*.ipynb"))

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def raw(case: str, name: str) -> pd.DataFrame:
    return pd.read_csv(CASES / case / "raw" / name)


@pytest.mark.parametrize("case", CLASSICS)
def test_a_classic_opens_clean_and_has_a_notebook_and_a_source(case):
    book = pm.open_workbook(CASES / case)
    assert (book.exit_code, book.notes) == (0, ())
    assert case in [path.stem for path in NOTEBOOKS]
    assert re.search(r"\b(19|20)\d\d\b", (CASES / case / "README.md").read_text(encoding="utf-8").split("## Source")[1])


def test_the_typed_tables_are_the_published_ones():
    budgeting = raw("capital_budgeting", "projects.csv")
    assert budgeting["value"].tolist() == capital_budgeting.WEINGARTNER_VALUE
    assert [budgeting["cost_1"].tolist(), budgeting["cost_2"].tolist()] == capital_budgeting.WEINGARTNER_COST
    drilling = raw("drilling_projects", "projects.csv").set_index("project")
    assert drilling.to_numpy().tolist() == thore.DRILLING.to_numpy().tolist()
    still_there = raw("subscriber_retention", "still_there.csv")
    assert tuple(still_there["regular"]) == fader_hardie.REGULAR
    assert tuple(still_there["high_end"]) == fader_hardie.HIGH_END
    offices = pd.read_csv(CASES / "office_location" / "scores.csv", index_col="project_id")
    assert offices["size"].tolist() == goodwin_wright.FLOOR_AREAS
    pd.testing.assert_frame_equal(offices.drop(columns="size"), goodwin_wright.VALUES.drop(columns="size"),
                                  check_names=False, check_dtype=False, check_index_type=False)


def test_weingartner_and_ness_is_solved_to_the_published_value_and_lists_fall_short():
    book = pm.open_workbook(CASES / "capital_budgeting")
    plan = pm.rebalance(book, period=book.period, policy=pm.Policy(discount_rate=0.0))
    assert (plan.status, plan.value_k) == ("proved", capital_budgeting.WEINGARTNER_BEST)
    assert plan.money["plan_k"].max() <= max(capital_budgeting.WEINGARTNER_BUDGET)
    lists = plan.against().set_index("rule")["loss_k"]
    assert lists[["greedy by value per cost", "by value"]].to_list() == [2_000.0, 5_605.0]


def test_the_offices_get_the_printed_points_by_the_printed_weights():
    book = pm.open_workbook(CASES / "office_location")
    points = pm.score(book, group="printed").table.set_index("project_id")["value"].round(1)
    assert points[list(goodwin_wright.BENEFITS)].to_dict() == goodwin_wright.BENEFITS
    swings = pm.score(book).weights
    assert (100 * swings).round().astype(int).to_dict() == goodwin_wright.WEIGHTS


def test_the_drilling_projects_are_as_efficient_as_printed():
    book = pm.open_workbook(CASES / "drilling_projects")
    levels = book["scores"].pivot(index="project_id", columns="objective_id", values="raw_level")
    cost = book["projects"].set_index("project_id")[["bac_k"]]
    found = pm.scoring.data_envelopment(cost, levels, returns="variable").numbers["efficiency"]
    assert found.to_dict() == pytest.approx(thore.DRILLING["efficiency"].to_dict(), abs=5.1e-5)


def test_seven_years_of_renewals_give_the_published_parameters_and_the_years_that_followed():
    book = pm.open_workbook(CASES / "subscriber_retention", as_of="2001-08")
    projected = pm.product.project_retention(book, period=book.period, by="segment", horizon_months=12)
    fits = projected.models.set_index("group")[["alpha", "beta"]].round(3)
    assert tuple(fits.loc["regular"]) == fader_hardie.REGULAR_FIT
    assert tuple(fits.loc["high end"]) == fader_hardie.HIGH_END_FIT
    shares = projected.to_frame().set_index("group")
    for group, percents in (("regular", fader_hardie.REGULAR), ("high end", fader_hardie.HIGH_END)):
        known = fader_hardie.FITTED_YEARS + 1
        assert 100 * shares.loc[group, "observed"].to_numpy()[:known] == pytest.approx(percents[:known])
        assert shares.loc[group, "observed"].isna().to_numpy()[known:].all()
        assert 100 * shares.loc[group, "projected"].to_numpy() == pytest.approx(percents, abs=1.9)


@every_notebook
def test_a_case_is_short_asks_first_and_asserts_its_agreement(path: Path):
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert 6 <= len(cells) <= 12 and len(texts) >= len(code)
    assert [cell.metadata.get("tags", []) for cell in code[:2]] == [["parameters"], ["setup"]]
    assert code[2].source.startswith("pm.answer(") and code[-1].source.startswith("pm.record(")
    checks = [cell.source for cell in code if "check" in cell.metadata.get("tags", [])]
    assert len(checks) == 1 and "assert " in checks[0]
    assert max(len(cell.source.splitlines()) for cell in code) <= 15
    assert all(40 <= len(re.findall(r"\w+", text)) <= 90 for text in texts)
    assert "?" in texts[0] and any("## Source" in text for text in texts)


@every_notebook
def test_a_case_is_committed_executed_without_paths_or_execution_metadata(path: Path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert {output["output_type"] for output in outputs} <= {"execute_result", "display_data"} and len(outputs) >= 3
    assert not any({"execution", "papermill"} & cell["metadata"].keys() for cell in notebook["cells"])
    assert str(ROOT) not in text and not re.search(r"0x[0-9a-f]{8,}", text)
