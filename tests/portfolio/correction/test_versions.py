"""Errors of versions: Grubbs' estimators by their own formulas, groups by rule, the sample's planted errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio.correction.versions import _jackknifed, grubbs_variances, version_errors

DAYS = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")


def _tables(gates: list[int]) -> dict[str, pd.DataFrame]:
    ids = [f"P{place:02d}" for place in range(len(gates))]
    return {"projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0, "gate": gates})}


def _versions(benefit: np.ndarray, *, days: tuple[str, ...] = DAYS, cost: float = 100.0) -> pd.DataFrame:
    """Versions of benefit (n, k), all with the same cost and no doubt about success."""
    rows = [(f"P{place:02d}", day, quantity, x, x, x) for place, of in enumerate(benefit)
            for day, now in zip(days, of, strict=False) for quantity, x in (("benefit_pv_k", now), ("cost_k", cost))]
    return pd.DataFrame(rows, columns=["project_id", "as_of", "quantity", "p10", "p50", "p90"])


def test_three_versions_follow_the_formula_of_grubbs_1948():
    measured = np.random.default_rng(1).normal(size=(9, 3))
    s = np.cov(measured.T)
    assert grubbs_variances(measured) == pytest.approx([
        s[0, 0] - s[0, 1] - s[0, 2] + s[1, 2], s[1, 1] - s[0, 1] - s[1, 2] + s[0, 2],
        s[2, 2] - s[0, 2] - s[1, 2] + s[0, 1]])


def test_two_versions_share_the_variance_of_their_difference():
    measured = np.array([[1.0, 3.0], [2.0, 2.0], [7.0, 4.0], [0.0, 0.0]])
    assert grubbs_variances(measured) == pytest.approx([np.var([-2.0, 0.0, 3.0, 0.0], ddof=1) / 2] * 2)


def test_errors_that_are_uncorrelated_in_the_sample_are_found_exactly():
    rng = np.random.default_rng(2)
    # Five uncorrelated columns: what the things are worth, and four errors.
    columns = np.linalg.qr(np.column_stack([np.ones(12), rng.normal(size=(12, 5))]))[0][:, 1:] * np.sqrt(11)
    wanted = np.array([2.0, 0.5, 1.0, 0.1])
    assert grubbs_variances(3 * columns[:, :1] + columns[:, 1:] * wanted) == pytest.approx(wanted**2)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_jackknife_leaves_out_one_project_at_a_time(k):
    measured = np.random.default_rng(8).normal(size=(7, k))
    without = np.array([grubbs_variances(np.delete(measured, place, axis=0)) for place in range(7)])
    assert _jackknifed(measured) == pytest.approx(np.sqrt(6 / 7 * ((without - without.mean(axis=0)) ** 2).sum(axis=0)))


def test_what_things_are_worth_and_a_constant_bias_leave_no_trace():
    rng = np.random.default_rng(3)
    measured = rng.normal(size=(10, 4))
    moved = measured + 50 * rng.normal(size=(10, 1)) + np.array([0.0, 5.0, -3.0, 1.0])
    assert grubbs_variances(moved) == pytest.approx(grubbs_variances(measured), abs=1e-9)


def test_intervals_hold_the_error_about_as_often_as_they_say():
    rng = np.random.default_rng(7)
    tables, sds, held = _tables([1] * 30), np.array([1.0, 1.0, 1.0, 1.0]), []
    for _ in range(30):
        benefit = 100 * (rng.normal(2.0, 1.0, (30, 1)) + sds * rng.standard_normal((30, 4))) + 1000
        told = version_errors(_versions(benefit), tables, period="2025-12").errors
        held.append(((told["low"] <= 1.0) & (told["high"] >= 1.0)).mean())
    assert np.mean(held) == pytest.approx(0.95, abs=0.06)


def test_known_errors_are_recovered():
    rng = np.random.default_rng(4)
    worth, sds = rng.normal(2.0, 1.0, (400, 1)), np.array([2.0, 1.0, 0.5, 0.2])
    benefit = 100 * (worth + sds * rng.standard_normal((400, 4))) + 1000
    found = version_errors(_versions(benefit), _tables([1] * 400), period="2025-12")
    told = found.errors.set_index("version").loc[[3, 2, 1, 0]]
    assert told["sd"].to_numpy() == pytest.approx(sds, abs=0.2)
    assert (told["n"] == 400).all()
    assert found.earlier["all gates"] == pytest.approx(np.sqrt((told["sd"].iloc[:3] ** 2).mean()))


def test_a_negative_variance_becomes_an_error_of_zero():
    # The newest version lies between the others, so their differences say more than its own.
    older = np.array([[100.0, 140.0], [240.0, 200.0], [150.0, 130.0], [90.0, 110.0]])
    benefit = np.column_stack([older, older.mean(axis=1)])
    found = version_errors(_versions(benefit), _tables([1] * 4), period="2025-12", least=3)
    assert grubbs_variances(benefit)[2] < 0
    assert found.newest["all gates"] == 0.0
    assert found.errors["low"].min() >= 0.0


def test_gates_are_joined_until_a_group_has_enough_projects():
    gates = [0] * 2 + [1] * 3 + [2] * 4 + [3] * 1
    benefit = np.random.default_rng(5).uniform(50, 300, (10, 2))
    found = version_errors(_versions(benefit), _tables(gates), period="2025-12", least=4)
    assert found.groups.tolist() == ["gates 0-1"] * 5 + ["gates 2-3"] * 5
    assert "joined in order until a group has 4 projects" in found.notes[0]


def test_a_single_version_tells_no_error():
    found = version_errors(_versions(np.array([[100.0], [200.0], [150.0]])), _tables([1] * 3), period="2025-12")
    assert found.errors.empty
    assert found.by_project().isna().all()
    assert "not known: it takes two dated versions" in found.summary()
    assert repr(found) == "<VersionErrors: not known, of stated cost>"


def test_versions_after_the_period_and_projects_with_few_versions_are_left_out():
    benefit = np.random.default_rng(6).uniform(50, 300, (8, 4))
    versions = _versions(benefit)
    early = version_errors(versions, _tables([1] * 8), period="2025-07", least=3)
    assert early.errors["as_of"].max() == pd.Timestamp("2025-06-30")
    young = versions[(versions["project_id"] != "P00") | (versions["as_of"] == DAYS[-1])]
    assert (version_errors(young, _tables([1] * 8), period="2025-12", least=3).errors["n"] == 7).all()


def test_a_day_on_which_only_cost_was_estimated_is_no_version():
    versions = _versions(np.array([[100.0, 120.0], [150.0, 90.0], [80.0, 85.0]]))
    late = pd.DataFrame([("P00", "2025-11-30", "cost_k", 200.0, 200.0, 200.0)], columns=versions.columns)
    found = version_errors(pd.concat([versions, late]), _tables([1] * 3), period="2025-12", least=3)
    assert found.ratios.loc["P00"].tolist() == [0.6, 0.5]


def test_chance_counts_and_is_carried_forward():
    versions = _versions(np.array([[100.0, 120.0], [150.0, 90.0], [80.0, 85.0]]))
    chance = pd.DataFrame([("P00", DAYS[0], "p_success", 0.5, 0.5, 0.5)], columns=versions.columns)
    found = version_errors(pd.concat([versions, chance]), _tables([1] * 3), period="2025-12", least=3)
    assert found.ratios.loc["P00"].tolist() == [0.6, 0.5]


def test_the_sample_shows_wide_errors_before_gate_three_and_narrow_ones_after(quillmark):
    found = version_errors(quillmark.versions("estimates"), quillmark)
    assert found.earlier["gates 1-2"] == pytest.approx(2.25, rel=0.15)
    assert found.earlier["gates 3-4"] == pytest.approx(0.29, rel=0.15)
    assert found.newest["gates 1-2"] == pytest.approx(1.02, abs=0.01)
    assert found.newest["gates 3-4"] == 0.0
    assert "gates 1-2 1.02 (0.00 to 1.63, n = 33)" in found.summary()
    assert list(found.headline()) == ["1.02", "0.00"]


@pytest.mark.parametrize(("change", "message"), [
    (lambda frame: frame.drop(columns="p90"), "column 'p90' is missing"),
    (lambda frame: frame.assign(as_of="soon"), "of P00 of soon has a date or number that is none"),
    (lambda frame: frame.assign(p50=np.inf), "three finite numbers"),
    (lambda frame: frame.assign(currency=["EUR", "CHF"] * (len(frame) // 2)), "money in CHF, EUR, allowed one"),
])
def test_versions_that_are_none_are_refused(change, message):
    versions = change(_versions(np.array([[100.0, 120.0], [150.0, 90.0], [80.0, 85.0]])))
    with pytest.raises(SchemaError, match=message):
        version_errors(versions, _tables([1] * 3), period="2025-12")


def test_too_small_a_group_and_versions_that_are_no_frame_are_refused():
    with pytest.raises(ParameterError, match="versions: got a list, allowed a DataFrame"):
        version_errors([1, 2], _tables([1] * 3), period="2025-12")
    with pytest.raises(ParameterError, match="least: got 2, allowed 3 or more"):
        version_errors(_versions(np.ones((3, 2))), _tables([1] * 3), period="2025-12", least=2)
