"""Try the cases whose name holds one of the words given, or all of them, and count how they ended."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from . import corpus, counted, tried

wanted = sys.argv[1:] or [""]
outcomes = []
for case in corpus():
    if not any(word in f"{case.family}: {case.name}" for word in wanted):
        continue
    with tempfile.TemporaryDirectory() as place:
        outcome = tried(case, Path(place))
    outcomes.append(outcome)
    if outcome.complaints:
        print(f"{case.family}: {case.name} [{outcome.kind}, {outcome.seconds:.1f} s]")
        print(*(f"    {complaint}" for complaint in outcome.complaints), sep="\n", flush=True)
if outcomes:
    print(counted(outcomes).to_string(float_format="{:.1f}".format))
print(f"{len(outcomes)} tried in {sum(one.seconds for one in outcomes):.0f} s")
