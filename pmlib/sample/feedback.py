"""What customers wrote: texts by theme, without names, some of them asking for a feature of the backlog."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.sample import company
from pmlib.sample.customers import Buyers
from pmlib.sample.forms import file_form, stream
from pmlib.sample.invitations import FALL_MONTH, LAUNCHED

MESSAGES = 3_000
CHANNELS = ("support", "review", "sales call", "survey")
#: What rises with product 6's fall.
COMPLAINT, FALLING, RISE = "missing data", "PR6", 4.0
#: theme: products it is about, and phrasings.
THEMES = {
    "missing data": (("PR6",), (
        "Readings are missing after the nightly transfer.",
        "The report shows gaps for whole days again.",
        "Last night's data never arrived.",
        "Half of our meters show no values since the weekend.",
        "The transfer failed and nobody told us.",
    )),
    "wrong figures": (("PR6", "PR4"), (
        "The total does not match the bill of our supplier.",
        "Consumption jumps without a reason we could find.",
        "Two screens give different numbers for the same month.",
    )),
    "slow": (("PR4", "PR6"), (
        "A chart over one year takes far too long.",
        "The start page needs half a minute in the morning.",
        "Scrolling through the floors is slow.",
        "It is quick with one building and slow with twelve.",
    )),
    "alarms on the phone": (("PR4",), (
        "We need the alarms on the phone, not only on the screen.",
        "Please send a message when a room gets too cold.",
        "Nobody sits in front of the screen at night; alarms must reach us.",
    )),
    "export": (("PR4", "PR6"), (
        "I copy the numbers by hand because charts cannot be exported.",
        "An export of every chart as a table would save us hours.",
        "Our controller asks for the figures as a table.",
    )),
    "sign-on": (("PR4",), (
        "One more password is one too many; please offer single sign-on.",
        "Our IT wants single sign-on before the next contract.",
        "Caretakers share one account because logging in is tedious.",
    )),
    "record of changes": (("PR4",), (
        "Who changed the night setting? There is no record of it.",
        "The auditor asked who changed which setting and we could not say.",
    )),
    "battery": (("PR2", "PR1", "PR8"), (
        "Batteries lasted two years, not five.",
        "We change batteries in every second room already.",
        "The battery warning comes a day before it is empty.",
    )),
    "installation": (("PR1", "PR2", "PR3", "PR5", "PR8"), (
        "Mounting took longer than planned, the bracket is fiddly.",
        "The sensor was up and running in five minutes.",
        "The gateway lost its settings during installation.",
        "Our installer praised the label and the clear manual.",
    )),
    "accuracy": (("PR1", "PR2", "PR3", "PR7", "PR8"), (
        "Humidity reads five points too high after a year.",
        "People who sit still are not counted.",
        "After the calibration the readings were spot on.",
        "The display and the app differ by a degree.",
    )),
    "price": (tuple(f"PR{number}" for number in range(1, 9)), (
        "Good product, but the price went up again.",
        "A rival offers the same for less.",
        "Worth the money for us.",
        "For small buildings it is too dear.",
    )),
    "service": (tuple(f"PR{number}" for number in range(1, 9)), (
        "Support answered within the hour and solved it.",
        "We waited nine days for an answer.",
        "The technician was friendly and quick.",
        "Delivery came a week late without a word.",
    )),
}  # fmt: skip
_WEIGHTS = (0.07, 0.06, 0.10, 0.08, 0.09, 0.05, 0.03, 0.10, 0.12, 0.10, 0.09, 0.11)
_OPENINGS = ("", "", "Short note: ", "To whom it may concern: ", "After three months of use: ", "From our site team: ")
_CLOSINGS = (
    "", "", " Otherwise we are content.", " Please look into it.", " Thank you.",
    " We would recommend it all the same.", " This matters before we renew.",
)  # fmt: skip
UNKNOWN = 0.2


def feedback(buyers: Buyers) -> pd.DataFrame:
    """Write the table `feedback`: 3,000 messages at every scale.

    Parameters
    ----------
    buyers : Buyers
        Who may have written.
    """
    rng = stream(buyers.seed, "feedback")
    months = np.sort(rng.choice(company.HISTORY_MONTHS, MESSAGES, p=_busy()))
    draws = rng.random((MESSAGES, 5))
    messages = [_message(month, draw) for month, draw in zip(months, draws, strict=True)]
    product, text = zip(*messages, strict=True)
    first = (np.datetime64("2023-01", "M") + months).astype("datetime64[D]")
    date: np.ndarray = first + rng.integers(0, 28, MESSAGES)
    known = np.array([buyers.known(number) for number in months])
    who = buyers.ids((rng.random(MESSAGES) * known).astype(int)).to_numpy(zero_copy_only=False)
    frame = pd.DataFrame(
        {
            "date": np.datetime_as_string(date, unit="D"),
            "product_id": product,
            "customer_id": np.where(rng.random(MESSAGES) < UNKNOWN, None, who),
            "channel": rng.choice(CHANNELS, MESSAGES, p=[0.5, 0.2, 0.1, 0.2]),
            "text": text,
        }
    )
    frame = frame.sort_values("date", kind="stable", ignore_index=True)
    frame["feedback_id"] = [f"B{number:04d}" for number in range(1, MESSAGES + 1)]
    return file_form("feedback", {name: frame[name] for name in frame.columns})


def _shares(month: int) -> np.ndarray:
    weight = np.array(_WEIGHTS)
    if month + 1 >= FALL_MONTH:
        weight[list(THEMES).index(COMPLAINT)] *= RISE
    return weight


def _busy() -> np.ndarray:
    """Give the share of the messages by month: more complaints make more messages."""
    total = np.array([_shares(month).sum() for month in range(company.HISTORY_MONTHS)])
    return np.asarray(total / total.sum())


def _message(month: int, draw: np.ndarray) -> tuple[str, str]:
    """Turn five random numbers into the product and the text of a message."""
    shares = np.cumsum(_shares(month))
    products, phrasings = list(THEMES.values())[int(np.searchsorted(shares, draw[0] * shares[-1], side="right"))]
    on_sale = [product for product in products if month >= LAUNCHED.get(product, 0)]
    options = (on_sale, _OPENINGS, phrasings, _CLOSINGS)
    product, *words = (texts[int(number * len(texts))] for texts, number in zip(options, draw[1:], strict=True))
    return product, "".join(words)
