"""How a programme of experiments is read, and how often each way finds what is not there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.product.experiments.discovery import benjamini_hochberg
from pmlib.product.experiments.sequential import peeking_error
from pmlib.product.noise.plan import Flags, Floats

#: A test is found below this p.
ALPHA = 0.05
#: The ways to read a programme.
ONCE, EVERY_LOOK = "p below 5 %, read once", "p below 5 %, at any look"
CORRECTED, VALID = "Benjamini-Hochberg, read once", "always valid, at any look"
BOTH = "Benjamini-Hochberg of always-valid p"
_COLUMNS = [
    "rule", "null_share", "null_theory_share", "any_false_share", "any_theory_share", "false_share", "real_share",
    "found_pp",
]  # fmt: skip


def read_all(real: Flags, effects: Floats, *, p: Floats, valid: Floats) -> pd.DataFrame:
    """Read every programme drawn in each way.

    Parameters
    ----------
    real : bool array of shape (n_tests,)
        Which tests have an effect.
    effects, p, valid : arrays of shape (draws, n_tests, n_looks)
        Estimated lift (percentage points), ordinary p and always-valid p at each look.

    Returns
    -------
    DataFrame
        One row per way, as `pmlib.product.noise.programmes.ExperimentNoise.rules` has them.
    """
    last = effects[..., -1:]
    ways = {
        ONCE: (last, p[..., -1:]), EVERY_LOOK: (effects, p), CORRECTED: (last, _corrected(p)), VALID: (effects, valid),
        BOTH: (last, _corrected(valid)),
    }  # fmt: skip
    errors = {ONCE: ALPHA, EVERY_LOOK: peeking_error(p.shape[-1])}
    if p.shape[-1] == 1:
        del ways[EVERY_LOOK]
    nulls = int((~real).sum())
    rows = [
        {"rule": rule, **_read(real, *way), **_theory(errors.get(rule, np.nan), nulls)} for rule, way in ways.items()
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def stops(p: Floats) -> npt.NDArray[np.intp]:
    """Give the first look with p below 5 %, the last where there is none; looks on the last axis.

    Examples
    --------
    >>> stops(np.array([[0.2, 0.04, 0.3], [0.5, 0.4, 0.3]])).tolist()
    [1, 2]
    """
    below = p < ALPHA
    below[..., -1] = True
    return np.asarray(np.argmax(below, axis=-1))


def _corrected(p: Floats) -> Floats:
    return np.apply_along_axis(benjamini_hochberg, 1, p[..., -1])[..., None]


def _read(real: Flags, effects: Floats, p: Floats) -> dict[str, float]:
    """Stop every test at its first p below 5 %, and count what is found."""
    found: Flags = np.asarray((p < ALPHA).any(axis=-1))
    seen = np.take_along_axis(effects, stops(p)[..., None], axis=-1)[..., 0]
    false = found & ~real
    return {
        "null_share": _mean(found[:, ~real]), "any_false_share": float(false.any(axis=1).mean()),
        "false_share": float((false.sum(axis=1) / np.maximum(found.sum(axis=1), 1)).mean()),
        "real_share": _mean(found[:, real]), "found_pp": _mean(seen[found & real]),
    }  # fmt: skip


def _theory(error: float, nulls: int) -> dict[str, float]:
    """Say how often one test without effect errs, and any of them (independent of each other)."""
    return {"null_theory_share": error, "any_theory_share": 1 - (1 - error) ** nulls}


def _mean(values: npt.NDArray[np.bool_] | Floats) -> float:
    return float(values.mean()) if values.size else float("nan")
