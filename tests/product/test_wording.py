from __future__ import annotations

import math

from pmlib.product.wording import counted, figure_text, listed, money_text, percent, signed_percent


def test_money_shows_no_more_digits_than_a_board_reads() -> None:
    assert [figure_text(value) for value in (0.4, 999.4, 1000.0, 46_112.3, -1888.7)] == [
        "0 k", "999 k", "1.0 M", "46.1 M", "-1.9 M",
    ]  # fmt: skip
    assert money_text(46_112.3, "CHF") == "46.1 M CHF"


def test_what_is_unknown_is_a_dash() -> None:
    assert figure_text(math.nan) == signed_percent(math.nan) == percent(math.nan) == "–"


def test_lists_and_counts_read_like_sentences() -> None:
    assert listed(["Aria"]) == "Aria"
    assert listed(["Aria", "Boreas"]) == "Aria and Boreas"
    assert counted(1, "month") == "1 month"
    assert counted(12_000, "answer") == "12,000 answers"
