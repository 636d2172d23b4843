"""Projects whose claims were measured: the sample company's flip first, closed forms, then what is left out."""

from __future__ import annotations

import dataclasses
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pmlib.errors import CheckError, MissingTableError, ParameterError, SchemaError
from pmlib.portfolio import rebalance
from pmlib.portfolio.claims.beliefs import weigh_claims
from pmlib.portfolio.evidence import weigh_evidence
from pmlib.portfolio.policy import Policy
from tests.portfolio.claims.conftest import CLAIM, FOUND, PROJECT, rows, tables


def believed(period: str = "2025-12", options: dict[str, object] | None = None, **changes: pd.DataFrame):
    return weigh_claims(tables(**changes), period=period, **(options or {}))


def of(beliefs, project_id: str = "P44") -> pd.Series:
    return beliefs.projects.set_index("project_id").loc[project_id]


@pytest.fixture(scope="module", params=["2025-09", "2025-12"])
def known(request, quillmark):
    return weigh_claims(quillmark, period=request.param)


def test_evidence_flips_p44_from_the_month_it_is_known(known):
    row, claim = of(known), known.claims.set_index("project_id").loc["P44"]
    assert (row["verb_before"], row["verb"], row["flipped"]) == ("keep", "stop", True)
    assert (claim["prior_mean"], claim["prior_sd"]) == pytest.approx((6.0, 2.03), abs=5e-3)
    assert (claim["posterior_mean"], claim["posterior_sd"]) == pytest.approx((2.32, 0.58), abs=5e-3)
    assert claim["break_even"] == pytest.approx(3.2, abs=0.05)
    assert known.flipped["project_id"].tolist() == ["P44"]


def test_p44_is_kept_as_long_as_the_evidence_is_not_known(quillmark):
    early = weigh_claims(quillmark, period="2025-08")
    assert "P44" not in set(early.projects["project_id"])
    assert early.flipped.empty
    assert "V01" not in set(early.left_out["evidence_id"])
    assert "No verb changes" in early.summary()


def test_with_the_variance_taken_four_times_p44_is_still_stopped(quillmark):
    doubted = weigh_claims(quillmark, period="2025-12", factors={"experiment": 4.0})
    assert doubted.claims.set_index("project_id").loc["P44", "posterior_mean"] == pytest.approx(3.04, abs=5e-3)
    assert of(doubted)["verb"] == "stop"


def test_weaker_kinds_of_evidence_are_widened(quillmark):
    claims = weigh_claims(quillmark, period="2025-12").claims.set_index("project_id")
    assert claims.loc["P15", "standard_error"] == pytest.approx(2 * 0.21)
    assert claims.loc["P44", "standard_error"] == pytest.approx(0.6)


def test_the_project_follows_its_claim_in_closed_form():
    row = of(believed())
    z90 = norm.ppf(0.9)
    sd, weight = 5.2 / (2 * z90), 1 / (1 + 0.36 / (5.2 / (2 * z90)) ** 2)
    mean, after = 6 + weight * (2 - 6), math.sqrt(weight) * 0.6
    benefit, needed = 1104.0, 600 + 20 - 30
    assert row["factor"] == pytest.approx(mean / 6)
    assert row["prior_sd_k"] == pytest.approx(benefit * sd / 6)
    assert row["sd_k"] == pytest.approx(benefit * after / 6)
    assert row["gain_k"] == pytest.approx(benefit * mean / 6 - needed)
    assert row["p_pays"] == pytest.approx(norm.sf(needed, benefit * mean / 6, benefit * after / 6))
    assert row["p_pays_before"] == pytest.approx(norm.sf(needed, benefit, benefit * sd / 6))
    moved = benefit / 6 * after**2 / math.sqrt(after**2 + 0.36)
    u, later = abs(row["gain_k"]) / moved, 1.08 ** (-1 / 12)
    assert row["evsi_k"] == pytest.approx(later * moved * (norm.pdf(u) - u * norm.sf(u)))
    assert row["delay_k"] == pytest.approx((1 - later) * abs(row["gain_k"]))
    assert row["waiting_k"] == pytest.approx(row["evsi_k"] - row["delay_k"])


def test_near_the_break_even_a_month_of_data_is_worth_its_delay():
    close = believed(evidence=rows(FOUND, {"estimate": 2.95}))
    assert of(close)["waiting_k"] > 0
    assert "One more month of data is worth more than it costs for P44." in close.summary()
    assert of(believed(evidence=rows(FOUND, {"estimate": 2.95}), options={"policy": Policy(discount_rate=0.0)}))[
        "delay_k"] == 0.0


