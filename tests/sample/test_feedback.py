from __future__ import annotations

import pytest

from pmlib.sample import customers, feedback


@pytest.fixture(scope="module")
def messages():
    return feedback.feedback(customers.draw_buyers(scale=0.1, seed=1))


def test_there_are_3000_messages_by_day(messages):
    assert len(messages) == 3_000
    assert messages["feedback_id"].is_monotonic_increasing
    assert messages["date"].is_monotonic_increasing
    assert messages["text"].nunique() > 800
    assert set(messages["channel"]) == set(feedback.CHANNELS)


def test_complaints_about_missing_data_rise_when_the_score_of_product_6_falls(messages):
    phrasings = "|".join(feedback.THEMES["missing data"][1])
    months = messages.loc[messages["text"].str.contains(phrasings), "date"].str[:7]
    assert (messages.loc[months.index, "product_id"] == "PR6").all()
    before, after = (months < "2024-10").sum() / 21, (months >= "2024-10").sum() / 15
    assert after > 3 * before


def test_nobody_writes_about_a_product_before_its_launch(messages):
    assert messages.loc[messages["product_id"] == "PR8", "date"].min() >= "2024-01"


def test_some_messages_ask_for_a_planned_feature(messages):
    for wish in ("single sign-on", "exported", "alarms on the phone", "who changed which setting"):
        assert messages["text"].str.contains(wish).sum() > 5, wish
