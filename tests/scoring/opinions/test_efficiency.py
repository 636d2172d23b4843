"""Data envelopment analysis against published efficiencies and against the dual program."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from pmlib.errors import ParameterError
from pmlib.scoring.opinions import efficiency
from pmlib.scoring.opinions.efficiency import data_envelopment
from tests.published import thore

COST = pd.DataFrame({"cost": [1.0, 2.0, 2.0]}, index=["A", "B", "C"])
GAIN = pd.DataFrame({"gain": [1.0, 3.0, 1.5]}, index=["A", "B", "C"])


def columns_of(projects):
    return projects.iloc[:, [0]], projects.iloc[:, 1:-1]


def by_multipliers(inputs, outputs, *, variable):
    """Efficiency from the dual: the weights that show each alternative at its best."""
    found = []
    for x, y in zip(inputs, outputs, strict=True):
        free = [1.0, -1.0] if variable else [0.0, 0.0]
        cost = -np.concatenate([np.zeros(len(x)), y, free])
        upper = np.hstack([-inputs, outputs, np.tile(free, (len(inputs), 1))])
        equal = np.concatenate([x, np.zeros(len(y) + 2)])[None]
        done = linprog(cost, A_ub=upper, b_ub=np.zeros(len(inputs)), A_eq=equal, b_eq=[1.0])
        found.append(-done.fun)
    return found


@pytest.mark.parametrize("projects", [thore.DRILLING, thore.AERONAUTICS], ids=["drilling", "aeronautics"])
def test_every_efficiency_that_thore_and_rich_2002_published_is_reproduced(projects):
    result = data_envelopment(*columns_of(projects), returns="variable")
    assert result.numbers["efficiency"].to_dict() == pytest.approx(projects["efficiency"].to_dict(), abs=5.1e-5)


def test_competitive_intensity_of_the_drilling_projects_counts_as_an_output_as_given():
    inputs, outputs = columns_of(thore.DRILLING)
    turned = data_envelopment(inputs, outputs.assign(competition=10 - outputs["competition"]))
    gap = (turned.numbers["efficiency"] - thore.DRILLING["efficiency"]).abs().max()
    assert gap > 0.5


@pytest.mark.parametrize("returns", ["constant", "variable"])
@settings(max_examples=15, deadline=None)
@given(array=arrays(float, st.tuples(st.integers(1, 7), st.just(4)), elements=st.integers(1, 9).map(float)))
def test_efficiency_is_what_the_dual_program_gives(returns, array):
    frame = pd.DataFrame(array, columns=list("abcd"))
    result = data_envelopment(frame[["a", "b"]], frame[["c", "d"]], returns=returns)
    dual = by_multipliers(array[:, :2], array[:, 2:], variable=returns == "variable")
    assert result.numbers["efficiency"].to_list() == pytest.approx(dual, abs=1e-6)
    assert (result.numbers["efficiency_constant"] <= result.numbers["efficiency_variable"] + 1e-6).all()


def test_one_input_and_one_output_at_constant_returns_compare_ratios():
    result = data_envelopment(COST, GAIN, returns="constant")
    assert result.numbers["efficiency"].to_dict() == pytest.approx({"A": 2 / 3, "B": 1.0, "C": 0.5})
    assert result.numbers["scale_efficiency"].to_dict() == pytest.approx({"A": 2 / 3, "B": 1.0, "C": 0.8})
    assert result.ranks.to_dict() == {"B": 1, "A": 2, "C": 3}


def test_peers_make_the_outputs_from_the_efficient_share_of_the_inputs():
    inputs, outputs = columns_of(thore.DRILLING)
    result = data_envelopment(inputs, outputs)
    mix = result.peers.pivot(index="alternative", columns="peer", values="intensity").fillna(0)
    mix = mix.reindex(inputs.index)
    np.testing.assert_allclose(mix.sum(axis=1), 1)
    share = result.numbers["efficiency"].to_numpy()[:, None]
    assert (mix @ inputs.loc[mix.columns] <= share * inputs.to_numpy() + 1e-6).all(axis=None)
    assert (mix @ outputs.loc[mix.columns] >= outputs.to_numpy() - 1e-4).all(axis=None)
    assert set(result.peers["peer"]) == {"A", "C", "F", "K", "L", "N"}


def test_a_slack_shows_what_is_only_weakly_efficient():
    inputs = pd.DataFrame({"x": [1.0, 1.0]}, index=["A", "B"])
    outputs = pd.DataFrame({"y": [2.0, 2.0], "z": [5.0, 3.0]}, index=["A", "B"])
    result = data_envelopment(inputs, outputs)
    assert result.numbers["efficiency"].to_list() == [1.0, 1.0]
    pd.testing.assert_frame_equal(
        result.slacks(), pd.DataFrame({"x": [0.0, 0.0], "y": [0.0, 0.0], "z": [0.0, 2.0]}, index=["A", "B"])
    )


@pytest.mark.parametrize("returns", ["constant", "variable"])
def test_slacks_close_the_gap_to_the_mix(returns):
    inputs, outputs = columns_of(thore.AERONAUTICS)
    slacks = data_envelopment(inputs, outputs, returns=returns).slacks()
    assert list(slacks) == ["x1", "y1", "y2", "y3"]
    assert (slacks >= 0).all(axis=None)
    assert slacks.loc["E2", "y1"] > 0


def test_units_and_the_order_of_rows_make_no_difference():
    inputs, outputs = columns_of(thore.DRILLING)
    once = data_envelopment(inputs, outputs)
    again = data_envelopment(inputs * 1e6, (outputs * [1e-3, 1, 1, 100]).iloc[::-1])
    np.testing.assert_allclose(once.numbers, again.numbers, atol=1e-7)
    numbered = data_envelopment(inputs.reset_index(drop=True), outputs.reset_index(drop=True).iloc[::-1])
    np.testing.assert_allclose(once.numbers, numbered.numbers, atol=1e-7)


def test_every_series_says_that_it_only_ranks():
    result = data_envelopment(COST, GAIN)
    assert result.ranking_only
    assert result.numbers["efficiency"].attrs["ranking_only"] is True
    for series in (result.ranks, result.peers["intensity"], result.slacks()["gain"]):
        assert series.attrs["ranking_only"] is True
    assert result.summary() == (
        "Ranking only: 2 of 3 are efficient at variable returns to scale; C could do with 62 % of its inputs. The "
        "numbers change with the set of alternatives and cannot be added up."
    )
    assert result.headline() == {"2 of 3": "efficient, ranking only", "0.625": "least efficiency, C"}
    assert repr(result).startswith("<Ranking only: data envelopment analysis by efficiency; 3 alternatives")


def test_one_alternative_alone_is_efficient():
    result = data_envelopment(COST.iloc[:1], GAIN.iloc[:1], returns="constant")
    assert result.numbers.iloc[0].to_list() == [1.0, 1.0, 1.0, 1.0]


def test_a_column_of_zeros_says_nothing():
    result = data_envelopment(COST, GAIN.assign(patents=0.0))
    np.testing.assert_allclose(result.numbers, data_envelopment(COST, GAIN).numbers)
    assert result.notes == ("All alternatives have 0 on patents: it says nothing.",)


def test_columns_on_which_all_are_the_same_make_all_efficient():
    ones = pd.DataFrame(1.0, index=list("AB"), columns=["x"])
    assert data_envelopment(ones, ones.set_axis(["y"], axis=1)).ranks.to_list() == [1, 1]


@pytest.mark.parametrize(
    ("inputs", "outputs", "match"),
    [
        (COST, GAIN.drop(index="B"), "outputs: no row for 'B'"),
        (COST.drop(index="B"), GAIN, "inputs: no row for 'B'"),
        (COST.assign(gain=1.0), GAIN, "outputs: 'gain' is an input too"),
        (COST.assign(cost=[1.0, -2.0, 2.0]), GAIN, "inputs: 'B' has -2 on 'cost', allowed 0 or more"),
        (COST, GAIN.assign(gain=[1.0, 3.0, -1.0]), "outputs: 'C' has -1 on 'gain', allowed 0 or more"),
        (COST.assign(cost=[1.0, 0.0, 2.0]), GAIN, "inputs: 'B' has 0 on all"),
        (COST.assign(cost=[1.0, np.nan, 2.0]), GAIN, "inputs: 'B' has nan on 'cost'"),
        (COST, GAIN.assign(gain=[np.inf, 3.0, 1.0]), "outputs: 'A' has inf on 'gain'"),
        (COST.iloc[:0], GAIN, "inputs: got 0 rows"),
    ],
)
def test_tables_that_cannot_be_enveloped_are_refused_by_name(inputs, outputs, match):
    with pytest.raises(ParameterError, match=match):
        data_envelopment(inputs, outputs)


def test_an_unknown_word_for_returns_is_refused():
    with pytest.raises(ParameterError, match=r"returns is 'varible'\. Known: .*\. Did you mean 'variable'"):
        data_envelopment(COST, GAIN, returns="varible")


def test_too_many_alternatives_are_refused(monkeypatch):
    monkeypatch.setattr(efficiency, "ENVELOPMENT_LIMIT", 2)
    with pytest.raises(ParameterError, match="inputs: got 3 alternatives, allowed 2"):
        data_envelopment(COST, GAIN)


@pytest.mark.parametrize("returns", [None, pd.NA, ["variable"], np.float64(1.0)])
def test_returns_that_are_no_word_are_refused(returns):
    with pytest.raises(ParameterError, match=r"data envelopment: returns is (?!np\.).*Write one of the two words"):
        data_envelopment(pd.DataFrame({"in": [1.0]}), pd.DataFrame({"out": [1.0]}), returns=returns)
