from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pmlib as pm

HEAVY = ("pandas", "numpy", "matplotlib", "papermill", "ipywidgets", "ibis", "duckdb", "highspy", "pydantic")

ROOMS = {"plots", "portfolio", "product", "reporting", "scoring", "teach", "widgets"}


def test_the_exported_names_are_these_and_no_others():
    assert pm.__all__ == [
        "Policy", "answer", "data_quality", "figure", "if_available", "note", "one_list", "open_workbook", "plots",
        "portfolio", "portfolio_or_product", "product", "rebalance", "reconcile", "record", "reporting",
        "review_period", "review_products", "score", "scoring", "table", "teach", "widgets",
    ]


@pytest.mark.parametrize("name", pm.__all__)
def test_every_exported_name_is_there_and_documented(name):
    assert getattr(pm, name).__doc__


def test_every_name_of_the_scoring_room_is_there_sorted_and_documented():
    names = pm.scoring.__all__
    assert names == sorted(names)
    assert all(getattr(pm.scoring, name).__doc__ for name in names)
    assert set(dir(pm.scoring)) == set(names)


def test_every_name_of_the_portfolio_room_is_there_sorted_and_documented():
    names = pm.portfolio.__all__
    assert names == sorted(names)
    assert all(getattr(pm.portfolio, name).__doc__ for name in names)
    assert set(dir(pm.portfolio)) == set(names)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'rebalence'"):
        _ = pm.rebalence


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_the_portfolio_room_loads_numba_distributed_and_scipy_only_when_they_are_used():
    assert not loaded_by("import pmlib.portfolio").intersection(("numba", "distributed", "scipy.stats", "highspy"))


def test_import_pmlib_alone_loads_nothing_heavy():
    assert not loaded_by("import pmlib").intersection(HEAVY)


@pytest.mark.parametrize("room", ["scoring", "portfolio", "product"])
def test_a_room_loads_no_matplotlib_widgets_or_papermill(room):
    assert not loaded_by(f"import pmlib.{room}").intersection(("matplotlib", "ipywidgets", "papermill", "IPython"))


@pytest.mark.parametrize("room", [pm, pm.scoring, pm.portfolio, pm.product], ids=lambda room: room.__name__)
def test_no_exported_name_is_that_of_a_module_which_would_take_its_place(room):
    folder = Path(room.__file__).parent
    inside = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert not (set(room.__all__) - ROOMS) & inside
