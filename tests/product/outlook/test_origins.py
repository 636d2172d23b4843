from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.product.outlook import origins
from pmlib.product.outlook.bands import Z_80, bands
from pmlib.product.outlook.baselines import YEAR, seasonal_naive
from pmlib.product.outlook.models import Model
from pmlib.product.outlook.origins import judge
from tests.published.airpassengers import PASSENGERS

AIR = np.array(PASSENGERS, dtype=float)


def seasonal_walk(rng: np.random.Generator, n: int, sets: int = 1) -> np.ndarray:
    """Series in which nothing beats the same month a year before, shape (sets, n)."""
    years = -(-n // YEAR)
    steps = rng.normal(0, 30, (sets, years, YEAR))
    steps[:, 0] += 1000 + 150 * np.sin(np.arange(YEAR) / 2)
    return steps.cumsum(axis=1).reshape(sets, -1)[:, :n]


def test_air_passengers_judge_every_method_at_the_same_origins():
    judgement = judge(AIR[:40], horizon=6)
    assert judgement.origins == tuple(range(24, 40))
    shapes = {judgement.errors(name).shape for name in judgement.ahead}
    assert shapes == {(16, 6)}
    blanks = {np.isnan(judgement.errors(name)).sum() for name in judgement.ahead}
    assert blanks == {5 + 4 + 3 + 2 + 1}


def test_mean_absolute_error_of_the_baseline_is_the_one_by_hand():
    judgement = judge(AIR[:40], horizon=3)
    by_hand = [abs(AIR[o + h] - AIR[o + h - 12]) for o in range(24, 40) for h in range(3) if o + h < 40]
    assert judgement.mean_absolute_error("seasonal naive") == pytest.approx(np.mean(by_hand))
    assert judgement.ratio("seasonal naive") == 1
    scales = [np.mean(np.abs(AIR[12:o] - AIR[: o - 12])) for o in range(24, 40)]
    scaled = [
        abs(AIR[o + h] - AIR[o + h - 12]) / scales[o - 24] for o in range(24, 40) for h in range(3) if o + h < 40
    ]
    assert judgement.scaled_error("seasonal naive") == pytest.approx(np.mean(scaled))


def test_a_growing_season_is_forecast_by_a_model():
    judgement = judge(AIR[:60], horizon=12)
    assert judgement.shown != judgement.baseline == "seasonal naive"
    assert judgement.ratio(judgement.shown) < 0.6


@pytest.mark.parametrize("n", [18, 26, 40, 63])
def test_a_later_month_never_changes_what_a_past_origin_said(n):
    before, after = judge(AIR[:n], horizon=4), judge(np.append(AIR[:n], 999.0), horizon=4)
    for name, paths in before.past.items():
        said = dict(zip(after.origins, after.past[name], strict=True))
        for origin, path in zip(before.origins, paths, strict=True):
            assert origin not in said or path.mean == pytest.approx(said[origin].mean, rel=1e-3)


def test_a_past_origin_sees_no_later_month():
    changed = AIR[:40].copy()
    changed[33:] += 500
    for name, paths in judge(AIR[:40], horizon=4).past.items():
        for early, late in zip(paths[:9], judge(changed, horizon=4).past[name], strict=False):
            assert early.mean == pytest.approx(late.mean, rel=2e-2)


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.001, 1e6), n=st.sampled_from([8, 20, 26, 36]))
def test_scaling_the_series_scales_the_forecast(factor, n):
    plain, scaled = judge(AIR[:n], horizon=5), judge(factor * AIR[:n], horizon=5)
    assert scaled.shown == plain.shown
    assert scaled.ahead[plain.shown].mean == pytest.approx(factor * plain.ahead[plain.shown].mean, rel=1e-3)
    assert scaled.scaled_error(plain.shown) == pytest.approx(plain.scaled_error(plain.shown), rel=1e-3)


def test_turning_the_series_upside_down_turns_the_forecast():
    plain, turned = judge(AIR[:36], horizon=5), judge(-AIR[:36], horizon=5)
    assert turned.ahead[turned.shown].mean == pytest.approx(-plain.ahead[plain.shown].mean, rel=1e-3)


@pytest.mark.parametrize(
    ("n", "season", "first", "methods"),
    [
        (6, 1, 3, ["naive", "drift"]),
        (23, 1, 3, ["naive", "drift"]),
        (24, 12, 13, ["seasonal naive", "ETS(A,Ad,N)", "UC(drift)"]),
        (30, 12, 24, ["seasonal naive", "ETS(A,Ad,N)", "ETS(A,Ad,A)", "UC(drift, season)"]),
    ],
)
def test_the_length_of_the_history_decides_what_is_tried(n, season, first, methods):
    judgement = judge(AIR[:n], horizon=3)
    assert (judgement.season, judgement.origins[0], list(judgement.ahead)) == (season, first, methods)


