"""Only known, harmless markup reaches a page: no script, no address outside, nothing a project's name could add."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from html.parser import HTMLParser


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _names("br hr img col wbr")
_SHAPES = _names("svg g rect circle ellipse line path polyline polygon text tspan title desc")
_TAGS = _SHAPES | _names(
    "a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 h2"
    " h3 h4 h5 h6 hr i img ins kbd li mark meter ol p pre q s samp section small span strong sub summary sup table"
    " tbody td tfoot th thead time tr u ul var wbr"
)
# Their text is code, not words for a reader.
_SILENT = _names("script style template noscript iframe object embed textarea select button")
_ATTRIBUTES = _names(
    "alt class colspan dir height lang max min open role rowspan scope span start title value width aria-label"
    " aria-hidden viewbox x y x1 x2 y1 y2 cx cy r rx ry d points fill stroke stroke-width stroke-dasharray opacity"
    " text-anchor transform font-size font-weight preserveaspectratio"
)
# Tags that HTML lets end without saying so, by the tag whose start ends them.
_ENDED_BY = {
    "td": _names("td th p"),
    "th": _names("td th p"),
    "tr": _names("td th tr caption"),
    "li": _names("li"),
    "p": _names("p"),
}
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# No tag, for another begins before it ends. Left in, a row of them keeps the parser busy for hours.
_LOOSE = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_DEEPEST = 200
_PICTURE = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
# Control characters, halves of characters, and what turns the direction of all that follows.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_NUMBER_AND_UNIT = re.compile(r"(?<=\d) (?=(?:%|M|k|pp)(?!\w))")
_SCROLL = "scroll wide"
_REFERENCE = re.compile(r"(?i)url\s*\(")


def clean(source: str, *, links: Collection[str] = ()) -> str:
    """Rebuild HTML from allowed tags and attributes only.

    Parameters
    ----------
    source : str
        HTML of a notebook's output or text cell.
    links : collection of str
        Relative addresses that may stay; of every other link the words stay.

    Returns
    -------
    str
        Well-formed HTML without scripts, styles, event handlers and outside addresses.

    Examples
    --------
    >>> clean('<b onclick="x()">fine</b><script>alert(1)</script>')
    '<b>fine</b>'
    """
    rebuilt = _Rebuilder(frozenset(links))
    rebuilt.feed(_LOOSE.sub("&lt;", _COMMENT.sub("", source)))
    rebuilt.close()
    return rebuilt.result()


def without_addresses(page: str) -> str:
    """Keep an address readable as text where data holds one, but let no program see it as one.

    What cannot be seen, control characters and turns of the direction of writing, gets a mark instead: it could
    make a page read otherwise than it is written.

    Examples
    --------
    >>> without_addresses("see https://example.org")
    'see https:&#47;&#47;example.org'
    """
    return _UNSEEN.sub("\ufffd", page.replace("://", ":&#47;&#47;"))


def unbroken(page: str) -> str:
    """Keep a number and its unit on one line.

    Examples
    --------
    >>> unbroken("41.2 M, 0.0 % gap, 4 months")
    '41.2&nbsp;M, 0.0&nbsp;% gap, 4 months'
    """
    return _NUMBER_AND_UNIT.sub("&nbsp;", page)


def as_sentence(text: str) -> str:
    """End a text with a full stop, unless it ends as a sentence does.

    Examples
    --------
    >>> as_sentence("it failed"), as_sentence("Did you mean 'risk'?")
    ('it failed.', "Did you mean 'risk'?")
    """
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


class _Rebuilder(HTMLParser):
    """Writes anew what it recognises; whatever it does not is text or nothing."""

    def __init__(self, links: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._links = links
        self._out: list[str] = []
        self._open: list[str] = []
        self._classes: list[str] = []
        self._silent: list[str] = []

    def result(self) -> str:
        while self._open:
            self._close()
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        if self._silent or tag not in _TAGS or len(self._open) >= _DEEPEST:
            return
        while self._open and self._open[-1] in _ENDED_BY.get(tag, ()):
            self._close()
        given = {name: value or "" for name, value in attrs}
        if tag == "table" and not any("scroll" in classes.split() for classes in self._classes):
            # A wide table scrolls on a phone, whoever made it.
            self._begin("div", {"class": _SCROLL})
        self._begin(tag, _as_class(tag, given))

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        kept = {name: value for name, value in given.items() if self._allowed(tag, name, value)}
        if tag == "a" and "href" not in kept:
            return
        if tag == "img" and "src" not in kept:
            # Of a picture that may not be shown, the words stay.
            self.handle_data(kept.get("alt", ""))
            return
        written = "".join(f' {name}="{html.escape(value)}"' for name, value in kept.items())
        self._out.append(f"<{tag}{written}>")
        if tag not in _VOID:
            self._open.append(tag)
            self._classes.append(kept.get("class", ""))

    def _close(self) -> str:
        tag = self._open.pop()
        self._classes.pop()
        self._out.append(f"</{tag}>")
        return tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            return
        self.handle_starttag(tag, attrs)
        if tag in _SHAPES:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag == self._silent[-1]:
                self._silent.pop()
        elif tag in self._open:
            while self._close() != tag:
                pass
            if tag == "table" and self._classes and self._classes[-1] == _SCROLL:
                self._close()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._out.append(html.escape(data, quote=False))

    def _allowed(self, tag: str, name: str, value: str) -> bool:
        if name == "href":
            return tag == "a" and (value.startswith("#") or value in self._links)
        if name == "src":
            return tag == "img" and _PICTURE.fullmatch(value) is not None
        return name in _ATTRIBUTES and not _REFERENCE.search(value)


def _as_class(tag: str, given: dict[str, str]) -> dict[str, str]:
    """Carry the one style that means something, numbers to the right, over into our own class."""
    style = given.get("style", "").replace(" ", "").lower()
    if tag in {"td", "th"} and "text-align:right" in style:
        return {**given, "class": f"{given.get('class', '')} n".strip()}
    return given
