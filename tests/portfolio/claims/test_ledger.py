"""Every measurement once: names made of content, twins found under any id."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.portfolio.claims.ledger import content_id, twin_of

ROW = {"evidence_id": "V1", "project_id": "P44", "product_id": "PR4", "metric": "retention_pp", "month": 24309,
       "estimate": 2.0, "standard_error": 0.6, "n": 4800, "kind": "experiment"}


def rows(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([ROW | change for change in changes]).astype({"n": "Int64"})


def test_a_name_depends_on_content_alone():
    assert content_id(ROW) == content_id(ROW | {"evidence_id": "other", "estimate": 2, "month": 24309.0})
    assert content_id(ROW | {"estimate": 0.1 + 0.2}) == content_id(ROW | {"estimate": 0.3})
    assert content_id(ROW | {"n": None}) == content_id(ROW | {"n": pd.NA})
    others = [content_id(ROW | change) for change in ({"estimate": 2.1}, {"month": 24310}, {"n": None},
                                                      {"kind": "survey"}, {"standard_error": 0.7}, {"metric": "x"})]
    assert len({content_id(ROW), *others}) == 7


def test_the_same_result_under_another_id_counts_once_and_the_least_sure_one_does():
    found = twin_of(rows({}, {"evidence_id": "V2", "kind": "survey"}, {"evidence_id": "V3", "estimate": 2.5}))
    assert found.tolist() == ["V2", "", ""]


def test_of_equals_the_first_id_counts_whatever_the_order_of_rows():
    frame = rows({"evidence_id": "V9"}, {"evidence_id": "V1"}, {"evidence_id": "V5"})
    assert twin_of(frame).tolist() == ["V1", "", "V1"]
    assert twin_of(frame.iloc[::-1]).sort_index().tolist() == ["V1", "", "V1"]


@pytest.mark.parametrize("change", [{"month": 24310}, {"n": 4801}, {"product_id": "PR5"}, {"project_id": "P1"}])
def test_results_that_differ_are_no_twins(change):
    assert twin_of(rows({}, {"evidence_id": "V2"} | change)).tolist() == ["", ""]


def test_results_without_n_may_be_twins_too():
    assert twin_of(rows({"n": None}, {"evidence_id": "V2", "n": None})).tolist() == ["", "V1"]
