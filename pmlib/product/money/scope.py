"""Which product a question of money is about."""

from __future__ import annotations

from collections.abc import Iterable

from pmlib.errors import ParameterError, did_you_mean
from pmlib.product.engine import Tables, small


def refuse_unknown(product_id: str | None, tables: Tables, *, seen: Iterable[object]) -> None:
    """Refuse a product that is neither in the table of products nor among those seen in the rows.

    Raises
    ------
    ParameterError
        The product is unknown.
    """
    if product_id is None:
        return
    known = {str(one) for one in seen}
    if tables.get("products") is not None:
        known |= {str(one) for one in small(tables, "products", ["product_id"])["product_id"]}
    if product_id not in known:
        raise ParameterError(f"product_id: got '{product_id}'. {did_you_mean(str(product_id), sorted(known))}")
