from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.product.standing.study import category_of, share_range, study_rows, window_ends, window_shares


def test_windows_add_months_up_and_drop_players_who_are_not_there(study) -> None:
    tables = study({"own": lambda month: float(month - 24288), "rival": 1.0})
    market = tables["market"]
    tables["market"] = market[(market["player"] != "rival") | (market["month"] <= 24300)]
    rows = study_rows(tables, last=24312)
    shares = window_shares(rows, ends=[24300, 24312], months=3)
    assert shares["value_k"].tolist() == [10 + 11 + 12, 3, 22 + 23 + 24]
    assert shares["player"].tolist() == ["own", "rival", "own"]


def test_a_study_once_a_year_has_a_window_at_every_study(study) -> None:
    rows = study_rows(study({"own": 1.0}), last=24312)
    yearly = rows[rows["month"] % 12 == 0]
    assert window_ends(yearly, 1) == [24300, 24312] and window_ends(rows, 12)[0] == 24300


def test_a_missing_value_is_no_share(study) -> None:
    tables = study({"own": 1.0, "rival": 1.0})
    tables["market"].loc[0, "value_k"] = np.nan
    shares = window_shares(study_rows(tables, last=24312), ends=[24300, 24312], months=12).set_index("month")["share"]
    assert shares[24300].isna().all() and shares[24312].tolist() == [0.5, 0.5]


def test_a_product_without_a_category_has_no_market() -> None:
    products = pd.DataFrame({"product_id": ["A", "B"], "category": ["sensors", None]})
    assert (category_of({"products": products}, "A"), category_of({"products": products}, "B")) == ("sensors", "")


def test_ranges_say_when_no_error_is_stated() -> None:
    assert share_range({"share_low": 0.2, "share_high": 0.2}) == "the study states no error"
    assert share_range({"share_low": 0.181, "share_high": 0.214}) == "between 18 % and 21 %"


def test_regions_are_added_up_unless_asked_for(study) -> None:
    tables = study({"north/own": 1.0, "south/own": 2.0})
    assert study_rows(tables, last=24312)["region"].unique().tolist() == ["all"]
    assert sorted(study_rows(tables, last=24312, regions=True)["region"].unique()) == ["north", "south"]
    both = window_shares(study_rows(tables, last=24312), ends=[24312], months=1)
    assert both["value_k"].tolist() == [pytest.approx(3)]
