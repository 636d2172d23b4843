"""Sliders over chance: what a score and a programme of experiments do while nothing changes."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as ipy

from pmlib.display import table
from pmlib.product.noise.plan import ExperimentPlan
from pmlib.product.noise.programmes import ExperimentNoise
from pmlib.product.noise.programmes import experiment_noise as draw_programmes
from pmlib.product.noise.scores import NpsNoise
from pmlib.product.noise.scores import nps_noise as draw_scores
from pmlib.widgets.live import Live, live, picture

_LOOK: dict[str, Any] = {"continuous_update": False}
_MOST_SEED = 9_999
#: Programmes of each redraw: enough for two digits.
_DRAWS = 200
_NEEDED = "Answers that show a true move between two months four times in five."
_RULES = {
    "rule": "Read by", "null_share": "Found without effect", "null_theory_share": "by theory",
    "any_false_share": "Any false", "any_theory_share": "by theory", "false_share": "False among found",
    "real_share": "Real ones found", "found_pp": "Found gain, pp",
}  # fmt: skip


def nps_noise(*, promoters: float = 0.45, detractors: float = 0.20, answers: int = 100, months: int = 24) -> Live:
    """Move the answers a month and watch a score that never changes.

    Parameters
    ----------
    promoters, detractors : float
        True shares of answers, 0-1, where the sliders start.
    answers, months : int
        Answers a month and months, where the sliders start.
    """
    controls = {
        "answers": _whole("Answers a month", answers, least=20, most=2_000, step=20),
        "promoters": _share("True promoters", promoters, least=0.01),
        "detractors": _share("True detractors", detractors, least=0.01),
        "months": _whole("Months", months, least=6, most=48),
        "seed": _draw_again(),
    }

    def drawn() -> str:
        return _scores(draw_scores(**{name: control.value for name, control in controls.items()}))

    return live(controls, drawn, "Sliders over a score that never changes: open the notebook in JupyterLab.")


def experiment_noise(plan: ExperimentPlan | None = None) -> Live:
    """Move visitors, effects and peeking, and watch what a programme of experiments finds.

    Parameters
    ----------
    plan : ExperimentPlan, optional
        Where the sliders start; its base rate stays.
    """
    start = plan or ExperimentPlan()
    widest = max(2.0, abs(start.lift_pp))
    controls = {
        "visitors_per_arm": _whole("Visitors an arm", start.visitors_per_arm, least=1_000, most=60_000, step=1_000),
        "lift_pp": ipy.FloatSlider(value=start.lift_pp, min=-widest, max=widest, step=0.1, readout_format="+.1f",
                                   description="True gain, pp", **_LOOK),
        "tests": _whole("Experiments", start.tests, least=1, most=40),
        "share_real": _share("Share that work", start.share_real, least=0.0),
        "looks": _whole("Times looked at", start.looks, least=1, most=28),
        "seed": _draw_again(),
    }  # fmt: skip

    def drawn() -> str:
        values = {name: control.value for name, control in controls.items() if name != "seed"}
        asked = ExperimentPlan(base=start.base, **values)
        return _programme(draw_programmes(asked, seed=controls["seed"].value, draws=_DRAWS))

    return live(controls, drawn, "Sliders over a programme of experiments: open the notebook in JupyterLab.")


def _whole(description: str, value: int, *, least: int, most: int, step: int = 1) -> ipy.IntSlider:
    return ipy.IntSlider(value=value, min=least, max=max(most, value), step=step, description=description, **_LOOK)


def _share(description: str, value: float, *, least: float) -> ipy.FloatSlider:
    return ipy.FloatSlider(value=value, min=least, max=1 - least, step=0.01, readout_format=".0%",
                           description=description, **_LOOK)  # fmt: skip


def _draw_again() -> ipy.BoundedIntText:
    return ipy.BoundedIntText(value=1, min=1, max=_MOST_SEED, description="Draw again (another number)", **_LOOK)


def _scores(noise: NpsNoise) -> str:
    months = noise.months
    alt = (
        f"{len(months)} months of a score whose truth stays at {noise.truth:.0f}: from {months['value'].min():.0f} to "
        f"{months['value'].max():.0f}, with {int(months['reported'].sum())} moves of {noise.move:g} points or more."
    )
    takes = table(noise.needed, caption=_NEEDED, columns={"move": "Move, points", "answers": "Answers a month"}).html
    return f"<p>{escape(noise.summary())}</p>{picture(noise.plot(), alt)}{takes}"


def _programme(noise: ExperimentNoise) -> str:
    tests = noise.tests
    alt = (
        f"{len(tests)} estimated lifts, sorted, from {tests['effect_pp'].min():+.2f} to "
        f"{tests['effect_pp'].max():+.2f} pp: {int(tests['found'].sum())} found, {int(tests['false'].sum())} false."
    )
    ways = table(noise.rules, caption=f"Ways to read it, over {noise.draws:,} programmes.", columns=_RULES).html
    return f"<p>{escape(noise.summary())}</p>{picture(noise.plot(), alt)}{ways}"
