"""Twenty experiments, two of which found something (truth T20): daily sums of simulated visitors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from pmlib.errors import CheckError
from pmlib.sample.forms import file_form, stream

TESTS = tuple(f"X{number:02d}" for number in range(1, 21))
ARMS = ("control", "treatment")
DAYS, VISITORS, BASE = 14, 4_200, 0.10
#: Real effects on the conversion rate.
REAL = {"X06": 0.015, "X13": 0.008}
#: The test that lost visitors of one arm, a day, and what that pretends: who got lost would not have bought.
MISMATCH, KEPT, PRETENDED = "X09", 3_950, 0.006
#: Nulls found at .05 by luck; how unlikely the luckiest may be; what the real effects and the mismatch must reach.
LUCKY, TOO_LUCKY, CLEAR = (1, 3), 0.001, 0.001
MAX_DRAWS = 25
#: Mean visits of the four weeks before, EUR of a conversion by a mean visitor, spread of its logarithm.
_VISITS, _REVENUE, _SPREAD = 4.0, 60.0, 0.3
_SUMS = ("new_users", "conversions", "sum_y", "sum_y2", "sum_x", "sum_x2", "sum_xy")


def experiments(*, seed: int) -> pd.DataFrame:
    """Write the table `experiments`, drawn anew until luck is of the ordinary kind.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Raises
    ------
    CheckError
        No draw of 25 shows one to three false discoveries at .05 and none below .001.
    """
    for attempt in range(MAX_DRAWS):
        frame = _programme(seed, attempt)
        if _ordinary(p_values(frame)):
            return frame
    raise CheckError(f"T20: no ordinary luck in {MAX_DRAWS} draws of seed {seed}. Take another seed.")


def _programme(seed: int, attempt: int) -> pd.DataFrame:
    parts = [
        _arm(test, arm, stream(seed, "experiments", number, place, attempt))
        for number, test in enumerate(TESTS)
        for place, arm in enumerate(ARMS)
    ]
    frame = pd.concat(parts, ignore_index=True)
    return file_form("experiments", {name: frame[name] for name in frame.columns})


def _arm(test: str, arm: str, rng: np.random.Generator) -> pd.DataFrame:
    treated = arm == "treatment"
    visitors = rng.poisson(KEPT if treated and test == MISMATCH else VISITORS, DAYS)
    rate = BASE + treated * (REAL.get(test, 0.0) + PRETENDED * (test == MISMATCH))
    day = np.repeat(np.arange(DAYS), visitors)
    # Who came often before buys more often and for more: what came before explains a part of the outcome.
    keenness = rng.exponential(1.0, len(day))
    x = rng.poisson(_VISITS * keenness).astype(float)
    buyers = np.flatnonzero(rng.random(len(day)) < rate * keenness)
    spread = rng.lognormal(-(_SPREAD**2) / 2, _SPREAD, len(buyers))
    y = np.round(_REVENUE * keenness[buyers] * spread, 2)
    of_buyers = {"conversions": np.ones(len(y)), "sum_y": y, "sum_y2": y * y, "sum_xy": x[buyers] * y}
    of_all = {"new_users": np.ones(len(x)), "sum_x": x, "sum_x2": x * x}
    sums = {name: np.bincount(day[buyers], value, DAYS) for name, value in of_buyers.items()}
    sums |= {name: np.bincount(day, value, DAYS) for name, value in of_all.items()}
    sums = {name: np.round(value, 2) for name, value in sums.items()}
    start = np.datetime64("2024-01-08", "D") + 35 * TESTS.index(test)
    dates = np.datetime_as_string(start + np.arange(DAYS), unit="D")
    sums |= {name: sums[name].astype(int) for name in ("new_users", "conversions")}
    return pd.DataFrame({"test_id": test, "day": dates, "arm": arm, **sums})


def arm_sums(frame: pd.DataFrame) -> pd.DataFrame:
    """Add up the days of every arm.

    Parameters
    ----------
    frame : DataFrame
        The table `experiments`.

    Returns
    -------
    DataFrame indexed by test_id, columns by sum and arm
    """
    return frame.pivot_table(index="test_id", columns="arm", values=list(_SUMS), aggfunc="sum")


def p_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Compare the conversion rates of both arms, and their numbers of visitors.

    Parameters
    ----------
    frame : DataFrame
        The table `experiments`.

    Returns
    -------
    DataFrame indexed by test_id
        lift (share of visitors), p and mismatch_p (both two-sided).
    """
    sums = arm_sums(frame)
    n, hits = sums["new_users"], sums["conversions"]
    rate, visitors = hits / n, n["treatment"] + n["control"]
    pooled = (hits["treatment"] + hits["control"]) / visitors
    lift = rate["treatment"] - rate["control"]
    error = np.sqrt(pooled * (1 - pooled) * (1 / n["treatment"] + 1 / n["control"]))
    apart = (n["treatment"] - n["control"]) / np.sqrt(visitors)
    return pd.DataFrame(
        {"lift": lift, "p": 2 * stats.norm.sf(np.abs(lift / error)), "mismatch_p": 2 * stats.norm.sf(np.abs(apart))}
    )


def _ordinary(found: pd.DataFrame) -> bool:
    real, null = found.loc[list(REAL)], found.drop([*REAL, MISMATCH])
    lucky = int((null["p"] < 0.05).sum())  # noqa: PLR2004
    mismatch = found["mismatch_p"]
    fine = mismatch.drop(MISMATCH).min() > TOO_LUCKY and mismatch[MISMATCH] < CLEAR
    return bool(LUCKY[0] <= lucky <= LUCKY[1] and null["p"].min() > TOO_LUCKY and real["p"].max() < CLEAR and fine)


def variance_saved(frame: pd.DataFrame) -> float:
    """Give the share of the outcome's variance that the measure before explains, over all visitors.

    Parameters
    ----------
    frame : DataFrame
        The table `experiments`.

    References
    ----------
    Deng, Xu, Kohavi & Walker (2013), WSDM (CUPED).
    """
    total = frame[list(_SUMS)].sum()
    n = total["new_users"]
    both = total["sum_xy"] / n - total["sum_x"] * total["sum_y"] / n**2
    x, y = (total[f"sum_{name}2"] / n - (total[f"sum_{name}"] / n) ** 2 for name in "xy")
    return float(both**2 / (x * y))
