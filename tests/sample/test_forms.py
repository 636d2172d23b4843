from __future__ import annotations

import pytest

from pmlib.sample import customers, surveys
from pmlib.sample.forms import file_form, stream


def test_every_table_has_a_stream_of_its_own_keyed_by_name():
    alone = stream(7, "surveys").random(3)
    stream(7, "a table added later").random(100)
    assert (stream(7, "surveys").random(3) == alone).all()
    assert (stream(7, "orders").random(3) != alone).all()
    assert (stream(8, "surveys").random(3) != alone).all()


def test_the_order_in_which_tables_are_made_does_not_matter():
    buyers = customers.customers(scale=0.02, seed=1)
    first = surveys.surveys(buyers, scale=0.02, seed=1)
    customers.subscriptions(buyers, scale=0.02, seed=1)
    assert first.equals(surveys.surveys(buyers, scale=0.02, seed=1))


def test_an_absent_required_column_is_refused():
    with pytest.raises(KeyError, match="skill"):
        file_form("skills", {"name": ["x"]})
