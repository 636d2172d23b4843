from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.product.experiments.power import visitors_needed
from pmlib.product.noise.plan import ExperimentPlan
from pmlib.product.noise.programmes import experiment_noise
from pmlib.product.noise.rules import BOTH, CORRECTED, EVERY_LOOK, ONCE, VALID, stops
from pmlib.product.noise.scores import answer_spread, answers_needed, chance_of_move, nps_noise
from pmlib.product.satisfaction import nps_of_counts, satisfaction_by_month
from pmlib.product.voice.score_chart import chart_score
from tests.conftest import ROOT
from tests.published.armitage import EVER_BELOW_5_PERCENT

T16 = {"promoters": 0.45, "detractors": 0.20}


def exact_sums(n: int, promoters: float, detractors: float) -> np.ndarray:
    """Chances of -n, ..., n promoters less detractors among n answers: the n-th power of a polynomial."""
    one = np.array([detractors, 1 - promoters - detractors, promoters])
    chances = np.ones(1)
    for _ in range(n):
        chances = np.convolve(chances, one)
    return chances


def exact_chance(move: float, answers: int, promoters: float, detractors: float) -> float:
    """Chance that two months lie ``move`` or more apart: every pair of Poisson counts and sums."""
    one = np.array([detractors, 1 - promoters - detractors, promoters])
    scores, chances, power = [], [], np.ones(1)
    for n in range(1, int(answers + 6 * math.sqrt(answers))):
        power = np.convolve(power, one)
        scores.append(100 * np.arange(-n, n + 1) / n)
        chances.append(power * stats.poisson.pmf(n, answers))
    score, chance = np.concatenate(scores), np.concatenate(chances)
    order = np.argsort(score)
    score, below = score[order], np.concatenate([[0.0], np.cumsum(chance[order])])
    return float(2 * (chance[order] * below[np.searchsorted(score, score - move + 1e-9, side="right")]).sum())


def test_the_spread_of_an_answer_is_that_of_the_multinomial():
    for up, down in ((0.45, 0.20), (0.1, 0.6), (0.3, 0.3)):
        values, chances = np.array([100, 0, -100]), np.array([up, 1 - up - down, down])
        variance = chances @ values**2 - (chances @ values) ** 2
        assert answer_spread(up, down) == pytest.approx(math.sqrt(variance))


def test_the_planted_product_moves_five_points_in_64_percent_of_months_and_is_known_to_15():
    noise = nps_noise(**T16, answers=100)
    assert noise.truth == pytest.approx(25)
    assert noise.half_width == pytest.approx(15, abs=0.05)
    assert noise.chance == pytest.approx(0.64, abs=0.005)
    assert noise.simulated == pytest.approx(0.64, abs=0.015)


def test_the_sample_company_s_quiet_product_moved_as_often_as_chance_does():
    planted = json.loads((ROOT / "data/quillmark/truth.json").read_text(encoding="utf-8"))["truths"]["T16"]["PR2"]
    assert planted["moves_of_5_or_more_pct"] / 100 == pytest.approx(
        chance_of_move(5, answers=100, spread=answer_spread(**T16)), abs=2 * math.sqrt(0.64 * 0.36 / 35))


@pytest.mark.parametrize(("move", "answers", "shares"), [(5, 100, (0.45, 0.2)), (5, 400, (0.45, 0.2)),
                                                         (10, 60, (0.2, 0.5)), (3, 200, (0.7, 0.05))])
def test_the_normal_chance_of_a_move_is_the_exact_one_within_a_point_and_so_is_the_simulated_share(
    move, answers, shares,
):
    exact = exact_chance(move, answers, *shares)
    noise = nps_noise(promoters=shares[0], detractors=shares[1], answers=answers, move=move, seed=4)
    assert noise.chance == pytest.approx(exact, abs=0.012)
    assert noise.simulated == pytest.approx(exact, abs=0.015)


def test_the_interval_holds_the_truth_95_percent_of_the_time_summed_exactly_and_drawn():
    n, up, down = 100, 0.45, 0.20
    covered = 0.0
    for promoters in range(n + 1):
        detractors = np.arange(n - promoters + 1)
        chance = stats.multinomial.pmf(
            np.column_stack([np.full(len(detractors), promoters), detractors, n - promoters - detractors]), n,
            [up, down, 1 - up - down])
        likely = chance > 1e-9
        for few, one in zip(detractors[likely].tolist(), chance[likely].tolist(), strict=True):
            score = nps_of_counts({10: promoters, 3: few, 8: n - promoters - few})
            covered += one * (score.low <= 25 <= score.high)
    assert covered == pytest.approx(0.95, abs=0.012)
    drawn = np.concatenate([nps_noise(**T16, months=120, seed=seed).months["covers"] for seed in range(5)])
    assert drawn.mean() == pytest.approx(covered, abs=3 * math.sqrt(0.05 * 0.95 / len(drawn)))


