"""The few models that may take a baseline's place: exponential smoothing and unobserved components of statsmodels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmlib.product.outlook.accuracy import Floats
from pmlib.product.outlook.baselines import YEAR, Path, drift, path_of_responses

# Two pairs of sine and cosine are what two or three years can carry; the bounds are those of statsmodels.
_HARMONICS = 2
_WITHIN, _DAMPING = (1e-4, 1 - 1e-4), (0.8, 0.98)


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """A model in two steps, so that what was estimated once may be used on a longer history.

    Attributes
    ----------
    name : str
        As a report writes it.
    estimate : callable
        From values, the parameters; None where the search for them did not converge.
    path : callable
        From values, parameters and horizon, the months ahead.
    """

    name: str
    estimate: Callable[[Floats], Floats | None]
    path: Callable[[Floats, Floats, int], Path]


@dataclass(frozen=True, kw_only=True)
class Smoothing:
    """Exponential smoothing with additive errors and a damped trend; its states start from the first years' means.

    References
    ----------
    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing.
    """

    seasonal: bool

    def estimate(self, values: Floats) -> Floats | None:
        """Return the smoothing parameters of maximum likelihood."""
        from scipy.optimize import minimize

        model = self._model(values)

        def misfit(free: Floats) -> float:
            # A perfect fit is infinitely likely: the search ends there, and the model is dropped.
            with np.errstate(divide="ignore"):
                return -float(model.loglike(self._params(free)))

        start, bounds = [0.3, 0.1, 0.95, 0.1], [_WITHIN, _WITHIN, _DAMPING, _WITHIN]
        n = 4 if self.seasonal else 3
        # The search of statsmodels waits for threads that matrices so small do not need.
        found = minimize(misfit, start[:n], method="SLSQP", bounds=bounds[:n])
        return self._params(found.x) if found.success and np.isfinite(found.fun) else None

    def path(self, values: Floats, params: Floats, horizon: int) -> Path:
        """Carry level, trend and season ahead."""
        model = self._model(values)
        fitted, states = model.smooth(params, return_raw=True)
        weight = dict(zip(model.param_names, params, strict=True))
        steps = np.arange(1, horizon + 1)
        damped = np.cumsum(weight["damping_trend"] ** steps)
        mean = states[-1, 0] + states[-1, 1] * damped
        responses = weight["smoothing_level"] + weight["smoothing_trend"] * damped
        if self.seasonal:
            mean = mean + states[-YEAR:, 2][(steps - 1) % YEAR]
            responses = responses + weight["smoothing_seasonal"] * (steps % YEAR == 0)
        variance = float(np.sum((values - fitted) ** 2)) / max(len(values) - len(params), 1)
        return path_of_responses(mean, responses=np.concatenate([[1.0], responses[:-1]]), variance=variance)

    def _params(self, free: Floats) -> Floats:
        """Turn the usual restrictions (trend below level, level and season below 1) into bounds of their own."""
        level, trend, damping = free[:3]
        season = [free[3] * (1 - level)] if self.seasonal else []
        return np.array([level, trend * level, *season, damping])

    def _model(self, values: Floats) -> Any:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        season = {"seasonal": "add", "seasonal_periods": YEAR} if self.seasonal else {}
        return ETSModel(values, trend="add", damped_trend=True, initialization_method="heuristic", **season)


@dataclass(frozen=True, kw_only=True)
class Components:
    """Unobserved components: a wandering level, a fixed drift, noise and, where asked, a season that stays.

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter.
    """

    seasonal: bool

    def estimate(self, values: Floats) -> Floats | None:
        """Return the level's share of all variance, of maximum likelihood (the scale is known given the share)."""
        from scipy.optimize import minimize_scalar

        system = self._system(values)

        def misfit(share: float) -> float:
            return -float(_with_share(system, share).ssm.loglike())

        found = minimize_scalar(misfit, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-3})
        return np.array([found.x]) if found.success and np.isfinite(found.fun) else None

    def path(self, values: Floats, params: Floats, horizon: int) -> Path:
        """Carry the filtered state ahead."""
        system = _with_share(self._system(values), float(params[0])).ssm
        return _carried(system, system.filter(), horizon)

    def _system(self, values: Floats) -> Any:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        season: dict[str, Any] = {}
        if self.seasonal:
            season = {"freq_seasonal": [{"period": YEAR, "harmonics": _HARMONICS}], "stochastic_freq_seasonal": [False]}
        model = UnobservedComponents(values, "local linear deterministic trend", **season)
        # One variance follows from the others: a search over one share cannot fail, one over two variances may.
        model.ssm.filter_concentrated = True
        return model


def _with_share(model: Any, share: float) -> Any:
    model.update(np.array([1 - share, share]))
    return model


def _carried(system: Any, filtered: Any, horizon: int) -> Path:
    seen, moves, scale = system["design"][0], system["transition"], float(filtered.scale)
    shocks = scale * system["selection"] @ system["state_cov"] @ system["selection"].T
    state, state_cov = filtered.predicted_state[:, -1], filtered.predicted_state_cov[:, :, -1]
    mean, cov = np.zeros(horizon), np.zeros((horizon, horizon))
    for step in range(horizon):
        mean[step] = seen @ state
        carried = state_cov @ seen
        for later in range(step, horizon):
            cov[step, later] = cov[later, step] = seen @ carried
            carried = moves @ carried
        state, state_cov = moves @ state, moves @ state_cov @ moves.T + shocks
    return Path(mean=mean, cov=cov + scale * system["obs_cov"][0, 0] * np.eye(horizon))


def _model(name: str, form: Smoothing | Components) -> Model:
    return Model(name=name, estimate=form.estimate, path=form.path)


#: What a history of half a year can carry, of two years, and of two years and a half.
SHORT_MODELS = (
    Model(name="drift", estimate=lambda _: np.zeros(0), path=lambda values, _, horizon: drift(values, horizon)),
)
TREND_MODELS = (
    _model("ETS(A,Ad,N)", Smoothing(seasonal=False)),
    _model("UC(drift)", Components(seasonal=False)),
)
SEASONAL_MODELS = (
    TREND_MODELS[0],
    _model("ETS(A,Ad,A)", Smoothing(seasonal=True)),
    _model("UC(drift, season)", Components(seasonal=True)),
)
