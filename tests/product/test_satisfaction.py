from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ScaleError
from pmlib.product import customer_satisfaction, net_promoter_score, satisfaction_by_month
from pmlib.product.satisfaction import answer_counts, nps_of_counts, share_estimate
from tests.published import wilson


def test_nps_of_45_35_20_is_25_with_a_half_width_of_15_points() -> None:
    # variance of the multinomial difference: .45 + .20 - .25^2 = .5875
    score = net_promoter_score(pd.Series([10] * 45 + [8] * 35 + [2] * 20))
    assert score.value == 25.0
    assert score.high - score.value == pytest.approx(1.959964 * 100 * math.sqrt(0.5875 / 100), rel=1e-6)
    assert (score.n, score.n_missing, score.unit, score.level) == (100, 0, "points", 0.95)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_nps_is_a_difference_of_shares_inside_its_interval_and_the_scale(answers: list[int]) -> None:
    score = net_promoter_score(pd.Series(answers))
    by_hand = 100 * (np.mean([answer >= 9 for answer in answers]) - np.mean([answer <= 6 for answer in answers]))
    assert score.value == pytest.approx(by_hand)
    assert -100 <= score.low <= score.value <= score.high <= 100
    assert score.low < score.high


def test_the_interval_covers_the_truth_95_times_in_100() -> None:
    rng = np.random.default_rng(3)
    draws = rng.multinomial(100, [0.45, 0.35, 0.20], size=2000)
    scores = [nps_of_counts({10: int(p), 8: int(n), 2: int(d)}) for p, n, d in draws]
    covered = np.mean([score.low <= 25 <= score.high for score in scores])
    assert 0.935 <= covered <= 0.965


def test_missing_answers_are_dropped_and_counted() -> None:
    score = net_promoter_score(pd.Series([10, None, 9, None]))
    assert (score.value, score.n, score.n_missing) == (100.0, 2, 2)
    assert net_promoter_score(pd.Series([None, None], dtype="float64")).n_missing == 2


def test_an_answer_outside_the_scale_is_refused() -> None:
    with pytest.raises(ScaleError, match="got 11, allowed 0-10"):
        net_promoter_score(pd.Series([11, 3]))
    with pytest.raises(ScaleError, match="got 0, allowed 1-5"):
        customer_satisfaction(pd.Series([0, 3]), scale_max=5)


def test_an_averaged_answer_is_refused() -> None:
    with pytest.raises(ScaleError, match=r"got 8\.5, allowed whole numbers"):
        net_promoter_score(pd.Series([8.5]))


def test_a_scale_of_two_points_has_no_top_boxes() -> None:
    with pytest.raises(ScaleError, match="scale of 2 points, allowed 3 or more"):
        customer_satisfaction(pd.Series([1, 2]), scale_max=2)


def test_csat_is_the_share_of_the_top_two_boxes_with_wilsons_interval() -> None:
    share = customer_satisfaction(pd.Series([5, 4, 4, 2, None]), scale_max=5)
    z, p, n = 1.959964, 0.75, 4
    middle = (p + z**2 / 2 / n) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)
    assert (share.value, share.n, share.n_missing) == (0.75, 4, 1)
    assert share.low == pytest.approx(middle - half, rel=1e-5)
    assert share.high == pytest.approx(middle + half, rel=1e-5)


@pytest.mark.parametrize(("counts", "interval"), wilson.SCORE_INTERVALS.items())
def test_shares_reproduce_the_published_score_intervals(counts: tuple[int, int], interval: tuple[float, float]) -> None:
    share = share_estimate(*counts)
    assert (share.low, share.high) == pytest.approx(interval, abs=5.1e-5)


def test_no_answers_give_no_share() -> None:
    assert math.isnan(share_estimate(0, 0).value)


def test_each_month_has_its_own_n_and_interval(company) -> None:
    frame = satisfaction_by_month(company, period="2025-12", months=6).to_frame()
    assert frame.groupby("product_id").size().to_dict() == {"A": 6, "B": 6}
    aria = frame[frame["name"] == "Aria"]
    assert aria["value"].unique().tolist() == [25.0]
    assert aria["n"].unique().tolist() == [100]
    assert ((aria["high"] - aria["value"]) - 15.02).abs().max() < 0.01


def test_two_engines_count_the_same_answers(in_engine) -> None:
    duck, lite = (answer_counts(in_engine(name), last=24312) for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite, check_dtype=False)


def test_nps_on_another_scale_is_refused_with_the_number_of_answers(company) -> None:
    surveys = company["surveys"].copy()
    surveys.loc[:39, "scale_max"] = 5
    with pytest.raises(ScaleError, match=r"40 NPS answers with scale_max 5 \(product 'A'\), allowed 10"):
        satisfaction_by_month({"surveys": surveys}, period=24312)


def test_empty_scores_are_counted_as_missing_by_month(company) -> None:
    surveys = company["surveys"].astype({"score": "float64"})
    surveys.loc[surveys.index[:3], "score"] = np.nan
    frame = satisfaction_by_month({"surveys": surveys}, period=24312).to_frame()
    first = frame[(frame["product_id"] == "A") & (frame["month"] == 24277)].iloc[0]
    assert (first["n"], first["n_missing"]) == (97, 3)


def test_summary_and_headline_say_how_many_answers_and_how_noisy(company) -> None:
    result = satisfaction_by_month(company, period="2025-12", months=1)
    assert result.summary() == (
        "300 answers about 2 products, 0 missing. A month's NPS is known to within 13 points either way (median)."
    )
    assert result.headline() == {"300": "answers to December 2025", "2": "products with answers"}
    assert repr(result).startswith("<Satisfaction: 300 answers")


def test_no_surveys_are_a_designed_state_and_no_table_an_error(company) -> None:
    empty = satisfaction_by_month(company, period="2020-01")
    assert empty.summary() == "No surveys in this period."
    assert empty.headline() == {"–": "no surveys in this period"}
    with pytest.raises(MissingTableError, match="table 'surveys' is missing"):
        satisfaction_by_month({}, period="2025-12")
