from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy, learned, rebalance, weigh_claims
from pmlib.portfolio.measured_claims import measured_claim

SAMPLE = Path(__file__).parents[2] / "data" / "quillmark"
TRUTH = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))["truths"]["T24"]
CLAIM = {"project_id": "P1", "product_id": "PR1", "metric": "retention_pp", "claimed_p10": 3.4, "claimed_p50": 6.0,
         "claimed_p90": 8.6}
NPS = CLAIM | {"metric": "nps_points", "claimed_p10": 1.0, "claimed_p50": 2.0, "claimed_p90": 3.0}
FOUND = {"evidence_id": "V1", "project_id": "P1", "product_id": "PR1", "metric": "retention_pp", "month": "2025-09",
         "estimate": 2.0, "standard_error": 0.6, "kind": "experiment"}
ESTIMATES = [("P1", "benefit_pv_k", *3 * [1_104.0]), ("P1", "cost_k", *3 * [600.0]),
             ("P2", "benefit_pv_k", *3 * [900.0]), ("P2", "cost_k", *3 * [500.0])]
OWN = {"estimate": 2.0, "standard_error": 0.6, "kind": "experiment"}


class Changed(dict[str, pd.DataFrame]):
    """A workbook with one table changed: its versions and its quarantine go on with it."""

    def __init__(self, book: Any, **tables: pd.DataFrame) -> None:
        super().__init__({name: book[name] for name in book} | tables)
        self.versions, self.quarantine = book.versions, book.quarantine


def tables(*claims: dict[str, Any], evidence: list[dict[str, Any]] | None = None, **project: Any) -> dict[str, Any]:
    first = {"project_id": "P1", "name": "One", "state": "running", "bac_k": 600.0, "exit_cost_k": 30.0,
             "salvage_k": 20.0}
    second = {"project_id": "P2", "name": "Two", "state": "proposed", "bac_k": 500.0}
    given = {
        "projects": pd.DataFrame([first | project, second]),
        "estimates": pd.DataFrame(ESTIMATES, columns=["project_id", "quantity", "p10", "p50", "p90"]),
        "options": pd.DataFrame({"project_id": "P1", "action": ["start", "keep", "stop"]}),
        "benefit_map": pd.DataFrame(list(claims or (CLAIM,))),
    }
    return given | ({"evidence": pd.DataFrame(evidence)} if evidence else {})


def asked(*claims: dict[str, Any], metric: str | None = None, policy: Policy | None = None, **more: Any) -> Any:
    return measured_claim(tables(*claims, **more), project_id="P1", period="2025-12", metric=metric, policy=policy)


@pytest.fixture(scope="module")
def p1():
    return asked()


def agrees(answer: Any, plan: Any) -> None:
    """Hold the row with the measurement against a plan that was made with it."""
    row = answer.to_frame().iloc[1]
    action = plan.to_frame().set_index("project_id").loc[answer.question.project["project_id"]]
    assert row["verb"] == action["action"]
    assert row["value_k"] == pytest.approx(action["value_on_k"], abs=1e-6)
    assert row["plan_k"] == pytest.approx(plan.value_k, rel=2e-6)


@pytest.fixture(scope="module")
def p44(quillmark):
    return measured_claim(quillmark, project_id="P44")


@pytest.fixture(scope="module")
def plan(quillmark):
    return rebalance(learned(quillmark).tables)


def test_finds_the_planted_posterior_and_break_even(p44):
    answer = p44.as_known()
    assert (answer.posterior.mean, answer.posterior.sd) == pytest.approx(TRUTH["posterior"], abs=0.005)
    assert answer.break_even == pytest.approx(TRUTH["break_even"], abs=0.005)
    assert answer.to_frame()["verb"].tolist()[:2] == [TRUTH["before"], TRUTH["after"]]


def test_the_variance_of_weaker_evidence_is_taken_wider(p44):
    answer = p44.weigh(**OWN | {"kind": "survey"})
    assert (answer.posterior.mean, answer.posterior.sd) == pytest.approx(TRUTH["posterior_doubted"], abs=0.005)


def test_the_verb_is_that_of_the_plan_with_what_is_known(p44, plan):
    agrees(p44.as_known(), plan)