def test_several_measured_claims_share_the_benefit_equally():
    claims = rows(CLAIM, {}, {"metric": "nps_points", "claimed_p10": 1.0, "claimed_p50": 4.0, "claimed_p90": 7.0})
    both = believed(benefit_map=claims, evidence=rows(
        FOUND, {}, {"evidence_id": "V2", "metric": "nps_points", "estimate": 5.0, "standard_error": 1.0}))
    ratio = both.claims["posterior_mean"] / both.claims["prior_mean"]
    spread = both.claims["posterior_sd"] / both.claims["prior_mean"]
    row = of(both)
    assert row["factor"] == pytest.approx(ratio.mean())
    assert row["sd_k"] == pytest.approx(1104 * np.sqrt((spread**2).sum()) / 2)
    for place in (0, 1):  # at its break-even, and the other claim as expected, going on equals ending
        at = ratio.copy()
        at[place] = both.claims["break_even"][place] / both.claims["prior_mean"][place]
        assert 1104 * at.mean() == pytest.approx(row["needed_k"])
    assert "Claims of one project share its benefit equally" in both.summary()


def test_a_claim_not_measured_follows_the_others_or_comes_true_as_is_said():
    claims = rows(CLAIM, {}, {"metric": "nps_points", "claimed_p10": 1.0, "claimed_p50": 4.0, "claimed_p90": 7.0})
    follows, claimed = (of(believed(benefit_map=claims, options={"unmeasured": word}))
                        for word in ("as measured", "as claimed"))
    alone = of(believed())["factor"]
    assert follows["factor"] == pytest.approx(alone)
    assert claimed["factor"] == pytest.approx((1 + alone) / 2)
    assert claimed["sd_k"] == pytest.approx(follows["sd_k"] / 2)
    assert (follows["verb"], follows["verb_otherwise"]) == ("stop", "keep")
    assert follows["sentence"].endswith("It would be keep if the 1 claim not measured came true as claimed.")
    assert claimed["sentence"].endswith("It would be stop if the 1 claim not measured came out as the measured did.")


def test_a_rate_is_weighed_by_its_trials():
    claims = rows(CLAIM, {"metric": "adoption_rate", "claimed_p10": 0.3, "claimed_p50": 0.4, "claimed_p90": 0.5})
    found = rows(FOUND, {"metric": "adoption_rate", "estimate": 0.2, "standard_error": 0.0, "n": 100})
    claim = believed(benefit_map=claims, evidence=found).claims.iloc[0]
    size = claim["prior_mean"] * (1 - claim["prior_mean"]) / claim["prior_sd"] ** 2 - 1
    assert claim["weight"] == pytest.approx(100 / (100 + size))
    assert claim["posterior_mean"] == pytest.approx((claim["prior_mean"] * size + 20) / (size + 100))
    assert claim["prior_mean"] == pytest.approx(0.4, abs=0.01)


def test_a_fall_that_was_claimed_is_judged_in_its_own_direction():
    lower = {"claimed_p10": -8.6, "claimed_p50": -6.0, "claimed_p90": -3.4, "metric": "churn_pp"}
    fall = believed(benefit_map=rows(CLAIM, lower), evidence=rows(FOUND, {"metric": "churn_pp", "estimate": -2.0}))
    same = of(believed())
    assert of(fall)[["factor", "sd_k", "p_pays", "evsi_k"]].tolist() == pytest.approx(
        same[["factor", "sd_k", "p_pays", "evsi_k"]].tolist())
    assert fall.claims["break_even"].iloc[0] == pytest.approx(-3.2065, abs=1e-4)
    assert fall.intervals()[["low", "high"]].to_numpy() == pytest.approx(
        believed().intervals()[["low", "high"]].to_numpy())


def test_the_unit_of_a_metric_and_of_money_changes_nothing_but_their_numbers():
    spans = ("claimed_p10", "claimed_p50", "claimed_p90")
    finer = rows(CLAIM, {name: 100 * CLAIM[name] for name in spans})
    cents = of(believed(benefit_map=finer, evidence=rows(FOUND, {"estimate": 200.0, "standard_error": 60.0})))
    same, money = of(believed()), ["gain_k", "sd_k", "evsi_k", "delay_k"]
    assert cents[money].tolist() == pytest.approx(same[money].tolist())
    points = {name: 3.0 * tables()["estimates"][name] for name in ("p10", "p50", "p90")}
    threefold = of(believed(estimates=tables()["estimates"].assign(**points),
                            projects=rows(PROJECT, {"exit_cost_k": 90.0, "salvage_k": 60.0})))
    assert threefold[money].tolist() == pytest.approx((3.0 * same[money].astype(float)).tolist())
    assert threefold["p_pays"] == pytest.approx(same["p_pays"])


