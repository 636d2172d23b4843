"""What messages are about: themes declared by words, or found as pairs of words that many customers use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pmlib.errors import ParameterError
from pmlib.product.features.words import content_words, sentences

Pattern = tuple[str, ...]

# Pairs of words in half the same messages are one theme.
_SAME_MESSAGES = 0.5
# What comes with more than half of the other themes says nothing about any; judged from this many themes on.
_WITH_MOST, _LEAST_THEMES = 0.5, 6
_LONGEST_LABEL = 4


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A theme: a message is about it when one of its patterns stands in one of its sentences.

    Attributes
    ----------
    name : str
        As told.
    patterns : tuple of tuples of str
        Content words that stand next to each other, stop words aside.
    """

    name: str
    patterns: tuple[Pattern, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All words of the patterns, each once, in their order."""
        return tuple(dict.fromkeys(word for pattern in self.patterns for word in pattern))


def declared_themes(themes: Mapping[str, Sequence[str]]) -> list[Theme]:
    """Read themes given as name -> words or phrases.

    Raises
    ------
    ParameterError
        A theme has no words, or a phrase has no content word.

    Examples
    --------
    >>> declared_themes({"missing data": ["no values", "gaps"]})[0].patterns
    (('value',), ('gap',))
    """
    if not isinstance(themes, Mapping) or not themes:
        raise ParameterError(f"themes: got {themes!r}, allowed {{name: [words or phrases]}}. "
                             "Leave themes out to have them found.")  # fmt: skip
    read = []
    for name, phrases in themes.items():
        if isinstance(phrases, str) or not phrases or not all(isinstance(phrase, str) for phrase in phrases):
            raise ParameterError(f"themes: '{name}' has {phrases!r}, allowed a list of words or phrases. "
                                 "Write ['gaps', 'missing'].")  # fmt: skip
        patterns = tuple(tuple(content_words(phrase)) for phrase in phrases)
        if () in patterns:
            raise ParameterError(f"themes: '{phrases[patterns.index(())]}' of '{name}' holds no content word. "
                                 "Take words of three letters or more that say what it is about.")  # fmt: skip
        read.append(Theme(name=str(name), patterns=patterns))
    return read


def find_themes(
    texts: pd.Series, writers: pd.Series, *, least: int, aside: Collection[Pattern] = ()
) -> list[Theme]:
    """Find themes: pairs of neighbouring content words that ``least`` or more writers use.

    Pairs that mostly stand in the same messages are one theme, named by its words in reading order.

    Parameters
    ----------
    texts : Series of str
        Messages about one product.
    writers : Series
        Who wrote each, aligned with ``texts``; missing: unknown, not counted.
    least : int
        Fewest distinct writers.
    aside : collection of patterns
        Pairs that are no theme; see `said_with_all`.

    Returns
    -------
    list of Theme
        The most frequent first.

    Examples
    --------
    >>> texts = pd.Series(["Battery empty after a week.", "The battery is empty!", "Fine."])
    >>> [theme.name for theme in find_themes(texts, pd.Series(["K1", "K2", "K3"]), least=2)]
    ['battery empty']
    """
    groups, _ = _groups(texts, writers, least=least, aside=aside)
    return [Theme(name=_label(group), patterns=tuple(group)) for group in groups]


def said_with_all(texts: pd.Series, writers: pd.Series, *, least: int) -> list[Theme]:
    """Find what comes together with most other themes, such as a closing phrase: it says nothing about any of them.

    Parameters
    ----------
    texts, writers : Series
        As for `find_themes`, of all products.
    least : int
        Fewest distinct writers.
    """
    groups, places = _groups(texts, writers, least=least, aside=())
    messages = [set().union(*(places[pair] for pair in group)) for group in groups]
    if len(groups) < _LEAST_THEMES:
        return []
    with_others = [sum(bool(one & other) for other in messages) - 1 for one in messages]
    return [Theme(name=_label(group), patterns=tuple(group)) for group, count in zip(groups, with_others, strict=True)
            if count > _WITH_MOST * (len(groups) - 1)]  # fmt: skip


def matches(texts: Iterable[str], themes: Sequence[Theme]) -> list[list[int]]:
    """Find the numbers of the themes that each message is about.

    Examples
    --------
    >>> matches(["There are gaps.", "All fine."], declared_themes({"missing data": ["gaps", "missing"]}))
    [[0], []]
    """
    owners: dict[Pattern, list[int]] = defaultdict(list)
    for j, theme in enumerate(themes):
        for pattern in theme.patterns:
            owners[pattern].append(j)
    sizes = {len(pattern) for pattern in owners}
    runs = ([run for part in sentences(text) for run in _runs(part, sizes)] for text in texts)
    return [sorted({j for run in found for j in owners.get(run, ())}) for found in runs]


def linked(theme: Theme, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Find the features whose names share two words with a theme, or all their words.

    Parameters
    ----------
    theme : Theme
        Its words, and those of its name.
    names : mapping of str to str
        Feature id to name.

    Returns
    -------
    dict of str to tuple of str
        Feature id to the shared words, the most words first.

    Examples
    --------
    >>> names = {"F1": "Alarms on the phone", "F2": "Quiet hours for alarms", "F3": "Export"}
    >>> linked(Theme(name="", patterns=(("alarm", "phone"),)), names)
    {'F1': ('alarm', 'phone')}
    """
    asked = dict.fromkeys((*theme.words, *content_words(theme.name)))
    held = {feature: set(content_words(name)) for feature, name in names.items()}
    shared = {feature: tuple(word for word in asked if word in words) for feature, words in held.items()}
    told = {feature: words for feature, words in shared.items() if words and len(words) >= min(2, len(held[feature]))}
    return dict(sorted(told.items(), key=lambda item: (-len(item[1]), item[0])))


def _groups(
    texts: pd.Series, writers: pd.Series, *, least: int, aside: Collection[Pattern]
) -> tuple[list[list[Pattern]], dict[Pattern, set[int]]]:
    """Group the frequent pairs into themes, and say in which messages each pair stands."""
    places: dict[Pattern, set[int]] = defaultdict(set)
    people: dict[Pattern, set[str]] = defaultdict(set)
    for i, (text, writer) in enumerate(zip(texts, writers, strict=True)):
        for pair in {run for part in sentences(text) for run in _runs(part, {2})}:
            places[pair].add(i)
            if not pd.isna(writer):
                people[pair].add(str(writer))
    kept = [pair for pair in places if len(people[pair]) >= least and pair not in aside]
    return _grouped(sorted(kept, key=lambda pair: (-len(places[pair]), pair)), places), places


def _runs(words: tuple[str, ...], sizes: set[int]) -> Iterable[Pattern]:
    return (words[i:i + size] for size in sizes for i in range(len(words) - size + 1))


def _grouped(pairs: list[Pattern], places: Mapping[Pattern, set[int]]) -> list[list[Pattern]]:
    """Put each pair to the first theme whose most frequent pair stands in mostly the same messages."""
    groups: list[list[Pattern]] = []
    for pair in pairs:
        near = (group for group in groups if _overlap(places[group[0]], places[pair]) >= _SAME_MESSAGES)
        home = next(near, None)
        if home is None:
            groups.append([pair])
        else:
            home.append(pair)
    return groups


def _overlap(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)


def _label(group: list[Pattern]) -> str:
    """Chain the pairs of a theme into its words in reading order, from the most frequent pair outwards."""
    label = list(group[0])
    for _ in group:
        after = [pair for pair in group if pair[0] == label[-1] and pair[1] not in label]
        before = [pair for pair in group if pair[1] == label[0] and pair[0] not in label]
        if len(label) >= _LONGEST_LABEL or not (after or before):
            break
        label = [*label, after[0][1]] if after else [before[0][0], *label]
    return " ".join(label)
