"""Fingerprints name content, not how it was written."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio.records.sealing import digest, fingerprints, known_tables, plain, table_cells, table_hash


def test_a_digest_is_the_sha256_of_compact_sorted_json():
    assert digest({"b": 1, "a": "é"}) == hashlib.sha256(b'{"a":"\\u00e9","b":1}').hexdigest()


def test_a_table_is_written_cell_by_cell_in_the_order_of_the_schema():
    frame = pd.DataFrame({"skill": ["test", "data"], "name": ["", "Data"]})
    assert table_cells("skills", frame) == [["data", "Data"], ["test", ""]]
    assert table_hash("skills", frame) == digest(["skills", [["data", "Data"], ["test", ""]]])


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_and_columns_does_not_count(order):
    frame = pd.DataFrame({"project_id": list("ABCDEF"), "state": "running", "bac_k": [1.5, 2, 3, 4, 5, 6]})
    other = frame.iloc[order][["bac_k", "state", "project_id"]]
    assert fingerprints(known_tables({"projects": frame})) == fingerprints(known_tables({"projects": other}))


def test_types_and_files_do_not_count(tables, tmp_path):
    marks = fingerprints(known_tables(tables))
    loose = {name: frame.astype(object) for name, frame in tables.items()}
    read = {}
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        read[name] = pd.read_csv(tmp_path / f"{name}.csv", dtype=str)
    parts = {name: frame.convert_dtypes() for name, frame in tables.items()}
    assert fingerprints(known_tables(loose)) == fingerprints(known_tables(read)) == marks
    assert fingerprints(known_tables(parts)) == marks


def test_columns_left_out_count_as_their_defaults(tables):
    projects = tables["projects"].assign(mandatory=False, exit_cost_k=0)
    assert fingerprints(known_tables({**tables, "projects": projects})) == fingerprints(known_tables(tables))


@pytest.mark.parametrize("column", ["name", "state", "bac_k", "spent_k", "start_month"])
def test_every_cell_counts(tables, column):
    projects = tables["projects"].copy()
    projects.loc[2, column] = {"name": "Other", "state": "held", "start_month": "2026-02"}.get(column, 7.0)
    marks, other = (fingerprints(known_tables({**tables, "projects": frame}))
                    for frame in (tables["projects"], projects))
    assert [name for name in marks if marks[name] != other[name]] == ["projects"]


def test_the_day_of_the_workbook_corrects_nothing(tables):
    later = {**tables, "workbook": tables["workbook"].assign(as_of="2026-03-31")}
    assert fingerprints(known_tables(later))["workbook"] == fingerprints(known_tables(tables))["workbook"]


def test_older_versions_of_an_estimate_do_not_count(tables):
    old = tables["estimates"].assign(as_of="2025-06-30", p50=lambda rows: rows["p50"] * 1.01)
    both = {**tables, "estimates": pd.concat([old, tables["estimates"]], ignore_index=True)}
    assert fingerprints(known_tables(both)) == fingerprints(known_tables(tables))


def test_a_table_no_plan_reads_may_name_projects_that_were_set_aside(tables):
    forecasts = pd.DataFrame({"project_id": ["P94"], "quantity": "cost_k", "made_on": "2025-01-31", "p50": 10.0})
    assert known_tables({**tables, "past_forecasts": forecasts})["past_forecasts"]["project_id"].tolist() == ["P94"]


def test_a_broken_table_is_refused_by_name(tables):
    risks = pd.DataFrame({"risk_id": ["K1"], "project_id": "P1", "probability": 1.5, "impact_low": 1.0,
                          "impact_mode": 1.0, "impact_high": 1.0})
    with pytest.raises(SchemaError, match=r"risks row 0 \(K1\) column 'probability': not allowed, got 1\.5"):
        known_tables({**tables, "risks": risks})


def test_what_is_no_plain_content_is_refused():
    found = plain({"a": np.int64(3), "b": (True, np.bool_(False)), "c": pd.NA})
    assert found == {"a": 3, "b": [True, False], "c": None}
    with pytest.raises(ParameterError, match=r"parameters\.when: got a Timestamp, allowed numbers, words"):
        plain({"when": pd.Timestamp("2025-12-31")})


def test_plain_content_is_json():
    json.dumps(plain({"most": float("inf"), "least": -np.inf, "none": np.nan}), allow_nan=False)
