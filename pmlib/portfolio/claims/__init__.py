"""What projects promise of products, what was measured of it, and what is believed of their benefit since."""
