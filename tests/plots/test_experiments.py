from __future__ import annotations

from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from pmlib.plots import experiments as plots

Unreadable = Callable[[Axes], list[str]]


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def _programme(number: int = 20) -> pd.DataFrame:
    effect = np.random.default_rng(1).normal(0, 0.2, number)
    effect[[0, -1]] = 1.7, np.nan
    verdict = np.where(np.arange(number) == 0, "real", "not shown").astype(object)
    verdict[-1] = "do not read"
    return pd.DataFrame({
        "test_id": [f"X{i:02d}" for i in range(number)], "visitors": 117_000 + np.arange(number), "effect_pp": effect,
        "low_pp": effect - 0.35, "high_pp": effect + 0.35, "shrunken_pp": 0.85 * effect, "verdict": verdict,
    })  # fmt: skip


def _days(number: int = 14) -> pd.DataFrame:
    look = np.arange(1, number + 1)
    half = 2.6 / look**0.7
    return pd.DataFrame({
        "look": look, "visitors": 8_000 * look, "difference_pp": 0.8, "low_pp": 0.8 - half, "high_pp": 0.8 + half,
        "p": np.where(half < 0.8, 0.01, 0.5), "ordinary_low_pp": 0.8 - half / 2, "ordinary_high_pp": 0.8 + half / 2,
    })  # fmt: skip


def _months(**columns: float) -> pd.DataFrame:
    month = np.arange(24289, 24313)
    after = month >= 24301
    wave = 100 + 20 * np.cos(month * np.pi / 6)
    frame = pd.DataFrame({"month": month, "after": after})
    return frame.assign(**{name: np.where(after | (not name.startswith("expected")), level * wave, np.nan)
                           for name, level in columns.items()})  # fmt: skip


def _elasticity(number: int = 2) -> pd.DataFrame:
    return pd.DataFrame({
        "name": [f"Product {i} of a long name" for i in range(number)], "elasticity": -1.3 + 0.3 * np.arange(number),
        "low": -1.5 + 0.3 * np.arange(number), "high": -1.1 + 0.3 * np.arange(number), "n": 72, "naive": 0.2,
        "naive_low": -0.5, "naive_high": 0.9, "naive_n": 108,
    })  # fmt: skip


def test_the_forest_is_sorted_says_each_verdict_and_crosses_the_mismatch_out(unreadable: Unreadable) -> None:
    ax = plots.forest(_programme())
    assert unreadable(ax) == []
    assert ax.get_title(loc="left") == "1 of 20 experiments found something real (n 117,000 to 117,019)"
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert (names[0], names[-1]) == ("X00", "X19")
    words = [text.get_text() for text in ax.texts]
    assert (words[0], words[-1], len(words)) == ("real", "do not read", 20)
    marks = [line.get_marker() for line in ax.lines]
    assert marks.count("D") == 1
    assert marks.count("X") == 1
    assert marks.count("o") == 18
    assert "pp; 95 % interval" in ax.get_xlabel()


def test_of_many_experiments_the_forest_shows_twenty_and_says_so(unreadable: Unreadable) -> None:
    ax = plots.forest(_programme(60))
    assert unreadable(ax) == []
    assert "20 shown" in ax.get_title(loc="left")
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert "X00" in names
    assert "X59" in names


def test_the_days_show_both_intervals_and_from_when_it_is_shown(unreadable: Unreadable) -> None:
    ax = plots.day_by_day(_days())
    assert unreadable(ax) == []
    assert ax.get_title(loc="left") == "Shown from day 6 on, however often one looks (112,000 visitors)"
    assert [text.get_text() for text in ax.texts] == ["ordinary: valid once", "seen", "valid every day"]
    assert {line.get_linestyle() for line in ax.lines} >= {"-", "--"}
    assert "Not shown on any day" in plots.day_by_day(_days().assign(p=0.5)).get_title(loc="left")
    assert unreadable(plots.day_by_day(_days(1))) == []


def test_both_sides_are_named_at_their_ends_with_the_expected_one_and_its_interval(unreadable: Unreadable) -> None:
    frame = _months(treated_k=1.1, control_k=0.7, expected_k=1.0, expected_low_k=0.9, expected_high_k=1.05)
    ax = plots.two_groups(frame, title="Aria, north: +10.0 % beyond the others", treated="north", currency="CHF")
    assert unreadable(ax) == []
    assert [text.get_text() for text in ax.texts] == ["from January 2025", "the others", "expected", "north"]
    assert len(ax.collections) == 1
    assert ax.get_ylabel() == "Thousand CHF a month, a group"


def test_lines_that_end_together_keep_their_names_apart(unreadable: Unreadable) -> None:
    frame = _months(treated_k=1.0, control_k=1.001, expected_k=0.999, expected_low_k=0.9, expected_high_k=1.05)
    assert unreadable(plots.two_groups(frame, title="A", treated="north")) == []


def test_the_fit_breaks_at_the_change(unreadable: Unreadable) -> None:
    frame = _months(revenue_k=1.02, fitted_k=1.0, expected_k=0.9, expected_low_k=0.8, expected_high_k=1.0)
    ax = plots.interruption(frame, title="Aria: +11.0 % by now (+2.0 to +20.0), 24 months")
    assert unreadable(ax) == []
    assert len([line for line in ax.lines if len(line.get_xdata()) == 12]) == 3


@pytest.mark.parametrize("number", [1, 2, 6])
def test_both_elasticities_are_written_with_their_n(number: int, unreadable: Unreadable) -> None:
    ax = plots.elasticity(_elasticity(number))
    assert unreadable(ax) == []
    assert ax.texts[0].get_text() == "-1.30  by lot, n 72"
    assert len(ax.texts) == 2 * number


def test_what_was_not_measured_is_said_in_words(unreadable: Unreadable) -> None:
    blank = _elasticity(1).assign(elasticity=np.nan, low=np.nan, high=np.nan, n=4)
    ax = plots.elasticity(blank)
    assert unreadable(ax) == []
    assert ax.texts[0].get_text() == "not enough data, by lot, n 4"
    for drawn, said in (
        (plots.forest(_programme().iloc[:0]), "No experiments"),
        (plots.day_by_day(_days().iloc[:0]), "Not to be read"),
        (plots.two_groups(_months(treated_k=np.nan, control_k=1.0, expected_k=np.nan)), "Not enough months"),
        (plots.interruption(_months(revenue_k=1.0, fitted_k=np.nan)), "Not enough months"),
        (plots.elasticity(_elasticity(0)), "No prices"),
    ):
        assert unreadable(drawn) == []
        assert said in drawn.texts[0].get_text()


def test_figures_draw_upon_the_axes_given_and_leave_the_frame_alone() -> None:
    frame = _programme()
    before = frame.copy()
    ax = plt.subplots()[1]
    assert plots.forest(frame, ax) is ax
    pd.testing.assert_frame_equal(frame, before)
