"""How many person-months each team has in each release."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month, month_text
from pmlib.product.engine import Tables, as_count, small
from pmlib.product.wording import listed

Floats: TypeAlias = npt.NDArray[np.float64]
#: Person-months a team has in every release, or one number for each.
Given: TypeAlias = Mapping[str, float | Sequence[float]]

_QUARTER = 3


@dataclass(frozen=True, kw_only=True)
class ReleaseRules:
    """How time is cut into releases and what a release is worth.

    Attributes
    ----------
    releases : int
        Releases planned, one after another; the first begins in the month after the period.
    months_each : int
        Length of a release; what is built in it is of use from the month after it.
    horizon_months : int
        Months from the begin of the first release to which use counts: building a release earlier gains
        ``months_each`` more months of value (cost of delay).
    committed : tuple of str
        States whose features are held to: they are in the first release whatever they bring. Empty by default: work
        already done is sunk, and what is being built competes with its effort like anything else.
    left_out : tuple of str
        MoSCoW classes that are not chosen from.
    value : mapping of feature_id to float, optional
        Value a quarter that stands in place of reach x impact x confidence.
    """

    releases: int = 2
    months_each: int = 3
    horizon_months: int = 24
    committed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ("wont",)
    value: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name in ("releases", "months_each", "horizon_months"):
            object.__setattr__(self, name, as_count(name, getattr(self, name)))
        if self.horizon_months <= self.releases * self.months_each:
            raise ParameterError(
                f"horizon_months: got {self.horizon_months}, allowed more than the {self.releases * self.months_each} "
                "months of all releases, else the last one is worth nothing. Use 24."
            )
        for name, known in (("committed", ("idea", "planned", "building")), ("left_out", ("should", "could", "wont"))):
            words = getattr(self, name)
            if isinstance(words, str) or not isinstance(words, Collection):
                raise ParameterError(f"{name}: got {words!r}, allowed a tuple of {', '.join(known)}. Write ().")
            for word in words:
                if word not in known:
                    raise ParameterError(f"{name}: got {word!r}. {did_you_mean(str(word), known)}")
        if self.value is not None and not isinstance(self.value, Mapping):
            raise ParameterError(f"value: got {self.value!r}, allowed points by feature. Write {{'F1': 250.0}}.")

    @property
    def quarters_of_use(self) -> Floats:
        """Quarters within the horizon in which what a release brings is of use, shape (releases,)."""
        ends = self.months_each * np.arange(1, self.releases + 1)
        return np.asarray((self.horizon_months - ends) / _QUARTER, dtype=np.float64)

    def names(self, period: int) -> list[str]:
        """Name the releases after a period: by quarter where they are quarters, else by first and last month.

        Examples
        --------
        >>> ReleaseRules().names(as_month("2025-12")), ReleaseRules(releases=1, months_each=2).names(24312)
        (['2026 Q1', '2026 Q2'], ['2026-01 to 2026-02'])
        """
        starts = [period + 1 + self.months_each * r for r in range(self.releases)]
        if self.months_each == _QUARTER and starts[0] % _QUARTER == 1:
            return [f"{month_text(start)[:4]} Q{(start - 1) % 12 // _QUARTER + 1}" for start in starts]
        return [f"{month_text(start)} to {month_text(start + self.months_each - 1)}" for start in starts]


@dataclass(frozen=True, eq=False, kw_only=True)
class Capacity:
    """Person-months of each team in each release.

    Attributes
    ----------
    teams : tuple of str, sorted
    person_months : float array of shape (n_teams, n_releases)
    notes : tuple of str
        Sentences on months without a row, which count as nothing.
    """

    teams: tuple[str, ...]
    person_months: Floats = field(repr=False)
    notes: tuple[str, ...] = ()


def read_capacity(tables: Tables, *, period: int | str, rules: ReleaseRules, given: Given | None = None) -> Capacity:
    """Say what each team can do in each release.

    Parameters
    ----------
    tables : mapping
        ``team_capacity``, when nothing is given.
    period : int or str
        Month before the first release.
    rules : ReleaseRules
        How time is cut.
    given : mapping of team to person-months, optional
        Of every release, or a sequence of one number for each.

    Raises
    ------
    MissingTableError
        Nothing is given and there is no table.
    ParameterError, SchemaError
        A number is negative or not finite, or their count is not that of the releases.

    Examples
    --------
    >>> read_capacity({}, period="2025-12", rules=ReleaseRules(), given={"b": 3, "a": [4, 5]}).person_months.tolist()
    [[4.0, 5.0], [3.0, 3.0]]
    """
    if given is not None:
        return _of_mapping(given, rules)
    last = as_month(period)
    table = small(tables, "team_capacity", ["team", "month", "person_months"])
    return _of_table(table.astype({"person_months": float, "month": int}), last, rules)


def _of_mapping(given: Given, rules: ReleaseRules) -> Capacity:
    if not isinstance(given, Mapping) or not given:
        raise ParameterError(f"capacity: got {given!r}, allowed person-months by team. Write {{'web': 6}}.")
    teams = tuple(sorted(given))
    rows = [_row(team, given[team], rules.releases) for team in teams]
    return Capacity(teams=teams, person_months=np.array(rows, dtype=np.float64).reshape(len(teams), rules.releases))


def _row(team: str, given: float | Sequence[float], releases: int) -> Floats:
    try:
        row = np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError):
        row = np.array([np.nan])
    if row.shape not in ((1,), (releases,)):
        raise ParameterError(f"capacity: got {len(row)} numbers for {team!r}, allowed 1 or {releases}, one a release.")
    if not np.isfinite(row).all() or (row < 0).any():
        raise ParameterError(f"capacity: got {given!r} for {team!r}, allowed finite person-months, 0 or more. Write 6.")
    return np.broadcast_to(row, (releases,))


def _of_table(table: pd.DataFrame, last: int, rules: ReleaseRules) -> Capacity:
    months = range(last + 1, last + 1 + rules.releases * rules.months_each)
    if not table["month"].isin(months).any():
        return Capacity(teams=(), person_months=np.empty((0, rules.releases)))
    wide = table.pivot(index="team", columns="month", values="person_months").reindex(columns=months).sort_index()
    absent: dict[tuple[str, ...], list[str]] = {}
    for team, row in wide.iterrows():
        missing = tuple(month_text(month) for month in months if pd.isna(row[month]))
        absent.setdefault(missing, []).append(str(team))
    notes = [_note(teams, list(missing)) for missing, teams in absent.items() if missing]
    cut = wide.fillna(0.0).to_numpy(dtype=np.float64).reshape(len(wide), rules.releases, rules.months_each)
    return Capacity(teams=tuple(map(str, wide.index)), person_months=cut.sum(axis=2), notes=tuple(notes))


def _note(teams: list[str], missing: list[str]) -> str:
    told = listed(missing) if len(missing) <= _QUARTER else f"{missing[0]} and {len(missing) - 1} more months"
    return f"team_capacity has no row for {listed(teams)} in {told}: counted as nothing."