def test_order_of_rows_changes_nothing_and_no_table_is_changed():
    several = rows(FOUND, {}, {"evidence_id": "V2", "estimate": 3.0, "month": "2025-10", "kind": "survey"},
                   {"evidence_id": "V3", "estimate": 2.5, "month": "2025-11"})
    given = tables(evidence=several)
    before = {name: frame.copy() for name, frame in given.items()}
    one = weigh_claims(given, period="2025-12")
    other = believed(evidence=several.iloc[[2, 0, 1]])
    pd.testing.assert_frame_equal(one.projects, other.projects)
    pd.testing.assert_frame_equal(one.claims, other.claims)
    assert all(given[name].equals(frame) for name, frame in before.items())


def test_the_same_evidence_under_another_id_counts_once_and_is_named():
    twice = believed(evidence=rows(FOUND, {}, {"evidence_id": "V2"}))
    pd.testing.assert_frame_equal(twice.projects, believed().projects)
    assert twice.left_out[["evidence_id", "reason"]].values.tolist() == [["V2", "the same as V1"]]
    assert "Left out: V2 (the same as V1)." in twice.summary()


def test_evidence_later_than_the_period_is_not_known_and_not_named():
    early = believed("2025-08")
    assert early.projects.empty
    assert early.left_out.empty
    assert early.summary() == ("No claim of a project to decide was measured by August 2025. Put claims into "
                               "benefit_map, and what is measured of them into evidence.")
    assert early.headline() == {"0": "claims were measured"}
    assert repr(early) == "<Beliefs August 2025: 0 claims of 0 projects measured; no verb changes>"
    assert early.factors.columns.tolist() == ["project_id", "factor", "sd_k"]
    assert "nothing to weigh" in early.plot().get_title(loc="left")
    plt.close("all")


def test_a_mandatory_project_goes_on_and_a_proposal_is_declined():
    must = of(believed(projects=rows(PROJECT, {"mandatory": True})))
    assert (must["verb"], must["flipped"], must["waiting_k"]) == ("keep", False, 0.0)
    assert must["sentence"].endswith("It is mandatory and goes on whatever it is worth.")
    proposed = of(believed(projects=rows(PROJECT, {"state": "proposed"})))
    assert (proposed["verb_before"], proposed["verb"]) == ("start", "decline")
    assert proposed["needed_k"] == pytest.approx(600)


def test_factors_for_the_estimates_are_never_below_nothing():
    worse = believed(evidence=rows(FOUND, {"estimate": -3.0}))
    assert of(worse)["factor"] < 0
    assert worse.factors.values.tolist() == [["P44", 0.0, pytest.approx(of(worse)["sd_k"])]]


@pytest.mark.parametrize(("changes", "reason"), [
    ({"benefit_map": rows(CLAIM, {"claimed_p10": 6.0, "claimed_p90": 6.0})}, "with p10 < p90"),
    ({"benefit_map": rows(CLAIM, {"claimed_p10": -1.0, "claimed_p50": 0.0})}, "got a middle of 0"),
    ({"evidence": rows(FOUND, {"standard_error": 0.0})}, "got a standard_error of 0"),
    ({"estimates": tables()["estimates"].assign(project_id="P9"), "projects": rows(PROJECT, {}, {"project_id": "P9"})},
     "has no known benefit"),
    ({"projects": rows(PROJECT, {"state": "done"}, {"project_id": "P9"})}, "its project is not to be decided"),
])
def test_evidence_that_cannot_be_weighed_is_left_out_by_name(changes, reason):
    beliefs = believed(**changes)
    assert beliefs.projects.empty
    assert reason in beliefs.left_out["reason"].iloc[0]
    assert "Left out: V1 (" in beliefs.summary()


def test_plain_frames_with_evidence_of_nobodys_claim_are_refused():
    with pytest.raises(SchemaError, match="evidence V1: retentoin_pp of PR4 is measured for P44, which does not claim "
                                          "it. It claims retention_pp. Did you mean 'retention_pp'"):
        believed(evidence=rows(FOUND, {"metric": "retentoin_pp"}))
    with pytest.raises(SchemaError, match=r"evidence row 0 \(V1\) column 'project_id': not in projects"):
        believed(evidence=rows(FOUND, {"project_id": "P99"}))
    with pytest.raises(SchemaError, match="another row has the same key"):
        believed(evidence=rows(FOUND, {}, {"estimate": 2.5}))


