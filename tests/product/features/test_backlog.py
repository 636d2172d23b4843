from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.product.features.backlog import all_features, read_backlog
from pmlib.product.features.scores import Method, columns_of

RICE = columns_of(Method.RICE)


def test_reads_what_waits_and_leaves_out_what_is_done(backlog):
    features = backlog(5, state=["idea", "planned", "building", "released", "dropped"])
    read = read_backlog({"features": features}, columns=RICE)
    assert read.features["feature_id"].tolist() == ["F01", "F02", "F03"]
    assert read.unscored.empty


def test_a_missing_figure_a_zero_effort_and_no_confidence_are_told_not_scored(backlog):
    features = backlog(4, effort_pm=[2.0, 0.0, 3.0, 1.0], confidence=[0.8, 0.8, np.nan, 0.0])
    read = read_backlog({"features": features}, columns=RICE, positive=("effort_pm", "confidence"))
    assert read.features["feature_id"].tolist() == ["F01"]
    assert read.unscored["reason"].tolist() == ["effort_pm is 0", "confidence is missing", "confidence is 0"]


def test_the_frame_handed_in_stays_as_it_is(backlog):
    features = backlog(3, state=["released", "idea", "idea"])
    before = features.copy(deep=True)
    read_backlog({"features": features}, columns=RICE)
    pd.testing.assert_frame_equal(features, before)


def test_features_without_name_or_state_are_open_and_named_by_their_id(backlog):
    features = backlog(2, name=["", "Export"]).drop(columns="state")
    assert all_features({"features": features})["name"].tolist() == ["F01", "Export"]
    assert all_features({"features": features.drop(columns="name")})["state"].tolist() == ["idea", "idea"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"impact_low": 1.5}, r"impact of 'F01' is 1\.5, 1, 2 \(low, mode, high\), allowed in rising order"),
        ({"impact_high": 0.9}, "allowed in rising order"),
        ({"effort_pm": -1.0}, "column 'effort_pm' holds -1.0 in row 0, allowed number, 0 or more"),
        ({"reach": np.inf}, "column 'reach' holds inf in row 0, allowed number, 0 or more"),
        ({"confidence": 80.0}, "confidence of 'F01' is 80, allowed 0 to 1"),
        ({"product_id": ["A", None]}, "column 'product_id' holds an empty cell in row 1, allowed a key"),
        ({"feature_id": "F"}, r"row 1 has the key of an earlier one \(feature_id 'F'\)"),
    ],
)
def test_refuses_features_that_contradict_themselves(backlog, columns, message):
    with pytest.raises(SchemaError, match=message):
        read_backlog({"features": backlog(2, **columns)}, columns=RICE)


def test_an_unknown_product_is_named_with_the_nearest(backlog):
    with pytest.raises(ParameterError, match=r"product_id: got 'a'\. Known: A, B"):
        read_backlog({"features": backlog(2, product_id=["A", "B"])}, columns=RICE, product_id="a")


def test_a_product_without_features_is_known_by_the_products(backlog):
    tables = {"features": backlog(1), "products": pd.DataFrame({"product_id": ["A", "C"]})}
    assert read_backlog(tables, columns=RICE, product_id="C").features.empty


def test_missing_table_and_column_are_named(backlog):
    with pytest.raises(MissingTableError, match="table 'features' is missing"):
        read_backlog({}, columns=RICE)
    with pytest.raises(SchemaError, match="column 'reach' is missing"):
        read_backlog({"features": backlog(1).drop(columns="reach")}, columns=RICE)
