from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.outlook import origins
from pmlib.product.outlook.baselines import Path
from pmlib.product.outlook.origins import judge
from pmlib.product.outlook.targets import chance_of_reaching, target_chance
from tests.product.outlook.test_origins import seasonal_walk

WAVE = 100 + 20 * np.sin(np.arange(36)) + 3 * np.cos(7 * np.arange(36.0))


def test_the_chance_is_the_normal_one_in_closed_form():
    path = Path(mean=np.array([10.0, 20.0, 30.0]), cov=np.full((3, 3), 4.0) + np.diag([1.0, 2.0, 3.0]))
    mean, spread = path.total(0, 2)
    assert (mean, spread) == (60, np.sqrt(36 + 6))
    asked = chance_of_reaching(55, mean=mean, spread=spread, n_windows=5)
    assert asked.value == pytest.approx(stats.norm.sf(55, 60, np.sqrt(42)), rel=1e-12)


def test_the_interval_of_a_chance_holds_the_true_one_19_times_in_20():
    rng = np.random.default_rng(3)
    truth = stats.norm.sf(-0.7)
    held = 0
    for draws in rng.normal(0, 1, (2000, 5)):
        asked = chance_of_reaching(-0.7, mean=draws.mean(), spread=draws.std(ddof=1), n_windows=5)
        held += asked.low <= truth <= asked.high
    assert held / 2000 == pytest.approx(0.95, abs=0.01)


def test_the_stated_chance_is_how_often_the_target_is_reached(monkeypatch):
    monkeypatch.setattr(origins, "_plan", lambda n: (12, (), 24))
    rng = np.random.default_rng(9)
    stated, reached = [], []
    for values in seasonal_walk(rng, 36, 2000):
        mean, spread = judge(values[:30], horizon=3).ahead["seasonal naive"].total(0, 2)
        target = mean + rng.uniform(-1.5, 1.5) * 30 * np.sqrt(3)
        stated.append(chance_of_reaching(target, mean=mean, spread=spread, n_windows=3).value)
        reached.append(values[30:33].sum() >= target)
    frame = pd.DataFrame({"stated": stated, "reached": reached})
    by_chance = frame.groupby(pd.cut(frame["stated"], [0, 0.2, 0.4, 0.6, 0.8, 1]), observed=True).mean()
    assert by_chance["reached"].to_numpy() == pytest.approx(by_chance["stated"].to_numpy(), abs=0.06)


def test_earned_months_count_and_the_rest_is_forecast(sold):
    tables = sold(A=WAVE)
    asked = target_chance(tables, product_id="A", target_k=300, period="2025-12", start="2025-11")
    assert asked.earned_k == pytest.approx(WAVE[-2:].sum())
    assert (asked.n_earned, asked.last) == (2, 2026 * 12 + 1)
    whole = target_chance(tables, product_id="A", target_k=300, period="2025-12", days=30)
    assert asked.expected_k == pytest.approx(asked.earned_k + whole.expected_k)
    assert "came in the first 2 months; the target needs" in asked.summary()


def test_a_window_that_is_over_is_reached_or_missed(sold):
    tables = sold(A=WAVE)
    earned = WAVE[-3:].sum()
    for target, verb, chance in ((earned - 1, "reached", 1), (earned + 1, "missed", 0)):
        asked = target_chance(tables, product_id="A", target_k=target, period="2025-12", start="2025-10")
        assert (asked.chance.value, asked.chance.low, asked.spread_k) == (chance, chance, 0)
        assert f"{verb} its target" in asked.summary()
        assert verb in next(iter(asked.headline().values()))


def test_a_target_already_passed_cannot_be_missed(sold):
    asked = target_chance(sold(A=WAVE), product_id="A", target_k=50, period="2025-12", start="2025-12")
    assert asked.chance.value == 1


def test_a_higher_target_is_never_likelier_and_a_sure_one_is_not_certain_in_words(sold):
    tables = sold(A=WAVE)
    chances = [
        target_chance(tables, product_id="A", target_k=target, period="2025-12") for target in (100, 300, 900)
    ]
    values = [asked.chance.value for asked in chances]
    assert values == sorted(values, reverse=True)
    assert "over 99 %" in chances[0].summary() and "under 1 %" in chances[-1].summary()
    assert all(asked.chance.low <= asked.chance.value <= asked.chance.high for asked in chances)


def test_no_revenue_below_what_is_earned_is_told(sold):
    values = np.r_[500.0, 20.0, 400.0, 30.0, 300.0, 40.0, 250.0, 30.0]
    asked = target_chance(sold(A=values), product_id="A", target_k=300, period="2025-12")
    assert "between 0 k EUR and" in asked.summary()
    assert asked.distribution()["revenue_k"].min() >= 0


