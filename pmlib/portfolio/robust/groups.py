"""What every group of stakeholders would fund, and the plan that costs the worst-off group least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio.arguments import mapping, number, of_kind
from pmlib.portfolio.model import Floats, Ints, Model, Status, solve
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.problem import Problem, best_plan, chosen, compile_problem, outcome, revalued
from pmlib.portfolio.robust.portfolios import of_verdict
from pmlib.portfolio.valuation import given_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERDICTS = ("in every plan", "disputed", "in none")
POOLED, COMPROMISE = "pooled", "compromise"
_FEWEST = 2
#: A best plan worth less than this leaves no share of it to lose.
_WORTH_NOTHING = 1e-9
#: Two largest losses that differ by less are the same: the mean decides.
_TIE = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupPlans:
    """The best plan of every group, of all pooled, and the compromise between them.

    Attributes
    ----------
    groups : tuple of str
    plans : DataFrame
        One row per project, by id: project_id, name, ``action_<plan>`` and ``on_<plan>`` (kept or started) for every
        group, ``pooled`` and ``compromise``; verdict over the groups' own plans (in every plan, disputed, in none).
    losses : DataFrame
        One row per plan (the groups', pooled, compromise): plan, ``loss_<group>`` (share of the value of its own best
        plan that the group loses, 0-1), largest, mean, projects (how many are on).
    optima : DataFrame
        One row per plan: plan, value (of its own objective: points or thousands; the largest loss for the
        compromise), status, gap.
    changes : DataFrame
        One row per project that a group sees decided otherwise in the compromise: group, project_id, name,
        own_action, compromise_action.
    """

    groups: tuple[str, ...]
    plans: pd.DataFrame
    losses: pd.DataFrame
    optima: pd.DataFrame
    changes: pd.DataFrame

    @property
    def price(self) -> float:
        """Largest share of its own best that a group loses with the compromise (0-1)."""
        return float(self.losses.loc[self.losses["plan"] == COMPROMISE, "largest"].iloc[0])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project: every plan's action and the verdict."""
        return self.plans.copy(deep=False)

    def verdict(self, verdict: str) -> list[str]:
        """List the ids of the projects that are ``in every plan``, ``disputed`` or ``in none`` of the groups' own.

        Raises
        ------
        ParameterError
            The verdict is none of these.
        """
        return of_verdict(self.plans, verdict, VERDICTS)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the disputed projects as rows, the plans as columns, and what each group loses below."""
        from pmlib.plots import robust_plans as figures

        holds = self.plans[[f"on_{name}" for name in self.losses["plan"]]].sum(axis=1)
        differ = holds[(holds > 0) & (holds < len(self.losses))].sort_values(ascending=False, kind="stable")
        return figures.group_plans(self.plans.loc[differ.index], self.losses, ax=ax)

    def summary(self) -> str:
        """Say what all groups agree on, what the compromise costs each, and what the other plans would cost."""
        every, disputed, none = (len(self.verdict(verdict)) for verdict in VERDICTS)
        losses = self.losses.set_index("plan")
        given = ", ".join(f"{group} {percent(losses[f'loss_{group}'][COMPROMISE])}" for group in self.groups)
        single = losses["largest"][list(self.groups)]
        return (f"{every} of {len(self.plans)} projects are in every group's plan, {none} in none, {disputed} are "
                f"disputed. The compromise costs {given} of their own best; the plan of the pooled values costs one "
                f"up to {percent(losses['largest'][POOLED])}, the plan of {single.idxmin()}, the mildest of a single "
                f"group, up to {percent(single.min())}.{self._surprise()}{self._proof()}")

    def headline(self) -> dict[str, str]:
        """Give the agreed projects, the disputed ones and the price of the compromise as figures."""
        every, disputed, _ = (len(self.verdict(verdict)) for verdict in VERDICTS)
        return {f"{every} of {len(self.plans)}": "projects in every group's plan",
                f"{disputed} disputed": "in the plans of some groups only",
                percent(self.price): "of its own best is the most a group loses with the compromise"}

    def __repr__(self) -> str:
        """Say it in one line."""
        counts = ", ".join(f"{len(self.verdict(verdict))} {verdict}" for verdict in VERDICTS)
        return f"<GroupPlans: {', '.join(self.groups)}; {counts}; the compromise costs up to {percent(self.price)}>"

    def _surprise(self) -> str:
        on, every, none = self.plans[f"on_{COMPROMISE}"], self.verdict(VERDICTS[0]), self.verdict(VERDICTS[2])
        ids = self.plans["project_id"]
        out, new = (", ".join(ids[ids.isin(one) & (on == is_on)]) for one, is_on in ((every, False), (none, True)))
        said = [f"leaves out {out}, which every group's own plan holds"] if out else []
        said += [f"takes up {new}, which none holds"] if new else []
        return f" It {' and '.join(said)}." if said else ""

    def _proof(self) -> str:
        open_ = self.optima.loc[self.optima["status"] != str(Status.PROVED), "plan"]
        return f" Not proved best: {', '.join(open_)}." if len(open_) else ""


def percent(share: float) -> str:
    """Write a share with one digit.

    Examples
    --------
    >>> percent(0.0134)
    '1.3 %'
    """
    return f"{100 * share:.1f} %"


def group_plans(
    source: Mapping[str, Any] | Problem, values: Mapping[str, pd.Series] | None = None, *,
    voices: Mapping[str, float] | None = None, keep_agreed: bool = False, period: int | str | None = None,
    policy: Policy | None = None,
) -> GroupPlans:
    """Find the plan every group would choose, and the compromise that costs the worst-off group least.

    The compromise makes the largest loss of a group as small as possible, measured as a share of what its own best
    plan is worth to it; of such plans it takes the one with the smallest mean loss. All plans keep the same limits.

    Parameters
    ----------
    source : mapping of table name to frame, or Problem
        As for `rebalance`; a problem compiled with values is taken as it is.
    values : mapping of group to Series, optional
        What going on with each project is worth to each group, by project_id (``card.increments``). By default the
        points of every group in the table ``weights``, from `score`.
    voices : mapping of group to number, optional
        How much each group counts in the pooled plan; by default all alike.
    keep_agreed : bool
        Whether the compromise must hold every project that all groups' own plans hold; it may then cost more.
    period, policy
        As for `rebalance`, for tables; the objective is the score whatever the policy says.

    Returns
    -------
    GroupPlans

    Raises
    ------
    ParameterError
        Fewer than two groups, period or policy beside a problem, voices that are not those of the groups, values of
        other projects, a group whose best plan is worth nothing, or no plan holds every limit.
    MissingTableError, SchemaError, ScaleError, SolverError
        As for `score` and `rebalance`.

    Notes
    -----
    The pooled plan is best for the mean of the groups' values, which for points are those of the mean weights.

    References
    ----------
    Savage (1951), Journal of the American Statistical Association 46, 55-67: minimax regret. Yu (1973), Management
    Science 19, 936-946: compromise solutions for group decisions.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": "proposed", "bac_k": [60.0, 60.0, 50.0]})
    >>> points = {"board": pd.Series({"A": 10, "B": 0, "C": 6}), "sales": pd.Series({"A": 0, "B": 10, "C": 6})}
    >>> group_plans({"projects": projects}, points, period="2025-12", policy=Policy(budget_k=60))
    <GroupPlans: board, sales; 0 in every plan, 2 disputed, 1 in none; the compromise costs up to 40.0 %>
    """
    of_kind(keep_agreed, bool, "keep_agreed", remedy="Set True or False.")
    options = Policy() if policy is None else of_kind(policy, Policy, "policy", remedy="Pass pm.Policy(budget_k=500).")
    if isinstance(source, Problem) and not (period is None and policy is None):
        raise ParameterError("period, policy: got one beside a problem, which has its own, allowed with tables. "
                             "Leave them out.")
    given = _of_groups(source, values)
    first = next(iter(given.values()))
    shares = _voices(voices, list(given))
    problem = source if isinstance(source, Problem) else compile_problem(
        source, period=period, values=first, policy=replace(options, objective=Objective.SCORE))
    pooled = sum((shares[name] * one.reindex(first.index) for name, one in given.items()), start=0.0 * first)
    problems = {name: revalued(problem, one) for name, one in (given | {POOLED: pooled}).items()}
    choices, optima = {}, {}
    for name, own in problems.items():
        answer, plan = best_plan(own)
        if plan is None:
            raise ParameterError(f"plans: none holds every limit ({answer.status}). Look at .mends of rebalance for "
                                 "what has to give way.")
        choices[name], optima[name] = plan.choice, (plan.value, str(answer.status), answer.gap)
    del problems[POOLED]
    best = np.array([optima[name][0] for name in given])
    _refuse_worthless(best, list(given))
    held = _with_agreed(problem, [choices[name] for name in given]) if keep_agreed else problem
    choices[COMPROMISE], optima[COMPROMISE] = _compromise(held, problems, choices, best=best)
    plans = _plans(problem, choices, groups=list(given))
    table = pd.DataFrame.from_dict(optima, orient="index", columns=["value", "status", "gap"])
    return GroupPlans(
        groups=tuple(given), plans=plans, changes=_changes(plans, list(given)),
        losses=_losses(problems, choices, best=best), optima=table.rename_axis("plan").reset_index(),
    )


def _of_groups(source: Mapping[str, Any] | Problem, values: Mapping[str, pd.Series] | None) -> dict[str, pd.Series]:
    if values is None:
        if isinstance(source, Problem):
            raise ParameterError("values: missing, needed with a problem. Pass {group: values by project_id}.")
        from pmlib.scoring.additive import score
        from pmlib.scoring.inputs import read_table

        names = sorted(read_table(source, "weights", columns=("group",))["group"].unique())
        if len(names) < _FEWEST:
            raise MissingTableError(f"weights: got {len(names)} ({', '.join(map(str, names)) or 'none'}), allowed two "
                                    "groups or more. Add the weights of another group, or pass values=.")
        values = {name: score(source, group=name).increments for name in names}
    named = values if isinstance(values, pd.DataFrame) else mapping(
        values, "values", remedy="Pass {group: values by project_id}.")
    given = {str(name): given_values(one, f"values of {name}") for name, one in named.items()}
    if len(given) < len(named.keys()):
        raise ParameterError("values: two groups have the same name, allowed different ones. Rename one.")
    reserved = {POOLED, COMPROMISE}.intersection(given)
    if len(given) < _FEWEST or reserved:
        got = f"a group called {min(reserved)!r}" if reserved else f"{len(given)} ({', '.join(given) or 'none'})"
        raise ParameterError(f"values: got {got}, allowed two groups or more, none called {POOLED} or {COMPROMISE}. "
                             "Pass {group: values by project_id}.")
    return given


def _voices(voices: Mapping[str, float] | None, groups: list[str]) -> dict[str, float]:
    """Shares of the groups in the pooled plan, with sum 1."""
    given = mapping(dict.fromkeys(groups, 1.0) if voices is None else voices, "voices",
                    remedy="Leave them out to count all alike.")
    numbers = np.array([number(given[name], f"voices: {name}") for name in groups if name in given])
    if set(given) != set(groups) or (numbers < 0).any() or not numbers.sum():
        raise ParameterError(f"voices: got {dict(given)}, allowed a number of 0 or more for each of "
                             f"{', '.join(groups)}, not all 0. Leave them out to count all alike.")
    return dict(zip(groups, (numbers / numbers.sum()).tolist(), strict=True))


def _refuse_worthless(best: Floats, groups: list[str]) -> None:
    for name, value in zip(groups, best, strict=True):
        if abs(value) < _WORTH_NOTHING:
            raise ParameterError(f"values: the best plan is worth nothing to {name}, so no share of it can be lost. "
                                 "Leave the group out, or check its values.")


def _with_agreed(problem: Problem, choices: Sequence[Ints]) -> Problem:
    """Close every other action of the projects that are on in all plans."""
    frame, model = problem.actions.frame, problem.model
    on = frame["on"].to_numpy(dtype=bool)
    agreed = np.all([on[choice] for choice in choices], axis=0)
    upper = model.upper.copy()
    upper[:len(frame)][agreed[frame["project"].to_numpy()] & ~on] = 0.0
    return replace(problem, model=replace(model, upper=upper))


def _compromise(
    problem: Problem, problems: Mapping[str, Problem], choices: Mapping[str, Ints], *, best: Floats,
) -> tuple[Ints, tuple[float, str, float]]:
    """Least largest loss first, then least mean loss; begins from the best of the plans that are known."""
    relative = np.array([one.model.objective for one in problems.values()]) / np.abs(best)[:, None]
    model, policy = _with_loss(problem.model, relative, best=np.sign(best)), problem.policy
    known = [outcome(problem, choice).x for name, choice in choices.items() if name in problems]
    worst = [max(0.0, float((np.sign(best) - relative @ x).max())) for x in known]
    start = np.append(known[int(np.argmin(worst))], min(worst))
    answer = solve(model, gap=policy.gap, node_limit=policy.node_limit, start=start)
    if not answer.found:
        raise ParameterError(f"compromise: no plan was found ({answer.status}). Raise node_limit.")
    upper = model.upper.copy()
    upper[-1] = answer.x[-1] + _TIE
    mildest = replace(model, objective=np.append(relative.mean(axis=0), 0.0), upper=upper)
    second = solve(mildest, gap=policy.gap, node_limit=policy.node_limit, start=answer.x)
    x = second.x if second.found else answer.x
    return chosen(problem, x[:-1]), (-answer.value, str(answer.status), answer.gap)


def _with_loss(model: Model, relative: Floats, *, best: Floats) -> Model:
    """Make the largest loss a last column that no group's loss may exceed, and as small as possible."""
    groups, n = relative.shape
    group, column = np.nonzero(relative)
    rows = np.concatenate([group, np.arange(groups)])
    order = np.argsort(rows, kind="stable")
    return replace(
        model, objective=np.append(np.zeros(n), -1.0), lower=np.append(model.lower, 0.0),
        upper=np.append(model.upper, np.inf), integer=np.append(model.integer, False),
        names=(*model.names, *(("loss of a group", f"{place:06d}") for place in range(groups))),
        row_lower=np.append(model.row_lower, best), row_upper=np.append(model.row_upper, np.full(groups, np.inf)),
        entry_row=np.concatenate([model.entry_row, len(model.names) + rows[order]]),
        entry_column=np.concatenate([model.entry_column, np.concatenate([column, np.full(groups, n)])[order]]),
        entry_value=np.concatenate([
            model.entry_value, np.concatenate([relative[group, column], np.ones(groups)])[order]]),
    )


