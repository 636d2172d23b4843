"""How far off estimates are, from the versions of them that were written down: each version's own error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SchemaError
from pmlib.months import month_of
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.model import Floats
from pmlib.portfolio.valuation import SWANSON

#: A variance from so many projects is known to about a third.
LEAST = 20
#: Below this the spread of a group says nothing.
_FEWEST = 3
_POINTS = ["p10", "p50", "p90"]
_COLUMNS = ["group", "version", "as_of", "n", "sd", "low", "high"]
_Z95 = NormalDist().inv_cdf(0.975)
_PAIR = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class VersionErrors:
    """Standard deviation of the error of estimates, by group of gates and version.

    Attributes
    ----------
    errors : DataFrame
        One row per group and version: group, version (0 the newest, 1 the one before), as_of (its last day), n
        (projects), sd, low, high (95 %), all three in expected benefit per unit of stated cost.
    groups : Series of str, by project_id
        The group of every project to decide.
    ratios : DataFrame of shape (n_projects, n_versions)
        Expected benefit per unit of the newest stated cost, by project_id and version.
    notes : tuple of str
        How the groups came about, and what could not be told.
    """

    errors: pd.DataFrame
    groups: pd.Series
    ratios: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def newest(self) -> pd.Series:
        """Error of the newest version by group; missing where it could not be told."""
        return self._by_group(self.errors[self.errors["version"] == 0].set_index("group")["sd"])

    @property
    def earlier(self) -> pd.Series:
        """Error of the versions before the newest by group: the root of their mean variance."""
        before = self.errors[self.errors["version"] > 0]
        return self._by_group((before["sd"] ** 2).groupby(before["group"]).mean() ** 0.5)

    def by_project(self) -> pd.Series:
        """Error of the newest estimate by project_id; missing where it could not be told."""
        return self.groups.map(self.newest).astype(float).rename("error")

    def _by_group(self, found: pd.Series) -> pd.Series:
        return found.astype(float).reindex(pd.Index(self.groups.drop_duplicates().sort_values(), name="group"))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and version."""
        return self.errors.copy(deep=False)

    def summary(self) -> str:
        """Say how far off the newest estimates are, by group."""
        found = self.errors[self.errors["version"] == 0]
        if found.empty:
            return " ".join(self.notes)
        said = "; ".join(f"{row['group']} {row['sd']:.2f} ({row['low']:.2f} to {row['high']:.2f}, n = {row['n']})"
                         for row in found.to_dict("records"))
        return (f"The newest estimates of benefit miss by a standard deviation of so many times the stated cost: {said}"
                "; in brackets the 95 % interval.")

    def headline(self) -> dict[str, str]:
        """Give the error of the newest estimates of each group."""
        return {f"{row['sd']:.2f}": f"times the cost is the error of a benefit, {row['group']}"
                for row in self.errors[self.errors["version"] == 0].head(3).to_dict("records")}

    def __repr__(self) -> str:
        said = "; ".join(f"{group} {sd:.2f}" for group, sd in self.newest.items() if np.isfinite(sd))
        return f"<VersionErrors: {said or 'not known'}, of stated cost>"


def grubbs_variances(measured: Floats) -> Floats:
    """Error variance of each of k measurements of the same n things, from their pairwise differences alone.

    What differs between the things cancels in the differences. An estimate can fall below 0 by chance; it is
    returned as it is. For two the variance of the difference is halved.

    Parameters
    ----------
    measured : float array of shape (n, k)
        n >= 2 things, k >= 2 measurements of each.

    Returns
    -------
    float array of shape (k,)

    References
    ----------
    Grubbs (1948), On estimating precision of measuring instruments and product variability, JASA 43(242).

    Examples
    --------
    >>> grubbs_variances(np.array([[1.0, 2.0, 2.0], [5.0, 4.0, 4.0], [3.0, 3.0, 3.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    return _of_pairs(np.var(measured[:, :, None] - measured[:, None, :], axis=0, ddof=1))


def _of_pairs(variances: Floats) -> Floats:
    """Each measurement's own share of the variances of the differences, shape (..., k, k) -> (..., k)."""
    k = variances.shape[-1]
    with_me = variances.sum(axis=-1)
    if k == _PAIR:
        return np.asarray(with_me / 2.0, dtype=float)
    without = with_me.sum(axis=-1, keepdims=True) / 2.0 - with_me
    return np.asarray(with_me / (k - 1) - without / ((k - 1) * (k - 2)), dtype=float)


