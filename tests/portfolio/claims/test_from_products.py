"""Results of products as rows of evidence: plain numbers in, the same result never twice."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from scipy.stats import norm

from pmlib.errors import ParameterError
from pmlib.months import parse_month
from pmlib.portfolio.claims.beliefs import weigh_claims
from pmlib.portfolio.claims.from_products import (
    Measured,
    evidence_row,
    from_before_after,
    from_experiment,
    from_interval,
    with_evidence,
)
from tests.portfolio.claims.conftest import tables

CLAIM = {"project_id": "P44", "product_id": "PR4", "metric": "retention_pp"}
RESULT = {"estimate": 2.0, "standard_error": 0.6, "n": 4800, "month": "2025-09", "kind": "experiment"}


def test_an_interval_gives_its_standard_error_back():
    half = norm.ppf(0.975) * 0.6
    found = from_interval(2.0, low=2.0 - half, high=2.0 + half, month="2025-09", kind="difference in differences", n=24)
    assert found.standard_error == pytest.approx(0.6)
    assert (found.estimate, found.kind, found.n) == (2.0, "difference in differences", 24)


def test_two_arms_give_their_difference_in_points():
    found = from_experiment((300, 1000), (250, 1000), month="2025-09")
    assert found.estimate == pytest.approx(5.0)
    assert found.standard_error == pytest.approx(100 * (0.3 * 0.7 / 1000 + 0.25 * 0.75 / 1000) ** 0.5)
    assert (found.n, found.kind) == (2000, "experiment")


def test_before_and_after_add_their_variances():
    found = from_before_after((30.0, 3.0), (36.0, 4.0), month="2025-09")
    assert (found.estimate, found.standard_error, found.kind) == (6.0, 5.0, "before and after")


@pytest.mark.parametrize("result", [RESULT, SimpleNamespace(**RESULT), Measured(**RESULT)])
def test_a_mapping_an_object_and_a_measurement_give_the_same_row(result):
    row = evidence_row(result, **CLAIM)
    assert row.drop(columns="evidence_id").iloc[0].to_dict() == CLAIM | RESULT | {"month": parse_month("2025-09")}
    assert row["evidence_id"].iloc[0] == evidence_row(RESULT | {"month": parse_month("2025-09")}, **CLAIM)[
        "evidence_id"].iloc[0]


def test_the_same_result_is_never_entered_twice():
    row, other = evidence_row(RESULT, **CLAIM), evidence_row(RESULT | {"month": "2025-10"}, **CLAIM)
    given = {name: frame for name, frame in tables().items() if name != "evidence"}
    once = with_evidence(given, [row])
    assert len(with_evidence(once, [row, row, other])["evidence"]) == 2
    assert "evidence" not in given
    assert with_evidence(given, []) == given
    assert weigh_claims(once, period="2025-12").projects["verb"].tolist() == ["stop"]
    pd.testing.assert_frame_equal(weigh_claims(with_evidence(once, [row]), period="2025-12").projects,
                                  weigh_claims(once, period="2025-12").projects)


def test_a_result_that_the_sample_company_has_already_is_not_added(quillmark):
    known = quillmark["evidence"].iloc[0]
    row = evidence_row(known.to_dict(), **known[["project_id", "product_id", "metric"]].to_dict())
    assert len(with_evidence(quillmark, [row])["evidence"]) == len(quillmark["evidence"])


@pytest.mark.parametrize(("make", "message"), [
    (lambda: from_interval(2.0, low=2.5, high=3.0, month="2025-09", kind="survey"), "interval: got 2 with 2.5 to 3"),
    (lambda: from_interval(2.0, low=2.0, high=2.0, month="2025-09", kind="survey"), "allowed low <= value <= high"),
    (lambda: from_interval(2.0, low=float("nan"), high=3.0, month="2025-09", kind="survey"), "low: got nan"),
    (lambda: from_experiment((11, 10), (1, 10), month="2025-09"), "treated: got 11 successes in 10 trials"),
    (lambda: from_experiment((1, 10), (0, 0), month="2025-09"), "control: got 0 successes in 0 trials"),
    (lambda: from_experiment((10, 10), (10, 10), month="2025-09"), "standard_error: got 0, allowed above 0"),
    (lambda: from_before_after((1.0,), (2.0, 1.0), month="2025-09"), "before: got a tuple, allowed a pair"),
    (lambda: evidence_row(RESULT | {"kind": "surway"}, **CLAIM), "kind: got 'surway'.* Did you mean 'survey'"),
    (lambda: evidence_row(RESULT | {"month": "2025-13"}, **CLAIM), "month: got '2025-13'"),
    (lambda: evidence_row(RESULT | {"n": 1.5}, **CLAIM), "n: got 1.5, allowed a whole number of 0 or more"),
    (lambda: evidence_row({"estimate": 1.0}, **CLAIM), "result: got a dict without standard_error, month, kind"),
    (lambda: evidence_row(RESULT, **CLAIM | {"metric": " "}), "metric: empty, allowed a name"),
    (lambda: evidence_row(RESULT, **CLAIM | {"metric": 3}), "metric: got 3, allowed a str"),
])
def test_what_is_no_result_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
