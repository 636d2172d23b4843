from __future__ import annotations

import base64
import io
import re

import ipywidgets
import matplotlib.pyplot as plt
import pytest
from PIL import Image

from pmlib.product.noise.plan import ExperimentPlan
from pmlib.product.noise.scores import nps_noise
from pmlib.widgets import noise as widgets
from pmlib.widgets.live import picture


@pytest.fixture
def light(monkeypatch):
    """Encode no picture where only the words matter: it takes most of the time."""
    def words(ax, alt):
        plt.close(ax.figure)
        return f'<img alt="{alt}">'

    monkeypatch.setattr(widgets, "picture", words)


@pytest.fixture(autouse=True)
def closed():
    yield
    # Every widget registers itself; a test leaves none behind.
    ipywidgets.Widget.close_all()


def told(live) -> str:
    return re.sub(r'base64,[^"]+', "", live.shown.value)


def test_a_picture_is_a_small_png_with_its_words_escaped_and_its_figure_closed():
    before = plt.get_fignums()
    html = picture(nps_noise().plot(), 'a "score" < 30')
    assert html.startswith('<img alt="a &quot;score&quot; &lt; 30" src="data:image/png;base64,')
    data = base64.b64decode(re.search(r'base64,([^"]+)"', html)[1])
    assert len(data) < 60_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
    assert plt.get_fignums() == before


def test_more_answers_make_a_quiet_score_quieter():
    live = widgets.nps_noise()
    assert "within 15 points either way" in told(live) and "in 64 % of months" in told(live)
    live.controls["answers"].value = 2_000
    assert "within 3 points either way" in told(live)
    assert '<td class="n">5.0</td><td class="n">3,689</td>' in told(live)
    assert '<img alt="24 months of a score whose truth stays at 25: from' in told(live)


def test_the_answer_is_that_of_the_function_below(light):
    live = widgets.nps_noise(answers=200, months=12)
    assert nps_noise(answers=200, months=12).summary() in told(live)


def test_drawing_again_gives_other_months_of_the_same_truth(light):
    live = widgets.nps_noise()
    before = told(live)
    live.controls["seed"].value = 2
    assert told(live) != before and "The true score is 25" in told(live)


def test_shares_above_one_are_told_and_the_next_move_goes_on(light):
    live = widgets.nps_noise()
    live.controls["promoters"].value = 0.9
    assert told(live).startswith('<p class="note">promoters, detractors: got 0.9 and 0.2')
    live.controls["promoters"].value = 0.5
    assert "The true score is 30" in told(live)


def test_peeking_at_a_programme_finds_more_that_is_false(light):
    live = widgets.experiment_noise()
    assert "(theory 5 %)" in told(live) and "p below 5 %, at any look" not in told(live)
    live.controls["looks"].value = 14
    assert "(theory 22 %)" in told(live) and "p below 5 %, at any look" in told(live)
    assert re.search(r'<img alt="20 estimated lifts, sorted, .*: \d+ found, \d+ false\."', told(live))


def test_a_programme_without_effects_and_one_with_too_few_visitors_are_told(light):
    live = widgets.experiment_noise()
    live.controls["share_real"].value = 0.0
    assert "0 of 20 experiments" in told(live)
    live.controls["visitors_per_arm"].value = 1_000
    live.controls["looks"].value = 28
    assert told(live).startswith('<p class="note">visitors_per_arm: got 1000, allowed 2,800')


def test_the_sliders_start_where_the_plan_says(light):
    plan = ExperimentPlan(base=0.2, visitors_per_arm=80_000, tests=5, looks=2, share_real=0.4, lift_pp=-0.5)
    live = widgets.experiment_noise(plan)
    values = {name: control.value for name, control in live.controls.items() if name != "seed"}
    assert ExperimentPlan(base=0.2, **values) == plan
    assert "2 of 5 experiments with 80,000 visitors an arm truly move conversion by -0.50 pp" in told(live)


@pytest.mark.parametrize("widget", [widgets.nps_noise, widgets.experiment_noise])
def test_every_control_is_described_and_waits_until_it_is_let_go(widget, light):
    live = widget()
    for control in live.controls.values():
        assert control.description and not control.continuous_update
    assert "open the notebook in JupyterLab" in live._repr_mimebundle_()["text/plain"]
