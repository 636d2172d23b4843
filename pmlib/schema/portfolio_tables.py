"""The tables of portfolio management: what is proposed, scored, scheduled and limited."""

from __future__ import annotations

from pmlib.schema.definition import (
    Column,
    Rule,
    Suspect,
    Table,
    date,
    flag,
    integer,
    money,
    month,
    number,
    reference,
    share,
    text,
)

DATE_FORMATS = ("YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "MM-DD-YYYY")
DECIMAL_MARKS = (".", ",")
ACTIONS = ("keep", "hold", "stop", "start", "slow", "fast", "decline")
GROUPED_BY = ("programme_id", "product_id", "kind", "horizon", "owner_id")
RANK_METHODS = ("rank_order_centroid", "rank_sum", "rank_reciprocal")


MONEY_QUANTITIES = ("benefit_pv_k", "cost_k")


def _valid_from(meaning: str = "first day on which this version counts") -> Column:
    return date("valid_from", meaning, required=False, default="1900-01-01")


PORTFOLIO_TABLES = (
    Table(
        name="workbook",
        meaning="One row about the workbook itself",
        key=("name",),
        single=True,
        columns=(
            text("name", "whose workbook this is, printed on every report"),
            text("currency", "the one currency of all money columns", required=False, default="EUR"),
            date("as_of", "the day on which these tables were true", required=False),
            text("date_format", "how dates are written in the files, where not YYYY-MM-DD", required=False, default="",
                 choices=("", *DATE_FORMATS)),
            text("decimal_mark", "how decimals are written in the files; empty: as the numbers themselves show",
                 required=False, default="", choices=("", *DECIMAL_MARKS)),
        ),
    ),
    Table(
        name="programmes",
        meaning="Groups of projects with a shared aim",
        key=("programme_id",),
        columns=(
            text("programme_id", "the programme"),
            text("name", "its name"),
            text("horizon", "how far from today's business", required=False, default="core",
                 choices=("core", "adjacent", "new")),
        ),
    ),
    Table(
        name="mix_targets",
        meaning="Bands for the share of money by horizon",
        key=("horizon", "valid_from"),
        ordered=(("floor_share", "ceiling_share"),),
        versioned_by="valid_from",
        columns=(
            text("horizon", "the horizon of the band", choices=("core", "adjacent", "new")),
            share("floor_share", "smallest wanted share of money still to be spent", required=False, default=0.0),
            share("ceiling_share", "largest wanted share", required=False, default=1.0),
            _valid_from(),
        ),
    ),
    Table(
        name="group_limits",
        meaning="Fewest and most projects of a group that may go on at once",
        key=("grouped_by", "group_name", "valid_from"),
        ordered=(("at_least", "at_most"),),
        versioned_by="valid_from",
        columns=(
            text("grouped_by", "what makes the group", choices=GROUPED_BY),
            text("group_name", "the programme, product, kind, horizon or owner"),
            integer("at_least", "fewest projects that go on", "projects", required=False, low=0),
            integer("at_most", "most projects that go on", "projects", required=False, low=0),
            _valid_from(),
        ),
    ),
    Table(
        name="objectives",
        meaning="The criteria tree: each leaf with its declared scale",
        key=("objective_id",),
        distinct=(("worst", "best"),),
        columns=(
            text("objective_id", "the criterion"),
            text("name", "its name"),
            text("parent", "the criterion above it; empty at the top", required=False, references="objectives"),
            text("measure", "what a raw level counts and in which unit", required=False, default=""),
            text("direction", "which raw levels are better", required=False, default="maximise",
                 choices=("maximise", "minimise")),
            text("value_function", "how a raw level becomes value points", required=False, default="linear",
                 choices=("linear", "piecewise", "exponential", "categorical")),
            number("worst", "raw level worth 0 points; empty for a criterion with children", "raw level",
                   required=False),
            number("best", "raw level worth 100 points", "raw level", required=False),
            text("points", "piecewise and categorical only: level=points pairs, such as 1=0; 3=20; 5=100; categorical "
                 "takes no level between them", required=False, default=""),
            number("mid", "exponential only: raw level worth 50 points", "raw level", required=False),
            text("anchors", "what levels mean in words, such as 1=nobody uses it; 3=some teams; 5=everyone",
                 required=False, default=""),
            number("do_nothing", "raw level if nothing is done; empty: the worst level", "raw level", required=False),
            text("outside", "what to do with a level outside the scale", required=False, default="refuse",
                 choices=("refuse", "clip")),
        ),
    ),
    Table(
        name="weights",
        meaning="What a swing from worst to best is worth, by group of stakeholders",
        key=("objective_id", "group", "valid_from"),
        rules=(Rule(column="weight", when="method", values=RANK_METHODS, low=1),),
        versioned_by="valid_from",
        columns=(
            text("objective_id", "the leaf criterion", references="objectives"),
            text("group", "whose weights", required=False, default="board"),
            number("weight", "weight or swing points, rescaled to sum 1 in a group; rank methods: the rank, 1 is most "
                   "important, equal ranks tie", "points or rank", low=0),
            text("method", "how it was asked; one method in a group", required=False, default="direct",
                 choices=("direct", "swing", *RANK_METHODS, "ahp", "best_worst")),
            _valid_from(),
        ),
    ),
    Table(
        name="projects",
        meaning="Every project, one row each",
        key=("project_id",),
        weighed_by=("bac_k",),
        columns=(
            text("project_id", "the project"),
            text("name", "its name"),
            text("programme_id", "its programme", required=False, references="programmes"),
            text("product_id", "the product it serves", required=False, references="products"),
            text("kind", "kind of work, in your own words", required=False, default=""),
            text("state", "where it stands", choices=("proposed", "running", "held", "done", "stopped")),
            integer("gate", "last stage gate passed", "number", required=False, default=0, low=0),
            month("start_month", "planned or actual start", required=False),
            integer("planned_months", "planned length", "months", required=False, low=0),
            money("bac_k", "budget at completion: the whole planned cost", low=0),
            money("spent_k", "spent so far (sunk: never a reason to go on)", required=False, default=0.0, low=0),
            money("exit_cost_k", "what stopping costs", required=False, default=0.0, low=0),
            money("salvage_k", "what stopping still brings in", required=False, default=0.0, low=0),
            flag("mandatory", "must be done, by law or contract"),
            text("owner_id", "role that answers for it", required=False, default=""),
        ),
    ),
    Table(
        name="options",
        meaning="What may be decided about a project; projects without a row have every action of their state",
        key=("project_id", "action"),
        ordered=(("earliest_start", "latest_start"),),
        columns=(
            reference("project_id", "projects"),
            text("action", "the action this row allows", choices=ACTIONS),
            month("earliest_start", "first month it may start", required=False),
            month("latest_start", "last month it may start", required=False),
            money("hold_cost_k", "what holding costs", required=False, default=0.0, low=0),
            flag("no_stop", "a contract forbids stopping"),
            month("frozen_until", "no change before this month", required=False),
            number("pace", "how many times as long a slow or fast variant takes", "times", required=False, low=0.1,
                   high=10),
            number("cost_factor", "how many times as much a slow or fast variant costs", "times", required=False,
                   low=0.1, high=10),
        ),
    ),
    Table(
        name="cash_flows",
        meaning="Money still to come by calendar year, if the project goes on as planned",
        key=("project_id", "year"),
        weighed_by=("cost_k",),
        columns=(
            reference("project_id", "projects"),
            integer("year", "calendar year", "year", low=1900, high=2999),
            money("cost_k", "cost of the year", low=0),
            share("capex_share", "part of the cost that is capital expenditure", required=False, default=0.0),
            money("benefit_k", "benefit of the year, given success", required=False, default=0.0),
        ),
    ),
    Table(
        name="estimates",
        meaning="Three-point estimates; p10 and p90 are passed 1 time in 10 on either side",
        key=("project_id", "as_of", "quantity"),
        ordered=(("p10", "p50", "p90"),),
        rules=(
            Rule(column="p90", when="quantity", values=("p_success",), high=1),
            Rule(column="currency", when="quantity", values=MONEY_QUANTITIES, filled=True),
        ),
        suspects=(Suspect(column="p50", times=100, of="projects.bac_k", by=("project_id",), when="quantity",
                          values=MONEY_QUANTITIES),),
        versioned_by="as_of",
        columns=(
            reference("project_id", "projects"),
            date("as_of", "day of the estimate", required=False, default="1900-01-01"),
            text("quantity", "what is estimated: benefit gross of cost, given success, discounted to as_of; cost to "
                 "complete; months to complete; chance of success",
                 choices=("benefit_pv_k", "cost_k", "months", "p_success")),
            number("p10", "low end", "of the quantity", low=0),
            number("p50", "middle", "of the quantity", low=0),
            number("p90", "high end", "of the quantity", low=0),
            text("currency", "currency of a money estimate; without the column: the workbook's", required=False),
            text("estimator_id", "who estimated", required=False, default=""),
        ),
    ),
    Table(
        name="scores",
        meaning="How far a project gets on a criterion, as each assessor sees it",
        key=("project_id", "objective_id", "assessor_id", "as_of"),
        versioned_by="as_of",
        columns=(
            reference("project_id", "projects"),
            text("objective_id", "the leaf criterion", references="objectives"),
            text("assessor_id", "who judged", required=False, default="all"),
            number("raw_level", "the level on the criterion's own scale; empty: not judged", "raw level",
                   required=False),
            date("as_of", "day of the judgement", required=False, default="1900-01-01"),
        ),
    ),
    Table(
        name="assessors",
        meaning="Who judges, and which programme they belong to",
        key=("assessor_id",),
        columns=(
            text("assessor_id", "the assessor, a role and not a person"),
            text("programme_id", "their own programme", required=False, references="programmes"),
        ),
    ),
    Table(
        name="links",
        meaning="How projects hang together; one row per member of a link",
        key=("link_id", "member_id"),
        columns=(
            text("link_id", "the link"),
            text("member_id", "a project in it", references="projects"),
            text("type", "kind of link",
                 choices=("requires_finished", "requires_active", "excludes", "synergy", "overlap")),
            text("role", "its part in it", required=False, default="member", choices=("needs", "needed", "member")),
            money("amount_k", "synergy: joint gain (negative: penalty), the same in every row; overlap: this "
                  "member's claim on the shared benefit", required=False, default=0.0),
        ),
    ),
    Table(
        name="skills",
        meaning="Kinds of people",
        key=("skill",),
        columns=(
            text("skill", "the skill"),
            text("name", "its name in full", required=False, default=""),
        ),
    ),
    Table(
        name="capacity",
        meaning="People there are, by skill and month",
        key=("skill", "month", "valid_from"),
        suspects=(Suspect(column="person_months", times=20, by=("skill", "unit")),),
        versioned_by="valid_from",
        weighed_by=("person_months",),
        columns=(
            text("skill", "the skill", references="skills"),
            month("month", "the month"),
            number("person_months", "how much there is", "unit of the row", low=0),
            text("unit", "unit of person_months", required=False, default="pm", choices=("pm", "hours")),
            number("hire_limit_pm", "how much more can be bought", "person-months", required=False, default=0.0, low=0),
            money("hire_cost_k", "price of one bought person-month", required=False, default=0.0, low=0),
            _valid_from(),
        ),
    ),
    Table(
        name="demand",
        meaning="People a project needs, by action, skill and month",
        key=("project_id", "action", "skill", "month"),
        weighed_by=("person_months",),
        columns=(
            reference("project_id", "projects"),
            text("action", "the action that needs them", choices=ACTIONS),
            text("skill", "the skill", references="skills"),
            month("month", "the month"),
            number("person_months", "how much", "person-months", low=0),
        ),
    ),
    Table(
        name="budgets",
        meaning="Money there is, by programme and year",
        key=("programme_id", "year", "valid_from"),
        versioned_by="valid_from",
        columns=(
            text("programme_id", "whose budget; empty: the whole portfolio's", required=False,
                 references="programmes"),
            integer("year", "calendar year", "year", low=1900, high=2999),
            money("capex_k", "capital budget", required=False, default=0.0, low=0),
            money("opex_k", "operating budget", required=False, default=0.0, low=0),
            _valid_from(),
        ),
    ),
)
