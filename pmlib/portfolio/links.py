"""How projects hang together: needs, exclusions, joint gains, benefits claimed more than once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError
from pmlib.months import month_text
from pmlib.portfolio.actions import Actions, records
from pmlib.portfolio.limits import Columns
from pmlib.portfolio.model import Floats, Ints, RowName, Rows

_NEEDS = ("requires_finished", "requires_active")


@dataclass(frozen=True, kw_only=True)
class Joint:
    """A joint gain or penalty (one column), or a shared benefit (one column per action with a claim).

    A held project goes on later: it counts in a penalty. A claim is worth less by the delay of its action.
    """

    link_id: str
    kind: str
    members: tuple[int, ...]
    columns: tuple[int, ...]
    amounts_k: tuple[float, ...]
    actions: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Links:
    """Links between the projects to decide, by position.

    Attributes
    ----------
    needs : tuple of (needs, needed, name of the needed)
        ``needed`` is -1 when that project can never be on.
    finished : frozenset of (needs, needed)
        Those of ``needs`` where the needed one must be finished, not only on.
    excludes : tuple of (link_id, members)
    joints : tuple of Joint
    notes : tuple of str
    """

    needs: tuple[tuple[int, int, str], ...] = ()
    finished: frozenset[tuple[int, int]] = frozenset()
    excludes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    joints: tuple[Joint, ...] = ()
    notes: tuple[str, ...] = ()


def read_links(
    tables: Mapping[str, pd.DataFrame], actions: Actions, *, columns: Columns, priced: bool,
) -> Links:
    """Sort the links table into needs, exclusions and joint effects; done projects count as met.

    Parameters
    ----------
    tables : mapping of table name to frame
        links and projects.
    actions : Actions
        The projects to decide.
    columns : Columns
        Where joint effects get their columns.
    priced : bool
        Whether joint effects count (they are money).

    Raises
    ------
    SchemaError
        Rows of one link differ in type, or rows of one synergy in amount.
    """
    table = tables.get("links")
    if table is None or table.empty:
        return Links()
    place = {str(name): i for i, name in enumerate(actions.projects["project_id"])}
    projects = tables["projects"]
    done = set(projects.loc[projects["state"] == "done", "project_id"])
    needs: list[tuple[int, int, str]] = []
    finished: set[tuple[int, int]] = set()
    excludes: list[tuple[str, tuple[int, ...]]] = []
    joints: list[Joint] = []
    notes: list[str] = []
    for link_id, rows in _by_link(table).items():
        kind = str(_agreed(link_id, rows, "type"))
        if kind == "synergy":
            _agreed(link_id, rows, "amount_k")
        if kind in _NEEDS:
            found = _needs(rows, place, done)
            needs.extend(found)
            if kind == "requires_finished":
                finished.update((needing, needed) for needing, needed, _ in found)
            if not {"needs", "needed"} <= {row["role"] for row in rows}:
                notes.append(f"Link {link_id} ({kind}) lacks a 'needs' or a 'needed' member and has no effect.")
        elif kind == "excludes":
            excludes.append((link_id, tuple(place[row["member_id"]] for row in rows if row["member_id"] in place)))
        elif priced:
            joint = _joint(link_id, rows, place=place, done=done, actions=actions)
            if joint is not None:
                joints.append(joint)
    return Links(needs=tuple(sorted(set(needs))), finished=frozenset(finished), excludes=tuple(excludes),
                 notes=tuple(notes), joints=_numbered(joints, columns))


def _by_link(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(table.sort_values(["link_id", "member_id"], kind="stable")):
        found.setdefault(str(row["link_id"]), []).append({"role": "member", "amount_k": 0.0} | row)
    return found


def _agreed(link_id: str, rows: list[dict[str, Any]], column: str) -> Any:
    """Return the one value that every row of a link gives."""
    first = rows[0][column]
    other = next((row for row in rows if row[column] != first), None)
    if other is not None:
        raise SchemaError(f"links: {link_id} has {column} {first} in the row of {rows[0]['member_id']} and "
                          f"{other[column]} in that of {other['member_id']}, allowed one for all members. "
                          f"Write the same {column} in every row, or give the rows a link_id of their own.")
    return first


def _needs(rows: list[dict[str, Any]], place: dict[str, int], done: set[str]) -> list[tuple[int, int, str]]:
    needing = [place[row["member_id"]] for row in rows if row["role"] == "needs" and row["member_id"] in place]
    needed = [str(row["member_id"]) for row in rows if row["role"] == "needed" and row["member_id"] not in done]
    return [(p, place.get(m, -1), m) for p in needing for m in needed if place.get(m, -1) != p]


def _joint(
    link_id: str, rows: list[dict[str, Any]], *, place: dict[str, int], done: set[str], actions: Actions,
) -> Joint | None:
    kind = str(rows[0]["type"])
    inside = [row for row in rows if row["member_id"] in place]
    members = tuple(place[row["member_id"]] for row in inside)
    if kind == "overlap":
        claims = _claims(inside, members, actions)
        return Joint(link_id=link_id, kind=kind, members=members, columns=tuple(claims), actions=tuple(claims),
                     amounts_k=tuple(claims.values()))
    amount = float(rows[0]["amount_k"])
    finished = sum(row["member_id"] in done for row in rows)
    reachable = len(members) + finished == len(rows)
    if not members or amount == 0 or not reachable:
        return None
    return Joint(link_id=link_id, kind="gain" if amount > 0 else "penalty", members=members, columns=(0,),
                 amounts_k=(amount,))


def _claims(rows: list[dict[str, Any]], members: tuple[int, ...], actions: Actions) -> dict[int, float]:
    """Claim of every action with which a member goes on, worth what the action's delay leaves of it."""
    # A claim inside a benefit nobody knows takes nothing away: there is no benefit in the total.
    chance = actions.projects["p_success"].where(actions.projects["source"] != "unknown", 0.0).to_numpy()
    left = actions.frame["benefit_left"].to_numpy(dtype=float)
    now, later = columns_of_each(actions)
    return {int(action): float(chance[member]) * float(row["amount_k"]) * float(left[action])
            for member, row in zip(members, rows, strict=True) for action in (*now[member], *later[member])}


