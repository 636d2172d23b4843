"""The project of the reports room: one notebook of twelve code cells, and a definition for so many units."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPORT, PERIOD = "decision", "2026-06"
#: What the first cells are; the second imports all that a kernel needs.
_TAGS = ("parameters", "setup")
#: Places of the cells behind which others may be put.
IMPORTS, OVER_TIME, LAST = 1, 6, 11
#: Prints the private memory of a kernel.
WEIGH = """\
from pathlib import Path

smaps = Path("/proc/self/smaps_rollup").read_text().splitlines()
private = [line.split()[1] for line in smaps if line.startswith(("Private_Clean", "Private_Dirty"))]
print("private kB:", sum(map(int, private)))
"""
#: A picture as pmlib makes them, with more lines than most.
PICTURE = """\
by_month = lines.pivot_table(index="month", columns="line", values="margin", aggfunc="sum", observed=True)
pm.figure(by_month.plot(figsize=(8, 4)), alt="Margin by month and line")
"""

#: Text and code in turn; what stands before a cell says what it is for.
_CELLS = (
    ("# Which products of this unit go on?\n\nThe board of the unit reads this before it decides.", """\
unit: str = "U001"  # unit of the company
period: str | None = "2026-06"  # month shown, YYYY-MM"""),
    ("", """\
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import pmlib as pm"""),
    ("## The data\n\nOne row per order line, made from the unit's number.", """\
rng = np.random.default_rng(int(unit[1:]))
rows, products = 20_000, 40
orders = pd.DataFrame({
    "product": rng.integers(0, products, rows),
    "customer": rng.integers(0, 4_000, rows),
    "month": pd.Timestamp("2024-07-01") + pd.to_timedelta(rng.integers(0, 730, rows), unit="D"),
    "units": rng.poisson(3, rows) + 1,
    "price": rng.gamma(4, 12, rows).round(2),
})
orders["month"] = orders["month"].dt.to_period("M").dt.to_timestamp()
catalogue = pd.DataFrame({
    "product": np.arange(products),
    "name": [f"Product {number:02d}" for number in range(products)],
    "line": rng.choice(["paper", "pens", "ink", "desks"], products),
    "unit_cost": rng.uniform(10, 45, products).round(2),
})"""),
    ("Each order line gets its product's cost; what is left is the margin.", """\
lines = orders.merge(catalogue, on="product", validate="many_to_one")
lines["revenue"] = lines["units"] * lines["price"]
lines["margin"] = lines["revenue"] - lines["units"] * lines["unit_cost"]
lines["segment"] = pd.cut(lines["revenue"], [0, 50, 150, 400, np.inf], labels=["S", "M", "L", "XL"])
lines["label"] = lines["line"].str.upper() + " " + lines["month"].dt.strftime("%Y-%m")"""),
    ("## The answer", """\
revenue, margin = lines["revenue"].sum() / 1e3, lines["margin"].sum() / 1e3
f"{unit} earned {margin:,.0f} of {revenue:,.0f} kEUR in the two years to {period}, {margin / revenue:.0%} of it." """),
    ("## By line\n\nRevenue and margin in thousands.", """\
by_line = lines.groupby("line", observed=True).agg(
    orders=("product", "size"), customers=("customer", "nunique"), revenue=("revenue", "sum"), margin=("margin", "sum"))
by_line["share"] = by_line["margin"] / by_line["margin"].sum()
display(by_line.round(2))"""),
    ("## Over time\n\nMargin by quarter and line.", """\
quarters = lines["month"].dt.to_period("Q").dt.to_timestamp().rename("quarter")
by_quarter = lines.pivot_table(index=quarters, columns="line", values="margin", aggfunc="sum", observed=True) / 1e3
figure, axes = plt.subplots(figsize=(8, 4))
for name, values in by_quarter.items():
    axes.plot(values.index, values, label=name)
axes.set(title=f"Margin of {unit} by quarter", ylabel="kEUR")
axes.legend(ncols=4, frameon=False)
plt.show()"""),
    ("## How sure\n\nCustomers are drawn again, so that those who buy often count as one.", """\
customers = lines.groupby("customer")["margin"].sum().to_numpy()
drawn = rng.integers(0, customers.size, (300, customers.size))
totals = customers[drawn].sum(axis=1) / 1e3
low, high = np.quantile(totals, [0.05, 0.95])
by_customer = lines.groupby(["customer", "line"], observed=True)["margin"].agg(["sum", "median", "std"])
print(f"Between {low:,.0f} and {high:,.0f} kEUR, 9 times in 10.")"""),
    ("## By product\n\nThe ten that earn least.", """\
by_product = lines.groupby(["product", "name"], observed=True).agg(
    margin=("margin", "sum"), spread=("margin", "std"), orders=("margin", "size"), units=("units", "sum"))
by_product["z"] = (by_product["margin"] - by_product["margin"].mean()) / by_product["margin"].std()
by_product = by_product.sort_values("margin").reset_index("name")
display(by_product.head(10).round(1))"""),
    ("## Spread\n\nMargin of an order line by size of the order.", """\
figure, sides = plt.subplots(1, 2, figsize=(8, 4))
sides[0].hist(lines["margin"], bins=60, color="#0072B2")
sides[0].set(title="Order lines by margin", xlabel="EUR", ylabel="order lines")
by_size = [part["margin"].to_numpy() for _, part in lines.groupby("segment", observed=True)]
sides[1].boxplot(by_size, showfliers=False, tick_labels=["S", "M", "L", "XL"])
sides[1].set(title="Margin by size of order", ylabel="EUR")
figure.tight_layout()
plt.show()"""),
    ("## The decision", """\
by_product["verdict"] = np.select([by_product["z"] < -1, by_product["z"] < 0], ["stop", "hold"], "keep")
counts = by_product["verdict"].value_counts().sort_index()
display(by_product[["name", "margin", "verdict"]].head(15).round(0))
"; ".join(f"{count} {verdict}" for verdict, count in counts.items()) + "." """),
    ("## Kept as data", """\
class Answer:
    def summary(self):
        return f"{unit}: {counts.get('stop', 0)} of {len(by_product)} products stop."

    def headline(self):
        return {f"{margin:,.0f} kEUR": "margin of two years", str(counts.get("stop", 0)): "products to stop"}


pm.record(Answer(), {"products": by_product.reset_index(), "lines": by_line})"""),
)