def _jackknifed(measured: Floats) -> Floats:
    """Give the standard error of each error variance, from leaving out one thing at a time, shape (n, k) -> (k,)."""
    n = len(measured)
    apart = measured[:, :, None] - measured[:, None, :]
    squares = (apart - apart.mean(axis=0)) ** 2
    left = (squares.sum(axis=0) - squares * n / (n - 1)) / (n - 2)
    variances = _of_pairs(left)
    return np.asarray(np.sqrt((n - 1) / n * ((variances - variances.mean(axis=0)) ** 2).sum(axis=0)), dtype=float)


def version_errors(
    versions: pd.DataFrame, tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None,
    least: int = LEAST,
) -> VersionErrors:
    """Ask how far off the estimates of benefit are, from how they changed from version to version.

    What is compared is the expected benefit (chance times mean) over the newest stated cost. Gates are joined in
    order until a group has ``least`` projects with two versions; too small a rest joins the group before. A version
    counts where at least half of the group's projects have it, and those that have all of them are compared.

    Parameters
    ----------
    versions : DataFrame
        All dated rows of estimates: project_id, as_of, quantity, p10, p50, p90.
    tables : mapping of table name to frame
        projects (state, gate), and what says where the plan begins.
    period : int or str, optional
        Last known month; later versions are left out.
    least : int
        Projects with two versions that make a group, 3 or more.

    Returns
    -------
    VersionErrors
        Standard deviations with a floor of 0 and 95 % intervals by the jackknife over projects.

    Raises
    ------
    ParameterError
        ``least`` is below 3, or ``versions`` is no frame.
    SchemaError
        A column of ``versions`` is missing, a number is no number, or money is in several currencies.

    References
    ----------
    Grubbs (1948), JASA 43(242). Jackknife: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 11.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "state": "proposed", "bac_k": 100.0})
    >>> rows = [(p, day, q, x, x, x) for p, a, b in (("P1", 80, 120), ("P2", 200, 180), ("P3", 90, 150))
    ...         for day, benefit in (("2025-06-30", a), ("2025-12-31", b))
    ...         for q, x in (("benefit_pv_k", benefit), ("cost_k", 100.0))]
    >>> versions = pd.DataFrame(rows, columns=["project_id", "as_of", "quantity", "p10", "p50", "p90"])
    >>> version_errors(versions, {"projects": projects}, period="2025-12", least=3)
    <VersionErrors: all gates 0.29, of stated cost>
    """
    if least < _FEWEST:
        raise ParameterError(f"least: got {least}, allowed {_FEWEST} or more. A spread needs that many projects.")
    tables = checked(tables)
    projects = to_decide(tables).set_index("project_id")
    known = _ratios(_known(versions, first_month(tables, period)))
    ratios = known.pivot(index="project_id", columns="version", values="ratio").reindex(projects.index)
    gate = projects["gate"] if "gate" in projects else pd.Series(0, index=projects.index)
    groups = _groups(gate, ratios.notna().sum(axis=1) >= _PAIR, least)
    days = known.assign(group=known["project_id"].map(groups)).groupby(["group", "version"])["as_of"].max()
    rows = [row for name, members in groups.groupby(groups) for row in _errors(str(name), ratios.loc[members.index])]
    errors = pd.DataFrame(rows, columns=[name for name in _COLUMNS if name != "as_of"])
    errors.insert(2, "as_of", days.reindex(pd.MultiIndex.from_frame(errors[["group", "version"]])).to_numpy())
    return VersionErrors(errors=errors, groups=groups, ratios=ratios, notes=_notes(groups, errors, least))


