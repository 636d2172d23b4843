from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.voice.segments import satisfaction_by_segment
from tests.product.conftest import PERIOD, days


def test_each_part_has_its_own_n_and_interval_and_they_add_up(heard) -> None:
    rows = satisfaction_by_segment(heard, period=PERIOD, months=3, windows=1).to_frame()
    nps = rows[rows["instrument"] == "NPS"].set_index("part")
    assert nps["n"].to_dict() == {"homes": 135, "offices": 135}
    joined = heard["surveys"].merge(heard["customers"], on="customer_id")
    scores = joined.loc[joined["segment"] == "homes", "score"]
    assert nps.loc["homes", "value"] == pytest.approx(100 * ((scores >= 9).mean() - (scores <= 6).mean()))
    assert (nps["low"] < nps["value"]).all() and (nps["value"] < nps["high"]).all()


def test_below_30_answers_there_is_an_n_and_no_score(heard) -> None:
    rows = satisfaction_by_segment(heard, period=PERIOD, months=3, windows=1).to_frame()
    few = rows[rows["product_id"] == "B"].iloc[0]
    assert (few["part"], few["n"], few["enough"], math.isnan(few["value"])) == ("not known", 24, False, True)
    told = satisfaction_by_segment(heard, period=PERIOD, months=3, windows=1).summary()
    assert "3 scores by segment, 1 of them not enough answers (below 30)" in told


def test_windows_lie_back_to_back(heard) -> None:
    rows = satisfaction_by_segment(heard, period=PERIOD, months=1, windows=3).to_frame()
    nps = rows[rows["instrument"] == "NPS"]
    assert sorted(nps["to_month"].unique()) == [PERIOD - 2, PERIOD - 1, PERIOD]
    assert nps["n"].unique().tolist() == [45]


def test_engines_give_the_frames_numbers(heard, in_either) -> None:
    ours, theirs = (
        satisfaction_by_segment(tables, period=PERIOD, months=3).to_frame() for tables in (heard, in_either)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


@pytest.mark.parametrize(("promoters", "verdict"), [((90, 40), "beyond chance"), ((55, 50), "not beyond chance")])
def test_the_widest_gap_is_told_as_beyond_chance_only_where_it_is(promoters, verdict) -> None:
    scores = np.concatenate([np.repeat([10, 3], [count, 100 - count]) for count in promoters])
    surveys = pd.DataFrame({
        "product_id": "A", "customer_id": ["h"] * 100 + ["o"] * 100, "instrument": "NPS", "scale_max": 10,
        "score": scores, "date": days(np.full(200, PERIOD)),
    })  # fmt: skip
    customers = pd.DataFrame({"customer_id": ["h", "o"], "segment": ["homes", "offices"]})
    told = satisfaction_by_segment({"surveys": surveys, "customers": customers}, period=PERIOD)
    assert told.summary().endswith(f"(n 100), {verdict} among 1 pair.")
    assert told.headline() == {"2 of 2": "scores by segment rest on 30 answers or more", "200": "answers"}


def test_bad_input_is_named(heard) -> None:
    assert satisfaction_by_segment(heard, period="2020-01").summary() == "No answers in the windows to January 2020."
    with pytest.raises(
        ParameterError, match="by: got 'regio', allowed segment, region, channel.*Did you mean 'region'"
    ):
        satisfaction_by_segment(heard, period=PERIOD, by="regio")
    with pytest.raises(ParameterError, match="product_id: got 'C'. Known: A, B"):
        satisfaction_by_segment(heard, period=PERIOD, product_id="C")
    with pytest.raises(MissingTableError, match="table 'customers' is missing"):
        satisfaction_by_segment({"surveys": heard["surveys"]}, period=PERIOD)
