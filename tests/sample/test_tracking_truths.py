from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import CheckError
from pmlib.sample import tracking_truths
from pmlib.scoring import score
from tests.sample.test_portfolio_side import made


@pytest.fixture(scope="module")
def side():
    return made()


@pytest.fixture(scope="module")
def found(side):
    return tracking_truths.measure(side)


def test_every_truth_has_its_figures(found):
    assert list(found) == ["T4", "T5", "T6", "T7", "T10", "T11", "T12", "T13", "T14", "T24"]
    assert found["T4"]["sd_of_net_by_cost"] == {"gates 1-2": 2.6, "gates 3-4": 0.3}
    assert found["T5"]["inside"] == 0.5
    assert found["T7"]["watermelons"] == ["P22", "P31", "P36"]
    assert found["T24"]["posterior"] == [2.32, 0.58]
    assert found["T24"]["posterior_doubted"][0] == 3.04


def test_t12_nine_projects_flip_and_twenty_are_in_every_optimum(found):
    assert (found["T12"]["n_flips"], found["T12"]["n_in_every"]) == (9, 20)
    assert not set(found["T12"]["flips"]) & set(found["T12"]["in_every"])
    assert list(found["T12"]["points"]) == list(tracking_truths.GROUPS)


@pytest.mark.parametrize("group", tracking_truths.GROUPS)
def test_values_are_those_of_the_scoring_room(side, group):
    newest = side["weights"][side["weights"]["valid_from"] == "2025-01-01"]
    card = score(side | {"weights": newest}, group=group).to_frame().set_index("project_id").sort_index()
    for measured, column in ((tracking_truths.values, "value"), (tracking_truths.increments, "increment")):
        pd.testing.assert_series_equal(
            measured(side, group).sort_index(), card[column], check_names=False, check_exact=False, rtol=1e-9
        )


BROKEN = {
    "T5": ("past_forecasts", "outcome", 2.0), "T6": ("evm", "ac_cum_k", 1.1), "T7": ("milestones", "weight", 0.9),
    "T14": ("evm", "pv_cum_k", 1.1), "T24": ("evidence", "estimate", 2.0),
}  # fmt: skip
MEASURES = {"T5": "overconfidence", "T6": "earned", "T7": "stuck", "T14": "late_finisher", "T24": "weighed_evidence"}


@pytest.mark.parametrize("truth", BROKEN)
def test_a_broken_truth_is_named(side, truth):
    name, column, factor = BROKEN[truth]
    broken = side | {name: side[name].assign(**{column: side[name][column] * factor})}
    with pytest.raises(CheckError, match=rf"^{truth}: .*Take another seed"):
        getattr(tracking_truths, MEASURES[truth])(broken)


def test_t10_t11_and_t13_are_named_when_broken(side):
    flat = side | {"scores": side["scores"].assign(raw_level=3.0)}
    for measure, truth in ((tracking_truths.ordinal_trap, "T10"), (tracking_truths.biases, "T11")):
        with pytest.raises(CheckError, match=f"^{truth}: "):
            measure(flat)
    with pytest.raises(CheckError, match="^T13: "):
        tracking_truths.events(side | {"weights": side["weights"].assign(weight=0.2)})
