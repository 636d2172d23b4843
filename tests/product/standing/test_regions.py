from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError
from pmlib.product.standing.regions import split_by_region

_SIZE = st.floats(1, 1e5)


def _tables(study, before: dict[str, float], after: dict[str, float]):
    return study({key: lambda month, key=key: (after if month > 24300 else before)[key] / 12 for key in before})


def test_share_falls_in_every_region_and_rises_in_total(study) -> None:
    # North: 50 of 100, then 245 of 500 (49 %). South: 10 of 100, then 9 of 100. Total 30 %, then 254 of 600.
    before = {"north/own": 50.0, "north/rival": 50.0, "south/own": 10.0, "south/rival": 90.0}
    after = {"north/own": 245.0, "north/rival": 255.0, "south/own": 9.0, "south/rival": 91.0}
    split = split_by_region(_tables(study, before, after), period=24312)
    row = split.to_frame().iloc[0]
    assert (row["share_before"], row["share_after"]) == pytest.approx((0.30, 254 / 600))
    # By hand, market 400 on average: weights north 1/2 to 5/6, south 1/2 to 1/6.
    assert row["share_effect_k"] == pytest.approx(400 * (2 / 3 * -0.01 + 1 / 3 * -0.01))
    assert row["mix_effect_k"] == pytest.approx(400 * (0.495 / 3 - 0.095 / 3))
    assert row["market_effect_k"] == pytest.approx((0.30 + 254 / 600) / 2 * 400)
    assert bool(row["paradox"])
    assert "In sensors share rose in total and did the opposite in every region." in split.summary()
    assert split.check() == "Market, share and mix effects add up to the change in every category."


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(_SIZE, _SIZE, _SIZE, _SIZE), min_size=1, max_size=4))
def test_the_three_effects_add_up(study_sizes: list[tuple[float, float, float, float]]) -> None:
    rows = [
        ("x", f"r{j}", month, player, value, 0.0)
        for j, sizes in enumerate(study_sizes)
        for month, pair in ((24300, sizes[:2]), (24312, sizes[2:]))
        for player, value in zip(("own", "rival"), pair, strict=True)
    ]
    columns = ["category", "region", "month", "player", "value_k", "source_error_pct"]
    split = split_by_region({"market": pd.DataFrame(rows, columns=columns)}, period=24312, months=1, apart=12)
    row = split.to_frame().iloc[0]
    change = sum(sizes[2] - sizes[0] for sizes in study_sizes)
    effects = row["market_effect_k"] + row["share_effect_k"] + row["mix_effect_k"]
    assert effects == pytest.approx(change, abs=1e-9 * sum(map(sum, study_sizes)))
    assert split.check()
    if len(study_sizes) == 1:
        assert row["mix_effect_k"] == pytest.approx(0, abs=1e-6)


def test_windows_that_are_not_whole_have_no_effects(study) -> None:
    split = split_by_region(study({"own": 1.0, "rival": 1.0}), period=24306)
    assert split.to_frame()["change_k"].isna().all() and split.summary() == "No market study covers both windows."
    early = split_by_region(study({"own": 1.0}), period="1999-01")
    assert early.headline() == {"–": "no market study covers both windows"}


def test_a_missing_value_and_a_market_without_sales_have_no_effects(study) -> None:
    tables = study({"own": 1.0, "rival": 1.0})
    tables["market"].loc[0, "value_k"] = float("nan")
    assert split_by_region(tables, period=24312).to_frame()["change_k"].isna().all()
    assert split_by_region(study({"own": 0.0, "rival": 0.0}), period=24312).to_frame()["change_k"].isna().all()


def test_effects_that_miss_the_change_are_found(study) -> None:
    split = split_by_region(study({"own": 1.0, "rival": 1.0}), period=24312)
    wrong = split.to_frame().assign(mix_effect_k=1.0)
    with pytest.raises(CheckError, match="effects of category 'sensors' miss the change by 1"):
        dataclasses.replace(split, categories=wrong).check()
