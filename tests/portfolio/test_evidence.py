"""Claim and evidence weighed: the case of the sample company first, then refusals and what is missing."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import BlockedTableError, ParameterError
from pmlib.months import parse_month
from pmlib.portfolio.evidence import STEPS, break_even, update_claim, weigh_evidence

CLAIM = {"p10": 3.4, "p50": 6.0, "p90": 8.6}


def tables(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """P44 of the sample company in small: 600 to go, 1,104 of benefit, exit 30, salvage 20."""
    return {
        "projects": pd.DataFrame({"project_id": ["P44"], "name": ["Retention programme"], "state": ["running"],
                                  "bac_k": [1563.0], "spent_k": [950.0], "exit_cost_k": [30.0], "salvage_k": [20.0]}),
        "estimates": pd.DataFrame({"project_id": "P44", "quantity": ["benefit_pv_k", "cost_k"], "p10": [971.52, 564.0],
                                   "p50": [1037.76, 582.0], "p90": [1324.8, 660.0]}),
        "benefit_map": claims(),
        "evidence": evidence(),
    } | changes


def claims(**changes: object) -> pd.DataFrame:
    row = {"project_id": "P44", "product_id": "PR4", "metric": "retention_pp", "claimed_p10": 3.4, "claimed_p50": 6.0,
           "claimed_p90": 8.6}
    return pd.DataFrame([row | changes])


def evidence(*rows: dict[str, object]) -> pd.DataFrame:
    row = {"evidence_id": "E1", "project_id": "P44", "product_id": "PR4", "metric": "retention_pp",
           "month": parse_month("2025-09"), "estimate": 2.0, "standard_error": 0.6, "n": 8400, "kind": "experiment"}
    return pd.DataFrame([row | more for more in rows or ({},)])


def judged(**changes: pd.DataFrame):
    return weigh_evidence(tables(**changes), project_id="P44", period="2025-12")


@pytest.mark.parametrize(("factor", "mean"), [(1.0, 2.32), (4.0, 3.04)])
def test_the_retention_claim_shrinks_to_what_the_experiment_allows(factor, mean):
    known = update_claim(**CLAIM, estimate=2.0, standard_error=0.6, variance_factor=factor)
    assert known.mean == pytest.approx(mean, abs=0.005)
    assert update_claim(**CLAIM, estimate=2.0, standard_error=0.6).sd == pytest.approx(0.58, abs=0.005)


def test_the_posterior_is_the_product_of_both_densities():
    x = np.linspace(-20, 20, 400_001)
    known = update_claim(p10=-1.0, p50=0.5, p90=4.0, estimate=2.0, standard_error=1.3)
    sd = 5.0 / (2 * 1.2815515655)
    density = np.exp(-0.5 * ((x - 0.5) / sd) ** 2 - 0.5 * ((x - 2.0) / 1.3) ** 2)
    density /= density.sum()
    assert known.mean == pytest.approx((density * x).sum(), abs=1e-6)
    assert known.sd == pytest.approx(math.sqrt((density * (x - known.mean) ** 2).sum()), abs=1e-6)
    assert known.chance_above(1.0) == pytest.approx(density[x > 1.0].sum(), abs=1e-4)


@given(p10=st.floats(-50, 50), widths=st.tuples(st.floats(0.01, 30), st.floats(0.01, 30)),
       estimate=st.floats(-80, 80), error=st.floats(0.01, 20))
def test_the_posterior_lies_between_claim_and_evidence_and_is_surer_than_either(p10, widths, estimate, error):
    middle = p10 + widths[0]
    known = update_claim(p10=p10, p50=middle, p90=middle + widths[1], estimate=estimate, standard_error=error)
    assert min(middle, estimate) - 1e-9 <= known.mean <= max(middle, estimate) + 1e-9
    assert known.sd <= min(known.prior_sd, error) + 1e-12
    assert 0 < known.weight < 1


def test_a_claim_is_named_with_its_range_and_weight():
    known = update_claim(**CLAIM, estimate=2.0, standard_error=0.6)
    assert known.summary() == ("Claimed 6.0 (3.4 to 8.6), measured 2.0 (1.2 to 2.8), together 2.3 (1.6 to 3.1), each "
                               "range right 8 times in 10; 92 % of the weight is on the evidence.")
    assert known.headline() == {"2.32": "expected change, claimed 6.00", "92 %": "of the weight is on the evidence"}
    assert known.to_frame()["step"].tolist() == ["claim", "evidence", "both together"]


@pytest.mark.parametrize(("wrong", "message"), [
    ({"p10": 7.0}, "claim: got p10 7, p50 6, p90 8.6, allowed p10 <= p50 <= p90"),
    ({"p10": 6.0, "p90": 6.0}, "with p10 < p90"),
    ({"p50": math.nan}, "claim: got p10 3.4, p50 nan"),
    ({"standard_error": 0.0}, "evidence: got 2 with standard_error 0, allowed an error above 0"),
    ({"estimate": math.inf}, "evidence: got inf"),
    ({"variance_factor": 0.5}, "variance_factor: got 0.5, allowed 1 or more"),
])
def test_what_cannot_be_weighed_is_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        update_claim(**({**CLAIM, "estimate": 2.0, "standard_error": 0.6} | wrong))


def test_going_on_pays_from_the_break_even_on():
    assert break_even(cost_to_go_k=600, benefit_per_unit_k=1104 / 6, exit_cost_k=30, salvage_k=20) == pytest.approx(
        3.2065, abs=1e-4)
    with pytest.raises(ParameterError, match="benefit_per_unit_k: got 0 with 590 saved by a stop"):
        break_even(cost_to_go_k=600, benefit_per_unit_k=0.0, exit_cost_k=30, salvage_k=20)


def test_the_case_stops_a_project_whose_gain_is_real_but_too_small():
    case = judged()
    assert case.action == "stop"
    assert case.real
    assert case.break_even == pytest.approx(3.2065, abs=1e-4)
    assert case.gain_k == pytest.approx(184 * (2.3217 - 3.2065), abs=0.1)
    assert case.summary() == (
        "+2.0 pp was measured (+1.2 to +2.8, experiment, n = 8,400, September 2025): a real gain. It pays from +3.2 "
        "pp on: ending it would free 590 thousand EUR, and each pp is worth 184 thousand. Stop: the chance that it "
        "pays is 6 %, and going on is worth 163 thousand EUR less than ending it.")
    assert "they disagree" in case.dispute()
    assert case.headline()["stop P44"] == "follows"
    assert repr(case) == "<Case P44: stop; expected +2.3 pp, pays from +3.2 pp>"
    steps = case.to_frame().set_index("step")
    assert tuple(steps.index) == STEPS
    assert steps.loc["evidence doubted", "value"] == pytest.approx(3.04, abs=0.005)
    assert "still stop" in steps.loc["evidence doubted", "says"]


def test_a_gain_that_pays_is_kept_and_a_proposal_is_started():
    case = judged(evidence=evidence({"estimate": 5.0}))
    assert (case.action, case.gain_k > 0) == ("keep", True)
    assert "they agree" in case.dispute()
    proposed = tables()["projects"].assign(state="proposed")
    assert judged(projects=proposed, evidence=evidence({"estimate": 5.0})).action == "start"
    assert judged(projects=proposed).action == "decline"


def test_no_gain_beyond_chance_is_called_so():
    assert "no gain beyond chance" in judged(evidence=evidence({"estimate": 1.0})).dispute()
    assert not judged(evidence=evidence({"estimate": -2.0})).real


def test_a_fall_that_was_promised_is_judged_in_its_own_direction():
    lower = {"claimed_p10": -8.6, "claimed_p50": -6.0, "claimed_p90": -3.4, "metric": "churn_pp"}
    case = judged(benefit_map=claims(**lower), evidence=evidence({"estimate": -2.0, "metric": "churn_pp"}))
    assert case.break_even == pytest.approx(-3.2065, abs=1e-4)
    assert (case.action, case.real) == ("stop", True)
    assert "is 6 %" in case.summary()


def test_two_measurements_count_like_one_after_the_other_and_a_repeated_one_once():
    first = {"estimate": 1.0, "standard_error": 0.8}
    second = {"evidence_id": "E2", "estimate": 3.0, "standard_error": 0.9}
    known = update_claim(**CLAIM, **first)
    z90 = 1.2815515655
    again = update_claim(p10=known.mean - z90 * known.sd, p50=known.mean, p90=known.mean + z90 * known.sd,
                         estimate=3.0, standard_error=0.9)
    case = judged(evidence=evidence(first, second, first))
    assert case.posterior is not None
    assert (case.posterior.mean, case.posterior.sd) == pytest.approx((again.mean, again.sd))


def test_the_same_measurement_under_another_id_counts_once():
    again, twice = judged(), judged(evidence=evidence({}, {"evidence_id": "E2"}))
    assert twice.gain_k == again.gain_k
    assert twice.summary() == again.summary()


def test_evidence_of_later_months_or_other_metrics_does_not_count():
    assert "no claim of it was measured by this month" in weigh_evidence(
        tables(), project_id="P44", period="2025-08").summary()
    assert not judged(evidence=evidence({"metric": "nps_points"})).found


@pytest.mark.parametrize(("lost", "message"), [
    (("benefit_map", "evidence"), "it needs benefit_map, evidence"),
    (("projects",), "it needs projects"),
    (("estimates",), "estimates, cash_flows: both missing"),
])
def test_a_missing_table_is_named_and_nothing_breaks(lost, message):
    rest = {name: frame for name, frame in tables().items() if name not in lost}
    case = weigh_evidence(rest, project_id="P44", period="2025-12")
    assert not case.found
    assert case.summary().startswith("No case of P44: ")
    assert message in case.summary() == case.dispute()
    assert case.headline() == {}
    assert case.to_frame().empty
    assert "nothing to weigh" in case.plot().get_title(loc="left")
    plt.close("all")


@pytest.mark.parametrize(("changes", "message"), [
    ({"benefit_map": claims(claimed_p10=6.0, claimed_p90=6.0)}, "with p10 < p90"),
    ({"benefit_map": claims(claimed_p10=-1.0, claimed_p50=0.0)}, "benefit_per_unit_k: got 0"),
    ({"evidence": evidence({"standard_error": 0.0})}, "standard_error of 0"),
    ({"projects": tables()["projects"].assign(project_id="P45")}, "Did you mean 'P45'"),
    ({"projects": tables()["projects"].assign(mandatory=True)}, "it is mandatory and goes on whatever it is worth"),
    ({"estimates": tables()["estimates"].assign(project_id="P9")}, "Give the project a benefit"),
])
def test_rows_that_cannot_be_weighed_are_named_in_words(changes, message):
    assert message in judged(**changes).summary()


def test_a_blocked_table_is_no_missing_one():
    class Blocked(dict):
        def get(self, name, default=None):
            if name == "evidence":
                raise BlockedTableError("Table 'evidence' is blocked: two files. Mend it, or take it out.")
            return super().get(name, default)

    with pytest.raises(BlockedTableError, match="Table 'evidence' is blocked"):
        weigh_evidence(Blocked(tables()), project_id="P44", period="2025-12")


def test_a_metric_without_a_known_unit_and_large_changes_are_written_as_they_are():
    odd = {"metric": "visits", "claimed_p10": 340.0, "claimed_p50": 600.0, "claimed_p90": 860.0}
    case = judged(benefit_map=claims(**odd), evidence=evidence({"metric": "visits", "estimate": 200.0,
                                                                "standard_error": 60.0}))
    assert case.to_frame()["text"].tolist() == ["+600", "+200", "+232", "+304", "+321", ""]
    money = judged(benefit_map=claims(metric="revenue_k"), evidence=evidence({"metric": "revenue_k"}))
    assert money.to_frame()["text"].iloc[0] == "+6.0 thousand EUR"


def test_the_figure_says_what_is_seen_with_unit_and_marks():
    ax = judged().plot()
    assert ax.get_title(loc="left") == "Retention programme (P44):\n+2.0 pp measured, +2.3 pp expected: below what pays"
    assert ax.get_xlabel() == "change of retention, pp; each range is right 8 times in 10"
    words = [text.get_text() for text in ax.texts]
    assert words == ["+6.0 pp", "+2.0 pp", "+2.3 pp", "+3.0 pp", "going on pays from +3.2 pp"]
    assert len({line.get_marker() for line in ax.lines} - {"None"}) == 4
    _, own = plt.subplots()
    assert judged().plot(ax=own) is own
    plt.close("all")
