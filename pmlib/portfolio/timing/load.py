"""Load against capacity: who is needed, who is there, by skill and month, and where it binds first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, did_you_mean
from pmlib.months import month_text, parse_month
from pmlib.portfolio.actions import records
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.origins import asked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["skill", "month", "plan_pm", "now_pm", "capacity_pm", "hire_limit_pm", "bought_pm", "free_pm", "plan_share",
           "now_share", "now_over_pm", "binding"]
QUARTER_COLUMNS = ["skill", "quarter", "plan_pm", "now_pm", "capacity_pm", "bought_pm", "plan_share", "now_share"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Load:
    """People needed against people there, by skill and month.

    Attributes
    ----------
    table : DataFrame
        One row per skill and month with capacity: skill, month (year * 12 + month), plan_pm, now_pm (needed in
        person-months by the plan and by going on as now), capacity_pm (there), hire_limit_pm (can be bought),
        bought_pm (by the plan), free_pm (left of both), plan_share, now_share (needed by capacity_pm, 0-1 and above;
        infinite without any), now_over_pm (more than there is and can be bought), binding (the limit keeps out
        something worth doing).
    scarcest : str
        The skill that binds with most value behind it, else the one used most; empty without capacity.
    unlimited_pm : float
        Person-months the plan needs in months or skills without a capacity row.
    notes : tuple of str
    """

    table: pd.DataFrame
    scarcest: str
    unlimited_pm: float
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per skill and month."""
        return self.table.copy(deep=False)

    def by_quarter(self) -> pd.DataFrame:
        """Add months up to quarters.

        Returns
        -------
        DataFrame
            skill, quarter (such as 2026Q1), plan_pm, now_pm, capacity_pm, bought_pm, plan_share, now_share.
        """
        year, past = np.divmod(self.table["month"].to_numpy(dtype=np.int64) - 1, 12)
        quarter = [f"{y}Q{m // 3 + 1}" for y, m in zip(year, past, strict=True)]
        sums = self.table.assign(quarter=pd.Series(quarter, dtype=str, index=self.table.index)).groupby(
            ["skill", "quarter"])[["plan_pm", "now_pm", "capacity_pm", "bought_pm"]].sum(min_count=1).reset_index()
        return _shares(sums)[QUARTER_COLUMNS]

    def heat_map(self, *, now: bool = False) -> pd.DataFrame:
        """Share used, skills in rows and quarters in columns, up to the last quarter with any need.

        Parameters
        ----------
        now : bool
            Going on as now instead of the plan.
        """
        quarters = self.by_quarter()
        wanted = quarters[["plan_pm", "now_pm"]].fillna(0.0).max(axis=1) > 0
        last = quarters.loc[wanted, "quarter"].max() if wanted.any() else ""
        shown = quarters[quarters["quarter"] <= last]
        return shown.pivot(index="skill", columns="quarter", values="now_share" if now else "plan_share")

    def of_skill(self, skill: str) -> pd.DataFrame:
        """Rows of one skill.

        Raises
        ------
        ParameterError
            No capacity row has this skill.
        """
        known = self.table["skill"].unique()
        if skill not in known:
            raise ParameterError(f"skill: got {skill!r}, it has no capacity. {did_you_mean(str(skill), known)}")
        return self.table[self.table["skill"] == skill].reset_index(drop=True)

    def binds(self) -> pd.DataFrame:
        """Say which skills bind: skill, first (month), months (how many), earliest first."""
        tight = self.table[self.table["binding"]]
        found = tight.groupby("skill")["month"].agg(first="min", months="size").reset_index()
        return found.sort_values(["first", "skill"], kind="stable").reset_index(drop=True)

    def over(self) -> pd.DataFrame:
        """Say which skills going on as now overloads: skill, first (month), months, most_pm (in one month)."""
        over = self.table[self.table["now_over_pm"] > 0].groupby("skill").agg(
            first=("month", "min"), months=("month", "size"), most_pm=("now_over_pm", "max")).reset_index()
        return over.sort_values(["first", "skill"], kind="stable").reset_index(drop=True)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the share used by skill and quarter as a heat map."""
        from pmlib.plots import timing

        drawn: Axes = timing.load(self.heat_map(), ax=ax)
        return drawn

    def summary(self) -> str:
        """Say which skill binds first, the highest use, and what going on as now overloads."""
        if self.table.empty:
            return " ".join(("No capacity is known: there is nothing to set the load against.", *self.notes))
        return " ".join(filter(None, (self._binding(), self._highest(), self._overload(), *self.notes)))

    def _binding(self) -> str:
        found = self.binds()
        if found.empty:
            return "No skill keeps out anything worth doing." if self.table["plan_pm"].notna().any() else \
                "There is no plan; only going on as now is shown."
        said = {row["skill"]: f"{row['skill']} in {row['months']} month{'s' if row['months'] > 1 else ''} from "
                              f"{month_text(row['first'])}" for row in records(found)}
        hardest = said.pop(self.scarcest, "") or said.pop(next(iter(said)))
        others = f"; single projects find no room in {', '.join(said.values())} either" if said else ""
        return f"What binds is {hardest}{others}."

    def _highest(self) -> str:
        share = self.table["plan_share"]
        if not share.notna().any():
            return ""
        row = self.table.iloc[int(share.argmax())]
        bought = self.table["bought_pm"].sum()
        more = f", {bought:,.1f} person-months are bought" if bought > 0 else ", nobody is bought"
        return f"The plan uses at most {_percent(row['plan_share'])} of a skill ({row['skill']} in " \
               f"{month_text(row['month'])}){more}."

    def _overload(self) -> str:
        over = self.over()
        if over.empty:
            return "Going on as now overloads nobody."
        said = [f"{row['skill']} by up to {row['most_pm']:,.1f} person-months a month from {month_text(row['first'])}"
                for row in records(over)]
        return f"Going on as now overloads {', '.join(said)}."

    def headline(self) -> dict[str, str]:
        """Give the skill that binds first and the highest use."""
        if self.table.empty:
            return {"no capacity": "is known"}
        found, share, over = self.binds().set_index("skill")["first"], self.table["plan_share"], len(self.over())
        lines = {self.scarcest: f"binds most, first in {month_text(found[self.scarcest])}"} if self.scarcest in found \
            else {"no skill": "binds"}
        if share.notna().any():
            lines[_percent(share.max())] = f"is the highest use, of {self.table['skill'].iloc[int(share.argmax())]}"
        return lines | {f"{over} skill{'' if over == 1 else 's'}": "overloaded by going on as now"}

    def __repr__(self) -> str:
        """Say it in one line."""
        bound = "; ".join(f"{row['skill']} from {month_text(row['first'])}" for row in records(self.binds()))
        return f"<Load: {self.table['skill'].nunique()} skills; binding: {bound or 'none'}>"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if np.isfinite(share) else "more than all"


def _shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the share used; needing somebody where nobody is, is infinite, needing nobody there is nothing."""
    there = frame["capacity_pm"].to_numpy(dtype=float)
    shares = {}
    for name in ("plan", "now"):
        need = frame[f"{name}_pm"].to_numpy(dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares[f"{name}_share"] = np.where((there == 0) & (need == 0), 0.0, need / there)
    return frame.assign(**shares)


def workload(decision: Decision) -> Load:
    """Set the people a plan needs against the people there are, by skill and month.

    Parameters
    ----------
    decision : Decision
        The plan; its ``people`` and ``limits`` are what is shown, to the last digit.

    Returns
    -------
    Load
        Without a plan only going on as now.

    Raises
    ------
    MissingTableError
        capacity is missing.
    ParameterError
        It is no decision.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": [90.0], "spent_k": [10.0]}),
    ...     "cash_flows": pd.DataFrame({"project_id": ["P1"], "year": 2026, "cost_k": [80.0], "benefit_k": [300.0]}),
    ...     "demand": pd.DataFrame({"project_id": ["P1"], "action": "keep", "skill": "design", "month": [24313],
    ...                             "person_months": [1.5]}),
    ...     "capacity": pd.DataFrame({"skill": ["design"], "month": [24313], "person_months": [2.0]})}
    >>> workload(rebalance(tables, period="2025-12")).headline()["75 %"]
    'is the highest use, of design'
    """
    asked(decision)
    if decision.problem.capacity.empty:
        raise MissingTableError("capacity: missing, or all of it before the plan. The load is set against it; add rows "
                                "from the plan's first month on.")
    people, limits = decision.people, decision.limits
    rows = limits[limits["kind"] == "capacity"] if len(limits) else limits
    bound = pd.DataFrame({
        "skill": rows["name"].astype(str), "month": [parse_month(period) for period in rows["period"]],
        "bought_pm": rows["bought_pm"].astype(float)})
    table = people.merge(bound, on=["skill", "month"], how="left")
    table = _shares(table.assign(bought_pm=table["bought_pm"].astype(float)))
    there = table["capacity_pm"] + table["hire_limit_pm"]
    over = (table["now_pm"] - there).where(table["now_pm"] > there * (1 + 1e-9) + 1e-9, 0.0)
    table = table.assign(free_pm=there - table["plan_pm"], now_over_pm=over)[COLUMNS]
    unlimited = _unlimited(decision)
    free = (f"{unlimited:,.1f} person-months of the plan fall where no capacity is known.",) if unlimited > 0 else ()
    nobody = ("No demand is known: nobody is needed.",) if decision.problem.actions.people.empty else ()
    return Load(table=table, scarcest=decision.scarcest_skill if decision.found else "", unlimited_pm=unlimited,
                notes=(*nobody, *free))


def _unlimited(decision: Decision) -> float:
    """Person-months of the plan in months or skills without a capacity row."""
    if decision.outcome is None:
        return 0.0
    needs = decision.problem.actions.people
    mine = needs[needs["action"].isin(decision.outcome.choice)]
    known = pd.MultiIndex.from_frame(decision.people[["skill", "month"]].astype({"skill": str, "month": "int64"}))
    wanted = pd.MultiIndex.from_frame(mine[["skill", "month"]].astype({"skill": str, "month": "int64"}))
    return float(mine.loc[~wanted.isin(known), "person_months"].sum())
