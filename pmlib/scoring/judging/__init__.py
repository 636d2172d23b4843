"""How far those who judge can be trusted, and what is counted twice."""
