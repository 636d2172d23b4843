"""What was decided, by which role and why; whether the record is whole, and whether board and forecasts were right."""
