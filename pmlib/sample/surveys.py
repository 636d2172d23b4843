"""The table of answers: NPS of those who responded to an invitation, CSAT and CES of every product."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pmlib.sample import chunks, company, invitations
from pmlib.sample.customers import Buyers
from pmlib.sample.forms import month_texts, stream
from pmlib.sample.invitations import ASKED, FALL_MONTH, LAUNCHED
from pmlib.sample.prices import MONTHS

__all__ = ["ANONYMOUS", "FALL_MONTH", "INSTRUMENTS", "surveys"]

#: Shares of CSAT and CES answers without a name, and of drivers left out.
ANONYMOUS, UNRATED = 0.15, 0.1
INSTRUMENTS = ("NPS", "CSAT", "CES")
_TOPS = np.array([10, 5, 7])
#: Place of the instrument: answers a month and product, shares of the scores from 1.
_OTHERS: dict[int, tuple[int, tuple[float, ...]]] = {
    1: (44, (0.05, 0.10, 0.20, 0.40, 0.25)),
    2: (29, (0.03, 0.05, 0.09, 0.16, 0.24, 0.26, 0.17)),
}
#: Scores of a promoter, a passive and a detractor, and their shares.
_SCORES = (
    ((9, 10), (0.55, 0.45)),
    ((7, 8), (0.45, 0.55)),
    ((0, 1, 2, 3, 4, 5, 6), (0.04, 0.04, 0.07, 0.12, 0.15, 0.28, 0.30)),
)
_PULLS = {"quality_rating": 0.7, "price_rating": 0.3, "service_rating": 0.5}


def surveys(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `surveys`, one month at a time: drivers go with the score.

    Parameters
    ----------
    buyers : Buyers
        Scale 1 gives about 45,000 answers.
    """
    heard = _heard(buyers)
    edges = np.searchsorted(heard["month"], np.arange(company.HISTORY_MONTHS + 1))
    done = 0
    for month, text in enumerate(month_texts(MONTHS)):
        rng = stream(buyers.seed, "surveys", month)
        here = slice(edges[month], edges[month + 1])
        answers = _answers({name: values[here] for name, values in heard.items()}, buyers, month, rng=rng)
        size = len(answers["score"])
        ids = response_ids(buyers, done + 1 + np.arange(size))
        yield _chunk(ids, answers, text, buyers=buyers, rng=rng)
        done += size


def response_ids(buyers: Buyers, numbers: np.ndarray) -> pa.Array:
    """Write numbers of answers, from 1, as response ids; there is room for some beyond the last."""
    return chunks.numbered("S", numbers, digits=max(5, len(str(round(60_000 * buyers.scale) + 1_000))))


def _heard(buyers: Buyers) -> dict[str, np.ndarray]:
    """Collect who responded over all products, by month: the only part that is held whole."""
    parts = []
    for product in ASKED:
        drawn = invitations.asked(buyers, product)
        at = np.flatnonzero(drawn.responded)
        code = np.full(len(at), list(ASKED).index(product), dtype=np.int8)
        parts.append((drawn.month[at], code, drawn.who[at], drawn.mood[at]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return dict(zip(("month", "product", "who", "mood"), (column[order] for column in columns), strict=True))


def _answers(
    heard: dict[str, np.ndarray], buyers: Buyers, month: int, *, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Put the month's answers to all three questions together, in the order of their days."""
    live = [place for place, product in enumerate(ASKED) if month >= LAUNCHED.get(product, 0)]
    parts = [(heard["product"], heard["who"], np.zeros(len(heard["who"]), dtype=int), _nps(heard["mood"], rng))]
    for question, (answers, shares) in _OTHERS.items():
        about = np.repeat(live, rng.poisson(answers * buyers.scale, len(live)))
        size = len(about)
        whose = np.where(rng.random(size) < ANONYMOUS, -1, rng.integers(0, buyers.known(month), size))
        parts.append((about, whose, np.full(size, question), 1 + rng.choice(len(shares), size, p=shares)))
    product, who, instrument, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    day = rng.integers(0, 28, len(product))
    order = np.argsort(day, kind="stable")
    columns = {"product": product, "who": who, "instrument": instrument, "score": score, "day": day}
    return {name: values[order] for name, values in columns.items()}


def _nps(mood: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn = [rng.choice(np.array(scores), len(mood), p=shares) for scores, shares in _SCORES]
    return np.choose(mood, drawn)


def _chunk(
    ids: pa.Array, answers: dict[str, np.ndarray], month: str, *, buyers: Buyers, rng: np.random.Generator
) -> pa.Table:
    top = _TOPS[answers["instrument"]]
    mood = answers["score"] / top
    unnamed = pa.array(answers["who"] < 0)
    return chunks.chunk(
        "surveys",
        {
            "response_id": ids,
            "date": chunks.days(month, answers["day"]),
            "product_id": chunks.named(list(ASKED), answers["product"]),
            "customer_id": pa.compute.if_else(unnamed, None, buyers.ids(np.maximum(answers["who"], 0))),
            "instrument": chunks.named(INSTRUMENTS, answers["instrument"]),
            "scale_max": top,
            "score": answers["score"],
            **{name: _rating(mood, pull, rng) for name, pull in _PULLS.items()},
        },
    )


def _rating(mood: np.ndarray, pull: float, rng: np.random.Generator) -> np.ndarray:
    level = 1 + 4 * (pull * mood + (1 - pull) * rng.beta(4, 2.5, len(mood)))
    rating = np.clip(np.round(level), 1, 5)
    return np.where(rng.random(len(mood)) < UNRATED, np.nan, rating)