def unit_names(reports: int) -> list[str]:
    """Name so many units."""
    return [f"U{number:03d}" for number in range(1, reports + 1)]


def notebook_file(project: Path) -> Path:
    """Where the notebook of a project lies."""
    return project / "notebooks" / f"{REPORT}.ipynb"


def write_project(project: Path, *, reports: int, more: Mapping[int, str] | None = None) -> Path:
    """Write notebook and definition; ``more`` holds further code cells, by the place of the cell before."""
    (project / "reports").mkdir(parents=True, exist_ok=True)
    notebook_file(project).parent.mkdir(exist_ok=True)
    notebook_file(project).write_text(json.dumps(_notebook(more or {}), indent=1) + "\n", encoding="utf-8")
    # JSON is YAML.
    definition = {"name": REPORT, "title": "Decision report", "notebooks": [REPORT], "formats": ["html", "ipynb"],
                  "matrix": {"parameter": "unit", "units": unit_names(reports)}}  # fmt: skip
    (project / "reports" / f"{REPORT}.yml").write_text(json.dumps(definition, indent=1) + "\n", encoding="utf-8")
    return project


def _notebook(more: Mapping[int, str]) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    for place, (text, code) in enumerate(_CELLS):
        if text:
            cells.append(_cell("markdown", text, number=len(cells)))
        cells.append(_cell("code", code, number=len(cells), tags=_TAGS[place : place + 1]))
        if place in more:
            cells.append(_cell("code", more[place], number=len(cells)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "cells": cells,
            "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}}  # fmt: skip


def _cell(kind: str, source: str, *, number: int, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"cell-{number:02d}", "metadata": {"tags": list(tags)} if tags else {},
            "source": source.strip().splitlines(keepends=True), **code}  # fmt: skip
