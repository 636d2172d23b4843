"""What one goal costs in the other: every trade-off that is worth looking at."""