def _known(versions: pd.DataFrame, first: int) -> pd.DataFrame:
    """Take the versions written before the plan begins; what cannot be one is refused."""
    of_kind(versions, pd.DataFrame, "versions", remedy="Pass workbook.versions('estimates').")
    missing = [name for name in ("project_id", "as_of", "quantity", *_POINTS) if name not in versions]
    if missing:
        raise SchemaError(f"versions: column {missing[0]!r} is missing, allowed all dated rows of estimates. Pass "
                          "workbook.versions('estimates').")
    days = pd.to_datetime(versions["as_of"], errors="coerce", format="ISO8601")
    points = versions[_POINTS].apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = days.isna() | ~np.isfinite(points).all(axis=1)
    if wrong.any():
        row = versions[wrong].iloc[0]
        raise SchemaError(f"versions: {row['quantity']} of {row['project_id']} of {row['as_of']} has a date or number "
                          "that is none, allowed a day and three finite numbers. Correct estimates.")
    money = versions["currency"].dropna() if "currency" in versions else pd.Series([], dtype=str)
    if money[money != ""].nunique() > 1:
        raise SchemaError(f"versions: money in {', '.join(sorted(set(money[money != ''])))}, allowed one currency. "
                          "Convert the estimates.")
    frame = versions[["project_id", "quantity"]].assign(as_of=days, mean=points.to_numpy() @ SWANSON)
    return frame[[month_of(day) < first for day in days]].drop_duplicates(["project_id", "as_of", "quantity"])


def _ratios(known: pd.DataFrame) -> pd.DataFrame:
    """Divide expected benefit by the newest stated cost: project_id, version (0 the newest), as_of, ratio."""
    told = known.pivot(index=["project_id", "as_of"], columns="quantity", values="mean").sort_index()
    told = told.reindex(columns=["benefit_pv_k", "cost_k", "p_success"])
    # Only a day on which benefit or chance was estimated anew is a version of their product.
    anew = told[["benefit_pv_k", "p_success"]].notna().any(axis=1)
    filled = told.groupby(level="project_id").ffill()
    cost = filled["cost_k"].groupby(level="project_id").transform("last")
    ratio = filled["p_success"].fillna(1.0).clip(0.0, 1.0) * filled["benefit_pv_k"] / cost.where(cost > 0)
    frame = ratio[anew].dropna().rename("ratio").reset_index()
    return frame.assign(version=frame.groupby("project_id").cumcount(ascending=False))


def _groups(gate: pd.Series, usable: pd.Series, least: int) -> pd.Series:
    """Name the group of every project: neighbouring gates, each group with enough projects to tell an error."""
    members: list[list[int]] = [[]]
    for one in sorted(gate.unique()):
        if usable[gate.isin(members[-1])].sum() >= least:
            members.append([])
        members[-1].append(int(one))
    if len(members) > 1 and usable[gate.isin(members[-1])].sum() < least:
        members[-2:] = [members[-2] + members[-1]]
    names = {one: _name(group, alone=len(members) == 1) for group in members for one in group}
    return gate.map(names).astype(str).rename("group")


def _name(gates: list[int], *, alone: bool) -> str:
    if alone:
        return "all gates"
    return f"gate {gates[0]}" if len(gates) == 1 else f"gates {gates[0]}-{gates[-1]}"


def _errors(group: str, ratios: pd.DataFrame) -> list[dict[str, object]]:
    """Error of each version of one group; nothing where too few projects have two."""
    several = ratios[ratios.notna().sum(axis=1) >= _PAIR]
    kept = several.columns[several.notna().sum() >= max(_FEWEST, len(several) / 2.0)]
    measured = several[kept].dropna().to_numpy(dtype=float)
    n, k = measured.shape
    if n < _FEWEST or k < _PAIR:
        return []
    variance, error = grubbs_variances(measured), _jackknifed(measured)
    ends = (np.sqrt(np.maximum(variance + side * error, 0.0)) for side in (0.0, -_Z95, _Z95))
    return [{"group": group, "version": int(version), "n": n, "sd": float(sd), "low": float(low), "high": float(high)}
            for version, sd, low, high in zip(kept, *ends, strict=True)]


def _notes(groups: pd.Series, errors: pd.DataFrame, least: int) -> tuple[str, ...]:
    names = sorted(set(groups))
    without = [name for name in names if name not in set(errors["group"])]
    notes = [f"Gates are joined in order until a group has {least} projects with two versions: {', '.join(names)}."]
    if without:
        notes.append(f"How far off the estimates of {', '.join(without)} are is not known: it takes two dated versions "
                     f"of {_FEWEST} projects or more.")
    return tuple(notes)
