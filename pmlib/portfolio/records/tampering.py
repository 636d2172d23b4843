"""Whether a decision record is whole, rests on the tables there are, and is decided the same way once more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from numbers import Real
from typing import Any

import pandas as pd

from pmlib.errors import ParameterError, PmlibError
from pmlib.months import parse_month
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.decision import rebalance
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.records.contents import (
    BY_TABLE,
    PLAN_VALUE,
    Corrected,
    company_of,
    corrections,
    forecasts,
    installed,
    results,
)
from pmlib.portfolio.records.decided import COLUMNS as DECIDED
from pmlib.portfolio.records.record import DecisionRecord
from pmlib.portfolio.records.record_file import seals, whole_hash
from pmlib.portfolio.records.sealing import digest, fingerprints, known_tables, plain

COLUMNS = ["part", "item", "problem", "recorded", "found", "breaks"]
EDITED, CHANGED, OTHERWISE = "edited after it was sealed", "changed since", "comes out otherwise"
BROKEN, OTHER_VERSION, FAILED = "the chain is broken", "another version", "cannot be done again"
#: Relative difference below which two figures are the same on another machine.
_SAME = 1e-6
_SHOWN = 5
_LONGEST = 60
_Rows = Iterator[tuple[str, str, str, str, str]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Verification:
    """What of a record does not hold.

    Attributes
    ----------
    findings : DataFrame
        One row per difference: part (inputs, corrected, parameters, result, projects, decided, forecasts, identity,
        chain, versions), item (table, field, project), problem, recorded, found, breaks (whether the record
        fails by it; another version alone does not).
    period : str
    again : bool
        Whether the plan was made again.
    same_decisions : bool
        Whether it recommends the same for every project.
    """

    findings: pd.DataFrame
    period: str
    again: bool
    same_decisions: bool

    @property
    def holds(self) -> bool:
        """Whether nothing breaks the record."""
        return not self.findings["breaks"].any()

    @property
    def exit_code(self) -> int:
        """0 where the record holds, else 1."""
        return int(not self.holds)

    def to_frame(self) -> pd.DataFrame:
        """One row per difference."""
        return self.findings.copy(deep=False)

    def sentences(self) -> list[str]:
        """Name every difference, those of one part and kind together."""
        words = []
        for (part, problem), rows in self.findings.groupby(["part", "problem"], sort=False):
            names = rows["item"].tolist()
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            first = rows.iloc[0]
            values = f" (recorded {first['recorded']}, found {first['found']})" if len(names) == 1 else ""
            words.append(f"{part}: {', '.join(names[:_SHOWN])}{more}: {problem}{values}.")
        return words

    def summary(self) -> str:
        """Say whether the record holds, and name what does not."""
        if self.holds:
            first = f"The record of {self.period} holds: the same tables and parameters give the same decisions."
        elif self.again and self.same_decisions:
            first = f"The record of {self.period} does not hold, though the plan made again decides the same."
        elif self.again:
            first = f"The record of {self.period} does not hold: the plan made again decides otherwise."
        else:
            first = f"The record of {self.period} does not hold, and the plan could not be made again."
        return " ".join([first, *self.sentences()])

    def headline(self) -> dict[str, str]:
        """Give the verdict and the number of differences."""
        return {"holds" if self.holds else "does not hold": f"the record of {self.period}",
                str(int(self.findings["breaks"].sum())): "differences that break it"}

    def __repr__(self) -> str:
        wrong = self.findings.loc[self.findings["breaks"], "part"].drop_duplicates().tolist()
        return f"<Verification {self.period}: {'does not hold: ' + ', '.join(wrong) if wrong else 'holds'}>"


def verify_record(
    record: DecisionRecord, tables: Mapping[str, pd.DataFrame], *, previous: DecisionRecord | None = None,
    corrected: Corrected | None = None,
) -> Verification:
    """Make the plan again from the recorded parameters, and name everything that is not as it was recorded.

    A part edited by hand breaks its seal. Whoever writes new seals too is found by what comes out again, and by the
    next record, which carries the hash of this one.

    Parameters
    ----------
    record : DecisionRecord
        As read from its file.
    tables : mapping of table name to frame
        The tables as known in the record's period, such as ``book.baseline(record.period)``.
    previous : DecisionRecord, optional
        The record before; without it the chain is not looked at.
    corrected : result with ``tables``, optional
        Corrected anew from these tables: compared with the corrected tables kept in the record.

    Returns
    -------
    Verification

    Raises
    ------
    ParameterError
        It is no record, or the tables or the record before are another company's.
    MissingTableError, SchemaError
        The tables cannot be used.

    References
    ----------
    Haber & Stornetta (1991), Journal of Cryptology 3(2): records chained by their hashes.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> from pmlib.portfolio.records.record import decision_record
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": [500.0]}),
    ...     "estimates": pd.DataFrame({"project_id": "P1", "quantity": ["benefit_pv_k", "cost_k"], "p10": [700.0, 90.0],
    ...                                "p50": [800.0, 100.0], "p90": [900.0, 130.0]})}
    >>> record = decision_record(rebalance(tables, period="2025-12"), tables)
    >>> verify_record(record, tables)
    <Verification 2025-12: holds>
    >>> verify_record(record, {**tables, "projects": tables["projects"].assign(kind="pilot")})
    <Verification 2025-12: does not hold: inputs>
    """
    of_kind(record, DecisionRecord, "record", remedy="Read one with DecisionRecord.read.")
    known = known_tables(tables)
    _refuse_strangers(record, company_of(known), "the tables are of")
    content = record.content
    rows = [*_edited(content), *_inputs(content, known), *_corrected(content, known, corrected)]
    if previous is not None:
        rows += _chain(record, previous)
    again = list(_again(content, tables, known))
    rows += again
    current = installed()
    rows += [("versions", name, OTHER_VERSION, str(was), str(current.get(name, "not there")))
             for name, was in content["versions"].items() if current.get(name) != was]
    findings = pd.DataFrame(rows, columns=COLUMNS[:-1]).astype(str)
    return Verification(
        findings=findings.assign(breaks=findings["problem"] != OTHER_VERSION), period=record.period,
        again=not any(problem == FAILED for _, _, problem, *_ in again),
        same_decisions=not any(problem == FAILED or (part == "projects" and item.endswith(("recommended", "month")))
                               for part, item, problem, *_ in again))


def verify_chain(records: Sequence[DecisionRecord]) -> pd.DataFrame:
    """Look at the seals of records and at the links between them, without tables.

    Parameters
    ----------
    records : sequence of DecisionRecord
        Of one company, in any order.

    Returns
    -------
    DataFrame
        period, part, item, problem, recorded, found; empty where nothing is wrong.

    Raises
    ------
    ParameterError
        They are of several companies, or two are of one period.
    """
    ordered = sorted(records, key=lambda record: record.period)
    rows = [(record.period, *row) for record in ordered for row in _edited(record.content)]
    if ordered and ordered[0].content["previous"]:
        rows.append((ordered[0].period, "chain", "first", "the record before is not here", *_links(ordered[0], "")))
    for before, after in pairwise(ordered):
        if before.period == after.period:
            raise ParameterError(f"records: two of {after.period}, allowed one by period. Keep the one that counts.")
        rows += [(after.period, *row) for row in _chain(after, before)]
    return pd.DataFrame(rows, columns=["period", *COLUMNS[:-1]]).astype(str)


def _refuse_strangers(record: DecisionRecord, company: str, whose: str) -> None:
    if record.company and company and record.company != company:
        raise ParameterError(f"record: it is one of '{record.company}', {whose} '{company}'. Pass those of one "
                             "company.")


def _edited(content: Mapping[str, Any]) -> _Rows:
    """Name the items whose seal does not fit any more."""
    now, then = seals(content), content["seals"]
    wrong = False
    for part in sorted(set(now) | set(then)):
        was = then.get(part) if isinstance(then.get(part), Mapping) else {}
        for item in sorted(set(now.get(part, {})) | set(was)):
            if now.get(part, {}).get(item) != was.get(item):
                wrong = True
                value = content[part].get(item) if part in content else content.get(item)
                yield part, item or "the plan", EDITED, "another value" if item in was else "nothing", _short(value)
    if not wrong and whole_hash(content) != content["hash"]:
        yield "identity", "hash", EDITED, content["hash"][:12], whole_hash(content)[:12]


def _inputs(content: Mapping[str, Any], known: Mapping[str, pd.DataFrame]) -> _Rows:
    now, then = fingerprints(known), content["inputs"]
    for name in sorted(set(now) | set(then)):
        if now.get(name, {}).get("sha256") != then.get(name, {}).get("sha256"):
            yield "inputs", name, CHANGED, _print(then.get(name)), _print(now.get(name))


def _print(mark: Mapping[str, Any] | None) -> str:
    return "not there" if mark is None else f"{mark['rows']} rows, {mark['sha256'][:8]}"


def _corrected(
    content: Mapping[str, Any], known: Mapping[str, pd.DataFrame], corrected: Corrected | None,
) -> _Rows:
    kept = content["corrected"]
    for name, table in kept.items():
        if digest([name, table["cells"]]) != table["sha256"]:
            yield "corrected", name, EDITED, _print(table), digest([name, table["cells"]])[:8]
    if corrected is None:
        return
    anew = corrections(known, known_tables(corrected.tables))
    for name in sorted(set(anew) | set(kept)):
        if anew.get(name, {}).get("sha256") != kept.get(name, {}).get("sha256"):
            yield "corrected", name, OTHERWISE, _print(kept.get(name)), _print(anew.get(name))


def _chain(record: DecisionRecord, previous: DecisionRecord) -> _Rows:
    _refuse_strangers(record, previous.company, "the one before is of")
    if whole_hash(previous.content) != previous.hash:
        yield "chain", previous.period, EDITED, previous.hash[:12], whole_hash(previous.content)[:12]
    if record.content["previous"] != previous.hash or previous.period >= record.period:
        yield "chain", previous.period, BROKEN, *_links(record, previous.hash)


def _links(record: DecisionRecord, found: str) -> tuple[str, str]:
    return record.content["previous"][:12] or "no record before", found[:12] or "nothing"


def _again(content: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], known: Mapping[str, pd.DataFrame]) -> _Rows:
    """Make the plan again and name what comes out otherwise."""
    try:
        found = plain(_made_again(content, tables, known), "record")
    except (PmlibError, TypeError, ValueError) as error:
        yield "result", "plan", FAILED, str(content["result"]["status"]), str(error)
        return
    for part, values in found.items():
        for path, was, now in _differences(content[part], values):
            # Another version may word it otherwise; codes and figures say what it is.
            if not path.endswith((" reason", "check")):
                yield part, path or "the plan", OTHERWISE, _short(was), _short(now)


def _made_again(
    content: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], known: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    parameters = content["parameters"]
    options = {one.name: parameters[one.name] for one in fields(Policy) if one.name in parameters}
    kept = {name: pd.DataFrame(table["cells"], columns=table["columns"], dtype=object)
            for name, table in content["corrected"].items()}
    used = known_tables({**known, **kept})
    decision = rebalance(used, period=parse_month(content["period"]), policy=Policy(**options),
                         values=parameters.get("values") or None, points=parameters.get("points") or None)
    decided = None
    if content["decided_from"] != BY_TABLE:
        decided = pd.DataFrame([(project, row["decided"], row["why"], row["role"])
                                for project, row in content["decided"].items()], columns=DECIDED, dtype=object)
    return {**results(decision, tables, decided=decided),
            "forecasts": forecasts(decision, used, plan_value=content["forecasts"].get("", {}).get(PLAN_VALUE))}


def _differences(was: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Walk two plain contents and give the places in which they differ."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted(set(was) | set(now)):
            yield from _differences(was.get(key), now.get(key), f"{path} {key}".strip())
    elif isinstance(was, Real) and isinstance(now, Real) and not isinstance(was, bool):
        if not math.isclose(was, now, rel_tol=_SAME, abs_tol=_SAME):
            yield path, was, now
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for one, other in zip(was, now, strict=True):
            yield from _differences(one, other, path)
    elif was != now:
        yield path, was, now


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST - 1]}…"
