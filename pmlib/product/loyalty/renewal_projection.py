"""How many will renew beyond what was observed: the shifted beta-geometric model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, as_seed
from pmlib.product.loyalty.beta_geometric import BetaGeometric, beta_geometric_survival, fit_beta_geometric, newton
from pmlib.product.loyalty.contracts import contract_counts
from pmlib.product.loyalty.curves import exposure, kaplan_meier
from pmlib.product.loyalty.likelihood import Floats
from pmlib.product.wording import counted, listed, percent, percents_between

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest contracts that must have ended before anything is projected.
LEAST_ENDED = 10
_REPLICATES, _LEVEL = 1_000, 0.95
_COLUMNS = ["group", "age", "observed", "at_risk", "projected", "low", "high", "renewal"]
_MODEL_COLUMNS = ["group", "n", "ended", "alpha", "beta", "log_likelihood", "mean_churn", "largest_gap"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RenewalProjection:
    """The share of contracts that will still run, as far as the horizon, for each group.

    Attributes
    ----------
    projection : DataFrame
        ``group``, ``age`` (months), ``observed`` (Kaplan-Meier; NaN beyond the data), ``at_risk``, ``projected``,
        ``low``, ``high`` (shares; 95 % for the parameters by parametric bootstrap), ``renewal`` (share of those there
        a month before who renew).
    models : DataFrame
        ``group``, ``n``, ``ended``, ``alpha``, ``beta``, ``log_likelihood``, ``mean_churn``, ``largest_gap`` (between
        observed and projected share); NaN with fewer than 10 ended contracts.
    period : int
        Last month observed.
    horizon_months : int
        Months of age projected.
    seed : int
        Of the bootstrap.
    """

    projection: pd.DataFrame
    models: pd.DataFrame
    period: int
    horizon_months: int
    seed: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and age."""
        return self.projection.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what was observed and what is projected."""
        from pmlib.plots import loyalty

        return loyalty.projection(self.projection, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        ends = self._ends()
        if ends.empty:
            return {"–": "not enough ended contracts to project"}
        # Two groups may keep the same share: one figure then says both.
        shares = ends["group"].groupby(ends["projected"].map(percent), sort=False).agg(list)
        after = f"contracts run on after {counted(self.horizon_months, 'month')}"
        return {str(share): f"of {listed(groups)} {after}" for share, groups in list(shares.items())[:4]}

    def summary(self) -> str:
        """Return the projected shares with intervals, how well the model fits, and who has too little data."""
        ends, short = self._ends(), self.models[self.models["alpha"].isna()]
        said = []
        if not ends.empty:
            parts = [
                f"{percent(row['projected'])} of {row['group']} ({percents_between(row['low'], row['high'])}, "
                f"n = {row['n']:,})"
                for row in ends.to_dict("records")
            ]
            said.append(
                f"Still there after {counted(self.horizon_months, 'month')}: {listed(parts)}. The model misses the "
                f"observed share by at most {100 * self.models['largest_gap'].max():.1f} points."
            )
        if len(short) > 0 or self.models.empty:
            whom = ", ".join(f"{row['group']} {row['ended']}" for row in short.to_dict("records")) or "no contracts"
            said.append(
                f"Not enough data to project: {LEAST_ENDED} ended contracts and 2 renewals observed are needed; "
                f"ended: {whom}."
            )
        return " ".join(said)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<RenewalProjection to {month_name(self.period)}: {self.summary()}>"

    def _ends(self) -> pd.DataFrame:
        ends = self.projection[self.projection["age"] == self.horizon_months].dropna(subset=["projected"])
        return ends.merge(self.models[["group", "n"]], on="group")


def project_retention(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    by: str | None = None,
    horizon_months: int = 48,
    seed: int = 20260101,
) -> RenewalProjection:
    """Project the share of contracts that still run, with one renewal a month.

    Contracts of all first months are pooled; those that still run count as renewed so far. The model explains rising
    renewal by customers who differ, never by customers who change.

    Parameters
    ----------
    tables : mapping
        ``subscriptions``; ``customers`` for a split by segment, channel or region.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product; all by default.
    by : str, optional
        ``product``, ``segment``, ``channel`` or ``region``: a model each.
    horizon_months : int
        Months of age to project to.
    seed : int
        Of the 1,000 bootstrap samples behind the intervals.

    Raises
    ------
    MissingTableError
        A table is missing.
    ParameterError
        An option or the product is unknown.

    References
    ----------
    Fader and Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1).
    """
    last, horizon = as_month(period), as_count("horizon_months", horizon_months)
    counts = contract_counts(tables, last=last, product_id=product_id, by=by)
    rng = np.random.default_rng(as_seed(seed))
    parts = [
        _project(part, str(group), horizon=horizon, last=last, rng=rng) for group, part in counts.groupby("group")
    ]
    return RenewalProjection(
        projection=pd.concat([one for one, _ in parts], ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS),
        models=pd.DataFrame([model for _, model in parts], columns=_MODEL_COLUMNS),
        period=last, horizon_months=horizon, seed=seed,
    )  # fmt: skip


def _project(
    counts: pd.DataFrame, group: str, *, horizon: int, last: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, Any]]:
    ages = np.arange(horizon + 1)
    curve = kaplan_meier(counts).set_index("months").reindex(ages)
    frame = pd.DataFrame({"group": group, "age": ages, "observed": curve["survival"].to_numpy(),
                          "at_risk": curve["at_risk"].fillna(0).astype("int64").to_numpy()})  # fmt: skip
    ended = int(counts["n"][counts["ended"]].sum())
    told: dict[str, Any] = {"group": group, "n": int(counts["n"].sum()), "ended": ended}
    at_risk, ends = (part[:, 0] for part in exposure(counts.assign(group="all"), "group"))
    if ended < LEAST_ENDED or len(at_risk) <= 2:  # noqa: PLR2004
        return frame.assign(projected=np.nan, low=np.nan, high=np.nan, renewal=np.nan), told
    model = fit_beta_geometric(at_risk, ends)
    observable = last - counts["cohort"]
    entered = np.bincount(observable, weights=counts["n"], minlength=len(at_risk)).astype("int64")
    low, high = _bootstrap(model, entered, ages, rng=rng)
    shares = model.survival(ages)
    renewal = np.append(np.nan, shares[1:] / shares[:-1])
    gap = float(np.nanmax(np.abs(frame["observed"] - shares)))
    told |= {"alpha": model.alpha, "beta": model.beta, "log_likelihood": model.log_likelihood,
             "mean_churn": model.mean_churn, "largest_gap": gap}  # fmt: skip
    return frame.assign(projected=shares, low=low, high=high, renewal=renewal), told


def _bootstrap(
    model: BetaGeometric, entered: npt.NDArray[np.int64], ages: npt.NDArray[np.int64], *, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Refit samples drawn from the model, with the same contracts observed as long as ours were."""
    shares = model.survival(np.arange(len(entered)))
    churn = 1 - shares[1:] / shares[:-1]
    alive = np.broadcast_to(entered, (_REPLICATES, len(entered))).copy()
    n, lost = (np.zeros((_REPLICATES, len(churn))) for _ in range(2))
    for j, chance in enumerate(churn):
        # Only contracts that began more than j months ago face this renewal.
        facing = alive[:, j + 1 :]
        leaving = rng.binomial(facing, chance)
        n[:, j], lost[:, j] = facing.sum(axis=1), leaving.sum(axis=1)
        facing -= leaving
    logs = newton(n, lost)
    curves = beta_geometric_survival(ages[None, :], np.exp(logs[:, :1]), np.exp(logs[:, 1:]))
    low, high = np.quantile(curves, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
    return low, high
