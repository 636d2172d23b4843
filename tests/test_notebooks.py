"""The rules of the notebooks, and the edges they must render at."""

from __future__ import annotations

import ast
import json
import re
import shutil
import statistics
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
import pytest

from pmlib.schema import TABLES
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
TAGS = {"parameters", "setup", "interactive", "check", "exercise", "solution"}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)


def cells(path: Path, kind: str) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def tagged(path: Path, tag: str) -> list[Any]:
    return [cell for cell in cells(path, "code") if tag in cell.metadata.get("tags", [])]


@every_notebook
def test_it_uses_the_six_tags_and_has_one_cell_of_each_it_needs(path):
    tags = [tag for cell in cells(path, "code") for tag in cell.metadata.get("tags", [])]
    assert set(tags) <= TAGS
    assert [tags.count(tag) for tag in ("parameters", "setup", "check")] == [1, 1, 1]


@every_notebook
def test_the_parameters_are_few_annotated_and_explained(path):
    source = tagged(path, "parameters")[0].source
    lines = source.splitlines()
    assert len(lines) <= 8
    assert all(isinstance(node, ast.AnnAssign) for node in ast.parse(source).body)
    assert all(re.search(r"# \w+", line) for line in lines)


@every_notebook
def test_code_cells_are_short_and_hold_no_logic(path):
    sources = [cell.source for cell in cells(path, "code")]
    lengths = [len(source.splitlines()) for source in sources]
    assert statistics.median(lengths) <= 3
    assert max(lengths) <= 15
    assert len(tagged(path, "setup")[0].source.splitlines()) <= 6
    forbidden = ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.ListComp | ast.DictComp
    for source in sources:
        tree = ast.parse(source)
        assert not [node for node in ast.walk(tree) if isinstance(node, forbidden)], source
        assert not re.search(r"\bprint\(|^[%!]|warnings\.|Path\(|os\.path", source, re.MULTILINE), source


@every_notebook
def test_text_and_code_take_turns_and_a_text_is_a_paragraph(path):
    kinds = [cell.cell_type for cell in nbformat.read(path, as_version=4).cells]
    assert kinds.count("markdown") >= kinds.count("code")
    assert "code code code" not in " ".join(kinds)
    for cell in cells(path, "markdown"):
        assert 40 <= len(re.findall(r"\w+", cell.source)) <= 90, cell.source


@every_notebook
def test_the_answer_comes_first_and_the_numbers_leave_last(path):
    sources = [cell.source for cell in cells(path, "code")]
    assert sources[2].startswith("pm.answer(")
    assert sources[-1].startswith("pm.record(")


@every_notebook
def test_an_interactive_cell_has_a_static_twin(path):
    code = cells(path, "code")
    for at, cell in enumerate(code):
        if "interactive" in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) == 1
            assert re.search(r"^pm\.(table|figure)\(", code[at + 1].source, re.MULTILINE)


@every_notebook
def test_every_figure_says_how_many_rows_it_lacks(path):
    for cell in cells(path, "code"):
        if "pm.figure(" in cell.source:
            assert "lacks" in cell.source, cell.source


@every_notebook
def test_it_names_known_tables_it_needs(path):
    assert set(nbformat.read(path, as_version=4).metadata["pmlib"]["needs"]) <= set(TABLES)


@every_notebook
def test_it_is_committed_executed_without_errors_paths_or_execution_metadata(path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert "widgets" not in notebook["metadata"]
    shown = 0
    for cell in notebook["cells"]:
        assert not {"execution", "papermill", "collapsed"}.intersection(cell["metadata"])
        for output in cell.get("outputs", []):
            shown += 1
            assert output["output_type"] in ("execute_result", "display_data"), output
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
    assert shown >= 4
    assert str(ROOT) not in text
    assert not re.search(r"0x[0-9a-f]{8,}", text)


@every_notebook
def test_every_picture_has_alt_text_and_is_small(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 20
                assert len(output.data["image/png"]) * 3 / 4 <= 60_000, cell.source


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> dict[str, Any]:
    """Run a notebook with parameters; return its entry of summary.json."""
    monkeypatch.setenv("PMLIB_RECORD", str(folder))
    monkeypatch.setenv("PMLIB_NOTEBOOK", name)
    papermill.execute_notebook(ROOT / "notebooks" / f"{name}.ipynb", folder / f"{name}.ipynb", parameters=parameters,
                               cwd=ROOT, progress_bar=False)
    entry: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))[name]
    return entry


