"""Weights from ranks, comparisons and the best and worst criterion; how much the data spread."""
