"""The decision record: what it holds, that it repeats, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.records.contents import Provenance
from pmlib.portfolio.records.record import DecisionRecord, decision_record, read_records


@dataclass(frozen=True)
class Corrected:
    tables: dict


@pytest.fixture(scope="module")
def record(plan, tables):
    return decision_record(plan, tables)


def test_what_was_recommended_and_decided_stands_side_by_side(record, plan):
    frame = record.to_frame().set_index("project_id")
    assert frame["recommended"].to_dict() == plan.actions.set_index("project_id")["action"].to_dict()
    said = frame.loc["P1", ["decided", "decided_by_role", "why", "agrees"]].tolist()
    assert said == ["keep", "R01", "On course.", True]
    assert frame.loc["P3", "decided"] == "" and pd.isna(frame.loc["P3", "agrees"])


def test_an_override_costs_what_forcing_it_costs(record, plan):
    (name,) = record.overridden["project_id"]
    assert name == "P6" and record.overridden["cost_of_forcing_k"][0] == pytest.approx(plan.force("P6", "keep"))
    assert "P6: stop was recommended, keep was decided by R02; it costs" in record.overridden["sentence"][0]


def test_a_verb_that_was_not_open_has_no_cost_and_says_so(plan, tables):
    frame = decision_record(plan, tables, decided={"P1": "start"}).to_frame()
    assert np.isnan(frame["cost_of_forcing_k"][0]) and "it was not open to the plan" in frame["sentence"][0]


def test_an_override_that_no_plan_can_have_says_so(tables):
    projects = tables["projects"].assign(mandatory=lambda rows: rows["project_id"] == "P1")
    tables = {**tables, "projects": projects, "budgets": tables["budgets"].assign(opex_k=300.0)}
    made = rebalance(tables, period="2025-12")
    frame = decision_record(made, tables, decided={"P2": "keep"}).to_frame().set_index("project_id")
    assert frame.loc["P2", "cost_of_forcing_k"] == np.inf
    assert "no plan within the limits has it" in frame.loc["P2", "sentence"]


def test_forecasts_are_the_estimates_the_plan_counted_with(record, tables, plan):
    made = decision_record(plan, tables, provenance=Provenance(plan_value=(100.0, 200.0, 300.0))).forecasts
    mine = made[(made["project_id"] == "P2") & (made["quantity"] == "benefit_pv_k")].iloc[0]
    assert mine[["p10", "p50", "p90"]].tolist() == [0.6 * 800, 800, 1.6 * 800]
    assert mine["made_on"] == pd.Timestamp("2025-12-31")
    assert made.iloc[0][["project_id", "quantity", "p50"]].tolist() == ["", "plan_value_k", 200.0]
    assert len(made) == 1 + len(record.forecasts) == 1 + 6 * 3
    assert not made.set_index("project_id").loc["P5", "going_on"].any()


def test_the_same_inputs_give_the_same_bytes(plan, tables, tmp_path):
    shuffled = {name: frame.iloc[::-1] for name, frame in tables.items()}
    again = decision_record(rebalance(shuffled, period="2025-12"), shuffled)
    one, two = (made.write(tmp_path / name).read_bytes()
                for name, made in (("a", decision_record(plan, tables)), ("b", again)))
    assert one == two


def test_a_record_survives_its_file(record, tmp_path):
    path = record.write(tmp_path / "records")
    read = DecisionRecord.read(path)
    assert read.content == record.content and path.name == "decision_record_2025-12.json"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    pd.testing.assert_frame_equal(read.to_frame(), record.to_frame())
    assert DecisionRecord.from_dict(json.loads(json.dumps(record.to_dict()))).hash == record.hash


def test_another_record_of_the_period_is_never_replaced_unseen(record, plan, tables, tmp_path):
    record.write(tmp_path)
    record.write(tmp_path)
    other = decision_record(plan, tables, decided={"P1": "keep"})
    with pytest.raises(ParameterError, match=r"decision_record_2025-12\.json: another record of 2025-12 is there"):
        other.write(tmp_path)
    assert DecisionRecord.read(other.write(tmp_path, replace=True)).hash == other.hash


def test_a_record_that_cannot_be_written_says_where(record, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match=r"folder: .*file cannot be written to"):
        record.write(tmp_path / "file")


@pytest.mark.parametrize("left", [0, 1, 40, 2000, -2])
def test_a_file_that_is_cut_off_is_refused_by_name(record, tmp_path, left):
    path = record.write(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ParameterError, match=r"decision_record_2025-12\.json: damaged, no whole JSON"):
        DecisionRecord.read(path)


@pytest.mark.parametrize(("content", "message"), [
    (b"[1, 2]", "no decision record"), (b'{"kind": "report"}', "no decision record"),
    (b"\xff\xfe\x00", "its characters"),
    (b'{"kind": "pmlib decision record", "form": 9}', "a record of form 9, allowed 1"),
    (b'{"kind": "pmlib decision record", "form": 1, "company": 3}', "damaged, 'company' is missing or of another kind"),
])
def test_a_foreign_file_is_refused_by_name(tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ParameterError, match=rf"x\.json: .*{message}"):
        DecisionRecord.read(tmp_path / "x.json")
    with pytest.raises(ParameterError, match=r"y\.json: cannot be read"):
        DecisionRecord.read(tmp_path / "y.json")


def test_a_record_with_a_hole_is_refused_or_still_readable(record):
    whole = record.to_dict()
    for part in ("projects", "decided", "inputs", "result", "forecasts", "parameters"):
        for item in list(whole[part])[:2]:
            for change in ("gone", None, 3, {}):
                torn = record.to_dict()
                torn[part].update({item: change}) if change != "gone" else torn[part].pop(item)
                try:
                    DecisionRecord.from_dict(torn).to_frame()
                except ParameterError as refusal:
                    assert "damaged" in str(refusal)


def test_a_plan_of_other_tables_is_refused(plan, tables):
    other = {**tables, "budgets": tables["budgets"].assign(opex_k=2000.0)}
    with pytest.raises(ParameterError, match="tables: the plan was made from others"):
        decision_record(plan, other)
    with pytest.raises(ParameterError, match=r"period: got 2025-11, allowed 2025-12"):
        decision_record(plan, tables, period="2025-11")


def test_a_plan_of_corrected_tables_keeps_what_was_corrected(tables):
    halved = tables["estimates"].assign(p50=lambda rows: rows["p50"] * 0.9, p10=lambda rows: rows["p10"] * 0.9,
                                        p90=lambda rows: rows["p90"] * 0.9)
    corrected = Corrected({**tables, "estimates": halved})
    made = rebalance(corrected.tables, period="2025-12")
    with pytest.raises(ParameterError, match=r"made from others.*corrected="):
        decision_record(made, tables)
    record = decision_record(made, tables, corrected=corrected)
    assert list(record.content["corrected"]) == ["estimates"]
    assert record.content["corrected"]["estimates"]["sha256"] != record.content["inputs"]["estimates"]["sha256"]
    assert record.forecasts["p50"].max() == pytest.approx(810)
    with pytest.raises(ParameterError, match="corrected: got a dict, allowed a result that has tables"):
        decision_record(made, tables, corrected=corrected.tables)


@pytest.mark.parametrize(("decided", "error", "message"), [
    ({"P9": "keep"}, ParameterError, r"decided: 'P9' is not to be decided in this plan\. Known: P1"),
    ({"P1": "kep"}, ParameterError, r"P1 is decided 'kep'\..*Did you mean 'keep'\?"),
    ({"P1": None}, ParameterError, r"P1 is decided None\."),
    (["P1"], ParameterError, "got a list, allowed a frame or a mapping"),
    (pd.DataFrame({"project_id": ["P1", "P1"], "decided": ["keep", "stop"]}), ParameterError, "P1 is decided 2 times"),
    (pd.DataFrame({"project": ["P1"], "decided": ["keep"]}), ParameterError, "column 'project_id' is missing"),
    (pd.DataFrame({"project_id": ["P1"], "decided": ["keep"], "decided_by_role": ["a.b@c.d"]}), SchemaError,
     "allowed a role. Write the role that decided, not a person"),
])
def test_what_the_board_cannot_have_decided_is_refused(plan, tables, decided, error, message):
    with pytest.raises(error, match=message):
        decision_record(plan, tables, decided=decided)


def test_two_decisions_for_one_project_and_period_are_refused(plan, tables):
    twice = pd.concat([tables["decisions"], tables["decisions"].iloc[[1]].assign(decision_id="D9", decided="stop")],
                      ignore_index=True)
    with pytest.raises(SchemaError, match=r"decisions: P1 has 2 decisions for 2025-12 \(D2, D9\), allowed one"):
        decision_record(plan, {**tables, "decisions": twice})


def test_an_unknown_verb_or_project_of_the_table_is_refused(plan, tables):
    with pytest.raises(SchemaError, match=r"decisions row 1 .* column 'decided': not allowed, got 'kept'.*'keep'"):
        decision_record(plan, {**tables, "decisions": tables["decisions"].assign(decided=["keep", "kept", "keep"])})
    with pytest.raises(SchemaError, match=r"column 'project_id': not in projects, got 'P7'"):
        decision_record(plan, {**tables, "decisions": tables["decisions"].assign(project_id=["P1", "P7", "P6"])})


def test_the_chain_refuses_another_company_and_a_later_record(plan, tables, record):
    with pytest.raises(ParameterError, match="previous: a record of 2025-12, allowed one before 2025-12"):
        decision_record(plan, tables, provenance=Provenance(previous=record))
    other = {**tables, "workbook": tables["workbook"].assign(name="Other Ltd")}
    foreign = decision_record(rebalance(other, period="2025-12"), other)
    with pytest.raises(ParameterError, match="previous: a record of 'Other Ltd', this is one of 'Small Ltd'"):
        decision_record(plan, tables, provenance=Provenance(previous=foreign))


def test_a_plan_there_is_none_is_recorded_as_such(tables):
    projects = tables["projects"].assign(mandatory=True)
    tables = {**tables, "projects": projects}
    record = decision_record(rebalance(tables, period="2025-12"), tables)
    assert record.content["result"]["status"] == "infeasible" and record.overridden.empty
    assert "(infeasible)" in record.summary() and "no plan" in record.to_frame()["sentence"][0]


def test_nothing_decided_yet_says_what_to_do(plan, tables):
    record = decision_record(plan, {name: frame for name, frame in tables.items() if name != "decisions"})
    assert record.summary().endswith("Nothing is decided yet: add the board's decisions.")
    assert record.headline()["0 of 6"] == "projects decided"


def test_points_and_values_that_were_handed_in_are_kept(tables):
    points = pd.Series({f"P{n}": 10.0 * n for n in range(1, 7)})
    policy = Policy(objective="mix", k_per_point=5, max_changes=3, hold_months=(3, 6))
    made = rebalance(tables, period="2025-12", points=points, values={"P2": 900.0}, policy=policy)
    kept = decision_record(made, tables).content["parameters"]
    assert kept["points"] == points.to_dict() and kept["values"] == {"P2": 900.0}
    assert (kept["objective"], kept["max_changes"], kept["hold_months"]) == ("mix", 3, [3, 6])


def test_provenance_is_refused_where_it_is_none(plan, tables):
    with pytest.raises(ParameterError, match="provenance: got a dict, allowed a Provenance"):
        decision_record(plan, tables, provenance={"seed": 1})
    for wrong, got in (((3, 2, 1), "3, 2, 1"), ((1, 2), "1, 2"), ((1, float("nan"), 2), "1, nan, 2")):
        with pytest.raises(ParameterError, match=f"plan_value: got {got}, allowed three numbers, p10 <= p50 <= p90"):
            decision_record(plan, tables, provenance=Provenance(plan_value=wrong))
    with pytest.raises(ParameterError, match=r"previous: got 'record\.json', allowed a DecisionRecord"):
        decision_record(plan, tables, provenance=Provenance(previous="record.json"))


def test_the_sample_company_has_a_record(quillmark):
    made = rebalance(quillmark, period="2025-12")
    record = decision_record(made, quillmark, provenance=Provenance(seed=20260101, git="abc"))
    assert repr(record).startswith("<DecisionRecord: Quillmark Sensors 2025-12; 6 of 60 decided, ")
    assert len(record.forecasts) == 240 and "decisions" not in record.content["inputs"]


def test_the_records_of_a_folder_are_read_in_order(tables, tmp_path):
    for period in ("2025-12", "2025-10"):
        decision_record(rebalance(tables, period=period), tables, decided={"P1": "keep"}).write(tmp_path)
    (tmp_path / "notes.json").write_text("{}")
    assert [record.period for record in read_records(tmp_path)] == ["2025-10", "2025-12"]
    other = {**tables, "workbook": tables["workbook"].assign(name="Other Ltd")}
    decision_record(rebalance(other, period="2025-11"), other).write(tmp_path)
    with pytest.raises(ParameterError, match="holds records of Other Ltd and Small Ltd, allowed one company"):
        read_records(tmp_path)
    with pytest.raises(ParameterError, match="folder: .*nowhere is none"):
        read_records(tmp_path / "nowhere")
