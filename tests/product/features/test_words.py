from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pmlib.product.features.words import STOP_WORDS, content_words, sentences, singular


def test_grammar_and_courtesies_are_left_out_and_plurals_folded():
    assert sentences("Short note: the readings are missing again! Thank you.") == [("reading", "missing")]


def test_words_of_other_alphabets_are_words():
    assert content_words("Zählerstände fehlen täglich") == ["zählerstände", "fehlen", "täglich"]


def test_names_of_classes_like_status_keep_their_s():
    assert [singular(word) for word in ("status", "loss", "basis", "bus")] == ["status", "loss", "basis", "bus"]


@given(st.text(max_size=60))
def test_any_text_gives_small_words_of_three_letters_or_more(text):
    for word in content_words(text):
        assert word == word.casefold()
        assert len(word) >= 2
        assert word not in STOP_WORDS or word.endswith("s") is False
