"""Sliders over the answers: what if weights, budget, people, mix or a measurement were other ones."""

from pmlib.widgets.live import Live as Live
from pmlib.widgets.measured import evidence as evidence
from pmlib.widgets.noise import experiment_noise as experiment_noise
from pmlib.widgets.noise import nps_noise as nps_noise
from pmlib.widgets.portfolio import budget as budget
from pmlib.widgets.portfolio import mix as mix
from pmlib.widgets.scoring import weights as weights

__all__ = ["Live", "budget", "evidence", "experiment_noise", "mix", "nps_noise", "weights"]
