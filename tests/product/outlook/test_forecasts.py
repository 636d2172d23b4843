from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import parse_month
from pmlib.product.outlook.forecasts import forecast_headlines, interval_words, verdict
from pmlib.product.outlook.series import headline_series
from tests.published.airpassengers import PASSENGERS

LAST = parse_month("2025-12")
WAVE = 100 + 20 * np.sin(np.arange(36) * np.pi / 6) + np.arange(36) + 2 * np.cos(7 * np.arange(36.0))


@pytest.fixture
def revenue(sold):
    def ask(period="2025-12", horizon=12, **by_product):
        return forecast_headlines(sold(**by_product), period=period, headlines=["revenue"], horizon=horizon)

    return ask


def test_air_passengers_sold_as_orders_are_forecast_within_their_interval(revenue):
    asked = revenue(A=PASSENGERS[:132])
    ahead = asked.of("A")[lambda rows: rows["kind"] == "forecast"]
    truth = np.array(PASSENGERS[132:], dtype=float)
    assert (np.abs(ahead["value"] - truth) / truth).mean() < 0.08
    assert ((ahead["low_95"] <= truth) & (truth <= ahead["high_95"])).mean() >= 10 / 12
    row = asked.methods.iloc[0]
    assert (row["n_months"], row["n_origins"], row["interval"]) == (132, 36, "past errors")
    assert row["mae_ratio"] < 0.85 and row["mase"] < row["mase_baseline"]


def test_the_baseline_is_always_told_beside_the_forecast(revenue):
    ahead = revenue(A=WAVE).of("A")[lambda rows: rows["kind"] == "forecast"]
    assert ahead["baseline"].to_numpy() == pytest.approx(WAVE[-12:])
    assert ahead["month"].tolist() == list(range(LAST + 1, LAST + 13))


def test_intervals_nest_and_never_leave_what_makes_sense(revenue):
    ahead = revenue(A=np.maximum(WAVE - 120, 0)).of("A")[lambda rows: rows["kind"] == "forecast"]
    for inner, outer in (("value", "80"), ("80", "95")):
        low = "value" if inner == "value" else f"low_{inner}"
        high = "value" if inner == "value" else f"high_{inner}"
        assert (ahead[f"low_{outer}"] <= ahead[low]).all() and (ahead[high] <= ahead[f"high_{outer}"]).all()
    assert (ahead["low_95"] >= 0).all()


def test_returns_below_zero_are_forecast_below_zero(revenue):
    ahead = revenue(A=WAVE - 120).of("A")[lambda rows: rows["kind"] == "forecast"]
    assert (ahead["low_95"] < 0).any()


def test_where_no_model_wins_the_sentence_says_so(revenue):
    rng = np.random.default_rng(4)
    values = (1000 + rng.normal(0, 30, (3, 12)).cumsum(axis=0)).ravel()
    asked = revenue(A=values)
    assert asked.methods["shown"].tolist() == ["seasonal naive"]
    assert "by the seasonal naive baseline: no model beat it by a tenth (the best, " in asked.summary()


def test_too_few_months_are_told_and_not_forecast(revenue):
    asked = revenue(A=WAVE[:5])
    assert asked.methods["shown"].tolist() == ["not enough data"]
    assert (asked.months["kind"] == "history").all()
    assert asked.summary() == "Not enough data: 6 months without a gap are needed by December 2025."
    assert asked.headline() == {"–": "not enough data to forecast"}


def test_a_board_tells_how_many_are_by_model(revenue):
    asked = revenue(A=WAVE, B=WAVE[:4], C=np.full(24, 7.0))
    assert asked.summary().startswith("Of 2 figures of 2 products, a model beat the baseline on past months for 1 ")
    assert asked.summary().endswith("1 figure had not enough data (6 months are needed).")
    assert next(iter(asked.headline())) == "1 of 2"


def test_a_constant_series_is_told_to_have_no_known_width(revenue):
    asked = revenue(A=np.full(24, 7.0))
    assert "is unknown: the history never moved" in asked.summary()
    assert "there was no model to compare it with" in asked.summary()
    assert list(asked.headline()) == ["7 k EUR"]


def test_the_month_after_the_period_never_counts(revenue):
    early, late = revenue(A=WAVE[:-3]), revenue(period="2025-09", A=WAVE)
    assert late.of("A")["value"].tolist() == early.of("A")["value"].tolist()


