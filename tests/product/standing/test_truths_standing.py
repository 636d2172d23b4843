"""What is planted in the sample company and must be found: T15 and T23."""

from __future__ import annotations

import pytest

from pmlib.product.market import split_revenue_change
from pmlib.product.standing.diffusion import fit_diffusion
from pmlib.product.standing.growth_share import map_growth_and_share
from pmlib.product.standing.life_cycle import stage_products
from pmlib.product.standing.regions import split_by_region
from pmlib.product.standing.shares import share_history
from pmlib.product.standing.sunset import weigh_sunset


@pytest.mark.parametrize(
    ("product", "ends", "effects"),
    [("PR3", (18.0, 20.5), (-4.35, 2.25)), ("PR5", (24.0, 19.8), (9.64, -5.12))],
)
def test_product_3_gains_share_in_a_shrinking_market_and_product_5_loses_it_in_a_growing_one(
    quillmark, product: str, ends: tuple[float, float], effects: tuple[float, float]
) -> None:
    shares = share_history(quillmark, period="2025-12", product_id=product, months=12).to_frame()
    own = 100 * shares[shares["player"] == "own"].set_index("month")["share"]
    assert (round(own[2023 * 12 + 12], 1), round(own[2025 * 12 + 12], 1)) == ends
    split = split_by_region(quillmark, period="2025-12", product_id=product, apart=24)
    row = split.to_frame().iloc[0]
    whole = split_revenue_change(quillmark, period="2025-12", apart=24).to_frame()
    whole = whole.set_index("category").loc[row["category"]]
    scale = 100 / whole["market_before_k"]
    assert row["market_effect_k"] * scale == pytest.approx(effects[0], abs=0.02)
    assert (row["share_effect_k"] + row["mix_effect_k"]) * scale == pytest.approx(effects[1], abs=0.02)
    assert row["share_effect_k"] + row["mix_effect_k"] == pytest.approx(whole["share_effect_k"])


def test_the_launch_has_its_peak_outside_the_months_observed(quillmark) -> None:
    found = fit_diffusion(quillmark, period="2025-12", product_id="PR8")
    rows = found.to_frame().set_index("quantity")
    assert found.months == 24
    assert rows.loc["p", "value"] == pytest.approx(0.004, rel=0.02)
    assert rows.loc["q", "value"] == pytest.approx(0.13, rel=0.01)
    assert rows.loc["m", "value"] == pytest.approx(10_000, rel=0.01)
    assert round(rows.loc["peak", "value"]) == 26
    assert 8_000 < rows.loc["m", "low"] < 9_000 and 12_000 < rows.loc["m", "high"] < 15_000
    assert 23 < rows.loc["peak", "low"] < 25 and 29 < rows.loc["peak", "high"] < 31


def test_six_months_of_the_launch_say_almost_nothing_about_its_market(quillmark) -> None:
    found = fit_diffusion(quillmark, period="2024-06", product_id="PR8")
    m = found.to_frame().set_index("quantity").loc["m"]
    assert m["low"] < 1_000 and m["high"] == float("inf")
    assert "almost no information about how many will buy" in found.summary()


def test_the_shrinking_product_is_in_decline_and_does_not_earn_its_cost_to_keep(quillmark) -> None:
    stages = stage_products(quillmark, period="2025-12").to_frame().set_index("product_id")["stage"]
    assert (stages["PR3"], stages["PR5"], stages["PR8"]) == ("decline", "growth", "growth")
    verdicts = weigh_sunset(quillmark, period="2025-12").to_frame().set_index("product_id")["verdict"]
    assert verdicts["PR3"] == "sunset" and verdicts["PR8"] == "not sure"
    assert (verdicts.drop(["PR3", "PR8"]) == "keep").all()


def test_the_growing_market_of_product_5_is_a_question_mark(quillmark) -> None:
    places = map_growth_and_share(quillmark, period="2025-12").to_frame().set_index("category")["quadrant"]
    assert places["edge gateways"] == "question mark"
    assert places["climate sensors"] == "between cash cow and dog"