@pytest.mark.parametrize("measured", [OWN | {"estimate": 3.4}, {}], ids=["more", "nothing"])
def test_the_verb_is_that_of_a_plan_made_anew_with_this_evidence(quillmark, p44, measured):
    evidence = quillmark["evidence"]
    mine = evidence["project_id"] == "P44"
    changed = evidence.assign(**{name: evidence[name].mask(mine, value) for name, value in measured.items()})
    book = Changed(quillmark, evidence=changed if measured else evidence[~mine])
    agrees(p44.weigh(**measured), rebalance(learned(book).tables))


def test_works_for_the_nps_claim_of_another_project_and_takes_a_plan_that_is_there(quillmark, plan):
    answer = measured_claim(quillmark, project_id="P35", plan=plan).as_known()
    agrees(answer, plan)
    assert answer.posterior.mean == pytest.approx(
        weigh_claims(quillmark).claims.set_index("project_id")["posterior_mean"]["P35"])
    assert "+3.0 points of nps" in answer.summary()


def test_the_verb_turns_exactly_at_the_break_even(p1):
    at = p1.weigh(**OWN).break_even
    # 1104 at 6 pp; 590 is needed: 600 to go less 30 of exit cost, and 20 of salvage to be had.
    assert at == pytest.approx(6.0 * 590.0 / 1_104.0)
    sure = {"standard_error": 1e-6, "kind": "experiment"}
    assert [p1.weigh(estimate=at + step, **sure).verdict() for step in (-0.001, 0.001)] == [
        "stop instead of keep", "keep"]


def test_says_which_measurement_turns_the_verb(p1):
    said = p1.weigh(**OWN).summary()
    weight = p1.weigh(**OWN)
    needed = 6.0 + (weight.break_even - 6.0) / (1.0 - (weight.posterior.sd / p1.prior.sd) ** 2)
    assert f"The verb turns to keep at +3.2 pp expected, which takes {needed:+.1f} pp measured" in said
    assert p1.weigh(**OWN | {"estimate": needed}).posterior.mean == pytest.approx(weight.break_even)


def test_claims_that_were_not_measured_follow_those_that_were(p1):
    alone, with_another = p1, asked(CLAIM, NPS, metric="retention_pp")
    assert alone.weigh(**OWN).to_frame()["benefit_share"][1] == with_another.weigh(**OWN).to_frame()["benefit_share"][1]
    assert "1 claim of it is not measured and is taken to come out" in with_another.weigh(**OWN).summary()


def test_other_measured_claims_count_and_the_benefit_is_the_mean_over_all():
    other = FOUND | {"evidence_id": "V2", "metric": "nps_points", "estimate": 2.0, "standard_error": 0.4}
    given = tables(CLAIM, NPS, evidence=[FOUND, other])
    question = measured_claim(given, project_id="P1", period="2025-12", metric="retention_pp")
    beliefs = weigh_claims(given, period="2025-12")
    frame = question.as_known().to_frame()
    assert frame["benefit_share"][1] == pytest.approx(beliefs.factors["factor"][0])
    assert frame["benefit_share"][0] == pytest.approx(1.0)
    retention = beliefs.claims.set_index("metric").loc["retention_pp"]
    assert frame["effect"][3] == pytest.approx(retention["break_even"])


def test_begins_with_what_the_tables_hold_however_many_measurements():
    second = FOUND | {"evidence_id": "V2", "estimate": 4.0, "standard_error": 0.5, "kind": "survey", "month": "2025-10"}
    given = tables(evidence=[FOUND, second])
    question = measured_claim(given, project_id="P1", period="2025-12")
    claim = weigh_claims(given, period="2025-12").claims.iloc[0]
    assert question.as_known().posterior.mean == pytest.approx(claim["posterior_mean"])
    assert question.as_known().posterior.sd == pytest.approx(claim["posterior_sd"])
    assert measured_claim(given, project_id="P1", period="2025-08").known.kind == ""


