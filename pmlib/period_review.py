"""The period on one page: what we recommend, what changed and why, what was decided, what to learn, who was right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from pmlib.errors import BlockedTableError, CheckError, MissingTableError
from pmlib.months import month_name, month_text, parse_month
from pmlib.portfolio.arguments import whole
from pmlib.portfolio.changes.causes import Known
from pmlib.portfolio.changes.what_changed import WhatChanged, what_changed
from pmlib.portfolio.claims.beliefs import weigh_claims
from pmlib.portfolio.correction.corrected import Corrected, correct_values
from pmlib.portfolio.correction.promise import Waterfall, promised_and_corrected
from pmlib.portfolio.decision import Decision, rebalance
from pmlib.portfolio.forecasts.record import ForecastRecord, forecast_record
from pmlib.portfolio.information.information import Information, information_value
from pmlib.portfolio.information.studies import StudyPolicy
from pmlib.portfolio.lessons import estimate_versions, in_money, learned
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.records.contents import Provenance
from pmlib.portfolio.records.overrides import OverrideRates, override_rates
from pmlib.portfolio.records.quality import DecisionQuality, decision_quality
from pmlib.portfolio.records.readiness import Readiness, gate_readiness
from pmlib.portfolio.records.record import DecisionRecord, decision_record
from pmlib.portfolio.records.scored import ScoredForecasts, score_records
from pmlib.portfolio.records.tampering import Verification, verify_record
from pmlib.portfolio.valuation import Scored
from pmlib.workbook import Workbook

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What the page answers, in its order.
PARTS = ("What we recommend", "What changed and why", "What was decided", "What to learn next",
         "Which forecasts were right")
#: Plans drawn for what it is worth to know everything; the ranking itself is exact.
_DRAWS = 8
_FEW = 5
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, eq=False, kw_only=True)
class PeriodReview:
    """The answers of one period.

    Attributes
    ----------
    plan : Decision
        Chosen on corrected values.
    known : Corrected
        What corrected them.
    promise : Waterfall or None
        From the naive plan's promise to this plan; None without money or a plan.
    change : WhatChanged
        Against the period ``since``.
    record : DecisionRecord
        What was recommended and decided, sealed, with the record before it.
    verification : Verification
        The record made again and compared.
    overrides : OverrideRates or None
        Over all recorded decisions; None without the table.
    learning : Information or None
        What it is worth to know more; None without a plan in money.
    forecasts : ForecastRecord or None
        How good closed forecasts were; None without the table.
    scored : ScoredForecasts or None
        The forecasts of the record before, as far as they are known.
    readiness : Readiness
    quality : DecisionQuality
    since : str
        The period compared with, ``YYYY-MM``; empty where there is none before.
    period : str
    currency : str
    """

    plan: Decision
    known: Corrected
    promise: Waterfall | None
    change: WhatChanged
    record: DecisionRecord
    verification: Verification
    overrides: OverrideRates | None
    learning: Information | None
    forecasts: ForecastRecord | None
    scored: ScoredForecasts | None
    readiness: Readiness
    quality: DecisionQuality
    since: str
    period: str
    currency: str
    _texts: tuple[str, ...] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return the five answers: part, says."""
        return pd.DataFrame({"part": PARTS, "says": self._texts})

    def summary(self) -> str:
        """Say the five answers, a line each."""
        return "\n".join(self._texts)

    def headline(self) -> dict[str, str]:
        """Give the plan's worth, the change, the flips and what to learn first."""
        figures = {}
        if self.plan.found:
            figures[f"{self.plan.value_k:,.0f}"] = f"{self.plan.unit}: worth of the plan"
        if self.change.found:
            figures |= dict(list(self.change.headline().items())[:1])
            n = len(self._flips)
            figures[f"{n} decision{'s' * (n != 1)}"] = f"flipped since {self.since}"
        if self.learning is not None and len(self.learning.projects):
            figures |= {big: small for big, small in self.learning.headline().items() if big.startswith("learn")}
        return figures or {"no plan": str(self.plan.status)}

    @property
    def _flips(self) -> pd.DataFrame:
        return self.change.attribution.flips if self.change.attribution is not None else pd.DataFrame()

    @property
    def flips(self) -> pd.DataFrame:
        """Decisions that are not what they were: one row per project, with the causes in a sentence."""
        return self._flips.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the causes from the last plan's value to this one's."""
        return self.change.plot(ax=ax)

    def check(self) -> str:
        """Add the plan up again, the causes to the change, and make the record anew.

        Raises
        ------
        CheckError
            Something does not add up, or the record does not come out the same.
        """
        said = [self.plan.check()]
        if self.change.found:
            causes = self.change.to_frame()["contribution_k"].sum()
            split = self.change.attribution
            assert split is not None
            moved = split.change_k
            if abs(causes - moved) > 0.01:  # noqa: PLR2004
                raise CheckError(f"changes: the causes come to {causes:,.2f}, allowed {moved:,.2f}, the change of the "
                                 "plan. Report this with the workbook.")
            said.append(f"The causes add up to the change of {moved:+,.0f}.")
        if not self.verification.holds:
            raise CheckError(f"record: {self.verification.summary()} Report this with the workbook.")
        return " ".join([*said, self.verification.summary()])

    def __repr__(self) -> str:
        return f"<PeriodReview {month_name(parse_month(self.period))}: {self.plan!r}; {self.change!r}>"


def review_period(
    book: Workbook, *, months: int = 1, policy: Policy | None = None,
    score: Callable[[Workbook], Scored | None] | None = None, answers: Mapping[str, bool | str] | None = None,
) -> PeriodReview:
    """Review a period: recommendation, changes and their causes, decisions, what to learn, forecasts that were right.

    Parameters
    ----------
    book : Workbook
        As it was known at the end of the period.
    months : int
        With how many months before it is compared, 1 or more.
    policy : Policy, optional
        Options of the plan, of both periods.
    score : callable of a workbook, optional
        Makes the points of a period, where the policy counts them.
    answers : mapping, optional
        The board's own answers to the open questions of decision quality.

    Raises
    ------
    ParameterError
        ``months`` is no whole number of 1 or more.
    MissingTableError, SchemaError
        As ``rebalance`` does.
    """
    policy, back = Policy() if policy is None else policy, whole(months, "months", least=1)
    earlier = _predecessor(book, month_text(parse_month(book.period) - back))
    plan, known = _planned(book, policy, score)
    last = None if earlier is None else _recorded(earlier, *_planned(earlier, policy, score), previous=None)
    record = _recorded(book, plan, known, previous=last)
    change = what_changed(None if earlier is None else _as_known(earlier, score, policy),
                          _as_known(book, score, policy), policy=policy)
    readiness = gate_readiness(book)
    verification = verify_record(record, book, previous=last, corrected=known)
    in_money = plan.found and policy.objective is Objective.MONEY
    learning = information_value(known.tables, means=known.means, sds=known.sds, policy=policy,
                                 study=StudyPolicy(draws=_DRAWS)) if in_money else None
    forecasts = _if_there(forecast_record, book)
    measures = {"verification": verification, "plans_compared": len(plan.against()) if plan.found else None,
                "coverage": forecasts.log.row().get("inside") if forecasts is not None else None,
                "evpi_share": learning.evpi_k / learning.plan_k if learning is not None else None}
    made: dict[str, Any] = {
        "plan": plan, "known": known, "change": change, "record": record, "verification": verification,
        "promise": promised_and_corrected(rebalance(book, policy=policy), plan, known) if in_money else None,
        "overrides": _if_there(override_rates, book, decision=plan, records=[record]), "learning": learning,
        "forecasts": forecasts, "scored": None if last is None else _if_there(score_records, [last], book),
        "readiness": readiness, "since": "" if earlier is None else earlier.period, "period": book.period,
        "currency": book.currency}
    quality = decision_quality(record, book, readiness=readiness, answers=answers,
                               measures={name: value for name, value in measures.items() if value is not None})
    return PeriodReview(**made, quality=quality, _texts=_texts(made))


def _predecessor(book: Workbook, month: str) -> Workbook | None:
    """Give the tables as they were known then; None where no estimate was."""
    earlier = book.baseline(month)
    values = [earlier.get(name) for name in ("estimates", "cash_flows")]
    return earlier if any(table is not None and len(table) for table in values) else None


def _planned(book: Workbook, policy: Policy, score: Callable[[Workbook], Scored | None] | None
             ) -> tuple[Decision, Corrected]:
    known = learned(book, policy=policy)
    return rebalance(known.tables, points=score(book) if score is not None else None, policy=policy), known


def _as_known(book: Workbook, score: Callable[[Workbook], Scored | None] | None, policy: Policy) -> Known:
    """One period for the comparison: evidence is a cause of its own there, so it is kept out of the estimates."""
    money = in_money(policy)
    measured = _if_there(weigh_claims, book, policy=money)
    factors = None if measured is None or measured.factors.empty else measured.factors
    try:
        tables: Mapping[str, Any] = correct_values(
            book, versions=estimate_versions(book),
            evidence=None if factors is None else factors.assign(factor=1.0), policy=money).tables
    except MissingTableError:
        tables = book
    return Known(tables=tables, points=score(book) if score is not None else None, evidence=factors)


def _recorded(book: Workbook, plan: Decision, known: Corrected, *, previous: DecisionRecord | None) -> DecisionRecord:
    return decision_record(plan, book, corrected=known, provenance=Provenance(previous=previous))


def _if_there(question: Callable[..., _Answer], *tables: Any, **options: Any) -> _Answer | None:
    try:
        return question(*tables, **options)
    except BlockedTableError:
        raise
    except MissingTableError:
        return None


def _texts(made: Mapping[str, Any]) -> tuple[str, ...]:
    return (_recommended(made["plan"], made["promise"]), _changed(made["change"]), _decided(made["record"]),
            _learn(made["learning"]), _right(made["forecasts"], made["scored"]))


def _recommended(plan: Decision, promise: Waterfall | None) -> str:
    if not plan.found:
        return plan.summary()
    verbs = ", ".join(f"{verb} {number}" for verb, number in plan.counts().items())
    stated = f" (estimates as stated promise {promise.promised_k:,.0f})" if promise and not promise.missing else ""
    return f"{verbs[0].upper()}{verbs[1:]}: worth {plan.value_k:,.0f} {plan.unit}{stated}."


def _changed(change: WhatChanged) -> str:
    split = change.attribution
    if split is None or split.missing:
        return change.summary()
    flips = split.flips
    if flips.empty:
        return f"{split.worth()} No decision flipped."
    by_cause = flips.groupby("main_cause", sort=False)["project_id"].agg(list)
    by_cause = by_cause.sort_values(key=lambda ids: -ids.str.len(), kind="stable")
    named = [f"{_listed(ids)} by {cause}" for cause, ids in by_cause.items()]
    n = len(flips)
    return f"{split.worth()} {n} decision{'s' * (n > 1)} flipped: {'; '.join(named)}."


def _listed(ids: list[str]) -> str:
    more = len(ids) - _FEW
    return f"{', '.join(ids[:_FEW])} and {more} more" if more > 0 else ", ".join(ids)


def _decided(record: DecisionRecord) -> str:
    return record.summary().partition("). ")[2] or record.summary()


def _learn(learning: Information | None) -> str:
    if learning is None:
        return "There is no plan in money to learn for."
    return f"{learning.summary().partition('. ')[0].rstrip('.')}."


def _right(forecasts: ForecastRecord | None, scored: ScoredForecasts | None) -> str:
    said = [f"{forecasts.summary().partition('). ')[0]})."] if forecasts is not None and forecasts.found else \
        ["No closed forecasts are kept: add the table past_forecasts."]
    return " ".join([*said, *([scored.summary()] if scored is not None else [])])
