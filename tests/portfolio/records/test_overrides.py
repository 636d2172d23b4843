"""How often the board decides otherwise and whether it was right: Wilson's intervals as published, verdicts by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy.stats import binomtest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio import rebalance
from pmlib.portfolio.records.overrides import override_rates
from pmlib.portfolio.records.record import decision_record

START = 2024 * 12 + 1


def board(*rows, roles=None):
    """Decisions of (month from 2024-01, project, recommended, decided)."""
    return pd.DataFrame([(f"D{i}", START + month, project, recommended, decided, "R01" if roles is None else roles[i])
                         for i, (month, project, recommended, decided) in enumerate(rows)],
                        columns=["decision_id", "period", "project_id", "recommended", "decided", "decided_by_role"])


def verdicts(decisions, **tables):
    found = override_rates({"decisions": decisions, **tables})
    return dict(zip(found.decisions["decision_id"], found.decisions["verdict"], strict=True))


@pytest.mark.parametrize(("overridden", "n", "low", "high"), [
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3 (Wilson's score interval).
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718),
])
def test_intervals_reproduce_newcombe_1998_table_i(overridden, n, low, high):
    rows = [(0, f"P{i}", "keep", "stop" if i < overridden else "keep") for i in range(n)]
    row = override_rates({"decisions": board(*rows)}).total
    assert (row["n"], row["overridden"]) == (n, overridden)
    assert (round(row["low"], 4), round(row["high"], 4)) == (low, high)


def test_verbs_and_roles_add_up_to_all():
    rows = [(0, "P1", "start", "decline"), (0, "P2", "keep", "keep"), (1, "P1", "start", "start"),
            (2, "P3", "stop", "keep")]
    rates = override_rates({"decisions": board(*rows, roles=["R1", "R1", "R2", ""])}).rates
    for kind in ("verb", "role"):
        mine = rates[rates["kind"] == kind]
        assert mine[["n", "overridden", "right", "wrong", "open"]].sum().tolist() == rates.iloc[0][
            ["n", "overridden", "right", "wrong", "open"]].tolist()
    assert rates.loc[rates["kind"] == "role", "name"].tolist() == ["R1", "R2", "not named"]
    row = rates[rates["name"] == "start"].iloc[0]
    wanted = binomtest(1, 2).proportion_ci(method="wilson")
    assert (row["rate"], row["low"], row["high"]) == pytest.approx((0.5, wanted.low, wanted.high))


@pytest.mark.parametrize(("recommended", "decided", "later", "verdict"), [
    ("stop", "keep", "keep", "right"), ("stop", "keep", "stop", "wrong"), ("stop", "keep", "hold", "open"),
    ("hold", "keep", "stop", "wrong"), ("hold", "keep", "fast", "right"), ("start", "decline", "start", "wrong"),
    ("start", "decline", "decline", "right"), ("decline", "start", "keep", "right"),
    ("decline", "start", "stop", "wrong"),
    ("keep", "slow", "slow", "right"), ("keep", "slow", "keep", "wrong"), ("keep", "slow", "stop", "open"),
])
def test_the_latest_later_recommendation_judges(recommended, decided, later, verdict):
    decisions = board((0, "P1", recommended, decided), (1, "P1", decided, decided), (2, "P1", later, later))
    assert verdicts(decisions)["D0"] == verdict


def test_what_is_not_yet_known_is_open_never_right():
    found = override_rates({"decisions": board((0, "P1", "stop", "keep"), (0, "P2", "keep", "keep"))})
    assert found.decisions["verdict"].tolist() == ["open", "as recommended"]
    assert math.isnan(found.total["hit_rate"]) and found.total["open"] == 1
    assert "Whether it was right is not known of any yet: 1 open." in found.summary()


def test_decisions_after_the_period_are_not_known():
    decisions = board((0, "P1", "stop", "keep"), (6, "P1", "keep", "keep"))
    found = override_rates({"decisions": decisions}, period="2024-06")
    assert found.total["n"] == 1 and found.total["open"] == 1
    book = pd.DataFrame({"name": ["T"], "as_of": ["2024-06-30"]})
    assert override_rates({"decisions": decisions, "workbook": book}).total["n"] == 1


def test_the_state_comes_before_the_advice():
    projects = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "state": ["stopped", "running", "held"], "bac_k": 1.0})
    decisions = board((0, "P1", "stop", "keep"), (0, "P2", "start", "decline"), (0, "P3", "keep", "hold"),
                      (1, "P1", "keep", "keep"), (1, "P2", "decline", "decline"))
    assert verdicts(decisions, projects=projects) == {
        "D0": "wrong", "D1": "wrong", "D2": "open", "D3": "as recommended", "D4": "as recommended"}


@pytest.mark.parametrize(("realised", "verdict"), [(61.0, "right"), (59.0, "wrong")])
def test_money_realised_is_compared_with_what_was_spent_since(realised, verdict):
    projects = pd.DataFrame({"project_id": ["P1"], "state": "done", "bac_k": 500.0})
    evm = pd.DataFrame({"project_id": "P1", "month": [START, START + 5], "pv_cum_k": 1.0, "ev_cum_k": 1.0,
                        "ac_cum_k": [440.0, 500.0]})
    benefits = pd.DataFrame({"project_id": ["P1"], "month": START + 9, "planned_k": 90.0, "realised_k": realised})
    tables = {"decisions": board((0, "P1", "stop", "keep")), "projects": projects, "evm": evm, "benefits": benefits}
    assert override_rates(tables, period="2024-09").overrides["verdict"].tolist() == ["open"]
    found = override_rates(tables)
    assert found.overrides["verdict"].tolist() == [verdict]
    assert found.overrides["evidence"][0].endswith("realised for 60 spent since.")


def test_the_plan_of_the_period_is_later_evidence_and_records_know_the_cost(tables, plan):
    earlier = pd.concat([tables["decisions"], board((12, "P6", "stop", "keep"), (13, "P1", "stop", "keep")).assign(
        decision_id=["D8", "D9"])], ignore_index=True)
    tables = {**tables, "decisions": earlier.assign(period=[24311, 24312, 24312, 24300, 24301])}
    record = decision_record(plan, tables)
    found = override_rates(tables, decision=plan, records=[record])
    frame = found.overrides.set_index("decision_id")
    assert frame["verdict"].to_dict() == {"D8": "wrong", "D9": "right", "D3": "open"}
    assert frame.loc["D3", "cost_k"] == pytest.approx(plan.force("P6", "keep")) == found.total["cost_k"]
    assert found.total["costs_known"] == 1 and "thousand CHF, each taken alone" in found.summary()


def test_no_decisions_say_what_to_do(tables):
    found = override_rates({"decisions": tables["decisions"].iloc[:0]})
    assert found.summary() == "No decision is recorded yet: add the board's decisions to the table decisions."
    assert found.headline() == {"0": "decisions recorded"} and "0 of 0" in repr(found)
    with pytest.raises(MissingTableError, match="decisions: missing"):
        override_rates({})


def test_bad_decisions_are_refused_by_name(tables):
    twice = pd.concat([tables["decisions"], tables["decisions"].iloc[[0]].assign(decision_id="D9")], ignore_index=True)
    with pytest.raises(SchemaError, match=r"P1 has 2 decisions for 2025-11 \(D1, D9\)"):
        override_rates({"decisions": twice})
    with pytest.raises(ParameterError, match="records: got 3, allowed a DecisionRecord"):
        override_rates({"decisions": tables["decisions"]}, records=[3])


def test_the_sample_board_overrides_about_15_percent(quillmark):
    found = override_rates(quillmark, period="2025-12", decision=rebalance(quillmark, period="2025-12"))
    row = found.total
    assert row["n"] == 144 and row["overridden"] == 21 and row["low"] < 0.15 < row["high"]
    assert row["right"] + row["wrong"] + row["open"] == 21 and row["open"] >= 1
