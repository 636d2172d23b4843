"""The queries of the product room in pandas and in Polars, from the same Parquet files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.orders import FIRST_YEAR, MONTHS

LAST = FIRST_YEAR * 12 + MONTHS
_FIRST = LAST - 12
_E4, _PER_K, _BEFORE = 10_000, 1e7, 24_270
_SUMS = ["order_lines", "units", "orders_e4"]
_LINES = ["customer_id", "product_id", "date", "units", "paid_price"]
Answer = Callable[[dict[str, Any]], Any]


def _lines(files: dict[str, str], columns: list[str] = _LINES) -> Any:
    import pandas as pd

    rows = pd.read_parquet(files["orders"], columns=columns)
    date = pd.to_datetime(rows.pop("date"))
    rows["month"] = date.dt.year * 12 + date.dt.month
    rows = rows[rows["month"] <= LAST]
    if "paid_price" in columns:
        rows["orders_e4"] = (rows["units"] * rows.pop("paid_price") * _E4).round().astype("int64")
    rows["order_lines"] = (rows["units"] > 0).astype("int64")
    return rows


def _told(sums: Any) -> list[float]:
    return [len(sums), *(sums[name].sum() for name in _SUMS), (sums["orders_e4"] * (sums["month"] - _BEFORE)).sum()]


def _pandas_customer_months(files: dict[str, str]) -> Any:
    rows = _lines(files, ["customer_id", "date", "units", "paid_price"])
    return _told(rows.groupby(["customer_id", "month"], sort=False, as_index=False)[_SUMS].sum())


def _pandas_product_months(files: dict[str, str]) -> Any:
    import pandas as pd

    keys = ["product_id", "segment", "channel", "month"]
    rows = _lines(files).merge(pd.read_parquet(files["customers"]), on="customer_id", how="left")
    sums = rows.groupby(keys, as_index=False)[_SUMS].sum()
    buyers = rows[rows["units"] > 0].groupby(keys)["customer_id"].nunique().reset_index()
    people = buyers["customer_id"]
    return [*_told(sums), people.sum(), (people * buyers["month"]).sum()]


def _pandas_revenue(files: dict[str, str]) -> Any:
    rows = _lines(files, ["product_id", "date", "units", "paid_price"])
    months = rows.groupby(["product_id", "month"])["orders_e4"].sum()
    return [*months / _PER_K, rows["orders_e4"].sum() / _PER_K]


def _pandas_cohorts(files: dict[str, str]) -> Any:
    rows = _lines(files, ["customer_id", "date", "units"])
    active = rows.loc[rows["units"] > 0, ["customer_id", "month"]].drop_duplicates()
    active["cohort"] = active.groupby("customer_id")["month"].transform("min")
    active["age"] = active["month"] - active["cohort"]
    return active.groupby(["cohort", "age"]).size().to_numpy()


def _pandas_answers(files: dict[str, str]) -> Any:
    import pandas as pd

    rows = pd.read_parquet(files["surveys"])
    date = pd.to_datetime(rows["date"])
    rows["month"] = date.dt.year * 12 + date.dt.month
    keys = ["product_id", "instrument", "scale_max", "month", "score"]
    return rows[rows["month"] <= LAST].groupby(keys, dropna=False).size().to_numpy()


def _pandas_flows(files: dict[str, str]) -> Any:
    import pandas as pd

    rows = pd.read_parquet(files["subscriptions"], columns=["customer_id", "start_month", "end_month", "monthly_eur"])
    end = rows["end_month"].fillna(LAST)
    rows = rows[(end >= rows["start_month"]) & (rows["start_month"] <= LAST) & (rows["monthly_eur"] > 0)]
    end, price = rows["end_month"].fillna(LAST), (rows["monthly_eur"] * _E4).round().astype("int64")
    for name, month in (("opening", _FIRST), ("closing", LAST)):
        rows[name] = price.where((rows["start_month"] <= month) & (end >= month), 0)
    rows["known"] = (rows["start_month"] <= _FIRST).astype("int64")
    paid = rows.groupby("customer_id", sort=False)[["opening", "closing", "known"]].sum()
    opening, closing, known = (paid[name].to_numpy() for name in paid)
    return _flows(opening, closing, known > 0)


def _flows(opening: Any, closing: Any, known: Any) -> list[float]:
    kinds = [(opening == 0) & (closing > 0) & ~known, (opening == 0) & (closing > 0) & known,
             (opening > 0) & (closing > opening), (closing > 0) & (closing < opening),
             (opening > 0) & (closing == 0)]  # fmt: skip
    change = closing - opening
    return [opening.sum(), *(change[kind].sum() for kind in kinds), closing.sum(), np.minimum(opening, closing).sum(),
            closing[opening > 0].sum(), *(kind.sum() for kind in kinds), (opening > 0).sum(),
            (closing > 0).sum()]  # fmt: skip


def _scan(file: str) -> Any:
    import polars as pl

    rows = pl.scan_parquet(file)
    if "date" not in rows.collect_schema().names():
        return rows
    month = pl.col("date").dt.year().cast(pl.Int64) * 12 + pl.col("date").dt.month()
    return rows.with_columns(month=month).filter(pl.col("month") <= LAST)


def _sold(files: dict[str, str]) -> tuple[Any, list[Any]]:
    import polars as pl

    money = (pl.col("units") * pl.col("paid_price") * _E4).round().cast(pl.Int64)
    sums = [(pl.col("units") > 0).sum().cast(pl.Int64).alias("order_lines"), pl.col("units").sum(),
            pl.col("orders_e4").sum()]  # fmt: skip
    return _scan(files["orders"]).with_columns(orders_e4=money), sums


def _collected(rows: Any) -> Any:
    return rows.collect(engine="streaming")


def _polars_customer_months(files: dict[str, str]) -> Any:
    rows, sums = _sold(files)
    return _told(_collected(rows.group_by("customer_id", "month").agg(sums)))


def _polars_product_months(files: dict[str, str]) -> Any:
    import polars as pl

    rows, sums = _sold(files)
    rows = rows.join(pl.scan_parquet(files["customers"]), on="customer_id", how="left")
    people = pl.col("customer_id").filter(pl.col("units") > 0).n_unique().cast(pl.Int64).alias("customers")
    mart = _collected(rows.group_by("product_id", "segment", "channel", "month").agg(*sums, people))
    return [*_told(mart), mart["customers"].sum(), (mart["customers"] * mart["month"]).sum()]


def _polars_revenue(files: dict[str, str]) -> Any:
    rows, sums = _sold(files)
    months = _collected(rows.group_by("product_id", "month").agg(sums[-1])).sort("product_id", "month")
    total = _collected(rows.select(sums[-1])).item()
    return [*(months["orders_e4"] / _PER_K), total / _PER_K]


def _polars_cohorts(files: dict[str, str]) -> Any:
    import polars as pl

    active = _scan(files["orders"]).filter(pl.col("units") > 0).select("customer_id", "month").unique()
    first = active.group_by("customer_id").agg(cohort=pl.col("month").min())
    aged = active.join(first, on="customer_id").with_columns(age=pl.col("month") - pl.col("cohort"))
    return _collected(aged.group_by("cohort", "age").len()).sort("cohort", "age")["len"].to_numpy()


def _polars_answers(files: dict[str, str]) -> Any:
    keys = ["product_id", "instrument", "scale_max", "month", "score"]
    counts = _collected(_scan(files["surveys"]).group_by(keys).len())
    return counts.sort(keys, nulls_last=True)["len"].to_numpy()


def _polars_flows(files: dict[str, str]) -> Any:
    import polars as pl

    start, end, price = pl.col("start_month"), pl.col("end_month").fill_null(LAST), pl.col("monthly_eur")
    rows = _scan(files["subscriptions"]).filter(end >= start, start <= LAST, price > 0)
    e4 = (price * _E4).round().cast(pl.Int64)
    ends = {name: pl.when((start <= month) & (end >= month)).then(e4).otherwise(0).sum()
            for name, month in (("opening", _FIRST), ("closing", LAST))}  # fmt: skip
    paid = _collected(rows.group_by("customer_id").agg(**ends, known=(start <= _FIRST).any()))
    return _flows(*(paid[name].to_numpy() for name in ("opening", "closing", "known")))


PANDAS: dict[str, Answer] = {
    "customer months": _pandas_customer_months, "product months": _pandas_product_months,
    "monthly revenue": _pandas_revenue, "cohorts": _pandas_cohorts, "answers": _pandas_answers,
    "recurring flows": _pandas_flows,
}  # fmt: skip
POLARS: dict[str, Answer] = {
    "customer months": _polars_customer_months, "product months": _polars_product_months,
    "monthly revenue": _polars_revenue, "cohorts": _polars_cohorts, "answers": _polars_answers,
    "recurring flows": _polars_flows,
}  # fmt: skip