def test_missing_tables_are_named():
    without = {name: frame for name, frame in tables().items() if name not in ("benefit_map", "evidence")}
    assert "Put claims into benefit_map" in weigh_claims(without, period="2025-12").summary()
    assert weigh_claims(without, period="2025-12").flipped.empty
    with pytest.raises(MissingTableError, match="projects: missing"):
        weigh_claims({}, period="2025-12")
    with pytest.raises(MissingTableError, match="estimates, cash_flows: both missing"):
        weigh_claims({name: frame for name, frame in tables().items() if name != "estimates"}, period="2025-12")


@pytest.mark.parametrize(("options", "message"), [
    ({"unmeasured": "as claimd"}, "unmeasured: got 'as claimd', .* Did you mean 'as claimed'"),
    ({"factors": {"experiment": 0.0}}, "factors: got 0 for experiment, allowed 1 or more"),
])
def test_options_that_are_none_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        believed(options=options)


def test_the_answer_is_said_in_words_with_its_numbers():
    beliefs = believed()
    assert beliefs.summary() == (
        "By December 2025 1 claim of 1 project was measured: 427 thousand EUR of benefit expected, 1,104 before. "
        "Retention programme (P44): stop instead of keep; retention: +6.0 pp claimed, +2.0 pp measured (experiment), "
        "+2.3 pp expected, pays from +3.2 pp on. The chance that it pays is 6 %, and going on is worth 163 thousand "
        "EUR less than ending it. For none is one more month of data worth its delay.")
    assert beliefs.headline() == {
        "1 of 1": "measured projects are decided otherwise", "stop P44": "instead of keep, by what was measured",
        "-677": "thousand EUR of expected benefit, by what was measured"}
    assert repr(beliefs) == "<Beliefs December 2025: 1 claim of 1 project measured; stop P44>"
    assert beliefs.to_frame().equals(beliefs.projects)


def test_the_check_fails_where_a_belief_or_a_gain_is_wrong():
    beliefs = believed()
    assert beliefs.check().startswith("1 claim: what is believed lies between claim and measurement")
    assert believed("2025-08").check().startswith("0 claims")
    for wrong in ({"claims": beliefs.claims.assign(posterior_mean=9.0)},
                  {"projects": beliefs.projects.assign(gain_k=1.0)}):
        with pytest.raises(CheckError, match="beliefs: P44 got a belief outside claim and measurement"):
            dataclasses.replace(beliefs, **wrong).check()


def test_the_same_project_gets_the_same_answer_as_its_case(quillmark):
    case = weigh_evidence(quillmark, project_id="P44", period="2025-12")
    row = of(weigh_claims(quillmark, period="2025-12"))
    assert (row["gain_k"], row["verb"]) == (pytest.approx(case.gain_k), case.action)


def test_the_plan_made_of_what_is_believed_stops_p44(quillmark):
    beliefs = weigh_claims(quillmark, period="2025-12").projects.set_index("project_id")
    worth = rebalance(quillmark).actions.set_index("project_id")["value_on_k"]
    values = worth.add(beliefs["benefit_k"] - beliefs["prior_benefit_k"], fill_value=0.0)
    verbs = rebalance(quillmark, values=values).actions.set_index("project_id")["action"]
    assert verbs["P44"] == "stop"


def test_many_flips_are_named_in_short():
    ids = ["P44", "P45", "P46", "P47"]
    several = [{"project_id": name, "name": name} for name in ids]
    estimates = pd.concat([tables()["estimates"].assign(project_id=name) for name in ids])
    beliefs = believed(projects=rows(PROJECT, *several), benefit_map=rows(CLAIM, *({"project_id": n} for n in ids)),
                       estimates=estimates, evidence=rows(
                           FOUND, *({"project_id": name, "evidence_id": name} for name in ids)))
    assert "Decided otherwise too: P46, P47." in beliefs.summary()


def test_a_claim_that_came_true_leaves_the_benefit_as_it_is():
    true = of(believed(evidence=rows(FOUND, {"estimate": 6.0})))
    assert (true["factor"], true["verb"], true["flipped"]) == (pytest.approx(1.0), "keep", False)


def test_the_figure_shows_every_measured_claim_on_one_axis():
    beliefs = believed()
    ax = beliefs.plot()
    assert [text.get_text() for text in ax.texts] == ["+6.0 pp", "+2.0 pp", "+2.3 pp"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["P44 retention"]
    assert len({line.get_marker() for line in ax.lines} - {"None"}) == 3
    assert beliefs.intervals()["break_even"].tolist() == pytest.approx([53.442] * 3, abs=1e-3)
    _, own = plt.subplots()
    assert beliefs.plot(ax=own) is own
    plt.close("all")
