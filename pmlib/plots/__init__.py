"""Figures: every function takes a frame and an axes, returns the axes and computes nothing."""

from __future__ import annotations

from pmlib.plots import portfolio, product, scoring, style

__all__ = ["portfolio", "product", "scoring", "style"]
