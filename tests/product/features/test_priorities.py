from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmlib.product.features.priorities import compare_methods, kendall
from tests.product.features.test_kano import survey


def test_kendall_is_that_of_scipy_and_none_where_all_are_alike():
    one, other = np.array([1.0, 2, 2, 4, 5]), np.array([2.0, 1, 3, 3, 5])
    assert kendall(one, other) == pytest.approx(stats.kendalltau(one, other).statistic)
    assert np.isnan(kendall(one, np.ones(5)))


def test_ranks_stand_side_by_side_and_a_must_that_rice_puts_last_is_named(backlog):
    features = backlog(4, reach=[400.0, 300.0, 200.0, 10.0], moscow=["could", "could", "should", "must"],
                       importance=[3.0, 4.0, 5.0, 9.0])  # fmt: skip
    compared = compare_methods({"features": features}, period="2025-12")
    frame = compared.to_frame()
    assert frame["rice_rank"].tolist() == [1, 2, 3, 4]
    assert frame["opportunity_rank"].tolist() == [4, 3, 2, 1]
    assert frame.loc[frame["overlooked"], "feature_id"].tolist() == ["F04"]
    assert "Must, and yet in the lowest quarter by RICE: F04 Feature F04 (4 of 4)." in compared.summary()
    tau = compared.agreement.set_index(["one", "other"])["tau"]
    assert tau["RICE", "opportunity"] == -1
    assert tau["RICE", "MoSCoW"] < -0.9


def test_a_must_be_feature_by_kano_counts_as_a_must(backlog):
    features = backlog(4, reach=[400.0, 300.0, 200.0, 10.0], moscow="could")
    tables = {"features": features, "kano": survey(F04={"M": 30, "I": 5})}
    frame = compare_methods(tables, period="2025-12").to_frame()
    assert frame["kano"].tolist() == ["", "", "", "must-be"]
    assert frame.loc[frame["overlooked"], "feature_id"].tolist() == ["F04"]


def test_a_feature_without_figures_for_a_method_has_no_rank_there(backlog):
    frame = compare_methods({"features": backlog(5, importance=[5.0, np.nan, 6, 7, 8])}, period="2025-12").to_frame()
    row = frame[frame["feature_id"] == "F02"].iloc[0]
    assert pd.isna(row["wsjf_rank"])
    assert pd.isna(row["opportunity_rank"])
    assert row["rice_rank"] == 1
    assert frame["opportunity_rank"].max() == 4


def test_too_few_features_and_none_are_said(backlog):
    few = compare_methods({"features": backlog(3)}, period="2025-12")
    assert few.agreement["tau"].isna().all()
    assert "that needs 4 features of a product that do not all score alike." in few.summary()
    assert not few.to_frame()["overlooked"].any()
    assert compare_methods({"features": backlog(0)}, period="2025-12").summary() == "No open features."
