"""What delay costs, and the order in which jobs wait least."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError, SchemaError
from pmlib.scoring.money.delay import Urgency, cheapest_order, cost_of_delay
from tests.published.arnold_ice_cream import BEFORE, CD3, JOBS, SOLD_MACHINE_FIRST, SOLD_SPOON_FIRST


def _jobs(pairs):
    costs, months = zip(*pairs, strict=True)
    return pd.DataFrame({"project_id": [f"J{i}" for i in range(len(pairs))], "cost_of_delay_k": costs,
                         "duration_months": months})  # fmt: skip


def test_the_ice_cream_stand_builds_its_machine_first():
    jobs = pd.DataFrame([(name, *pair) for name, pair in JOBS.items()],
                        columns=["project_id", "cost_of_delay_k", "duration_months"])  # fmt: skip
    answer = cheapest_order(jobs)
    table = answer.to_frame()
    assert table["project_id"].to_list() == ["machine", "spoon"]
    assert dict(zip(table["project_id"], table["cd3"], strict=True)) == CD3
    # Six weeks with everything in place, less what waiting costs.
    in_place = 6 * (BEFORE + sum(gain for gain, _ in JOBS.values()))
    assert in_place - answer.total_k == SOLD_MACHINE_FIRST
    assert in_place - answer.listed_k == SOLD_SPOON_FIRST


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12)), min_size=1, max_size=6))
def test_no_other_order_costs_less(pairs):
    def total(order):
        finish = np.cumsum([pairs[i][1] for i in order])
        return sum(pairs[i][0] * end for i, end in zip(order, finish, strict=True))

    answer = cheapest_order(_jobs(pairs))
    assert answer.total_k == pytest.approx(min(map(total, itertools.permutations(range(len(pairs))))))
    assert answer.listed_k == total(range(len(pairs)))


def test_ties_go_by_id_and_the_table_adds_up():
    answer = cheapest_order(_jobs([(2.0, 2.0), (1.0, 1.0), (9.0, 3.0)]))
    table = answer.to_frame()
    assert table["project_id"].to_list() == ["J2", "J0", "J1"]
    assert table["start_months"].to_list() == [0.0, 3.0, 5.0]
    assert table["finish_months"].to_list() == [3.0, 5.0, 6.0]
    assert table["delay_k"].to_list() == [27.0, 10.0, 6.0]
    assert answer.summary() == ("J2 first: one after the other, the 3 jobs cost 43.0 thousand EUR by waiting, 18.0 "
                                "(30 %) less than as listed.")  # fmt: skip
    assert repr(answer) == "<WaitingOrder: 3 jobs, J2 first, 43.0 kEUR of delay>"
    assert list(answer.headline()) == ["43.0 k", "18.0 k"]


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        (_jobs([(1.0, 0.0)]), "jobs: duration_months of J0 is 0.0, allowed above 0"),
        (_jobs([(-1.0, 1.0)]), "jobs: cost_of_delay_k of J0 is -1.0, allowed 0 or more"),
        (_jobs([(None, 1.0)]), "jobs: cost_of_delay_k of J0 is nan, allowed 0 or more"),
        (_jobs([(1.0, float("inf"))]), "jobs: duration_months of J0 is inf, allowed above 0"),
        (_jobs([(1.0, 1.0)]).head(0), "jobs: got no row, allowed 1 or more jobs"),
        (pd.concat([_jobs([(1.0, 1.0)])] * 2), "jobs: got J0 twice, allowed 1 or more jobs, each once"),
        (_jobs([(1.0, 1.0)]).rename(columns={"duration_months": "duration"}),
         "column 'duration_months' is missing. .* Did you mean 'duration'"),
    ],
)  # fmt: skip
def test_a_bad_job_is_refused_by_name(jobs, message):
    with pytest.raises(SchemaError, match=message):
        cheapest_order(jobs)


def test_where_the_window_ends_the_last_months_are_lost():
    lost = cost_of_delay([5.0, 10.0, 10.0, 4.0], months=5, rate=0.0).to_frame()["lost_k"]
    assert lost.to_list() == [0.0, 4.0, 14.0, 24.0, 29.0, 29.0]


@pytest.mark.parametrize("rate", [0.0, 0.08, 0.5])
def test_where_nothing_else_happens_only_the_wait_costs(rate):
    table = cost_of_delay([0.0, 10.0, 20.0], months=12, urgency="unaffected", rate=rate).to_frame()
    on_time = table["benefit_pv_k"].iloc[0]
    assert on_time == pytest.approx(10 * (1 + rate) ** (-1.5 / 12) + 20 * (1 + rate) ** (-2.5 / 12))
    assert table["lost_k"].iloc[-1] == pytest.approx(on_time * (1 - 1 / (1 + rate)))


def test_a_lower_peak_is_lost_on_top_of_the_window():
    window = cost_of_delay([10.0] * 10, months=4, rate=0.1).to_frame()["benefit_pv_k"]
    peak = cost_of_delay([10.0] * 10, months=4, rate=0.1, urgency=Urgency.PEAK_AFFECTED, peak_loss=0.3).to_frame()
    assert np.allclose(peak["benefit_pv_k"], window * [1.0, 0.7, 0.4, 0.1, 0.0])
    assert peak["lost_share"].iloc[-1] == 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.sampled_from([0.0, 0.1]))
def test_a_month_later_never_costs_less_and_urgency_never_helps(benefits, rate):
    profiles = [cost_of_delay([float(money) for money in benefits], months=6, urgency=urgency, rate=rate,
                              peak_loss=0.05 * (urgency is Urgency.PEAK_AFFECTED)).to_frame()["lost_k"]
                for urgency in Urgency]  # fmt: skip
    for mild, urgent in itertools.pairwise(profiles):
        assert (urgent >= mild - 1e-9).all()
    for lost in profiles:
        assert (lost.diff().dropna() >= -1e-9).all()


def test_no_benefit_loses_nothing_and_has_no_share():
    table = cost_of_delay([0.0], months=1).to_frame()
    assert table["lost_k"].to_list() == [0.0, 0.0]
    assert table["lost_share"].isna().all()


def test_words_carry_the_figures():
    late = cost_of_delay([10.0, 20.0, 20.0, 20.0], months=2, rate=0.0)
    assert late.summary() == ("The first month of delay costs 20.0 thousand EUR, 2 months cost 40.0, 57 % of the "
                              "benefit (window ends; discounted at 0 %).")  # fmt: skip
    assert repr(late) == "<CostOfDelay: 20.0 kEUR a month over 2 months; window ends>"
    assert list(late.headline()) == ["20.0 k", "40.0 k"]
    assert late.to_frame()["lost_this_month_k"].to_list() == [0.0, 20.0, 20.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"months": 0}, "months: got 0, allowed a whole number of 1 or more"),
        ({"months": 1.5}, "months: got 1.5, allowed a whole number of 1 or more"),
        ({"rate": -1.0}, "rate: got -1.0, allowed a finite share above -1"),
        ({"urgency": "window end"}, "urgency: got 'window end'. .*Did you mean 'window ends'"),
        ({"peak_loss": 0.1}, "peak_loss: got 0.1, allowed 0 with urgency window ends"),
        ({"urgency": "peak affected"}, "peak_loss: got 0.0, allowed above 0 and at most 1"),
        ({"urgency": "peak affected", "peak_loss": 5}, "peak_loss: got 5, allowed above 0 and at most 1"),
    ],
)
def test_an_option_out_of_bounds_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        cost_of_delay([1.0], **{"months": 1} | options)


def test_a_month_without_a_number_is_refused():
    with pytest.raises(ParameterError, match="got nan in month 0, .* Write 0 for a month without money"):
        cost_of_delay([float("nan")], months=1)


@pytest.mark.parametrize("months", [None, "2", 2.5, True, float("nan"), 10**30])
def test_months_that_are_no_usable_number_are_refused(months):
    with pytest.raises(ParameterError, match=r"months: got .*, allowed a whole number of 1 or more, at most 1,200"):
        cost_of_delay([1.0], months=months)


@pytest.mark.parametrize("options", [{"peak_loss": None}, {"peak_loss": "5 %"}, {"peak_loss": True}])
def test_a_peak_loss_that_is_no_number_is_refused(options):
    with pytest.raises(ParameterError, match=r"peak_loss: got .*, allowed above 0 and at most 1"):
        cost_of_delay([1.0], months=1, urgency="peak affected", **options)


@pytest.mark.parametrize("jobs", [None, [1], {"project_id": ["A"]}])
def test_jobs_that_are_no_frame_are_refused(jobs):
    with pytest.raises(ParameterError, match=r"jobs: got a .*, allowed a DataFrame"):
        cheapest_order(jobs)