def test_a_long_history_is_judged_at_its_last_three_years():
    assert judge(AIR[:80], horizon=2).origins == tuple(range(45, 80))


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_constant_series_has_a_forecast_without_a_width(value):
    judgement = judge(np.full(30, value), horizon=4)
    assert judgement.shown == "seasonal naive"
    assert judgement.ahead["seasonal naive"].mean.tolist() == [value] * 4
    width = bands(judgement, judgement.shown)
    assert (width.source, np.isnan(width.half_80).all()) == ("unknown", True)


def test_a_first_sale_after_two_years_of_nothing_is_judged():
    judgement = judge(np.append(np.zeros(30), [5.0, 7.0, 6.0, 9.0]), horizon=12)
    assert judgement.dropped == ()
    assert all(np.isfinite(path.mean).all() for path in judgement.ahead.values())


def test_zeros_and_negative_months_are_months_like_others():
    values = np.tile([0.0, -4.0, 3.0, 0.0, 7.0, 1.0], 6) + np.arange(36) / 10
    judgement = judge(values, horizon=12)
    assert all(np.isfinite(path.mean).all() for path in judgement.ahead.values())


def test_a_season_that_repeats_exactly_is_not_beaten():
    judgement = judge(np.tile(np.arange(12.0), 3), horizon=12)
    assert judgement.shown == "seasonal naive"
    assert np.isnan(judgement.ratio(judgement.best))


def test_a_model_that_does_not_converge_is_dropped_and_named(monkeypatch):
    lost = Model(name="lost", estimate=lambda values: None, path=lambda values, params, horizon: None)
    monkeypatch.setattr(origins, "_plan", lambda n: (12, (lost,), 24))
    judgement = judge(AIR[:36], horizon=3)
    assert (judgement.dropped, judgement.shown, judgement.best) == (("lost",), "seasonal naive", "seasonal naive")


def test_a_model_that_wins_by_less_than_a_tenth_is_not_shown(monkeypatch):
    def closer(by: float) -> Model:
        def path(values, _, horizon):
            plain = seasonal_naive(values, horizon)
            truth = AIR[len(values) : min(36, len(values) + horizon)] / AIR[:36].mean()
            mean = plain.mean.copy()
            mean[: len(truth)] += by * (truth - mean[: len(truth)])
            return type(plain)(mean=mean, cov=plain.cov)

        return Model(name=f"closer by {by}", estimate=lambda values: np.zeros(0), path=path)

    for by, shown in ((0.05, "seasonal naive"), (0.2, "closer by 0.2")):
        monkeypatch.setattr(origins, "_plan", lambda n, by=by: (12, (closer(by),), 24))
        judgement = judge(AIR[:36], horizon=3)
        assert judgement.ratio(judgement.best) == pytest.approx(1 - by, rel=0.05)
        assert judgement.shown == shown


def test_too_narrow_intervals_are_widened_until_they_hold_past_errors():
    judgement = judge(AIR[:40], horizon=6)
    width = bands(judgement, "seasonal naive")
    assert (width.source, width.coverage_80 < 0.8) == ("widened", True)
    stated = np.abs(judgement.standard_errors("seasonal naive"))
    held = stated[~np.isnan(stated)] <= width.widening * Z_80 + 1e-9
    assert held.mean() >= 0.8


def test_with_enough_origins_the_interval_is_that_of_past_errors():
    judgement = judge(AIR[:60], horizon=3)
    width = bands(judgement, "seasonal naive")
    errors = np.sort(np.abs(judgement.errors("seasonal naive")[:, 0]))
    assert width.source == "past errors"
    assert width.half_80[0] == errors[int(np.ceil(37 * 0.8)) - 1]
    assert (np.diff(width.half_80) >= 0).all() and (width.half_95 >= width.half_80).all()


def test_the_interval_of_the_baseline_covers_a_seasonal_walk(monkeypatch):
    monkeypatch.setattr(origins, "_plan", lambda n: (12, (), 24))
    series = seasonal_walk(np.random.default_rng(5), 48, 2000)
    held = []
    for values in series:
        judgement = judge(values[:30], horizon=3)
        width = bands(judgement, "seasonal naive")
        held.append(np.abs(values[30:33] - judgement.ahead["seasonal naive"].mean) <= width.half_80)
    assert 0.80 <= np.mean(held) <= 0.90


def test_a_model_is_rarely_shown_where_none_can_be_better():
    # 8 % of 700 in a longer run; at 8 %, more than 6 of 25 would be a chance of 1 in 300.
    series = seasonal_walk(np.random.default_rng(1), 36, 25)
    shown = sum(judge(values, horizon=12).shown != "seasonal naive" for values in series)
    assert shown <= 6
