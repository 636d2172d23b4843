from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.reporting.markup import clean, without_addresses


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<script>alert(1)</script>after", "after"),
        ("<SCRIPT >alert(1)</SCRIPT >after", "after"),
        ("<style>b{}</style>after", "after"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<img src=x alt='a & b'>", "a &amp; b"),
        ('<img src="data:image/png;base64,AAAA" alt="a">', '<img src="data:image/png;base64,AAAA" alt="a">'),
        ('<img src="data:text/html;base64,AAAA">', ""),
        ('<a href="javascript:alert(1)">words</a>', "words"),
        ('<a href="https://example.org">words</a>', "words"),
        ('<a href="20_two.html">words</a>', '<a href="20_two.html">words</a>'),
        ('<a href="#part">words</a>', '<a href="#part">words</a>'),
        ('<p style="background:url(x)" class="note">a</p>', '<p class="note">a</p>'),
        ('<rect fill="url(http://x)"></rect>', "<rect></rect>"),
        ("<iframe src=x>in</iframe>out", "out"),
        ("<form action=x><input name=y>words</form>", "words"),
        ("<svg><script/>x</svg>", "<svg>x</svg>"),
        ("&lt;script&gt; a < b", "&lt;script&gt; a &lt; b"),
        ("</div><b>open", "<b>open</b>"),
        ("<!-- <b>no</b> -->yes", "yes"),
        ("no<!-- <b>end", "no"),
        ("<b>a <b", "<b>a &lt;b</b>"),
        ("1 < 2 <b>3</b>", "1 &lt; 2 <b>3</b>"),
    ],
)
def test_only_harmless_markup_is_left(source: str, left: str) -> None:
    assert clean(source, links={"20_two.html"}) == left


def test_a_table_scrolls_whoever_made_it() -> None:
    assert clean("<table><tr><td>1<td>2</table>") == (
        '<div class="scroll wide"><table><tr><td>1</td><td>2</td></tr></table></div>'
    )
    assert clean('<div class="scroll"><table></table></div>') == '<div class="scroll"><table></table></div>'


def test_numbers_set_to_the_right_stay_there() -> None:
    assert '<td class="n">' in clean('<table><tr><td style="text-align: right">1</table>')


@given(st.text(alphabet="<>/\"'=& abscriptonerrorhref:svgimg!-", max_size=120))
def test_no_text_whatever_brings_a_script_or_a_handler(source: str) -> None:
    class Watch(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "style", "iframe", "object"}
            assert not [name for name, _ in attrs if name.startswith("on") or name in {"href", "src", "style"}]

    Watch().feed(clean(source))


@given(st.text(max_size=80))
def test_cleaning_twice_changes_nothing(source: str) -> None:
    assert clean(clean(source)) == clean(source)


# Rows of these took a parser minutes or for ever, and a page is written in milliseconds.
@pytest.mark.parametrize("part", [
    "<", "<a ", "<a", "<a/", "<a =", "<a b='", "'<a href='", "<!--", "<!", "<?", "</", "<script", "<style></", "<svg/>",
    "<img src=data:image/png;base64,A", "<div>", "<div></b>", "<table><tr><td>", "&", "&#x", "]]>", "<![CDATA[", "a://.",
])
def test_no_text_however_long_keeps_the_writer_busy(part: str) -> None:
    source = part * (100_000 // len(part))
    started = time.process_time()
    page = without_addresses(clean(source))
    assert time.process_time() - started < 5
    assert page.count("<div>") <= 200


def test_what_cannot_be_seen_gets_a_mark() -> None:
    marked = without_addresses("a\0b\x1b[31mc\u202ed\u2066e\udc80f\x9bg")
    assert marked == "a\ufffdb\ufffd[31mc\ufffdd\ufffde\ufffdf\ufffdg"
    assert without_addresses("a\n\tb\u200f\u200bé") == "a\n\tb\u200f\u200bé"


def test_an_address_stays_readable_but_is_none() -> None:
    assert without_addresses("HTTPS://a.b ftp://c") == "HTTPS:&#47;&#47;a.b ftp:&#47;&#47;c"
    assert not re.search("https?://", without_addresses("see http://a.b"))
