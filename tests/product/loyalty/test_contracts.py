from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.loyalty.contracts import contract_counts

LAST = 24312


def _rows(counts: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(counts[["cohort", "months", "ended", "n"]].itertuples(index=False, name=None))


def test_an_ended_contract_counts_paid_months_and_a_running_one_renewals_observed(subscribed) -> None:
    tables = subscribed(("a", 24310, 24310), ("b", 24310, None), ("c", 24309, 24311))
    assert _rows(contract_counts(tables, last=LAST)) == [(24309, 3, True, 1), (24310, 1, True, 1), (24310, 2, False, 1)]


def test_subscriptions_without_a_gap_are_one_contract_and_a_gap_begins_a_new_one(subscribed) -> None:
    tables = subscribed(("a", 24300, 24303), ("a", 24304, 24305), ("a", 24302, 24307), ("a", 24310, None))
    assert _rows(contract_counts(tables, last=LAST)) == [(24300, 8, True, 1), (24310, 2, False, 1)]


def test_what_happens_after_the_period_is_unknown(subscribed) -> None:
    tables = subscribed(("a", 24300, 24306), ("b", 24306, None), ("c", 24300, 24305))
    assert _rows(contract_counts(tables, last=24305)) == [(24300, 5, False, 2)]


def test_each_product_has_its_own_contracts_and_the_running_price_is_summed(subscribed) -> None:
    one, other = subscribed(("a", 24310, None), price=9.5), subscribed(("a", 24311, None), product="B", price=20.25)
    tables = {"subscriptions": pd.concat([one["subscriptions"], other["subscriptions"]])}
    counts = contract_counts(tables, last=LAST, by="product")
    assert counts["group"].tolist() == ["A", "B"]
    assert counts["monthly_e4"].tolist() == [95_000, 202_500]
    assert contract_counts(tables, last=LAST, product_id="B")["n"].tolist() == [1]


def test_customers_without_a_segment_are_unknown_and_one_listed_twice_counts_once(subscribed) -> None:
    tables = subscribed(("a", 24310, None), ("b", 24310, None))
    customers = pd.DataFrame({"customer_id": ["a", "a"], "segment": ["homes", "homes"]})
    counts = contract_counts(tables | {"customers": customers}, last=LAST, by="segment")
    assert dict(zip(counts["group"], counts["n"], strict=True)) == {"homes": 1, "unknown": 1}


def test_two_engines_count_the_same_contracts(in_engine) -> None:
    duck, lite = (contract_counts(in_engine(name), last=LAST, by="product") for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite)
    assert duck["n"].sum() == 700


def test_a_subscription_that_ends_before_it_starts_is_no_contract(subscribed) -> None:
    assert _rows(contract_counts(subscribed(("a", 24310, 24309), ("b", 24309, 24309)), last=LAST)) == [
        (24309, 1, True, 1)
    ]


def test_no_rows_give_no_counts(subscribed) -> None:
    assert contract_counts(subscribed(), last=LAST).empty
    assert contract_counts(subscribed(("a", 24310, None)), last=24309).empty


def test_what_is_unknown_is_refused_by_name(company) -> None:
    with pytest.raises(ParameterError, match="product_id: got 'D'. Known: A, B, C"):
        contract_counts(company, last=LAST, product_id="D")
    with pytest.raises(ParameterError, match="by: got 'segmnt'. Known: product, segment, .* Did you mean 'segment'?"):
        contract_counts(company, last=LAST, by="segmnt")
    with pytest.raises(MissingTableError, match="table 'customers' is missing"):
        contract_counts(company, last=LAST, by="segment")
    with pytest.raises(MissingTableError, match="table 'subscriptions' is missing"):
        contract_counts({}, last=LAST)
