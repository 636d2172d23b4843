"""Claims and evidence that do not hold together are found, each by name; those that do are left in peace."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio.claims.checks import Check, check_claims
from pmlib.workbook import open_workbook
from tests.conftest import ROOT
from tests.portfolio.claims.conftest import CLAIM, FOUND, PROJECT, rows, tables


def checked(period: str = "2025-12", **changes: pd.DataFrame):
    return check_claims(tables(**changes), period=period)


def test_the_sample_company_claims_2400_three_times_and_links_count_it_once(quillmark):
    shared = check_claims(quillmark).shared.set_index("metric").loc["installer_sales_k"]
    assert shared[["projects", "claimed", "largest", "too_much", "links", "counted_once"]].tolist() == [
        "P05, P12, P19", 7200.0, 2400.0, 4800.0, "L24", True]


def test_the_sample_company_has_no_orphans_and_no_evidence_twice(quillmark):
    counts = check_claims(quillmark).counts()
    assert [counts[name] for name in (Check.LOST_CLAIM, Check.CLOSED, Check.EARLY, Check.NO_CLAIM,
                                      Check.LOST_EVIDENCE, Check.TWIN)] == [0] * 6
    assert counts[Check.SHARED] == 20
    assert counts[Check.UNMEASURED] == 6
    assert counts[Check.HELD] == 5


def test_claims_that_hold_together_are_left_in_peace():
    good = checked()
    assert good.to_frame().empty
    assert good.summary() == ("1 claim of projects to decide, 1 measurement by December 2025. "
                              "Nothing is wrong with them.")
    assert repr(good) == "<ClaimChecks December 2025: 1 claim; nothing wrong>"
    assert good.headline() == {"1": "claims of projects to decide", "0": "findings to look at"}


def test_a_claim_of_a_closed_project_and_a_project_without_one_are_found():
    found = checked(projects=rows(PROJECT, {"state": "stopped"}, {"project_id": "P2"}))
    assert found.of("claim of a closed project")["says"].tolist() == [
        "P44 is stopped and claims retention_pp of PR4."]
    assert found.of("project without a claim")["says"].tolist() == ["P2 serves PR4 and claims nothing of it."]
    assert found.of(Check.CLOSED)["remedy"].iloc[0].startswith("Take the claim out")
    assert checked(projects=rows(PROJECT, {}, {"project_id": "P2", "product_id": None})).to_frame().empty


def test_a_metric_that_nobody_measured_is_found_even_when_it_is_measured_later():
    assert checked("2025-08").of(Check.UNMEASURED)["says"].tolist() == [
        "retention_pp is claimed 1 time and was never measured for any project."]


def test_what_several_claim_is_added_up_against_the_largest_and_links_are_known():
    two = {"projects": rows(PROJECT, {}, {"project_id": "P2"}),
           "benefit_map": rows(CLAIM, {}, {"project_id": "P2", "claimed_p50": 7.5})}
    found = checked(**two)
    assert found.of(Check.SHARED)["says"].tolist() == [
        "2 projects claim retention_pp of PR4: 13.5 pp together, 7.5 the largest alone."]
    assert found.summary().endswith("Claimed by several projects 1.")
    links = pd.DataFrame({"link_id": "L1", "member_id": ["P44", "P2"], "type": "overlap", "amount_k": [10.0, 10.0]})
    tied = checked(**two, links=links)
    assert tied.to_frame().empty
    assert "counted once by links: 1" in tied.summary()


def test_a_link_with_some_of_them_counts_only_a_part():
    three = {"projects": rows(PROJECT, {}, {"project_id": "P2"}, {"project_id": "P3"}),
             "benefit_map": rows(CLAIM, {}, {"project_id": "P2"}, {"project_id": "P3"})}
    links = pd.DataFrame({"link_id": "L1", "member_id": ["P44", "P2"], "type": "overlap", "amount_k": [10.0, 10.0]})
    found = checked(**three, links=links)
    assert found.of(Check.SHARED)["says"].iloc[0].endswith("L1 counts a part of it once.")
    assert not found.shared["counted_once"].any()


@pytest.mark.parametrize(("by_month", "n"), [("2026-09", 1), ("2026-10", 0), (None, 0)])
def test_a_claim_due_before_the_project_can_finish_is_found(by_month, n):
    months = pd.DataFrame({"project_id": ["P44"], "quantity": "months", "p10": 9.0, "p50": 10.0, "p90": 11.0})
    estimates = pd.concat([tables()["estimates"], months], ignore_index=True)
    found = checked(estimates=estimates, benefit_map=rows(CLAIM, {"by_month": by_month})).of(Check.EARLY)
    assert len(found) == n
    if n:
        assert found["says"].iloc[0] == ("P44 claims retention_pp of PR4 by 2026-09, and is not expected to finish "
                                         "before 2026-10.")


def test_the_same_evidence_under_another_id_is_suspected():
    found = checked(evidence=rows(FOUND, {}, {"evidence_id": "V7"}))
    assert found.of(Check.TWIN)["says"].tolist() == ["V7 says the same as V1: retention_pp of PR4 in 2025-09, 2."]


def test_a_benefit_estimated_after_the_evidence_may_hold_it_already():
    late, early = (tables()["estimates"].assign(as_of=day) for day in ("2025-10-31", "2025-09-30"))
    assert checked(estimates=early).to_frame().empty
    assert checked(estimates=late).of(Check.HELD)["says"].tolist() == [
        "V1 was known in 2025-09, the benefit of P44 was estimated on 2025-10-31."]


def test_of_plain_frames_orphans_are_refused_by_name():
    with pytest.raises(SchemaError, match="benefit_map row 0 .* column 'project_id': not in projects, got 'P99'"):
        checked(benefit_map=rows(CLAIM, {"project_id": "P99"}))
    products = pd.DataFrame({"product_id": ["PR1"], "name": "Sensor"})
    with pytest.raises(SchemaError, match="column 'product_id': not in products, got 'PR4'"):
        checked(products=products, projects=rows(PROJECT, {"product_id": "PR1"}))
    with pytest.raises(SchemaError, match="evidence V1: nps_points of PR4 is measured for P44, which does not claim"):
        checked(evidence=rows(FOUND, {"metric": "nps_points"}))
    with pytest.raises(MissingTableError, match="benefit_map: missing"):
        check_claims({"projects": rows(PROJECT)}, period="2025-12")


def test_of_a_workbook_what_was_set_aside_is_listed(tmp_path):
    for name in ("projects", "programmes", "products", "workbook", "benefit_map", "evidence"):
        shutil.copy(ROOT / "data" / "quillmark" / f"{name}.csv", tmp_path)
    with (tmp_path / "benefit_map.csv").open("a", encoding="utf-8") as file:
        file.write("P999,PR4,nps_points,1,2,3,2027-12,survey\n")
    with (tmp_path / "evidence.csv").open("a", encoding="utf-8") as file:
        file.write("V98,P998,PR4,nps_points,2025-08,2,1,100,survey\nV99,P44,PR4,orders_pct,2025-08,2,1,100,survey\n")
    found = check_claims(open_workbook(tmp_path))
    assert "'P999'" in found.of(Check.LOST_CLAIM)["says"].iloc[0]
    assert ["'P998'" in found.of(Check.LOST_EVIDENCE)["says"].iloc[0],
            found.of(Check.LOST_EVIDENCE)["says"].iloc[1]] == [
        True, "V99 measures orders_pct of PR4, which P44 does not claim."]


def test_an_unknown_check_is_refused():
    with pytest.raises(ParameterError, match="check: got 'nothing', allowed claim set aside"):
        checked().of("nothing")
