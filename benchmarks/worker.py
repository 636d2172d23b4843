"""Time one implementation of one case in a process of its own: ``python -m benchmarks.worker ROOM CASE WHO SIZE OUT``.

Prints one line of JSON. Knows nothing of pmlib, so that it also runs in a peer's own environment.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.registry import cases

#: One more call as long as this many seconds are not used up; at least one, at most so many.
_SECONDS, _MOST_CALLS = 2.0, 15
_SEED = 20260101
_MEGABYTE = 1024


def measure(words: list[str]) -> dict[str, object]:
    """Return the least seconds of several calls, or why there are none."""
    room, name, who, size, out = words
    case = cases(room)[name]
    one = case.by(who)
    warnings.simplefilter("ignore")
    data = case.make(case.sizes[size], _SEED)
    try:
        call = one.prepare(data)
    except ImportError as error:
        return {"absent": str(error)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds: list[float] = []
    while not seconds or (sum(seconds) < _SECONDS and len(seconds) < _MOST_CALLS):
        began = perf_counter()
        answer = call()
        seconds.append(perf_counter() - began)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if answer is not None:
        np.save(Path(out), np.asarray(answer, dtype=float))
    told = np.asarray(answer, dtype=float).ravel().tolist() if one.told else []
    return {"seconds": min(seconds) / one.share, "calls": len(seconds), "extra_mb": (after - before) / _MEGABYTE,
            "peak_mb": after / _MEGABYTE, "told": told}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1:])))
