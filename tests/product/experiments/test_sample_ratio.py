from __future__ import annotations

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.product.experiments.sample_ratio import ALARM, mismatch_p
from tests.published.kohavi import CONTROL, TREATMENT, P


def test_the_mismatch_of_kohavi_2020_is_reproduced() -> None:
    assert f"{mismatch_p(CONTROL, TREATMENT):.1e}" == f"{P:.1e}"


def test_an_uneven_plan_is_held_against_itself() -> None:
    assert mismatch_p(9_000, 1_000, planned_share=0.1) == 1.0
    assert mismatch_p(9_000, 1_000) < 1e-300 or mismatch_p(9_000, 1_000) == 0
    assert mismatch_p(0, 0) == 1.0


def test_the_arms_may_change_places() -> None:
    assert mismatch_p(480, 520) == mismatch_p(520, 480)


def test_a_sound_split_alarms_one_time_in_a_thousand_at_most() -> None:
    rng = np.random.default_rng(3)
    split, times = np.unique(rng.binomial(8_000, 0.5, 40_000), return_counts=True)
    p = np.array([mismatch_p(8_000 - int(one), int(one)) for one in split])
    alarms = times[p < ALARM].sum() / 40_000
    assert alarms <= ALARM + 3 * np.sqrt(ALARM / 40_000)
    assert times[p < 0.05].sum() / 40_000 == pytest.approx(0.05, abs=0.01)


def test_a_share_beyond_0_to_1_and_negative_visitors_are_refused() -> None:
    with pytest.raises(ParameterError, match="planned_share: got 50"):
        mismatch_p(10, 10, planned_share=50)
    with pytest.raises(ParameterError, match="Check new_users"):
        mismatch_p(-1, 10)
    with pytest.raises(ParameterError, match="visitors: got 1.5 and 10, allowed whole numbers"):
        mismatch_p(1.5, 10)
