"""The glossary: whole, plain, and pointing at things that are there."""

from __future__ import annotations

import importlib
import re

import pytest

from pmlib.errors import ParameterError
from pmlib.glossary import define, glossary
from pmlib.schema import TABLES

TERMS = glossary()
#: Words that workshops and reports use and that must be explained.
NEEDED = [
    "portfolio", "programme", "project", "product", "stage gate", "start", "keep", "hold", "stop", "decline",
    "sunk cost", "cost to go", "BAC", "earned value", "PV", "EV", "AC", "CPI", "SPI", "SPI(t)", "EAC", "NPV",
    "discount rate", "expected commercial value", "mix", "horizon", "core", "adjacent", "new", "capacity", "demand",
    "bottleneck", "worth of one more unit", "shadow price", "mandatory", "enabler", "synergy", "overlap",
    "double count", "swing weight", "value function", "assessor", "stability interval", "dominance",
    "efficient frontier", "robust core", "optimizer's curse", "reference class", "P10", "P50", "P90", "interval", "n",
    "false alarm", "NPS", "CSAT", "CES", "response bias", "churn", "retention", "bounded retention",
    "rolling retention", "cohort", "GRR", "NRR", "MRR", "market share", "HHI", "price-volume-mix", "life cycle",
    "Bass diffusion", "RICE", "WSJF", "cost of delay", "Kano", "MoSCoW", "experiment", "sample-ratio mismatch",
    "evidence", "posterior", "quarantine", "as of", "baseline",
]


@pytest.mark.parametrize("term", NEEDED)
def test_every_word_of_the_field_is_explained(term):
    assert term.casefold() in define(term).casefold()


def test_a_meaning_is_one_plain_sentence():
    for row in TERMS.to_dict("records"):
        assert re.fullmatch(r"[A-Z][^.|]+\.", row["meaning"]), row
        assert len(row["meaning"].split()) <= 25, row


def test_no_name_stands_for_two_things():
    names = [name.casefold() for row in TERMS.to_dict("records")
             for name in (row["term"], *filter(None, row["also"].split(", ")))]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_terms_are_grouped_by_room_and_sorted():
    rooms = TERMS["room"].drop_duplicates().tolist()
    assert rooms == ["both", "portfolio", "product", "statistics"]
    for room in rooms:
        terms = [term.casefold() for term in glossary(room=room)["term"]]
        assert terms == sorted(terms)
    assert len(TERMS) >= 60


@pytest.mark.parametrize("where", sorted(set(TERMS["where"]) - {""}))
def test_where_a_term_is_computed_exists(where):
    if where.startswith("table "):
        assert where.removeprefix("table ") in TABLES
        return
    first, *rest = where.replace("pm.", "pmlib.", 1).split(".") if where.startswith("pm.") else where.split(".")
    thing = importlib.import_module(first)
    for at, name in enumerate(rest):
        try:
            thing = getattr(thing, name)
        except AttributeError:
            thing = importlib.import_module(".".join([first, *rest[:at + 1]]))
    assert thing.__doc__


def test_the_definitions_that_must_match_do():
    assert "min(MRR now, MRR then)" in define("GRR")
    assert "month n or later" in define("rolling retention")
    assert "0 to 10,000" in define("HHI")
    assert "earned schedule / actual time" in define("SPI(t)")


def test_a_word_is_found_whatever_its_capitals_and_a_near_miss_is_named():
    assert define(" nps ") == define("NPS") == define("net promoter score")
    with pytest.raises(ParameterError, match="Did you mean 'cohort'"):
        define("cohrt")
    with pytest.raises(ParameterError, match="Look it up in glossary"):
        define("zzzzzz")


def test_an_unknown_room_is_refused():
    with pytest.raises(ParameterError, match="Did you mean 'product'"):
        glossary(room="prodct")
