"""What a launch did: groups that got it against groups that did not, before and after."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.product.effects.memory import Effect, Floats, fit_with_memory
from pmlib.product.effects.panel import DIMENSIONS, known_product, monthly_money, name_of
from pmlib.product.engine import Tables, as_count, currency_of
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_BEFORE, _LEAST_AFTER, _LEAST_GROUPS = 6, 3, 4
_ALPHA = 0.05
_EXPECTED = ("expected_k", "expected_low_k", "expected_high_k")
_BLANK = Effect(value=math.nan, low=math.nan, high=math.nan, p=math.nan)


@dataclass(frozen=True, eq=False, kw_only=True)
class DifferenceInDifferences:
    """How treated groups changed beyond what the others changed by.

    Attributes
    ----------
    effects : DataFrame
        ``effect`` (effect, trend before), ``unit`` (%, % a month), ``value``, ``low``, ``high`` (95 %), ``p``, ``n``
        (group-months). The trend before says whether the sides were already parting: it should show nothing.
    means : DataFrame
        ``group`` (treated, control), ``groups``, ``before_k``, ``after_k`` (mean month of a group, thousand),
        ``change_pct``.
    months : DataFrame
        ``month``, ``after``, ``treated_k``, ``control_k`` (geometric mean of the groups, thousand), ``expected_k``
        with ``expected_low_k`` and ``expected_high_k``: treated had it moved as control did.
    product_id, name : str
        The product.
    treated : tuple of str
        Groups that got it.
    by : str
        ``region``, ``segment`` or ``channel``.
    since : int
        First month after the launch.
    inference : str
        ``groups`` where each side has four or more (Welch's t over their changes), else ``months``.
    missing : str
        Why nothing was measured; empty where it was.
    currency : str
        Currency of the money.
    """

    effects: pd.DataFrame
    means: pd.DataFrame
    months: pd.DataFrame
    product_id: str
    name: str
    treated: tuple[str, ...]
    by: str
    since: int
    inference: str
    missing: str = ""
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for the effect and one for the trend before it."""
        return self.effects.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw both lines, and where the treated one was heading."""
        from pmlib.plots import experiments

        effect = self.effects.iloc[0]
        title = (
            f"{self.name}, {listed(list(self.treated))}: {effect['value']:+.1f} % beyond the others "
            f"({effect['low']:+.1f} to {effect['high']:+.1f})"
        )
        return experiments.two_groups(
            self.months, ax, title=title, treated=" + ".join(self.treated), currency=self.currency
        )

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.missing:
            return {"–": "not enough data"}
        effect = self.effects.iloc[0]
        return {
            f"{effect['value']:+.1f} %": f"revenue of {self.name} in {listed(list(self.treated))}, beyond the others",
            f"{effect['low']:+.1f} to {effect['high']:+.1f} %": "95 % interval",
            f"{effect['n']:,}": f"months of {self.by}s compared",
        }

    def summary(self) -> str:
        """Return the effect, how sure it is, and whether both moved alike before."""
        if self.missing:
            return f"{self.name}: not enough data, {self.missing}"
        effect, trend = self.effects.to_dict("records")
        shown = "more than chance" if effect["p"] < _ALPHA else "no more than chance does"
        alike = (
            f"Before, they already parted by {trend['value']:+.1f} % a month (p {trend['p']:.3f}): do not trust it."
            if trend["p"] < _ALPHA
            else f"Before, no sign that they parted ({trend['low']:+.1f} to {trend['high']:+.1f} % a month)."
        )
        return (
            f"From {month_name(self.since)} on, revenue of {self.name} in {listed(list(self.treated))} moved by "
            f"{effect['value']:+.1f} % ({effect['low']:+.1f} to {effect['high']:+.1f}) beyond the other {self.by}s: "
            f"{shown}. {alike}"
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<DifferenceInDifferences {self.summary()}>"


def difference_of_changes(treated: npt.ArrayLike, control: npt.ArrayLike) -> Effect:
    """How much more the treated groups changed than the others: Welch's t over the groups' own changes.

    One change for each group leaves nothing within a group to be counted twice: the robust way to treat groups as
    what was drawn.

    Parameters
    ----------
    treated, control : arrays of shape (n_groups,), two or more each
        Change of each group, after less before.

    Raises
    ------
    ParameterError
        A side has fewer than two groups, or a change is missing.

    References
    ----------
    Bertrand, Duflo & Mullainathan (2004), Quarterly Journal of Economics 119 (collapsing to one change a group).
    Card & Krueger (1994), American Economic Review 84. Welch (1947), Biometrika 34.

    Examples
    --------
    >>> effect = difference_of_changes([0.9, 1.1, 1.0, 1.4], [0.1, -0.1, 0.2, 0.0])
    >>> round(effect.value, 2), round(effect.low, 2), round(effect.high, 2)
    (1.05, 0.72, 1.38)
    """
    from scipy import special

    sides = [np.atleast_1d(np.asarray(side, dtype=np.float64)) for side in (treated, control)]
    if min(len(side) for side in sides) < 2 or not all(np.isfinite(side).all() for side in sides):  # noqa: PLR2004
        raise ParameterError(
            f"changes: got {len(sides[0])} treated and {len(sides[1])} control, allowed two or more each, none "
            "missing. Leave out groups without months before and after."
        )
    variances = [float(side.var(ddof=1)) / len(side) for side in sides]
    value, total = float(sides[0].mean() - sides[1].mean()), sum(variances)
    if total == 0:
        return Effect(value=value, low=value, high=value, p=float(value == 0))
    freedom = 1 / sum((part / total) ** 2 / (len(side) - 1) for part, side in zip(variances, sides, strict=True))
    half = float(special.stdtrit(freedom, 0.975)) * math.sqrt(total)
    p = 2 * float(special.stdtr(freedom, -abs(value) / math.sqrt(total)))
    return Effect(value=value, low=value - half, high=value + half, p=p)


def difference_in_differences(
    tables: Tables, *, period: int | str, product_id: str, treated: Mapping[str, Sequence[str]], since: int | str,
    months: int = 12,
) -> DifferenceInDifferences:  # fmt: skip
    """Compare groups that got something from a month on with groups that did not.

    Changes are relative (logarithms of monthly revenue), each group counting alike. Where each side has four groups,
    groups are what was drawn (`difference_of_changes`). With fewer, the gap between the sides is followed by month
    instead (`fit_with_memory`): that says how far it stands out of the gap's own unrest, and takes for granted that
    nothing else parted the sides then.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both; ``customers`` for segments and channels.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    product_id : str
        The product.
    treated : mapping
        One entry, what groups are made of and which of them got it: ``{"region": ["north"]}``; or ``segment``, or
        ``channel``. All others are the control.
    since : int or str
        First month after the launch.
    months : int
        Months before it that are compared.

    Raises
    ------
    ParameterError
        Product or group is unknown, all groups are treated, or ``since`` does not lie before the period.

    Examples
    --------
    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> rows = [("A", region, day, (10.0 + k % 3) * (1.5 if region == "north" and k >= 12 else 1.0))
    ...         for region in ("north", "south") for k, day in enumerate(months)]
    >>> orders = pd.DataFrame(rows, columns=["product_id", "region", "date", "units"]).assign(
    ...     customer_id="K", paid_price=100.0)
    >>> found = difference_in_differences({"orders": orders}, period="2025-12", product_id="A",
    ...                                   treated={"region": ["north"]}, since="2025-01")
    >>> found.to_frame()["value"].abs().round(1).tolist()
    [50.0, 0.0]
    """
    last, start = as_month(period), as_month(since)
    if start > last:
        raise ParameterError(
            f"since: got {month_name(start)}, allowed to {month_name(last)}, the period. Wait for months after it."
        )
    known_product(tables, product_id)
    by, names = _dimension(treated)
    window = {"first": start - as_count("months", months), "last": last}
    wide = _by_group(monthly_money(tables, product_id, by=by, **window)["revenue_k"], **window)
    _refuse_groups(list(wide.columns), names, by)
    missing = _missing(wide, names, start)
    sides = wide.reindex(columns=names), wide.drop(columns=names, errors="ignore")
    inference = "groups" if min(side.shape[1] for side in sides) >= _LEAST_GROUPS else "months"
    effect, trend = (_BLANK, _BLANK) if missing else _effects(*sides, start=start, inference=inference)
    return DifferenceInDifferences(
        effects=_table(effect, trend, wide.size),
        means=_means(*sides, start=start),
        months=_lines(*sides, start=start, effect=effect),
        product_id=product_id, name=name_of(tables, product_id), treated=tuple(names), by=by, since=start,
        inference=inference, missing=missing, currency=currency_of(tables),
    )  # fmt: skip


def _dimension(treated: Mapping[str, Sequence[str]]) -> tuple[str, list[str]]:
    if not isinstance(treated, Mapping) or len(treated) != 1:
        raise ParameterError(f"treated: got {treated!r}, allowed one entry. Write it as {{'region': ['north']}}.")
    by, names = next(iter(treated.items()))
    if by not in DIMENSIONS:
        raise ParameterError(f"treated: got {by!r}. {did_you_mean(str(by), DIMENSIONS)}")
    several = isinstance(names, Collection) and not isinstance(names, str) and len(names) > 0
    if not several or not all(isinstance(name, str) for name in names):
        raise ParameterError(f"treated: got {names!r}, allowed a list of {by}s. Write it as {{'{by}': ['north']}}.")
    return by, sorted(set(names))


def _refuse_groups(known: list[str], names: list[str], by: str) -> None:
    for name in names:
        if known and name not in known:
            raise ParameterError(f"treated: got {by} {name!r}. {did_you_mean(str(name), known)}")
    if known and len(names) == len(known):
        raise ParameterError(f"treated: got all {len(known)} {by}s, allowed some. Leave one out for the control.")


def _by_group(money: pd.Series, *, first: int, last: int) -> pd.DataFrame:
    """One row a month and one column a group, 0 where nothing was earned."""
    return money.unstack("group").reindex(pd.RangeIndex(first, last + 1, name="month")).fillna(0.0)


def _missing(wide: pd.DataFrame, names: list[str], start: int) -> str:
    if wide.empty or wide.shape[1] == 0:
        return f"no revenue in {listed(names)} or anywhere else in these months."
    before, after = int((wide.index < start).sum()), int((wide.index >= start).sum())
    if before < _LEAST_BEFORE or after < _LEAST_AFTER:
        needed = f"needed are {_LEAST_BEFORE} and {_LEAST_AFTER}"
        return f"{counted(before, 'month')} before and {after} from the launch on; {needed}."
    idle = [str(group) for group in wide.columns[(wide <= 0).any()]]
    return f"months without revenue in {listed(idle)}; relative changes need some in each." if idle else ""


def _effects(treated: pd.DataFrame, control: pd.DataFrame, *, start: int, inference: str) -> tuple[Effect, Effect]:
    """Give the effect, and the trend that parted the sides in the months before."""
    months = treated.index.to_numpy(dtype=np.float64)
    logs = [np.log(side.to_numpy(dtype=np.float64)) for side in (treated, control)]
    before = months < start
    return (
        _apart(logs, np.where(before, 0.0, 1.0), inference),
        _apart([side[before] for side in logs], months[before] - start, inference),
    )


def _apart(sides: list[Floats], explained_by: Floats, inference: str) -> Effect:
    """Give how much more the first side follows something than the second, in percent."""
    design = np.column_stack([np.ones(len(explained_by)), explained_by])
    if inference == "groups":
        treated, control = (np.linalg.lstsq(design, side, rcond=None)[0][1] for side in sides)
        found = difference_of_changes(treated, control)
    else:
        found = fit_with_memory(sides[0].mean(axis=1) - sides[1].mean(axis=1), design, column=1)
    value, low, high = (100 * math.expm1(end) for end in (found.value, found.low, found.high))
    return Effect(value=value, low=low, high=high, p=found.p)


def _table(effect: Effect, trend: Effect, n: int) -> pd.DataFrame:
    rows = [
        {"effect": name, "unit": unit, "value": one.value, "low": one.low, "high": one.high, "p": one.p, "n": n}
        for name, unit, one in (("effect", "%", effect), ("trend before", "% a month", trend))
    ]
    return pd.DataFrame(rows)


def _means(treated: pd.DataFrame, control: pd.DataFrame, *, start: int) -> pd.DataFrame:
    rows = []
    for name, side in (("treated", treated), ("control", control)):
        late = np.asarray(side.index >= start)
        parts = (side.to_numpy(dtype=float)[when] for when in (~late, late))
        before, after = (float(part.mean()) if part.size else math.nan for part in parts)
        change = 100 * (after / before - 1) if before > 0 else math.nan
        rows.append({"group": name, "groups": side.shape[1], "before_k": before, "after_k": after,
                     "change_pct": change})  # fmt: skip
    return pd.DataFrame(rows)


def _lines(treated: pd.DataFrame, control: pd.DataFrame, *, start: int, effect: Effect) -> pd.DataFrame:
    after = np.asarray(treated.index >= start)
    frame = pd.DataFrame({"month": treated.index, "after": after})
    if math.isnan(effect.value):
        return frame.assign(**dict.fromkeys(("treated_k", "control_k", *_EXPECTED), math.nan))
    one, other = (np.log(side.to_numpy(dtype=float)).mean(axis=1) for side in (treated, control))
    gap = float((one - other)[~after].mean())
    # Without the effect, treated would have earned as much less; with more of an effect, less still.
    expected = {
        name: np.exp(other + gap) * (100 + effect.value) / (100 + end)
        for name, end in zip(_EXPECTED, (effect.value, effect.high, effect.low), strict=True)
    }
    return frame.assign(treated_k=np.exp(one), control_k=np.exp(other), **expected)