def test_a_rate_is_weighed_as_a_rate():
    rate = CLAIM | {"metric": "adoption_rate", "claimed_p10": 0.2, "claimed_p50": 0.3, "claimed_p90": 0.42}
    answer = asked(rate).weigh(estimate=0.1, standard_error=0.02, kind="experiment")
    found = FOUND | {"metric": "adoption_rate", "estimate": 0.1, "standard_error": 0.02}
    claim = weigh_claims(tables(rate, evidence=[found]), period="2025-12").claims.iloc[0]
    assert answer.posterior.mean == pytest.approx(claim["posterior_mean"])
    assert "claims 0.30 of adoption (0.20 to 0.42, 8 times in 10)" in answer.summary()
    assert asked(rate).span == (0.0, 1.0)


def test_without_a_measurement_the_plan_stays_what_it_is(p1):
    answer = p1.weigh()
    assert answer.verdict() == "keep"
    assert "nothing is measured of it. 1,104 thousand EUR of benefit are counted on; the plan says keep." in (
        answer.summary())


def test_the_verb_of_a_mandatory_project_never_turns():
    answer = asked(mandatory=True).weigh(**OWN)
    assert answer.verdict() == "keep"
    assert math.isnan(answer.break_even)
    assert answer.summary().endswith("It is mandatory and goes on whatever it is worth.")


def test_a_proposal_is_declined_and_no_exit_cost_is_saved():
    answer = asked(state="proposed").weigh(**OWN)
    assert answer.verdict() == "decline instead of start"
    assert answer.break_even == pytest.approx(6.0 * 600.0 / 1_104.0)


def test_in_a_mix_with_points_the_verb_turns_later():
    given = tables()
    policy = Policy(objective="mix", k_per_point=1.0)
    plan = rebalance(given, period="2025-12", points={"P1": 100.0, "P2": 0.0}, policy=policy)
    answer = measured_claim(given, project_id="P1", plan=plan).weigh(**OWN)
    assert answer.break_even == pytest.approx(6.0 * 490.0 / 1_104.0)


def test_draws_claim_measurement_and_both(p1):
    for answer, marks in ((p1.weigh(**OWN), 3), (p1.weigh(), 2)):
        assert len(answer.intervals()) == marks
        ax = answer.plot()
        assert {text.get_text() for text in ax.texts} >= {"+6.0 pp"}
        plt.close(ax.figure)


def test_says_it_in_one_line_and_in_figures(p1):
    answer = p1.weigh(**OWN)
    assert repr(answer) == "<WeighedClaim P1: stop instead of keep; retention +2.3 pp expected>"
    assert repr(p1) == "<MeasuredClaim P1 retention_pp: keep>"
    assert answer.headline() == {"stop P1": "keep without it", "+2.3 pp": "retention expected",
                                 "at +3.2 pp": "turns it to keep", "39 %": "of the benefit is believed"}


def test_refuses_what_cannot_be_asked(p1):
    with pytest.raises(MissingTableError, match="P2 claims no change of a product.*Put what it promises"):
        measured_claim(tables(), project_id="P2", period="2025-12")
    with pytest.raises(ParameterError, match="P3 is not to be decided. Name one proposed"):
        measured_claim(tables(), project_id="P3", period="2025-12")
    with pytest.raises(ParameterError, match="P1 does not claim 'retention', allowed retention_pp"):
        asked(metric="retention")
    with pytest.raises(ParameterError, match="objective is 'score', allowed 'money' or 'mix'"):
        asked(policy=Policy(objective="score"))
    with pytest.raises(ParameterError, match="plan: there is none. Look at .mends"):
        asked(mandatory=True, policy=Policy(budget_k=10.0))
    with pytest.raises(ParameterError, match="kind.*experiment"):
        p1.weigh(estimate=2.0, standard_error=0.6, kind="a guess")
    worthless = tables()
    worthless["estimates"] = worthless["estimates"].replace(1_104.0, 0.0)
    with pytest.raises(ParameterError, match="P1 has no known benefit that a measurement could change"):
        measured_claim(worthless, project_id="P1", period="2025-12")
    with pytest.raises(ParameterError, match="claims a middle of 0"):
        asked(CLAIM | {"claimed_p10": -1.0, "claimed_p50": 0.0, "claimed_p90": 1.0})


def test_refuses_a_plan_of_other_projects():
    given = tables()
    other = {"projects": given["projects"].tail(1), "estimates": given["estimates"].tail(2)}
    with pytest.raises(ParameterError, match="plan: P1 is not in it"):
        measured_claim(given, project_id="P1", plan=rebalance(other, period="2025-12"))
