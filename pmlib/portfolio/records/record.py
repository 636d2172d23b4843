"""The decision record: what was recommended, what was decided and why, and everything needed to do it again."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, last_day, month_text, parse_month
from pmlib.portfolio.actions import ON
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.origins import asked
from pmlib.portfolio.records import record_file
from pmlib.portfolio.records.contents import Corrected, Provenance, contents
from pmlib.portfolio.records.sealing import INFINITE, plain

_POINTS = ("p10", "p50", "p90")
_FRAME = ["project_id", "name", "state", "recommended", "decided", "agrees", "decided_by_role", "why", "value_k",
          "cost_k", "cost_of_forcing_k", "reason", "sentence"]
_SHOWN = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionRecord:
    """What was recommended and decided in a period, with its forecasts and all that is needed to do it again.

    Attributes
    ----------
    content : dict
        Plain JSON: company, period, parameters, inputs, result, projects, decided, forecasts, seals and more.
    """

    content: dict[str, Any]

    @property
    def period(self) -> str:
        """Last known month, YYYY-MM."""
        return str(self.content["period"])

    @property
    def company(self) -> str:
        """Whose record it is; empty where the workbook has no name."""
        return str(self.content["company"])

    @property
    def hash(self) -> str:
        """Hash of the whole record, which the next one carries."""
        return str(self.content["hash"])

    @property
    def forecasts(self) -> pd.DataFrame:
        """Forecasts to be scored later: project_id (empty for the plan), quantity, made_on, p10, p50, p90, going_on."""
        made_on = pd.Timestamp(last_day(parse_month(self.period)))
        rows = [(project, quantity, made_on, *points, self._goes_on(project))
                for project, quantities in sorted(self.content["forecasts"].items())
                for quantity, points in sorted(quantities.items())]
        frame = pd.DataFrame(rows, columns=["project_id", "quantity", "made_on", *_POINTS, "going_on"])
        return frame.astype(dict.fromkeys(["project_id", "quantity"], str) | dict.fromkeys(_POINTS, float)
                            | {"made_on": "datetime64[us]", "going_on": bool})

    def _goes_on(self, project: str) -> bool:
        """Whether a project goes on: as decided, else as recommended; the plan always does."""
        decided = self.content["decided"].get(project, {}).get("decided")
        verb = decided or self.content["projects"].get(project, {"recommended": "keep"})["recommended"]
        return verb in ON

    def to_frame(self) -> pd.DataFrame:
        """One row per project: what was recommended and decided, by which role, why, and what an override costs."""
        rows = []
        for project, row in self.content["projects"].items():
            said = self.content["decided"].get(project, {"decided": "", "role": "", "why": "", "agrees": None,
                                                         "cost_of_forcing_k": None})
            rows.append((project, row["name"], row["state"], row["recommended"], said["decided"], said["agrees"],
                         said["role"], said["why"], row["value_k"], row["cost_k"], _float(said["cost_of_forcing_k"]),
                         row["reason"], _sentence(project, row, said, unit=self.content["result"]["unit"])))
        frame = pd.DataFrame(rows, columns=_FRAME)
        return frame.astype(dict.fromkeys(["value_k", "cost_k", "cost_of_forcing_k"], float) | {"agrees": "boolean"})

    @property
    def overridden(self) -> pd.DataFrame:
        """The projects that were decided otherwise."""
        frame = self.to_frame()
        return frame[frame["agrees"].eq(False).fillna(False).astype(bool)].reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: no clock, no machine, the same for the same inputs and versions."""
        return copy.deepcopy(self.content)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, source: str = "record") -> DecisionRecord:
        """Take a record out of plain JSON; what is none is refused, what was edited is found by `verify_record`.

        Raises
        ------
        ParameterError
            It is no decision record, lacks a part, or was written by a newer pmlib.
        """
        return cls(content=record_file.whole(content, source))

    def write(self, folder: str | Path, *, replace: bool = False) -> Path:
        """Write ``decision_record_YYYY-MM.json``, all of it or nothing; another record there is kept.

        Parameters
        ----------
        folder : path
            Made when it is not there.
        replace : bool
            Whether another record of the period may be replaced.

        Raises
        ------
        ParameterError
            The folder cannot be written to, or holds another record of this period.
        """
        return record_file.write(self.content, Path(folder), replace=replace)

    @classmethod
    def read(cls, path: str | Path) -> DecisionRecord:
        """Read a record; a file that is cut off or no record is refused by name.

        Raises
        ------
        ParameterError
            There is no such file, it is damaged, or it is no decision record.
        """
        return cls.from_dict(record_file.read(Path(path)), source=str(path))

    def summary(self) -> str:
        """Say what was recommended, how much of it is decided, what was decided otherwise and what that costs."""
        result, frame = self.content["result"], self.to_frame()
        given = frame[frame["decided"] != ""]
        worth = "" if result["value_k"] is None else f" worth {result['value_k']:,.0f} {result['unit']}"
        words = [f"{self.period}: a plan of {len(frame)} projects{worth} ({result['status']})."]
        if given.empty:
            return f"{words[0]} Nothing is decided yet: add the board's decisions."
        over = self.overridden
        words.append(f"The board decided on {len(given)} of {len(frame)} projects, {len(given) - len(over)} as "
                     "recommended.")
        cost = over["cost_of_forcing_k"]
        if len(over):
            known = cost[np.isfinite(cost)]
            one = "1 was" if len(over) == 1 else f"{len(over)} were"
            priced = f", which costs {known.sum():,.0f} {result['unit']}, each taken alone" if len(known) else ""
            words.append(f"{one} decided otherwise ({', '.join(over['project_id'][:_SHOWN])}"
                         f"{' and more' if len(over) > _SHOWN else ''}){priced}.")
        return " ".join(words)

    def headline(self) -> dict[str, str]:
        """Give how much is decided, how much otherwise, and the hash by which the record is known."""
        frame = self.to_frame()
        given = int((frame["decided"] != "").sum())
        return {f"{given} of {len(frame)}": "projects decided",
                f"{len(self.overridden)} of {given}": "decided otherwise than recommended",
                self.hash[:12]: "is the record's mark"}

    def __repr__(self) -> str:
        given = len(self.content["decided"])
        company = f"{self.company} " if self.company else ""
        return (f"<DecisionRecord: {company}{self.period}; {given} of {len(self.content['projects'])} decided, "
                f"{len(self.overridden)} otherwise; {self.content['result']['status']}; {self.hash[:12]}>")


