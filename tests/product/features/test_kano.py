from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import multinomial_proportions_confint, proportion_confint

from pmlib.errors import MissingTableError, ParameterError, ScaleError, SchemaError
from pmlib.product.features.equal_counts import equal_counts_p
from pmlib.product.features.kano import (
    EVALUATION,
    LETTERS,
    classify_features,
    coefficients,
    joint_intervals,
    leads,
    letters,
)
from tests.published.kano import BERGER_EVALUATION, SAUERWEIN_SKI

#: A pair of answers of each class.
PAIRS = {"M": (3, 5), "O": (1, 5), "A": (1, 3), "I": (3, 3), "R": (5, 3), "Q": (1, 1)}


def survey(**features: dict[str, int]) -> pd.DataFrame:
    """Answers by class: ``survey(F1={"M": 30, "I": 5})``."""
    rows = [
        (f"K{i:03d}", feature, *pair)
        for feature, counts in features.items()
        for i, pair in enumerate([PAIRS[letter] for letter, count in counts.items() for _ in range(count)])
    ]
    return pd.DataFrame(rows, columns=["respondent_id", "feature_id", "functional", "dysfunctional"])


def test_evaluation_table_is_that_of_berger_1993():
    assert tuple(tuple(row) for row in EVALUATION) == BERGER_EVALUATION
    functional, dysfunctional = (axis.ravel() for axis in np.indices((5, 5)) + 1)
    assert letters(functional, dysfunctional).reshape(5, 5).tolist() == [list(row) for row in BERGER_EVALUATION]


@pytest.mark.parametrize("requirement", SAUERWEIN_SKI)
def test_better_and_worse_reproduce_sauerwein_1996(requirement):
    percents, better, worse, letter = SAUERWEIN_SKI[requirement]
    counts = np.round(10 * np.array([percents])).astype(np.int64)
    told = coefficients(counts).iloc[0]
    assert round(told["better"], 2) == better
    assert round(told["worse"], 2) == worse
    assert leads(counts)["largest"].tolist() == [letter]


def test_intervals_of_the_coefficients_are_wilsons():
    told = coefficients(np.array([[60, 20, 10, 10, 5, 3]])).iloc[0]
    assert (told["better_low"], told["better_high"]) == pytest.approx(proportion_confint(30, 100, method="wilson"))
    low, high = proportion_confint(80, 100, method="wilson")
    assert (told["worse_low"], told["worse_high"]) == pytest.approx((-high, -low))


def test_joint_intervals_are_goodmans():
    counts = np.array([[55, 157, 44, 35, 4, 5], [0, 1, 9, 0, 0, 0]])
    low, high = joint_intervals(counts)
    for row, mine in zip(counts, np.stack([low, high], axis=2), strict=True):
        assert mine == pytest.approx(multinomial_proportions_confint(row, method="goodman"), abs=1e-12)


def test_the_lead_is_tested_by_the_exact_binomial():
    for first, second in ((20, 10), (9, 8), (5, 0), (0, 0)):
        exact = stats.binomtest(first, first + second).pvalue if first + second else 1.0
        assert equal_counts_p(np.array([first]), np.array([second]))[0] == pytest.approx(exact)


@pytest.mark.parametrize("shares", [(0.35, 0.35, 0.1, 0.1, 0.1), (0.2,) * 5, (0.3, 0.3, 0.3, 0.05, 0.05)])
@pytest.mark.parametrize("n", [30, 300])
def test_classes_as_frequent_as_each_other_are_told_apart_5_times_in_100_at_most(shares, n):
    counts = np.random.default_rng(7).multinomial(n, shares, size=20_000)
    second, first = np.sort(counts, axis=1)[:, -2:].T
    wrong = (equal_counts_p(first, second) <= 0.05).mean()
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 20_000)


def test_fongs_test_finds_a_lead_too_often():
    """At its 5 % level, where two of five classes are as frequent as each other."""
    counts = np.random.default_rng(7).multinomial(300, (0.45, 0.45, 0.04, 0.03, 0.03), size=20_000)
    second, first = np.sort(counts, axis=1)[:, -2:].T
    both = first + second
    assert (first - second > 1.96 * np.sqrt(both * (600 - both) / 600)).mean() > 0.10


