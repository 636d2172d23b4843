"""Estimates corrected before the plan is chosen: uplift of cost, shrinkage, evidence, and what a promise is worth."""