def _losses(problems: Mapping[str, Problem], choices: Mapping[str, Ints], *, best: Floats) -> pd.DataFrame:
    """Share of its own best that every group loses with every plan, never below 0: ties are no gain."""
    first = next(iter(problems.values()))
    on = first.actions.frame["on"].to_numpy(dtype=bool)
    worth = np.array([[outcome(own, choice).value for own in problems.values()] for choice in choices.values()])
    shares = np.maximum((best - worth) / np.abs(best), 0.0)
    table = pd.DataFrame(shares, columns=[f"loss_{name}" for name in problems])
    table.insert(0, "plan", list(choices))
    return table.assign(largest=shares.max(axis=1), mean=shares.mean(axis=1),
                        projects=[int(on[choice].sum()) for choice in choices.values()])


def _plans(problem: Problem, choices: Mapping[str, Ints], *, groups: list[str]) -> pd.DataFrame:
    projects, frame = problem.actions.projects, problem.actions.frame
    verbs, on = frame["action"].astype(str).to_numpy(), frame["on"].to_numpy(dtype=bool)
    taken = np.column_stack([on[choices[name]] for name in groups])
    verdict = np.select([taken.all(axis=1), taken.any(axis=1)], VERDICTS[:2], default=VERDICTS[2])
    return pd.DataFrame({
        "project_id": projects["project_id"].astype(str), "name": projects["name"].astype(str),
        **{f"action_{name}": pd.Series(verbs[choice], dtype=str) for name, choice in choices.items()},
        **{f"on_{name}": on[choice] for name, choice in choices.items()},
        "verdict": pd.Series(verdict, dtype=str),
    })


def _changes(plans: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    parts = []
    for group in groups:
        rows = plans[plans[f"action_{group}"] != plans[f"action_{COMPROMISE}"]]
        parts.append(pd.DataFrame({
            "group": pd.Series(group, index=rows.index, dtype=str), "project_id": rows["project_id"],
            "name": rows["name"], "own_action": rows[f"action_{group}"],
            "compromise_action": rows[f"action_{COMPROMISE}"]}))
    return pd.concat(parts, ignore_index=True)
