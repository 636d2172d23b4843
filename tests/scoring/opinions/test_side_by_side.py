"""Other methods beside the additive value: ranks and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import rebalance
from pmlib.scoring.opinions.second_opinions import topsis
from pmlib.scoring.opinions.side_by_side import second_opinions

POINTS = pd.DataFrame({"reach": [90.0, 60.0, 10.0, 55.0], "fit": [10.0, 60.0, 80.0, 65.0]}, index=list("ABCD"))


def test_each_column_is_the_rank_of_its_method_and_additive_that_of_the_weighted_sum():
    weights = {"reach": 30, "fit": 70}
    table = second_opinions(POINTS, weights=weights).to_frame().set_index("alternative")
    assert table["TOPSIS"].to_dict() == topsis(POINTS, weights=weights).ranks.to_dict()
    value = POINTS["reach"] * 0.3 + POINTS["fit"] * 0.7
    assert table["additive"].to_dict() == value.rank(ascending=False).astype(int).to_dict()


def test_it_says_who_disagrees_and_by_how_much():
    answer = second_opinions(POINTS)
    assert answer.methods == ["TOPSIS", "VIKOR", "PROMETHEE", "weighted product"]
    others = answer.table[answer.methods].sub(answer.table["additive"], axis=0).abs().max(axis=1)
    assert answer.table["apart"].tolist() == others.tolist()
    assert answer.summary().startswith("Ranking only: ")


def test_without_levels_above_zero_the_weighted_product_is_left_out_and_said_so():
    answer = second_opinions(POINTS.replace(10.0, 0.0))
    assert "weighted product" not in answer.table
    assert answer.notes == ("The weighted product is left out: it needs levels above 0.",)


def test_the_order_by_topsis_depends_on_the_set_and_this_is_shown():
    rng = np.random.default_rng(3)
    points = pd.DataFrame(rng.uniform(1, 100, (12, 3)), columns=list("xyz")).rename("P{:02d}".format)
    assert len(second_opinions(points).reversals().table)


def test_one_alternative_is_first_by_all():
    answer = second_opinions(POINTS.head(1))
    assert (answer.table.drop(columns=["alternative", "apart"]) == 1).all(axis=None)
    assert "4 of 4 other methods put A first." in answer.summary()


def test_a_plan_refuses_its_ranks_as_values():
    ranks = second_opinions(POINTS).to_frame().set_index("alternative")["TOPSIS"]
    projects = pd.DataFrame({"project_id": list("ABCD"), "state": "proposed", "bac_k": 1.0})
    with pytest.raises(ParameterError, match="depend on the set"):
        rebalance({"projects": projects}, period="2025-12", values=ranks)
