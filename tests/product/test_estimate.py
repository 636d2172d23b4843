from __future__ import annotations

import math

import pytest

from pmlib.product import Estimate
from pmlib.product.estimate import series_of


def test_an_estimate_says_value_interval_and_n_in_every_form() -> None:
    one = Estimate(value=0.784, low=0.75, high=0.81, n=1200, n_missing=4, unit="share")
    assert repr(one) == "<Estimate: 0.784 share, between 0.750 and 0.810 (95 % interval), n = 1,200, 4 missing>"
    assert "0.750 and 0.810" in one.summary()
    assert one.headline() == {"0.784": "share", "0.750 to 0.810": "95 % interval", "1,200": "observations"}
    assert one.to_frame().loc[0, "n"] == 1200


def test_the_unmeasured_says_so_and_holds_no_number() -> None:
    nothing = Estimate.unmeasured(unit="points", n_missing=3)
    assert math.isnan(nothing.value)
    assert nothing.headline() == {"–": "not measured"}
    assert nothing.summary() == "Not measured: no observations, 3 missing."
    assert repr(nothing) == "<Estimate: not measured>"


def test_standard_error_survives_an_interval_cut_at_the_end_of_the_scale() -> None:
    cut = Estimate(value=98.0, low=98.0 - 1.959964 * 4, high=100.0, n=50, n_missing=0, unit="points")
    assert cut.standard_error == pytest.approx(4.0, rel=1e-6)


def test_series_of_names_the_columns_of_the_board() -> None:
    cells = series_of(Estimate(value=1.0, low=0.0, high=2.0, n=5, n_missing=0, unit="points"), "nps")
    assert cells == {"nps": 1.0, "nps_low": 0.0, "nps_high": 2.0, "nps_n": 5}
