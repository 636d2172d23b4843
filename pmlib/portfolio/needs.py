"""Who needs whom: circles that can never go on, and what a reader of the links should know."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pandas as pd

from pmlib.errors import SchemaError


def _needs(typed: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], str]:
    """Who needs whom, and by which kind of link (finished, the stricter one, counts); done projects are met."""
    links, projects = typed.get("links"), typed.get("projects")
    if links is None or projects is None:
        return {}
    done = set(projects["project_id"][projects["state"] == "done"])
    members: dict[tuple[str, str], dict[str, list[str]]] = {}
    columns = (links[name].tolist() for name in ("type", "link_id", "role", "member_id"))
    for kind, link_id, role, member in zip(*columns, strict=True):
        if kind.startswith("requires") and member not in done:
            members.setdefault((kind, link_id), {}).setdefault(role, []).append(member)
    return {(needing, needed): kind for (kind, _), roles in sorted(members.items())
            for needing in roles.get("needs", ()) for needed in roles.get("needed", ())}


def _reached(needs: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """For every project that needs others: all it needs, directly or not, and through whom it got there."""
    direct: dict[str, list[str]] = {}
    for needing, needed in sorted(needs):
        direct.setdefault(needing, []).append(needed)
    found: dict[str, dict[str, str]] = {}
    for start, first in direct.items():
        through = dict.fromkeys(first, start)
        queue = deque(through)
        while queue:
            at = queue.popleft()
            new = {needed: at for needed in direct.get(at, ()) if needed not in through}
            through |= new
            queue.extend(new)
        found[start] = through
    return found


def _runs_in_a_circle(needs: Iterable[tuple[str, str]]) -> bool:
    graph: dict[str, set[str]] = {}
    for needing, needed in needs:
        graph.setdefault(needing, set()).add(needed)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        return True
    return False


def refuse_circles(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse needs in a circle of which one must be finished first: none of them could ever go on.

    Parameters
    ----------
    tables : mapping of table name to frame
        links and projects, their types checked; without either there is nothing to refuse.

    Raises
    ------
    SchemaError
        There is such a circle; it is named.
    """
    needs = _needs(tables)
    if not _runs_in_a_circle(needs):
        return
    reached = _reached(needs)
    for (needing, needed), kind in sorted(needs.items()):
        if kind == "requires_finished" and needing in reached.get(needed, {}):
            through, way = reached[needed], [needing]
            while way[-1] != needed:
                way.append(through[way[-1]])
            way = [needing, *reversed(way)]
            said = ", ".join(f"{one} needs {other} {needs[one, other].removeprefix('requires_')}"
                             for one, other in pairwise(way))
            raise SchemaError(f"links: {said}: none of them can ever go on, allowed needs that end somewhere. "
                              "Remove one of these links, or make all of them requires_active.")


def remarks(tables: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Say what of checked links a reader should know: who stands or falls together, who can never go on.

    Parameters
    ----------
    tables : mapping of table name to frame
        As checked at the door.

    Returns
    -------
    tuple of str
        One sentence each; empty when there is nothing to say.
    """
    reached = _reached(_needs(tables))
    together = sorted({tuple(sorted(other for other in needed if one in reached.get(other, {})))
                       for one, needed in reached.items() if one in needed})
    said = [f"{', '.join(circle)} need each other: all of them go on, or none." for circle in together]
    links = tables.get("links")
    if links is None:
        return tuple(said)
    for link_id, members in links[links["type"] == "excludes"].groupby("link_id", sort=True)["member_id"]:
        barred = [one for one, needed in reached.items() if len(set(members) & {one, *needed}) > 1]
        said.extend(f"{one} can never go on: link {link_id} excludes what it needs." for one in sorted(barred))
        if len(members) == 1:
            said.append(f"Link {link_id} (excludes) has one member, {members.iloc[0]}, and has no effect.")
    return tuple(said)
