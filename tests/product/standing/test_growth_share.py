from __future__ import annotations

import math

import pytest

from pmlib.errors import ParameterError
from pmlib.product.standing.growth_share import map_growth_and_share


def _grown(before: float, growth: float):
    return lambda month: before * (1 + growth if month > 24300 else 1)


def _place(tables, **more):
    return map_growth_and_share(tables, period=24312, **more).to_frame().iloc[0]


@pytest.mark.parametrize(
    ("own", "growth", "quadrant"),
    [(60.0, 0.3, "star"), (60.0, 0.0, "cash cow"), (10.0, 0.3, "question mark"), (10.0, 0.0, "dog")],
)
def test_a_box_wholly_in_a_quadrant_names_it(study, own: float, growth: float, quadrant: str) -> None:
    row = _place(study({"own": _grown(own, growth), "rival": _grown(30.0, growth)}, error=1.0))
    assert row["quadrant"] == quadrant
    assert row["relative_share"] == pytest.approx(own / 30)
    assert row["growth"] == pytest.approx(growth)


def test_a_box_on_a_line_is_between(study) -> None:
    assert _place(study({"own": 31.0, "rival": 30.0}, error=5.0))["quadrant"] == "between cash cow and dog"
    near = study({"own": _grown(60.0, 0.1), "rival": _grown(30.0, 0.1)}, error=5.0)
    assert _place(near)["quadrant"] == "between star and cash cow"
    both = study({"own": _grown(31.0, 0.1), "rival": _grown(30.0, 0.1)}, error=5.0)
    assert _place(both)["quadrant"] == "anywhere"


def test_the_interval_of_the_relative_share_is_that_of_a_ratio(study) -> None:
    row = _place(study({"own": 20.0, "rival": 40.0}, error=3.0))
    spread = 1.959964 * math.hypot(0.03, 0.03)
    ends = (row["relative_share_low"], row["relative_share_high"])
    assert ends == pytest.approx((0.5 * math.exp(-spread), 0.5 * math.exp(spread)), rel=1e-6)


def test_which_rival_is_the_largest_is_not_taken_for_granted(study) -> None:
    one = _place(study({"own": 20.0, "rival A": 40.0}, error=5.0))
    two = _place(study({"own": 20.0, "rival A": 40.0, "rival B": 40.0}, error=5.0))
    assert two["relative_share_high"] == one["relative_share_high"]
    sharper = study({"own": 20.0, "rival A": 40.0, "rival B": 40.0}, error=5.0)
    market = sharper["market"]
    market.loc[market["player"] == "rival B", "source_error_pct"] = 0.0
    assert _place(sharper)["relative_share_high"] < one["relative_share_high"]


def test_growth_carries_the_studys_error_of_every_month(study) -> None:
    row = _place(study({"own": 50.0, "rival": 50.0}, error=6.0))
    # 12 months a side, each off by 6 % on its own.
    assert row["growth_high"] - row["growth"] == pytest.approx(1.959964 * 0.06 * math.sqrt(2 / 12), rel=1e-6)


def test_a_missing_value_leaves_nothing_known(study) -> None:
    tables = study({"own": 1.0, "rival A": 1.0, "rival B": 1.0})
    tables["market"].loc[tables["market"]["player"] == "rival A", "value_k"] = math.nan
    row = _place(tables)
    assert math.isnan(row["relative_share"]) and math.isnan(row["growth"])


def test_others_together_are_no_rival_and_a_market_without_rivals_has_no_place(study) -> None:
    assert _place(study({"own": 20.0, "rival": 10.0, "other": 90.0}))["rival"] == "rival"
    row = _place(study({"own": 20.0, "other": 90.0}))
    assert math.isnan(row["relative_share"]) and row["quadrant"] == "not enough data"


def test_a_market_without_a_year_before_or_without_our_sales_has_no_quadrant(study) -> None:
    late = map_growth_and_share(study({"own": 1.0, "rival": 1.0}, first=24301), period=24312)
    assert late.to_frame()["quadrant"].tolist() == ["not enough data"] and late.to_frame()["months"].tolist() == [0]
    assert _place(study({"own": 0.0, "rival": 1.0}))["quadrant"] == "not enough data"
    nothing = map_growth_and_share(study({"own": 1.0}), period="1999-01")
    assert nothing.summary() == "No market study covers the 12 months to January 1999."
    with pytest.raises(ParameterError, match="growth_cut: got nan"):
        map_growth_and_share(study({"own": 1.0}), period=24312, growth_cut=math.nan)
