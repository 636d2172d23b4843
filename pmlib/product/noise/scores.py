"""A net promoter score when nothing changes: how far its months lie apart by chance alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import CheckError, ParameterError
from pmlib.product.engine import as_seed
from pmlib.product.experiments.proportions import as_share
from pmlib.product.noise.ranges import whole_number
from pmlib.product.satisfaction import nps_of_counts
from pmlib.product.voice import shift_detection as shift
from pmlib.product.wording import counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z95 = 1.959963984540054
_LONG_RUN, _SHUFFLES, _FALSE_ALARM = 20_000, 4_000, 0.05
_LEAST_ANSWERS, _MOST_ANSWERS, _LEAST_MONTHS, _MOST_MONTHS = 20, 100_000, 6, 120
_MOVES = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0)
#: A move counts from its size on, whatever floating point makes of it.
_ROUNDING = 1e-9
_FIRST_MONTH = "2024-01"
_PROMOTER, _PASSIVE, _DETRACTOR = 10, 8, 3


@dataclass(frozen=True, eq=False, kw_only=True)
class NpsNoise:
    """Months of a score whose truth never changes, and what chance makes of them.

    Attributes
    ----------
    months : DataFrame
        One row per month: ``month`` (1, 2, ...), ``n`` answers, ``promoters``, ``detractors`` (answers), ``value``,
        ``low``, ``high`` (points, 95 %), ``truth``, ``covers`` (the interval holds the truth), ``moved`` (points
        against the month before), ``reported`` (moved by ``move`` or more), ``limit_low``, ``limit_high`` (of the
        control chart; NaN in the months that set its level), ``outside`` (the chart signals).
    needed : DataFrame
        ``move`` (points), ``answers`` a month that show it between two months four times in five.
    truth, spread : float
        True score, and standard deviation of one answer; points.
    answers : int
        Answers a month, on average.
    move : float
        Points from which on a move would be reported.
    chance, simulated : float
        Share of months that move so far by chance: normal approximation, and 20,000 months drawn.
    detectable : float
        Smallest true move that two months with so many answers show four times in five; points.
    """

    months: pd.DataFrame
    needed: pd.DataFrame
    truth: float
    spread: float
    answers: int
    move: float
    chance: float
    simulated: float
    detectable: float

    @property
    def half_width(self) -> float:
        """Points to either side within which a month's score is known, 95 %."""
        return _Z95 * self.spread / math.sqrt(self.answers)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per month."""
        return self.months.copy(deep=False)

    def surveys(self) -> pd.DataFrame:
        """Return the answers as a table ``surveys``, January 2024 first, for `satisfaction_by_month` and others."""
        up, down, n = (self.months[name].to_numpy() for name in ("promoters", "detractors", "n"))
        kinds = np.column_stack([up, n - up - down, down]).ravel()
        dates = (np.datetime64(_FIRST_MONTH, "M") + np.arange(len(n))).astype("datetime64[s]")
        scores = np.tile([_PROMOTER, _PASSIVE, _DETRACTOR], len(n))
        return pd.DataFrame({
            "product_id": "P", "date": np.repeat(dates, n), "instrument": "NPS", "scale_max": 10,
            "score": np.repeat(scores, kinds),
        })  # fmt: skip

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the months with their intervals, and the moves that would have been reported."""
        from pmlib.plots import noise

        return noise.nps_months(self.months, ax, move=self.move)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        answers = answers_needed(self.move, spread=self.spread)
        return {
            f"± {self.half_width:.0f} points": f"95 % interval of a month with {self.answers:,} answers",
            percent(self.chance): f"of months move by {self.move:g} points or more though nothing changes",
            f"{answers:,}": f"answers a month to show a true move of {self.move:g} points",
        }

    def summary(self) -> str:
        """Return what is true, what the months do, what a real change takes, and what the control chart says."""
        moves = self.months["moved"].notna()
        return (
            f"The true score is {self.truth:.0f} in every month. With about {self.answers:,} answers a month it is "
            f"known to within {self.half_width:.0f} points either way; {int(self.months['covers'].sum())} of "
            f"{counted(len(self.months), 'interval')} hold the truth. Chance alone moves the score by {self.move:g} "
            f"points or more in {percent(self.chance)} of months ({percent(self.simulated)} of {_LONG_RUN:,} simulated "
            f"ones); here it did in {int(self.months['reported'].sum())} of {int(moves.sum())}. Two such months show a "
            f"true change four times in five only from {self.detectable:.0f} points on; for one of {self.move:g} it "
            f"takes {answers_needed(self.move, spread=self.spread):,} answers a month. {self._charted()}"
        )

    def check(self) -> str:
        """Add answers and scores up again.

        Raises
        ------
        CheckError
            They do not add up.
        """
        score = 100 * (self.months["promoters"] - self.months["detractors"]) / self.months["n"]
        if (score - self.months["value"]).abs().max() > _ROUNDING:
            raise CheckError("months: promoters less detractors do not come to the scores. Report this with the seed.")
        return f"Promoters less detractors come to the score in all {len(score)} months."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return (
            f"<NpsNoise: truth {self.truth:.0f} ± {self.half_width:.0f}, {len(self.months)} months of about "
            f"{self.answers:,} answers; {percent(self.chance)} move by {self.move:g} or more>"
        )

    def _charted(self) -> str:
        outside = self.months.loc[self.months["outside"], "month"]
        if outside.empty:
            return "The control chart reports none of these moves."
        return f"The control chart signals month {outside.iloc[0]}: the false alarm that 1 chart in 20 gives."


