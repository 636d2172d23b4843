from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.sample import chunks, customers, invitations, surveys


@pytest.fixture(scope="module")
def buyers():
    return customers.draw_buyers(scale=0.3, seed=1)


def test_the_planted_response_gives_the_planted_scores():
    response = np.array([0.40, 0.10, 0.20])
    promoter, other = np.array([0.45, 0.20, 0.35]) @ response, np.array([0.075, 0.65, 0.275]) @ response
    assert promoter / other == pytest.approx(1.8)
    raw = 100 * (0.45 * 1.8 - 0.20) / (0.45 * 1.8 + 0.55)
    assert raw == pytest.approx(44.9, abs=0.05)
    drawn = invitations.asked(customers.draw_buyers(scale=3, seed=1), "PR4")
    rates = [drawn.responded[(drawn.mood == mood)].mean() for mood in range(3)]
    assert rates == pytest.approx([promoter, other, other], abs=0.015)
    assert np.bincount(drawn.mood) / len(drawn.mood) == pytest.approx([0.45, 0.35, 0.20], abs=0.01)


def test_within_a_band_everyone_is_as_likely_to_answer():
    drawn = invitations.asked(customers.draw_buyers(scale=3, seed=2), "PR4")
    for band in range(3):
        here = drawn.band == band
        rates = [drawn.responded[here & (drawn.mood == mood)].mean() for mood in (0, 2)]
        assert rates[0] == pytest.approx(rates[1], abs=0.03)


def test_nobody_is_asked_twice_in_a_month_or_before_coming(buyers):
    frame = chunks.frame(invitations.invitations(buyers))
    keys = ["product_id", "customer_id", "month"]
    assert frame[keys].equals(frame[keys].sort_values(keys, ignore_index=True))
    assert not frame.duplicated(keys).any()
    first = chunks.frame(customers.customers(buyers)).set_index("customer_id")["first_month"]
    assert (frame["month"].to_numpy() >= first[frame["customer_id"]].to_numpy()).all()
    assert frame.loc[frame["product_id"] == "PR8", "month"].min() == "2024-01"


def test_every_nps_answer_is_one_that_was_invited(buyers):
    invited, answers = (chunks.frame(make(buyers)) for make in (invitations.invitations, surveys.surveys))
    nps = answers[answers["instrument"] == "NPS"].assign(month=lambda rows: rows["date"].str[:7])
    keys = ["product_id", "customer_id", "month"]
    heard = invited.loc[invited["responded"], keys].sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(nps[keys].sort_values(keys, ignore_index=True), heard)


def test_answers_are_sorted_by_day_and_stay_on_their_scales(buyers):
    answers = chunks.frame(surveys.surveys(buyers))
    assert answers["response_id"].is_monotonic_increasing
    assert answers["date"].is_monotonic_increasing
    assert answers.groupby("instrument")["score"].agg(["min", "max"]).T.to_dict("list") == {
        "CES": [1, 7], "CSAT": [1, 5], "NPS": [0, 10],
    }  # fmt: skip
    anonymous = answers.groupby("instrument")["customer_id"].agg(lambda ids: ids.isna().mean())
    assert anonymous["NPS"] == 0
    assert anonymous["CSAT"] == pytest.approx(0.15, abs=0.02)
