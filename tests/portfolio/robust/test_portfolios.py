"""The exact robust core: labels, verdicts, rules of decision, refusals."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.robust.portfolios import non_dominated_portfolios
from pmlib.scoring.robust.weight_space import weight_space

IDS = ["A", "B", "C", "D"]
SCORES = pd.DataFrame({"reach": [9.0, 5.0, 4.0, 1.0], "fit": [8.0, 2.0, 4.0, 0.5]}, index=IDS)
COSTS = pd.DataFrame({"budget": [2.0, 1.0, 1.0, 1.0]}, index=IDS)
BUDGET = {"budget": 3.0}


@pytest.fixture
def found():
    return non_dominated_portfolios(SCORES, costs=COSTS, limits=BUDGET)


def test_core_borderline_and_exterior_are_read_off_the_sets(found):
    assert found.table["project_id"].tolist() == IDS
    assert found.table["core_index"].tolist() == [1.0, 0.5, 0.5, 0.0]
    assert found.verdict("core") == ["A"]
    assert found.verdict("borderline") == ["B", "C"]
    assert found.verdict("exterior") == ["D"]
    sets = found.portfolios.apply(lambda row: "".join(row.index[row]), axis=1)
    assert sets.tolist() == ["AC", "AB"]


def test_an_order_of_the_weights_settles_the_borderline():
    space = weight_space(["fit", "reach"], order=["fit", "reach"])
    found = non_dominated_portfolios(SCORES, costs=COSTS, limits=BUDGET, space=space)
    assert found.verdict("core") == ["A", "C"]
    assert (found.n_corners, len(found.portfolios)) == (2, 1)
    assert "1 set of projects cannot" in found.summary()


def test_uncertain_money_alone_leaves_what_overlaps():
    low = pd.DataFrame({"value_k": [100.0, 50.0, 48.0, 10.0]}, index=IDS)
    high = low + 5.0
    found = non_dominated_portfolios(low, high=high, costs=COSTS, limits=BUDGET)
    assert found.table.set_index("project_id")["core_index"].to_dict() == {"A": 1.0, "B": 0.5, "C": 0.5, "D": 0.0}


def test_narrower_values_change_only_the_borderline(found):
    wide = non_dominated_portfolios(SCORES - 0.6, high=SCORES + 0.6, costs=COSTS, limits=BUDGET)
    assert set(wide.verdict("core")) <= set(found.verdict("core"))
    assert set(wide.verdict("exterior")) <= set(found.verdict("exterior"))


def test_the_rules_pick_the_largest_worst_value_and_the_smallest_regret(found):
    rules = found.rules().set_index("rule")
    # Worst values: A and C min(13, 12), A and B min(14, 10); A and C lose 1 on reach at most, A and B 2 on fit.
    assert rules.loc["maximin", ["projects", "worst"]].tolist() == ["A, C", 12.0]
    assert rules.loc["minimax regret", ["projects", "largest_regret"]].tolist() == ["A, C", 1.0]


def test_it_says_its_numbers_and_draws_them(found):
    assert repr(found) == "<RobustPortfolios: 1 core, 2 borderline, 1 exterior; 2 non-dominated portfolios, exact>"
    assert "1 of 4 projects are core, 2 borderline, 1 exterior. All hold A." in found.summary()
    assert found.headline()["2"] == "non-dominated portfolios, exact"
    assert found.to_frame().equals(found.table)
    ax = found.plot(names={"A": "Alpha"})
    assert "A Alpha" in [text.get_text() for text in ax.texts]
    plt.close("all")


def test_rows_and_columns_may_come_in_any_order(found):
    shuffled = non_dominated_portfolios(SCORES[["fit", "reach"]].iloc[::-1], costs=COSTS.sample(frac=1, random_state=0),
                                        limits=pd.Series(BUDGET), high=SCORES)
    assert shuffled.table.equals(found.table)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"scores": SCORES.assign(fit=None)}, r"scores: got None for A on fit, allowed a finite number"),
    ({"scores": SCORES.iloc[:0]}, r"scores: got an empty frame, allowed a DataFrame"),
    ({"scores": [1, 2]}, r"scores: got a list, allowed a DataFrame"),
    ({"scores": pd.concat([SCORES, SCORES.iloc[:1]])}, r"scores: row A stands twice"),
    ({"high": SCORES - 1}, r"high: A has 8 on reach, allowed 9 \(its lowest value\) or more"),
    ({"high": SCORES.rename(columns={"fit": "fitt"})}, r"high: fitt is none of the 2 criteria .* mean 'fit'\? Rename"),
    ({"costs": COSTS.iloc[1:]}, r"costs: A is missing, allowed the same 4 projects as in scores\. Add it"),
    ({"costs": COSTS.rename(index={"A": "AA"})}, r"costs: AA is none of the 4 projects in scores"),
    ({"limits": {"budgets": 3.0}}, r"limits: budgets? stands in one of costs and limits only"),
    ({"limits": 3.0}, r"limits: got 3\.0, allowed a mapping\. Pass \{'budget': the most"),
    ({"limits": {"budget": "much"}}, r"limits: budget: got 'much', allowed a finite number"),
    ({"limits": {"budget": -1.0}}, r"limits: no set of projects keeps them all"),
    ({"space": weight_space(["reach", "risk"])}, r"space: its criteria are reach, risk, allowed those of scores: "),
    ({"space": "all"}, r"space: got .*WeightSpace"),
    ({"most": 0}, r"most: got 0, allowed a whole number of 1 or more"),
])
def test_what_does_not_fit_is_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        non_dominated_portfolios(**({"scores": SCORES, "costs": COSTS, "limits": BUDGET} | wrong))


def test_an_unknown_verdict_is_refused(found):
    with pytest.raises(ParameterError, match=r"verdict: got 'sure', allowed core, borderline, exterior"):
        found.verdict("sure")
