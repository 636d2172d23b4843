"""Where we stand in our markets: shares, concentration, the growth-share map, diffusion, life cycle and sunset."""
