"""Answers kept by content: what was asked names the file, and a file that does not fit is never trusted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pmlib.errors import ParameterError
from pmlib.portfolio.arguments import shown
from pmlib.portfolio.model import Status
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.problem import Problem


def content_hash(thing: Problem | Change) -> str:
    """Name what is asked by its content alone: the same in every process, whatever the hash seed.

    Two problems of one hash have the same plans: their columns, rows, actions and solver options agree. The name
    of a change does not count; its start does, since of equal plans it may choose another.

    Parameters
    ----------
    thing : Problem or Change

    Returns
    -------
    str
        64 hexadecimal digits (SHA-256).

    Examples
    --------
    >>> content_hash(Change(name="a")) == content_hash(Change(name="b"))
    True
    """
    digest = hashlib.sha256()
    for part in _bytes(_of_problem(thing) if isinstance(thing, Problem) else _of_change(thing)):
        digest.update(part)
    return digest.hexdigest()


def _of_problem(problem: Problem) -> tuple[Any, ...]:
    model, frame = problem.model, problem.actions.frame
    return ("problem", model.objective, model.lower, model.upper, model.integer, model.names, model.row_lower,
            model.row_upper, model.entry_row, model.entry_column, model.entry_value, tuple(frame["project_id"]),
            tuple(frame["action"]), problem.policy.gap, problem.policy.node_limit)


def _of_change(change: Change) -> tuple[Any, ...]:
    return ("change", [(int(column), float(value)) for column, value in change.fixed], _floats(change.objective),
            [(name, float(amount)) for name, amount in change.widened], change.lifted,
            [(_floats(total), float(floor)) for total, floor in change.at_least], _floats(change.start))


def _floats(values: Any) -> Any:
    return None if values is None else np.asarray(values, dtype=np.float64)


def _bytes(thing: Any) -> Iterator[bytes]:
    """Write a thing with its kind and size before its content, so that no two things read the same."""
    if isinstance(thing, np.ndarray):
        kind = thing.dtype.newbyteorder("<")
        yield f"{kind.str} {thing.shape} ".encode()
        yield np.ascontiguousarray(thing, dtype=kind).tobytes()
    elif isinstance(thing, tuple | list):
        yield f"items {len(thing)} ".encode()
        for one in thing:
            yield from _bytes(one)
    else:
        text = f"{type(thing).__name__} {thing!s}".encode()
        yield f"{len(text)} ".encode()
        yield text


class Store:
    """A folder of answers to one problem's changes.

    Parameters
    ----------
    folder : path
        Made when it is not there; it may hold the answers to other problems too.
    problem : Problem
        The question.

    Raises
    ------
    ParameterError
        The folder cannot be made or written to.
    """

    def __init__(self, folder: str | Path, problem: Problem) -> None:
        if not isinstance(folder, str | Path) or not str(folder).strip():
            raise ParameterError(f"store: got {shown(folder)}, allowed the path of a folder. Name one.")
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise ParameterError(f"store: {folder} is no folder and cannot be made one "
                                 f"({getattr(error, 'strerror', error)}). Name another.") from None
        self._asked = f"{content_hash(problem)} pmlib {version('pmlib')} highspy {version('highspy')}"
        self._owner = problem.actions.frame["project"].to_numpy()
        self._shape = len(problem.actions.projects), len(problem.model.objective)

    def get(self, change: Change) -> Plan | None:
        """Read the answer to a change; none when it is not there, not whole, or not the answer to this."""
        key = self._key(change)
        try:
            kept = json.loads(self._path(key).read_text(encoding="utf-8"))
            if kept["asked"] != key or kept["digest"] != _digest(kept["answer"]):
                return None
            answer = dict(kept["answer"])
            answer |= {"status": Status(answer["status"]), "choice": np.array(answer["choice"], dtype=np.int64),
                       "x": np.array(answer["x"], dtype=np.float64)}
            plan = Plan(name=change.name, **answer)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return plan if self._fits(plan) else None

    def _fits(self, plan: Plan) -> bool:
        if not plan.found:
            return not len(plan.x)
        return (len(plan.choice), len(plan.x)) == self._shape and bool(
            np.array_equal(self._owner[plan.choice % len(self._owner)], np.arange(len(plan.choice))))

    def put(self, change: Change, plan: Plan) -> None:
        """Write the answer to a change, all of it or nothing.

        Raises
        ------
        ParameterError
            The folder cannot be written to.
        """
        key = self._key(change)
        answer = asdict(plan) | {"choice": plan.choice.tolist(), "x": plan.x.tolist()}
        del answer["name"]
        text = json.dumps({"asked": key, "digest": _digest(answer), "answer": answer})
        try:
            self._write(self._path(key), text)
        except OSError as error:
            raise ParameterError(f"store: {self._folder} cannot be written to ({error.strerror}). Make room or name "
                                 "another.") from None

    def _write(self, path: Path, text: str) -> None:
        handle, temporary = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)

    def _key(self, change: Change) -> str:
        return f"{content_hash(change)} of {self._asked}"

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def _digest(answer: Any) -> str:
    return hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()
