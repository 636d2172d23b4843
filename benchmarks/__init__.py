"""How fast, against whom and against what the machine allows: ratios measured in one run, never a timed test."""