def test_rebalancing_renders_an_infeasible_budget_and_names_the_change_that_mends_it(tmp_path, monkeypatch):
    entry = run("30_rebalance_portfolio", tmp_path, monkeypatch, budget_k=10.0)
    assert entry["summary"].startswith("Infeasible: no plan holds every limit. It needs ")
    mends = (tmp_path / "tables" / "30_rebalance_portfolio" / "mends.csv").read_text(encoding="utf-8")
    assert "budget" in mends


PROJECT = "project_id,name,state,bac_k\nP1,Only one,proposed,100\n"


def test_scoring_and_rebalancing_render_a_single_project_and_figures_say_what_they_lack(tmp_path, monkeypatch, folder):
    book = folder(
        projects=PROJECT, workbook="name,as_of\nAcme,2025-12-31\n",
        objectives="objective_id,name,worst,best\nA,Reach,0,10\nB,Fit,1,5\n",
        weights="objective_id,weight\nA,60\nB,40\n",
        scores="project_id,objective_id,raw_level\nP1,A,5\nP1,B,5\nP9,A,5\n",
        cash_flows="project_id,year,cost_k,benefit_k\nP1,2026,100,250\n")
    scored = run("20_score_projects", tmp_path, monkeypatch, workbook=str(book))
    assert "70" in " ".join(scored["headline"])
    captions = [output.metadata["image/png"]["caption"]
                for cell in cells(tmp_path / "20_score_projects.ipynb", "code") for output in cell.outputs
                if "image/png" in output.get("data", {})]
    assert len(captions) >= 4
    assert all("1 of 3 rows of scores is set aside." in caption for caption in captions)
    plan = run("30_rebalance_portfolio", tmp_path, monkeypatch, workbook=str(book))
    assert plan["summary"].startswith("Start 1 project")


def test_tracking_and_the_review_render_a_single_project(tmp_path, monkeypatch, folder):
    book = folder(
        projects="project_id,name,state,bac_k,start_month,planned_months\nP1,Only one,running,100,2025-07,12\n",
        workbook="name,as_of\nAcme,2025-12-31\n",
        evm="project_id,month,pv_cum_k,ev_cum_k,ac_cum_k\nP1,2025-11,40,30,35\nP1,2025-12,50,35,45\n",
        cash_flows="project_id,year,cost_k,benefit_k\nP1,2026,50,250\n")
    tracked = run("35_track_portfolio", tmp_path, monkeypatch, workbook=str(book))
    assert "P1 the latest" in tracked["summary"]
    assert "No closed forecasts are kept" in said(tmp_path / "35_track_portfolio.ipynb")
    review = run("50_period_review", tmp_path, monkeypatch, workbook=str(book))
    assert review["summary"].startswith("Keep 1: worth ")
    assert "Nothing is decided yet" in review["summary"]


def test_tracking_names_a_plan_that_moved_since_the_earlier_delivery(tmp_path, monkeypatch):
    for name in ("projects", "evm", "workbook"):
        shutil.copyfile(ROOT / "data" / "quillmark" / f"{name}.csv", tmp_path / f"{name}.csv")
    projects = pd.read_csv(tmp_path / "projects.csv")
    budget = projects.loc[projects["project_id"] == "P31", "bac_k"].item()
    projects.loc[projects["project_id"] == "P31", "bac_k"] = budget - 100
    projects.to_csv(tmp_path / "projects.csv", index=False)
    run("35_track_portfolio", tmp_path, monkeypatch, workbook="data/quillmark", earlier=str(tmp_path))
    moved = pd.read_csv(tmp_path / "tables" / "35_track_portfolio" / "moved.csv")
    assert len(moved) == 1
    assert moved.loc[0, ["project_id", "what", "before", "now"]].tolist() == ["P31", "budget", budget - 100, budget]


