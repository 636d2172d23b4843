"""What the money says: where revenue comes from, why it changed, what recurs and what is left after cost."""
