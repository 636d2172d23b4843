from __future__ import annotations

import re
import time

import ipywidgets
import pandas as pd
import pytest

from pmlib.errors import BlockedTableError
from pmlib.portfolio import Policy, learned, rebalance
from pmlib.widgets.measured import evidence


@pytest.fixture(autouse=True)
def closed():
    yield
    ipywidgets.Widget.close_all()


def tables(metric: str = "nps_points", **found: object) -> dict[str, pd.DataFrame]:
    key = {"project_id": "P1", "product_id": "PR1", "metric": metric}
    given = {
        "projects": pd.DataFrame({"project_id": ["P1", "P2"], "name": ["<b>One", "Two"],
                                  "state": ["running", "proposed"], "bac_k": [600.0, 500.0]}),
        "estimates": pd.DataFrame(
            [(project, quantity, amount, amount, amount) for project, quantity, amount in (
                ("P1", "benefit_pv_k", 1_200.0), ("P1", "cost_k", 600.0), ("P2", "benefit_pv_k", 900.0),
                ("P2", "cost_k", 500.0))], columns=["project_id", "quantity", "p10", "p50", "p90"]),
        "options": pd.DataFrame({"project_id": "P1", "action": ["keep", "stop"]}),
        "benefit_map": pd.DataFrame([key | {"claimed_p10": 2.0, "claimed_p50": 4.0, "claimed_p90": 6.0}]),
    }
    row = {"evidence_id": "V1", "month": "2025-09", "kind": "survey"} | key | found
    return given | ({"evidence": pd.DataFrame([row])} if found else {})


def rows(html: str) -> dict[str, list[str]]:
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>.*?</tr>", html)]
    return {row[0]: row[1:] for row in cells if row}


def test_the_sample_says_stop_instead_of_keep_as_its_plan_does_and_redraws_quickly(quillmark):
    plan = rebalance(learned(quillmark).tables)
    live = evidence(quillmark, plan=plan)
    assert {name: control.value for name, control in live.controls.items()} == {
        "estimate": 2.0, "standard_error": pytest.approx(0.6), "kind": "experiment"}
    assert live.controls["estimate"].description == "Measured retention, pp"
    verbs = {case: cells[4] for case, cells in rows(live.shown.value).items()}
    assert verbs["with it"] == "stop" == plan.to_frame().set_index("project_id").loc["P44", "action"]
    assert verbs["without it"] == "keep"
    assert "+2.3 pp is expected (+1.6 to +3.1)" in live.shown.value
    assert "The verb turns to keep at +3.2 pp expected" in live.shown.value
    began = time.process_time()
    live.controls["estimate"].value = 3.6
    assert time.process_time() - began < 0.5
    assert rows(live.shown.value)["with it"][4] == "keep"
    assert "The verb turns to stop at +3.2 pp expected" in live.shown.value


def test_a_weaker_kind_of_evidence_counts_for_less():
    live = evidence(tables(estimate=1.0, standard_error=0.5), project_id="P1", period="2025-12")
    assert "variance taken 4 times" in live.shown.value
    expected = []
    for kind in ("experiment", "survey", "judgement"):
        live.controls["kind"].value = kind
        expected.append(float(rows(live.shown.value)["with it"][0].split()[0]))
    assert expected == sorted(expected)
    assert rows(live.shown.value)["without it"][0] == "+4.0 points (+2.0 to +6.0)"


def test_a_surer_measurement_turns_the_verb():
    live = evidence(tables(estimate=1.0, standard_error=2.0), project_id="P1", period="2025-12")
    assert rows(live.shown.value)["with it"][4] == "keep"
    live.controls["standard_error"].value = 0.2
    assert rows(live.shown.value)["with it"][4] == "stop"
    live.controls["kind"].value = ""
    assert "nothing is measured of it" in live.shown.value
    assert rows(live.shown.value)["with it"][4] == "keep"


def test_a_claim_that_was_not_measured_begins_with_nothing_measured():
    live = evidence(tables(), project_id="P1", period="2025-12")
    assert live.controls["kind"].value == ""
    assert live.controls["estimate"].value == 4.0
    assert "nothing is measured of it" in live.shown.value
    live.controls["kind"].value = "experiment"
    assert "with +4.0 points measured (experiment, standard error" in live.shown.value


def test_a_rate_moves_between_0_and_1_and_what_is_no_measurement_is_said():
    given = tables("adoption_rate")
    given["benefit_map"] = given["benefit_map"].assign(claimed_p10=0.2, claimed_p50=0.3, claimed_p90=0.42)
    live = evidence(given, project_id="P1", period="2025-12")
    assert (live.controls["estimate"].min, live.controls["estimate"].max) == (0.0, 1.0)
    live.controls["kind"].value = "experiment"
    assert rows(live.shown.value)["with it"][4] == "keep"
    live.controls["estimate"].value = 1.0
    assert live.shown.value.startswith('<p class="note">evidence: got a rate of 1')


def test_names_from_the_tables_are_shown_as_text_and_the_figure_in_words():
    shown = evidence(tables(estimate=1.0, standard_error=0.5), project_id="P1", period="2025-12").shown.value
    assert "<b>One" not in shown
    assert 'alt="&lt;b&gt;One (P1) claims +4.0 points of nps' in shown


@pytest.mark.parametrize(("options", "said"), [
    ({"project_id": "P2"}, "P2 claims no change of a product"),
    ({"project_id": "P9"}, "P9 is not to be decided."),
    ({"project_id": "P1", "metric": "nps"}, "does not claim &#x27;nps&#x27;"),
    ({"project_id": "P1", "policy": Policy(objective="score")}, "objective is &#x27;score&#x27;"),
])
def test_where_there_is_nothing_to_move_a_note_says_why(options, said):
    live = evidence(tables(), period="2025-12", **options)
    assert live.controls == {}
    assert live.shown.value.startswith('<p class="note">')
    assert said in live.shown.value
    assert live.text in live._repr_mimebundle_()["text/plain"]


def test_a_table_that_is_there_but_cannot_be_used_is_no_missing_one(folder):
    import pmlib as pm

    book = pm.open_workbook(folder(projects="project_id,state\nP1,gone\n"))
    with pytest.raises(BlockedTableError, match="projects"):
        evidence(book, project_id="P1", period="2025-12")
