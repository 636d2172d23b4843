"""The sample company: exact for every project, and consistent with what it costs to decide otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.portfolio import compile_problem
from pmlib.portfolio.forcing import costs_of_forcing
from pmlib.portfolio.information.information import information_value
from pmlib.portfolio.information.studies import StudyPolicy
from pmlib.portfolio.problem import best_plan

#: Uncertain ones; the others are sure, which keeps the test short.
FEW = ["P05", "P12", "P41", "P59"]


@pytest.fixture(scope="module")
def compiled(quillmark):
    problem = compile_problem(quillmark)
    return problem, problem.actions.projects.set_index("project_id")["value_k"]


@pytest.fixture(scope="module")
def found(quillmark, compiled):
    sds = pd.Series(0.0, index=compiled[1].index)
    sds[FEW] = [900.0, 250.0, 750.0, 450.0]
    return information_value(quillmark, means=compiled[1], sds=sds, study=StudyPolicy(draws=8))


def test_the_first_flip_is_the_margin_that_forcing_finds(found, compiled):
    problem, _ = compiled
    forced = costs_of_forcing(problem, best_plan(problem)[1], projects=FEW, exact=True).costs.set_index("project_id")
    frame = found.to_frame().set_index("project_id").loc[FEW]
    assert frame["flips_at_k"].to_numpy() == pytest.approx(forced.loc[FEW, "flips_at_k"].to_numpy(), abs=0.1)
    assert frame["then"].tolist() == forced.loc[FEW, "other"].tolist()


def test_the_worths_stand_in_order_and_the_studies_are_ranked_by_what_they_bring(found):
    frame = found.to_frame()
    uncertain = frame[frame["sd_k"] > 0]
    assert set(uncertain["project_id"]) == set(FEW)
    assert (uncertain["evsi_k"] > 0).all()
    assert (uncertain["evsi_k"] < uncertain["evppi_k"]).all()
    assert uncertain["evppi_k"].max() < found.evpi_k
    assert (np.diff(uncertain["net_k"]) <= 0).all()
    assert (frame.loc[frame["sd_k"] == 0, "evppi_k"] == 0).all()
    assert found.summary().startswith("Learn first about P05 ")
