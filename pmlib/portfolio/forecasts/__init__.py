"""What closed forecasts teach: how often stated ranges held, by how much outcomes missed, and what helps."""