def test_a_clear_class_is_named_and_an_unclear_one_is_mixed():
    asked = survey(F1={"M": 30, "I": 8}, F2={"M": 20, "O": 18, "Q": 2}, F3={"A": 12, "I": 3})
    found = classify_features({"kano": asked}, period="2025-12")
    assert found.to_frame().set_index("feature_id")["kano"].to_dict() == {
        "F1": "must-be", "F2": "mixed", "F3": "not enough answers"
    }  # fmt: skip
    assert found.questionable_share == pytest.approx(2 / 93)
    assert "1 mixed (no class is clearly ahead)" in found.summary()
    assert "1 with fewer than 20 usable answers" in found.summary()


def test_every_feature_asked_about_makes_a_class_harder_to_name():
    alone = {"M": 30, "I": 15}
    assert classify_features({"kano": survey(F1=alone)}, period="2025-12").members("must-be") == ["F1"]
    many = survey(**{f"F{i}": alone if i == 1 else {"M": 15, "I": 15} for i in range(1, 9)})
    assert classify_features({"kano": many}, period="2025-12").members("must-be") == []


def test_questionable_answers_and_missing_ones_are_told_and_do_not_compete():
    asked = survey(F1={"Q": 40, "M": 25, "I": 2})
    asked.loc[0, "functional"] = None
    row = classify_features({"kano": asked}, period="2025-12").to_frame().iloc[0]
    assert (row["kano"], row["n"], row["n_missing"]) == ("must-be", 66, 1)


def test_shares_of_a_feature_sum_to_one():
    shares = classify_features({"kano": survey(F1={"M": 7, "A": 3}, F2={"O": 1})}, period="2025-12").shares
    assert shares.groupby("feature_id")["share"].sum().tolist() == pytest.approx([1, 1])
    assert shares["letter"].tolist() == list(LETTERS) * 2
    assert ((shares["low"] <= shares["share"]) & (shares["share"] <= shares["high"])).all()


def test_a_feature_that_all_want_gone_has_no_better_and_no_worse():
    row = classify_features({"kano": survey(F1={"R": 30})}, period="2025-12").to_frame().iloc[0]
    assert row["kano"] == "reverse"
    assert np.isnan([row["better"], row["worse"], row["better_low"]]).all()


def test_one_respondent_and_nobody():
    one = classify_features({"kano": survey(F1={"M": 1})}, period="2025-12")
    assert one.members("not enough answers") == ["F1"]
    nobody = classify_features({"kano": survey()}, period="2025-12")
    assert nobody.summary() == "No Kano answers."
    assert nobody.headline() == {"–": "no Kano answers"}


def test_takes_product_and_name_from_the_features(backlog):
    tables = {"kano": survey(F01={"M": 30}, F02={"A": 30}), "features": backlog(2, product_id=["A", "B"])}
    found = classify_features(tables, period="2025-12", product_id="B").to_frame()
    assert found[["product_id", "name", "kano"]].to_numpy().tolist() == [["B", "Feature F02", "attractive"]]


@pytest.mark.parametrize("answer", [0, 6, 2.5])
def test_an_answer_off_the_scale_is_refused_with_its_place(answer):
    asked = survey(F1={"M": 3}).astype({"functional": "float64"})
    asked.loc[1, "functional"] = answer
    with pytest.raises(ScaleError, match=rf"answer of respondent 'K001' about 'F1' is {answer:g}, allowed 1, 2"):
        classify_features({"kano": asked}, period="2025-12")


def test_an_unknown_feature_a_second_answer_and_an_unknown_product_are_refused(backlog):
    tables = {"features": backlog(2)}
    with pytest.raises(SchemaError, match=r"feature_id 'F03' is not in features\. Did you mean 'F0"):
        classify_features(tables | {"kano": survey(F03={"M": 1})}, period="2025-12")
    twice = pd.concat([survey(F01={"M": 1})] * 2)
    with pytest.raises(SchemaError, match="row 1 has the key of an earlier one .respondent_id 'K000', feature"):
        classify_features(tables | {"kano": twice}, period="2025-12")
    with pytest.raises(ParameterError, match="product_id: got 'B'"):
        classify_features(tables | {"kano": survey(F01={"M": 1})}, period="2025-12", product_id="B")
    with pytest.raises(MissingTableError, match="table 'kano' is missing"):
        classify_features(tables, period="2025-12")
    with pytest.raises(ParameterError, match="class: got 'must'"):
        classify_features({"kano": survey(F01={"M": 1})}, period="2025-12").members("must")
