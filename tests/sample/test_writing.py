from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pmlib.errors import CheckError, ParameterError, WorkbookError
from pmlib.sample import LARGE, make_tables, truths, write_large_tables, write_sample, writing
from pmlib.schema import TABLES

COMMITTED = Path(__file__).parents[2] / "data" / "quillmark"


def test_committed_files_are_the_regenerated_ones_byte_for_byte(quillmark):
    made = sorted(path.name for path in quillmark.iterdir() if path.suffix != ".parquet")
    assert made == sorted(path.name for path in COMMITTED.iterdir() if path.suffix in (".csv", ".json"))
    for name in made:
        assert (quillmark / name).read_bytes() == (COMMITTED / name).read_bytes(), name


def test_large_tables_made_later_are_the_same_bytes(quillmark, tmp_path):
    written = write_large_tables(tmp_path)
    assert [path.name for path in written] == [f"{name}.parquet" for name in LARGE]
    for path in written:
        assert path.read_bytes() == (quillmark / path.name).read_bytes(), path.name
    assert write_large_tables(tmp_path) == []


def test_only_missing_large_tables_are_written(tmp_path):
    for name in LARGE:
        (tmp_path / f"{name}.parquet").touch()
    (tmp_path / "market.parquet").unlink()
    assert [path.name for path in write_large_tables(tmp_path)] == ["market.parquet"]
    assert (tmp_path / "orders.parquet").stat().st_size == 0


@pytest.mark.parametrize("name", ["orders.csv", "Orders.CSV", "ORDERS.parquet"])
def test_a_large_table_in_any_ending_counts_as_there_and_stays(tmp_path, name):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    written = write_large_tables(tmp_path)
    assert [path.stem for path in written] == [large for large in LARGE if large != "orders"]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["orders.csv", "Projects.PARQUET", "views.sql", "truth.json"])
def test_a_sample_is_not_written_over_somebodys_tables(tmp_path, name):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(WorkbookError, match=rf"holds {name} and is no sample\. Choose an empty folder"):
        write_sample(tmp_path, scale=0.02)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_sample_is_written_over_a_sample(tmp_path):
    write_sample(tmp_path, scale=0.02)
    (tmp_path / "projects.csv").write_text("changed", encoding="utf-8")
    write_sample(tmp_path, scale=0.02, seed=3)
    assert writing.read_answers(tmp_path)["seed"] == 3
    assert (tmp_path / "projects.csv").read_text(encoding="utf-8") != "changed"


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_size_is_refused(tmp_path, scale):
    with pytest.raises(ParameterError, match="scale: got .*, allowed a finite number above 0"):
        write_sample(tmp_path / "new", scale=scale)
    assert not (tmp_path / "new").exists()


def test_same_call_gives_same_bytes_at_a_small_scale(tmp_path):
    one, two = write_sample(tmp_path / "one", scale=0.02), write_sample(tmp_path / "two", scale=0.02)
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_a_stale_file_of_the_other_format_goes_when_a_sample_is_written_anew(tmp_path):
    (tmp_path / "truth.json").write_text('{"seed": 1, "scale": 1, "truths": {}}', encoding="utf-8")
    (tmp_path / "orders.csv").write_text("old", encoding="utf-8")
    (tmp_path / "projects.parquet").touch()
    write_sample(tmp_path, scale=0.02)
    stems = [path.stem for path in tmp_path.iterdir()]
    assert sorted(stems) == sorted([*set(stems)])
    assert sorted(stems) == sorted(["truth", *make_tables(scale=0.02)])


def test_columns_are_the_schemas_and_keys_are_unique(tables):
    for name, frame in tables.items():
        assert frame.columns.tolist() == TABLES[name].names, name
        assert not frame.duplicated(list(TABLES[name].key)).any(), name
        for column in TABLES[name].columns:
            filled = frame[column.name].notna().all()
            assert filled or column.nullable or column.default == "", f"{name}.{column.name}"
            if column.choices:
                assert set(frame[column.name].dropna()) <= set(column.choices), f"{name}.{column.name}"


