from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.sample import chunks


@given(st.lists(st.integers(0, 99_999), max_size=20))
def test_ids_are_the_letter_and_the_number_with_leading_zeros(numbers):
    got = chunks.numbered("C", np.array(numbers, dtype=int), digits=5).to_pylist()
    assert got == [f"C{number:05d}" for number in numbers]


def test_a_missing_month_stays_missing():
    assert chunks.months(np.array([11, -1, 12]), 24289).to_pylist() == ["2024-12", None, "2025-01"]
    assert chunks.months(np.array([], dtype=int), 24289).to_pylist() == []


def test_a_chunk_has_the_schemas_columns_and_plain_types():
    part = chunks.chunk(
        "usage", {"active_days": np.array([3]), "customer_id": ["C1"], "product_id": ["PR4"], "month": ["2025-01"]}
    )
    assert part.schema == pa.schema(
        [("customer_id", pa.string()), ("product_id", pa.string()), ("month", pa.string()), ("active_days", pa.int64())]
    )


def test_an_absent_column_is_refused():
    with pytest.raises(KeyError, match="active_days"):
        chunks.chunk("usage", {"customer_id": ["C1"], "product_id": ["PR4"], "month": ["2025-01"]})


def test_every_chunk_becomes_a_row_group_and_reads_back_as_text(tmp_path):
    parts = [
        chunks.chunk("usage", {"active_days": [day], "customer_id": ["C1"], "product_id": ["PR4"], "month": [month]})
        for day, month in ((3, "2025-01"), (4, "2025-02"))
    ]
    chunks.write(tmp_path / "usage.parquet", "usage", iter(parts))
    assert pq.ParquetFile(tmp_path / "usage.parquet").num_row_groups == 2
    assert pq.read_table(tmp_path / "usage.parquet").equals(pa.concat_tables(parts))
