from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.effects.interruption import interrupted_series
from pmlib.workbook import Workbook
from tests.product.effects.conftest import orders

TIME = np.arange(36)


def _series(*, level: float = 0.0, slope: float = 0.0, noise: float = 0.01, months: int = 36, seed: int = 3):
    """Growing, seasonal revenue with a step and a bend in January 2025."""
    after = (TIME >= 24).astype(float)
    logs = 4 + 0.01 * TIME + 0.2 * np.cos(2 * np.pi * TIME / 12) + level * after + slope * after * (TIME - 24)
    money = np.exp(logs + np.random.default_rng(seed).normal(0, noise, 36))
    return {"orders": orders({"north": money[36 - months :]})}


def _read(tables, **options):
    return interrupted_series(tables, **({"period": "2025-12", "product_id": "A", "since": "2025-01"} | options))


def test_a_step_and_a_bend_are_found_apart() -> None:
    effects = _read(_series(level=0.2, slope=0.02)).to_frame().set_index("effect")
    for name, planted in {"level": 0.2, "slope": 0.02, "last month": 0.2 + 11 * 0.02}.items():
        assert effects.loc[name, "low"] < 100 * np.expm1(planted) < effects.loc[name, "high"]
        assert effects.loc[name, "p"] < 0.01


def test_season_and_growth_are_no_effect() -> None:
    found = _read(_series())
    assert found.to_frame()["p"].min() > 0.05
    assert "no more than chance does" in found.summary()


def test_what_was_expected_is_the_fit_less_the_effect() -> None:
    found = _read(_series(level=0.2, noise=1e-6))
    after = found.months[found.months["after"]]
    assert (after["fitted_k"] / after["expected_k"]).to_numpy() == pytest.approx(np.exp(0.2), rel=1e-3)
    assert found.months.loc[~found.months["after"], "expected_k"].isna().all()
    last = found.to_frame().iloc[-1]
    assert after["fitted_k"].iloc[-1] / after["expected_low_k"].iloc[-1] == pytest.approx(1 + last["high"] / 100)


def test_the_series_begins_with_the_first_revenue_and_is_no_longer_than_asked() -> None:
    tables = _series()
    late = {"orders": tables["orders"][tables["orders"]["date"] >= "2023-07-01"]}
    assert len(_read(late).months) == 30
    assert len(_read(tables, months=20).months) == 20


def test_too_few_months_and_idle_ones_are_said() -> None:
    few = _read(_series(), since="2025-11")
    assert "34 months before and 2 from the change on; needed are 12 and 4" in few.summary()
    assert few.to_frame()["value"].isna().all()
    assert few.headline() == {"–": "not enough data"}
    frame = _series()["orders"]
    idle = _read({"orders": frame[frame["date"] != pd.Timestamp("2024-05-01")]})
    assert "1 month without revenue within the series" in idle.summary()
    assert "not enough data" in _read(_series(), product_id="Z").summary()


def test_unknown_products_and_months_to_come_are_refused() -> None:
    tables = _series() | {"products": pd.DataFrame({"product_id": ["A"], "name": ["Aria"]})}
    assert _read(tables).name == "Aria"
    with pytest.raises(ParameterError, match="product_id: got 'a'. Known: A"):
        _read(tables, product_id="a")
    with pytest.raises(ParameterError, match="since: got March 2026"):
        _read(tables, since="2026-03")


def test_months_after_the_period_do_not_count() -> None:
    assert len(_read(_series(), period="2025-06").months) == 30


def test_no_release_is_seen_in_the_sample_company_where_none_was(quillmark: Workbook) -> None:
    found = interrupted_series(quillmark, period="2025-12", product_id="PR1", since="2025-01")
    assert found.to_frame()["p"].min() > 0.05
    assert found.to_frame()["n"].tolist() == [36, 36, 36]
