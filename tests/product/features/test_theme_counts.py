from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.months import parse_month
from pmlib.product.features.equal_counts import equal_counts_p
from pmlib.product.features.theme_counts import compare_counts, count_themes
from pmlib.product.marts import with_marts
from tests.product.conftest import days

GAPS = {"gaps": ["gaps", "missing values"]}
LAST = parse_month("2025-12")


def messages(*rows: tuple[str, int, str | None, str]) -> pd.DataFrame:
    """Feedback from (product, months before the last, customer, text)."""
    frame = pd.DataFrame(rows, columns=["product_id", "age", "customer_id", "text"])
    frame["date"] = days(LAST - frame.pop("age").to_numpy(dtype=int))
    return frame.astype({"customer_id": "str"}).assign(feedback_id=[f"B{i}" for i in range(len(frame))])


def orders(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Orders from (customer, months before the last, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "age", "paid_price"])
    frame["date"] = days(LAST - frame.pop("age").to_numpy(dtype=int))
    return frame.assign(product_id="A", units=1.0)


OLD = ("A", 30, "K9", "Fine.")
TOLD = messages(
    OLD, ("A", 0, "K1", "Gaps."), ("A", 1, "K1", "Gaps, again."), ("A", 2, "K2", "We see missing values."),
    ("A", 3, None, "Gaps."), ("A", 4, "K3", "All fine."), ("A", 13, "K1", "Gaps."), ("A", -1, "K4", "Gaps."),
    ("B", 0, "K5", "Gaps."),
)  # fmt: skip


def test_counts_customers_and_not_messages_and_only_within_the_window():
    row = count_themes({"feedback": TOLD}, period=LAST, themes=GAPS, product_id="A").to_frame().iloc[0]
    assert (row["messages"], row["unknown"], row["customers"], row["n"]) == (4, 1, 2, 3)
    assert row["share"] == pytest.approx(2 / 3)
    assert (row["customers_before"], row["times"]) == (1, 2)
    assert row["example"] == "Gaps."


def test_products_are_counted_apart():
    frame = count_themes({"feedback": TOLD}, period=LAST, themes=GAPS).to_frame()
    assert frame[["product_id", "customers", "n"]].to_numpy().tolist() == [["A", 2, 3], ["B", 1, 1]]


def test_adds_up_what_these_customers_brought_in_the_window_each_once():
    book = orders(("K1", 0, 1000.0), ("K1", 11, 500.0), ("K1", 12, 9000.0), ("K2", 5, 250.0), ("K7", 0, 2250.0))
    counted = count_themes({"feedback": TOLD, "orders": book}, period=LAST, themes=GAPS, product_id="A")
    row = counted.to_frame().iloc[0]
    assert row["revenue_k"] == pytest.approx(1.75)
    assert row["revenue_share"] == pytest.approx(1750 / 4000)
    assert "who brought 2 k EUR" in counted.summary()


def test_without_revenue_tables_customers_are_counted_all_the_same():
    counted = count_themes({"feedback": TOLD}, period=LAST, themes=GAPS)
    assert counted.to_frame()["revenue_k"].isna().all()
    assert "who brought" not in counted.summary()


def test_a_theme_leads_to_the_feature_that_shares_two_words(backlog):
    features = backlog(3, name=["Warning of missing values", "Missing persons", "Values"],
                       state=["idea", "idea", "dropped"])  # fmt: skip
    book = orders(("K1", 0, 1000.0), ("K2", 5, 250.0))
    counted = count_themes({"feedback": TOLD, "features": features, "orders": book}, period=LAST, themes=GAPS)
    assert counted.to_frame()["features"].tolist() == ["F01", ""]
    row = counted.features.iloc[0]
    assert (row["feature_id"], row["words"], row["messages"], row["customers"]) == ("F01", "missing, value", 4, 2)
    assert row["revenue_k"] == pytest.approx(1.25)
    assert len(counted.features) == 1


def test_a_message_with_two_themes_of_a_feature_counts_once(backlog):
    themes = {"missing values": ["missing"], "values missing": ["values"]}
    told = messages(OLD, ("A", 0, "K1", "Missing values."))
    features = backlog(1, name="Warning of missing values")
    row = count_themes({"feedback": told, "features": features}, period=LAST, themes=themes).features.iloc[0]
    assert (row["messages"], row["customers"]) == (1, 1)


@pytest.mark.parametrize("backend", ["duckdb", "sqlite"])
def test_engines_give_the_same_money(company, in_engine, backend):
    told = messages(*(("A", i % 12, f"{'K' if i % 2 else 'S'}{i:04d}", "Gaps.") for i in range(80)))
    frames, engine = {**company, "feedback": told}, {**in_engine(backend), "feedback": told}
    plain = count_themes(frames, period=LAST, themes=GAPS).to_frame()
    for tables in (engine, with_marts(engine, period=LAST)):
        pd.testing.assert_frame_equal(plain, count_themes(tables, period=LAST, themes=GAPS).to_frame())
    assert plain["revenue_k"].iloc[0] > 0