def test_windows_that_share_months_count_once(sold):
    quarter = target_chance(sold(A=WAVE), product_id="A", target_k=300, period="2025-12")
    month = target_chance(sold(A=WAVE), product_id="A", target_k=100, period="2025-12", days=30)
    # Of 12 origins, 10 have three months after them: 4 windows that do not overlap.
    assert (quarter.chance.n, month.chance.n) == (4, 12)


def test_months_after_the_period_never_count(sold):
    before = target_chance(sold(A=WAVE[:-4]), product_id="A", target_k=300, period="2025-12")
    after = target_chance(sold(A=WAVE), product_id="A", target_k=300, period="2025-08")
    assert after.chance.value == before.chance.value


def test_a_launch_with_few_months_has_no_chance_but_its_progress(sold):
    tables = sold(A=WAVE, B=[4.0, 6.0])
    asked = target_chance(tables, product_id="B", target_k=20, period="2025-12", start="2025-11")
    assert np.isnan(asked.chance.value)
    assert "not enough data" in asked.summary() and "10 k EUR came in the first 2 months" in asked.summary()
    assert asked.headline() == {"–": "not enough data for the chance of 20 k EUR"}


@pytest.mark.parametrize("values", [[5.0] * 12, [0.0] * 12])
def test_a_history_all_alike_tells_no_chance(sold, values):
    asked = target_chance(sold(A=WAVE, B=values), product_id="B", target_k=20, period="2025-12")
    assert asked.chance.n == 0
    assert "not all alike" in asked.summary().replace(",", "")


def test_a_window_over_missing_months_is_not_counted_as_zero(sold):
    tables = sold(A=WAVE)
    tables["orders"] = tables["orders"].drop(index=[33])
    asked = target_chance(tables, product_id="A", target_k=100, period="2025-12", start="2025-10")
    assert asked.chance.n == 0


def test_a_period_before_all_data_is_not_enough_data(sold):
    asked = target_chance(sold(A=WAVE), product_id="A", target_k=100, period="2020-12")
    assert "not enough data" in asked.summary()


def test_a_frame_a_line_and_a_distribution_tell_the_same(sold):
    asked = target_chance(sold(A=WAVE), product_id="A", target_k=300, period="2025-12")
    row = asked.to_frame().iloc[0]
    assert (row["chance"], row["n_windows"], row["name"]) == (asked.chance.value, 4, "Product A")
    shape = asked.distribution()
    width = shape["revenue_k"].diff().iloc[1]
    assert shape["density"].sum() * width == pytest.approx(1, abs=1e-3)
    assert shape.loc[shape["reached"], "density"].sum() * width == pytest.approx(asked.chance.value, abs=0.02)
    assert repr(asked) == f"<TargetChance: {asked.summary()}>"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"product_id": "AA"}, "product_id: 'AA' is unknown. Known: A. Did you mean 'A'?"),
        ({"target_k": 0}, "target_k: got 0, allowed a number above 0"),
        ({"target_k": float("nan")}, "target_k: got nan"),
        ({"target_k": True}, "target_k: got True"),
        ({"days": 45}, "days: got 45, allowed 30 to 1080 in steps of 30"),
        ({"days": 0}, "days: got 0"),
        ({"start": "soon"}, "month: got 'soon'"),
    ],
)
def test_what_cannot_be_asked_is_refused(sold, wrong, message):
    with pytest.raises(ParameterError, match=message.replace("?", r"\?")):
        target_chance(sold(A=WAVE), **{"product_id": "A", "target_k": 300, "period": "2025-12"} | wrong)


def test_without_sales_tables_there_is_no_answer():
    with pytest.raises(MissingTableError, match="'orders' and 'subscriptions' are both missing"):
        target_chance({}, product_id="A", target_k=1, period="2025-12")


def test_a_window_from_before_all_sales_is_not_known_and_one_from_before_a_launch_counts_nothing(sold):
    asked = {"target_k": 300, "period": "2025-12", "start": "2022-11"}
    early = target_chance(sold(A=WAVE), product_id="A", **asked)
    assert "not enough data for the chance" in early.summary()
    young = target_chance(sold(A=WAVE, B=WAVE[-6:]), product_id="B", **asked | {"start": "2025-05", "days": 60})
    assert "missed its target of 300 k EUR in May 2025 to June 2025: 0 k EUR" in young.summary()
    with pytest.raises(ParameterError, match="product_id: got None, allowed one product"):
        target_chance(sold(A=WAVE), product_id=None, **asked)
