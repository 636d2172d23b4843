from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def sold() -> Callable[..., Frames]:
    """Tables of products with these thousands a month up to December 2025: ``sold(A=[1, 2], B=[3])``."""

    def build(**by_product: Sequence[float]) -> Frames:
        parts = [
            pd.DataFrame(
                {
                    "order_id": [f"{product}{i}" for i in range(len(values))],
                    "customer_id": "K1",
                    "product_id": product,
                    "date": pd.date_range(end="2025-12-01", periods=len(values), freq="MS"),
                    "units": np.where(np.asarray(values) < 0, -1.0, 1.0),
                    "paid_price": 1000 * np.abs(np.asarray(values, dtype=float)),
                }
            )
            for product, values in by_product.items()
        ]
        ids = list(by_product)
        products = pd.DataFrame({"product_id": ids, "name": [f"Product {one}" for one in ids], "category": ids})
        return {"products": products, "orders": pd.concat(parts, ignore_index=True)}

    return build
