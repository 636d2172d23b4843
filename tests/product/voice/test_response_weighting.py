from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.voice.response_weighting import weight_by_response
from tests.product.conftest import PERIOD


def _only(tables: dict[str, Any], product: str = "A", **options: Any) -> pd.Series:
    told = weight_by_response(tables, period=PERIOD, months=3, **options).to_frame()
    return told[told["product_id"] == product].iloc[0]


def test_bands_count_as_often_as_they_were_asked(heard) -> None:
    # scores of the bands 32/40, -6/30 and 6/20; asked 1 : 3 : 1, answered 40 : 30 : 20
    row = _only(heard)
    assert row["raw"] == pytest.approx(100 * 32 / 90)
    assert row["weighted"] == pytest.approx(20 * 0.8 + 60 * -0.2 + 20 * 0.3)
    assert row["gap"] == pytest.approx(row["raw"] - row["weighted"])
    assert row["weighted_low"] < row["weighted"] < row["raw_low"]
    assert (row["n"], row["n_matched"], row["invited"]) == (270, 270, 1500)
    assert row["response_rate"] == pytest.approx(90 / 500)
    assert row["n_effective"] == pytest.approx(3 / (0.2**2 / 40 + 0.6**2 / 30 + 0.2**2 / 20))


def test_the_variance_is_the_sum_over_bands(heard) -> None:
    row, bands = _only(heard), {"high": (34, 2, 40), "low": (6, 12, 30), "medium": (10, 4, 20)}
    variance = 0.0
    for band, (up, down, n) in bands.items():
        rows = np.repeat([1] * up + [-1] * down + [0] * (n - up - down), 3)
        weight = 0.6 if band == "low" else 0.2
        variance += weight**2 * rows.var(ddof=1) / len(rows) + weight * (rows.mean() - 0.10) ** 2 / 1500
    assert row["weighted_high"] - row["weighted"] == pytest.approx(100 * 1.959964 * math.sqrt(variance))


def test_engines_give_the_frames_numbers(heard, in_either) -> None:
    ours, theirs = (weight_by_response(tables, period=PERIOD, months=3) for tables in (heard, in_either))
    pd.testing.assert_frame_equal(ours.to_frame(), theirs.to_frame(), check_dtype=False)
    pd.testing.assert_frame_equal(ours.bands, theirs.bands, check_dtype=False)


def test_the_summary_says_how_far_the_raw_score_is_off_and_why(heard) -> None:
    told = weight_by_response(heard, period=PERIOD, months=3)
    assert told.summary().startswith("Aria: the raw NPS of 35.6 is 25.6 points too high (")
    assert "because band 'high' (score 80.0) answers 40 % of the time and band 'low' (-20.0) 10 %" in told.summary()
    assert told.headline() == {
        "10.0": "Aria, weighted by who was asked", "35.6": "raw, by who answered", "18 %": "of those asked answered",
    }  # fmt: skip
    assert repr(told).startswith("<WeightedScores: Aria")


def test_equal_scores_are_one_figure_of_the_headline(heard) -> None:
    told = weight_by_response(heard | {"surveys": heard["surveys"].assign(score=10, instrument="NPS", scale_max=10)},
                              period=PERIOD, months=3, product_id="A")  # fmt: skip
    assert told.headline() == {"100.0": "Aria, raw and weighted", "18 %": "of those asked answered"}
    assert told.summary() == "For 1 product raw and weighted NPS agree within chance."


def test_satisfaction_and_effort_are_weighted_as_shares(heard) -> None:
    surveys = heard["surveys"].assign(instrument="CSAT", scale_max=10)
    surveys = surveys[surveys["product_id"] == "A"]
    row = _only(heard | {"surveys": surveys.assign(score=surveys["score"])}, instrument="CSAT")
    assert row["raw"] == pytest.approx(50 / 90)
    assert row["weighted"] == pytest.approx(0.2 * 34 / 40 + 0.6 * 6 / 30 + 0.2 * 10 / 20)
    assert row["unit"] == "share"


def test_a_band_with_few_answers_joins_the_nearest_response_rate(heard) -> None:
    surveys = heard["surveys"]
    few = surveys[~surveys["customer_id"].str.startswith("medium", na=False) | surveys["customer_id"].eq("medium000")]
    told = weight_by_response(heard | {"surveys": few}, period=PERIOD, months=3)
    assert told.bands["band"].tolist() == ["high", "low + medium"]
    assert told.bands["share_invited"].tolist() == pytest.approx([0.2, 0.8])


def test_a_silent_band_is_refused_by_name(heard) -> None:
    surveys = heard["surveys"]
    silent = surveys[~surveys["customer_id"].str.startswith("low", na=False)]
    row = _only(heard | {"surveys": silent})
    assert row["reason"] == "nobody of band 'low' answered: merge it with another in views.sql"
    assert math.isnan(row["weighted"]) and row["raw"] > 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tables: tables | {"surveys": tables["surveys"].drop(columns="customer_id")}, "nobody is known"),
        (lambda tables: {name: tables[name] for name in ("products", "surveys")}, "nobody is known"),
        (lambda tables: tables | {"surveys": tables["surveys"].assign(customer_id=None)}, "less than 80 %"),
        (
            lambda tables: tables | {"invitations": tables["invitations"].assign(engagement_band="all")},
            "one engagement",
        ),
        (
            lambda tables: tables | {"invitations": tables["invitations"].iloc[:0]},
            "nobody is known to have been invited",
        ),
        (lambda tables: tables | {"surveys": tables["surveys"].iloc[:29]}, "not enough answers .30 needed"),
    ],
)
def test_what_cannot_be_weighted_says_why(heard, change, reason) -> None:
    told = weight_by_response(change(heard), period=PERIOD, months=3)
    assert pd.Series(told.to_frame()["reason"]).str.contains(reason).all()
    assert "cannot be weighted" in told.summary()
    assert told.headline() == {"–": "no NPS that can be weighted"}


def test_invitations_stored_twice_and_bands_left_out_do_no_harm(heard) -> None:
    twice = pd.concat([heard["invitations"]] * 2, ignore_index=True)
    assert _only(heard | {"invitations": twice})["weighted"] == pytest.approx(_only(heard)["weighted"])
    untold = heard["invitations"].assign(
        engagement_band=lambda rows: rows["engagement_band"].where(rows["engagement_band"] != "low")
    )
    told = weight_by_response(heard | {"invitations": untold}, period=PERIOD, months=3)
    assert told.bands["band"].tolist() == ["high", "medium", "not told"]


def test_no_answers_unknown_products_and_no_surveys(heard) -> None:
    assert weight_by_response(heard, period="2020-01").summary() == "No NPS answers in the 12 months to January 2020."
    with pytest.raises(ParameterError, match="product_id: got 'Z'. Known: A, B"):
        weight_by_response(heard, period=PERIOD, product_id="Z")
    with pytest.raises(MissingTableError, match="table 'surveys' is missing"):
        weight_by_response({}, period=PERIOD)
