"""The tables of product management: what is sold, to whom, in which market, and what they say."""

from __future__ import annotations

from pmlib.schema.definition import Column, Rule, Table, date, flag, integer, money, month, number, reference, text


def _rating(driver: str) -> Column:
    return integer(f"{driver}_rating", f"rating of {driver}", "1-5", required=False, low=1, high=5)


PRODUCT_TABLES = (
    Table(
        name="products",
        meaning="Every product, one row each",
        key=("product_id",),
        columns=(
            text("product_id", "the product"),
            text("name", "its name"),
            text("model", "how it earns", required=False, default="one-off",
                 choices=("one-off", "subscription", "service")),
            month("launch_month", "first month on sale", required=False),
            text("category", "market category, as in the market table", required=False, default=""),
            text("vision", "what it wants to be", required=False, default=""),
            text("north_star", "the one metric it steers by", required=False, default=""),
        ),
    ),
    Table(
        name="customers",
        meaning="Every customer, one row each",
        key=("customer_id",),
        dated_by="first_month",
        large=True,
        columns=(
            text("customer_id", "the customer, never a person's name"),
            text("segment", "market segment", required=False, default="all"),
            text("region", "sales region", required=False, default="all"),
            month("first_month", "month of the first purchase", required=False),
            text("channel", "how they came", required=False, default=""),
        ),
    ),
    Table(
        name="subscriptions",
        meaning="Running and ended subscriptions",
        key=("customer_id", "product_id", "start_month"),
        ordered=(("start_month", "end_month"),),
        dated_by="start_month",
        hidden=(("end_month", "end_month"),),
        weighed_by=("monthly_eur",),
        large=True,
        columns=(
            reference("customer_id", "customers"),
            reference("product_id", "products"),
            month("start_month", "first month paid"),
            month("end_month", "last month paid; empty: still running", required=False),
            number("monthly_eur", "price a month", "EUR a month", low=0),
        ),
    ),
    Table(
        name="orders",
        meaning="Order lines",
        key=("order_id",),
        dated_by="date",
        weighed_by=("units", "paid_price"),
        large=True,
        columns=(
            text("order_id", "the order line"),
            date("date", "day of the order"),
            reference("customer_id", "customers"),
            reference("product_id", "products"),
            text("region", "sales region", required=False, default="all"),
            number("units", "units sold; negative: returned", "units"),
            number("list_price", "list price of a unit", "currency of the row", required=False, low=0),
            number("paid_price", "price paid for a unit", "currency of the row", low=0),
            flag("promo", "sold in a promotion"),
            text("currency", "currency of the prices; empty: the workbook's", required=False),
        ),
    ),
    Table(
        name="exchange_rates",
        meaning="What a unit of a foreign currency is worth by month",
        key=("currency", "month"),
        dated_by="month",
        columns=(
            text("currency", "the foreign currency, as orders name it"),
            month("month", "the month"),
            number("rate", "workbook currency for one unit of the foreign one", "currency a unit", low=1e-9),
        ),
    ),
    Table(
        name="market",
        meaning="The market by category, region, month and player, as the market study says",
        key=("category", "region", "month", "player"),
        dated_by="month",
        weighed_by=("value_k",),
        columns=(
            text("category", "market category"),
            text("region", "sales region", required=False, default="all"),
            month("month", "the month"),
            text("player", "own: we; the others as the study names them"),
            number("units", "units sold", "units", required=False, low=0),
            money("value_k", "sales", low=0),
            number("source_error_pct", "error of the study, one standard deviation", "%", required=False, default=0.0,
                   low=0),
        ),
    ),
    Table(
        name="surveys",
        meaning="Answers of customers, one row per answer",
        key=("response_id",),
        ordered=(("score", "scale_max"),),
        rules=(
            Rule(column="scale_max", when="instrument", values=("NPS",), low=10, high=10),
            Rule(column="score", when="instrument", values=("CSAT", "CES"), low=1),
        ),
        dated_by="date",
        large=True,
        columns=(
            text("response_id", "the answer"),
            date("date", "day of the answer"),
            reference("product_id", "products"),
            text("customer_id", "the customer; empty: anonymous", required=False, references="customers"),
            text("instrument", "the question asked", choices=("NPS", "CSAT", "CES")),
            integer("scale_max", "top of the answer scale: 10 for NPS; 5 or 7 else", "points", low=2, high=10),
            integer("score", "the answer, 0-10 for NPS and 1 to scale_max else", "points", low=0, high=10),
            _rating("quality"),
            _rating("price"),
            _rating("service"),
        ),
    ),
)
