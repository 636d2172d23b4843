from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.product.effects.two_groups import difference_in_differences, difference_of_changes
from pmlib.workbook import Workbook
from tests.product.effects.conftest import orders
from tests.published.card_krueger import AFTER, BEFORE, CHANGE, DIFFERENCE_IN_DIFFERENCES, STORES


def _stores(state: str) -> np.ndarray:
    """Changes of as many stores as the survey had, with the printed mean and standard error."""
    n, (mean, error) = STORES[state], CHANGE[state]
    raw = stats.norm.ppf((np.arange(n) + 0.5) / n)
    return mean + error * np.sqrt(n) * (raw - raw.mean()) / raw.std(ddof=1)


def _tables(effect: float = 0.0, *, regions: int = 2, seed: int = 0, noise: float = 0.03) -> dict[str, pd.DataFrame]:
    """36 months of regions with a common season; the treated ones (t...) gain from month 25 on."""
    rng = np.random.default_rng(seed)
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(36) / 12)
    after = np.arange(36) >= 24
    money = {
        f"{side}{i}": (40 + 10 * i) * season * np.exp(rng.normal(0, noise, 36) + effect * (side == "t") * after)
        for side in "tc" for i in range(regions)
    }  # fmt: skip
    return {"orders": orders(money)}


def _compare(tables, *, treated=("t0", "t1"), **options):
    defaults = {"period": "2025-12", "product_id": "A", "since": "2025-01", "treated": {"region": list(treated)}}
    return difference_in_differences(tables, **(defaults | options))


def test_card_and_krueger_1994_table_3_is_reproduced_to_its_rounding() -> None:
    means = {state: AFTER[state][0] - BEFORE[state][0] for state in BEFORE}
    assert means == pytest.approx({state: change for state, (change, _) in CHANGE.items()}, abs=0.005)
    found = difference_of_changes(_stores("New Jersey"), _stores("Pennsylvania"))
    value, error = DIFFERENCE_IN_DIFFERENCES
    assert found.value == pytest.approx(value, abs=0.015)
    freedom = 109  # Welch's, of errors .54 and 1.25 with 331 and 79 stores
    assert (found.high - found.value) / stats.t.ppf(0.975, freedom) == pytest.approx(error, abs=0.005)
    assert found.low > 0


@settings(max_examples=30)
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.lists(st.floats(-5, 5), min_size=2, max_size=9))
def test_welch_and_swapping_the_sides_negates(one, other) -> None:
    there, back = difference_of_changes(one, other), difference_of_changes(other, one)
    assert (there.value, there.low, there.p) == pytest.approx((-back.value, -back.high, back.p))
    if np.ptp(one) > 1e-3 and np.ptp(other) > 1e-3:
        assert there.p == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue, abs=1e-9)


def test_a_planted_effect_is_found_and_the_common_season_is_not() -> None:
    found = _compare(_tables(0.2))
    effect, trend = found.to_frame().to_dict("records")
    assert effect["low"] < 100 * np.expm1(0.2) < effect["high"]
    assert effect["p"] < 0.001
    assert trend["p"] > 0.05
    assert found.inference == "months"
    assert found.means["groups"].tolist() == [2, 2]
    assert "Before, no sign that they parted" in found.summary()


def test_four_groups_a_side_are_what_was_drawn() -> None:
    found = _compare(_tables(0.2, regions=4), treated=["t0", "t1", "t2", "t3"])
    assert found.inference == "groups"
    effect = found.to_frame().iloc[0]
    assert effect["low"] < 100 * np.expm1(0.2) < effect["high"]


def test_where_nothing_happened_a_twentieth_is_called_an_effect() -> None:
    rng = np.random.default_rng(21)
    changes = rng.normal(0, 1, (3_000, 10)) * np.where(np.arange(10) < 4, 2.0, 1.0)
    called = [difference_of_changes(row[:4], row[4:]).p < 0.05 for row in changes]
    assert np.mean(called) == pytest.approx(0.05, abs=0.012)


