"""What the money buys: projects in the order of points per cost, cumulated, with the hull of the curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import MissingTableError, SchemaError
from pmlib.scoring.inputs import (
    LARGEST_AMOUNT,
    first_year,
    floats,
    listed,
    read_table,
    refuse_columns,
    refuse_duplicates,
    shown,
)
from pmlib.scoring.values import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOTHING = 1e-9
# The share of all points that the summary prices, and how it calls it.
_MOST = 0.8


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueForMoney:
    """The value-for-money curve.

    Attributes
    ----------
    table : DataFrame
        In buying order: place, project_id, name, increment (points over doing nothing), cost_k,
        points_per_k (inf without cost), cum_cost_k, cum_value (points), hull (True at the corners of the
        convex hull). A budget of exactly ``cum_cost_k`` brings no more points by any other choice; between two
        steps another choice may bring more than the last step does.
    currency : str
        Currency of the money columns, in thousands.
    notes : tuple of str
        Which projects are left out, and why.

    References
    ----------
    Phillips & Bana e Costa (2007), Annals of Operations Research 154, 51-68.
    """

    table: pd.DataFrame
    currency: str
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project in buying order."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw cumulative points against cumulative cost, with the hull."""
        from pmlib.plots import scoring

        return scoring.value_for_money(self.table, ax=ax, currency=self.currency)

    def summary(self) -> str:
        """Say what share of the money buys most of the points, and what is left out."""
        if self.table.empty:
            return " ".join(["No project adds points over doing nothing.", *self.notes])
        cost, value = float(self.table["cum_cost_k"].iloc[-1]), float(self.table["cum_value"].iloc[-1])
        row = self._most()
        share = f" ({100 * row['cum_cost_k'] / cost:.0f} %)" if cost > 0 else ""
        text = (
            f"All {len(self.table)} projects cost {cost:,.0f} thousand {self.currency} and add {value:,.0f} points; "
            f"the first {int(row['place'])} bring {100 * row['cum_value'] / value:.0f} % of them "
            f"for {row['cum_cost_k']:,.0f} thousand{share}."
        )
        return " ".join([text, *self.notes])

    def headline(self) -> dict[str, str]:
        """Give the whole cost and what most of the points cost."""
        if self.table.empty:
            return {"0": "projects add points over doing nothing"}
        row, cost = self._most(), float(self.table["cum_cost_k"].iloc[-1])
        whole = {f"{cost:,.0f} k": f"{self.currency} for all {len(self.table)} projects"}
        if cost <= 0:
            return whole
        share = f"{100 * row['cum_cost_k'] / cost:.0f} %"
        return whole | {share: f"of that money buys the first {100 * _MOST:.0f} % of the points"}

    def __repr__(self) -> str:
        """Say it in one line."""
        if self.table.empty:
            return "<ValueForMoney: no project adds points>"
        last = self.table.iloc[-1]
        return (
            f"<ValueForMoney: {len(self.table)} projects, {last['cum_value']:,.0f} points for "
            f"{last['cum_cost_k']:,.0f} k{self.currency}; first {self.table['project_id'].iloc[0]}>"
        )

    def _most(self) -> pd.Series:
        enough = self.table["cum_value"] >= _MOST * self.table["cum_value"].iloc[-1] - _NOTHING
        return self.table.iloc[int(np.argmax(enough.to_numpy()))]


def value_for_money(projects: pd.DataFrame, *, currency: str = "EUR") -> ValueForMoney:
    """Order projects by points per thousand still to be spent.

    Projects without cost come first. At the curve's own steps - a budget that is just the cost of the first so many
    projects, all free ones among them - no other choice brings more points. A budget between two steps is another
    matter: a smaller project further down may still fit, and only the plan finds the best choice. A project that adds
    nothing over doing nothing, or whose cost is unknown, is left out with a note.

    Parameters
    ----------
    projects : DataFrame
        project_id, name, increment (points over doing nothing), cost_k (thousands still to be spent).
    currency : str
        Printed with every figure.

    Raises
    ------
    MissingTableError
        No cost is known at all.

    Examples
    --------
    >>> frame = pd.DataFrame({"project_id": ["a", "b"], "name": ["A", "B"], "increment": [10.0, 9.0],
    ...                       "cost_k": [100.0, 30.0]})
    >>> value_for_money(frame).to_frame()["project_id"].to_list()
    ['b', 'a']
    """
    projects = _numbered(projects)
    if projects["cost_k"].isna().all():
        raise MissingTableError(
            "value for money needs the cost of at least one project, got none. Add the table 'projects' with bac_k."
        )
    unknown, useless = projects["cost_k"].isna(), projects["increment"] <= _NOTHING
    bought = projects.loc[~unknown & ~useless, ["project_id", "name", "increment", "cost_k"]]
    cost, gain = bought["cost_k"].to_numpy(dtype=float), bought["increment"].to_numpy(dtype=float)
    ratio = np.divide(gain, cost, out=np.full(len(gain), np.inf), where=cost > 0)
    order = np.lexsort((bought["project_id"].to_numpy(dtype=object), -gain, -ratio))
    table = bought.iloc[order].assign(points_per_k=ratio[order]).reset_index(drop=True)
    table.insert(0, "place", np.arange(1, len(table) + 1))
    table["cum_cost_k"] = table["cost_k"].cumsum()
    table["cum_value"] = table["increment"].cumsum()
    table["hull"] = _hull_corners(table["cum_cost_k"].to_numpy(), table["cum_value"].to_numpy())
    return ValueForMoney(table=table, currency=currency, notes=_notes(projects, useless & ~unknown, unknown))


