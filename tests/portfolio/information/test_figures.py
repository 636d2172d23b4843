"""The two figures: readable with many and with few, and their frames stay as they are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.plots import information
from pmlib.portfolio.information.envelopes import Envelope
from tests.plots.conftest import unreadable  # noqa: F401


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _projects(n, worth=300.0):
    truth = worth / np.arange(1, n + 1)
    return pd.DataFrame({"project_id": [f"P{i:02d}" for i in range(n)], "name": "A project with a rather long name",
                         "evppi_k": truth, "evsi_k": np.where(np.arange(n) % 5 == 4, np.nan, 0.8 * truth),
                         "study_cost_k": 12.0})


@pytest.mark.parametrize("frame", [_projects(60), _projects(12), _projects(1), _projects(3, 0.0)],
                         ids=["many", "twelve", "one", "nothing"])
def test_the_bars_are_readable_and_leave_their_frame_alone(frame, unreadable):  # noqa: F811
    before = frame.copy()
    ax = information.worth_of_learning(frame, currency="EUR")
    assert unreadable(ax) == []
    assert frame.equals(before)


def test_the_first_bar_says_what_its_numbers_are_and_the_rest_are_counted():
    words = [text.get_text() for text in information.worth_of_learning(_projects(60), currency="EUR").texts]
    assert words[:2] == ["300 known for sure; 240 by a study for 12", "150; 120 for 12"]
    assert words[-1] == "48 more, each 23 or less"


@pytest.mark.parametrize("sd", [200.0, 0.0])
def test_the_envelope_is_readable_and_names_what_is_done_where(sd, unreadable):  # noqa: F811
    edge = Envelope(verbs=("decline", "start"), slopes=np.array([0.0, 1.0]), at_mean=np.array([29_900.0, 30_000.0]),
                    planned=1, mean=400.0)
    z = np.linspace(-3.5, 3.5, 281) if sd else np.zeros(1)
    frame = pd.DataFrame({"value_k": 400 + sd * z, "best_k": edge(400 + sd * z), "planned_k": 30_000 + sd * z,
                          "action": edge.best(400 + sd * z), "density": np.exp(-0.5 * z**2)})
    ax = information.envelope(frame, {"project_id": "P07", "name": "Leak detection", "mean_k": 400.0}, currency="EUR")
    assert unreadable(ax) == []
    if sd:
        assert {"– decline", "▲ start", "as planned now"} <= {text.get_text() for text in ax.texts}