def _numbered(joints: list[Joint], columns: Columns) -> tuple[Joint, ...]:
    numbered = []
    for joint in joints:
        places = columns.add(np.array(joint.amounts_k), 1.0) if joint.amounts_k else ()
        numbered.append(replace(joint, columns=tuple(int(place) for place in places)))
    return tuple(numbered)


def add_links(rows: Rows, links: Links, actions: Actions) -> None:
    """Add the rows of needs and exclusions, and those that tie joint effects to their members."""
    ids = actions.projects["project_id"].to_numpy()
    on, later = columns_of_each(actions)
    ever = [np.concatenate(pair) for pair in zip(on, later, strict=True)]
    nobody = np.empty(0, dtype=np.int64)
    for needing, needed, name in links.needs:
        if not len(ever[needing]):
            continue
        if (needing, needed) in links.finished and needed >= 0:
            _add_finished(rows, actions, ever[needing], ever[needed], name=(str(ids[needing]), name))
            continue
        theirs = on[needed] if needed >= 0 else nobody
        _row(rows, ("requires", str(ids[needing]), name), [(theirs, 1.0), (on[needing], -1.0)], lower=0.0)
        if len(later[needing]):
            theirs = ever[needed] if needed >= 0 else nobody
            _row(rows, ("requires later", str(ids[needing]), name), [(theirs, 1.0), (ever[needing], -1.0)], lower=0.0)
    for link_id, members in links.excludes:
        _row(rows, ("excludes", link_id), [(ever[m], 1.0) for m in members], upper=1.0)
    for joint in links.joints:
        _add_joint(rows, joint, ids=ids, on=on, ever=ever)