def test_references_resolve(tables):
    for name, frame in tables.items():
        for column in TABLES[name].columns:
            if column.references:
                known = set(tables[column.references].iloc[:, 0])
                assert set(frame[column.name].dropna()) <= known, f"{name}.{column.name}"


def test_first_never_exceeds_second_where_the_schema_orders_them(tables):
    for name, frame in tables.items():
        for chain in TABLES[name].ordered:
            for low, high in pairwise(chain):
                both = frame[[low, high]].dropna()
                assert (both[low] <= both[high]).all(), f"{name}: {low}, {high}"


def test_customers_buy_in_their_first_month_and_not_before(tables):
    first = tables["customers"].set_index("customer_id")["first_month"]
    bought = tables["orders"].groupby("customer_id")["date"].min().str[:7]
    new = first[first >= "2023-01"]
    assert (bought[new.index] == new).all()
    starts = tables["subscriptions"]
    assert (starts["start_month"] >= first[starts["customer_id"]].to_numpy()).all()


def test_above_scale_one_projects_are_added_and_planted_ones_stay(tables):
    double = make_tables(scale=2.0)
    assert len(double["projects"]) == 212
    assert double["projects"]["project_id"].is_unique
    planted = double["estimates"].query("project_id == 'P17' and as_of == '2025-12-31' and quantity == 'cost_k'")
    assert planted[["p10", "p50", "p90"]].to_numpy() @ [0.3, 0.4, 0.3] == pytest.approx(900)
    assert abs(len(double["orders"]) / len(tables["orders"]) - 2) < 0.01


def test_no_more_than_25_draws_and_the_last_failure_is_named(monkeypatch):
    def never(tables: object) -> None:
        raise CheckError("T1: no")

    monkeypatch.setattr(truths, "choice", never)
    monkeypatch.setattr(writing, "MAX_DRAWS", 2)
    with pytest.raises(CheckError, match="seed 1: after 2 draws still T1: no"):
        make_tables(seed=1)


def test_a_redraw_changes_borderline_projects_only():
    one, two = (writing._drawn(1.0, 1, attempt) for attempt in (0, 1))
    clear = [*truths.company.MUST, *truths.company.MUST_NOT]
    for name in ("projects", "cash_flows", "estimates", "demand", "options"):
        left, right = (drawn[name][drawn[name]["project_id"].isin(clear)] for drawn in (one, two))
        pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))
    assert not one["cash_flows"].equals(two["cash_flows"])


def test_a_clean_sample_lacks_the_defects_and_nothing_else(tmp_path):
    clean = write_sample(tmp_path / "clean", scale=0.02, clean=True)
    spoilt = write_sample(tmp_path / "spoilt", scale=0.02)
    assert "T25" not in writing.read_answers(clean)["truths"]
    planted = writing.read_answers(spoilt)["truths"]["T25"]
    assert len(planted) == 12
    changed = {path.stem for path in clean.iterdir() if path.read_bytes() != (spoilt / path.name).read_bytes()}
    assert changed == {kind["table"] for kind in planted.values()} | {"truth"}
    for name, frame in make_tables(scale=0.02).items():
        if name in LARGE:
            pd.testing.assert_frame_equal(pd.read_parquet(clean / f"{name}.parquet"), frame)


def test_no_large_table_is_ever_held_whole(tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr(writing.chunks, "frame", held.append)
    write_sample(tmp_path, scale=0.02)
    assert held == []


def test_large_tables_above_a_chunk_are_several_row_groups(quillmark):
    groups = {name: pq.ParquetFile(quillmark / f"{name}.parquet").num_row_groups for name in LARGE}
    assert groups["orders"] == 36 + 2
    assert groups["surveys"] == 36 + 1
    assert groups["invitations"] == 8
