"""Studies that may be made: the usual one, those offered, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.information.envelopes import preposterior_sd
from pmlib.portfolio.information.studies import StudyPolicy

PROJECTS = pd.DataFrame({"project_id": ["A", "B"], "sd_k": [60.0, 0.0], "cost_k": [200.0, 300.0]})


def _studies(**columns):
    return pd.DataFrame({"project_id": ["A"], "study_cost_k": [5.0], "standard_error_k": [20.0]} | columns)


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
def test_the_usual_study_leaves_the_share_it_says_and_what_is_sure_needs_none(left):
    offers = StudyPolicy(sd_left=left, cost_share=0.05).offers(PROJECTS)
    assert offers["project_id"].tolist() == ["A"]
    assert offers["study_cost_k"].tolist() == [10.0]
    moved = float(preposterior_sd(60.0, offers["standard_error_k"].iloc[0]))
    assert np.sqrt(60.0**2 - moved**2) == pytest.approx(left * 60.0)


def test_studies_are_taken_as_offered_with_numbers_as_text_and_a_name_where_there_is_one():
    policy = StudyPolicy(studies=_studies(study_cost_k=["5"], study=["pilot"]))
    assert policy.offers(PROJECTS).to_dict("records") == [
        {"project_id": "A", "study": "pilot", "study_cost_k": 5.0, "standard_error_k": 20.0}]
    assert StudyPolicy(studies=_studies()).offers(PROJECTS)["study"].tolist() == ["study"]
    assert StudyPolicy(studies=_studies().iloc[:0]).offers(PROJECTS).empty


@pytest.mark.parametrize(("columns", "words"), [
    ({"standard_error_k": [0.0]}, r"studies row 0 \(A\) column 'standard_error_k': got 0.0, allowed a number above 0"),
    ({"standard_error_k": [None]}, r"column 'standard_error_k': got None, allowed a number above 0"),
    ({"study_cost_k": [-1.0]}, r"studies row 0 \(A\) column 'study_cost_k': got -1.0, allowed 0 or more"),
    ({"study_cost_k": ["dear"]}, r"column 'study_cost_k': got dear, allowed 0 or more"),
    ({"project_id": ["AA"]}, r"studies: project_id 'AA' is not to be decided. Known: A, B. Did you mean 'A'"),
])
def test_a_study_that_cannot_be_is_refused_by_row(columns, words):
    with pytest.raises(ParameterError, match=words):
        StudyPolicy(studies=_studies(**columns)).offers(PROJECTS)


def test_two_studies_of_a_project_need_names():
    twice = pd.concat([_studies(), _studies()], ignore_index=True)
    with pytest.raises(ParameterError, match=r"studies: 'study' of A stands twice, allowed once"):
        StudyPolicy(studies=twice).offers(PROJECTS)


@pytest.mark.parametrize(("options", "words"), [
    ({"sd_left": 1.0}, r"sd_left: got 1, allowed above 0 and below 1"),
    ({"sd_left": "half"}, r"sd_left: got 'half', allowed a finite number"),
    ({"cost_share": -0.1}, r"cost_share: got -0.1, allowed 0 or more"),
    ({"draws": 3}, r"draws: got 3, allowed a whole number of 4 or more"),
    ({"seed": -1}, r"seed: got -1, allowed a whole number of 0 or more"),
    ({"studies": [1]}, r"studies: got list, allowed a DataFrame"),
    ({"studies": pd.DataFrame({"project_id": ["A"]})}, r"studies: column 'study_cost_k' is missing"),
])
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        StudyPolicy(**options)
