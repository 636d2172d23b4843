"""The figure of what overrides cost: words for what has no bar, readable with few projects and with many."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pmlib.plots import forcing


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _costs(n, *, exact=True, stuck=2):
    """``n`` projects of every verb, the last ones without another way."""
    verbs = ["start", "keep", "slow", "fast", "hold", "stop", "decline"]
    cost = np.where(np.arange(n) < n - stuck, 20.0 + 61.0 * np.arange(n), np.inf)
    return pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(n)], "action": [verbs[i % 7] for i in range(n)],
        "other": [verbs[(i + 1) % 7] for i in range(n)], "upper_k": cost, "exact": exact | np.isinf(cost),
        "lower_k": cost if exact else np.where(np.isinf(cost), cost, 0.4 * cost),
        "cannot": ["" if np.isfinite(k) else "no plan holds every limit" for k in cost]})


FRAMES = {"few": _costs(6), "many": _costs(60, stuck=5), "bounds": _costs(30, exact=False),
          "none": _costs(4, stuck=4), "one": _costs(1, stuck=0), "free": _costs(3).assign(upper_k=0.0, lower_k=0.0)}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_the_figure_is_readable_small_and_leaves_its_frame_alone(frame, unreadable):
    before = frame.copy()
    ax = forcing.costs_of_forcing(frame, unit="thousand EUR", near_k=100.0)
    assert unreadable(ax) == []
    assert ax.get_title(loc="left")
    assert ax.get_xlabel() == "lost when all others are chosen anew, thousand EUR"
    assert frame.equals(before)
    width, height = ax.figure.get_size_inches()
    assert (width, height) <= (8, 4)
    buffer, small = io.BytesIO(), io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=160)
    Image.open(buffer).convert("RGB").quantize(128).save(small, format="png", optimize=True)
    assert len(small.getvalue()) < 60_000


def _words(ax):
    return [text.get_text() for text in ax.texts], [label.get_text() for label in ax.get_yticklabels()]


def test_bars_are_sorted_and_say_sign_verb_cost_and_near_ties():
    words, labels = _words(forcing.costs_of_forcing(_costs(4), near_k=50.0))
    assert labels == ["▲ start P00", "● keep P01", "▶ fast P03", "◀ slow P02"]
    cannot = "cannot be decided otherwise: no plan holds every limit"
    assert words == ["20 if keep (near-tie)", "81 if slow", cannot, cannot]


def test_of_many_the_cheapest_and_the_dearest_are_drawn_and_the_others_told():
    words, labels = _words(forcing.costs_of_forcing(_costs(60, stuck=5), most=13))
    assert labels[9] == "…"
    assert words[9] == "42 more, 569 to 3,070"
    assert words[10].startswith("3,131 if")
    assert sum("if" in text.split() for text in words) == 13


def test_what_is_only_bounded_says_both_ends():
    words, _ = _words(forcing.costs_of_forcing(_costs(3, exact=False, stuck=0)))
    assert words[0] == "8 to 20 if keep"
    unknown = _costs(2, exact=False).assign(cannot="", lower_k=5.0)
    assert _words(forcing.costs_of_forcing(unknown))[0] == ["not known: no other plan was found"] * 2


def test_the_figure_draws_on_the_axes_it_is_given():
    _, ax = plt.subplots()
    assert forcing.costs_of_forcing(_costs(3), ax) is ax
