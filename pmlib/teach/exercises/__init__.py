"""Twelve mistakes that the sample company invites, one module each."""