def test_the_answers_needed_give_the_power_and_one_fewer_does_not():
    spread = answer_spread(**T16)
    n = answers_needed(10, spread=spread)
    power = [stats.norm.cdf(10 / (spread * math.sqrt(2 / size)) - stats.norm.ppf(0.975)) for size in (n - 1, n)]
    assert power[0] < 0.8 <= power[1]
    assert nps_noise(**T16, answers=n).detectable == pytest.approx(10, abs=0.01)
    assert nps_noise(**T16).needed.set_index("move")["answers"][10.0] == n


def test_a_true_change_is_shown_four_times_in_five_with_the_answers_needed():
    rng, n = np.random.default_rng(3), answers_needed(10, spread=answer_spread(**T16))
    before, after = (rng.multinomial(n, shares, 20_000) / n for shares in ([0.45, 0.2, 0.35], [0.5, 0.15, 0.35]))
    gap = (after - before) @ [1, -1, 0]
    errors = [month @ [1, 1, 0] - (month @ [1, -1, 0]) ** 2 for month in (before, after)]
    # The later month spreads a little less than the one planned with.
    assert (np.abs(gap) > 1.96 * np.sqrt(sum(errors) / n)).mean() == pytest.approx(0.82, abs=0.02)


def test_the_months_and_the_limits_are_those_the_room_gives_the_same_answers():
    noise = nps_noise(**T16, seed=8)
    tables, last = {"surveys": noise.surveys()}, 2025 * 12 + 12
    months = satisfaction_by_month(tables, period=last).months
    for name in ("value", "low", "high", "n"):
        assert noise.months[name].tolist() == pytest.approx(months[name].tolist())
    chart = chart_score(tables, period=last, months=24)
    assert (noise.months["limit_high"].isna() == chart.months["limit_high"].isna()).all()
    # The limits are shuffled, so they agree but for the luck of 4,000 shuffles.
    gap = (noise.months["limit_high"] - noise.months["limit_low"]) / (
        chart.months["limit_high"] - chart.months["limit_low"])
    assert gap.dropna().to_numpy() == pytest.approx(1, abs=0.05)
    assert bool(noise.months["outside"].any()) == bool(chart.products["signal_month"].iloc[0] > 0)


def test_the_chart_seldom_signals_while_moves_are_reported_all_the_time():
    drawn = [nps_noise(**T16, seed=seed).months for seed in range(15)]
    assert sum(months["outside"].any() for months in drawn) <= 3
    assert all(months["reported"].sum() > 6 for months in drawn)


def test_a_seed_gives_the_same_months_again_and_another_seed_others():
    one, again, other = (nps_noise(seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one.to_frame(), again.to_frame())
    assert one.simulated == again.simulated
    assert one.months["value"].tolist() != other.months["value"].tolist()


def test_the_first_month_moved_from_nothing_and_reports_nothing():
    months = nps_noise(move=0.001).months
    assert math.isnan(months["moved"].iloc[0])
    assert not months["reported"].iloc[0]
    assert months["reported"].iloc[1:].mean() > 0.8


def test_the_summary_says_what_is_true_what_chance_does_and_what_a_real_move_takes():
    told = nps_noise(**T16).summary()
    for words in ("The true score is 25 in every month", "within 15 points either way", "in 64 % of months",
                  "from 30 points on", "it takes 3,689 answers a month", "The control chart"):
        assert words in told
    assert list(nps_noise(**T16).headline()) == ["± 15 points", "64 %", "3,689"]


def test_a_signal_of_the_chart_is_called_the_false_alarm_it_is():
    noise = nps_noise(**T16, seed=5)
    month = noise.months.loc[noise.months["outside"], "month"].iloc[0]
    assert f"signals month {month}: the false alarm that 1 chart in 20 gives." in noise.summary()


@pytest.mark.parametrize(("options", "message"), [
    ({"promoters": 1.2}, "promoters: got 1.2, allowed above 0 and below 1"),
    ({"promoters": 0.7, "detractors": 0.4}, "got 0.7 and 0.4, allowed together 1 at most. Lower one of them"),
    ({"answers": 5}, "answers: got 5, allowed 20 to 100,000, a whole number"),
    ({"answers": 50.5}, "answers: got 50.5"), ({"answers": "many"}, "answers: got 'many'"),
    ({"months": 3}, "months: got 3, allowed 6 to 120"), ({"move": 0}, "move: got 0, allowed above 0 to 200 points"),
    ({"seed": -1}, "seed: got -1, allowed 0 or more"),
])
def test_what_cannot_be_drawn_of_a_score_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        nps_noise(**options)


def test_shares_that_leave_no_passives_are_drawn():
    assert nps_noise(promoters=0.8, detractors=0.2).truth == pytest.approx(60)


NULLS = ExperimentPlan(tests=40, share_real=0.0)


def test_a_test_without_effect_read_once_errs_five_percent_of_the_time():
    noise = experiment_noise(NULLS, draws=500)
    assert noise.rule(ONCE)["null_share"] == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 20_000))
    assert EVERY_LOOK not in noise.rules["rule"].tolist()