def _add_finished(rows: Rows, actions: Actions, mine: Ints, theirs: Ints, *, name: tuple[str, str]) -> None:
    """By every month in which a project may begin, the one it needs is finished: one row per such month.

    A project that has begun already, and one whose length nobody knows, only need the other to be on.
    """
    frame = actions.frame
    begins = frame["begins"].to_numpy()
    begun = actions.projects["state"].iat[int(frame["project"].to_numpy()[mine[0]])] == "running"
    waits = np.where(frame["on"].to_numpy()[theirs], 0, begins[theirs])
    known = frame["finishes"].to_numpy()[theirs]
    by = waits if begun else np.where(known > 0, known, waits)
    for month in np.unique(begins[mine]):
        _row(rows, ("requires", *name, month_text(int(month))),
             [(theirs[by <= month], 1.0), (mine[begins[mine] <= month], -1.0)], lower=0.0)


def _add_joint(rows: Rows, joint: Joint, *, ids: np.ndarray, on: list[Ints], ever: list[Ints]) -> None:
    column = np.array(joint.columns, dtype=np.int64)
    if joint.kind == "penalty":
        terms = [(ever[m], -1.0) for m in joint.members]
        _row(rows, ("penalty", joint.link_id), [(column, 1.0), *terms], lower=1.0 - len(joint.members))
    elif joint.kind == "gain":
        for member in joint.members:
            _row(rows, ("gain", joint.link_id, str(ids[member])), [(column, 1.0), (on[member], -1.0)], upper=0.0)
    else:
        for own, action in zip(joint.columns, joint.actions, strict=True):
            _row(rows, ("overlap", joint.link_id, str(action)),
                 [(np.array([own]), 1.0), (np.array([action]), -1.0)], upper=0.0)
        _row(rows, ("counted once", joint.link_id), [(column, 1.0)], upper=1.0)


def _row(rows: Rows, name: RowName, terms: list[tuple[Ints, float]], *, lower: float = -np.inf,
         upper: float = np.inf) -> None:
    columns = np.concatenate([columns for columns, _ in terms]) if terms else np.empty(0, dtype=np.int64)
    values = np.concatenate([np.full(len(columns), value) for columns, value in terms]) if terms else np.empty(0)
    rows.add([name], (np.zeros(len(columns), dtype=np.int64), columns, values), lower=lower, upper=upper)


def columns_of_each(actions: Actions) -> tuple[list[Ints], list[Ints]]:
    """Actions of every project with which it goes on at once, and those with which it goes on later."""
    def of_each(wanted: Iterable[bool]) -> list[Ints]:
        found: list[list[int]] = [[] for _ in range(len(actions.projects))]
        for column, (project, is_one) in enumerate(zip(actions.frame["project"], wanted, strict=True)):
            if is_one:
                found[project].append(column)
        return [np.array(columns, dtype=np.int64) for columns in found]

    return of_each(actions.frame["on"]), of_each(actions.frame["action"] == "hold")


def joint_values(joint: Joint, choice: Ints, actions: Actions) -> Floats:
    """Best values of a joint effect's columns for a given choice.

    Parameters
    ----------
    joint : Joint
    choice : int array of shape (n_projects,)
        Position of the chosen action of every project.
    actions : Actions
        What the choice is made of.
    """
    picked = choice[list(joint.members)]
    if joint.kind != "overlap":
        now, ever = actions.going_on
        return np.array([float((now if joint.kind == "gain" else ever)[picked].all())])
    chosen = set(picked.tolist())
    claims = [amount if action in chosen else -1.0
              for action, amount in zip(joint.actions, joint.amounts_k, strict=True)]
    best = np.zeros(len(claims))
    if max(claims, default=0.0) > 0:
        best[claims.index(max(claims))] = 1.0
    return best
