"""The whole formulation once more, written in linopy from plain numbers of the tables: it knows nothing of our rows."""

from __future__ import annotations

import importlib.util
import math
import sys
from itertools import product
from pathlib import Path

import linopy
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from pmlib.portfolio import Policy, rebalance

_HERE = importlib.util.spec_from_file_location("plain_numbers", Path(__file__).with_name("conftest.py"))
plain = importlib.util.module_from_spec(_HERE)
sys.modules["plain_numbers"] = plain
_HERE.loader.exec_module(plain)


class Sheet:
    """Columns with value and bounds, rows as dicts; linopy gets them at the end."""

    def __init__(self):
        self.value, self.upper, self.whole, self.rows = [], [], [], []

    def column(self, value, *, upper=1.0, whole=False):
        self.value.append(value)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.value) - 1

    def row(self, terms, *, lower=-math.inf, upper=math.inf):
        self.rows.append((terms, lower, upper))

    def best(self):
        model, n = linopy.Model(), len(self.value)
        matrix = np.zeros((len(self.rows), n))
        for place, (terms, _, _) in enumerate(self.rows):
            for column, amount in terms:
                matrix[place, column] += amount
        whole = np.array(self.whole)
        total, value = 0, 0
        for name, mine in (("whole", np.flatnonzero(whole)), ("part", np.flatnonzero(~whole))):
            index = pd.Index(mine, name=name)
            upper = xr.DataArray(np.array(self.upper)[mine], coords=[index])
            x = model.add_variables(binary=True, coords=[index], name=name) if name == "whole" else \
                model.add_variables(lower=0.0, upper=upper, name=name)
            rows = pd.RangeIndex(len(self.rows), name="row")
            total = total + (xr.DataArray(matrix[:, mine], coords=[rows, index]) * x).sum(name)
            value = value + (xr.DataArray(np.array(self.value)[mine], coords=[index]) * x).sum()
        for side, kind in ((1, ">="), (2, "<=")):
            bound = np.array([row[side] for row in self.rows])
            there = np.flatnonzero(np.isfinite(bound))
            right = xr.DataArray(bound[there], coords=[pd.Index(there, name="row")])
            model.add_constraints(total.sel(row=there), kind, right, name=f"side {side}")
        model.add_objective(value, sense="max")
        assert model.solve(solver_name="highs", io_api="direct", output_flag=False, mip_rel_gap=1e-7)[0] == "ok"
        return model.objective.value


def choose(sheet, rules):
    """One action per project; columns of every project with their acts, mandatory ones only those that go on."""
    columns = {}
    for row, acts in zip(rules.rows, rules.acts, strict=True):
        columns[row.project_id] = [(sheet.column(act.value, whole=True), act) for act in acts
                                   if act.on or not row.mandatory]
        sheet.row([(c, 1.0) for c, _ in columns[row.project_id]], lower=1.0, upper=1.0)
    return columns


def limit(sheet, rules, columns):
    """Money by year and kind, people with bought ones, bands of the mix on all money."""
    everyone = [pair for pairs in columns.values() for pair in pairs]
    for key, budget in rules.budgets.items():
        sheet.row([(c, act.money.get(key, 0.0)) for c, act in everyone], upper=budget)
    for skill, month, there, most, price in rules.people:
        bought = sheet.column(-price, upper=most)
        sheet.row([(c, act.people.get((skill, month), 0.0)) for c, act in everyone] + [(bought, -1.0)], upper=there)
    for floor, ceiling, mine in rules.bands:
        spent = [(c, sum(act.money.values()), inside) for (pairs, inside) in zip(columns.values(), mine, strict=True)
                 for c, act in pairs]
        sheet.row([(c, k * (inside - floor)) for c, k, inside in spent], lower=0.0)
        if ceiling < 1:
            sheet.row([(c, k * (inside - ceiling)) for c, k, inside in spent], upper=0.0)


