from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product import market_and_share_effect, split_revenue_change
from pmlib.product.market import RevenueSplit, monthly_shares, players_by_month, window_share


def test_product_3_shrinks_with_its_market_and_gains_share() -> None:
    # Revenue -6 % a year in a market of -12 % a year, two years, share 18 at first; market 2023 = 100.
    share, market = 0.18 * (0.94 / 0.88) ** 2, 100 * 0.88**2
    by_market, by_share = market_and_share_effect(0.18, share, market_before=100, market_after=market)
    assert (round(by_market, 2), round(by_share, 2), round(by_market + by_share, 2)) == (-4.35, 2.25, -2.10)
    assert round(100 * share, 1) == 20.5


def test_product_5_grows_and_loses_share() -> None:
    share, market = 0.24 * (1.09 / 1.20) ** 2, 100 * 1.2**2
    by_market, by_share = market_and_share_effect(0.24, share, market_before=100, market_after=market)
    assert (round(by_market, 2), round(by_share, 2), round(by_market + by_share, 2)) == (9.64, -5.12, 4.51)
    assert round(100 * share, 1) == 19.8


_SHARE, _MARKET = st.floats(0, 1), st.floats(1, 1e6)


@given(_SHARE, _SHARE, _MARKET, _MARKET)
def test_effects_add_up_to_the_change_of_revenue(s0: float, s1: float, m0: float, m1: float) -> None:
    effects = market_and_share_effect(s0, s1, market_before=m0, market_after=m1)
    assert sum(effects) == pytest.approx(s1 * m1 - s0 * m0, abs=1e-12 * max(m0, m1) * 4)


def _study(own_error: float = 0.0, rest_error: float = 3.0) -> pd.DataFrame:
    rows = [
        ("sensing", region, month, player, value * (1 if month <= 24300 else growth), error)
        for month in range(24289, 24313)
        for region in ("north", "south")
        for player, value, growth, error in (("own", 18.0, 0.94, own_error), ("rival", 82.0, 0.867, rest_error))
    ]
    return pd.DataFrame(rows, columns=["category", "region", "month", "player", "value_k", "source_error_pct"])


def test_shares_and_effects_of_a_study_add_regions_and_months() -> None:
    split = split_revenue_change({"market": _study()}, period=24312)
    row = split.to_frame().iloc[0]
    assert row["share_before"] == pytest.approx(0.18)
    assert row["own_after_k"] == pytest.approx(24 * 18 * 0.94)
    assert row["change_k"] == pytest.approx(row["market_effect_k"] + row["share_effect_k"])
    assert split.check() == "Market and share effects add up to the change in every category."


def test_the_interval_of_a_share_carries_the_studys_error_and_does_not_average_it_out() -> None:
    shares = monthly_shares({"market": _study()}, last=24300)
    share = window_share(shares)
    # d share = share x (1 - share) x relative error of the rivals' sales
    assert share.high - share.value == pytest.approx(1.959964 * 0.18 * 0.82 * 0.03, rel=1e-6)
    assert (share.n, share.unit) == (12, "share")


def test_an_error_of_our_own_row_widens_the_interval() -> None:
    plain, wide = (window_share(monthly_shares({"market": _study(own)}, last=24300)) for own in (0.0, 4.0))
    assert wide.high - wide.value == pytest.approx((plain.high - plain.value) * math.hypot(3, 4) / 3)


def test_windows_can_lie_two_years_apart(company) -> None:
    split = split_revenue_change(company, period="2025-12", months=12, apart=24)
    row = split.to_frame().iloc[0]
    study = company["market"]
    own = study[(study["player"] == "own") & (study["month"] <= 2023 * 12 + 12)]["value_k"].sum()
    assert row["own_before_k"] == pytest.approx(own)
    assert row["products"] == "Aria"


def test_a_window_the_study_does_not_cover_has_no_effects() -> None:
    split = split_revenue_change({"market": _study()}, period=24306)
    assert split.to_frame()["change_k"].isna().all()
    assert split.summary() == "No market study covers both windows."
    assert split.check()


def test_months_without_our_row_say_nothing_about_our_share() -> None:
    study = _study()
    study = study[(study["player"] != "own") | (study["month"] < 24312)]
    assert monthly_shares({"market": study}, last=24312)["month"].max() == 24311


def test_effects_that_miss_the_change_are_found() -> None:
    split = split_revenue_change({"market": _study()}, period=24312)
    wrong = split.to_frame().assign(share_effect_k=split.categories["share_effect_k"] + 1)
    with pytest.raises(CheckError, match="effects of category 'sensing' miss the change by 1"):
        dataclasses.replace(split, categories=wrong).check()


def test_summary_names_where_share_was_gained(company) -> None:
    split = split_revenue_change(company, period="2025-12")
    assert "Share gained in sensing (" in split.summary()
    assert list(split.headline().values()) == ["from the market's change", "from our change of share"]
    assert repr(split).startswith("<RevenueSplit: In the 12 months to December 2025")


@pytest.mark.parametrize(
    ("effects", "said"),
    [
        ((2_000.0, 40.0, -973.0), "Share gained most in a (2.0 M EUR) and lost most in c (973 k EUR)."),
        ((2_000.0, 900.0, 40.0), "Share gained most in a (2.0 M EUR) and least in c (40 k EUR)."),
        ((2_000.0, 900.0, 0.0), "Share gained most in a (2.0 M EUR) and least in c (0 k EUR)."),
        ((-40.0, -900.0, -2_000.0), "Share lost most in c (2.0 M EUR) and least in a (40 k EUR)."),
        ((-40.0, -40.0, -40.0), "Share lost alike in every category (40 k EUR each)."),
        ((0.0, 0.0, 0.0), "Our share changed in no category."),
        ((-40.0,), "Share lost in a (40 k EUR)."),
    ],
)
def test_a_loss_of_share_is_never_called_a_gain(effects: tuple[float, ...], said: str) -> None:
    categories = pd.DataFrame({"category": list("abc")[: len(effects)], "share_effect_k": effects})
    categories = categories.assign(market_effect_k=0.0, change_k=categories["share_effect_k"])
    assert RevenueSplit(categories=categories, period=24312, months=12, apart=12).summary().endswith(said)


def test_no_market_table_and_no_months_are_refused(company) -> None:
    with pytest.raises(MissingTableError, match="table 'market' is missing"):
        split_revenue_change({}, period=24312)
    with pytest.raises(ParameterError, match="months: got 0, allowed 1 or more"):
        split_revenue_change(company, period=24312, months=0)


def test_players_by_month_carry_their_error_and_know_where_nothing_was_counted() -> None:
    rows = players_by_month({"market": _study(4.0, 3.0)}, last=24289)
    assert rows["player"].tolist() == ["own", "rival"] * 2 and rows["units"].isna().all()
    assert rows["error_k"].tolist() == pytest.approx([0.72, 2.46] * 2)
    bare = _study().drop(columns="region").query("month == 24289").drop_duplicates("player")
    assert players_by_month({"market": bare}, last=24312)["region"].unique().tolist() == ["all"]
