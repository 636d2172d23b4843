"""The optimizer's curse: none without error, the planted one in the sample, the same numbers wherever it is solved."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, Workers
from pmlib.portfolio.correction.corrected import correct_values
from pmlib.portfolio.correction.curse import optimizers_curse

DAYS = ("2025-06-30", "2025-12-31")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Twenty proposals of 100 each, money for eight of them."""
    benefit = np.linspace(60.0, 260.0, 20)
    ids = [f"P{place:02d}" for place in range(20)]
    projects = pd.DataFrame({"project_id": ids, "state": "proposed", "gate": 1, "bac_k": 100.0})
    rows = [(name, quantity, x, x, x) for name, b in zip(ids, benefit, strict=True)
            for quantity, x in (("benefit_pv_k", b), ("cost_k", 100.0))]
    estimates = pd.DataFrame(rows, columns=["project_id", "quantity", "p10", "p50", "p90"]).assign(as_of=DAYS[1])
    flows = pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": 100.0, "benefit_k": 0.0})
    return {"projects": projects, "estimates": estimates, "cash_flows": flows}


@pytest.fixture(scope="module")
def correction(tables):
    now = tables["estimates"]
    drawn = np.random.default_rng(0).standard_normal(len(now)).clip(-1, 1)
    noise = 1 + 0.5 * drawn * (now["quantity"] == "benefit_pv_k")
    before = now.assign(as_of=DAYS[0], **{name: now[name] * noise for name in ("p10", "p50", "p90")})
    return correct_values(tables, versions=pd.concat([before, now]), period="2025-12", policy=Policy(budget_k=800.0),
                          reference=SimpleNamespace(mean_factor=1.1, n=9))


def test_without_error_or_uplift_a_plan_keeps_its_promise(tables, correction):
    plain = correct_values(tables, versions=pd.concat([tables["estimates"].assign(as_of=DAYS[0]),
                                                       tables["estimates"]]), period="2025-12")
    found = optimizers_curse(tables, plain, redraws=3, seed=1)
    assert found.sds == {"all gates": 0.0}
    assert found.errors["error_k"].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert found.gain_k[0] == pytest.approx(0.0, abs=1e-9)


def test_uplift_alone_is_missed_by_the_naive_plan_and_met_by_the_corrected_one(tables, correction):
    found = optimizers_curse(tables, correction, sds={"all gates": 0.0}, redraws=3, seed=1)
    naive, corrected = found.errors["error_k"]
    # Eight projects of 100 cost 110 each.
    assert naive == pytest.approx(80.0)
    assert corrected == pytest.approx(0.0, abs=1e-9)


def test_the_naive_plan_promises_too_much_and_the_corrected_one_hardly(tables, correction):
    found = optimizers_curse(tables, correction, sds={"all gates": 1.0}, redraws=40, seed=1)
    naive, corrected = found.errors.to_dict("records")
    assert naive["error_share"] > 0.3 + 3 * naive["se_share"]
    assert abs(corrected["error_share"]) < 3 * corrected["se_share"] + 0.05
    assert (found.redraws["naive_outcome_k"] <= 8 * 160).all()


def test_means_and_errors_follow_from_the_redraws(tables, correction):
    found = optimizers_curse(tables, correction, redraws=5, seed=2)
    frame = found.to_frame()
    error = frame["naive_promised_k"] - frame["naive_outcome_k"]
    row = found.errors.set_index("plan").loc["naive"]
    assert row["error_k"] == pytest.approx(error.mean())
    assert row["se_k"] == pytest.approx(error.sem())
    assert row["error_share"] == pytest.approx(error.sum() / frame["naive_outcome_k"].sum())
    assert found.gain_k[1] == pytest.approx((frame["corrected_outcome_k"] - frame["naive_outcome_k"]).sem())


def test_one_worker_and_two_and_none_draw_the_same(tables, correction):
    options = {"sds": {"all gates": 1.0}, "redraws": 4, "seed": 3}
    here = optimizers_curse(tables, correction, **options).redraws
    for count in (1, 2):
        with Workers(count) as pool:
            pd.testing.assert_frame_equal(
                optimizers_curse(tables, correction, executor=pool, **options).redraws, here, check_exact=True)


def test_more_redraws_begin_with_the_same_ones(tables, correction):
    few, many = (optimizers_curse(tables, correction, redraws=n, seed=4).redraws for n in (2, 4))
    pd.testing.assert_frame_equal(many.head(2), few)
    other = optimizers_curse(tables, correction, redraws=2, seed=5).redraws
    assert not np.allclose(other["naive_promised_k"], few["naive_promised_k"])


def test_the_sample_promises_half_as_much_again_unless_corrected(quillmark):
    fixed = correct_values(quillmark, versions=quillmark.versions("estimates"))
    found = optimizers_curse(quillmark, fixed, sds={"gates 1-2": 2.6, "gates 3-4": 0.3}, redraws=10, seed=1)
    naive, corrected = found.errors.to_dict("records")
    assert naive["error_share"] > 0.2 + 3 * naive["se_share"]
    # All 200 redraws of this seed: 66.4 % (standard error 1.6) and 0.7 % (0.5).
    assert naive["error_share"] == pytest.approx(0.664, abs=3 * naive["se_share"])
    assert abs(corrected["error_share"]) < 0.03 + 2 * corrected["se_share"]
    assert found.gain_k[0] > 0


def test_where_no_plan_brings_anything_it_says_so(tables, correction):
    found = optimizers_curse(tables, correction, redraws=2, seed=1)
    nothing = replace(found, redraws=found.redraws * 0.0)
    assert nothing.summary() == "Over 2 redraws of the estimates no plan brought anything."
    assert nothing.errors["error_share"].isna().all()


def test_it_says_and_draws_promise_and_outcome(tables, correction):
    found = optimizers_curse(tables, correction, redraws=3, seed=1)
    assert found.summary().startswith("Over 3 redraws of the estimates the naive plan promised ")
    assert "outcome gained by choosing on corrected values" in found.headline().values()
    assert repr(found).startswith("<Curse: 3 redraws; promise over outcome naive +")
    assert found.plot().get_title(loc="left") == "What plans promise and what comes out"


@pytest.mark.parametrize(("options", "message"), [
    ({"redraws": 1}, "redraws: got 1, allowed a whole number of 2 or more"),
    ({"sds": {"gates 1-2": 1.0}}, "sds: 'gates 1-2' is no group of gates"),
    ({"sds": {"all gates": -1.0}}, "sds: got -1 for all gates, allowed a number of 0 or more"),
    ({"sds": {}}, "sds: got nan for all gates"),
])
def test_what_cannot_be_redrawn_is_refused(tables, correction, options, message):
    with pytest.raises(ParameterError, match=message):
        optimizers_curse(tables, correction, **options)


def test_where_nothing_can_be_redrawn_it_says_why(tables, correction):
    must = tables | {"projects": tables["projects"].assign(mandatory=True)}
    one = {name: frame[frame["project_id"] == "P01"] for name, frame in tables.items()}
    for given, known, why in (
        (tables, correct_values(tables, period="2025-12"), "made without versions"),
        (must, correction, "no plan holds every limit"),
        (one, replace(correction, projects=correction.projects.head(1)), "how estimates spread, got 1."),
    ):
        found = optimizers_curse(given, known, redraws=2)
        assert why in found.summary()
        assert found.to_frame().empty and found.headline() == {} and repr(found) == f"<Curse: {found.note}>"
        assert found.plot().get_title(loc="left") == "No plan could be redrawn"
