"""The figures of the record show their rows, their labels, and their empty states."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from pmlib.plots import records as figures
from pmlib.portfolio.records.overrides import override_rates
from pmlib.portfolio.records.quality import decision_quality
from pmlib.portfolio.records.readiness import gate_readiness
from pmlib.portfolio.records.record import decision_record


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_override_rates_are_labelled_with_their_counts(tables):
    found = override_rates(tables)
    ax = found.plot()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["all decisions", "keep recommended", "stop recommended"]
    assert texts(ax) == ["1 of 3", "0 of 2", "1 of 1"]
    own = plt.subplots()[1]
    assert found.plot(ax=own) is own


def test_no_decision_is_drawn_as_such(tables):
    ax = override_rates({"decisions": tables["decisions"].iloc[:0]}).plot()
    assert ax.get_title(loc="left") == "No decision is recorded yet"


def test_the_weakest_element_is_marked_by_a_word(plan, tables):
    found = decision_quality(decision_record(plan, tables), tables, answers={"agreement": True})
    ax = found.plot()
    marked = [text for text in texts(ax) if text.endswith("weakest")]
    assert len(marked) == len(found.weakest) and len(texts(ax)) == 6
    assert ax.get_legend() is not None


def test_gates_say_how_many_are_ready(tables):
    ax = gate_readiness(tables, period="2025-12").plot()
    assert texts(ax) == ["0 of 6 ready"]
    empty = figures.readiness(gate_readiness(tables, period="2025-12").by_gate.iloc[:0])
    assert empty.get_title(loc="left") == "No project stands before a gate"
