from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.market import monthly_shares, window_share
from pmlib.product.standing.shares import market_shares, share_history

_SALES = st.dictionaries(
    st.sampled_from(["own", "rival A", "rival B", "rival C", "other"]),
    st.lists(st.floats(0, 1e6), min_size=3, max_size=3),
    min_size=1,
)


@settings(deadline=None, max_examples=30)
@given(_SALES)
def test_shares_of_a_market_add_up_to_one(sales: dict[str, list[float]]) -> None:
    rows = [("x", 24310 + i, player, value) for player, values in sales.items() for i, value in enumerate(values)]
    market = pd.DataFrame(rows, columns=["category", "month", "player", "value_k"]).assign(source_error_pct=3.0)
    shares = market_shares({"market": market}, period=24312, months=3).to_frame()
    total = market["value_k"].sum()
    if total > 0:
        assert shares["share"].sum() == pytest.approx(1)
        want = market.groupby("player")["value_k"].sum() / total
        got = shares.set_index("player")["share"]
        assert np.allclose(got.sort_index(), want.sort_index())
        assert ((shares["share_low"] <= shares["share"]) & (shares["share"] <= shares["share_high"])).all()
    else:
        assert shares["share"].isna().all()


def test_our_share_and_its_interval_are_those_of_the_board(study) -> None:
    tables = study({"own": 18.0, "rival": lambda month: 60.0 + month % 12, "other": 20.0}, error=4.0)
    row = market_shares(tables, period=24312).to_frame().set_index("player").loc["own"]
    board = window_share(monthly_shares(tables, last=24312).query("month > 24300"))
    assert (row["share"], row["share_low"], row["share_high"]) == pytest.approx((board.value, board.low, board.high))
    assert row["months"] == board.n == 12


def test_unit_shares_are_there_only_where_every_row_counts_units(study) -> None:
    tables = study({"own": 30.0, "rival": 70.0}, units=2.0)
    assert market_shares(tables, period=24312).to_frame()["unit_share"].tolist() == [0.7, 0.3]
    tables["market"].loc[5, "units"] = np.nan
    assert market_shares(tables, period=24300).to_frame()["unit_share"].isna().all()
    assert market_shares(study({"own": 1.0}), period=24312).to_frame()["unit_share"].isna().all()


def test_regions_are_markets_of_their_own_when_asked(study) -> None:
    tables = study({"north/own": 10.0, "north/rival": 90.0, "south/own": 40.0, "south/rival": 10.0})
    both = market_shares(tables, period=24312, by="region").to_frame().query("player == 'own'")
    assert both.set_index("region")["share"].to_dict() == pytest.approx({"north": 0.1, "south": 0.8})
    whole = market_shares(tables, period=24312).to_frame().query("player == 'own'")
    assert whole["share"].item() == pytest.approx(1 / 3)


def test_a_window_that_the_study_covers_in_part_says_how_many_months(study) -> None:
    tables = study({"own": 1.0, "rival": 3.0}, last=24306)
    assert market_shares(tables, period=24312).to_frame()["months"].tolist() == [6, 6]


def test_rows_after_the_period_never_count(study) -> None:
    tables = study({"own": lambda month: 1.0 if month <= 24306 else 99.0, "rival": 3.0})
    assert market_shares(tables, period=24306).to_frame()["share"].tolist() == [0.75, 0.25]


def test_summary_says_where_share_is_largest_and_where_we_lead(study) -> None:
    one, other = study({"own": 60.0, "rival": 40.0}, error=5.0), study({"own": 1.0, "rival": 9.0}, category="cloud")
    shares = market_shares({"market": pd.concat([one["market"], other["market"]])}, period="2025-12")
    assert shares.summary() == (
        "In the 12 months to December 2025 we held 60 % of sensors (between 57 % and 63 %) at most and 10 % of cloud "
        "(the study states no error) at least. No named rival is larger in sensors."
    )
    assert shares.headline()["1 of 2"] == "markets where nobody the study names is larger"


def test_a_study_without_us_or_without_rows_says_so(study) -> None:
    without = market_shares(study({"rival": 1.0}), period=24312)
    assert without.summary() == "No market study names us in the 12 months to December 2025."
    nothing = market_shares(study({"own": 1.0}), period="1999-01")
    assert nothing.to_frame().empty and nothing.headline() == {"–": "no market study names us in this window"}
    assert share_history(study({"own": 1.0}), period="1999-01").to_frame().empty


def test_history_gives_every_window_that_is_whole(study) -> None:
    tables = study({"own": lambda month: float(month - 24288), "rival": 10.0})
    history = share_history(tables, period=24312, months=3)
    own = history.to_frame().query("player == 'own'")
    assert own["month"].tolist() == list(range(24291, 24313))
    assert own["share"].iloc[0] == pytest.approx(6 / 36)
    assert history.summary().startswith("Our share of sensors went from 17 % (March 2024) to 70 % (December 2025;")


def test_history_without_a_choice_is_that_of_our_largest_market(study) -> None:
    market = pd.concat([study({"own": 5.0}, category="a")["market"], study({"own": 9.0}, category="b")["market"]])
    assert share_history({"market": market}, period=24312).category == "b"


def test_unknown_choices_are_refused(study) -> None:
    tables = study({"own": 1.0}) | {"products": pd.DataFrame({"product_id": ["PR1"], "category": ["sensors"]})}
    with pytest.raises(ParameterError, match="product_id: got 'PR2'.*Did you mean 'PR1'"):
        market_shares(tables, period=24312, product_id="PR2")
    with pytest.raises(ParameterError, match="category: got 'sensor'.*Did you mean 'sensors'"):
        share_history(tables, period=24312, category="sensor")
    with pytest.raises(ParameterError, match="by: got 'player', allowed category, region"):
        market_shares(tables, period=24312, by="player")
    with pytest.raises(ParameterError, match="months: got 0"):
        market_shares(tables, period=24312, months=0)
    with pytest.raises(MissingTableError, match="table 'market' is missing"):
        market_shares({}, period=24312)


def test_frames_and_an_engine_give_the_same_shares(study) -> None:
    import ibis

    tables = study({"own": 30.0, "rival": 70.0}, error=3.0, units=2.0)
    stored = {"market": ibis.duckdb.connect().create_table("market", tables["market"])}
    one, other = (market_shares(each, period=24312).to_frame() for each in (tables, stored))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)
