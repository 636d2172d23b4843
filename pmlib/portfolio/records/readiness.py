"""Whether a project brings what the board needs at its next gate: a declared checklist, and what is missing of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import shown
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.risk.factors import QUANTITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAST_GATE = 5
_READ = ("scores", "objectives", "risks", "milestones", "benefit_map")
_ROUNDING = 0.005
_SHOWN = 3
#: Item, the gate from which on it is needed, and what is said where it is missing.
_ITEMS: tuple[tuple[str, int, str], ...] = (
    ("owner", 1, "a role that answers for it"),
    ("estimates", 1, "estimates of benefit, cost, months and chance of success"),
    ("options", 2, "what else may be decided about it (options)"),
    ("ranges", 2, "ranges in place of points for benefit, cost and months"),
    ("newest", 2, "estimates that are not out of date"),
    ("scores", 2, "a judgement on every objective"),
    ("benefit claims", 2, "the product metric it claims to move (benefit_map)"),
    ("demand", 3, "the people it needs, by skill (demand)"),
    ("risks", 3, "an entry in the risk register"),
    ("milestones", 4, "milestones whose weights add up to 1"),
)
ITEMS = tuple(item for item, _, _ in _ITEMS)
#: Months after which an estimate is out of date, by gate.
_FRESH = {2: 12, 3: 6, 4: 6, 5: 6}
PROJECT_COLUMNS = ["project_id", "name", "gate", "needed", "there", "complete", "ready", "missing"]
GATE_COLUMNS = ["gate", "n", "ready", "ready_share", "needed", "there", "complete", "most_missing"]


def default_checklist() -> pd.DataFrame:
    """Return what the board needs at gates 1 to 5, to be used as it is or adjusted.

    Returns
    -------
    DataFrame
        gate (1-5, the gate to be decided), item, missing (words for what is not there), months (for `newest`: how old
        an estimate may be, in whole months).

    Examples
    --------
    >>> default_checklist().query("gate == 1")["item"].tolist()
    ['owner', 'estimates']
    """
    rows = [(gate, item, missing, _FRESH.get(gate, math.nan) if item == "newest" else math.nan)
            for gate in range(1, LAST_GATE + 1) for item, since, missing in _ITEMS if gate >= since]
    return pd.DataFrame(rows, columns=["gate", "item", "missing", "months"])


@dataclass(frozen=True, eq=False, kw_only=True)
class Readiness:
    """What of its checklist every project brings to its next gate.

    Attributes
    ----------
    projects : DataFrame
        One row per project to decide: project_id, name, gate (to be decided), needed, there (items), complete (0-1),
        ready, missing (in words); the least complete first.
    items : DataFrame
        One row per project and item needed: project_id, gate, item, there.
    by_gate : DataFrame
        gate, n (projects), ready, ready_share, needed, there, complete (there / needed), most_missing (the item that
        most projects lack).
    """

    projects: pd.DataFrame
    items: pd.DataFrame
    by_gate: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row per project, the least complete first."""
        return self.projects.copy(deep=False)

    @property
    def complete(self) -> float:
        """Share of all that is needed that is there; missing where nothing is needed."""
        return len(self.items[self.items["there"]]) / len(self.items) if len(self.items) else math.nan

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw how much of the checklist is there, by gate."""
        from pmlib.plots import records

        return records.readiness(self.by_gate, ax)

    def summary(self) -> str:
        """Say how many projects are ready, how complete all are, and what is missing most."""
        n, ready = len(self.projects), int(self.projects["ready"].sum())
        if self.items.empty:
            return f"The checklist asks nothing of {n} projects at their next gate."
        words = [f"{ready} of {n} projects bring all that the board needs at their next gate; "
                 f"{100 * self.complete:.0f} % of the checklist is there."]
        lacking = self.items[~self.items["there"]]["item"].value_counts()
        if len(lacking):
            most = sorted(lacking.items(), key=lambda pair: (-pair[1], str(pair[0])))[:_SHOWN]
            words.append(f"Missing most: {', '.join(f'{item} ({count} projects)' for item, count in most)}.")
        return " ".join(words)

    def sentences(self) -> list[str]:
        """Say of every project that is not ready what is missing."""
        rows = self.projects[~self.projects["ready"]]
        return [f"{row['project_id']} is not ready for gate {row['gate']}: it lacks {row['missing']}."
                for row in rows.to_dict("records")]

    def headline(self) -> dict[str, str]:
        """Give the number of projects that are ready and the share of the checklist that is there."""
        lines = {f"{int(self.projects['ready'].sum())} of {len(self.projects)}": "projects are ready for their gate"}
        return lines | ({f"{100 * self.complete:.0f} %": "of the checklist is there"} if len(self.items) else {})

    def __repr__(self) -> str:
        there = "nothing is needed" if self.items.empty else f"{100 * self.complete:.0f} % of the checklist is there"
        return f"<Readiness: {int(self.projects['ready'].sum())} of {len(self.projects)} projects ready; {there}>"


def gate_readiness(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, checklist: pd.DataFrame | None = None,
) -> Readiness:
    """Ask whether each project brings what the board needs to decide at its next gate, and what is missing.

    The next gate is the one after the last passed, at most the last of the checklist.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects; estimates, options, demand, scores, objectives, risks, milestones, benefit_map where there are.
    period : int or str, optional
        Last known month, against which estimates grow old; by default the workbook's as_of.
    checklist : DataFrame, optional
        gate, item (one of those of `default_checklist`), and where wanted missing and months.

    Returns
    -------
    Readiness

    Raises
    ------
    MissingTableError
        projects is missing, or nothing in it is to be decided.
    ParameterError
        The checklist names an unknown item, or an item twice for a gate.
    SchemaError
        A table breaks its definition.

    References
    ----------
    Cooper (2017), Winning at New Products, 5th ed.: gates with declared deliverables.

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "proposed", "bac_k": 100.0, "gate": 0,
    ...                          "owner_id": ["R01", ""]})
    >>> gate_readiness({"projects": projects}, period="2025-12").sentences()[0]
    'P2 is not ready for gate 1: it lacks a role that answers for it, estimates of benefit, cost, months and chance \
of success.'
    """
    known = checked(tables, also=_READ)
    rules = _checklist(checklist)
    projects = to_decide(known)
    asked = projects[["project_id", "name", "gate"]].assign(gate=(projects["gate"] + 1).clip(upper=rules["gate"].max()))
    facts = _Facts(tables=known, ids=asked["project_id"], month=first_month(known, period) - 1)
    items = asked[["project_id", "gate"]].merge(rules, on="gate", how="inner")
    found = {(item, months): set(asked["project_id"][_CHECKS[item](facts, months)])
             for item, months in set(zip(items["item"], items["months"].fillna(0.0), strict=True))}
    items["there"] = [project in found[item, months] for project, item, months in
                      zip(items["project_id"], items["item"], items["months"].fillna(0.0), strict=True)]
    items["there"] = items["there"].astype(bool)
    return Readiness(projects=_by_project(asked, items), by_gate=_by_gate(asked, items),
                     items=items[["project_id", "gate", "item", "there"]])


def _checklist(given: pd.DataFrame | None) -> pd.DataFrame:
    if given is None:
        return default_checklist()
    if not isinstance(given, pd.DataFrame) or not {"gate", "item"} <= set(given) or given.empty:
        raise ParameterError(f"checklist: got {shown(given)}, allowed a frame with rows of gate and item. Take "
                             "default_checklist() and change it.")
    words = dict((item, missing) for item, _, missing in _ITEMS)
    for item in given["item"]:
        if item not in words:
            raise ParameterError(f"checklist: item {item!r} is not known. {did_you_mean(str(item), ITEMS)}")
    gates = pd.to_numeric(given["gate"], errors="coerce")
    if not ((gates >= 1) & (gates % 1 == 0)).all():
        raise ParameterError("checklist: a gate is no whole number, allowed 1 or more. Correct the column gate.")
    twice = given[given.duplicated(["gate", "item"])]
    if len(twice):
        raise ParameterError(f"checklist: '{twice['item'].iloc[0]}' stands twice for gate {twice['gate'].iloc[0]}, "
                             "allowed once. Keep one of the rows.")
    default = pd.Series(given["item"].map(words), index=given.index)
    months = pd.to_numeric(given["months"]) if "months" in given else pd.Series(math.nan, index=given.index)
    fresh = given["item"].eq("newest") & months.isna()
    return pd.DataFrame({"gate": gates.astype("int64"), "item": given["item"].astype(str),
                         "missing": given["missing"].fillna(default) if "missing" in given else default,
                         "months": months.mask(fresh, float(_FRESH[LAST_GATE]))})


@dataclass(frozen=True, eq=False, kw_only=True)
class _Facts:
    """The tables, and the projects asked about in order."""

    tables: Mapping[str, pd.DataFrame]
    ids: pd.Series
    month: int

    def rows(self, name: str) -> pd.DataFrame | None:
        """Rows of a table of these projects; none without the table."""
        frame = self.tables.get(name)
        return None if frame is None else frame[frame["project_id"].isin(self.ids)]

    def where(self, good: pd.Series) -> pd.Series:
        """Turn truths by project_id into one per project asked about; what is not there is not."""
        return self.ids.isin(good.index[good])

    def nobody(self) -> pd.Series:
        return pd.Series(False, index=self.ids.index)


def _has_rows(name: str) -> Callable[[_Facts, float], pd.Series]:
    def check(facts: _Facts, _: float) -> pd.Series:
        rows = facts.rows(name)
        return facts.nobody() if rows is None else facts.ids.isin(rows["project_id"])

    return check


def _owner(facts: _Facts, _: float) -> pd.Series:
    projects = facts.tables["projects"].set_index("project_id")
    return facts.where(projects["owner_id"].fillna("") != "")


def _estimates(facts: _Facts, _: float) -> pd.Series:
    rows = facts.rows("estimates")
    if rows is None:
        return facts.nobody()
    return facts.where(rows.groupby("project_id")["quantity"].nunique() == len(QUANTITIES))


def _ranges(facts: _Facts, _: float) -> pd.Series:
    rows = facts.rows("estimates")
    if rows is None:
        return facts.nobody()
    # A chance may well be certain.
    amounts = rows[rows["quantity"] != "p_success"]
    wide = (amounts["p10"] < amounts["p90"]).groupby(amounts["project_id"]).sum()
    return facts.where(wide == len(QUANTITIES) - 1)


def _newest(facts: _Facts, months: float) -> pd.Series:
    rows = facts.rows("estimates")
    if rows is None:
        return facts.nobody()
    made_in = rows["as_of"].dt.year * 12 + rows["as_of"].dt.month
    return facts.where(facts.month - made_in.groupby(rows["project_id"]).min() <= months)


def _scores(facts: _Facts, _: float) -> pd.Series:
    rows, objectives = facts.rows("scores"), facts.tables.get("objectives")
    if rows is None or objectives is None:
        return facts.nobody()
    leaves = set(objectives["objective_id"]) - set(objectives["parent"].dropna())
    judged = rows[rows["raw_level"].notna() & rows["objective_id"].isin(leaves)]
    return facts.where(judged.groupby("project_id")["objective_id"].nunique() == len(leaves))


def _milestones(facts: _Facts, _: float) -> pd.Series:
    rows = facts.rows("milestones")
    if rows is None:
        return facts.nobody()
    return facts.where((rows.groupby("project_id")["weight"].sum() - 1.0).abs() <= _ROUNDING)


_CHECKS: dict[str, Callable[[_Facts, float], pd.Series]] = {
    "owner": _owner, "estimates": _estimates, "options": _has_rows("options"), "ranges": _ranges, "newest": _newest,
    "scores": _scores, "benefit claims": _has_rows("benefit_map"), "demand": _has_rows("demand"),
    "risks": _has_rows("risks"), "milestones": _milestones,
}


def _by_project(asked: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    needed = items.groupby("project_id")["there"].agg(["size", "sum"]).reindex(asked["project_id"]).fillna(0)
    lacking: dict[Any, str] = {name: ", ".join(rows["missing"])
                               for name, rows in items[~items["there"]].groupby("project_id")}
    frame = asked.assign(needed=needed["size"].to_numpy(dtype="int64"), there=needed["sum"].to_numpy(dtype="int64"))
    frame = frame.assign(complete=frame["there"] / frame["needed"].where(frame["needed"] > 0),
                         ready=frame["there"] == frame["needed"],
                         missing=[lacking.get(name, "") for name in frame["project_id"]])
    return frame.sort_values(["complete", "project_id"], kind="stable", ignore_index=True)[PROJECT_COLUMNS]


def _by_gate(asked: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for gate, mine in items.groupby("gate", sort=True):
        ready = mine.groupby("project_id")["there"].all()
        lacking = mine.loc[~mine["there"], "item"].value_counts()
        most = min(lacking.items(), key=lambda pair: (-pair[1], str(pair[0])))[0] if len(lacking) else ""
        rows.append((gate, len(ready), int(ready.sum()), float(ready.mean()), len(mine), int(mine["there"].sum()),
                     float(mine["there"].mean()), most))
    return pd.DataFrame(rows, columns=GATE_COLUMNS)