@pytest.mark.parametrize("looks", [2, 5, 10])
def test_peeking_errs_as_often_as_armitage_1969_table_2(looks):
    plan = ExperimentPlan(tests=40, share_real=0.0, visitors_per_arm=40_000, looks=looks)
    row, theory = experiment_noise(plan, draws=300).rule(EVERY_LOOK), EVER_BELOW_5_PERCENT[looks]
    assert row["null_theory_share"] == pytest.approx(theory, abs=6e-4)
    assert row["null_share"] == pytest.approx(theory, abs=3 * math.sqrt(theory * (1 - theory) / 12_000))


def test_seventeen_tests_without_effect_find_something_58_percent_of_the_time():
    plan = ExperimentPlan(tests=20, share_real=0.15)
    assert plan.tests - plan.real == 17
    row = experiment_noise(plan, draws=2_000).rule(ONCE)
    assert row["any_theory_share"] == pytest.approx(1 - 0.95**17)
    assert row["any_false_share"] == pytest.approx(0.582, abs=3 * math.sqrt(0.58 * 0.42 / 2_000))


def test_a_real_effect_is_found_four_times_in_five_with_the_visitors_needed():
    plan = ExperimentPlan(tests=40, share_real=1.0, lift_pp=0.8, visitors_per_arm=visitors_needed(0.10, 0.008))
    found = experiment_noise(plan, draws=200).rule(ONCE)["real_share"]
    assert found == pytest.approx(0.8, abs=3 * math.sqrt(0.8 * 0.2 / 8_000))


def test_the_winner_s_curse_is_the_mean_of_the_normal_beyond_the_critical_value():
    plan = ExperimentPlan(tests=40, share_real=1.0, lift_pp=0.8, visitors_per_arm=10_000)
    row = experiment_noise(plan, draws=400).rule(ONCE)
    error = 100 * math.sqrt((0.10 * 0.90 + 0.108 * 0.892) / 10_000)
    ends = np.array([1, -1]) * stats.norm.ppf(0.975) - 0.8 / error
    power = stats.norm.sf(ends[0]) + stats.norm.cdf(ends[1])
    beyond = 0.8 + error * (stats.norm.pdf(ends[0]) - stats.norm.pdf(ends[1])) / power
    assert row["real_share"] == pytest.approx(power, abs=0.02)
    assert row["found_pp"] == pytest.approx(beyond, abs=0.02)
    assert beyond > 1.1


def test_benjamini_and_hochberg_s_rate_of_false_findings_is_their_theorem_s():
    # independent tests: exactly q * m0 / m, whatever the effects
    plan = ExperimentPlan(tests=20, share_real=0.5, lift_pp=1.5, visitors_per_arm=10_000)
    rows = experiment_noise(plan, draws=3_000, seed=2)
    assert rows.rule(CORRECTED)["false_share"] == pytest.approx(0.05 * 0.5, abs=0.004)
    assert rows.rule(CORRECTED)["false_share"] < rows.rule(ONCE)["false_share"]


