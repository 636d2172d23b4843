"""The risk register as exposure: expected impacts by hand, spreads by closed form, responses that pay."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio.risk.factors import INDEPENDENT, Correlation
from pmlib.portfolio.risk.register import exposure

PROJECTS = {"P1": {"benefit_pv_k": (1200.0,) * 3, "cost_k": (10.0,) * 3, "p_success": (0.5,) * 3},
            "P2": {"benefit_pv_k": (500.0,) * 3, "cost_k": (10.0,) * 3}}
RISKS = [
    ("K1", "P1", 0.5, 30.0, 40.0, 80.0, "money", "supplier", 10.0, 0.6),
    ("K2", "P2", 0.2, 100.0, 100.0, 100.0, "money", "supplier", 15.0, 0.5),
    ("K3", "P1", 0.5, 1.0, 2.0, 3.0, "months", "people", 1.0, 0.5),
    ("K4", "P2", 0.1, 0.0, 0.0, 30.0, "money", "", 0.0, 0.0),
]


@pytest.fixture
def tables(small_book):
    book = small_book(PROJECTS, RISKS)
    day = pd.Timestamp("2025-12-31")
    return {**book, "workbook": pd.DataFrame({"name": ["T"], "currency": ["CHF"], "as_of": [day]})}


def _row(frame, column, name):
    return frame[frame[column] == name].iloc[0]


def test_a_risk_costs_probability_times_the_mean_of_its_triangle(tables):
    risks = exposure(tables).risks.set_index("risk_id")
    assert risks.loc["K1", "expected_k"] == pytest.approx(0.5 * 50)
    assert risks.loc["K2", "expected_k"] == pytest.approx(20)
    assert risks.loc["K4", "expected_k"] == pytest.approx(1)


def test_a_month_costs_what_the_expected_benefit_loses_by_coming_later(tables):
    month_k = 0.5 * 1200 * (1 - 1.08 ** (-1 / 12))
    row = exposure(tables).risks.set_index("risk_id").loc["K3"]
    assert row["expected"] == pytest.approx(1.0) and row["expected_k"] == pytest.approx(month_k)


def test_a_response_is_worth_it_when_it_takes_away_more_than_it_costs(tables):
    risks = exposure(tables).risks.set_index("risk_id")
    assert risks["response"].to_dict() == {"K1": "worth it", "K2": "not worth it", "K3": "worth it",
                                           "K4": "none planned"}
    assert risks.loc["K1", "net_k"] == pytest.approx(25 * 0.6 - 10)
    assert risks.loc["K2", "net_k"] == pytest.approx(20 * 0.5 - 15)
    assert math.isnan(risks.loc["K4", "net_k"])


def test_factors_and_projects_add_up_to_the_register(tables):
    found = exposure(tables)
    for frame in (found.by_factor, found.by_project):
        assert frame["expected_k"].sum() == pytest.approx(found.expected_k)
        assert frame["n"].sum() == 4
    supplier = _row(found.by_factor, "factor", "supplier")
    assert supplier["money_k"] == pytest.approx(45) and supplier["months"] == 0
    assert _row(found.by_factor, "factor", "people")["months"] == pytest.approx(1)
    assert found.by_factor["factor"].iloc[0] == "supplier"


def test_the_spread_of_independent_risks_is_the_root_of_summed_variances(tables):
    found = exposure(tables, correlation=INDEPENDENT)
    triangle = (30**2 + 40**2 + 80**2 - 30 * 40 - 30 * 80 - 40 * 80) / 18
    first = 0.5 * (triangle + 50**2) - 25**2
    second = 0.2 * 100**2 - 20**2
    assert _row(found.by_factor, "factor", "supplier")["spread_k"] == pytest.approx(math.sqrt(first + second))
    assert found.spread_k == found.independent_spread_k


def test_risks_of_one_factor_spread_wider_by_the_chance_that_both_happen(tables):
    found = exposure(tables, correlation=Correlation(risks=0.5))
    # Simulated: two thresholds on scores that share half their variance.
    rng = np.random.default_rng(3)
    shared, one, two = rng.standard_normal((3, 400_000))
    both = np.mean((math.sqrt(0.5) * (shared + one) > 0) & (math.sqrt(0.5) * (shared + two) > norm.ppf(0.8)))
    wider = 2 * (both - 0.1) * 50 * 100
    row = _row(found.by_factor, "factor", "supplier")
    assert row["spread_k"] ** 2 - row["independent_spread_k"] ** 2 == pytest.approx(wider, rel=0.05)


def test_only_the_projects_asked_for_count(tables):
    assert set(exposure(tables, projects=["P2"]).risks["project_id"]) == {"P2"}


def test_months_without_a_known_benefit_count_in_months_only(tables):
    found = exposure({**{name: tables[name] for name in ("projects", "risks")}})
    assert math.isnan(found.risks.set_index("risk_id").loc["K3", "expected_k"])
    assert found.risks.set_index("risk_id").loc["K3", "response"] == "unknown"
    assert found.notes == ("1 risk of P1 costs months whose price is not known: it counts in months only.",)
    assert found.expected_k == pytest.approx(46)


def test_it_says_what_it_found(tables):
    found = exposure(tables)
    assert "4 risks are expected to cost 50 thousand CHF" in found.summary()
    assert "Supplier carries most: 45. 2 of 3 planned responses are worth it: 11 spent saves 17." in found.summary()
    assert repr(found) == "<Exposure: 4 risks, 50 thousand CHF expected; supplier carries most>"
    assert list(found.headline()) == ["50", "45", "+6"]
    assert found.to_frame()["risk_id"].tolist() == ["K1", "K2", "K3", "K4"]


def test_an_empty_register_has_no_exposure(tables):
    found = exposure({**tables, "risks": tables["risks"].head(0)})
    assert found.expected_k == 0 and found.summary() == "The register holds no risk of these projects."


def test_a_rate_outside_0_to_1_is_refused(tables):
    with pytest.raises(ParameterError, match=r"discount_rate: got 1.5"):
        exposure(tables, discount_rate=1.5)


def test_without_a_register_it_says_so(tables):
    with pytest.raises(MissingTableError, match=r"risks: missing"):
        exposure({"projects": tables["projects"]})


def test_an_unknown_project_is_refused(tables):
    with pytest.raises(ParameterError, match=r"projects: 'P3' is not to be decided. Known: P1, P2"):
        exposure(tables, projects=["P3"])


@pytest.mark.parametrize("column, got, message", [
    ("probability", 1.5, r"risks row 0 \(K1\) column 'probability': not allowed, got 1.5, allowed number 0 to 1"),
    ("probability", -0.1, r"got -0.1, allowed number 0 to 1"),
    ("probability", math.nan, r"'probability': empty"),
    ("impact_low", 60.0, r"impact_low exceeds impact_mode, got 60.0, allowed impact_low <= impact_mode <= impact_high"),
    ("impact_high", math.inf, r"'impact_high': no usable number, got inf"),
    ("impact_low", -5.0, r"'impact_low': not allowed, got -5.0, allowed number, 0 or more"),
    ("response_effect", 1.1, r"'response_effect': not allowed, got 1.1"),
    ("response_cost_k", -1.0, r"'response_cost_k': not allowed, got -1"),
    ("unit", "weeks", r"'unit': not allowed, got 'weeks', allowed money, months"),
    ("project_id", "P9", r"'project_id': not in projects, got 'P9'.*Known: P1, P2"),
    ("risk_id", "K2", r"'risk_id': another row has the same key, got 'K2'"),
])
def test_a_risk_that_contradicts_itself_is_refused(tables, column, got, message):
    risks = tables["risks"].copy()
    risks.loc[0, column] = got
    with pytest.raises(SchemaError, match=message):
        exposure({**tables, "risks": risks})


def test_a_register_without_a_column_is_refused(tables):
    with pytest.raises(SchemaError, match=r"risks: required column 'probability' is missing"):
        exposure({**tables, "risks": tables["risks"].drop(columns=["probability", "impact_high"])})


@pytest.mark.parametrize("options, message", [
    ({"projects": "P1"}, r"projects: got 'P1', allowed a list of project_id. Pass \['P1'\]"),
    ({"projects": 5}, r"projects: got 5, allowed a list"),
    ({"projects": [None]}, r"projects: None is not to be decided"),
    ({"correlation": 0.5}, r"correlation: got float, allowed a Correlation"),
])
def test_what_is_no_option_is_refused(tables, options, message):
    with pytest.raises(ParameterError, match=message):
        exposure(tables, **options)


def test_what_is_no_table_is_refused():
    with pytest.raises(SchemaError, match=r"tables: got tuple, allowed a mapping"):
        exposure(("P1",))


def test_one_risk_without_a_price_is_said_in_the_singular_and_not_counted_as_nothing(tables):
    found = exposure({name: tables[name] for name in ("projects", "risks")}, projects=["P1"])
    assert found.summary().endswith("1 risk of P1 costs months whose price is not known: it counts in months only.")
    one = {**tables, "risks": tables["risks"].iloc[[3]]}
    assert "1 risk is expected to cost 1" in exposure(one).summary()
    assert exposure(one).summary().endswith("No response is planned.")
    assert list(exposure(one).headline()) == ["1", "+0"]
