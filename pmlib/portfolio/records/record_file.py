"""The file of a decision record: JSON with sorted keys, written at once, refused by name when damaged."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from pmlib.errors import ParameterError
from pmlib.portfolio.arguments import shown
from pmlib.portfolio.records.sealing import digest

HEADER = {"kind": "pmlib decision record", "form": 1}
#: Parts whose items are sealed one by one.
SEALED_PARTS = ("parameters", "versions", "inputs", "corrected", "result", "projects", "decided", "forecasts")

_MONEY, _SOME = (float, int, NoneType), (str, NoneType)
_ROWS: dict[str, dict[str, Any]] = {
    "result": {"status": str, "unit": str, "binding": list, "check": str, "gap": (*_MONEY, str),
               "bound": (*_MONEY, str), "value_k": _MONEY, "cost_k": _MONEY, "now_value_k": _MONEY},
    "projects": {"name": str, "state": str, "recommended": _SOME, "month": _SOME, "value_k": _MONEY, "cost_k": _MONEY,
                 "reason_code": str, "reason": str, "open": list},
    "decided": {"decided": str, "role": str, "why": str, "agrees": (bool, NoneType),
                "cost_of_forcing_k": (*_MONEY, str)},
    "inputs": {"rows": int, "sha256": str},
    "corrected": {"rows": int, "sha256": str, "columns": list, "cells": list},
}
#: What a record is, beside its parts.
IDENTITY = ("company", "currency", "period", "git", "previous", "decided_from")


def file_name(period: str) -> str:
    """Name of the record of a period.

    Examples
    --------
    >>> file_name("2025-12")
    'decision_record_2025-12.json'
    """
    return f"decision_record_{period}.json"


def text(content: Mapping[str, Any]) -> str:
    """Write a record as text: the same content gives the same bytes."""
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write(content: Mapping[str, Any], folder: Path, *, replace: bool) -> Path:
    """Write a record into a folder, all of it or nothing.

    Raises
    ------
    ParameterError
        The folder cannot be written to, or holds another record of the period.
    """
    path, written = folder / file_name(content["period"]), text(content)
    try:
        if path.exists() and not replace:
            if path.read_bytes() == written.encode():
                return path
            raise ParameterError(f"{path}: another record of {content['period']} is there, and a record is never "
                                 "replaced unseen. Name another folder, or pass replace=True.")
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(written)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    except OSError as error:
        raise ParameterError(f"folder: {folder} cannot be written to ({error.strerror}). Name another.") from None
    return path


def read(path: Path) -> Any:
    """Read the JSON of a record.

    Raises
    ------
    ParameterError
        There is no such file, or it is cut off or no JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read ({error.strerror}). Name a decision record.") from None
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its characters"
        raise ParameterError(f"{path}: damaged, no whole JSON ({where}). Take it from a copy, or make the record "
                             "anew.") from None
    return content


def whole(content: Any, source: str) -> dict[str, Any]:
    """Return a copy of a record's content that has every part of the right kind.

    Raises
    ------
    ParameterError
        It is none, lacks a part, or is of a newer form.
    """
    if not isinstance(content, Mapping) or content.get("kind") != HEADER["kind"]:
        raise ParameterError(f"{source}: no decision record. Name one that decision_record wrote.")
    if content.get("form") != HEADER["form"]:
        raise ParameterError(f"{source}: a record of form {shown(content.get('form'))}, allowed {HEADER['form']}. Read "
                             "it with the pmlib that wrote it.")
    kinds: dict[str, type] = dict.fromkeys((*IDENTITY, "hash"), str) | dict.fromkeys((*SEALED_PARTS, "seals"), dict)
    for name, kind in kinds.items():
        if not isinstance(content.get(name), kind):
            raise ParameterError(f"{source}: damaged, '{name}' is missing or of another kind. Take it from a copy, or "
                                 "make the record anew.")
    _refuse_holes(content, source)
    return copy.deepcopy(dict(content))


def _refuse_holes(content: Mapping[str, Any], source: str) -> None:
    """Refuse rows without what every row has, or with words in the place of numbers."""
    for part, inner in _ROWS.items():
        for item, row in content[part].items() if part != "result" else [("plan", content[part])]:
            for name, kind in inner.items():
                if not isinstance(row, Mapping) or name not in row or not isinstance(row[name], kind):
                    raise ParameterError(f"{source}: damaged, '{name}' of {item} in '{part}' is missing or of another "
                                         "kind. Take it from a copy, or make the record anew.")
    for item, row in content["forecasts"].items():
        for points in row.values() if isinstance(row, Mapping) else [None]:
            if not isinstance(points, list) or [type(point) for point in points] != [float] * 3:
                raise ParameterError(f"{source}: damaged, a forecast of {item or 'the plan'} is not three numbers. "
                                     "Take it from a copy, or make the record anew.")


def seals(content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Hash every item of every part by itself, so that an edit can be named."""
    parts = {part: content[part] for part in SEALED_PARTS}
    parts["identity"] = {name: content[name] for name in IDENTITY}
    return {part: {item: digest(value)[:16] for item, value in items.items()} for part, items in parts.items()}


def whole_hash(content: Mapping[str, Any]) -> str:
    """Hash of all of a record but its own hash."""
    return digest({name: value for name, value in content.items() if name != "hash"})
