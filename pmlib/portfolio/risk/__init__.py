"""How uncertain a plan is: estimates as distributions, common factors, the risk register, simulation, tornado."""
