from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, ScaleError, SchemaError
from pmlib.product.voice import relative_importance as relative
from pmlib.product.voice.drivers import satisfaction_drivers
from tests.product.conftest import PERIOD, days

COLUMNS = ["quality_rating", "price_rating", "service_rating"]


def _rated(rng: np.random.Generator, n: int = 600) -> pd.DataFrame:
    """A score that rests on quality most and on price not at all; ratings that go together."""
    mood = rng.normal(size=n)
    quality, price, service = (np.clip(np.round(3 + 0.7 * mood + 0.8 * rng.normal(size=n)), 1, 5) for _ in range(3))
    score = np.clip(np.round(1.2 * quality + 0.6 * service + rng.normal(size=n)), 0, 10)
    return pd.DataFrame({
        "product_id": "A", "instrument": "NPS", "scale_max": 10, "score": score.astype(int), "quality_rating": quality,
        "price_rating": price, "service_rating": service, "date": days(PERIOD - np.arange(n) % 12),
    })  # fmt: skip


@pytest.fixture(scope="module")
def rated() -> dict[str, pd.DataFrame]:
    return {"surveys": _rated(np.random.default_rng(9))}


def test_shares_come_from_the_correlations_of_the_complete_answers(rated) -> None:
    surveys = rated["surveys"].copy()
    surveys.loc[::7, "price_rating"] = np.nan
    told = satisfaction_drivers({"surveys": surveys}, period=PERIOD).to_frame()
    whole = surveys.dropna()[[*COLUMNS, "score"]]
    expected = relative.importance(whole.corr().to_numpy())
    assert told["explained"].to_numpy() == pytest.approx(expected)
    assert told["share"].sum() == pytest.approx(1)
    assert told["explained"].sum() == pytest.approx(told["r_squared"].iloc[0])
    assert (told["n"].iloc[0], told["n_partial"].iloc[0]) == (len(whole), 600 - len(whole))


def test_the_order_of_the_drivers_is_found_with_intervals_that_tell_them_apart(rated) -> None:
    told = satisfaction_drivers(rated, period=PERIOD).to_frame().set_index("rating")
    assert told["share"].idxmax() == "quality" and told["share"].idxmin() == "price"
    assert (
        told.loc["quality", "low"]
        > told.loc["service", "high"]
        > told.loc["service", "low"]
        > told.loc["price", "high"]
    )


def test_the_summary_says_shares_and_that_they_are_no_causes(rated) -> None:
    told = satisfaction_drivers(rated, period=PERIOD)
    assert told.summary().startswith("A: of what the ratings explain of the NPS (R squared 0.")
    assert told.summary().endswith("Drivers go with the score; that is no proof that they cause it.")
    assert len(told.headline()) == 2
    assert repr(told).startswith("<SatisfactionDrivers: A: of what")


def test_engines_give_the_frames_numbers(heard, in_either) -> None:
    ours, theirs = (satisfaction_drivers(tables, period=PERIOD, months=3).to_frame() for tables in (heard, in_either))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_ratings_that_repeat_each_other_are_told_and_share_evenly(rated) -> None:
    surveys = rated["surveys"].assign(service_rating=rated["surveys"]["quality_rating"])
    told = satisfaction_drivers({"surveys": surveys}, period=PERIOD)
    rows = told.to_frame().set_index("rating")
    assert rows.loc["quality", "share"] == pytest.approx(rows.loc["service", "share"])
    assert np.isinf(rows.loc["quality", "vif"])
    assert "quality and service repeat each other exactly" in told.summary()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("price_rating", 3.0, "everybody gave the same price rating"),
        ("score", 7, "everybody gave the same score"),
        ("quality_rating", np.nan, r"not enough answers with all ratings \(0, 30 needed\)"),
    ],
)
def test_what_cannot_be_split_says_why(rated, column, value, reason) -> None:
    told = satisfaction_drivers({"surveys": rated["surveys"].assign(**{column: value})}, period=PERIOD)
    assert told.to_frame()["reason"].str.contains(reason).all()
    assert told.to_frame()["share"].isna().all()
    assert told.headline() == {"–": "no NPS answers with ratings"}


def test_too_few_months_give_shares_without_an_interval(rated) -> None:
    told = satisfaction_drivers(rated, period=PERIOD, months=5).to_frame()
    assert told["low"].isna().all() and not math.isnan(told["share"].iloc[0])


def test_bad_input_is_named(rated) -> None:
    surveys = rated["surveys"]
    assert satisfaction_drivers(rated, period="2020-01").summary() == "No NPS answers in the 12 months to January 2020."
    with pytest.raises(ScaleError, match="price_rating 6, allowed 1-5"):
        satisfaction_drivers({"surveys": surveys.assign(price_rating=6.0)}, period=PERIOD)
    with pytest.raises(ScaleError, match="NPS answer 11"):
        satisfaction_drivers({"surveys": surveys.assign(score=11)}, period=PERIOD)
    with pytest.raises(SchemaError, match="surveys: column 'price_rating' is missing"):
        satisfaction_drivers({"surveys": surveys.drop(columns="price_rating")}, period=PERIOD)
    with pytest.raises(ParameterError, match="product_id: got 'B'. Known: A"):
        satisfaction_drivers(rated, period=PERIOD, product_id="B")
    with pytest.raises(MissingTableError, match="table 'surveys' is missing"):
        satisfaction_drivers({}, period=PERIOD)


def test_jackknife_intervals_cover_the_shares_95_times_in_100() -> None:
    # Normal ratings and score of known correlations, 12 months of 60 answers, 2,000 times.
    correlations = np.array([[1, 0.5, 0.3, 0.7], [0.5, 1, 0.3, 0.6], [0.3, 0.3, 1, 0.3], [0.7, 0.6, 0.3, 1.0]])
    truth = relative.importance(correlations)
    truth = truth / truth.sum()
    rng, draws = np.random.default_rng(12), 2_000
    rows = rng.standard_normal((draws, 12, 60, 4), dtype=np.float32) @ np.linalg.cholesky(correlations).T
    sums, products = rows.sum(axis=2), np.einsum("abij,abik->abjk", rows, rows)
    left = [part.sum(axis=1, keepdims=True) - part for part in (sums, products)]
    without = relative.importance(relative.correlations_of_sums(np.full((draws, 12), 660.0), *left))
    without = np.moveaxis(without / without.sum(axis=-1, keepdims=True), 1, 0)
    whole = relative.importance(
        relative.correlations_of_sums(np.full(draws, 720.0), sums.sum(axis=1), products.sum(axis=1))
    )
    shares = whole / whole.sum(axis=-1, keepdims=True)
    covered = np.abs(shares - truth) <= 2.200985 * relative.jackknife_error(without)
    assert covered.mean(axis=0) == pytest.approx([0.95] * 3, abs=0.015)
