"""The tables that follow projects: what was spent and reached, what was promised, risked, decided and learned."""

from __future__ import annotations

from pmlib.schema.definition import Table, date, integer, money, month, number, reference, share, text
from pmlib.schema.portfolio_tables import MONEY_QUANTITIES

EVIDENCE_KINDS = ("experiment", "difference in differences", "before and after", "survey", "judgement")

_VERBS = ("start", "keep", "slow", "fast", "hold", "stop", "decline")

TRACKING_TABLES = (
    Table(
        name="evm",
        meaning="Earned value of a project at the end of each month, summed up from its start",
        key=("project_id", "month"),
        rising=(("ev_cum_k", "month"),),
        dated_by="month",
        columns=(
            reference("project_id", "projects"),
            month("month", "the month"),
            money("pv_cum_k", "planned value so far", low=0),
            money("ev_cum_k", "earned value so far: the budget of the work that is done", low=0),
            money("ac_cum_k", "actual cost so far", low=0),
            number("pct_complete_reported", "how far the project says it is", "%", required=False, low=0, high=100),
            text("status_reported", "the status the project reports", required=False,
                 choices=("green", "amber", "red")),
        ),
    ),
    Table(
        name="milestones",
        meaning="Milestones of a project; the weights of one project say what share of the work each stands for",
        key=("project_id", "milestone"),
        hidden=(("actual_month", "actual_month"),),
        columns=(
            reference("project_id", "projects"),
            text("milestone", "the milestone"),
            month("baseline_month", "when it was to be reached"),
            month("actual_month", "when it was reached; empty: not yet", required=False),
            share("weight", "share of the project's work"),
        ),
    ),
    Table(
        name="risks",
        meaning="The risk register: what may happen, how likely, and what it would cost",
        key=("risk_id",),
        ordered=(("impact_low", "impact_mode", "impact_high"),),
        columns=(
            text("risk_id", "the risk"),
            reference("project_id", "projects"),
            share("probability", "chance that it happens"),
            number("impact_low", "least impact", "unit of the row", low=0),
            number("impact_mode", "most likely impact", "unit of the row", low=0),
            number("impact_high", "largest impact", "unit of the row", low=0),
            text("unit", "what the impact counts: thousand of the currency, or months", required=False,
                 default="money", choices=("money", "months")),
            text("factor", "the common cause it shares with other risks", required=False, default=""),
            money("response_cost_k", "what the planned response costs", required=False, default=0.0, low=0),
            share("response_effect", "share of the impact that the response takes away", required=False, default=0.0),
        ),
    ),
    Table(
        name="benefits",
        meaning="Benefits of finished projects by month, planned and realised",
        key=("project_id", "month", "benefit_type"),
        dated_by="month",
        weighed_by=("realised_k",),
        columns=(
            reference("project_id", "projects"),
            month("month", "the month"),
            text("benefit_type", "kind of benefit, such as revenue or saving", required=False, default="benefit"),
            money("planned_k", "what the business case promised for the month"),
            money("realised_k", "what came in"),
            text("overlap_group", "benefits of one group claim the same money", required=False, default=""),
        ),
    ),
    Table(
        name="past_forecasts",
        meaning="Forecasts of closed projects beside what came true",
        key=("project_id", "quantity", "made_on"),
        ordered=(("p10", "p50", "p90"),),
        dated_by="made_on",
        hidden=(("outcome", "outcome_on"),),
        columns=(
            reference("project_id", "projects"),
            text("quantity", "what was forecast, as in estimates",
                 choices=(*MONEY_QUANTITIES, "months", "p_success")),
            text("estimator_id", "who forecast", required=False, default=""),
            date("made_on", "day of the forecast"),
            number("p10", "low end; empty for a chance", "of the quantity", required=False, low=0),
            number("p50", "middle", "of the quantity", required=False, low=0),
            number("p90", "high end", "of the quantity", required=False, low=0),
            share("prob", "stated chance, for p_success", required=False),
            number("outcome", "what came true; 1 or 0 for p_success", "of the quantity", required=False),
            date("outcome_on", "day on which it was known", required=False),
        ),
    ),
    Table(
        name="decisions",
        meaning="What was recommended and what was decided, period by period",
        key=("decision_id",),
        dated_by="period",
        columns=(
            text("decision_id", "the decision"),
            month("period", "month of the decision"),
            reference("project_id", "projects"),
            text("recommended", "what the plan said", choices=_VERBS),
            text("decided", "what the board decided", choices=_VERBS),
            text("reason", "why, in a sentence", required=False, default=""),
            text("decided_by_role", "the role that decided", required=False, default=""),
        ),
    ),
    Table(
        name="strategy_events",
        meaning="Months in which the rules changed: weights, capacity, or what is known",
        key=("month", "kind"),
        dated_by="month",
        columns=(
            month("month", "the month"),
            text("kind", "what changed", choices=("weights", "capacity", "budget", "evidence")),
            text("detail", "the change in words"),
        ),
    ),
    Table(
        name="benefit_map",
        meaning="Which metric of which product a project claims to move, and by how much",
        key=("project_id", "product_id", "metric"),
        ordered=(("claimed_p10", "claimed_p50", "claimed_p90"),),
        columns=(
            reference("project_id", "projects"),
            reference("product_id", "products"),
            text("metric", "the product metric, with its unit, such as retention_pp; one ending in _rate is a level, "
                           "0-1"),
            number("claimed_p10", "low end of the claimed change", "unit of the metric"),
            number("claimed_p50", "middle", "unit of the metric"),
            number("claimed_p90", "high end", "unit of the metric"),
            month("by_month", "when the change is to show", required=False),
            text("evidence_kind", "what the claim rests on", required=False, default="judgement",
                 choices=EVIDENCE_KINDS),
        ),
    ),
    Table(
        name="evidence",
        meaning="What was measured of a claimed change, once for each measurement",
        key=("evidence_id",),
        dated_by="month",
        columns=(
            text("evidence_id", "the measurement"),
            reference("project_id", "projects"),
            reference("product_id", "products"),
            text("metric", "the metric, as in benefit_map"),
            month("month", "month in which the result was known"),
            number("estimate", "the measured change", "unit of the metric"),
            number("standard_error", "its standard error", "unit of the metric", low=0),
            integer("n", "units that were measured", "number", required=False, low=0),
            text("kind", "how it was measured", required=False, default="judgement", choices=EVIDENCE_KINDS),
        ),
    ),
)