def test_sides_that_parted_before_are_told() -> None:
    frame = _tables(0.0, noise=0.01)["orders"]
    months = 12 * (frame["date"].dt.year - 2023) + frame["date"].dt.month
    drift = np.exp(0.03 * months * frame["region"].str.startswith("t"))
    found = _compare({"orders": frame.assign(units=frame["units"] * drift)})
    assert found.to_frame()["value"].iloc[1] == pytest.approx(3, abs=0.5)
    assert "they already parted by +3" in found.summary()
    assert "do not trust it" in found.summary()


def test_expected_revenue_is_what_the_effect_is_measured_from() -> None:
    found = _compare(_tables(0.2, noise=1e-6))
    after = found.months[found.months["after"]]
    assert (after["treated_k"] / after["expected_k"]).to_numpy() == pytest.approx(np.exp(0.2), rel=1e-4)
    assert ((after["expected_low_k"] <= after["expected_k"]) & (after["expected_k"] <= after["expected_high_k"])).all()


def test_too_few_months_and_idle_groups_are_said_and_nothing_is_measured() -> None:
    few = _compare(_tables(), since="2025-11")
    assert "12 months before and 2 from the launch on; needed are 6 and 3" in few.summary()
    assert few.to_frame()["value"].isna().all()
    assert few.headline() == {"–": "not enough data"}
    frame = _tables()["orders"]
    idle = _compare({"orders": frame[(frame["region"] != "c1") | (frame["date"].dt.year < 2025)]})
    assert "months without revenue in c1" in idle.summary()
    nothing = _compare(_tables(), product_id="Z")
    assert "no revenue in t0 and t1" in nothing.summary()


def test_groups_that_are_not_there_are_refused() -> None:
    with pytest.raises(ParameterError, match="treated: got region 't9'. Known: c0, c1, t0, t1"):
        _compare(_tables(), treated=["t9"])
    with pytest.raises(ParameterError, match="Leave one out for the control"):
        _compare(_tables(), treated=["t0", "t1", "c0", "c1"])
    options = {"period": "2025-12", "product_id": "A", "since": "2025-01"}
    with pytest.raises(ParameterError, match="treated: got 'regions'. Known: region, segment, channel. Did you mean"):
        difference_in_differences(_tables(), treated={"regions": ["t0"]}, **options)
    with pytest.raises(ParameterError, match="allowed a list of regions"):
        difference_in_differences(_tables(), treated={"region": "t0"}, **options)
    with pytest.raises(ParameterError, match="allowed one entry"):
        difference_in_differences(_tables(), treated={}, **options)
    with pytest.raises(ParameterError, match="since: got January 2026, allowed to December 2025"):
        _compare(_tables(), since="2026-01")
    with pytest.raises(ParameterError, match="two or more each"):
        difference_of_changes([1.0], [1.0, 2.0])


def test_nothing_was_launched_in_the_sample_company_and_nothing_is_found(quillmark: Workbook) -> None:
    options = {"period": "2025-12", "product_id": "PR1", "since": "2025-04"}
    for treated in ({"region": ["north"]}, {"segment": ["homes"]}):
        found = difference_in_differences(quillmark, treated=treated, **options)
        assert found.to_frame()["p"].min() > 0.05
        assert found.name == "Room climate sensor"


@pytest.mark.parametrize("names", [None, [], "north", [None, "north"], [3]])
def test_treated_groups_that_are_no_list_of_names_are_refused(names: object) -> None:
    with pytest.raises(ParameterError, match="treated: got .*, allowed a list of regions. Write it as"):
        difference_in_differences(
            {"orders": orders({"north": np.ones(36), "south": np.ones(36)})}, period="2025-12", product_id="A",
            treated={"region": names}, since="2025-01"
        )


def test_one_number_is_no_side_of_a_comparison() -> None:
    with pytest.raises(ParameterError, match="got 1 treated and 3 control, allowed two or more each"):
        difference_of_changes(0.5, [1, 2, 3])