def decision_record(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None,
    decided: object = None, corrected: Corrected | None = None, provenance: Provenance | None = None,
) -> DecisionRecord:
    """Write down what was recommended, what was decided by which role and why, and what it rests on.

    Parameters
    ----------
    decision : Decision
        The plan.
    tables : mapping of table name to frame
        The tables as they were delivered; `decisions` says what the board decided in the period.
    period : int or str, optional
        Last known month; by default the plan's own, and no other is taken.
    decided : frame, or mapping of project_id to verb, optional
        In place of the table: project_id, decided, and where known reason and decided_by_role.
    corrected : result with ``tables``, optional
        The corrected tables, where the plan was made from them; what differs is kept in the record.
    provenance : Provenance, optional
        Parameters of the report, seed, versions, commit, the record before this one.

    Returns
    -------
    DecisionRecord

    Raises
    ------
    ParameterError
        The plan was made from other tables or for another period, a decided project or verb is unknown, or the
        record before is of another company or not earlier.
    SchemaError
        A table breaks its definition, or a project is decided twice in the period.

    References
    ----------
    Spetzler, Winter & Meyer (2016), Decision Quality: a decision is judged by what was known when it was made.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> projects = pd.DataFrame({
    ...     "project_id": ["P17", "P23"], "state": "running", "bac_k": [5221.0, 2000.0], "spent_k": [4072.0, 1900.0]})
    >>> flows = pd.DataFrame({
    ...     "project_id": ["P17", "P23"], "year": 2026, "cost_k": [900.0, 300.0], "benefit_k": [520.0, 1150.0]})
    >>> tables = {"projects": projects, "cash_flows": flows}
    >>> record = decision_record(rebalance(tables, period="2025-12"), tables, decided={"P17": "keep"})
    >>> record.to_frame()["sentence"][0].partition(". Why")[0]
    'P17: stop was recommended, keep was decided (role not named); it costs 366 thousand EUR'
    """
    made = asked(decision)
    own = made.problem.actions.first - 1
    if period is not None and as_month(period) != own:
        raise ParameterError(f"period: got {month_text(as_month(period))}, allowed {month_text(own)}, the last month "
                             "known to the plan. Rebalance for the period you mean.")
    source = Provenance() if provenance is None else of_kind(
        provenance, Provenance, "provenance", remedy="Pass Provenance(seed=1, git='...').")
    if source.previous is not None:
        of_kind(source.previous, DecisionRecord, "previous", remedy="Read it with DecisionRecord.read.")
    content = plain(contents(made, tables, decided=decided, corrected=corrected, provenance=source), "record")
    content["seals"] = record_file.seals(content)
    content["hash"] = record_file.whole_hash(content)
    return DecisionRecord(content=content)


def read_records(folder: str | Path) -> list[DecisionRecord]:
    """Read every decision record of a folder, the earliest first; other files are left alone.

    Raises
    ------
    ParameterError
        There is no such folder, a record in it is damaged, or they are of several companies.
    """
    place = Path(folder)
    if not place.is_dir():
        raise ParameterError(f"folder: {place} is none. Name the folder that holds the decision records.")
    records = [DecisionRecord.read(path) for path in sorted(place.glob(record_file.file_name("*")))]
    companies = sorted({record.company for record in records})
    if len(companies) > 1:
        raise ParameterError(f"folder: {place} holds records of {' and '.join(companies)}, allowed one company. Keep "
                             "them apart.")
    return sorted(records, key=lambda record: record.period)


def _float(value: float | str | None) -> float:
    if isinstance(value, str):
        return math.inf if value == INFINITE else math.nan
    return math.nan if value is None else float(value)


def _sentence(project: str, row: Mapping[str, Any], said: Mapping[str, Any], *, unit: str) -> str:
    """Say for one project what was recommended, what was decided by whom, and why."""
    recommended = f"{project}: {row['recommended']} was recommended" if row["recommended"] else f"{project}: no plan"
    if not said["decided"]:
        return f"{recommended}; not decided yet. {row['reason']}"
    role = f"by {said['role']}" if said["role"] else "(role not named)"
    why = f" Why: {said['why']}" if said["why"] else ""
    if said["agrees"]:
        return f"{recommended} and decided {role}.{why}"
    if said["agrees"] is None:
        return f"{recommended}; {said['decided']} was decided {role}.{why}"
    cost = {None: "it was not open to the plan", INFINITE: "no plan within the limits has it"}
    price = cost.get(said["cost_of_forcing_k"]) or f"it costs {said['cost_of_forcing_k']:,.0f} {unit}"
    return f"{recommended}, {said['decided']} was decided {role}; {price}.{why or ' Why: not said.'}"
