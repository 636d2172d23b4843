from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

FIRST = 2023 * 12 + 1


def orders(by_group: Mapping[str, np.ndarray], *, product: str = "A") -> pd.DataFrame:
    """One order line a month and region, of so many thousand; from January 2023 on."""
    return pd.concat(
        [
            pd.DataFrame({
                "order_id": [f"{region}{k}" for k in range(len(money))], "customer_id": f"K{region}",
                "product_id": product, "region": region, "units": money, "paid_price": 1000.0,
                "date": pd.date_range("2023-01-01", periods=len(money), freq="MS"),
            })
            for region, money in by_group.items()
        ],
        ignore_index=True,
    )  # fmt: skip


def remembering(rng: np.random.Generator, memory: float, *, shape: tuple[int, int]) -> np.ndarray:
    """Unit noise of shape (n_months, n_series) in which a month remembers the one before."""
    noise = rng.standard_normal(shape)
    noise[0] /= np.sqrt(1 - memory**2)
    for month in range(1, shape[0]):
        noise[month] += memory * noise[month - 1]
    return noise
