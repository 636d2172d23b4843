"""What moved in the baseline between two dated sets of tables: plans of the past are not to change in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.months import month_text
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.tracking.histories import CENT_K, named_projects

COLUMNS = ["project_id", "name", "what", "where", "before", "now", "change", "says"]
_PLAN = {"bac_k": "budget", "start_month": "start", "planned_months": "planned months"}
_SUMS = {"pv_cum_k": "planned value of past months", "ev_cum_k": "earned value of past months",
         "ac_cum_k": "actual cost of past months"}
_MILESTONE = {"baseline_month": "milestone date", "weight": "milestone weight"}
BASELINE = (*_PLAN.values(), "planned value of past months", *_MILESTONE.values())
_AS_MONTHS = ("start", "milestone date")
_NAMED = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Rebaselined:
    """What moved between two sets of tables.

    Attributes
    ----------
    moves : DataFrame
        One row per thing that moved: project_id, name, what (budget, start, planned months, planned value, earned
        value or actual cost of past months, milestone date or weight, rows gone, milestone gone), where (months or
        the milestone), before, now, change (now less before; thousand, months or share), says (a sentence).
    n_projects : int
        Projects in both.
    currency : str
    """

    moves: pd.DataFrame
    n_projects: int
    currency: str

    @property
    def baselines(self) -> pd.DataFrame:
        """Moves of a plan, as opposed to corrections of what was earned or spent."""
        return self.moves[self.moves["what"].isin(BASELINE)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per thing that moved."""
        return self.moves.copy(deep=False)

    def summary(self) -> str:
        """Name the projects whose plan moved, and say how much budget came or went."""
        if self.moves.empty:
            return f"No plan of the {self.n_projects} projects in both sets of tables moved, and no past month."
        planned = sorted(set(self.baselines["project_id"]))
        others = sorted(set(self.moves["project_id"]) - set(planned))
        budget = self.moves.loc[self.moves["what"] == "budget", "change"]
        money = f" Budgets changed by {budget.sum():+,.0f} thousand {self.currency} in all." if len(budget) else ""
        first = f"No plan of the {self.n_projects} projects in both sets of tables moved." if not planned else (
            f"{len(planned)} of {self.n_projects} projects have another plan than before: {_named(planned)}.{money}")
        return first if not others else f"{first} Past months of {_named(others)} were corrected."

    def headline(self) -> dict[str, str]:
        """Give how many plans moved."""
        planned = sorted(set(self.baselines["project_id"]))
        return {f"{len(planned)} of {self.n_projects}": f"projects with another plan{': ' * bool(planned)}"
                                                        f"{_named(planned)}"}

    def __repr__(self) -> str:
        planned = sorted(set(self.baselines["project_id"]))
        return f"<Rebaselined: {len(planned)} of {self.n_projects} plans moved{': ' * bool(planned)}{_named(planned)}>"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def rebaselined(before: Mapping[str, pd.DataFrame], now: Mapping[str, pd.DataFrame]) -> Rebaselined:
    """List what moved in the plans, and in past months, between two dated sets of tables.

    New projects and new months are no moves. Months are compared one by one; a project's row names the last month
    that moved.

    Parameters
    ----------
    before, now : mapping of table name to frame
        Two workbooks, or the same one as known on two days: projects, evm, milestones.

    Raises
    ------
    MissingTableError, SchemaError
        projects is missing, or a table breaks its definition.

    References
    ----------
    EIA-748-D (2019), guidelines 28-32: changes of the baseline are recorded, past ones are not rewritten.

    Examples
    --------
    >>> plan = pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": [100.0, 50.0]})
    >>> rebaselined({"projects": plan}, {"projects": plan.assign(bac_k=[120.0, 50.0])})
    <Rebaselined: 1 of 2 plans moved: P1>
    """
    old, new = (_read(tables, which) for tables, which in ((before, "before"), (now, "now")))
    both = set(old["projects"]["project_id"]) & set(new["projects"]["project_id"])
    currency = currency_of(new)
    found = _plans(old["projects"], new["projects"])
    for table, columns, place in (("evm", _SUMS, "month"), ("milestones", _MILESTONE, "milestone")):
        if table in old and table in new:
            found += _rows(old[table], new[table], columns, place=place)
    called = named_projects(new["projects"]).set_index("project_id")["name"]
    rows = [(move[0], called[move[0]], *move[1:], move[4] - move[3], _says(move, currency))
            for move in found if move[0] in both]
    moves = pd.DataFrame(rows, columns=COLUMNS).sort_values(["project_id", "what", "where"], kind="stable")
    return Rebaselined(moves=moves.reset_index(drop=True), n_projects=len(both), currency=currency)


