"""Two published decisions from judgements to the choice: a copy that must not matter, and an office to move to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.scoring import score, value_for_money
from pmlib.scoring.opinions.rank_reversal import rank_reversals
from pmlib.scoring.ranks import ranks
from pmlib.scoring.robust.dominance import pareto
from pmlib.scoring.robustness import stability_table
from pmlib.scoring.weighing.pairwise import Prioritisation, pairwise_weights
from tests.published import belton_gear, goodwin_wright


def priorities(times, method=Prioritisation.EIGENVECTOR):
    """Priorities of alternatives on each criterion from all judgements of pairs: what AHP calls local."""
    judged = {name: pd.DataFrame(np.divide.outer(list(column), list(column)), index=times.index, columns=times.index)
              for name, column in times.items()}
    return pd.DataFrame({name: pairwise_weights(frame, method=method).weights for name, frame in judged.items()})


def by_sum(levels, *, weights, directions):
    """Rank by the distributive mode of AHP."""
    return pd.Series(ranks((priorities(levels) @ weights).to_numpy()), index=levels.index)


def by_largest(levels, *, weights, directions):
    """Rank by priorities divided by the largest one."""
    local = priorities(levels)
    return pd.Series(ranks((local / local.max() @ weights).to_numpy()), index=levels.index)


def declared(levels):
    """Score judgements on scales declared from 0 to 9, whoever is in the set."""
    long = levels.rename_axis("project_id").reset_index().melt("project_id", var_name="objective_id",
                                                               value_name="raw_level")
    objectives = pd.DataFrame({"objective_id": levels.columns, "name": levels.columns, "worst": 0.0, "best": 9.0})
    return score({"objectives": objectives, "scores": long}, weights=dict.fromkeys(levels, 1))


def by_declared_scales(levels, *, weights, directions):
    return declared(levels).table.set_index("project_id")["rank"]


@pytest.mark.parametrize("method", list(Prioritisation))
def test_judgements_of_belton_and_gear_1983_give_their_local_priorities_and_agree(method):
    whole = belton_gear.BELTON_GEAR
    for times, local in ((whole.drop(index="D"), belton_gear.LOCAL_WITHOUT_COPY), (whole, belton_gear.LOCAL_WITH_COPY)):
        pd.testing.assert_frame_equal(priorities(times, method), local, check_names=False, rtol=1e-12)
    judged = pd.DataFrame({"criterion": ["B", "B", "A"], "against": ["A", "C", "C"], "times": ["9/8", 9, 8]})
    assert pairwise_weights(judged).consistency_ratio == pytest.approx(0.0, abs=1e-12)
    assert pairwise_weights(judged).weights.to_dict() == pytest.approx({"A": 8 / 18, "B": 9 / 18, "C": 1 / 18})


def test_a_copy_turns_the_distributive_order_of_belton_and_gear_1983_round():
    whole = belton_gear.BELTON_GEAR
    without, with_copy = (priorities(times).mean(axis=1).round(4) for times in (whole.drop(index="D"), whole))
    assert without.to_dict() == belton_gear.COMPOSITE_WITHOUT_COPY
    assert with_copy.to_dict() == belton_gear.COMPOSITE_WITH_COPY
    assert without["B"] > without["A"]
    assert with_copy["A"] > with_copy["B"]


def test_rank_reversals_finds_the_copy_of_belton_and_gear_1983():
    found = rank_reversals(belton_gear.BELTON_GEAR.drop(index="D"), by_sum).to_frame()
    row = found[found["change"] == "with a copy of B"].squeeze()
    assert (row["ahead"], row["behind"], row["rank_behind"], row["rank_ahead"]) == ("B", "A", 1, 2)


def test_the_copy_moves_no_point_on_declared_scales():
    whole = belton_gear.BELTON_GEAR
    without, with_copy = declared(whole.drop(index="D")).increments, declared(whole).increments
    pd.testing.assert_series_equal(with_copy[without.index], without, check_exact=True)
    # The best judgement on each criterion is the end of the scale, 9.
    assert (with_copy / 100).round(4).to_dict() == belton_gear.COMPOSITE_BY_LARGEST
    assert rank_reversals(whole.drop(index="D"), by_declared_scales).to_frame().empty


def test_dividing_by_the_largest_does_not_help_saaty_and_vargas_1984_but_declared_scales_do():
    whole = belton_gear.SAATY_VARGAS
    for times, printed in ((whole.drop(index="C"), belton_gear.BY_LARGEST_WITHOUT_THIRD),
                           (whole, belton_gear.BY_LARGEST_WITH_THIRD)):
        local = priorities(times)
        assert (local / local.max()).mean(axis=1).round(4).to_dict() == printed
    found = rank_reversals(whole, by_largest).to_frame()
    assert found.loc[found["change"] == "without C", ["ahead", "behind"]].to_numpy().tolist() == [["B", "A"]]
    assert rank_reversals(whole, by_declared_scales).to_frame().empty


@pytest.fixture
def office_tables():
    """The tables of the seven offices: floor area on a piecewise scale, ratings from 0 to 100, swings, rents."""
    leaves, offices = list(goodwin_wright.SWINGS), list(goodwin_wright.OFFICES)
    raw = goodwin_wright.VALUES.assign(size=goodwin_wright.FLOOR_AREAS)
    scores = raw.rename_axis("project_id").reset_index().melt("project_id", var_name="objective_id",
                                                              value_name="raw_level").dropna()
    objectives = pd.DataFrame({"objective_id": leaves, "name": leaves, "worst": 0.0, "best": 100.0})
    objectives["parent"] = ["turnover"] * 3 + ["conditions"] * 3
    size = objectives["objective_id"] == "size"
    knots = dict(zip(goodwin_wright.FLOOR_AREAS, goodwin_wright.VALUES["size"], strict=True))
    objectives["value_function"] = np.where(size, "piecewise", "linear")
    objectives["points"] = np.where(size, "; ".join(f"{area:g}={value:g}" for area, value in knots.items()), "")
    objectives.loc[size, ["worst", "best"]] = [400.0, 1500.0]
    inner = pd.DataFrame({"objective_id": ["turnover", "conditions"], "name": ["Turnover", "Working conditions"]})
    return {
        "objectives": pd.concat([inner, objectives], ignore_index=True),
        "weights": pd.DataFrame({"objective_id": leaves, "group": "board", "method": "swing",
                                 "weight": list(goodwin_wright.SWINGS.values())}),
        "scores": scores,
        "projects": pd.DataFrame({"project_id": offices, "name": list(goodwin_wright.OFFICES.values()),
                                  "state": "proposed", "bac_k": goodwin_wright.RENTS, "spent_k": 0.0}),
    }


def test_swings_of_goodwin_and_wright_become_the_printed_weights(office_tables):
    card = score(office_tables)
    assert (100 * card.weights).round().to_dict() == goodwin_wright.WEIGHTS
    assert card.weights.sum() == pytest.approx(1.0)


def test_benefits_of_goodwin_and_wright_come_out_to_the_printed_digit(office_tables):
    card = score(office_tables, weights=goodwin_wright.WEIGHTS)
    table = card.table.set_index("project_id")
    assert table["value"].round(1)[list(goodwin_wright.BENEFITS)].to_dict() == goodwin_wright.BENEFITS
    pd.testing.assert_frame_equal(card.points.loc[list("ABCDEFG"), list(goodwin_wright.VALUES)],
                                  goodwin_wright.VALUES.fillna(50.0), check_names=False)
    unknown = goodwin_wright.VALUES["parking"].isna()
    assert (table["high"] - table["low"])[unknown.index].to_list() == pytest.approx((3.0 * unknown).to_list())


@pytest.mark.parametrize("weights", [None, goodwin_wright.WEIGHTS])
def test_offices_rank_the_same_whatever_the_car_parking_that_is_not_known(office_tables, weights):
    table = score(office_tables, weights=weights).table
    assert "".join(table["project_id"]) == "AEGDCBF"
    assert table["rank"].to_list() == table["rank_best"].to_list() == table["rank_worst"].to_list() == [*range(1, 8)]


def test_frontier_of_benefits_and_cost_is_that_of_goodwin_and_wright(office_tables):
    table = score(office_tables, weights=goodwin_wright.WEIGHTS).table.set_index("project_id").sort_index()
    low, value, high = (pd.DataFrame({"benefits": table[column], "cheapness": -table["cost_k"]})
                        for column in ("low", "value", "high"))
    found = pareto(value, low=low, high=high).to_frame().set_index("project_id")
    assert found.index[~found["dominated"]].to_list() == goodwin_wright.FRONTIER
    assert found.loc["E", "dominated_by"] == "A"
    assert all("G" in found.loc[office, "dominated_by"] for office in "BDF")


def test_price_of_a_point_between_the_offices_of_the_frontier_is_that_of_goodwin_and_wright(office_tables):
    benefits = score(office_tables, weights=goodwin_wright.WEIGHTS).increments
    names = [f"{before} to {after}" for before, after in goodwin_wright.MOVES]
    moves = pd.DataFrame({
        "project_id": names, "name": names, "cost_k": [cost for cost, _ in goodwin_wright.MOVES.values()],
        "increment": [benefits[after] - benefits[before] for before, after in goodwin_wright.MOVES],
    })  # fmt: skip
    curve = value_for_money(moves.iloc[::-1], currency="USD").to_frame()
    assert curve["project_id"].to_list() == names
    assert (1000 / curve["points_per_k"]).round().to_list() == [price for _, price in goodwin_wright.MOVES.values()]
    assert curve["hull"].all()
    assert curve["cum_value"].iloc[-1] == pytest.approx(goodwin_wright.BENEFITS["A"] - goodwin_wright.BENEFITS["C"])


def test_elton_street_passes_addison_square_at_the_printed_weight_of_turnover(office_tables):
    # Parking that is not known counts as the best: even so none of the other offices ever leads.
    generous = office_tables["scores"].merge(
        pd.DataFrame({"project_id": list("BDF"), "objective_id": "parking", "raw_level": 100.0}), how="outer")
    card = score({**office_tables, "scores": generous})
    shares = np.array([card.weights[leaves].sum() for leaves in (goodwin_wright.TURNOVER, goodwin_wright.CONDITIONS)])
    branches = card.roll_up()[["turnover", "conditions"]] / shares
    assert tuple(branches.loc["E"].round(1)) == goodwin_wright.ELTON_ENDS
    turnover = stability_table(branches.to_numpy(), shares, project_ids=branches.index.to_list()).iloc[0]
    assert round(100 * turnover["weight"]) == sum(goodwin_wright.WEIGHTS[leaf] for leaf in goodwin_wright.TURNOVER)
    assert round(100 * turnover["low"], 1) == goodwin_wright.ELTON_PASSED
    assert turnover["taken_over_below"] == "E"
    assert turnover["high"] == 1.0
    elton_first = branches.loc[["E", *branches.index.drop("E")]]
    below = stability_table(elton_first.to_numpy(), np.array([0.3, 0.7]), project_ids=elton_first.index.to_list())
    assert (below["low"].iloc[0], below["taken_over_above"].iloc[0]) == (0.0, "A")
    assert round(100 * below["high"].iloc[0], 1) == goodwin_wright.ELTON_PASSED
    assert (branches.loc["G"] > branches.loc["C"]).all()
