"""What each answer counts: up for a promoter or a top box, down for a detractor, counted in the engine."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pmlib.errors import ParameterError, ScaleError, did_you_mean
from pmlib.product.engine import Lazy, Tables, known_product, lazy, month_of_date
from pmlib.product.estimate import Estimate
from pmlib.product.satisfaction import Instrument, nps_of_counts, share_estimate

#: Below this many answers a score is not told.
LEAST_ANSWERS = 30
_PROMOTER, _DETRACTOR, _NPS_MAX, _LEAST_SCALE = 9, 6, 10, 3


def read_instrument(name: str) -> Instrument:
    """Read the question that was asked.

    Raises
    ------
    ParameterError
        It is none of NPS, CSAT and CES.

    Examples
    --------
    >>> str(read_instrument("NPS"))
    'NPS'
    """
    known = [str(one) for one in Instrument]
    if name not in known:
        raise ParameterError(f"instrument: got {name!r}, allowed {', '.join(known)}. {did_you_mean(name, known)}")
    return Instrument(name)


def unit_of(instrument: str) -> tuple[str, float]:
    """Give the unit of a score and what a mean of 1 is in it.

    Examples
    --------
    >>> unit_of("NPS"), unit_of("CES")
    (('points', 100.0), ('share', 1.0))
    """
    return ("points", 100.0) if instrument == Instrument.NPS else ("share", 1.0)


def lazy_answers(tables: Tables, *, first: int, last: int, columns: Sequence[str] = ()) -> Lazy:
    """Return the answers of a window with their ``month``, in their engine; ``score`` as float64."""
    names = dict.fromkeys(["product_id", "date", "instrument", "scale_max", "score", *columns])
    surveys = lazy(tables, "surveys", list(names))
    surveys = surveys.mutate(
        month=month_of_date(surveys.date),
        score=surveys.score.cast("float64"),
        scale_max=surveys.scale_max.cast("int64"),
    )
    return surveys.filter((surveys.month >= first) & (surveys.month <= last))


def outcomes(counts: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Add up counted answers: how many count up, how many down, how many are empty.

    Parameters
    ----------
    counts : DataFrame
        ``keys``, ``instrument``, ``scale_max``, ``score``, ``n``: one row per score.
    keys : sequence of str
        What a row of the result stands for.

    Returns
    -------
    DataFrame
        ``keys``, ``n`` (answers), ``up`` (promoters, or the top two boxes), ``down`` (detractors, or 0) and
        ``n_missing``, sorted by key. The score of a row is ``(up - down) / n``.

    Raises
    ------
    ScaleError
        An answer lies outside its scale, NPS answers on another scale than 0-10, or a scale below 3 points.
    """
    _refuse_outside(counts)
    nps, given = counts["instrument"] == Instrument.NPS, counts["score"].notna()
    best = (counts["scale_max"] - 1).mask(nps, _PROMOTER)
    parts = pd.DataFrame({
        **{key: counts[key] for key in keys},
        "n": counts["n"].where(given, 0),
        "up": counts["n"].where(given & (counts["score"] >= best), 0),
        "down": counts["n"].where(given & nps & (counts["score"] <= _DETRACTOR), 0),
        "n_missing": counts["n"].where(~given, 0),
    })  # fmt: skip
    return parts.groupby(list(keys), as_index=False, sort=True)[["n", "up", "down", "n_missing"]].sum()


def estimated(instrument: str, *, up: int, down: int, n: int, n_missing: int = 0) -> Estimate:
    """Score answers that count ``up`` and ``down``, with the interval of their question.

    Examples
    --------
    >>> estimated("NPS", up=45, down=20, n=100).value, estimated("CSAT", up=30, down=0, n=40).value
    (25.0, 0.75)
    """
    if instrument == Instrument.NPS:
        return nps_of_counts({_NPS_MAX: up, _DETRACTOR: down, _PROMOTER - 1: n - up - down}, n_missing=n_missing)
    return share_estimate(up, n, n_missing=n_missing)


def _refuse_outside(counts: pd.DataFrame) -> None:
    """Stop at the first answers that do not fit their question."""
    nps, score = counts["instrument"] == Instrument.NPS, counts["score"]
    low = (~nps).astype("int64")
    # Each scale has its own remedy: a wrong scale is told before the answers on it.
    for wrong, allowed, remedy in (
        (nps & (counts["scale_max"] != _NPS_MAX), "10 for NPS", "Mark them as CSAT, or leave them out in views.sql."),
        (
            counts["scale_max"] < _LEAST_SCALE,
            "3 or more",
            "Two boxes of two would always be full: use the plain share.",
        ),
    ):
        if wrong.any():
            row = counts[wrong].iloc[0]
            raise ScaleError(
                f"surveys: {int(counts.loc[wrong, 'n'].sum()):,} {row['instrument']} answers with scale_max "
                f"{row['scale_max']} (product '{row['product_id']}'), allowed {allowed}. {remedy}"
            )
    outside = score.notna() & ((score < low) | (score > counts["scale_max"]) | (score % 1 != 0))
    if outside.any():
        row = counts[outside].iloc[0]
        raise ScaleError(
            f"surveys: {row['instrument']} answer {row['score']:g} (product '{row['product_id']}'), allowed whole "
            f"numbers {int(low[outside].iloc[0])}-{row['scale_max']}. Check scale_max and the question's type."
        )


def of_product(frame: pd.DataFrame, tables: Tables, product_id: str | None) -> pd.DataFrame:
    """Keep the rows of one product, or all of them.

    Raises
    ------
    ParameterError
        Neither the products table nor the frame knows the product.
    """
    known_product(product_id, tables, seen=lambda: frame["product_id"])
    return frame if product_id is None else frame[frame["product_id"] == product_id]
