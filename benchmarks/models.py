"""One roadmap as a model, built by everyone who can: ours, arrays by hand, and the modelling packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.registry import Data

QUARTERS, STARTS, _LENGTH = 12, 3, 4
INSTANCES = 5


def roadmap(size: tuple[int, ...], seed: int) -> Data:
    """Long frames: what every project needs of each limit by start and quarter, its values, and the limits.

    Projects and limits are positions in lists of names, as in a frame that was read by categories.
    """
    import pandas as pd

    projects, limits = size[:2]
    rng = np.random.default_rng(seed)
    p, s, limit, quarter = (axis.ravel() for axis in np.meshgrid(*(
        np.arange(n) for n in (projects, STARTS, limits, _LENGTH)), indexing="ij"))
    need = rng.uniform(0.1, 2.0, (projects, limits, _LENGTH))[p, limit, quarter]
    # The first start and the last differ by eight quarters, so that a project of four ends in the twelfth.
    start = s * (QUARTERS - _LENGTH) // (STARTS - 1)
    use = pd.DataFrame({"project": p, "start": start, "limit": limit, "amount": need})
    use["quarter"] = use["start"] + quarter
    worth = use.groupby(["project", "start"], as_index=False)["amount"].sum()
    worth["value"] = worth.pop("amount") * rng.uniform(0.3, 2.0, len(worth)) * 0.98 ** worth["start"]
    there = use.groupby(["limit", "quarter"], as_index=False)["amount"].sum()
    there["amount"] *= 0.15
    return {"use": use, "worth": worth, "there": there, "projects": [f"P{i:05d}" for i in range(projects)],
            "limits": [f"skill {i}" for i in range(limits)]}


def _coded(data: Data) -> tuple[Any, ...]:
    """Column, row among the limits and amount of every entry; everyone who works on arrays does this first."""
    use, quarters = data["use"], np.unique(data["there"]["quarter"])
    starts = np.unique(data["worth"]["start"])
    column = use["project"].to_numpy() * len(starts) + np.searchsorted(starts, use["start"])
    row = use["limit"].to_numpy() * len(quarters) + np.searchsorted(quarters, use["quarter"])
    return column, row, use["amount"].to_numpy()


def _our_model(data: Data) -> Any:
    from pmlib.portfolio.model import Rows

    worth, there = data["worth"], data["there"]
    column, row, amount = _coded(data)
    n, rows = len(worth), Rows()
    rows.add([("choose", name) for name in data["projects"]], (worth["project"], np.arange(n), 1.0), upper=1.0)
    rows.add([("capacity", data["limits"][limit], f"{quarter:02d}") for limit, quarter in zip(
        there["limit"], there["quarter"], strict=True)], (row, column, amount), upper=there["amount"].to_numpy())
    return rows.build(objective=worth["value"].to_numpy(), upper=np.ones(n), integer=np.ones(n, dtype=bool))


def _told(engine: Any) -> list[float]:
    return [engine.getNumCol(), engine.getNumRow(), engine.getNumNz()]


def our_build(data: Data) -> Callable[[], Any]:
    """Build by named rows, ending inside HiGHS."""
    from pmlib.portfolio.model import as_highs

    return lambda: _told(as_highs(_our_model(data)))


def _raw_engine(data: Data) -> Any:
    """Build rows by hand, without names, as arrays that HiGHS takes whole; in our order, so the search is the same."""
    import highspy
    from scipy.sparse import coo_array

    worth, there = data["worth"], data["there"]
    column, row, amount = _coded(data)
    n, first = len(worth), len(there)
    rows = np.concatenate([first + np.arange(n) // STARTS, row])
    entries = coo_array((np.concatenate([np.ones(n), amount]), (rows, np.concatenate([np.arange(n), column]))),
                        shape=(first + len(data["projects"]), n)).tocsc()
    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    engine.passModel(
        n, entries.shape[0], entries.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMaximize), 0.0,
        worth["value"].to_numpy(), np.zeros(n), np.ones(n), np.full(entries.shape[0], -np.inf),
        np.concatenate([there["amount"].to_numpy(), np.ones(len(data["projects"]))]),
        entries.indptr, entries.indices, entries.data, np.ones(n, dtype=np.int32))
    return engine


def raw_build(data: Data) -> Callable[[], Any]:
    """Build by hand, ending inside HiGHS."""
    import highspy  # noqa: F401

    return lambda: _told(_raw_engine(data))


def linopy_build(data: Data) -> Callable[[], Any]:
    """Build by linopy, ending inside HiGHS."""
    import linopy
    import pandas as pd
    from linopy.io import to_highspy

    def call() -> Any:
        use, worth, there = data["use"], data["worth"], data["there"]
        model = linopy.Model()
        index = pd.MultiIndex.from_frame(worth[["project", "start"]])
        label = pd.Index(np.arange(len(worth)), name="action")
        x = model.add_variables(binary=True, coords=[label], name="x")
        owner = worth["project"].set_axis(label).rename("project")
        model.add_constraints(x.groupby(owner).sum() <= 1, name="choose")
        action = index.get_indexer(pd.MultiIndex.from_frame(use[["project", "start"]]))
        entry = pd.Index(np.arange(len(use)), name="entry")
        # One group per limit and quarter: the place of each in the table of limits.
        cell = pd.MultiIndex.from_frame(there[["limit", "quarter"]]).get_indexer(
            pd.MultiIndex.from_frame(use[["limit", "quarter"]]))
        terms = x.loc[action].rename(action="entry").assign_coords(entry=entry) * use["amount"].set_axis(entry)
        room = there["amount"].rename_axis("cell").to_xarray()
        model.add_constraints(terms.groupby(pd.Series(cell, index=entry, name="cell")).sum() <= room, name="capacity")
        model.add_objective((worth["value"].set_axis(label) * x).sum(), sense="max")
        return _told(to_highspy(model))

    return call


def _by_cell(data: Data) -> list[tuple[Any, float, Any]]:
    """Entries of every limit and quarter as plain Python, for those who take nothing else."""
    cells = data["use"].groupby(["limit", "quarter"])
    room = data["there"].set_index(["limit", "quarter"])["amount"]
    return [(name, float(room[name]), list(zip(zip(rows["project"], rows["start"], strict=True), rows["amount"],
                                               strict=True))) for name, rows in cells]


def pulp_build(data: Data) -> Callable[[], Any]:
    """Build by PuLP, ending at its model."""
    import pulp

    def call() -> Any:
        worth = data["worth"]
        model = pulp.LpProblem("portfolio", pulp.LpMaximize)
        keys = list(zip(worth["project"], worth["start"], strict=True))
        x = pulp.LpVariable.dicts("x", keys, cat="Binary")
        model += pulp.LpAffineExpression(zip((x[key] for key in keys), worth["value"], strict=True))
        for project, of_project in worth.groupby("project")["start"]:
            model += pulp.LpAffineExpression((x[project, start], 1.0) for start in of_project) <= 1
        for _, room, entries in _by_cell(data):
            model += pulp.LpAffineExpression((x[key], amount) for key, amount in entries) <= room
        rows = model.constraints.values()
        return [len(x), len(rows), sum(len(row) for row in rows)]

    return call


def pyomo_build(data: Data) -> Callable[[], Any]:
    """Build by Pyomo, ending at its model."""
    import pyomo.environ as pyo
    from pyomo.core.expr import LinearExpression

    def call() -> Any:
        worth = data["worth"]
        model = pyo.ConcreteModel()
        keys = list(zip(worth["project"], worth["start"], strict=True))
        model.x = pyo.Var(keys, domain=pyo.Binary)
        model.value = pyo.Objective(expr=LinearExpression(
            linear_coefs=worth["value"].tolist(), linear_vars=[model.x[key] for key in keys]), sense=pyo.maximize)
        model.rows = pyo.ConstraintList()
        for project, of_project in worth.groupby("project")["start"]:
            model.rows.add(sum(model.x[project, start] for start in of_project) <= 1)
        entries_in_all = len(worth)
        for _, room, entries in _by_cell(data):
            model.rows.add(LinearExpression(linear_coefs=[amount for _, amount in entries],
                                            linear_vars=[model.x[key] for key, _ in entries]) <= room)
            entries_in_all += len(entries)
        return [len(model.x), len(model.rows), entries_in_all]

    return call


def instances(size: tuple[int, ...], seed: int) -> Data:
    """Make several roadmaps, and the gap at which to stop."""
    return {"all": [roadmap(size, seed + i) for i in range(INSTANCES)], "gap": 1 / size[2]}


def our_solve(data: Data) -> Callable[[], Any]:
    """Solve every instance by named rows."""
    from pmlib.portfolio.model import solve

    def call() -> None:
        for one in data["all"]:
            solve(_our_model(one), gap=data["gap"])

    return call


def raw_solve(data: Data) -> Callable[[], Any]:
    """Solve every instance by hand, with the options that ours has."""
    import highspy  # noqa: F401

    options = {"threads": 1, "parallel": "off", "random_seed": 0, "mip_rel_gap": data["gap"], "mip_abs_gap": 1e-6,
               "mip_allow_restart": False}

    def call() -> None:
        for one in data["all"]:
            engine = _raw_engine(one)
            for name, value in options.items():
                engine.setOptionValue(name, value)
            engine.run()

    return call