def nps_noise(
    *, promoters: float = 0.45, detractors: float = 0.20, answers: int = 100, months: int = 24, move: float = 5.0,
    seed: int = 1,
) -> NpsNoise:  # fmt: skip
    """Show what a monthly net promoter score does while nothing changes.

    Answer counts are Poisson, answers independent of each other, intervals those of `net_promoter_score`, the control
    chart that of `chart_score` (its first third sets the level; 5 % chance of any false alarm over the whole chart).

    Parameters
    ----------
    promoters, detractors : float
        True shares of answers, 0-1; the rest are passive.
    answers : int
        Answers a month on average, 20 to 100,000.
    months : int
        6 to 120.
    move : float
        Points from which on a month-to-month move would be reported.
    seed : int
        Another seed draws other months of the same truth.

    Raises
    ------
    ParameterError
        A number lies outside its range, or the shares add up to more than 1.

    References
    ----------
    Variance of the score: multinomial, p + d - (p - d)^2. Reichheld (2003), HBR 81(12).

    Examples
    --------
    >>> nps_noise(promoters=0.45, detractors=0.20, answers=100)
    <NpsNoise: truth 25 ± 15, 24 months of about 100 answers; 64 % move by 5 or more>
    """
    size = whole_number("answers", answers, least=_LEAST_ANSWERS, most=_MOST_ANSWERS, remedy="Use 100.")
    count = whole_number("months", months, least=_LEAST_MONTHS, most=_MOST_MONTHS, remedy="Use 24.")
    spread, shares = answer_spread(promoters, detractors), (promoters, detractors)
    rng = np.random.default_rng(as_seed(seed))
    points = _points(_months(shares, size, months=count, rng=rng), truth=100 * (promoters - detractors))
    moved = points["value"].diff()
    long_run = _months(shares, size, months=_LONG_RUN, rng=rng)
    far = partial(_far, move=_as_move(move))
    return NpsNoise(
        months=_with_chart(points.assign(moved=moved, reported=far(moved.to_numpy())), rng),
        needed=pd.DataFrame({"move": _MOVES, "answers": [answers_needed(one, spread=spread) for one in _MOVES]}),
        truth=100 * (promoters - detractors), spread=spread, answers=size, move=float(move),
        chance=chance_of_move(move, answers=size, spread=spread),
        simulated=float(far(np.diff(100 * (long_run[0] - long_run[1]) / long_run.sum(axis=0))).mean()),
        detectable=_seen(0.8) * spread * math.sqrt(2 / size),
    )  # fmt: skip


