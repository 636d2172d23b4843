"""Who was asked for a net promoter score and who answered: response goes with engagement alone (truth T17)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pmlib.sample import chunks, company
from pmlib.sample.customers import Buyers
from pmlib.sample.forms import stream

#: Month of the history (from 1) in which product 6 falls from 32 to 20 (truth T16).
FALL_MONTH = 22
#: product: answers a month, promoters and detractors; before and after any change.
ASKED = {
    "PR1": (75, (0.50, 0.15), (0.50, 0.15)),
    "PR2": (100, (0.45, 0.20), (0.45, 0.20)),
    "PR3": (60, (0.33, 0.25), (0.33, 0.25)),
    "PR4": (80, (0.45, 0.20), (0.45, 0.20)),
    "PR5": (70, (0.42, 0.22), (0.42, 0.22)),
    "PR6": (200, (0.49, 0.17), (0.43, 0.23)),
    "PR7": (60, (0.52, 0.14), (0.52, 0.14)),
    "PR8": (70, (0.47, 0.19), (0.47, 0.19)),
}
LAUNCHED = {"PR8": 12}
PROMOTER, PASSIVE, DETRACTOR = range(3)
BANDS = ("high", "low", "medium")
BIASED, RESPONSE = "PR4", 0.17
#: T17: response by band; shares of the bands among promoters (27 % answer) and among all others (15 %).
_BAND_RESPONSE = np.array([0.40, 0.10, 0.20])
_PROMOTER_BANDS, _OTHER_BANDS = (0.45, 0.20, 0.35), (0.075, 0.65, 0.275)


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """Everyone asked about one product, sorted by customer and month, as codes.

    Attributes
    ----------
    who, month : int arrays of shape (n,)
        Place among the buyers, and month from 0.
    band : int array of shape (n,)
        Place in ``BANDS``.
    mood : int array of shape (n,)
        What they would answer, 0 promoter to 2 detractor; known to nobody who did not hear it.
    responded : bool array of shape (n,)
    """

    who: np.ndarray
    month: np.ndarray
    band: np.ndarray
    mood: np.ndarray
    responded: np.ndarray


def asked(buyers: Buyers, product: str) -> Asked:
    """Draw the invitations of one product, nobody twice in a month.

    Parameters
    ----------
    buyers : Buyers
        Scale 1 gives about 4,200 invitations a month over all products.
    product : str
        Of ``ASKED``.
    """
    rng = stream(buyers.seed, "invitations", int(product[2:]))
    who, month = _whom(buyers, product, rng)
    order = np.lexsort((month, who))
    who, month = who[order], month[order]
    _, before, after = ASKED[product]
    promoters, detractors = np.where(month[:, None] + 1 < FALL_MONTH, before, after).T
    draw = rng.random(len(who), dtype=np.float32)
    mood = (draw >= promoters).astype(np.int8) + (draw >= 1 - detractors)
    band = _bands(mood == PROMOTER, product, rng)
    rate = _BAND_RESPONSE[band] if product == BIASED else RESPONSE
    return Asked(who=who, month=month, band=band, mood=mood, responded=rng.random(len(who)) < rate)


def _whom(buyers: Buyers, product: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    who, months = [], []
    for month in range(LAUNCHED.get(product, 0), company.HISTORY_MONTHS):
        known = buyers.known(month)
        size = min(known, int(rng.poisson(ASKED[product][0] * buyers.scale / _mean_response(product))))
        who.append(rng.choice(known, size, replace=False, shuffle=False).astype(np.int32))
        months.append(np.full(size, month, dtype=np.int8))
    return np.concatenate(who), np.concatenate(months)


def _mean_response(product: str) -> float:
    if product != BIASED:
        return RESPONSE
    promoters = ASKED[BIASED][1][0]
    bands = promoters * np.array(_PROMOTER_BANDS) + (1 - promoters) * np.array(_OTHER_BANDS)
    return float(bands @ _BAND_RESPONSE)


def _bands(promoter: np.ndarray, product: str, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(len(promoter), dtype=np.float32)
    shares = np.cumsum([_OTHER_BANDS, _PROMOTER_BANDS], axis=1)
    # Elsewhere engagement says nothing of the mood.
    edges = shares[promoter.astype(int) if product == BIASED else np.zeros(len(promoter), dtype=int)]
    return np.asarray((draw >= edges[:, 0]).astype(np.int8) + (draw >= edges[:, 1]))


def invitations(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `invitations`, one product at a time.

    Parameters
    ----------
    buyers : Buyers
    """
    for product in ASKED:
        drawn = asked(buyers, product)
        for start in range(0, len(drawn.who), chunks.ROW_GROUP):
            here = slice(start, start + chunks.ROW_GROUP)
            yield chunks.chunk(
                "invitations",
                {
                    "product_id": chunks.named([product], np.zeros(len(drawn.who[here]), dtype=np.int8)),
                    "customer_id": buyers.ids(drawn.who[here]),
                    "month": chunks.months(drawn.month[here], company.HISTORY_START),
                    "engagement_band": chunks.named(BANDS, drawn.band[here]),
                    "responded": drawn.responded[here],
                },
            )
