"""The agenda of a workshop, read from its notebook: when, what, how long, and what the facilitator does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.project import find_project

_FOLDER = Path("notebooks") / "workshop"


def agenda(workshop: str, *, folder: Path | None = None) -> pd.DataFrame:
    """Say what happens when in a workshop, with the notes for whoever leads it.

    Parameters
    ----------
    workshop : str
        Name of its notebook, say ``half_day``.
    folder : Path, optional
        Where the notebooks lie; ``notebooks/workshop`` of the project unless given.

    Returns
    -------
    DataFrame
        from_minute, minutes, what (the heading), facilitator.

    Raises
    ------
    ParameterError
        There is no such workshop.

    Examples
    --------
    >>> int(agenda("portfolio_90min")["minutes"].sum())
    90
    """
    import nbformat

    place = (find_project() or Path()) / _FOLDER if folder is None else folder
    path = place / f"{workshop}.ipynb"
    if not path.is_file():
        known = sorted(found.stem for found in place.glob("*.ipynb"))
        raise ParameterError(f"workshop: there is no {workshop!r}. {did_you_mean(workshop, known)}")
    rows = []
    for cell in nbformat.read(path, as_version=4).cells:  # type: ignore[no-untyped-call]
        plan = cell.metadata.get("pmlib", {})
        if "minutes" in plan:
            rows.append((plan["minutes"], cell.source.lstrip("# ").partition("\n")[0], plan.get("facilitator", "")))
    frame = pd.DataFrame(rows, columns=["minutes", "what", "facilitator"])
    frame.insert(0, "from_minute", frame["minutes"].cumsum() - frame["minutes"])
    return frame
