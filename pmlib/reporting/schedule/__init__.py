"""When a report falls due, what starts it, and who gets it."""
