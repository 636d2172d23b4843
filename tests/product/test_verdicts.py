"""The rule of the board: every branch by hand, and the sample company as planted."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from pmlib.product.standing.sunset import KEEP, SUNSET, UNSURE, SunsetTest
from pmlib.product.verdicts import judge, rules

METRICS = ("revenue", "margin", "share", "nps", "csat", "retention_12")


def board(**arrows: str) -> pd.DataFrame:
    every = {f"{metric}_arrow": arrows.get(metric, "–") for metric in METRICS}
    return pd.DataFrame([{"product_id": "A", "name": "Aria"} | every])


def outcome_of(verdict: str, low: float, high: float) -> SunsetTest:
    row = {"product_id": "A", "verdict": verdict, "reason": "it loses", "margin_k": (low + high) / 2,
           "margin_low_k": low, "margin_high_k": high}
    return SunsetTest(products=pd.DataFrame([row]), period=24312, months=12, ahead=12)


def said(frame: pd.DataFrame) -> tuple[Any, Any]:
    return tuple(frame.loc[0, ["verdict", "because"]])


def test_a_product_that_earns_its_keep_and_grows_is_invested_in():
    verdict, because = said(judge(board(revenue="▲"), outcome_of(KEEP, 100.0, 200.0)))
    assert verdict == "invest"
    assert because == "revenue rose, nothing fell, and after its cost to keep it leaves between 100 k and 200 k EUR"


@pytest.mark.parametrize("metric", ["share", "nps", "csat", "retention_12"])
def test_nothing_is_invested_while_share_satisfaction_or_retention_fall(metric):
    verdict, because = said(judge(board(revenue="▲", **{metric: "▼"}), outcome_of(KEEP, 100.0, 200.0)))
    assert verdict == "keep"
    assert because.endswith("fell")


def test_without_growth_a_sound_product_is_kept():
    verdict = said(judge(board(), outcome_of(KEEP, 100.0, 200.0)))
    assert verdict == ("keep", "neither revenue nor share is known to rise")


def test_one_that_loses_for_good_is_ended_even_where_its_share_rises():
    verdict, because = said(judge(board(share="▲", revenue="▼"), outcome_of(SUNSET, -200.0, -100.0)))
    assert verdict == "sunset"
    assert because.endswith("between -200 k and -100 k EUR, although market share rose")


def test_one_that_may_not_earn_its_keep_is_kept_and_told_so():
    verdict, because = said(judge(board(revenue="▲"), outcome_of(UNSURE, -20.0, 10.0)))
    assert (verdict, because) == ("keep", "it loses (between -20 k and 10 k EUR)")


@pytest.mark.parametrize("sunset", [None, outcome_of("not enough data", math.nan, math.nan)])
def test_without_costs_nothing_is_recommended(sunset):
    assert said(judge(board(revenue="▲"), sunset))[0] == "not enough data"


def test_the_rule_names_every_verdict_once():
    assert rules()["verdict"].tolist() == ["not enough data", "sunset", "invest", "keep"]
    assert rules()["when"].str.endswith(".").all()