def answer_spread(promoters: float, detractors: float) -> float:
    """Give the standard deviation of one answer, which counts 100, 0 or -100; points.

    Raises
    ------
    ParameterError
        A share lies outside 0 to 1, or both add up to more than 1.

    Examples
    --------
    >>> round(answer_spread(0.45, 0.20), 1)
    76.6
    """
    up, down = as_share("promoters", promoters, use=0.45), as_share("detractors", detractors, use=0.20)
    if up + down > 1 + _ROUNDING:
        raise ParameterError(
            f"promoters, detractors: got {up:g} and {down:g}, allowed together 1 at most. Lower one of them."
        )
    return 100 * math.sqrt(up + down - (up - down) ** 2)


def chance_of_move(move: float, *, answers: int, spread: float) -> float:
    """Say how often chance alone puts ``move`` points or more between two months.

    Normal approximation; the difference of two months has twice the variance of one.

    Parameters
    ----------
    move, spread : float
        Size of the move, and standard deviation of one answer (see `answer_spread`); points.
    answers : int
        Answers of each month.

    Examples
    --------
    >>> round(chance_of_move(5, answers=100, spread=76.65), 2)
    0.64
    """
    return math.erfc(_as_move(move) / (spread * math.sqrt(2 / answers)) / math.sqrt(2))


def answers_needed(move: float, *, spread: float, power: float = 0.8) -> int:
    """Count the answers a month with which a true move shows between two months (5 %, two-sided).

    Parameters
    ----------
    move, spread : float
        Size of the move, and standard deviation of one answer (see `answer_spread`); points.
    power : float
        Chance that it shows.

    Raises
    ------
    ParameterError
        The move is not above 0, or the power no share.

    Examples
    --------
    >>> answers_needed(5, spread=76.65)
    3690
    """
    return math.ceil(2 * (_seen(power) * spread / _as_move(move)) ** 2)


def _seen(power: float) -> float:
    """How many standard errors a difference must have to be seen with this power."""
    from scipy import special

    return _Z95 + float(special.ndtri(as_share("power", power, use=0.8)))


def _as_move(move: float) -> float:
    if not isinstance(move, Real) or isinstance(move, bool) or not 0 < move <= 200:  # noqa: PLR2004 - from -100 to 100
        raise ParameterError(f"move: got {move!r}, allowed above 0 to 200 points. Use 5.")
    return float(move)


def _far(moved: npt.NDArray[np.float64], *, move: float) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(moved) >= move - _ROUNDING)


def _months(
    shares: tuple[float, float], answers: int, *, months: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draw promoters, detractors and passives of each month: shape (3, months); no month is without an answer."""
    n = np.maximum(rng.poisson(answers, months), 1)
    return rng.multinomial(n, [*shares, max(0.0, 1 - sum(shares))]).T


def _points(drawn: npt.NDArray[np.int64], *, truth: float) -> pd.DataFrame:
    """Score each month with its interval."""
    up, down, passive = drawn.tolist()
    scores = [
        nps_of_counts({_PROMOTER: a, _DETRACTOR: b, _PASSIVE: c}) for a, b, c in zip(up, down, passive, strict=True)
    ]
    frame = pd.DataFrame({
        "month": np.arange(1, len(scores) + 1), "n": [one.n for one in scores], "promoters": up, "detractors": down,
        "value": [one.value for one in scores], "low": [one.low for one in scores],
        "high": [one.high for one in scores], "truth": truth,
    })  # fmt: skip
    return frame.assign(covers=frame["truth"].between(frame["low"], frame["high"]))


def _with_chart(months: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add the limits of the room's control chart, and where it signals."""
    n, up, down = (months[name].to_numpy(np.int64) for name in ("n", "promoters", "detractors"))
    net, start = up - down, len(months) // 3
    shuffled = shift.shuffled_months(int(up.sum()), int(down.sum()), n, size=_SHUFFLES, rng=rng)
    largest = shift.excursions(shuffled, n, start=start).max(axis=-1)
    critical = shift.critical_value(largest, false_alarm=_FALSE_ALARM) + _ROUNDING
    level = 100 * net[:start].sum() / n[:start].sum()
    half = np.concatenate([np.full(start, np.nan), 100 * critical * shift.monthly_scores(net, n, start=start)[1]])
    outside = np.concatenate([np.zeros(start, dtype=bool), shift.excursions(net, n, start=start) > critical])
    return months.assign(limit_low=level - half, limit_high=level + half, outside=outside)
