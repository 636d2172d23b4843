from __future__ import annotations

import math

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.product.loyalty.survival import curves_of, survival_curves
from tests.published import freireich

PERIOD = "2025-12"


def test_medians_of_freireich_are_reproduced() -> None:
    result = curves_of(freireich.counts(), period=24312)
    assert dict(zip(result.medians["group"], result.medians["median"], strict=True)) == freireich.MEDIANS
    assert "The groups differ (log-rank chi2 16.8, df 1, p < 0.001)." in result.summary()


def test_curves_match_a_loop_over_customers(company) -> None:
    rows = company["subscriptions"]
    curve = survival_curves(company, period=PERIOD, product_id="B").to_frame()
    alive, share = np.ones(len(rows), dtype=bool), 1.0
    for age in range(1, 13):
        facing = alive & (rows["start_month"] + age <= 24312).to_numpy()
        stays = facing & (rows["end_month"].fillna(24312) >= rows["start_month"] + age).to_numpy(dtype=bool)
        share *= stays.sum() / facing.sum()
        alive = stays
        assert curve.loc[age, "survival"] == pytest.approx(share)


def test_the_sample_company_loses_half_of_its_contracts_in_four_months_in_every_segment(quillmark) -> None:
    whole = survival_curves(quillmark, period=PERIOD)
    assert whole.medians[["n", "ended", "median"]].iloc[0].tolist() == [9_000, 5_472, 4]
    assert whole.headline() == {"9,000": "contracts followed", "4": "median lifetime in months"}
    split = survival_curves(quillmark, period=PERIOD, by="segment")
    assert split.test.df == 3
    assert split.test.p > 0.05
    assert "No difference between the groups is shown" in split.summary()


def test_two_engines_give_the_same_curves(in_engine) -> None:
    duck, lite = (survival_curves(in_engine(name), period=PERIOD).to_frame() for name in ("duckdb", "sqlite"))
    assert duck.equals(lite)


def test_a_median_nobody_reached_is_said_so(subscribed) -> None:
    result = survival_curves(subscribed(("a", 24300, None), ("b", 24300, 24305), ("c", 24300, None)), period=PERIOD)
    assert math.isnan(result.medians["median"].iloc[0])
    assert "all not reached" in result.summary()


def test_one_contract_and_none_are_designed_states(subscribed) -> None:
    alone = survival_curves(subscribed(("a", 24312, None)), period=PERIOD)
    assert alone.to_frame()["survival"].tolist() == [1.0]
    empty = survival_curves(subscribed(("a", 24300, None)), period="2020-01")
    assert empty.summary() == "No contracts to January 2020."
    assert empty.headline() == {"–": "no contracts to January 2020"}
    assert empty.to_frame().empty


def test_an_unknown_interval_is_refused(company) -> None:
    with pytest.raises(ParameterError, match="interval: got 'exact'. Known: log-log, greenwood"):
        survival_curves(company, period=PERIOD, interval="exact")
