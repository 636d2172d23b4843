"""The tables behind one product's decisions: prices, costs, use, features, experiments and what customers write."""

from __future__ import annotations

from pmlib.schema.definition import Column, Table, date, flag, integer, money, month, number, reference, share, text


def _answer(name: str, question: str) -> Column:
    return integer(name, f"{question}: 1 like, 2 expect, 3 neutral, 4 live with, 5 dislike", "1-5", low=1, high=5)


FEATURE_TABLES = (
    Table(
        name="product_costs",
        meaning="What a product costs by month",
        key=("product_id", "month"),
        dated_by="month",
        weighed_by=("fixed_k",),
        columns=(
            reference("product_id", "products"),
            month("month", "the month"),
            number("unit_cost_eur", "cost of one unit, or of one subscription a month", "currency a unit", low=0),
            money("fixed_k", "cost of the month that does not depend on units", required=False, default=0.0, low=0),
        ),
    ),
    Table(
        name="usage",
        meaning="Days on which a customer used a product, by month",
        key=("customer_id", "product_id", "month"),
        dated_by="month",
        large=True,
        columns=(
            reference("customer_id", "customers"),
            reference("product_id", "products"),
            month("month", "the month"),
            integer("active_days", "days with use", "days", low=0, high=31),
        ),
    ),
    Table(
        name="price_history",
        meaning="List prices by region and month",
        key=("product_id", "region", "month"),
        dated_by="month",
        columns=(
            reference("product_id", "products"),
            text("region", "sales region", required=False, default="all"),
            month("month", "the month"),
            number("list_price", "list price of a unit", "currency a unit", low=0),
            flag("randomised", "the price was drawn by lot"),
        ),
    ),
    Table(
        name="invitations",
        meaning="Customers who were asked for an answer, by month",
        key=("product_id", "customer_id", "month"),
        dated_by="month",
        large=True,
        columns=(
            reference("product_id", "products"),
            reference("customer_id", "customers"),
            month("month", "the month of the invitation"),
            text("engagement_band", "how much the customer used the product before", required=False, default="all"),
            flag("responded", "an answer came"),
        ),
    ),
    Table(
        name="features",
        meaning="Features and ideas of a product, with what priorities rest on",
        key=("feature_id",),
        ordered=(("impact_low", "impact_mode", "impact_high"),),
        columns=(
            text("feature_id", "the feature"),
            reference("product_id", "products"),
            text("name", "its name", required=False, default=""),
            text("outcome_metric", "the metric it is to move", required=False, default=""),
            number("reach", "customers it touches in a quarter", "customers", low=0),
            number("impact_low", "least impact", "RICE scale, 0.25 to 3", low=0),
            number("impact_mode", "most likely impact", "RICE scale, 0.25 to 3", low=0),
            number("impact_high", "largest impact", "RICE scale, 0.25 to 3", low=0),
            share("confidence", "how sure reach and impact are", required=False, default=1.0),
            number("effort_pm", "work of the whole team", "person-months", low=0),
            text("team", "the team that builds it", required=False, default=""),
            text("moscow", "priority as agreed", required=False, choices=("must", "should", "could", "wont")),
            number("importance", "how important the need is to customers", "1-10", required=False, low=1, high=10),
            number("satisfaction", "how well it is met today", "1-10", required=False, low=1, high=10),
            number("time_criticality", "how fast the value fades (WSJF)", "1-20", required=False, low=1, high=20),
            number("risk_reduction", "risk it takes away or chance it opens (WSJF)", "1-20", required=False, low=1,
                   high=20),
            text("depends_on", "the feature that must come first", required=False, references="features"),
            text("state", "where it stands", required=False, default="idea",
                 choices=("idea", "planned", "building", "released", "dropped")),
        ),
    ),
    Table(
        name="team_capacity",
        meaning="Person-months a team can put into features, by month; months ahead of today included",
        key=("team", "month"),
        columns=(
            text("team", "the team, as in the features"),
            month("month", "the month"),
            number("person_months", "work the team can put into features", "person-months", low=0),
        ),
    ),
    Table(
        name="kano",
        meaning="Answer pairs of a Kano survey, one row per respondent and feature",
        key=("respondent_id", "feature_id"),
        columns=(
            text("respondent_id", "the respondent, a number and not a person"),
            reference("feature_id", "features"),
            _answer("functional", "how it would be to have it"),
            _answer("dysfunctional", "how it would be not to have it"),
        ),
    ),
    Table(
        name="experiments",
        meaning="Daily sums of an experiment by arm; y is the outcome per visitor, x what was known before",
        key=("test_id", "day", "arm"),
        ordered=(("conversions", "new_users"),),
        dated_by="day",
        columns=(
            text("test_id", "the experiment"),
            date("day", "the day"),
            text("arm", "the arm", choices=("control", "treatment")),
            integer("new_users", "visitors who came into the arm", "visitors", low=0),
            integer("conversions", "of them, who converted", "visitors", low=0),
            number("sum_y", "sum of the outcome", "outcome", required=False),
            number("sum_y2", "sum of its squares", "outcome squared", required=False, low=0),
            number("sum_x", "sum of the measure before", "measure", required=False),
            number("sum_x2", "sum of its squares", "measure squared", required=False, low=0),
            number("sum_xy", "sum of outcome times measure", "product", required=False),
        ),
    ),
    Table(
        name="feedback",
        meaning="What customers wrote or said",
        key=("feedback_id",),
        dated_by="date",
        columns=(
            text("feedback_id", "the message"),
            date("date", "its day"),
            reference("product_id", "products"),
            text("customer_id", "the customer; empty: unknown", required=False, references="customers"),
            text("channel", "how it came", required=False, default=""),
            text("text", "what it says, without names"),
        ),
    ),
)
