"""How good the decision was when it was made: six elements, each shown by evidence or asked, the weakest counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import mapping, of_kind, shown
from pmlib.portfolio.records.questions import ELEMENTS, MEASURES, NAMES, QUESTIONS, Facts, Question
from pmlib.portfolio.records.readiness import Readiness
from pmlib.portfolio.records.record import DecisionRecord
from pmlib.portfolio.records.sealing import known_tables
from pmlib.portfolio.records.tampering import Verification

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN, NOT_SO, YES, NO, OPEN = "shown", "shown to be lacking", "the board says yes", "the board says no", "open"
_SETTLED = (SHOWN, YES)
_FEW = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionQuality:
    """The six elements of a good decision, with what is known of each.

    Attributes
    ----------
    questions : DataFrame
        One row per question: element, question, asks, standing (shown, shown to be lacking, the board says yes, the
        board says no, open), says (the evidence or the answer; an open one is asked).
    elements : DataFrame
        One row per element: element, name, asked, met (settled well), evidenced, answered (shares of the questions
        that record and tables, or the board's yes, settle, 0-1), open, weakest, says.
    period : str
    """

    questions: pd.DataFrame
    elements: pd.DataFrame
    period: str

    @property
    def weakest(self) -> tuple[str, ...]:
        """Names of the elements of which least is settled."""
        return tuple(self.elements.loc[self.elements["weakest"], "name"])

    @property
    def open_questions(self) -> tuple[str, ...]:
        """What neither record, tables nor the board have answered."""
        return tuple(self.questions.loc[self.questions["standing"] == OPEN, "asks"])

    def to_frame(self) -> pd.DataFrame:
        """One row per element."""
        return self.elements.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw how much of each element is settled, the weakest marked."""
        from pmlib.plots import records

        return records.decision_quality(self.elements, ax)

    def summary(self) -> str:
        """Say that the decision is as good as its weakest element, which that is, and what is still to be asked."""
        least = self.elements.loc[self.elements["weakest"]].iloc[0]
        n = len(self.open_questions)
        if bool((self.elements["met"] == self.elements["asked"]).all()):
            return f"{self.period}: all questions of all six elements are settled."
        names = " and ".join(self.weakest) if len(self.weakest) <= _FEW else f"{len(self.weakest)} elements alike"
        words = [f"{self.period}: a decision is as good as its weakest element, here {names}: {least['met']} of "
                 f"{least['asked']} questions settled{' each' if len(self.weakest) > 1 else ''}."]
        bad = int(self.questions["standing"].isin([NOT_SO, NO]).sum())
        if bad:
            words.append(f"{bad} {'is' if bad == 1 else 'are'} shown or said to be lacking.")
        if n:
            words.append(f"{n} {'is' if n == 1 else 'are'} open and put to the board, first: {self.open_questions[0]}")
        return " ".join(words)

    def headline(self) -> dict[str, str]:
        """Give the weakest element and the number of open questions."""
        least = self.elements.loc[self.elements["weakest"]].iloc[0]
        return {f"{least['met']} of {least['asked']}": f"questions settled of the weakest element, {least['name']}",
                str(len(self.open_questions)): "questions open, put to the board"}

    def __repr__(self) -> str:
        parts = ", ".join(f"{row['element']} {row['met']}/{row['asked']}" for row in self.elements.to_dict("records"))
        return f"<DecisionQuality {self.period}: {parts}; weakest: {', '.join(self.weakest)}>"


def decision_quality(
    record: DecisionRecord, tables: Mapping[str, pd.DataFrame], *, readiness: Readiness | None = None,
    measures: Mapping[str, Any] | None = None, answers: Mapping[str, bool | str] | None = None,
) -> DecisionQuality:
    """Ask how good the decision was when it was made, whatever comes of it.

    Six elements, and the decision is as good as the weakest of them, never as their mean. What record and tables
    show is said; what they cannot show is asked. The board's answers settle open questions only.

    Parameters
    ----------
    record : DecisionRecord
    tables : mapping of table name to frame
        The tables of the record.
    readiness : Readiness, optional
        As from `gate_readiness`.
    measures : mapping, optional
        plans_compared (number), coverage (0-1, of ranges stated to hold 80 %), evpi_share (worth of perfect
        information, share of the plan's value), near_ties (number of projects), verification (a Verification).
    answers : mapping of question to yes, no or words, optional
        The board's own; words count as a yes with its reason.

    Returns
    -------
    DecisionQuality

    Raises
    ------
    ParameterError
        It is no record, or a question or a measure is unknown or of another kind.
    SchemaError
        A table breaks its definition.

    References
    ----------
    Howard & Abbas (2015), Foundations of Decision Analysis. Spetzler, Winter & Meyer (2016), Decision Quality.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> from pmlib.portfolio.records.record import decision_record
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": [500.0]}),
    ...     "estimates": pd.DataFrame({"project_id": "P1", "quantity": ["benefit_pv_k", "cost_k"], "p10": [700.0, 90.0],
    ...                                "p50": [800.0, 100.0], "p90": [900.0, 130.0]})}
    >>> record = decision_record(rebalance(tables, period="2025-12"), tables)
    >>> decision_quality(record, tables, answers={"agreement": "All groups met in May."}).weakest
    ('appropriate frame', 'relevant information', 'commitment to action')
    """
    of_kind(record, DecisionRecord, "record", remedy="Make one with decision_record.")
    if readiness is not None:
        of_kind(readiness, Readiness, "readiness", remedy="Make one with gate_readiness.")
    facts = Facts(record=record, tables=known_tables(tables), readiness=readiness, measures=_measures(measures))
    said = _answers(answers)
    rows = [(question.element, question.name, question.asks, *_standing(question, facts, said.get(question.name)))
            for question in QUESTIONS]
    questions = pd.DataFrame(rows, columns=["element", "question", "asks", "standing", "says"])
    return DecisionQuality(questions=questions, elements=_elements(questions), period=record.period)


def _measures(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    measures = mapping({} if given is None else given, "measures", remedy="Pass {'coverage': 0.5}.")
    for name, value in measures.items():
        if name not in MEASURES:
            raise ParameterError(f"measures: {name!r} is not known. {did_you_mean(str(name), MEASURES)}")
        if name == "verification":
            of_kind(value, Verification, "verification", remedy="Make one with verify_record.")
        elif not isinstance(value, Real) or isinstance(value, bool) or value < 0:
            raise ParameterError(f"measures: {name} is {shown(value)}, allowed a number of 0 or more. Correct it.")
    return measures


def _answers(given: Mapping[str, bool | str] | None) -> Mapping[str, bool | str]:
    answers = mapping({} if given is None else given, "answers", remedy="Pass {'right question': True}.")
    for name, answer in answers.items():
        if name not in NAMES:
            raise ParameterError(f"answers: question {name!r} is not known. {did_you_mean(str(name), NAMES)}")
        if not isinstance(answer, bool | str):
            raise ParameterError(f"answers: {name} is answered {shown(answer)}, allowed True, False or words. Write a "
                                 "sentence.")
    return answers


def _standing(question: Question, facts: Facts, answer: bool | str | None) -> tuple[str, str]:
    """Say how a question stands: by the evidence, else by the board, else open and asked."""
    found = question.look(facts)
    words = answer.strip() if isinstance(answer, str) else ""
    if found is not None:
        return (SHOWN if found[0] else NOT_SO), found[1] + (f" The board adds: {words}" if words else "")
    if answer is False:
        return NO, "The board says no."
    if answer is True or words:
        return YES, f"The board says: {words}" if words else "The board says yes."
    return OPEN, f"To be asked: {question.asks}"


def _elements(questions: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for element, name in ELEMENTS.items():
        mine = questions[questions["element"] == element]
        standing = mine["standing"]
        rows.append((element, name, len(mine), int(standing.isin(_SETTLED).sum()), float(standing.eq(SHOWN).mean()),
                     float(standing.eq(YES).mean()), int(standing.eq(OPEN).sum()), " ".join(mine["says"])))
    columns = ["element", "name", "asked", "met", "evidenced", "answered", "open", "says"]
    frame = pd.DataFrame(rows, columns=columns)
    share = frame["met"] / frame["asked"]
    return frame.assign(weakest=share == share.min())[[*columns[:-1], "weakest", "says"]]
