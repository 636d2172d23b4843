"""Every question of the product room that reads large tables, a company to put it to, and what leaves the engine."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from pmlib.months import as_month
from pmlib.product.customers import cohort_triangle
from pmlib.product.effects.elasticity import price_elasticity
from pmlib.product.effects.interruption import interrupted_series
from pmlib.product.effects.two_groups import difference_in_differences
from pmlib.product.features.theme_counts import count_themes
from pmlib.product.loyalty.lifetime_value import customer_lifetime_value
from pmlib.product.loyalty.purchase_tracking import track_purchases
from pmlib.product.loyalty.recency import score_customers
from pmlib.product.loyalty.renewal_projection import project_retention
from pmlib.product.loyalty.repeat_buying import repeat_buying
from pmlib.product.loyalty.survival import survival_curves
from pmlib.product.loyalty.survivorship import survivorship
from pmlib.product.marts import MartTables, customer_months, product_months, with_marts
from pmlib.product.money.breakdown import revenue_by
from pmlib.product.money.margin import product_margin
from pmlib.product.money.price_volume_mix import price_volume_mix
from pmlib.product.money.recurring import recurring_bridge
from pmlib.product.outlook.forecasts import forecast_headlines
from pmlib.product.release.readiness import launch_readiness
from pmlib.product.revenue import monthly_revenue
from pmlib.product.review import review_products
from pmlib.product.satisfaction import satisfaction_by_month
from pmlib.product.standing.diffusion import fit_diffusion
from pmlib.product.standing.sunset import weigh_sunset
from pmlib.product.voice.drivers import satisfaction_drivers
from pmlib.product.voice.ratings import rating_moves
from pmlib.product.voice.response_weighting import weight_by_response
from pmlib.product.voice.score_chart import chart_score
from pmlib.product.voice.segments import satisfaction_by_segment
from pmlib.sample import make_tables
from pmlib.schema import TABLES, Kind

PERIOD = 2025 * 12 + 12
#: Tables that may be of any size, and so stay in their engine.
LARGE = ("customers", "orders", "subscriptions", "surveys", "usage", "invitations")
_PRODUCTS = ("PR1", "PR2", "PR6", "PR8")
_SMALL = ("products", "product_costs", "price_history", "market", "feedback", "features", "experiments", "workbook")

Question = Callable[[Mapping[str, Any]], Any]


def _asked(verb: Callable[..., Any], **options: Any) -> Question:
    return functools.partial(_ask, verb, options)


def _ask(verb: Callable[..., Any], options: dict[str, Any], tables: Mapping[str, Any]) -> Any:
    return verb(tables, period=PERIOD, **options)


QUESTIONS: dict[str, Question] = {
    "customer months": lambda tables: customer_months(tables, last=PERIOD).order_by("customer_id", "month").to_pandas(),
    "product months": lambda tables: product_months(tables, last=PERIOD)
    .order_by("product_id", "segment", "channel", "month").to_pandas(),
    "monthly revenue": _asked(monthly_revenue),
    "revenue by product": _asked(revenue_by, by="product"),
    "revenue by segment": _asked(revenue_by, by="segment", product_id="PR1"),
    "recurring bridge": _asked(recurring_bridge),
    "price, volume and mix by product": _asked(price_volume_mix),
    "price, volume and mix by region": _asked(price_volume_mix, by="region", product_id="PR1"),
    "price, volume and mix by segment": _asked(price_volume_mix, by="segment"),
    "margin": _asked(product_margin),
    "cohorts of subscribers": _asked(cohort_triangle, activity="subscriptions"),
    "cohorts of buyers": _asked(cohort_triangle, activity="orders", product_id="PR1"),
    "rolling cohorts of subscribers": _asked(cohort_triangle, activity="subscriptions", retention="rolling"),
    "rolling cohorts of buyers": _asked(cohort_triangle, activity="orders", retention="rolling"),
    "survival": _asked(survival_curves, product_id="PR6"),
    "survival by segment": _asked(survival_curves, by="segment"),
    "survivorship": _asked(survivorship, product_id="PR6"),
    "projected retention": _asked(project_retention, product_id="PR6"),
    "recency, frequency and value": _asked(score_customers),
    "recency, frequency and value of a year": _asked(score_customers, product_id="PR1", months=12),
    "repeat buying": _asked(repeat_buying),
    "purchases against their forecast": _asked(track_purchases, fitted_to="2024-12", product_id="PR2"),
    "lifetime value": _asked(customer_lifetime_value, product_id="PR1"),
    "satisfaction by month": _asked(satisfaction_by_month, months=12),
    "satisfaction by segment": _asked(satisfaction_by_segment),
    "satisfaction by region": _asked(satisfaction_by_segment, by="region"),
    "satisfaction weighted by response": _asked(weight_by_response),
    "chart of a score": _asked(chart_score),
    "drivers of satisfaction": _asked(satisfaction_drivers, months=36),
    "ratings that moved": _asked(rating_moves),
    "diffusion": _asked(fit_diffusion, product_id="PR8"),
    "sunset": _asked(weigh_sunset),
    "forecast of revenue": _asked(forecast_headlines, headlines=["revenue"], product_id="PR8"),
    "difference in differences by region": _asked(
        difference_in_differences, product_id="PR1", treated={"region": ["north"]}, since="2025-01"),
    "difference in differences by segment": _asked(
        difference_in_differences, product_id="PR1", treated={"segment": ["homes"]}, since="2025-01"),
    "interrupted series": _asked(interrupted_series, product_id="PR1", since="2025-01"),
    "price elasticity": _asked(price_elasticity),
    "themes of feedback": _asked(count_themes, themes={"humidity": ["humidity"], "scrolling": ["scrolling", "slow"]}),
    "readiness for launch": _asked(launch_readiness, product_id="PR8"),
    "board of products": _asked(review_products),
}  # fmt: skip


@functools.cache
def small_company() -> dict[str, pd.DataFrame]:
    """Cut the sample company down, and add what it has little of: returns, empty answers, unknown customers."""
    raw = make_tables(scale=0.02)
    tables = {name: _typed(raw[name] if name == "features" else _cut(raw[name]), name) for name in (*LARGE, *_SMALL)}
    orders, surveys, customers = tables["orders"], tables["surveys"], tables["customers"]
    orders.loc[orders.index % 97 == 5, "units"] *= -1
    surveys["score"] = surveys["score"].astype("Int64").mask(surveys.index % 61 == 7)
    customers.loc[customers.index % 41 == 3, "segment"] = None
    return tables | {"customers": customers.iloc[2:].reset_index(drop=True)}


def _cut(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame["product_id"].isin(_PRODUCTS) if "product_id" in frame else slice(None)
    return frame[kept].reset_index(drop=True)


def _typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    typed = frame.copy()
    for column in TABLES[name].columns:
        if column.name not in typed:
            continue
        text = typed[column.name]
        if column.kind is Kind.MONTH:
            months = {month: as_month(month) for month in text.dropna().unique()}
            typed[column.name] = text.map(months).astype("Int64" if text.isna().any() else "int64")
        elif column.kind is Kind.DATE:
            typed[column.name] = pd.to_datetime(text)
    return typed


def frames_of(answer: Any, name: str = "") -> dict[str, pd.DataFrame]:
    """Lay out an answer as frames, whatever it is made of: fields within fields, and single figures as one row."""
    if isinstance(answer, pd.DataFrame):
        return {name: answer}
    if isinstance(answer, pd.Series):
        return {name: answer.to_frame("value")}
    if dataclasses.is_dataclass(answer):
        parts: dict[str, Any] = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    elif isinstance(answer, Mapping):
        parts = {str(key): value for key, value in answer.items()}
    elif isinstance(answer, list | tuple) and any(dataclasses.is_dataclass(one) for one in answer):
        parts = {str(i): value for i, value in enumerate(answer)}
    else:
        return {name: pd.DataFrame({"value": [answer]})}
    return {key: frame for part, value in parts.items() for key, frame in frames_of(value, f"{name}.{part}").items()}


@contextlib.contextmanager
def leaving_the_engine() -> Iterator[list[pd.DataFrame]]:
    """Collect what queries bring out of their engine: every way out of Ibis ends in one of these two methods."""
    taken: list[pd.DataFrame] = []

    def watched(way_out: Callable[..., Any]) -> Callable[..., Any]:
        def bring(self: Any, **options: Any) -> Any:
            got = way_out(self, **options)
            found = got.to_pandas() if hasattr(got, "to_pandas") else got
            # A copy, since who asked may add columns to what came.
            taken.append(found.copy() if isinstance(found, pd.DataFrame) else pd.DataFrame({"value": pd.Series(found)}))
            return got

        return bring

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "to_pyarrow"):
            patch.setattr(ibis.Expr, name, watched(getattr(ibis.Expr, name)))
        yield taken


def put_into(connection: Any, name: str, frame: pd.DataFrame) -> Any:
    """Write a table of the company into an engine and return it."""
    rows = _in_arrow(frame)
    if connection.name == "duckdb":
        return connection.create_table(name, rows)
    if connection.name == "pyspark":
        connection._session.createDataFrame(rows).createOrReplaceTempView(name)
        return connection.table(name)
    kinds = {field.name: _KINDS.get(str(field.type), "string") for field in rows.schema}
    table = connection.create_table(name, schema=ibis.schema(kinds))
    sign, text = ("?", str) if connection.name == "sqlite" else ("%s", lambda day: day)
    values = [[text(one) if isinstance(one, datetime.date) else one for one in row.values()]
              for row in rows.to_pylist()]
    connection.con.cursor().executemany(f"insert into {name} values ({', '.join([sign] * len(kinds))})", values)
    connection.con.commit()
    return table


_KINDS = {"int64": "int64", "double": "float64", "bool": "boolean", "date32[day]": "date"}


def _in_arrow(frame: pd.DataFrame) -> pa.Table:
    days = {name: frame[name].dt.date for name in frame if frame[name].dtype.kind == "M"}
    return pa.Table.from_pandas(frame.assign(**days), preserve_index=False)


def stored(connection: Any, company: Mapping[str, pd.DataFrame]) -> MartTables:
    """Return a company with its large tables in an engine, and its marts."""
    return with_marts({**company} | {name: put_into(connection, name, company[name]) for name in LARGE}, period=PERIOD)


@functools.cache
def in_duckdb() -> MartTables:
    """Return the company with its large tables in DuckDB."""
    return stored(ibis.duckdb.connect(), small_company())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a question answers, as frames, and what its queries brought out of the engine."""

    frames: dict[str, pd.DataFrame]
    taken: list[pd.DataFrame]


def ask(question: str, tables: Mapping[str, Any]) -> Answer:
    """Put a question to a company."""
    with leaving_the_engine() as taken:
        frames = frames_of(QUESTIONS[question](tables))
    return Answer(frames=frames, taken=taken)


@functools.cache
def asked_of_duckdb(question: str) -> Answer:
    """Put a question to the company in DuckDB, once for all tests."""
    return ask(question, in_duckdb())
