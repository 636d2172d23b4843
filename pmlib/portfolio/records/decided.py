"""What the board decided: one row per project and period, out of the table `decisions` or as handed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, SchemaError, did_you_mean
from pmlib.months import month_text
from pmlib.portfolio.arguments import shown
from pmlib.portfolio.inputs import checked
from pmlib.schema import TABLES

VERBS = TABLES["decisions"]["decided"].choices
COLUMNS = ["project_id", "decided", "reason", "decided_by_role"]


def decisions_table(tables: Mapping[str, pd.DataFrame], *, upto: int | None = None) -> pd.DataFrame:
    """Read the table `decisions`, sorted by period and project; one decision for a project and period.

    Parameters
    ----------
    tables : mapping of table name to frame
    upto : int, optional
        Last month that counts, year * 12 + month.

    Returns
    -------
    DataFrame
        decision_id, period (year * 12 + month), project_id, recommended, decided, reason, decided_by_role.

    Raises
    ------
    MissingTableError
        decisions is missing.
    SchemaError
        A cell breaks its definition, a project is decided twice in a period, or a role is a person's address.
    """
    given = tables.get("decisions")
    if given is None:
        raise MissingTableError("decisions: missing. The record of the board needs it; add decisions.csv with "
                                "decision_id, period, project_id, recommended, decided.")
    projects = tables.get("projects")
    home = {} if projects is None else {"projects": projects}
    frame = checked({**home, "decisions": given}, also=("decisions",))["decisions"]
    twice = frame[frame.duplicated(["period", "project_id"])]
    if len(twice):
        name, period = twice["project_id"].iloc[0], month_text(twice["period"].iloc[0])
        ids = frame.loc[(frame["project_id"] == name) & (frame["period"] == twice["period"].iloc[0]), "decision_id"]
        raise SchemaError(f"decisions: {name} has {len(ids)} decisions for {period} ({', '.join(sorted(ids))}), "
                          "allowed one for each project and period. Keep the one that counts.")
    _refuse_persons(frame["decided_by_role"])
    known = frame if upto is None else frame[frame["period"] <= upto]
    return known.sort_values(["period", "project_id"], kind="stable").reset_index(drop=True)


def decided_in(
    tables: Mapping[str, pd.DataFrame], period: int, decided: object = None, *, projects: Collection[str],
) -> pd.DataFrame:
    """Say what was decided in a period: as handed in, else by the table `decisions`; nobody's decision is made up.

    Parameters
    ----------
    tables : mapping of table name to frame
    period : int
        year * 12 + month.
    decided : frame, or mapping of project_id to verb, optional
        A frame has project_id and decided, and may have reason and decided_by_role.
    projects : collection of str
        The projects that were to be decided.

    Returns
    -------
    DataFrame
        project_id, decided, reason, decided_by_role; sorted; empty where nothing is decided yet.

    Raises
    ------
    ParameterError, SchemaError
        A project or a verb is unknown, a project is decided twice, or a role is a person's address.
    """
    if decided is not None:
        frame, source = _handed_in(decided), "decided"
    elif tables.get("decisions") is not None:
        table = decisions_table(tables)
        frame, source = table.loc[table["period"] == period, COLUMNS], f"decisions of {month_text(period)}"
    else:
        return pd.DataFrame({name: pd.Series([], dtype=str) for name in COLUMNS})
    for name in frame["project_id"]:
        if name not in projects:
            raise ParameterError(f"{source}: {name!r} is not to be decided in this plan. "
                                 f"{did_you_mean(str(name), sorted(projects))}")
    return frame.sort_values("project_id", kind="stable").reset_index(drop=True)


def _handed_in(decided: object) -> pd.DataFrame:
    if isinstance(decided, pd.DataFrame):
        frame = decided.reset_index(drop=True)
        missing = [name for name in COLUMNS[:2] if name not in frame]
        if missing:
            raise ParameterError(f"decided: column '{missing[0]}' is missing, allowed {', '.join(COLUMNS)}. "
                                 f"{did_you_mean(missing[0], [str(name) for name in frame])}")
    elif isinstance(decided, Mapping | pd.Series):
        verbs = dict(decided)
        frame = pd.DataFrame({"project_id": list(verbs), "decided": list(verbs.values())}, dtype=object)
    else:
        raise ParameterError(f"decided: got {shown(decided)}, allowed a frame or a mapping of project_id to verb. "
                             "Pass {'P17': 'stop'}.")
    frame = frame.assign(**{name: "" for name in COLUMNS[2:] if name not in frame})[COLUMNS]
    frame = frame.fillna({"reason": "", "decided_by_role": ""}).assign(project_id=frame["project_id"].map(str))
    _refuse_words(frame)
    return frame.astype(str)


def _refuse_words(frame: pd.DataFrame) -> None:
    for project, verb in zip(frame["project_id"], frame["decided"], strict=True):
        if verb not in VERBS:
            raise ParameterError(f"decided: {project} is decided {shown(verb)}. {did_you_mean(str(verb), VERBS)}")
    twice: list[Any] = frame.loc[frame["project_id"].duplicated(), "project_id"].tolist()
    if twice:
        raise ParameterError(f"decided: {twice[0]} is decided {int((frame['project_id'] == twice[0]).sum())} times, "
                             "allowed once. Keep the decision that counts.")
    _refuse_persons(frame["decided_by_role"])


def _refuse_persons(roles: pd.Series) -> None:
    for role in roles[roles.astype(str).str.contains("@", regex=False)]:
        raise SchemaError(f"decided_by_role: got {role!r}, allowed a role. Write the role that decided, not a person.")
