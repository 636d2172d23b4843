"""Kernels forked from a warm process: a fresh one for every notebook, without the price of its imports."""
