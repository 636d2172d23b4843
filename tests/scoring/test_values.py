"""The declared scale of a criterion, and the tree of criteria."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError, ScaleError, SchemaError
from pmlib.sample.judgements import objectives
from pmlib.scoring import criteria, score


def _leaf(**cells):
    row = {"objective_id": "reach", "name": "Reach", "worst": 1.0, "best": 5.0, **cells}
    return {"objectives": pd.DataFrame([row])}


def _scale(**cells):
    return criteria(_leaf(**cells)).scales[0]


def test_anchors_are_worth_0_and_100_points():
    assert _scale().value([1.0, 5.0, 2.0]).tolist() == [0.0, 100.0, 25.0]


def test_minimise_turns_the_scale_round():
    scale = _scale(direction="minimise", worst=10.0, best=0.0)
    assert scale.value([10.0, 0.0, 2.5]).tolist() == [0.0, 100.0, 75.0]


def test_piecewise_runs_through_its_points():
    scale = _scale(value_function="piecewise", points="1=0; 3=20; 5=100")
    assert scale.value([1, 2, 3, 4, 5]).tolist() == [0.0, 10.0, 20.0, 60.0, 100.0]


def test_piecewise_takes_points_in_any_order_and_minimises():
    cells = {"direction": "minimise", "worst": 20.0, "best": 0.0, "value_function": "piecewise"}
    scale = _scale(**cells, points="0=100;20=0 ; 5=90")
    assert scale.value([20, 12.5, 5, 0]).tolist() == [0.0, 45.0, 90.0, 100.0]


def test_exponential_is_worth_0_50_and_100_points_at_worst_mid_and_best():
    scale = _scale(value_function="exponential", mid=2.0)
    assert scale.value([1.0, 2.0, 5.0]).tolist() == pytest.approx([0.0, 50.0, 100.0])
    assert scale.value([0.0, np.nan, 9.0]).tolist() == pytest.approx([0.0, np.nan, 100.0], nan_ok=True)


def test_exponential_scale_to_minimise_bends_on_the_way_from_worst_to_best():
    scale = _scale(value_function="exponential", direction="minimise", worst=100.0, best=0.0, mid=80.0)
    rising = _scale(value_function="exponential", worst=0.0, best=100.0, mid=20.0)
    levels = np.linspace(0, 100, 11)
    assert scale.value(levels) == pytest.approx(rising.value(100 - levels))


def test_exponential_with_mid_half_way_is_the_linear_scale():
    levels = np.linspace(1, 5, 9)
    assert _scale(value_function="exponential", mid=3.0).value(levels).tolist() == _scale().value(levels).tolist()


CODES = {"value_function": "categorical", "worst": 1.0, "best": 2.0, "points": "1=0; 2=100; 4=35",
         "anchors": "1=no sponsor; 2=board; 4=head of unit"}


def test_categorical_codes_need_not_rise_with_their_points():
    scale = _scale(**CODES)
    assert scale.value([4, 1, 2, np.nan]).tolist() == pytest.approx([35.0, 0.0, 100.0, np.nan], nan_ok=True)
    assert scale.value(4 + 1e-12).tolist() == 35.0


def test_direction_says_nothing_about_codes():
    scale = _scale(value_function="categorical", worst=2.0, best=1.0, points="1=100; 2=0", direction="maximise")
    assert scale.value([1, 2]).tolist() == [100.0, 0.0]


@pytest.mark.parametrize("outside", ["refuse", "clip"])
@pytest.mark.parametrize("level", [0.0, 3.0, 1.5, 5.0, np.inf])
def test_level_that_is_no_code_is_refused_with_the_codes_in_words_even_where_levels_are_clipped(level, outside):
    scale = _scale(**CODES, outside=outside)
    assert scale.refused([level, 2.0, np.nan]).tolist() == [True, False, False]
    allowed = r"allowed one of 1 \(no sponsor\), 2 \(board\), 4 \(head of unit\)\. Correct the level, or declare"
    with pytest.raises(ScaleError, match=rf"reach: got {level:g}, {allowed}"):
        scale.value([2.0, level])
    with pytest.raises(ScaleError, match=rf"do_nothing of 'reach' is {level:g}, {allowed}"):
        criteria(_leaf(**CODES, outside=outside, do_nothing=level))


def test_refused_score_on_a_categorical_criterion_names_the_project(make_tables):
    tables = make_tables()
    rows = tables["objectives"].to_dict("records")
    rows[2] |= {"value_function": "categorical", "points": "0=0; 8=40; 10=100", "anchors": "0=none"}
    with pytest.raises(ScaleError, match=r"project 'B', objective 'reach'.*got 4, allowed one of 0 \(none\), 8, 10"):
        score({**tables, "objectives": pd.DataFrame(rows).astype({"parent": "str"})})


def test_levels_taken_to_be_an_end_are_counted():
    levels = np.array([0.0, 1.0, 3.0, 5.0 + 1e-12, 6.0, np.nan, np.inf])
    assert _scale(outside="clip").clipped(levels).tolist() == [True, False, False, False, True, False, False]
    assert not _scale().clipped(levels).any()
    assert not _scale(**CODES, outside="clip").clipped(levels).any()
    assert _scale().off(levels).tolist() == [True, False, False, False, True, False, True]


def test_curve_runs_through_every_knot_from_the_lowest_level_to_the_highest():
    curve = _scale(value_function="piecewise", points="1=0; 1.3=20; 5=100").curve(n=3)
    assert curve["level"].to_list() == [1, 1.3, 3, 5]
    assert curve["points"].to_list() == pytest.approx([0, 20, 20 + 80 * 1.7 / 3.7, 100])
    assert _scale(**CODES).curve().to_dict("list") == {"level": [1, 2, 4], "points": [0, 100, 35]}
    assert len(_scale(value_function="exponential", mid=2).curve()) == 101
    with pytest.raises(ParameterError, match=r"n of the curve of 'reach' is 1, allowed 2 or more"):
        _scale().curve(n=1)


def test_anchors_say_in_words_what_levels_mean():
    tree = criteria(_leaf(anchors="5=everyone; 1=nobody uses it;"))
    assert tree.anchors == {"reach": {1.0: "nobody uses it", 5.0: "everyone"}}
    assert criteria(_leaf()).anchors == {"reach": {}}


@pytest.mark.parametrize("cells", [{"anchors": "1=none; 6=all"}, {"anchors": "1=none; 6=all", "outside": "clip"},
                                   {**CODES, "anchors": "1=none; 3=half"}])
def test_anchor_of_a_level_that_the_scale_does_not_hold_is_refused(cells):
    got = r"(6, allowed 1 to 5|3, allowed one of 1 \(none\), 2, 4)"
    with pytest.raises(ScaleError, match=rf"a level of anchors of 'reach' is {got}"):
        criteria(_leaf(**cells))


@settings(max_examples=30, deadline=None)
@given(raw=st.floats(-1e6, 1e6), other=st.floats(-1e6, 1e6))
def test_value_never_leaves_0_to_100_and_never_falls_as_levels_get_better(raw, other):
    scale = _scale(value_function="piecewise", points="1=0; 3=20; 5=100", outside="clip")
    low, high = scale.value(sorted([raw, other]))
    assert 0 <= low <= high <= 100


@settings(max_examples=30, deadline=None)
@given(level=st.floats(0, 1), mid=st.floats(0.06, 0.94), shift=st.floats(-100, 100), stretch=st.floats(0.01, 100),
       function=st.sampled_from(["linear", "exponential"]))
def test_value_does_not_depend_on_the_unit_of_the_level(level, mid, shift, stretch, function):
    plain = _scale(value_function=function, worst=0.0, best=1.0, mid=mid).value(level)
    other = _scale(value_function=function, worst=shift, best=shift + stretch, mid=shift + stretch * mid)
    assert other.value(shift + stretch * level) == pytest.approx(plain, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(levels=st.permutations([1.0, 1.7, 2.0, 4.9, 5.0]))
def test_order_of_the_rows_makes_no_difference(levels):
    for scale in (_scale(), _scale(value_function="exponential", mid=2.0)):
        assert scale.value(levels) == pytest.approx([float(scale.value(level)) for level in levels])


def test_missing_level_stays_missing():
    assert np.isnan(_scale().value([np.nan]))[0]


@pytest.mark.parametrize("word", ["maximize", "max", "cost", "Minimise"])
def test_unknown_direction_word_is_refused_and_never_taken_as_cost(word):
    with pytest.raises(SchemaError, match=rf"direction is '{word}' in row 1\. Known: maximise, minimise"):
        criteria(_leaf(direction=word))


def test_near_word_is_suggested():
    with pytest.raises(SchemaError, match=r"Did you mean 'maximise'"):
        criteria(_leaf(direction="maximize"))


@pytest.mark.parametrize(
    ("cells", "remedy"),
    [
        ({"direction": "maximise", "worst": 5.0, "best": 1.0}, "worst 5 lies above best 1.*direction to minimise"),
        ({"direction": "minimise", "worst": 1.0, "best": 5.0}, "worst 1 lies below best 5.*direction to maximise"),
        ({"worst": 2.0, "best": 2.0}, "worst 2 to best 2, allowed two different"),
        ({"worst": 2.0, "best": np.nan}, "worst 2 to best nan.*Fill both"),
        ({"value_function": "logistic"}, "value_function is 'logistic'.*Known: linear, piecewise, exponential, cat"),
        ({"value_function": "exponential"}, "mid of 'reach' is nan, allowed 1.2 to 4.8.*level worth 50 points"),
        ({"outside": "ignore"}, "outside is 'ignore'.*Known: refuse, clip"),
    ],
)
def test_scale_that_contradicts_itself_is_refused_with_the_remedy(cells, remedy):
    with pytest.raises(SchemaError, match=remedy):
        criteria(_leaf(**cells))


@pytest.mark.parametrize(
    "points",
    ["", "1=0; 3", "1=0; five=100", "1=0; 3=nan; 5=100", "1=0; 4=100", "1=0; 3=60; 4=40; 5=100", "1=0; 1=5; 5=100",
     "1=0; 3=120; 5=100", "1=10; 5=100", "1=0,5; 5=100"],
)  # fmt: skip
def test_points_text_that_is_no_rising_scale_is_refused(points):
    with pytest.raises(SchemaError, match=r"points of 'reach'.*(Write them like|Correct the points)"):
        criteria(_leaf(value_function="piecewise", points=points))


def test_do_nothing_is_the_worst_level_unless_given():
    assert criteria(_leaf()).do_nothing["reach"] == 0.0
    assert criteria(_leaf(do_nothing=2.0)).do_nothing["reach"] == 25.0


def test_do_nothing_outside_the_scale_is_refused_or_clipped():
    with pytest.raises(ScaleError, match=r"do_nothing of 'reach' is 0, allowed 1 to 5"):
        criteria(_leaf(do_nothing=0.0))
    assert criteria(_leaf(do_nothing=0.0, outside="clip")).do_nothing["reach"] == 0.0


def test_leaves_are_nobodys_parent_and_have_a_scale(make_tables):
    tree = criteria(make_tables())
    assert tree.leaves == ["reach", "fit", "risk"]
    assert tree.leaves_below("market") == ["reach", "fit"]
    assert tree.leaves_below("goal") == tree.leaves
    with pytest.raises(SchemaError, match=r"'markt' is not in the tree.*Did you mean 'market'"):
        tree.leaves_below("markt")


def test_childless_objective_without_scale_is_noted():
    frame = pd.DataFrame({"objective_id": ["reach", "idea"], "name": ["R", "I"], "worst": [0, None], "best": [1, None]})
    tree = criteria({"objectives": frame})
    assert tree.leaves == ["reach"]
    assert tree.notes == ("Objective idea has neither children nor a scale and counts for nothing.",)


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({"points": "1=0; 5=100"}, "Objective reach is linear: its points text is not used."),
        ({"value_function": "exponential", "mid": 2, "points": "1=0; 5=100"},
         "Objective reach is exponential: its points text is not used."),
        ({"value_function": "categorical", "mid": 2, "points": "1=0; 5=100"},
         "Objective reach is categorical: its mid is not used."),
    ],
)  # fmt: skip
def test_cell_that_the_value_function_does_not_use_is_noted(cells, note):
    assert criteria(_leaf(**cells)).notes == (note,)


def test_ring_of_parents_is_refused(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "goal"), "parent", "market")
    with pytest.raises(SchemaError, match=r"ring.*Empty one parent"):
        criteria({"objectives": objectives})


def test_unknown_parent_is_refused_with_a_near_name(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "reach"), "parent", "markt")
    with pytest.raises(SchemaError, match=r"parent 'markt' of 'reach' is no objective.*Did you mean 'market'"):
        criteria({"objectives": objectives})


def test_objective_that_stands_twice_is_refused(make_tables):
    frame = make_tables()["objectives"]
    with pytest.raises(SchemaError, match=r"'reach' stands in 2 rows"):
        criteria({"objectives": pd.concat([frame, frame[frame["objective_id"] == "reach"]])})


def test_tree_without_any_scale_is_refused():
    with pytest.raises(SchemaError, match=r"no leaf has a scale.*Fill worst and best"):
        criteria(_leaf(worst=np.nan, best=np.nan))


def test_missing_table_is_named():
    with pytest.raises(MissingTableError, match=r"needs the table 'objectives'.*at least: objective_id, name"):
        criteria({})


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("Reach", "thousand EUR a year"), ("Reach", "kEUR"), ("Reach", "5 M€"), ("Reach", "euros"), ("Reach", "MSEKm"),
        ("Reach", "SEK"), ("Reach", "kSEK a year"), ("Running cost", ""), ("cost_k", ""), ("COSTS", "1 to 5"),
        ("Low-cost supply", ""), ("New revenue", ""), ("NPV", ""), ("Net present value", ""), ("Profitability", ""),
        ("Return on investment", ""), ("Payback", "months"), ("Pay-back", "months"), ("Cash flow", ""),
        ("Turnover", ""), ("Reach", "US$"),
        ("Gross margin", ""), ("Reach", "probability"), ("Probability of technical success", ""), ("p_success", ""),
        ("Risk", "chance of success in %"), ("Likelihood that it succeeds", ""), ("Success probability", ""),
        ("Odds of commercial success", "1 to 5"),
    ],
)  # fmt: skip
def test_leaf_measured_in_money_or_in_chance_of_success_is_found(name, measure):
    assert criteria(_leaf(name=name, measure=measure)).counts_money("SEK") == ("reach",)


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("Reach", "visitors from Costa Rica"), ("Costume department", ""), ("Energy savings", "MWh a year"),
        ("Neural search", "queries"), ("Europe", "countries"), ("Staff turnover", "people a year"),
        ("Non-profit partners", "partners"), ("Safety margin", "mm"), ("Customer success", "1 to 5"),
        ("Chance of rain", "days"), ("Probability that a customer leaves", "%"), ("Delivery risk", "1 to 10"),
        ("Strategic fit", "1 (off course) to 5 (at the centre)"), ("Value for users", "points"), ("sek", "seconds"),
        ("Seksual health", ""), ("Employee turnover", ""), ("Heroic roister", ""),
        ("Success rate of logins", "%"), ("Budget holders reached", "people"), ("Chance to learn", "1 to 5, success"),
    ],
)  # fmt: skip
def test_leaf_whose_words_only_resemble_money_or_success_is_not_found(name, measure):
    assert criteria(_leaf(name=name, measure=measure)).counts_money("SEK") == ()


def test_currency_is_found_as_written_and_no_criterion_of_the_sample_company_counts_money():
    tree = criteria(_leaf(measure="thousand TRY"))
    assert (tree.counts_money("TRY"), tree.counts_money()) == (("reach",), ())
    assert criteria(_leaf(measure="tries; try again")).counts_money("TRY") == ()
    assert criteria({"objectives": objectives()}).counts_money("EUR") == ()