def test_the_always_valid_p_may_be_looked_at_every_day_and_corrected_it_leaves_one_in_twenty_false_at_most():
    plan = ExperimentPlan(tests=20, share_real=0.15, visitors_per_arm=58_800, looks=14)
    noise = experiment_noise(plan, draws=400)
    assert noise.rule(VALID)["null_share"] <= 0.05
    assert noise.rule(BOTH)["false_share"] <= 0.05
    assert noise.rule(EVERY_LOOK)["null_share"] > 0.2
    # T20: with 4,200 new visitors per arm and day the real ones are found all the same
    assert noise.rule(BOTH)["real_share"] > 0.75


def test_the_tests_of_one_programme_are_corrected_as_scipy_does():
    tests = experiment_noise(ExperimentPlan(tests=40)).tests
    assert tests["p_corrected"].tolist() == pytest.approx(stats.false_discovery_control(tests["p"]).tolist())
    assert (tests["found"] == (tests["p"] < 0.05)).all()
    assert (tests["false"] == (tests["found"] & (tests["true_pp"] == 0))).all()
    assert (tests["shrunken_pp"].abs().max() < tests["effect_pp"].abs().max())


def test_who_peeks_stops_at_the_first_p_below_five_percent():
    assert stops(np.array([[0.6, 0.04, 0.01], [0.6, 0.5, 0.4], [0.04, 0.9, 0.9]])).tolist() == [1, 2, 0]
    tests = experiment_noise(ExperimentPlan(looks=14)).tests
    assert (tests.loc[~tests["found"], "look"] == 14).all()
    assert (tests["visitors"] == 10_000 * tests["look"] // 14).all()


def test_a_seed_gives_the_same_programme_again_however_many_are_drawn():
    one, more, other = (experiment_noise(ExperimentPlan(looks=3), seed=seed, draws=draws)
                        for seed, draws in ((3, 20), (3, 60), (4, 20)))
    pd.testing.assert_frame_equal(one.tests, more.tests)
    assert one.tests["effect_pp"].tolist() != other.tests["effect_pp"].tolist()


def test_where_nothing_works_everything_found_is_false():
    for plan in (NULLS, ExperimentPlan(lift_pp=0.0)):
        noise = experiment_noise(plan, draws=100)
        assert plan.real == 0
        assert (noise.tests["found"] == noise.tests["false"]).all()
        row = noise.rule(ONCE)
        assert row["any_false_share"] == row["false_share"]
        assert math.isnan(row["real_share"]) and "Real effects" not in noise.summary()
        assert "pp" not in "".join(noise.headline())


def test_where_everything_works_nothing_is_false():
    noise = experiment_noise(ExperimentPlan(tests=3, share_real=1.0, lift_pp=-2.0), draws=50)
    assert noise.rules["false_share"].tolist() == [0.0] * len(noise.rules)
    assert noise.tests["shrunken_pp"].isna().all()
    assert "truly move conversion by -2.00 pp" in noise.summary()
    assert list(noise.headline()) == [f"{noise.naive['found_pp']:+.2f} pp"]


def test_the_summary_names_the_false_ones_and_what_each_remedy_leaves():
    noise = experiment_noise(ExperimentPlan(looks=14))
    told, false = noise.summary(), noise.tests.loc[noise.tests["false"], "test_id"]
    assert len(false) > 0 and all(name in told for name in false)
    for words in ("each is read 14 times", "(theory 22 %)", "one or more of 17 (theory 99 %)", "Benjamini-Hochberg: ",
                  "The always-valid p: ", "Both together: "):
        assert words in told
    assert repr(noise).startswith("<ExperimentNoise: 3 of 20 tests real")


@pytest.mark.parametrize(("options", "message"), [
    ({"tests": 0}, "tests: got 0, allowed 1 to 40"), ({"looks": 1.5}, "looks: got 1.5, allowed 1 to 30"),
    ({"share_real": 1.2}, "share_real: got 1.2, allowed 0 to 1. Use 0.15"),
    ({"base": 0}, "base: got 0, allowed above 0 and below 1"),
    ({"lift_pp": -10}, "lift_pp: got -10 on a base of 0.1, allowed what leaves the rate within 0-1"),
    ({"visitors_per_arm": 1_000, "looks": 28}, "got 1000, allowed 2,800 .* look less often"),
])
def test_what_is_no_programme_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        ExperimentPlan(**options)


def test_too_few_and_too_many_draws_are_refused():
    with pytest.raises(ParameterError, match="draws: got 5, allowed 20 to 3,000"):
        experiment_noise(draws=5)
