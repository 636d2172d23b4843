"""Rolling origins: every method forecasts from the same past months, and only then is one believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pmlib.product.outlook.accuracy import Floats, seasonal_naive_error
from pmlib.product.outlook.baselines import YEAR, Path, naive, seasonal_naive
from pmlib.product.outlook.models import SEASONAL_MODELS, SHORT_MODELS, TREND_MODELS, Model

#: Months below which nothing is forecast.
LEAST = 6
#: Origins from which a model may take the baseline's place.
FEWEST_ORIGINS = 3
#: A model is shown below this share of the baseline's error. On seasonal random walks of 36 months, where none can be
#: better, one was shown for 8 % of 700; at 1 it would have been 18 %.
MARGIN = 0.9
_SEASONAL_FROM = 30
_MOST_ORIGINS = 36
_REESTIMATED_EVERY = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgement:
    """What every method said at the same past months, and what it says now.

    Attributes
    ----------
    values : array of shape (n_months,)
        The series.
    season : int
        12; or 1 where the history is shorter than two years.
    origins : tuple of int
        Months of history at each origin.
    past : mapping of str to tuple of Path
        By method, the baseline first: its path from every origin.
    ahead : mapping of str to Path
        By method: its path from the last month.
    dropped : tuple of str
        Models whose estimate did not converge at some origin.
    """

    values: Floats
    season: int
    origins: tuple[int, ...]
    past: Mapping[str, tuple[Path, ...]]
    ahead: Mapping[str, Path]
    dropped: tuple[str, ...]

    @property
    def baseline(self) -> str:
        """Name of the method to beat."""
        return next(iter(self.ahead))

    @property
    def best(self) -> str:
        """Name of the model with the smallest error; the baseline where there is no model."""
        models = [name for name in self.ahead if name != self.baseline]
        return min(models, key=self.mean_absolute_error) if models and self.origins else self.baseline

    @property
    def shown(self) -> str:
        """Name of the method to show: the best model where it clearly beat the baseline, else the baseline."""
        beats = len(self.origins) >= FEWEST_ORIGINS and self.ratio(self.best) < MARGIN
        return self.best if beats else self.baseline

    def errors(self, name: str) -> Floats:
        """Actual minus forecast, shape (n_origins, horizon); NaN where the month is still to come."""
        actual = self._actual()
        said = np.array([path.mean for path in self.past[name]], dtype=np.float64).reshape(actual.shape)
        return np.asarray(actual - said, dtype=np.float64)

    def standard_errors(self, name: str) -> Floats:
        """Errors over the spread that the method stated for them; NaN where it stated none."""
        errors = self.errors(name)
        spread = np.array([path.spread for path in self.past[name]], dtype=np.float64).reshape(errors.shape)
        scaled: Floats = np.divide(errors, spread, out=np.full_like(errors, np.nan), where=spread > 0)
        return scaled

    def window_errors(self, name: str, *, first: int, last: int) -> Floats:
        """Errors of the sum of the months ``first`` to ``last`` ahead (from 0) over the spread stated for it."""
        actual = self._actual()[:, first : last + 1].sum(axis=1)
        stated = np.array([path.total(first, last) for path in self.past[name]]).reshape(-1, 2)
        known = ~np.isnan(actual) & (stated[:, 1] > 0)
        return np.asarray((actual[known] - stated[known, 0]) / stated[known, 1], dtype=np.float64)

    def mean_absolute_error(self, name: str) -> float:
        """Mean absolute error over all origins and months ahead, in the unit of the series."""
        return float(np.nanmean(np.abs(self.errors(name)))) if self.origins else float("nan")

    def ratio(self, name: str) -> float:
        """Mean absolute error over the baseline's; NaN where the baseline made none."""
        baseline = self.mean_absolute_error(self.baseline)
        return self.mean_absolute_error(name) / baseline if baseline > 0 else float("nan")

    def scaled_error(self, name: str) -> float:
        """MASE: every error over the seasonal-naive error within the history of its own origin, on average."""
        scales = np.array([seasonal_naive_error(self.values[:origin], season=self.season) for origin in self.origins])
        usable = scales > 0
        if not usable.any():
            return float("nan")
        return float(np.nanmean(np.abs(self.errors(name)[usable]) / scales[usable, None]))

    def _actual(self) -> Floats:
        horizon = len(self.ahead[self.baseline].mean)
        padded = np.concatenate([self.values, np.full(horizon, np.nan)])
        return np.array([padded[origin : origin + horizon] for origin in self.origins]).reshape(-1, horizon)


def judge(values: Floats, *, horizon: int) -> Judgement:
    """Let the baseline and every model forecast from the same past months, and from the last one.

    Below 24 months the baseline is the last month and its rival the straight line. From 24 months on the baseline is
    the same month a year before and its rivals are models: without a season below 30 months, where a season could not
    be learned at enough origins. Parameters are estimated at every third origin, from what was known then.

    Parameters
    ----------
    values : array of shape (n_months,), 6 or more, without gaps
    horizon : int
        Months ahead.

    References
    ----------
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16(4).

    Examples
    --------
    >>> judge(np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0]), horizon=2).shown
    'drift'
    """
    season, models, first = _plan(len(values))
    unit = float(np.abs(values).mean()) or 1.0
    scaled = values / unit
    moving = not np.all(values == values[0])
    origins = range(max(first, _step_from(len(values) - _MOST_ORIGINS)), len(values)) if moving else range(0)
    name, baseline = ("seasonal naive", seasonal_naive) if season == YEAR else ("naive", naive)
    past = {name: [baseline(scaled[:origin], horizon) for origin in origins]}
    ahead = {name: baseline(scaled, horizon)}
    dropped = []
    for model in models if moving else ():
        paths = _paths(model, scaled, [*origins, len(values)], horizon=horizon)
        if paths is None:
            dropped.append(model.name)
            continue
        past[model.name], ahead[model.name] = paths[:-1], paths[-1]
    return Judgement(
        values=values, season=season, origins=tuple(origins), dropped=tuple(dropped),
        past={method: tuple(path.scaled(unit) for path in paths) for method, paths in past.items()},
        ahead={method: path.scaled(unit) for method, path in ahead.items()},
    )  # fmt: skip


def _plan(n_months: int) -> tuple[int, Sequence[Model], int]:
    """Season, models and the first origin for a history of that length."""
    if n_months < 2 * YEAR:
        return 1, SHORT_MODELS, 3
    if n_months < _SEASONAL_FROM:
        return YEAR, TREND_MODELS, YEAR + 1
    return YEAR, SEASONAL_MODELS, 2 * YEAR


def _step_from(n_months: int) -> int:
    """First origin from there on at which parameters are estimated anew."""
    return -(-n_months // _REESTIMATED_EVERY) * _REESTIMATED_EVERY


def _paths(model: Model, values: Floats, ends: Sequence[int], *, horizon: int) -> list[Path] | None:
    """Forecast from each of the ends; parameters are as old as two months, never younger than their end."""
    params: Floats | None = None
    paths = []
    for end in ends:
        if np.all(values[:end] == values[0]):
            # Nothing to estimate yet: whatever the model, it says what was always so.
            paths.append(naive(values[:end], horizon))
            continue
        # Counted from the start of the series, so that a month more never changes what an earlier origin said.
        if params is None or end % _REESTIMATED_EVERY == 0 or end == len(values):
            params = model.estimate(values[:end])
        if params is None:
            return None
        paths.append(model.path(values[:end], params, horizon))
    return paths

