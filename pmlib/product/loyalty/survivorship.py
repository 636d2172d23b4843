"""What the total hides: renewal that rises with age though nobody becomes loyal, and newer cohorts that are worse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_seed
from pmlib.product.loyalty.contracts import contract_counts
from pmlib.product.loyalty.curves import exposure, kaplan_meier, p_text, scores
from pmlib.product.loyalty.likelihood import Floats
from pmlib.product.satisfaction import share_estimate
from pmlib.product.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AGES = (1, 3, 6, 12)
_OLDER, _NEWER, _ALL = "older", "newer", "all"
_DRAWS, _LEAST_SHARE, _SIGNIFICANT, _HALF_YEAR, _YEAR = 20_000, 0.1, 0.05, 6, 12


@dataclass(frozen=True, eq=False, kw_only=True)
class Survivorship:
    """Renewal by age for older and newer cohorts, beside the total over all ages.

    Attributes
    ----------
    ages : DataFrame
        ``group`` (all, older, newer), ``age`` (months), ``at_risk``, ``renewed``, ``renewal`` with ``low`` and
        ``high`` (share of those still there who renew, Wilson 95 %), ``retention`` with ``retention_low`` and
        ``retention_high`` (share of the cohort still there, Kaplan-Meier, log-log 95 %).
    differences : DataFrame
        ``age``, ``older``, ``n_older``, ``newer``, ``n_newer``, ``difference``, ``low``, ``high``: retention of newer
        less older cohorts (Newcombe 95 %), among contracts old enough to be seen at that age.
    total : DataFrame
        ``month``, ``paying``, ``renewed``, ``renewal``: all ages together, what a dashboard shows.
    since : int or None
        First month of the newer cohorts; None where there are too few cohorts to compare.
    found : bool
        True: the split was looked for, and ``p`` allows for the search.
    z, p : float
        Log-rank of newer against older (positive: newer end sooner).
    period : int
        Last month observed.
    """

    ages: pd.DataFrame
    differences: pd.DataFrame
    total: pd.DataFrame
    since: int | None
    found: bool
    z: float
    p: float
    period: int

    @property
    def worse(self) -> bool:
        """Whether newer cohorts end sooner, at 5 %."""
        return bool(self.p < _SIGNIFICANT and self.z > 0)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and age."""
        return self.ages.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw retention by age of older and newer cohorts."""
        from pmlib.plots import loyalty

        return loyalty.older_and_newer(self.ages, ax, since=self.since)

    def plot_renewal(self, *, ax: Axes | None = None) -> Axes:
        """Draw the share of those still there who renew, by age, of older and newer cohorts."""
        from pmlib.plots import loyalty

        return loyalty.renewal_by_age(self.ages, ax, since=self.since)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.since is None or self.differences.empty:
            return {"–": "too few cohorts to compare"}
        row = self.differences.iloc[-1]
        return {
            f"{100 * row['difference']:+.0f} pp": f"retention after {row['age']:.0f} months of cohorts since "
            f"{month_name(self.since)}",
            p_text(self.p): "log-rank, newer against older cohorts",
        }

    def summary(self) -> str:
        """Return how renewal rises with age, whether newer cohorts are worse, and what the total shows of it."""
        if self.since is None:
            return (
                f"Not enough data to {month_name(self.period)}: older and newer cohorts need contracts that ended, in "
                "at least two first months."
            )
        return f"{self._rise()} {self._split()} {self._hidden()}".strip()

    def _rise(self) -> str:
        ages = self.ages[self.ages["group"] == _ALL].set_index("age")["renewal"]
        late = ages[ages.index >= _YEAR]
        if 1 not in ages.index or late.empty:
            return ""
        return (
            f"After the first month {percent(ages[1])} renew, after a year {percent(late.iloc[0])}: that alone makes "
            "nobody loyal, those likely to leave leave first."
        )

    def _split(self) -> str:
        assert self.since is not None
        search = ", allowing for the search of the month" if self.found else ""
        if not self.worse:
            found = "stay longer" if self.p < _SIGNIFICANT else "are not shown to be worse"
            return f"Newer cohorts {found} ({p_text(self.p)}{search})."
        said = f"Cohorts since {month_name(self.since)} leave sooner ({p_text(self.p)}{search})"
        if self.differences.empty:
            return f"{said}."
        row = self.differences.iloc[-1]
        return (
            f"{said}: {percent(row['newer'])} stay {row['age']:.0f} months against {percent(row['older'])} "
            f"({100 * row['low']:+.0f} to {100 * row['high']:+.0f} points)."
        )

    def _hidden(self) -> str:
        assert self.since is not None
        (before, n_before), (now, n_now) = (self._renewed(last) for last in (self.since, self.period))
        if not self.worse or min(n_before, n_now) == 0:
            return ""
        _, high = _newcombe((now, n_now), (before, n_before))
        shown = "hides it" if high >= 0 else "shows it too"
        return (
            f"The total over all ages {shown}: {100 * before / n_before:.1f} % renewed in the half year before, "
            f"{100 * now / n_now:.1f} % in the last one."
        )

    def _renewed(self, end: int) -> tuple[int, int]:
        """Of all who paid in the half year before a month, how many paid in the next one too."""
        months = self.total[self.total["month"].between(end - _HALF_YEAR, end - 1)]
        return int(months["renewed"].sum()), int(months["paying"].sum())

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<Survivorship: {self.summary()}>"


def survivorship(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    since: int | str | None = None,
    seed: int = 20260101,
) -> Survivorship:
    """Compare renewal by age of older and newer cohorts, which a total over all ages hides.

    Parameters
    ----------
    tables : mapping
        ``subscriptions``.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product; all by default.
    since : int or str, optional
        First month of the newer cohorts. By default the split with the largest log-rank statistic, among those that
        leave a tenth of the contracts on either side; its p-value then is that of the largest of all.
    seed : int
        Of the 20,000 draws behind that p-value.

    Raises
    ------
    MissingTableError
        There are no subscriptions.
    ParameterError
        The product is unknown, or ``since`` leaves no contract on one side.

    References
    ----------
    Vaupel and Yashin (1985), The American Statistician 39; Newcombe (1998), Statistics in Medicine 17; Lausen and
    Schumacher (1992), Biometrics 48 (largest of many statistics).
    """
    last = as_month(period)
    counts = contract_counts(tables, last=last, product_id=product_id)
    split, z, p = _scan(counts, as_seed(seed)) if since is None else _at(counts, as_month(since))
    if split is None:
        return Survivorship(ages=_by_age(counts, _ALL), differences=_differences(counts, last, last), since=None,
                            total=_total(counts, last), found=since is None, z=z, p=p, period=last)  # fmt: skip
    parts = ((_ALL, counts), (_OLDER, counts[counts["cohort"] < split]), (_NEWER, counts[counts["cohort"] >= split]))
    return Survivorship(
        ages=pd.concat([_by_age(part, name) for name, part in parts], ignore_index=True),
        differences=_differences(counts, split, last), total=_total(counts, last), since=split, found=since is None,
        z=z, p=p, period=last,
    )  # fmt: skip


def _scan(counts: pd.DataFrame, seed: int) -> tuple[int | None, float, float]:
    """Find the first month of the newer cohorts by the largest log-rank statistic, and how likely chance gives it."""
    cohorts = np.sort(counts["cohort"].unique())
    best, z, p = largest_score(*scores(*exposure(counts, "cohort")),
                               sizes=counts.groupby("cohort")["n"].sum().to_numpy(dtype=float), seed=seed)  # fmt: skip
    return None if best is None else int(cohorts[best]), z, p


def largest_score(
    excess: Floats, covariance: Floats, *, sizes: Floats, seed: int, draws: int = _DRAWS
) -> tuple[int | None, float, float]:
    """Split cohorts in time where the log-rank statistic is largest, with a tenth of the contracts on either side.

    Parameters
    ----------
    excess, covariance : arrays of shape (n_cohorts,) and (n_cohorts, n_cohorts)
        Scores of the cohorts in the order of time.
    sizes : array of shape (n_cohorts,)
        Contracts in each.
    seed, draws : int
        Of normal scores with that covariance, from which the p-value of the largest statistic comes.

    Returns
    -------
    place, z, p
        Place of the first newer cohort, None where no split can be compared; its statistic (positive: newer ones end
        sooner); the p-value that allows for the search.
    """
    # Row k adds up the cohorts from the k-th on.
    newer = np.triu(np.ones((len(sizes), len(sizes))))
    share = newer @ sizes / max(sizes.sum(), 1)
    spread = np.sqrt(np.maximum(np.diag(newer @ covariance @ newer.T), 0))
    usable = np.flatnonzero((share >= _LEAST_SHARE) & (share <= 1 - _LEAST_SHARE) & (spread > 0))
    if len(usable) == 0:
        return None, math.nan, math.nan
    newer = newer[usable] / spread[usable][:, None]
    statistic = newer @ excess
    best = int(np.argmax(np.abs(statistic)))
    roots, axes = np.linalg.eigh(newer @ covariance @ newer.T)
    noise = np.random.default_rng(seed).standard_normal((draws, len(roots))) * np.sqrt(np.maximum(roots, 0))
    chance = int((np.abs(noise @ axes.T).max(axis=1) >= abs(statistic[best])).sum())
    return int(usable[best]), float(statistic[best]), (1 + chance) / (1 + draws)


def _at(counts: pd.DataFrame, since: int) -> tuple[int | None, float, float]:
    newer = counts["cohort"] >= since
    if len(counts) and (newer.all() or not newer.any()):
        first, final = int(counts["cohort"].min()), int(counts["cohort"].max())
        raise ParameterError(f"since: got {month_name(since)}, allowed a month after {month_name(first)} and to "
                             f"{month_name(final)}, so that both sides have contracts.")  # fmt: skip
    excess, covariance = scores(*exposure(counts.assign(newer=newer), "newer"))
    if len(excess) == 0 or covariance[1, 1] <= 0:
        return None, math.nan, math.nan
    z = float(excess[1] / math.sqrt(covariance[1, 1]))
    return since, z, float(2 * special.ndtr(-abs(z)))


def _by_age(counts: pd.DataFrame, name: str) -> pd.DataFrame:
    if counts.empty:
        return pd.DataFrame()
    curve = kaplan_meier(counts)
    seen = curve[(curve["months"] > 0) & (curve["at_risk"] > 0)]
    shares = [share_estimate(int(n - ended), int(n)) for n, ended in zip(seen["at_risk"], seen["ended"], strict=True)]
    return pd.DataFrame(
        {"group": name, "age": seen["months"], "at_risk": seen["at_risk"], "renewed": seen["at_risk"] - seen["ended"],
         "renewal": [one.value for one in shares], "low": [one.low for one in shares],
         "high": [one.high for one in shares], "retention": seen["survival"], "retention_low": seen["low"],
         "retention_high": seen["high"]}
    ).reset_index(drop=True)  # fmt: skip


def _differences(counts: pd.DataFrame, since: int, last: int) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for age in _AGES:
        seen = counts[counts["cohort"] + age <= last]
        stay = seen["n"].where(~seen["ended"] | (seen["months"] > age), 0)
        new = seen["cohort"] >= since
        kept = [(int(stay[side].sum()), int(seen["n"][side].sum())) for side in (~new, new)]
        if min(n for _, n in kept) == 0:
            continue
        (old_kept, old_n), (new_kept, new_n) = kept
        low, high = _newcombe((new_kept, new_n), (old_kept, old_n))
        older, newer = old_kept / old_n, new_kept / new_n
        rows.append({"age": age, "older": older, "n_older": old_n, "newer": newer, "n_newer": new_n,
                     "difference": newer - older, "low": low, "high": high})  # fmt: skip
    columns = ["age", "older", "n_older", "newer", "n_newer", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _newcombe(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """95 % interval of the difference of two shares, each a count and its n."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(*one, *other, method="newcomb", compare="diff")
    return float(low), float(high)


def _total(counts: pd.DataFrame, last: int) -> pd.DataFrame:
    """Of all who paid in a month, the share that paid in the next one too."""
    stop = (counts["cohort"] + counts["months"] - 1).where(counts["ended"], last)
    rows = []
    for month in range(int(counts["cohort"].min()) if len(counts) else last, last):
        paying = counts["n"].where((counts["cohort"] <= month) & (stop >= month), 0).sum()
        rows.append((month, int(paying), int(counts["n"].where((counts["cohort"] <= month) & (stop > month), 0).sum())))
    total = pd.DataFrame(rows, columns=["month", "paying", "renewed"])
    return total.assign(renewal=_ratio(total["renewed"], total["paying"]))


def _ratio(part: pd.Series, whole: pd.Series) -> Floats:
    return np.where(whole > 0, part / whole.where(whole > 0, 1), np.nan)