def test_the_review_of_an_infeasible_budget_names_what_has_to_give_way(tmp_path, monkeypatch):
    review = run("50_period_review", tmp_path, monkeypatch, budget_k=10.0)
    assert review["headline"] == {"no plan": "infeasible"}
    assert review["summary"].startswith("Infeasible: no plan holds every limit. It needs ")
    assert "Without a plan in money there is nothing to learn for." in said(tmp_path / "50_period_review.ipynb")


def test_products_render_without_surveys_market_and_subscriptions(tmp_path, monkeypatch, folder):
    orders = "\n".join(f"{n},20{23 + n // 12}-{n % 12 + 1:02d}-15,C{n % 5},PR1,{1 + n % 3},1000" for n in range(36))
    book = folder(
        products="product_id,name\nPR1,Sensor\n", workbook="name,as_of\nAcme,2025-12-31\n",
        orders=f"order_id,date,customer_id,product_id,units,paid_price\n{orders}\n")
    entry = run("40_product_performance", tmp_path, monkeypatch, workbook=str(book))
    assert "No surveys in this period" in entry["summary"]


def said(path: Path) -> str:
    """Everything that a page shows below its texts, as one text: tables, captions and remarks."""
    outputs = [output for cell in cells(path, "code") for output in cell.outputs]
    return "\n".join(one.metadata.get("image/png", {}).get("caption", one.data["text/plain"]) for one in outputs)


def test_products_render_subscriptions_alone_and_a_product_nobody_was_asked_about(tmp_path, monkeypatch, folder):
    running = "\n".join(
        f"C{n},PR1,{2023 + n // 12}-{n % 12 + 1:02d},{'' if n % 3 else '2025-06'},100" for n in range(30))
    answers = "\n".join(f"R{n},2025-{n % 12 + 1:02d}-10,PR1,C{n},NPS,10,{n % 11}" for n in range(60))
    book = folder(
        products="product_id,name\nPR1,Sensor\nPR2,Gate\n", workbook="name,as_of\nAcme,2025-12-31\n",
        subscriptions=f"customer_id,product_id,start_month,end_month,monthly_eur\n{running}\n",
        surveys=f"response_id,date,product_id,customer_id,instrument,scale_max,score\n{answers}\n")
    entry = run("40_product_performance", tmp_path, monkeypatch, workbook=str(book), product_id="PR1", months=1)
    assert entry["summary"].startswith("In the 1 month to December 2025, 1 product earned 2 k EUR")
    assert entry["summary"].endswith("No surveys in this period for Gate.")
    words = said(tmp_path / "40_product_performance.ipynb")
    assert "Recurring revenue went from 2 k EUR to 2 k EUR a month from November 2025 to December 2025" in words
    assert "No orders in this workbook: add the table orders." in words


def test_products_render_a_single_order_and_name_what_each_answer_needs(tmp_path, monkeypatch, folder):
    book = folder(
        products="product_id,name\nPR1,Sensor\n", workbook="name,as_of\nAcme,2025-12-31\n",
        orders="order_id,date,customer_id,product_id,units,paid_price\n1,2025-12-03,C1,PR1,1,100\n")
    entry = run("40_product_performance", tmp_path, monkeypatch, workbook=str(book))
    assert entry["headline"] == {"0 k": "EUR in the 12 months to December 2025", "0": "changes could be measured"}
    words = said(tmp_path / "40_product_performance.ipynb")
    for needed in ("they begin in December 2025", "none old enough to say who stays",
                   "30 paying repeat buyers are needed", "6 months without a gap are needed",
                   "fill launch_month in the table products"):
        assert needed in words


@pytest.mark.parametrize(("name", "summary"), [
    ("40_product_performance", "No revenue in the 12 months to December 2025. No change could be measured. "
                               "No surveys in this period for any product."),
    ("45_feature_decisions", "No backlog and no experiments in this workbook."),
])
def test_product_pages_render_products_alone(tmp_path, monkeypatch, folder, name, summary):
    book = folder(products="product_id,name\nPR1,Sensor\n", workbook="name,as_of\nAcme,2025-12-31\n")
    assert run(name, tmp_path, monkeypatch, workbook=str(book))["summary"] == summary
    assert said(tmp_path / f"{name}.ipynb").count("add ") >= 7


