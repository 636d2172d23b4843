"""The table of answers: NPS, CSAT and CES of every product."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.sample import company
from pmlib.sample.forms import file_form, stream

N_MONTHS = company.HISTORY_MONTHS
#: Month of the history (from 1) in which product 6 falls from 32 to 20 (truth T16).
FALL_MONTH = 22
#: Shares of answers without a name, and of drivers left out.
ANONYMOUS, UNRATED = 0.15, 0.1
#: product: answers a month, promoters, detractors; before and after any change.
_NPS = {
    "PR1": (75, (0.50, 0.15), (0.50, 0.15)),
    "PR2": (100, (0.45, 0.20), (0.45, 0.20)),
    "PR3": (60, (0.33, 0.25), (0.33, 0.25)),
    "PR4": (80, (0.45, 0.20), (0.45, 0.20)),
    "PR5": (70, (0.42, 0.22), (0.42, 0.22)),
    "PR6": (200, (0.49, 0.17), (0.43, 0.23)),
    "PR7": (60, (0.52, 0.14), (0.52, 0.14)),
    "PR8": (70, (0.47, 0.19), (0.47, 0.19)),
}
_SCALES = {"NPS": 10, "CSAT": 5, "CES": 7}
_OTHERS = {"CSAT": (44, (0.05, 0.10, 0.20, 0.40, 0.25)), "CES": (29, (0.03, 0.05, 0.09, 0.16, 0.24, 0.26, 0.17))}
_LAUNCHED = {"PR8": 12}


def surveys(buyers: pd.DataFrame, *, scale: float, seed: int) -> pd.DataFrame:
    """Write the table `surveys`: answers without response bias, drivers that go with the score.

    Parameters
    ----------
    buyers : DataFrame
        The table `customers`, in the order of their first month.
    scale : float
        1 gives about 45,000 answers.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "surveys")
    parts = [part for product in _NPS for part in _answers(product, scale, rng)]
    frame = pd.concat(parts, ignore_index=True)
    size = len(frame)
    months = frame["number"].to_numpy()
    frame["date"] = (np.datetime64("2023-01", "M") + months).astype("datetime64[D]") + rng.integers(0, 28, size)
    frame = frame.sort_values("date", kind="stable", ignore_index=True)
    first = buyers["first_month"].str.replace("-", "").astype(int).to_numpy()
    known = np.searchsorted(first, 100 * frame["date"].dt.year + frame["date"].dt.month, side="right")
    who = buyers["customer_id"].to_numpy(dtype=object)[(rng.random(size) * known).astype(int)]
    who[rng.random(size) < ANONYMOUS] = None
    top = frame["scale_max"].to_numpy()
    mood = frame["score"].to_numpy() / top
    digits = max(5, len(str(size)))
    return file_form(
        "surveys",
        {
            "response_id": [f"S{n:0{digits}d}" for n in range(1, size + 1)],
            "date": frame["date"].dt.strftime("%Y-%m-%d"),
            "product_id": frame["product_id"],
            "customer_id": who,
            "instrument": frame["instrument"],
            "scale_max": top,
            "score": frame["score"],
            "quality_rating": _rating(mood, 0.7, rng),
            "price_rating": _rating(mood, 0.3, rng),
            "service_rating": _rating(mood, 0.5, rng),
        },
    )


def _answers(product: str, scale: float, rng: np.random.Generator) -> list[pd.DataFrame]:
    mean, before, after = _NPS[product]
    live = np.arange(N_MONTHS) >= _LAUNCHED.get(product, 0)
    number = np.repeat(np.arange(N_MONTHS), rng.poisson(mean * scale * live))
    promoters, detractors = np.where(number[:, None] + 1 < FALL_MONTH, before, after).T
    parts = [_part(product, "NPS", number, _nps_scores(promoters, detractors, rng))]
    for instrument, (answers, shares) in _OTHERS.items():
        number = np.repeat(np.arange(N_MONTHS), rng.poisson(answers * scale * live))
        scores = 1 + rng.choice(len(shares), len(number), p=shares)
        parts.append(_part(product, instrument, number, scores))
    return parts


def _part(product: str, instrument: str, number: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    part = pd.DataFrame({"number": number, "score": scores})
    return part.assign(product_id=product, instrument=instrument, scale_max=_SCALES[instrument])


def _nps_scores(promoters: np.ndarray, detractors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw 0-10 answers with given shares of promoters (9-10) and detractors (0-6)."""
    size = len(promoters)
    draw = rng.random(size)
    high, middle = rng.choice([9, 10], size, p=[0.55, 0.45]), rng.choice([7, 8], size, p=[0.45, 0.55])
    low = rng.choice(7, size, p=[0.04, 0.04, 0.07, 0.12, 0.15, 0.28, 0.30])
    return np.select([draw < promoters, draw < 1 - detractors], [high, middle], low)


def _rating(mood: np.ndarray, pull: float, rng: np.random.Generator) -> pd.Series:
    level = 1 + 4 * (pull * mood + (1 - pull) * rng.beta(4, 2.5, len(mood)))
    rating = pd.Series(np.clip(np.round(level), 1, 5)).astype("Int64")
    return rating.mask(rng.random(len(mood)) < UNRATED)
