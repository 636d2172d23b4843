"""Distributions of scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.scoring.robust.score_spread import normal_scores, placed, quantiles, triangular_scores, uniform_scores

SHARES = np.linspace(0.01, 0.99, 33)[:, None]


def _cell(value, project="A", leaf="reach"):
    return pd.DataFrame({leaf: [value]}, index=[project], dtype=float)


@pytest.mark.parametrize(
    ("spread", "known"),
    [
        (normal_scores(_cell(70), _cell(25)), stats.truncnorm(-2.8, 1.2, loc=70, scale=25)),
        (normal_scores(_cell(0), _cell(5)), stats.truncnorm(0, 20, loc=0, scale=5)),
        (uniform_scores(_cell(20), _cell(60)), stats.uniform(20, 40)),
        (triangular_scores(_cell(20), _cell(30), _cell(70)), stats.triang(0.2, loc=20, scale=50)),
        (triangular_scores(_cell(20), _cell(20), _cell(70)), stats.triang(0, loc=20, scale=50)),
    ],
)
def test_quantiles_are_those_of_scipy(spread, known):
    assert quantiles(spread.table, SHARES) == pytest.approx(known.ppf(SHARES), abs=1e-8)


@pytest.mark.parametrize("spread", [
    normal_scores(_cell(30), _cell(0)), uniform_scores(_cell(30), _cell(30)),
    triangular_scores(_cell(30), _cell(30), _cell(30)),
])
def test_a_distribution_without_width_is_its_number(spread):
    assert quantiles(spread.table, SHARES).tolist() == [[30.0]] * len(SHARES)


def test_an_empty_cell_says_nothing_and_the_later_of_two_distributions_counts():
    points = pd.DataFrame({"reach": [10.0, np.nan], "fit": [30.0, 40.0]}, index=["A", "B"])
    spread = normal_scores(points, points * 0 + 5)
    assert spread.table[["project_id", "objective_id"]].to_numpy().tolist() == \
        [["A", "reach"], ["A", "fit"], ["B", "fit"]]
    both = spread.joined(uniform_scores(_cell(0), _cell(100)))
    assert repr(both) == "<ScoreSpread: 2 normal, 1 uniform>"
    assert both.summary() == "3 scores are uncertain: 2 normal, 1 uniform."
    assert both.headline() == {"2 normal": "of the uncertain scores", "1 uniform": "of the uncertain scores"}
    assert both.to_frame().columns.to_list() == \
        ["project_id", "objective_id", "law", "low", "middle", "high", "standard_error"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: normal_scores(_cell(70), _cell(-1)), r"'A' on 'reach' has standard_error -1, allowed a finite"),
        (lambda: normal_scores(_cell(70), _cell(np.nan)), r"has standard_error nan, allowed a finite number of 0"),
        (lambda: normal_scores(_cell(70), _cell(np.inf)), r"has standard_error inf, allowed"),
        (lambda: normal_scores(_cell(170), _cell(1)), r"has middle 170, allowed 0 to 100 points"),
        (lambda: uniform_scores(_cell(60), _cell(20)), r"has low 60, allowed low <= middle <= high inside 0 to 100"),
        (lambda: uniform_scores(_cell(0), _cell(np.nan)), r"has low 0, allowed low <= middle <= high"),
        (lambda: triangular_scores(_cell(20), _cell(10), _cell(70)), r"has middle 10, allowed"),
        (lambda: triangular_scores(_cell(20), _cell(90), _cell(110)), r"has high 110, allowed"),
        (lambda: normal_scores(_cell(70), _cell(1, leaf="reech")), r"standard_error: 'reach' stands in one frame only"),
        (lambda: uniform_scores(pd.concat([_cell(1)] * 2), _cell(2)), r"points: a project or criterion stands twice"),
    ],
)
def test_what_is_no_distribution_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_scores_find_their_cells_and_strangers_are_refused():
    points = pd.DataFrame({"reach": [10.0, np.nan], "fit": [30.0, 40.0]}, index=["A", "B"])
    ready = placed(points, uniform_scores(_cell(0, "B"), _cell(100, "B")))
    assert ready.points.to_numpy().tolist() == [[10, 30], [50, 40]]
    assert ready.certain().tolist() == [[10, 0], [30, 40]]
    projects, sums = ready.uncertain(np.array([[0.25, 0.75]]), np.array([[80.0]]))
    assert (projects.tolist(), sums.tolist()) == ([1], [[20.0]])
    with pytest.raises(ParameterError, match=r"project_id 'AA' is not in points\. Known: A, B\. Did you mean 'A'\?"):
        placed(points, uniform_scores(_cell(0, "AA"), _cell(100, "AA")))
    with pytest.raises(ParameterError, match=r"levels: 'B' has nan on 'reach', allowed a finite number"):
        placed(points, None)
    with pytest.raises(ParameterError, match=r"alternative 'A' stands twice"):
        placed(points.set_axis(["A", "A"]), None)


@pytest.mark.parametrize("cell", ["abc", 1j, [1]])
def test_a_word_never_passes_for_an_empty_cell(cell):
    points = pd.DataFrame({"reach": pd.Series([cell, 5.0], index=["A", "B"], dtype=object)})
    with pytest.raises(ParameterError, match=r"points: 'A' has .* on 'reach', allowed a number or an empty cell"):
        uniform_scores(points, pd.DataFrame({"reach": [9.0, 9.0]}, index=["A", "B"]))


def test_missing_cells_of_any_type_say_nothing():
    points = pd.DataFrame({"reach": pd.array([None, 5.0], dtype="Float64")}, index=["A", "B"])
    assert uniform_scores(points, points.fillna(9.0)).to_frame()["project_id"].tolist() == ["B"]


def test_bounds_that_are_no_frame_are_refused():
    with pytest.raises(ParameterError, match=r"high: got a list, allowed a DataFrame"):
        uniform_scores(pd.DataFrame({"a": [1.0]}), [[1.0]])