_Move = tuple[str, str, str, float, float]


def _read(tables: Mapping[str, pd.DataFrame], which: str) -> dict[str, pd.DataFrame]:
    known = checked(tables, also=("evm", "milestones"))
    if known.get("projects") is None:
        raise MissingTableError(f"{which}: projects is missing. Pass two workbooks, or two mappings that hold projects "
                                "and evm.")
    return known


def _plans(old: pd.DataFrame, new: pd.DataFrame) -> list[_Move]:
    both = old.merge(new, on="project_id", suffixes=("_old", "_new"))
    found = []
    for column, what in _PLAN.items():
        was, became = (both[f"{column}_{side}"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
                       for side in ("old", "new"))
        ids = both["project_id"].tolist()
        found += [(ids[at], what, "", was[at], became[at]) for at in np.flatnonzero(_apart(was, became))]
    return found


def _apart(was: np.ndarray, became: np.ndarray) -> np.ndarray:
    """Whether two numbers differ; a missing one differs from any other."""
    return np.asarray((np.abs(was - became) > CENT_K) | (np.isnan(was) != np.isnan(became)))


def _rows(old: pd.DataFrame, new: pd.DataFrame, columns: Mapping[str, str], *, place: str) -> list[_Move]:
    """Find what moved in rows of both sets, one move per project or milestone, and which rows are gone."""
    both = old.merge(new, on=["project_id", place], how="left", suffixes=("_old", "_new"), indicator=True)
    both = both.sort_values(["project_id", place], kind="stable")
    gone, kept = both[both["_merge"] == "left_only"], both[both["_merge"] == "both"]
    lost = "rows gone" if place == "month" else "milestone gone"
    found: list[_Move] = [(str(project_id), lost, _span(own[place]), float(len(own)), 0.0)
                          for project_id, own in gone.groupby("project_id")]
    for column, what in columns.items():
        was, became = f"{column}_old", f"{column}_new"
        moved = kept[_apart(kept[was].to_numpy(dtype=float), kept[became].to_numpy(dtype=float))]
        keys = ["project_id"] if place == "month" else ["project_id", place]
        for _, own in moved.groupby(keys):
            last = own.iloc[-1]
            found.append((last["project_id"], what, _span(own[place]), float(last[was]), float(last[became])))
    return found


def _span(places: pd.Series) -> str:
    """Name the first and last of them."""
    first, last = places.iloc[0], places.iloc[-1]
    if isinstance(first, str):
        return ", ".join(places)
    return month_text(first) if first == last else f"{month_text(first)} to {month_text(last)}"


def _says(move: _Move, currency: str) -> str:
    project_id, what, where, was, became = move
    if what in ("rows gone", "milestone gone"):
        return f"{project_id}: {where} was there before and is gone."
    unit = f" thousand {currency}" if what == "budget" or what in _SUMS.values() else ""
    of = f" ({where})" if where else ""
    return f"{project_id}: {what}{of} moved from {_written(what, was)} to {_written(what, became)}{unit}."


def _written(what: str, number: float) -> str:
    if np.isnan(number):
        return "none"
    if what in _AS_MONTHS:
        return month_text(int(number))
    return f"{number:,.2f}" if what == "milestone weight" else f"{number:,.1f}".removesuffix(".0")
