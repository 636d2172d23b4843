from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pmlib.plots import release as plots

NAMES = ("2026 Q1", "2026 Q2")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def features() -> pd.DataFrame:
    long = "A feature with a name that goes on and on past every edge"
    return pd.DataFrame({
        "feature_id": ["F1", "F2", "F3", "F4"], "name": [long, "Short", "Tiny", long],
        "team": ["web", "app", "app", "web"], "effort_pm": [6.0, 1.0, 0.4, 9.0],
        "verdict": ["forced", "built", "built", "left"], "release": pd.array([1, 1, 2, None], dtype="Int64"),
    })  # fmt: skip


@pytest.fixture
def loads() -> pd.DataFrame:
    return pd.DataFrame({
        "team": ["app", "app", "web", "web"], "release": [1, 2, 1, 2], "release_name": [*NAMES, *NAMES],
        "capacity_pm": [3.0, 3.0, 8.0, 0.0], "used_pm": [1.0, 0.4, 6.0, 0.0], "left_pm": [2.0, 2.6, 2.0, 0.0],
    })  # fmt: skip


def _words(ax: plt.Axes) -> str:
    return " | ".join(text.get_text() for text in ax.texts)


def test_the_plan_has_a_lane_for_each_team_and_release_with_its_limit(features, loads, unreadable):
    ax = plots.plan(features, loads)
    assert ax.get_title(loc="left") == "3 features fit, 1 of them forced"
    assert len(ax.lines) == len(loads) and "F1 must" in _words(ax) and "2.6 left" in _words(ax)
    assert {patch.get_hatch() for patch in ax.patches} == {"", "///", None}
    assert not unreadable(ax)
    none = plots.plan(features.assign(release=pd.array([None] * 4, dtype="Int64")), loads)
    assert _words(none) == "No release plan: nothing is built"


def test_chances_are_parted_by_release_and_labelled(unreadable):
    frame = pd.DataFrame({
        "feature_id": [f"F{i}" for i in range(40)], "name": "A feature of some length that has to be cut",
        "release": pd.array([1] * 20 + [None] * 20, dtype="Int64"), "chance": 0.5, "low": 0.4, "high": 0.6,
        NAMES[0]: 0.3, NAMES[1]: 0.2,
    })  # fmt: skip
    ax = plots.chances(frame, releases=NAMES, draws=200)
    assert ax.get_title(loc="left") == "How often each feature is in the best plan (first 30 of 40)"
    assert len(ax.patches) == 60 and "50 %" in _words(ax) and "200 draws" in ax.get_xlabel()
    assert {patch.get_hatch() for patch in ax.patches} == {"", "///"}
    assert not unreadable(ax)
    assert _words(plots.chances(frame.iloc[:0], releases=NAMES)) == "No feature is open"


def test_the_board_has_three_columns_and_says_how_many_more(features, unreadable):
    waits = pd.concat([features.iloc[3:]] * 20, ignore_index=True)
    frame = pd.concat([features.iloc[:2].assign(when="now", release_name=NAMES[0]),
                       waits.assign(when="later", release_name="")], ignore_index=True)  # fmt: skip
    frame = frame.assign(must=frame["verdict"] == "forced",
                         why="team web has 1.5 person-months left in 2026 Q2, needs 9.0; F1, which it needs, is late")
    ax = plots.board(frame, names={"now": NAMES[0], "next": NAMES[1]})
    words = _words(ax)
    assert "Now  2026 Q1" in words and "Later" in words and "nothing" in words and "and 6 more" in words
    assert "web, 6 person-months, must" in words and "app, 1 person-month |" in words
    assert not unreadable(ax)
    assert _words(plots.board(frame.iloc[:0])) == "No feature is open: the roadmap is empty"


def test_readiness_shows_sign_and_word_and_what_to_do(unreadable):
    frame = pd.DataFrame({
        "item": ["price known", "musts released or being built", "use is measured"],
        "state": ["ready", "not ready", "not known"],
        "finding": ["list price 99.00 in 2025-12", "0 of 9; " + "F01, " * 40, "there is no table usage"],
        "remedy": ["", "Put them into the next release.", "Add usage to the workbook."],
    })  # fmt: skip
    ax = plots.readiness(frame, name="Aria")
    assert ax.get_title(loc="left") == "Aria: ready 1 of 3"
    assert "✓ ready" in _words(ax) and "✗ not ready" in _words(ax) and "? not known" in _words(ax)
    assert not unreadable(ax)
    assert _words(plots.readiness(frame.iloc[:0])) == "Nothing to check"


def test_a_plot_draws_on_the_axes_it_is_given_and_changes_nothing(features, loads):
    before, settings = features.copy(), dict(plt.rcParams)
    ax = plt.figure().add_subplot()
    assert plots.plan(features, loads, ax) is ax
    pd.testing.assert_frame_equal(features, before)
    assert dict(plt.rcParams) == settings
