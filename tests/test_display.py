from __future__ import annotations

import io

import pandas as pd
import pytest
from PIL import Image

import pmlib as pm
from pmlib.display import _png
from pmlib.errors import ParameterError
from pmlib.plots import style

FRAME = pd.DataFrame({"name": ["<script>alert(1)</script>", "=1+1"], "action": ["start", "stop now"],
                      "value_k": [1234.5, float("nan")], "spend_share": [0.123, 0.5], "start_month": [24312, 24313]})


def test_a_table_shows_data_as_text_and_never_as_markup():
    html = pm.table(FRAME, caption="Money in thousand EUR.").html
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "=1+1" in html


def test_a_table_writes_numbers_as_a_board_reads_them():
    text = str(pm.table(FRAME, caption="Money."))
    for cell in ("1,234", "–", "12.3 %", "2025-12"):
        assert cell in text


def test_a_verb_carries_its_class_so_that_sign_and_colour_follow():
    html = pm.table(FRAME, caption="c", columns={"action": "Decision"}).html
    assert '<td class="verb start">start</td>' in html
    assert '<td class="verb stop">stop now</td>' in html


def test_a_long_table_says_how_many_rows_there_are():
    assert "2 of 30 rows" in pm.table(pd.DataFrame({"a": range(30)}), caption="c", rows=2).html


def test_an_empty_table_says_so_in_words():
    assert pm.table(FRAME.iloc[:0], caption="c", empty="No project in this period.").html == \
        '<p class="note">No project in this period.</p>'


def test_an_unknown_column_is_refused_with_the_near_name():
    with pytest.raises(ParameterError, match="'valu_k' is not in the frame.*Did you mean 'value_k'"):
        pm.table(FRAME, caption="c", columns={"valu_k": "Value"})


def test_the_answer_comes_as_sentences_and_figures_escaped():
    class Result:
        def summary(self) -> str:
            return "1 < 2."

        def headline(self) -> dict[str, str]:
            return {"41.2 M": "EUR & more"}

    shown = pm.answer(Result())
    assert shown.html == ('<p class="answer">1 &lt; 2.</p><div class="kpis"><div class="kpi"><b>41.2 M</b>'
                          "<span>EUR &amp; more</span></div></div>")
    assert str(shown) == "1 < 2.\n  41.2 M  EUR & more"


def test_a_figure_is_small_twice_as_dense_and_the_same_each_time():
    def png() -> bytes:
        ax = style.axes()
        for at in range(5):
            ax.plot(range(40), [value * at for value in range(40)], marker=style.MARKERS[at])
        return _png(style.finish(ax, title="Lines", x="month", y="thousand EUR").figure)

    first = png()
    assert first == png()
    assert len(first) < 60_000
    with Image.open(io.BytesIO(first)) as image:
        assert image.size == (1600, 800)


def test_an_answer_that_has_nothing_to_add_up_is_refused():
    with pytest.raises(ParameterError, match=r"reconcile: got 3, allowed answers with check\(\)\. Leave it out"):
        pm.reconcile(None, 3)