def _numbered(projects: pd.DataFrame) -> pd.DataFrame:
    """Return the projects with their numbers as floats, refusing what the order would get wrong."""
    refuse_columns(projects, ("project_id", "name", "increment", "cost_k"), table="projects")
    rows = projects.reset_index(drop=True)
    numbers = {name: floats(rows[name]) for name in ("increment", "cost_k")}
    fits = {"increment": numbers["increment"].abs() <= LARGEST_AMOUNT,
            "cost_k": numbers["cost_k"].between(0, LARGEST_AMOUNT) | rows["cost_k"].isna()}
    allowed = {"increment": "points, a finite number", "cost_k": "thousands, 0 or more, or an empty cell"}
    for name, good in fits.items():
        if not good.all():
            row = rows[~good].iloc[0]
            raise SchemaError(f"projects: {name} of {row['project_id']} is {shown(row[name])}, allowed "
                              f"{allowed[name]}. Correct the cell.")
    refuse_duplicates(rows["project_id"], table="projects", column="project_id")
    return rows.assign(project_id=rows["project_id"].astype("str"), **numbers)


def still_to_spend(tables: Mapping[str, Any], projects: pd.DataFrame) -> pd.Series:
    """Say what each project costs from now on if it goes on (or starts), in thousands.

    The money that a plan holds against its budgets: ``cash_flows`` from the year of the month after the workbook's
    ``as_of`` on (all years without one); for a project without a row from then on, ``bac_k`` less ``spent_k``, never
    below 0. What is spent stays out: only what is still to be spent can buy something else.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``cash_flows`` and ``workbook`` are read where they are.
    projects : DataFrame
        ``project_id``, ``bac_k``, ``spent_k``.

    Returns
    -------
    Series, index of ``projects``
        Thousands; NaN where nothing tells.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["A", "B"], "bac_k": [9.0, 9.0], "spent_k": [9.0, 4.0]})
    >>> flows = pd.DataFrame({"project_id": ["A"], "year": [2026], "cost_k": [3.0]})
    >>> still_to_spend({"cash_flows": flows}, projects).tolist()
    [3.0, 5.0]
    """
    left = (projects["bac_k"] - projects["spent_k"]).clip(lower=0.0)
    if "cash_flows" not in tables:
        return left
    flows = read_table(tables, "cash_flows", columns=("project_id", "year", "cost_k"))
    first, ids = first_year(tables), projects["project_id"]
    ahead = flows if first is None else flows[flows["year"] >= first]
    planned = ids.map(ahead.groupby("project_id")["cost_k"].sum()).fillna(0.0)
    return left.mask(ids.isin(ahead["project_id"]), planned.astype("float64"))


def _hull_corners(cost: FloatArray, value: FloatArray) -> npt.NDArray[np.bool_]:
    """Mark the corners of the upper hull of a rising curve that starts at (0, 0)."""
    corners: list[int] = []
    for i in range(len(cost)):
        while corners and not _bends_down(cost, value, (corners[-2] if len(corners) > 1 else -1, corners[-1], i)):
            corners.pop()
        corners.append(i)
    marked = np.zeros(len(cost), dtype=bool)
    marked[corners] = True
    return marked


def _bends_down(cost: FloatArray, value: FloatArray, three: tuple[int, int, int]) -> bool:
    a, b, c = three
    start = (0.0, 0.0) if a < 0 else (float(cost[a]), float(value[a]))
    first = (float(cost[b]) - start[0], float(value[b]) - start[1])
    second = (float(cost[c]) - float(cost[b]), float(value[c]) - float(value[b]))
    scale = 1e-12 * max(abs(first[0] * second[1]), abs(first[1] * second[0]))
    return first[0] * second[1] - first[1] * second[0] < -scale


def _notes(projects: pd.DataFrame, useless: pd.Series, unknown: pd.Series) -> tuple[str, ...]:
    notes = []
    if useless.any():
        notes.append(f"{listed(projects.loc[useless, 'project_id'])} left out: no points over doing nothing.")
    if unknown.any():
        notes.append(f"{listed(projects.loc[unknown, 'project_id'])} left out: cost unknown.")
    return tuple(notes)
