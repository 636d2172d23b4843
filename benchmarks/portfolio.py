"""Cases of the portfolio room."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.models import (
    INSTANCES,
    QUARTERS,
    STARTS,
    instances,
    linopy_build,
    our_build,
    our_solve,
    pulp_build,
    pyomo_build,
    raw_build,
    raw_solve,
    roadmap,
)
from benchmarks.registry import OURS, Case, Data, Implementation

_CPSAT_SHARE, _COMPARED = 0.02, 1
#: Amounts are whole in this unit, so that CP-SAT, which knows whole numbers only, is asked the same question.
_UNIT = 1_000
#: Shares of what the plan costs that the budget is moved to.
_BUDGETS = tuple(share / 20 for share in range(19, 9, -1))


def _knapsacks(size: tuple[int, ...], seed: int) -> Data:
    """One set of projects, and many vectors of values within 10 % of the first."""
    vectors, n, budgets = size
    rng = np.random.default_rng(seed)
    costs = np.round(rng.lognormal(5, 0.7, (n, budgets)) * _UNIT)
    return _revalued(costs, rng.lognormal(7, 0.5, n) * _UNIT, vectors, rng)


def _tied_knapsacks(size: tuple[int, ...], seed: int) -> Data:
    """Build the same where a large project is large in every budget and worth as much: far harder for everyone."""
    vectors, n, budgets = size
    rng = np.random.default_rng(seed)
    costs = np.round(rng.lognormal(5, 0.7, n)[:, None] * rng.dirichlet(np.full(budgets, 4.0), n) * _UNIT)
    return _revalued(costs, costs.sum(axis=1) * rng.uniform(0.8, 2.0, n), vectors, rng)


def _revalued(costs: Any, first: Any, vectors: int, rng: np.random.Generator) -> Data:
    n = len(first)
    values = np.round(first * rng.uniform(0.9, 1.1, (vectors, n)))
    return {"values": values / _UNIT, "costs": costs / _UNIT, "budgets": np.round(costs.sum(axis=0) / 2) / _UNIT}


def _our_sets(engine: str, share: float = 1.0) -> Callable[[Data], Callable[[], Any]]:
    def prepare(data: Data) -> Callable[[], Any]:
        from pmlib.portfolio.knapsack import best_sets

        some = data["values"][:max(1, int(share * len(data["values"])))]
        # The first call compiles.
        best_sets(some[:1], data["costs"], data["budgets"], engine=engine)
        return lambda: best_sets(some, data["costs"], data["budgets"], engine=engine).value[:_COMPARED]

    return prepare


def _cpsat_sets(data: Data) -> Callable[[], Any]:
    from ortools.sat.python import cp_model

    values, costs, budgets = (np.round(data[name] * _UNIT).astype(np.int64) for name in ("values", "costs", "budgets"))
    some = values[:max(1, int(_CPSAT_SHARE * len(values)))]
    model = cp_model.CpModel()
    x = [model.new_bool_var(f"x{i}") for i in range(len(costs))]
    for d, budget in enumerate(budgets):
        model.add(cp_model.LinearExpr.weighted_sum(x, costs[:, d]) <= int(budget))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1

    def call() -> Any:
        found = []
        for vector in some:
            model.maximize(cp_model.LinearExpr.weighted_sum(x, vector))
            assert solver.solve(model) == cp_model.OPTIMAL
            found.append(solver.objective_value / _UNIT)
        return found[:_COMPARED]

    return call


def _two_gains(size: tuple[int, ...], seed: int) -> Data:
    """Whole gains and costs from 10 to 100, half of all costs as budgets: the instances of the augmented method."""
    rng = np.random.default_rng(seed)
    gains, costs = (rng.integers(10, 101, (size[0], 2)) for _ in range(2))
    return {"gains": gains, "costs": costs, "budgets": costs.sum(axis=0) // 2}


def _our_front(engine: str) -> Callable[[Data], Callable[[], Any]]:
    def prepare(data: Data) -> Callable[[], Any]:
        from pmlib.portfolio.frontiers.two_phase import non_dominated

        one = _two_gains((12,), 0)
        # The first call compiles.
        non_dominated(one["gains"], one["costs"], one["budgets"], engine=engine)
        return lambda: non_dominated(data["gains"], data["costs"], data["budgets"], engine=engine).points

    return prepare


def _loop_front(data: Data) -> Callable[[], Any]:
    """Augmented epsilon constraint: most of the first gain, then of the second, with a floor that rises."""
    import highspy

    gains, n = data["gains"].astype(float), len(data["gains"])
    weight = gains[:, 1].sum() + 1.0
    entries = np.hstack([data["costs"], data["gains"][:, 1:]]).T.astype(float)
    starts, columns = np.arange(0, 3 * n + 1, n, dtype=np.int32), np.tile(np.arange(n, dtype=np.int32), 3)

    def call() -> Any:
        engine = highspy.Highs()
        for name, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5}.items():
            engine.setOptionValue(name, value)
        engine.passModel(
            n, 3, 3 * n, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize), 0.0,
            gains @ [weight, 1.0], np.zeros(n), np.ones(n), np.array([-np.inf, -np.inf, 0.0]),
            np.append(data["budgets"].astype(float), np.inf), starts, columns, entries.ravel(),
            np.ones(n, dtype=np.int32))
        points = []
        while engine.run() == highspy.HighsStatus.kOk and engine.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            points.append(gains.T @ np.round(engine.getSolution().col_value))
            engine.changeRowBounds(2, points[-1][1] + 1.0, np.inf)
        return points[::-1]

    return call


def _pyaugmecon_front(data: Data) -> Callable[[], Any]:
    """Give the package HiGHS through Pyomo in place of Gurobi, and a step of the grid for every whole gain."""
    import pyomo.environ as pyo
    from pyaugmecon import PyAugmecon
    from pyaugmecon.model import Model
    from pyomo.contrib import appsi

    def solve(self: Any) -> None:
        engine = appsi.solvers.Highs()
        engine.config.load_solution = False
        engine.highs_options = {"mip_rel_gap": 0.0, "threads": 1}
        found = engine.solve(self.model)
        best = found.termination_condition == appsi.base.TerminationCondition.optimal
        if best:
            found.solution_loader.load_vars()
        self.term = pyo.TerminationCondition.optimal if best else pyo.TerminationCondition.infeasible
        self.status = pyo.SolverStatus.ok

    Model.solve = solve
    gains, items = data["gains"].tolist(), range(len(data["gains"]))
    front = _loop_front(data)()
    grid = int(front[0][1] - front[-1][1]) + 1

    def call() -> Any:
        model = pyo.ConcreteModel()
        model.x = pyo.Var(items, within=pyo.Binary)
        model.budgets = pyo.ConstraintList()
        for cost, budget in zip(data["costs"].T.tolist(), data["budgets"].tolist(), strict=True):
            model.budgets.add(sum(cost[i] * model.x[i] for i in items) <= budget)
        model.obj_list = pyo.ObjectiveList()
        for gain in zip(*gains, strict=True):
            model.obj_list.add(sum(gain[i] * model.x[i] for i in items), sense=pyo.maximize)
        for objective in model.obj_list.values():
            objective.deactivate()
        options = {"name": "front", "grid_points": grid, "cpu_count": 1, "output_excel": False}
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), \
                contextlib.redirect_stdout(io.StringIO()):
            package = PyAugmecon(model, options, {"MIPGap": None})
            package.solve()
        return sorted(package.get_pareto_solutions())

    return call


def _tables(size: tuple[int, ...], seed: int) -> Data:
    """Projects to decide with estimates, money by year and people of three skills by month."""
    import pandas as pd

    n, rng = size[0], np.random.default_rng(seed)
    ids = [f"P{i:04d}" for i in range(n)]
    cost = rng.lognormal(5, 0.6, n).round(1)
    projects = pd.DataFrame({
        "project_id": ids, "state": rng.choice(["running", "proposed"], n), "bac_k": cost, "spent_k": 0.0,
        "exit_cost_k": (0.05 * cost).round(1)})
    middle = {"cost_k": cost, "benefit_pv_k": cost * rng.uniform(0.9, 3.0, n), "p_success": rng.uniform(0.5, 0.9, n)}
    high = {"cost_k": 1.5, "benefit_pv_k": 1.5, "p_success": 1.1}
    estimates = pd.concat([pd.DataFrame({
        "project_id": ids, "quantity": name, "p10": 0.8 * mid, "p50": mid, "p90": high[name] * mid,
    }) for name, mid in middle.items()], ignore_index=True)
    flows = pd.DataFrame([(name, year, k / 3, 0.3, 0.0) for name, k in zip(ids, cost, strict=True)
                          for year in (2026, 2027, 2028)],
                         columns=["project_id", "year", "cost_k", "capex_share", "benefit_k"])
    months = range(2026 * 12 + 1, 2026 * 12 + 13)
    demand = pd.DataFrame([(name, action, skill, month, round(rng.uniform(0.1, 2.0), 2)) for name in ids
                           for action in ("start", "keep") for skill in ("data", "design", "test") for month in months],
                          columns=["project_id", "action", "skill", "month", "person_months"])
    capacity = demand[demand["action"] == "keep"].groupby(["skill", "month"], as_index=False)["person_months"].sum()
    capacity["person_months"] *= 0.6
    budgets = pd.DataFrame({"year": [2026, 2027, 2028], "opex_k": cost.sum() / 6, "capex_k": 0.0})
    return {"tables": {"projects": projects, "estimates": estimates, "cash_flows": flows, "demand": demand,
                       "capacity": capacity, "budgets": budgets}, "draws": size[-1]}


def _our_regrets(data: Data) -> Callable[[], Any]:
    from pmlib.portfolio import Policy, rebalance
    from pmlib.portfolio.forcing import regret_bounds

    decision = rebalance(data["tables"], period="2025-12", policy=Policy(gap=0.001))

    def call() -> None:
        regret_bounds(decision.problem, decision.outcome)

    return call


def _our_redraws(data: Data) -> Callable[[], Any]:
    from pmlib.portfolio import Variations, rebalance

    plan = rebalance(data["tables"], period="2025-12")

    def call() -> list[float]:
        # Nothing is remembered from one call to the next.
        asked = Variations(plan)
        return [asked.ask(budget_k=share * plan.cost_k).value_k for share in _BUDGETS]

    return call


def _anew(data: Data) -> Callable[[], Any]:
    from pmlib.portfolio import Policy, rebalance

    most = rebalance(data["tables"], period="2025-12").cost_k
    return lambda: [rebalance(data["tables"], period="2025-12", policy=Policy(budget_k=share * most)).value_k
                    for share in _BUDGETS]


def _our_draws(data: Data) -> Callable[[], Any]:
    from pmlib.portfolio import rebalance
    from pmlib.portfolio.risk.simulation import simulate

    decision = rebalance(data["tables"], period="2025-12")

    def call() -> None:
        simulate(decision, data["tables"], draws=data["draws"], seed=1)

    return call


def _whole_draws(data: Data) -> Callable[[], Any]:
    """Draw benefit, cost and success of all projects at once, each on its own: no factors, risks or delays."""
    points = data["tables"]["estimates"].set_index(["quantity", "project_id"])
    low, middle, high = (points[name].unstack("project_id").to_numpy() for name in ("p10", "p50", "p90"))

    def call() -> None:
        rng = np.random.default_rng(1)
        z = rng.standard_normal((data["draws"], *low.shape)) / 1.2816
        benefit, cost, chance = np.moveaxis(middle + z * np.where(z > 0, high - middle, middle - low), 1, 0)
        total = np.where(rng.random(chance.shape) < chance, benefit, 0.0).sum(axis=1) - cost.sum(axis=1)
        np.quantile(total, [0.1, 0.5, 0.9])

    return call


_LINOPY, _PULP, _PYOMO, _ORTOOLS, _PYAUGMECON = "linopy", "pulp", "pyomo", "ortools", "pyaugmecon"
_CPSAT = Implementation(name="CP-SAT", prepare=_cpsat_sets, package=_ORTOOLS, apart=True, at_least=50,
                        share=_CPSAT_SHARE)


def _re_solves(budgets: int, *, tied: bool = False) -> Case:
    return Case(
        name=f"re-solves {budgets}{' tied' if tied else ''}",
        work=f"best sets, {'costs and values tied, ' if tied else ''}vectors x projects x budgets",
        make=_tied_knapsacks if tied else _knapsacks,
        sizes={"full": (200 if tied else 1_000, 100, budgets), "smoke": (4, 15, budgets)}, tolerance=1e-6,
        implementations=(Implementation(name=OURS, prepare=_our_sets("fast")), _CPSAT),
    )


def _fronts(items: int, *, package: bool = False) -> Case:
    loop = Implementation(name="augmented epsilon constraint in highspy", prepare=_loop_front,
                          at_least=None if package else 50)
    pyaugmecon = Implementation(name="pyaugmecon on HiGHS", prepare=_pyaugmecon_front, package=_PYAUGMECON, apart=True,
                                at_least=100)
    return Case(
        name=f"frontier {items}", work="all non-dominated points, two gains, two budgets, items", make=_two_gains,
        sizes={"full": (items,), "smoke": (12,)},
        implementations=(Implementation(name=OURS, prepare=_our_front("fast")),
                         Implementation(name="pmlib without numba", prepare=_our_front("plain")), loop,
                         *((pyaugmecon,) if package else ())),
    )


def _plain_front(items: int) -> Case:
    return Case(
        name=f"frontier {items} plain", work="the same without numba, items", make=_two_gains,
        sizes={"full": (items,), "smoke": (12,)},
        implementations=(Implementation(name=OURS, prepare=_our_front("plain")),
                         Implementation(name="augmented epsilon constraint in highspy", prepare=_loop_front,
                                        at_most=1.2)),
    )


def _whole(projects: int, one_in: int) -> Case:
    return Case(
        name=f"whole solve {projects}", make=instances,
        work=f"{INSTANCES} instances from frames to plan, projects x limits x 1 / gap",
        sizes={"full": (projects, 1, one_in), "smoke": (8, 1, 20)},
        implementations=(Implementation(name=OURS, prepare=our_solve),
                         Implementation(name="arrays by hand", prepare=raw_solve, at_most=1.1)),
    )


CASES = (
    Case(
        name="build", work=f"from frames to HiGHS, {STARTS} starts, {QUARTERS} quarters, projects x limits",
        make=roadmap, sizes={"full": (2_000, 7), "smoke": (10, 2)},
        implementations=(
            Implementation(name=OURS, prepare=our_build),
            Implementation(name="arrays by hand", prepare=raw_build, at_most=3),
            Implementation(name="linopy", prepare=linopy_build, package=_LINOPY, at_least=5),
            Implementation(name="PuLP, model only", prepare=pulp_build, package=_PULP, at_least=10),
            Implementation(name="Pyomo, model only", prepare=pyomo_build, package=_PYOMO, at_least=10),
        ),
    ),
    _whole(200, 100), _whole(2_000, 500),
    _re_solves(1), _re_solves(2), _re_solves(3), _re_solves(3, tied=True),
    _fronts(50, package=True), _fronts(100), _plain_front(50), _plain_front(100),
    Case(
        name="regret bounds", work="regret bounds of every other action, projects", make=_tables,
        sizes={"full": (200,), "smoke": (8,)},
        implementations=(Implementation(name=OURS, prepare=_our_regrets, within=2),),
    ),
    Case(
        name="redraws", work=f"a slider over the budget moved {len(_BUDGETS)} times, projects", make=_tables,
        sizes={"full": (60,), "smoke": (8,)}, tolerance=1e-4,
        implementations=(
            Implementation(name=OURS, prepare=_our_redraws, within=0.5 * len(_BUDGETS)),
            Implementation(name="planned anew each time", prepare=_anew, at_least=1),
        ),
    ),
    Case(
        name="draws", work="draws of a fixed plan, projects x draws", make=_tables,
        sizes={"full": (60, 100_000), "smoke": (8, 500)},
        implementations=(
            Implementation(name=OURS, prepare=_our_draws, within=5),
            Implementation(name="whole arrays of independent draws", prepare=_whole_draws, agrees=False),
        ),
    ),
    Case(
        name="draws long", work="ten times the draws: memory stays", make=_tables,
        sizes={"full": (60, 1_000_000), "smoke": (8, 1_000)},
        implementations=(Implementation(name=OURS, prepare=_our_draws),),
    ),
)
