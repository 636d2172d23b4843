from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.features.themes import Theme, declared_themes, find_themes, linked, matches, said_with_all


def written(**phrases: int) -> tuple[pd.Series, pd.Series]:
    """Messages, each by another customer: ``written(battery_empty=3)``."""
    texts = [name.replace("_", " ") for name, count in phrases.items() for _ in range(count)]
    return pd.Series(texts), pd.Series([f"K{i}" for i in range(len(texts))])


def test_a_theme_is_a_pair_that_enough_customers_use():
    texts, writers = written(battery_empty_soon=5, screen_dark=2)
    assert [theme.name for theme in find_themes(texts, writers, least=3)] == ["battery empty"]


def test_one_loud_customer_makes_no_theme():
    texts, _ = written(battery_empty=20)
    assert find_themes(texts, pd.Series(["K1"] * 20), least=2) == []
    assert find_themes(texts, pd.Series([None] * 20, dtype="str"), least=1) == []


def test_pairs_of_the_same_messages_are_one_theme_named_in_reading_order():
    texts, writers = written(transfer_failed_nobody_told_us=6, chart_slow=4)
    themes = find_themes(texts, writers, least=3)
    assert [theme.name for theme in themes] == ["transfer failed nobody told", "chart slow"]
    assert themes[0].words == ("failed", "nobody", "told", "transfer")


def test_what_is_said_with_everything_is_no_theme():
    topics = ["battery empty", "chart slow", "alarm late", "price high", "screen dark", "bracket fiddly", "export gone"]
    closings = ("Kind wishes.", "", "") * 3
    texts = pd.Series([f"{topic}. {closing}" for topic in topics for closing in closings])
    writers = pd.Series([f"K{i}" for i in range(len(texts))])
    aside = said_with_all(texts, writers, least=3)
    assert [theme.name for theme in aside] == ["kind wishe"]
    patterns = {pattern for theme in aside for pattern in theme.patterns}
    assert sorted(theme.name for theme in find_themes(texts, writers, least=3, aside=patterns)) == sorted(topics)


def test_a_phrase_stands_in_one_sentence_with_its_words_next_to_each_other():
    themes = declared_themes({"missing data": ["no values", "never arrived"], "slow": ["slow"]})
    texts = ["There were NO values.", "It arrived. Never again!", "Values slow.", "It never really arrived."]
    assert matches(texts, themes) == [[0], [], [0, 1], []]


def test_a_feature_is_reached_by_two_words_or_all_it_has():
    theme = Theme(name="", patterns=(("missing", "nightly"), ("nightly", "transfer"), ("export", "table")))
    names = {"F1": "Reliable nightly data transfer", "F2": "Transfer of tenants", "F3": "Export", "F4": "", "F5": "The"}
    assert linked(theme, names) == {"F1": ("nightly", "transfer"), "F3": ("export",)}


@pytest.mark.parametrize(
    ("themes", "message"),
    [
        ({}, r"themes: got \{\}, allowed"),
        (["slow"], r"themes: got \['slow'\], allowed \{name: \[words or phrases\]\}"),
        ({"slow": [3]}, r"'slow' has \[3\], allowed a list of words"),
        ({"slow": "slow"}, "'slow' has 'slow', allowed a list of words"),
        ({"slow": []}, r"'slow' has \[\], allowed a list of words"),
        ({"slow": ["is it"]}, "'is it' of 'slow' holds no content word"),
    ],
)
def test_themes_without_words_are_refused(themes, message):
    with pytest.raises(ParameterError, match=message):
        declared_themes(themes)