def tie(sheet, rules, columns):
    """Needs, exclusions, joint gains and penalties, benefits that count once."""
    states = {row.project_id: row.state for row in rules.rows}
    ever = {name: [(c, act) for c, act in pairs if act.on or act.verb == "hold"] for name, pairs in columns.items()}
    on = {name: [(c, act) for c, act in pairs if act.on] for name, pairs in columns.items()}
    for kind, members in rules.links:
        names = [name for name, _, _ in members if name not in rules.done]
        if kind.startswith("requires"):
            pairs = product([m for m, role, _ in members if role == "needs"],
                            [m for m, role, _ in members if role == "needed" and m not in rules.done])
            for p, q in pairs:
                for column, act in ever.get(p, []):
                    met = [(c, 1.0) for c, other in columns.get(q, [])
                           if plain._needs_met(act, states[p], other, finished=kind.endswith("finished"))]
                    sheet.row([*met, (column, -1.0)], lower=0.0)
        elif kind == "excludes":
            sheet.row([(c, 1.0) for name in names for c, _ in ever[name]], upper=1.0 - len(members) + len(names))
        elif kind == "synergy":
            amount = members[0][2]
            joint = sheet.column(amount)
            if amount > 0:
                for name in names:
                    sheet.row([(c, 1.0) for c, _ in on[name]] + [(joint, -1.0)], lower=0.0)
            else:
                sheet.row([(joint, 1.0)] + [(c, -1.0) for name in names for c, _ in ever[name]], lower=1.0 - len(names))
        elif kind == "overlap":
            claims = [(c, rules.chances[name] * claim * act.left)
                      for name, _, claim in members for c, act in ever[name]]
            shares = []
            for column, claim in claims:
                sheet.value[column] -= claim
                shares.append(sheet.column(claim))
                sheet.row([(column, 1.0), (shares[-1], -1.0)], lower=0.0)
            sheet.row([(c, 1.0) for c in shares], upper=1.0)


def by_linopy(tables, *, max_changes=None, max_stops=None):
    """Best value of the portfolio; every other option of the policy is at its default."""
    sheet, rules = Sheet(), plain._rules(tables, {})
    columns = choose(sheet, rules)
    limit(sheet, rules, columns)
    tie(sheet, rules, columns)
    everyone = [pair for pairs in columns.values() for pair in pairs]
    if max_changes is not None:
        sheet.row([(c, 1.0) for c, act in everyone if act.change], upper=max_changes)
    if max_stops is not None:
        sheet.row([(c, 1.0) for c, act in everyone if act.verb == "stop"], upper=max_stops)
    return sheet.best()


def large(make_tables, seed, n):
    """A random portfolio of n projects with limits that grow with it; what can never go on is not mandatory."""
    tables = make_tables(seed, n)
    rules = plain._rules(tables, {})
    able = {row.project_id for row, acts in zip(rules.rows, rules.acts, strict=True) if any(act.on for act in acts)}
    projects = tables["projects"]
    size = 0.7 * n / 7
    capacity, budgets = tables["capacity"], tables["budgets"]
    return tables | {
        "projects": projects.assign(mandatory=projects["mandatory"] & projects["project_id"].isin(able)),
        "capacity": capacity.assign(person_months=capacity["person_months"] * size,
                                    hire_limit_pm=capacity["hire_limit_pm"] * size),
        "budgets": budgets.assign(capex_k=budgets["capex_k"] * size, opex_k=budgets["opex_k"] * size),
    }


@pytest.mark.parametrize(("seed", "n", "policy"), [
    (1, 40, {}), (2, 40, {}), (4, 60, {}), (5, 40, {"max_changes": 12}), (7, 40, {"max_stops": 9}),
])
def test_the_best_value_is_that_of_the_formulation_in_linopy(make_tables, seed, n, policy):
    tables = large(make_tables, seed, n)
    ours = rebalance(tables, policy=Policy(**policy))
    assert ours.value_k == pytest.approx(by_linopy(tables, **policy), rel=1e-5)
