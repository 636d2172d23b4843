"""Figures of forecasts: what is drawn is what the frames say, and every word can be read."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import forecasts
from pmlib.portfolio.forecasts.record import forecast_record
from tests.plots.conftest import _unreadable


@pytest.fixture(scope="module")
def sample(quillmark):
    return forecast_record(quillmark)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_words_of_every_figure_can_be_read(sample):
    for ax in (sample.plot(), sample.costs.plot(), sample.months.plot(), sample.benefits.plot(),
               sample.log.plot_chances(), sample.recalibration.plot()):
        assert _unreadable(ax) == []


def test_calibration_shows_the_observed_shares(sample):
    ax = sample.plot()
    drawn = {tuple(np.asarray(line.get_ydata(), dtype=float).round(9)) for line in ax.lines}
    for _, rows in sample.log.points.groupby("estimator_id"):
        assert tuple(rows["observed"].round(9)) in drawn


def _points(names, observed):
    rows = [(name, stated, observed(i, stated), 0.0, 1.0, i) for i, name in enumerate(names, 1)
            for stated in (0.1, 0.5, 0.9)]
    return pd.DataFrame(rows, columns=["estimator_id", "stated", "observed", "low", "high", "n"])


def test_labels_of_equal_lines_are_moved_apart():
    frame = _points(["A", "B", "C", "all"], lambda _, stated: stated)
    assert _unreadable(forecasts.calibration(frame)) == []


def test_of_many_estimators_those_with_most_forecasts_are_drawn():
    frame = _points([*(f"E{i:02d}" for i in range(1, 31)), "all"], lambda i, _: i / 40)
    ax = forecasts.calibration(frame)
    assert {text.get_text() for text in ax.texts} >= {"E30, n 30", "E25, n 25", "all, n 31"}
    assert len(ax.texts) == 8


def test_ratios_mark_the_factors_and_name_the_largest(sample):
    ax = sample.costs.plot()
    assert [text.get_text() for text in ax.texts] == sample.costs.cases["project_id"].head(3).tolist()
    marked = {round(line.get_xdata()[0], 9) for line in ax.lines if len(line.get_xdata()) == 2}
    assert marked >= set(sample.costs.to_frame()["factor"].round(9))


def test_nothing_to_draw_is_said():
    record = forecast_record({})
    assert "No stated range" in record.plot().get_title(loc="left")
    assert "No closed project" in record.costs.plot().get_title(loc="left")
    assert "No stated chance" in record.log.plot_chances().get_title(loc="left")
    assert "Too few" in record.recalibration.plot().get_title(loc="left")


def test_figures_are_drawn_on_the_axes_given(sample):
    _, given = plt.subplots()
    assert sample.plot(ax=given) is given
