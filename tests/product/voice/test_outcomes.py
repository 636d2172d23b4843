from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError, ScaleError
from pmlib.product import customer_satisfaction, net_promoter_score
from pmlib.product.voice.outcomes import estimated, of_product, outcomes, read_instrument


def _counts(scores: list[float | None], *, instrument: str = "NPS", scale_max: int = 10) -> pd.DataFrame:
    return pd.DataFrame({
        "product_id": "A", "instrument": instrument, "scale_max": scale_max, "n": 1,
        "score": pd.Series(scores, dtype="float64"),
    })  # fmt: skip


@given(st.lists(st.integers(0, 10), min_size=1, max_size=40))
def test_counted_answers_score_as_the_answers_themselves(scores: list[int]) -> None:
    row = outcomes(_counts(list(scores)), ["product_id"]).iloc[0]
    told = estimated("NPS", up=int(row["up"]), down=int(row["down"]), n=int(row["n"]))
    alone = net_promoter_score(pd.Series(scores))
    assert (told.value, told.low, told.high, told.n) == (alone.value, alone.low, alone.high, alone.n)


def test_top_boxes_count_up_and_nothing_counts_down() -> None:
    row = outcomes(_counts([5, 4, 4, 2, None], instrument="CSAT", scale_max=5), ["product_id"]).iloc[0]
    assert (row["up"], row["down"], row["n"], row["n_missing"]) == (3, 0, 4, 1)
    alone = customer_satisfaction(pd.Series([5, 4, 4, 2, None]), scale_max=5)
    assert estimated("CSAT", up=3, down=0, n=4).low == alone.low


@pytest.mark.parametrize(
    ("scores", "instrument", "scale_max", "message"),
    [
        ([11.0], "NPS", 10, "NPS answer 11 .product 'A'., allowed whole numbers 0-10"),
        ([8.5], "NPS", 10, r"NPS answer 8\.5 .product 'A'., allowed whole numbers 0-10"),
        ([0.0], "CSAT", 5, "CSAT answer 0 .product 'A'., allowed whole numbers 1-5"),
        ([3.0], "NPS", 5, "1 NPS answers with scale_max 5 .product 'A'., allowed 10 for NPS"),
        ([1.0], "CES", 2, "1 CES answers with scale_max 2 .product 'A'., allowed 3 or more"),
    ],
)
def test_answers_that_do_not_fit_their_question_are_refused(
    scores: list[float | None], instrument: str, scale_max: int, message: str
) -> None:
    with pytest.raises(ScaleError, match=message):
        outcomes(_counts(scores, instrument=instrument, scale_max=scale_max), ["product_id"])


def test_an_unknown_question_or_product_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ParameterError, match="instrument: got 'NPX', allowed NPS, CSAT, CES.*Did you mean 'NPS'"):
        read_instrument("NPX")
    products = pd.DataFrame({"product_id": ["PR1", "PR2"], "name": ["a", "b"]})
    with pytest.raises(ParameterError, match="product_id: got 'PR11'. Known: PR1, PR2. Did you mean 'PR1'"):
        of_product(pd.DataFrame({"product_id": []}), {"products": products}, "PR11")


def test_a_product_without_answers_is_no_error() -> None:
    products = pd.DataFrame({"product_id": ["PR1"], "name": ["a"]})
    assert of_product(pd.DataFrame({"product_id": ["PR2"]}), {"products": products}, "PR1").empty
