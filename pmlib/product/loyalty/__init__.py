"""Loyalty: how long contracts run, how often customers come back, and what they will still be worth."""
