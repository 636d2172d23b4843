from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, ScaleError
from pmlib.product import change
from pmlib.product.estimate import Estimate
from pmlib.product.satisfaction import share_estimate
from pmlib.product.voice.ratings import rating_moves
from tests.product.conftest import PERIOD, days
from tests.published import newcombe


def _ratings(before: tuple[int, int], after: tuple[int, int]) -> pd.DataFrame:
    """Good and other ratings of quality in two windows of 12 months; price steady, service never given."""
    levels, months = [], []
    for (good, bad), month in ((before, PERIOD - 12), (after, PERIOD)):
        levels += [5] * good + [3] * bad
        months += [month] * (good + bad)
    n = len(levels)
    return pd.DataFrame({
        "product_id": "A", "date": days(np.array(months)), "quality_rating": np.array(levels, dtype=float),
        "price_rating": np.where(np.arange(n) % 2, 4.0, 2.0), "service_rating": np.nan,
    })  # fmt: skip


@pytest.mark.parametrize(("after", "before", "low", "high"), newcombe.SCORE_INTERVALS)
def test_changes_of_shares_reproduce_newcombes_method_10(after, before, low, high, monkeypatch) -> None:
    monkeypatch.setattr(change, "_LEAST_ANSWERS", 1)
    with np.errstate(divide="ignore"):
        told = change.proportion_change(share_estimate(*before), share_estimate(*after))
    assert (told.low / 100, told.high / 100) == pytest.approx((low, high), abs=5.1e-5)


def test_a_rating_that_fell_is_told_with_newcombes_interval() -> None:
    # 48/80 after 56/70: the first published example, turned round.
    told = rating_moves({"surveys": _ratings((56, 14), (48, 32))}, period=PERIOD)
    row = told.to_frame().iloc[0]
    assert (row["rating"], row["before"], row["after"], row["arrow"]) == ("quality", 0.8, 0.6, "▼")
    assert (row["change_low"], row["change_high"]) == pytest.approx((-33.39, -5.24), abs=0.005)
    assert told.summary().startswith("Share of good ratings moved: A, quality -20 points (-33 to -5).")
    assert told.headline() == {"1 of 2": "ratings moved beyond chance"}


def test_a_rating_nobody_called_good_before_can_rise() -> None:
    row = rating_moves({"surveys": _ratings((0, 60), (30, 30))}, period=PERIOD).to_frame().iloc[0]
    assert (row["before"], row["after"], row["arrow"]) == (0, 0.5, "▲")


def test_a_rating_nobody_gave_is_not_measured_and_costs_no_correction() -> None:
    rows = rating_moves({"surveys": _ratings((56, 14), (48, 32))}, period=PERIOD).to_frame().set_index("rating")
    assert (rows.loc["service", "n_before"], rows.loc["service", "arrow"]) == (0, "")
    assert np.isnan(rows.loc["service", "p"])


def test_shares_of_good_ratings_are_counted_not_means(heard) -> None:
    row = rating_moves(heard, period=PERIOD, months=1, product_id="A").to_frame().iloc[0]
    month = heard["surveys"]["date"].dt.month == 12
    own = heard["surveys"][month & (heard["surveys"]["product_id"] == "A")]
    assert row["after"] == pytest.approx((own["quality_rating"] >= 4).mean())
    assert row["n_after"] == 90


def test_engines_give_the_frames_numbers(heard, in_either) -> None:
    ours, theirs = (rating_moves(tables, period=PERIOD, months=1).to_frame() for tables in (heard, in_either))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_false_moves_are_controlled_over_all_ratings() -> None:
    rng, wrong = np.random.default_rng(3), 0
    counts = rng.binomial(400, 0.6, size=(150, 12, 2)).tolist()
    for board in counts:
        both = [
            [Estimate(value=c / 400, low=0, high=1, n=400, n_missing=0, unit="share") for c in pair] for pair in board
        ]
        shown, _ = change.arrows([change.proportion_change(*pair) for pair in both])
        wrong += any(arrow in ("▲", "▼") for arrow in shown)
    assert wrong / 150 <= 0.09


def test_bad_input_is_named() -> None:
    surveys = _ratings((40, 10), (40, 10))
    empty = rating_moves({"surveys": surveys}, period="2019-01")
    assert empty.summary() == "Not enough ratings: 30 are needed in each window of 12 months to January 2019."
    assert rating_moves({"surveys": surveys}, period=PERIOD).summary().startswith("No rating moved beyond chance.")
    with pytest.raises(ScaleError, match="surveys: quality_rating 0, allowed 1-5"):
        rating_moves({"surveys": surveys.assign(quality_rating=0.0)}, period=PERIOD)
    with pytest.raises(ParameterError, match="product_id: got 'B'. Known: A"):
        rating_moves({"surveys": surveys}, period=PERIOD, product_id="B")
    with pytest.raises(MissingTableError, match="table 'surveys' is missing"):
        rating_moves({}, period=PERIOD)
