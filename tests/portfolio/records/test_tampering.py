"""Every part of a record is tampered with and seen by name; on an honest one there is nothing to see."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.records.contents import Provenance
from pmlib.portfolio.records.record import DecisionRecord, decision_record
from pmlib.portfolio.records.record_file import seals, whole_hash
from pmlib.portfolio.records.tampering import verify_chain, verify_record


@dataclass(frozen=True)
class Corrected:
    tables: dict


@pytest.fixture(scope="module")
def record(plan, tables):
    return decision_record(plan, tables, provenance=Provenance(plan_value=(1.0, 2.0, 3.0), seed=7, git="abc"))


def resealed(content):
    """What a careful forger writes: new seals and a new hash."""
    content["seals"] = seals(content)
    content["hash"] = whole_hash(content)
    return DecisionRecord.from_dict(content)


def found(record, tables, **options):
    frame = verify_record(record, tables, **options).findings
    return set(zip(frame["part"], frame["item"], frame["problem"], strict=True))


def test_there_is_nothing_to_see_on_an_honest_record(record, tables, tmp_path):
    checked = verify_record(DecisionRecord.read(record.write(tmp_path)), tables)
    assert checked.findings.empty and checked.holds and checked.same_decisions and checked.exit_code == 0
    assert checked.summary() == "The record of 2025-12 holds: the same tables and parameters give the same decisions."


@pytest.mark.parametrize("seed", range(6))
def test_random_portfolios_verify(seed, make_tables):
    book = make_tables(seed)
    made = rebalance(book, period="2025-12", policy=Policy(mix="off"))
    assert verify_record(decision_record(made, book), book).holds


@pytest.mark.parametrize("options", [
    {"values": {"P2": 900.0, "P5": 700.0}}, {"points": True, "policy": Policy(objective="score", max_stops=1)},
    {"points": True, "values": {"P2": 900.0}, "policy": Policy(objective="mix", k_per_point=5, hold_months=(3, 6))},
    {"values": {f"P{n}": 10.0 * n for n in range(1, 7)}, "policy": Policy(objective="score")},
])
def test_what_was_handed_in_is_made_again_too(tables, options):
    if "points" in options:
        options = options | {"points": pd.Series({f"P{n}": 7.0 - n for n in range(1, 7)})}
    made = rebalance(tables, period="2025-12", **options)
    assert verify_record(decision_record(made, tables), tables).findings.empty


@pytest.mark.parametrize("name", ["budgets", "estimates", "projects", "cash_flows"])
def test_a_changed_table_is_named(record, tables, name):
    column = {"budgets": "opex_k", "estimates": "p50", "projects": "bac_k", "cash_flows": "cost_k"}[name]
    changed = {**tables, name: tables[name].assign(**{column: lambda rows: rows[column] * 1.05})}
    checked = verify_record(record, changed)
    assert f"inputs: {name}: changed since" in checked.summary()
    assert not checked.holds and checked.exit_code == 1


def test_what_the_board_is_said_to_have_decided_later_is_named(record, tables):
    frame = tables["decisions"]
    later = frame.assign(decided=["stop", "keep", "keep"])
    assert verify_record(record, {**tables, "decisions": later}).holds
    other = frame.assign(decided=["keep", "keep", "stop"])
    rows = found(record, {**tables, "decisions": other})
    assert ("decided", "P6 decided", "comes out otherwise") in rows
    assert {part for part, *_ in rows} == {"decided"}


def test_a_table_that_came_or_went_is_named(record, tables):
    more = {**tables, "skills": pd.DataFrame({"skill": ["test"]})}
    assert found(record, more) == {("inputs", "skills", "changed since")}
    less = {name: frame for name, frame in tables.items() if name != "budgets"}
    assert ("inputs", "budgets", "changed since") in found(record, less)


@pytest.mark.parametrize(("part", "item", "edit"), [
    ("parameters", "max_changes", lambda c: c["parameters"].update(max_changes=0)),
    ("parameters", "seed", lambda c: c["parameters"].update(seed=8)),
    ("result", "value_k", lambda c: c["result"].update(value_k=9999.0)),
    ("result", "status", lambda c: c["result"].update(status="within gap")),
    ("projects", "P2", lambda c: c["projects"]["P2"].update(recommended="stop")),
    ("projects", "P2", lambda c: c["projects"]["P2"].update(reason="Because.")),
    ("decided", "P6", lambda c: c["decided"]["P6"].update(why="All agreed.")),
    ("decided", "P1", lambda c: c["decided"].pop("P1")),
    ("forecasts", "P3", lambda c: c["forecasts"]["P3"].update(cost_k=[1.0, 2.0, 3.0])),
    ("forecasts", "the plan", lambda c: c["forecasts"][""].update(plan_value_k=[2.0, 3.0, 4.0])),
    ("inputs", "budgets", lambda c: c["inputs"]["budgets"].update(sha256="0" * 64)),
    ("versions", "pmlib", lambda c: c["versions"].update(pmlib="9.9")),
    ("identity", "git", lambda c: c.update(git="def")),
    ("identity", "previous", lambda c: c.update(previous="0" * 64)),
    ("identity", "hash", lambda c: c.update(hash="0" * 64)),
    ("projects", "P2", lambda c: c["seals"]["projects"].update(P2="0" * 16)),
])
def test_a_part_edited_by_hand_is_named(record, tables, part, item, edit):
    content = record.to_dict()
    edit(content)
    assert (part, item, "edited after it was sealed") in found(DecisionRecord.from_dict(content), tables)


def leaves(thing, path=()):
    """Every place in a record that holds a single value."""
    if isinstance(thing, dict | list):
        for key, value in thing.items() if isinstance(thing, dict) else enumerate(thing):
            yield from leaves(value, (*path, key))
    else:
        yield path


def test_no_single_value_can_be_edited_unseen(record):
    for path in leaves(record.content):
        content = record.to_dict()
        place = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = {str: "edited", bool: None}.get(type(place[path[-1]]), 7.25)
        try:
            rows = verify_chain([DecisionRecord.from_dict(content)])
        except ParameterError as refusal:
            assert "record" in str(refusal)
        else:
            assert len(rows), path


@pytest.mark.parametrize(("part", "item", "edit"), [
    ("result", "value_k", lambda c: c["result"].update(value_k=9999.0)),
    ("projects", "P2 recommended", lambda c: c["projects"]["P2"].update(recommended="stop")),
    ("decided", "P6 decided", lambda c: c["decided"]["P6"].update(decided="stop")),
    ("decided", "P6 cost_of_forcing_k", lambda c: c["decided"]["P6"].update(cost_of_forcing_k=1.0)),
    ("forecasts", "P3 cost_k", lambda c: c["forecasts"]["P3"].update(cost_k=[1.0, 2.0, 3.0])),
    ("projects", "P2 recommended", lambda c: c["parameters"].update(budget_k=100.0)),
])
def test_new_seals_do_not_hide_what_comes_out_otherwise(record, tables, part, item, edit):
    content = record.to_dict()
    edit(content)
    assert (part, item, "comes out otherwise") in found(resealed(content), tables)


def test_a_parameter_that_cannot_be_is_named_with_its_refusal(record, tables):
    content = record.to_dict()
    content["parameters"]["gap"] = -1
    checked = verify_record(resealed(content), tables)
    assert not checked.again and not checked.same_decisions
    assert "could not be made again" in checked.summary() and "gap: got -1" in checked.summary()


def test_another_version_is_named_and_breaks_nothing(record, tables):
    content = record.to_dict()
    content["versions"]["highspy"] = "0.1"
    checked = verify_record(resealed(content), tables)
    assert checked.holds and checked.findings["item"].tolist() == ["highspy"]
    assert "versions: highspy: another version (recorded 0.1, found" in checked.summary()


def test_a_plan_of_corrected_tables_is_made_again_from_what_the_record_keeps(tables):
    cut = tables["estimates"].assign(**{p: tables["estimates"][p] * 0.8 for p in ("p10", "p50", "p90")})
    corrected = Corrected({**tables, "estimates": cut})
    record = decision_record(rebalance(corrected.tables, period="2025-12"), tables, corrected=corrected)
    assert verify_record(record, tables).holds and verify_record(record, tables, corrected=corrected).holds
    other = Corrected({**tables, "estimates": cut.assign(p90=cut["p90"] * 1.01)})
    assert ("corrected", "estimates", "comes out otherwise") in found(record, tables, corrected=other)
    content = record.to_dict()
    content["corrected"]["estimates"]["cells"][0][3] = 1.0
    assert ("corrected", "estimates", "edited after it was sealed") in found(resealed(content), tables)


@pytest.fixture(scope="module")
def chain(tables):
    records = []
    for period in ("2025-10", "2025-11", "2025-12"):
        before = records[-1] if records else None
        made = rebalance(tables, period=period)
        records.append(decision_record(made, tables, provenance=Provenance(previous=before)))
    return records


def test_an_honest_chain_holds(chain, tables):
    assert verify_chain(chain[::-1]).empty and verify_chain([]).empty
    assert verify_record(chain[2], tables, previous=chain[1]).holds


def test_a_forged_record_breaks_the_link_to_the_next(chain, tables):
    content = chain[1].to_dict()
    content["decided"]["P1"]["why"] = "All agreed."
    forged = resealed(content)
    assert verify_record(chain[2], tables, previous=forged).findings["part"].tolist() == ["chain"]
    rows = verify_chain([chain[0], forged, chain[2]])
    assert rows[["period", "part", "problem"]].to_numpy().tolist() == [["2025-12", "chain", "the chain is broken"]]


def test_a_record_that_was_left_out_breaks_the_chain(chain):
    assert verify_chain([chain[0], chain[2]])["problem"].tolist() == ["the chain is broken"]
    assert verify_chain(chain[1:])["problem"].tolist() == ["the record before is not here"]


def test_records_of_another_company_are_refused(record, tables):
    other = {**tables, "workbook": tables["workbook"].assign(name="Other Ltd")}
    with pytest.raises(ParameterError, match="record: it is one of 'Small Ltd', the tables are of 'Other Ltd'"):
        verify_record(record, other)
    foreign = decision_record(rebalance(other, period="2025-11"), other)
    with pytest.raises(ParameterError, match="the one before is of 'Other Ltd'"):
        verify_record(record, tables, previous=foreign)
    with pytest.raises(ParameterError, match="record: got a dict, allowed a DecisionRecord"):
        verify_record(record.to_dict(), tables)
    with pytest.raises(ParameterError, match="records: two of 2025-12"):
        verify_chain([record, record])


def test_the_record_of_the_sample_company_holds(quillmark):
    record = decision_record(rebalance(quillmark, period="2025-12"), quillmark)
    assert verify_record(record, quillmark).holds