def test_a_real_rise_is_told_and_an_even_count_is_not():
    risen = [("A", 12 * (i >= 40) + i % 12, f"K{i}", "Gaps.") for i in range(50)]
    even = [("A", age, f"L{i}", "Slow.") for i in range(15) for age in (i % 12, 12 + i % 12)]
    counted = count_themes({"feedback": messages(OLD, *risen, *even)}, period=LAST, themes=GAPS | {"slow": ["slow"]})
    assert counted.to_frame()["arrow"].tolist() == ["▲", "–"]
    assert counted.to_frame()["times"].tolist() == [4, 1]
    assert "Rising: 'gaps' (10 to 40 customers, 4.0 times as many)." in counted.summary()


def test_nothing_is_said_of_a_rise_where_the_window_before_is_not_covered():
    counted = count_themes({"feedback": TOLD.iloc[1:]}, period=LAST, themes=GAPS)
    assert counted.to_frame()[["times", "p"]].isna().all(axis=None)
    assert "12 months before are not covered" in counted.summary()


def test_a_product_launched_in_the_window_before_is_not_said_to_rise():
    fresh = [("N", i % 8, f"K{i}", "Gaps.") for i in range(30)] + [("N", 15, "K99", "Gaps.")]
    frame = count_themes({"feedback": messages(OLD, *fresh)}, period=LAST, themes=GAPS).to_frame()
    assert frame[["customers", "customers_before", "arrow"]].to_numpy().tolist() == [[30, 1, ""]]


def test_the_exact_comparison_is_the_binomial_of_scipy_and_its_interval_clopper_and_pearsons():
    after, before = np.array([40, 3, 0, 7]), np.array([10, 9, 4, 0])
    told = compare_counts(after, before)
    alone = [stats.binomtest(int(a), int(a + b)) for a, b in zip(after, before, strict=True)]
    raw = np.array([compare_counts(after[[i]], before[[i]])["p"].iloc[0] for i in range(4)])
    assert raw == pytest.approx([test.pvalue for test in alone])
    for row, test in zip(told.head(3).to_dict("records"), alone, strict=False):
        ends = test.proportion_ci(method="exact")
        odds = [ends.low / (1 - ends.low), ends.high / (1 - ends.high)]
        assert [row["times_low"], row["times_high"]] == pytest.approx(odds)
    assert np.isnan(told["times"].iloc[3])
    assert (told["p"] >= raw - 1e-12).all()


def test_any_false_rise_among_ten_themes_shows_5_times_in_100_at_most():
    after, before = np.random.default_rng(4).poisson(12, (2, 2_000, 10))
    # Holm's smallest of ten p-values is ten times the smallest alone.
    false = 10 * equal_counts_p(after.ravel(), before.ravel()).reshape(2_000, 10).min(axis=1) <= 0.05
    assert np.mean(false) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)


def test_themes_are_found_where_none_are_declared():
    told = messages(OLD, *(("A", i % 12, f"K{i}", "The battery is empty.") for i in range(12)))
    counted = count_themes({"feedback": told}, period=LAST)
    assert counted.to_frame()[["theme", "customers"]].to_numpy().tolist() == [["battery empty", 12]]
    assert count_themes({"feedback": told}, period=LAST, least=13).to_frame().empty


@pytest.mark.parametrize("rows", [[], [OLD]])
def test_no_feedback_or_one_message_is_said(rows):
    counted = count_themes({"feedback": messages(*rows) if rows else TOLD.iloc[:0]}, period=LAST)
    assert counted.summary().startswith("No themes in the messages of the 12 months to December 2025.")
    assert counted.headline() == {"–": "no themes of known customers in this window"}
    assert counted.features.empty


def test_messages_of_unknown_customers_alone_are_said():
    counted = count_themes({"feedback": TOLD.assign(customer_id=None)}, period=LAST, themes=GAPS)
    assert "No message of the 12 months to December 2025 is of a known customer" in counted.summary()
    assert counted.to_frame()["unknown"].tolist() == [4, 1]


@pytest.mark.parametrize("column", ["text", "date"])
def test_messages_without_text_or_date_are_refused(column):
    gaps = TOLD.copy()
    gaps.loc[1, column] = None
    with pytest.raises(SchemaError, match=f"feedback: column '{column}' holds an empty cell in row 1"):
        count_themes({"feedback": gaps}, period=LAST, themes=GAPS, product_id="A")


def test_bad_questions_are_refused():
    with pytest.raises(MissingTableError, match="table 'feedback' is missing"):
        count_themes({}, period=LAST)
    with pytest.raises(ParameterError, match="product_id: got 'C'"):
        count_themes({"feedback": TOLD}, period=LAST, product_id="C")
    with pytest.raises(ParameterError, match="months: got 0"):
        count_themes({"feedback": TOLD}, period=LAST, months=0)
    with pytest.raises(ParameterError, match="least: got 0"):
        count_themes({"feedback": TOLD}, period=LAST, least=0)