def sample(target: Path, *tables: str) -> str:
    """Copy tables of the sample company into a workbook of their own."""
    target.mkdir()
    for table in (*tables, "products", "workbook"):
        shutil.copy(ROOT / "data" / "quillmark" / f"{table}.csv", target)
    return str(target)


def test_features_that_do_not_fit_are_named_and_what_is_known_of_them_still_shown(tmp_path, monkeypatch):
    book = sample(tmp_path / "book", "features", "team_capacity")
    entry = run("45_feature_decisions", tmp_path, monkeypatch, workbook=book, months_each=1)
    assert entry["summary"].startswith(
        "No plan holds everything forced: platform is 15.0 person-months short. At best F07, F10 and F14 stay out.")
    assert entry["headline"]["15.0"] == "person-months short of what is forced"
    assert not (tmp_path / "tables" / "45_feature_decisions" / "features.csv").exists()
    words = said(tmp_path / "45_feature_decisions.ipynb")
    assert "No plan: see above, or add the tables" in words
    assert "Morning summary by mail comes first most often by RICE" in words


def test_three_releases_of_another_product_hold_all_its_open_features(tmp_path, monkeypatch):
    book = sample(tmp_path / "book", "features", "team_capacity")
    entry = run("45_feature_decisions", tmp_path, monkeypatch, workbook=book, product_id="PR2", releases=3)
    assert entry["headline"]["11 of 11"] == "open features fit into 3 releases"
    built = pd.read_parquet(tmp_path / "tables" / "45_feature_decisions" / "features.parquet")
    assert built["release_name"].unique().tolist() == ["2026 Q1", "2026 Q2", "2026 Q3"]
    assert "every team's time, every need and every must holds" in said(tmp_path / "45_feature_decisions.ipynb")


def test_a_backlog_without_capacity_is_ranked_and_says_why_there_is_no_plan(tmp_path, monkeypatch):
    book = sample(tmp_path / "book", "features", "experiments")
    entry = run("45_feature_decisions", tmp_path, monkeypatch, workbook=book)
    assert entry["summary"].startswith("No plan: the table team_capacity is missing. Of 20 experiments")
    methods = pd.read_parquet(tmp_path / "tables" / "45_feature_decisions" / "methods.parquet")
    assert methods.loc[methods["overlooked"], "feature_id"].tolist() == ["F07"]


@pytest.mark.parametrize(("name", "summary", "words"), [
    ("40_product_performance", "In the 12 months to June 1998, 1 product earned 1.1 M USD.",
     ("Our share of new cars went from 53 % (December 1971) to 38 % (December 1990",
      "is 2,158 of 10,000 in December 1990, where the study ends", "Of 23,570 customers in 3 cohorts")),
    ("45_feature_decisions", "No backlog and no experiments in this workbook.", ("add the table features",)),
])
def test_the_retail_case_renders_as_far_as_its_tables_go(tmp_path, monkeypatch, name, summary, words):
    entry = run(name, tmp_path, monkeypatch, workbook="data/cases/retail_and_cars")
    assert entry["summary"].startswith(summary)
    shown = said(tmp_path / f"{name}.ipynb")
    assert all(part in shown for part in words)


def test_checking_renders_a_workbook_with_rows_set_aside_and_a_blocked_table(tmp_path, monkeypatch, folder):
    book = folder(projects=PROJECT + "P1,Twin,held,1\nP2,Two,held,2\nP3,Three,held,3\nP4,Four,held,4\n",
                  programmes="programme_id\nA\n")
    entry = run("10_check_data", tmp_path, monkeypatch, workbook=str(book))
    assert "Table programmes is blocked" in entry["summary"]
    quarantine = (tmp_path / "tables" / "10_check_data" / "quarantine.csv").read_text(encoding="utf-8")
    assert quarantine.count("duplicate key") == 2