def test_a_month_without_any_row_is_missing_and_the_history_begins_after_it(sold):
    tables = sold(A=WAVE)
    tables["orders"] = tables["orders"].drop(index=[9])
    series = headline_series(tables, last=LAST, headlines=["revenue"])[0]
    assert (series.n_missing, len(series.values), series.first) == (1, 26, LAST - 25)


def test_a_month_in_which_only_others_sold_is_a_zero(sold):
    tables = sold(A=WAVE, B=WAVE)
    tables["orders"] = tables["orders"].drop(index=[9])
    series = headline_series(tables, last=LAST, headlines=["revenue"])[0]
    assert (series.n_missing, len(series.values), series.values[9]) == (0, 36, 0)


def test_a_study_that_lags_is_carried_to_the_period_and_beyond(sold):
    tables = sold(A=WAVE)
    months = range(LAST - 29, LAST - 2)
    tables["market"] = pd.DataFrame(
        [("A", month, player, value) for month in months for player, value in (("own", 10 + month % 7), ("rival", 90))],
        columns=["category", "month", "player", "value_k"],
    ).assign(source_error_pct=0.0)
    asked = forecast_headlines(tables, period="2025-12", headlines=["share"], horizon=2)
    assert asked.months.groupby("kind")["month"].max().to_dict() == {"history": LAST - 3, "forecast": LAST + 2}
    assert asked.months["unit"].unique().tolist() == ["%"]
    assert "market share of" in asked.summary()


def test_customers_and_units_are_counted_over_segments(company):
    found = {
        (one.product_id, str(one.headline)): one for one in headline_series(company, last=parse_month("2025-12"))
    }
    orders = company["orders"]
    last = orders[(orders["product_id"] == "A") & (orders["date"] >= "2025-12-01")]
    assert found["A", "customers"].values[-1] == last["customer_id"].nunique()
    assert found["A", "units"].values[-1] == last["units"].sum()
    assert found["A", "revenue"].values[-1] == pytest.approx((last["units"] * last["paid_price"]).sum() / 1000)
    assert ("A", "subscribers") not in found and ("B", "units") not in found
    assert "most of its moves are noise" in found["A", "nps"].caution


@pytest.mark.parametrize("backend", ["duckdb", "sqlite"])
def test_every_engine_gives_the_same_series(company, in_engine, backend):
    def values(tables):
        return [(one.product_id, one.headline, one.values.round(9).tolist()) for one in headline_series(
            tables, last=parse_month("2025-12"))]  # fmt: skip

    assert values(in_engine(backend)) == values(company)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"headlines": ["revenu"]}, r"headlines: got 'revenu'. Known: .* Did you mean 'revenue'\?"),
        ({"product_id": "AA"}, r"product_id: 'AA' is unknown. Known: A. Did you mean 'A'\?"),
        ({"horizon": 0}, "horizon: got 0, allowed 1 or more"),
        ({"horizon": 37}, "horizon: got 37, allowed 1 to 36 months"),
    ],
)
def test_what_cannot_be_asked_is_refused(sold, wrong, message):
    with pytest.raises(ParameterError, match=message):
        forecast_headlines(sold(A=WAVE), period="2025-12", **wrong)


def test_without_sales_tables_there_is_nothing_to_forecast():
    with pytest.raises(MissingTableError, match="'orders' and 'subscriptions' are both missing"):
        forecast_headlines({}, period="2025-12")


def test_a_period_before_all_data_has_nothing_to_forecast(sold):
    asked = forecast_headlines(sold(A=WAVE), period="2019-12")
    assert (len(asked.methods), asked.summary()[:15]) == (0, "Not enough data")


def test_inputs_stay_as_they_are_and_answers_repeat(sold):
    tables = sold(A=WAVE)
    before = {name: frame.copy() for name, frame in tables.items()}
    first, second = (forecast_headlines(tables, period="2025-12") for _ in range(2))
    pd.testing.assert_frame_equal(first.to_frame(), second.to_frame())
    for name, frame in before.items():
        pd.testing.assert_frame_equal(tables[name], frame)


def test_sentences_tell_the_interval_of_past_errors():
    row = {"interval": "past errors", "coverage_80": 0.7, "widening": float("nan")}
    assert interval_words(row).endswith(" held 70 % of past errors: the interval is that of past errors.")
    assert interval_words(row | {"interval": "unknown"}) == ""
    alone = {"shown": "naive", "baseline": "naive", "best_model": "", "mae_ratio": float("nan"), "n_origins": 0}
    assert verdict(alone) == "by the naive baseline: there was no model to compare it with."
