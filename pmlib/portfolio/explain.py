"""A reason for every project: a code a table can be sorted by, and a sentence with the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from pmlib.months import month_text
from pmlib.portfolio.accounts import label
from pmlib.portfolio.actions import records
from pmlib.portfolio.limits import CHANGE, GROUPS, MIX, MONEY
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import Outcome, Problem
from pmlib.portfolio.switches import Switch, Switcher

#: A switch that loses less than this share of the project's cost (of its points, for the score) is a near tie.
NEAR = 0.01
#: From this share on, what is spent is worth a word when a project stops.
_MOSTLY_SPENT = 0.5
_NEEDS = ("requires", "requires later")
_SCARCE = ("capacity", *MONEY, *MIX)


class Reason(StrEnum):
    """Why a project got its action."""

    MANDATORY = "mandatory"
    FROZEN = "frozen"
    ONLY_CHOICE = "only choice"
    UNKNOWN = "no value known"
    CARRIES = "carries others"
    WORTH_IT = "worth it"
    SUNK_COST = "sunk cost"
    CROWDED_OUT = "crowded out"
    NO_ROOM_SOONER = "no room sooner"
    GROUP_LIMIT = "group limit"
    NO_VALUE = "no value"
    NEEDS = "needs a project not chosen"
    EXCLUDED = "excluded by"
    CHANGE_LIMIT = "change limit"
    COUNTED_ELSEWHERE = "counted elsewhere"
    BETTER_LATER = "better later"
    JOINT_GAIN = "joint gain"
    LEAST_BAD = "least bad"
    NEAR_TIE = "near tie"
    NO_PLAN = "no plan"


@dataclass(frozen=True, eq=False, kw_only=True)
class Reasons:
    """Codes and sentences in the order of the projects, and the rows that keep something out."""

    codes: tuple[str, ...]
    sentences: tuple[str, ...]
    blocking: Ints


def _k(value: float) -> str:
    return f"{round(value):,}".replace("-0", "0") if abs(value) < 1 else f"{value:,.0f}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def explain(problem: Problem, plan: Outcome, prices: Floats) -> Reasons:
    """Say why every project got its action.

    Every project is switched to each of its other actions, all else as planned: what that would gain and
    which rows it would break is exact. Only the choice between several broken rows uses ``prices``, those of
    the linear relaxation, which are estimates.
    """
    switcher = Switcher(problem, plan)
    frame = problem.actions.frame
    others: list[list[Switch]] = [[] for _ in range(len(problem.actions.projects))]
    for action, project in enumerate(frame["project"]):
        if action != plan.choice[project]:
            others[project].append(switcher(action))
    width = 1e-6 * max(1.0, abs(plan.value))
    blocking = [switch.broken for switches in others for switch in switches if switch.gain_k > width]
    teller = _Teller(problem, plan, prices, width=width)
    told = [teller.reason(project, switches) for project, switches in enumerate(others)]
    return Reasons(codes=tuple(str(code) for code, _ in told),
                   sentences=tuple(text[0].upper() + text[1:] for _, text in told),
                   blocking=np.unique(np.concatenate(blocking)) if blocking else np.empty(0, dtype=np.int64))


class _Teller:
    """Finds the reason of one project after another."""

    def __init__(self, problem: Problem, plan: Outcome, prices: Floats, *, width: float) -> None:
        self._problem, self._plan, self._prices, self._width = problem, plan, prices, width
        self._projects = records(problem.actions.projects)
        self._ids = [str(project["project_id"]) for project in self._projects]
        frame = problem.actions.frame
        self._verbs = frame["action"].to_numpy()[plan.choice]
        self._values = frame["value_k"].to_numpy()[plan.choice]
        self._on = frame["on"].to_numpy()[plan.choice]
        # A held project goes on later: it needs what it needs, and shuts out what it excludes.
        self._ever = self._on | (self._verbs == "hold")
        self._left_out = _why_left_out(problem.actions.left_out)
        self._points = problem.policy.objective is Objective.SCORE

    def reason(self, project: int, switches: Sequence[Switch]) -> tuple[Reason, str]:
        row = self._projects[project]
        if not switches:
            return self._only(row)
        best = max(switches, key=lambda switch: switch.gain_k)
        if self._on[project] and row["mandatory"]:
            return Reason.MANDATORY, f"Mandatory: {self._deal(row)}."
        if best.gain_k > self._width and len(best.broken):
            return self._blocked(project, best)
        size = abs(float(row["value_k"])) if self._points else max(float(row["cost_on_k"]), 1.0)
        if not len(best.broken) and -best.gain_k <= NEAR * size:
            loss = _k(-best.gain_k)
            return Reason.NEAR_TIE, f"Near tie: to {self._to(best)} instead would lose only {loss}; {self._deal(row)}."
        return self._by_worth(project, best)

    def _deal(self, row: Mapping[str, Any], would: bool = False) -> str:
        if row["source"] in ("estimates", "cash flows"):
            still = "to go" if would else "still to spend"
            buys = "would buy" if would else "buy"
            deal = f"{_k(row['cost_k'])} {still} {buys} {_k(row['benefit_k'])}"
        elif row["source"] == "given":
            unit = " points" if self._points else ""
            deal = f"worth {_k(row['value_k'])}{unit} for {_k(row['cost_on_k'])} still to spend"
        else:
            deal = f"{_k(row['cost_on_k'])} still to spend, benefit unknown"
        past = row["spent_k"] > 0 and row["state"] != "proposed" and not would
        return f"{deal}; past money does not count" if past else deal

    def _only(self, row: Mapping[str, Any]) -> tuple[Reason, str]:
        whys = self._left_out.get(str(row["project_id"]), {})
        frozen = next((why for why in whys.values() if why.startswith("frozen")), "")
        if frozen:
            return Reason.FROZEN, f"{frozen.capitalize()}: no change before that month."
        if row["source"] == "unknown":
            return Reason.UNKNOWN, "No value is known, so it stays as it is; give it an estimate or cash flows."
        said = "; ".join(f"{verb}: {why}" for verb, why in sorted(whys.items()))
        return Reason.ONLY_CHOICE, f"Nothing else is allowed ({said}); {self._deal(row)}."

    def _blocked(self, project: int, best: Switch) -> tuple[Reason, str]:
        """Name the row that another, better action would break."""
        names = [self._problem.model.names[row] for row in best.broken]
        own, row = self._ids[project], self._projects[project]
        carried = [name[1] for name in names if name[0] in _NEEDS and name[2] == own]
        needed = [name[2] for name in names if name[0] in _NEEDS and name[1] == own]
        if carried:
            return Reason.CARRIES, self._carries(project, row)
        if needed:
            later = all(self._ever[place] for place, name in enumerate(self._ids) if name in needed)
            what = "goes on only later" if later else "the plan does not do"
            return Reason.NEEDS, f"Needs {_listed(needed)}, which {what}; {self._deal(row, would=True)}."
        if any(name[0] == "excludes" for name in names):
            return Reason.EXCLUDED, f"Excluded by {self._rivals(project, names)}; {self._deal(row, would=True)}."
        if any(name[0] in CHANGE for name in names):
            kinds = _listed([label(name) for name in names if name[0] in CHANGE])
            return Reason.CHANGE_LIMIT, (f"To {self._to(best)} would bring {_k(best.gain_k)} more, but the limit on "
                                         f"change is used up ({kinds}).")
        groups = [label(name) for name in names if name[0] in GROUPS]
        if groups:
            return Reason.GROUP_LIMIT, (f"{self._deal(row, would=True)}; to {self._to(best)} would bring "
                                        f"{_k(best.gain_k)} more, but {_listed(groups)} is reached.")
        if self._on[project] and self._problem.actions.frame["on"].iat[best.action]:
            return Reason.NO_ROOM_SOONER, self._crowded(row, best)
        return Reason.CROWDED_OUT, self._crowded(row, best)

    def _to(self, switch: Switch) -> str:
        """Say another action, with its month where that is not the first."""
        action = self._problem.actions.frame.iloc[switch.action]
        month = int(action["begins"])
        later = action["action"] != "keep" and month > self._problem.actions.first
        return f"{action['action']}{f' in {month_text(month)}' if later else ''}"

    def _carries(self, project: int, row: Mapping[str, Any]) -> str:
        others = self._carried(project)
        together = float(self._values[[project, *others]].sum())
        alone = float(self._values[project])
        what = f"loses {_k(-alone)} alone" if alone < 0 else f"worth {_k(alone)} alone"
        names = _listed([self._ids[p] for p in others])
        return f"{what}, carries {names}: together they bring {_k(together)}."

    def _carried(self, project: int) -> list[int]:
        found: list[int] = []
        open_ones = [project]
        while open_ones:
            current = open_ones.pop()
            more = [p for p, q, _ in self._problem.links.needs if q == current and self._ever[p] and p not in found]
            found.extend(more)
            open_ones.extend(more)
        return sorted(set(found) - {project})

    def _rivals(self, project: int, names: Sequence[tuple[str, ...]]) -> str:
        broken = {name[1] for name in names if name[0] == "excludes"}
        rivals = sorted({m for link, members in self._problem.links.excludes if link in broken for m in members
                         if m != project and self._ever[m]})
        return _listed([self._ids[m] for m in rivals]) if rivals else f"link {sorted(broken)[0]}"

    def _crowded(self, row: Mapping[str, Any], best: Switch) -> str:
        model = self._problem.model
        places = [i for i, r in enumerate(best.broken) if model.names[r][0] in _SCARCE]
        if not places:
            return f"{self._deal(row, would=True)}, but {label(model.names[best.broken[0]])} stands against it."
        weight = [abs(self._prices[best.broken[i]] * best.use[i]) for i in places]
        scarce = int(best.broken[places[int(np.argmax(weight))]])
        others = f" (by estimate the scarcest of {len(places)} limits)" if len(places) > 1 else ""
        more = _k(best.gain_k)
        gain = "" if more == _k(row["value_k"]) else f"; to {self._to(best)} would bring {more} more"
        return f"{self._deal(row, would=True)}{gain}, but {label(model.names[scarce])} has no room for it{others}."

    def _by_worth(self, project: int, best: Switch) -> tuple[Reason, str]:
        row, verb = self._projects[project], self._verbs[project]
        if self._on[project]:
            return self._going_on(project, best)
        if verb == "hold":
            return Reason.BETTER_LATER, (f"Holding is worth {_k(self._values[project])}; to {self._to(best)} would "
                                         f"leave the plan {_k(-best.gain_k)} poorer.")
        if row["value_k"] > self._values[project] + self._width:
            shared = self._sharing(project)
            if shared:
                return Reason.COUNTED_ELSEWHERE, (f"{self._deal(row, would=True)}, but that benefit is already counted "
                                                  f"in {_listed(shared)}.")
        spent = float(row["spent_k"]) / float(row["bac_k"]) if row["bac_k"] > 0 else 0.0
        deal = self._deal(row, would=True)
        if verb == "stop" and spent >= _MOSTLY_SPENT:
            return Reason.SUNK_COST, f"{deal}; {100 * spent:.0f} % is spent and gone either way."
        end = f"; stopping comes to {_k(self._values[project])}" if verb == "stop" and not self._points else ""
        return Reason.NO_VALUE, f"{deal}{end}."

    def _going_on(self, project: int, best: Switch) -> tuple[Reason, str]:
        row, value = self._projects[project], float(self._values[project])
        other = self._problem.actions.frame.iloc[best.action]
        partners = [self._ids[m] for m in self._partners(project) if self._on[m]]
        if value < other["value_k"] - self._width and partners:
            return Reason.JOINT_GAIN, (f"Worth {_k(value)} alone, but together with {_listed(partners)} "
                                       f"{_k(-best.gain_k)} more than to {other['action']}.")
        if value < 0:
            return Reason.LEAST_BAD, f"Loses {_k(-value)}, but to {other['action']} would lose {_k(-best.gain_k)} more."
        return Reason.WORTH_IT, f"{self._deal(row)}."

    def _partners(self, project: int) -> list[int]:
        return sorted({m for joint in self._problem.links.joints if joint.kind == "gain" and project in joint.members
                       for m in joint.members} - {project})

    def _sharing(self, project: int) -> list[str]:
        members = {m for joint in self._problem.links.joints if project in joint.members and joint.kind != "gain"
                   for m in joint.members}
        return [self._ids[m] for m in sorted(members) if m != project and self._ever[m]]


def _why_left_out(left_out: pd.DataFrame) -> dict[str, dict[str, str]]:
    whys: dict[str, dict[str, str]] = {}
    for row in left_out.itertuples(index=False):
        whys.setdefault(str(row.project_id), {})[str(row.action)] = str(row.why)
    return whys
