from __future__ import annotations

import pytest

from pmlib.sample import chunks, customers, surveys, usage
from pmlib.sample.forms import file_form, stream


def test_every_table_has_a_stream_of_its_own_keyed_by_name():
    alone = stream(7, "surveys").random(3)
    stream(7, "a table added later").random(100)
    assert (stream(7, "surveys").random(3) == alone).all()
    assert (stream(7, "orders").random(3) != alone).all()
    assert (stream(8, "surveys").random(3) != alone).all()


def test_the_order_in_which_tables_are_made_does_not_matter():
    buyers = customers.draw_buyers(scale=0.02, seed=1)
    first = chunks.frame(surveys.surveys(buyers))
    chunks.frame(usage.usage(buyers))
    assert first.equals(chunks.frame(surveys.surveys(buyers)))


def test_an_absent_required_column_is_refused():
    with pytest.raises(KeyError, match="skill"):
        file_form("skills", {"name": ["x"]})
