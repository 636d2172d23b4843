"""The product room: what products earn, who stays, how content they are, where they stand in their market."""

from __future__ import annotations

from pmlib.product.change import Arrow
from pmlib.product.customers import Activity, CohortTriangle, cohort_triangle
from pmlib.product.estimate import Estimate
from pmlib.product.market import RevenueSplit, market_and_share_effect, split_revenue_change
from pmlib.product.revenue import MonthlyRevenue, monthly_revenue
from pmlib.product.review import ProductReview, review_products
from pmlib.product.satisfaction import (
    Instrument,
    Satisfaction,
    customer_satisfaction,
    net_promoter_score,
    satisfaction_by_month,
)

__all__ = [
    "Activity",
    "Arrow",
    "CohortTriangle",
    "Estimate",
    "Instrument",
    "MonthlyRevenue",
    "ProductReview",
    "RevenueSplit",
    "Satisfaction",
    "cohort_triangle",
    "customer_satisfaction",
    "market_and_share_effect",
    "monthly_revenue",
    "net_promoter_score",
    "review_products",
    "satisfaction_by_month",
    "split_revenue_change",
]
