"""The ice-cream stand of J. J. Arnold, CD3 and proportionality to outcomes (Black Swan Farming).

Two jobs for one team, gain in ice-creams a week and weeks of work, at a stand that sells 10 a week before. Over the
six weeks that both take, it sells 120 in the order by cost of delay divided by duration and 100 in the other.
"""

from __future__ import annotations

JOBS = {"spoon": (10.0, 2.0), "machine": (30.0, 4.0)}
CD3 = {"spoon": 5.0, "machine": 7.5}
BEFORE = 10.0
SOLD_MACHINE_FIRST, SOLD_SPOON_FIRST = 120.0, 100.0
