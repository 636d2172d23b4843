"""An exact solve of the portfolio model on scipy's MILP, written apart from the portfolio room so as to check it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from pmlib.errors import SolverError
from pmlib.sample.facts import HOLD_MONTHS, HORIZON_YEARS, RATE, Facts, read_facts
from pmlib.sample.forms import records

#: Rows a rule of thumb has to respect when it adds one project after another.
LIMITS = ("budget", "people", "requires", "excludes", "choose")


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """What the oracle chose.

    Attributes
    ----------
    actions : Series of shape (n_projects,)
        Action by project id.
    value_k : float
        Value of the whole plan.
    seconds : float
        Time of the solve.
    """

    actions: pd.Series
    value_k: float
    seconds: float

    @property
    def chosen(self) -> frozenset[str]:
        """Ids of the projects that are kept or started."""
        return frozenset(self.actions.index[self.actions.isin(["keep", "start"])])


class Model:
    """The rows, bounds and values of one choice, as dense arrays.

    Parameters
    ----------
    facts : Facts
        Actions, money, people, links and bands, as :func:`pmlib.sample.facts.read_facts` gives them.
    budget : float
        Factor on every budget.
    skills : mapping of str to float
        Factor on the capacity of single skills.
    """

    def __init__(self, facts: Facts, *, budget: float = 1.0, skills: Mapping[str, float] | None = None) -> None:
        self.facts = facts
        self._names: list[str] = []
        self._values: list[float] = []
        self._tops: list[float] = []
        self._rows: list[tuple[str, dict[int, float], float, float]] = []
        for row in records(facts.actions):
            self._column(f"{row.project_id}:{row.action}", float(row.value_k), 1.0)
        self._on = facts.actions.index[facts.actions["on"]]
        self._on_column = dict(zip(facts.actions.loc[self._on, "project_id"], self._on, strict=True))
        held = facts.actions.index[facts.actions["action"] == "hold"]
        self._hold_column = dict(zip(facts.actions.loc[held, "project_id"], held, strict=True))
        self._choose()
        self._budget(budget)
        self._people(dict(skills or {}))
        self._links()
        self._mix()

    def _column(self, name: str, value: float, top: float) -> int:
        self._names.append(name)
        self._values.append(value)
        self._tops.append(top)
        return len(self._names) - 1

    def _row(self, kind: str, terms: dict[int, float], low: float, high: float) -> None:
        self._rows.append((kind, terms, low, high))

    def _choose(self) -> None:
        for _, group in self.facts.actions.groupby("project_id"):
            self._row("choose", dict.fromkeys(group.index, 1.0), 1.0, 1.0)
        for project in self.facts.mandatory:
            self._row("mandatory", {self._on_column[project]: 1.0} if project in self._on_column else {}, 1.0, 1.0)

    def _budget(self, factor: float) -> None:
        for kind, limit in self.facts.budget.items():
            for year, amount in limit.items():
                used = self.facts.money[kind][:, HORIZON_YEARS.index(year)]
                self._row("budget", {int(n): float(used[n]) for n in np.flatnonzero(used)}, -np.inf, amount * factor)

    def _people(self, factors: Mapping[str, float]) -> None:
        for number, row in enumerate(records(self.facts.capacity)):
            used = self.facts.people[:, number]
            terms = {int(n): float(used[n]) for n in np.flatnonzero(used)}
            if not terms:
                continue
            if row.hire_limit_pm > 0:
                terms[self._column("hire", -row.hire_cost_k, row.hire_limit_pm)] = -1.0
            self._row("people", terms, -np.inf, row.person_months * factors.get(row.skill, 1.0))

    def _links(self) -> None:
        for _, link in self.facts.links.groupby("link_id"):
            kind = str(link["type"].iloc[0])
            if kind.startswith("requires"):
                self._requires(link)
            elif kind == "excludes":
                self._row("excludes", self._alive(*link["member_id"]), -np.inf, 1.0)
            elif kind == "synergy":
                self._synergy(link["member_id"].tolist(), float(link["amount_k"].iloc[0]))
            else:
                self._overlap(link)

    def _going_on(self, *projects: str) -> dict[int, float]:
        """Give one term for every project that is kept or started."""
        return {self._on_column[name]: 1.0 for name in projects if name in self._on_column}

    def _alive(self, *projects: str) -> dict[int, float]:
        """Give one term for every project that goes on now or, being held, later."""
        held = {self._hold_column[name]: 1.0 for name in projects if name in self._hold_column}
        return self._going_on(*projects) | held

    def _requires(self, link: pd.DataFrame) -> None:
        for asking in link.loc[link["role"] == "needs", "member_id"]:
            for asked in set(link.loc[link["role"] == "needed", "member_id"]) - self.facts.done:
                for counted in (self._going_on, self._alive):
                    terms = counted(asking) | {column: -1.0 for column in counted(asked)}
                    self._row("requires", terms, -np.inf, 0.0)

    def _synergy(self, members: list[str], amount: float) -> None:
        # A gain waits for all who work now; a penalty is due from all who will have worked in the end.
        counted = self._going_on if amount >= 0 else self._alive
        if not all(counted(member) for member in members):
            return
        both = self._column("synergy", amount, 1.0)
        if amount >= 0:
            for column in counted(*members):
                self._row("synergy", {both: 1.0, column: -1.0}, -np.inf, 0.0)
        else:
            self._row("synergy", {both: -1.0} | counted(*members), -np.inf, len(members) - 1.0)

    def _overlap(self, link: pd.DataFrame) -> None:
        later = (1 + RATE) ** (-HOLD_MONTHS / 12)
        counted = {}
        for row in records(link):
            for columns, discount in ((self._on_column, 1.0), (self._hold_column, later)):
                if row.member_id in columns:
                    claim = self.facts.chance[row.member_id] * row.amount_k * discount
                    self._values[columns[row.member_id]] -= claim
                    back = self._column("overlap", claim, 1.0)
                    self._row("overlap", {back: 1.0, columns[row.member_id]: -1.0}, -np.inf, 0.0)
                    counted[back] = 1.0
        self._row("overlap", counted, -np.inf, 1.0)

    def _mix(self) -> None:
        spend = (self.facts.money["capex"] + self.facts.money["opex"]).sum(axis=1)
        horizon = self.facts.actions["horizon"].to_numpy()
        for row in records(self.facts.mix):
            here = np.where(horizon == row.horizon, spend, 0.0)
            floor, ceiling = row.floor_share * spend - here, here - row.ceiling_share * spend
            self._row("mix", dict(enumerate(floor)), -np.inf, 0.0)
            self._row("mix", dict(enumerate(ceiling)), -np.inf, 0.0)

    def matrix(self, kinds: tuple[str, ...] = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give coefficients (n_rows, n_columns), lower and upper ends of the rows of some kinds (none: all)."""
        rows = [row for row in self._rows if not kinds or row[0] in kinds]
        coefficients = np.zeros((len(rows), len(self._names)))
        for number, (_, terms, _, _) in enumerate(rows):
            coefficients[number, list(terms)] = list(terms.values())
        return coefficients, np.array([row[2] for row in rows]), np.array([row[3] for row in rows])

    def solve(
        self, *, fixed: Mapping[str, str] | None = None, barred: Mapping[str, str] | None = None, mix: bool = True
    ) -> Plan:
        """Find the plan of highest value, proved.

        Parameters
        ----------
        fixed, barred : mapping of str to str, optional
            Actions that are given, and actions that are ruled out, by project id.
        mix : bool
            Whether the bands of the mix bind.

        Raises
        ------
        SolverError
            No plan exists, or the search ended without proof.
        """
        kinds = tuple({row[0] for row in self._rows} - (set() if mix else {"mix"}))
        coefficients, low, high = self.matrix(kinds)
        bottom, top = np.zeros(len(self._names)), np.array(self._tops)
        for project, action in (fixed or {}).items():
            bottom[self._names.index(f"{project}:{action}")] = 1.0
        for project, action in (barred or {}).items():
            top[self._names.index(f"{project}:{action}")] = 0.0
        n_actions = len(self.facts.actions)
        begun = time.perf_counter()
        found = milp(
            -np.array(self._values),
            integrality=(np.arange(len(self._names)) < n_actions).astype(int),
            bounds=Bounds(bottom, top),
            constraints=LinearConstraint(coefficients, low, high),
            options={"mip_rel_gap": 0.0, "time_limit": 120.0},
        )
        if found.status != 0:
            raise SolverError(f"oracle: {found.message} Loosen the limits or redraw the borderline projects.")
        taken = self.facts.actions[np.rint(found.x[:n_actions]) == 1]
        actions = taken.set_index("project_id")["action"]
        return Plan(actions=actions, value_k=float(-found.fun), seconds=time.perf_counter() - begun)

    def by_rule(self, order: list[str], *, bring_needed: bool) -> Plan:
        """Take projects in a given order, each that still fits every limit but the mix.

        Parameters
        ----------
        order : list of str
            Project ids, best first.
        bring_needed : bool
            Whether a project brings along those it needs; else it fits only once they are in.
        """
        coefficients, _, high = self.matrix(LIMITS)
        hired = np.array([name == "hire" for name in self._names])
        room = high - coefficients[:, hired] @ np.array(self._tops)[hired]
        off = self.facts.fallback
        taken = set(self.facts.mandatory) | {p for p, action in off.items() if action == "keep"}
        for project in (name for name in order if name in self._on_column):
            group = taken | {project} | (self.facts.needs.get(project, set()) if bring_needed else set())
            x = np.zeros(len(self._names))
            for name in self.facts.projects:
                x[self._on_column[name] if name in group else self._names.index(f"{name}:{off[name]}")] = 1.0
            if (coefficients @ x <= room + 1e-9).all():
                taken = group
        on = self.facts.actions.loc[self._on].set_index("project_id")["action"]
        fixed = {name: on[name] if name in taken else off[name] for name in self.facts.projects}
        return self.solve(fixed=fixed, mix=False)


def solve(
    tables: Mapping[str, pd.DataFrame], *, budget: float = 1.0, skills: Mapping[str, float] | None = None
) -> Plan:
    """Find the proved best plan of the sample company.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables in file form.
    budget : float
        Factor on every budget.
    skills : mapping of str to float, optional
        Factor on the capacity of single skills.

    Raises
    ------
    SolverError
        No plan exists.
    """
    return Model(read_facts(tables), budget=budget, skills=skills).solve()
