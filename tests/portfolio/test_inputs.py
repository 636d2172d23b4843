"""Plain frames at the door of the plan: refused by name, or passed as the workbook would pass them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import SchemaError
from pmlib.months import parse_month
from pmlib.portfolio.inputs import READ, checked
from pmlib.schema import TABLES
from pmlib.schema.checks import Known, RawTable, check

JAN = parse_month("2026-01")


def plain(**changed):
    tables = {
        "workbook": pd.DataFrame({"name": ["Ours"], "as_of": [pd.Timestamp("2025-12-31")]}),
        "projects": pd.DataFrame({"project_id": ["A", "B", "C"], "state": ["running", "proposed", "held"],
                                  "bac_k": [100.0, 200.0, 300.0]}),
        "options": pd.DataFrame({"project_id": ["B"], "action": ["start"], "earliest_start": [JAN],
                                 "latest_start": [JAN + 3]}),
        "estimates": pd.DataFrame({"project_id": ["A", "B"], "quantity": ["benefit_pv_k", "p_success"],
                                   "p10": [80.0, 0.5], "p50": [100.0, 0.6], "p90": [150.0, 0.9]}),
        "cash_flows": pd.DataFrame({"project_id": ["A", "C"], "year": [2026, 2026], "cost_k": [10.0, 20.0]}),
        "demand": pd.DataFrame({"project_id": ["A"], "action": ["keep"], "skill": ["data"], "month": [JAN],
                                "person_months": [0.5]}),
        "capacity": pd.DataFrame({"skill": ["data", "data"], "month": [JAN, JAN + 1], "person_months": [2.0, 2.0]}),
        "budgets": pd.DataFrame({"year": [2026], "opex_k": [500.0]}),
        "links": pd.DataFrame({"link_id": ["L1", "L1"], "member_id": ["A", "B"], "type": "excludes"}),
        "mix_targets": pd.DataFrame({"horizon": ["core", "new"], "floor_share": [0.5, 0.1],
                                     "ceiling_share": [0.9, 0.3]}),
    }
    return tables | changed


def with_cell(table, column, value, *, row=0):
    frame = plain()[table]
    cells = frame[column].astype(object) if column in frame else pd.Series([None] * len(frame), dtype=object)
    cells.iloc[row] = value
    return plain(**{table: frame.assign(**{column: cells})})


BAD_CELLS = [
    ("projects", "bac_k", np.nan, r"projects row 0 \(A\) column 'bac_k': empty, allowed number, 0 or more\. Fill it"),
    ("projects", "bac_k", "1.234,5", r"'bac_k': no usable number, got '1.234,5', allowed .* Write a plain number"),
    ("projects", "bac_k", -1, r"'bac_k': not allowed, got -1, allowed number, 0 or more\. Correct the value"),
    ("projects", "bac_k", np.inf, r"'bac_k': no usable number, got inf, allowed .* 1e\+12 or less"),
    ("projects", "bac_k", 1e30, r"'bac_k': no usable number, got 1e\+30"),
    ("projects", "bac_k", True, r"'bac_k': no usable number, got True"),
    ("projects", "bac_k", [1], r"'bac_k': no usable number, got \[1\]"),
    ("projects", "project_id", b"A", r"row 0 column 'project_id': no usable text, got b'A'"),
    ("projects", "project_id", None, r"row 0 column 'project_id': empty, allowed text"),
    ("projects", "project_id", "B", r"row 1 column 'project_id': another row has the same key, got 'B', allowed one"),
    ("projects", "state", "runing", r"\(A\) column 'state': not allowed, got 'runing', .* Did you mean 'running'\?"),
    ("projects", "mandatory", "perhaps", r"'mandatory': no usable flag, got 'perhaps', allowed true or false"),
    ("projects", "spent_k", -5.0, r"'spent_k': not allowed, got -5\.0"),
    ("projects", "start_month", 2026, r"'start_month': no usable month, got 2026, allowed month YYYY-MM"),
    ("options", "action", "begin", r"options row 0 \(B\) column 'action': not allowed, got 'begin'"),
    ("options", "project_id", "X", r"'project_id': not in projects, got 'X', .* Known: A, B, C\."),
    ("options", "earliest_start", JAN + 9, r"'earliest_start': earliest_start exceeds latest_start"),
    ("estimates", "p10", 120.0, r"estimates row 0 \(A, benefit_pv_k\) column 'p10': p10 exceeds p50, got 120\.0, "
     r"allowed p10 <= p50 <= p90\. Swap"),
    ("estimates", "p50", 160.0, r"'p50': p50 exceeds p90"),
    ("estimates", "quantity", "benefit", r"'quantity': not allowed, got 'benefit', .* Did you mean 'benefit_pv_k'"),
    ("cash_flows", "year", 26, r"'year': not allowed, got 26, allowed integer 1900 to 2999"),
    ("cash_flows", "year", 2026.5, r"'year': no usable integer, got 2026\.5"),
    ("cash_flows", "capex_share", 1.5, r"'capex_share': not allowed, got 1\.5, allowed number 0 to 1"),
    ("demand", "person_months", -0.1, r"demand row 0 \(A, keep, data, 2026-01\) column 'person_months': not allowed"),
    ("demand", "month", "January", r"'month': no usable month, got 'January'"),
    ("demand", "month", np.nan, r"'month': empty"),
    ("capacity", "person_months", -2, r"capacity row 0 \(data, 2026-01\) column 'person_months': not allowed, got -2"),
    ("capacity", "unit", "days", r"'unit': not allowed, got 'days', allowed pm, hours"),
    ("capacity", "month", JAN + 1, r"capacity row 1 \(2026-02\) column 'skill': another row has the same key"),
    ("budgets", "opex_k", -500.0, r"budgets row 0 \(2026\) column 'opex_k': not allowed, got -500\.0"),
    ("links", "member_id", "Z", r"links row 0 \(L1\) column 'member_id': not in projects, got 'Z'"),
    ("links", "type", "exclude", r"'type': not allowed, got 'exclude', .* Did you mean 'excludes'\?"),
    ("links", "amount_k", "nan?", r"'amount_k': no usable number, got 'nan\?'"),
    ("mix_targets", "floor_share", 0.95, r"mix_targets row 0 \(core\) column 'floor_share': floor_share exceeds ceil"),
    ("mix_targets", "floor_share", np.inf, r"'floor_share': no usable number"),
]


@pytest.mark.parametrize(("table", "column", "value", "words"), BAD_CELLS)
def test_a_bad_cell_is_named_with_its_row_and_the_remedy(table, column, value, words):
    with pytest.raises(SchemaError, match=words):
        checked(with_cell(table, column, value))


def test_twins_are_refused_by_the_part_of_the_key_that_is_there():
    with pytest.raises(SchemaError, match=r"budgets row 1 column 'year': another row has the same key, got 2026"):
        checked(plain(budgets=pd.DataFrame({"year": [2026, 2026], "opex_k": [1.0, 2.0]})))


def test_the_other_bad_rows_are_counted():
    frame = plain()["projects"].assign(bac_k=-1.0)
    with pytest.raises(SchemaError, match=r"got -1\.0, allowed number, 0 or more \(and 2 more rows\)\."):
        checked(plain(projects=frame))


def test_a_chance_above_one_is_refused():
    frame = plain()["estimates"].assign(p90=[150.0, 1.2])
    with pytest.raises(SchemaError, match=r"\(B, p_success\) column 'p90': not allowed, got 1\.2, allowed 1 or less"):
        checked(plain(estimates=frame))


def test_a_currency_is_given_for_every_estimate_of_money_or_for_none():
    flows = pd.DataFrame({"project_id": ["A", "B"], "quantity": "cost_k", "p10": 1.0, "p50": 2.0, "p90": 3.0})
    with pytest.raises(SchemaError, match=r"estimates row 1 .*'currency': empty, .* or leave the whole column out"):
        checked(plain(estimates=flows.assign(currency=["EUR", None])))
    assert checked(plain(estimates=flows.assign(currency=None)))["estimates"]["currency"].isna().all()


@pytest.mark.parametrize(("tables", "words"), [
    (None, r"tables: got NoneType, allowed a mapping"),
    (pd.DataFrame(), r"tables: got DataFrame, allowed a mapping"),
    (plain(projects=[1]), r"projects: got list, allowed a pandas frame"),
    (plain(projects=plain()["projects"].drop(columns="bac_k")), r"required column 'bac_k' is missing"),
    (plain(projects=plain()["projects"].rename(columns={"bac_k": "budget"})), r"'bac_k' is missing.* Known: budget"),
    (plain(projects=plain()["projects"].set_index("project_id")), r"It is the index: call reset_index\(\)"),
    (plain(projects=plain()["projects"].assign(mandatroy=True)), r"'mandatroy' is not known.* mean 'mandatory'\?"),
    (plain(budgets=plain()["budgets"].rename(columns={"opex_k": "OPEX_K"})), r"'OPEX_K' .* mean 'opex_k'\?"),
    (plain(demand=pd.concat([plain()["demand"]] * 2, axis=1)), r"column 'project_id' stands there twice"),
    (plain(workbook=pd.concat([plain()["workbook"]] * 2)), r"workbook: got 2 rows, allowed one row"),
    (plain(programme=pd.DataFrame()), r"tables: 'programme' is not known.* Did you mean 'programmes'\?"),
])
def test_a_table_of_the_wrong_form_is_refused(tables, words):
    with pytest.raises(SchemaError, match=words):
        checked(tables)


def test_a_table_that_is_not_the_plans_is_left_alone():
    assert "notes" not in checked(plain(notes=pd.DataFrame({"text": ["ours"]})))


@pytest.mark.parametrize(("floors", "ceilings", "words"), [
    ([0.7, 0.2, 0.2], [1.0, 1.0, 1.0], r"floors add up to 110\.0 %, allowed 100 % or less"),
    ([0.0, 0.0, 0.0], [0.5, 0.2, 0.2], r"ceilings of all horizons add up to 90\.0 %, allowed 100 % or more"),
])
def test_bands_that_cannot_add_up_are_refused(floors, ceilings, words):
    bands = pd.DataFrame({"horizon": ["core", "adjacent", "new"], "floor_share": floors, "ceiling_share": ceilings})
    with pytest.raises(SchemaError, match=words):
        checked(plain(mix_targets=bands))
    checked(plain(mix_targets=bands.assign(floor_share=[0.7, 0.2, 0.1], ceiling_share=[0.7, 0.2, 0.1])))


def test_what_is_there_in_another_type_is_cast():
    got = checked(plain(
        projects=pd.DataFrame({"project_id": [1, 2.0, " A "], "state": pd.Categorical(["running"] * 3),
                               "bac_k": ["12.5", Decimal("3"), 4], "mandatory": ["yes", None, 0],
                               "start_month": [dt.date(2026, 2, 1), "2026-03", None]}),
        options=pd.DataFrame({"project_id": ["1"], "action": ["stop"]}),
        estimates=None, cash_flows=None, demand=None, links=None,
    ))["projects"]
    assert got["project_id"].tolist() == ["1", "2", "A"]
    assert got["bac_k"].tolist() == [12.5, 3.0, 4.0]
    assert got["mandatory"].tolist() == [True, False, False]
    assert got["start_month"].tolist() == [JAN + 1, JAN + 2, pd.NA]
    assert got["exit_cost_k"].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("how", [lambda f: f.convert_dtypes(), lambda f: f.astype(object),
                                 lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
                                 lambda f: f.astype(dict.fromkeys(f.select_dtypes("str"), "category"))])
def test_other_types_of_the_same_cells_come_out_the_same(how):
    wanted = checked(plain())
    got = checked({name: how(frame) for name, frame in plain().items()})
    for name, frame in wanted.items():
        pd.testing.assert_frame_equal(got[name], frame)


def test_any_index_will_do_and_nothing_is_changed_in_place():
    tables = {name: frame.set_axis([7] * len(frame)) for name, frame in plain().items()}
    before = {name: frame.copy() for name, frame in tables.items()}
    got = checked(tables)
    assert all(frame.index.equals(pd.RangeIndex(len(frame))) for frame in got.values())
    assert all(tables[name].equals(before[name]) for name in tables)


def test_typed_frames_pass_as_they_are():
    once = checked(plain())
    assert all(checked(once)[name] is frame for name, frame in once.items())


@pytest.mark.parametrize("name", sorted(plain()))
def test_every_table_comes_out_as_the_workbook_would_read_it(name):
    frame = plain()[name]
    named = frame.assign(name=frame["project_id"]) if name == "projects" else frame
    months = [column.name for column in TABLES[name].columns if column.kind == "month" and column.name in named]
    text = named.assign(**{month: named[month].map(lambda m: f"{(m - 1) // 12}-{(m - 1) % 12 + 1:02d}")
                           for month in months}).astype("str")
    wanted = check(RawTable(cells=text, rows=np.arange(len(text)), file=name), TABLES[name], Known()).table
    got = checked(plain(**{name: named}))[name]
    pd.testing.assert_frame_equal(got, wanted)


def test_of_dated_versions_the_newest_known_on_the_day_counts():
    frame = pd.DataFrame({"skill": "data", "month": JAN, "person_months": [1.0, 2.0, 3.0],
                          "valid_from": ["2025-01-01", "2025-06-01", "2026-06-01"]})
    assert checked(plain(capacity=frame))["capacity"]["person_months"].tolist() == [2.0]
    assert checked(plain(capacity=frame, workbook=None))["capacity"]["person_months"].tolist() == [3.0]


def test_every_table_that_limits_a_plan_is_read():
    assert {"projects", "options", "estimates", "cash_flows", "demand", "capacity", "budgets", "links", "programmes",
            "mix_targets", "workbook"} <= set(READ)


def needs(*rows):
    return pd.DataFrame(rows, columns=["link_id", "member_id", "type", "role"])


def pair(link_id, kind, needing, needed):
    return (link_id, needing, kind, "needs"), (link_id, needed, kind, "needed")


def test_needs_in_a_circle_are_refused_where_one_must_be_finished_first():
    rows = needs(*pair("L1", "requires_active", "A", "B"), *pair("L2", "requires_finished", "B", "C"),
                 *pair("L3", "requires_active", "C", "A"))
    with pytest.raises(SchemaError, match=r"links: B needs C finished, C needs A active, A needs B active: none of"):
        checked(plain(links=rows))
    done = plain()["projects"].assign(state=["done", "running", "running"])
    checked(plain(links=rows, projects=done))
