"""What was rendered when, what changed since, and whether it still holds."""
