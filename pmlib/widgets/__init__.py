"""Sliders over the answers: what if weights, budget, people, mix or a measurement were other ones."""

from pmlib.widgets.live import Live as Live
from pmlib.widgets.portfolio import budget as budget
from pmlib.widgets.scoring import weights as weights

__all__ = ["Live", "budget", "weights"]
