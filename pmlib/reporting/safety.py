"""What a report may touch: files no more public than its definition says, and no place outside its project."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from pmlib.errors import ParameterError, ReportError

_LONGEST_TEXT = 1000
_UNSEEN = ("Cc", "Cs")
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ELSEWHERE = re.compile(r"/|~([A-Za-z_][\w.-]*)?(/|$)|[A-Za-z]:/|(?i:file):|[A-Za-z][A-Za-z0-9+.-]*://")


def keep_private(place: Path, umask: str) -> None:
    """Give a file, or a folder and all below it, the mode that a definition's umask allows; Windows has none.

    Parameters
    ----------
    place : Path
        Symbolic links in it, and where they lead, stay as they are.
    umask : str
        Three octal digits: "077" leaves the owner alone, "027" the group to read.
    """
    if os.name == "nt":
        return
    denied = int(umask, 8)
    # From the inside out: a folder that its owner may not enter hides what lies in it.
    for path in reversed((place, *place.rglob("*"))):
        if not path.is_symlink():
            path.chmod((0o777 if path.is_dir() else 0o666) & ~denied)


def private_folder(folder: Path) -> Path:
    """Make a folder that its owner alone may enter, for what is not yet, or not to be, read by others.

    Returns
    -------
    Path
        The folder, which may have been there before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.name != "nt":
        folder.chmod(0o700)
    return folder


def refuse_paths(name: str, value: object, project: Path) -> None:
    """Stop a text parameter that leads to a place outside the project.

    Refused in any text are control characters, marks that turn the direction of writing, and more than 1,000
    characters. A other text is refused when it begins like a place elsewhere (``/``, ``~/``,
    ``~name``, ``C:/``, ``file:``, ``scheme://``), holds a backslash, or one of its parts between ``/`` is ``..``.
    A ``workbook``, and an ``earlier`` delivery of it, may be absolute or an address, for that is the caller's choice; a
    relative one stays inside.

    Parameters
    ----------
    name : str
        The parameter.
    value : object
        Anything but text is allowed.
    project : Path
        The project's root.

    Raises
    ------
    ParameterError
        The text names such a place.

    Examples
    --------
    >>> refuse_paths("group", "R&D / IT, 50 %/yr, a..b, ~5", Path("."))
    """
    if not isinstance(value, str):
        return
    if len(value) > _LONGEST_TEXT:
        raise ParameterError(f"parameter {name}: got {len(value):,} characters, allowed {_LONGEST_TEXT:,}. Shorten it.")
    hidden = next((one for one in value if unicodedata.category(one) in _UNSEEN or one in _TURNING), None)
    if hidden is not None:
        raise ParameterError(f"parameter {name}: got U+{ord(hidden):04X}, a character that cannot be seen, allowed "
                             "plain text. Take it out.")
    if name in ("workbook", "earlier"):
        _refuse_outside(name, value, project)
    elif _leads_elsewhere(value):
        raise ParameterError(f"parameter {name}: got {value!r}, a path, allowed plain text. Write it without a leading "
                             "'/' or '~', a drive or address, '..' or a backslash.")


def _leads_elsewhere(text: str) -> bool:
    parts = (part.strip() for part in text.split("/"))
    return "\\" in text or _ELSEWHERE.match(text.strip()) is not None or ".." in parts


def _refuse_outside(name: str, place: str, project: Path) -> None:
    path = Path(place.strip())
    if "://" in place or place.strip().startswith("~") or path.is_absolute():
        return
    if not (project / path).resolve().is_relative_to(project.resolve()):
        raise ParameterError(f"parameter {name}: got {place!r}, which leads out of the project, allowed a folder "
                             "or file in it. Write the whole path out if you mean it.")


def inside(folder: Path, path: Path) -> Path:
    """Follow a path to its end, which must lie in a folder.

    Parameters
    ----------
    folder : Path
    path : Path
        Absolute, or relative to ``folder``.

    Returns
    -------
    Path
        Absolute, without symbolic links.

    Raises
    ------
    ReportError
        It leads out of the folder.
    """
    home, end = folder.resolve(), (folder / path).resolve()
    if not end.is_relative_to(home):
        raise ReportError(f"{path.name} leads out of {folder.name}/, where reports take their files from. "
                          "Put the file itself there.")
    return end
