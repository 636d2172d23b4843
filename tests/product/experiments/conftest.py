from __future__ import annotations

import numpy as np
import pandas as pd

PERIOD = "2025-12"


def days(
    test: str = "T1", *, hits: tuple[int, int] = (100, 120), visitors: tuple[int, int] = (1000, 1000), number: int = 7
) -> pd.DataFrame:
    """The same counts on every day, with outcomes of 10 per conversion and a measure before that says nothing."""
    rows = [
        {"test_id": test, "day": day, "arm": arm, "new_users": n, "conversions": x, "sum_y": 10.0 * x,
         "sum_y2": 100.0 * x, "sum_x": 2.0 * n, "sum_x2": 5.0 * n, "sum_xy": 20.0 * x}
        for day in pd.date_range("2025-11-03", periods=number)
        for arm, x, n in zip(("control", "treatment"), hits, visitors, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def programme(seed: int, *, effects: tuple[float, ...]) -> pd.DataFrame:
    """One experiment for each true effect, five days of 2,000 visitors an arm at a base of 10 %."""
    rng = np.random.default_rng(seed)
    return pd.concat(
        [
            days(f"T{i:02d}", hits=tuple(rng.binomial(2000, [0.1, 0.1 + effect])), visitors=(2000, 2000), number=1)
            .assign(day=day)
            for i, effect in enumerate(effects)
            for day in pd.date_range("2025-11-03", periods=5)
        ],
        ignore_index=True,
    )[["test_id", "day", "arm", "new_users", "conversions"]]
