"""How projects hang together: needs, exclusions, joint gains, benefits claimed more than once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pmlib.portfolio.actions import Actions, records
from pmlib.portfolio.model import Floats, Ints, RowName, Rows

_NEEDS = ("requires_finished", "requires_active")


@dataclass(frozen=True, kw_only=True)
class Joint:
    """A joint gain or penalty (one column), or a shared benefit (one column per claim)."""

    link_id: str
    kind: str
    members: tuple[int, ...]
    columns: tuple[int, ...]
    amounts_k: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Links:
    """Links between the projects to decide, by position.

    Attributes
    ----------
    needs : tuple of (needs, needed, name of the needed)
        ``needed`` is -1 when that project can never be on.
    excludes : tuple of (link_id, members)
    joints : tuple of Joint
    notes : tuple of str
    """

    needs: tuple[tuple[int, int, str], ...] = ()
    excludes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    joints: tuple[Joint, ...] = ()
    notes: tuple[str, ...] = ()


def read_links(tables: Mapping[str, pd.DataFrame], actions: Actions, *, first_column: int, priced: bool) -> Links:
    """Sort the links table into needs, exclusions and joint effects; done projects count as met.

    Parameters
    ----------
    tables : mapping of table name to frame
        links and projects.
    actions : Actions
        The projects to decide.
    first_column : int
        Where the columns of joint effects begin.
    priced : bool
        Whether joint effects count (they are money).
    """
    table = tables.get("links")
    if table is None or table.empty:
        return Links()
    place = {str(name): i for i, name in enumerate(actions.projects["project_id"])}
    projects = tables["projects"]
    done = set(projects.loc[projects["state"] == "done", "project_id"])
    needs: list[tuple[int, int, str]] = []
    excludes: list[tuple[str, tuple[int, ...]]] = []
    joints: list[Joint] = []
    notes: list[str] = []
    for link_id, rows in _by_link(table).items():
        kind = str(rows[0]["type"])
        if kind in _NEEDS:
            needs.extend(_needs(rows, place, done))
            if not {"needs", "needed"} <= {row["role"] for row in rows}:
                notes.append(f"Link {link_id} ({kind}) lacks a 'needs' or a 'needed' member and has no effect.")
        elif kind == "excludes":
            excludes.append((link_id, tuple(place[row["member_id"]] for row in rows if row["member_id"] in place)))
        elif priced:
            joint = _joint(link_id, rows, place=place, done=done, actions=actions)
            if joint is not None:
                joints.append(joint)
    return Links(needs=tuple(sorted(set(needs))), excludes=tuple(excludes), notes=tuple(notes),
                 joints=_numbered(joints, first_column))


def _by_link(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(table.sort_values(["link_id", "member_id"], kind="stable")):
        found.setdefault(str(row["link_id"]), []).append({"role": "member", "amount_k": 0.0} | row)
    return found


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
        chance = actions.projects["p_success"].to_numpy()
        claims = tuple(float(chance[m]) * float(row["amount_k"]) for m, row in zip(members, inside, strict=True))
        return Joint(link_id=link_id, kind=kind, members=members, columns=members, amounts_k=claims)
    amount = float(rows[0]["amount_k"])
    finished = sum(row["member_id"] in done for row in rows)
    reachable = len(members) + finished == len(rows)
    if not members or amount == 0 or not reachable:
        return None
    return Joint(link_id=link_id, kind="gain" if amount > 0 else "penalty", members=members, columns=(0,),
                 amounts_k=(amount,))


def _numbered(joints: list[Joint], first: int) -> tuple[Joint, ...]:
    numbered = []
    for joint in joints:
        columns = tuple(range(first, first + len(joint.columns)))
        first += len(columns)
        numbered.append(replace(joint, columns=columns))
    return tuple(numbered)


def add_links(rows: Rows, links: Links, actions: Actions) -> None:
    """Add the rows of needs and exclusions, and those that tie joint effects to their members."""
    ids = actions.projects["project_id"].to_numpy()
    on = _on_columns(actions)
    for needing, needed, name in links.needs:
        theirs = on[needed] if needed >= 0 else np.empty(0, dtype=np.int64)
        _row(rows, ("requires", str(ids[needing]), name), [(theirs, 1.0), (on[needing], -1.0)], lower=0.0)
    for link_id, members in links.excludes:
        _row(rows, ("excludes", link_id), [(on[m], 1.0) for m in members], upper=1.0)
    for joint in links.joints:
        _add_joint(rows, joint, ids=ids, on=on)


def _add_joint(rows: Rows, joint: Joint, *, ids: np.ndarray, on: list[Ints]) -> None:
    column = np.array(joint.columns, dtype=np.int64)
    if joint.kind == "penalty":
        terms = [(on[m], -1.0) for m in joint.members]
        _row(rows, ("penalty", joint.link_id), [(column, 1.0), *terms], lower=1.0 - len(joint.members))
        return
    for member, own in zip(joint.members, column if joint.kind == "overlap" else column.repeat(len(joint.members)),
                           strict=True):
        _row(rows, (joint.kind, joint.link_id, str(ids[member])), [(np.array([own]), 1.0), (on[member], -1.0)],
             upper=0.0)
    if joint.kind == "overlap":
        _row(rows, ("counted once", joint.link_id), [(column, 1.0)], upper=1.0)


def _row(rows: Rows, name: RowName, terms: list[tuple[Ints, float]], *, lower: float = -np.inf,
         upper: float = np.inf) -> None:
    columns = np.concatenate([columns for columns, _ in terms]) if terms else np.empty(0, dtype=np.int64)
    values = np.concatenate([np.full(len(columns), value) for columns, value in terms]) if terms else np.empty(0)
    rows.add([name], (np.zeros(len(columns), dtype=np.int64), columns, values), lower=lower, upper=upper)


def _on_columns(actions: Actions) -> list[Ints]:
    on: list[list[int]] = [[] for _ in range(len(actions.projects))]
    for column, (project, is_on) in enumerate(zip(actions.frame["project"], actions.frame["on"], strict=True)):
        if is_on:
            on[project].append(column)
    return [np.array(columns, dtype=np.int64) for columns in on]


def joint_values(joint: Joint, on: np.ndarray) -> Floats:
    """Best values of a joint effect's columns for a given choice; ``on`` is bool of shape (n_projects,)."""
    members = on[list(joint.members)]
    if joint.kind != "overlap":
        return np.array([float(members.all())])
    claims = np.where(members, np.array(joint.amounts_k), -1.0)
    best = np.zeros(len(claims))
    if len(claims) and claims.max() > 0:
        best[int(claims.argmax())] = 1.0
    return best
