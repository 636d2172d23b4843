"""Messages as words: small letters, plurals folded, the words that carry no content left out."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE_END = re.compile(r"[.!?:;\n]+")
_SHORTEST = 3
_SHORTEST_PLURAL = 4

# What says nothing about a product: grammar, numbers and courtesies of English.
_NO_CONTENT = """
about above after again all also although always and any are because been before being below between both but
can cannot come comes could did does doing done down during each either else enough even ever every few for from
further get gets give given got had has have having hence her here hers him his how however into its itself just
less let like made make makes many may might more most much must near need needs neither nor not now off often
once only onto other our ours out over own per quite rather same several shall she should since some soon still
such than that the their theirs them then there these they thing things this those though through thus too toward
under until upon used uses using very was well went were what when where whether which while who whom whose why
will with within without would yes yet you your yours
one two three four five six seven eight nine ten eleven twelve first second
concern dear greetings hello note please regards short sincerely thank thanks
"""
STOP_WORDS = frozenset(_NO_CONTENT.split())


def sentences(text: str) -> list[tuple[str, ...]]:
    """Split a message into sentences of content words, in reading order.

    Examples
    --------
    >>> sentences("Please help: the batteries are empty. Thanks!")
    [('help',), ('battery', 'empty')]
    """
    parts = (tuple(content_words(part)) for part in _SENTENCE_END.split(text))
    return [part for part in parts if part]


def content_words(text: str) -> list[str]:
    """Return the content words of a text: three letters or more, small, singular, no stop words.

    Examples
    --------
    >>> content_words("The sensor's readings go missing every night")
    ['sensor', 'reading', 'missing', 'night']
    """
    words = (re.sub(r"['’].*", "", word) for word in _WORD.findall(text.casefold()))
    return [singular(word) for word in words if len(word) >= _SHORTEST and word not in STOP_WORDS]


def singular(word: str) -> str:
    """Fold the commonest English plurals: batteries and battery, gaps and gap.

    Examples
    --------
    >>> [singular(word) for word in ("batteries", "gaps", "loss", "status")]
    ['battery', 'gap', 'loss', 'status']
    """
    if len(word) < _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]
