"""Cases of the product room: every query against hand-written SQL, and what the marts cost against a plain scan."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.frames import PANDAS, POLARS
from benchmarks.orders import FIRST_YEAR, MONTHS, customers_file, orders_file, subscriptions_file, surveys_file
from benchmarks.registry import OURS, Case, Data, Implementation

LAST = FIRST_YEAR * 12 + MONTHS
#: What a workbook's engine may take, for everyone who runs on DuckDB.
_MEMORY = "2GB"
#: Rows on which everyone warms up: imports, plans and connections are not timed.
_WARM = 20_000
_MEGABYTES = 2_500
_MONTH = """year("date") * 12 + month("date")"""
_LINES = f"(SELECT *, {_MONTH} AS month, CAST(units * paid_price AS DECIMAL(18, 4)) AS money FROM orders)"
_FILES = {"orders": orders_file, "customers": customers_file, "surveys": surveys_file,
          "subscriptions": subscriptions_file}  # fmt: skip

Tables = dict[str, Any]
Answer = Callable[[Tables], Any]


def _files(*names: str) -> Callable[[tuple[int, ...], int], Data]:
    def make(size: tuple[int, ...], seed: int) -> Data:
        return {rows: {name: str(_FILES[name](rows)) for name in names} for rows in (size[0], _WARM)} | {
            "rows": size[0]}  # fmt: skip

    return make


def _warmed(answer: Answer, tables: Callable[[dict[str, str]], Tables]) -> Callable[[Data], Callable[[], Any]]:
    """Ask once about a few rows, then hand over the call on many."""

    def prepare(data: Data) -> Callable[[], Any]:
        answer(tables(data[_WARM]))
        many = tables(data[data["rows"]])
        return lambda: answer(many)

    return prepare


def _in_ibis(files: dict[str, str]) -> Tables:
    import ibis

    import pmlib.product  # noqa: F401 - imported before the clock runs

    engine = ibis.duckdb.connect()
    _limit(engine.con)
    return {name: engine.read_parquet(file, table_name=name) for name, file in files.items()}


def _in_duckdb(files: dict[str, str]) -> Tables:
    import duckdb

    engine = duckdb.connect()
    _limit(engine)
    for name, file in files.items():
        engine.execute(f"CREATE VIEW {name} AS FROM '{file}'")
    return {"engine": engine}


def _limit(engine: Any) -> None:
    engine.execute(f"SET memory_limit='{_MEMORY}'")
    engine.execute(f"SET temp_directory='{Path(tempfile.gettempdir(), 'pmlib-bench')}'")


def _ours(answer: Answer) -> Implementation:
    return Implementation(name=OURS, prepare=_warmed(answer, _in_ibis))


def _sql(answer: Answer) -> Implementation:
    return Implementation(name="DuckDB, SQL by hand", prepare=_warmed(answer, _in_duckdb), at_most=1.15)


def _in_frames(files: dict[str, str]) -> Tables:
    return dict(files)


def _peers(name: str) -> tuple[Implementation, ...]:
    return (
        Implementation(name="pandas", prepare=_warmed(PANDAS[name], _in_frames), at_least=2, lighter_at_least=2.5),
        Implementation(name="Polars", prepare=_warmed(POLARS[name], _in_frames), package="polars"),
    )


def _build(mart: str, told: str) -> Answer:
    def answer(tables: Tables) -> Any:
        from pmlib.product.marts import with_marts

        return _sums(with_marts(tables, period=LAST).mart(mart), told)

    return answer


def _sums(rows: Any, told: str) -> Any:
    """Numbers that tell two marts apart, in place of their rows."""
    engine = rows.get_backend()
    return engine.con.execute(f"SELECT {told} FROM ({engine.compile(rows)})").fetchone()


_CUSTOMER_TOLD = "count(*), sum(order_lines), sum(units), sum(orders_e4), sum(orders_e4 * (month - 24270))"
_PRODUCT_TOLD = f"{_CUSTOMER_TOLD}, sum(customers), sum(customers * month)"
_SUMMED = """count(*) FILTER (WHERE units > 0) AS order_lines, sum(units) AS units,
    CAST(sum(money) * 10000 AS BIGINT) AS orders_e4, 0::BIGINT AS recurring_e4"""


def _sql_customer_months(tables: Tables) -> Any:
    tables["engine"].execute(f"""
        CREATE OR REPLACE TEMP TABLE mart AS
        SELECT customer_id, month, {_SUMMED}, 0::BIGINT AS subscriptions
        FROM {_LINES} WHERE month <= {LAST} GROUP BY ALL""")
    return tables["engine"].execute(f"SELECT {_CUSTOMER_TOLD} FROM mart").fetchone()


def _sql_product_months(tables: Tables) -> Any:
    tables["engine"].execute(f"""
        CREATE OR REPLACE TEMP TABLE mart AS
        SELECT product_id, coalesce(segment, 'unknown') AS segment, coalesce(channel, 'unknown') AS channel, month,
            {_SUMMED}, count(DISTINCT customer_id) FILTER (WHERE units > 0) AS customers, 0::BIGINT AS subscribers
        FROM {_LINES} LEFT JOIN customers USING (customer_id) WHERE month <= {LAST} GROUP BY ALL""")
    return tables["engine"].execute(f"SELECT {_PRODUCT_TOLD} FROM mart").fetchone()


def _our_revenue(tables: Tables) -> Any:
    from pmlib.product import monthly_revenue

    revenue = monthly_revenue(tables, period=LAST)
    return [*revenue.to_frame()["revenue_k"], revenue.total_k]


def _sql_revenue(tables: Tables) -> Any:
    """Sum by product and month, and once more in all, as ours does to check itself."""
    engine, e4 = tables["engine"], "CAST(sum(money) * 10000 AS BIGINT) / 1e7"
    months = engine.execute(f"""SELECT product_id, month, {e4} AS k FROM {_LINES} WHERE month <= {LAST}
                                GROUP BY ALL ORDER BY ALL""").df()
    total = engine.execute(f"SELECT {e4} FROM {_LINES} WHERE month <= {LAST}").fetchone()[0]
    return [*months["k"], total]


def _our_cohorts(tables: Tables) -> Any:
    from pmlib.product import cohort_triangle

    cohorts = cohort_triangle(tables, period=LAST, activity="orders")
    active = cohorts.triangle.mul(cohorts.sizes, axis="index").to_numpy().ravel()
    return active[active > 0]


def _sql_cohorts(tables: Tables) -> Any:
    return tables["engine"].execute(f"""
        WITH active AS (SELECT DISTINCT customer_id, month FROM {_LINES} WHERE units > 0 AND month <= {LAST}),
             first AS (SELECT customer_id, min(month) AS cohort FROM active GROUP BY ALL)
        SELECT cohort, month - cohort AS age, count(*) AS active FROM active JOIN first USING (customer_id)
        GROUP BY ALL ORDER BY ALL""").df()["active"].to_numpy()


def _our_answers(tables: Tables) -> Any:
    from pmlib.product.satisfaction import answer_counts

    return answer_counts(tables, last=LAST)["n"].to_numpy()


def _sql_answers(tables: Tables) -> Any:
    return tables["engine"].execute(f"""
        SELECT product_id, instrument, scale_max, {_MONTH} AS month, score, count(*) AS n FROM surveys
        WHERE {_MONTH} <= {LAST} GROUP BY ALL ORDER BY ALL""").df()["n"].to_numpy()


_FLOWS = ("opening", "new", "reactivation", "expansion", "contraction", "churn", "closing", "kept", "stayed",
          "new_n", "reactivation_n", "expansion_n", "contraction_n", "churn_n", "opening_n", "closing_n")  # fmt: skip


def _our_flows(tables: Tables) -> Any:
    from pmlib.product.money.flows import paid_spans, window_flows

    flows = window_flows(paid_spans(tables, last=LAST), first=LAST - 12, last=LAST, by_product=False)
    return flows[list(_FLOWS)].to_numpy()[0]


def _sql_flows(tables: Tables) -> Any:
    runs = "CASE WHEN start_month <= {0} AND coalesce(end_month, {0}) >= {0} THEN price_e4 ELSE 0 END"
    kinds = {
        "new": "opening = 0 AND closing > 0 AND NOT known", "reactivation": "opening = 0 AND closing > 0 AND known",
        "expansion": "opening > 0 AND closing > opening", "contraction": "closing > 0 AND closing < opening",
        "churn": "opening > 0 AND closing = 0",
    }  # fmt: skip
    money = ", ".join(f"sum(closing - opening) FILTER (WHERE {test}) AS {kind}" for kind, test in kinds.items())
    people = ", ".join(f"count(*) FILTER (WHERE {test}) AS {kind}_n" for kind, test in kinds.items())
    x, y = "(opening / 1e4)", "(CASE WHEN opening > 0 THEN closing ELSE 0 END / 1e4)"
    change = "((closing - opening) / 1e4)"
    kept = f"least({x}, {y})"
    pairs = ((x, x), (x, kept), (kept, kept), (x, y), (y, y))
    squares = ", ".join(f"sum({a} * {b})" for a, b in pairs)
    signs = ", ".join(f"sum({change} * {change}) FILTER (WHERE closing {sign} opening)" for sign in "<>")
    row = tables["engine"].execute(f"""
        WITH spans AS (SELECT customer_id, start_month, end_month,
                           CAST(CAST(monthly_eur AS DECIMAL(18, 4)) * 10000 AS BIGINT) AS price_e4 FROM subscriptions
                       WHERE coalesce(end_month, {LAST}) >= start_month AND start_month <= {LAST} AND monthly_eur > 0),
             paid AS (SELECT customer_id, sum({runs.format(LAST - 12)}) AS opening, sum({runs.format(LAST)}) AS closing,
                          bool_or(start_month <= {LAST - 12}) AS known FROM spans GROUP BY ALL)
        SELECT sum(opening) AS opening, sum(closing) AS closing, sum(least(opening, closing)) AS kept,
            sum(closing) FILTER (WHERE opening > 0) AS stayed, count(*) FILTER (WHERE opening > 0) AS opening_n,
            count(*) FILTER (WHERE closing > 0) AS closing_n, {money}, {people}, {squares}, {signs}
        FROM paid""").df()
    return row[list(_FLOWS)].to_numpy()[0]


def _query(name: str, work: str, *, files: tuple[str, ...], ours: Answer, sql: Answer, rows: int = 10_000_000) -> Case:
    return Case(
        name=name, work=work, make=_files(*files), sizes={"full": (rows,), "smoke": (_WARM,)}, tolerance=1e-6,
        implementations=(_ours(ours), _sql(sql), *_peers(name)),
    )


_QUERIES = (
    _query("customer months", "customer x month mart, orders", files=("orders",),
           ours=_build("customer_months", _CUSTOMER_TOLD), sql=_sql_customer_months),
    _query("product months", "product x segment x channel x month mart with distinct customers, orders",
           files=("orders", "customers"), ours=_build("product_months", _PRODUCT_TOLD), sql=_sql_product_months),
    _query("monthly revenue", "revenue by product and month, and in all, orders", files=("orders",),
           ours=_our_revenue, sql=_sql_revenue),
    _query("cohorts", "customers by cohort and age, orders", files=("orders",), ours=_our_cohorts, sql=_sql_cohorts),
    _query("answers", "answers by month and score, surveys", files=("surveys",), ours=_our_answers, sql=_sql_answers),
    _query("recurring flows", "recurring revenue by kind of change, subscriptions", files=("subscriptions",),
           ours=_our_flows, sql=_sql_flows, rows=2_000_000),
)  # fmt: skip


def _scan(tables: Tables) -> None:
    tables["engine"].execute('SELECT max(customer_id), max("date"), sum(paid_price) FROM orders').fetchone()


def _against_scan(at_most: float | None = None) -> Implementation:
    return Implementation(name="scan of three columns", prepare=_warmed(_scan, _in_duckdb), at_most=at_most,
                          agrees=False)  # fmt: skip


def _marted(files: dict[str, str]) -> Tables:
    """Give the tables with both marts built."""
    from pmlib.product.marts import with_marts

    tables: Any = with_marts(_in_ibis(files), period=LAST)
    for name in ("customer_months", "product_months"):
        tables.mart(name)
    return tables


def _our_bridge(tables: Tables) -> Any:
    from pmlib.product.money.customer_bridge import revenue_bridge

    row = revenue_bridge(tables, period=LAST).to_frame().iloc[0]
    changes = sum(row[f"{flow}_k"] for flow in ("new", "reactivation", "expansion", "contraction", "churn"))
    return [1_000 * row["opening_k"], 1_000 * row["closing_k"], 1_000 * changes]


def _sql_windows(tables: Tables) -> Any:
    before, after = tables["engine"].execute(f"""
        SELECT sum(money) FILTER (WHERE month > {LAST - 24} AND month <= {LAST - 12}),
               sum(money) FILTER (WHERE month > {LAST - 12} AND month <= {LAST}) FROM {_LINES}""").fetchone()
    return [float(before), float(after), float(after - before)]


def _whole(tables: Tables) -> Any:
    """Both marts, then both questions: what a process takes that does it all."""
    from pmlib.product.marts import with_marts

    held: Any = with_marts(tables, period=LAST)
    return [*_our_bridge(held), *_our_cohorts(held)]


_LARGE = {"large": (100_000_000,), "smoke": (_WARM,)}


def _large(name: str, work: str, ours: Implementation, *peers: Implementation) -> Case:
    return Case(name=name, work=work, make=_files("orders", "customers"), sizes=_LARGE, tolerance=0.01,
                implementations=(ours, *peers))  # fmt: skip


_FROM_MART = (
    _large("mart build", "customer x month mart, orders", _ours(_build("customer_months", _CUSTOMER_TOLD)),
           _against_scan(8)),
    _large("product mart build", "product x segment x channel x month mart, orders",
           _ours(_build("product_months", _PRODUCT_TOLD)), _against_scan()),
    _large("bridge from mart", "revenue bridge of two years from the marts, orders",
           Implementation(name=OURS, prepare=_warmed(_our_bridge, _marted)), _against_scan(1.6),
           replace(_sql(_sql_windows), name="revenue of both years by hand, from the rows", at_most=None)),
    _large("cohorts from mart", "cohorts from the mart, orders",
           Implementation(name=OURS, prepare=_warmed(_our_cohorts, _marted)), _against_scan(1.4)),
    _large("end to end", "both marts, bridge and cohorts, orders", replace(_ours(_whole), within_mb=_MEGABYTES)),
)  # fmt: skip


def _rebuild(kept: bool) -> Callable[[Data], Callable[[], Any]]:
    """Change the prices of the last month, then ask for both marts."""

    def prepare(data: Data) -> Callable[[], Any]:
        from pmlib.product.marts import with_marts

        tables, turn = _in_ibis(data[data["rows"]]), 0
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)

        def call() -> Any:
            nonlocal turn
            turn += 1
            orders = tables["orders"]
            late = orders.date.cast("date") >= "2025-12-01"
            changed = orders.mutate(paid_price=orders.paid_price + late.ifelse(turn / 100, 0.0))
            held = with_marts({**tables, "orders": changed}, period=LAST, store=folder if kept else None)
            return [*_sums(held.mart("customer_months"), _CUSTOMER_TOLD),
                    *_sums(held.mart("product_months"), _PRODUCT_TOLD)]

        call()
        return call

    return prepare


_REBUILD = Case(
    name="one month changed", work="both marts when one of 36 months changed, orders",
    make=_files("orders", "customers"), sizes={"full": (10_000_000,), "smoke": (_WARM,)},
    implementations=(Implementation(name=OURS, prepare=_rebuild(kept=True)),
                     Implementation(name="pmlib, everything anew", prepare=_rebuild(kept=False))),
)  # fmt: skip

CASES = (*_QUERIES, _REBUILD, *_FROM_MART)
