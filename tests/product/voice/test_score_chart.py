from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, ScaleError
from pmlib.product.voice.score_chart import chart_score
from tests.product.conftest import PERIOD, nps_answers

FIRST = PERIOD - 23


def _surveys(by_month: dict[int, tuple[int, int, int]], product: str = "A") -> dict[str, pd.DataFrame]:
    return {"surveys": nps_answers(product, by_month)}


def _steady(n: int = 1) -> dict[int, tuple[int, int, int]]:
    return {month: (n * 9 + month % 2, n * 7, n * 4 - month % 2) for month in range(FIRST, PERIOD + 1)}


def _fallen() -> dict[int, tuple[int, int, int]]:
    return {month: (90, 70, 40) if month < FIRST + 15 else (50, 70, 80) for month in range(FIRST, PERIOD + 1)}


def test_a_fall_is_signalled_dated_and_measured() -> None:
    told = chart_score(_surveys(_fallen()), period=PERIOD)
    row = told.to_frame().iloc[0]
    assert (row["signal_month"], row["change_month"]) == (FIRST + 15, FIRST + 15)
    assert (row["change_from"], row["change_to"]) == (FIRST + 15, FIRST + 15)
    assert (row["level"], row["before"], row["after"]) == pytest.approx((25, 25, -15))
    assert told.summary() == (
        "A left its level of 25 in April 2025: 25 became -15, most likely from April 2025 on (between April 2025 and "
        "April 2025)."
    )
    assert list(told.headline()) == ["1 of 1", "5 %"]
    assert repr(told).startswith("<ScoreChart: A left")


def test_a_steady_score_stays_inside_its_limits() -> None:
    told = chart_score(_surveys(_steady(5)), period=PERIOD)
    assert told.to_frame()["signal_month"].tolist() == [0]
    assert told.summary() == "1 score stayed within what chance does (5 % for any false signal)."
    watched = told.months.iloc[8:]
    assert told.months["limit_low"].iloc[:8].isna().all()
    assert (watched["limit_low"] < watched["smoothed_low"] + 1e-9).all()
    assert not told.months[["outside", "smoothed_outside"]].to_numpy().any()


def test_limits_widen_where_a_month_has_few_answers_and_empty_months_have_none() -> None:
    months = _steady(5) | {PERIOD - 1: (3, 2, 1)}
    del months[PERIOD - 3]
    rows = chart_score(_surveys(months), period=PERIOD).months.set_index("month")
    width = rows["limit_high"] - rows["limit_low"]
    assert width[PERIOD - 1] > 2 * width[PERIOD]
    assert (rows.loc[PERIOD - 3, "n"], np.isnan(width[PERIOD - 3])) == (0, True)


def test_more_charts_need_stronger_signals() -> None:
    alone = chart_score(_surveys(_steady(5)), period=PERIOD).months["limit_high"].max()
    several = pd.concat([nps_answers(name, _steady(5)) for name in "ABCDEFGH"], ignore_index=True)
    assert chart_score({"surveys": several}, period=PERIOD).months["limit_high"].max() > alone + 1


def test_months_that_jump_about_are_called_restless() -> None:
    months = {month: (60, 20, 20) if month % 2 else (30, 20, 50) for month in range(FIRST, PERIOD + 1)}
    told = chart_score(_surveys(months), period=PERIOD)
    assert "The starting months of A differ more than chance: limits too narrow." in told.summary()


def test_shares_are_charted_in_percent_of_the_top_boxes() -> None:
    surveys = _surveys(_fallen())["surveys"].assign(instrument="CSAT")
    row = (
        chart_score({"surveys": surveys.assign(score=surveys["score"])}, period=PERIOD, instrument="CSAT")
        .to_frame()
        .iloc[0]
    )
    assert (row["unit"], row["before"], row["after"]) == ("share", pytest.approx(0.45), pytest.approx(0.25))


def test_two_engines_draw_the_same_chart(in_engine, company) -> None:
    ours = chart_score(company, period=PERIOD)
    for backend in ("duckdb", "sqlite"):
        theirs = chart_score(in_engine(backend), period=PERIOD)
        pd.testing.assert_frame_equal(ours.to_frame(), theirs.to_frame(), check_dtype=False)
    assert ours.to_frame().set_index("product_id")["signal_month"].gt(0).to_dict() == {"A": False, "B": True}


def test_all_answers_alike_signal_nothing() -> None:
    told = chart_score(_surveys({month: (10, 0, 0) for month in range(FIRST, PERIOD + 1)}), period=PERIOD)
    assert told.to_frame()["signal_month"].tolist() == [0]


@pytest.mark.parametrize("months", [{PERIOD: (40, 40, 40)}, {month: (1, 1, 0) for month in range(FIRST, PERIOD + 1)}])
def test_too_few_answers_or_months_give_no_chart(months) -> None:
    told = chart_score(_surveys(months), period=PERIOD)
    assert told.summary() == (
        "1 score not charted: not enough answers (30 needed in the first third of the months and in the rest)."
    )
    assert told.months.empty
    assert told.headline() == {"–": "not enough NPS answers for a chart"}


def test_bad_input_is_named() -> None:
    tables = _surveys(_steady())
    assert chart_score(tables, period="2019-01").summary() == "No NPS answers to January 2019."
    with pytest.raises(ParameterError, match="false_alarm: got 0, allowed 0.01 to 0.5"):
        chart_score(tables, period=PERIOD, false_alarm=0)
    with pytest.raises(ParameterError, match="product_id: got 'B'. Known: A"):
        chart_score(tables, period=PERIOD, product_id="B")
    with pytest.raises(ScaleError, match="NPS answers with scale_max 5"):
        chart_score({"surveys": tables["surveys"].assign(scale_max=5)}, period=PERIOD)
    with pytest.raises(MissingTableError, match="table 'surveys' is missing"):
        chart_score({}, period=PERIOD)
    with pytest.raises(ParameterError, match=r"product_id: got \['A'\]"):
        chart_score(tables, period=PERIOD, product_id=["A"])
    with pytest.raises(ParameterError, match="false_alarm: got '5 %', allowed 0.01 to 0.5"):
        chart_score(tables, period=PERIOD, false_alarm="5 %")
